// SPDX-License-Identifier: GPL-2.0-only
/*
 * host_debug_test.c - the host's debug registers are in use while guests run
 * that use their own, on the same linear addresses: neither sees the other's.
 * host_signal_test of the self-tests has a debugger of the runner itself.
 */
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include "life.h"

/* Low, so that the guest has the same linear address in its first MiBs. */
#define WATCHED	0x140000ull

/* Four breakpoints on RBX + 8; write there, and at RBX, and say it, for ever. */
GUEST_CODE(own_breakpoints, 64,
	"lea 8(%rbx), %rax\n"
	"mov %rax, %dr0\n mov %rax, %dr1\n mov %rax, %dr2\n mov %rax, %dr3\n"
	"mov $0xdddd0755, %eax\n mov %rax, %dr7\n"
	"xor %eax, %eax\n mov %rax, %dr6\n"
	"1: incq (%rbx)\n"
	"hlt\n"
	"jmp 1b\n");

/* The same without any of its own. */
GUEST_CODE(no_breakpoints, 64,
	"1: incq (%rbx)\n"
	"hlt\n"
	"jmp 1b\n");

static volatile __u64 *watched;

static void map_watched(void)
{
	watched = mmap((void *)WATCHED, PAGE, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	REQUIRE((__u64)(uintptr_t)watched == WATCHED);
}

/* A counter of writes to the watched word, in a debug register of the CPU's. */
static int watch(pid_t pid, int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_BREAKPOINT, .size = sizeof(attr),
		.bp_type = HW_BREAKPOINT_W, .bp_addr = WATCHED, .bp_len = HW_BREAKPOINT_LEN_8,
		.exclude_kernel = 1,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		test_skip("no breakpoint may be set");
	return fd;
}

static long long hits(int fd)
{
	__u64 value = 0;

	REQUIRE_EQ(read(fd, &value, sizeof(value)), sizeof(value));
	return (long long)value;
}

static void guest_on_watched(struct guest *g, bool own)
{
	guest_make(g, 0);
	if (own)
		guest_code_long(g, own_breakpoints);
	else
		guest_code_long(g, no_breakpoints);
	set_reg(g, GPR(WARD_RBX), WATCHED);
}

/* The guest writes @rounds times to its word, the runner twice to its own. */
static void both_write(struct guest *g, unsigned int rounds)
{
	unsigned int i;

	for (i = 0; i < rounds; i++) {
		*watched = i;
		guest_expect(g, WARD_EXIT_HALT);
		*watched = i;
		CHECK_EQ(*guest_u64(g, WATCHED), i + 1);
	}
}

static void of_the_runner(bool own)
{
	struct guest g;
	int fd;

	need_root();
	map_watched();
	guest_on_watched(&g, own);
	fd = watch(0, -1);
	both_write(&g, 20);
	CHECK_EQ(hits(fd), 40);
	if (own) {
		CHECK_EQ(get_reg(&g, DR(0)), WATCHED + 8);
		CHECK_EQ(get_reg(&g, DR(3)), WATCHED + 8);
		CHECK_EQ(get_reg(&g, DR(7)), 0xdddd0755);
		CHECK_EQ(get_reg(&g, DR(6)) & 0xf, 0);
	}
	guest_free(&g);
}

static void runner_guest_without(void)
{
	of_the_runner(false);
}

static void runner_guest_with(void)
{
	of_the_runner(true);
}

/* All four, of the CPU and not of a process. */
static void of_the_cpu(void)
{
	struct guest g;
	int fd[4];
	unsigned int i;

	need_root();
	map_watched();
	guest_on_watched(&g, true);
	REQUIRE_EQ(run_on(0, 0), 0);
	for (i = 0; i < 4; i++)
		fd[i] = watch(-1, 0);
	both_write(&g, 20);
	for (i = 0; i < 4; i++)
		CHECK_EQ(hits(fd[i]), 40);
	CHECK_EQ(get_reg(&g, DR(0)), WATCHED + 8);
	guest_free(&g);
}

struct neighbour {
	atomic_uint writes;
	atomic_bool stop;
};

static void write_on(void *context)
{
	struct neighbour *n = context;

	while (!n->stop) {
		*watched = n->writes++;
		sched_yield();
	}
}

/*
 * Another process has the breakpoint and shares the CPU with the guest: every
 * write of its own counts, none of the guest's and the runner's.
 */
static void of_another_process(void)
{
	struct neighbour *n = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
				   -1, 0);
	unsigned int before, round = 0;
	struct counting c;
	struct guest g;
	long long hits_before;
	pid_t pid;
	int fd;

	need_root();
	REQUIRE(n != MAP_FAILED);
	map_watched();
	guest_on_watched(&g, true);
	REQUIRE_EQ(run_on(0, 0), 0);
	pid = start_child(write_on, n);
	kill(pid, SIGSTOP);
	fd = watch(pid, -1);
	hits_before = hits(fd);
	before = n->writes;
	/* A guest that only counts keeps the CPU, so the two take turns. */
	counting_start(&c);
	kill(pid, SIGCONT);
	while (round < 200 || (n->writes - before < 200 && round < 20000)) {
		guest_expect(&g, WARD_EXIT_HALT);
		*watched = ++round;
		if (round % 10 == 0)
			sched_yield();
	}
	n->stop = true;
	CHECK(WAIT_FOR(waitpid(pid, NULL, WNOHANG) == pid));
	CHECK(n->writes - before > 0);
	CHECK_EQ(hits(fd) - hits_before, n->writes - before);
	CHECK_EQ(*guest_u64(&g, WATCHED), round);
	note("%u writes of the process, %u of the guest", n->writes - before, round);
	counting_end(&c);
	guest_free(&g);
}

/* The guest's own work: it gets its #DB, and the host's counter stays. */
static void guests_own(void)
{
	struct guest g;
	int fd;

	need_root();
	map_watched();
	guest_on_watched(&g, true);
	fd = watch(0, -1);
	guest_expect(&g, WARD_EXIT_HALT);
	set_reg(&g, DR(1), WATCHED);
	guest_expect_vector(&g, 1);
	CHECK_EQ(get_reg(&g, DR(6)) & 0xf, 2);
	CHECK_EQ(hits(fd), 0);
	*watched = 1;
	CHECK_EQ(hits(fd), 1);
	guest_free(&g);
}

static const struct test tests[] = {
	{ "runner_guest_without", runner_guest_without },
	{ "runner_guest_with", runner_guest_with },
	{ "of_the_cpu", of_the_cpu },
	{ "of_another_process", of_another_process },
	{ "guests_own", guests_own },
};

TEST_MAIN(tests)
