/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * start.h - the CPU modes in which images expect to begin.
 */
#ifndef WARD_LOADER_START_H
#define WARD_LOADER_START_H

#include "libward.h"

/* The global descriptor table that both modes use: 4 entries */
#define START_GDT_BYTES		32
#define START_CODE		0x10
#define START_DATA		0x18

/* Identity-mapping page tables for long mode: 4 GiB by 2 MiB pages */
#define START_TABLES_BYTES	(6 * 4096)

/**
 * start_long_mode() - 64-bit code, paging on, the first 4 GiB one to one
 * @vm: the VM
 * @vcpu: new, with the state after power-up
 * @gdt_gpa: START_GDT_BYTES of RAM to use
 * @tables_gpa: START_TABLES_BYTES of RAM, page-aligned
 * @entry: RIP
 * @rsi: what RSI holds; all other registers hold 0
 *
 * Return: 0, or -errno.
 */
int start_long_mode(struct ward_vm *vm, struct ward_vcpu *vcpu,
		    __u64 gdt_gpa, __u64 tables_gpa, __u64 entry, __u64 rsi);

/**
 * start_protected_mode() - 32-bit code, flat segments, paging off
 */
int start_protected_mode(struct ward_vm *vm, struct ward_vcpu *vcpu,
			 __u64 gdt_gpa, __u32 entry, __u32 eax, __u32 ebx);

#endif
