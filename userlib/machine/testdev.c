// SPDX-License-Identifier: GPL-2.0-only
/*
 * testdev.c - devices that bare-metal test images expect.
 *
 * Nothing here is for production: the guest may end the run and move any
 * interrupt pin.
 */
#include <string.h>

#include "testdev.h"

static __u64 zero_read(void *device, __u64 offset, __u32 bytes)
{
	(void)device;
	(void)offset;
	(void)bytes;
	return 0;
}

static void exit_write(void *device, __u64 offset, __u32 bytes, __u64 value)
{
	struct testdev *testdev = device;

	(void)offset;
	(void)bytes;
	testdev->host.finish(testdev->host.context,
			     (int)((value << 1 | 1) & 255));
}

/* The bus never lets an access end behind the four bytes. */
static __u64 load(const __u8 *from, __u32 bytes)
{
	__u64 value = 0;

	memcpy(&value, from, bytes);
	return value;
}

static __u64 latch_read(void *device, __u64 offset, __u32 bytes)
{
	return load(((struct testdev *)device)->latch + offset, bytes);
}

static void latch_write(void *device, __u64 offset, __u32 bytes, __u64 value)
{
	memcpy(((struct testdev *)device)->latch + offset, &value, bytes);
}

static __u64 byte_latch_read(void *device, __u64 offset, __u32 bytes)
{
	return load(((struct testdev *)device)->byte_latch + offset, bytes);
}

static void byte_latch_write(void *device, __u64 offset, __u32 bytes,
			     __u64 value)
{
	memcpy(((struct testdev *)device)->byte_latch + offset, &value, bytes);
}

static void refault_write(void *device, __u64 offset, __u32 bytes, __u64 value)
{
	struct testdev *testdev = device;

	(void)offset;
	(void)bytes;
	testdev->host.refault(testdev->host.context, value & ~0xfffull);
}

static void interrupt_write(void *device, __u64 offset, __u32 bytes,
			    __u64 value)
{
	struct testdev *testdev = device;

	(void)bytes;
	testdev->host.interrupt(testdev->host.context, (unsigned int)offset,
				!!value);
}

static __u64 memory_read(void *device, __u64 offset, __u32 bytes)
{
	return load(((struct testdev *)device)->memory + offset, bytes);
}

static void memory_write(void *device, __u64 offset, __u32 bytes, __u64 value)
{
	memcpy(((struct testdev *)device)->memory + offset, &value, bytes);
}

void testdev_init(struct testdev *testdev, const struct testdev_host *host)
{
	memset(testdev, 0, sizeof(*testdev));
	testdev->host = *host;
}

void testdev_add(struct testdev *testdev, struct bus *bus)
{
	static const struct bus_ops finish = { zero_read, exit_write };
	static const struct bus_ops latch = { latch_read, latch_write };
	static const struct bus_ops byte_latch = { byte_latch_read, byte_latch_write };
	static const struct bus_ops refault = { zero_read, refault_write };
	static const struct bus_ops interrupt = { zero_read, interrupt_write };
	static const struct bus_ops memory = { memory_read, memory_write };
	struct bus_table *ports = &bus->ports;

	bus_add(ports, 0xf4, 4, BUS_ANY, &finish, testdev);
	bus_add(ports, 0xe0, 4, BUS_ANY, &latch, testdev);
	bus_add(ports, 0xe4, 4, BUS_DWORD, &refault, testdev);
	bus_add(ports, 0xe8, 4, BUS_BYTE, &byte_latch, testdev);
	/* A port per pin: a wide write sets its own pin only. */
	bus_add(ports, 0x2000, 24, BUS_ANY, &interrupt, testdev);
	bus_add(&bus->memory, TESTDEV_GPA, TESTDEV_BYTES, BUS_ANY, &memory,
		testdev);
}
