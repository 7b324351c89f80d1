// SPDX-License-Identifier: GPL-2.0-only
/*
 * host_signal_test.c - signals, stops and debuggers of a process that runs a
 * guest: they must work as with any other process, and the guest's own debug
 * registers must not get in their way.
 */
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/user.h>
#include "ward_memory.h"

#define COUNTER(g)	(*(volatile __u64 *)guest_u64(g, GUEST_DATA))

static atomic_int handled;

static void handler(int number)
{
	(void)number;
	handled++;
}

static void counting(struct guest *g, pthread_t *runner)
{
	touch_make(g);
	touch_prepare(g, TOUCH_COUNT, GUEST_DATA, 0);
	*runner = start_thread(guest_thread, g);
	REQUIRE(WAIT_FOR(COUNTER(g) > 100));
}

static void interrupts(void)
{
	/* A signal with a handler is -EINTR, also with SA_RESTART. */
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };
	struct guest g;
	pthread_t runner;
	__u64 before;
	int i;

	sigaction(SIGUSR1, &action, NULL);
	counting(&g, &runner);
	for (i = 1; i <= 5; i++) {
		CHECK_EQ(pthread_kill(runner, SIGUSR1), 0);
		CHECK_EQ((intptr_t)join_thread(runner), -EINTR);
		CHECK_EQ(handled, i);
		CHECK_EQ(g.run->exit, WARD_EXIT_NONE);
		before = COUNTER(&g);
		runner = start_thread(guest_thread, &g);
		CHECK(WAIT_FOR(COUNTER(&g) > before));
	}
	touch_stop(&g, runner);
}

/* Before the guest is entered at all; the signal must not be overlooked. */
static void *blocked_runner(void *g)
{
	sigset_t set;
	void *result;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	pthread_kill(pthread_self(), SIGUSR1);
	result = guest_thread(g);		/* not deliverable: does not count */
	CHECK_EQ((intptr_t)result, -EINTR);
	CHECK_EQ(handled, 0);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	CHECK_EQ(handled, 1);
	return result;
}

static void blocked_signal(void)
{
	struct sigaction action = { .sa_handler = handler };
	struct guest g;
	pthread_t runner;

	sigaction(SIGUSR1, &action, NULL);
	touch_make(&g);
	touch_prepare(&g, TOUCH_COUNT, GUEST_DATA, 0);
	runner = start_thread(blocked_runner, &g);
	CHECK(WAIT_FOR(COUNTER(&g) > 1000));
	CHECK_EQ(pthread_tryjoin_np(runner, NULL), EBUSY);
	touch_stop(&g, runner);
}

static void ignored_signal(void)
{
	struct guest g;
	pthread_t runner;
	__u64 before;

	signal(SIGUSR2, SIG_IGN);
	counting(&g, &runner);
	CHECK_EQ(pthread_kill(runner, SIGUSR2), 0);
	before = COUNTER(&g);
	CHECK(WAIT_FOR(COUNTER(&g) > before));
	sleep_ms(20);
	CHECK_EQ(pthread_tryjoin_np(runner, NULL), EBUSY);
	touch_stop(&g, runner);
}

static void timer(void)
{
	struct sigaction action = { .sa_handler = handler };
	struct guest g;
	double began;

	sigaction(SIGALRM, &action, NULL);
	touch_make(&g);
	touch_prepare(&g, TOUCH_COUNT, GUEST_DATA, 0);
	began = now();
	ualarm(100000, 0);
	CHECK_EQ(ward_run(g.vcpu), -EINTR);
	CHECK_EQ(handled, 1);
	CHECK(now() - began >= 0.099 && now() - began < 2);
}

/* The guest's time is time of its process. */
static void accounting(void)
{
	struct sigaction action = { .sa_handler = handler };
	struct rusage a, b;
	struct guest g;
	double used;

	sigaction(SIGALRM, &action, NULL);
	touch_make(&g);
	touch_prepare(&g, TOUCH_COUNT, GUEST_DATA, 0);
	getrusage(RUSAGE_SELF, &a);
	ualarm(400000, 0);
	CHECK_EQ(ward_run(g.vcpu), -EINTR);
	getrusage(RUSAGE_SELF, &b);
	used = (double)(b.ru_utime.tv_sec - a.ru_utime.tv_sec + b.ru_stime.tv_sec - a.ru_stime.tv_sec) +
	       (double)(b.ru_utime.tv_usec - a.ru_utime.tv_usec + b.ru_stime.tv_usec -
			a.ru_stime.tv_usec) / 1e6;
	note("used %.3f s of 0.4 s", used);
	CHECK(used > 0.1 && used < 1);
}

#define TRIALS		1200
#define PERIOD_NS	4000000ull

static struct timespec at(__u64 start, unsigned int trial, __u64 offset)
{
	__u64 ns = start + trial * PERIOD_NS + offset;

	return (struct timespec){ (time_t)(ns / 1000000000), (long)(ns % 1000000000) };
}

struct displacer {
	__u64 start;
	atomic_bool done;
};

/* Takes the CPU for a moment, at the beginning of each trial. */
static void *displace(void *context)
{
	const struct sched_param urgent = { .sched_priority = 1 };
	struct displacer *d = context;
	unsigned int i;

	REQUIRE_EQ(pthread_setschedparam(pthread_self(), SCHED_FIFO, &urgent), 0);
	for (i = 0; i < TRIALS && !d->done; i++) {
		const struct timespec begin = at(d->start, i, 0);

		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &begin, NULL);
	}
	return NULL;
}

static timer_t timer_for(int number)
{
	struct sigaction action = { .sa_handler = handler };
	struct sigevent event = {
		.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = number, ._sigev_un._tid = gettid(),
	};
	timer_t timer;

	sigaction(number, &action, NULL);
	REQUIRE_EQ(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
	return timer;
}

/*
 * When a thread gets its CPU back, the kernel has work for it before it may go to
 * user space: rseq's at least. A signal that comes in the middle of that, here a
 * little later each time, has to end WARD_RUN as well. If it does not, another does.
 */
static void displaced(void)
{
	timer_t timer = timer_for(SIGUSR1), rescue = timer_for(SIGUSR2);
	const struct itimerspec never = { };
	unsigned int i, tried = 0, late = 0;
	struct displacer d = { };
	pthread_t displacer;
	struct guest g;

	REQUIRE_EQ(run_on(0, sched_getcpu()), 0);
	touch_make(&g);
	touch_prepare(&g, TOUCH_COUNT, GUEST_DATA, 0);
	d.start = (__u64)(now() * 1e9) + 10 * PERIOD_NS;
	displacer = start_thread(displace, &d);
	for (i = 0; i < TRIALS; i++) {
		double begin = (double)(d.start + i * PERIOD_NS) / 1e9;
		struct itimerspec first = { .it_value = at(d.start, i, i * 250) };
		struct itimerspec second = { .it_value = at(d.start, i + 100, 0) };

		if (now() > begin - 0.002)
			continue;
		timer_settime(rescue, TIMER_ABSTIME, &second, NULL);
		timer_settime(timer, TIMER_ABSTIME, &first, NULL);
		/* On a slow host the signal could come before WARD_RUN is called. */
		if (now() > begin - 0.0005) {
			timer_settime(timer, 0, &never, NULL);
			continue;
		}
		CHECK_EQ(ward_run(g.vcpu), -EINTR);
		late += now() - begin > 50 * PERIOD_NS / 1e9;
		tried++;
	}
	d.done = true;
	join_thread(displacer);
	note("%u signals, %u of them late", tried, late);
	CHECK_EQ(late, 0);
	CHECK(tried > TRIALS / 20);
}

struct shared {
	atomic_ulong counter;
	atomic_int done, watched;
};

static void stoppable(void *context)
{
	struct shared *s = context;
	struct guest g;

	touch_make(&g);
	REQUIRE_EQ(map_one(g.vm, map_add(AREA_AT, PAGE, s, WARD_PROT_ALL)), 0);
	touch_prepare(&g, TOUCH_COUNT, AREA_AT, 0);
	/* A stop may end WARD_RUN or not; the loop is what a VMM does. */
	while (ward_run(g.vcpu) == -EINTR)
		;
	test_fail(__LINE__, "WARD_RUN ended: exit %s", ward_exit_name(g.run->exit));
}

static struct shared *share(void)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	REQUIRE(page != MAP_FAILED);
	return page;
}

static void stop_and_continue(void)
{
	struct shared *s = share();
	pid_t pid = start_child(stoppable, s);
	unsigned long before;
	int i, status;

	REQUIRE(WAIT_FOR(s->counter > 100));
	for (i = 0; i < 3; i++) {
		CHECK_EQ(kill(pid, SIGSTOP), 0);
		CHECK(WAIT_FOR(waitpid(pid, &status, WUNTRACED | WNOHANG) == pid));
		CHECK(WIFSTOPPED(status));
		before = s->counter;
		sleep_ms(50);
		CHECK_EQ(s->counter, before);
		CHECK_EQ(kill(pid, SIGCONT), 0);
		CHECK(WAIT_FOR(s->counter > before));
	}
	kill(pid, SIGKILL);
	reap(pid);
}

/* ------------------------------------------------------------------ debugger */

/* The guest has breakpoints of its own, on the address that the host watches too. */
GUEST_CODE(breakpoints, 64,
	"mov %rbx, %rax\n mov %rax, %dr0\n mov %rax, %dr1\n mov %rax, %dr2\n mov %rax, %dr3\n"
	"mov $0xd0755, %eax\n mov %rax, %dr7\n"
	"xor %eax, %eax\n mov %rax, %dr6\n"
	"mov $0x20000, %esi\n"
	"1: movq $5, 8(%rsi)\n"
	"hlt\n"
	"jmp 1b\n");

static void debugged(void *context)
{
	struct shared *s = context;
	struct guest g;
	int i;

	guest_make(&g, 0);
	guest_code_long(&g, breakpoints);
	set_reg(&g, GPR(WARD_RBX), (uintptr_t)&s->watched);
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	for (i = 0; i < 3; i++) {
		guest_expect(&g, WARD_EXIT_HALT);
		s->watched = i;				/* must trap */
		s->done++;
	}
	CHECK_EQ(get_reg(&g, DR(0)), (uintptr_t)&s->watched);
	/* RW of breakpoint 0 is 0b01 there: write, 4 bytes. */
	CHECK_EQ(get_reg(&g, DR(7)) & 0xffff00ff, 0xd0055);
}

static void *debug_slot(int number)
{
	return (void *)(offsetof(struct user, u_debugreg) + number * sizeof(long));
}

/* Breakpoints that a debugger set still fire after the guest ran. */
static void debugger(void)
{
	struct shared *s = share();
	pid_t pid = start_child(debugged, s);
	int status, traps = 0;
	long dr6;

	REQUIRE(WAIT_FOR(waitpid(pid, &status, WNOHANG) == pid));
	REQUIRE(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	REQUIRE_EQ(ptrace(PTRACE_POKEUSER, pid, debug_slot(0), &s->watched), 0);
	if (ptrace(PTRACE_POKEUSER, pid, debug_slot(7), 0xd0001l)) {
		kill(pid, SIGKILL);
		test_skip("no breakpoint may be set");
	}
	REQUIRE_EQ(ptrace(PTRACE_CONT, pid, 0, 0), 0);
	while (WAIT_FOR(waitpid(pid, &status, WNOHANG) == pid) && WIFSTOPPED(status)) {
		int number = WSTOPSIG(status);

		if (number == SIGTRAP) {
			traps++;
			dr6 = ptrace(PTRACE_PEEKUSER, pid, debug_slot(6), 0);
			CHECK_EQ(dr6 & 0xf, 1);
			number = 0;
		}
		if (ptrace(PTRACE_CONT, pid, 0, number))
			break;
	}
	CHECK_EQ(traps, 3);
	CHECK_EQ(s->done, 3);
	CHECK(WIFEXITED(status) && !WEXITSTATUS(status));
	if (!WIFEXITED(status))
		kill(pid, SIGKILL);
}

/* And the guest's own ones never fire in the host. */
static void guests_breakpoints(void)
{
	struct shared *s = share();
	struct guest g;
	int i;

	guest_make(&g, 0);
	guest_code_long(&g, breakpoints);
	set_reg(&g, GPR(WARD_RBX), (uintptr_t)&s->watched);
	for (i = 0; i < 3; i++) {
		guest_expect(&g, WARD_EXIT_HALT);
		s->watched = i;				/* SIGTRAP would end the test */
	}
	CHECK_EQ(s->watched, 2);
	/* In the guest they do. */
	set_reg(&g, DR(0), GUEST_DATA + 8);
	set_reg(&g, DR(7), 0xd0001 | 0x400);
	guest_expect_vector(&g, 1);
	CHECK_EQ(get_reg(&g, DR(6)) & 0xf, 1);
}

/* ------------------------------------------------------------- never open */

GUEST_CODE(closed, 64,
	"1: jmp 1b\n");

/* A guest that never allows interrupts does not keep the CPU. */
static void interrupts_off(void)
{
	struct sigaction action = { .sa_handler = handler };
	struct guest g;

	guest_make(&g, 0);
	guest_code_long(&g, closed);
	sigaction(SIGALRM, &action, NULL);
	ualarm(100000, 0);
	CHECK_EQ(ward_run(g.vcpu), -EINTR);
	CHECK_EQ(handled, 1);
}

/* -------------------------------------------------------- endless delivery */

/* As endless as it gets: the signal ends it, and soon. */
static void ends_by_signal(struct guest *g)
{
	struct sigaction action = { .sa_handler = handler };
	__u64 s[WARD_STAT_COUNT];
	double began = now();

	sigaction(SIGALRM, &action, NULL);
	ualarm(100000, 0);
	CHECK_EQ(ward_run(g->vcpu), -EINTR);
	CHECK_EQ(handled, 1);
	CHECK(now() - began >= 0.099 && now() - began < 2);
	REQUIRE(ward_get_stats(g->vm, s, WARD_STAT_COUNT) > 0);
	note("%llu exceptions in %.3f s", s[WARD_STAT_EXIT_EXCEPTION], now() - began);
	CHECK(s[WARD_STAT_EXIT_EXCEPTION] > 100);
	/* The event that the guest is stuck with is still on its way. */
	CHECK(get_reg(g, STATE(WARD_STATE_EVENT)) & WARD_EVENT_VALID);
}

#define USER_CODE32	0x23
#define USER_DATA32	0x2b
#define CR0_AM		(1u << 18)
#define FLAGS_AC	(1u << 18)
#define FLAGS_IOPL	(3u << 12)

GUEST_CODE(misaligned, 32,
	"mov 0x20001, %eax\n"
	"hlt\n");

/*
 * The handler of #AC has no stack of its own and the guest's is misaligned, which
 * is #AC again (SDM: "Alignment Check Exception"; CVE-2015-5307). Two benign
 * exceptions make no double fault. Nothing is pushed, so it never ends.
 */
static void endless_alignment_checks(void)
{
	const __u64 handler17 = GUEST_STUBS + 17 * 16;
	struct guest g;
	unsigned int i;

	guest_make(&g, 0);
	guest_code_protected(&g, misaligned);
	*guest_u64(&g, GUEST_GDT + (USER_CODE32 & ~7)) = 0x00cffb000000ffff;
	*guest_u64(&g, GUEST_GDT + (USER_DATA32 & ~7)) = 0x00cff3000000ffff;
	set_reg(&g, TABLE(1), 0x2f);
	*guest_u64(&g, GUEST_IDT + 17 * 8) = handler17 | USER_CODE32 << 16 | 0x8e00ull << 32;
	for (i = WARD_ES; i <= WARD_GS; i++)
		set_segment(&g, i, USER_DATA32, 0, 0xffffffff, 0xc0f3);
	set_segment(&g, WARD_CS, USER_CODE32, 0, 0xffffffff, 0xc0fb);
	set_reg(&g, CR(0), get_reg(&g, CR(0)) | CR0_AM);
	set_reg(&g, GPR(WARD_RFLAGS), FLAGS_AC | FLAGS_IOPL | 2);
	set_reg(&g, GPR(WARD_RSP), GUEST_STACK - 1);
	ends_by_signal(&g);
	CHECK_EQ(get_reg(&g, GPR(WARD_RSP)), GUEST_STACK - 1);
	CHECK_EQ(get_reg(&g, STATE(WARD_STATE_EVENT)) & WARD_EVENT_VECTOR, 17);

	/* With a stack that is aligned it is an exception like any other. */
	set_reg(&g, GPR(WARD_RSP), GUEST_STACK);
	guest_expect_vector(&g, 17);
	CHECK_EQ(get_reg(&g, GPR(WARD_RSP)), GUEST_STACK - 16);
	CHECK_EQ(*(__u32 *)(g.ram + GUEST_STACK - 12), GUEST_CODE_AT);
}

GUEST_CODE(watched, 64,
	"mov %rax, (%rsi)\n"
	"hlt\n");

/*
 * A breakpoint on the stack of #DB, which always begins at the same place: what
 * delivers the exception hits it (CVE-2015-8104).
 */
static void endless_breakpoints(void)
{
	const __u64 top = GUEST_STACK - 0x100;
	struct guest g;

	guest_make(&g, 0);
	guest_code_long(&g, watched);
	*guest_u64(&g, GUEST_IDT + 1 * 16) |= 1ull << 32;	/* the TSS's first stack */
	memcpy(g.ram + GUEST_TSS + 0x24, &top, 8);
	set_reg(&g, DR(0), top - 8);
	set_reg(&g, DR(7), 0x90403);				/* writing 8 bytes */
	set_reg(&g, GPR(WARD_RSI), top - 8);
	ends_by_signal(&g);
	CHECK_EQ(get_reg(&g, STATE(WARD_STATE_EVENT)) & WARD_EVENT_VECTOR, 1);
	CHECK_EQ(get_reg(&g, DR(6)) & 0xf, 1);

	set_reg(&g, DR(7), 0x400);
	guest_expect_vector(&g, 1);
	CHECK_EQ(get_reg(&g, GPR(WARD_RSP)), top - 40);
}

static const struct test tests[] = {
	{ "interrupts", interrupts },
	{ "blocked_signal", blocked_signal },
	{ "ignored_signal", ignored_signal },
	{ "timer", timer },
	{ "accounting", accounting },
	{ "displaced", displaced },
	{ "stop_and_continue", stop_and_continue },
	{ "debugger", debugger },
	{ "guests_breakpoints", guests_breakpoints },
	{ "interrupts_off", interrupts_off },
	{ "endless_alignment_checks", endless_alignment_checks },
	{ "endless_breakpoints", endless_breakpoints },
};

TEST_MAIN(tests)
