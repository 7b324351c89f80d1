// SPDX-License-Identifier: GPL-2.0-only
/*
 * controls_test.c - control negotiation against made-up CPUs.
 */
#include <errno.h>
#include <string.h>

#include "fake_vmcs.h"
#include "tap.h"

static void test_full_cpu(void)
{
	u64 msrs[VMX_CAPABILITY_MSRS];
	struct vmcs_controls c;
	const char *missing = "?";

	fake_cpu(msrs);
	ok(vmcs_negotiate(msrs, &c, &missing) == 0 && !missing,
	   "a full CPU lacks nothing");
	ok(c.pin == 0x3f, "pin-based controls 0x%x", c.pin);
	ok(c.proc == 0xb5986dfa, "processor-based controls 0x%x", c.proc);
	ok(c.proc2 == 0x1010ea, "secondary controls 0x%x", c.proc2);
	ok(c.exit == 0x3f6fff, "exit controls 0x%x", c.exit);
	ok(c.entry == 0xd1ff, "entry controls 0x%x", c.entry);
}

static void test_optional(void)
{
	u64 msrs[VMX_CAPABILITY_MSRS];
	struct vmcs_controls c;
	const char *missing;

	fake_cpu(msrs);
	msrs[VMX_MSR_PROC2] = CONTROL_MSR(0, 0xe2);
	ok(vmcs_negotiate(msrs, &c, &missing) == 0 && c.proc2 == 0xe2,
	   "a CPU without RDTSCP, INVPCID and XSAVES will do");
}

struct lack {
	unsigned int msr;
	u64 clear;
	u64 set;
	const char *missing;
};

#define MAY(bit)	(1ull << (32 + (bit)))

static const struct lack lacks[] = {
	{ VMX_MSR_BASIC, 1ull << 55, 0, "true_controls" },
	{ VMX_MSR_TRUE_PIN, MAY(5), 0, "vnmi" },
	{ VMX_MSR_TRUE_PROC, MAY(2), 0, "interrupt_window_exiting" },
	{ VMX_MSR_TRUE_PROC, MAY(19), 0, "cr8_load_exiting" },
	{ VMX_MSR_TRUE_PROC, MAY(31), 0, "secondary_controls" },
	{ VMX_MSR_TRUE_PROC, 0, 1 << 15, "to switch cr3_load_exiting off" },
	{ VMX_MSR_TRUE_PROC, 0, 1 << 16, "to switch cr3_store_exiting off" },
	{ VMX_MSR_PROC2, MAY(1), 0, "ept" },
	{ VMX_MSR_PROC2, MAY(6), 0, "wbinvd_exiting" },
	{ VMX_MSR_PROC2, MAY(7), 0, "unrestricted_guest" },
	{ VMX_MSR_TRUE_EXIT, MAY(21), 0, "exit_load_efer" },
	{ VMX_MSR_TRUE_ENTRY, MAY(9), 0, "entry_ia32e" },
	{ VMX_MSR_TRUE_ENTRY, 0, 1 << 9, "to switch entry_ia32e off" },
	{ VMX_MSR_EPT_VPID, 1ull << 6, 0, "ept_4level" },
	{ VMX_MSR_EPT_VPID, 1ull << 14, 0, "ept_write_back" },
	{ VMX_MSR_EPT_VPID, 1ull << 16, 0, "ept_2mb" },
	{ VMX_MSR_EPT_VPID, 1ull << 25, 0, "invept_single_context" },
	{ VMX_MSR_EPT_VPID, 1ull << 26, 0, "invept_all_context" },
	{ VMX_MSR_EPT_VPID, 1ull << 41, 0, "invvpid_single_context" },
	{ VMX_MSR_EPT_VPID, 1ull << 42, 0, "invvpid_all_context" },
};

static void test_lacks(void)
{
	const struct vmcs_controls untouched = { .pin = 0x12345678 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lacks); i++) {
		const struct lack *l = &lacks[i];
		u64 msrs[VMX_CAPABILITY_MSRS];
		struct vmcs_controls c = untouched;
		const char *missing = NULL;
		int err;

		fake_cpu(msrs);
		msrs[l->msr] &= ~l->clear;
		msrs[l->msr] |= l->set;
		err = vmcs_negotiate(msrs, &c, &missing);
		ok(err == -ENODEV && missing && !strcmp(missing, l->missing) &&
		   !memcmp(&c, &untouched, sizeof(c)), "%s (%s)", l->missing,
		   missing ? missing : "nothing missing");
	}
}

static void test_helpers(void)
{
	u64 msrs[VMX_CAPABILITY_MSRS];

	fake_cpu(msrs);
	ok(vmcs_revision(msrs) == 0x12, "revision");
	ok(vmcs_cr0_fixed(msrs, 0x10) == 0x30, "CR0 gains NE only");
	ok(vmcs_cr4_fixed(msrs, 0x20) == 0x2020, "CR4 gains VMXE");
	ok(vmcs_cr4_fixed(msrs, 1ull << 12) == 0x2000, "CR4 loses LA57");
	ok(vmcs_preemption_timer_shift(msrs) == 5, "timer rate");
	ok(vmcs_preemption_timer_value(msrs, 1000) == 31, "timer rounds down");
	ok(vmcs_preemption_timer_value(msrs, ~0ull) == 0xffffffff,
	   "timer is at most 32 bits");
	ok(vmcs_ept_has_accessed_dirty(msrs), "accessed and dirty bits");
}

int main(void)
{
	test_full_cpu();
	test_optional();
	test_lacks();
	test_helpers();
	return tap_done();
}
