/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fake_ept.h - table pages that are counted, and a walk as the CPU does it.
 *
 * The walk knows the format from the SDM ("The Extended Page Table Mechanism
 * (EPT)") and not from ept/table.h, so that both would have to be wrong alike.
 */
#ifndef KUNIT_FAKE_EPT_H
#define KUNIT_FAKE_EPT_H

#include <kunit/test.h>
#include "ept/table.h"

#define FAKE_RETIRED	64

/**
 * struct fake_pages - where fake_ops take table pages from
 * @live: pages out of alloc and not in free yet, retired ones included
 * @fail_in: how many allocations succeed before one fails; negative: all do
 * @retired: what was retired, oldest first
 */
struct fake_pages {
	int live;
	int fail_in;
	unsigned int retired_count;
	void *retired[FAKE_RETIRED];
};

extern struct fake_pages fake_pages;
extern const struct ept_ops fake_ops;

/* What the CPU makes of a guest-physical address. @level 0: a violation. */
struct cpu_walk {
	u64 hpa;
	u64 perm;
	int level;
};

/* Start with no page out. */
void fake_pages_reset(void);
/* Give back what was retired, as after a flush. */
void fake_pages_flushed(void);

struct cpu_walk cpu_walk(const u64 *top, u64 gpa);

/*
 * Every entry of @t is one that the CPU accepts, no table but the top is
 * empty, and t->tables is their number.
 */
void expect_sound(struct kunit *test, const struct ept_table *t);

/* Map with a full cache. */
void must_map(struct kunit *test, struct ept_table *t, u64 gpa, u64 hpa, int level, u64 perm,
	      struct ept_change *change);

#endif
