// SPDX-License-Identifier: GPL-2.0-only
/*
 * race_test.c - many threads at once on the same objects, for a few seconds
 * each; afterwards the state must be consistent and everything still work.
 *
 * WARD_RACE_SECONDS in the environment makes each race longer.
 */
#include "ward_memory.h"

static atomic_bool stop;
static double seconds = 2;

static atomic_ulong rounds[8];

/* A slow kernel gets the time that this many of rounds[0] take. */
#define LEAST	11

static unsigned long least;

static void race(void *(* const *bodies)(void *), void * const *contexts, size_t count)
{
	const char *text = getenv("WARD_RACE_SECONDS");
	pthread_t threads[16];
	double until;
	size_t i;

	REQUIRE(count <= ARRAY_SIZE(threads));
	if (text && strtod(text, NULL) > 0)
		seconds = strtod(text, NULL);
	for (i = 0; i < count; i++)
		threads[i] = start_thread(bodies[i], contexts[i]);
	until = now() + seconds;
	while ((now() < until || rounds[0] < least) && !test_state->failed)
		sleep_ms(10);
	stop = true;
	for (i = 0; i < count; i++)
		join_thread(threads[i]);
}

#define RACE(context, ...) do {							\
	void *(*bodies_[])(void *) = { __VA_ARGS__ };				\
	void *contexts_[ARRAY_SIZE(bodies_)];					\
	for (size_t i_ = 0; i_ < ARRAY_SIZE(bodies_); i_++)			\
		contexts_[i_] = context;					\
	race(bodies_, contexts_, ARRAY_SIZE(bodies_)); } while (0)

#define COUNTER(g)	(*(volatile __u64 *)guest_u64(g, GUEST_DATA))

/* Runs the counting guest again and again; only kicks may end it. */
static void *runner(void *context)
{
	struct guest *g = context;
	int got;

	while (!stop) {
		got = ward_run(g->vcpu);
		/* A reader of registers may have it for a moment. */
		if (got != -EINTR && got != -EBUSY) {
			test_fail(__LINE__, "WARD_RUN: %d, exit %s", got,
				  ward_exit_name(g->run->exit));
			guest_describe(g);
			break;
		}
		rounds[0]++;
	}
	return NULL;
}

/* Goes on for a while after the others, so that the runner gets out. */
static void *kicker(void *context)
{
	struct guest *g = context;
	double until = 0;

	while (!stop || now() < until) {
		if (!stop)
			until = now() + 0.3;
		if (ward_kick(g->vcpu))
			test_fail(__LINE__, "WARD_KICK failed");
		rounds[1]++;
		if (random() % 4)
			sched_yield();
		else
			sleep_ms(1);
	}
	return NULL;
}

static void *pauser(void *context)
{
	struct guest *g = context;
	__u64 seen;
	int i;

	while (!stop) {
		CHECK_EQ(ward_pause(g->vm), 0);
		seen = COUNTER(g);
		for (i = 0; i < 20; i++) {
			sched_yield();
			if (COUNTER(g) != seen) {
				test_fail(__LINE__, "the guest ran in a pause");
				break;
			}
		}
		/* Nobody runs, so the registers can be had. */
		if (get_reg(g, GPR(WARD_RSI)) != GUEST_DATA)
			test_fail(__LINE__, "RSI changed");
		CHECK_EQ(ward_resume(g->vm), 0);
		rounds[2]++;
		sleep_ms(1);
	}
	return NULL;
}

static void *reader(void *context)
{
	struct guest *g = context;
	struct ward_reg regs[] = {
		{ GPR(WARD_RSI), 0 }, { GPR(WARD_RIP), 0 }, { CR(3), 0 }, { MSR(EFER), 0 },
	};
	static char text[8192];
	int got;

	while (!stop) {
		got = ward_get_regs(g->vcpu, regs, 4, NULL);
		if (got && got != -EBUSY)
			test_fail(__LINE__, "WARD_GET_REGS: %d", got);
		if (!got && (regs[0].value != GUEST_DATA || regs[2].value != GUEST_TABLES ||
			     regs[3].value != 0x500 ||
			     regs[1].value - GUEST_CODE_AT - TOUCH_COUNT > 6))
			test_fail(__LINE__, "registers are not the guest's: RIP %#llx, RSI %#llx",
				  regs[1].value, regs[0].value);
		got = ward_dump(g->vcpu, text, sizeof(text));
		if (got < 0 && got != -EBUSY)
			test_fail(__LINE__, "WARD_DUMP: %d", got);
		rounds[3]++;
		sched_yield();
	}
	return NULL;
}

static void *mapper(void *context)
{
	struct guest *g = context;
	char *area = make_memory(4 * PAGE);
	int got;

	while (!stop) {
		got = map_one(g->vm, map_add(AREA_AT, 4 * PAGE, area, WARD_PROT_ALL));
		if (!got)
			got = map_one(g->vm, map_protect(AREA_AT, 4 * PAGE, WARD_PROT_READ));
		if (!got)
			got = map_one(g->vm, map_remove(AREA_AT, 4 * PAGE));
		if (got)
			test_fail(__LINE__, "WARD_MAP: %d", got);
		rounds[4]++;
		sched_yield();
	}
	return NULL;
}

/* Takes the guest's own pages away all the time: it never notices. */
static void *forgetter(void *context)
{
	struct guest *g = context;
	char *unused = (char *)g->ram + 0x300000;

	while (!stop) {
		madvise(unused, 64 * PAGE, MADV_DONTNEED);
		memset(unused, 1, 64 * PAGE);
		mprotect(g->ram, GUEST_RAM / 2, PROT_READ | PROT_WRITE);
		madvise(g->ram + GUEST_CODE_AT, PAGE, MADV_WILLNEED);
		rounds[5]++;
		sched_yield();
	}
	return NULL;
}

static void *watcher(void *context)
{
	struct guest *g = context;
	__u64 s[WARD_STAT_COUNT], last = 0;
	struct ward_vm_info info;
	struct ward_clock clock;

	while (!stop) {
		CHECK_EQ(ward_get_stats(g->vm, s, WARD_STAT_COUNT), WARD_STAT_COUNT);
		if (s[WARD_STAT_ENTRIES] < last)
			test_fail(__LINE__, "a counter went back");
		last = s[WARD_STAT_ENTRIES];
		CHECK_EQ(ward_get_info(g->vm, &info), 0);
		CHECK_EQ(ward_get_clock(g->vm, &clock), 0);
		rounds[6]++;
		sched_yield();
	}
	return NULL;
}

static void still_works(struct guest *g)
{
	pthread_t thread;
	__u64 before;
	int i;

	note("rounds: run %lu, kick %lu, pause %lu, read %lu, map %lu, forget %lu, watch %lu",
	     rounds[0], rounds[1], rounds[2], rounds[3], rounds[4], rounds[5], rounds[6]);
	CHECK_EQ(ward_resume(g->vm), -EINVAL);
	/* Use up a kick that nobody has answered. */
	g->run->request = WARD_RUN_IMMEDIATE;
	for (i = 0; i < 2; i++)
		CHECK_EQ(ward_run(g->vcpu), -EINTR);
	g->run->request = 0;
	before = COUNTER(g);
	thread = start_thread(guest_thread, g);
	CHECK(WAIT_FOR(COUNTER(g) > before));
	touch_stop(g, thread);
	CHECK_EQ(get_reg(g, GPR(WARD_RSI)), GUEST_DATA);
}

static void counting_guest(struct guest *g)
{
	touch_make(g);
	touch_prepare(g, TOUCH_COUNT, GUEST_DATA, 0);
}

static void kicks_and_pauses(void)
{
	struct guest g;

	counting_guest(&g);
	RACE(&g, runner, kicker, pauser, pauser);
	CHECK(rounds[0] > 10 && rounds[2] > 10);
	still_works(&g);
}

static void everything(void)
{
	struct guest g;

	counting_guest(&g);
	RACE(&g, runner, runner, kicker, pauser, reader, mapper, forgetter, watcher);
	CHECK(rounds[0] > 10 && rounds[4] > 10);
	still_works(&g);
}

static void *exchanger(void *context)
{
	struct guest *g = context;
	__u64 *a = make_memory(PAGE), *b = make_memory(PAGE);
	const struct ward_map_op first[] = {
		map_remove(AREA_AT, PAGE), map_add(AREA_AT, PAGE, b, WARD_PROT_ALL),
	}, second[] = {
		map_remove(AREA_AT, PAGE), map_add(AREA_AT, PAGE, a, WARD_PROT_ALL),
	};

	*a = 1;
	*b = 2;
	CHECK_EQ(map_one(g->vm, map_add(AREA_AT, PAGE, a, WARD_PROT_ALL)), 0);
	rounds[7] = 1;
	while (!stop) {
		CHECK_EQ(ward_map(g->vm, first, 2, NULL), 0);
		CHECK_EQ(ward_map(g->vm, second, 2, NULL), 0);
		rounds[4]++;
		sched_yield();
	}
	return NULL;
}

static void *sees_one_or_the_other(void *context)
{
	struct guest *g = context;
	__u64 value;

	while (!rounds[7] && !stop)
		sched_yield();
	while (!stop) {
		value = touch_read(g, AREA_AT);
		if (value != 1 && value != 2) {
			test_fail(__LINE__, "the guest read %#llx", value);
			break;
		}
		rounds[0]++;
	}
	return NULL;
}

/* "vCPUs never see the map half changed." */
static void never_half_changed(void)
{
	struct guest g;

	touch_make(&g);
	RACE(&g, exchanger, sees_one_or_the_other);
	note("%lu exchanges, %lu reads", rounds[4], rounds[0]);
	CHECK(rounds[4] > 10 && rounds[0] > 10);
}

/* ------------------------------------------------------------- several vCPUs */

GUEST_CODE(add_up, 64,
	"mov $20000, %ecx\n"
	"mov $0x20000, %esi\n"
	"1: lock incq (%rsi)\n"
	"loop 1b\n"
	"hlt\n");

static void *to_the_end(void *context)
{
	guest_expect((struct guest *)context, WARD_EXIT_HALT);
	return NULL;
}

static void several_vcpus(void)
{
	struct guest g[8];
	pthread_t threads[8];
	int i;

	guest_make(&g[0], 0);
	for (i = 0; i < 8; i++) {
		if (i) {
			g[i] = g[0];
			REQUIRE_EQ(ward_create_vcpu(g[0].vm, i, &g[i].vcpu), 0);
			g[i].run = ward_run_page(g[i].vcpu);
		}
		guest_code_long(&g[i], add_up);
	}
	for (i = 0; i < 8; i++)
		threads[i] = start_thread(to_the_end, &g[i]);
	for (i = 0; i < 8; i++)
		join_thread(threads[i]);
	CHECK_EQ(*guest_u64(&g[0], GUEST_DATA), 8 * 20000);
}

static void several_vms(void)
{
	struct guest g[4];
	pthread_t threads[4];
	int i;

	for (i = 0; i < 4; i++) {
		guest_make(&g[i], i & 1 ? WARD_VM_HYPERCALLS : 0);
		guest_code_long(&g[i], add_up);
		*guest_u64(&g[i], GUEST_DATA) = i;
	}
	for (i = 0; i < 4; i++)
		threads[i] = start_thread(to_the_end, &g[i]);
	for (i = 0; i < 4; i++)
		join_thread(threads[i]);
	for (i = 0; i < 4; i++)
		CHECK_EQ(*guest_u64(&g[i], GUEST_DATA), 20000 + i);
}

static void many_vms(void)
{
	struct guest g[32];
	int i, round;

	for (round = 0; round < 3; round++) {
		for (i = 0; i < 32; i++) {
			touch_make(&g[i]);
			touch_write(&g[i], GUEST_DATA, i);
		}
		for (i = 31; i >= 0; i--)
			CHECK_EQ(touch_read(&g[i], GUEST_DATA), i);
		for (i = 0; i < 32; i++)
			guest_free(&g[i]);
	}
}

static void *maker(void *context)
{
	struct ward_vcpu *vcpu;
	struct ward_vm *vm;
	int device = open_device(), got;

	(void)context;
	while (!stop) {
		got = ward_create_vm(device, "churn", WARD_VM_LAPIC, &vm);
		if (got == -EEXIST) {
			sched_yield();
			continue;
		}
		REQUIRE_EQ(got, 0);
		REQUIRE_EQ(ward_create_vcpu(vm, 0, &vcpu), 0);
		ward_close_vm(vm);
		ward_close_vcpu(vcpu);
		rounds[0]++;
	}
	return NULL;
}

static void *finder(void *context)
{
	struct ward_vm_info info;
	struct ward_vm *vm;
	int device = open_device(), got;

	(void)context;
	while (!stop) {
		got = ward_open_vm(device, "churn", (__u32)-1, &vm);
		if (!got) {
			CHECK_EQ(ward_get_info(vm, &info), 0);
			CHECK_EQ(ward_msi(vm, 0x12345, 0), -EINVAL);
			ward_close_vm(vm);
			rounds[1]++;
		} else if (got != -ENOENT) {
			test_fail(__LINE__, "WARD_OPEN_VM: %d", got);
		}
		CHECK(ward_list(device, &info, 1) >= 0);
		sched_yield();
	}
	return NULL;
}

static void come_and_go(void)
{
	least = LEAST;
	RACE(NULL, maker, maker, finder, finder);
	note("%lu made, %lu found", rounds[0], rounds[1]);
	CHECK(rounds[0] >= LEAST);
}

static const struct test tests[] = {
	{ "kicks_and_pauses", kicks_and_pauses },
	{ "everything", everything },
	{ "never_half_changed", never_half_changed },
	{ "several_vcpus", several_vcpus },
	{ "several_vms", several_vms },
	{ "many_vms", many_vms },
	{ "come_and_go", come_and_go },
};

TEST_MAIN(tests)
