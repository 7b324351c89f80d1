// SPDX-License-Identifier: GPL-2.0-only
/*
 * hotplug_test.c - CPUs go offline and come back while guests run and move, and
 * which CPUs are in VMX operation meanwhile. cpu_offline_test.sh of the
 * self-tests has the simple cases.
 */
#include "life.h"

static struct counting guests[2];
static atomic_bool stop;
static atomic_uint moves;

/* Moves each vCPU's thread to another CPU, over and over. */
static void *mover(void *unused)
{
	unsigned int n;

	(void)unused;
	for (n = 0; !stop; n++) {
		/* Fails while that CPU is away: then it stays. */
		if (!run_on(guests[n % 2].id, n / 2 % 2))
			moves++;
		sleep_ms(3);
	}
	return NULL;
}

static void cpu1(bool online)
{
	if (!set_online(1, online)) {
		test_fail(__LINE__, "CPU 1 does not go %s", online ? "online" : "offline");
		set_online(1, true);
		_exit(1);
	}
}

static void migrating(void)
{
	unsigned int count = times(15, 150), i;
	pthread_t thread;

	need_root();
	need_cpus(2);
	counting_start(&guests[0]);
	counting_start(&guests[1]);
	thread = start_thread(mover, NULL);
	for (i = 0; i < count && !test_state->failed; i++) {
		cpu1(false);
		CHECK(counts_on(&guests[0]) && counts_on(&guests[1]));
		CHECK_EQ(owner_on(0), WARD_VMX_WARD);
		cpu1(true);
		CHECK_EQ(owner_on(1), WARD_VMX_WARD);
		CHECK(counts_on(&guests[0]) && counts_on(&guests[1]));
	}
	stop = true;
	join_thread(thread);
	counting_end(&guests[0]);
	counting_end(&guests[1]);
	note("%u times offline and online, %u moves", i, moves);
	CHECK_EQ(owner_on(0), WARD_VMX_FREE);
	CHECK_EQ(owner_on(1), WARD_VMX_FREE);
}

/* The CPU is away when the first VM comes, or when the last one goes. */
static void away_at_either_end(void)
{
	struct counting c;

	need_root();
	need_cpus(2);
	cpu1(false);
	counting_start(&c);
	cpu1(true);
	CHECK_EQ(owner_on(1), WARD_VMX_WARD);
	CHECK_EQ(run_on(c.id, 1), 0);
	CHECK(counts_on(&c));
	/* Its VMCS is loaded on the CPU that goes. */
	cpu1(false);
	CHECK(counts_on(&c));
	counting_end(&c);
	cpu1(true);
	CHECK_EQ(owner_on(0), WARD_VMX_FREE);
	CHECK_EQ(owner_on(1), WARD_VMX_FREE);
}

/* A vCPU that is not running is loaded there: it goes on elsewhere. */
static void loaded_and_idle(void)
{
	struct guest g;
	int i;

	need_root();
	need_cpus(2);
	touch_make(&g);
	for (i = 0; i < 5; i++) {
		REQUIRE_EQ(run_on(0, 1), 0);
		touch_write(&g, GUEST_DATA, i);
		REQUIRE_EQ(run_on(0, 0), 0);
		cpu1(false);
		CHECK_EQ(touch_read(&g, GUEST_DATA), i);
		cpu1(true);
	}
	cpu1(false);
	guest_free(&g);
	cpu1(true);
}

static void held(void)
{
	struct counting c;
	int cpu, cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);

	need_root();
	REQUIRE_EQ(module_unload(), 0);
	REQUIRE_EQ(module_load("hold_vmx=1"), 0);
	for (cpu = 0; cpu < cpus; cpu++)
		CHECK_EQ(owner_on(cpu), WARD_VMX_WARD);
	counting_start(&c);
	counting_end(&c);
	for (cpu = 0; cpu < cpus; cpu++)
		CHECK_EQ(owner_on(cpu), WARD_VMX_WARD);
	if (cpus > 1) {
		cpu1(false);
		CHECK_EQ(owner_on(0), WARD_VMX_WARD);
		cpu1(true);
		CHECK_EQ(owner_on(1), WARD_VMX_WARD);
	}
	REQUIRE_EQ(module_unload(), 0);
	/* CR4.VMXE of each CPU says whether it was left. */
	REQUIRE_EQ(module_load(""), 0);
	for (cpu = 0; cpu < cpus; cpu++)
		CHECK_EQ(owner_on(cpu), WARD_VMX_FREE);
}

static const struct test tests[] = {
	{ "migrating", migrating },
	{ "away_at_either_end", away_at_either_end },
	{ "loaded_and_idle", loaded_and_idle },
	{ "held", held },
};

TEST_MAIN(tests)
