// SPDX-License-Identifier: GPL-2.0-only
/*
 * fake_ept.c - see fake_ept.h.
 */
#include <linux/gfp.h>
#include <linux/io.h>
#include "fake_ept.h"

struct fake_pages fake_pages;

void fake_pages_reset(void)
{
	fake_pages = (struct fake_pages){ .fail_in = -1 };
}

static void *fake_alloc(void)
{
	void *page;

	if (!fake_pages.fail_in)
		return NULL;
	if (fake_pages.fail_in > 0)
		fake_pages.fail_in--;
	page = (void *)get_zeroed_page(GFP_KERNEL);
	if (page)
		fake_pages.live++;
	return page;
}

static void fake_free(void *page)
{
	free_page((unsigned long)page);
	fake_pages.live--;
}

/* @list only has to change, so that its users can be seen to pass it on. */
static void fake_retire(void **list, void *page)
{
	if (fake_pages.retired_count < FAKE_RETIRED)
		fake_pages.retired[fake_pages.retired_count++] = page;
	*list = page;
}

void fake_pages_flushed(void)
{
	for (unsigned int i = 0; i < fake_pages.retired_count; i++)
		fake_free(fake_pages.retired[i]);
	fake_pages.retired_count = 0;
}

static u64 fake_to_hpa(const void *page)
{
	return virt_to_phys((void *)page);
}

static void *fake_to_virt(u64 hpa)
{
	return phys_to_virt(hpa);
}

const struct ept_ops fake_ops = {
	.alloc = fake_alloc,
	.free = fake_free,
	.retire = fake_retire,
	.to_hpa = fake_to_hpa,
	.to_virt = fake_to_virt,
};

/* ------------------------------------------------------------- the CPU's walk */

#define ADDRESS(entry)	((entry) & 0x000ffffffffff000ull)

struct cpu_walk cpu_walk(const u64 *top, u64 gpa)
{
	struct cpu_walk walk = { .perm = 7 };
	const u64 *table = top;
	int shift;

	for (shift = 39; ; shift -= 9) {
		u64 entry = table[gpa >> shift & 511];
		u64 offset = (1ull << shift) - 1;

		if (!(entry & 7))
			return (struct cpu_walk){};
		walk.perm &= entry & 7;
		if (shift == 12 || (entry & 0x80)) {
			walk.level = (shift - 12) / 9 + 1;
			walk.hpa = (ADDRESS(entry) & ~offset) | (gpa & offset);
			return walk;
		}
		table = phys_to_virt(ADDRESS(entry));
	}
}

/* Bits 51:12, by what is aligned how, and what is reserved or must be chosen. */
static void expect_entry(struct kunit *test, u64 entry, int level)
{
	u64 span = 1ull << (12 + 9 * (level - 1));

	KUNIT_EXPECT_TRUE_MSG(test, entry & 1, "level %d entry 0x%llx: not readable", level, entry);
	KUNIT_EXPECT_EQ_MSG(test, entry >> 52, 0ull, "level %d entry 0x%llx", level, entry);
	if (level == 1 || (entry & 0x80)) {
		KUNIT_EXPECT_LE_MSG(test, level, 2, "entry 0x%llx: a leaf of level %d", entry, level);
		KUNIT_EXPECT_EQ_MSG(test, entry & 0x78, 0x70ull,
				    "entry 0x%llx: not write-back by the EPT alone", entry);
		KUNIT_EXPECT_EQ_MSG(test, ADDRESS(entry) & (span - 1), 0ull,
				    "entry 0x%llx: reserved address bits of level %d", entry, level);
		KUNIT_EXPECT_EQ(test, entry & 0xf00, 0ull);
	} else {
		KUNIT_EXPECT_EQ_MSG(test, entry & 0xfff, 7ull,
				    "level %d entry 0x%llx to a table", level, entry);
	}
}

static unsigned long check_table(struct kunit *test, const u64 *table, int level)
{
	unsigned long tables = 1;
	unsigned int used = 0;

	for (unsigned int i = 0; i < 512; i++) {
		if (!table[i])
			continue;
		used++;
		expect_entry(test, table[i], level);
		if (level > 1 && !(table[i] & 0x80))
			tables += check_table(test, phys_to_virt(ADDRESS(table[i])), level - 1);
	}
	if (level < 4)
		KUNIT_EXPECT_GT_MSG(test, used, 0u, "an empty table of level %d", level);
	return tables;
}

void expect_sound(struct kunit *test, const struct ept_table *t)
{
	KUNIT_EXPECT_EQ(test, check_table(test, t->top, 4), t->tables);
}

void must_map(struct kunit *test, struct ept_table *t, u64 gpa, u64 hpa, int level, u64 perm,
	      struct ept_change *change)
{
	struct ept_cache cache = {};

	KUNIT_ASSERT_EQ(test, ept_cache_fill(&cache, &fake_ops), 0);
	KUNIT_ASSERT_EQ(test, ept_map(t, &cache, gpa, hpa, level, perm, change), 0);
	ept_cache_drain(&cache, &fake_ops);
}
