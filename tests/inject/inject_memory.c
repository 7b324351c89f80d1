// SPDX-License-Identifier: GPL-2.0-only
/*
 * inject_memory.c - failing allocations in WARD_MAP, and in what a process does
 * to the memory that it has lent.
 *
 * One error is told from the others: -EFAULT of a call that was carried out and
 * could only not say so (module/ioctl.c).
 */
#include <sys/syscall.h>
#include "inject.h"

#define SMALL	(4 * PAGE)
#define LARGE	(2 * HUGE)
#define FILE_AT	(AREA_AT + 64 * HUGE)

static struct guest g;
static int file = -1;

/* The guest can write and read what was mapped, and all that it had before. */
static void works(__u64 gpa)
{
	touch_write(&g, gpa, 0x1234 + gpa);
	CHECK_EQ(touch_read(&g, gpa), 0x1234 + gpa);
}

static struct ward_vm_info info(void)
{
	struct ward_vm_info result;

	REQUIRE_EQ(ward_get_info(g.vm, &result), 0);
	return result;
}

/*
 * WARD_MAP under injection, and once more if that failed. On return the map
 * has changed exactly once.
 */
static void map(struct injection *i, const struct ward_map_op *ops, __u32 count)
{
	struct ward_vm_info before = info(), after;
	struct ward_map args = {
		.size = sizeof(args), .ops = (uintptr_t)ops, .count = count,
	};
	int result = (int)INJECTED(i, call(ward_vm_fd(g.vm), WARD_MAP, &args));

	after = info();
	if (result == -EFAULT && after.map_generation == before.map_generation + 1)
		return;
	if (result < 0) {
		CHECK_EQ(after.map_generation, before.map_generation);
		CHECK_EQ(after.memory_bytes, before.memory_bytes);
		works(0x30000);
		REQUIRE_EQ(call(ward_vm_fd(g.vm), WARD_MAP, &args), 0);
	}
	CHECK_EQ(info().map_generation, before.map_generation + 1);
}

static void unmap(__u64 gpa, __u64 bytes)
{
	REQUIRE_EQ(map_one(g.vm, map_remove(gpa, bytes)), 0);
}

static struct ward_map_op from_file(__u64 gpa, __u64 bytes, __u32 prot)
{
	if (file < 0) {
		file = memfd_create(INJECT_FILE, MFD_CLOEXEC);
		REQUIRE(file >= 0);
		REQUIRE_EQ(ftruncate(file, 4 * HUGE), 0);
	}
	return (struct ward_map_op){
		.op = WARD_MAP_ADD, .prot = prot, .source = WARD_MAP_FROM_FD, .fd = file,
		.gpa = gpa, .bytes = bytes,
	};
}

static void add_address(void)
{
	struct ward_map_op op;

	touch_make(&g);
	op = map_add(AREA_AT, SMALL, make_memory(SMALL), WARD_PROT_ALL);
	INJECT(i, "WARD_MAP add, address") {
		map(&i, &op, 1);
		works(AREA_AT);
		unmap(AREA_AT, SMALL);
	}
}

/* The first region of a process: the kernel starts to keep notifiers for it. */
static void first_region(struct injection *i)
{
	static const struct ward_create_vm args = { .size = sizeof(args) };
	void *memory = make_memory(SMALL);
	struct ward_map_op op = map_add(0, SMALL, memory, WARD_PROT_ALL);
	struct ward_map map_args = {
		.size = sizeof(map_args), .ops = (uintptr_t)&op, .count = 1,
	};
	int device = open_device(), vm = call(device, WARD_CREATE_VM, &args), result;
	struct ward_get_info got = { .size = sizeof(got) };

	REQUIRE(vm >= 0);
	result = (int)INJECTED(i, call(vm, WARD_MAP, &map_args));
	REQUIRE_EQ(call(vm, WARD_GET_INFO, &got), 0);
	if (result < 0 && !(result == -EFAULT && got.info.map_generation)) {
		CHECK_EQ(got.info.memory_bytes, 0);
		REQUIRE_EQ(call(vm, WARD_MAP, &map_args), 0);
	}
	REQUIRE_EQ(call(vm, WARD_GET_INFO, &got), 0);
	CHECK_EQ(got.info.memory_bytes, SMALL);
}

static void add_first(void)
{
	INJECT(i, "WARD_MAP add, the process's first")
		inject_in_child(&i, first_region);
}

static void add_file(__u64 bytes, const char *name)
{
	struct ward_map_op op = from_file(FILE_AT, bytes, WARD_PROT_ALL);

	touch_make(&g);
	INJECT(i, name) {
		map(&i, &op, 1);
		works(FILE_AT);
		works(FILE_AT + bytes - PAGE);
		unmap(FILE_AT, bytes);
		inject_unmap_left(&i, bytes);
	}
}

static void add_file_small(void)
{
	add_file(SMALL, "WARD_MAP add, file, 16 KiB");
}

static void add_file_large(void)
{
	add_file(LARGE, "WARD_MAP add, file, 4 MiB");
}

/* Whatever failed, a ROM from a writable file can become RAM. */
static void add_file_rom(void)
{
	struct ward_map_op op = from_file(FILE_AT, SMALL, WARD_PROT_READ | WARD_PROT_EXEC);

	touch_make(&g);
	INJECT(i, "WARD_MAP add, file, ROM") {
		map(&i, &op, 1);
		(void)touch_read(&g, FILE_AT);
		REQUIRE_EQ(map_one(g.vm, map_protect(FILE_AT, SMALL, WARD_PROT_ALL)), 0);
		works(FILE_AT);
		unmap(FILE_AT, SMALL);
		inject_unmap_left(&i, SMALL);
	}
}

static void remove_region(void)
{
	struct ward_map_op add, op = map_remove(AREA_AT, SMALL);

	touch_make(&g);
	add = map_add(AREA_AT, SMALL, make_memory(SMALL), WARD_PROT_ALL);
	INJECT(i, "WARD_MAP remove, address") {
		REQUIRE_EQ(map_one(g.vm, add), 0);
		works(AREA_AT);
		map(&i, &op, 1);
		touch_prepare(&g, TOUCH_READ, AREA_AT, 0);
		guest_expect(&g, WARD_EXIT_MMIO);
	}
}

static void remove_file_region(void)
{
	struct ward_map_op add = from_file(FILE_AT, LARGE, WARD_PROT_ALL);
	struct ward_map_op op = map_remove(FILE_AT, LARGE);

	touch_make(&g);
	INJECT(i, "WARD_MAP remove, file") {
		REQUIRE_EQ(map_one(g.vm, add), 0);
		works(FILE_AT);
		map(&i, &op, 1);
		touch_prepare(&g, TOUCH_READ, FILE_AT, 0);
		guest_expect(&g, WARD_EXIT_MMIO);
		inject_unmap_left(&i, LARGE);
	}
}

static void protect(void)
{
	struct ward_map_op op = map_protect(AREA_AT, SMALL, WARD_PROT_READ);

	touch_make(&g);
	REQUIRE_EQ(map_one(g.vm, map_add(AREA_AT, SMALL, make_memory(SMALL), WARD_PROT_ALL)), 0);
	INJECT(i, "WARD_MAP protect") {
		works(AREA_AT);
		map(&i, &op, 1);
		touch_prepare(&g, TOUCH_WRITE, AREA_AT, 0);
		guest_expect(&g, WARD_EXIT_MMIO);
		REQUIRE_EQ(map_one(g.vm, map_protect(AREA_AT, SMALL, WARD_PROT_ALL)), 0);
	}
}

/* What the layout has beside the operations; it fills several pages. */
#define OTHERS		256
#define OTHERS_AT	(AREA_AT + HUGE)

static char *make_others(void)
{
	static struct ward_map_op ops[WARD_MAX_MAP_OPS];
	char *memory = make_memory(PAGE);

	for (unsigned int r = 0; r < OTHERS; r++) {
		ops[r % WARD_MAX_MAP_OPS] = map_add(OTHERS_AT + r * PAGE, PAGE, memory,
						    WARD_PROT_ALL);
		if (r % WARD_MAX_MAP_OPS == WARD_MAX_MAP_OPS - 1)
			REQUIRE_EQ(ward_map(g.vm, ops, WARD_MAX_MAP_OPS, NULL), 0);
	}
	return memory;
}

/* Adds, changes and takes away; and one region that no guest ever sees. */
static void mixed(void)
{
	struct ward_map_op ops[8], back[3];
	char *memory;

	touch_make(&g);
	memory = make_others();
	ops[0] = map_add(AREA_AT, SMALL, make_memory(SMALL), WARD_PROT_ALL);
	ops[1] = from_file(FILE_AT, SMALL, WARD_PROT_ALL);
	ops[2] = map_protect(AREA_AT, SMALL, WARD_PROT_READ);
	ops[3] = map_add(FILE_AT + HUGE, PAGE, memory, WARD_PROT_ALL);
	ops[4] = map_remove(FILE_AT + HUGE, PAGE);
	ops[5] = map_remove(OTHERS_AT, PAGE);
	ops[6] = map_protect(AREA_AT, SMALL, WARD_PROT_ALL);
	ops[7] = map_protect(OTHERS_AT + PAGE, PAGE, WARD_PROT_READ);
	back[0] = map_remove(AREA_AT, SMALL);
	back[1] = map_remove(FILE_AT, SMALL);
	back[2] = map_add(OTHERS_AT, PAGE, memory, WARD_PROT_ALL);
	INJECT(i, "WARD_MAP, 8 operations, 256 regions") {
		map(&i, ops, ARRAY_SIZE(ops));
		works(AREA_AT);
		works(FILE_AT);
		CHECK_EQ(info().memory_bytes, GUEST_RAM + 2 * SMALL + (OTHERS - 1) * PAGE);
		REQUIRE_EQ(ward_map(g.vm, back, ARRAY_SIZE(back), NULL), 0);
		inject_unmap_left(&i, SMALL);
	}
}

/* The longest list there may be, in one call, as WARD_MAP and back. */
static void many(void)
{
	static struct ward_map_op ops[WARD_MAX_MAP_OPS], back[WARD_MAX_MAP_OPS];
	char *memory;

	touch_make(&g);
	memory = make_memory(PAGE);
	for (unsigned int r = 0; r < WARD_MAX_MAP_OPS; r++) {
		ops[r] = map_add(OTHERS_AT + r * PAGE, PAGE, memory, WARD_PROT_ALL);
		back[r] = map_remove(OTHERS_AT + r * PAGE, PAGE);
	}
	INJECT(i, "WARD_MAP, 256 operations") {
		/* One region needs what the other needs. */
		i.step = 17;
		map(&i, ops, WARD_MAX_MAP_OPS);
		works(OTHERS_AT + 255 * PAGE);
		REQUIRE_EQ(ward_map(g.vm, back, WARD_MAX_MAP_OPS, NULL), 0);
	}
}

/* ------------------------------------------- what the host does to a region */

static char *area;

static void make_area(void)
{
	touch_make(&g);
	area = make_memory(SMALL);
	REQUIRE_EQ(map_one(g.vm, map_add(AREA_AT, SMALL, area, WARD_PROT_ALL)), 0);
}

/* The guest can write there as before if a call failed, and not at all if it did not. */
static void works_if(bool failed, __u64 gpa)
{
	if (failed) {
		works(gpa);
		return;
	}
	touch_prepare(&g, TOUCH_WRITE, gpa, 1);
	touch_fails(&g, gpa, WARD_PROT_WRITE, -EFAULT);
}

static void host_protect(void)
{
	make_area();
	INJECT(i, "mprotect of a region's second page") {
		int result;

		works(AREA_AT + PAGE);
		result = (int)INJECTED(&i, mprotect(area + PAGE, PAGE, PROT_READ) ? -errno : 0);
		works_if(result < 0, AREA_AT + PAGE);
		REQUIRE_EQ(mprotect(area + PAGE, PAGE, PROT_READ | PROT_WRITE), 0);
		works(AREA_AT + PAGE);
		works(AREA_AT);
	}
}

static void host_unmap(void)
{
	make_area();
	INJECT(i, "munmap of a region's second page") {
		int result;

		works(AREA_AT + PAGE);
		result = (int)INJECTED(&i, munmap(area + PAGE, PAGE) ? -errno : 0);
		works_if(result < 0, AREA_AT + PAGE);
		REQUIRE(mmap(area + PAGE, PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == area + PAGE);
		works(AREA_AT + PAGE);
		works(AREA_AT);
	}
}

static void host_move(void)
{
	char *elsewhere;

	make_area();
	elsewhere = mmap(NULL, SMALL, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	REQUIRE(elsewhere != MAP_FAILED);
	REQUIRE_EQ(munmap(elsewhere, SMALL), 0);
	INJECT(i, "mremap of a region") {
		void *moved = area;

		works(AREA_AT);
		INJECTED(&i, ({
			moved = mremap(area, SMALL, SMALL, MREMAP_MAYMOVE | MREMAP_FIXED, elsewhere);
			moved == MAP_FAILED ? -errno : 0;
		}));
		if (moved == MAP_FAILED) {
			works(AREA_AT);
			continue;
		}
		*(__u64 *)elsewhere = 7;
		/* Without memory to unmap it the kernel leaves an empty mapping behind. */
		if (msync(area, PAGE, MS_ASYNC))
			works_if(false, AREA_AT);
		else
			touch_write(&g, AREA_AT, 8);
		CHECK_EQ(*(__u64 *)elsewhere, 7);
		REQUIRE(mremap(moved, SMALL, SMALL, MREMAP_MAYMOVE | MREMAP_FIXED, area) == area);
		CHECK_EQ(touch_read(&g, AREA_AT), 7);
		works(AREA_AT);
	}
}

/*
 * Shares the pages until one side writes. The first kind of failures only: with
 * everything failing the process could not even write to its own stack afterwards.
 */
static void host_fork(void)
{
	make_area();
	INJECT(i, "fork") {
		int status = 0;
		long pid;

		if (i.mode == INJECT_REST)
			break;
		i.also = EAGAIN;
		works(AREA_AT);
		*(__u64 *)area = 42;
		pid = INJECTED(&i, ({
			/* Nothing of libc's, which would write before the parent is itself again. */
			long got = syscall(SYS_fork);

			if (!got)
				_exit(*(__u64 *)area != 42);
			got < 0 ? -errno : got;
		}));
		works(AREA_AT);
		CHECK_EQ(*(__u64 *)area, 0x1234 + AREA_AT);
		if (pid > 0) {
			REQUIRE_EQ(waitpid((pid_t)pid, &status, 0), pid);
			CHECK_EQ(status, 0);
		}
	}
}

static const struct test tests[] = {
	{ "add_address", add_address },
	{ "add_first", add_first },
	{ "add_file_small", add_file_small },
	{ "add_file_large", add_file_large },
	{ "add_file_rom", add_file_rom },
	{ "remove_region", remove_region },
	{ "remove_file_region", remove_file_region },
	{ "protect", protect },
	{ "mixed", mixed },
	{ "many", many },
	{ "host_protect", host_protect },
	{ "host_unmap", host_unmap },
	{ "host_move", host_move },
	{ "host_fork", host_fork },
};

INJECT_MAIN(tests)
