// SPDX-License-Identifier: GPL-2.0-only
/*
 * lapic_test.c - the local APIC: registers by both doors, messages, priorities,
 * modes. The timer is lapic_timer_test.c's.
 *
 * SDM, "Advanced Programmable Interrupt Controller (APIC)".
 */
#include <kunit/test.h>
#include <linux/string.h>
#include "fake_lapic.h"

static void to_x2apic(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, vmx_lapic_set_base(&lapic, BASE | ENABLED | X2APIC), 0);
}

static void deliver(u8 mode, u8 vector, bool level)
{
	const struct vmx_apic_message msg = {
		.dest = ID, .vector = vector, .delivery_mode = mode, .level = level, .assert = true,
	};

	vmx_lapic_deliver(&lapic, &msg);
}

/* ---------------------------------------------------------------- registers */

struct reg {
	const char *name;
	u32 reg;
	u32 reset;		/* after power-up, but for SVR's enable bit */
	u32 kept;		/* of a write of all ones, with the APIC enabled */
	bool page, msr;		/* can be read there */
	bool msr_write;		/* can be written as an MSR */
	u32 accepted;		/* what an MSR accepts; other bits are #GP */
};

static const struct reg regs[] = {
	{ "ID", REG_ID, ID << 24, ID << 24, true, true, false },
	{ "version", REG_VERSION, 0x50014, 0x50014, true, true, false },
	{ "TPR", REG_TPR, 0, 0xff, true, true, true, 0xff },
	{ "APR", REG_APR, 0, 0, true, false, false },
	{ "PPR", REG_PPR, 0, 0, true, true, false },
	{ "EOI", REG_EOI, 0, 0, true, false, true, 0 },
	{ "remote read", REG_RRD, 0, 0, true, false, false },
	{ "LDR", REG_LDR, 0, 0xff000000, true, true, false },
	{ "DFR", REG_DFR, 0xffffffff, 0xffffffff, true, false, false },
	{ "SVR", REG_SVR, 0x1ff, 0x3ff, true, true, true, 0x3ff },
	{ "ISR", REG_ISR + 0x70, 0, 0, true, true, false },
	{ "TMR", REG_TMR + 0x70, 0, 0, true, true, false },
	{ "IRR", REG_IRR + 0x70, 0, 0, true, true, false },
	{ "ESR", REG_ESR, 0, 0, true, true, true, 0 },
	{ "ICR, upper half", REG_ICR_HIGH, 0, 0xff000000, true, false, false },
	{ "LVT timer", REG_TIMER, MASKED, 0x700ff, true, true, true, 0x750ff },
	{ "LVT thermal", REG_THERMAL, MASKED, 0x107ff, true, true, true, 0x157ff },
	{ "LVT performance", 0x340, MASKED, 0x107ff, true, true, true, 0x157ff },
	{ "LVT LINT0", REG_LINT0, MASKED, 0x1a7ff, true, true, true, 0x1f7ff },
	{ "LVT LINT1", 0x360, MASKED, 0x1a7ff, true, true, true, 0x1f7ff },
	{ "LVT error", REG_ERROR, MASKED, 0x100ff, true, true, true, 0x150ff },
	{ "initial count", REG_INITIAL, 0, 0xffffffff, true, true, true, ~0u },
	{ "divide", REG_DIVIDE, 0, 0xb, true, true, true, 0xb },
	{ "self IPI", REG_SELF, 0, 0, false, false, true, 0xff },
	{ "CMCI", REG_CMCI, 0, 0, false, false, false },
	{ "0x010", 0x010, 0, 0, false, false, false },
	{ "0x290", 0x290, 0, 0, false, false, false },
	{ "0x3f0's neighbour", 0x3d0, 0, 0, false, false, false },
};

static void reg_name(const struct reg *reg, char *text)
{
	strscpy(text, reg->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(reg, regs, reg_name);

static u32 errors(void)
{
	set(REG_ESR, 0);
	return get(REG_ESR);
}

static void xapic_register(struct kunit *test)
{
	const struct reg *reg = test->param_value;

	KUNIT_EXPECT_EQ(test, get(reg->reg), reg->reset);
	KUNIT_EXPECT_EQ(test, errors(), reg->page ? 0 : VMX_LAPIC_ESR_REGISTER);
	/* Its bytes, and what lies between two registers */
	for (u32 i = 0; i < 16; i++)
		KUNIT_EXPECT_EQ_MSG(test, get(reg->reg + i), i < 4 ? reg->reset >> i * 8 : 0u, "byte %u", i);
	errors();
	/* Writes of anything but the register's first byte are lost. */
	for (u32 i = 1; i < 16; i++)
		KUNIT_EXPECT_EQ(test, set(reg->reg + i, ~0u), 0);
	KUNIT_EXPECT_EQ(test, get(reg->reg), reg->reset);
	errors();

	KUNIT_EXPECT_EQ(test, set(reg->reg, ~0u), 0);
	KUNIT_EXPECT_EQ(test, get(reg->reg), reg->kept);
	KUNIT_EXPECT_EQ(test, errors(), reg->page ? 0 : VMX_LAPIC_ESR_REGISTER);
}

static void x2apic_register(struct kunit *test)
{
	const struct reg *reg = test->param_value;
	u32 msr = MSR_OF(reg->reg);
	u8 vector;
	u64 value;

	KUNIT_EXPECT_EQ(test, vmx_lapic_msr_read(&lapic, msr, &value), -EINVAL);
	KUNIT_EXPECT_EQ(test, vmx_lapic_msr_write(&lapic, msr, 0, &vector), -EINVAL);
	to_x2apic(test);
	KUNIT_EXPECT_EQ(test, vmx_lapic_msr_read(&lapic, msr, &value), reg->msr ? 0 : -EINVAL);
	if (reg->msr && reg->reg != REG_ID && reg->reg != REG_LDR)
		KUNIT_EXPECT_EQ(test, value, (u64)reg->reset);
	KUNIT_EXPECT_EQ(test, vmx_lapic_msr_write(&lapic, msr, 0, &vector), reg->msr_write ? 0 : -EINVAL);
	KUNIT_EXPECT_EQ(test, vmx_lapic_msr_check(msr, 0), reg->msr_write ? 0 : -EINVAL);
	for (unsigned int bit = 0; bit < 64; bit++) {
		int wanted = reg->msr_write && (reg->accepted & 1ull << bit) ? 0 : -EINVAL;

		KUNIT_EXPECT_EQ_MSG(test, vmx_lapic_msr_check(msr, 1ull << bit), wanted,
				    "bit %u", bit);
		KUNIT_EXPECT_EQ_MSG(test, vmx_lapic_msr_write(&lapic, msr, 1ull << bit, &vector),
				    wanted, "bit %u", bit);
	}
	/* The page is not there in this mode. */
	KUNIT_EXPECT_FALSE(test, vmx_lapic_mmio(&lapic, BASE));
}

static void msrs_without_a_register(struct kunit *test)
{
	u64 value;
	u8 vector;

	to_x2apic(test);
	KUNIT_EXPECT_EQ(test, vmx_lapic_msr_read(&lapic, 0x7ff, &value), -EINVAL);
	KUNIT_EXPECT_EQ(test, vmx_lapic_msr_read(&lapic, 0x900, &value), -EINVAL);
	KUNIT_EXPECT_EQ(test, vmx_lapic_msr_write(&lapic, 0x900 + 8, 0, &vector), -EINVAL);
	/* ICR is one register of 64 bits. */
	KUNIT_EXPECT_EQ(test, vmx_lapic_msr_read(&lapic, 0x830, &value), 0);
	KUNIT_EXPECT_EQ(test, vmx_lapic_msr_read(&lapic, 0x831, &value), -EINVAL);
	KUNIT_EXPECT_EQ(test, vmx_lapic_msr_read(&lapic, MSR_OF(REG_ID), &value), 0);
	KUNIT_EXPECT_EQ(test, value, (u64)ID);
}

/* -------------------------------------------------------------------- modes */

struct mode {
	const char *name;
	u64 from, to;
	int result;
};

static const struct mode modes[] = {
	{ "xAPIC stays", ENABLED, BASE | ENABLED, 0 },
	{ "xAPIC to x2APIC", ENABLED, BASE | ENABLED | X2APIC, 0 },
	{ "xAPIC to disabled", ENABLED, BASE, 0 },
	{ "disabled to xAPIC", 0, BASE | ENABLED, 0 },
	{ "disabled to x2APIC", 0, BASE | ENABLED | X2APIC, -EINVAL },
	{ "x2APIC to disabled", ENABLED | X2APIC, BASE, 0 },
	{ "x2APIC to xAPIC", ENABLED | X2APIC, BASE | ENABLED, -EINVAL },
	{ "the mode that is none", ENABLED, BASE | X2APIC, -EINVAL },
	{ "the mode that is none, from x2APIC", ENABLED | X2APIC, BASE | X2APIC, -EINVAL },
	{ "another base", ENABLED, 0xfed00000ull | ENABLED, -EINVAL },
	{ "a base above 4 GiB", ENABLED, 1ull << 32 | BASE | ENABLED, -EINVAL },
	{ "reserved bit 0", ENABLED, BASE | ENABLED | 1, -EINVAL },
	{ "reserved bit 9", ENABLED, BASE | ENABLED | 0x200, -EINVAL },
	{ "BSP is stored", ENABLED, BASE | ENABLED | BSP, 0 },
};

static void mode_name(const struct mode *mode, char *text)
{
	strscpy(text, mode->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(mode, modes, mode_name);

static void change_mode(struct kunit *test)
{
	const struct mode *mode = test->param_value;
	u64 base;

	if (mode->from & X2APIC)
		to_x2apic(test);
	else if (!mode->from)
		KUNIT_ASSERT_EQ(test, vmx_lapic_set_base(&lapic, BASE), 0);
	base = vmx_lapic_get_base(&lapic);
	KUNIT_EXPECT_EQ(test, base, BASE | mode->from);
	KUNIT_EXPECT_EQ(test, vmx_lapic_set_base(&lapic, mode->to), mode->result);
	base = mode->result ? base : mode->to;
	KUNIT_EXPECT_EQ(test, vmx_lapic_get_base(&lapic), base);
	KUNIT_EXPECT_EQ(test, vmx_lapic_enabled(&lapic), !!(base & ENABLED));
	KUNIT_EXPECT_EQ(test, vmx_lapic_x2apic(&lapic), !!(base & X2APIC));
	KUNIT_EXPECT_EQ(test, vmx_lapic_mmio(&lapic, BASE + 0xfff), (base & (ENABLED | X2APIC)) == ENABLED);
	KUNIT_EXPECT_FALSE(test, vmx_lapic_mmio(&lapic, BASE - 1));
	KUNIT_EXPECT_FALSE(test, vmx_lapic_mmio(&lapic, BASE + 0x1000));
}

static void mode_changes_and_registers(struct kunit *test)
{
	u64 value;

	set(REG_TPR, 0x20);
	set(REG_LDR, 0x01000000);
	set(REG_ICR_HIGH, 0x05000000);
	deliver(VMX_APIC_FIXED, 0x41, false);
	to_x2apic(test);
	/* What stays, and what the mode makes */
	KUNIT_EXPECT_EQ(test, vmx_lapic_get_cr8(&lapic), (u8)2);
	KUNIT_EXPECT_EQ(test, vmx_lapic_pending(&lapic), 0x41);
	vmx_lapic_msr_read(&lapic, MSR_OF(REG_LDR), &value);
	KUNIT_EXPECT_EQ(test, value, 1ull << ID);
	vmx_lapic_msr_read(&lapic, MSR_OF(REG_ICR), &value);
	KUNIT_EXPECT_EQ(test, value, 0ull);
	/* Disabling forgets. */
	KUNIT_ASSERT_EQ(test, vmx_lapic_set_base(&lapic, BASE), 0);
	KUNIT_ASSERT_EQ(test, vmx_lapic_set_base(&lapic, BASE | ENABLED), 0);
	KUNIT_EXPECT_EQ(test, get(REG_TPR), 0u);
	KUNIT_EXPECT_EQ(test, get(REG_LDR), 0u);
	KUNIT_EXPECT_EQ(test, get(REG_SVR), 0xffu);
	KUNIT_EXPECT_EQ(test, get(REG_IRR + 0x20), 0u);

	/* The logical id of x2APIC: cluster and bit */
	vmx_lapic_destroy(&other);
	vmx_lapic_init(&other, &ops, 0x35, false);
	KUNIT_ASSERT_EQ(test, vmx_lapic_set_base(&other, BASE | ENABLED | X2APIC), 0);
	vmx_lapic_msr_read(&other, MSR_OF(REG_LDR), &value);
	KUNIT_EXPECT_EQ(test, value, 0x30020ull);
}

static void resets(struct kunit *test)
{
	to_x2apic(test);
	deliver(VMX_APIC_NMI, 0, false);
	deliver(VMX_APIC_FIXED, 0x41, false);
	deliver(VMX_APIC_SIPI, 0x9a, false);
	vmx_lapic_reset(&lapic, true);
	/* INIT keeps the mode, and a SIPI behind it. */
	KUNIT_EXPECT_TRUE(test, vmx_lapic_x2apic(&lapic));
	KUNIT_EXPECT_TRUE(test, vmx_lapic_has_event(&lapic));
	KUNIT_EXPECT_FALSE(test, vmx_lapic_take_nmi(&lapic));
	KUNIT_EXPECT_EQ(test, vmx_lapic_pending(&lapic), -1);
	vmx_lapic_reset(&lapic, false);
	KUNIT_EXPECT_EQ(test, vmx_lapic_get_base(&lapic), BASE | ENABLED);
	KUNIT_EXPECT_FALSE(test, vmx_lapic_has_event(&lapic));
	KUNIT_EXPECT_EQ(test, vmx_lapic_get_base(&other), BASE | ENABLED | BSP);
}

/* --------------------------------------------------------------- priorities */

static void priorities(struct kunit *test)
{
	u8 vector = 0;

	KUNIT_EXPECT_EQ(test, vmx_lapic_pending(&lapic), -1);
	deliver(VMX_APIC_FIXED, 0x41, false);
	deliver(VMX_APIC_FIXED, 0x5f, false);
	deliver(VMX_APIC_FIXED, 0x50, false);
	KUNIT_EXPECT_EQ(test, notified(), 3);
	deliver(VMX_APIC_FIXED, 0x50, false);
	KUNIT_EXPECT_EQ(test, notified(), 0);
	KUNIT_EXPECT_EQ(test, vmx_lapic_pending(&lapic), 0x5f);
	KUNIT_EXPECT_EQ(test, get(REG_APR), 0x50u);

	vmx_lapic_accept(&lapic, 0x5f);
	KUNIT_EXPECT_EQ(test, get(REG_ISR + 0x20), 0x80000000u);
	KUNIT_EXPECT_EQ(test, get(REG_IRR + 0x20), 0x10002u);
	KUNIT_EXPECT_EQ(test, get(REG_PPR), 0x50u);
	/* The same class waits, a higher one does not. */
	KUNIT_EXPECT_EQ(test, vmx_lapic_pending(&lapic), -1);
	deliver(VMX_APIC_FIXED, 0x60, false);
	KUNIT_EXPECT_EQ(test, vmx_lapic_pending(&lapic), 0x60);
	vmx_lapic_accept(&lapic, 0x60);
	KUNIT_EXPECT_EQ(test, get(REG_PPR), 0x60u);

	/* EOI ends the highest in service. */
	KUNIT_EXPECT_EQ(test, vmx_lapic_write(&lapic, REG_EOI, 0, &vector), 0);
	KUNIT_EXPECT_EQ(test, get(REG_PPR), 0x50u);
	KUNIT_EXPECT_EQ(test, vmx_lapic_pending(&lapic), -1);
	KUNIT_EXPECT_EQ(test, set(REG_EOI, 0), 0);
	KUNIT_EXPECT_EQ(test, vmx_lapic_pending(&lapic), 0x50);
	KUNIT_EXPECT_EQ(test, set(REG_EOI, 0), 0);

	/* TPR: its class, and with it CR8 */
	set(REG_TPR, 0x4f);
	KUNIT_EXPECT_EQ(test, get(REG_PPR), 0x4fu);
	KUNIT_EXPECT_EQ(test, vmx_lapic_get_cr8(&lapic), (u8)4);
	KUNIT_EXPECT_EQ(test, vmx_lapic_pending(&lapic), 0x50);
	vmx_lapic_set_cr8(&lapic, 5);
	KUNIT_EXPECT_EQ(test, get(REG_TPR), 0x50u);
	KUNIT_EXPECT_EQ(test, vmx_lapic_pending(&lapic), -1);
	KUNIT_EXPECT_FALSE(test, vmx_lapic_has_pending(&lapic));
	vmx_lapic_set_cr8(&lapic, 0);
	KUNIT_EXPECT_TRUE(test, vmx_lapic_has_pending(&lapic));
	/* PPR is TPR in full where TPR's class is not below. */
	vmx_lapic_accept(&lapic, 0x50);
	set(REG_TPR, 0x57);
	KUNIT_EXPECT_EQ(test, get(REG_PPR), 0x57u);
	set(REG_TPR, 0x47);
	KUNIT_EXPECT_EQ(test, get(REG_PPR), 0x50u);
}

/* First and last bit of each word, by both ends of the bitmaps */
static void every_vector(struct kunit *test)
{
	for (unsigned int vector = 16; vector < 256; vector++) {
		u32 bit = 1u << vector % 32, at = vector / 32 * 16;

		deliver(VMX_APIC_FIXED, vector, vector & 1);
		KUNIT_EXPECT_EQ(test, get(REG_IRR + at), bit);
		KUNIT_ASSERT_EQ(test, vmx_lapic_pending(&lapic), (int)vector);
		vmx_lapic_accept(&lapic, vector);
		KUNIT_EXPECT_EQ(test, get(REG_IRR + at), 0u);
		KUNIT_EXPECT_EQ(test, get(REG_ISR + at), bit);
		KUNIT_EXPECT_EQ(test, get(REG_TMR + at) & bit, vector & 1 ? bit : 0u);
		KUNIT_EXPECT_EQ(test, set(REG_EOI, 0), vector & 1 ? VMX_LAPIC_EOI_EXIT : 0);
		KUNIT_EXPECT_EQ(test, get(REG_ISR + at), 0u);
	}
}

static void level_and_edge(struct kunit *test)
{
	u8 vector = 0;

	deliver(VMX_APIC_FIXED, 0x41, true);
	vmx_lapic_accept(&lapic, 0x41);
	KUNIT_EXPECT_EQ(test, vmx_lapic_write(&lapic, REG_EOI, 0, &vector), VMX_LAPIC_EOI_EXIT);
	KUNIT_EXPECT_EQ(test, vector, (u8)0x41);
	/* An edge on the same vector takes the mark away. */
	deliver(VMX_APIC_LOWEST, 0x41, false);
	vmx_lapic_accept(&lapic, 0x41);
	KUNIT_EXPECT_EQ(test, vmx_lapic_write(&lapic, REG_EOI, 0, &vector), 0);
	/* Nothing in service */
	KUNIT_EXPECT_EQ(test, vmx_lapic_write(&lapic, REG_EOI, 0, &vector), 0);
}

static void software_disabled(struct kunit *test)
{
	set(REG_LINT0, 0x700);
	deliver(VMX_APIC_FIXED, 0x41, false);
	notified();
	set(REG_SVR, 0xff);
	/* Masked, and it cannot be undone now. */
	KUNIT_EXPECT_EQ(test, get(REG_LINT0), 0x700u | MASKED);
	set(REG_LINT0, 0x700);
	KUNIT_EXPECT_EQ(test, get(REG_LINT0), 0x700u | MASKED);
	/* What waits, waits; what comes is lost. */
	KUNIT_EXPECT_EQ(test, vmx_lapic_pending(&lapic), -1);
	deliver(VMX_APIC_FIXED, 0x51, false);
	KUNIT_EXPECT_EQ(test, notified(), 0);
	KUNIT_EXPECT_EQ(test, vmx_lapic_priority(&lapic), 256u);
	/* But for NMI, INIT and SIPI */
	deliver(VMX_APIC_NMI, 0, false);
	KUNIT_EXPECT_EQ(test, notified(), 1);
	set(REG_SVR, 0x1ff);
	KUNIT_EXPECT_EQ(test, vmx_lapic_pending(&lapic), 0x41);
	KUNIT_EXPECT_EQ(test, vmx_lapic_priority(&lapic), 0u);
	set(REG_TPR, 0x35);
	KUNIT_EXPECT_EQ(test, vmx_lapic_priority(&lapic), 0x35u);
}

static void errors_and_their_interrupt(struct kunit *test)
{
	set(REG_ERROR, 0xfe);
	deliver(VMX_APIC_FIXED, 15, false);
	KUNIT_EXPECT_EQ(test, vmx_lapic_pending(&lapic), 0xfe);
	KUNIT_EXPECT_EQ(test, notified(), 1);
	KUNIT_EXPECT_EQ(test, get(REG_IRR), 0u);
	/* ESR shows what the last write to it gathered; one interrupt until then */
	KUNIT_EXPECT_EQ(test, get(REG_ESR), 0u);
	vmx_lapic_accept(&lapic, 0xfe);
	set(REG_ICR, 0x0f | 1 << 18);
	KUNIT_EXPECT_EQ(test, notified(), 0);
	KUNIT_EXPECT_EQ(test, errors(), VMX_LAPIC_ESR_RECEIVE_ILLEGAL | VMX_LAPIC_ESR_SEND_ILLEGAL);
	KUNIT_EXPECT_EQ(test, errors(), 0u);
	deliver(VMX_APIC_FIXED, 0, false);
	KUNIT_EXPECT_EQ(test, notified(), 1);
	/* An error entry that is itself illegal */
	errors();
	set(REG_ERROR, 3);
	deliver(VMX_APIC_FIXED, 0, false);
	KUNIT_EXPECT_EQ(test, errors(), VMX_LAPIC_ESR_RECEIVE_ILLEGAL);
}

/* ----------------------------------------------------------------- messages */

struct address {
	const char *name;
	u32 dest;
	u8 shorthand;
	bool logical, from_it, x2apic;
	u32 ldr, dfr;
	bool matches;
};

#define FLAT	0xffffffff
#define CLUSTER	0x0fffffff

static const struct address addresses[] = {
	{ "its id", ID, 0, false, false, false, 0, FLAT, true },
	{ "another id", ID + 1, 0, false, false, false, 0, FLAT, false },
	{ "its id, x2APIC", ID, 0, false, false, true, 0, FLAT, true },
	{ "its id in the low byte", 0x100 | ID, 0, false, false, false, 0, FLAT, false },
	{ "broadcast", VMX_APIC_BROADCAST, 0, false, false, false, 0, FLAT, true },
	{ "broadcast, logical", VMX_APIC_BROADCAST, 0, true, false, false, 0, CLUSTER, true },
	{ "flat, its bit", 0x06, 0, true, false, false, 0x04000000, FLAT, true },
	{ "flat, other bits", 0xfb, 0, true, false, false, 0x04000000, FLAT, false },
	{ "flat, no LDR", 0xff, 0, true, false, false, 0, FLAT, false },
	{ "flat, 9 bits", 0x104, 0, true, false, false, 0x04000000, FLAT, false },
	{ "cluster, its bit", 0x34, 0, true, false, false, 0x34000000, CLUSTER, true },
	{ "cluster, two bits", 0x36, 0, true, false, false, 0x34000000, CLUSTER, true },
	{ "another cluster", 0x24, 0, true, false, false, 0x34000000, CLUSTER, false },
	{ "cluster, another bit", 0x3b, 0, true, false, false, 0x34000000, CLUSTER, false },
	{ "a model that is none", 0x34, 0, true, false, false, 0x34000000, 0x5fffffff, false },
	{ "x2APIC logical, its bit", 1 << ID, 0, true, false, true, 0, FLAT, true },
	{ "x2APIC logical, another bit", 1 << 3, 0, true, false, true, 0, FLAT, false },
	{ "x2APIC logical, another cluster", 0x10000 | 1 << ID, 0, true, false, true, 0, FLAT, false },
	{ "self", 0, VMX_APIC_TO_SELF, false, true, false, 0, FLAT, true },
	{ "another's self", 0, VMX_APIC_TO_SELF, false, false, false, 0, FLAT, false },
	{ "all, its own", 99, VMX_APIC_TO_ALL, false, true, false, 0, FLAT, true },
	{ "all", 99, VMX_APIC_TO_ALL, true, false, false, 0, FLAT, true },
	{ "others, its own", ID, VMX_APIC_TO_OTHERS, false, true, false, 0, FLAT, false },
	{ "others", 99, VMX_APIC_TO_OTHERS, false, false, false, 0, FLAT, true },
};

static void address_name(const struct address *address, char *text)
{
	strscpy(text, address->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(address, addresses, address_name);

static void address(struct kunit *test)
{
	const struct address *a = test->param_value;
	const struct vmx_apic_message msg = {
		.dest = a->dest, .vector = 0x41, .shorthand = a->shorthand, .logical = a->logical,
		.assert = true,
	};
	const struct vmx_lapic *source = a->from_it ? &lapic : &other;

	if (a->x2apic)
		to_x2apic(test);
	set(REG_DFR, a->dfr);
	if (!a->x2apic)
		set(REG_LDR, a->ldr);
	KUNIT_EXPECT_EQ(test, vmx_lapic_matches(&lapic, &msg, source), a->matches);
	/* A disabled APIC is never addressed. */
	KUNIT_ASSERT_EQ(test, vmx_lapic_set_base(&lapic, BASE), 0);
	KUNIT_EXPECT_FALSE(test, vmx_lapic_matches(&lapic, &msg, source));
}

static void events(struct kunit *test)
{
	const struct vmx_apic_message deassert = { .delivery_mode = VMX_APIC_INIT, .level = true };
	u8 vector;

	deliver(VMX_APIC_SMI, 0, false);
	deliver(VMX_APIC_EXTINT, 0x41, false);
	vmx_lapic_deliver(&lapic, &deassert);
	KUNIT_EXPECT_EQ(test, notified(), 0);
	KUNIT_EXPECT_FALSE(test, vmx_lapic_has_event(&lapic));

	deliver(VMX_APIC_NMI, 0, false);
	deliver(VMX_APIC_NMI, 0, false);
	KUNIT_EXPECT_EQ(test, notified(), 1);
	KUNIT_EXPECT_TRUE(test, vmx_lapic_has_event(&lapic));
	KUNIT_EXPECT_FALSE(test, vmx_lapic_take_init(&lapic));
	KUNIT_EXPECT_TRUE(test, vmx_lapic_take_nmi(&lapic));
	KUNIT_EXPECT_FALSE(test, vmx_lapic_take_nmi(&lapic));

	/* SIPI, then INIT: the SIPI is void. INIT, then SIPI: both count. */
	deliver(VMX_APIC_SIPI, 0x10, false);
	deliver(VMX_APIC_INIT, 0, false);
	KUNIT_EXPECT_FALSE(test, vmx_lapic_take_sipi(&lapic, &vector));
	KUNIT_EXPECT_TRUE(test, vmx_lapic_has_event(&lapic));
	deliver(VMX_APIC_SIPI, 0, false);
	KUNIT_EXPECT_EQ(test, notified(), 3);
	KUNIT_EXPECT_TRUE(test, vmx_lapic_take_init(&lapic));
	KUNIT_EXPECT_TRUE(test, vmx_lapic_take_sipi(&lapic, &vector));
	KUNIT_EXPECT_EQ(test, vector, (u8)0);
	KUNIT_EXPECT_FALSE(test, vmx_lapic_has_event(&lapic));
}

struct icr {
	const char *name;
	u32 low;
	unsigned int sent;	/* by send_ipi */
	int own;		/* notifications of its own */
	u32 error;
};

static const struct icr icrs[] = {
	{ "fixed", 0x4041, 1, 0, 0 },
	{ "lowest priority", 0x4141, 1, 0, 0 },
	{ "SMI", 0x4200, 0, 0, 0 },
	{ "NMI", 0x4400, 1, 0, 0 },
	{ "INIT", 0x4500, 1, 0, 0 },
	{ "INIT, level, asserted", 0xc500, 1, 0, 0 },
	{ "INIT, level, de-asserted", 0x8500, 0, 0, 0 },
	{ "SIPI", 0x4612, 1, 0, 0 },
	{ "ExtINT", 0x4741, 0, 0, 0 },
	{ "reserved mode", 0x4341, 0, 0, 0 },
	{ "illegal vector", 0x400f, 0, 0, VMX_LAPIC_ESR_SEND_ILLEGAL },
	{ "SIPI with a low vector", 0x4605, 1, 0, 0 },
	{ "self", 0x44041, 0, 1, 0 },
	{ "all", 0x84041, 1, 0, 0 },
	{ "others", 0xc4041, 1, 0, 0 },
};

static void icr_name(const struct icr *icr, char *text)
{
	strscpy(text, icr->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(icr, icrs, icr_name);

static void send(struct kunit *test)
{
	const struct icr *icr = test->param_value;
	u8 vector;

	set(REG_ICR_HIGH, 0x12345678);
	set(REG_ICR, icr->low | 0x800);
	KUNIT_EXPECT_EQ(test, get(REG_ICR), icr->low | 0x800);
	KUNIT_EXPECT_EQ(test, get(REG_ICR_HIGH), 0x12000000u);
	KUNIT_EXPECT_EQ(test, told.sent, icr->sent);
	KUNIT_EXPECT_EQ(test, notified(), icr->own);
	KUNIT_EXPECT_EQ(test, errors(), icr->error);
	if (icr->sent) {
		KUNIT_EXPECT_EQ(test, told.ipi.dest, 0x12u);
		KUNIT_EXPECT_EQ(test, told.ipi.vector, (u8)icr->low);
		KUNIT_EXPECT_EQ(test, told.ipi.delivery_mode, (u8)(icr->low >> 8 & 7));
		KUNIT_EXPECT_EQ(test, told.ipi.shorthand, (u8)(icr->low >> 18));
		KUNIT_EXPECT_TRUE(test, told.ipi.logical);
		KUNIT_EXPECT_TRUE(test, told.ipi.assert);
		KUNIT_EXPECT_FALSE(test, told.ipi.level);
	}

	told.sent = 0;
	to_x2apic(test);
	KUNIT_EXPECT_EQ(test, vmx_lapic_msr_write(&lapic, 0x830, 0xdeadbeefull << 32 | icr->low, &vector), 0);
	KUNIT_EXPECT_EQ(test, told.sent, icr->sent);
	if (icr->sent) {
		KUNIT_EXPECT_EQ(test, told.ipi.dest, 0xdeadbeefu);
		KUNIT_EXPECT_FALSE(test, told.ipi.logical);
	}
}

static void icr_bits(struct kunit *test)
{
	u64 value;
	u8 vector;

	/* xAPIC: what is not a bit of it is dropped; the upper 0xff is broadcast. */
	set(REG_ICR, 0xfff37041);
	KUNIT_EXPECT_EQ(test, get(REG_ICR), 0x4041u);
	set(REG_ICR_HIGH, 0xff000000);
	set(REG_ICR, 0x4041);
	KUNIT_EXPECT_EQ(test, told.ipi.dest, VMX_APIC_BROADCAST);

	to_x2apic(test);
	for (unsigned int bit = 0; bit < 64; bit++) {
		bool fine = bit >= 32 || (0xcdfff | 1 << 12) & 1u << bit;

		KUNIT_EXPECT_EQ_MSG(test, vmx_lapic_msr_write(&lapic, 0x830, 0x4041 | 1ull << bit, &vector),
				    fine ? 0 : -EINVAL, "bit %u", bit);
	}
	KUNIT_EXPECT_EQ(test, vmx_lapic_msr_write(&lapic, 0x830, 0x5041, &vector), 0);
	KUNIT_EXPECT_EQ(test, vmx_lapic_msr_read(&lapic, 0x830, &value), 0);
	KUNIT_EXPECT_EQ(test, value, 0x4041ull);
	/* The MSR for an IPI to itself leaves ICR alone. */
	notified();
	KUNIT_EXPECT_EQ(test, vmx_lapic_msr_write(&lapic, 0x83f, 0x77, &vector), 0);
	KUNIT_EXPECT_EQ(test, notified(), 1);
	KUNIT_EXPECT_EQ(test, vmx_lapic_pending(&lapic), 0x77);
	vmx_lapic_msr_read(&lapic, 0x830, &value);
	KUNIT_EXPECT_EQ(test, value, 0x4041ull);
}

struct msi {
	const char *name;
	u64 address;
	u32 data;
	int result;
	struct vmx_apic_message msg;
};

static const struct msi msis[] = {
	{ "physical, edge", 0xfee05000, 0x41, 0, { .dest = 5, .vector = 0x41, .assert = true } },
	{ "logical", 0xfee05004, 0x41, 0, { .dest = 5, .vector = 0x41, .logical = true, .assert = true } },
	{ "broadcast", 0xfeeff000, 0x41, 0, { .dest = VMX_APIC_BROADCAST, .vector = 0x41, .assert = true } },
	{ "lowest priority", 0xfee05004, 0x141, 0,
	  { .dest = 5, .vector = 0x41, .delivery_mode = 1, .logical = true, .assert = true } },
	{ "redirection hint, logical", 0xfee0500c, 0x41, 0,
	  { .dest = 5, .vector = 0x41, .delivery_mode = 1, .logical = true, .assert = true } },
	{ "redirection hint, physical", 0xfee05008, 0x41, 0, { .dest = 5, .vector = 0x41, .assert = true } },
	{ "level, asserted", 0xfee05000, 0xc041, 0,
	  { .dest = 5, .vector = 0x41, .level = true, .assert = true } },
	{ "level, de-asserted", 0xfee05000, 0x8041, 0, { .dest = 5, .vector = 0x41, .level = true } },
	{ "NMI", 0xfee05000, 0x400, 0, { .dest = 5, .delivery_mode = 4, .assert = true } },
	{ "INIT", 0xfee05000, 0x500, 0, { .dest = 5, .delivery_mode = 5, .assert = true } },
	{ "SIPI", 0xfee05000, 0x600, -EINVAL, { 0 } },
	{ "reserved mode", 0xfee05000, 0x341, -EINVAL, { 0 } },
	{ "below the range", 0xfedff000, 0x41, -EINVAL, { 0 } },
	{ "above the range", 0xfef00000, 0x41, -EINVAL, { 0 } },
	{ "above 4 GiB", 0x1fee05000, 0x41, -EINVAL, { 0 } },
};

static void msi_name(const struct msi *msi, char *text)
{
	strscpy(text, msi->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(msi, msis, msi_name);

static void parse_msi(struct kunit *test)
{
	const struct msi *msi = test->param_value;
	struct vmx_apic_message msg;

	KUNIT_ASSERT_EQ(test, vmx_lapic_parse_msi(msi->address, msi->data, &msg), msi->result);
	if (msi->result)
		return;
	KUNIT_EXPECT_EQ(test, msg.dest, msi->msg.dest);
	KUNIT_EXPECT_EQ(test, msg.vector, msi->msg.vector);
	KUNIT_EXPECT_EQ(test, msg.delivery_mode, msi->msg.delivery_mode);
	KUNIT_EXPECT_EQ(test, msg.shorthand, (u8)VMX_APIC_TO_DEST);
	KUNIT_EXPECT_EQ(test, msg.logical, msi->msg.logical);
	KUNIT_EXPECT_EQ(test, msg.level, msi->msg.level);
	KUNIT_EXPECT_EQ(test, msg.assert, msi->msg.assert);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(xapic_register, reg_gen_params),
	KUNIT_CASE_PARAM(x2apic_register, reg_gen_params),
	KUNIT_CASE(msrs_without_a_register),
	KUNIT_CASE_PARAM(change_mode, mode_gen_params),
	KUNIT_CASE(mode_changes_and_registers),
	KUNIT_CASE(resets),
	KUNIT_CASE(priorities),
	KUNIT_CASE(every_vector),
	KUNIT_CASE(level_and_edge),
	KUNIT_CASE(software_disabled),
	KUNIT_CASE(errors_and_their_interrupt),
	KUNIT_CASE_PARAM(address, address_gen_params),
	KUNIT_CASE(events),
	KUNIT_CASE_PARAM(send, icr_gen_params),
	KUNIT_CASE(icr_bits),
	KUNIT_CASE_PARAM(parse_msi, msi_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "ward_lapic",
	.init = lapic_init,
	.exit = lapic_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
