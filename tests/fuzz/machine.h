/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * machine.h - what guest memory looks like, and registers for each mode that a
 * processor can be in.
 *
 * Memory is full of HLT, one byte long, which leaves the guest in every mode; every
 * handler begins with one; and tables and handlers are in a ROM. So most guests
 * come to an end soon wherever they jump to.
 */
#ifndef WARD_FUZZ_MACHINE_H
#define WARD_FUZZ_MACHINE_H

#include "fuzz.h"

#define HLT		0xf4

/* Guest-physical; the first 64 KiB are the ROM. */
#define AT_IVT		0x0000ull	/* of real mode */
#define AT_HANDLERS	0x1000ull	/* a page of HLT; 16 bytes per vector */
#define AT_PML4		0x2000ull
#define AT_PDPT		0x3000ull
#define AT_PD		0x4000ull	/* the first GiB, one to one, 2 MiB pages */
#define AT_PAE		0x5000ull	/* page-directory pointers */
#define AT_PD32		0x6000ull	/* 4 GiB, one to one, 4 MiB pages */
#define AT_GDT		0x7000ull
#define AT_IDT32	0x8000ull
#define AT_IDT64	0x9000ull
#define AT_TSS		0xa000ull
#define AT_TSS64	0xb000ull
#define AT_PD3		0xc000ull	/* the fourth GiB, with the local APIC's page */
#define ROM_BYTES	0x10000ull

#define AT_CODE		0x10000ull	/* RAM begins */
#define AT_STACK	0x1f000ull	/* its top; below are addresses of HLTs */
#define AT_DATA		0x20000ull
#define RAM_BYTES	0x200000ull	/* with the ROM */

/* Selectors of the GDT; code and data of ring 3 follow those of ring 0. */
#define CODE32		0x08
#define DATA32		0x10
#define CODE64		0x18
#define CODE16		0x20
#define DATA16		0x28
#define USER_CODE32	0x33
#define USER_DATA32	0x3b
#define USER_CODE64	0x43
#define TSS		0x48		/* 16 bytes */
#define CALL_GATE	0x58		/* to a HLT of ring 0; 16 bytes */
#define TASK_GATE	0x68
#define LDT		0x70		/* 16 bytes */
#define GDT_BYTES	0x80

#define REG_GPR(which)		WARD_REG(WARD_REG_CLASS_GPR, which)
#define REG_CR(number)		WARD_REG(WARD_REG_CLASS_CR, number)
#define REG_DR(number)		WARD_REG(WARD_REG_CLASS_DR, number)
#define REG_MSR(number)		WARD_REG(WARD_REG_CLASS_MSR, number)
#define REG_STATE(which)	WARD_REG(WARD_REG_CLASS_STATE, which)
#define REG_TABLE(which)	WARD_REG(WARD_REG_CLASS_TABLE, which)
#define REG_XCR0		WARD_REG(WARD_REG_CLASS_XCR, 0)
#define REG_SEG(which, part)	WARD_REG(WARD_REG_CLASS_SEG, (which) * 4 + (part))
#define MSR_EFER		0xc0000080

enum mode {
	MODE_REAL, MODE_PROTECTED16, MODE_PROTECTED32, MODE_PAGED32, MODE_PAE,
	MODE_COMPATIBILITY, MODE_LONG, MODE_COUNT
};

struct registers {
	struct ward_reg reg[WARD_MAX_REGS];
	unsigned int count;
};

/* Adds a register; the last value of several for one id counts. */
void add_reg(struct registers *regs, uint64_t id, uint64_t value);
/* The value that was added for @id, NULL: none. */
uint64_t *find_reg(struct registers *regs, uint64_t id);

/* Fills @ram, RAM_BYTES long: tables, handlers, HLT. */
void machine_fill(void *ram);
/* Only what guests usually write: code, stack, the beginning of the data. */
void machine_fill_used(void *ram);
/* A consistent state in @mode and @ring (0 or 3), about to run AT_CODE. */
void machine_registers(struct registers *regs, enum mode mode, int ring, bool interrupts);
/* Width of code in @mode. */
int mode_bits(enum mode mode);
const char *mode_name(enum mode mode);

/* An MSR's number, mostly of one that the module knows. */
uint32_t random_msr(struct rng *r);
/* Changes one of @regs, or adds one, to a value next to a boundary. */
void random_register(struct rng *r, struct registers *regs);
/* A few of these, mostly on top of a consistent state. */
void random_registers(struct rng *r, struct registers *regs);

/*
 * Takes out of @regs what the lab cannot stand, without regard to what a call
 * before may have set. Bochs 3.0 does not refuse an entry with EFER.LMA set and
 * CR0.PG clear, and ends itself in it ("EFER.LMA is set when CR0.PE=0"). And a
 * real-mode guest whose vectors are zeros would execute the ROM's first bytes
 * again and again.
 */
void spare_emulator(struct registers *regs);

int set_registers(int vcpu, const struct registers *regs, __u32 *failed);

#endif
