// SPDX-License-Identifier: GPL-2.0-only
/*
 * load_test.c - the module is loaded and unloaded many times, and the kernel's
 * memory is back where it was.
 */
#include "counts.h"

static struct counts before;

static bool gone(void)
{
	return access("/dev/ward", F_OK) && access("/sys/module/ward", F_OK) &&
	       access("/sys/kernel/debug/ward", F_OK);
}

static void one_round(const char *parameters, bool with_vm)
{
	struct guest g;

	REQUIRE_EQ(module_load(parameters), 0);
	if (with_vm) {
		touch_make(&g);
		touch_write(&g, GUEST_DATA, 1);
		guest_free(&g);
	}
	REQUIRE_EQ(module_unload(), 0);
}

static void rounds(unsigned int count, const char *parameters, bool with_vm)
{
	double begin;
	unsigned int i;

	need_root();
	REQUIRE_EQ(module_unload(), 0);
	/* What the first rounds leave, as the slabs' names in sysfs, stays. */
	for (i = 0; i < 5; i++)
		one_round(parameters, with_vm);
	counts_take(&before);
	begin = now();
	for (i = 0; i < count; i++) {
		one_round(parameters, with_vm);
		if (!gone()) {
			test_fail(__LINE__, "round %u: something of it is left", i);
			break;
		}
	}
	note("%u rounds in %.1f s of the host's time", count, now() - begin);
	counts_compare(&before, count);
	REQUIRE_EQ(module_load(""), 0);
}

static void bare(void)
{
	rounds(times(50, 1000), "", false);
}

static void with_a_vm(void)
{
	rounds(times(30, 200), "", true);
}

static void with_vmx_held(void)
{
	rounds(times(30, 200), "hold_vmx=1", false);
}

/* A load that fails late undoes all that was done before. */
static void refused(void)
{
	unsigned int i, count = times(30, 200);

	need_root();
	REQUIRE_EQ(module_unload(), 0);
	for (i = 0; i < 5; i++)
		CHECK_EQ(module_load("max_vms_per_user=many"), -EINVAL);
	counts_take(&before);
	for (i = 0; i < count; i++)
		CHECK_EQ(module_load("max_vms_per_user=many"), -EINVAL);
	CHECK(gone());
	counts_compare(&before, count);
	REQUIRE_EQ(module_load(""), 0);
}

static const struct test tests[] = {
	{ "bare", bare },
	{ "with_a_vm", with_a_vm },
	{ "with_vmx_held", with_vmx_held },
	{ "refused", refused },
};

TEST_MAIN(tests)
