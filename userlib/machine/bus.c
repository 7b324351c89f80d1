// SPDX-License-Identifier: GPL-2.0-only
/*
 * bus.c - lookup in the tables of ports and device memory.
 */
#include <stdlib.h>

#include "bus.h"

static __u64 ones(__u32 bytes)
{
	return bytes >= 8 ? ~0ull : (1ull << 8 * bytes) - 1;
}

void bus_add(struct bus_table *table, __u64 base, __u64 bytes, __u32 widths,
	     const struct bus_ops *ops, void *device)
{
	if (table->count == BUS_MAX_RANGES)
		abort();
	table->ranges[table->count++] = (struct bus_range){
		.base = base,
		.bytes = bytes,
		.widths = widths,
		.ops = ops,
		.device = device,
	};
}

static const struct bus_range *find(const struct bus_table *table,
				    __u64 address)
{
	unsigned int i;

	for (i = 0; i < table->count; i++)
		if (address - table->ranges[i].base < table->ranges[i].bytes)
			return &table->ranges[i];
	return NULL;
}

static int takes(const struct bus_range *range, __u64 address, __u32 bytes)
{
	return range->widths & bytes &&
	       bytes <= range->bytes - (address - range->base);
}

__u64 bus_read(const struct bus_table *table, __u64 address, __u32 bytes)
{
	const struct bus_range *range = find(table, address);
	__u32 half = bytes / 2;

	if (range && takes(range, address, bytes))
		return range->ops->read(range->device, address - range->base,
					bytes) & ones(bytes);
	if (!half)
		return ones(bytes);
	return bus_read(table, address, half) |
	       bus_read(table, address + half, half) << 8 * half;
}

void bus_write(const struct bus_table *table, __u64 address, __u32 bytes,
	       __u64 value)
{
	const struct bus_range *range = find(table, address);
	__u32 half = bytes / 2;

	value &= ones(bytes);
	if (range && takes(range, address, bytes)) {
		range->ops->write(range->device, address - range->base, bytes,
				  value);
	} else if (half) {
		bus_write(table, address, half, value & ones(half));
		bus_write(table, address + half, half, value >> 8 * half);
	}
}
