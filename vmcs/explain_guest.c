// SPDX-License-Identifier: GPL-2.0-only
/*
 * explain_guest.c - the entry checks on guest registers other than segments.
 *
 * Intel SDM: "Checks on the Guest State Area". A VM entry that breaks one of
 * these ends in an exit with reason 33.
 */
#include "vmcs/explain_rules.h"

/* Bits 0 to 2 and 6 to 15; which of them a CPU has depends on its model. */
#define DEBUGCTL_DEFINED	0xffc7ull

static bool ia32e(const struct entry_state *s)
{
	return has(s, WHEN_ENTRY, VM_ENTRY_IA32E_MODE);
}

static bool cr0_needed(const struct entry_state *s, u64 value)
{
	u64 must = s->msrs[VMX_MSR_CR0_FIXED0];

	if (has(s, WHEN_PROC2, SECONDARY_EXEC_UNRESTRICTED_GUEST))
		must = vmcs_cr0_must_be_1(s->msrs);
	return ~value & must & ~CR0_UNCHECKED;
}

static bool pg_without_pe(const struct entry_state *s, u64 value)
{
	return (value & X86_CR0_PG) && !(value & X86_CR0_PE);
}

static bool cet_without_wp(const struct entry_state *s, u64 value)
{
	return value >> 23 & 1 && !(s->cr0 & X86_CR0_WP);
}

static bool bad_debugctl(const struct entry_state *s, u64 value)
{
	return value & ~DEBUGCTL_DEFINED;
}

static bool no_pg(const struct entry_state *s, u64 value)
{
	return !(value & X86_CR0_PG);
}

static bool no_pae(const struct entry_state *s, u64 value)
{
	return !(value & X86_CR4_PAE);
}

static bool pcide_without_ia32e(const struct entry_state *s, u64 value)
{
	return (value & X86_CR4_PCIDE) && !ia32e(s);
}

static bool above_32_bits(const struct entry_state *s, u64 value)
{
	return value >> 32;
}

static bool efer_lma_not_entry(const struct entry_state *s, u64 value)
{
	return (value >> EFER_LMA_BIT & 1) != ia32e(s);
}

static bool efer_lma_not_lme(const struct entry_state *s, u64 value)
{
	return (s->cr0 & X86_CR0_PG) &&
	       (value >> EFER_LMA_BIT & 1) != (value >> EFER_LME_BIT & 1);
}

/* Bits 63:12 are a linear address, 1:0 flags. */
static bool bad_bndcfgs(const struct entry_state *s, u64 value)
{
	return (value & 0xffc) || not_canonical(s, value & ~0xfffull);
}

static const struct entry_rule register_rules[] = {
	{ GUEST_CR0, 0, WHEN_ALWAYS, cr0_lacking,
	  "must not have a bit that the CPU lacks" },
	{ GUEST_CR0, 0, WHEN_ALWAYS, cr0_needed,
	  "must have every bit that VMX operation needs" },
	{ GUEST_CR0, 0, WHEN_ALWAYS, pg_without_pe,
	  "must have PE set where PG is" },
	{ GUEST_CR4, 0, WHEN_ALWAYS, cr4_lacking,
	  "must not have a bit that the CPU lacks" },
	{ GUEST_CR4, 0, WHEN_ALWAYS, cr4_needed,
	  "must have every bit that VMX operation needs" },
	{ GUEST_CR4, 0, WHEN_ALWAYS, cet_without_wp,
	  "must not have CET while CR0.WP is 0" },
	{ GUEST_IA32_DEBUGCTL, VM_ENTRY_LOAD_DEBUG_CONTROLS, WHEN_ENTRY,
	  bad_debugctl, "must not have reserved bits" },
	{ GUEST_CR0, VM_ENTRY_IA32E_MODE, WHEN_ENTRY, no_pg,
	  "must have PG set in IA-32e mode" },
	{ GUEST_CR4, VM_ENTRY_IA32E_MODE, WHEN_ENTRY, no_pae,
	  "must have PAE set in IA-32e mode" },
	{ GUEST_CR4, 0, WHEN_ALWAYS, pcide_without_ia32e,
	  "must not have PCIDE outside IA-32e mode" },
	{ GUEST_CR3, 0, WHEN_ALWAYS, bad_cr3,
	  "must not have bits above the physical-address width" },
	{ GUEST_DR7, VM_ENTRY_LOAD_DEBUG_CONTROLS, WHEN_ENTRY, above_32_bits,
	  "must not have bits above 31" },
	{ GUEST_SYSENTER_ESP, 0, WHEN_ALWAYS, not_canonical, CANONICAL },
	{ GUEST_SYSENTER_EIP, 0, WHEN_ALWAYS, not_canonical, CANONICAL },
	{ GUEST_IA32_PAT, VM_ENTRY_LOAD_IA32_PAT, WHEN_ENTRY, bad_pat,
	  "must have a memory type in every byte" },
	{ GUEST_IA32_EFER, VM_ENTRY_LOAD_IA32_EFER, WHEN_ENTRY, bad_efer,
	  "must not have reserved bits" },
	{ GUEST_IA32_EFER, VM_ENTRY_LOAD_IA32_EFER, WHEN_ENTRY,
	  efer_lma_not_entry,
	  "must have LMA as the entry control IA-32e mode guest" },
	{ GUEST_IA32_EFER, VM_ENTRY_LOAD_IA32_EFER, WHEN_ENTRY,
	  efer_lma_not_lme, "must have LMA equal to LME with paging on" },
	{ GUEST_BNDCFGS, VM_ENTRY_LOAD_BNDCFGS, WHEN_ENTRY, bad_bndcfgs,
	  "must be a canonical address without reserved bits" },
};

static bool above_16_bits(const struct entry_state *s, u64 value)
{
	return value >> 16;
}

static const struct entry_rule table_rules[] = {
	{ GUEST_GDTR_BASE, 0, WHEN_ALWAYS, not_canonical, CANONICAL },
	{ GUEST_IDTR_BASE, 0, WHEN_ALWAYS, not_canonical, CANONICAL },
	{ GUEST_GDTR_LIMIT, 0, WHEN_ALWAYS, above_16_bits,
	  "must fit into 16 bits" },
	{ GUEST_IDTR_LIMIT, 0, WHEN_ALWAYS, above_16_bits,
	  "must fit into 16 bits" },
};

static bool code_64(const struct entry_state *s)
{
	return ia32e(s) && (s->segments[WARD_CS].rights & VMX_AR_L_MASK);
}

static bool rip_above_32_bits(const struct entry_state *s, u64 value)
{
	return !code_64(s) && value >> 32;
}

/* One bit weaker than canonical: only bits above the width are compared. */
static bool rip_beyond_width(const struct entry_state *s, u64 value)
{
	s64 above = (s64)value >> s->linear_bits;

	return code_64(s) && above != 0 && above != -1;
}

/* Bits 63:22, 15, 5 and 3 */
static bool rflags_reserved(const struct entry_state *s, u64 value)
{
	return value & ~0x3f7fd7ull;
}

static bool rflags_bit_1(const struct entry_state *s, u64 value)
{
	return !(value & X86_EFLAGS_FIXED);
}

static bool vm_in_ia32e(const struct entry_state *s, u64 value)
{
	return (value & X86_EFLAGS_VM) && ia32e(s);
}

static bool vm_in_real_mode(const struct entry_state *s, u64 value)
{
	return (value & X86_EFLAGS_VM) && !(s->cr0 & X86_CR0_PE);
}

static bool interrupt_without_if(const struct entry_state *s, u64 value)
{
	return injects(s, INTR_TYPE_EXT_INTR) && !(value & X86_EFLAGS_IF);
}

static const struct entry_rule rip_rules[] = {
	{ GUEST_RIP, 0, WHEN_ALWAYS, rip_above_32_bits,
	  "must fit into 32 bits outside 64-bit mode" },
	{ GUEST_RIP, 0, WHEN_ALWAYS, rip_beyond_width,
	  "must not exceed the linear-address width" },
	{ GUEST_RFLAGS, 0, WHEN_ALWAYS, rflags_reserved,
	  "must not have reserved bits" },
	{ GUEST_RFLAGS, 0, WHEN_ALWAYS, rflags_bit_1, "must have bit 1 set" },
	{ GUEST_RFLAGS, 0, WHEN_ALWAYS, vm_in_ia32e,
	  "must not have VM in IA-32e mode" },
	{ GUEST_RFLAGS, 0, WHEN_ALWAYS, vm_in_real_mode,
	  "must not have VM while CR0.PE is 0" },
	{ GUEST_RFLAGS, 0, WHEN_ALWAYS, interrupt_without_if,
	  "must have IF set to inject an external interrupt" },
};

const struct entry_section vmcs_guest_register_section =
	ENTRY_SECTION("Checks on Guest Control Registers, Debug Registers, and MSRs",
		      register_rules);
const struct entry_section vmcs_guest_table_section =
	ENTRY_SECTION("Checks on Guest Descriptor-Table Registers",
		      table_rules);
const struct entry_section vmcs_guest_rip_section =
	ENTRY_SECTION("Checks on Guest RIP, RFLAGS, and SSP", rip_rules);
