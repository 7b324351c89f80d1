// SPDX-License-Identifier: GPL-2.0-only
/*
 * memory_host_test.c - guest memory is ordinary memory of its process: what the
 * host does to it (madvise, munmap, mprotect, fork, huge pages, merging,
 * moving) must be what the guest sees, at once, also while it runs.
 */
#include <fcntl.h>
#include <sys/auxv.h>
#include "ward_memory.h"

#define BYTES	(16 * PAGE)

static struct guest g;

static __u64 *setup_bytes(size_t bytes)
{
	__u64 *area = make_memory(bytes);

	touch_make(&g);
	REQUIRE_EQ(map_one(g.vm, map_add(AREA_AT, bytes, area, WARD_PROT_ALL)), 0);
	return area;
}

static __u64 *setup(void)
{
	return setup_bytes(BYTES);
}

static void dontneed_while_running(void)
{
	__u64 *area = setup();
	pthread_t runner;

	touch_write(&g, AREA_AT, 0x55);
	touch_prepare(&g, TOUCH_UNTIL, AREA_AT, 0x55);
	runner = start_thread(guest_thread, &g);
	sleep_ms(20);
	CHECK_EQ(pthread_tryjoin_np(runner, NULL), EBUSY);
	REQUIRE_EQ(madvise(area, PAGE, MADV_DONTNEED), 0);
	CHECK_EQ((intptr_t)join_thread(runner), 0);
	CHECK_EQ(g.run->exit, WARD_EXIT_HALT);
	CHECK_EQ(g.run->gprs[WARD_RAX], 0);
}

static void unmapped_while_running(void)
{
	__u64 *area = setup(), *again;
	pthread_t runner;

	touch_prepare(&g, TOUCH_COUNT, AREA_AT + PAGE, 0);
	runner = start_thread(guest_thread, &g);
	CHECK(WAIT_FOR(*(volatile __u64 *)(area + 512) > 1000));
	REQUIRE_EQ(munmap(area + 512, PAGE), 0);
	CHECK_EQ((intptr_t)join_thread(runner), 0);
	CHECK_EQ(g.run->exit, WARD_EXIT_MEMORY);
	CHECK_EQ(g.run->memory.error, -EFAULT);
	CHECK_EQ(g.run->memory.gpa & -PAGE, AREA_AT + PAGE);
	CHECK(g.run->memory.access & (WARD_PROT_READ | WARD_PROT_WRITE));
	/* Its neighbours are not touched. */
	CHECK_EQ(touch_read(&g, AREA_AT), 0);
	touch_read_fails(&g, AREA_AT + PAGE, -EFAULT);
	/* Something is there again: the access succeeds. */
	again = mmap(area + 512, PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	REQUIRE(again == area + 512);
	*again = 0x77;
	guest_expect(&g, WARD_EXIT_HALT);
	CHECK_EQ(g.run->gprs[WARD_RAX], 0x77);
}

static void never_mapped(void)
{
	char *area;

	/* Nothing else is mapped from munmap() on: it might get the same place. */
	touch_make(&g);
	area = make_memory(BYTES);
	REQUIRE_EQ(munmap(area, BYTES), 0);
	REQUIRE_EQ(map_one(g.vm, map_add(AREA_AT, BYTES, area, WARD_PROT_ALL)), 0);
	touch_read_fails(&g, AREA_AT, -EFAULT);
	touch_prepare(&g, TOUCH_WRITE, AREA_AT, 1);
	touch_fails(&g, AREA_AT, WARD_PROT_WRITE, -EFAULT);
	REQUIRE(mmap(area, BYTES, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == area);
	guest_expect(&g, WARD_EXIT_HALT);
	CHECK_EQ(*(__u64 *)area, 1);
}

static void is_told(int number)
{
	(void)number;
}

/* The memory under a page breaks, says the kernel. */
static void broken_while_running(void)
{
	__u64 *area = setup();
	pthread_t runner;

	/* From Linux 6.11 on the thread that asks is told by a signal, too. */
	signal(SIGBUS, is_told);
	touch_prepare(&g, TOUCH_COUNT, AREA_AT + PAGE, 0);
	runner = start_thread(guest_thread, &g);
	CHECK(WAIT_FOR(*(volatile __u64 *)(area + 512) > 1000));
	if (madvise(area + 512, PAGE, MADV_HWPOISON)) {
		touch_stop(&g, runner);
		test_skip("the host's memory does not break on request");
	}
	CHECK_EQ((intptr_t)join_thread(runner), 0);
	CHECK_EQ(g.run->exit, WARD_EXIT_MEMORY);
	CHECK_EQ(g.run->memory.error, -EHWPOISON);
	CHECK_EQ(g.run->memory.gpa & -PAGE, AREA_AT + PAGE);
	touch_read_fails(&g, AREA_AT + PAGE, -EHWPOISON);
	touch_prepare(&g, TOUCH_WRITE, AREA_AT + PAGE, 1);
	touch_fails(&g, AREA_AT + PAGE, WARD_PROT_WRITE, -EHWPOISON);
	CHECK_EQ(touch_read(&g, AREA_AT), 0);
	/* Other memory in its place is as good as any. */
	REQUIRE_EQ(madvise(area + 512, PAGE, MADV_DONTNEED), 0);
	touch_write(&g, AREA_AT + PAGE, 0x77);
	CHECK_EQ(area[512], 0x77);
}

/* "with the protection it has there" */
static void host_protection(void)
{
	__u64 *area = setup();

	touch_write(&g, AREA_AT, 1);
	REQUIRE_EQ(mprotect(area, BYTES, PROT_READ), 0);
	CHECK_EQ(touch_read(&g, AREA_AT), 1);
	touch_prepare(&g, TOUCH_WRITE, AREA_AT, 2);
	touch_fails(&g, AREA_AT, WARD_PROT_WRITE, -EFAULT);
	CHECK_EQ(area[0], 1);
	REQUIRE_EQ(mprotect(area, BYTES, PROT_NONE), 0);
	touch_read_fails(&g, AREA_AT, -EFAULT);
	REQUIRE_EQ(mprotect(area, BYTES, PROT_READ | PROT_WRITE), 0);
	guest_expect(&g, WARD_EXIT_HALT);
	CHECK_EQ(g.run->gprs[WARD_RAX], 1);
	touch_write(&g, AREA_AT, 3);
	CHECK_EQ(area[0], 3);
}

static void moved(void)
{
	__u64 *area = setup(), *target = make_memory(BYTES);

	touch_write(&g, AREA_AT, 0x11);
	REQUIRE(mremap(area, BYTES, BYTES, MREMAP_MAYMOVE | MREMAP_FIXED, target) == target);
	/* The region names an address, and nothing is there any more. */
	touch_prepare(&g, TOUCH_WRITE, AREA_AT, 0x22);
	touch_fails(&g, AREA_AT, WARD_PROT_WRITE, -EFAULT);
	CHECK_EQ(target[0], 0x11);
}

/* --------------------------------------------------------------------- fork */

static void child_writes(void *context)
{
	volatile __u64 *area = context;

	CHECK_EQ(area[0], 0x111);
	area[0] = 0xbad;
	area[512] = 0xbad;
}

static void fork_while_running(void)
{
	volatile __u64 *area = setup();
	pthread_t runner;
	__u64 before;
	pid_t pid;

	touch_write(&g, AREA_AT, 0x111);
	touch_prepare(&g, TOUCH_COUNT, AREA_AT + PAGE, 0);
	runner = start_thread(guest_thread, &g);
	CHECK(WAIT_FOR(area[512] > 1000));
	pid = start_child(child_writes, (void *)area);
	CHECK_EQ(reap(pid), 0);
	/* The guest counts on, in its own process's page. */
	before = area[512];
	CHECK(WAIT_FOR(area[512] > before));
	CHECK(area[512] != 0xbad);
	touch_stop(&g, runner);
	CHECK_EQ(touch_read(&g, AREA_AT), 0x111);
	before = area[512];
	CHECK_EQ(touch_read(&g, AREA_AT + PAGE), before);
}

struct after_fork {
	volatile __u64 *area;
	int go[2];
};

static void child_keeps(void *context)
{
	const struct after_fork *a = context;
	char byte;

	REQUIRE_EQ(read(a->go[0], &byte, 1), 1);
	CHECK_EQ(a->area[0], 1);
	CHECK_EQ(a->area[512], 1);
}

/* After a fork pages are shared until someone writes: guest or host. */
static void copy_on_write(void)
{
	struct after_fork a = { .area = setup() };
	pid_t pid;

	REQUIRE_EQ(pipe(a.go), 0);
	touch_write(&g, AREA_AT, 1);
	touch_write(&g, AREA_AT + PAGE, 1);
	pid = start_child(child_keeps, &a);
	CHECK_EQ(touch_read(&g, AREA_AT), 1);
	touch_write(&g, AREA_AT, 2);
	CHECK_EQ(a.area[0], 2);
	CHECK_EQ(touch_read(&g, AREA_AT + PAGE), 1);
	a.area[512] = 2;
	CHECK_EQ(touch_read(&g, AREA_AT + PAGE), 2);
	REQUIRE_EQ(write(a.go[1], "x", 1), 1);
	CHECK_EQ(reap(pid), 0);
	CHECK_EQ(touch_read(&g, AREA_AT), 2);
}

/* ------------------------------------------------------------------ huge pages */

static bool thp_enabled(void)
{
	char text[128] = "";
	int fd = open("/sys/kernel/mm/transparent_hugepage/enabled", O_RDONLY);

	return fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && !strstr(text, "[never]");
}

static __u64 huge_faults(void)
{
	__u64 s[WARD_STAT_COUNT];

	REQUIRE(ward_get_stats(g.vm, s, WARD_STAT_COUNT) > 0);
	return s[WARD_STAT_FAULTS_2M];
}

static char *huge_memory(size_t bytes)
{
	struct ward_probe probe;
	char *area = make_memory(bytes);
	int device = open_device();

	REQUIRE_EQ(ward_probe(device, &probe), 0);
	if (!(probe.capabilities & WARD_CAP_HUGE_2M))
		test_skip("the CPU has no 2 MiB leaves");
	if (!thp_enabled() || madvise(area, bytes, MADV_HUGEPAGE))
		test_skip("the host has no transparent huge pages");
	memset(area, 0x11, bytes);
	close(device);
	return area;
}

static void huge_pages(void)
{
	char *area = huge_memory(2 * HUGE);
	__u64 before;

	touch_make(&g);
	REQUIRE_EQ(map_one(g.vm, map_add(AREA_AT, 2 * HUGE, area, WARD_PROT_ALL)), 0);
	touch_read(&g, 0x1000);		/* the guest's own RAM is huge too */
	before = huge_faults();
	touch_prepare(&g, TOUCH_READ_PAGES, AREA_AT, 2 * HUGE / PAGE);
	guest_expect(&g, WARD_EXIT_HALT);
	CHECK_EQ(huge_faults() - before, 2);
	CHECK_EQ(g.run->gprs[WARD_RAX], 0x1111111111111111);

	/* One small page out of the middle: the rest stays what it is. */
	REQUIRE_EQ(madvise(area + 5 * PAGE, PAGE, MADV_DONTNEED), 0);
	CHECK_EQ(touch_read(&g, AREA_AT + 5 * PAGE), 0);
	CHECK_EQ(touch_read(&g, AREA_AT + 4 * PAGE), 0x1111111111111111);
	CHECK_EQ(touch_read(&g, AREA_AT + 6 * PAGE), 0x1111111111111111);
	CHECK_EQ(touch_read(&g, AREA_AT + HUGE), 0x1111111111111111);
	touch_write(&g, AREA_AT + 5 * PAGE, 9);
	CHECK_EQ(*(__u64 *)(area + 5 * PAGE), 9);
	REQUIRE_EQ(munmap(area + HUGE + 7 * PAGE, PAGE), 0);
	touch_read_fails(&g, AREA_AT + HUGE + 7 * PAGE, -EFAULT);
	CHECK_EQ(touch_read(&g, AREA_AT + HUGE + 8 * PAGE), 0x1111111111111111);
}

/* Where guest and host disagree modulo 2 MiB, small leaves do. */
static void huge_pages_askew(void)
{
	char *area = huge_memory(2 * HUGE);
	__u64 before;

	touch_make(&g);
	REQUIRE_EQ(map_one(g.vm, map_add(AREA_AT + PAGE, 2 * HUGE, area, WARD_PROT_ALL)), 0);
	touch_read(&g, 0x1000);		/* the guest's own RAM is huge too */
	before = huge_faults();
	*(__u64 *)(area + HUGE) = 0x77;
	CHECK_EQ(touch_read(&g, AREA_AT + PAGE + HUGE), 0x77);
	CHECK_EQ(touch_read(&g, AREA_AT + HUGE), 0x1111111111111111);
	CHECK_EQ(huge_faults(), before);
}

/* A huge page that sticks out of the region must not come in with it. */
static void huge_page_edges(void)
{
	char *area = huge_memory(2 * HUGE);

	touch_make(&g);
	REQUIRE_EQ(map_one(g.vm, map_add(AREA_AT + 16 * PAGE, HUGE, area + 16 * PAGE,
					 WARD_PROT_ALL)), 0);
	CHECK_EQ(touch_read(&g, AREA_AT + 16 * PAGE), 0x1111111111111111);
	CHECK_EQ(touch_read(&g, AREA_AT + 16 * PAGE + HUGE - 8), 0x1111111111111111);
	touch_prepare(&g, TOUCH_READ, AREA_AT + 15 * PAGE, 0);
	guest_expect(&g, WARD_EXIT_MMIO);
	guest_expect(&g, WARD_EXIT_HALT);
	touch_prepare(&g, TOUCH_READ, AREA_AT + 16 * PAGE + HUGE, 0);
	guest_expect(&g, WARD_EXIT_MMIO);
}

/* ------------------------------------------------------------------ two at once */

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

/* Writes a number on every page of 4 MiB, then the next number. */
GUEST_CODE(passes, 64,
	"1: inc %rbx\n mov %rbx, (%rbp)\n mov %rsi, %rdi\n mov $1024, %ecx\n"
	"2: mov %rbx, (%rdi)\n add $0x1000, %rdi\n loop 2b\n"
	"jmp 1b\n");

#define PASS	(*(volatile __u64 *)guest_u64(&g, GUEST_DATA))

struct taker {
	volatile __u64 *page;
	pthread_barrier_t *together;
	atomic_bool *over;
};

static void *take_away(void *context)
{
	const struct taker *t = context;
	__u64 pass, value;
	int i;

	for (;;) {
		pthread_barrier_wait(t->together);
		if (*t->over)
			return NULL;
		/* The first time splits, the second has small leaves to take. */
		for (i = 0; i < 2; i++) {
			pass = PASS;
			CHECK_EQ(madvise((void *)t->page, PAGE, MADV_DONTNEED), 0);
			/* Nothing that was written before that. */
			value = *t->page;
			CHECK(!value || value >= pass);
			/* A guest that still had the page that went would write there. */
			CHECK(WAIT_FOR(*t->page));
			CHECK(*t->page >= pass);
		}
		pthread_barrier_wait(t->together);
	}
}

/*
 * Two pages go at once from under one large leaf, which the guest has in use: who
 * comes second finds it split, and must not return before the CPUs forgot it.
 */
static void two_at_once(void)
{
	char *area = huge_memory(2 * HUGE);
	unsigned int rounds = 0, large = 0, i;
	pthread_barrier_t together;
	atomic_bool over = false;
	struct taker takers[2];
	pthread_t threads[2], runner;
	__u64 pass;
	double until;

	guest_make(&g, 0);
	guest_code_long(&g, passes);
	REQUIRE_EQ(map_one(g.vm, map_add(AREA_AT, 2 * HUGE, area, WARD_PROT_ALL)), 0);
	set_reg(&g, GPR(WARD_RSI), AREA_AT);
	set_reg(&g, GPR(WARD_RBP), GUEST_DATA);
	runner = start_thread(guest_thread, &g);
	REQUIRE_EQ(pthread_barrier_init(&together, NULL, 3), 0);
	for (i = 0; i < 2; i++) {
		takers[i] = (struct taker){ (void *)(area + (100 + 200 * i) * PAGE), &together, &over };
		threads[i] = start_thread(take_away, &takers[i]);
	}
	for (until = now() + 1.5; now() < until && !test_state->failed; rounds++) {
		large += !madvise(area, HUGE, MADV_COLLAPSE);
		pass = PASS;
		CHECK(WAIT_FOR(PASS > pass + 1));
		pthread_barrier_wait(&together);
		pthread_barrier_wait(&together);
	}
	over = true;
	pthread_barrier_wait(&together);
	for (i = 0; i < 2; i++)
		join_thread(threads[i]);
	touch_stop(&g, runner);
	note("%u rounds, %u of them with a huge page, %llu large leaves", rounds, large,
	     huge_faults());
	CHECK(rounds > 0);
	CHECK(huge_faults() >= 2);
}

/* ------------------------------------------------------------ merging, moving */

static long read_number(const char *path)
{
	char text[32] = "";
	int fd = open(path, O_RDONLY);

	if (fd >= 0 && read(fd, text, sizeof(text) - 1) < 0)
		text[0] = 0;
	close(fd);
	return strtol(text, NULL, 10);
}

static void merged_pages(void)
{
	__u64 *area = setup();

	memset(area, 0x33, 2 * PAGE);
	CHECK_EQ(touch_read(&g, AREA_AT), 0x3333333333333333);
	touch_write(&g, AREA_AT + PAGE, 0x3333333333333333);
	if (madvise(area, 2 * PAGE, MADV_MERGEABLE) ||
	    !write_text("/sys/kernel/mm/ksm/sleep_millisecs", "10") ||
	    !write_text("/sys/kernel/mm/ksm/run", "1"))
		test_skip("the host does not merge pages");
	if (!WAIT_FOR(read_number("/sys/kernel/mm/ksm/pages_sharing") > 0)) {
		write_text("/sys/kernel/mm/ksm/run", "2");
		test_skip("the host merged nothing");
	}
	CHECK_EQ(touch_read(&g, AREA_AT), 0x3333333333333333);
	touch_write(&g, AREA_AT, 0x44);
	CHECK_EQ(touch_read(&g, AREA_AT + PAGE), 0x3333333333333333);
	CHECK_EQ(touch_read(&g, AREA_AT), 0x44);
	CHECK_EQ(area[0], 0x44);
	CHECK_EQ(area[512], 0x3333333333333333);
	write_text("/sys/kernel/mm/ksm/run", "2");
}

/* The kernel moves pages about while the guest counts in one of them. */
static void compaction(void)
{
	volatile __u64 *area = setup_bytes(256 * PAGE);
	pthread_t runner;
	__u64 before;
	int i;

	make_small((void *)area, 256 * PAGE);
	memset((void *)area, 0x5a, 256 * PAGE);
	area[0] = 0;
	touch_prepare(&g, TOUCH_COUNT, AREA_AT, 0);
	runner = start_thread(guest_thread, &g);
	CHECK(WAIT_FOR(area[0] > 100));
	for (i = 0; i < 3; i++) {
		before = area[0];
		if (!write_text("/proc/sys/vm/compact_memory", "1")) {
			touch_stop(&g, runner);
			test_skip("the host does not compact memory");
		}
		CHECK(WAIT_FOR(area[0] > before));
	}
	touch_stop(&g, runner);
	before = area[0];
	CHECK_EQ(touch_read(&g, AREA_AT), before);
	CHECK_EQ(touch_read(&g, AREA_AT + 200 * PAGE), 0x5a5a5a5a5a5a5a5a);
}

/* Things that are in an address space and are not memory, or not quite. */
static void odd_mappings(void)
{
	char *vdso = (char *)getauxval(AT_SYSINFO_EHDR);
	char *page;

	touch_make(&g);
	/* The vCPU's own run page: a page like any other. */
	REQUIRE_EQ(map_one(g.vm, map_add(AREA_AT, PAGE, g.run, WARD_PROT_ALL)), 0);
	touch_prepare(&g, TOUCH_READ, AREA_AT, 0);
	CHECK_EQ(ward_run(g.vcpu), 0);
	CHECK(g.run->exit == WARD_EXIT_HALT || g.run->exit == WARD_EXIT_MEMORY);
	/* The kernel's page of time: no page of the process. */
	if (vdso) {
		REQUIRE_EQ(map_one(g.vm, map_add(AREA_AT + HUGE, 5 * PAGE, vdso - 4 * PAGE,
						 WARD_PROT_ALL)), 0);
		touch_prepare(&g, TOUCH_READ, AREA_AT + HUGE, 0);
		CHECK_EQ(ward_run(g.vcpu), 0);
		CHECK(g.run->exit == WARD_EXIT_HALT || g.run->exit == WARD_EXIT_MEMORY);
		CHECK_EQ(touch_read(&g, AREA_AT + HUGE + 4 * PAGE) & 0xffffffff, 0x464c457f);
		touch_prepare(&g, TOUCH_WRITE, AREA_AT + HUGE + 4 * PAGE, 1);
		touch_fails(&g, AREA_AT + HUGE + 4 * PAGE, WARD_PROT_WRITE, -EFAULT);
	}
	/* A private mapping of a file that may not be written. */
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE,
		    open("/proc/self/exe", O_RDONLY), 0);
	REQUIRE(page != MAP_FAILED);
	REQUIRE_EQ(map_one(g.vm, map_add(AREA_AT + 2 * HUGE, PAGE, page, WARD_PROT_ALL)), 0);
	CHECK_EQ(touch_read(&g, AREA_AT + 2 * HUGE) & 0xffffffff, 0x464c457f);
	touch_write(&g, AREA_AT + 2 * HUGE, 1);
	CHECK_EQ(*(__u64 *)page, 1);
	CHECK_EQ(*(__u32 *)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE,
				open("/proc/self/exe", O_RDONLY), 0), 0x464c457f);
}

static const struct test tests[] = {
	{ "dontneed_while_running", dontneed_while_running },
	{ "unmapped_while_running", unmapped_while_running },
	{ "never_mapped", never_mapped },
	{ "broken_while_running", broken_while_running },
	{ "host_protection", host_protection },
	{ "moved", moved },
	{ "fork_while_running", fork_while_running },
	{ "copy_on_write", copy_on_write },
	{ "huge_pages", huge_pages },
	{ "huge_pages_askew", huge_pages_askew },
	{ "huge_page_edges", huge_page_edges },
	{ "two_at_once", two_at_once },
	{ "merged_pages", merged_pages },
	{ "compaction", compaction },
	{ "odd_mappings", odd_mappings },
};

TEST_MAIN(tests)
