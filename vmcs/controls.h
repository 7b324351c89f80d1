/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * controls.h - which VMX controls Ward sets, and what the CPU allows.
 *
 * Everything here is pure: it works on the values of the capability MSRs
 * (IA32_VMX_BASIC, 0x480, and the 17 behind it) and touches no hardware.
 * Intel SDM: appendix "VMX Capability Reporting Facility".
 */
#ifndef WARD_VMCS_CONTROLS_H
#define WARD_VMCS_CONTROLS_H

#include <linux/types.h>
#include <asm/processor-flags.h>

#include "vmx_capabilities.h"

/**
 * struct vmcs_caps - the capability MSRs of one CPU
 * @msrs: values of 0x480 to 0x491 (VMX_MSR_* index it); 0 where it lacks one
 *
 * The functions below take the array itself, so that it may live anywhere.
 */
struct vmcs_caps {
	u64 msrs[VMX_CAPABILITY_MSRS];
};

/**
 * struct vmcs_controls - values for the five control fields of a VMCS
 * @pin: pin-based VM-execution controls
 * @proc: primary processor-based VM-execution controls
 * @proc2: secondary processor-based VM-execution controls
 * @exit: primary VM-exit controls
 * @entry: VM-entry controls; "IA-32e mode guest" is off and belongs to the
 *	   guest's state
 */
struct vmcs_controls {
	u32 pin;
	u32 proc;
	u32 proc2;
	u32 exit;
	u32 entry;
};

/**
 * vmcs_negotiate() - choose the controls for every VMCS of this CPU
 * @msrs: the CPU's capability MSRs
 * @out: the controls; written on success only
 * @missing: on -ENODEV, name of the first thing the CPU lacks: a name of
 *	     vmx_capabilities.h, or, where the CPU has something that cannot
 *	     be switched off, "to switch", that name, "off". Both go behind
 *	     "the CPU lacks the capability". NULL on success.
 *
 * Context: any.
 * Return: 0, or -ENODEV where Ward cannot run on this CPU.
 */
int vmcs_negotiate(const u64 msrs[VMX_CAPABILITY_MSRS],
		   struct vmcs_controls *out, const char **missing);

/**
 * vmcs_control_msr() - the MSR that rules a group of controls on this CPU
 * @msrs: the CPU's capability MSRs
 * @group: VMX_GROUP_PIN, _PROC, _PROC2, _EXIT or _ENTRY
 *
 * Return: bits 31:0, which controls must be 1; bits 63:32, which may be 1.
 */
static inline u64 vmcs_control_msr(const u64 msrs[VMX_CAPABILITY_MSRS],
				   enum vmx_capability_group group)
{
	const struct vmx_capability any = { .group = group };

	return msrs[vmx_capability_msr(msrs, &any)];
}

static inline u32 vmcs_controls_must_be_1(const u64 msrs[VMX_CAPABILITY_MSRS],
					  enum vmx_capability_group group)
{
	return (u32)vmcs_control_msr(msrs, group);
}

static inline u32 vmcs_controls_may_be_1(const u64 msrs[VMX_CAPABILITY_MSRS],
					 enum vmx_capability_group group)
{
	return (u32)(vmcs_control_msr(msrs, group) >> 32);
}

/**
 * vmcs_revision() - revision identifier for VMXON regions and VMCSs
 * @msrs: the CPU's capability MSRs
 */
static inline u32 vmcs_revision(const u64 msrs[VMX_CAPABILITY_MSRS])
{
	return (u32)msrs[VMX_MSR_BASIC] & 0x7fffffff;
}

/*
 * Bits of CR0 and CR4 that VMX operation fixes. An unrestricted guest may
 * clear CR0.PE and CR0.PG all the same; the host may not.
 */
static inline u64 vmcs_cr0_must_be_1(const u64 msrs[VMX_CAPABILITY_MSRS])
{
	return msrs[VMX_MSR_CR0_FIXED0] & ~(u64)(X86_CR0_PE | X86_CR0_PG);
}

static inline u64 vmcs_cr0_may_be_1(const u64 msrs[VMX_CAPABILITY_MSRS])
{
	return msrs[VMX_MSR_CR0_FIXED1];
}

static inline u64 vmcs_cr4_must_be_1(const u64 msrs[VMX_CAPABILITY_MSRS])
{
	return msrs[VMX_MSR_CR4_FIXED0];
}

static inline u64 vmcs_cr4_may_be_1(const u64 msrs[VMX_CAPABILITY_MSRS])
{
	return msrs[VMX_MSR_CR4_FIXED1];
}

/**
 * vmcs_cr0_fixed() - the guest CR0 that the CPU accepts
 * @msrs: the CPU's capability MSRs
 * @cr0: what the guest set
 *
 * Return: @cr0 with the bits that VMX needs (NE) set, and those that the CPU
 * does not have cleared. PE and PG stay as they are.
 */
static inline u64 vmcs_cr0_fixed(const u64 msrs[VMX_CAPABILITY_MSRS], u64 cr0)
{
	return (cr0 | vmcs_cr0_must_be_1(msrs)) & vmcs_cr0_may_be_1(msrs);
}

/**
 * vmcs_cr4_fixed() - the guest CR4 that the CPU accepts
 * @msrs: the CPU's capability MSRs
 * @cr4: what the guest set
 *
 * Return: @cr4 with the bits that VMX needs (VMXE) set, and those that the
 * CPU does not have cleared.
 */
static inline u64 vmcs_cr4_fixed(const u64 msrs[VMX_CAPABILITY_MSRS], u64 cr4)
{
	return (cr4 | vmcs_cr4_must_be_1(msrs)) & vmcs_cr4_may_be_1(msrs);
}

/**
 * vmcs_preemption_timer_shift() - rate of the VMX-preemption timer
 * @msrs: the CPU's capability MSRs
 *
 * Return: n, where the timer counts down by one each time bit n of the TSC
 * changes: a value of v lasts v << n TSC ticks, less up to one such step.
 */
static inline unsigned int
vmcs_preemption_timer_shift(const u64 msrs[VMX_CAPABILITY_MSRS])
{
	return msrs[VMX_MSR_MISC] & 0x1f;
}

/**
 * vmcs_preemption_timer_value() - the timer's start value for a time span
 * @msrs: the CPU's capability MSRs
 * @tsc_ticks: the span, in ticks of the host's TSC
 *
 * Return: the largest value that does not last longer; at most 2^32 - 1.
 */
static inline u32
vmcs_preemption_timer_value(const u64 msrs[VMX_CAPABILITY_MSRS], u64 tsc_ticks)
{
	u64 value = tsc_ticks >> vmcs_preemption_timer_shift(msrs);

	return value > 0xffffffffull ? 0xffffffffu : (u32)value;
}

/**
 * vmcs_ept_has_accessed_dirty() - do EPT entries keep accessed and dirty bits
 * @msrs: the CPU's capability MSRs
 */
static inline bool
vmcs_ept_has_accessed_dirty(const u64 msrs[VMX_CAPABILITY_MSRS])
{
	return msrs[VMX_MSR_EPT_VPID] >> 21 & 1;
}

#endif /* WARD_VMCS_CONTROLS_H */
