// SPDX-License-Identifier: GPL-2.0-only
/*
 * caps.c - can this machine run Ward? Asked once, at module load, of every
 * CPU: they must agree, since a vCPU may run on any of them.
 */
#include <linux/cpu.h>
#include <linux/smp.h>
#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/tsc.h>
#include "vmx/compat.h"
#include "vmx/root.h"
#include "vmx/vcpu.h"

u64 vmx_cap_msrs[WARD_VMX_MSRS];
struct vmcs_controls vmx_default_controls;

static void read_caps(u64 *msrs)
{
	int i;

	for (i = 0; i < WARD_VMX_MSRS; i++) {
		unsigned long long value = 0;

		/* Later MSRs exist only with the controls they describe. */
		if (rdmsrl_safe(MSR_IA32_VMX_BASIC + i, &value))
			value = 0;
		msrs[i] = value;
	}
}

static void compare_caps(void *differ)
{
	u64 msrs[WARD_VMX_MSRS];

	read_caps(msrs);
	if (memcmp(msrs, vmx_cap_msrs, sizeof(msrs)))
		atomic_inc(differ);
}

static const char *firmware_lock(void)
{
	u64 control;

	if (rdmsrl_safe(MSR_IA32_FEAT_CTL, &control))
		return NULL;
	if ((control & FEAT_CTL_LOCKED) && !(control & FEAT_CTL_VMX_ENABLED_OUTSIDE_SMX))
		return "VT-x is switched off by the firmware: enable it in the BIOS setup";
	return NULL;
}

/* All that is required and not there, or @first, which is something else. */
static void report_missing(const char *first)
{
	char names[256] = "";
	size_t n = 0;

	for (size_t i = 0; i < VMX_CAPABILITY_COUNT; i++) {
		const struct vmx_capability *c = &vmx_capabilities[i];

		if (c->required && !vmx_capability_present(vmx_cap_msrs, c))
			n += scnprintf(names + n, sizeof(names) - n, "%s%s", n ? ", " : "",
				       c->name);
	}
	pr_err("this CPU lacks the VMX capability %s\n", n ? names : first);
}

int vmx_init(void)
{
	atomic_t differ = ATOMIC_INIT(0);
	const char *missing;
	int err;

	if (!(cpuid_ecx(1) & (1u << 5))) {
		pr_err("this CPU has no VT-x (CPUID.1:ECX.VMX)\n");
		return -ENODEV;
	}
	if (firmware_lock()) {
		pr_err("%s\n", firmware_lock());
		return -ENODEV;
	}
#ifdef X86_FEATURE_FRED
	if (cpu_feature_enabled(X86_FEATURE_FRED)) {
		pr_err("the kernel uses FRED event delivery, which Ward cannot hand NMIs to; boot with fred=off\n");
		return -EOPNOTSUPP;
	}
#endif
	if (!tsc_khz) {
		pr_err("the kernel could not find out how fast this CPU's time-stamp counter runs\n");
		return -ENODEV;
	}
	read_caps(vmx_cap_msrs);
	if (vmcs_negotiate(vmx_cap_msrs, &vmx_default_controls, &missing)) {
		report_missing(missing);
		return -ENODEV;
	}
	on_each_cpu(compare_caps, &differ, 1);
	if (atomic_read(&differ)) {
		pr_err("the CPUs differ in their VMX capabilities\n");
		return -ENODEV;
	}
	err = vmx_host_init();
	if (err)
		return err;
	return vmx_root_init();
}

void vmx_exit(void)
{
	vmx_vcpus_exit();
	vmx_root_exit();
}
