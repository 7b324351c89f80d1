// SPDX-License-Identifier: GPL-2.0-only
/*
 * vm_test.c - the calls on a VM but WARD_MAP: vCPUs, messages, pauses, clock,
 * counters, CPUID, and the rules of their structures.
 */
#include "ward_abi.h"
#include "ward_guest.h"

static int raw_vcpu(struct ward_vm *vm, __u32 id)
{
	struct ward_create_vcpu create = { .size = sizeof(create), .id = id };

	return call(ward_vm_fd(vm), WARD_CREATE_VCPU, &create);
}

static __u32 vcpus_of(struct ward_vm *vm)
{
	struct ward_vm_info info;

	REQUIRE_EQ(ward_get_info(vm, &info), 0);
	return info.vcpus;
}

static void vcpu_ids(void)
{
	struct ward_vm *vm = make_vm(open_device(), NULL, 0);
	int first, last;

	CHECK_EQ(raw_vcpu(vm, WARD_MAX_VCPUS), -EINVAL);
	CHECK_EQ(raw_vcpu(vm, ~0u), -EINVAL);
	CHECK_EQ(raw_vcpu(vm, 1u << 31), -EINVAL);
	CHECK_EQ(vcpus_of(vm), 0);
	last = raw_vcpu(vm, WARD_MAX_VCPUS - 1);
	first = raw_vcpu(vm, 0);
	CHECK(first >= 0 && last >= 0);
	CHECK_EQ(vcpus_of(vm), 2);
	CHECK_EQ(raw_vcpu(vm, 0), -EEXIST);
	CHECK_EQ(raw_vcpu(vm, WARD_MAX_VCPUS - 1), -EEXIST);
	CHECK_EQ(vcpus_of(vm), 2);
	/* A closed one's id is free at once. */
	close(first);
	CHECK_EQ(vcpus_of(vm), 1);
	CHECK(raw_vcpu(vm, 0) >= 0);
}

static void vcpu_all(void)
{
	struct ward_vm *vm = make_vm(open_device(), NULL, WARD_VM_LAPIC);
	int fds[WARD_MAX_VCPUS];
	__u32 id;

	for (id = 0; id < WARD_MAX_VCPUS; id++) {
		fds[id] = raw_vcpu(vm, id);
		CHECK(fds[id] >= 0);
	}
	CHECK_EQ(vcpus_of(vm), WARD_MAX_VCPUS);
	for (id = 0; id < WARD_MAX_VCPUS; id++)
		close(fds[id]);
	CHECK_EQ(vcpus_of(vm), 0);
}

static void msi(void)
{
	int device = open_device();
	struct ward_vm *plain = make_vm(device, NULL, 0), *vm = make_vm(device, NULL, WARD_VM_LAPIC);
	struct ward_vcpu *vcpu;

	CHECK_EQ(ward_msi(plain, 0xfee00000, 0x40), -ENXIO);
	REQUIRE_EQ(ward_create_vcpu(plain, 0, &vcpu), 0);
	CHECK_EQ(ward_msi(plain, 0xfee00000, 0x40), -ENXIO);

	CHECK_EQ(ward_msi(vm, 0xfee00000, 0x40), -ENODEV);
	REQUIRE_EQ(ward_create_vcpu(vm, 3, &vcpu), 0);
	CHECK_EQ(ward_msi(vm, 0xfee00000, 0x40), -ENODEV);
	CHECK_EQ(ward_msi(vm, 0xfee04000, 0x40), -ENODEV);
	CHECK_EQ(ward_msi(vm, 0xfee03000, 0x40), 0);
	CHECK_EQ(ward_msi(vm, 0xfeeff000, 0x40), 0);	/* all of them */
	/* "as a device would write it (0xfeexxxxx)" */
	CHECK_EQ(ward_msi(vm, 0xfed03000, 0x40), -EINVAL);
	CHECK_EQ(ward_msi(vm, 0, 0x40), -EINVAL);
	CHECK_EQ(ward_msi(vm, 0x1fee03000, 0x40), -EINVAL);
}

/* --------------------------------------------------------------------- time */

GUEST_CODE(clock, 64,
	"1: rdtsc\n"
	"shl $32, %rdx\n"
	"or %rdx, %rax\n"
	"hlt\n"
	"jmp 1b\n");

static __u64 guest_time(struct guest *g)
{
	guest_expect(g, WARD_EXIT_HALT);
	return g->run->gprs[WARD_RAX];
}

static void clock_counts(void)
{
	struct ward_clock a, b;
	struct ward_probe probe;
	struct guest g;
	__u64 between;

	guest_make(&g, 0);
	guest_code_long(&g, clock);
	REQUIRE_EQ(ward_probe(g.device, &probe), 0);
	REQUIRE_EQ(ward_get_clock(g.vm, &a), 0);
	CHECK_EQ(a.tsc_khz, probe.tsc_khz);
	CHECK_EQ(a.reserved, 0);
	/* A new VM's time began with it. */
	CHECK(a.guest_tsc < 20 * 1000 * probe.tsc_khz);
	between = guest_time(&g);
	sleep_ms(20);
	REQUIRE_EQ(ward_get_clock(g.vm, &b), 0);
	CHECK(between > a.guest_tsc && between < b.guest_tsc);
	CHECK_EQ(b.guest_tsc - a.guest_tsc, b.host_tsc - a.host_tsc);
	CHECK(b.host_tsc - a.host_tsc >= 15 * probe.tsc_khz);
}

static void clock_set(void)
{
	const __u64 goal = 0x123456789abcull;
	struct ward_clock a, b, set = { .size = sizeof(set), .guest_tsc = goal };
	struct guest g;
	__u64 seen;

	guest_make(&g, 0);
	guest_code_long(&g, clock);
	CHECK_EQ(ward_set_clock(g.vm, goal, 0), 0);
	seen = guest_time(&g);
	REQUIRE_EQ(ward_get_clock(g.vm, &a), 0);
	CHECK(seen > goal && seen < a.guest_tsc && a.guest_tsc - goal < 20 * 1000 * a.tsc_khz);

	/* With a host's time the pair is exact. */
	CHECK_EQ(ward_set_clock(g.vm, goal, a.host_tsc), 0);
	REQUIRE_EQ(ward_get_clock(g.vm, &b), 0);
	CHECK_EQ(b.guest_tsc - goal, b.host_tsc - a.host_tsc);
	/* Also where that was a while ago, or the guest's goes down. */
	CHECK_EQ(ward_set_clock(g.vm, 5, 1), 0);
	REQUIRE_EQ(ward_get_clock(g.vm, &b), 0);
	CHECK_EQ(b.guest_tsc, b.host_tsc + 4);
	CHECK_EQ(ward_set_clock(g.vm, -1000000000000ull, 0), 0);
	seen = guest_time(&g);
	CHECK(seen >= -1000000000000ull);

	REQUIRE_EQ(ward_get_clock(g.vm, &a), 0);
	set.tsc_khz = 1;
	CHECK_EQ(call(ward_vm_fd(g.vm), WARD_SET_CLOCK, &set), -EINVAL);
	set.tsc_khz = a.tsc_khz;
	CHECK_EQ(call(ward_vm_fd(g.vm), WARD_SET_CLOCK, &set), -EINVAL);
	REQUIRE_EQ(ward_get_clock(g.vm, &b), 0);
	CHECK_EQ(b.guest_tsc - a.guest_tsc, b.host_tsc - a.host_tsc);
}

/* -------------------------------------------------------------------- pause */

GUEST_CODE(count, 64,
	"mov $0x20000, %edi\n"
	"1: incq (%rdi)\n"
	"jmp 1b\n");

#define COUNTER(g)	(*(volatile __u64 *)guest_u64(g, GUEST_DATA))

static void pause_stops(void)
{
	struct guest g;
	pthread_t runner;
	__u64 before;

	guest_make(&g, 0);
	guest_code_long(&g, count);
	runner = start_thread(guest_thread, &g);
	CHECK(WAIT_FOR(COUNTER(&g) > 1000));
	CHECK_EQ(ward_pause(g.vm), 0);
	before = COUNTER(&g);
	sleep_ms(50);
	CHECK_EQ(COUNTER(&g), before);
	/* Twice paused, once resumed: it still stands. */
	CHECK_EQ(ward_pause(g.vm), 0);
	CHECK_EQ(ward_resume(g.vm), 0);
	sleep_ms(50);
	CHECK_EQ(COUNTER(&g), before);
	CHECK_EQ(pthread_tryjoin_np(runner, NULL), EBUSY);
	CHECK_EQ(ward_resume(g.vm), 0);
	CHECK(WAIT_FOR(COUNTER(&g) > before));
	CHECK_EQ(ward_resume(g.vm), -EINVAL);
	CHECK_EQ(ward_kick(g.vcpu), 0);
	CHECK_EQ((intptr_t)join_thread(runner), -EINTR);
}

GUEST_CODE(ports, 64,
	"in $0x40, %al\n"
	"hlt\n"
	"hlt\n");

static void pause_delays_run(void)
{
	struct guest g;
	pthread_t runner;

	guest_make(&g, 0);
	guest_code_long(&g, ports);
	CHECK_EQ(ward_pause(g.vm), 0);
	runner = start_thread(guest_thread, &g);
	sleep_ms(50);
	CHECK_EQ(pthread_tryjoin_np(runner, NULL), EBUSY);
	CHECK_EQ(ward_resume(g.vm), 0);
	CHECK_EQ((intptr_t)join_thread(runner), 0);
	CHECK_EQ(g.run->exit, WARD_EXIT_IO);

	/* A kick reaches who waits for the end of a pause. */
	CHECK_EQ(ward_pause(g.vm), 0);
	runner = start_thread(guest_thread, &g);
	sleep_ms(20);
	CHECK_EQ(ward_kick(g.vcpu), 0);
	CHECK_EQ((intptr_t)join_thread(runner), -EINTR);
	CHECK_EQ(ward_resume(g.vm), 0);
	/* The IN was not completed by that. */
	g.run->io.data = 0x5a;
	guest_expect(&g, WARD_EXIT_HALT);
	CHECK_EQ(g.run->gprs[WARD_RAX] & 0xff, 0x5a);

	/* Registers can be read and written in a pause. */
	CHECK_EQ(ward_pause(g.vm), 0);
	set_reg(&g, GPR(WARD_RBX), 7);
	CHECK_EQ(get_reg(&g, GPR(WARD_RBX)), 7);
	CHECK_EQ(ward_resume(g.vm), 0);
}

static void pause_count(void)
{
	struct ward_vm *vm = make_vm(open_device(), NULL, 0);
	struct ward_vm_info info;
	int i, error = 0;

	CHECK_EQ(ward_resume(vm), -EINVAL);
	for (i = 0; i < 0x10000 && !error; i++)
		error = ward_pause(vm);
	CHECK_EQ(error, 0);
	CHECK_EQ(i, 0x10000);
	CHECK_EQ(ward_pause(vm), -EOVERFLOW);
	REQUIRE_EQ(ward_get_info(vm, &info), 0);
	CHECK_EQ(info.pauses, 0x10000);
	for (error = 0; i && !error; i--)
		error = ward_resume(vm);
	CHECK_EQ(error, 0);
	CHECK_EQ(ward_resume(vm), -EINVAL);
	REQUIRE_EQ(ward_get_info(vm, &info), 0);
	CHECK_EQ(info.pauses, 0);
}

/* ------------------------------------------------------------------ counters */

GUEST_CODE(exits, 64,
	"xor %eax, %eax\n" "cpuid\n"
	"xor %eax, %eax\n" "cpuid\n"
	"xor %eax, %eax\n" "cpuid\n"
	"out %al, $0x40\n"
	"in $0x40, %eax\n"
	"mov $0xc0000080, %ecx\n" "rdmsr\n" "rdmsr\n" "wrmsr\n"
	"vmcall\n"
	"hlt\n");

static void get_stats(struct guest *g, __u64 *values)
{
	REQUIRE_EQ(ward_get_stats(g->vm, values, WARD_STAT_COUNT), WARD_STAT_COUNT);
}

static void stats_exact(void)
{
	__u64 before[WARD_STAT_COUNT], s[WARD_STAT_COUNT], sum = 0;
	struct guest g;
	int i;

	guest_make(&g, WARD_VM_HYPERCALLS);
	guest_code_long(&g, exits);
	get_stats(&g, before);
	for (i = 0; i < WARD_STAT_COUNT; i++)
		if (i != WARD_STAT_INVALIDATIONS)
			CHECK_NAMED(before[i], 0, ward_stat_name(i));
	guest_expect(&g, WARD_EXIT_IO);
	guest_expect(&g, WARD_EXIT_IO);
	guest_expect(&g, WARD_EXIT_HYPERCALL);
	guest_expect(&g, WARD_EXIT_HALT);
	get_stats(&g, s);
	CHECK_EQ(s[WARD_STAT_USER_EXITS], 4);
	CHECK_EQ(s[WARD_STAT_EXIT_CPUID], 3);
	CHECK_EQ(s[WARD_STAT_EXIT_IO], 2);
	CHECK_EQ(s[WARD_STAT_EXIT_MSR_READ], 2);
	CHECK_EQ(s[WARD_STAT_EXIT_MSR_WRITE], 1);
	CHECK_EQ(s[WARD_STAT_EXIT_HYPERCALL], 1);
	CHECK_EQ(s[WARD_STAT_EXIT_HALT], 1);
	CHECK_EQ(s[WARD_STAT_INJECTIONS], 0);
	CHECK_EQ(s[WARD_STAT_TIMER], 0);
	CHECK_EQ(s[WARD_STAT_HALTS], 0);
	CHECK(s[WARD_STAT_FAULTS_4K] + s[WARD_STAT_FAULTS_2M] > 0);
	CHECK(s[WARD_STAT_EXIT_EPT] >= s[WARD_STAT_FAULTS_4K] + s[WARD_STAT_FAULTS_2M]);
	/* Whatever was entered came out, once. */
	for (i = WARD_STAT_EXIT_EXCEPTION; i <= WARD_STAT_EXIT_OTHER; i++)
		sum += s[i];
	CHECK_EQ(s[WARD_STAT_ENTRIES], sum);
}

static void stats_stay(void)
{
	__u64 before[WARD_STAT_COUNT], after[WARD_STAT_COUNT];
	struct ward_vcpu *second;
	struct guest g;
	int i;

	guest_make(&g, 0);
	guest_code_long(&g, exits);
	guest_expect(&g, WARD_EXIT_IO);
	REQUIRE_EQ(ward_create_vcpu(g.vm, 1, &second), 0);
	get_stats(&g, before);
	CHECK(before[WARD_STAT_ENTRIES] > 0);
	/* What a vCPU counted does not go with it. */
	ward_close_vcpu(g.vcpu);
	get_stats(&g, after);
	for (i = 0; i < WARD_STAT_COUNT; i++)
		CHECK_NAMED(after[i], before[i], ward_stat_name(i));
}

static void stats_capacity(void)
{
	struct ward_get_stats get = { .size = sizeof(get) };
	struct ward_vm *vm = make_vm(open_device(), NULL, 0);
	__u64 values[WARD_STAT_COUNT + 2];

	CHECK_EQ(call(ward_vm_fd(vm), WARD_GET_STATS, &get), 0);
	CHECK_EQ(get.count, WARD_STAT_COUNT);
	get.values = 1;
	get.count = 0;
	CHECK_EQ(call(ward_vm_fd(vm), WARD_GET_STATS, &get), 0);
	CHECK_EQ(get.count, WARD_STAT_COUNT);

	memset(values, 0x5a, sizeof(values));
	get.values = (uintptr_t)values;
	get.capacity = 1;
	CHECK_EQ(call(ward_vm_fd(vm), WARD_GET_STATS, &get), 0);
	CHECK_EQ(values[0], 0);
	CHECK_EQ(values[1], 0x5a5a5a5a5a5a5a5a);
	get.capacity = ~0u;
	CHECK_EQ(call(ward_vm_fd(vm), WARD_GET_STATS, &get), 0);
	CHECK_EQ(values[WARD_STAT_COUNT - 1], 0);
	CHECK_EQ(values[WARD_STAT_COUNT], 0x5a5a5a5a5a5a5a5a);
	get.values = 0;
	CHECK_EQ(call(ward_vm_fd(vm), WARD_GET_STATS, &get), -EFAULT);
}

/* ------------------------------------------------------------------- the rest */

static void rules(void)
{
	static const struct ward_get_info info = { .size = sizeof(info) };
	static const struct ward_create_vcpu vcpu = { .size = sizeof(vcpu), .id = 9 };
	static const struct ward_msi message = {
		.size = sizeof(message), .address = 0xfee00000, .data = 0x40,
	};
	static const struct ward_clock clock = { .size = sizeof(clock) };
	static const struct ward_get_stats stats = { .size = sizeof(stats) };
	static const struct ward_cpuid cpuid = { .size = sizeof(cpuid) };
	const struct abi_call calls[] = {
		{ "GET_INFO", WARD_GET_INFO, &info, sizeof(info) },
		{ "CREATE_VCPU", WARD_CREATE_VCPU, &vcpu, sizeof(vcpu), .makes_fd = true,
		  .reserved = offsetof(struct ward_create_vcpu, reserved) },
		{ "MSI", WARD_MSI, &message, sizeof(message),
		  .reserved = offsetof(struct ward_msi, reserved) },
		{ "GET_CLOCK", WARD_GET_CLOCK, &clock, sizeof(clock), .wide = true,
		  .reserved = offsetof(struct ward_clock, reserved) },
		{ "SET_CLOCK", WARD_SET_CLOCK, &clock, sizeof(clock), .wide = true,
		  .reserved = offsetof(struct ward_clock, reserved) },
		{ "GET_STATS", WARD_GET_STATS, &stats, sizeof(stats) },
		{ "GET_CPUID", WARD_GET_CPUID, &cpuid, sizeof(cpuid),
		  .reserved = offsetof(struct ward_cpuid, reserved) },
	};
	struct ward_vm *vm = make_vm(open_device(), NULL, WARD_VM_LAPIC);
	struct ward_vcpu *first;
	size_t i;

	REQUIRE_EQ(ward_create_vcpu(vm, 0, &first), 0);
	for (i = 0; i < ARRAY_SIZE(calls); i++)
		abi_check(ward_vm_fd(vm), &calls[i]);
}

static void unknown_numbers(void)
{
	static const unsigned long known[] = {
		WARD_GET_INFO, WARD_MAP, WARD_CREATE_VCPU, WARD_MSI, WARD_PAUSE, WARD_RESUME,
		WARD_GET_CLOCK, WARD_SET_CLOCK, WARD_GET_STATS, WARD_GET_CPUID, WARD_SET_CPUID,
	};
	struct ward_vm *vm = make_vm(open_device(), NULL, 0);

	abi_unknown(ward_vm_fd(vm), known, ARRAY_SIZE(known));
}

static const struct test tests[] = {
	{ "vcpu_ids", vcpu_ids },
	{ "vcpu_all", vcpu_all },
	{ "msi", msi },
	{ "clock_counts", clock_counts },
	{ "clock_set", clock_set },
	{ "pause_stops", pause_stops },
	{ "pause_delays_run", pause_delays_run },
	{ "pause_count", pause_count },
	{ "stats_exact", stats_exact },
	{ "stats_stay", stats_stay },
	{ "stats_capacity", stats_capacity },
	{ "rules", rules },
	{ "unknown_numbers", unknown_numbers },
};

TEST_MAIN(tests)
