// SPDX-License-Identifier: GPL-2.0-only
/*
 * controls_test.c - control negotiation against capability MSRs: those of CPUs
 * (cpu_models.h), and of one made up to have everything, less one thing each.
 */
#include <kunit/test.h>
#include <linux/string.h>

#include "cpu_models.h"
#include "fake_vmcs.h"

/* ---------------------------------------------------------------- CPUs */

static void model_name(const struct cpu_model *model, char *text)
{
	strscpy(text, model->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(model, cpu_models, model_name);

/* What the CPU insists on is there, what it lacks is not. */
static void expect_allowed(struct kunit *test, const u64 *msrs, unsigned int msr, u32 controls)
{
	KUNIT_EXPECT_EQ_MSG(test, (u32)msrs[msr] & ~controls, 0u, "MSR 0x%x", 0x480 + msr);
	KUNIT_EXPECT_EQ_MSG(test, controls & ~(u32)(msrs[msr] >> 32), 0u, "MSR 0x%x", 0x480 + msr);
}

static void negotiate_with_cpu(struct kunit *test)
{
	const struct cpu_model *model = test->param_value;
	struct vmcs_controls c;
	const char *missing = "?";
	int err = vmcs_negotiate(model->msrs, &c, &missing);

	if (model->missing) {
		KUNIT_EXPECT_EQ(test, err, -ENODEV);
		KUNIT_EXPECT_STREQ(test, missing, model->missing);
		return;
	}
	KUNIT_ASSERT_EQ_MSG(test, err, 0, "missing: %s", missing);
	KUNIT_EXPECT_NULL(test, missing);
	/* All of them want the same of what all of them have. */
	KUNIT_EXPECT_EQ(test, c.pin, 0x3fu);
	KUNIT_EXPECT_EQ(test, c.proc, 0xb5986dfau);
	KUNIT_EXPECT_EQ(test, c.proc2, model->proc2);
	KUNIT_EXPECT_EQ(test, c.exit, 0x3f6fffu);
	KUNIT_EXPECT_EQ(test, c.entry, 0xd1ffu);
	expect_allowed(test, model->msrs, VMX_MSR_TRUE_PIN, c.pin);
	expect_allowed(test, model->msrs, VMX_MSR_TRUE_PROC, c.proc);
	expect_allowed(test, model->msrs, VMX_MSR_PROC2, c.proc2);
	expect_allowed(test, model->msrs, VMX_MSR_TRUE_EXIT, c.exit);
	expect_allowed(test, model->msrs, VMX_MSR_TRUE_ENTRY, c.entry);
	KUNIT_EXPECT_EQ(test, vmcs_preemption_timer_shift(model->msrs), (unsigned int)model->timer_shift);
	KUNIT_EXPECT_EQ(test, vmcs_cr0_fixed(model->msrs, X86_CR0_ET), (u64)(X86_CR0_ET | X86_CR0_NE));
	KUNIT_EXPECT_EQ(test, vmcs_cr4_fixed(model->msrs, 0), (u64)X86_CR4_VMXE);
	KUNIT_EXPECT_EQ(test, vmcs_cr4_fixed(model->msrs, X86_CR4_LA57), (u64)X86_CR4_VMXE);
}

/* The MSRs without TRUE_ say of the CR3 exits that they must be: not asked. */
static void true_controls_rule(struct kunit *test)
{
	u64 msrs[VMX_CAPABILITY_MSRS];

	fake_cpu(msrs);
	KUNIT_EXPECT_EQ(test, vmcs_controls_must_be_1(msrs, VMX_GROUP_PROC), 0x04006172u);
	KUNIT_EXPECT_EQ(test, vmcs_controls_must_be_1(msrs, VMX_GROUP_EXIT), 0x00036dfbu);
	KUNIT_EXPECT_EQ(test, vmcs_controls_must_be_1(msrs, VMX_GROUP_ENTRY), 0x000011fbu);
	msrs[VMX_MSR_TRUE_PIN] = CONTROL_MSR(0x12, 0x7f);
	KUNIT_EXPECT_EQ(test, vmcs_controls_must_be_1(msrs, VMX_GROUP_PIN), 0x12u);
	KUNIT_EXPECT_EQ(test, vmcs_controls_may_be_1(msrs, VMX_GROUP_PIN), 0x7fu);

	msrs[VMX_MSR_BASIC] &= ~(1ull << 55);
	KUNIT_EXPECT_EQ(test, vmcs_controls_must_be_1(msrs, VMX_GROUP_PROC), 0x0401e172u);
	KUNIT_EXPECT_EQ(test, vmcs_controls_must_be_1(msrs, VMX_GROUP_EXIT), 0x00036dffu);
	KUNIT_EXPECT_EQ(test, vmcs_controls_must_be_1(msrs, VMX_GROUP_ENTRY), 0x000011ffu);
	KUNIT_EXPECT_EQ(test, vmcs_controls_must_be_1(msrs, VMX_GROUP_PIN), 0x16u);
	/* There is one MSR only for these. */
	KUNIT_EXPECT_EQ(test, vmcs_controls_may_be_1(msrs, VMX_GROUP_PROC2), 0x07ffffffu);
}

/* --------------------------------------------------------- the made-up CPU */

static void everything(struct kunit *test)
{
	u64 msrs[VMX_CAPABILITY_MSRS];
	const char *missing = "?";
	struct vmcs_controls c;

	fake_cpu(msrs);
	KUNIT_EXPECT_EQ(test, vmcs_negotiate(msrs, &c, &missing), 0);
	KUNIT_EXPECT_NULL(test, missing);
	KUNIT_EXPECT_EQ(test, c.pin, 0x3fu);
	KUNIT_EXPECT_EQ(test, c.proc, 0xb5986dfau);
	KUNIT_EXPECT_EQ(test, c.proc2, 0x1090eau);
	KUNIT_EXPECT_EQ(test, c.exit, 0x3f6fffu);
	KUNIT_EXPECT_EQ(test, c.entry, 0xd1ffu);
}

/* A reserved control that a CPU of the future wants on is on. */
static void unknown_controls(struct kunit *test)
{
	static const unsigned int msr[] = {
		VMX_MSR_TRUE_PIN, VMX_MSR_TRUE_PROC, VMX_MSR_PROC2, VMX_MSR_TRUE_EXIT,
		VMX_MSR_TRUE_ENTRY,
	};
	static const u32 bit[] = { 1u << 30, 1u << 18, 1u << 29, 1u << 27, 1u << 30 };
	u64 msrs[VMX_CAPABILITY_MSRS];
	struct vmcs_controls c;
	const char *missing;

	fake_cpu(msrs);
	for (unsigned int i = 0; i < ARRAY_SIZE(msr); i++)
		msrs[msr[i]] |= (u64)bit[i] << 32 | bit[i];
	KUNIT_ASSERT_EQ(test, vmcs_negotiate(msrs, &c, &missing), 0);
	KUNIT_EXPECT_EQ(test, c.pin, 0x3fu | bit[0]);
	KUNIT_EXPECT_EQ(test, c.proc, 0xb5986dfau | bit[1]);
	KUNIT_EXPECT_EQ(test, c.proc2, 0x1090eau | bit[2]);
	KUNIT_EXPECT_EQ(test, c.exit, 0x3f6fffu | bit[3]);
	KUNIT_EXPECT_EQ(test, c.entry, 0xd1ffu | bit[4]);
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
	{ VMX_MSR_TRUE_PIN, MAY(0), 0, "interrupt_exiting" },
	{ VMX_MSR_TRUE_PIN, MAY(3), 0, "nmi_exiting" },
	{ VMX_MSR_TRUE_PIN, MAY(5), 0, "vnmi" },
	{ VMX_MSR_TRUE_PROC, MAY(2), 0, "interrupt_window_exiting" },
	{ VMX_MSR_TRUE_PROC, MAY(3), 0, "tsc_offset" },
	{ VMX_MSR_TRUE_PROC, MAY(7), 0, "hlt_exiting" },
	{ VMX_MSR_TRUE_PROC, MAY(10), 0, "mwait_exiting" },
	{ VMX_MSR_TRUE_PROC, MAY(11), 0, "rdpmc_exiting" },
	{ VMX_MSR_TRUE_PROC, MAY(19), 0, "cr8_load_exiting" },
	{ VMX_MSR_TRUE_PROC, MAY(20), 0, "cr8_store_exiting" },
	{ VMX_MSR_TRUE_PROC, MAY(22), 0, "nmi_window_exiting" },
	{ VMX_MSR_TRUE_PROC, MAY(23), 0, "mov_dr_exiting" },
	{ VMX_MSR_TRUE_PROC, MAY(24), 0, "unconditional_io_exiting" },
	{ VMX_MSR_TRUE_PROC, MAY(28), 0, "msr_bitmaps" },
	{ VMX_MSR_TRUE_PROC, MAY(29), 0, "monitor_exiting" },
	{ VMX_MSR_TRUE_PROC, MAY(31), 0, "secondary_controls" },
	{ VMX_MSR_TRUE_PROC, 0, 1 << 2, "to switch window exiting off" },
	{ VMX_MSR_TRUE_PROC, 0, 1 << 22, "to switch window exiting off" },
	{ VMX_MSR_TRUE_PROC, 0, 1 << 9, "to switch invlpg_exiting off" },
	{ VMX_MSR_TRUE_PROC, 0, 1 << 15, "to switch cr3_load_exiting off" },
	{ VMX_MSR_TRUE_PROC, 0, 1 << 16, "to switch cr3_store_exiting off" },
	{ VMX_MSR_TRUE_PROC, 0, 1 << 30, "to switch pause_exiting off" },
	{ VMX_MSR_PROC2, MAY(1), 0, "ept" },
	{ VMX_MSR_PROC2, MAY(5), 0, "vpid" },
	{ VMX_MSR_PROC2, MAY(6), 0, "wbinvd_exiting" },
	{ VMX_MSR_PROC2, MAY(7), 0, "unrestricted_guest" },
	{ VMX_MSR_TRUE_EXIT, MAY(2), 0, "exit_save_debug_controls" },
	{ VMX_MSR_TRUE_EXIT, MAY(9), 0, "exit_host_64" },
	{ VMX_MSR_TRUE_EXIT, MAY(18), 0, "exit_save_pat" },
	{ VMX_MSR_TRUE_EXIT, MAY(19), 0, "exit_load_pat" },
	{ VMX_MSR_TRUE_EXIT, MAY(20), 0, "exit_save_efer" },
	{ VMX_MSR_TRUE_EXIT, MAY(21), 0, "exit_load_efer" },
	{ VMX_MSR_TRUE_ENTRY, MAY(2), 0, "entry_load_debug_controls" },
	{ VMX_MSR_TRUE_ENTRY, MAY(9), 0, "entry_ia32e" },
	{ VMX_MSR_TRUE_ENTRY, 0, 1 << 9, "to switch entry_ia32e off" },
	{ VMX_MSR_TRUE_ENTRY, MAY(14), 0, "entry_load_pat" },
	{ VMX_MSR_TRUE_ENTRY, MAY(15), 0, "entry_load_efer" },
	{ VMX_MSR_EPT_VPID, 1ull << 6, 0, "ept_4level" },
	{ VMX_MSR_EPT_VPID, 1ull << 14, 0, "ept_write_back" },
	{ VMX_MSR_EPT_VPID, 1ull << 16, 0, "ept_2mb" },
	{ VMX_MSR_EPT_VPID, 1ull << 20, 0, "invept" },
	{ VMX_MSR_EPT_VPID, 1ull << 25, 0, "invept_single_context" },
	{ VMX_MSR_EPT_VPID, 1ull << 26, 0, "invept_all_context" },
	{ VMX_MSR_EPT_VPID, 1ull << 32, 0, "invvpid" },
	{ VMX_MSR_EPT_VPID, 1ull << 41, 0, "invvpid_single_context" },
	{ VMX_MSR_EPT_VPID, 1ull << 42, 0, "invvpid_all_context" },
};

static void lack_name(const struct lack *lack, char *text)
{
	snprintf(text, KUNIT_PARAM_DESC_SIZE, "MSR 0x%x, %s", 0x480 + lack->msr, lack->missing);
}

KUNIT_ARRAY_PARAM(lack, lacks, lack_name);

static void one_thing_missing(struct kunit *test)
{
	const struct vmcs_controls untouched = { .pin = 0x12345678 };
	const struct lack *lack = test->param_value;
	u64 msrs[VMX_CAPABILITY_MSRS];
	struct vmcs_controls c = untouched;
	const char *missing = NULL;

	fake_cpu(msrs);
	msrs[lack->msr] &= ~lack->clear;
	msrs[lack->msr] |= lack->set;
	KUNIT_EXPECT_EQ(test, vmcs_negotiate(msrs, &c, &missing), -ENODEV);
	KUNIT_ASSERT_NOT_NULL(test, missing);
	KUNIT_EXPECT_STREQ(test, missing, lack->missing);
	KUNIT_EXPECT_EQ(test, memcmp(&c, &untouched, sizeof(c)), 0);
}

/* What Ward calls required, and what it turns on, is in the table above. */
static void every_requirement_has_a_row(struct kunit *test)
{
	for (size_t i = 0; i < VMX_CAPABILITY_COUNT; i++) {
		bool found = !vmx_capabilities[i].required;

		for (size_t j = 0; j < ARRAY_SIZE(lacks); j++)
			found |= !strcmp(lacks[j].missing, vmx_capabilities[i].name);
		KUNIT_EXPECT_TRUE_MSG(test, found, "%s", vmx_capabilities[i].name);
	}
}

struct optional {
	const char *name;
	u32 control;
};

static const struct optional optionals[] = {
	{ "rdtscp", 1u << 3 },
	{ "invpcid", 1u << 12 },
	{ "encls_exiting", 1u << 15 },
	{ "xsaves", 1u << 20 },
};

static void optional_name(const struct optional *optional, char *text)
{
	strscpy(text, optional->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(optional, optionals, optional_name);

static void optional_control(struct kunit *test)
{
	const struct optional *optional = test->param_value;
	u64 msrs[VMX_CAPABILITY_MSRS];
	struct vmcs_controls c;
	const char *missing;

	fake_cpu(msrs);
	msrs[VMX_MSR_PROC2] &= ~((u64)optional->control << 32);
	KUNIT_ASSERT_EQ(test, vmcs_negotiate(msrs, &c, &missing), 0);
	KUNIT_EXPECT_EQ(test, c.proc2, 0x1090eau & ~optional->control);
}

static void helpers(struct kunit *test)
{
	u64 msrs[VMX_CAPABILITY_MSRS];

	fake_cpu(msrs);
	KUNIT_EXPECT_EQ(test, vmcs_revision(msrs), 0x12u);
	msrs[VMX_MSR_BASIC] |= 1ull << 31;
	KUNIT_EXPECT_EQ(test, vmcs_revision(msrs), 0x12u);
	/* Of the bits that VMX fixes to 1, PE and PG are the guest's own. */
	KUNIT_EXPECT_EQ(test, vmcs_cr0_fixed(msrs, 0x10), 0x30ull);
	KUNIT_EXPECT_EQ(test, vmcs_cr0_fixed(msrs, 1ull << 32 | 0x80000001), 0x80000021ull);
	KUNIT_EXPECT_EQ(test, vmcs_cr4_fixed(msrs, 0x20), 0x2020ull);
	KUNIT_EXPECT_EQ(test, vmcs_cr4_fixed(msrs, 1ull << 12), 0x2000ull);
	KUNIT_EXPECT_EQ(test, vmcs_preemption_timer_shift(msrs), 5u);
	KUNIT_EXPECT_EQ(test, vmcs_preemption_timer_value(msrs, 0), 0u);
	KUNIT_EXPECT_EQ(test, vmcs_preemption_timer_value(msrs, 31), 0u);
	KUNIT_EXPECT_EQ(test, vmcs_preemption_timer_value(msrs, 1000), 31u);
	KUNIT_EXPECT_EQ(test, vmcs_preemption_timer_value(msrs, 0xffffffffull << 5), 0xffffffffu);
	KUNIT_EXPECT_EQ(test, vmcs_preemption_timer_value(msrs, 0x100000000ull << 5), 0xffffffffu);
	KUNIT_EXPECT_EQ(test, vmcs_preemption_timer_value(msrs, ~0ull), 0xffffffffu);
	KUNIT_EXPECT_TRUE(test, vmcs_ept_has_accessed_dirty(msrs));
	msrs[VMX_MSR_EPT_VPID] &= ~(1ull << 21);
	KUNIT_EXPECT_FALSE(test, vmcs_ept_has_accessed_dirty(msrs));
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(negotiate_with_cpu, model_gen_params),
	KUNIT_CASE(true_controls_rule),
	KUNIT_CASE(everything),
	KUNIT_CASE(unknown_controls),
	KUNIT_CASE_PARAM(one_thing_missing, lack_gen_params),
	KUNIT_CASE(every_requirement_has_a_row),
	KUNIT_CASE_PARAM(optional_control, optional_gen_params),
	KUNIT_CASE(helpers),
	{}
};

static struct kunit_suite suite = {
	.name = "ward_vmcs_controls",
	.test_cases = cases,
};

kunit_test_suite(suite);
