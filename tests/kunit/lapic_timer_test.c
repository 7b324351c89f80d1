// SPDX-License-Identifier: GPL-2.0-only
/*
 * lapic_timer_test.c - the local APIC's timer, on the kernel's own.
 *
 * SDM, "APIC Timer".
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/math64.h>
#include "fake_lapic.h"

/* Counts a second: the input clock is half the TSC's. */
#define HZ_OF_TIMER	(tsc_khz * 500ull)

static u32 counts(unsigned int milliseconds, unsigned int divisor)
{
	return HZ_OF_TIMER * milliseconds / 1000 / divisor;
}

/* Up to a few seconds, on a busy machine too; return: it came. */
static bool wait_for(int vector)
{
	for (unsigned int i = 0; i < 3000; i++) {
		if (vmx_lapic_pending(&lapic) == vector)
			return true;
		usleep_range(1000, 2000);
	}
	return false;
}

static void one_shot(struct kunit *test)
{
	u32 count;

	set(REG_DIVIDE, 0xb);
	set(REG_TIMER, 0x41);
	set(REG_INITIAL, counts(10, 1));
	count = get(REG_CURRENT);
	KUNIT_EXPECT_LE(test, count, counts(10, 1));
	KUNIT_EXPECT_TRUE(test, wait_for(0x41));
	KUNIT_EXPECT_EQ(test, notified(), 1);
	KUNIT_EXPECT_EQ(test, vmx_lapic_expiries(&lapic), 1ull);
	KUNIT_EXPECT_EQ(test, get(REG_CURRENT), 0u);
	KUNIT_EXPECT_EQ(test, get(REG_INITIAL), counts(10, 1));
	vmx_lapic_accept(&lapic, 0x41);
	msleep(30);
	KUNIT_EXPECT_EQ(test, vmx_lapic_pending(&lapic), -1);
}

static void stopped_and_masked(struct kunit *test)
{
	set(REG_DIVIDE, 0xb);
	set(REG_TIMER, 0x41);
	set(REG_INITIAL, counts(10, 1));
	set(REG_INITIAL, 0);
	KUNIT_EXPECT_EQ(test, get(REG_CURRENT), 0u);
	msleep(30);
	KUNIT_EXPECT_EQ(test, vmx_lapic_expiries(&lapic), 0ull);

	set(REG_TIMER, 0x41 | MASKED);
	set(REG_INITIAL, counts(1, 1));
	msleep(30);
	KUNIT_EXPECT_EQ(test, vmx_lapic_expiries(&lapic), 1ull);
	KUNIT_EXPECT_EQ(test, vmx_lapic_pending(&lapic), -1);
	KUNIT_EXPECT_EQ(test, notified(), 0);
	/* INIT stops it as well. */
	set(REG_TIMER, 0x41);
	set(REG_INITIAL, counts(10, 1));
	vmx_lapic_reset(&lapic, true);
	msleep(30);
	KUNIT_EXPECT_EQ(test, vmx_lapic_expiries(&lapic), 1ull);
}

struct divisor {
	const char *name;
	u32 code, divisor;
};

static const struct divisor divisors[] = {
	{ "2", 0x0, 2 }, { "4", 0x1, 4 }, { "8", 0x2, 8 }, { "16", 0x3, 16 },
	{ "32", 0x8, 32 }, { "64", 0x9, 64 }, { "128", 0xa, 128 }, { "1", 0xb, 1 },
};

static void divisor_name(const struct divisor *divisor, char *text)
{
	strscpy(text, divisor->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(divisor, divisors, divisor_name);

/* Ten seconds of counts are left for a little less than ten seconds. */
static void divide(struct kunit *test)
{
	const struct divisor *d = test->param_value;
	u32 all = HZ_OF_TIMER / d->divisor > ~0u / 10 ? ~0u : HZ_OF_TIMER * 10 / d->divisor;
	s64 left;

	set(REG_DIVIDE, d->code);
	set(REG_TIMER, 0x41 | MASKED);
	set(REG_INITIAL, all);
	left = ktime_to_ns(ktime_sub(lapic.timer.expires, ktime_get()));
	KUNIT_EXPECT_LE(test, left, (s64)div64_u64((u64)all * d->divisor * 1000000, tsc_khz / 2));
	KUNIT_EXPECT_GT(test, left, (s64)div64_u64((u64)all * d->divisor * 1000000, tsc_khz / 2) -
				    5 * (s64)NSEC_PER_SEC / 2);
	KUNIT_EXPECT_LE(test, get(REG_CURRENT), all);
	KUNIT_EXPECT_GT(test, get(REG_CURRENT), all / 2);
}

static void periodic(struct kunit *test)
{
	set(REG_DIVIDE, 0xb);
	set(REG_TIMER, 0x41 | PERIODIC);
	set(REG_INITIAL, counts(5, 1));
	for (unsigned int i = 1; i <= 3; i++) {
		KUNIT_ASSERT_TRUE(test, wait_for(0x41));
		vmx_lapic_accept(&lapic, 0x41);
		set(REG_EOI, 0);
		KUNIT_EXPECT_GE(test, vmx_lapic_expiries(&lapic), (u64)i);
	}
	/* A tick that nobody takes parks it: the host has no more work. */
	KUNIT_ASSERT_TRUE(test, wait_for(0x41));
	msleep(30);
	KUNIT_EXPECT_TRUE(test, lapic.timer.parked);
	KUNIT_EXPECT_FALSE(test, hrtimer_is_queued(&lapic.timer.hrtimer));
	vmx_lapic_accept(&lapic, 0x41);
	KUNIT_EXPECT_FALSE(test, lapic.timer.parked);
	set(REG_EOI, 0);
	KUNIT_EXPECT_TRUE(test, wait_for(0x41));
}

/* However short, it costs the host no more than a tick in 20 us. */
static void shortest_period(struct kunit *test)
{
	set(REG_DIVIDE, 0xb);
	set(REG_TIMER, 0x41 | PERIODIC | MASKED);
	set(REG_INITIAL, 1);
	KUNIT_EXPECT_EQ(test, lapic.timer.period_ns, 20000ull);
	set(REG_DIVIDE, 0xa);
	KUNIT_EXPECT_EQ(test, lapic.timer.period_ns, 20000ull);
}

static void deadline(struct kunit *test)
{
	set(REG_TIMER, 0x41);
	vmx_lapic_set_deadline(&lapic, 1);
	KUNIT_EXPECT_EQ(test, vmx_lapic_get_deadline(&lapic), 0ull);
	KUNIT_EXPECT_EQ(test, notified(), 0);

	set(REG_TIMER, 0x41 | DEADLINE);
	told.tsc = 1000;
	/* Now, or before now: at once */
	vmx_lapic_set_deadline(&lapic, 1000);
	KUNIT_EXPECT_EQ(test, notified(), 1);
	KUNIT_EXPECT_EQ(test, vmx_lapic_pending(&lapic), 0x41);
	KUNIT_EXPECT_EQ(test, vmx_lapic_get_deadline(&lapic), 0ull);
	vmx_lapic_accept(&lapic, 0x41);
	set(REG_EOI, 0);

	/* To come: the TSC decides, not the host's clock. */
	vmx_lapic_set_deadline(&lapic, 1001);
	msleep(30);
	KUNIT_EXPECT_EQ(test, notified(), 0);
	KUNIT_EXPECT_EQ(test, vmx_lapic_get_deadline(&lapic), 1001ull);
	told.tsc = 1001;
	KUNIT_EXPECT_TRUE(test, wait_for(0x41));
	vmx_lapic_accept(&lapic, 0x41);
	set(REG_EOI, 0);
	notified();

	/* The TSC was set: looked at again */
	vmx_lapic_set_deadline(&lapic, 1ull << 60);
	told.tsc = 1ull << 60;
	vmx_lapic_tsc_changed(&lapic);
	KUNIT_EXPECT_EQ(test, notified(), 1);
	vmx_lapic_accept(&lapic, 0x41);
	set(REG_EOI, 0);

	/* 0 disarms, and so does another mode. */
	told.tsc = 1000;
	vmx_lapic_set_deadline(&lapic, 2000);
	vmx_lapic_set_deadline(&lapic, 0);
	told.tsc = 3000;
	vmx_lapic_tsc_changed(&lapic);
	KUNIT_EXPECT_EQ(test, notified(), 0);
	vmx_lapic_set_deadline(&lapic, 1ull << 60);
	set(REG_TIMER, 0x41);
	KUNIT_EXPECT_EQ(test, vmx_lapic_get_deadline(&lapic), 0ull);
	/* In that mode there is no count. */
	set(REG_TIMER, 0x41 | DEADLINE);
	set(REG_INITIAL, 12345);
	KUNIT_EXPECT_EQ(test, get(REG_INITIAL), 0u);
	KUNIT_EXPECT_EQ(test, get(REG_CURRENT), 0u);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(one_shot),
	KUNIT_CASE(stopped_and_masked),
	KUNIT_CASE_PARAM(divide, divisor_gen_params),
	KUNIT_CASE(periodic),
	KUNIT_CASE(shortest_period),
	KUNIT_CASE(deadline),
	{}
};

static struct kunit_suite suite = {
	.name = "ward_lapic_timer",
	.init = lapic_init,
	.exit = lapic_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
