// SPDX-License-Identifier: GPL-2.0-only
/*
 * explain_event.c - the entry checks on entry controls and event injection.
 *
 * Intel SDM: "VM-Entry Control Fields". A VM entry that breaks one of these
 * fails with VM-instruction error 7.
 */
#include "vmcs/explain_rules.h"

/* Bits of IA32_VMX_BASIC and IA32_VMX_MISC */
#define BASIC_ANY_ERROR_CODE	56
#define MISC_ZERO_LENGTH	30

static bool entry_lacking(const struct entry_state *s, u64 value)
{
	return lacks_control(s, value, VMX_GROUP_ENTRY);
}

static bool entry_needed(const struct entry_state *s, u64 value)
{
	return needs_control(s, value, VMX_GROUP_ENTRY);
}

static bool event_type_reserved(const struct entry_state *s, u64 value)
{
	if (injects(s, INTR_TYPE_RESERVED))
		return true;
	return injects(s, INTR_TYPE_OTHER_EVENT) &&
	       !(vmcs_controls_may_be_1(s->msrs, VMX_GROUP_PROC) &
		 CPU_BASED_MONITOR_TRAP_FLAG);
}

static bool nmi_vector_not_2(const struct entry_state *s, u64 value)
{
	return injects(s, INTR_TYPE_NMI_INTR) && event_vector(s) != 2;
}

static bool exception_vector_above_31(const struct entry_state *s, u64 value)
{
	return injects(s, INTR_TYPE_HARD_EXCEPTION) && event_vector(s) > 31;
}

static bool other_event_vector(const struct entry_state *s, u64 value)
{
	return injects(s, INTR_TYPE_OTHER_EVENT) && event_vector(s) != 0;
}

static bool delivers_error_code(const struct entry_state *s)
{
	return (s->event & INTR_INFO_VALID_MASK) &&
	       (s->event & INTR_INFO_DELIVER_CODE_MASK);
}

/* An unrestricted guest in real mode gets no error codes. */
static bool real_mode(const struct entry_state *s)
{
	return has(s, WHEN_PROC2, SECONDARY_EXEC_UNRESTRICTED_GUEST) &&
	       !(s->cr0 & X86_CR0_PE);
}

static bool error_code_in_real_mode(const struct entry_state *s, u64 value)
{
	return delivers_error_code(s) && real_mode(s);
}

static bool error_code_of_other_type(const struct entry_state *s, u64 value)
{
	return delivers_error_code(s) && !injects(s, INTR_TYPE_HARD_EXCEPTION);
}

/* Vectors 8, 10 to 14 and 17; 21 (#CP) has one where the CPU knows it. */
#define ERROR_CODE_VECTORS	((1u << 8) | (0x1fu << 10) | (1u << 17))
#define MAY_HAVE_ERROR_CODE	(ERROR_CODE_VECTORS | (1u << 21))

static bool exception_is_one_of(const struct entry_state *s, u32 vectors)
{
	return injects(s, INTR_TYPE_HARD_EXCEPTION) && event_vector(s) < 32 &&
	       vectors >> event_vector(s) & 1;
}

static bool error_code_unexpected(const struct entry_state *s, u64 value)
{
	return !(s->msrs[VMX_MSR_BASIC] >> BASIC_ANY_ERROR_CODE & 1) &&
	       delivers_error_code(s) &&
	       exception_is_one_of(s, ~MAY_HAVE_ERROR_CODE);
}

static bool error_code_missing(const struct entry_state *s, u64 value)
{
	return !(s->msrs[VMX_MSR_BASIC] >> BASIC_ANY_ERROR_CODE & 1) &&
	       !delivers_error_code(s) && !real_mode(s) &&
	       exception_is_one_of(s, ERROR_CODE_VECTORS);
}

static bool event_reserved_bits(const struct entry_state *s, u64 value)
{
	return (s->event & INTR_INFO_VALID_MASK) && (s->event & 0x7ffff000);
}

static bool error_code_too_wide(const struct entry_state *s, u64 value)
{
	return delivers_error_code(s) && value >> 16;
}

static bool bad_instruction_length(const struct entry_state *s, u64 value)
{
	if (!injects(s, INTR_TYPE_SOFT_INTR) &&
	    !injects(s, INTR_TYPE_SOFT_EXCEPTION) &&
	    !injects(s, INTR_TYPE_PRIV_SW_EXCEPTION))
		return false;
	if (!value)
		return !(s->msrs[VMX_MSR_MISC] >> MISC_ZERO_LENGTH & 1);
	return value > 15;
}

static bool bad_entry_load(const struct entry_state *s, u64 value)
{
	return bad_msr_area(s, value, s->read(s->ctx, VM_ENTRY_MSR_LOAD_COUNT));
}

static bool smm_controls(const struct entry_state *s, u64 value)
{
	return value & (VM_ENTRY_SMM | VM_ENTRY_DEACT_DUAL_MONITOR);
}

static const struct entry_rule entry_rules[] = {
	{ VM_ENTRY_CONTROLS, 0, WHEN_ALWAYS, entry_lacking, LACKS_CONTROL },
	{ VM_ENTRY_CONTROLS, 0, WHEN_ALWAYS, entry_needed, NEEDS_CONTROL },
	{ VM_ENTRY_INTR_INFO_FIELD, 0, WHEN_ALWAYS, event_type_reserved,
	  "must not have a reserved event type (bits 10:8)" },
	{ VM_ENTRY_INTR_INFO_FIELD, 0, WHEN_ALWAYS, nmi_vector_not_2,
	  "must have vector 2 for an NMI" },
	{ VM_ENTRY_INTR_INFO_FIELD, 0, WHEN_ALWAYS, exception_vector_above_31,
	  "must have a vector up to 31 for an exception" },
	{ VM_ENTRY_INTR_INFO_FIELD, 0, WHEN_ALWAYS, other_event_vector,
	  "must have vector 0 for another event" },
	{ VM_ENTRY_INTR_INFO_FIELD, 0, WHEN_ALWAYS, error_code_in_real_mode,
	  "must not deliver an error code in real mode" },
	{ VM_ENTRY_INTR_INFO_FIELD, 0, WHEN_ALWAYS, error_code_of_other_type,
	  "must deliver an error code with exceptions only" },
	{ VM_ENTRY_INTR_INFO_FIELD, 0, WHEN_ALWAYS, error_code_unexpected,
	  "must not deliver an error code with this vector" },
	{ VM_ENTRY_INTR_INFO_FIELD, 0, WHEN_ALWAYS, error_code_missing,
	  "must deliver an error code with this vector" },
	{ VM_ENTRY_INTR_INFO_FIELD, 0, WHEN_ALWAYS, event_reserved_bits,
	  "must not have reserved bits (30:12)" },
	{ VM_ENTRY_EXCEPTION_ERROR_CODE, 0, WHEN_ALWAYS, error_code_too_wide,
	  "must fit into 16 bits" },
	{ VM_ENTRY_INSTRUCTION_LEN, 0, WHEN_ALWAYS, bad_instruction_length,
	  "must be 1 to 15 for a software event (0 on some CPUs)" },
	{ VM_ENTRY_MSR_LOAD_ADDR, 0, WHEN_ALWAYS, bad_entry_load, MSR_AREA },
	{ VM_ENTRY_CONTROLS, 0, WHEN_ALWAYS, smm_controls,
	  "must not have the SMM controls outside SMM" },
};

const struct entry_section vmcs_entry_section =
	ENTRY_SECTION("VM-Entry Control Fields", entry_rules);
