// SPDX-License-Identifier: GPL-2.0-only
/*
 * machine.c - tables, handlers and registers of a guest, see machine.h.
 *
 * All tables say "accessed" and "dirty" already: the processor has nothing to
 * write in the ROM.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include "machine.h"

#define TABLE_BITS	0x27ull		/* present, writable, user, accessed */
#define LEAF_BITS	0xe7ull		/* and dirty, large */

void add_reg(struct registers *regs, uint64_t id, uint64_t value)
{
	uint64_t *known = find_reg(regs, id);

	if (known)
		*known = value;
	else if (regs->count < WARD_MAX_REGS)
		regs->reg[regs->count++] = (struct ward_reg){ id, value };
}

uint64_t *find_reg(struct registers *regs, uint64_t id)
{
	unsigned int i;

	for (i = 0; i < regs->count; i++)
		if (regs->reg[i].id == id)
			return (uint64_t *)&regs->reg[i].value;
	return NULL;
}

static void put64(char *ram, uint64_t at, uint64_t value)
{
	memcpy(ram + at, &value, 8);
}

static void fill_paging(char *ram)
{
	unsigned int i;

	memset(ram + AT_PML4, 0, PAGE);
	memset(ram + AT_PDPT, 0, PAGE);
	put64(ram, AT_PML4, AT_PDPT | TABLE_BITS);
	put64(ram, AT_PDPT, AT_PD | TABLE_BITS);
	/* Of PAE's pointers only bit 0 may be set here. */
	memset(ram + AT_PAE, 0, PAGE);
	put64(ram, AT_PDPT + 3 * 8, AT_PD3 | TABLE_BITS);
	put64(ram, AT_PAE, AT_PD | 1);
	put64(ram, AT_PAE + 3 * 8, AT_PD3 | 1);
	for (i = 0; i < 512; i++) {
		put64(ram, AT_PD + i * 8, i * HUGE | LEAF_BITS);
		put64(ram, AT_PD3 + i * 8, ((3ull << 30) + i * HUGE) | LEAF_BITS);
	}
	for (i = 0; i < 1024; i++) {
		uint32_t entry = i << 22 | LEAF_BITS;

		memcpy(ram + AT_PD32 + i * 4, &entry, 4);
	}
}

static void fill_tables(char *ram)
{
	static const uint64_t gdt[GDT_BYTES / 8] = {
		[CODE32 / 8] = 0x00cf9b000000ffff,
		[DATA32 / 8] = 0x00cf93000000ffff,
		[CODE64 / 8] = 0x00af9b000000ffff,
		[CODE16 / 8] = 0x00009b000000ffff,
		[DATA16 / 8] = 0x000093000000ffff,
		[USER_CODE32 / 8] = 0x00cffb000000ffff,
		[USER_DATA32 / 8] = 0x00cff3000000ffff,
		[USER_CODE64 / 8] = 0x00affb000000ffff,
		[TSS / 8] = 0x00008b0000000067 | AT_TSS << 16,
		[CALL_GATE / 8] = 0x0000ec0000000000 | CODE32 << 16 | AT_HANDLERS,
		[TASK_GATE / 8] = 0x0000e50000000000 | TSS << 16,
		[LDT / 8] = 0x0000820000000fff | AT_GDT << 16,
	};
	uint64_t i, handler;

	memset(ram + AT_GDT, 0, PAGE);
	memcpy(ram + AT_GDT, gdt, sizeof(gdt));
	memset(ram + AT_TSS, 0, PAGE);
	for (i = 0; i < 256; i++) {
		uint32_t real = (uint32_t)(AT_HANDLERS >> 4 << 16 | i * 16);

		memcpy(ram + AT_IVT + i * 4, &real, 4);
		handler = AT_HANDLERS + i * 16;
		/* Interrupt gates and trap gates, open to ring 3 now and then. */
		put64(ram, AT_IDT32 + i * 8, (handler & 0xffff) | CODE32 << 16 |
		      (i & 1 ? 0x8e00ull : 0xef00ull) << 32);
		put64(ram, AT_IDT64 + i * 16, (handler & 0xffff) | CODE64 << 16 |
		      (i & 1 ? 0x8e00ull : 0xef00ull) << 32);
		put64(ram, AT_IDT64 + i * 16 + 8, 0);
	}
	/* Ring 0's stack: ESP and SS, and RSP. */
	put64(ram, AT_TSS + 4, (uint64_t)DATA32 << 32 | (AT_STACK - 0x800));
	memset(ram + AT_TSS64, 0, PAGE);
	put64(ram, AT_TSS64 + 4, AT_STACK - 0x800);
}

void machine_fill_used(void *ram)
{
	char *at = ram;
	uint64_t i;

	memset(at + ROM_BYTES, HLT, AT_DATA + 0x20000 - ROM_BYTES);
	/* What a wild RET or POP finds. */
	for (i = AT_STACK - 0x400; i < AT_STACK + 0x400; i += 8)
		put64(at, i, AT_HANDLERS);
}

void machine_fill(void *ram)
{
	memset(ram, HLT, RAM_BYTES);
	fill_paging(ram);
	fill_tables(ram);
	machine_fill_used(ram);
}

static void add_segment(struct registers *regs, unsigned int which, uint64_t selector,
			uint64_t base, uint64_t limit, uint64_t rights)
{
	add_reg(regs, REG_SEG(which, WARD_SEG_SELECTOR), selector);
	add_reg(regs, REG_SEG(which, WARD_SEG_BASE), base);
	add_reg(regs, REG_SEG(which, WARD_SEG_LIMIT), limit);
	add_reg(regs, REG_SEG(which, WARD_SEG_RIGHTS), rights);
}

static void add_segments(struct registers *regs, enum mode mode, int ring)
{
	bool user = ring == 3;
	uint64_t dpl = user ? 0x60 : 0;
	unsigned int i;

	for (i = WARD_ES; i <= WARD_GS; i++) {
		uint64_t base = i == WARD_SS ? AT_STACK & ~0xffffull : AT_DATA;

		if (mode == MODE_REAL)
			add_segment(regs, i, base >> 4, base, 0xffff, 0x93);
		else if (mode == MODE_PROTECTED16)
			add_segment(regs, i, user ? USER_DATA32 : DATA16, base, 0xffff, 0x93 | dpl);
		else
			add_segment(regs, i, user ? USER_DATA32 : DATA32, 0, 0xffffffff, 0xc093 | dpl);
	}
	switch (mode) {
	case MODE_REAL:
		add_segment(regs, WARD_CS, AT_CODE >> 4, AT_CODE, 0xffff, 0x9b);
		break;
	case MODE_PROTECTED16:
		add_segment(regs, WARD_CS, user ? USER_CODE32 : CODE16, AT_CODE, 0xffff, 0x9b | dpl);
		break;
	case MODE_LONG:
		add_segment(regs, WARD_CS, user ? USER_CODE64 : CODE64, 0, 0xffffffff, 0xa09b | dpl);
		break;
	default:
		add_segment(regs, WARD_CS, user ? USER_CODE32 : CODE32, 0, 0xffffffff, 0xc09b | dpl);
	}
	add_segment(regs, WARD_LDTR, LDT, AT_GDT, 0xfff, 0x82);
	add_segment(regs, WARD_TR, TSS, mode > MODE_PAE ? AT_TSS64 : AT_TSS, 0x67, 0x8b);
}

void machine_registers(struct registers *regs, enum mode mode, int ring, bool interrupts)
{
	bool based = mode == MODE_REAL || mode == MODE_PROTECTED16;
	uint64_t cr0 = 0x10, cr3 = 0, cr4 = 0x600, efer = 0;

	if (mode == MODE_REAL)
		ring = 0;
	if (mode != MODE_REAL)
		cr0 |= 1;
	if (mode >= MODE_PAGED32)
		cr0 |= 1ull << 31;
	if (mode == MODE_PAGED32) {
		cr4 |= 1 << 4;
		cr3 = AT_PD32;
	} else if (mode == MODE_PAE) {
		cr4 |= 1 << 5;
		cr3 = AT_PAE;
	} else if (mode > MODE_PAE) {
		cr4 |= 1 << 5;
		cr3 = AT_PML4;
		efer = 0x501;
	}
	add_segments(regs, mode, ring);
	add_reg(regs, REG_CR(0), cr0);
	add_reg(regs, REG_CR(3), cr3);
	add_reg(regs, REG_CR(4), cr4);
	add_reg(regs, REG_MSR(MSR_EFER), efer);
	add_reg(regs, REG_TABLE(0), AT_GDT);
	add_reg(regs, REG_TABLE(1), GDT_BYTES - 1);
	add_reg(regs, REG_TABLE(2), mode == MODE_REAL ? AT_IVT : efer ? AT_IDT64 : AT_IDT32);
	add_reg(regs, REG_TABLE(3), mode == MODE_REAL ? 0x3ff : efer ? 0xfff : 0x7ff);
	add_reg(regs, REG_GPR(WARD_RSP), AT_STACK & (based ? 0xffff : ~0ull));
	add_reg(regs, REG_GPR(WARD_RIP), based ? 0 : AT_CODE);
	add_reg(regs, REG_GPR(WARD_RFLAGS), interrupts ? 0x202 : 2);
	add_reg(regs, REG_STATE(WARD_STATE_ACTIVITY), WARD_ACTIVITY_RUNNING);
	add_reg(regs, REG_STATE(WARD_STATE_BLOCKING), 0);
	add_reg(regs, REG_STATE(WARD_STATE_PENDING_DEBUG), 0);
	add_reg(regs, REG_STATE(WARD_STATE_EVENT), 0);
	add_reg(regs, REG_DR(7), 0x400);
}

int mode_bits(enum mode mode)
{
	return mode == MODE_LONG ? 64 : mode == MODE_REAL || mode == MODE_PROTECTED16 ? 16 : 32;
}

const char *mode_name(enum mode mode)
{
	static const char * const names[MODE_COUNT] = {
		"real", "protected-16", "protected-32", "paged-32", "pae", "compatibility", "long",
	};

	return names[mode];
}

int set_registers(int vcpu, const struct registers *regs, __u32 *failed)
{
	struct ward_regs call = {
		.size = sizeof(call), .regs = (uintptr_t)regs->reg, .count = regs->count,
	};
	int error = ioctl(vcpu, WARD_SET_REGS, &call) ? -errno : 0;

	if (failed)
		*failed = call.failed;
	return error;
}
