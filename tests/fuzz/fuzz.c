// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz.c - the driver: a process per sequence, the log, the summary.
 *
 * The verdict on the host is not this program's: the kernel's log tells, and
 * whoever runs the fuzzer reads it (tests/lab/run). Here it is decided whether
 * every sequence came to its end, whether a call did what the header rules
 * out, and whether anything is left of a sequence that is over.
 */
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "fuzz.h"

#define LATE_SECONDS	60	/* a sequence that is not over by then hangs */
#define EARLY		20	/* one in so many may end by a fault of its own */

struct counts *counts;
_Thread_local sigjmp_buf touch_place;
_Thread_local volatile sig_atomic_t touching;

/* ----------------------------------------------------------- random numbers */

/* Every seed is as good as any other, 0 and 1 too: the state is a counter. */
uint64_t rnd(struct rng *r)
{
	uint64_t x = r->state += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

uint64_t below(struct rng *r, uint64_t n)
{
	return n ? rnd(r) % n : 0;
}

bool one_in(struct rng *r, unsigned int n)
{
	return !below(r, n);
}

uint64_t wild(struct rng *r)
{
	static const uint64_t edges[] = {
		0, 1, 2, 0x1000, 0x10000, 0xfee00000, 0xfffff000, 1ull << 30, 1ull << 31, 1ull << 32,
		1ull << 36, 1ull << 39, 1ull << 40, 1ull << 46, 1ull << 47, 1ull << 48, 1ull << 51,
		1ull << 52, 1ull << 63, 0x7ffffffff000, 0xffff800000000000, 0xffffffff80000000, ~0ull,
	};

	switch (below(r, 6)) {
	case 0:
		return rnd(r);
	case 1:
		return rnd(r) >> below(r, 64);
	case 2:
		return 1ull << below(r, 64);
	case 3:
		return below(r, 32);
	default:
		return PICK(r, edges) + below(r, 5) - 2 + (one_in(r, 3) ? below(r, 4) * PAGE : 0);
	}
}

/* ----------------------------------------------------------------- speaking */

double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void note(const char *format, ...)
{
	char text[400];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	dprintf(1, "# %s\n", text);
}

void violation(const char *format, ...)
{
	unsigned long long n = counts->violations++;
	char text[200];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (n < ARRAY_SIZE(counts->violation))
		memcpy(counts->violation[n], text, sizeof(text));
	if (n < 50)
		note("violation: %s", text);
}

/* As a warning, so that the serial console shows it: it is what a crash leaves. */
static void log_line(const char *text)
{
	static int kmsg = -2;
	char line[160];
	int length = snprintf(line, sizeof(line), "<4>%s\n", text);

	if (kmsg == -2) {
		int all = open("/proc/sys/kernel/printk_devkmsg", O_WRONLY);

		if (all >= 0 && write(all, "on\n", 3) < 0)
			note("the kernel's log takes only some of our lines");
		close(all);
		kmsg = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	}
	/* In one write(); dprintf() wants a file that knows its position. */
	if (kmsg >= 0 && write(kmsg, line, (size_t)length) < 0)
		note("the kernel's log does not take our lines");
}

const char *exit_name(unsigned int exit)
{
	static const char * const names[] = {
		[WARD_EXIT_NONE] = "none", [WARD_EXIT_IO] = "io", [WARD_EXIT_MMIO] = "mmio",
		[WARD_EXIT_MSR] = "msr", [WARD_EXIT_HYPERCALL] = "hypercall",
		[WARD_EXIT_HALT] = "halt", [WARD_EXIT_SHUTDOWN] = "shutdown",
		[WARD_EXIT_FAIL_ENTRY] = "fail_entry", [WARD_EXIT_MEMORY] = "memory",
		[WARD_EXIT_WINDOW] = "window", [WARD_EXIT_EOI] = "eoi",
		[WARD_EXIT_DEBUG] = "debug", [WARD_EXIT_UNHANDLED] = "unhandled",
	};

	return exit < ARRAY_SIZE(names) && names[exit] ? names[exit] : "undefined";
}

/* ----------------------------------------------------------- careful access */

static void on_fault(int number)
{
	if (touching) {
		touching = 0;
		siglongjmp(touch_place, 1);
	}
	/* Ours, not the module's: a mapping that the process itself needs went. */
	counts->stray++;
	(void)number;
	_exit(0);
}

/* What the C library finds broken: for addr2line. abort() goes on where this returns. */
static void on_abort(int number)
{
	extern const char __ehdr_start;
	void *places[24];
	int i, count = backtrace(places, ARRAY_SIZE(places));

	for (i = 0; i < count; i++)
		note("abort() at %#tx", (const char *)places[i] - &__ehdr_start);
	(void)number;
}

void catch_faults(void)
{
	struct sigaction action = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };
	struct sigaction abort_action = { .sa_handler = on_abort };

	sigaction(SIGABRT, &abort_action, NULL);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

bool careful_copy(void *to, const void *from, size_t bytes)
{
	volatile char *t = to;
	const volatile char *f = from;
	size_t i;

	if (TOUCH())
		return false;
	for (i = 0; i < bytes; i++)
		t[i] = f[i];
	touched();
	return true;
}

static void on_kick(int number)
{
	(void)number;
}

void start_kicks(unsigned int milliseconds)
{
	struct sigaction action = { .sa_handler = on_kick };
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1 };
	struct itimerspec often = {
		.it_value.tv_nsec = milliseconds * 1000000l,
		.it_interval.tv_nsec = milliseconds * 1000000l,
	};
	timer_t timer;

	sigaction(SIGUSR1, &action, NULL);
	event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
	if (!timer_create(CLOCK_MONOTONIC, &event, &timer))
		timer_settime(timer, 0, &often, NULL);
}

void count_stats(int vm)
{
	__u64 values[WARD_STAT_COUNT] = { };
	struct ward_get_stats get = {
		.size = sizeof(get), .values = (uintptr_t)values, .capacity = WARD_STAT_COUNT,
	};
	unsigned int i;

	if (ioctl(vm, WARD_GET_STATS, &get))
		return;
	for (i = 0; i < WARD_STAT_COUNT; i++)
		counts->stats[i] += values[i];
}

/* ---------------------------------------------------------------- sequences */

/* How many VMs there are, all users' together; -1: no device. */
static int vms(void)
{
	struct ward_list list = { .size = sizeof(list) };
	int fd = open(WARD_DEVICE_PATH, O_RDWR | O_CLOEXEC), count;

	if (fd < 0)
		return -1;
	count = ioctl(fd, WARD_LIST, &list) ? -1 : (int)list.count;
	close(fd);
	return count;
}

/* Files are closed behind the back of the process that closed them. */
static bool gone(void)
{
	double until = now() + 10;

	while (vms() > 0) {
		if (now() > until)
			return false;
		usleep(1000);
	}
	return true;
}

/* Return: false: it cannot be ended. */
static bool await(pid_t pid, double seconds, bool *late, int *status)
{
	double until = now() + seconds;

	while (waitpid(pid, status, WNOHANG) != pid) {
		if (now() > until) {
			if (*late)
				return false;
			*late = true;
			kill(-pid, SIGKILL);
			until = now() + 20;
		}
		usleep(500);
	}
	/* Its threads are gone with it; children that it left are ours now. */
	kill(-pid, SIGKILL);
	while (waitpid(-pid, NULL, 0) > 0)
		;
	return true;
}

/* Return: whether the run may go on. */
static bool run_sequence(const struct fuzzer *fuzzer, const struct options *options, uint64_t seed)
{
	bool late = false, ended;
	char text[120];
	int status = 0;
	pid_t pid;

	snprintf(text, sizeof(text), "%s --seed %#llx --sequences 1 --steps %u --threads %u",
		 fuzzer->name, (unsigned long long)seed, options->steps, options->threads);
	log_line(text);
	if (options->verbose)
		note("%s", text);
	pid = fork();
	if (pid < 0) {
		note("fork: %s", strerror(errno));
		return false;
	}
	if (!pid) {
		struct rng r = { seed };

		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		catch_faults();
		fuzzer->sequence(&r, options);
		_exit(0);
	}
	setpgid(pid, pid);
	ended = await(pid, LATE_SECONDS, &late, &status);
	counts->sequences++;
	if (WIFSIGNALED(status) && !late) {
		counts->stray++;
		note("%s: %s", text, strsignal(WTERMSIG(status)));
		/* The C library found its memory changed: by us or by the kernel. */
		if (WTERMSIG(status) == SIGABRT)
			violation("abort() of seed %#llx", (unsigned long long)seed);
	}
	if (late) {
		counts->late++;
		note("%s: %s", text, ended ? "took too long" : "took too long and cannot be killed");
	}
	if (!ended)
		return false;
	if (!gone())
		violation("%d VMs are left of seed %#llx", vms(), (unsigned long long)seed);
	return true;
}

static unsigned int refcount(void)
{
	char text[16] = "";
	int fd = open("/sys/module/ward/refcnt", O_RDONLY);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		text[0] = 0;
	close(fd);
	return (unsigned int)atoi(text);
}

/* Of calls, results, exits: only what there was any of. */
static void summary(const struct fuzzer *fuzzer)
{
	char text[600] = "";
	unsigned long long calls = 0, good = 0;
	size_t at = 0;
	unsigned int i;

	for (i = 0; i < MAX_CALLS; i++) {
		calls += counts->calls[i][0] + counts->calls[i][1];
		good += counts->calls[i][0];
	}
	note("%s: %llu sequences, %llu steps, %llu calls (%llu succeeded), %llu entries", fuzzer->name,
	     counts->sequences, counts->steps, calls, good, counts->stats[WARD_STAT_ENTRIES]);
	for (i = 0; i <= WARD_EXIT_COUNT && at < sizeof(text); i++)
		if (counts->exits[i])
			at += (size_t)snprintf(text + at, sizeof(text) - at, " %s %llu", exit_name(i),
					       counts->exits[i]);
	note("exits:%s", text);
	for (at = 0, i = 1; i < 256 && at < sizeof(text); i++)
		if (counts->errors[i])
			at += (size_t)snprintf(text + at, sizeof(text) - at, " %s %llu",
					       strerrorname_np((int)i) ?: "?", counts->errors[i]);
	note("errors:%s", at ? text : " none");
	if (counts->injected)
		note("%llu allocations and copies were made to fail, %llu of them for a signal's frame",
		     counts->injected, counts->frames);
	if (counts->stray)
		note("%llu sequences ended early, by a fault of their own", counts->stray);
}

static int report(int number, bool good, const char *what)
{
	printf("%sok %d %s\n", good ? "" : "not ", number, what);
	return !good;
}

/* ------------------------------------------------------------------ options */

static int usage(const struct fuzzer *fuzzer, FILE *to)
{
	fprintf(to, "usage: %s [--seed S] [--sequences N] [--steps N] [--seconds T] [--threads T] [--verbose]\n%s",
		fuzzer->name, fuzzer->help);
	return to == stderr ? 2 : 0;
}

static void parse(int argc, char **argv, const struct fuzzer *fuzzer, struct options *o)
{
	static const struct option known[] = {
		{ "seed", required_argument, NULL, 's' }, { "sequences", required_argument, NULL, 'n' },
		{ "steps", required_argument, NULL, 'p' }, { "seconds", required_argument, NULL, 't' },
		{ "threads", required_argument, NULL, 'T' }, { "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' }, { },
	};
	int c;

	*o = (struct options){ .steps = fuzzer->steps, .threads = fuzzer->threads };
	if (getrandom(&o->seed, sizeof(o->seed), 0) < 0)
		o->seed = (uint64_t)time(NULL);
	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (c) {
		case 's':
			o->seed = strtoull(optarg, NULL, 0);
			break;
		case 'n':
			o->sequences = strtoull(optarg, NULL, 0);
			break;
		case 'p':
			o->steps = (unsigned int)strtoul(optarg, NULL, 0);
			break;
		case 't':
			o->seconds = strtod(optarg, NULL);
			break;
		case 'T':
			o->threads = (unsigned int)strtoul(optarg, NULL, 0);
			break;
		case 'v':
			o->verbose = true;
			break;
		case 'h':
			exit(usage(fuzzer, stdout));
		default:
			exit(usage(fuzzer, stderr));
		}
	}
	if (o->threads < 1 || o->threads > MAX_THREADS)
		exit(usage(fuzzer, stderr));
	if (!o->seconds && !o->sequences)
		o->seconds = 60;
}

int fuzz_main(int argc, char **argv, const struct fuzzer *fuzzer)
{
	struct options options;
	uint64_t seed, i;
	bool whole = true;
	double until;
	int failed = 0, number = 3;

	parse(argc, argv, fuzzer, &options);
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	counts = mmap(NULL, (sizeof(*counts) + PAGE) & -PAGE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (counts == MAP_FAILED)
		return 1;
	puts("TAP version 13");
	if (access(WARD_DEVICE_PATH, R_OK | W_OK)) {
		printf("1..0 # SKIP %s: %s\n", WARD_DEVICE_PATH, strerror(errno));
		return 4;
	}
	printf("1..%d\n", 3 + fuzzer->last_tests);
	note("%s --seed %#llx --steps %u --threads %u", fuzzer->name, (unsigned long long)options.seed,
	     options.steps, options.threads);

	if (fuzzer->prepare)
		fuzzer->prepare();
	seed = options.seed;
	until = options.seconds ? now() + options.seconds : 0;
	for (i = 0; whole && (!options.sequences || i < options.sequences); i++) {
		struct rng next = { seed };

		if (until && now() > until)
			break;
		whole = run_sequence(fuzzer, &options, seed);
		seed = rnd(&next);
	}

	summary(fuzzer);
	failed += report(1, whole && !counts->late && counts->sequences &&
			 counts->stray * EARLY <= counts->sequences, "every sequence comes to its end");
	failed += report(2, !counts->violations, "every answer is one that the header allows");
	failed += report(3, vms() == 0 && refcount() == 0, "no VM and no descriptor is left");
	if (fuzzer->last)
		failed += fuzzer->last(number);
	return failed ? 1 : 0;
}
