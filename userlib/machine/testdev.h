/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * testdev.h - devices that bare-metal test images expect (--testdev):
 *
 *   0xf4            a write of v ends the run with status (v << 1 | 1) & 255
 *   0xe0 - 0xe3     a latch
 *   0xe4            a 32-bit write of an address: its page faults anew
 *   0xe8 - 0xeb     a latch for byte accesses
 *   0x2000 - 0x2017 a write sets the level of that interrupt pin
 *   0xff000000      64 KiB of memory inside a device
 */
#ifndef WARD_MACHINE_TESTDEV_H
#define WARD_MACHINE_TESTDEV_H

#include "bus.h"

#define TESTDEV_GPA	0xff000000ull
#define TESTDEV_BYTES	0x10000

/**
 * struct testdev_host - what the machine does for it
 * @finish: end with this exit status
 * @interrupt: set the level of a pin
 * @refault: make a page of RAM fault again, without losing its content
 */
struct testdev_host {
	void (*finish)(void *context, int status);
	void (*interrupt)(void *context, unsigned int pin, int level);
	void (*refault)(void *context, __u64 gpa);
	void *context;
};

struct testdev {
	struct testdev_host host;
	__u8 latch[4];
	__u8 byte_latch[4];
	__u8 memory[TESTDEV_BYTES];
};

/**
 * testdev_init() - everything zero
 */
void testdev_init(struct testdev *testdev, const struct testdev_host *host);

/**
 * testdev_add() - claim all its ports and its memory
 */
void testdev_add(struct testdev *testdev, struct bus *bus);

#endif
