/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compat.h - what differs between the kernels that module/ builds against.
 *
 * Kbuild asks the headers and defines WARD_HAVE_* and WARD_*_HAS_*; no kernel
 * version is compared anywhere.
 */
#ifndef WARD_COMPAT_H
#define WARD_COMPAT_H

#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>

/* Lets a signal end a fault that waits for user space (userfaultfd). */
#ifdef WARD_HAVE_FOLL_INTERRUPTIBLE
#define WARD_FOLL_INTERRUPTIBLE	FOLL_INTERRUPTIBLE
#else
#define WARD_FOLL_INTERRUPTIBLE	0
#endif

static inline long compat_gup_remote(struct mm_struct *mm, unsigned long address,
				     unsigned int flags, struct page **page, int *locked)
{
#ifdef WARD_GUP_REMOTE_HAS_VMAS
	return get_user_pages_remote(mm, address, 1, flags, page, NULL, locked);
#else
	return get_user_pages_remote(mm, address, 1, flags, page, locked);
#endif
}

/* Where mmap() would put @bytes that are nobody's. Context: mmap_lock held. */
static inline unsigned long compat_find_hole(unsigned long bytes)
{
	unsigned long flags = MAP_PRIVATE | MAP_ANONYMOUS;

#if defined(WARD_UNMAPPED_AREA_HAS_MM)
	return mm_get_unmapped_area(current->mm, NULL, 0, bytes, 0, flags);
#elif defined(WARD_HAVE_MM_UNMAPPED_AREA)
	return mm_get_unmapped_area(NULL, 0, bytes, 0, flags);
#else
	return get_unmapped_area(NULL, 0, bytes, 0, flags);
#endif
}

#endif /* WARD_COMPAT_H */
