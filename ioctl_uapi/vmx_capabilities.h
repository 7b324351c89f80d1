/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * vmx_capabilities.h - the VMX capabilities that Ward knows, by name.
 *
 * One table for two readers: the module's check at load time, and
 * `ward probe`. It says in which capability MSR a feature is reported, under
 * which bit, what it is called and whether Ward can run without it. Pure C,
 * for kernel and user space; nothing here reads an MSR.
 *
 * `required` is what every VT-x CPU since 2010 has. Everything else is used
 * where it is there.
 *
 * Names are those of the "vmx flags" line of /proc/cpuinfo where that has
 * one, so that the two can be compared.
 *
 * IA32_VMX_PROCBASED_CTLS3 (0x492) is not in the array that WARD_PROBE
 * returns, so tertiary controls are only listed as existing.
 */
#ifndef _WARD_VMX_CAPABILITIES_H
#define _WARD_VMX_CAPABILITIES_H

#include <linux/types.h>

/* The first capability MSR, and how many follow it: 0x480 to 0x491. */
#define VMX_CAPABILITY_MSR_BASE		0x480
#define VMX_CAPABILITY_MSRS		18

/* Offsets from VMX_CAPABILITY_MSR_BASE */
#define VMX_MSR_BASIC			0
#define VMX_MSR_PIN			1
#define VMX_MSR_PROC			2
#define VMX_MSR_EXIT			3
#define VMX_MSR_ENTRY			4
#define VMX_MSR_MISC			5
#define VMX_MSR_CR0_FIXED0		6
#define VMX_MSR_CR0_FIXED1		7
#define VMX_MSR_CR4_FIXED0		8
#define VMX_MSR_CR4_FIXED1		9
#define VMX_MSR_VMCS_ENUM		10
#define VMX_MSR_PROC2			11
#define VMX_MSR_EPT_VPID		12
#define VMX_MSR_TRUE_PIN		13
#define VMX_MSR_TRUE_PROC		14
#define VMX_MSR_TRUE_EXIT		15
#define VMX_MSR_TRUE_ENTRY		16
#define VMX_MSR_VMFUNC			17

#define VMX_BASIC_TRUE_CONTROLS		55	/* bit of VMX_MSR_BASIC */

/*
 * A group is what a capability belongs to. It names the plain MSR; where
 * the CPU has the TRUE_ variant, vmx_capability_msr() picks that.
 */
enum vmx_capability_group {
	VMX_GROUP_BASIC		= VMX_MSR_BASIC,
	VMX_GROUP_PIN		= VMX_MSR_PIN,
	VMX_GROUP_PROC		= VMX_MSR_PROC,
	VMX_GROUP_PROC2		= VMX_MSR_PROC2,
	VMX_GROUP_EXIT		= VMX_MSR_EXIT,
	VMX_GROUP_ENTRY		= VMX_MSR_ENTRY,
	VMX_GROUP_MISC		= VMX_MSR_MISC,
	VMX_GROUP_EPT_VPID	= VMX_MSR_EPT_VPID,
	VMX_GROUP_VMFUNC	= VMX_MSR_VMFUNC,
};

/**
 * struct vmx_capability - one feature
 * @group: enum vmx_capability_group
 * @bit: 0 to 63 of the MSR. For control MSRs that is the allowed-1 setting:
 *       32 + the control's position
 * @required: 1: Ward cannot run without it
 * @name: lower case, unique
 */
struct vmx_capability {
	__u8 group;
	__u8 bit;
	__u8 required;
	const char *name;
};

/* X(group, bit, required, name); C(): a control, bit is its position. */
#define VMX_CAPABILITIES(X, C)						\
	X(BASIC,    VMX_BASIC_TRUE_CONTROLS, 1, "true_controls")	\
	X(BASIC,    54, 0, "ins_outs_info")				\
	X(BASIC,    56, 0, "exception_any_error_code")			\
									\
	C(PIN,       0, 1, "interrupt_exiting")				\
	C(PIN,       3, 1, "nmi_exiting")				\
	C(PIN,       5, 1, "vnmi")					\
	C(PIN,       6, 0, "preemption_timer")				\
	C(PIN,       7, 0, "posted_intr")				\
									\
	C(PROC,      2, 1, "interrupt_window_exiting")			\
	C(PROC,      3, 1, "tsc_offset")				\
	C(PROC,      7, 1, "hlt_exiting")				\
	C(PROC,      9, 0, "invlpg_exiting")				\
	C(PROC,     10, 0, "mwait_exiting")				\
	C(PROC,     11, 0, "rdpmc_exiting")				\
	C(PROC,     12, 0, "rdtsc_exiting")				\
	C(PROC,     15, 0, "cr3_load_exiting")				\
	C(PROC,     16, 0, "cr3_store_exiting")				\
	C(PROC,     17, 0, "tertiary_controls")				\
	C(PROC,     19, 0, "cr8_load_exiting")				\
	C(PROC,     20, 0, "cr8_store_exiting")				\
	C(PROC,     21, 0, "vtpr")					\
	C(PROC,     22, 1, "nmi_window_exiting")			\
	C(PROC,     23, 1, "mov_dr_exiting")				\
	C(PROC,     24, 1, "unconditional_io_exiting")			\
	C(PROC,     25, 0, "io_bitmaps")				\
	C(PROC,     27, 0, "mtf")					\
	C(PROC,     28, 1, "msr_bitmaps")				\
	C(PROC,     29, 0, "monitor_exiting")				\
	C(PROC,     30, 0, "pause_exiting")				\
	C(PROC,     31, 1, "secondary_controls")			\
									\
	C(PROC2,     0, 0, "vapic")					\
	C(PROC2,     1, 1, "ept")					\
	C(PROC2,     2, 0, "descriptor_table_exiting")			\
	C(PROC2,     3, 0, "rdtscp")					\
	C(PROC2,     4, 0, "virtual_x2apic")				\
	C(PROC2,     5, 1, "vpid")					\
	C(PROC2,     6, 0, "wbinvd_exiting")				\
	C(PROC2,     7, 1, "unrestricted_guest")			\
	C(PROC2,     8, 0, "vapic_reg")					\
	C(PROC2,     9, 0, "vid")					\
	C(PROC2,    10, 0, "ple")					\
	C(PROC2,    11, 0, "rdrand_exiting")				\
	C(PROC2,    12, 0, "invpcid")					\
	C(PROC2,    13, 0, "vmfunc")					\
	C(PROC2,    14, 0, "shadow_vmcs")				\
	C(PROC2,    15, 0, "encls_exiting")				\
	C(PROC2,    16, 0, "rdseed_exiting")				\
	C(PROC2,    17, 0, "pml")					\
	C(PROC2,    18, 0, "ept_violation_ve")				\
	C(PROC2,    19, 0, "pt_conceal")				\
	C(PROC2,    20, 0, "xsaves")					\
	C(PROC2,    22, 0, "ept_mode_based_exec")			\
	C(PROC2,    23, 0, "spp")					\
	C(PROC2,    24, 0, "pt_use_gpa")				\
	C(PROC2,    25, 0, "tsc_scaling")				\
	C(PROC2,    26, 0, "usr_wait_pause")				\
	C(PROC2,    30, 0, "bus_lock_detection")			\
	C(PROC2,    31, 0, "notify_vm_exiting")				\
									\
	C(EXIT,      2, 1, "exit_save_debug_controls")			\
	C(EXIT,      9, 1, "exit_host_64")				\
	C(EXIT,     12, 0, "exit_load_perf_global_ctrl")		\
	C(EXIT,     15, 0, "exit_ack_interrupt")			\
	C(EXIT,     18, 1, "exit_save_pat")				\
	C(EXIT,     19, 1, "exit_load_pat")				\
	C(EXIT,     20, 1, "exit_save_efer")				\
	C(EXIT,     21, 1, "exit_load_efer")				\
	C(EXIT,     22, 0, "exit_save_preemption_timer")		\
	C(EXIT,     23, 0, "exit_clear_bndcfgs")			\
	C(EXIT,     24, 0, "exit_pt_conceal")				\
	C(EXIT,     25, 0, "exit_clear_rtit_ctl")			\
	C(EXIT,     28, 0, "exit_load_cet")				\
	C(EXIT,     29, 0, "exit_load_pkrs")				\
	C(EXIT,     31, 0, "exit_secondary_controls")			\
									\
	C(ENTRY,     2, 1, "entry_load_debug_controls")			\
	C(ENTRY,     9, 1, "entry_ia32e")				\
	C(ENTRY,    13, 0, "entry_load_perf_global_ctrl")		\
	C(ENTRY,    14, 1, "entry_load_pat")				\
	C(ENTRY,    15, 1, "entry_load_efer")				\
	C(ENTRY,    16, 0, "entry_load_bndcfgs")			\
	C(ENTRY,    17, 0, "entry_pt_conceal")				\
	C(ENTRY,    18, 0, "entry_load_rtit_ctl")			\
	C(ENTRY,    20, 0, "entry_load_cet")				\
	C(ENTRY,    22, 0, "entry_load_pkrs")				\
									\
	X(EPT_VPID,  0, 0, "ept_x_only")				\
	X(EPT_VPID,  6, 1, "ept_4level")				\
	X(EPT_VPID,  7, 0, "ept_5level")				\
	X(EPT_VPID,  8, 0, "ept_uncacheable")				\
	X(EPT_VPID, 14, 1, "ept_write_back")				\
	X(EPT_VPID, 16, 1, "ept_2mb")					\
	X(EPT_VPID, 17, 0, "ept_1gb")					\
	X(EPT_VPID, 20, 1, "invept")					\
	X(EPT_VPID, 21, 0, "ept_ad")					\
	X(EPT_VPID, 22, 0, "ept_advanced_exit_info")			\
	X(EPT_VPID, 23, 0, "ept_shadow_stack")				\
	X(EPT_VPID, 25, 1, "invept_single_context")			\
	X(EPT_VPID, 26, 1, "invept_all_context")			\
	X(EPT_VPID, 32, 1, "invvpid")					\
	X(EPT_VPID, 40, 0, "invvpid_individual_address")		\
	X(EPT_VPID, 41, 1, "invvpid_single_context")			\
	X(EPT_VPID, 42, 1, "invvpid_all_context")			\
	X(EPT_VPID, 43, 0, "invvpid_retaining_globals")			\
									\
	X(MISC,      5, 0, "exit_stores_lma")				\
	X(MISC,      6, 0, "activity_hlt")				\
	X(MISC,      7, 0, "activity_shutdown")				\
	X(MISC,      8, 0, "activity_wait_sipi")			\
	X(MISC,     14, 0, "pt_in_vmx")					\
	X(MISC,     29, 0, "vmwrite_any_field")				\
	X(MISC,     30, 0, "inject_zero_length")			\
									\
	X(VMFUNC,    0, 0, "eptp_switching")

#define VMX_CAPABILITY_ROW(group, bit, required, name)			\
	{ VMX_GROUP_##group, (bit), (required), (name) },
#define VMX_CAPABILITY_CONTROL_ROW(group, bit, required, name)		\
	{ VMX_GROUP_##group, 32 + (bit), (required), (name) },

static const struct vmx_capability vmx_capabilities[]
	__attribute__((__unused__)) = {
	VMX_CAPABILITIES(VMX_CAPABILITY_ROW, VMX_CAPABILITY_CONTROL_ROW)
};

#define VMX_CAPABILITY_COUNT						\
	(sizeof(vmx_capabilities) / sizeof(vmx_capabilities[0]))

/**
 * vmx_capability_msr() - which MSR reports a capability on this CPU
 * @msrs: values of MSRs 0x480 to 0x491; 0 where the CPU lacks one
 * @capability: a row of vmx_capabilities
 *
 * The TRUE_ control MSRs differ from the plain ones only in what may be
 * zero, but where they exist they are the ones a VMCS is made from, so the
 * answer is taken from there.
 *
 * Return: the offset from VMX_CAPABILITY_MSR_BASE.
 */
static inline unsigned int
vmx_capability_msr(const __u64 msrs[VMX_CAPABILITY_MSRS],
		   const struct vmx_capability *capability)
{
	if (!(msrs[VMX_MSR_BASIC] >> VMX_BASIC_TRUE_CONTROLS & 1))
		return capability->group;

	switch (capability->group) {
	case VMX_GROUP_PIN:
		return VMX_MSR_TRUE_PIN;
	case VMX_GROUP_PROC:
		return VMX_MSR_TRUE_PROC;
	case VMX_GROUP_EXIT:
		return VMX_MSR_TRUE_EXIT;
	case VMX_GROUP_ENTRY:
		return VMX_MSR_TRUE_ENTRY;
	default:
		return capability->group;
	}
}

/**
 * vmx_capability_present() - does this CPU have the capability
 * @msrs: values of MSRs 0x480 to 0x491; 0 where the CPU lacks one
 * @capability: a row of vmx_capabilities
 *
 * Return: 1 or 0.
 */
static inline int
vmx_capability_present(const __u64 msrs[VMX_CAPABILITY_MSRS],
		       const struct vmx_capability *capability)
{
	return msrs[vmx_capability_msr(msrs, capability)] >>
	       capability->bit & 1;
}

#endif /* _WARD_VMX_CAPABILITIES_H */
