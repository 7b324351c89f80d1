// SPDX-License-Identifier: GPL-2.0-only
/*
 * uart_test.c - the serial port, driven as Linux's 8250 driver does.
 */
#include <string.h>

#include "tap.h"
#include "uart.h"

static struct uart uart;
static struct bus bus;
static char sent[64];
static unsigned int sent_count, edges, ready_count;
static int line;

static void transmit(void *context, __u8 byte)
{
	(void)context;
	if (sent_count < sizeof(sent))
		sent[sent_count++] = (char)byte;
}

static void interrupt(void *context, int level)
{
	(void)context;
	edges += level && !line;
	line = level;
}

static void ready(void *context)
{
	(void)context;
	ready_count++;
}

static void reset(void)
{
	static const struct uart_host host = { transmit, interrupt, ready, NULL };

	memset(&bus, 0, sizeof(bus));
	uart_init(&uart, &host);
	uart_add(&uart, &bus, 0x3f8);
	sent_count = edges = ready_count = 0;
	line = 0;
}

static void out(unsigned int reg, __u8 value)
{
	bus_write(&bus.ports, 0x3f8 + reg, 1, value);
}

static __u8 in(unsigned int reg)
{
	return (__u8)bus_read(&bus.ports, 0x3f8 + reg, 1);
}

enum { THR, IER, FCR, LCR, MCR, LSR, MSR, SCR };

static void probing(void)
{
	reset();
	out(IER, 0);
	is(in(IER), 0, "IER can be cleared");
	out(IER, 0xff);
	is(in(IER), 0x0f, "IER keeps its low four bits");
	out(IER, 0);
	out(MCR, 0x1a);
	is(in(MSR) & 0xf0, 0x90, "loopback shows RTS and OUT2 as CTS and DCD");
	out(MCR, 0);
	is(in(MSR) & 0xf0, 0xb0, "without loopback the far end is ready");
	is(in(MSR) & 0x0f, 0, "reading MSR clears its deltas");
	out(FCR, 1);
	is(in(FCR) >> 6, 3, "IIR tells of FIFOs");
	out(FCR, 0xc0);
	in(LSR);
	uart_receive(&uart, (const __u8 *)"x", 1);
	out(IER, 1);
	is(in(FCR), 4, "without FIFOs there is no trigger level");
	in(THR);
	out(IER, 0);
	out(FCR, 0x21);
	is(in(FCR) & 0xe0, 0xc0, "no 64-byte FIFO");
	out(LCR, 0x80);
	out(THR, 0x34);
	out(IER, 0x12);
	is(in(THR), 0x34, "divisor, low byte");
	is(in(IER), 0x12, "divisor, high byte");
	out(LCR, 3);
	is(in(IER), 0, "the divisor is not IER");
	out(SCR, 0x5a);
	is(in(SCR), 0x5a, "scratch register");
	is(in(LSR), 0x60, "idle line status");
}

static void transmitting(void)
{
	reset();
	out(MCR, 0x0b);
	out(FCR, 1);
	out(IER, 2);
	is(edges, 1, "switching the THRE interrupt on raises it");
	is(in(FCR), 0xc2, "IIR says THRE");
	is(line, 0, "reading IIR ends THRE");
	is(in(FCR), 0xc1, "IIR says nothing pending");
	out(IER, 0);
	out(IER, 2);
	is(in(FCR), 0xc2, "switching it on again raises it again");
	out(THR, 'a');
	out(THR, 'b');
	is(edges, 3, "a burst of bytes is one more edge");
	out(IER, 0);
	is(line, 0, "switching IER off lowers the line");
	ok(sent_count == 2 && !memcmp(sent, "ab", 2), "both bytes were sent");
	out(MCR, 0x03);
	out(IER, 2);
	is(line, 0, "without OUT2 there is no interrupt");
}

static void receiving(void)
{
	static const __u8 bytes[16] = "0123456789abcdef";
	unsigned int i, wrong = 0;

	reset();
	is(uart_room(&uart), 0, "no input before the guest looks");
	in(LSR);
	is(uart_room(&uart), 1, "one byte for a guest that polls");
	out(MCR, 0x08);
	is(uart_room(&uart), 0, "no input while RTS is off");
	out(FCR, 0x81);
	out(MCR, 0x0b);
	is(uart_room(&uart), 16, "a FIFO of 16 bytes");
	is(ready_count, 2, "the far end was told each time that it may send");
	out(IER, 1);
	uart_receive(&uart, bytes, 1);
	is(line, 1, "one byte interrupts");
	is(in(FCR), 0xcc, "below the trigger it is a time-out");
	uart_receive(&uart, bytes + 1, 7);
	is(in(FCR), 0xc4, "at the trigger it is data");
	uart_receive(&uart, bytes + 8, 8);
	is(uart_room(&uart), 0, "full");
	for (i = 0; i < 16; i++) {
		wrong += !(in(LSR) & 1);
		wrong += in(THR) != bytes[i];
	}
	is(wrong, 0, "all bytes in order, with data ready");
	is(in(LSR) & 1, 0, "then no data");
	is(line, 0, "and no interrupt");
	is(ready_count, 3, "room was announced");
	uart_receive(&uart, bytes, 4);
	out(FCR, 0x83);
	is(in(LSR) & 1, 0, "clearing the FIFO loses input");
}

static void loopback(void)
{
	unsigned int i;

	reset();
	out(FCR, 1);
	out(MCR, 0x1b);
	out(THR, 'x');
	is(sent_count, 0, "nothing leaves in loopback");
	is(in(THR), 'x', "it comes back");
	for (i = 0; i < 17; i++)
		out(THR, (__u8)i);
	is(in(LSR) & 2, 2, "byte 17 is an overrun");
	is(in(LSR) & 2, 0, "which reading LSR clears");
	is(in(THR), 0, "the first byte is still there");
	is(uart_room(&uart), 0, "no input from outside in loopback");
	is(bus_read(&bus.ports, 0x3f8 + LCR, 4) & 0xff, 0,
	   "a wide access is cut into bytes");
}

int main(void)
{
	probing();
	transmitting();
	receiving();
	loopback();
	return finish();
}
