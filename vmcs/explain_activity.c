// SPDX-License-Identifier: GPL-2.0-only
/*
 * explain_activity.c - the entry checks on guest state that is no register.
 *
 * Activity, blocking of events, pending debug exceptions, the VMCS link
 * pointer, and the PDPTEs. Intel SDM: "Checks on Guest Non-Register State".
 * A VM entry that breaks one of these ends in an exit with reason 33.
 */
#include "vmcs/explain_rules.h"

#define DEBUGCTL_BTF	(1ull << 1)
#define BLOCKED		(GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS)
#define PENDING_BS	(1ull << 14)
#define PENDING_RTM	(1ull << 16)
/* Breakpoints 0 to 3, bus lock, enabled breakpoint, single-step, RTM */
#define PENDING_DEFINED	0x1580full

static bool activity_unknown(const struct entry_state *s, u64 value)
{
	/* HLT, shutdown and wait-for-SIPI are bits 6 to 8 of the MSR. */
	return value > GUEST_ACTIVITY_WAIT_SIPI ||
	       (value && !(s->msrs[VMX_MSR_MISC] >> (5 + value) & 1));
}

static bool hlt_outside_ring_0(const struct entry_state *s, u64 value)
{
	return value == GUEST_ACTIVITY_HLT &&
	       VMX_AR_DPL(s->segments[WARD_SS].rights);
}

static bool inactive_while_blocked(const struct entry_state *s, u64 value)
{
	return value && (s->blocking & BLOCKED);
}

static bool is_exception(const struct entry_state *s, u32 vector)
{
	return injects(s, INTR_TYPE_HARD_EXCEPTION) &&
	       event_vector(s) == vector;
}

static bool event_in_this_activity(const struct entry_state *s, u64 value)
{
	if (!(s->event & INTR_INFO_VALID_MASK))
		return false;

	switch (value) {
	case GUEST_ACTIVITY_HLT:
		return !injects(s, INTR_TYPE_EXT_INTR) &&
		       !injects(s, INTR_TYPE_NMI_INTR) &&
		       !injects(s, INTR_TYPE_OTHER_EVENT) &&
		       !is_exception(s, 1) && !is_exception(s, 18);
	case GUEST_ACTIVITY_SHUTDOWN:
		return !injects(s, INTR_TYPE_NMI_INTR) && !is_exception(s, 18);
	case GUEST_ACTIVITY_WAIT_SIPI:
		return true;
	default:
		return false;
	}
}

static bool blocking_reserved(const struct entry_state *s, u64 value)
{
	return value & ~0x1full;
}

static bool blocking_both(const struct entry_state *s, u64 value)
{
	return (value & BLOCKED) == BLOCKED;
}

static bool sti_without_if(const struct entry_state *s, u64 value)
{
	return (value & GUEST_INTR_STATE_STI) && !(s->rflags & X86_EFLAGS_IF);
}

static bool interrupt_while_blocked(const struct entry_state *s, u64 value)
{
	return injects(s, INTR_TYPE_EXT_INTR) && (value & BLOCKED);
}

static bool nmi_after_mov_ss(const struct entry_state *s, u64 value)
{
	return injects(s, INTR_TYPE_NMI_INTR) &&
	       (value & GUEST_INTR_STATE_MOV_SS);
}

static bool smi_blocking(const struct entry_state *s, u64 value)
{
	return value & GUEST_INTR_STATE_SMI;
}

/* The SDM lets a CPU refuse this, and some do. */
static bool nmi_after_sti(const struct entry_state *s, u64 value)
{
	return injects(s, INTR_TYPE_NMI_INTR) && (value & GUEST_INTR_STATE_STI);
}

static bool nmi_while_blocked(const struct entry_state *s, u64 value)
{
	return injects(s, INTR_TYPE_NMI_INTR) &&
	       (value & GUEST_INTR_STATE_NMI);
}

static bool enclave_after_mov_ss(const struct entry_state *s, u64 value)
{
	return (value & GUEST_INTR_STATE_ENCLAVE_INTR) &&
	       (value & GUEST_INTR_STATE_MOV_SS);
}

static bool pending_reserved(const struct entry_state *s, u64 value)
{
	return value & ~PENDING_DEFINED;
}

/* A trap is due after this instruction iff TF is set without BTF. */
static bool step_is_due(const struct entry_state *s)
{
	return (s->rflags & X86_EFLAGS_TF) &&
	       !(s->read(s->ctx, GUEST_IA32_DEBUGCTL) & DEBUGCTL_BTF);
}

static bool step_matters(const struct entry_state *s)
{
	return (s->blocking & BLOCKED) || s->activity == GUEST_ACTIVITY_HLT;
}

static bool step_missing(const struct entry_state *s, u64 value)
{
	return step_matters(s) && step_is_due(s) && !(value & PENDING_BS);
}

static bool step_unexpected(const struct entry_state *s, u64 value)
{
	return step_matters(s) && !step_is_due(s) && (value & PENDING_BS);
}

static bool rtm_alone(const struct entry_state *s, u64 value)
{
	return (value & PENDING_RTM) &&
	       ((value & ~PENDING_RTM) != 1ull << 12 ||
		(s->blocking & GUEST_INTR_STATE_MOV_SS));
}

static bool bad_link_pointer(const struct entry_state *s, u64 value)
{
	return value != ~0ull && not_page(s, value);
}

static const struct entry_rule other_rules[] = {
	{ GUEST_ACTIVITY_STATE, 0, WHEN_ALWAYS, activity_unknown,
	  "must be a state that this CPU has" },
	{ GUEST_ACTIVITY_STATE, 0, WHEN_ALWAYS, hlt_outside_ring_0,
	  "must not be HLT while SS.DPL is not 0" },
	{ GUEST_ACTIVITY_STATE, 0, WHEN_ALWAYS, inactive_while_blocked,
	  "must be active while STI or MOV SS blocks events" },
	{ GUEST_ACTIVITY_STATE, 0, WHEN_ALWAYS, event_in_this_activity,
	  "must be one in which the injected event can happen" },
	{ GUEST_INTERRUPTIBILITY_INFO, 0, WHEN_ALWAYS, blocking_reserved,
	  "must not have reserved bits (31:5)" },
	{ GUEST_INTERRUPTIBILITY_INFO, 0, WHEN_ALWAYS, blocking_both,
	  "must not block by both STI and MOV SS" },
	{ GUEST_INTERRUPTIBILITY_INFO, 0, WHEN_ALWAYS, sti_without_if,
	  "must not block by STI while RFLAGS.IF is 0" },
	{ GUEST_INTERRUPTIBILITY_INFO, 0, WHEN_ALWAYS, interrupt_while_blocked,
	  "must not block the external interrupt being injected" },
	{ GUEST_INTERRUPTIBILITY_INFO, 0, WHEN_ALWAYS, nmi_after_mov_ss,
	  "must not block by MOV SS with an NMI being injected" },
	{ GUEST_INTERRUPTIBILITY_INFO, 0, WHEN_ALWAYS, smi_blocking,
	  "must not block SMIs outside SMM" },
	{ GUEST_INTERRUPTIBILITY_INFO, 0, WHEN_ALWAYS, nmi_after_sti,
	  "must not block by STI with an NMI (on some CPUs)" },
	{ GUEST_INTERRUPTIBILITY_INFO, PIN_BASED_VIRTUAL_NMIS, WHEN_PIN,
	  nmi_while_blocked, "must not block the NMI being injected" },
	{ GUEST_INTERRUPTIBILITY_INFO, 0, WHEN_ALWAYS, enclave_after_mov_ss,
	  "must not block by MOV SS after an enclave" },
	{ GUEST_PENDING_DBG_EXCEPTIONS, 0, WHEN_ALWAYS, pending_reserved,
	  "must not have reserved bits" },
	{ GUEST_PENDING_DBG_EXCEPTIONS, 0, WHEN_ALWAYS, step_missing,
	  "must have BS: TF is set and events are blocked" },
	{ GUEST_PENDING_DBG_EXCEPTIONS, 0, WHEN_ALWAYS, step_unexpected,
	  "must not have BS: no single-step is due" },
	{ GUEST_PENDING_DBG_EXCEPTIONS, 0, WHEN_ALWAYS, rtm_alone,
	  "must have RTM with bit 12 only and no MOV SS blocking" },
	{ VMCS_LINK_POINTER, 0, WHEN_ALWAYS, bad_link_pointer,
	  "must be all ones or the physical address of a page" },
};

/* Present entries must not have bits 2:1, 8:5 or beyond the width. */
static bool bad_pdpte(const struct entry_state *s, u64 value)
{
	if (has(s, WHEN_ENTRY, VM_ENTRY_IA32E_MODE) ||
	    !(s->cr0 & X86_CR0_PG) || !(s->cr4 & X86_CR4_PAE))
		return false;
	return (value & 1) && ((value & 0x1e6) || too_wide(s, value));
}

static const struct entry_rule pdpte_rules[] = {
	{ GUEST_PDPTR0, SECONDARY_EXEC_ENABLE_EPT, WHEN_PROC2, bad_pdpte,
	  "must not have reserved bits" },
	{ GUEST_PDPTR1, SECONDARY_EXEC_ENABLE_EPT, WHEN_PROC2, bad_pdpte,
	  "must not have reserved bits" },
	{ GUEST_PDPTR2, SECONDARY_EXEC_ENABLE_EPT, WHEN_PROC2, bad_pdpte,
	  "must not have reserved bits" },
	{ GUEST_PDPTR3, SECONDARY_EXEC_ENABLE_EPT, WHEN_PROC2, bad_pdpte,
	  "must not have reserved bits" },
};

const struct entry_section vmcs_guest_activity_section =
	ENTRY_SECTION("Checks on Guest Non-Register State", other_rules);
const struct entry_section vmcs_guest_pdpte_section =
	ENTRY_SECTION("Checks on Guest Page-Directory-Pointer-Table Entries",
		      pdpte_rules);
