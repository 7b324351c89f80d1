/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bus.h - who answers at a port or a guest-physical address.
 *
 * Two small tables, filled in while the machine is built and only read
 * afterwards. What nobody claims reads as all ones and swallows writes, as
 * on a PC. The caller holds the machine's lock.
 */
#ifndef WARD_MACHINE_BUS_H
#define WARD_MACHINE_BUS_H

#include <linux/types.h>

#define BUS_MAX_RANGES	32

/* Access sizes that a device takes (bus_range.widths) */
#define BUS_BYTE	1
#define BUS_WORD	2
#define BUS_DWORD	4
#define BUS_QWORD	8
#define BUS_ANY		(BUS_BYTE | BUS_WORD | BUS_DWORD | BUS_QWORD)

/**
 * struct bus_ops - a device as the bus sees it
 * @read: @offset from the range's base; @bytes is one of its widths
 * @write: bits of @value above @bytes are zero
 *
 * An access that begins in the range may end behind it only if @offset +
 * @bytes does not exceed the range: the bus cuts it up otherwise.
 */
struct bus_ops {
	__u64 (*read)(void *device, __u64 offset, __u32 bytes);
	void (*write)(void *device, __u64 offset, __u32 bytes, __u64 value);
};

struct bus_range {
	__u64 base;
	__u64 bytes;
	__u32 widths;
	const struct bus_ops *ops;
	void *device;
};

struct bus_table {
	unsigned int count;
	struct bus_range ranges[BUS_MAX_RANGES];
};

struct bus {
	struct bus_table ports;
	struct bus_table memory;
};

/**
 * bus_add() - claim a range
 * @table: bus.ports or bus.memory
 *
 * Earlier claims win where two overlap. There is room for every device of
 * the machine; more is a mistake of its builder and aborts.
 */
void bus_add(struct bus_table *table, __u64 base, __u64 bytes, __u32 widths,
	     const struct bus_ops *ops, void *device);

/**
 * bus_read() - one access of 1, 2, 4 or 8 bytes
 *
 * A width that the device does not take becomes two narrower accesses.
 */
__u64 bus_read(const struct bus_table *table, __u64 address, __u32 bytes);

/**
 * bus_write() - the same for writing
 */
void bus_write(const struct bus_table *table, __u64 address, __u32 bytes,
	       __u64 value);

#endif
