// SPDX-License-Identifier: GPL-2.0-only
/*
 * ram.c - where RAM is in the machine.
 */
#include <string.h>

#include "ram.h"

struct ram ram_layout(__u64 bytes)
{
	struct ram ram = { .low_end = bytes, .above_end = RAM_ABOVE_HOLE };

	if (bytes > RAM_HOLE) {
		ram.low_end = RAM_HOLE;
		ram.above_end += bytes - RAM_HOLE;
	}
	return ram;
}

unsigned int ram_map(const struct ram *ram, struct ram_range map[RAM_RANGES])
{
	unsigned int count = 0;

	map[count++] = (struct ram_range){ 0, RAM_LOW_END, RAM_USABLE };
	map[count++] = (struct ram_range){
		RAM_FIRMWARE, RAM_HIGH - RAM_FIRMWARE, RAM_RESERVED };
	map[count++] = (struct ram_range){
		RAM_HIGH, ram->low_end - RAM_HIGH, RAM_USABLE };
	if (ram->above_end > RAM_ABOVE_HOLE)
		map[count++] = (struct ram_range){
			RAM_ABOVE_HOLE, ram->above_end - RAM_ABOVE_HOLE,
			RAM_USABLE };
	return count;
}

static int add_sockets(struct ward_vm *vm)
{
	const __u64 bytes = RAM_FIRMWARE - RAM_SOCKETS;
	int error = ward_add_ram(vm, RAM_SOCKETS, bytes,
				 WARD_PROT_READ | WARD_PROT_EXEC);

	if (!error)
		memset(ward_ram(vm, RAM_SOCKETS, bytes), 0xff, bytes);
	return error;
}

int ram_add(const struct ram *ram, struct ward_vm *vm)
{
	int error;

	error = ward_add_ram(vm, 0, RAM_LOW_END, WARD_PROT_ALL);
	if (!error)
		error = add_sockets(vm);
	if (!error)
		error = ward_add_ram(vm, RAM_FIRMWARE,
				     ram->low_end - RAM_FIRMWARE, WARD_PROT_ALL);
	if (!error && ram->above_end > RAM_ABOVE_HOLE)
		error = ward_add_ram(vm, RAM_ABOVE_HOLE,
				     ram->above_end - RAM_ABOVE_HOLE,
				     WARD_PROT_ALL);
	return error;
}
