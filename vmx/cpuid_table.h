/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cpuid_table.h - the layout of a CPUID table, for the files cpuid*.c.
 *
 * A table is an array of slots, four registers each; a leaf's slot follows
 * from its number alone. Leaves above those here are above the maximum that
 * the table reports.
 */
#ifndef WARD_VMX_CPUID_TABLE_H
#define WARD_VMX_CPUID_TABLE_H

#include <linux/types.h>

enum { LEAF_EAX, LEAF_EBX, LEAF_ECX, LEAF_EDX, LEAF_REGS };

#define LEAF_HYPERVISOR	0x40000000u
#define LEAF_EXTENDED		0x80000000u

#define BASIC_LEAVES	0x17u	/* to 0x16, the processor's frequency */
#define HYPERVISOR_LEAVES	2u	/* signature, features */
#define EXTENDED_LEAVES	9u	/* to 0x80000008, address sizes */

/* Leaves with subleaves, and how many have a slot */
#define LEAF_CACHES		0x4u
#define CACHE_SUBLEAVES	8u
#define LEAF_FEATURES7		0x7u
#define FEATURE7_SUBLEAVES 2u
#define LEAF_TOPOLOGY		0xbu
#define TOPOLOGY_SUBLEAVES 2u
#define LEAF_XSAVE		0xdu
#define XSAVE_SUBLEAVES	8u	/* by the bit in XCR0 */

/* A basic leaf, or its subleaf 0, has its own number as slot. */
enum {
	SLOT_HYPERVISOR = BASIC_LEAVES,
	SLOT_EXTENDED = SLOT_HYPERVISOR + HYPERVISOR_LEAVES,
	/* Subleaves 1 and on */
	SLOT_CACHES = SLOT_EXTENDED + EXTENDED_LEAVES,
	SLOT_FEATURES7 = SLOT_CACHES + CACHE_SUBLEAVES - 1,
	SLOT_TOPOLOGY = SLOT_FEATURES7 + FEATURE7_SUBLEAVES - 1,
	SLOT_XSAVE = SLOT_TOPOLOGY + TOPOLOGY_SUBLEAVES - 1,
	SLOT_COUNT = SLOT_XSAVE + XSAVE_SUBLEAVES - 1,
};

#define SLOT_LEAF(leaf)		(leaf)
#define SLOT_EXT(leaf)		(SLOT_EXTENDED + ((leaf) - LEAF_EXTENDED))

/* Bits that more than one place needs */
#define LEAF1_ECX_X2APIC	(1u << 21)
#define LEAF1_ECX_DEADLINE	(1u << 24)
#define LEAF1_ECX_XSAVE	(1u << 26)
#define LEAF1_ECX_OSXSAVE	(1u << 27)
#define LEAF1_ECX_HYPERVISOR	(1u << 31)
#define LEAF1_EDX_APIC	(1u << 9)
#define LEAF1_EDX_HTT		(1u << 28)
#define LEAFD1_EAX_XSAVEC	(1u << 1)
#define LEAFD1_EAX_XSAVES	(1u << 3)

struct vmx_cpuid_table {
	u32 slots[SLOT_COUNT][LEAF_REGS];
};

/**
 * struct vmx_cpuid - a VM's CPUID
 * @now: what the guest sees, but for the bits that depend on the vCPU
 * @most: the default table: what vmx_cpuid_set() may not exceed
 * The rest follows from @now.
 */
struct vmx_cpuid {
	struct vmx_cpuid_table now;
	u32 basic_max;
	u32 hypervisor_leaves;
	u32 extended_leaves;
	u32 phys_bits;
	u64 cr4_mask;
	u64 efer_mask;
	u64 xcr0_mask;
	struct vmx_cpuid_table most;
};

/* Where a leaf's registers are, or -1. */
int vmx_cpuid_slot(u32 leaf, u32 subleaf);
/* Does ECX matter to the leaf? */
bool vmx_cpuid_has_subleaves(u32 leaf);
/* Make the table consistent in itself and compute what follows from it. */
void vmx_cpuid_derive(struct vmx_cpuid *cpuid);

#endif /* WARD_VMX_CPUID_TABLE_H */
