/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * guest.h - the parts of ward-fuzz-guest: one hostile guest after the other.
 *
 * Most attempts have HLTs between their instructions, and no branch that leads
 * back to them: so each gets its turn, and mistakes do not pile up. The others are
 * instructions in a row, and may loop.
 */
#ifndef WARD_FUZZ_GUEST_H
#define WARD_FUZZ_GUEST_H

#include "machine.h"

#define AT_WILD		0x100000ull	/* page tables and descriptors of an attempt */
#define WILD_BYTES	0x8000ull
#define CODE_BYTES	512u
#define MORE_AT		(2 * HUGE)	/* a second region, unmapped now and then */
#define MORE_BYTES	HUGE

/* What can happen to one guest. */
struct attempt {
	enum mode mode;
	int ring;
	bool interrupts;
	bool may_loop;
	struct registers regs;
	unsigned char code[CODE_BYTES];
	unsigned int code_bytes;
	uint64_t event;			/* to inject, 0: none */
};

/* Instructions for @attempt, see above. */
void make_code(struct rng *r, struct attempt *attempt);
/* The same, for a local APIC and 32- or 64-bit code in ring 0. */
void make_apic_code(struct rng *r, struct attempt *attempt);
/* Operands for them, in the general registers. */
void make_operands(struct rng *r, struct attempt *attempt);

/* One or two of the registers next to a boundary. */
void spoil_state(struct rng *r, struct attempt *attempt);
/* Virtual-8086 mode. */
void make_v86(struct attempt *attempt);
/* Page tables in @ram that lead in circles, to devices and into nothing. */
void spoil_paging(struct rng *r, struct attempt *attempt, char *ram);
/* Descriptor tables in @ram made of anything. */
void spoil_tables(struct rng *r, struct attempt *attempt, char *ram);

#endif
