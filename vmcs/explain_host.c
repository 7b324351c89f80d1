// SPDX-License-Identifier: GPL-2.0-only
/*
 * explain_host.c - the entry checks on the host-state area.
 *
 * Intel SDM: "Checks on Host-State Area". A VM entry that breaks one of
 * these fails with VM-instruction error 8.
 */
#include "vmcs/explain_rules.h"

#define HOST_SELECTOR	"must have RPL and TI 0 (bits 2:0)"

static bool cr0_needed(const struct entry_state *s, u64 value)
{
	return ~value & s->msrs[VMX_MSR_CR0_FIXED0] & ~CR0_UNCHECKED;
}

static bool cet_without_wp(const struct entry_state *s, u64 value)
{
	return value >> 23 & 1 && !(s->read(s->ctx, HOST_CR0) & X86_CR0_WP);
}

/* LMA and LME both say what "host address-space size" says. */
static bool efer_not_of_host(const struct entry_state *s, u64 value)
{
	u64 is64 = has(s, WHEN_EXIT, VM_EXIT_HOST_ADDR_SPACE_SIZE);

	return (value >> EFER_LMA_BIT & 1) != is64 ||
	       (value >> EFER_LME_BIT & 1) != is64;
}

static const struct entry_rule register_rules[] = {
	{ HOST_CR0, 0, WHEN_ALWAYS, cr0_lacking,
	  "must not have a bit that the CPU lacks" },
	{ HOST_CR0, 0, WHEN_ALWAYS, cr0_needed,
	  "must have every bit that VMX operation needs" },
	{ HOST_CR4, 0, WHEN_ALWAYS, cr4_lacking,
	  "must not have a bit that the CPU lacks" },
	{ HOST_CR4, 0, WHEN_ALWAYS, cr4_needed,
	  "must have every bit that VMX operation needs" },
	{ HOST_CR4, 0, WHEN_ALWAYS, cet_without_wp,
	  "must not have CET while CR0.WP is 0" },
	{ HOST_CR3, 0, WHEN_ALWAYS, bad_cr3,
	  "must not have bits above the physical-address width" },
	{ HOST_IA32_SYSENTER_ESP, 0, WHEN_ALWAYS, not_canonical, CANONICAL },
	{ HOST_IA32_SYSENTER_EIP, 0, WHEN_ALWAYS, not_canonical, CANONICAL },
	{ HOST_IA32_PAT, VM_EXIT_LOAD_IA32_PAT, WHEN_EXIT, bad_pat,
	  "must have a memory type in every byte" },
	{ HOST_IA32_EFER, VM_EXIT_LOAD_IA32_EFER, WHEN_EXIT, bad_efer,
	  "must not have reserved bits" },
	{ HOST_IA32_EFER, VM_EXIT_LOAD_IA32_EFER, WHEN_EXIT, efer_not_of_host,
	  "must have LMA and LME as the host address-space size" },
};

static bool bad_selector(const struct entry_state *s, u64 value)
{
	return value & 7;
}

static const struct entry_rule segment_rules[] = {
	{ HOST_ES_SELECTOR, 0, WHEN_ALWAYS, bad_selector, HOST_SELECTOR },
	{ HOST_CS_SELECTOR, 0, WHEN_ALWAYS, bad_selector, HOST_SELECTOR },
	{ HOST_SS_SELECTOR, 0, WHEN_ALWAYS, bad_selector, HOST_SELECTOR },
	{ HOST_DS_SELECTOR, 0, WHEN_ALWAYS, bad_selector, HOST_SELECTOR },
	{ HOST_FS_SELECTOR, 0, WHEN_ALWAYS, bad_selector, HOST_SELECTOR },
	{ HOST_GS_SELECTOR, 0, WHEN_ALWAYS, bad_selector, HOST_SELECTOR },
	{ HOST_TR_SELECTOR, 0, WHEN_ALWAYS, bad_selector, HOST_SELECTOR },
	{ HOST_CS_SELECTOR, 0, WHEN_ALWAYS, is_zero, "must not be 0" },
	{ HOST_TR_SELECTOR, 0, WHEN_ALWAYS, is_zero, "must not be 0" },
	{ HOST_FS_BASE, 0, WHEN_ALWAYS, not_canonical, CANONICAL },
	{ HOST_GS_BASE, 0, WHEN_ALWAYS, not_canonical, CANONICAL },
	{ HOST_GDTR_BASE, 0, WHEN_ALWAYS, not_canonical, CANONICAL },
	{ HOST_IDTR_BASE, 0, WHEN_ALWAYS, not_canonical, CANONICAL },
	{ HOST_TR_BASE, 0, WHEN_ALWAYS, not_canonical, CANONICAL },
};

/* Ward's host is always in 64-bit mode. */
static bool not_64_bit(const struct entry_state *s, u64 value)
{
	return !(value & VM_EXIT_HOST_ADDR_SPACE_SIZE);
}

static bool no_pae(const struct entry_state *s, u64 value)
{
	return !(value & X86_CR4_PAE);
}

static const struct entry_rule size_rules[] = {
	{ VM_EXIT_CONTROLS, 0, WHEN_ALWAYS, not_64_bit,
	  "must have host address-space size with a 64-bit host" },
	{ HOST_CR4, VM_EXIT_HOST_ADDR_SPACE_SIZE, WHEN_EXIT, no_pae,
	  "must have PAE with a 64-bit host" },
	{ HOST_RIP, VM_EXIT_HOST_ADDR_SPACE_SIZE, WHEN_EXIT, not_canonical,
	  CANONICAL },
};

const struct entry_section vmcs_host_register_section =
	ENTRY_SECTION("Checks on Host Control Registers, MSRs, and SSP",
		      register_rules);
const struct entry_section vmcs_host_segment_section =
	ENTRY_SECTION("Checks on Host Segment and Descriptor-Table Registers",
		      segment_rules);
const struct entry_section vmcs_host_size_section =
	ENTRY_SECTION("Checks Related to Address-Space Size", size_rules);
