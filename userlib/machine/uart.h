/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * uart.h - a 16550A serial port.
 *
 * Everything of the chip that an operating system's driver probes or uses:
 * FIFOs, loopback, divisor latch, all interrupt sources in their order. Time
 * is not modelled: a byte written is sent at once, whatever the divisor.
 */
#ifndef WARD_MACHINE_UART_H
#define WARD_MACHINE_UART_H

#include "bus.h"

#define UART_PORTS	8
#define UART_FIFO_BYTES	16

/**
 * struct uart_host - what the port is connected to
 * @transmit: a byte was sent
 * @interrupt: the interrupt line changed to @level
 * @ready: the guest takes input again after uart_room() was 0
 */
struct uart_host {
	void (*transmit)(void *context, __u8 byte);
	void (*interrupt)(void *context, int level);
	void (*ready)(void *context);
	void *context;
};

struct uart {
	struct uart_host host;
	__u8 ier, fcr, lcr, mcr, lsr, msr, scratch;
	__u16 divisor;
	__u8 fifo[UART_FIFO_BYTES];
	unsigned int head, count;	/* of the receive FIFO */
	int thr_empty_pending;		/* the THRE interrupt source */
	int line;			/* level of the interrupt line */
	int blocked;			/* uart_room() said 0 */
	int mcr_written, lsr_read;
};

/**
 * uart_init() - the state after power-up
 */
void uart_init(struct uart *uart, const struct uart_host *host);

/**
 * uart_add() - claim UART_PORTS ports from @base
 */
void uart_add(struct uart *uart, struct bus *bus, __u16 base);

/**
 * uart_room() - how many bytes uart_receive() would take now
 *
 * 0 also while the guest holds up the sender: see uart.c.
 */
unsigned int uart_room(struct uart *uart);

/**
 * uart_receive() - bytes that arrive on the line; at most uart_room()
 */
void uart_receive(struct uart *uart, const __u8 *bytes, unsigned int count);

#endif
