// SPDX-License-Identifier: GPL-2.0-only
/*
 * ept_table_test.c - the EPT's tables: walk, map, split, replace, unmap, protect.
 *
 * Each case ends with all pages given back, or its suite's exit fails it.
 */
#include <kunit/test.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include "fake_ept.h"

#define RW	(EPT_R | EPT_W)
#define HPA	0x123456000ull		/* any page; and 2 MiB, aligned: */
#define HPA_2M	0x40000000ull

static struct ept_table t;

static int table_init(struct kunit *test)
{
	int err;

	fake_pages_reset();
	/* Nothing of what was there before counts. */
	memset(&t, 0xa5, sizeof(t));
	err = ept_table_init(&t, &fake_ops);
	KUNIT_EXPECT_EQ(test, t.generation, 0ull);
	return err;
}

static void table_exit(struct kunit *test)
{
	ept_table_destroy(&t);
	fake_pages_flushed();
	KUNIT_EXPECT_EQ_MSG(test, fake_pages.live, 0, "pages were lost");
}

/* Assumes nothing of struct ept_leaf that the CPU does not say as well. */
static void expect_mapped(struct kunit *test, u64 gpa, u64 hpa, u64 perm, int level)
{
	struct cpu_walk walk = cpu_walk(t.top, gpa);
	u64 span = 1ull << (12 + 9 * (level - 1));
	struct ept_leaf leaf;

	KUNIT_EXPECT_EQ_MSG(test, walk.level, level, "gpa 0x%llx", gpa);
	KUNIT_EXPECT_EQ_MSG(test, walk.hpa, hpa, "gpa 0x%llx", gpa);
	KUNIT_EXPECT_EQ_MSG(test, walk.perm, perm, "gpa 0x%llx", gpa);
	KUNIT_ASSERT_TRUE_MSG(test, ept_lookup(&t, gpa, &leaf), "gpa 0x%llx", gpa);
	KUNIT_EXPECT_EQ(test, leaf.level, level);
	KUNIT_EXPECT_EQ(test, leaf.gpa, gpa & ~(span - 1));
	KUNIT_EXPECT_EQ(test, leaf.hpa, hpa & ~(span - 1));
	KUNIT_EXPECT_EQ(test, leaf.perm, perm);
}

/* @level: of the entry that is not present */
static void expect_hole(struct kunit *test, u64 gpa, int level)
{
	struct ept_leaf leaf;

	KUNIT_EXPECT_EQ_MSG(test, cpu_walk(t.top, gpa).level, 0, "gpa 0x%llx", gpa);
	KUNIT_EXPECT_FALSE_MSG(test, ept_lookup(&t, gpa, &leaf), "gpa 0x%llx", gpa);
	KUNIT_EXPECT_EQ_MSG(test, leaf.level, level, "gpa 0x%llx", gpa);
}

/* ---------------------------------------------------------------- one page */

struct place {
	const char *name;
	u64 gpa;
	int level;
};

static const struct place places[] = {
	{ "first page", 0, EPT_4K },
	{ "second page", 0x1000, EPT_4K },
	{ "last page of a 2 MiB table", 0x1ff000, EPT_4K },
	{ "first page behind 2 MiB", 0x200000, EPT_4K },
	{ "last page below 1 GiB", 0x3ffff000, EPT_4K },
	{ "1 GiB", 0x40000000, EPT_4K },
	{ "last page below 512 GiB", 0x7ffffff000, EPT_4K },
	{ "512 GiB", 0x8000000000, EPT_4K },
	{ "another index in each table", 0x123456789000, EPT_4K },
	{ "last page of all", 0xfffffffff000, EPT_4K },
	{ "first 2 MiB", 0, EPT_2M },
	{ "second 2 MiB", 0x200000, EPT_2M },
	{ "last 2 MiB below 1 GiB", 0x3fe00000, EPT_2M },
	{ "2 MiB at 1 GiB", 0x40000000, EPT_2M },
	{ "2 MiB at 512 GiB", 0x8000000000, EPT_2M },
	{ "last 2 MiB of all", 0xffffffe00000, EPT_2M },
};

static void place_name(const struct place *place, char *text)
{
	strscpy(text, place->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(place, places, place_name);

static void map_and_unmap(struct kunit *test)
{
	const struct place *place = test->param_value;
	u64 span = place->level == EPT_2M ? SZ_2M : SZ_4K;
	u64 hpa = place->level == EPT_2M ? HPA_2M : HPA;
	struct ept_change change = {};

	must_map(test, &t, place->gpa, hpa, place->level, EPT_RWX, &change);
	KUNIT_EXPECT_FALSE(test, change.flush);
	KUNIT_EXPECT_EQ(test, t.tables, place->level == EPT_2M ? 3ul : 4ul);
	expect_sound(test, &t);
	expect_mapped(test, place->gpa, hpa, EPT_RWX, place->level);
	expect_mapped(test, place->gpa + span - 1, hpa + span - 1, EPT_RWX, place->level);
	if (place->gpa)
		KUNIT_EXPECT_EQ(test, cpu_walk(t.top, place->gpa - 1).level, 0);
	if (place->gpa + span < EPT_GPA_END)
		KUNIT_EXPECT_EQ(test, cpu_walk(t.top, place->gpa + span).level, 0);

	ept_unmap(&t, place->gpa, span, &change);
	KUNIT_EXPECT_TRUE(test, change.flush);
	KUNIT_EXPECT_EQ(test, t.tables, 1ul);
	KUNIT_EXPECT_EQ(test, fake_pages.retired_count, place->level == EPT_2M ? 2u : 3u);
	KUNIT_EXPECT_NOT_NULL(test, change.retired);
	expect_hole(test, place->gpa, EPT_LEVELS);
	expect_sound(test, &t);
}

static void level_of_a_hole(struct kunit *test)
{
	struct ept_change change = {};

	expect_hole(test, 0x5000, 4);
	must_map(test, &t, 0, HPA, EPT_4K, EPT_RWX, &change);
	expect_hole(test, 0x1000, 1);
	expect_hole(test, SZ_2M, 2);
	expect_hole(test, SZ_1G, 3);
	expect_hole(test, SZ_1G * 512ull, 4);
}

static void beyond_the_end(struct kunit *test)
{
	struct ept_change change = {};
	struct ept_cache cache = {};
	struct ept_leaf leaf;

	must_map(test, &t, 0, HPA, EPT_4K, EPT_RWX, &change);
	/* Bit 48 and up take no part in the walk: these would hit page 0. */
	KUNIT_EXPECT_FALSE(test, ept_lookup(&t, EPT_GPA_END, &leaf));
	KUNIT_EXPECT_EQ(test, leaf.level, EPT_LEVELS);
	KUNIT_EXPECT_FALSE(test, ept_lookup(&t, 1ull << 63, &leaf));
	KUNIT_ASSERT_EQ(test, ept_cache_fill(&cache, &fake_ops), 0);
	KUNIT_EXPECT_EQ(test, ept_map(&t, &cache, EPT_GPA_END, HPA, EPT_4K, EPT_R, &change), -EINVAL);
	KUNIT_EXPECT_EQ(test, ept_split(&t, &cache, EPT_GPA_END, &change), 0);
	KUNIT_EXPECT_EQ(test, cache.count, (unsigned int)EPT_CACHE_PAGES);
	ept_cache_drain(&cache, &fake_ops);
	ept_unmap(&t, EPT_GPA_END, SZ_2M, &change);
	KUNIT_EXPECT_FALSE(test, change.flush);
	expect_mapped(test, 0, HPA, EPT_RWX, EPT_4K);
	/* A range that runs over the end is cut, and does not wrap around. */
	must_map(test, &t, EPT_GPA_END - SZ_4K, HPA, EPT_4K, EPT_RWX, &change);
	ept_unmap(&t, EPT_GPA_END - SZ_4K, ~0ull, &change);
	KUNIT_EXPECT_TRUE(test, change.flush);
	expect_hole(test, EPT_GPA_END - SZ_4K, 4);
	expect_mapped(test, 0, HPA, EPT_RWX, EPT_4K);
}

/* --------------------------------------------------------------- refusals */

struct refusal {
	const char *name;
	u64 gpa, hpa;
	int level;
	u64 perm;
};

static const struct refusal refusals[] = {
	{ "level 0", 0, 0, 0, EPT_RWX },
	{ "level 3", 0, 0, 3, EPT_RWX },
	{ "gpa inside a page", 0x800, 0, EPT_4K, EPT_RWX },
	{ "hpa inside a page", 0, 1, EPT_4K, EPT_RWX },
	{ "gpa inside 2 MiB", 0x1000, 0, EPT_2M, EPT_RWX },
	{ "hpa inside 2 MiB", 0, 0x100000, EPT_2M, EPT_RWX },
	{ "hpa of 53 bits", 0, 1ull << 52, EPT_4K, EPT_RWX },
	{ "no permission", 0, 0, EPT_4K, 0 },
	{ "write only", 0, 0, EPT_4K, EPT_W },
	{ "execute only", 0, 0, EPT_4K, EPT_X },
	{ "write and execute", 0, 0, EPT_4K, EPT_W | EPT_X },
	{ "a bit that is no permission", 0, 0, EPT_4K, EPT_RWX | 8 },
};

static void refusal_name(const struct refusal *refusal, char *text)
{
	strscpy(text, refusal->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(refusal, refusals, refusal_name);

static void map_refuses(struct kunit *test)
{
	const struct refusal *r = test->param_value;
	struct ept_change change = {};
	struct ept_cache cache = {};

	KUNIT_ASSERT_EQ(test, ept_cache_fill(&cache, &fake_ops), 0);
	KUNIT_EXPECT_EQ(test, ept_map(&t, &cache, r->gpa, r->hpa, r->level, r->perm, &change), -EINVAL);
	KUNIT_EXPECT_EQ(test, cache.count, (unsigned int)EPT_CACHE_PAGES);
	KUNIT_EXPECT_EQ(test, t.tables, 1ul);
	expect_hole(test, 0, 4);
	ept_cache_drain(&cache, &fake_ops);
}

/* ------------------------------------------------------------------- memory */

static void no_memory_for_the_top(struct kunit *test)
{
	struct ept_table other;

	fake_pages.fail_in = 0;
	KUNIT_EXPECT_EQ(test, ept_table_init(&other, &fake_ops), -ENOMEM);
	fake_pages.fail_in = -1;
	KUNIT_EXPECT_EQ(test, fake_pages.live, 1);
}

static void no_memory_for_the_cache(struct kunit *test)
{
	struct ept_cache cache = {};

	for (int good = 0; good < EPT_CACHE_PAGES; good++) {
		fake_pages.fail_in = good;
		KUNIT_EXPECT_EQ(test, ept_cache_fill(&cache, &fake_ops), -ENOMEM);
		KUNIT_EXPECT_EQ(test, cache.count, (unsigned int)good);
		ept_cache_drain(&cache, &fake_ops);
		KUNIT_EXPECT_EQ(test, cache.count, 0u);
		KUNIT_EXPECT_EQ(test, fake_pages.live, 1);
	}
	/* What a failed fill got stays, and the next one completes it. */
	fake_pages.fail_in = 1;
	KUNIT_EXPECT_EQ(test, ept_cache_fill(&cache, &fake_ops), -ENOMEM);
	fake_pages.fail_in = -1;
	KUNIT_EXPECT_EQ(test, ept_cache_fill(&cache, &fake_ops), 0);
	KUNIT_EXPECT_EQ(test, fake_pages.live, 1 + EPT_CACHE_PAGES);
	KUNIT_EXPECT_EQ(test, ept_cache_fill(&cache, &fake_ops), 0);
	KUNIT_EXPECT_EQ(test, fake_pages.live, 1 + EPT_CACHE_PAGES);
	ept_cache_drain(&cache, &fake_ops);
}

/* In the middle of a path: nothing changes, and a later try succeeds. */
static void cache_too_short(struct kunit *test)
{
	/* How many tables a 4 KiB page at each place needs, once page 0 is mapped */
	static const struct { u64 gpa; unsigned int tables; } paths[] = {
		{ SZ_4K, 0 }, { SZ_2M, 1 }, { SZ_1G, 2 }, { SZ_1G * 512ull, 3 },
	};
	struct ept_change change = {};

	must_map(test, &t, 0, HPA, EPT_4K, EPT_RWX, &change);
	for (unsigned int i = 0; i < ARRAY_SIZE(paths); i++) {
		struct ept_cache full = {}, cache = {};
		unsigned long tables = t.tables;

		KUNIT_ASSERT_EQ(test, ept_cache_fill(&full, &fake_ops), 0);
		for (unsigned int pages = 0; pages <= paths[i].tables; pages++) {
			bool enough = pages == paths[i].tables;

			if (pages)
				cache.pages[cache.count++] = full.pages[--full.count];
			KUNIT_EXPECT_EQ(test, ept_map(&t, &cache, paths[i].gpa, HPA, EPT_4K, EPT_RWX,
						      &change), enough ? 0 : -ENOSPC);
			KUNIT_EXPECT_EQ(test, cache.count, enough ? 0u : pages);
			KUNIT_EXPECT_EQ(test, t.tables, enough ? tables + pages : tables);
			expect_sound(test, &t);
		}
		expect_mapped(test, paths[i].gpa, HPA, EPT_RWX, EPT_4K);
		ept_cache_drain(&full, &fake_ops);
	}
	KUNIT_EXPECT_FALSE(test, change.flush);
}

/* -------------------------------------------------------------------- split */

static void expect_split(struct kunit *test, u64 gpa, u64 hpa, u64 perm)
{
	for (unsigned int i = 0; i < 512; i++)
		expect_mapped(test, gpa + i * SZ_4K, hpa + i * SZ_4K, perm, EPT_4K);
}

static void split_keeps_the_effect(struct kunit *test)
{
	struct ept_change change = {};
	struct ept_cache cache = {};

	must_map(test, &t, SZ_2M, HPA_2M, EPT_2M, EPT_R | EPT_X, &change);
	KUNIT_EXPECT_EQ(test, ept_split(&t, &cache, SZ_2M + 0x5000, &change), -ENOSPC);
	expect_mapped(test, SZ_2M, HPA_2M, EPT_R | EPT_X, EPT_2M);
	KUNIT_EXPECT_FALSE(test, change.flush);

	KUNIT_ASSERT_EQ(test, ept_cache_fill(&cache, &fake_ops), 0);
	KUNIT_EXPECT_EQ(test, ept_split(&t, &cache, SZ_2M + 0x5000, &change), 0);
	KUNIT_EXPECT_EQ(test, cache.count, EPT_CACHE_PAGES - 1u);
	KUNIT_EXPECT_TRUE(test, change.flush);
	KUNIT_EXPECT_EQ(test, t.tables, 4ul);
	expect_split(test, SZ_2M, HPA_2M, EPT_R | EPT_X);
	expect_sound(test, &t);

	/* Small already, or nothing there: no change, and no page needed. */
	ept_cache_drain(&cache, &fake_ops);
	change = (struct ept_change){};
	KUNIT_EXPECT_EQ(test, ept_split(&t, &cache, SZ_2M, &change), 0);
	KUNIT_EXPECT_EQ(test, ept_split(&t, &cache, 0, &change), 0);
	KUNIT_EXPECT_EQ(test, ept_split(&t, &cache, SZ_1G, &change), 0);
	KUNIT_EXPECT_FALSE(test, change.flush);
	KUNIT_EXPECT_EQ(test, t.tables, 4ul);
}

static void small_page_in_a_large_one(struct kunit *test)
{
	u64 gpa = SZ_2M + 7 * SZ_4K;
	struct ept_change change = {};

	must_map(test, &t, SZ_2M, HPA_2M, EPT_2M, EPT_RWX, &change);
	must_map(test, &t, gpa, HPA, EPT_4K, EPT_R, &change);
	KUNIT_EXPECT_TRUE(test, change.flush);
	for (unsigned int i = 0; i < 512; i++)
		if (i != 7)
			expect_mapped(test, SZ_2M + i * SZ_4K, HPA_2M + i * SZ_4K, EPT_RWX, EPT_4K);
	expect_mapped(test, gpa, HPA, EPT_R, EPT_4K);
	expect_sound(test, &t);
}

static void large_page_over_small_ones(struct kunit *test)
{
	struct ept_change change = {};
	struct cpu_walk walk;
	u64 *small;

	for (u64 gpa = 0; gpa < 4 * SZ_4K; gpa += SZ_4K)
		must_map(test, &t, gpa, HPA + gpa, EPT_4K, EPT_RWX, &change);
	KUNIT_EXPECT_FALSE(test, change.flush);
	must_map(test, &t, 0, HPA_2M, EPT_2M, EPT_RWX, &change);
	KUNIT_EXPECT_TRUE(test, change.flush);
	KUNIT_EXPECT_EQ(test, t.tables, 3ul);
	expect_mapped(test, 0x1ff000, HPA_2M + 0x1ff000, EPT_RWX, EPT_2M);
	expect_sound(test, &t);

	/* A CPU may be in the old table: it stays as it was until the flush. */
	KUNIT_ASSERT_EQ(test, fake_pages.retired_count, 1u);
	KUNIT_EXPECT_PTR_EQ(test, change.retired, fake_pages.retired[0]);
	small = fake_pages.retired[0];
	for (unsigned int i = 0; i < 4; i++) {
		walk.hpa = small[i] & ~0xfffull;
		KUNIT_EXPECT_EQ(test, walk.hpa, HPA + i * SZ_4K);
	}
}

/* ------------------------------------------------------------------ replace */

struct replacement {
	const char *name;
	u64 old, new;
	bool move;
	bool flush;
};

static const struct replacement replacements[] = {
	{ "the same", EPT_RWX, EPT_RWX, false, false },
	{ "W added", EPT_R, RW, false, false },
	{ "X added", RW, EPT_RWX, false, false },
	{ "W removed", EPT_RWX, EPT_R | EPT_X, false, true },
	{ "X removed", EPT_RWX, RW, false, true },
	{ "W for X", RW, EPT_R | EPT_X, false, true },
	{ "another page", EPT_R, EPT_R, true, true },
	{ "another page, W added", EPT_R, RW, true, true },
};

static void replacement_name(const struct replacement *replacement, char *text)
{
	strscpy(text, replacement->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(replacement, replacements, replacement_name);

static void map_replaces(struct kunit *test)
{
	const struct replacement *r = test->param_value;

	for (int level = EPT_4K; level <= EPT_2M; level++) {
		struct ept_change change = {};
		u64 hpa = r->move ? HPA_2M + SZ_2M : HPA_2M;

		must_map(test, &t, SZ_1G, HPA_2M, level, r->old, &change);
		KUNIT_EXPECT_FALSE(test, change.flush);
		must_map(test, &t, SZ_1G, hpa, level, r->new, &change);
		KUNIT_EXPECT_EQ(test, change.flush, r->flush);
		KUNIT_EXPECT_NULL(test, change.retired);
		expect_mapped(test, SZ_1G, hpa, r->new, level);
		ept_unmap(&t, SZ_1G, SZ_2M, &change);
	}
}

/* -------------------------------------------------------- protect and unmap */

static void protect_lowers_a_range(struct kunit *test)
{
	struct ept_change change = {};

	/* Across two tables, all with RWX but one page that lacks X */
	for (u64 gpa = SZ_2M - 4 * SZ_4K; gpa < SZ_2M + 4 * SZ_4K; gpa += SZ_4K)
		must_map(test, &t, gpa, HPA + gpa, EPT_4K, gpa == SZ_2M ? RW : EPT_RWX, &change);
	ept_protect(&t, SZ_2M - 2 * SZ_4K, 4 * SZ_4K, EPT_R | EPT_X, &change);
	KUNIT_EXPECT_TRUE(test, change.flush);
	KUNIT_EXPECT_EQ(test, fake_pages.retired_count, 0u);
	for (u64 gpa = SZ_2M - 4 * SZ_4K; gpa < SZ_2M + 4 * SZ_4K; gpa += SZ_4K) {
		bool in = gpa >= SZ_2M - 2 * SZ_4K && gpa < SZ_2M + 2 * SZ_4K;
		/* Only lowers: what lacked X does not get it. */
		u64 perm = !in ? EPT_RWX : gpa == SZ_2M ? EPT_R : EPT_R | EPT_X;

		expect_mapped(test, gpa, HPA + gpa, perm, EPT_4K);
	}
	expect_sound(test, &t);

	/* What is low enough needs no flush. */
	change = (struct ept_change){};
	ept_protect(&t, SZ_2M - 2 * SZ_4K, 4 * SZ_4K, EPT_R | EPT_X, &change);
	ept_protect(&t, 0, SZ_1G, EPT_RWX, &change);
	ept_protect(&t, SZ_1G, SZ_1G, EPT_R, &change);
	KUNIT_EXPECT_FALSE(test, change.flush);
}

static void protect_lowers_a_large_page(struct kunit *test)
{
	struct ept_change change = {};

	must_map(test, &t, 0, HPA_2M, EPT_2M, EPT_RWX, &change);
	must_map(test, &t, SZ_2M, HPA_2M, EPT_2M, EPT_RWX, &change);
	ept_protect(&t, 0x5000, SZ_4K, EPT_R, &change);
	KUNIT_EXPECT_TRUE(test, change.flush);
	expect_mapped(test, 0, HPA_2M, EPT_R, EPT_2M);
	expect_mapped(test, SZ_2M, HPA_2M, EPT_RWX, EPT_2M);
}

/* An entry that W or X alone would make is none that a CPU accepts here. */
static void protect_without_read_unmaps(struct kunit *test)
{
	static const u64 perms[] = { 0, EPT_W, EPT_X, EPT_W | EPT_X };
	struct ept_change change = {};

	for (unsigned int i = 0; i < ARRAY_SIZE(perms); i++) {
		must_map(test, &t, 0, HPA, EPT_4K, EPT_RWX, &change);
		must_map(test, &t, SZ_4K, HPA, EPT_4K, EPT_RWX, &change);
		ept_protect(&t, 0, SZ_4K, perms[i], &change);
		expect_hole(test, 0, 1);
		expect_mapped(test, SZ_4K, HPA, EPT_RWX, EPT_4K);
	}
}

static void unmap_bounds(struct kunit *test)
{
	struct ept_change change = {};

	for (u64 gpa = 0; gpa < 8 * SZ_4K; gpa += SZ_4K)
		must_map(test, &t, gpa, HPA + gpa, EPT_4K, EPT_RWX, &change);
	ept_unmap(&t, 2 * SZ_4K, 0, &change);
	KUNIT_EXPECT_FALSE(test, change.flush);
	ept_unmap(&t, 2 * SZ_4K, 3 * SZ_4K, &change);
	KUNIT_EXPECT_TRUE(test, change.flush);
	for (u64 gpa = 0; gpa < 8 * SZ_4K; gpa += SZ_4K) {
		if (gpa >= 2 * SZ_4K && gpa < 5 * SZ_4K)
			expect_hole(test, gpa, 1);
		else
			expect_mapped(test, gpa, HPA + gpa, EPT_RWX, EPT_4K);
	}
	KUNIT_EXPECT_EQ(test, fake_pages.retired_count, 0u);

	change = (struct ept_change){};
	ept_unmap(&t, 2 * SZ_4K, 3 * SZ_4K, &change);
	ept_unmap(&t, SZ_2M, SZ_1G, &change);
	KUNIT_EXPECT_FALSE(test, change.flush);
}

static void unmap_takes_large_pages_whole(struct kunit *test)
{
	struct ept_change change = {};

	for (u64 gpa = 0; gpa < 4 * SZ_2M; gpa += SZ_2M)
		must_map(test, &t, gpa, HPA_2M + gpa, EPT_2M, EPT_RWX, &change);
	/* The last page of the second to the first page of the third */
	ept_unmap(&t, 2 * SZ_2M - SZ_4K, 2 * SZ_4K, &change);
	KUNIT_EXPECT_TRUE(test, change.flush);
	expect_mapped(test, 0, HPA_2M, EPT_RWX, EPT_2M);
	expect_hole(test, SZ_2M, 2);
	expect_hole(test, 2 * SZ_2M, 2);
	expect_mapped(test, 3 * SZ_2M, HPA_2M + 3 * SZ_2M, EPT_RWX, EPT_2M);
	expect_sound(test, &t);
}

/* Tables that are empty go, those above that still lead somewhere stay. */
static void unmap_retires_empty_tables(struct kunit *test)
{
	struct ept_change change = {};

	must_map(test, &t, 0, HPA, EPT_4K, EPT_RWX, &change);
	must_map(test, &t, SZ_2M, HPA, EPT_4K, EPT_RWX, &change);
	must_map(test, &t, SZ_1G, HPA, EPT_4K, EPT_RWX, &change);
	KUNIT_EXPECT_EQ(test, t.tables, 7ul);
	ept_unmap(&t, 0, SZ_4K, &change);
	KUNIT_EXPECT_EQ(test, t.tables, 6ul);
	expect_hole(test, 0, 2);
	ept_unmap(&t, SZ_2M, SZ_2M, &change);
	KUNIT_EXPECT_EQ(test, t.tables, 4ul);
	expect_hole(test, SZ_2M, 3);
	expect_sound(test, &t);
	ept_unmap(&t, 0, EPT_GPA_END, &change);
	KUNIT_EXPECT_EQ(test, t.tables, 1ul);
	expect_sound(test, &t);
	KUNIT_EXPECT_EQ(test, fake_pages.retired_count, 6u);
}

/* A whole table is unlinked above it: what it says stays for who is in it. */
static void unmap_unlinks_whole_tables(struct kunit *test)
{
	struct ept_change change = {};
	u64 *small;

	must_map(test, &t, 0x3000, HPA, EPT_4K, EPT_RWX, &change);
	must_map(test, &t, SZ_2M, HPA_2M, EPT_2M, EPT_RWX, &change);
	ept_unmap(&t, 0, SZ_2M, &change);
	KUNIT_ASSERT_EQ(test, fake_pages.retired_count, 1u);
	small = fake_pages.retired[0];
	KUNIT_EXPECT_EQ(test, small[3] & ~0xfffull, HPA);
	expect_hole(test, 0x3000, 2);
	expect_mapped(test, SZ_2M, HPA_2M, EPT_RWX, EPT_2M);
}

/* --------------------------------------------------------------------- lists */

static void leaves_in_order(struct kunit *test)
{
	static const struct { u64 gpa; int level; } leaves[] = {
		{ 0, EPT_4K }, { 0x3000, EPT_4K }, { SZ_2M, EPT_2M }, { 3 * SZ_2M, EPT_4K },
		{ SZ_1G, EPT_2M }, { SZ_1G * 600ull, EPT_4K }, { EPT_GPA_END - SZ_4K, EPT_4K },
	};
	struct ept_change change = {};
	struct ept_leaf leaf;
	unsigned int i = 0;

	KUNIT_EXPECT_FALSE(test, ept_next(&t, 0, EPT_GPA_END, &leaf));
	for (i = 0; i < ARRAY_SIZE(leaves); i++)
		must_map(test, &t, leaves[i].gpa, HPA_2M + i * SZ_2M, leaves[i].level, EPT_R, &change);

	i = 0;
	ept_for_each_leaf(&t, &leaf, 0, ~0ull) {
		KUNIT_ASSERT_LT(test, i, (unsigned int)ARRAY_SIZE(leaves));
		KUNIT_EXPECT_EQ(test, leaf.gpa, leaves[i].gpa);
		KUNIT_EXPECT_EQ(test, leaf.hpa, HPA_2M + i * SZ_2M);
		KUNIT_EXPECT_EQ(test, leaf.level, leaves[i].level);
		KUNIT_EXPECT_EQ(test, leaf.perm, EPT_R);
		i++;
	}
	KUNIT_EXPECT_EQ(test, i, (unsigned int)ARRAY_SIZE(leaves));

	/* A leaf that the range only touches counts, one at its end does not. */
	KUNIT_EXPECT_TRUE(test, ept_next(&t, 2 * SZ_2M - 1, 2 * SZ_2M, &leaf));
	KUNIT_EXPECT_EQ(test, leaf.gpa, (u64)SZ_2M);
	KUNIT_EXPECT_FALSE(test, ept_next(&t, 2 * SZ_2M, 3 * SZ_2M, &leaf));
	KUNIT_EXPECT_TRUE(test, ept_next(&t, 2 * SZ_2M, 3 * SZ_2M + 1, &leaf));
	KUNIT_EXPECT_EQ(test, leaf.gpa, 3ull * SZ_2M);
	KUNIT_EXPECT_FALSE(test, ept_next(&t, 0x1000, 0x1000, &leaf));

	/* The body may change what it stands on. */
	i = 0;
	ept_for_each_leaf(&t, &leaf, 0, EPT_GPA_END) {
		ept_unmap(&t, leaf.gpa, SZ_4K, &change);
		i++;
	}
	KUNIT_EXPECT_EQ(test, i, (unsigned int)ARRAY_SIZE(leaves));
	KUNIT_EXPECT_EQ(test, t.tables, 1ul);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(map_and_unmap, place_gen_params),
	KUNIT_CASE(level_of_a_hole),
	KUNIT_CASE(beyond_the_end),
	KUNIT_CASE_PARAM(map_refuses, refusal_gen_params),
	KUNIT_CASE(no_memory_for_the_top),
	KUNIT_CASE(no_memory_for_the_cache),
	KUNIT_CASE(cache_too_short),
	KUNIT_CASE(split_keeps_the_effect),
	KUNIT_CASE(small_page_in_a_large_one),
	KUNIT_CASE(large_page_over_small_ones),
	KUNIT_CASE_PARAM(map_replaces, replacement_gen_params),
	KUNIT_CASE(protect_lowers_a_range),
	KUNIT_CASE(protect_lowers_a_large_page),
	KUNIT_CASE(protect_without_read_unmaps),
	KUNIT_CASE(unmap_bounds),
	KUNIT_CASE(unmap_takes_large_pages_whole),
	KUNIT_CASE(unmap_retires_empty_tables),
	KUNIT_CASE(unmap_unlinks_whole_tables),
	KUNIT_CASE(leaves_in_order),
	{}
};

static struct kunit_suite suite = {
	.name = "ward_ept_table",
	.init = table_init,
	.exit = table_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
