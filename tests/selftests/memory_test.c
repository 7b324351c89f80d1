// SPDX-License-Identifier: GPL-2.0-only
/*
 * memory_test.c - what guests see of the memory map: pages on demand,
 * protections, files, changes of the map while the guest runs, regions of other
 * processes. What the host does to the memory is in memory_host_test.c.
 */
#include <fcntl.h>
#include <linux/falloc.h>
#include "ward_memory.h"

#define BYTES	(16 * PAGE)

static struct guest g;

static void add(__u64 gpa, __u64 bytes, void *origin, __u32 prot)
{
	REQUIRE_EQ(map_one(g.vm, map_add(gpa, bytes, origin, prot)), 0);
}

static __u64 *setup(__u32 prot)
{
	__u64 *area = make_memory(BYTES);

	touch_make(&g);
	add(AREA_AT, BYTES, area, prot);
	return area;
}

static unsigned int resident(const void *area, size_t bytes)
{
	unsigned char present[4096];
	unsigned int sum = 0;
	size_t i;

	REQUIRE(bytes / PAGE <= sizeof(present));
	REQUIRE_EQ(mincore((void *)area, bytes, present), 0);
	for (i = 0; i < bytes / PAGE; i++)
		sum += present[i] & 1;
	return sum;
}

static void on_demand(void)
{
	const size_t bytes = 4096 * PAGE;
	char *area = make_memory(bytes);
	__u64 s[WARD_STAT_COUNT], t[WARD_STAT_COUNT];

	make_small(area, bytes);
	touch_make(&g);
	add(AREA_AT, bytes, area, WARD_PROT_ALL);
	touch_read(&g, 0x1000);
	CHECK_EQ(resident(area, bytes), 0);
	ward_get_stats(g.vm, s, WARD_STAT_COUNT);
	touch_prepare(&g, TOUCH_WRITE_PAGES, AREA_AT, 10);
	guest_expect(&g, WARD_EXIT_HALT);
	CHECK_EQ(resident(area, bytes), 10);
	ward_get_stats(g.vm, t, WARD_STAT_COUNT);
	CHECK_EQ(t[WARD_STAT_FAULTS_4K] - s[WARD_STAT_FAULTS_4K], 10);
	CHECK_EQ(t[WARD_STAT_FAULTS_2M], s[WARD_STAT_FAULTS_2M]);
	/* Not again, for what is there. */
	touch_prepare(&g, TOUCH_WRITE_PAGES, AREA_AT, 10);
	guest_expect(&g, WARD_EXIT_HALT);
	ward_get_stats(g.vm, s, WARD_STAT_COUNT);
	CHECK_EQ(s[WARD_STAT_FAULTS_4K], t[WARD_STAT_FAULTS_4K]);
	CHECK_EQ(*(__u64 *)(area + 9 * PAGE), AREA_AT + 9 * PAGE);
	touch_write(&g, AREA_AT + bytes - 8, 1);
	CHECK_EQ(resident(area, bytes), 11);
}

static void both_see_it(void)
{
	__u64 *area = setup(WARD_PROT_ALL);

	area[1] = 0x1234;
	CHECK_EQ(touch_read(&g, AREA_AT + 8), 0x1234);
	area[1] = 0x5678;
	CHECK_EQ(touch_read(&g, AREA_AT + 8), 0x5678);
	touch_write(&g, AREA_AT + 16, 0x9abc);
	CHECK_EQ(area[2], 0x9abc);

	/* Read as zero first, written by the host later: another page by then. */
	CHECK_EQ(touch_read(&g, AREA_AT + PAGE), 0);
	area[512] = 7;
	CHECK_EQ(touch_read(&g, AREA_AT + PAGE), 7);
	CHECK_EQ(touch_read(&g, AREA_AT + 2 * PAGE), 0);
	touch_write(&g, AREA_AT + 2 * PAGE, 8);
	CHECK_EQ(area[1024], 8);
}

static void read_only(void)
{
	__u64 *area = setup(WARD_PROT_READ | WARD_PROT_EXEC);

	area[0] = 0x1111;
	CHECK_EQ(touch_read(&g, AREA_AT), 0x1111);
	/* A ROM: the write is the device's. */
	touch_prepare(&g, TOUCH_WRITE, AREA_AT + 4, 0x2222);
	guest_expect(&g, WARD_EXIT_MMIO);
	CHECK_EQ(g.run->mmio.write, 1);
	CHECK_EQ(g.run->mmio.gpa, AREA_AT + 4);
	CHECK_EQ(g.run->mmio.bytes, 8);
	CHECK_EQ(g.run->mmio.data, 0x2222);
	guest_expect(&g, WARD_EXIT_HALT);
	CHECK_EQ(area[0], 0x1111);
	/* Also on a page that nobody has read yet. */
	touch_prepare(&g, TOUCH_WRITE, AREA_AT + 3 * PAGE, 0x3333);
	guest_expect(&g, WARD_EXIT_MMIO);
	CHECK_EQ(g.run->mmio.gpa, AREA_AT + 3 * PAGE);
	CHECK_EQ(area[3 * 512], 0);
	/* Code may run there. */
	*(unsigned char *)area = 0xf4;
	set_reg(&g, GPR(WARD_RIP), AREA_AT);
	guest_expect(&g, WARD_EXIT_HALT);
}

static void no_execution(void)
{
	__u64 *area = setup(WARD_PROT_READ | WARD_PROT_WRITE);

	*(unsigned char *)area = 0xf4;
	set_reg(&g, GPR(WARD_RIP), AREA_AT);
	touch_fails(&g, AREA_AT, WARD_PROT_EXEC, -EACCES);
	CHECK_EQ(touch_read(&g, AREA_AT) & 0xff, 0xf4);
	touch_write(&g, AREA_AT, 0xf4f4);
	set_reg(&g, GPR(WARD_RIP), AREA_AT);
	touch_fails(&g, AREA_AT, WARD_PROT_EXEC, -EACCES);
	/* The same fault again, until the map changes. */
	touch_fails(&g, AREA_AT, WARD_PROT_EXEC, -EACCES);
	REQUIRE_EQ(map_one(g.vm, map_protect(AREA_AT, BYTES, WARD_PROT_ALL)), 0);
	guest_expect(&g, WARD_EXIT_HALT);
}

/* No memory there at all: "memory that is not RAM", and no instruction known. */
static void nothing_to_execute(void)
{
	pthread_t runner;

	setup(WARD_PROT_ALL);
	set_reg(&g, GPR(WARD_RIP), AREA_AT + BYTES);
	runner = start_thread(guest_thread, &g);
	if (!WAIT_FOR(pthread_tryjoin_np(runner, NULL) != EBUSY)) {
		touch_stop(&g, runner);
		test_fail(__LINE__, "WARD_RUN does not return");
		return;
	}
	CHECK(g.run->exit == WARD_EXIT_MMIO || g.run->exit == WARD_EXIT_MEMORY);
	if (g.run->exit == WARD_EXIT_MMIO)
		CHECK_EQ(g.run->mmio.bytes, 0);
}

static void protect(void)
{
	__u64 *area = setup(WARD_PROT_ALL);

	touch_write(&g, AREA_AT, 1);
	REQUIRE_EQ(map_one(g.vm, map_protect(AREA_AT, BYTES, WARD_PROT_READ)), 0);
	touch_prepare(&g, TOUCH_WRITE, AREA_AT, 2);
	guest_expect(&g, WARD_EXIT_MMIO);
	guest_expect(&g, WARD_EXIT_HALT);
	CHECK_EQ(area[0], 1);
	CHECK_EQ(touch_read(&g, AREA_AT), 1);
	REQUIRE_EQ(map_one(g.vm, map_protect(AREA_AT, BYTES, WARD_PROT_ALL)), 0);
	touch_write(&g, AREA_AT, 3);
	CHECK_EQ(area[0], 3);
}

/* "When the call returns, no CPU can reach a page through what was removed" */
static void remove_while_running(void)
{
	__u64 *area = setup(WARD_PROT_ALL), last;
	pthread_t runner;

	touch_prepare(&g, TOUCH_COUNT, AREA_AT, 0);
	runner = start_thread(guest_thread, &g);
	CHECK(WAIT_FOR(*(volatile __u64 *)area > 1000));
	REQUIRE_EQ(map_one(g.vm, map_remove(AREA_AT, BYTES)), 0);
	last = *(volatile __u64 *)area;
	CHECK_EQ((intptr_t)join_thread(runner), 0);
	CHECK_EQ(*(volatile __u64 *)area, last);
	CHECK_EQ(g.run->exit, WARD_EXIT_MMIO);
	CHECK_EQ(g.run->mmio.gpa, AREA_AT);
}

static void protect_while_running(void)
{
	__u64 *area = setup(WARD_PROT_ALL), last;
	pthread_t runner;

	touch_prepare(&g, TOUCH_COUNT, AREA_AT, 0);
	runner = start_thread(guest_thread, &g);
	CHECK(WAIT_FOR(*(volatile __u64 *)area > 1000));
	REQUIRE_EQ(map_one(g.vm, map_protect(AREA_AT, BYTES, WARD_PROT_READ)), 0);
	last = *(volatile __u64 *)area;
	CHECK_EQ((intptr_t)join_thread(runner), 0);
	CHECK_EQ(*(volatile __u64 *)area, last);
	CHECK_EQ(g.run->exit, WARD_EXIT_MMIO);
	CHECK(g.run->mmio.bytes == 0 || g.run->mmio.write);
}

/* Other memory at the same place, in one step: the guest sees one or the other. */
static void exchange(void)
{
	__u64 *a = setup(WARD_PROT_ALL), *b = make_memory(BYTES);
	const struct ward_map_op ops[] = {
		map_remove(AREA_AT, BYTES), map_add(AREA_AT, BYTES, b, WARD_PROT_ALL),
	};
	pthread_t runner;

	*a = 1;
	*b = 2;
	touch_prepare(&g, TOUCH_UNTIL, AREA_AT, 1);
	runner = start_thread(guest_thread, &g);
	sleep_ms(20);
	CHECK_EQ(pthread_tryjoin_np(runner, NULL), EBUSY);
	REQUIRE_EQ(ward_map(g.vm, ops, 2, NULL), 0);
	CHECK_EQ((intptr_t)join_thread(runner), 0);
	CHECK_EQ(g.run->exit, WARD_EXIT_HALT);
	CHECK_EQ(g.run->gprs[WARD_RAX], 2);
}

static void two_places(void)
{
	__u64 *area = setup(WARD_PROT_ALL);

	/* One host page at two guest addresses, one of them without writing. */
	add(AREA_AT + HUGE, BYTES, area, WARD_PROT_READ);
	touch_write(&g, AREA_AT, 5);
	CHECK_EQ(touch_read(&g, AREA_AT + HUGE), 5);
	touch_prepare(&g, TOUCH_WRITE, AREA_AT + HUGE, 6);
	guest_expect(&g, WARD_EXIT_MMIO);
	CHECK_EQ(area[0], 5);
}

/* -------------------------------------------------------------------- files */

static int make_file(size_t pages)
{
	int fd = memfd_create("selftest", MFD_CLOEXEC);
	size_t i;
	__u64 mark;

	REQUIRE(fd >= 0);
	REQUIRE_EQ(ftruncate(fd, (off_t)(pages * PAGE)), 0);
	for (i = 0; i < pages; i++) {
		mark = 0xf00d0000 + i;
		REQUIRE_EQ(pwrite(fd, &mark, 8, (off_t)(i * PAGE)), 8);
	}
	return fd;
}

static int map_file(int fd, __u64 gpa, __u64 bytes, __u64 offset, __u32 prot)
{
	return map_one(g.vm, (struct ward_map_op){
		.op = WARD_MAP_ADD, .prot = prot, .source = WARD_MAP_FROM_FD, .fd = fd,
		.gpa = gpa, .bytes = bytes, .origin = offset,
	});
}

static void file_with_offset(void)
{
	int fd = make_file(16);
	__u64 value = 0x1234;

	touch_make(&g);
	REQUIRE_EQ(map_file(fd, AREA_AT, 4 * PAGE, 5 * PAGE, WARD_PROT_ALL), 0);
	CHECK_EQ(touch_read(&g, AREA_AT), 0xf00d0005);
	CHECK_EQ(touch_read(&g, AREA_AT + 3 * PAGE), 0xf00d0008);
	/* It is shared: both ways, and without the descriptor too. */
	touch_write(&g, AREA_AT + PAGE, 0x77);
	REQUIRE_EQ(pread(fd, &value, 8, 6 * PAGE), 8);
	CHECK_EQ(value, 0x77);
	value = 0x99;
	REQUIRE_EQ(pwrite(fd, &value, 8, 5 * PAGE), 8);
	CHECK_EQ(touch_read(&g, AREA_AT), 0x99);
	close(fd);
	CHECK_EQ(touch_read(&g, AREA_AT + 2 * PAGE), 0xf00d0007);
}

static void punched_hole(void)
{
	int fd = make_file(4);
	pthread_t runner;

	touch_make(&g);
	REQUIRE_EQ(map_file(fd, AREA_AT, 4 * PAGE, 0, WARD_PROT_ALL), 0);
	touch_prepare(&g, TOUCH_UNTIL, AREA_AT + PAGE, 0xf00d0001);
	runner = start_thread(guest_thread, &g);
	sleep_ms(20);
	CHECK_EQ(pthread_tryjoin_np(runner, NULL), EBUSY);
	REQUIRE_EQ(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE, PAGE), 0);
	CHECK_EQ((intptr_t)join_thread(runner), 0);
	CHECK_EQ(g.run->gprs[WARD_RAX], 0);
	CHECK_EQ(touch_read(&g, AREA_AT), 0xf00d0000);
}

static void file_too_short(void)
{
	int fd = make_file(4);

	touch_make(&g);
	REQUIRE_EQ(map_file(fd, AREA_AT, 8 * PAGE, 0, WARD_PROT_ALL), 0);
	CHECK_EQ(touch_read(&g, AREA_AT + 3 * PAGE), 0xf00d0003);
	touch_read_fails(&g, AREA_AT + 4 * PAGE, -EFAULT);
	/* Shorter while it is in use, longer again. */
	REQUIRE_EQ(ftruncate(fd, PAGE), 0);
	touch_read_fails(&g, AREA_AT + 3 * PAGE, -EFAULT);
	REQUIRE_EQ(ftruncate(fd, 8 * PAGE), 0);
	guest_expect(&g, WARD_EXIT_HALT);
	CHECK_EQ(g.run->gprs[WARD_RAX], 0);
	CHECK_EQ(touch_read(&g, AREA_AT + 7 * PAGE), 0);
}

static void read_only_file(void)
{
	int fd = make_file(2), narrow;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	narrow = open(path, O_RDONLY);
	REQUIRE(narrow >= 0);
	touch_make(&g);
	CHECK(map_file(narrow, AREA_AT, 2 * PAGE, 0, WARD_PROT_ALL) < 0);
	REQUIRE_EQ(map_file(narrow, AREA_AT, 2 * PAGE, 0, WARD_PROT_READ), 0);
	CHECK_EQ(touch_read(&g, AREA_AT), 0xf00d0000);
	/* No way round by PROTECT: it is refused, or the write fails. */
	if (!map_one(g.vm, map_protect(AREA_AT, 2 * PAGE, WARD_PROT_ALL))) {
		touch_prepare(&g, TOUCH_WRITE, AREA_AT, 1);
		touch_fails(&g, AREA_AT, WARD_PROT_WRITE, -EFAULT);
	}
}

/* ------------------------------------------------------ other address spaces */

struct family {
	struct guest *g;
	int up[2], down[2];
};

static void child_maps(void *context)
{
	const struct family *f = context;
	__u64 *area = make_memory(BYTES);
	char byte;

	area[0] = 0xc0ffee;
	CHECK_EQ(map_one(f->g->vm, map_add(AREA_AT, BYTES, area, WARD_PROT_ALL)), 0);
	REQUIRE_EQ(write(f->up[1], "x", 1), 1);
	REQUIRE_EQ(read(f->down[0], &byte, 1), 1);
	CHECK_EQ(area[1], 0xbee);
}

/* The memory is that of who mapped it, whoever runs; and it ends with him. */
static void region_of_a_child(void)
{
	struct family f = { .g = &g };
	char byte;
	pid_t pid;

	REQUIRE(!pipe(f.up) && !pipe(f.down));
	touch_make(&g);
	touch_read(&g, 0x1000);
	pid = start_child(child_maps, &f);
	close(f.up[1]);
	REQUIRE_EQ(read(f.up[0], &byte, 1), 1);
	CHECK_EQ(touch_read(&g, AREA_AT), 0xc0ffee);
	touch_write(&g, AREA_AT + 8, 0xbee);
	REQUIRE_EQ(write(f.down[1], "x", 1), 1);
	CHECK_EQ(reap(pid), 0);
	touch_read_fails(&g, AREA_AT, -ESRCH);
	touch_read_fails(&g, AREA_AT + 3 * PAGE, -ESRCH);
	touch_prepare(&g, TOUCH_WRITE, AREA_AT, 1);
	touch_fails(&g, AREA_AT, WARD_PROT_WRITE, -ESRCH);
	/* It is still a region, that can be taken out. */
	CHECK_EQ(map_one(g.vm, map_remove(AREA_AT, BYTES)), 0);
	CHECK_EQ(touch_read(&g, 0x1000), 0);
}

static const struct test tests[] = {
	{ "on_demand", on_demand },
	{ "both_see_it", both_see_it },
	{ "read_only", read_only },
	{ "no_execution", no_execution },
	{ "nothing_to_execute", nothing_to_execute },
	{ "protect", protect },
	{ "remove_while_running", remove_while_running },
	{ "protect_while_running", protect_while_running },
	{ "exchange", exchange },
	{ "two_places", two_places },
	{ "file_with_offset", file_with_offset },
	{ "punched_hole", punched_hole },
	{ "file_too_short", file_too_short },
	{ "read_only_file", read_only_file },
	{ "region_of_a_child", region_of_a_child },
};

TEST_MAIN(tests)
