// SPDX-License-Identifier: GPL-2.0-only
/*
 * cpuid_test.c - a CPUID table: look up, what follows from it, list, replace.
 *
 * The default table is made up (cpuid_default.c asks the host's CPU): it has a
 * value in every place that a rule is about.
 */
#include <kunit/test.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "vmx/cpuid.h"
#include "vmx/cpuid_table.h"

#define EAX LEAF_EAX
#define EBX LEAF_EBX
#define ECX LEAF_ECX
#define EDX LEAF_EDX

#define BIT_VME		(1u << 1)
#define BIT_LM		(1u << 29)

static struct vmx_cpuid *own;
static struct vmx_cpuid_dynamic dyn;

static u32 *most(u32 leaf, u32 subleaf)
{
	return own->now.slots[vmx_cpuid_slot(leaf, subleaf)];
}

static void fill(u32 leaf, u32 subleaf, u32 eax, u32 ebx, u32 ecx, u32 edx)
{
	const u32 regs[LEAF_REGS] = { eax, ebx, ecx, edx };

	memcpy(most(leaf, subleaf), regs, sizeof(regs));
}

static int cpuid_init(struct kunit *test)
{
	own = kunit_kzalloc(test, sizeof(*own), GFP_KERNEL);
	if (!own)
		return -ENOMEM;
	dyn = (struct vmx_cpuid_dynamic){ .apic_id = 3, .apic_enabled = true, .xcr0 = 1 };

	fill(0, 0, 0x16, 0x756e6547, 0x6c65746e, 0x49656e69);
	fill(1, 0, 0x50654, 0x00010800, 0x86fa3223, 0x0f8bfbff);
	fill(2, 0, 0x76036301, 0xf0b5ff, 0, 0xc30000);
	fill(4, 0, 0x4121, 0x1c0003f, 0x3f, 0);
	fill(4, 1, 0x4122, 0x1c0003f, 0x3f, 0);
	fill(4, 7, 0x7777, 7, 7, 7);
	fill(7, 0, 1, 0xd19f47ab, 0x4, 0x400);
	fill(7, 1, 0x10, 0, 0, 0);
	fill(0xb, 0, 0, 1, 0x100, 0);
	fill(0xb, 1, 0, 1, 0x201, 0);
	/* x87, SSE, AVX, AVX-512 as Skylake-X has them, and two that nobody uses */
	fill(0xd, 0, 0xff, 0, 0, 0);
	fill(0xd, 1, 0xf, 0, 0, 0);
	fill(0xd, 2, 0x100, 0x240, 0, 0);
	fill(0xd, 3, 0x40, 0x3c0, 0, 0);
	fill(0xd, 4, 0x40, 0x400, 0, 0);
	fill(0xd, 5, 0x40, 0x440, 0, 0);
	fill(0xd, 6, 0x200, 0x480, 2, 0);
	fill(0xd, 7, 0x400, 0x680, 0, 0);
	fill(0x15, 0, 2, 292, 24000000, 0);
	fill(0x16, 0, 3500, 4300, 100, 0);
	fill(0x40000000, 0, 0x40000001, 0x64726157, 0, 0);
	fill(0x40000001, 0, 0x11, 0, 0, 0);
	fill(0x80000000, 0, 0x80000008, 0, 0, 0);
	fill(0x80000001, 0, 0, 0, 0x121, 0x2c100800);
	fill(0x80000002, 0, 0x65746e49, 1, 2, 3);
	fill(0x80000008, 0, 0x302e, 0, 0, 0);
	vmx_cpuid_derive(own);
	own->most = own->now;
	return 0;
}

static void expect_leaf(struct kunit *test, u32 leaf, u32 subleaf, u32 eax, u32 ebx, u32 ecx, u32 edx)
{
	u32 out[LEAF_REGS];

	memset(out, 0xee, sizeof(out));
	vmx_cpuid_lookup(own, &dyn, leaf, subleaf, out);
	KUNIT_EXPECT_EQ_MSG(test, out[EAX], eax, "EAX of 0x%x/%u", leaf, subleaf);
	KUNIT_EXPECT_EQ_MSG(test, out[EBX], ebx, "EBX of 0x%x/%u", leaf, subleaf);
	KUNIT_EXPECT_EQ_MSG(test, out[ECX], ecx, "ECX of 0x%x/%u", leaf, subleaf);
	KUNIT_EXPECT_EQ_MSG(test, out[EDX], edx, "EDX of 0x%x/%u", leaf, subleaf);
}

static u32 look(u32 leaf, u32 subleaf, unsigned int reg)
{
	u32 out[LEAF_REGS];

	vmx_cpuid_lookup(own, &dyn, leaf, subleaf, out);
	return out[reg];
}

/* --------------------------------------------------------------- where leaves are */

/* Each leaf and subleaf that has a place has one of its own. */
static void slots(struct kunit *test)
{
	static const struct { u32 first, count, subleaves; } ranges[] = {
		{ 0, 4, 1 }, { 4, 1, 8 }, { 5, 2, 1 }, { 7, 1, 2 }, { 8, 3, 1 }, { 0xb, 1, 2 },
		{ 0xc, 1, 1 }, { 0xd, 1, 8 }, { 0xe, 9, 1 }, { 0x40000000, 2, 1 }, { 0x80000000, 9, 1 },
	};
	unsigned int seen[SLOT_COUNT] = {}, count = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(ranges); i++)
		for (u32 leaf = ranges[i].first; leaf < ranges[i].first + ranges[i].count; leaf++)
			for (u32 subleaf = 0; subleaf < ranges[i].subleaves; subleaf++) {
				int slot = vmx_cpuid_slot(leaf, subleaf);

				KUNIT_ASSERT_GE(test, slot, 0);
				KUNIT_ASSERT_LT(test, slot, (int)SLOT_COUNT);
				KUNIT_EXPECT_EQ_MSG(test, seen[slot]++, 0u, "0x%x/%u", leaf, subleaf);
				KUNIT_EXPECT_EQ(test, vmx_cpuid_has_subleaves(leaf),
						ranges[i].subleaves > 1);
				count++;
			}
	KUNIT_EXPECT_EQ(test, count, (unsigned int)SLOT_COUNT);
	KUNIT_EXPECT_EQ(test, vmx_cpuid_slot(0x17, 0), -1);
	KUNIT_EXPECT_EQ(test, vmx_cpuid_slot(4, 8), -1);
	KUNIT_EXPECT_EQ(test, vmx_cpuid_slot(7, 2), -1);
	KUNIT_EXPECT_EQ(test, vmx_cpuid_slot(0xd, 8), -1);
	KUNIT_EXPECT_EQ(test, vmx_cpuid_slot(0x3fffffff, 0), -1);
	KUNIT_EXPECT_EQ(test, vmx_cpuid_slot(0x40000002, 0), -1);
	KUNIT_EXPECT_EQ(test, vmx_cpuid_slot(0x7fffffff, 0), -1);
	KUNIT_EXPECT_EQ(test, vmx_cpuid_slot(0x80000009, 0), -1);
	KUNIT_EXPECT_EQ(test, vmx_cpuid_slot(~0u, ~0u), -1);
	/* ECX does not matter to the others. */
	KUNIT_EXPECT_EQ(test, vmx_cpuid_slot(1, 99), vmx_cpuid_slot(1, 0));
	KUNIT_EXPECT_EQ(test, vmx_cpuid_slot(0x80000001, 99), vmx_cpuid_slot(0x80000001, 0));
}

static void lookup(struct kunit *test)
{
	expect_leaf(test, 0, 0, 0x16, 0x756e6547, 0x6c65746e, 0x49656e69);
	expect_leaf(test, 0, 5, 0x16, 0x756e6547, 0x6c65746e, 0x49656e69);
	expect_leaf(test, 4, 1, 0x4122, 0x1c0003f, 0x3f, 0);
	expect_leaf(test, 4, 7, 0x7777, 7, 7, 7);
	expect_leaf(test, 4, 8, 0, 0, 0, 0);
	expect_leaf(test, 7, 2, 0, 0, 0, 0);
	expect_leaf(test, 0x40000000, 0, 0x40000001, 0x64726157, 0, 0);
	expect_leaf(test, 0x80000008, 0, 0x302e, 0, 0, 0);
}

/* A leaf above each range's maximum is answered with the highest basic one. */
static void above_the_maximum(struct kunit *test)
{
	static const u32 above[] = { 0x17, 0x3fffffff, 0x40000002, 0x7fffffff, 0x80000009, 0xc0000000, ~0u };

	for (unsigned int i = 0; i < ARRAY_SIZE(above); i++)
		expect_leaf(test, above[i], 0, 3500, 4300, 100, 0);

	most(0, 0)[EAX] = 4;
	most(0x80000000, 0)[EAX] = 0x80000001;
	vmx_cpuid_derive(own);
	expect_leaf(test, 0x16, 0, 0x4121, 0x1c0003f, 0x3f, 0);
	/* With the subleaf that was asked for */
	expect_leaf(test, 0x16, 1, 0x4122, 0x1c0003f, 0x3f, 0);
	expect_leaf(test, 0x80000008, 0, 0x4121, 0x1c0003f, 0x3f, 0);
	KUNIT_EXPECT_EQ(test, look(0x80000001, 0, EDX), 0x2c100800u);
	KUNIT_EXPECT_FALSE(test, vmx_cpuid_has(own, 7, 0, EBX, 0));
}

/* ------------------------------------------------------------- the vCPU's part */

static void leaf_1_of_the_vcpu(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, look(1, 0, EBX), 0x03010800u);
	dyn.apic_id = 0x112;
	KUNIT_EXPECT_EQ(test, look(1, 0, EBX), 0x12010800u);

	KUNIT_EXPECT_EQ(test, look(1, 0, ECX) & LEAF1_ECX_OSXSAVE, 0u);
	dyn.cr4 = 1u << 18;
	KUNIT_EXPECT_EQ(test, look(1, 0, ECX) & LEAF1_ECX_OSXSAVE, LEAF1_ECX_OSXSAVE);
	most(1, 0)[ECX] &= ~LEAF1_ECX_XSAVE;
	KUNIT_EXPECT_EQ(test, look(1, 0, ECX) & LEAF1_ECX_OSXSAVE, 0u);

	KUNIT_EXPECT_EQ(test, look(1, 0, EDX) & LEAF1_EDX_APIC, LEAF1_EDX_APIC);
	dyn.apic_enabled = false;
	KUNIT_EXPECT_EQ(test, look(1, 0, EDX), 0x0f8bfbffu & ~LEAF1_EDX_APIC);
}

static void topology(struct kunit *test)
{
	dyn.apic_id = 0x12345;
	expect_leaf(test, 0xb, 0, 0, 1, 0x100, 0x12345);
	expect_leaf(test, 0xb, 1, 0, 1, 0x201, 0x12345);
	/* Behind the last level: type 0, and the number that was asked for */
	expect_leaf(test, 0xb, 2, 0, 0, 2, 0x12345);
	expect_leaf(test, 0xb, 0x1ff, 0, 0, 0xff, 0x12345);
	/* Without the leaf there is nothing, the id neither. */
	fill(0xb, 0, 0, 0, 0, 0);
	fill(0xb, 1, 0, 0, 0, 0);
	expect_leaf(test, 0xb, 0, 0, 0, 0, 0);
}

/* ------------------------------------------------------------------------ XSAVE */

static void xsave_sizes(struct kunit *test)
{
	/* What is derived: MPX's two are without AVX-512's three no matter. */
	KUNIT_EXPECT_EQ(test, vmx_cpuid_xcr0_mask(own), 0xffull);
	KUNIT_EXPECT_EQ(test, look(0xd, 0, ECX), 0xa80u);

	dyn.xcr0 = 1;
	expect_leaf(test, 0xd, 0, 0xff, 576, 0xa80, 0);
	dyn.xcr0 = 3;
	KUNIT_EXPECT_EQ(test, look(0xd, 0, EBX), 576u);
	dyn.xcr0 = 7;
	KUNIT_EXPECT_EQ(test, look(0xd, 0, EBX), 0x340u);
	dyn.xcr0 = 0xe7;
	KUNIT_EXPECT_EQ(test, look(0xd, 0, EBX), 0xa80u);

	/* Compacted: in a row, component 6 on the next 64 bytes */
	dyn.xcr0 = 7;
	KUNIT_EXPECT_EQ(test, look(0xd, 1, EBX), 0x340u);
	dyn.xcr0 = 0x87;
	KUNIT_EXPECT_EQ(test, look(0xd, 1, EBX), 0x740u);
	most(0xd, 5)[EAX] = 0x41;
	dyn.xcr0 = 0x63;
	KUNIT_EXPECT_EQ(test, look(0xd, 1, EBX), 576u + 0x80 + 0x200);
	/* Supervisor state counts in the compacted form alone. */
	dyn.xcr0 = 3;
	dyn.xss = 4;
	KUNIT_EXPECT_EQ(test, look(0xd, 0, EBX), 576u);
	KUNIT_EXPECT_EQ(test, look(0xd, 1, EBX), 0x340u);
	/* Neither XSAVEC nor XSAVES: no such size */
	most(0xd, 1)[EAX] = 5;
	KUNIT_EXPECT_EQ(test, look(0xd, 1, EBX), 0u);
	most(0xd, 1)[EAX] = LEAFD1_EAX_XSAVES;
	KUNIT_EXPECT_EQ(test, look(0xd, 1, EBX), 0x340u);
}

struct xcr0 {
	const char *name;
	u32 offered;
	u32 usable;
};

static const struct xcr0 xcr0s[] = {
	{ "x87 and SSE", 0x03, 0x03 },
	{ "x87 alone", 0x01, 0 },
	{ "SSE alone", 0x06, 0 },
	{ "AVX", 0x07, 0x07 },
	{ "AVX-512", 0xe7, 0xe7 },
	{ "AVX-512 without AVX", 0xe3, 0x03 },
	{ "two thirds of AVX-512", 0x67, 0x07 },
	{ "one third of AVX-512", 0x87, 0x07 },
};

static void xcr0_name(const struct xcr0 *xcr0, char *text)
{
	strscpy(text, xcr0->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(xcr0, xcr0s, xcr0_name);

static void usable_xcr0(struct kunit *test)
{
	const struct xcr0 *row = test->param_value;

	most(0xd, 0)[EAX] = row->offered;
	vmx_cpuid_derive(own);
	KUNIT_EXPECT_EQ(test, vmx_cpuid_xcr0_mask(own), (u64)row->usable);
	KUNIT_EXPECT_EQ(test, look(0xd, 0, EAX), row->usable);
	KUNIT_EXPECT_EQ(test, vmx_cpuid_has(own, 1, 0, ECX, 26), row->usable != 0);
	KUNIT_EXPECT_EQ(test, !!(vmx_cpuid_cr4_mask(own) & (1u << 18)), row->usable != 0);
	KUNIT_EXPECT_EQ(test, look(0xd, 1, EAX), row->usable ? 0xfu : 0u);
	for (u32 i = 2; i < 8; i++)
		KUNIT_EXPECT_EQ_MSG(test, look(0xd, i, EAX) != 0, row->usable >> i & 1, "component %u", i);
}

/* ------------------------------------------------------------- what follows */

struct cr4_bit {
	const char *name;
	u32 leaf;
	u8 reg, bit;
	u32 cr4;
};

static const struct cr4_bit cr4_bits[] = {
	{ "VME", 1, EDX, 1, 0x3 }, { "DE", 1, EDX, 2, 0x8 }, { "PSE", 1, EDX, 3, 0x10 },
	{ "TSC", 1, EDX, 4, 0x4 }, { "PAE", 1, EDX, 6, 0x20 }, { "MCE", 1, EDX, 7, 0x40 },
	{ "PGE", 1, EDX, 13, 0x80 }, { "FXSR", 1, EDX, 24, 0x200 }, { "SSE", 1, EDX, 25, 0x400 },
	{ "UMIP", 7, ECX, 2, 0x800 }, { "FSGSBASE", 7, EBX, 0, 0x10000 },
	{ "PCID", 1, ECX, 17, 0x20000 }, { "XSAVE", 1, ECX, 26, 0x40000 },
	{ "SMEP", 7, EBX, 7, 0x100000 }, { "SMAP", 7, EBX, 20, 0x200000 },
};

static void cr4_bit_name(const struct cr4_bit *bit, char *text)
{
	strscpy(text, bit->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(cr4_bit, cr4_bits, cr4_bit_name);

#define CR4_ALL 0x370fff

/* Each feature's bits go with it, and no others. */
static void cr4_follows(struct kunit *test)
{
	const struct cr4_bit *bit = test->param_value;

	KUNIT_EXPECT_EQ(test, vmx_cpuid_cr4_mask(own), (u64)CR4_ALL);
	most(bit->leaf, 0)[bit->reg] &= ~(1u << bit->bit);
	vmx_cpuid_derive(own);
	KUNIT_EXPECT_EQ(test, vmx_cpuid_cr4_mask(own), (u64)CR4_ALL & ~bit->cr4);
}

static void efer_and_width_follow(struct kunit *test)
{
	u32 *extended = most(0x80000001, 0);

	KUNIT_EXPECT_EQ(test, vmx_cpuid_efer_mask(own), 0xd01ull);
	KUNIT_EXPECT_EQ(test, vmx_cpuid_phys_bits(own), 46u);
	extended[EDX] &= ~(1u << 11);
	vmx_cpuid_derive(own);
	KUNIT_EXPECT_EQ(test, vmx_cpuid_efer_mask(own), 0xd00ull);
	extended[EDX] &= ~(1u << 20);
	vmx_cpuid_derive(own);
	KUNIT_EXPECT_EQ(test, vmx_cpuid_efer_mask(own), 0x500ull);
	extended[EDX] &= ~BIT_LM;
	vmx_cpuid_derive(own);
	KUNIT_EXPECT_EQ(test, vmx_cpuid_efer_mask(own), 0ull);

	most(0x80000008, 0)[EAX] = 0x2014;
	vmx_cpuid_derive(own);
	KUNIT_EXPECT_EQ(test, vmx_cpuid_phys_bits(own), 32u);
	most(0x80000000, 0)[EAX] = 0x80000007;
	vmx_cpuid_derive(own);
	KUNIT_EXPECT_EQ(test, vmx_cpuid_phys_bits(own), 36u);
	extended[EDX] = ~0u;
	most(0x80000000, 0)[EAX] = 0;
	vmx_cpuid_derive(own);
	KUNIT_EXPECT_EQ(test, vmx_cpuid_efer_mask(own), 0ull);
	KUNIT_EXPECT_FALSE(test, vmx_cpuid_has(own, 0x80000001, 0, EDX, 29));
}

/* -------------------------------------------------------------- list, replace */

static struct ward_cpuid_entry entries[WARD_MAX_CPUID + 1];

static void list_and_set_again(struct kunit *test)
{
	static struct vmx_cpuid_table before;
	u32 count = vmx_cpuid_get(own, entries, ARRAY_SIZE(entries));

	before = own->now;
	KUNIT_ASSERT_LE(test, count, (u32)WARD_MAX_CPUID);
	/* All that was filled in, empty ones are left out. */
	KUNIT_EXPECT_EQ(test, count, 26u);
	KUNIT_EXPECT_EQ(test, vmx_cpuid_get(own, entries, 1), count);
	KUNIT_EXPECT_EQ(test, entries[0].subleaf, (u32)WARD_CPUID_ANY_SUBLEAF);
	memset(entries, 0xee, sizeof(entries));
	vmx_cpuid_get(own, entries, 3);
	KUNIT_EXPECT_EQ(test, entries[3].leaf, 0xeeeeeeeeu);
	vmx_cpuid_get(own, entries, ARRAY_SIZE(entries));
	for (u32 i = 0; i < count; i++)
		KUNIT_EXPECT_EQ_MSG(test, entries[i].subleaf == WARD_CPUID_ANY_SUBLEAF,
				    !vmx_cpuid_has_subleaves(entries[i].leaf), "leaf 0x%x",
				    entries[i].leaf);

	KUNIT_EXPECT_EQ(test, vmx_cpuid_set(own, entries, count), 0);
	KUNIT_EXPECT_EQ(test, memcmp(&before, &own->now, sizeof(before)), 0);
	KUNIT_EXPECT_EQ(test, vmx_cpuid_set(own, entries, 0), 0);
	KUNIT_EXPECT_EQ(test, vmx_cpuid_get(own, entries, 0), 0u);
	KUNIT_EXPECT_EQ(test, vmx_cpuid_cr4_mask(own), 0x100ull);
}

/* The place of a leaf's entry in the list. */
static u32 entry_at(u32 count, u32 leaf, u32 subleaf)
{
	u32 i;

	for (i = 0; i < count; i++)
		if (entries[i].leaf == leaf &&
		    (entries[i].subleaf == subleaf || entries[i].subleaf == WARD_CPUID_ANY_SUBLEAF))
			break;
	return i;
}

struct replace {
	const char *name;
	u32 leaf, subleaf;
	u8 reg;
	u32 clear, set;
	int result;
};

static const struct replace replaces[] = {
	{ "fewer features", 1, 0, ECX, 1 << 0, 0, 0 },
	{ "more features", 1, 0, ECX, 0, 1 << 3, -EINVAL },
	{ "one less, one more", 1, 0, EDX, 1 << 1, 1 << 18, -EINVAL },
	{ "HTT", 1, 0, EDX, 0, LEAF1_EDX_HTT, 0 },
	{ "the bits of the vCPU", 1, 0, ECX, 0, LEAF1_ECX_OSXSAVE, 0 },
	{ "another signature", 1, 0, EAX, ~0u, 0x306c3, 0 },
	{ "logical processors", 1, 0, EBX, 0, 0xff0000, 0 },
	{ "another vendor", 0, 0, EBX, ~0u, 0x12345678, 0 },
	{ "a lower maximum", 0, 0, EAX, ~0u, 0xd, 0 },
	{ "a higher maximum", 0, 0, EAX, ~0u, 0x17, -EINVAL },
	{ "structured features, fewer", 7, 0, EBX, 1 << 16, 0, 0 },
	{ "structured features, more", 7, 0, EBX, 0, 1 << 2, -EINVAL },
	{ "structured features, subleaf 1", 7, 1, EAX, 0, 1 << 22, -EINVAL },
	{ "more subleaves", 7, 0, EAX, ~0u, 2, -EINVAL },
	{ "caches", 4, 0, EBX, ~0u, 0xffffffff, 0 },
	{ "caches, a later subleaf", 4, 1, EAX, 0, ~0u, 0 },
	{ "topology", 0xb, 0, EBX, ~0u, 8, 0 },
	{ "topology, the id", 0xb, 0, EDX, ~0u, 8, 0 },
	{ "less of XCR0", 0xd, 0, EAX, 0xe0, 0, 0 },
	{ "more of XCR0", 0xd, 0, EAX, 0, 1 << 9, -EINVAL },
	{ "XSAVE's sizes are derived", 0xd, 0, ECX, ~0u, 0xffff, 0 },
	{ "XSAVES off", 0xd, 1, EAX, LEAFD1_EAX_XSAVES, 0, 0 },
	{ "another offset of AVX", 0xd, 2, EBX, ~0u, 0x260, -EINVAL },
	{ "another size of AVX", 0xd, 2, EAX, ~0u, 0x80, -EINVAL },
	{ "no size of AVX", 0xd, 2, EAX, ~0u, 0, 0 },
	{ "another frequency", 0x15, 0, EBX, ~0u, 300, -EINVAL },
	{ "no frequency", 0x15, 0, EBX, ~0u, 0, 0 },
	{ "another base frequency", 0x16, 0, EAX, ~0u, 3400, -EINVAL },
	{ "another hypervisor", 0x40000000, 0, EBX, ~0u, 0x4b4d564b, 0 },
	{ "extended features, fewer", 0x80000001, 0, EDX, BIT_LM, 0, 0 },
	{ "extended features, more", 0x80000001, 0, ECX, 0, 1 << 6, -EINVAL },
	{ "another brand", 0x80000002, 0, EAX, ~0u, 0x41414141, 0 },
	{ "narrower addresses", 0x80000008, 0, EAX, ~0u, 0x3027, 0 },
	{ "wider physical addresses", 0x80000008, 0, EAX, ~0u, 0x302f, -EINVAL },
	{ "wider linear, narrower physical addresses", 0x80000008, 0, EAX, ~0u, 0x3920, -EINVAL },
};

static void replace_name(const struct replace *replace, char *text)
{
	strscpy(text, replace->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(replace, replaces, replace_name);

static void replace_a_value(struct kunit *test)
{
	const struct replace *r = test->param_value;
	u32 count = vmx_cpuid_get(own, entries, ARRAY_SIZE(entries));
	u32 at = entry_at(count, r->leaf, r->subleaf);
	static struct vmx_cpuid before;
	u32 *regs[] = { &entries[at].eax, &entries[at].ebx, &entries[at].ecx, &entries[at].edx };

	before = *own;
	KUNIT_ASSERT_LT(test, at, count);
	*regs[r->reg] = (*regs[r->reg] & ~r->clear) | r->set;
	KUNIT_EXPECT_EQ(test, vmx_cpuid_set(own, entries, count), r->result);
	if (r->result)
		KUNIT_EXPECT_EQ(test, memcmp(&before, own, sizeof(before)), 0);
}

struct odd {
	const char *name;
	u32 leaf, subleaf;
	int result;
};

static const struct odd odds[] = {
	{ "any subleaf, where it matters", 4, WARD_CPUID_ANY_SUBLEAF, -EINVAL },
	{ "any subleaf, where it does not", 0x15, WARD_CPUID_ANY_SUBLEAF, 0 },
	{ "subleaf 0, where it does not matter", 0x15, 0, 0 },
	{ "subleaf 1, where it does not matter", 0x15, 1, -EINVAL },
	{ "a subleaf too many", 4, 8, -EINVAL },
	{ "a leaf too many", 0x17, 0, -EINVAL },
	{ "an extended leaf too many", 0x80000009, 0, -EINVAL },
	{ "no range", 0xc0000000, 0, -EINVAL },
};

static void odd_name(const struct odd *odd, char *text)
{
	strscpy(text, odd->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(odd, odds, odd_name);

static void odd_places(struct kunit *test)
{
	const struct odd *odd = test->param_value;
	struct ward_cpuid_entry entry = { .leaf = odd->leaf, .subleaf = odd->subleaf };

	KUNIT_EXPECT_EQ(test, vmx_cpuid_set(own, &entry, 1), odd->result);
}

static void the_same_leaf_twice(struct kunit *test)
{
	const struct ward_cpuid_entry twice[] = {
		{ .leaf = 0x15, .subleaf = 0 }, { .leaf = 0x15, .subleaf = WARD_CPUID_ANY_SUBLEAF },
	};

	KUNIT_EXPECT_EQ(test, vmx_cpuid_set(own, twice, 1), 0);
	KUNIT_EXPECT_EQ(test, vmx_cpuid_set(own, twice, 2), -EINVAL);
}

/* What went once may come back: the limit is the default, not the last table. */
static void back_to_the_default(struct kunit *test)
{
	u32 count = vmx_cpuid_get(own, entries, ARRAY_SIZE(entries));

	KUNIT_ASSERT_EQ(test, vmx_cpuid_set(own, entries, 1), 0);
	KUNIT_EXPECT_FALSE(test, vmx_cpuid_has(own, 1, 0, EDX, 0));
	KUNIT_ASSERT_EQ(test, vmx_cpuid_set(own, entries, count), 0);
	KUNIT_EXPECT_TRUE(test, vmx_cpuid_has(own, 1, 0, EDX, 0));
	KUNIT_EXPECT_EQ(test, vmx_cpuid_cr4_mask(own), (u64)CR4_ALL);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(slots),
	KUNIT_CASE(lookup),
	KUNIT_CASE(above_the_maximum),
	KUNIT_CASE(leaf_1_of_the_vcpu),
	KUNIT_CASE(topology),
	KUNIT_CASE(xsave_sizes),
	KUNIT_CASE_PARAM(usable_xcr0, xcr0_gen_params),
	KUNIT_CASE_PARAM(cr4_follows, cr4_bit_gen_params),
	KUNIT_CASE(efer_and_width_follow),
	KUNIT_CASE(list_and_set_again),
	KUNIT_CASE_PARAM(replace_a_value, replace_gen_params),
	KUNIT_CASE_PARAM(odd_places, odd_gen_params),
	KUNIT_CASE(the_same_leaf_twice),
	KUNIT_CASE(back_to_the_default),
	{}
};

static struct kunit_suite suite = {
	.name = "ward_cpuid",
	.init = cpuid_init,
	.test_cases = cases,
};

kunit_test_suite(suite);
