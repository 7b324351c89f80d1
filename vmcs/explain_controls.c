// SPDX-License-Identifier: GPL-2.0-only
/*
 * explain_controls.c - the entry checks on execution and exit controls.
 *
 * Intel SDM: "Checks on VMX Controls". A VM entry that breaks one of these
 * fails with VM-instruction error 7.
 */
#include "vmcs/explain_rules.h"

/* Newer than the oldest kernel headers in use */
#define EXEC2_EPT_VIOLATION_VE		(1u << 18)
#define VE_INFORMATION_ADDRESS_FIELD	0x0000202a

/* Bits of IA32_VMX_EPT_VPID_CAP */
#define EPT_CAP_WALK_4		6
#define EPT_CAP_WALK_5		7
#define EPT_CAP_ACCESSED_DIRTY	21
#define EPT_CAP_SHADOW_STACK	23

#define PAGE		"must be the physical address of a page"

static bool pin_lacking(const struct entry_state *s, u64 value)
{
	return lacks_control(s, value, VMX_GROUP_PIN);
}

static bool pin_needed(const struct entry_state *s, u64 value)
{
	return needs_control(s, value, VMX_GROUP_PIN);
}

static bool proc_lacking(const struct entry_state *s, u64 value)
{
	return lacks_control(s, value, VMX_GROUP_PROC);
}

static bool proc_needed(const struct entry_state *s, u64 value)
{
	return needs_control(s, value, VMX_GROUP_PROC);
}

static bool proc2_lacking(const struct entry_state *s, u64 value)
{
	return lacks_control(s, value, VMX_GROUP_PROC2);
}

static bool proc2_needed(const struct entry_state *s, u64 value)
{
	return needs_control(s, value, VMX_GROUP_PROC2);
}

static bool exit_lacking(const struct entry_state *s, u64 value)
{
	return lacks_control(s, value, VMX_GROUP_EXIT);
}

static bool exit_needed(const struct entry_state *s, u64 value)
{
	return needs_control(s, value, VMX_GROUP_EXIT);
}

static bool too_many_cr3_targets(const struct entry_state *s, u64 value)
{
	return value > (s->msrs[VMX_MSR_MISC] >> 16 & 0x1ff);
}

/* With virtual-interrupt delivery the threshold is not used. */
static bool bad_tpr_threshold(const struct entry_state *s, u64 value)
{
	return !has(s, WHEN_PROC2, SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY) &&
	       value > 15;
}

static bool no_nmi_exiting(const struct entry_state *s, u64 value)
{
	return !(value & PIN_BASED_NMI_EXITING);
}

static bool no_virtual_nmis(const struct entry_state *s, u64 value)
{
	return !has(s, WHEN_PIN, PIN_BASED_VIRTUAL_NMIS);
}

static bool apic_without_tpr_shadow(const struct entry_state *s, u64 value)
{
	return !has(s, WHEN_PROC, CPU_BASED_TPR_SHADOW) &&
	       (value & (SECONDARY_EXEC_VIRTUALIZE_X2APIC_MODE |
			 SECONDARY_EXEC_APIC_REGISTER_VIRT |
			 SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY));
}

static bool has_apic_accesses(const struct entry_state *s, u64 value)
{
	return value & SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES;
}

static bool no_interrupt_exiting(const struct entry_state *s, u64 value)
{
	return !(value & PIN_BASED_EXT_INTR_MASK);
}

static bool no_interrupt_delivery(const struct entry_state *s, u64 value)
{
	return !has(s, WHEN_PROC2, SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY);
}

static bool no_acknowledge(const struct entry_state *s, u64 value)
{
	return !(value & VM_EXIT_ACK_INTR_ON_EXIT);
}

static bool not_vector(const struct entry_state *s, u64 value)
{
	return value > 255;
}

static bool not_posted_descriptor(const struct entry_state *s, u64 value)
{
	return (value & 63) || too_wide(s, value);
}

/* The EPT capabilities for memory types UC (0) and WB (6) are bits 8, 14. */
static bool bad_ept_memory_type(const struct entry_state *s, u64 value)
{
	unsigned int type = value & 7;

	return (type != 0 && type != 6) ||
	       !(s->msrs[VMX_MSR_EPT_VPID] >> (8 + type) & 1);
}

static bool bad_ept_walk(const struct entry_state *s, u64 value)
{
	u64 cap = s->msrs[VMX_MSR_EPT_VPID];
	unsigned int length = (value >> 3 & 7) + 1;

	return !((length == 4 && cap >> EPT_CAP_WALK_4 & 1) ||
		 (length == 5 && cap >> EPT_CAP_WALK_5 & 1));
}

static bool bad_ept_accessed_dirty(const struct entry_state *s, u64 value)
{
	return value >> 6 & 1 &&
	       !(s->msrs[VMX_MSR_EPT_VPID] >> EPT_CAP_ACCESSED_DIRTY & 1);
}

static bool bad_eptp_bits(const struct entry_state *s, u64 value)
{
	if (value >> 7 & 1 &&
	    !(s->msrs[VMX_MSR_EPT_VPID] >> EPT_CAP_SHADOW_STACK & 1))
		return true;
	return (value & 0xf00) || too_wide(s, value);
}

static bool no_ept(const struct entry_state *s, u64 value)
{
	return !(value & SECONDARY_EXEC_ENABLE_EPT);
}

static bool bad_vm_functions(const struct entry_state *s, u64 value)
{
	return value & ~s->msrs[VMX_MSR_VMFUNC];
}

static bool switches_eptp(const struct entry_state *s)
{
	return s->read(s->ctx, VM_FUNCTION_CONTROL) & 1;
}

static bool eptp_switching_without_ept(const struct entry_state *s, u64 value)
{
	return switches_eptp(s) && no_ept(s, value);
}

static bool bad_eptp_list(const struct entry_state *s, u64 value)
{
	return switches_eptp(s) && not_page(s, value);
}

static const struct entry_rule execution_rules[] = {
	{ PIN_BASED_VM_EXEC_CONTROL, 0, WHEN_ALWAYS, pin_lacking, LACKS_CONTROL },
	{ PIN_BASED_VM_EXEC_CONTROL, 0, WHEN_ALWAYS, pin_needed, NEEDS_CONTROL },
	{ CPU_BASED_VM_EXEC_CONTROL, 0, WHEN_ALWAYS, proc_lacking, LACKS_CONTROL },
	{ CPU_BASED_VM_EXEC_CONTROL, 0, WHEN_ALWAYS, proc_needed, NEEDS_CONTROL },
	{ SECONDARY_VM_EXEC_CONTROL, CPU_BASED_ACTIVATE_SECONDARY_CONTROLS,
	  WHEN_PROC, proc2_lacking, LACKS_CONTROL },
	{ SECONDARY_VM_EXEC_CONTROL, CPU_BASED_ACTIVATE_SECONDARY_CONTROLS,
	  WHEN_PROC, proc2_needed, NEEDS_CONTROL },
	{ CR3_TARGET_COUNT, 0, WHEN_ALWAYS, too_many_cr3_targets,
	  "must not exceed the CPU's number of CR3-target values" },
	{ IO_BITMAP_A, CPU_BASED_USE_IO_BITMAPS, WHEN_PROC, not_page, PAGE },
	{ IO_BITMAP_B, CPU_BASED_USE_IO_BITMAPS, WHEN_PROC, not_page, PAGE },
	{ MSR_BITMAP, CPU_BASED_USE_MSR_BITMAPS, WHEN_PROC, not_page, PAGE },
	{ VIRTUAL_APIC_PAGE_ADDR, CPU_BASED_TPR_SHADOW, WHEN_PROC, not_page,
	  PAGE },
	{ TPR_THRESHOLD, CPU_BASED_TPR_SHADOW, WHEN_PROC, bad_tpr_threshold,
	  "must not exceed 15" },
	{ PIN_BASED_VM_EXEC_CONTROL, PIN_BASED_VIRTUAL_NMIS, WHEN_PIN,
	  no_nmi_exiting, "must have NMI exiting with virtual NMIs" },
	{ CPU_BASED_VM_EXEC_CONTROL, CPU_BASED_NMI_WINDOW_EXITING, WHEN_PROC,
	  no_virtual_nmis,
	  "must not have NMI-window exiting without virtual NMIs" },
	{ APIC_ACCESS_ADDR, SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES,
	  WHEN_PROC2, not_page, PAGE },
	{ SECONDARY_VM_EXEC_CONTROL, CPU_BASED_ACTIVATE_SECONDARY_CONTROLS,
	  WHEN_PROC, apic_without_tpr_shadow,
	  "must not virtualise the APIC without a TPR shadow" },
	{ SECONDARY_VM_EXEC_CONTROL, SECONDARY_EXEC_VIRTUALIZE_X2APIC_MODE,
	  WHEN_PROC2, has_apic_accesses,
	  "must not virtualise both APIC accesses and x2APIC mode" },
	{ PIN_BASED_VM_EXEC_CONTROL, SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY,
	  WHEN_PROC2, no_interrupt_exiting,
	  "must exit on interrupts with virtual-interrupt delivery" },
	{ PIN_BASED_VM_EXEC_CONTROL, PIN_BASED_POSTED_INTR, WHEN_PIN,
	  no_interrupt_delivery,
	  "must not post interrupts without virtual delivery" },
	{ VM_EXIT_CONTROLS, PIN_BASED_POSTED_INTR, WHEN_PIN, no_acknowledge,
	  "must acknowledge interrupts with posted interrupts" },
	{ POSTED_INTR_NV, PIN_BASED_POSTED_INTR, WHEN_PIN, not_vector,
	  "must not exceed 255" },
	{ POSTED_INTR_DESC_ADDR, PIN_BASED_POSTED_INTR, WHEN_PIN,
	  not_posted_descriptor, "must be a physical address on 64 bytes" },
	{ VIRTUAL_PROCESSOR_ID, SECONDARY_EXEC_ENABLE_VPID, WHEN_PROC2,
	  is_zero, "must not be 0" },
	{ EPT_POINTER, SECONDARY_EXEC_ENABLE_EPT, WHEN_PROC2,
	  bad_ept_memory_type, "must have a memory type that the CPU can use" },
	{ EPT_POINTER, SECONDARY_EXEC_ENABLE_EPT, WHEN_PROC2, bad_ept_walk,
	  "must have a walk length that the CPU can do (bits 5:3)" },
	{ EPT_POINTER, SECONDARY_EXEC_ENABLE_EPT, WHEN_PROC2,
	  bad_ept_accessed_dirty,
	  "must not have bit 6: no accessed and dirty bits here" },
	{ EPT_POINTER, SECONDARY_EXEC_ENABLE_EPT, WHEN_PROC2, bad_eptp_bits,
	  "must not have reserved bits (7, 11:8, above the width)" },
	{ SECONDARY_VM_EXEC_CONTROL, SECONDARY_EXEC_ENABLE_PML, WHEN_PROC2,
	  no_ept, "must have EPT with page-modification logging" },
	{ PML_ADDRESS, SECONDARY_EXEC_ENABLE_PML, WHEN_PROC2, not_page, PAGE },
	{ SECONDARY_VM_EXEC_CONTROL, SECONDARY_EXEC_UNRESTRICTED_GUEST,
	  WHEN_PROC2, no_ept, "must have EPT with unrestricted guest" },
	{ SECONDARY_VM_EXEC_CONTROL, SECONDARY_EXEC_MODE_BASED_EPT_EXEC,
	  WHEN_PROC2, no_ept, "must have EPT with mode-based execution" },
	{ VM_FUNCTION_CONTROL, SECONDARY_EXEC_ENABLE_VMFUNC, WHEN_PROC2,
	  bad_vm_functions, "must not have a function that this CPU lacks" },
	{ SECONDARY_VM_EXEC_CONTROL, SECONDARY_EXEC_ENABLE_VMFUNC, WHEN_PROC2,
	  eptp_switching_without_ept, "must have EPT with EPTP switching" },
	{ EPTP_LIST_ADDRESS, SECONDARY_EXEC_ENABLE_VMFUNC, WHEN_PROC2,
	  bad_eptp_list, PAGE },
	{ VE_INFORMATION_ADDRESS_FIELD, EXEC2_EPT_VIOLATION_VE, WHEN_PROC2,
	  not_page, PAGE },
	{ TSC_MULTIPLIER, SECONDARY_EXEC_TSC_SCALING, WHEN_PROC2, is_zero,
	  "must not be 0" },
};

static bool no_preemption_timer(const struct entry_state *s, u64 value)
{
	return !has(s, WHEN_PIN, PIN_BASED_VMX_PREEMPTION_TIMER);
}

static bool bad_exit_store(const struct entry_state *s, u64 value)
{
	return bad_msr_area(s, value,
			    s->read(s->ctx, VM_EXIT_MSR_STORE_COUNT));
}

static bool bad_exit_load(const struct entry_state *s, u64 value)
{
	return bad_msr_area(s, value, s->read(s->ctx, VM_EXIT_MSR_LOAD_COUNT));
}

static const struct entry_rule exit_rules[] = {
	{ VM_EXIT_CONTROLS, 0, WHEN_ALWAYS, exit_lacking, LACKS_CONTROL },
	{ VM_EXIT_CONTROLS, 0, WHEN_ALWAYS, exit_needed, NEEDS_CONTROL },
	{ VM_EXIT_CONTROLS, VM_EXIT_SAVE_VMX_PREEMPTION_TIMER, WHEN_EXIT,
	  no_preemption_timer,
	  "must not save the preemption timer while that is off" },
	{ VM_EXIT_MSR_STORE_ADDR, 0, WHEN_ALWAYS, bad_exit_store, MSR_AREA },
	{ VM_EXIT_MSR_LOAD_ADDR, 0, WHEN_ALWAYS, bad_exit_load, MSR_AREA },
};

const struct entry_section vmcs_execution_section =
	ENTRY_SECTION("VM-Execution Control Fields", execution_rules);
const struct entry_section vmcs_exit_section =
	ENTRY_SECTION("VM-Exit Control Fields", exit_rules);
