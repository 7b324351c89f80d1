// SPDX-License-Identifier: GPL-2.0-only
/*
 * map_test.c - WARD_MAP as a call: what it accepts and refuses, that a refused
 * list changes nothing, and what it counts. What guests see of the memory is
 * in memory_test.c.
 */
#include <fcntl.h>
#include <sys/eventfd.h>
#include "ward_abi.h"
#include "ward_guest.h"

#define AREA	(16 * PAGE)

static struct ward_vm *vm;
static char *area;

static void setup(void)
{
	vm = make_vm(open_device(), NULL, 0);
	area = make_memory(AREA);
}

static int raw_map(const struct ward_map_op *ops, __u32 count, struct ward_map *map)
{
	*map = (struct ward_map){
		.size = sizeof(*map), .ops = (uintptr_t)ops, .count = count, .failed = 0x77,
		.generation = 0x7777,
	};
	return call(ward_vm_fd(vm), WARD_MAP, map);
}

static struct ward_vm_info info(void)
{
	struct ward_vm_info result;

	REQUIRE_EQ(ward_get_info(vm, &result), 0);
	return result;
}

/* @ops must fail with @error at @failed and leave the map as it is. */
static void refused_at(const struct ward_map_op *ops, __u32 count, int error, __u32 failed,
		       int line)
{
	struct ward_vm_info before = info(), after;
	struct ward_map map;
	int got = raw_map(ops, count, &map);

	test_equal(got, error, line, "WARD_MAP");
	test_equal(map.failed, failed, line, "failed");
	after = info();
	test_equal(after.memory_bytes, before.memory_bytes, line, "memory_bytes");
	test_equal(after.map_generation, before.map_generation, line, "map_generation");
}

#define refused(ops, error, failed)						\
	refused_at(ops, ARRAY_SIZE(ops), error, failed, __LINE__)

static void refused_one_at(struct ward_map_op op, int error, int line)
{
	refused_at(&op, 1, error, 0, line);
}

#define refused_one(op, error)	refused_one_at(op, error, __LINE__)

static struct ward_map_op add(__u64 gpa, __u64 bytes)
{
	return map_add(gpa, bytes, area, WARD_PROT_ALL);
}

static void good(void)
{
	struct ward_map_op ops[3];
	struct ward_map map;

	setup();
	ops[0] = add(0, PAGE);
	CHECK_EQ(raw_map(ops, 1, &map), 0);
	CHECK_EQ(map.generation, 1);
	CHECK_EQ(info().map_generation, 1);
	CHECK_EQ(info().memory_bytes, PAGE);

	/* Several at once count as one update. */
	ops[0] = add(PAGE, 2 * PAGE);
	ops[1] = add(0x100000000, 4 * PAGE);
	ops[2] = map_add(0x40000000, PAGE, area, WARD_PROT_READ);
	CHECK_EQ(raw_map(ops, 3, &map), 0);
	CHECK_EQ(map.generation, 2);
	CHECK_EQ(info().memory_bytes, 8 * PAGE);

	ops[0] = map_protect(PAGE, 2 * PAGE, WARD_PROT_READ);
	CHECK_EQ(raw_map(ops, 1, &map), 0);
	CHECK_EQ(map.generation, 3);
	CHECK_EQ(info().memory_bytes, 8 * PAGE);

	ops[0] = map_remove(0x100000000, 4 * PAGE);
	CHECK_EQ(raw_map(ops, 1, &map), 0);
	CHECK_EQ(map.generation, 4);
	CHECK_EQ(info().map_generation, 4);
	CHECK_EQ(info().memory_bytes, 4 * PAGE);
	/* The place is free again. */
	CHECK_EQ(map_one(vm, add(0x100000000, PAGE)), 0);
}

static void in_order(void)
{
	struct ward_map_op ops[4];
	struct ward_map map;

	setup();
	REQUIRE_EQ(map_one(vm, add(0, 4 * PAGE)), 0);
	ops[0] = map_remove(0, 4 * PAGE);
	ops[1] = add(PAGE, PAGE);
	ops[2] = add(0, PAGE);
	ops[3] = map_protect(PAGE, PAGE, WARD_PROT_READ | WARD_PROT_EXEC);
	CHECK_EQ(raw_map(ops, 4, &map), 0);
	CHECK_EQ(info().memory_bytes, 2 * PAGE);

	/* Added and removed by the same call. */
	ops[0] = add(0x10000, PAGE);
	ops[1] = map_protect(0x10000, PAGE, WARD_PROT_READ);
	ops[2] = map_remove(0x10000, PAGE);
	CHECK_EQ(raw_map(ops, 3, &map), 0);
	CHECK_EQ(info().memory_bytes, 2 * PAGE);
	/* The other way round it cannot be. */
	ops[0] = map_remove(0x10000, PAGE);
	ops[1] = add(0x10000, PAGE);
	refused_at(ops, 2, -ENOENT, 0, __LINE__);
}

static void overlap(void)
{
	struct ward_map_op pair[2];

	setup();
	REQUIRE_EQ(map_one(vm, add(0x10000, 4 * PAGE)), 0);
	refused_one(add(0x10000, 4 * PAGE), -EEXIST);
	refused_one(add(0x10000, PAGE), -EEXIST);
	refused_one(add(0x11000, PAGE), -EEXIST);
	refused_one(add(0x13000, PAGE), -EEXIST);
	refused_one(add(0x13000, 2 * PAGE), -EEXIST);
	refused_one(add(0xf000, 2 * PAGE), -EEXIST);
	refused_one(add(0xf000, 6 * PAGE), -EEXIST);
	pair[0] = add(0x20000, 2 * PAGE);
	pair[1] = add(0x21000, PAGE);
	refused(pair, -EEXIST, 1);
	/* Neighbours are no overlap. */
	CHECK_EQ(map_one(vm, add(0x14000, PAGE)), 0);
}

static void bad_ranges(void)
{
	struct ward_map_op op;

	setup();
	refused_one(add(0x10000, 0), -EINVAL);
	refused_one(add(0x10001, PAGE), -EINVAL);
	refused_one(add(0x10800, PAGE), -EINVAL);
	refused_one(add(0x10000, PAGE + 1), -EINVAL);
	refused_one(add(0x10000, 0x800), -EINVAL);
	refused_one(add(0x10000, ~0ull), -EINVAL);
	refused_one(add(-PAGE, PAGE), -EINVAL);
	refused_one(add(-PAGE, 2 * PAGE), -EINVAL);
	refused_one(add(PAGE, -PAGE), -EINVAL);
	refused_one(add(1ull << 63, PAGE), -EINVAL);
	refused_one(add(1ull << 52, PAGE), -EINVAL);
	refused_one(map_add(0, PAGE, area + 1, WARD_PROT_ALL), -EINVAL);
	refused_one(map_add(0, PAGE, area + 0xff8, WARD_PROT_ALL), -EINVAL);
	op = add(0, 2 * PAGE);
	op.origin = -PAGE;
	refused_one(op, -EINVAL);
	refused_one(map_remove(0x10001, PAGE), -EINVAL);
	refused_one(map_remove(0x10000, 0), -EINVAL);
	refused_one(map_protect(0x10000, 0x10, WARD_PROT_READ), -EINVAL);

	/* Addresses that are not user space's are never memory. */
	op = add(0, PAGE);
	op.origin = 0xffff888000000000;
	CHECK(map_one(vm, op) < 0);
	op.origin = 1ull << 47;
	CHECK(map_one(vm, op) < 0);
	CHECK_EQ(info().memory_bytes, 0);
}

static void bad_fields(void)
{
	struct ward_map_op op;
	__u32 i;

	setup();
	op = add(0, PAGE);
	op.op = 0;
	refused_one(op, -EINVAL);
	op.op = 4;
	refused_one(op, -EINVAL);
	op.op = ~0u;
	refused_one(op, -EINVAL);
	op = add(0, PAGE);
	op.reserved = 1;
	refused_one(op, -EINVAL);
	op.reserved = 1ull << 63;
	refused_one(op, -EINVAL);
	op = add(0, PAGE);
	for (i = 0; i < 2; i++) {
		op.source = i ? 3 : 0;
		refused_one(op, -EINVAL);
	}
	op = add(0, PAGE);
	op.fd = 1;
	refused_one(op, -EINVAL);
	op.fd = -2;
	refused_one(op, -EINVAL);
	/* Reading is required. */
	for (i = 0; i < 16; i++) {
		if (i < 8 && i & WARD_PROT_READ)
			continue;
		refused_one(map_add(0, PAGE, area, i), -EINVAL);
		refused_one(map_protect(0, PAGE, i), -EINVAL);
	}

	REQUIRE_EQ(map_one(vm, add(0, PAGE)), 0);
	op = map_remove(0, PAGE);
	op.prot = WARD_PROT_READ;
	refused_one(op, -EINVAL);
	op = map_remove(0, PAGE);
	op.source = WARD_MAP_FROM_ADDRESS;
	refused_one(op, -EINVAL);
	op = map_remove(0, PAGE);
	op.origin = PAGE;
	refused_one(op, -EINVAL);
	op = map_remove(0, PAGE);
	op.fd = 3;
	refused_one(op, -EINVAL);
	op = map_protect(0, PAGE, WARD_PROT_READ);
	op.source = WARD_MAP_FROM_FD;
	refused_one(op, -EINVAL);
	op = map_protect(0, PAGE, WARD_PROT_READ);
	op.origin = PAGE;
	refused_one(op, -EINVAL);
	/* "else -1 or 0" */
	op = map_protect(0, PAGE, WARD_PROT_READ);
	op.fd = -1;
	CHECK_EQ(map_one(vm, op), 0);
	op = map_remove(0, PAGE);
	op.fd = -1;
	CHECK_EQ(map_one(vm, op), 0);
}

static void not_a_region(void)
{
	setup();
	refused_one(map_remove(0, PAGE), -ENOENT);
	refused_one(map_protect(0, PAGE, WARD_PROT_READ), -ENOENT);
	REQUIRE_EQ(map_one(vm, add(0x10000, 4 * PAGE)), 0);
	REQUIRE_EQ(map_one(vm, add(0x14000, PAGE)), 0);
	refused_one(map_remove(0x10000, PAGE), -ENOENT);
	refused_one(map_remove(0x11000, 3 * PAGE), -ENOENT);
	refused_one(map_remove(0x10000, 5 * PAGE), -ENOENT);
	refused_one(map_remove(0xf000, 5 * PAGE), -ENOENT);
	refused_one(map_protect(0x10000, 2 * PAGE, WARD_PROT_READ), -ENOENT);
	refused_one(map_protect(0x10000, 5 * PAGE, WARD_PROT_READ), -ENOENT);
	CHECK_EQ(map_one(vm, map_remove(0x10000, 4 * PAGE)), 0);
}

static void counts(void)
{
	struct ward_map_op ops[WARD_MAX_MAP_OPS + 1];
	struct ward_map map;
	__u32 i;

	setup();
	for (i = 0; i < ARRAY_SIZE(ops); i++)
		ops[i] = add(i * 2 * PAGE, PAGE);
	refused_at(ops, 0, -EINVAL, 0, __LINE__);
	/* The count itself is refused, so no operation is at fault. */
	CHECK_EQ(raw_map(ops, WARD_MAX_MAP_OPS + 1, &map), -EINVAL);
	CHECK_EQ(raw_map(ops, ~0u, &map), -EINVAL);
	CHECK_EQ(raw_map(ops, 1u << 31, &map), -EINVAL);
	CHECK_EQ(info().memory_bytes, 0);
	CHECK_EQ(raw_map(ops, WARD_MAX_MAP_OPS, &map), 0);
	CHECK_EQ(info().memory_bytes, WARD_MAX_MAP_OPS * PAGE);
	for (i = 0; i < WARD_MAX_MAP_OPS; i++)
		ops[i] = map_remove(i * 2 * PAGE, PAGE);
	CHECK_EQ(raw_map(ops, WARD_MAX_MAP_OPS, &map), 0);
	CHECK_EQ(info().memory_bytes, 0);
	CHECK_EQ(info().map_generation, 2);
}

static void bad_arrays(void)
{
	struct ward_map_op op;
	struct ward_map map;
	char *edge = abi_edge();

	setup();
	op = add(0, PAGE);
	CHECK_EQ(raw_map(NULL, 1, &map), -EFAULT);
	CHECK_EQ(raw_map((void *)edge, 1, &map), -EFAULT);
	memcpy(edge - sizeof(op), &op, sizeof(op));
	CHECK_EQ(raw_map((void *)(edge - sizeof(op)), 2, &map), -EFAULT);
	CHECK_EQ(raw_map((void *)0xffffffff81000000, 1, &map), -EFAULT);
	CHECK_EQ(info().map_generation, 0);
	CHECK_EQ(raw_map((void *)(edge - sizeof(op)), 1, &map), 0);
}

/* A list whose last operation fails, for each reason that comes late. */
static void all_or_nothing(void)
{
	struct ward_map_op ops[5];

	setup();
	REQUIRE_EQ(map_one(vm, add(0x10000, PAGE)), 0);
	REQUIRE_EQ(map_one(vm, add(0x20000, PAGE)), 0);
	ops[0] = map_remove(0x10000, PAGE);
	ops[1] = map_protect(0x20000, PAGE, WARD_PROT_READ);
	ops[2] = add(0x30000, PAGE);
	ops[3] = add(0x40000, PAGE);
	ops[4] = add(0x20000, PAGE);
	refused(ops, -EEXIST, 4);
	ops[4] = map_remove(0x10000, PAGE);
	refused(ops, -ENOENT, 4);
	ops[4] = add(0x50000, 1);
	refused(ops, -EINVAL, 4);
	ops[4] = add(0x50000, PAGE);
	ops[4].source = WARD_MAP_FROM_FD;
	ops[4].fd = 999;
	refused(ops, -EBADF, 4);
	ops[2].op = 99;
	refused(ops, -EINVAL, 2);
	ops[2] = add(0x20000, PAGE);
	ops[3] = add(0x20000, PAGE);
	refused(ops, -EEXIST, 2);

	/* So each of these is what it was. */
	CHECK_EQ(map_one(vm, add(0x30000, PAGE)), 0);
	CHECK_EQ(map_one(vm, add(0x40000, PAGE)), 0);
	CHECK_EQ(map_one(vm, map_remove(0x10000, PAGE)), 0);
	CHECK_EQ(map_one(vm, map_remove(0x20000, PAGE)), 0);
}

static void files(void)
{
	struct ward_map_op op;
	int fd, read_only;

	setup();
	fd = memfd_create("selftest", MFD_CLOEXEC);
	REQUIRE(fd >= 0);
	REQUIRE_EQ(ftruncate(fd, 8 * PAGE), 0);
	op = (struct ward_map_op){
		.op = WARD_MAP_ADD, .prot = WARD_PROT_ALL, .source = WARD_MAP_FROM_FD,
		.fd = fd, .gpa = 0x10000, .bytes = 4 * PAGE, .origin = 2 * PAGE,
	};
	CHECK_EQ(map_one(vm, op), 0);
	CHECK_EQ(map_one(vm, map_remove(0x10000, 4 * PAGE)), 0);

	op.origin = 1;
	refused_one(op, -EINVAL);
	op.origin = 0;
	op.fd = -1;
	refused_one(op, -EBADF);
	op.fd = 999;
	refused_one(op, -EBADF);
	/* What has no memory to map. */
	op.fd = eventfd(0, 0);
	refused_one(op, -ENODEV);
	op.fd = ward_vm_fd(vm);
	refused_one(op, -ENODEV);
	op.prot = WARD_PROT_READ;
	op.fd = open("/proc/self/fd", O_RDONLY | O_DIRECTORY);
	refused_one(op, -ENODEV);
	op.prot = WARD_PROT_ALL;

	/* What the descriptor may not write, the guest may not either. */
	read_only = open("/proc/self/exe", O_RDONLY);
	REQUIRE(read_only >= 0);
	op.fd = read_only;
	op.bytes = PAGE;
	refused_one(op, -EACCES);
	op.prot = WARD_PROT_READ | WARD_PROT_EXEC;
	CHECK_EQ(map_one(vm, op), 0);
	CHECK_EQ(map_one(vm, map_remove(0x10000, PAGE)), 0);

	/* Nor what a seal forbids; the kernel's own word for that is EPERM. */
	op.fd = memfd_create("sealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	REQUIRE_EQ(ftruncate(op.fd, PAGE), 0);
	REQUIRE_EQ(fcntl(op.fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), 0);
	CHECK_EQ(map_one(vm, op), 0);
	CHECK_EQ(map_one(vm, map_remove(0x10000, PAGE)), 0);
	op.prot = WARD_PROT_ALL;
	refused_one(op, -EACCES);

	/* Where no file can have a page: its EOVERFLOW. */
	op.fd = fd;
	op.origin = 1ull << 63;
	refused_one(op, -EINVAL);
}

/* How many bytes of memfd @name this process has mapped. */
static __u64 mapped(const char *name)
{
	unsigned long start, end;
	__u64 bytes = 0;
	char line[512];
	FILE *maps = fopen("/proc/self/maps", "r");

	REQUIRE(maps);
	while (fgets(line, sizeof(line), maps)) {
		if (strstr(line, name) && sscanf(line, "%lx-%lx", &start, &end) == 2)
			bytes += end - start;
	}
	fclose(maps);
	return bytes;
}

/* Pages of it, as the kernel counts them. */
static long address_space(void)
{
	char text[64] = "";
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

	REQUIRE(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	return atol(text);
}

static struct ward_map_op add_file(int fd, __u64 gpa, __u64 offset)
{
	return (struct ward_map_op){
		.op = WARD_MAP_ADD, .prot = WARD_PROT_ALL, .source = WARD_MAP_FROM_FD,
		.fd = fd, .gpa = gpa, .bytes = PAGE, .origin = offset,
	};
}

/* How many mappings of memfd @name, and the place of the first. */
static unsigned int mappings(const char *name, char **first)
{
	unsigned int count = 0;
	unsigned long start;
	char line[512];
	FILE *maps = fopen("/proc/self/maps", "r");

	REQUIRE(maps);
	while (fgets(line, sizeof(line), maps)) {
		if (!strstr(line, name) || sscanf(line, "%lx-", &start) != 1)
			continue;
		if (!count++)
			*first = (char *)start;
	}
	fclose(maps);
	return count;
}

/*
 * Mapped from above to below, each would be before the last one in memory and
 * in the file, and the kernel would make one mapping of them, of which it takes
 * memory to remove a part.
 */
static void files_apart(void)
{
	int fd = memfd_create("neighbours", MFD_CLOEXEC);
	char *first;

	setup();
	REQUIRE_EQ(ftruncate(fd, 8 * PAGE), 0);
	REQUIRE_EQ(map_one(vm, add_file(fd, 0x10000, 2 * PAGE)), 0);
	REQUIRE_EQ(map_one(vm, add_file(fd, 0x20000, PAGE)), 0);
	REQUIRE_EQ(map_one(vm, add_file(fd, 0x30000, 0)), 0);
	CHECK_EQ(mapped("memfd:neighbours"), 3 * PAGE);
	CHECK_EQ(mappings("memfd:neighbours", &first), 3);
	CHECK_EQ(map_one(vm, map_remove(0x20000, PAGE)), 0);
	CHECK_EQ(mapped("memfd:neighbours"), 2 * PAGE);
	CHECK_EQ(map_one(vm, map_remove(0x10000, PAGE)), 0);
	CHECK_EQ(mapped("memfd:neighbours"), PAGE);
	CHECK_EQ(map_one(vm, map_remove(0x30000, PAGE)), 0);
	CHECK_EQ(mapped("memfd:neighbours"), 0);
}

/* Only the region's part goes of what the process's own mapping made one with it. */
static void file_beside_mapping(void)
{
	int fd = memfd_create("beside", MFD_CLOEXEC);
	char *first = NULL, *own;

	setup();
	REQUIRE_EQ(ftruncate(fd, 8 * PAGE), 0);
	REQUIRE_EQ(map_one(vm, add_file(fd, 0x10000, PAGE)), 0);
	REQUIRE_EQ(mappings("memfd:beside", &first), 1);
	own = mmap(first + PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE,
		   fd, 2 * PAGE);
	REQUIRE(own == first + PAGE);
	CHECK_EQ(mappings("memfd:beside", &first), 1);
	CHECK_EQ(map_one(vm, map_remove(0x10000, PAGE)), 0);
	CHECK_EQ(mapped("memfd:beside"), PAGE);
	CHECK_EQ(mappings("memfd:beside", &first), 1);
	CHECK(first == own);
}

/* 2 MiB leaves need addresses that agree, and nothing else is left mapped. */
static void file_address(void)
{
	const __u64 gpa = 16 * HUGE + 5 * PAGE;
	int fd = memfd_create("aligned", MFD_CLOEXEC);
	struct ward_map_op op = add_file(fd, gpa, 5 * PAGE);
	long before, after;
	char *first = NULL;

	setup();
	op.bytes = 2 * HUGE;
	REQUIRE_EQ(ftruncate(fd, 4 * HUGE), 0);
	before = address_space();
	REQUIRE_EQ(map_one(vm, op), 0);
	after = address_space();
	CHECK_EQ(after - before, 2 * HUGE / PAGE);
	CHECK_EQ(mappings("memfd:aligned", &first), 1);
	CHECK_EQ(((__u64)(uintptr_t)first ^ gpa) & (HUGE - 1), 0);
	CHECK_EQ(map_one(vm, map_remove(gpa, op.bytes)), 0);
	CHECK_EQ(address_space(), before);
}

static void child_removes(void *context)
{
	(void)context;
	CHECK_EQ(map_one(vm, map_remove(0x10000, PAGE)), 0);
}

/* What another process removes stays mapped in the one that added it. */
static void file_of_another(void)
{
	int fd = memfd_create("another", MFD_CLOEXEC);

	setup();
	REQUIRE_EQ(ftruncate(fd, 8 * PAGE), 0);
	REQUIRE_EQ(map_one(vm, add_file(fd, 0x10000, 0)), 0);
	REQUIRE_EQ(map_one(vm, add_file(fd, 0x20000, 4 * PAGE)), 0);
	CHECK_EQ(reap(start_child(child_removes, NULL)), 0);
	CHECK_EQ(info().memory_bytes, PAGE);
	CHECK_EQ(mapped("memfd:another"), 2 * PAGE);
	/* With the VM goes what this process added and nobody removed. */
	ward_close_vm(vm);
	CHECK_EQ(mapped("memfd:another"), PAGE);
}

static void rules(void)
{
	struct ward_map_op op;
	struct ward_map map = { .size = sizeof(map), .ops = (uintptr_t)&op, .count = 1 };
	const struct abi_call c = { "MAP", WARD_MAP, &map, sizeof(map) };

	setup();
	op = add(0, PAGE);
	abi_check(ward_vm_fd(vm), &c);
	CHECK_EQ(info().map_generation, 1);
}

/* Without a place for the answer nothing is done. */
static void no_place_for_the_answer(void)
{
	struct ward_map_op op;
	struct ward_map *map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	REQUIRE(map != MAP_FAILED);
	setup();
	op = add(0, PAGE);
	*map = (struct ward_map){ .size = sizeof(*map), .ops = (uintptr_t)&op, .count = 1 };
	REQUIRE_EQ(mprotect(map, PAGE, PROT_READ), 0);
	CHECK_EQ(call(ward_vm_fd(vm), WARD_MAP, map), -EFAULT);
	CHECK_EQ(info().map_generation, 0);
	CHECK_EQ(info().memory_bytes, 0);
	REQUIRE_EQ(mprotect(map, PAGE, PROT_READ | PROT_WRITE), 0);
	CHECK_EQ(call(ward_vm_fd(vm), WARD_MAP, map), 0);
	CHECK_EQ(map->generation, 1);
}

static void many_regions(void)
{
	struct ward_map_op ops[WARD_MAX_MAP_OPS];
	struct ward_map map;
	int error = 0, round;
	__u32 i;

	setup();
	for (round = 0; round < 32 && !error; round++) {
		for (i = 0; i < ARRAY_SIZE(ops); i++)
			ops[i] = add((round * ARRAY_SIZE(ops) + i) * PAGE, PAGE);
		error = raw_map(ops, ARRAY_SIZE(ops), &map);
	}
	/* There may be a limit, but a clean one. */
	CHECK(!error || error == -ENOSPC);
	if (error)
		round--;
	CHECK(round > 0);
	CHECK_EQ(info().memory_bytes, round * ARRAY_SIZE(ops) * PAGE);
	CHECK_EQ(info().map_generation, round);
}

static const struct test tests[] = {
	{ "good", good },
	{ "in_order", in_order },
	{ "overlap", overlap },
	{ "bad_ranges", bad_ranges },
	{ "bad_fields", bad_fields },
	{ "not_a_region", not_a_region },
	{ "counts", counts },
	{ "bad_arrays", bad_arrays },
	{ "all_or_nothing", all_or_nothing },
	{ "files", files },
	{ "files_apart", files_apart },
	{ "file_beside_mapping", file_beside_mapping },
	{ "file_address", file_address },
	{ "file_of_another", file_of_another },
	{ "rules", rules },
	{ "no_place_for_the_answer", no_place_for_the_answer },
	{ "many_regions", many_regions },
};

TEST_MAIN(tests)
