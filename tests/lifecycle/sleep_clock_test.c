// SPDX-License-Identifier: GPL-2.0-only
/*
 * sleep_clock_test.c - the guests' time over a suspend to RAM: it does not go
 * back, though the host's TSC starts again on machines without IA32_TSC_ADJUST
 * or whose TSC stops (in the lab: --cpu-model M,exclude_features=tsc_adjust).
 */
#include <x86intrin.h>
#include "life.h"

GUEST_CODE(tsc, 64,
	"1: rdtsc\n shl $32, %rdx\n or %rdx, %rax\n hlt\n jmp 1b\n");

static __u64 guest_clock(struct guest *g)
{
	guest_expect(g, WARD_EXIT_HALT);
	return g->run->gprs[WARD_RAX];
}

static void goes_on(void)
{
	struct ward_clock before, after;
	__u64 host, guest;
	struct guest g;
	int i;

	need_root();
	if (!write_text("/sys/power/mem_sleep", "deep"))
		test_skip("this machine has no suspend to RAM");
	guest_make(&g, 0);
	guest_code_long(&g, tsc);
	for (i = 0; i < 3; i++) {
		guest = guest_clock(&g);
		REQUIRE_EQ(ward_get_clock(g.vm, &before), 0);
		write_text("/sys/class/rtc/rtc0/wakealarm", "0");
		write_text("/sys/class/rtc/rtc0/wakealarm", "+3");
		host = __rdtsc();
		REQUIRE(write_text("/sys/power/state", "mem"));
		note("the host's TSC: %+lld", (long long)(__rdtsc() - host));
		REQUIRE_EQ(ward_get_clock(g.vm, &after), 0);
		note("the VM's clock: %+lld", (long long)(after.guest_tsc - before.guest_tsc));
		CHECK((__s64)(after.guest_tsc - before.guest_tsc) > 0);
		/* Nor does it leap: a minute is more than any of this takes. */
		CHECK(after.guest_tsc - before.guest_tsc < 60000 * before.tsc_khz);
		CHECK((__s64)(guest_clock(&g) - guest) > 0);
	}
	REQUIRE_EQ(ward_set_clock(g.vm, 1000000000000, 0), 0);
	guest = guest_clock(&g);
	CHECK(guest >= 1000000000000 && guest < 1000000000000 + 60000 * before.tsc_khz);
	guest_free(&g);
}

static const struct test tests[] = {
	{ "goes_on", goes_on },
};

TEST_MAIN(tests)
