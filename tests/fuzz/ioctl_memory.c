// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioctl_memory.c - what can happen to memory while a guest has it and while a
 * call reads or writes it.
 *
 * All of it comes to the module as MMU notifiers, as failing page faults, or as
 * faults in copy_from_user(); some makes large pages or splits them.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "ioctl.h"

/* Not in the C library's headers of Debian 12; kernels before 6.1 refuse it. */
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

/* A range of an area, pages or a large page. */
static char *range(struct rng *r, enum area *which, size_t *bytes)
{
	size_t pages = AREA_BYTES / PAGE, first = below(r, pages);

	*which = (enum area)(AREA_PRIVATE + below(r, AREA_COUNT - 1));
	if (one_in(r, 3)) {
		*bytes = HUGE;
		return pool.area[*which] + below(r, AREA_BYTES / HUGE) * HUGE;
	}
	/* Mostly where guests were. */
	if (!one_in(r, 4))
		first &= 31;
	*bytes = (1 + below(r, pages - first < 16 ? pages - first : 16)) * PAGE;
	return pool.area[*which] + first * PAGE;
}

static void advise(struct rng *r, char *at, size_t bytes)
{
	static const int advice[] = {
		MADV_DONTNEED, MADV_DONTNEED, MADV_FREE, MADV_REMOVE, MADV_HUGEPAGE, MADV_NOHUGEPAGE,
		MADV_WILLNEED, MADV_PAGEOUT, MADV_COLD, MADV_MERGEABLE, MADV_DONTFORK, MADV_DOFORK,
		MADV_COLLAPSE, MADV_POPULATE_READ, MADV_POPULATE_WRITE, MADV_WIPEONFORK, MADV_KEEPONFORK,
	};

	madvise(at, bytes, PICK(r, advice));
}

/* Puts other memory in its place, of the kind that the area has or of another. */
static void replace(struct rng *r, enum area which, char *at, size_t bytes)
{
	bool file = which == AREA_FILE || which == AREA_READ_ONLY;
	int flags = MAP_FIXED | MAP_NORESERVE;

	if (one_in(r, 4))
		file = !file;
	flags |= file ? 0 : MAP_ANONYMOUS;
	flags |= which == AREA_SHARED || which == AREA_FILE ? MAP_SHARED : MAP_PRIVATE;
	if (one_in(r, 4))
		flags |= MAP_POPULATE;
	mmap(at, bytes, PROT_READ | PROT_WRITE, flags, file ? pool.memory_fd[0] : -1,
	     file ? (off_t)(at - pool.area[which]) : 0);
}

static void move(struct rng *r, char *at, size_t bytes)
{
	enum area which;
	size_t other_bytes;
	char *other = range(r, &which, &other_bytes);

	mremap(at, bytes, one_in(r, 3) ? other_bytes : bytes, MREMAP_MAYMOVE | MREMAP_FIXED, other);
}

static void change_file(struct rng *r)
{
	int fd = pool.memory_fd[below(r, 2)];
	off_t at = (off_t)(below(r, AREA_BYTES / PAGE) * PAGE);

	switch (below(r, 4)) {
	case 0:
		fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, (off_t)(below(r, 64) * PAGE));
		break;
	case 1:
		/* Under the guest, and back soon. */
		if (!ftruncate(fd, at) && !one_in(r, 4) && ftruncate(fd, AREA_BYTES))
			return;
		break;
	case 2:
		if (ftruncate(fd, AREA_BYTES))
			return;
		break;
	default:
		fallocate(fd, 0, at, (off_t)(below(r, 64) * PAGE));
	}
}

/* Sizes and offsets that vcpu_mmap() does not want, and what mremap() makes of one that it did. */
static void change_run_page(struct rng *r)
{
	static const int prots[] = { PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC };
	char *at = (char *)pool_run(r);
	volatile char *far = at + below(r, 4) * PAGE;

	if (!at)
		return;
	switch (below(r, 8)) {
	case 0:
		munmap(at, PAGE * (1 + below(r, 2)));
		break;
	case 1:
		mprotect(at, PAGE, PICK(r, prots));
		break;
	case 2:
		/* Its second page must not be anything. */
		mremap(at, PAGE, (2 + below(r, 3)) * PAGE, 0);
		break;
	case 3:
		mremap(at, below(r, 2) * PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, (char *)pool_run(r) + PAGE);
		break;
	case 4:
		mmap(at, (1 + below(r, 3)) * PAGE, PROT_READ | PROT_WRITE,
		     (one_in(r, 2) ? MAP_SHARED : MAP_PRIVATE) | MAP_FIXED, pool_fd(r, KIND_VCPU),
		     (off_t)(below(r, 3) * PAGE));
		break;
	case 5:
		madvise(at, PAGE, one_in(r, 2) ? MADV_DONTNEED : MADV_DONTFORK);
		break;
	case 6:
		mlock(at, PAGE);
		break;
	default:
		if (TOUCH())
			return;
		*far = (char)rnd(r);
		touched();
	}
}

void step_memory(struct rng *r)
{
	static const int prots[] = {
		PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC,
	};
	enum area which;
	size_t bytes;
	char *at = range(r, &which, &bytes);

	switch (below(r, 9)) {
	case 0:
	case 1:
		advise(r, at, bytes);
		break;
	case 2:
		mprotect(at, bytes, PICK(r, prots));
		break;
	case 3:
		replace(r, which, at, bytes);
		break;
	case 4:
		munmap(at, bytes);
		if (!one_in(r, 3))
			replace(r, which, at, bytes);
		break;
	case 5:
		move(r, at, bytes);
		break;
	case 6:
		change_file(r);
		break;
	case 7:
		change_run_page(r);
		break;
	default:
		if (TOUCH())
			return;
		memset(at, HLT, PAGE);
		touched();
	}
}
