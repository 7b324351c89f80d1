// SPDX-License-Identifier: GPL-2.0-only
/*
 * controls.c - negotiate the VMX controls with the CPU.
 *
 * What Ward wants is the set of constants at the top; the rest adjusts them
 * to what the capability MSRs allow, or says what is missing. Pure: no
 * hardware is touched. Intel SDM: "Reserved Controls and Default Settings".
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <asm/vmx.h>

#include "vmcs/controls.h"

/*
 * _ON: set, or Ward does not run. _WANTED: set where the CPU can.
 * _SWITCHED: off at first and turned on and off as the guest runs.
 * _OFF: default-1 controls, so a CPU could insist on them, that Ward needs
 * off. All else stays off, or at the CPU's default where the bit is reserved.
 */
#define PIN_ON		(PIN_BASED_EXT_INTR_MASK |			\
			 PIN_BASED_NMI_EXITING |			\
			 PIN_BASED_VIRTUAL_NMIS)

/* No TPR shadow yet, so CR8 would be the host's own. */
#define PROC_ON		(CPU_BASED_USE_TSC_OFFSETTING |			\
			 CPU_BASED_HLT_EXITING |			\
			 CPU_BASED_MWAIT_EXITING |			\
			 CPU_BASED_RDPMC_EXITING |			\
			 CPU_BASED_CR8_LOAD_EXITING |			\
			 CPU_BASED_CR8_STORE_EXITING |			\
			 CPU_BASED_MOV_DR_EXITING |			\
			 CPU_BASED_UNCOND_IO_EXITING |			\
			 CPU_BASED_USE_MSR_BITMAPS |			\
			 CPU_BASED_MONITOR_EXITING |			\
			 CPU_BASED_ACTIVATE_SECONDARY_CONTROLS)
#define PROC_SWITCHED	(CPU_BASED_INTR_WINDOW_EXITING |		\
			 CPU_BASED_NMI_WINDOW_EXITING)
#define PROC_OFF	(CPU_BASED_CR3_LOAD_EXITING |			\
			 CPU_BASED_CR3_STORE_EXITING |			\
			 CPU_BASED_INVLPG_EXITING |			\
			 CPU_BASED_PAUSE_EXITING)

#define PROC2_ON	(SECONDARY_EXEC_ENABLE_EPT |			\
			 SECONDARY_EXEC_ENABLE_VPID |			\
			 SECONDARY_EXEC_WBINVD_EXITING |		\
			 SECONDARY_EXEC_UNRESTRICTED_GUEST)
/*
 * Without its control the instruction is #UD, whatever CPUID says. ENCLS works
 * without, also where CPUID says nothing of SGX.
 */
#define PROC2_WANTED	(SECONDARY_EXEC_ENABLE_RDTSCP |			\
			 SECONDARY_EXEC_ENABLE_INVPCID |		\
			 SECONDARY_EXEC_ENCLS_EXITING |			\
			 VMCS_CONTROL_BIT(XSAVES))

/*
 * Host interrupts are left pending by the exit and taken when the run loop
 * enables interrupts, so "acknowledge interrupt on exit" stays off.
 */
#define EXIT_ON		(VM_EXIT_SAVE_DEBUG_CONTROLS |			\
			 VM_EXIT_HOST_ADDR_SPACE_SIZE |			\
			 VM_EXIT_SAVE_IA32_PAT |			\
			 VM_EXIT_LOAD_IA32_PAT |			\
			 VM_EXIT_SAVE_IA32_EFER |			\
			 VM_EXIT_LOAD_IA32_EFER)

#define ENTRY_ON	(VM_ENTRY_LOAD_DEBUG_CONTROLS |			\
			 VM_ENTRY_LOAD_IA32_PAT |			\
			 VM_ENTRY_LOAD_IA32_EFER)
#define ENTRY_SWITCHED	VM_ENTRY_IA32E_MODE

struct control_wish {
	enum vmx_capability_group group;
	u32 on;
	u32 wanted;
	u32 switched;
	u32 off;
};

static const struct control_wish pin_wish = {
	.group = VMX_GROUP_PIN,
	.on = PIN_ON,
};

static const struct control_wish proc_wish = {
	.group = VMX_GROUP_PROC,
	.on = PROC_ON,
	.switched = PROC_SWITCHED,
	.off = PROC_OFF,
};

static const struct control_wish proc2_wish = {
	.group = VMX_GROUP_PROC2,
	.on = PROC2_ON,
	.wanted = PROC2_WANTED,
};

static const struct control_wish exit_wish = {
	.group = VMX_GROUP_EXIT,
	.on = EXIT_ON,
};

static const struct control_wish entry_wish = {
	.group = VMX_GROUP_ENTRY,
	.on = ENTRY_ON,
	.switched = ENTRY_SWITCHED,
};

/* Name of the lowest control in @bits. */
static const char *control_name(enum vmx_capability_group group, u32 bits)
{
	size_t i;

	for (i = 0; i < VMX_CAPABILITY_COUNT; i++) {
		const struct vmx_capability *c = &vmx_capabilities[i];

		if (c->group == group && c->bit >= 32 &&
		    bits >> (c->bit - 32) & 1)
			return c->name;
	}
	return "of a control without a name";
}

/* The few that a CPU might not let Ward turn off, worded for what follows "capability". */
static const char *stuck_name(enum vmx_capability_group group, u32 bits)
{
	if (group == VMX_GROUP_ENTRY)
		return "to switch entry_ia32e off";
	if (bits & CPU_BASED_CR3_LOAD_EXITING)
		return "to switch cr3_load_exiting off";
	if (bits & CPU_BASED_CR3_STORE_EXITING)
		return "to switch cr3_store_exiting off";
	if (bits & CPU_BASED_INVLPG_EXITING)
		return "to switch invlpg_exiting off";
	if (bits & CPU_BASED_PAUSE_EXITING)
		return "to switch pause_exiting off";
	return "to switch window exiting off";
}

/* Adjust one group; NULL, or the name of what is missing. */
static const char *adjust(const u64 msrs[VMX_CAPABILITY_MSRS],
			  const struct control_wish *wish, u32 *out)
{
	u32 must = vmcs_controls_must_be_1(msrs, wish->group);
	u32 may = vmcs_controls_may_be_1(msrs, wish->group);
	u32 lacking = (wish->on | wish->switched) & ~may;
	u32 stuck = (wish->off | wish->switched) & must;

	if (lacking)
		return control_name(wish->group, lacking);
	if (stuck)
		return stuck_name(wish->group, stuck);
	*out = wish->on | (wish->wanted & may) | must;
	return NULL;
}

/* What the table of capabilities calls required, EPT and VPID included. */
static const char *missing_capability(const u64 msrs[VMX_CAPABILITY_MSRS])
{
	size_t i;

	for (i = 0; i < VMX_CAPABILITY_COUNT; i++) {
		const struct vmx_capability *c = &vmx_capabilities[i];

		if (c->required && !vmx_capability_present(msrs, c))
			return c->name;
	}
	return NULL;
}

int vmcs_negotiate(const u64 msrs[VMX_CAPABILITY_MSRS],
		   struct vmcs_controls *out, const char **missing)
{
	struct vmcs_controls c;

	*missing = missing_capability(msrs);
	if (!*missing)
		*missing = adjust(msrs, &pin_wish, &c.pin);
	if (!*missing)
		*missing = adjust(msrs, &proc_wish, &c.proc);
	if (!*missing)
		*missing = adjust(msrs, &proc2_wish, &c.proc2);
	if (!*missing)
		*missing = adjust(msrs, &exit_wish, &c.exit);
	if (!*missing)
		*missing = adjust(msrs, &entry_wish, &c.entry);
	if (*missing)
		return -ENODEV;

	*out = c;
	return 0;
}
