/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ram.h - where RAM is in the machine.
 *
 *	0          - 0xa0000     RAM
 *	0xa0000    - 0xc0000     nothing
 *	0xc0000    - 0xe0000     empty sockets for ROMs: all ones, read-only
 *	0xe0000    - 0x100000    RAM with the ACPI tables, reserved
 *	0x100000   - 3 GiB       RAM, as much as there is
 *	3 GiB      - 4 GiB       devices
 *	4 GiB      -             the rest of RAM
 */
#ifndef WARD_MACHINE_RAM_H
#define WARD_MACHINE_RAM_H

#include "libward.h"

#define RAM_MIB			(1024 * 1024ull)
#define RAM_LOW_END		0xa0000ull
#define RAM_SOCKETS		0xc0000ull
#define RAM_FIRMWARE		0xe0000ull
#define RAM_HIGH		0x100000ull
#define RAM_HOLE		(3072 * RAM_MIB)
#define RAM_ABOVE_HOLE		(4096 * RAM_MIB)
#define RAM_MIN_MIB		16
#define RAM_MAX_MIB		(1024 * 1024)

/**
 * struct ram - the size of the machine's memory
 * @low_end: end of the RAM that begins at RAM_HIGH, at most RAM_HOLE
 * @above_end: end of the RAM above 4 GiB; RAM_ABOVE_HOLE if there is none
 */
struct ram {
	__u64 low_end;
	__u64 above_end;
};

/* Types of struct ram_range, as BIOS call INT 15h E820h has them */
#define RAM_USABLE	1
#define RAM_RESERVED	2
#define RAM_RANGES	4

/**
 * struct ram_range - one line of the memory map for the guest
 */
struct ram_range {
	__u64 gpa;
	__u64 bytes;
	__u32 type;
};

/**
 * ram_layout() - how @bytes of memory lie in the address space
 */
struct ram ram_layout(__u64 bytes);

/**
 * ram_map() - the memory map as a guest is told
 *
 * Return: how many of the RAM_RANGES are filled in.
 */
unsigned int ram_map(const struct ram *ram, struct ram_range map[RAM_RANGES]);

/**
 * ram_add() - give all of it to the VM
 *
 * The ROM sockets are memory only because systems search them byte by byte,
 * and each look would be an exit.
 *
 * Return: as ward_add_ram().
 */
int ram_add(const struct ram *ram, struct ward_vm *vm);

#endif
