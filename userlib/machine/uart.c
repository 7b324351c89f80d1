// SPDX-License-Identifier: GPL-2.0-only
/*
 * uart.c - a 16550A serial port.
 *
 * Register names are those of the chip's data sheet. The interrupt line is
 * computed anew after every change of state, so that it moves only when the
 * sum of all sources does.
 *
 * Flow control: a guest that has just been started is not listening yet, and
 * bytes sent to it would be lost when its driver clears the FIFO. So the far
 * end behaves like one with hardware handshake: it sends while RTS is on. A
 * guest that has never touched the modem control register cannot know of
 * that; it gets input from its first look at the line status register on.
 */
#include <string.h>

#include "uart.h"

/* Offsets */
#define RBR_THR	0	/* divisor low with LCR_DLAB */
#define IER	1	/* divisor high with LCR_DLAB */
#define IIR_FCR	2
#define LCR	3
#define MCR	4
#define LSR	5
#define MSR	6
#define SCR	7

#define IER_RECEIVE	0x01
#define IER_THRE	0x02
#define IER_LINE	0x04
#define IER_MODEM	0x08

#define IIR_NONE	0x01
#define IIR_MODEM	0x00
#define IIR_THRE	0x02
#define IIR_RECEIVE	0x04
#define IIR_LINE	0x06
#define IIR_TIMEOUT	0x0c
#define IIR_FIFOS	0xc0

#define FCR_ENABLE	0x01
#define FCR_CLEAR_RX	0x02
#define FCR_CLEAR_TX	0x04

#define LCR_DLAB	0x80

#define MCR_RTS		0x02
#define MCR_OUT2	0x08	/* gates the interrupt line on a PC */
#define MCR_LOOP	0x10

#define LSR_DATA	0x01
#define LSR_OVERRUN	0x02
#define LSR_ERRORS	0x1e
#define LSR_THRE	0x20
#define LSR_TEMT	0x40

#define MSR_CTS		0x10
#define MSR_DSR		0x20
#define MSR_RI		0x40
#define MSR_DCD		0x80

static unsigned int capacity(const struct uart *uart)
{
	return uart->fcr & FCR_ENABLE ? UART_FIFO_BYTES : 1;
}

static unsigned int trigger(const struct uart *uart)
{
	static const unsigned int levels[] = { 1, 4, 8, 14 };

	return uart->fcr & FCR_ENABLE ? levels[uart->fcr >> 6] : 1;
}

/* The highest interrupt source that is on. */
static __u8 source(const struct uart *uart)
{
	if (uart->ier & IER_LINE && uart->lsr & LSR_ERRORS)
		return IIR_LINE;
	if (uart->ier & IER_RECEIVE && uart->count >= trigger(uart))
		return IIR_RECEIVE;
	/* The time of four characters without a read is over at once here. */
	if (uart->ier & IER_RECEIVE && uart->count)
		return IIR_TIMEOUT;
	if (uart->ier & IER_THRE && uart->thr_empty_pending)
		return IIR_THRE;
	if (uart->ier & IER_MODEM && uart->msr & 0x0f)
		return IIR_MODEM;
	return IIR_NONE;
}

static void update(struct uart *uart)
{
	int line = source(uart) != IIR_NONE && uart->mcr & MCR_OUT2 &&
		   !(uart->mcr & MCR_LOOP);

	if (uart->count)
		uart->lsr |= LSR_DATA;
	else
		uart->lsr &= ~LSR_DATA;
	if (line != uart->line) {
		uart->line = line;
		uart->host.interrupt(uart->host.context, line);
	}
	if (uart->blocked && uart_room(uart)) {
		uart->blocked = 0;
		uart->host.ready(uart->host.context);
	}
}

static void push(struct uart *uart, __u8 byte)
{
	if (uart->count == capacity(uart)) {
		uart->lsr |= LSR_OVERRUN;
		return;
	}
	uart->fifo[(uart->head + uart->count++) % UART_FIFO_BYTES] = byte;
}

static __u8 pop(struct uart *uart)
{
	__u8 byte = uart->fifo[uart->head];

	if (!uart->count)
		return 0;
	uart->head = (uart->head + 1) % UART_FIFO_BYTES;
	uart->count--;
	return byte;
}

/* Modem inputs: from the outputs in loopback, else a far end that is ready. */
static __u8 modem_inputs(const struct uart *uart)
{
	__u8 mcr = uart->mcr;

	if (!(mcr & MCR_LOOP))
		return MSR_CTS | MSR_DSR | MSR_DCD;
	return (mcr & 0x02 ? MSR_CTS : 0) | (mcr & 0x01 ? MSR_DSR : 0) |
	       (mcr & 0x04 ? MSR_RI : 0) | (mcr & 0x08 ? MSR_DCD : 0);
}

static void update_modem(struct uart *uart)
{
	__u8 now = modem_inputs(uart), before = uart->msr & 0xf0;
	__u8 changed = (now ^ before) >> 4;

	/* The ring indicator's delta is its trailing edge only. */
	if (now & MSR_RI)
		changed &= ~0x04;
	uart->msr = now | (uart->msr & 0x0f) | changed;
}

static void set_fcr(struct uart *uart, __u8 value)
{
	/* Switching the FIFOs on or off clears them. */
	if ((uart->fcr ^ value) & FCR_ENABLE || value & FCR_CLEAR_RX)
		uart->count = 0;
	uart->fcr = value & FCR_ENABLE ? value & 0xc9 : 0;
}

static __u64 uart_read(void *device, __u64 offset, __u32 bytes)
{
	struct uart *uart = device;
	__u8 value = 0;

	(void)bytes;
	if (offset <= IER && uart->lcr & LCR_DLAB)
		return offset ? uart->divisor >> 8 : uart->divisor & 0xff;

	switch (offset) {
	case RBR_THR:
		value = pop(uart);
		break;
	case IER:
		value = uart->ier;
		break;
	case IIR_FCR:
		value = source(uart);
		if (value == IIR_THRE)
			uart->thr_empty_pending = 0;
		if (uart->fcr & FCR_ENABLE)
			value |= IIR_FIFOS;
		break;
	case LCR:
		value = uart->lcr;
		break;
	case MCR:
		value = uart->mcr;
		break;
	case LSR:
		value = uart->lsr;
		uart->lsr &= ~LSR_ERRORS;
		uart->lsr_read = 1;
		break;
	case MSR:
		value = uart->msr;
		uart->msr &= 0xf0;
		break;
	case SCR:
		value = uart->scratch;
		break;
	}
	update(uart);
	return value;
}

static void uart_write(void *device, __u64 offset, __u32 bytes, __u64 data)
{
	struct uart *uart = device;
	__u8 value = (__u8)data;

	(void)bytes;
	if (offset <= IER && uart->lcr & LCR_DLAB) {
		if (offset)
			uart->divisor = (uart->divisor & 0x00ff) | value << 8;
		else
			uart->divisor = (uart->divisor & 0xff00) | value;
		return;
	}
	switch (offset) {
	case RBR_THR:
		if (uart->mcr & MCR_LOOP)
			push(uart, value);
		else
			uart->host.transmit(uart->host.context, value);
		/* Gone already, so the register is empty again. */
		uart->thr_empty_pending = 1;
		break;
	case IER:
		if (value & IER_THRE && !(uart->ier & IER_THRE))
			uart->thr_empty_pending = 1;
		uart->ier = value & 0x0f;
		break;
	case IIR_FCR:
		set_fcr(uart, value);
		break;
	case LCR:
		uart->lcr = value;
		break;
	case MCR:
		uart->mcr = value & 0x1f;
		uart->mcr_written = 1;
		update_modem(uart);
		break;
	case SCR:
		uart->scratch = value;
		break;
	default:	/* LSR and MSR are read-only */
		break;
	}
	update(uart);
}

void uart_init(struct uart *uart, const struct uart_host *host)
{
	memset(uart, 0, sizeof(*uart));
	uart->host = *host;
	uart->lsr = LSR_THRE | LSR_TEMT;
	uart->divisor = 12;	/* 9600 baud */
	uart->msr = modem_inputs(uart);
}

void uart_add(struct uart *uart, struct bus *bus, __u16 base)
{
	static const struct bus_ops ops = { uart_read, uart_write };

	bus_add(&bus->ports, base, UART_PORTS, BUS_BYTE, &ops, uart);
}

unsigned int uart_room(struct uart *uart)
{
	int ready = uart->mcr_written ? uart->mcr & MCR_RTS : uart->lsr_read;
	unsigned int room = capacity(uart) - uart->count;

	if (!ready || uart->mcr & MCR_LOOP)
		room = 0;
	uart->blocked = !room;
	return room;
}

void uart_receive(struct uart *uart, const __u8 *bytes, unsigned int count)
{
	while (count--)
		push(uart, *bytes++);
	update(uart);
}
