// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_hold.c - keeps a guest running for the tests that are shell scripts.
 *
 *	guest_hold VCPUS
 *
 * Prints "running" once all vCPUs count, then runs until its standard input
 * ends. Exit status 0 if all vCPUs made progress in every second and nothing
 * else than kicks ended a WARD_RUN; TAP comments say what is wrong.
 */
#include "ward_memory.h"

#define MOST	8

static struct guest guests[MOST];
static atomic_bool stop;

static __u64 counter(int i)
{
	return *(volatile __u64 *)guest_u64(&guests[0], GUEST_DATA + i * 64);
}

static void *run(void *context)
{
	struct guest *g = context;
	int got;

	while (!stop) {
		got = ward_run(g->vcpu);
		if (got != -EINTR) {
			test_fail(__LINE__, "WARD_RUN: %d, exit %s", got,
				  ward_exit_name(g->run->exit));
			guest_describe(g);
			/* The host goes down; what else is said may not get out any more. */
			if (got == -EIO)
				write_text("/dev/kmsg", "<0>guest_hold: the VM is dead\n");
			break;
		}
	}
	return NULL;
}

/* One second; all must have counted on. Returns whether to go on. */
static bool one_second(int vcpus)
{
	struct pollfd input = { .fd = 0, .events = POLLIN };
	__u64 before[MOST];
	char byte;
	int i;

	for (i = 0; i < vcpus; i++)
		before[i] = counter(i);
	if (poll(&input, 1, 1000) > 0 && read(0, &byte, 1) <= 0)
		return false;
	for (i = 0; i < vcpus; i++)
		if (!WAIT_FOR(counter(i) > before[i]))
			test_fail(__LINE__, "vCPU %d stands still", i);
	return !test_state->failed;
}

int main(int argc, char **argv)
{
	int vcpus = argc > 1 ? atoi(argv[1]) : 1, i;
	pthread_t threads[MOST];

	test_state = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (test_state == MAP_FAILED || vcpus < 1 || vcpus > MOST)
		return 2;
	touch_make(&guests[0]);
	for (i = 0; i < vcpus; i++) {
		if (i) {
			guests[i] = guests[0];
			REQUIRE_EQ(ward_create_vcpu(guests[0].vm, i, &guests[i].vcpu), 0);
			guests[i].run = ward_run_page(guests[i].vcpu);
			guest_code_long(&guests[i], touch);
		}
		touch_prepare(&guests[i], TOUCH_COUNT, GUEST_DATA + i * 64, 0);
	}
	for (i = 0; i < vcpus; i++)
		threads[i] = start_thread(run, &guests[i]);
	for (i = 0; i < vcpus; i++)
		REQUIRE(WAIT_FOR(counter(i) > 0));
	puts("running");
	fflush(stdout);
	while (one_second(vcpus))
		;
	stop = true;
	for (i = 0; i < vcpus; i++) {
		CHECK_EQ(ward_kick(guests[i].vcpu), 0);
		join_thread(threads[i]);
	}
	return test_state->failed ? 1 : 0;
}
