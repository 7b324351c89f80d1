/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * emulate.h - between the two halves of instruction emulation: emulate.c
 * knows instructions, access.c knows how a guest reaches memory.
 *
 * Pure: the VM is behind struct emulator_ops, so that tests can give a fake
 * one.
 */
#ifndef WARD_LIB_EMULATE_H
#define WARD_LIB_EMULATE_H

#include "libward.h"

/* A step's result besides 0 and -errno: the guest takes emulator.fault. */
#define EMULATE_FAULT	1

/**
 * struct emulator_ops - the VM, as far as an instruction sees it
 * @ram: as in struct walk_memory
 * @segment: a segment register; only asked for outside 64-bit mode
 * @raise: make the guest take an exception: WARD_EVENT_* without VALID, and
 *         CR2 for page faults
 * @devices: everything that is not RAM
 * @device_context: their first argument
 */
struct emulator_ops {
	void *(*ram)(void *context, __u64 gpa, __u64 bytes, int write);
	int (*segment)(void *context, __u32 which, struct ward_segment *segment);
	int (*raise)(void *context, __u64 event, __u64 cr2);
	const struct ward_devices *devices;
	void *device_context;
};

/**
 * struct emulator - one instruction under way
 * @run: the exit; written only when all is done
 * @ops: the VM
 * @context: first argument of ram, segment and raise
 * @regs: working copy of the registers
 * @fault: WARD_EVENT_* of the guest's exception, with @cr2
 */
struct emulator {
	struct ward_run *run;
	const struct emulator_ops *ops;
	void *context;
	__u64 regs[WARD_GPR_COUNT];
	__u64 fault;
	__u64 cr2;
};

/**
 * struct span - guest memory that an operand occupies, ready to be accessed
 *
 * At most two pages; a part with @host NULL is device memory.
 */
struct span {
	unsigned int parts;
	struct span_part {
		__u64 gpa;
		void *host;
		__u32 bytes;
	} part[2];
};

/**
 * ward_span_resolve() - all checks that the CPU makes before it touches an operand
 * @e: the instruction
 * @which: enum ward_seg, ES to GS
 * @offset: effective address, already cut to the address size
 * @bytes: 1 to 8
 * @access: WARD_PROT_READ, WRITE or both
 * @span: out
 *
 * Return: 0; EMULATE_FAULT; -ENOTSUP a page table in device memory.
 */
int ward_span_resolve(struct emulator *e, __u32 which, __u64 offset, __u32 bytes,
		 __u32 access, struct span *span);

/**
 * ward_span_read() - read a resolved operand, zero-extended
 */
__u64 ward_span_read(const struct emulator *e, const struct span *span);

/**
 * ward_span_write() - write a resolved operand
 */
void ward_span_write(const struct emulator *e, const struct span *span,
		__u64 value);

/**
 * ward_code_fetch() - read instruction bytes at CS:RIP
 *
 * Return: how many of the 16 could be read; 0 if none.
 */
__u32 ward_code_fetch(const struct emulator *e, __u8 code[16]);

/**
 * ward_emulate_exit() - one instruction, or a slice of a repeated one
 *
 * Return, @why, @why_bytes: as for ward_emulate().
 */
int ward_emulate_exit(struct ward_run *run, const struct emulator_ops *ops,
	    void *context, char *why, size_t why_bytes);

#endif
