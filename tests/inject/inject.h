/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * inject.h - one call after the other with one allocation after the other
 * failing in it, by the kernel's fault injection (CONFIG_FAULT_INJECTION).
 *
 *	INJECT(i, "WARD_CREATE_VM") {
 *		int fd = INJECTED(&i, call(device, WARD_CREATE_VM, &args));
 *
 *		if (fd < 0) {
 *			... nothing has changed ...
 *			fd = call(device, WARD_CREATE_VM, &args);
 *		}
 *		... it has done what it is to do ...
 *		close(fd);
 *	}
 *
 * The body runs without an injection first. Then the first allocation of the
 * call within INJECTED() fails, then the second, and so on until the call makes
 * fewer. All that once more with every later allocation failing as well, which
 * takes away what the kernel falls back on. Copies from and to user memory
 * count as allocations do. Each body must leave the process as it found it:
 * descriptors, address space, VMs and the module's references are compared.
 *
 * A call may survive: the kernel can do without some of what it asks for. One that
 * fails must say what failed: -ENOMEM if it was an allocation, -EFAULT for a copy.
 */
#ifndef WARD_INJECT_H
#define WARD_INJECT_H

#include <dirent.h>
#include <fcntl.h>

#define TEST_SECONDS	900	/* thousands of calls, on a slow kernel */
#include "fail_settings.h"
#include "ward_memory.h"

#define INJECT_MOST	4000	/* allocations that one call may make */
#define INJECT_WRONG	10	/* then the test ends: it is clear by now */
#define INJECT_FILE	"injected"	/* the memfd that tests give to VMs */

enum inject_mode { INJECT_ONE, INJECT_REST, INJECT_MODES };

/* Whatever can fail, each with a folder of its own in debugfs. */
enum inject_kind { INJECT_SLAB, INJECT_PAGE, INJECT_COPY, INJECT_KINDS };

struct footprint {
	long fds;
	long next_fd;		/* a number that is set aside has no file */
	long pages;		/* of address space */
	long references;	/* of the module */
	long vms;
};

struct injection {
	const char *name;
	enum inject_mode mode;
	unsigned int n;		/* the allocation that fails; 0: none yet */
	unsigned int first;	/* where @n begins */
	unsigned int step;	/* which way it goes on */
	bool hit;
	int also;		/* an errno that the call may give whatever failed */
	bool idle;		/* the call may make no allocation at all */
	bool of[INJECT_KINDS];	/* what failed in the last call */
	unsigned long allowed[INJECT_KINDS];	/* failures, before and after it */
	unsigned int failed, survived;
	unsigned int left;	/* mappings of files, see inject_unmap_left() */
	int errnos[8];		/* that were seen, and how often */
	unsigned int counts[8];
	struct footprint before;
};

static int inject_nth = -1, inject_all = -1;	/* /proc/thread-self/... */

static inline void inject_write(int fd, unsigned int value)
{
	char text[16];

	/*
	 * EFAULT: a count that was left over made this very copy fail, and is
	 * used up with it.
	 */
	if (pwrite(fd, text, (size_t)snprintf(text, sizeof(text), "%u", value), 0) < 0)
		REQUIRE_EQ(errno, EFAULT);
}

static inline long inject_number(const char *path)
{
	char text[64] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	return atol(text);
}

/* Which kinds of failures are fewer than before: the kernel counts down from a million. */
static inline void inject_read_kinds(struct injection *i)
{
	static const char * const paths[] = {
		[INJECT_SLAB] = "/sys/kernel/debug/failslab/times",
		[INJECT_PAGE] = "/sys/kernel/debug/fail_page_alloc/times",
		[INJECT_COPY] = "/sys/kernel/debug/fail_usercopy/times",
	};

	for (int k = 0; k < INJECT_KINDS; k++) {
		unsigned long allowed = (unsigned long)inject_number(paths[k]);

		REQUIRE(allowed);
		i->of[k] = allowed < i->allowed[k];
		i->allowed[k] = allowed;
	}
}

static inline long inject_count_fds(void)
{
	DIR *folder = opendir("/proc/self/fd");
	long count = 0;

	REQUIRE(folder);
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

static inline long inject_next_fd(void)
{
	int fd = dup(0);

	REQUIRE(fd >= 0);
	close(fd);
	return fd;
}

static inline long inject_count_vms(void)
{
	struct ward_list list = { .size = sizeof(list) };
	int device = ward_open();

	if (device < 0)
		return 0;
	REQUIRE_EQ(call(device, WARD_LIST, &list), 0);
	close(device);
	return list.count;
}

static inline struct footprint inject_footprint(void)
{
	return (struct footprint){
		.fds = inject_count_fds(),
		.next_fd = inject_next_fd(),
		.pages = inject_number("/proc/self/statm"),
		.references = inject_number("/sys/module/ward/refcnt"),
		.vms = inject_count_vms(),
	};
}

static inline bool inject_same(const struct footprint *a, const struct footprint *b)
{
	return a->fds == b->fds && a->next_fd == b->next_fd && a->pages == b->pages &&
	       a->references == b->references && a->vms == b->vms;
}

static inline void inject_compare(struct injection *i)
{
	struct footprint after;

	/* The last of a file that another process has open goes by a worker. */
	for (int tries = 0; tries < 200; tries++) {
		after = inject_footprint();
		if (inject_same(&after, &i->before))
			return;
		sleep_ms(tries < 10 ? 1 : 10);
	}
	test_fail(__LINE__, "%s, %s %u: %+ld descriptors, %ld is the next, %+ld pages of address space, %+ld references of the module, %+ld VMs",
		  i->name, i->mode ? "from" : "number", i->n, after.fds - i->before.fds,
		  after.next_fd, after.pages - i->before.pages, after.references - i->before.references,
		  after.vms - i->before.vms);
	i->before = after;
}

/*
 * The kernel needs memory to take a file out of the address space, and if it has
 * none at all the mapping stays (ward_map_op in ward.h). Then it has to be the
 * whole one and the only one, of @bytes, and it is the process's: take it away.
 */
static inline void inject_unmap_left(struct injection *i, __u64 bytes)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long start, end;
	__u64 found = 0;
	char line[512];

	REQUIRE(maps);
	while (fgets(line, sizeof(line), maps)) {
		if (!strstr(line, "memfd:" INJECT_FILE) ||
		    sscanf(line, "%lx-%lx", &start, &end) != 2)
			continue;
		found += end - start;
		REQUIRE_EQ(munmap((void *)start, end - start), 0);
	}
	fclose(maps);
	if (!found)
		return;
	if (!i->n || !i->hit || found != bytes)
		test_fail(__LINE__, "%s, %s %u: %#llx bytes of the file stay mapped", i->name,
			  i->mode ? "from" : "number", i->n, found);
	i->left++;
}

static inline void inject_report(struct injection *i)
{
	char text[200] = "";
	size_t at = 0;

	for (size_t e = 0; e < ARRAY_SIZE(i->errnos) && i->errnos[e]; e++)
		at += snprintf(text + at, sizeof(text) - at, " %s %u",
			       strerrorname_np(i->errnos[e]), i->counts[e]);
	if (i->left)
		snprintf(text + at, sizeof(text) - at, "; %u mappings stayed", i->left);
	note("inject | %-34s | %-4s | %4u | %4u | %4u |%s", i->name, i->mode ? "rest" : "one",
	     i->failed + i->survived, i->failed, i->survived, text);
	if (!(i->failed + i->survived) && !i->idle)
		test_fail(__LINE__, "%s: nothing was made to fail", i->name);
	i->failed = i->survived = i->left = 0;
	memset(i->errnos, 0, sizeof(i->errnos));
	memset(i->counts, 0, sizeof(i->counts));
}

static inline struct injection inject_begin(const char *name)
{
	if (inject_nth < 0) {
		inject_nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
		inject_all = open("/proc/thread-self/make-it-fail", O_RDWR | O_CLOEXEC);
		REQUIRE(inject_nth >= 0 && inject_all >= 0);
		/*
		 * The process's own page faults are not what is to fail: have all
		 * pages. They need not stay, and the guest's could not be taken
		 * away if they had to.
		 */
		REQUIRE_EQ(mlockall(MCL_CURRENT), 0);
		REQUIRE_EQ(munlockall(), 0);
	}
	return (struct injection){ .name = name, .hit = true, .n = -1u, .first = 1, .step = 1 };
}

static inline bool inject_next(struct injection *i)
{
	if (i->n == -1u) {
		i->n = 0;
		return true;
	}
	if (!i->n) {
		i->before = inject_footprint();
		inject_read_kinds(i);
		i->n = i->first;
		i->hit = false;
		return true;
	}
	inject_compare(i);
	if (test_state->failed > INJECT_WRONG)
		_exit(1);
	if (i->hit && i->n < INJECT_MOST) {
		i->n += i->step;
		i->hit = false;
		return true;
	}
	if (i->hit)
		test_fail(__LINE__, "%s: no end after %u allocations", i->name, i->n);
	inject_report(i);
	i->n = i->first;
	i->hit = false;
	return ++i->mode < INJECT_MODES;
}

#define INJECT(i, what)	for (struct injection i = inject_begin(what); inject_next(&i);)

/* From here on the calling thread's i->n-th allocation fails. */
static inline void inject_arm(struct injection *i)
{
	if (!i->n)
		return;
	if (i->mode == INJECT_REST)
		inject_write(inject_all, 1);
	inject_write(inject_nth, i->n);
}

/* Whether @result names something of what failed. */
static inline bool inject_fits(const struct injection *i, long result)
{
	if (result == -i->also)
		return true;
	switch (result) {
	case -ENOMEM:
		return i->of[INJECT_SLAB] || i->of[INJECT_PAGE];
	case -EFAULT:
		return i->of[INJECT_COPY];
	}
	return false;
}

/* The end of that; @result is the call's, an error must be an allowed one. */
static inline long inject_disarm(struct injection *i, long result, int line)
{
	char left[16] = "";
	bool hit = false;

	if (i->n) {
		/*
		 * What is left of the count. To copy that out counts as well, so
		 * if it fails with the last of the count, one was left.
		 */
		if (pread(inject_nth, left, sizeof(left) - 1, 0) > 0)
			hit = !atoi(left);
		i->hit |= hit;
		inject_write(inject_nth, 0);
		if (i->mode == INJECT_REST)
			inject_write(inject_all, 0);
		if (hit)
			inject_read_kinds(i);
	}
	if (result >= 0) {
		i->survived += hit;
		return result;
	}
	if (!hit) {
		test_fail(line, "%s, %u: %s, and nothing was made to fail", i->name, i->n,
			  strerrorname_np((int)-result));
		_exit(1);
	}
	if (!inject_fits(i, result))
		test_fail(line, "%s, %s %u: %s is not what failed", i->name,
			  i->mode ? "from" : "number", i->n, strerrorname_np((int)-result));
	i->failed++;
	for (size_t e = 0; e < ARRAY_SIZE(i->errnos); e++) {
		if (!i->errnos[e])
			i->errnos[e] = (int)-result;
		if (i->errnos[e] == -result) {
			i->counts[e]++;
			break;
		}
	}
	return result;
}

#define INJECTED(i, expression)	({						\
	inject_arm(i);								\
	long injected_ = (expression);						\
	inject_disarm(i, injected_, __LINE__); })

/* For a body that must run in a process of its own, in the same words. */
static inline void inject_in_child(struct injection *i, void (*body)(struct injection *i))
{
	static struct injection *shared;
	pid_t pid;

	if (!shared) {
		shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		REQUIRE(shared != MAP_FAILED);
	}
	*shared = *i;
	fflush(stdout);
	pid = fork();
	REQUIRE(pid >= 0);
	if (!pid) {
		/* These two stand for the thread that opened them. */
		close(inject_nth);
		close(inject_all);
		inject_nth = -1;
		(void)inject_begin("");
		body(shared);
		_exit(0);
	}
	REQUIRE_EQ(reap(pid), 0);
	*i = *shared;
}

static inline bool inject_setup(void)
{
	/* For INJECT_REST, and for tasks that ask for it only. */
	static const char * const settings[][2] = {
		{ "failslab/task-filter", "Y" }, { "fail_page_alloc/task-filter", "Y" },
		{ "failslab/times", "1000000" }, { "fail_page_alloc/times", "1000000" },
		{ "fail_usercopy/times", "1000000" },
		{ "failslab/probability", "100" }, { "fail_page_alloc/probability", "100" },
	};
	const char *missing;

	if (access("/proc/thread-self/fail-nth", W_OK))
		return false;
	missing = fail_set_common();
	for (size_t s = 0; !missing && s < ARRAY_SIZE(settings); s++)
		if (!fail_set(settings[s][0], settings[s][1]))
			missing = settings[s][0];
	if (missing)
		printf("# /sys/kernel/debug/%s: %s\n", missing, strerror(errno));
	return !missing;
}

#define INJECT_MAIN(tests)							\
	int main(int argc, char **argv)						\
	{									\
		if (!inject_setup()) {						\
			puts("TAP version 13\n1..0 # SKIP this kernel injects no faults"); \
			return STATUS_SKIP;					\
		}								\
		return test_main(tests, ARRAY_SIZE(tests), argc, argv);		\
	}

#endif
