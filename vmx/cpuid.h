/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cpuid.h - what CPUID says in a VM.
 *
 * The default table is the host's, less what Ward does not virtualise (each
 * removal has its reason in cpuid.c), plus the hypervisor leaves. User space
 * may replace it by one with fewer features, before the first vCPU. Then it
 * is constant, and CPUID exits read it without a lock.
 *
 * What the table grants is also what control registers accept: the masks
 * below follow it.
 */
#ifndef WARD_VMX_CPUID_H
#define WARD_VMX_CPUID_H

#include <linux/types.h>
#include "ward.h"

struct vmx_cpuid;

/**
 * struct vmx_cpuid_dynamic - the vCPU's part of the answer
 * @apic_id: x2APIC id
 * @apic_enabled: IA32_APIC_BASE.EN; false in a VM without local APIC
 * @xcr0: the guest's XCR0
 * @xss: the guest's IA32_XSS (0 while no supervisor state is offered)
 * @cr4: as the guest reads it
 */
struct vmx_cpuid_dynamic {
	u32 apic_id;
	bool apic_enabled;
	u64 xcr0;
	u64 xss;
	u64 cr4;
};

/**
 * vmx_cpuid_create - the default table
 * @flags: WARD_VM_*: without WARD_VM_LAPIC there is no APIC, x2APIC,
 *         TSC-deadline timer
 * Context: may sleep. Return: table or NULL (no memory).
 */
struct vmx_cpuid *vmx_cpuid_create(u32 flags);
void vmx_cpuid_destroy(struct vmx_cpuid *cpuid);

/**
 * vmx_cpuid_get - list the table
 * Return: how many entries there are (at most WARD_MAX_CPUID); writes at most
 * @capacity. Context: the caller excludes vmx_cpuid_set().
 */
u32 vmx_cpuid_get(const struct vmx_cpuid *cpuid, struct ward_cpuid_entry *entries, u32 capacity);

/**
 * vmx_cpuid_set - replace the table
 *
 * The new table has what @entries say and zero elsewhere. Feature bits and
 * maximum leaves may only go down from the default table; identity (vendor,
 * signature, brand, caches, topology, hypervisor leaves) is free; sizes and
 * frequencies must be the default's or zero. Bits that depend on the vCPU
 * are ignored.
 *
 * Return: 0; -EINVAL: a feature that the default table lacks, a leaf that
 * has no place in it, an entry given twice. Nothing has changed then.
 * Context: may sleep; no vCPU exists; the caller excludes the others.
 */
int vmx_cpuid_set(struct vmx_cpuid *cpuid, const struct ward_cpuid_entry *entries, u32 count);

/* CPUID. @out: EAX, EBX, ECX, EDX. Context: any. */
void vmx_cpuid_lookup(const struct vmx_cpuid *cpuid, const struct vmx_cpuid_dynamic *dyn,
		      u32 leaf, u32 subleaf, u32 out[4]);

/* --- what follows from the table; context: any --- */

/* CR4 bits the guest may set; never VMXE, SMXE. */
u64 vmx_cpuid_cr4_mask(const struct vmx_cpuid *cpuid);
/* EFER bits the guest may set: SCE, LME, LMA, NXE */
u64 vmx_cpuid_efer_mask(const struct vmx_cpuid *cpuid);
/* XCR0 bits the guest may set; 0: no XSAVE */
u64 vmx_cpuid_xcr0_mask(const struct vmx_cpuid *cpuid);
/* Width of guest-physical addresses (reserved bits in CR3, MTRRs, PDPTEs) */
unsigned int vmx_cpuid_phys_bits(const struct vmx_cpuid *cpuid);
/*
 * Is the bit set in the table? @reg: 0 EAX to 3 EDX; @subleaf 0 where it
 * does not matter.
 */
bool vmx_cpuid_has(const struct vmx_cpuid *cpuid, u32 leaf, u32 subleaf, unsigned int reg,
		   unsigned int bit);

#endif /* WARD_VMX_CPUID_H */
