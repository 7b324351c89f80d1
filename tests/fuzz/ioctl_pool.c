// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioctl_pool.c - descriptors and memory that the steps of a sequence work on.
 *
 * All memory is part of one reservation, the arena. Mappings go and come inside
 * it, so that a stale address never hits what this process itself needs. It lies
 * far below what else there is: the kernel looks for free places from above, and
 * would find the holes in it that munmap() leaves.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "ioctl.h"

#define ARENA_AT	(1ull << 40)
#define ARENA_BYTES	(64ull << 20)
#define RUN_AT		(48ull << 20)	/* slots of 8 pages */

struct pool pool;
_Thread_local unsigned int pool_thread;

int pool_fd(struct rng *r, enum kind kind)
{
	static const int odd[] = { -1, 0, 1, 1000, 0x7fffffff };
	unsigned int i, at = (unsigned int)below(r, POOL_FDS);

	if (one_in(r, 60))
		return PICK(r, odd);
	if (one_in(r, 40))
		kind = (enum kind)below(r, KIND_COUNT);
	for (i = 0; i < POOL_FDS; i++) {
		int fd = pool.fds[kind][(at + i) % POOL_FDS];

		if (fd >= 0)
			return fd;
	}
	return -1;
}

void pool_put(struct rng *r, enum kind kind, int fd)
{
	unsigned int i, at = (unsigned int)below(r, POOL_FDS);
	int old;

	if (fd < 0)
		return;
	for (i = 0; i < POOL_FDS && pool.fds[kind][at] >= 0; i++)
		at = (at + 1) % POOL_FDS;
	old = pool.fds[kind][at];
	pool.fds[kind][at] = fd;
	if (old >= 0)
		close(old);
}

int pool_take(struct rng *r, enum kind kind)
{
	unsigned int at = (unsigned int)below(r, POOL_FDS);
	int fd = pool.fds[kind][at];

	pool.fds[kind][at] = -1;
	return fd;
}

struct ward_run *pool_map_run(int vcpu, unsigned int slot)
{
	char *at = pool.arena + RUN_AT + slot * 8 * PAGE;

	if (mmap(at, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, vcpu, 0) == MAP_FAILED)
		return NULL;
	pool.run[slot] = at;
	return (struct ward_run *)at;
}

struct ward_run *pool_run(struct rng *r)
{
	return (struct ward_run *)pool.run[below(r, RUN_PAGES)];
}

uint64_t pool_address(struct rng *r)
{
	uint64_t at = (uintptr_t)pool.area[below(r, AREA_COUNT)];

	switch (below(r, 8)) {
	case 0:
		return wild(r);
	case 1:
		return (uintptr_t)pool_run(r);
	case 2:
		return (uintptr_t)pool.arena + below(r, ARENA_BYTES);
	case 3:
		return at + AREA_BYTES - below(r, 3 * PAGE);
	default:
		return at + below(r, AREA_BYTES / PAGE) * PAGE;
	}
}

/* What guest memory can hardly be made of; each says so in its own words. */
static int odd_source(struct rng *r)
{
	static const struct {
		const char *path;
		int flags;
	} files[] = {
		{ "/dev/zero", O_RDWR }, { "/dev/zero", O_RDONLY }, { "/dev/null", O_RDWR }, { "/", O_RDONLY },
		{ "/", O_PATH }, { "/proc/self/maps", O_RDONLY }, { WARD_DEVICE_PATH, O_RDWR },
	};
	unsigned int at = (unsigned int)below(r, ARRAY_SIZE(files) + 4);
	int fd, ends[2];

	switch (at) {
	case 0:
		return eventfd(0, EFD_CLOEXEC);
	case 1:
		if (pipe2(ends, O_CLOEXEC))
			return -1;
		close(ends[1]);
		return ends[0];
	case 2:
	case 3:
		fd = memfd_create("odd", MFD_CLOEXEC | (at == 2 ? MFD_HUGETLB : MFD_ALLOW_SEALING));
		if (!ftruncate(fd, AREA_BYTES) && at == 3)
			fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE);
		return fd;
	default:
		return open(files[at - 4].path, files[at - 4].flags | O_CLOEXEC);
	}
}

static void *at_area(unsigned int index)
{
	/* Each with a gap behind it. */
	return pool.arena + index * (AREA_BYTES + 2 * HUGE);
}

static void make_areas(void)
{
	const int prot = PROT_READ | PROT_WRITE;
	int fd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int sealed = memfd_create("sealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	unsigned int i;
	char path[32];

	if (ftruncate(fd, AREA_BYTES) || ftruncate(sealed, AREA_BYTES))
		_exit(1);
	pool.arena = mmap((void *)ARENA_AT, ARENA_BYTES, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
	if (pool.arena == MAP_FAILED)
		_exit(1);
	for (i = 0; i < AREA_COUNT; i++) {
		int flags = MAP_FIXED | MAP_NORESERVE |
			    (i == AREA_SHARED || i == AREA_FILE ? MAP_SHARED : MAP_PRIVATE) |
			    (i == AREA_FILE || i == AREA_READ_ONLY ? 0 : MAP_ANONYMOUS);

		pool.area[i] = mmap(at_area(i), AREA_BYTES, prot, flags,
				    flags & MAP_ANONYMOUS ? -1 : fd, 0);
	}
	madvise(pool.area[AREA_STABLE], AREA_BYTES, MADV_HUGEPAGE);
	madvise(pool.area[AREA_PRIVATE], AREA_BYTES, MADV_HUGEPAGE);
	machine_fill(pool.area[AREA_STABLE]);
	for (i = AREA_PRIVATE; i <= AREA_FILE; i++)
		memset(pool.area[i], HLT, AREA_BYTES);
	mprotect(pool.area[AREA_READ_ONLY], AREA_BYTES, PROT_READ);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	pool.memory_fd[0] = fd;
	pool.memory_fd[1] = sealed;
	fcntl(sealed, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE);
	pool.memory_fd[2] = open(path, O_RDONLY | O_CLOEXEC);
}

/* A VM with RAM, a ROM, and a few vCPUs whose run pages are mapped. */
static void make_machine(struct rng *r, int device)
{
	struct ward_create_vm create = { .size = sizeof(create), .flags = (__u32)below(r, 4) };
	uintptr_t stable = (uintptr_t)pool.area[AREA_STABLE];
	struct ward_map_op ops[] = {
		{ WARD_MAP_ADD, WARD_PROT_READ | WARD_PROT_EXEC, WARD_MAP_FROM_ADDRESS, 0, 0,
		  ROM_BYTES, stable },
		{ WARD_MAP_ADD, WARD_PROT_ALL, WARD_MAP_FROM_ADDRESS, 0, ROM_BYTES,
		  RAM_BYTES - ROM_BYTES, stable + ROM_BYTES },
		/* So that it can be large leaves. */
		{ WARD_MAP_ADD, WARD_PROT_ALL, WARD_MAP_FROM_ADDRESS, 0, 2 * HUGE, AREA_BYTES,
		  (uintptr_t)pool.area[1 + below(r, AREA_COUNT - 1)] },
	};
	struct ward_map map = {
		.size = sizeof(map), .ops = (uintptr_t)ops, .count = ARRAY_SIZE(ops),
	};
	unsigned int i, vcpus = 1 + (unsigned int)below(r, 3);
	int vm;

	vm = make_call(call_named(WARD_CREATE_VM), device, WARD_CREATE_VM, &create);
	if (vm < 0)
		return;
	make_call(call_named(WARD_MAP), vm, WARD_MAP, &map);
	pool_put(r, KIND_VM, vm);
	for (i = 0; i < vcpus; i++) {
		struct ward_create_vcpu vcpu = { .size = sizeof(vcpu), .id = i };
		int fd = make_call(call_named(WARD_CREATE_VCPU), vm, WARD_CREATE_VCPU, &vcpu);

		if (fd < 0)
			continue;
		pool_map_run(fd, MAX_THREADS + (unsigned int)below(r, RUN_PAGES - MAX_THREADS));
		pool_put(r, KIND_VCPU, fd);
	}
}

void pool_make(struct rng *r, bool machines)
{
	unsigned int i, j;
	int device;

	for (i = 0; i < KIND_COUNT; i++)
		for (j = 0; j < POOL_FDS; j++)
			pool.fds[i][j] = -1;
	make_areas();
	for (i = 0; i < ARRAY_SIZE(pool.memory_fd); i++)
		pool_put(r, KIND_OTHER, dup(pool.memory_fd[i]));
	for (i = 0; i < 3; i++)
		pool_put(r, KIND_OTHER, odd_source(r));
	device = open(WARD_DEVICE_PATH, O_RDWR | O_CLOEXEC);
	pool_put(r, KIND_DEVICE, device);
	for (i = 0; machines && i < 1 + below(r, 2); i++)
		make_machine(r, device);
}
