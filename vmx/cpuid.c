// SPDX-License-Identifier: GPL-2.0-only
/*
 * cpuid.c - a VM's CPUID table: look up, list, replace.
 *
 * What the default table holds, and why, is in cpuid_default.c. Here is what
 * the guest gets of it, and the rule of a replacement: features only go away.
 *
 * SDM volume 2, "CPUID - CPU Identification".
 */
#include <linux/bitmap.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "vmx/cpuid.h"
#include "vmx/cpuid_table.h"

#define XSAVE_LEGACY_BYTES	576u	/* FXSAVE region and header */
#define XSAVE_FIRST_EXTENDED	2u
#define XSAVE_ALIGNED		(1u << 1)	/* of subleaf's ECX */

#define XCR0_BASE		3u	/* x87 and SSE: always together here */
#define XCR0_AVX		(1u << 2)
#define XCR0_AVX512		(7u << 5)

static_assert(SLOT_COUNT <= WARD_MAX_CPUID);

/*
 * Subleaves of each basic leaf, where there are any, and the slot of the
 * second one
 */
static const struct {
	u8 count;
	u8 second;
} subleaves[BASIC_LEAVES] = {
	[LEAF_CACHES]		= { CACHE_SUBLEAVES, SLOT_CACHES },
	[LEAF_FEATURES7]	= { FEATURE7_SUBLEAVES, SLOT_FEATURES7 },
	[LEAF_TOPOLOGY]	= { TOPOLOGY_SUBLEAVES, SLOT_TOPOLOGY },
	[LEAF_XSAVE]		= { XSAVE_SUBLEAVES, SLOT_XSAVE },
};

bool vmx_cpuid_has_subleaves(u32 leaf)
{
	return leaf < BASIC_LEAVES && subleaves[leaf].count;
}

int vmx_cpuid_slot(u32 leaf, u32 subleaf)
{
	if (leaf < BASIC_LEAVES) {
		if (!subleaves[leaf].count || !subleaf)
			return SLOT_LEAF(leaf);
		return subleaf < subleaves[leaf].count ?
		       subleaves[leaf].second + subleaf - 1 : -1;
	}
	if (leaf - LEAF_EXTENDED < EXTENDED_LEAVES)
		return SLOT_EXT(leaf);
	if (leaf - LEAF_HYPERVISOR < HYPERVISOR_LEAVES)
		return SLOT_HYPERVISOR + (leaf - LEAF_HYPERVISOR);
	return -1;
}

/* --------------------------------------------------------------- look up */

/* Size of an XSAVE area with the components of @mask */
static u32 xsave_bytes(const struct vmx_cpuid_table *table, u64 mask, bool compacted)
{
	u32 bytes = XSAVE_LEGACY_BYTES;
	unsigned int i;

	for (i = XSAVE_FIRST_EXTENDED; i < XSAVE_SUBLEAVES; i++) {
		const u32 *component = table->slots[SLOT_XSAVE + i - 1];

		if (!(mask >> i & 1))
			continue;
		if (compacted) {
			if (component[LEAF_ECX] & XSAVE_ALIGNED)
				bytes = ALIGN(bytes, 64);
			bytes += component[LEAF_EAX];
		} else {
			bytes = max(bytes, component[LEAF_EBX] + component[LEAF_EAX]);
		}
	}
	return bytes;
}

/* A leaf that is not there is answered with the highest basic one. */
static u32 effective_leaf(const struct vmx_cpuid *cpuid, u32 leaf)
{
	if (leaf <= cpuid->basic_max ||
	    leaf - LEAF_EXTENDED < cpuid->extended_leaves ||
	    leaf - LEAF_HYPERVISOR < cpuid->hypervisor_leaves)
		return leaf;
	return cpuid->basic_max;
}

static void topology_leaf(const struct vmx_cpuid *cpuid, u32 apic_id, u32 subleaf, u32 out[4])
{
	/* EBX of the first level says whether the leaf exists at all. */
	if (!cpuid->now.slots[LEAF_TOPOLOGY][LEAF_EBX])
		return;
	/* Behind the last level: its number is the one asked for, type invalid */
	if (!out[LEAF_EBX])
		out[LEAF_ECX] = subleaf & 0xff;
	out[LEAF_EDX] = apic_id;
}

static void xsave_leaf(const struct vmx_cpuid *cpuid, const struct vmx_cpuid_dynamic *dyn,
		       u32 subleaf, u32 out[4])
{
	if (!cpuid->xcr0_mask)
		return;
	if (subleaf == 0)
		out[LEAF_EBX] = xsave_bytes(&cpuid->now, dyn->xcr0, false);
	else if (subleaf == 1 && (out[LEAF_EAX] & (LEAFD1_EAX_XSAVEC | LEAFD1_EAX_XSAVES)))
		out[LEAF_EBX] = xsave_bytes(&cpuid->now, dyn->xcr0 | dyn->xss, true);
}

void vmx_cpuid_lookup(const struct vmx_cpuid *cpuid, const struct vmx_cpuid_dynamic *dyn,
		      u32 leaf, u32 subleaf, u32 out[4])
{
	int slot;

	leaf = effective_leaf(cpuid, leaf);
	slot = vmx_cpuid_slot(leaf, subleaf);
	if (slot >= 0)
		memcpy(out, cpuid->now.slots[slot], sizeof(cpuid->now.slots[slot]));
	else
		memset(out, 0, sizeof(cpuid->now.slots[0]));

	switch (leaf) {
	case 1:
		out[LEAF_EBX] |= dyn->apic_id << 24;
		if ((out[LEAF_ECX] & LEAF1_ECX_XSAVE) && (dyn->cr4 & (1u << 18)))
			out[LEAF_ECX] |= LEAF1_ECX_OSXSAVE;
		if (!dyn->apic_enabled)
			out[LEAF_EDX] &= ~LEAF1_EDX_APIC;
		break;
	case LEAF_TOPOLOGY:
		topology_leaf(cpuid, dyn->apic_id, subleaf, out);
		break;
	case LEAF_XSAVE:
		xsave_leaf(cpuid, dyn, subleaf, out);
		break;
	}
}

/* --------------------------------------------------- what follows from it */

/* Which CR4 bits, from the lowest, each feature allows */
static const struct {
	u32 leaf;
	u8 reg;
	u8 bit;
	u32 cr4;
} cr4_features[] = {
	{ 1, LEAF_EDX, 1,	0x00000003 },	/* VME: VME, PVI */
	{ 1, LEAF_EDX, 4,	0x00000004 },	/* TSC: TSD */
	{ 1, LEAF_EDX, 2,	0x00000008 },	/* DE */
	{ 1, LEAF_EDX, 3,	0x00000010 },	/* PSE */
	{ 1, LEAF_EDX, 6,	0x00000020 },	/* PAE */
	{ 1, LEAF_EDX, 7,	0x00000040 },	/* MCE */
	{ 1, LEAF_EDX, 13,	0x00000080 },	/* PGE */
	{ 1, LEAF_EDX, 24,	0x00000200 },	/* FXSR: OSFXSR */
	{ 1, LEAF_EDX, 25,	0x00000400 },	/* SSE: OSXMMEXCPT */
	{ 7, LEAF_ECX, 2,	0x00000800 },	/* UMIP */
	{ 7, LEAF_EBX, 0,	0x00010000 },	/* FSGSBASE */
	{ 1, LEAF_ECX, 17,	0x00020000 },	/* PCID: PCIDE */
	{ 1, LEAF_ECX, 26,	0x00040000 },	/* XSAVE: OSXSAVE */
	{ 7, LEAF_EBX, 7,	0x00100000 },	/* SMEP */
	{ 7, LEAF_EBX, 20,	0x00200000 },	/* SMAP */
};

#define CR4_PCE			0x00000100u	/* without a feature bit */

/* XCR0 as XSETBV could accept it: "Extended Control Registers" */
static u32 usable_xcr0(u32 mask)
{
	if ((mask & XCR0_BASE) != XCR0_BASE)
		return 0;
	if (!(mask & XCR0_AVX) || (mask & XCR0_AVX512) != XCR0_AVX512)
		mask &= ~XCR0_AVX512;
	return mask;
}

static void derive_xsave(struct vmx_cpuid *cpuid)
{
	u32 *features = cpuid->now.slots[SLOT_LEAF(1)];
	u32 *first = cpuid->now.slots[SLOT_LEAF(LEAF_XSAVE)];
	unsigned int i;
	u32 mask = 0;

	if (features[LEAF_ECX] & LEAF1_ECX_XSAVE)
		mask = usable_xcr0(first[LEAF_EAX]);
	if (!mask) {
		features[LEAF_ECX] &= ~LEAF1_ECX_XSAVE;
		memset(cpuid->now.slots[SLOT_XSAVE], 0, sizeof(cpuid->now.slots[0]));
	}
	for (i = XSAVE_FIRST_EXTENDED; i < XSAVE_SUBLEAVES; i++) {
		if (!(mask >> i & 1))
			memset(cpuid->now.slots[SLOT_XSAVE + i - 1], 0,
			       sizeof(cpuid->now.slots[0]));
	}

	cpuid->xcr0_mask = mask;
	first[LEAF_EAX] = mask;
	first[LEAF_EBX] = mask ? XSAVE_LEGACY_BYTES : 0;
	first[LEAF_ECX] = mask ? xsave_bytes(&cpuid->now, mask, false) : 0;
	first[LEAF_EDX] = 0;
}

void vmx_cpuid_derive(struct vmx_cpuid *cpuid)
{
	const u32 (*slots)[LEAF_REGS] = cpuid->now.slots;
	u32 edx, max;
	int i;

	derive_xsave(cpuid);

	cpuid->basic_max = min(slots[SLOT_LEAF(0)][LEAF_EAX], BASIC_LEAVES - 1);
	max = slots[SLOT_EXTENDED][LEAF_EAX] - LEAF_EXTENDED;
	cpuid->extended_leaves = max < EXTENDED_LEAVES ? max + 1 : 0;
	max = slots[SLOT_HYPERVISOR][LEAF_EAX] - LEAF_HYPERVISOR;
	cpuid->hypervisor_leaves = max < HYPERVISOR_LEAVES ? max + 1 : 0;

	cpuid->cr4_mask = CR4_PCE;
	for (i = 0; i < ARRAY_SIZE(cr4_features); i++) {
		if (vmx_cpuid_has(cpuid, cr4_features[i].leaf, 0, cr4_features[i].reg,
				  cr4_features[i].bit))
			cpuid->cr4_mask |= cr4_features[i].cr4;
	}

	edx = cpuid->extended_leaves > 1 ? slots[SLOT_EXT(0x80000001)][LEAF_EDX] : 0;
	cpuid->efer_mask = (edx & (1u << 11) ? 1u << 0 : 0) |	/* SYSCALL: SCE */
			   (edx & (1u << 20) ? 1u << 11 : 0) |	/* NX: NXE */
			   (edx & (1u << 29) ? 5u << 8 : 0);	/* LM: LME, LMA */

	/* Without the leaf: what PAE came with. */
	cpuid->phys_bits = cpuid->extended_leaves > 8 ?
			   slots[SLOT_EXT(0x80000008)][LEAF_EAX] & 0xff : 36;
	cpuid->phys_bits = max(cpuid->phys_bits, 32u);
}

u64 vmx_cpuid_cr4_mask(const struct vmx_cpuid *cpuid)
{
	return cpuid->cr4_mask;
}

u64 vmx_cpuid_efer_mask(const struct vmx_cpuid *cpuid)
{
	return cpuid->efer_mask;
}

u64 vmx_cpuid_xcr0_mask(const struct vmx_cpuid *cpuid)
{
	return cpuid->xcr0_mask;
}

unsigned int vmx_cpuid_phys_bits(const struct vmx_cpuid *cpuid)
{
	return cpuid->phys_bits;
}

bool vmx_cpuid_has(const struct vmx_cpuid *cpuid, u32 leaf, u32 subleaf, unsigned int reg,
		   unsigned int bit)
{
	int slot = vmx_cpuid_slot(leaf, subleaf);

	/* A leaf above the maximum grants nothing. */
	return slot >= 0 && effective_leaf(cpuid, leaf) == leaf &&
	       (cpuid->now.slots[slot][reg] >> bit & 1);
}

/* ---------------------------------------------------------- list, replace */

static bool is_empty(const u32 regs[LEAF_REGS])
{
	return !(regs[LEAF_EAX] | regs[LEAF_EBX] | regs[LEAF_ECX] | regs[LEAF_EDX]);
}

static void list(const struct vmx_cpuid_table *table, u32 leaf, u32 subleaf,
		 struct ward_cpuid_entry *entries, u32 capacity, u32 *count)
{
	const u32 *regs = table->slots[vmx_cpuid_slot(leaf, subleaf)];

	if (is_empty(regs))
		return;
	if (*count < capacity)
		entries[*count] = (struct ward_cpuid_entry) {
			.leaf = leaf,
			.subleaf = vmx_cpuid_has_subleaves(leaf) ? subleaf : WARD_CPUID_ANY_SUBLEAF,
			.eax = regs[LEAF_EAX],
			.ebx = regs[LEAF_EBX],
			.ecx = regs[LEAF_ECX],
			.edx = regs[LEAF_EDX],
		};
	(*count)++;
}

u32 vmx_cpuid_get(const struct vmx_cpuid *cpuid, struct ward_cpuid_entry *entries, u32 capacity)
{
	u32 leaf, subleaf, count = 0;

	for (leaf = 0; leaf < BASIC_LEAVES; leaf++) {
		list(&cpuid->now, leaf, 0, entries, capacity, &count);
		for (subleaf = 1; subleaf < subleaves[leaf].count; subleaf++)
			list(&cpuid->now, leaf, subleaf, entries, capacity, &count);
	}
	for (leaf = 0; leaf < HYPERVISOR_LEAVES; leaf++)
		list(&cpuid->now, LEAF_HYPERVISOR + leaf, 0, entries, capacity, &count);
	for (leaf = 0; leaf < EXTENDED_LEAVES; leaf++)
		list(&cpuid->now, LEAF_EXTENDED + leaf, 0, entries, capacity, &count);
	return count;
}

/* What user space may put into a register, @most being the default's value */
enum rule {
	FEWER,		/* a subset of its bits: the rule unless said otherwise */
	FREE,		/* identity: anything */
	LESS,		/* a maximum: at most that */
	SAME,		/* that, or nothing */
	LESS_BYTES,	/* each byte at most that */
};

static const u8 rules[SLOT_COUNT][LEAF_REGS] = {
	[SLOT_LEAF(0x00)]	= { LESS, FREE, FREE, FREE },	/* vendor */
	[SLOT_LEAF(0x01)]	= { FREE, FREE, FEWER, FEWER },	/* signature */
	[SLOT_LEAF(0x02)]	= { FREE, FREE, FREE, FREE },	/* caches */
	[SLOT_LEAF(0x04)]	= { FREE, FREE, FREE, FREE },	/* caches */
	[SLOT_LEAF(0x07)]	= { LESS, FEWER, FEWER, FEWER },
	[SLOT_LEAF(0x0b)]	= { FREE, FREE, FREE, FREE },	/* topology */
	[SLOT_LEAF(0x15)]	= { SAME, SAME, SAME, SAME },	/* TSC frequency */
	[SLOT_LEAF(0x16)]	= { SAME, SAME, SAME, SAME },
	[SLOT_EXT(0x80000000)]	= { LESS, FREE, FREE, FREE },
	[SLOT_EXT(0x80000001)]	= { FREE, FEWER, FEWER, FEWER },
	[SLOT_EXT(0x80000002)]	= { FREE, FREE, FREE, FREE },	/* brand */
	[SLOT_EXT(0x80000003)]	= { FREE, FREE, FREE, FREE },
	[SLOT_EXT(0x80000004)]	= { FREE, FREE, FREE, FREE },
	[SLOT_EXT(0x80000006)]	= { FREE, FREE, FREE, FREE },	/* caches */
	[SLOT_EXT(0x80000008)]	= { LESS_BYTES, FEWER, FEWER, FEWER },
	[SLOT_HYPERVISOR ... SLOT_HYPERVISOR + HYPERVISOR_LEAVES - 1] =
				  { FREE, FREE, FREE, FREE },
	[SLOT_CACHES ... SLOT_CACHES + CACHE_SUBLEAVES - 2] =
				  { FREE, FREE, FREE, FREE },
	[SLOT_TOPOLOGY ... SLOT_TOPOLOGY + TOPOLOGY_SUBLEAVES - 2] =
				  { FREE, FREE, FREE, FREE },
	/* Subleaf 1 has feature bits, the others offsets and sizes. */
	[SLOT_XSAVE + 1 ... SLOT_XSAVE + XSAVE_SUBLEAVES - 2] =
				  { SAME, SAME, SAME, SAME },
};

static bool follows_rule(enum rule rule, u32 value, u32 most)
{
	int i;

	switch (rule) {
	case FREE:
		return true;
	case LESS:
		return value <= most;
	case SAME:
		return value == most || !value;
	case LESS_BYTES:
		for (i = 0; i < 32; i += 8) {
			if ((value >> i & 0xff) > (most >> i & 0xff))
				return false;
		}
		return true;
	default:
		return !(value & ~most);
	}
}

/* Clear what vmx_cpuid_lookup() and vmx_cpuid_derive() fill in. */
static void drop_dynamic(u32 slot, u32 regs[LEAF_REGS])
{
	switch (slot) {
	case SLOT_LEAF(1):
		regs[LEAF_EBX] &= 0x00ffffff;
		regs[LEAF_ECX] &= ~LEAF1_ECX_OSXSAVE;
		break;
	case SLOT_LEAF(LEAF_TOPOLOGY):
	case SLOT_TOPOLOGY:
		regs[LEAF_EDX] = 0;
		break;
	case SLOT_LEAF(LEAF_XSAVE):
		regs[LEAF_EBX] = 0;
		regs[LEAF_ECX] = 0;
		break;
	case SLOT_XSAVE:
		regs[LEAF_EBX] = 0;
		break;
	}
}

static int entry_slot(const struct ward_cpuid_entry *entry)
{
	if (vmx_cpuid_has_subleaves(entry->leaf))
		return vmx_cpuid_slot(entry->leaf, entry->subleaf);
	if (entry->subleaf && entry->subleaf != WARD_CPUID_ANY_SUBLEAF)
		return -1;
	return vmx_cpuid_slot(entry->leaf, 0);
}

static int take_entry(struct vmx_cpuid_table *table, const struct vmx_cpuid_table *most,
		      const struct ward_cpuid_entry *entry, unsigned long *seen)
{
	int slot = entry_slot(entry);
	u32 *regs;
	u32 limit;
	int i;

	if (slot < 0 || __test_and_set_bit(slot, seen))
		return -EINVAL;

	regs = table->slots[slot];
	regs[LEAF_EAX] = entry->eax;
	regs[LEAF_EBX] = entry->ebx;
	regs[LEAF_ECX] = entry->ecx;
	regs[LEAF_EDX] = entry->edx;
	drop_dynamic(slot, regs);

	for (i = 0; i < LEAF_REGS; i++) {
		limit = most->slots[slot][i];
		/* Counts of logical processors are there, says HTT: topology. */
		if (slot == SLOT_LEAF(1) && i == LEAF_EDX)
			limit |= LEAF1_EDX_HTT;
		if (!follows_rule(rules[slot][i], regs[i], limit))
			return -EINVAL;
	}
	return 0;
}

int vmx_cpuid_set(struct vmx_cpuid *cpuid, const struct ward_cpuid_entry *entries, u32 count)
{
	DECLARE_BITMAP(seen, SLOT_COUNT) = {};
	struct vmx_cpuid_table *table;
	int err = 0;
	u32 i;

	table = kzalloc(sizeof(*table), GFP_KERNEL);
	if (!table)
		return -ENOMEM;
	for (i = 0; i < count && !err; i++)
		err = take_entry(table, &cpuid->most, &entries[i], seen);
	if (!err) {
		cpuid->now = *table;
		vmx_cpuid_derive(cpuid);
	}
	kfree(table);
	return err;
}
