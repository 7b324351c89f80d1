/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * walk.h - the guest's own page tables, walked in user space.
 *
 * Pure: all memory is reached through a callback, so the walk can be tested
 * without a VM.
 */
#ifndef WARD_LIB_WALK_H
#define WARD_LIB_WALK_H

#include "libward.h"

/* Page-fault error code ("Interrupt 14 - Page-Fault Exception") */
#define WALK_PRESENT	(1u << 0)
#define WALK_WRITE	(1u << 1)
#define WALK_USER	(1u << 2)
#define WALK_RESERVED	(1u << 3)
#define WALK_FETCH	(1u << 4)

/**
 * struct walk_mode - the registers that decide how addresses are translated
 */
struct walk_mode {
	__u64 cr0, cr3, cr4, efer, rflags;
	__u8 cpl;
};

/**
 * struct walk_memory - guest-physical memory
 * @ram: address of a range of RAM, or NULL; with @write only where the guest
 *       may write
 * @context: its first argument
 */
struct walk_memory {
	void *(*ram)(void *context, __u64 gpa, __u64 bytes, int write);
	void *context;
};

/**
 * ward_walk_mode() - the mode at an exit
 */
struct walk_mode ward_walk_mode(const struct ward_run *run);

/**
 * ward_walk() - translate one address
 * @mode: how
 * @memory: where the tables are
 * @gva: linear address
 * @access: WARD_PROT_* wanted; 0: only presence matters, from any ring
 * @mark: set accessed and dirty bits as the CPU would
 * @gpa: out
 * @error_code: out on -EFAULT
 *
 * Return: 0; -EFAULT page fault; -ENXIO a table is not in RAM.
 */
int ward_walk(const struct walk_mode *mode, const struct walk_memory *memory,
	 __u64 gva, __u32 access, int mark, __u64 *gpa, __u32 *error_code);

#endif
