// SPDX-License-Identifier: GPL-2.0-only
/*
 * run_test.c - WARD_RUN itself: who may run, what ends it, WARD_KICK, requests
 * and commits in the run page. Events are in event_test.c.
 */
#include "ward_guest.h"

GUEST_CODE(count, 64,
	"mov $0x20000, %edi\n"
	"1: incq (%rdi)\n"
	"jmp 1b\n");

GUEST_CODE(count_shared, 64,
	"mov $0x800000, %edi\n"
	"1: incq (%rdi)\n"
	"jmp 1b\n");

GUEST_CODE(ports, 64,
	"1: in $0x40, %al\n"
	"add $1, %rbx\n"
	"out %al, $0x41\n"
	"jmp 1b\n");

GUEST_CODE(halts, 64,
	"1: hlt\n"
	"jmp 1b\n");

#define COUNTER(g)	(*(volatile __u64 *)guest_u64(g, GUEST_DATA))

static void start_counting(struct guest *g, pthread_t *runner)
{
	guest_make(g, 0);
	guest_code_long(g, count);
	*runner = start_thread(guest_thread, g);
	REQUIRE(WAIT_FOR(COUNTER(g) > 100));
}

static void stop_counting(struct guest *g, pthread_t runner)
{
	CHECK_EQ(ward_kick(g->vcpu), 0);
	CHECK_EQ((intptr_t)join_thread(runner), -EINTR);
	CHECK_EQ(g->run->exit, WARD_EXIT_NONE);
}

static void one_runner(void)
{
	struct ward_xsave xsave = { .size = sizeof(xsave) };
	struct guest g;
	pthread_t runner;
	char text[8];
	__u64 value;

	start_counting(&g, &runner);
	CHECK_EQ(ward_run(g.vcpu), -EBUSY);
	CHECK_EQ(ward_get_reg(g.vcpu, GPR(WARD_RAX), &value), -EBUSY);
	CHECK_EQ(ward_set_reg(g.vcpu, GPR(WARD_RAX), 1), -EBUSY);
	CHECK_EQ(call(ward_vcpu_fd(g.vcpu), WARD_GET_XSAVE, &xsave), -EBUSY);
	CHECK(WAIT_FOR(COUNTER(&g) > 10000));		/* none of it stopped the guest */
	CHECK(ward_dump(g.vcpu, text, sizeof(text)) < 0);
	stop_counting(&g, runner);
	CHECK_EQ(ward_get_reg(g.vcpu, GPR(WARD_RAX), &value), 0);
}

static void kick_during(void)
{
	struct guest g;
	pthread_t runner;
	int i;

	start_counting(&g, &runner);
	stop_counting(&g, runner);
	/* The registers are those of the moment. */
	CHECK_EQ(get_reg(&g, GPR(WARD_RDI)), GUEST_DATA);
	for (i = 0; i < 10; i++) {
		__u64 before = COUNTER(&g);

		runner = start_thread(guest_thread, &g);
		CHECK(WAIT_FOR(COUNTER(&g) > before));
		stop_counting(&g, runner);
	}
}

static void kick_before(void)
{
	__u64 s[WARD_STAT_COUNT];
	struct guest g;

	guest_make(&g, 0);
	guest_code_long(&g, ports);
	CHECK_EQ(ward_kick(g.vcpu), 0);
	CHECK_EQ(ward_run(g.vcpu), -EINTR);
	CHECK_EQ(g.run->exit, WARD_EXIT_NONE);
	ward_get_stats(g.vm, s, WARD_STAT_COUNT);
	CHECK_EQ(s[WARD_STAT_ENTRIES], 0);
	guest_expect(&g, WARD_EXIT_IO);

	/* The record that waits for its completion is not lost by a kick. */
	g.run->io.data = 0x33;
	CHECK_EQ(ward_kick(g.vcpu), 0);
	CHECK_EQ(ward_run(g.vcpu), -EINTR);
	CHECK_EQ(g.run->exit, WARD_EXIT_NONE);
	guest_expect_out(&g, 0x41, 0x33);
	CHECK_EQ(g.run->gprs[WARD_RBX], 1);
}

/* A guest that sleeps in the kernel. */
static void kick_asleep(void)
{
	__u64 s[WARD_STAT_COUNT];
	struct guest g;
	pthread_t runner;

	guest_make(&g, WARD_VM_LAPIC);
	guest_code_long(&g, halts);
	set_reg(&g, GPR(WARD_RFLAGS), 0x202);
	runner = start_thread(guest_thread, &g);
	CHECK(WAIT_FOR(ward_get_stats(g.vm, s, WARD_STAT_COUNT) == WARD_STAT_COUNT &&
		       s[WARD_STAT_HALTS] > 0));
	sleep_ms(20);
	CHECK_EQ(pthread_tryjoin_np(runner, NULL), EBUSY);
	CHECK_EQ(ward_kick(g.vcpu), 0);
	CHECK_EQ((intptr_t)join_thread(runner), -EINTR);
	CHECK_EQ(get_reg(&g, STATE(WARD_STATE_ACTIVITY)), WARD_ACTIVITY_HALTED);
	CHECK_EQ(get_reg(&g, GPR(WARD_RIP)), GUEST_CODE_AT + 1);
}

/* ------------------------------------------------------------ another process */

struct shared {
	atomic_ullong counter;
	atomic_bool returned;
	struct guest *g;
};

/* Holds the same descriptors, and nothing else of the one that runs the guest. */
static void steers(void *context)
{
	struct shared *s = context;
	struct guest *g = s->g;
	__u64 before;
	int i;

	REQUIRE(WAIT_FOR(s->counter > 100));
	for (i = 0; i < 5; i++) {
		CHECK_EQ(ward_pause(g->vm), 0);
		before = s->counter;
		sleep_ms(50);
		CHECK_EQ(s->counter, before);
		/* While it is paused, its state is anybody's. */
		CHECK_EQ(get_reg(g, GPR(WARD_RDI)), GUEST_DEVICE);
		CHECK_EQ(ward_resume(g->vm), 0);
		CHECK(WAIT_FOR(s->counter > before));
	}
	CHECK_EQ(ward_pause(g->vm), 0);
	CHECK_EQ(ward_pause(g->vm), 0);
	CHECK_EQ(ward_resume(g->vm), 0);
	before = s->counter;
	sleep_ms(50);
	CHECK_EQ(s->counter, before);
	CHECK_EQ(ward_resume(g->vm), 0);
	CHECK(WAIT_FOR(s->counter > before));
	CHECK_EQ(ward_kick(g->vcpu), 0);
	CHECK(WAIT_FOR(s->returned));
}

static void child_ends(int number)
{
	(void)number;
}

static void from_another_process(void)
{
	struct shared *s = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
				-1, 0);
	/* It ends behind the kick, or it has failed: then WARD_RUN ends too. */
	struct sigaction action = { .sa_handler = child_ends };
	struct guest g;
	pid_t pid;
	int i;

	REQUIRE(s != MAP_FAILED);
	sigaction(SIGCHLD, &action, NULL);
	guest_make(&g, 0);
	guest_code_long(&g, count_shared);
	REQUIRE_EQ(map_one(g.vm, map_add(GUEST_DEVICE, PAGE, s, WARD_PROT_ALL)), 0);
	s->g = &g;
	for (i = 0; i < 2; i++) {
		s->returned = false;
		pid = start_child(steers, s);
		CHECK_EQ(ward_run(g.vcpu), -EINTR);
		CHECK_EQ(g.run->exit, WARD_EXIT_NONE);
		s->returned = true;
		CHECK_EQ(reap(pid), 0);
	}
}

static void immediate(void)
{
	__u64 before[WARD_STAT_COUNT], after[WARD_STAT_COUNT];
	struct guest g;

	guest_make(&g, 0);
	guest_code_long(&g, ports);
	g.run->request = WARD_RUN_IMMEDIATE;
	CHECK_EQ(ward_run(g.vcpu), -EINTR);
	CHECK_EQ(get_reg(&g, GPR(WARD_RIP)), GUEST_CODE_AT);
	g.run->request = 0;
	guest_expect(&g, WARD_EXIT_IO);
	CHECK_EQ(g.run->io.in, 1);

	/* Completes the IN and runs nothing. */
	g.run->io.data = 0x44;
	g.run->request = WARD_RUN_IMMEDIATE;
	ward_get_stats(g.vm, before, WARD_STAT_COUNT);
	CHECK_EQ(ward_run(g.vcpu), -EINTR);
	CHECK_EQ(g.run->exit, WARD_EXIT_NONE);
	ward_get_stats(g.vm, after, WARD_STAT_COUNT);
	CHECK_EQ(after[WARD_STAT_ENTRIES], before[WARD_STAT_ENTRIES]);
	CHECK_EQ(get_reg(&g, GPR(WARD_RAX)) & 0xff, 0x44);
	CHECK_EQ(get_reg(&g, GPR(WARD_RIP)), GUEST_CODE_AT + 2);
	CHECK_EQ(get_reg(&g, GPR(WARD_RBX)), 0);

	/* Once more changes nothing, even in a pause. */
	CHECK_EQ(ward_pause(g.vm), 0);
	g.run->io.data = 0x55;
	CHECK_EQ(ward_run(g.vcpu), -EINTR);
	CHECK_EQ(get_reg(&g, GPR(WARD_RAX)) & 0xff, 0x44);
	CHECK_EQ(get_reg(&g, GPR(WARD_RIP)), GUEST_CODE_AT + 2);
	CHECK_EQ(ward_resume(g.vm), 0);
	g.run->request = 0;
	guest_expect_out(&g, 0x41, 0x44);
}

static void unknown_requests(void)
{
	struct guest g;
	int bit;

	guest_make(&g, 0);
	guest_code_long(&g, ports);
	guest_expect(&g, WARD_EXIT_IO);
	g.run->io.data = 0x66;
	for (bit = 2; bit < 32; bit++) {
		g.run->request = 1u << bit;
		CHECK_EQ(ward_run(g.vcpu), -EINVAL);
	}
	g.run->request = 0;
	for (bit = 4; bit < 32; bit++) {
		g.run->commit = 1u << bit;
		CHECK_EQ(ward_run(g.vcpu), -EINVAL);
	}
	g.run->commit = 0;
	/* On error nothing has changed: the IN still waits for its data. */
	CHECK_EQ(get_reg(&g, GPR(WARD_RIP)), GUEST_CODE_AT);
	guest_expect_out(&g, 0x41, 0x66);
}

GUEST_CODE(devices, 64,
	"in $0x40, %al\n"
	"mov $0x800000, %edi\n"
	"movb (%rdi), %bl\n"
	"mov $0x5a5a5a5a, %ecx\n"
	"rdmsr\n"
	"hlt\n");

/*
 * How an exit is completed is the kernel's to remember: of what the record says
 * by then, only the answer counts.
 */
static void changed_record(void)
{
	const __u64 before = 0x1122334455667788;
	struct guest g;

	guest_make(&g, 0);
	guest_code_long(&g, devices);
	set_reg(&g, GPR(WARD_RAX), before);
	set_reg(&g, GPR(WARD_RBX), before);
	set_reg(&g, GPR(WARD_RDX), before);
	guest_expect(&g, WARD_EXIT_IO);
	g.run->io = (struct ward_exit_io){
		.port = 0x99, .bytes = 4, .in = 0, .string = 1, .rep = 1, .data = 0xaabbccdd,
	};
	g.run->exit = WARD_EXIT_MMIO;
	g.run->code_bits = 16;
	guest_expect(&g, WARD_EXIT_MMIO);
	CHECK_EQ(g.run->gprs[WARD_RAX], (before & ~0xffull) | 0xdd);
	CHECK_EQ(g.run->gprs[WARD_RIP], GUEST_CODE_AT + 7);

	g.run->mmio = (struct ward_exit_mmio){
		.gpa = 0x1000, .gva = 0x1000, .bytes = 8, .write = 1, .data = 0x0102030405060708,
	};
	g.run->exit = WARD_EXIT_IO;
	g.run->insn_bytes = 15;
	guest_expect(&g, WARD_EXIT_MSR);
	CHECK_EQ(g.run->gprs[WARD_RBX], (before & ~0xffull) | 0x08);
	CHECK_EQ(g.run->gprs[WARD_RIP], GUEST_CODE_AT + 14);

	g.run->msr = (struct ward_exit_msr){ .index = 0x10, .write = 1, .data = 0x1234567800000001 };
	g.run->exit = WARD_EXIT_NONE;
	guest_expect(&g, WARD_EXIT_HALT);
	CHECK_EQ(g.run->gprs[WARD_RAX], 1);
	CHECK_EQ(g.run->gprs[WARD_RDX], 0x12345678);
	CHECK_EQ(g.run->gprs[WARD_RIP], GUEST_CODE_AT + 17);
}

static void commit(void)
{
	struct guest g;
	int i;

	guest_make(&g, 0);
	guest_code_long(&g, halts);
	guest_expect(&g, WARD_EXIT_HALT);
	/* What is not committed is not read. */
	for (i = 0; i < WARD_GPR_COUNT; i++)
		g.run->gprs[i] = 0x1111 * i;
	guest_expect(&g, WARD_EXIT_HALT);
	CHECK_EQ(g.run->gprs[WARD_RBX], 0);
	CHECK_EQ(g.run->gprs[WARD_RIP], GUEST_CODE_AT + 1);

	for (i = 0; i < 16; i++)
		g.run->gprs[i] = 0xffff000000000000 + i;
	g.run->gprs[WARD_RIP] = 0x999;
	g.run->commit = WARD_COMMIT_GPRS;
	guest_expect(&g, WARD_EXIT_HALT);
	CHECK_EQ(g.run->commit, 0);
	for (i = 0; i < 16; i++)
		CHECK_EQ(g.run->gprs[i], 0xffff000000000000 + i);
	CHECK_EQ(get_reg(&g, GPR(WARD_R15)), 0xffff00000000000f);

	g.run->gprs[WARD_RIP] = GUEST_CODE_AT;
	g.run->gprs[WARD_RFLAGS] = 0xcd7;
	g.run->gprs[WARD_RAX] = 0;
	g.run->commit = WARD_COMMIT_RIP | WARD_COMMIT_RFLAGS;
	guest_expect(&g, WARD_EXIT_HALT);
	CHECK_EQ(g.run->commit, 0);
	CHECK_EQ(g.run->gprs[WARD_RIP], GUEST_CODE_AT + 1);
	CHECK_EQ(g.run->gprs[WARD_RFLAGS], 0xcd7);
	CHECK_EQ(g.run->gprs[WARD_RAX], 0xffff000000000000);

	/* Reserved bits of RFLAGS do no harm: fixed, or a failed entry. */
	g.run->gprs[WARD_RFLAGS] = ~0ull & ~0x20100ull;
	g.run->commit = WARD_COMMIT_RFLAGS;
	CHECK_EQ(ward_run(g.vcpu), 0);
	CHECK(g.run->exit == WARD_EXIT_HALT || g.run->exit == WARD_EXIT_FAIL_ENTRY);
}

/* A commit goes with WARD_RUN_IMMEDIATE too, which makes it visible. */
static void commit_immediate(void)
{
	struct guest g;

	guest_make(&g, 0);
	guest_code_long(&g, halts);
	guest_expect(&g, WARD_EXIT_HALT);
	g.run->gprs[WARD_RDX] = 0x4242;
	g.run->commit = WARD_COMMIT_GPRS;
	g.run->request = WARD_RUN_IMMEDIATE;
	CHECK_EQ(ward_run(g.vcpu), -EINTR);
	CHECK_EQ(g.run->commit, 0);
	CHECK_EQ(get_reg(&g, GPR(WARD_RDX)), 0x4242);
}

static void context(void)
{
	struct guest g;

	guest_make(&g, 0);
	guest_code_long(&g, halts);
	set_reg(&g, SEG(WARD_FS, WARD_SEG_BASE), 0x123000);
	set_reg(&g, CR(2), 0xabc);
	guest_expect(&g, WARD_EXIT_HALT);
	CHECK_EQ(g.run->vendor, WARD_VENDOR_VMX);
	CHECK_EQ(g.run->raw.vmx.reason, 12);
	CHECK_EQ(g.run->raw.vmx.instruction_bytes, 1);
	CHECK_EQ(g.run->cr0 & 0x80000011, 0x80000011);
	CHECK_EQ(g.run->cr2, 0xabc);
	CHECK_EQ(g.run->cr3, GUEST_TABLES);
	CHECK_EQ(g.run->cr4, 0x20 | CR4_OSFXSR);	/* as the guest sees it: no VMXE */
	CHECK_EQ(g.run->efer, 0x500);
	CHECK_EQ(g.run->seg_base[WARD_FS], 0x123000);
	CHECK_EQ(g.run->seg_base[WARD_DS], 0);
	CHECK_EQ(g.run->cpl, 0);
	CHECK_EQ(g.run->code_bits, 64);
	CHECK_EQ(g.run->interruptible, 0);
	CHECK_EQ(g.run->gprs[WARD_RIP], GUEST_CODE_AT + 1);
	CHECK_EQ(g.run->gprs[WARD_RSP], GUEST_STACK);
	set_reg(&g, GPR(WARD_RFLAGS), 0x202);
	guest_expect(&g, WARD_EXIT_HALT);
	CHECK_EQ(g.run->interruptible, 1);
}

static void *fork_runner(void *context)
{
	struct guest *g = context;

	while (!ward_run(g->vcpu))
		;
	return NULL;
}

/* Nothing that is written there at a bad moment may hurt anyone. */
static void scribble(void)
{
	struct guest g;
	pthread_t runner;
	double until;
	int i, rounds = 0;

	guest_make(&g, 0);
	guest_code_long(&g, ports);
	for (until = now() + 2; now() < until; rounds++) {
		runner = start_thread(fork_runner, &g);
		for (i = 0; i < 3000; i++) {
			g.run->commit = (__u32)random() & 15;
			g.run->gprs[random() % WARD_GPR_COUNT] = (__u64)random() << 40 | random();
			g.run->insn_bytes = (__u8)random();
			g.run->exit = (__u32)random();
			g.run->io.data = (__u32)random();
			g.run->io.bytes = (__u8)random();
			g.run->code_bits = (__u8)random();
			g.run->request = (__u32)random() & WARD_RUN_NOTIFY_WINDOW;
		}
		g.run->request = WARD_RUN_IMMEDIATE;
		ward_kick(g.vcpu);
		join_thread(runner);
		g.run->request = 0;
		g.run->commit = 0;
		/* It may have been led astray, but it can be set right again. */
		guest_code_long(&g, ports);
		set_reg(&g, STATE(WARD_STATE_BLOCKING), 0);
		set_reg(&g, STATE(WARD_STATE_PENDING_DEBUG), 0);
		set_reg(&g, STATE(WARD_STATE_EVENT), 0);
	}
	note("%d rounds", rounds);
	CHECK(rounds > 0);
	i = ward_run(g.vcpu);
	if (i == -EINTR)	/* a kick that came late */
		i = ward_run(g.vcpu);
	CHECK_EQ(i, 0);
	if (g.run->exit != WARD_EXIT_IO)
		guest_describe(&g);
	CHECK_EQ(g.run->exit, WARD_EXIT_IO);
}

static const struct test tests[] = {
	{ "one_runner", one_runner },
	{ "kick_during", kick_during },
	{ "kick_before", kick_before },
	{ "kick_asleep", kick_asleep },
	{ "from_another_process", from_another_process },
	{ "immediate", immediate },
	{ "unknown_requests", unknown_requests },
	{ "changed_record", changed_record },
	{ "commit", commit },
	{ "commit_immediate", commit_immediate },
	{ "context", context },
	{ "scribble", scribble },
};

TEST_MAIN(tests)
