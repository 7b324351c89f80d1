// SPDX-License-Identifier: GPL-2.0-only
/*
 * ept_random_test.c - random operations on an EPT against an array of pages.
 *
 * After each operation the CPU's walk must say of every page what the array
 * says; and where no flush was asked for, what a CPU may have cached before
 * must still be allowed.
 *
 * The seeds are fixed: a failure is found again.
 */
#include <kunit/test.h>
#include <linux/prandom.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>
#include "fake_ept.h"

/* Eight 2 MiB ranges, half of them below and half above a 1 GiB border */
#define FIRST		(SZ_1G - 4ull * SZ_2M)
#define PAGES		(8 * 512)
#define OPERATIONS	400

/* What the EPT should say of a page; @perm 0: nothing. */
struct page_state {
	u64 hpa;
	u8 perm;
	bool large;
};

static struct ept_table t;
static struct page_state *pages, *before;

static int model_init(struct kunit *test)
{
	fake_pages_reset();
	pages = vzalloc(2 * PAGES * sizeof(*pages));
	if (!pages)
		return -ENOMEM;
	before = pages + PAGES;
	return ept_table_init(&t, &fake_ops);
}

static void model_exit(struct kunit *test)
{
	ept_table_destroy(&t);
	fake_pages_flushed();
	KUNIT_EXPECT_EQ_MSG(test, fake_pages.live, 0, "pages were lost");
	vfree(pages);
}

static u64 some_perm(struct rnd_state *rnd)
{
	return EPT_R | (prandom_u32_state(rnd) & (EPT_W | EPT_X));
}

static void model_split(unsigned int page)
{
	for (unsigned int i = 0; i < 512; i++)
		pages[(page & ~511u) + i].large = false;
}

static void do_map(struct kunit *test, struct rnd_state *rnd, struct ept_change *change)
{
	bool large = prandom_u32_state(rnd) % 4 == 0;
	unsigned int page = prandom_u32_state(rnd) % PAGES;
	u64 hpa = (u64)(prandom_u32_state(rnd) % 64) * SZ_2M;
	u64 perm = some_perm(rnd);

	if (large) {
		page &= ~511u;
		for (unsigned int i = 0; i < 512; i++)
			pages[page + i] = (struct page_state){ hpa + i * SZ_4K, perm, true };
	} else {
		hpa += (prandom_u32_state(rnd) % 512) * SZ_4K;
		model_split(page);
		pages[page] = (struct page_state){ hpa, perm, false };
	}
	must_map(test, &t, FIRST + page * (u64)SZ_4K, hpa, large ? EPT_2M : EPT_4K, perm, change);
}

static void do_split(struct kunit *test, struct rnd_state *rnd, struct ept_change *change)
{
	unsigned int page = prandom_u32_state(rnd) % PAGES;
	struct ept_cache cache = {};

	KUNIT_ASSERT_EQ(test, ept_cache_fill(&cache, &fake_ops), 0);
	KUNIT_ASSERT_EQ(test, ept_split(&t, &cache, FIRST + page * (u64)SZ_4K, change), 0);
	ept_cache_drain(&cache, &fake_ops);
	model_split(page);
}

/* Large pages are lowered, or go, as a whole. */
static void model_lower(unsigned int page, unsigned int count, u64 perm)
{
	unsigned int end = page + count;

	if (pages[page].large)
		page &= ~511u;
	if (pages[end - 1].large)
		end = (end + 511) & ~511u;
	for (; page < end; page++) {
		pages[page].perm &= perm;
		if (!(perm & EPT_R))
			pages[page] = (struct page_state){};
	}
}

static void do_lower(struct rnd_state *rnd, struct ept_change *change)
{
	unsigned int page = prandom_u32_state(rnd) % PAGES;
	unsigned int most = prandom_u32_state(rnd) % 2 ? 8 : PAGES;
	unsigned int count = 1 + prandom_u32_state(rnd) % min(most, PAGES - page);
	u64 perm = prandom_u32_state(rnd) & EPT_RWX;
	u64 gpa = FIRST + page * (u64)SZ_4K;

	if (prandom_u32_state(rnd) % 2) {
		model_lower(page, count, perm);
		ept_protect(&t, gpa, count * (u64)SZ_4K, perm, change);
	} else {
		model_lower(page, count, 0);
		ept_unmap(&t, gpa, count * (u64)SZ_4K, change);
	}
}

/* Return: everything is as the array has it. */
static bool check(struct kunit *test, const struct ept_change *change, u64 generation)
{
	for (unsigned int i = 0; i < PAGES; i++) {
		struct cpu_walk walk = cpu_walk(t.top, FIRST + i * (u64)SZ_4K);
		const struct page_state *now = &pages[i], *was = &before[i];
		int level = !now->perm ? 0 : now->large ? EPT_2M : EPT_4K;

		if (walk.level != level || walk.perm != now->perm || walk.hpa != now->hpa) {
			KUNIT_FAIL(test, "page %u: level %d hpa 0x%llx perm %llx; not %d, 0x%llx, %x",
				   i, walk.level, walk.hpa, walk.perm, level, now->hpa, now->perm);
			return false;
		}
		if (!change->flush && was->perm &&
		    (was->hpa != now->hpa || (was->perm & ~now->perm))) {
			KUNIT_FAIL(test, "page %u: perm %x became %x without a flush", i, was->perm,
				   now->perm);
			return false;
		}
	}
	/* The tables count by themselves what needs a flush. */
	if ((t.generation != generation) != change->flush) {
		KUNIT_FAIL(test, "generation %llu, before %llu, flush %d", t.generation, generation,
			   change->flush);
		return false;
	}
	if (fake_pages.retired_count && !change->flush) {
		KUNIT_FAIL(test, "a table was retired without a flush");
		return false;
	}
	return true;
}

static void seed_number(const u32 *seed, char *text)
{
	snprintf(text, KUNIT_PARAM_DESC_SIZE, "seed %u", *seed);
}

static const u32 seeds[] = { 1, 2, 3, 4, 5, 6 };
KUNIT_ARRAY_PARAM(seed, seeds, seed_number);

static void random_operations(struct kunit *test)
{
	const u32 *seed = test->param_value;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, *seed);
	for (unsigned int i = 0; i < OPERATIONS; i++) {
		struct ept_change change = {};
		u32 what = prandom_u32_state(&rnd) % 8;
		u64 generation = t.generation;

		memcpy(before, pages, PAGES * sizeof(*pages));
		if (what < 4)
			do_map(test, &rnd, &change);
		else if (what == 4)
			do_split(test, &rnd, &change);
		else
			do_lower(&rnd, &change);
		if (!check(test, &change, generation)) {
			kunit_info(test, "after operation %u, of kind %u", i, what);
			return;
		}
		fake_pages_flushed();
		cond_resched();
	}
	expect_sound(test, &t);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(random_operations, seed_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "ward_ept_random",
	.init = model_init,
	.exit = model_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
