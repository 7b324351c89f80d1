/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ward_test.h - a test program: a list of tests, reported as TAP.
 *
 * Each test runs in a process of its own, so that one that crashes, hangs or
 * leaks is one failed test. Whatever it started is in its process group and is
 * killed with it. CHECK* say what is wrong and go on; REQUIRE* end the test.
 * They may be used in any thread and in any child of the test.
 *
 * Exit status of the program: 0 passed, 1 failed, 4 all skipped.
 */
#ifndef WARD_TEST_H
#define WARD_TEST_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <libward.h>

#ifndef TEST_SECONDS
#define TEST_SECONDS	30	/* then a test is killed */
#endif
#define STATUS_SKIP	4

#define PAGE		0x1000ull
#define HUGE		0x200000ull
#define NOBODY		65534
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

struct test {
	const char *name;
	void (*run)(void);
};

/* Shared with all processes of a test. */
struct test_state {
	atomic_uint failed;
	char skipped[160];
};

static struct test_state *test_state;

/* ---------------------------------------------------------------- verdicts */

static inline void __attribute__((format(printf, 2, 3)))
test_fail(int line, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	/* One write, so that lines of several processes stay whole. */
	dprintf(1, "# line %d: %s\n", line, text);
	test_state->failed++;
}

static inline bool test_check(bool passed, int line, const char *what)
{
	if (!passed)
		test_fail(line, "not so: %s", what);
	return passed;
}

static inline bool test_equal(long long actual, long long wanted, int line, const char *what)
{
	if (actual == wanted)
		return true;
	if (actual > -200 && actual < 200 && wanted > -200 && wanted < 200)
		test_fail(line, "%s is %lld%s%s, should be %lld%s%s", what,
			  actual, actual < 0 ? " " : "", actual < 0 ? strerrorname_np(-actual) : "",
			  wanted, wanted < 0 ? " " : "", wanted < 0 ? strerrorname_np(-wanted) : "");
	else
		test_fail(line, "%s is %#llx, should be %#llx", what, actual, wanted);
	return false;
}

#define CHECK(condition)	test_check(!!(condition), __LINE__, #condition)
#define CHECK_EQ(actual, wanted)						\
	test_equal((long long)(actual), (long long)(wanted), __LINE__, #actual)
/* As CHECK_EQ, with words that say which of many. */
#define CHECK_NAMED(actual, wanted, name)					\
	test_equal((long long)(actual), (long long)(wanted), __LINE__, name)
#define REQUIRE(condition)	do { if (!CHECK(condition)) _exit(1); } while (0)
#define REQUIRE_EQ(actual, wanted)						\
	do { if (!CHECK_EQ(actual, wanted)) _exit(1); } while (0)

/* Ends the test; says why it cannot be done here. */
static inline void __attribute__((noreturn)) test_skip(const char *why)
{
	snprintf(test_state->skipped, sizeof(test_state->skipped), "%s", why);
	_exit(STATUS_SKIP);
}

static inline void need_root(void)
{
	if (geteuid())
		test_skip("needs root");
}

static inline void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline void note(const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	dprintf(1, "# %s\n", text);
}

/* Return: whether all of @text was taken. */
static inline bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return done;
}

/* ------------------------------------------------------------------- calls */

/* ioctl() that returns -errno. */
static inline int call(int fd, unsigned long number, const void *argument)
{
	int result = ioctl(fd, number, argument);

	return result < 0 ? -errno : result;
}

static inline int open_device(void)
{
	int fd = ward_open();

	REQUIRE(fd >= 0);
	return fd;
}

static inline struct ward_vm *make_vm(int device, const char *name, __u32 flags)
{
	struct ward_vm *vm = NULL;

	REQUIRE_EQ(ward_create_vm(device, name, flags, &vm), 0);
	return vm;
}

/* ------------------------------------------------- time, threads, processes */

static inline double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline void sleep_ms(unsigned int ms)
{
	poll(NULL, 0, (int)ms);
}

/* Waits until @condition, at most 10 s; false if it never came. */
#define WAIT_FOR(condition) ({							\
	double until_ = now() + 10;						\
	bool came_;								\
	while (!(came_ = !!(condition)) && now() < until_)			\
		sleep_ms(1);							\
	came_; })

static inline pthread_t start_thread(void *(*body)(void *), void *argument)
{
	pthread_t thread;

	REQUIRE_EQ(pthread_create(&thread, NULL, body, argument), 0);
	return thread;
}

/* From here on @thread, 0 for the caller, has this CPU only. Return: 0 or -errno. */
static inline int run_on(pid_t thread, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(thread, sizeof(set), &set) ? -errno : 0;
}

/* Joins; a thread that does not end within 10 s ends the test. */
static inline void *join_thread(pthread_t thread)
{
	struct timespec until;
	void *result = NULL;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 10;
	REQUIRE_EQ(pthread_timedjoin_np(thread, &result, &until), 0);
	return result;
}

/* Runs @body in a child; its checks count. Returns the child's id. */
static inline pid_t start_child(void (*body)(void *), void *argument)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	REQUIRE(pid >= 0);
	if (pid)
		return pid;
	body(argument);
	_exit(0);
}

/* Reaps; returns the wait status. A child that does not end ends the test. */
static inline int reap(pid_t pid)
{
	int status = 0;

	if (!WAIT_FOR(waitpid(pid, &status, WNOHANG) == pid)) {
		kill(pid, SIGKILL);
		test_fail(__LINE__, "a child of the test does not end");
		_exit(1);
	}
	return status;
}

static inline void run_child(void (*body)(void *), void *argument)
{
	CHECK_EQ(reap(start_child(body, argument)), 0);
}

/* ------------------------------------------------------------------ running */

/* Returns the wait status, or -1: killed after its time, -2: does not die. */
static inline int test_wait(pid_t pid)
{
	/* A kernel with checkers on is several times as slow; who starts us knows. */
	const char *slowness = getenv("WARD_TEST_SLOWNESS");
	double until = now() + TEST_SECONDS * (slowness ? atof(slowness) : 1);
	int status, killed = 0;

	for (;;) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			break;
		if (now() > until) {
			if (killed)
				return -2;
			kill(-pid, SIGKILL);
			killed = 1;
			until = now() + 10;
		}
		sleep_ms(killed ? 50 : 2);
	}
	/* What the test started and left. */
	kill(-pid, SIGKILL);
	return killed ? -1 : status;
}

static inline int test_run(const struct test *test, int number)
{
	const char *why = "";
	int status;
	pid_t pid;

	memset(test_state, 0, sizeof(*test_state));
	fflush(stdout);
	pid = fork();
	if (!pid) {
		setpgid(0, 0);
		test->run();
		_exit(0);
	}
	setpgid(pid, pid);
	status = test_wait(pid);
	if (status == -1)
		why = ": took too long";
	else if (status == -2)
		why = ": took too long and does not die";
	else if (WIFSIGNALED(status))
		why = ": killed by a signal";
	else if (WEXITSTATUS(status) == STATUS_SKIP && !test_state->failed) {
		printf("ok %d %s # SKIP %s\n", number, test->name, test_state->skipped);
		return STATUS_SKIP;
	} else if (!status && !test_state->failed) {
		printf("ok %d %s\n", number, test->name);
		return 0;
	}
	if (status > 0 && WIFSIGNALED(status))
		printf("# signal %d (%s)\n", WTERMSIG(status), sigabbrev_np(WTERMSIG(status)));
	printf("not ok %d %s%s\n", number, test->name, why);
	return 1;
}

/* Arguments name the tests to run; none: all. */
static inline int test_main(const struct test *tests, size_t count, int argc, char **argv)
{
	int chosen = 0, skipped = 0, failed = 0, number = 0;
	size_t i;
	int a;

	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	test_state = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (test_state == MAP_FAILED)
		return 1;
	puts("TAP version 13");
	if (access(WARD_DEVICE_PATH, R_OK | W_OK)) {
		printf("1..0 # SKIP %s: %s\n", WARD_DEVICE_PATH, strerror(errno));
		return STATUS_SKIP;
	}
	bool wanted[count];

	for (i = 0; i < count; i++) {
		wanted[i] = argc < 2;
		for (a = 1; a < argc; a++)
			wanted[i] |= !strcmp(argv[a], tests[i].name);
		chosen += wanted[i];
	}
	printf("1..%d\n", chosen);
	for (i = 0; i < count; i++) {
		if (!wanted[i])
			continue;
		switch (test_run(&tests[i], ++number)) {
		case 0:
			break;
		case STATUS_SKIP:
			skipped++;
			break;
		default:
			failed++;
		}
	}
	printf("# %d passed, %d failed, %d skipped\n", chosen - failed - skipped, failed, skipped);
	return failed || !chosen ? 1 : skipped == chosen ? STATUS_SKIP : 0;
}

#define TEST_MAIN(tests)							\
	int main(int argc, char **argv)						\
	{									\
		return test_main(tests, ARRAY_SIZE(tests), argc, argv);		\
	}

#endif
