/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * explain_rows.h - for each entry check the least that breaks it alone, and
 * changes that break nothing. For explain_test.c.
 */
#ifndef KUNIT_EXPLAIN_ROWS_H
#define KUNIT_EXPLAIN_ROWS_H

#include "fake_vmcs.h"
#include "vmcs/explain_rules.h"

#define MAX_POKES	6

enum poke_op {
	POKE_NONE,
	POKE_SET,		/* a field */
	POKE_ON,
	POKE_OFF,
	POKE_MSR_ON,		/* a capability MSR */
	POKE_MSR_OFF,
	POKE_SEG_SET,		/* a part of the segment under test */
	POKE_SEG_ON,
	POKE_SEG_OFF,
};

struct poke {
	enum poke_op op;
	u32 where;
	u64 value;
};

#define SET(field, value)	{ POKE_SET, field, value }
#define ON(field, bits)		{ POKE_ON, field, bits }
#define OFF(field, bits)	{ POKE_OFF, field, bits }
#define MSR_ON(msr, bits)	{ POKE_MSR_ON, msr, bits }
#define MSR_OFF(msr, bits)	{ POKE_MSR_OFF, msr, bits }
#define SEG_SET(part, value)	{ POKE_SEG_SET, part, value }
#define SEG_ON(part, bits)	{ POKE_SEG_ON, part, bits }
#define SEG_OFF(part, bits)	{ POKE_SEG_OFF, part, bits }

struct row {
	const char *rule;
	enum fake_guest guest;
	u32 field;
	struct poke pokes[MAX_POKES];
};

struct segment_row {
	const char *rule;
	enum fake_guest guest;
	u32 segments;
	enum segment_part part;
	struct poke pokes[MAX_POKES];
};

/* Short names for the rows below */
#define PIN	PIN_BASED_VM_EXEC_CONTROL
#define PROC	CPU_BASED_VM_EXEC_CONTROL
#define PROC2	SECONDARY_VM_EXEC_CONTROL
#define EXIT	VM_EXIT_CONTROLS
#define ENTRY	VM_ENTRY_CONTROLS
#define INFO	VM_ENTRY_INTR_INFO_FIELD
#define BLOCK	GUEST_INTERRUPTIBILITY_INFO
#define PENDING	GUEST_PENDING_DBG_EXCEPTIONS
#define EPT	SECONDARY_EXEC_ENABLE_EPT
#define UNREST	SECONDARY_EXEC_UNRESTRICTED_GUEST
#define VID	SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY
#define LACKS	LACKS_CONTROL
#define NEEDS	NEEDS_CONTROL
#define PAGE	"must be the physical address of a page"
#define NO_BIT	"must not have a bit that the CPU lacks"
#define ALL_BITS "must have every bit that VMX operation needs"
#define WIDTH	"must not have bits above the physical-address width"
#define SELECTOR "must have RPL and TI 0 (bits 2:0)"
#define RESERVED "must not have reserved bits"
#define PAT	"must have a memory type in every byte"
#define NO_EPT	OFF(PROC2, EPT | UNREST)
#define INTERRUPT SET(INFO, 0x80000020)
#define NMI	SET(INFO, 0x80000202)
#define IF	ON(GUEST_RFLAGS, X86_EFLAGS_IF)
#define BAD_VA	(1ull << 47)
#define BAD_PA	(1ull << FAKE_MAXPHYADDR)

static const struct row execution_rows[] = {
	{ LACKS, LONG_MODE, PIN, { ON(PIN, 0x100) } },
	{ NEEDS, LONG_MODE, PIN, { OFF(PIN, 2) } },
	{ LACKS, LONG_MODE, PROC, { ON(PROC, 0x20000) } },
	{ NEEDS, LONG_MODE, PROC, { OFF(PROC, 2) } },
	{ LACKS, LONG_MODE, PROC2, { ON(PROC2, 1 << 27) } },
	{ NEEDS, LONG_MODE, PROC2, { MSR_ON(VMX_MSR_PROC2, 1 << 21) } },
	{ "must not exceed the CPU's number of CR3-target values", LONG_MODE,
	  CR3_TARGET_COUNT, { SET(CR3_TARGET_COUNT, 5) } },
	{ PAGE, LONG_MODE, IO_BITMAP_A,
	  { ON(PROC, CPU_BASED_USE_IO_BITMAPS), SET(IO_BITMAP_A, 1) } },
	{ PAGE, LONG_MODE, IO_BITMAP_B,
	  { ON(PROC, CPU_BASED_USE_IO_BITMAPS), SET(IO_BITMAP_B, 0x800) } },
	{ PAGE, LONG_MODE, MSR_BITMAP, { SET(MSR_BITMAP, BAD_PA) } },
	{ PAGE, LONG_MODE, VIRTUAL_APIC_PAGE_ADDR,
	  { ON(PROC, CPU_BASED_TPR_SHADOW), SET(VIRTUAL_APIC_PAGE_ADDR, 1) } },
	{ "must not exceed 15", LONG_MODE, TPR_THRESHOLD,
	  { ON(PROC, CPU_BASED_TPR_SHADOW), SET(TPR_THRESHOLD, 16) } },
	{ "must have NMI exiting with virtual NMIs", LONG_MODE, PIN,
	  { OFF(PIN, PIN_BASED_NMI_EXITING) } },
	{ "must not have NMI-window exiting without virtual NMIs", LONG_MODE,
	  PROC, { OFF(PIN, PIN_BASED_VIRTUAL_NMIS),
		  ON(PROC, CPU_BASED_NMI_WINDOW_EXITING) } },
	{ PAGE, LONG_MODE, APIC_ACCESS_ADDR,
	  { ON(PROC2, SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES),
	    SET(APIC_ACCESS_ADDR, 1) } },
	{ "must not virtualise the APIC without a TPR shadow", LONG_MODE,
	  PROC2, { ON(PROC2, SECONDARY_EXEC_APIC_REGISTER_VIRT) } },
	{ "must not virtualise both APIC accesses and x2APIC mode", LONG_MODE,
	  PROC2, { ON(PROC2, SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES |
			     SECONDARY_EXEC_VIRTUALIZE_X2APIC_MODE),
		   ON(PROC, CPU_BASED_TPR_SHADOW) } },
	{ "must exit on interrupts with virtual-interrupt delivery", LONG_MODE,
	  PIN, { ON(PROC2, VID), ON(PROC, CPU_BASED_TPR_SHADOW),
		 OFF(PIN, PIN_BASED_EXT_INTR_MASK) } },
	{ "must not post interrupts without virtual delivery", LONG_MODE, PIN,
	  { ON(PIN, PIN_BASED_POSTED_INTR),
	    ON(EXIT, VM_EXIT_ACK_INTR_ON_EXIT) } },
	{ "must acknowledge interrupts with posted interrupts", LONG_MODE,
	  EXIT, { ON(PIN, PIN_BASED_POSTED_INTR), ON(PROC2, VID),
		  ON(PROC, CPU_BASED_TPR_SHADOW) } },
	{ "must not exceed 255", LONG_MODE, POSTED_INTR_NV,
	  { ON(PIN, PIN_BASED_POSTED_INTR), ON(PROC2, VID),
	    ON(PROC, CPU_BASED_TPR_SHADOW), ON(EXIT, VM_EXIT_ACK_INTR_ON_EXIT),
	    SET(POSTED_INTR_NV, 256) } },
	{ "must be a physical address on 64 bytes", LONG_MODE,
	  POSTED_INTR_DESC_ADDR,
	  { ON(PIN, PIN_BASED_POSTED_INTR), ON(PROC2, VID),
	    ON(PROC, CPU_BASED_TPR_SHADOW), ON(EXIT, VM_EXIT_ACK_INTR_ON_EXIT),
	    SET(POSTED_INTR_DESC_ADDR, 32) } },
	{ "must not be 0", LONG_MODE, VIRTUAL_PROCESSOR_ID,
	  { SET(VIRTUAL_PROCESSOR_ID, 0) } },
	{ "must have a memory type that the CPU can use", LONG_MODE,
	  EPT_POINTER, { SET(EPT_POINTER, 0x2019) } },
	{ "must have a memory type that the CPU can use", LONG_MODE,
	  EPT_POINTER, { SET(EPT_POINTER, 0x2018),
			 MSR_OFF(VMX_MSR_EPT_VPID, 1 << 8) } },
	{ "must have a walk length that the CPU can do (bits 5:3)", LONG_MODE,
	  EPT_POINTER, { SET(EPT_POINTER, 0x2026) } },
	{ "must not have bit 6: no accessed and dirty bits here", LONG_MODE,
	  EPT_POINTER, { ON(EPT_POINTER, 0x40),
			 MSR_OFF(VMX_MSR_EPT_VPID, 1 << 21) } },
	{ "must not have reserved bits (7, 11:8, above the width)", LONG_MODE,
	  EPT_POINTER, { ON(EPT_POINTER, 0x80) } },
	{ "must not have reserved bits (7, 11:8, above the width)", LONG_MODE,
	  EPT_POINTER, { ON(EPT_POINTER, 0x100) } },
	{ "must not have reserved bits (7, 11:8, above the width)", LONG_MODE,
	  EPT_POINTER, { ON(EPT_POINTER, BAD_PA) } },
	{ "must have EPT with page-modification logging", LONG_MODE, PROC2,
	  { NO_EPT, ON(PROC2, SECONDARY_EXEC_ENABLE_PML) } },
	{ PAGE, LONG_MODE, PML_ADDRESS,
	  { ON(PROC2, SECONDARY_EXEC_ENABLE_PML), SET(PML_ADDRESS, 1) } },
	{ "must have EPT with unrestricted guest", LONG_MODE, PROC2,
	  { OFF(PROC2, EPT) } },
	{ "must have EPT with mode-based execution", LONG_MODE, PROC2,
	  { NO_EPT, ON(PROC2, SECONDARY_EXEC_MODE_BASED_EPT_EXEC) } },
	{ "must not have a function that this CPU lacks", LONG_MODE,
	  VM_FUNCTION_CONTROL, { ON(PROC2, SECONDARY_EXEC_ENABLE_VMFUNC),
				 SET(VM_FUNCTION_CONTROL, 2) } },
	{ "must have EPT with EPTP switching", LONG_MODE, PROC2,
	  { NO_EPT, ON(PROC2, SECONDARY_EXEC_ENABLE_VMFUNC),
	    SET(VM_FUNCTION_CONTROL, 1) } },
	{ PAGE, LONG_MODE, EPTP_LIST_ADDRESS,
	  { ON(PROC2, SECONDARY_EXEC_ENABLE_VMFUNC),
	    SET(VM_FUNCTION_CONTROL, 1), SET(EPTP_LIST_ADDRESS, 1) } },
	{ PAGE, LONG_MODE, 0x202a, { ON(PROC2, 1 << 18), SET(0x202a, 1) } },
	{ "must not be 0", LONG_MODE, TSC_MULTIPLIER,
	  { ON(PROC2, SECONDARY_EXEC_TSC_SCALING) } },
};

static const struct row exit_entry_rows[] = {
	{ LACKS, LONG_MODE, EXIT, { ON(EXIT, 1 << 26) } },
	{ NEEDS, LONG_MODE, EXIT, { OFF(EXIT, 1) } },
	{ "must not save the preemption timer while that is off", LONG_MODE,
	  EXIT, { ON(EXIT, VM_EXIT_SAVE_VMX_PREEMPTION_TIMER) } },
	{ MSR_AREA, LONG_MODE, VM_EXIT_MSR_STORE_ADDR,
	  { SET(VM_EXIT_MSR_STORE_COUNT, 1),
	    SET(VM_EXIT_MSR_STORE_ADDR, 8) } },
	{ MSR_AREA, LONG_MODE, VM_EXIT_MSR_LOAD_ADDR,
	  { SET(VM_EXIT_MSR_LOAD_COUNT, 2),
	    SET(VM_EXIT_MSR_LOAD_ADDR, BAD_PA - 16) } },

	{ LACKS, LONG_MODE, ENTRY, { ON(ENTRY, 1 << 20) } },
	{ NEEDS, LONG_MODE, ENTRY, { OFF(ENTRY, 1) } },
	{ "must not have a reserved event type (bits 10:8)", LONG_MODE, INFO,
	  { SET(INFO, 0x80000100) } },
	{ "must not have a reserved event type (bits 10:8)", LONG_MODE, INFO,
	  { SET(INFO, 0x80000700), MSR_OFF(VMX_MSR_TRUE_PROC, 1ull << 59) } },
	{ "must have vector 2 for an NMI", LONG_MODE, INFO,
	  { SET(INFO, 0x80000203) } },
	{ "must have a vector up to 31 for an exception", LONG_MODE, INFO,
	  { SET(INFO, 0x80000320) } },
	{ "must have vector 0 for another event", LONG_MODE, INFO,
	  { SET(INFO, 0x80000701) } },
	{ "must not deliver an error code in real mode", REAL_MODE, INFO,
	  { SET(INFO, 0x80000b0d) } },
	{ "must deliver an error code with exceptions only", LONG_MODE, INFO,
	  { SET(INFO, 0x80000a02) } },
	{ "must not deliver an error code with this vector", LONG_MODE, INFO,
	  { SET(INFO, 0x80000b06) } },
	{ "must deliver an error code with this vector", LONG_MODE, INFO,
	  { SET(INFO, 0x8000030d) } },
	{ "must not have reserved bits (30:12)", LONG_MODE, INFO,
	  { SET(INFO, 0x80001306) } },
	{ "must fit into 16 bits", LONG_MODE, VM_ENTRY_EXCEPTION_ERROR_CODE,
	  { SET(INFO, 0x80000b0d),
	    SET(VM_ENTRY_EXCEPTION_ERROR_CODE, 0x10000) } },
	{ "must be 1 to 15 for a software event (0 on some CPUs)", LONG_MODE,
	  VM_ENTRY_INSTRUCTION_LEN,
	  { SET(INFO, 0x80000480), SET(VM_ENTRY_INSTRUCTION_LEN, 16) } },
	{ "must be 1 to 15 for a software event (0 on some CPUs)", LONG_MODE,
	  VM_ENTRY_INSTRUCTION_LEN,
	  { SET(INFO, 0x80000603), MSR_OFF(VMX_MSR_MISC, 1 << 30) } },
	{ MSR_AREA, LONG_MODE, VM_ENTRY_MSR_LOAD_ADDR,
	  { SET(VM_ENTRY_MSR_LOAD_COUNT, 1),
	    SET(VM_ENTRY_MSR_LOAD_ADDR, 8) } },
	{ "must not have the SMM controls outside SMM", LONG_MODE, ENTRY,
	  { ON(ENTRY, VM_ENTRY_SMM) } },
};

static const struct row host_rows[] = {
	{ NO_BIT, LONG_MODE, HOST_CR0, { ON(HOST_CR0, 1ull << 32) } },
	{ ALL_BITS, LONG_MODE, HOST_CR0, { OFF(HOST_CR0, X86_CR0_NE) } },
	{ NO_BIT, LONG_MODE, HOST_CR4, { ON(HOST_CR4, X86_CR4_LA57) } },
	{ ALL_BITS, LONG_MODE, HOST_CR4, { OFF(HOST_CR4, X86_CR4_VMXE) } },
	{ "must not have CET while CR0.WP is 0", LONG_MODE, HOST_CR4,
	  { ON(HOST_CR4, 1 << 23), OFF(HOST_CR0, X86_CR0_WP) } },
	{ WIDTH, LONG_MODE, HOST_CR3, { ON(HOST_CR3, BAD_PA) } },
	{ WIDTH, LONG_MODE, HOST_CR3, { ON(HOST_CR3, 1ull << 61) } },
	{ CANONICAL, LONG_MODE, HOST_IA32_SYSENTER_ESP,
	  { SET(HOST_IA32_SYSENTER_ESP, BAD_VA) } },
	{ CANONICAL, LONG_MODE, HOST_IA32_SYSENTER_EIP,
	  { SET(HOST_IA32_SYSENTER_EIP, BAD_VA) } },
	{ PAT, LONG_MODE, HOST_IA32_PAT, { SET(HOST_IA32_PAT, 2) } },
	{ RESERVED, LONG_MODE, HOST_IA32_EFER, { ON(HOST_IA32_EFER, 2) } },
	{ "must have LMA and LME as the host address-space size", LONG_MODE,
	  HOST_IA32_EFER, { OFF(HOST_IA32_EFER, 1 << 8) } },

	{ SELECTOR, LONG_MODE, HOST_ES_SELECTOR, { SET(HOST_ES_SELECTOR, 3) } },
	{ SELECTOR, LONG_MODE, HOST_CS_SELECTOR, { ON(HOST_CS_SELECTOR, 4) } },
	{ SELECTOR, LONG_MODE, HOST_SS_SELECTOR, { ON(HOST_SS_SELECTOR, 1) } },
	{ SELECTOR, LONG_MODE, HOST_DS_SELECTOR, { SET(HOST_DS_SELECTOR, 3) } },
	{ SELECTOR, LONG_MODE, HOST_FS_SELECTOR, { SET(HOST_FS_SELECTOR, 3) } },
	{ SELECTOR, LONG_MODE, HOST_GS_SELECTOR, { SET(HOST_GS_SELECTOR, 3) } },
	{ SELECTOR, LONG_MODE, HOST_TR_SELECTOR, { ON(HOST_TR_SELECTOR, 4) } },
	{ "must not be 0", LONG_MODE, HOST_CS_SELECTOR,
	  { SET(HOST_CS_SELECTOR, 0) } },
	{ "must not be 0", LONG_MODE, HOST_TR_SELECTOR,
	  { SET(HOST_TR_SELECTOR, 0) } },
	{ CANONICAL, LONG_MODE, HOST_FS_BASE, { SET(HOST_FS_BASE, BAD_VA) } },
	{ CANONICAL, LONG_MODE, HOST_GS_BASE, { SET(HOST_GS_BASE, BAD_VA) } },
	{ CANONICAL, LONG_MODE, HOST_GDTR_BASE,
	  { SET(HOST_GDTR_BASE, BAD_VA) } },
	{ CANONICAL, LONG_MODE, HOST_IDTR_BASE,
	  { SET(HOST_IDTR_BASE, BAD_VA) } },
	{ CANONICAL, LONG_MODE, HOST_TR_BASE, { SET(HOST_TR_BASE, BAD_VA) } },

	{ "must have host address-space size with a 64-bit host", LONG_MODE,
	  EXIT, { OFF(EXIT, VM_EXIT_HOST_ADDR_SPACE_SIZE |
			    VM_EXIT_LOAD_IA32_EFER) } },
	{ "must have PAE with a 64-bit host", LONG_MODE, HOST_CR4,
	  { OFF(HOST_CR4, X86_CR4_PAE) } },
	{ CANONICAL, LONG_MODE, HOST_RIP, { SET(HOST_RIP, BAD_VA) } },
};

static const struct row guest_rows[] = {
	{ NO_BIT, LONG_MODE, GUEST_CR0, { ON(GUEST_CR0, 1ull << 32) } },
	{ ALL_BITS, LONG_MODE, GUEST_CR0, { OFF(GUEST_CR0, X86_CR0_NE) } },
	{ ALL_BITS, PROTECTED_MODE, GUEST_CR0,
	  { OFF(GUEST_CR0, X86_CR0_PG), OFF(PROC2, UNREST) } },
	{ "must have PE set where PG is", PROTECTED_MODE, GUEST_CR0,
	  { OFF(GUEST_CR0, X86_CR0_PE) } },
	{ NO_BIT, LONG_MODE, GUEST_CR4, { ON(GUEST_CR4, X86_CR4_LA57) } },
	{ ALL_BITS, LONG_MODE, GUEST_CR4, { OFF(GUEST_CR4, X86_CR4_VMXE) } },
	{ "must not have CET while CR0.WP is 0", LONG_MODE, GUEST_CR4,
	  { ON(GUEST_CR4, 1 << 23), OFF(GUEST_CR0, X86_CR0_WP) } },
	{ RESERVED, LONG_MODE, GUEST_IA32_DEBUGCTL,
	  { SET(GUEST_IA32_DEBUGCTL, 1 << 4) } },
	{ "must have PG set in IA-32e mode", LONG_MODE, GUEST_CR0,
	  { OFF(GUEST_CR0, X86_CR0_PG) } },
	{ "must have PAE set in IA-32e mode", LONG_MODE, GUEST_CR4,
	  { OFF(GUEST_CR4, X86_CR4_PAE) } },
	{ "must not have PCIDE outside IA-32e mode", PROTECTED_MODE, GUEST_CR4,
	  { ON(GUEST_CR4, X86_CR4_PCIDE) } },
	{ WIDTH, LONG_MODE, GUEST_CR3, { ON(GUEST_CR3, BAD_PA) } },
	{ "must not have bits above 31", LONG_MODE, GUEST_DR7,
	  { ON(GUEST_DR7, 1ull << 32) } },
	{ CANONICAL, LONG_MODE, GUEST_SYSENTER_ESP,
	  { SET(GUEST_SYSENTER_ESP, BAD_VA) } },
	{ CANONICAL, LONG_MODE, GUEST_SYSENTER_EIP,
	  { SET(GUEST_SYSENTER_EIP, BAD_VA) } },
	{ PAT, LONG_MODE, GUEST_IA32_PAT, { SET(GUEST_IA32_PAT, 8 << 8) } },
	{ RESERVED, LONG_MODE, GUEST_IA32_EFER, { ON(GUEST_IA32_EFER, 2) } },
	{ "must have LMA as the entry control IA-32e mode guest", LONG_MODE,
	  GUEST_IA32_EFER, { OFF(GUEST_IA32_EFER, 0x500) } },
	{ "must have LMA equal to LME with paging on", LONG_MODE,
	  GUEST_IA32_EFER, { OFF(GUEST_IA32_EFER, 0x100) } },
	{ "must be a canonical address without reserved bits", LONG_MODE,
	  GUEST_BNDCFGS,
	  { ON(ENTRY, VM_ENTRY_LOAD_BNDCFGS), SET(GUEST_BNDCFGS, 4) } },

	{ CANONICAL, LONG_MODE, GUEST_GDTR_BASE,
	  { SET(GUEST_GDTR_BASE, BAD_VA) } },
	{ CANONICAL, LONG_MODE, GUEST_IDTR_BASE,
	  { SET(GUEST_IDTR_BASE, BAD_VA) } },
	{ "must fit into 16 bits", LONG_MODE, GUEST_GDTR_LIMIT,
	  { SET(GUEST_GDTR_LIMIT, 0x10000) } },
	{ "must fit into 16 bits", LONG_MODE, GUEST_IDTR_LIMIT,
	  { SET(GUEST_IDTR_LIMIT, 0x10000) } },

	{ "must fit into 32 bits outside 64-bit mode", PROTECTED_MODE,
	  GUEST_RIP, { SET(GUEST_RIP, 1ull << 32) } },
	{ "must not exceed the linear-address width", LONG_MODE, GUEST_RIP,
	  { SET(GUEST_RIP, 1ull << 48) } },
	{ RESERVED, LONG_MODE, GUEST_RFLAGS, { ON(GUEST_RFLAGS, 8) } },
	{ "must have bit 1 set", LONG_MODE, GUEST_RFLAGS,
	  { SET(GUEST_RFLAGS, 0) } },
	{ "must not have VM in IA-32e mode", V86_MODE, GUEST_RFLAGS,
	  { ON(ENTRY, VM_ENTRY_IA32E_MODE), SET(GUEST_IA32_EFER, 0x500) } },
	{ "must not have VM while CR0.PE is 0", V86_MODE, GUEST_RFLAGS,
	  { OFF(GUEST_CR0, X86_CR0_PE | X86_CR0_PG) } },
	{ "must have IF set to inject an external interrupt", LONG_MODE,
	  GUEST_RFLAGS, { INTERRUPT } },
};

static const struct row activity_rows[] = {
	{ "must be a state that this CPU has", LONG_MODE, GUEST_ACTIVITY_STATE,
	  { SET(GUEST_ACTIVITY_STATE, 4) } },
	{ "must be a state that this CPU has", LONG_MODE, GUEST_ACTIVITY_STATE,
	  { SET(GUEST_ACTIVITY_STATE, 3), MSR_OFF(VMX_MSR_MISC, 1 << 8) } },
	{ "must not be HLT while SS.DPL is not 0", LONG_MODE,
	  GUEST_ACTIVITY_STATE,
	  { SET(GUEST_ACTIVITY_STATE, 1), ON(GUEST_CS_AR_BYTES, 0x60),
	    ON(GUEST_SS_AR_BYTES, 0x60) } },
	{ "must be active while STI or MOV SS blocks events", LONG_MODE,
	  GUEST_ACTIVITY_STATE,
	  { SET(GUEST_ACTIVITY_STATE, 1), SET(BLOCK, 1), IF } },
	{ "must be one in which the injected event can happen", LONG_MODE,
	  GUEST_ACTIVITY_STATE,
	  { SET(GUEST_ACTIVITY_STATE, 1), SET(INFO, 0x80000306) } },
	{ "must be one in which the injected event can happen", LONG_MODE,
	  GUEST_ACTIVITY_STATE,
	  { SET(GUEST_ACTIVITY_STATE, 2), INTERRUPT, IF } },
	{ "must be one in which the injected event can happen", LONG_MODE,
	  GUEST_ACTIVITY_STATE, { SET(GUEST_ACTIVITY_STATE, 3), NMI } },
	{ "must not have reserved bits (31:5)", LONG_MODE, BLOCK,
	  { SET(BLOCK, 0x20) } },
	{ "must not block by both STI and MOV SS", LONG_MODE, BLOCK,
	  { SET(BLOCK, 3), IF } },
	{ "must not block by STI while RFLAGS.IF is 0", LONG_MODE, BLOCK,
	  { SET(BLOCK, 1) } },
	{ "must not block the external interrupt being injected", LONG_MODE,
	  BLOCK, { SET(BLOCK, 2), INTERRUPT, IF } },
	{ "must not block by MOV SS with an NMI being injected", LONG_MODE,
	  BLOCK, { SET(BLOCK, 2), NMI } },
	{ "must not block SMIs outside SMM", LONG_MODE, BLOCK,
	  { SET(BLOCK, 4) } },
	{ "must not block by STI with an NMI (on some CPUs)", LONG_MODE, BLOCK,
	  { SET(BLOCK, 1), NMI, IF } },
	{ "must not block the NMI being injected", LONG_MODE, BLOCK,
	  { SET(BLOCK, 8), NMI } },
	{ "must not block by MOV SS after an enclave", LONG_MODE, BLOCK,
	  { SET(BLOCK, 0x12) } },
	{ RESERVED, LONG_MODE, PENDING, { SET(PENDING, 1 << 13) } },
	{ "must have BS: TF is set and events are blocked", LONG_MODE, PENDING,
	  { SET(BLOCK, 2), ON(GUEST_RFLAGS, X86_EFLAGS_TF) } },
	{ "must have BS: TF is set and events are blocked", LONG_MODE, PENDING,
	  { SET(GUEST_ACTIVITY_STATE, 1), ON(GUEST_RFLAGS, X86_EFLAGS_TF) } },
	{ "must not have BS: no single-step is due", LONG_MODE, PENDING,
	  { SET(BLOCK, 2), SET(PENDING, 1 << 14) } },
	{ "must not have BS: no single-step is due", LONG_MODE, PENDING,
	  { SET(BLOCK, 2), SET(PENDING, 1 << 14),
	    ON(GUEST_RFLAGS, X86_EFLAGS_TF), SET(GUEST_IA32_DEBUGCTL, 2) } },
	{ "must have RTM with bit 12 only and no MOV SS blocking", LONG_MODE,
	  PENDING, { SET(PENDING, 1 << 16) } },
	{ "must have RTM with bit 12 only and no MOV SS blocking", LONG_MODE,
	  PENDING, { SET(PENDING, 1 << 16 | 1 << 14 | 1 << 12) } },
	{ "must be all ones or the physical address of a page", LONG_MODE,
	  VMCS_LINK_POINTER, { SET(VMCS_LINK_POINTER, 0x7fffffff) } },

	{ RESERVED, PROTECTED_MODE, GUEST_PDPTR0, { SET(GUEST_PDPTR0, 3) } },
	{ RESERVED, PROTECTED_MODE, GUEST_PDPTR1, { SET(GUEST_PDPTR1, 0x21) } },
	{ RESERVED, PROTECTED_MODE, GUEST_PDPTR2, { SET(GUEST_PDPTR2, 5) } },
	{ RESERVED, PROTECTED_MODE, GUEST_PDPTR3,
	  { SET(GUEST_PDPTR3, BAD_PA | 1) } },
};

#define SEG(x)		(1u << WARD_##x)
#define DATA		(SEG(DS) | SEG(ES) | SEG(FS) | SEG(GS))
#define STACK_DATA	(SEG(SS) | DATA)
#define CODE_DATA	(SEG(CS) | STACK_DATA)
#define RIGHTS_BITS	"must not have reserved bits (11:8, 31:17)"
#define G_CLEAR		"must have G clear: the limit does not end a page"
#define G_SET		"must have G set: the limit exceeds 1 MiB"

static const struct segment_row segment_rows[] = {
	{ "must have TI clear", LONG_MODE, SEG(TR) | SEG(LDTR), PART_SELECTOR,
	  { SEG_ON(PART_SELECTOR, 4) } },
	{ "must have the RPL of CS without unrestricted guest", LONG_MODE,
	  SEG(SS), PART_SELECTOR,
	  { SEG_ON(PART_SELECTOR, 3), SEG_ON(PART_RIGHTS, 0x60),
	    ON(GUEST_CS_AR_BYTES, 4), OFF(PROC2, UNREST) } },
	{ "must be 16 times the selector in virtual-8086 mode", V86_MODE,
	  CODE_DATA, PART_BASE, { SEG_ON(PART_BASE, 1) } },
	{ CANONICAL, LONG_MODE, SEG(TR) | SEG(LDTR) | SEG(FS) | SEG(GS),
	  PART_BASE, { SEG_SET(PART_BASE, BAD_VA) } },
	{ "must fit into 32 bits", LONG_MODE,
	  SEG(CS) | SEG(SS) | SEG(DS) | SEG(ES), PART_BASE,
	  { SEG_SET(PART_BASE, 1ull << 32) } },
	{ "must be 0xffff in virtual-8086 mode", V86_MODE, CODE_DATA,
	  PART_LIMIT, { SEG_SET(PART_LIMIT, 0xfffff) } },
	{ "must be 0xf3 in virtual-8086 mode", V86_MODE, CODE_DATA,
	  PART_RIGHTS, { SEG_SET(PART_RIGHTS, 0x93) } },
	{ "must have type 9, 11, 13, 15 (3: unrestricted guest)", LONG_MODE,
	  SEG(CS), PART_RIGHTS, { SEG_OFF(PART_RIGHTS, 1) } },
	{ "must have type 9, 11, 13, 15 (3: unrestricted guest)",
	  PROTECTED_MODE, SEG(CS), PART_RIGHTS,
	  { SEG_OFF(PART_RIGHTS, 8), OFF(PROC2, UNREST) } },
	{ "must have type 3 or 7", LONG_MODE, SEG(SS), PART_RIGHTS,
	  { SEG_OFF(PART_RIGHTS, 2) } },
	{ "must be of an accessed type (bit 0)", LONG_MODE, DATA, PART_RIGHTS,
	  { SEG_OFF(PART_RIGHTS, 1) } },
	{ "must be readable where it is code (bit 1)", LONG_MODE, DATA,
	  PART_RIGHTS, { SEG_OFF(PART_RIGHTS, 2), SEG_ON(PART_RIGHTS, 8) } },
	{ "must have S set", LONG_MODE, CODE_DATA, PART_RIGHTS,
	  { SEG_OFF(PART_RIGHTS, 0x10) } },
	{ "must have DPL 0 with type 3", REAL_MODE, SEG(CS), PART_RIGHTS,
	  { SEG_SET(PART_RIGHTS, 0xf3) } },
	{ "must have the DPL of SS with type 9 or 11", LONG_MODE, SEG(CS),
	  PART_RIGHTS, { SEG_ON(PART_RIGHTS, 0x60) } },
	{ "must not have a DPL above that of SS", LONG_MODE, SEG(CS),
	  PART_RIGHTS, { SEG_ON(PART_RIGHTS, 0x64) } },
	{ "must have DPL equal to RPL without unrestricted guest", LONG_MODE,
	  SEG(SS), PART_RIGHTS,
	  { SEG_ON(PART_RIGHTS, 0x60), ON(GUEST_CS_AR_BYTES, 4),
	    OFF(PROC2, UNREST) } },
	{ "must have DPL 0 while CR0.PE is 0 or CS has type 3", REAL_MODE,
	  SEG(SS), PART_RIGHTS,
	  { SEG_ON(PART_RIGHTS, 0x60), ON(GUEST_CS_AR_BYTES, 4) } },
	{ "must have DPL 0 while CR0.PE is 0 or CS has type 3",
	  PROTECTED_MODE, SEG(SS), PART_RIGHTS,
	  { SEG_ON(PART_RIGHTS, 0x60), OFF(GUEST_CS_AR_BYTES, 8) } },
	{ "must not have DPL below RPL without unrestricted guest", LONG_MODE,
	  DATA, PART_RIGHTS,
	  { SEG_ON(PART_SELECTOR, 3), OFF(PROC2, UNREST) } },
	{ "must have P set", LONG_MODE, CODE_DATA | SEG(TR) | SEG(LDTR),
	  PART_RIGHTS, { SEG_OFF(PART_RIGHTS, 0x80) } },
	{ RIGHTS_BITS, LONG_MODE, CODE_DATA | SEG(TR) | SEG(LDTR),
	  PART_RIGHTS, { SEG_ON(PART_RIGHTS, 0x100) } },
	{ RIGHTS_BITS, LONG_MODE, CODE_DATA | SEG(TR) | SEG(LDTR),
	  PART_RIGHTS, { SEG_ON(PART_RIGHTS, 0x20000) } },
	{ "must not have both L and D in IA-32e mode", LONG_MODE, SEG(CS),
	  PART_RIGHTS, { SEG_ON(PART_RIGHTS, 0x4000) } },
	{ G_CLEAR, LONG_MODE, CODE_DATA | SEG(TR) | SEG(LDTR), PART_RIGHTS,
	  { SEG_SET(PART_LIMIT, 0x67), SEG_ON(PART_RIGHTS, 0x8000) } },
	{ G_SET, LONG_MODE, CODE_DATA | SEG(TR) | SEG(LDTR), PART_RIGHTS,
	  { SEG_SET(PART_LIMIT, 0x1fffff), SEG_OFF(PART_RIGHTS, 0x8000) } },
	{ "must have type 11 (3: outside IA-32e mode)", LONG_MODE, SEG(TR),
	  PART_RIGHTS, { SEG_OFF(PART_RIGHTS, 8) } },
	{ "must have type 11 (3: outside IA-32e mode)", PROTECTED_MODE,
	  SEG(TR), PART_RIGHTS, { SEG_OFF(PART_RIGHTS, 2) } },
	{ "must have S clear", LONG_MODE, SEG(TR) | SEG(LDTR), PART_RIGHTS,
	  { SEG_ON(PART_RIGHTS, 0x10) } },
	{ "must be usable", LONG_MODE, SEG(TR), PART_RIGHTS,
	  { SEG_ON(PART_RIGHTS, 0x10000) } },
	{ "must have type 2", LONG_MODE, SEG(LDTR), PART_RIGHTS,
	  { SEG_ON(PART_RIGHTS, 8) } },
};

/* Changes after which every check still holds */
static const struct row good_rows[] = {
	{ "64-bit guest", LONG_MODE, 0, { { 0 } } },
	{ "32-bit guest with PAE paging", PROTECTED_MODE, 0, { { 0 } } },
	{ "guest after reset", REAL_MODE, 0, { { 0 } } },
	{ "virtual-8086 guest", V86_MODE, 0, { { 0 } } },
	{ "restricted guest", LONG_MODE, 0, { OFF(PROC2, UNREST) } },
	{ "real mode with data in CS", REAL_MODE, 0,
	  { SET(GUEST_CS_AR_BYTES, 0x93) } },
	{ "protected mode without paging", PROTECTED_MODE, 0,
	  { OFF(GUEST_CR0, X86_CR0_PG), SET(GUEST_PDPTR0, 3) } },
	{ "compatibility mode", LONG_MODE, 0,
	  { SET(GUEST_CS_AR_BYTES, 0xc09b), SET(GUEST_RIP, 0xfffffffe) } },
	{ "null segments", LONG_MODE, 0,
	  { SET(GUEST_DS_AR_BYTES, 0x10000), SET(GUEST_SS_AR_BYTES, 0x10000),
	    SET(GUEST_DS_BASE, BAD_VA), SET(GUEST_LDTR_AR_BYTES, 0x10000),
	    SET(GUEST_LDTR_BASE, BAD_VA) } },
	{ "long mode enabled, not active", PROTECTED_MODE, 0,
	  { OFF(GUEST_CR0, X86_CR0_PG), SET(GUEST_IA32_EFER, 0x100) } },
	{ "PDPTE that is not present", PROTECTED_MODE, 0,
	  { SET(GUEST_PDPTR1, 0x1e6) } },
	{ "CR0 with NW without CD", LONG_MODE, 0,
	  { ON(GUEST_CR0, X86_CR0_NW) } },
	{ "RIP one past the lower half", LONG_MODE, 0,
	  { SET(GUEST_RIP, BAD_VA) } },
	{ "interrupt injected", LONG_MODE, 0, { INTERRUPT, IF } },
	{ "interrupt ends HLT", LONG_MODE, 0,
	  { INTERRUPT, IF, SET(GUEST_ACTIVITY_STATE, 1) } },
	{ "NMI injected", LONG_MODE, 0, { NMI } },
	{ "NMI ends shutdown", LONG_MODE, 0,
	  { NMI, SET(GUEST_ACTIVITY_STATE, 2) } },
	{ "NMIs blocked, interrupt injected", LONG_MODE, 0,
	  { INTERRUPT, IF, SET(BLOCK, 8) } },
	{ "general protection, with its error code", LONG_MODE, 0, { SET(INFO, 0x80000b0d) } },
	{ "general protection in real mode", REAL_MODE, 0, { SET(INFO, 0x8000030d) } },
	{ "any error code where the CPU lets it", LONG_MODE, 0,
	  { SET(INFO, 0x80000b06), MSR_ON(VMX_MSR_BASIC, 1ull << 56) } },
	{ "INT n", LONG_MODE, 0,
	  { SET(INFO, 0x80000480), SET(VM_ENTRY_INSTRUCTION_LEN, 2) } },
	{ "an invalid event is not looked at", LONG_MODE, 0,
	  { SET(INFO, 0x7fffffff) } },
	{ "STI blocking", LONG_MODE, 0, { SET(BLOCK, 1), IF } },
	{ "single-step after MOV SS", LONG_MODE, 0,
	  { SET(BLOCK, 2), ON(GUEST_RFLAGS, X86_EFLAGS_TF),
	    SET(PENDING, 1 << 14) } },
	{ "5-level paging where the CPU has it", LONG_MODE, 0,
	  { MSR_ON(VMX_MSR_CR4_FIXED1, X86_CR4_LA57),
	    ON(GUEST_CR4, X86_CR4_LA57), SET(GUEST_FS_BASE, BAD_VA) } },
	{ "secondary controls not activated", PROTECTED_MODE, 0,
	  { OFF(PROC, CPU_BASED_ACTIVATE_SECONDARY_CONTROLS),
	    SET(PROC2, ~0u) } },
	{ "a debug exception ends HLT", LONG_MODE, 0,
	  { SET(INFO, 0x80000301), SET(GUEST_ACTIVITY_STATE, 1) } },
	{ "NMI window", LONG_MODE, 0,
	  { ON(PROC, CPU_BASED_NMI_WINDOW_EXITING) } },
	{ "x2APIC mode, interrupts delivered and posted", LONG_MODE, 0,
	  { ON(PROC2, SECONDARY_EXEC_VIRTUALIZE_X2APIC_MODE | VID),
	    ON(PROC, CPU_BASED_TPR_SHADOW), ON(PIN, PIN_BASED_POSTED_INTR),
	    ON(EXIT, VM_EXIT_ACK_INTR_ON_EXIT), SET(POSTED_INTR_NV, 255),
	    SET(POSTED_INTR_DESC_ADDR, 64) } },
	{ "preemption timer saved", LONG_MODE, 0,
	  { ON(PIN, PIN_BASED_VMX_PREEMPTION_TIMER),
	    ON(EXIT, VM_EXIT_SAVE_VMX_PREEMPTION_TIMER) } },
	{ "BNDCFGS", LONG_MODE, 0,
	  { ON(ENTRY, VM_ENTRY_LOAD_BNDCFGS),
	    SET(GUEST_BNDCFGS, 0xffff800000001003) } },
	{ "MSR areas", LONG_MODE, 0,
	  { SET(VM_EXIT_MSR_LOAD_ADDR, 0x6000), SET(VM_EXIT_MSR_LOAD_COUNT, 2),
	    SET(VM_ENTRY_MSR_LOAD_ADDR, 0x6000),
	    SET(VM_ENTRY_MSR_LOAD_COUNT, 2), SET(VM_EXIT_MSR_STORE_ADDR, 1) } },
};

#endif
