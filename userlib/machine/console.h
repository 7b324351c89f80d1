/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * console.h - the far end of the serial port: the terminal, a file or a
 * pseudo-terminal. It outlives a reset of the machine.
 */
#ifndef WARD_MACHINE_CONSOLE_H
#define WARD_MACHINE_CONSOLE_H

#include <linux/types.h>

struct console {
	int in;		/* -1: there is no input (any more) */
	int out;
	int is_stdio;
	int is_terminal;	/* in raw mode: Ctrl-A commands work */
	int is_pty;
	int escape;		/* Ctrl-A was typed */
	volatile int closing;	/* do not wait for a reader any longer */
};

/**
 * console_open() - what --serial says
 * @console: out
 * @spec: "stdio", "file:PATH" or "pty"
 *
 * Says on stderr what is wrong, or which pseudo-terminal to connect to. A
 * terminal is put into raw mode, and back at exit or by a deadly signal.
 *
 * Return: 0; -EINVAL @spec is none of these; another -errno.
 */
int console_open(struct console *console, const char *spec);

/**
 * console_write() - output of the guest
 *
 * Waits for a slow reader, except of a pty: what no one reads there is lost.
 */
void console_write(struct console *console, __u8 byte);

/**
 * console_read() - input for the guest
 * @buffer: at most @bytes are put there
 * @quit: out: set to 1 when the user typed Ctrl-A x
 *
 * Return: how many bytes; 0 also at the end of input, which is no reason to
 * stop: console->in becomes -1 then.
 */
unsigned int console_read(struct console *console, __u8 *buffer,
			  unsigned int bytes, int *quit);

/**
 * console_close() - restore the terminal, close what was opened
 */
void console_close(struct console *console);

#endif
