/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lab's wire: frames that the agent writes to I/O port 0xE9, where the
 * emulator copies every byte to its standard output.
 *
 * A frame is
 *
 *	f5 57 4c  type  length(u32, little endian)  payload  sum(u8)
 *
 * where sum is the sum of the type, the four length bytes and the payload.
 * lablib/wire.py is the other end and lists the same types.
 *
 * Frames may be sent from any thread; one lock keeps each of them whole.
 */
#ifndef LAB_WIRE_H
#define LAB_WIRE_H

#include <stddef.h>
#include <stdint.h>

enum wire_type {
	WIRE_BOOT	= 'B',	/* the boot sector runs: seen twice, the host was reset */
	WIRE_HELLO	= 'H',	/* the agent runs; payload: kernel release */
	WIRE_TICK	= 'T',	/* one CPU is alive; payload: its number, u8 */
	WIRE_LISTENING	= 'L',	/* the second serial port is read from now on */
	WIRE_STDOUT	= 'O',
	WIRE_STDERR	= 'E',
	WIRE_KMSG	= 'K',	/* one record of /dev/kmsg as the kernel wrote it */
	WIRE_NOTE	= 'N',	/* the agent's words to the person at the terminal */
	WIRE_FAIL	= 'Q',	/* the lab cannot go on; payload: why */
	WIRE_FILE	= 'F',	/* a file to hand back begins; payload: index u32, mode u32 */
	WIRE_DATA	= 'D',	/* its bytes */
	WIRE_FILE_END	= 'Z',	/* payload: index u32, errno u32 */
	WIRE_COVERAGE	= 'C',	/* a file of line counts; payload: path, NUL, its bytes */
	WIRE_EXIT	= 'X',	/* COMMAND ended; payload: exit status, u32 */
	WIRE_END	= '.',	/* nothing follows: the emulator may be ended */
};

/* How much of a stream one frame carries at most. */
#define WIRE_CHUNK 65536

/* Claims the port. Returns 0 or -errno. */
int wire_open(void);

/*
 * Gives the port up, in a child that is to become COMMAND: a process with port
 * rights costs the kernel more at every switch, which a benchmark would see.
 */
void wire_close(void);

void wire_send(enum wire_type type, const void *payload, size_t length);
void wire_printf(enum wire_type type, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
