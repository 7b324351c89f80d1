// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_state.c - state that is not as it should be: registers next to what
 * the entry checks allow, wild page tables, wild descriptor tables.
 */
#include <string.h>
#include "guest.h"

/* Values that single checks of the entry turn on. */
static void boundary(struct rng *r, struct attempt *a)
{
	static const uint64_t rights[] = {
		0x93, 0x9b, 0xc093, 0xc09b, 0xa09b, 0xe09b, 0x8b, 0x83, 0x82, 0x10093, 0x10000, 0, 0xf3,
		0xfb, 0x13, 0x97, 0x90, 0x89, 0xd093, 0x4093, 0x2093, 0x10082, 0x99, 0x9f, 0xb3,
	};
	static const uint64_t limits[] = { 0, 0x66, 0x67, 0xfff, 0xffff, 0x10000, 0xfffff, 0x100000, 0xffffffff };
	static const uint64_t cr0[] = { 0x10, 0x11, 0x80000011, 0xe0000011, 0x80000010, 0x60000010, 0x80050033 };
	uint32_t segment = (uint32_t)below(r, WARD_SEG_COUNT);
	struct registers *regs = &a->regs;

	switch (below(r, 14)) {
	case 0:
		add_reg(regs, REG_SEG(segment, WARD_SEG_RIGHTS), PICK(r, rights));
		break;
	case 1:
		add_reg(regs, REG_SEG(segment, WARD_SEG_LIMIT), PICK(r, limits));
		break;
	case 2:
		add_reg(regs, REG_SEG(segment, WARD_SEG_SELECTOR), below(r, 4) | below(r, 32) << 2);
		break;
	case 3:
		add_reg(regs, REG_SEG(segment, WARD_SEG_BASE), wild(r));
		break;
	case 4:
		add_reg(regs, REG_CR(0), PICK(r, cr0));
		break;
	case 5:
		add_reg(regs, REG_CR(4), 1ull << below(r, 24) | (one_in(r, 2) ? 0x620 : 0));
		break;
	case 6:
		add_reg(regs, REG_MSR(MSR_EFER), below(r, 2) | below(r, 16) << 8);
		break;
	case 7:
		add_reg(regs, REG_STATE(WARD_STATE_BLOCKING), below(r, 16));
		break;
	case 8:
		add_reg(regs, REG_STATE(WARD_STATE_PENDING_DEBUG), below(r, 16) | below(r, 4) << 12 |
			below(r, 2) << 14);
		break;
	case 9:
		add_reg(regs, REG_STATE(WARD_STATE_ACTIVITY), below(r, 4));
		break;
	case 10:
		add_reg(regs, REG_STATE(WARD_STATE_EVENT), WARD_EVENT_VALID | below(r, 8) << 8 |
			below(r, 34) | (one_in(r, 2) ? WARD_EVENT_ERROR_CODE | wild(r) << 32 : 0));
		break;
	case 11:
		add_reg(regs, REG_GPR(WARD_RFLAGS), 2 | (1ull << below(r, 22) & ~0x28ull) |
			(a->interrupts ? 0x200 : 0));
		break;
	case 12:
		add_reg(regs, REG_GPR(WARD_RIP), wild(r));
		break;
	default:
		add_reg(regs, REG_DR(one_in(r, 2) ? 7 : below(r, 4)), one_in(r, 2) ? AT_CODE : wild(r) & 0xffffffff);
	}
}

void spoil_state(struct rng *r, struct attempt *a)
{
	unsigned int changes = 1 + (unsigned int)below(r, 2);

	while (changes--)
		one_in(r, 4) ? random_register(r, &a->regs) : boundary(r, a);
	spare_emulator(&a->regs);
}

void make_v86(struct attempt *a)
{
	static const uint64_t bases[] = { AT_DATA, AT_CODE, AT_STACK & ~0xffffull, AT_DATA, AT_DATA, AT_DATA };
	unsigned int i;

	for (i = WARD_ES; i <= WARD_GS; i++) {
		add_reg(&a->regs, REG_SEG(i, WARD_SEG_SELECTOR), bases[i] >> 4);
		add_reg(&a->regs, REG_SEG(i, WARD_SEG_BASE), bases[i]);
		add_reg(&a->regs, REG_SEG(i, WARD_SEG_LIMIT), 0xffff);
		add_reg(&a->regs, REG_SEG(i, WARD_SEG_RIGHTS), 0xf3);
	}
	add_reg(&a->regs, REG_GPR(WARD_RFLAGS), 0x20002 | (a->interrupts ? 0x200 : 0));
	add_reg(&a->regs, REG_GPR(WARD_RIP), 0);
	add_reg(&a->regs, REG_GPR(WARD_RSP), AT_STACK & 0xffff);
}

static uint64_t wild_entry(struct rng *r)
{
	static const uint64_t targets[] = {
		AT_WILD, AT_WILD + PAGE, AT_WILD + 2 * PAGE, AT_PD, AT_PDPT, AT_PML4, AT_CODE, AT_DATA,
		MORE_AT, RAM_BYTES, 8 * HUGE, 0xfee00000, 1ull << 39, 0, AT_HANDLERS,
	};
	uint64_t entry = PICK(r, targets) | (below(r, 256) | 1);

	if (one_in(r, 6))
		entry ^= 1ull << (12 + below(r, 52));
	if (one_in(r, 12))
		entry &= ~1ull;
	if (one_in(r, 12))
		entry = wild(r);
	return entry;
}

void spoil_paging(struct rng *r, struct attempt *a, char *ram)
{
	uint64_t *tables = (uint64_t *)(ram + AT_WILD), *cr3 = find_reg(&a->regs, REG_CR(3));
	unsigned int i, page;

	for (page = 0; page < 4; page++) {
		/* Sparse, but where small addresses lead. */
		for (i = 0; i < 512; i++)
			tables[page * 512 + i] = i < 4 || one_in(r, 8) ? wild_entry(r) : 0;
		if (one_in(r, 2))
			tables[page * 512] = (AT_WILD + (page + 1) * PAGE) | 0x67;
	}
	/* So that the code itself is there, half of the time. */
	if (one_in(r, 2))
		tables[page * 512 - 512] = 0xe7;
	if (cr3 && !one_in(r, 4))
		*cr3 = AT_WILD + (one_in(r, 8) ? below(r, PAGE) : 0);
	else if (cr3)
		*cr3 = wild(r) & 0xfffffffff;
}

void spoil_tables(struct rng *r, struct attempt *a, char *ram)
{
	static const unsigned char types[] = {
		0x8e, 0x8f, 0xee, 0xef, 0x85, 0x86, 0x8c, 0xec, 0x93, 0x9b, 0xfb, 0x9f, 0x82, 0x8b, 0x89, 0,
	};
	static const uint64_t targets[] = {
		AT_HANDLERS, AT_DATA, AT_CODE + 0x800, RAM_BYTES, MORE_AT, 8 * HUGE, 0xfee00000,
	};
	uint64_t *entries = (uint64_t *)(ram + AT_WILD + 4 * PAGE);
	unsigned int i;

	for (i = 0; i < 1024; i++) {
		uint64_t target = PICK(r, targets);

		entries[i] = (target & 0xffff) | below(r, 16) << 19 | (uint64_t)PICK(r, types) << 40 |
			     target >> 16 << 48;
		if (one_in(r, 8))
			entries[i] = rnd(r);
	}
	if (a->mode == MODE_REAL)
		/* Those would be pointers to anywhere. */
		memset(entries, HLT, 8 * 1024);
	i = (unsigned int)below(r, 3);
	if (i != 0)
		add_reg(&a->regs, REG_TABLE(2), AT_WILD + 4 * PAGE);
	if (i != 1)
		add_reg(&a->regs, REG_TABLE(0), AT_WILD + 4 * PAGE);
	if (one_in(r, 4))
		add_reg(&a->regs, REG_TABLE(1 + 2 * below(r, 2)), below(r, 0x10000));
}
