// SPDX-License-Identifier: GPL-2.0-only
/*
 * layout_test.c - the sorted array of regions: which operations are possible,
 * add, remove, protect, and what an EPT loses with them.
 */
#include <kunit/test.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include "fake_ept.h"
#include "module/layout.h"
#include "module/region.h"
#include "ward.h"

#define R	WARD_PROT_READ
#define RW	(WARD_PROT_READ | WARD_PROT_WRITE)
#define RWX	WARD_PROT_ALL

static struct ward_region regions[WARD_MAX_REGIONS + 1];

/* Room for all, and one to see what lies behind the last. */
static struct {
	struct ward_layout layout;
	struct ward_layout_entry entries[WARD_MAX_REGIONS + 1];
} old_room, next_room;

static struct ward_layout * const old = &old_room.layout, * const next = &next_room.layout;

static int layout_init(struct kunit *test)
{
	memset(regions, 0, sizeof(regions));
	memset(&old_room, 0, sizeof(old_room));
	memset(&next_room, 0, sizeof(next_room));
	fake_pages_reset();
	return 0;
}

static struct ward_region *region(unsigned int i, u64 gpa, u64 bytes)
{
	regions[i].gpa = gpa;
	regions[i].bytes = bytes;
	return &regions[i];
}

/* --------------------------------------------------------- one operation alone */

struct check {
	const char *name;
	int result;
	struct ward_map_op op;
};

#define ADD(...)	{ .op = WARD_MAP_ADD, .bytes = SZ_4K, .prot = RWX, .fd = -1, \
			  .source = WARD_MAP_FROM_ADDRESS, .origin = SZ_2M, __VA_ARGS__ }
#define REMOVE(...)	{ .op = WARD_MAP_REMOVE, .bytes = SZ_4K, .fd = -1, __VA_ARGS__ }
#define PROTECT(...)	{ .op = WARD_MAP_PROTECT, .bytes = SZ_4K, .prot = R, .fd = -1, __VA_ARGS__ }
#define FROM_FD		.source = WARD_MAP_FROM_FD

static const struct check checks[] = {
	{ "add", 0, ADD() },
	{ "add at the end", 0, ADD(.gpa = WARD_GPA_END - SZ_4K) },
	{ "add all there is", 0, ADD(.bytes = WARD_GPA_END) },
	{ "add read-only", 0, ADD(.prot = R) },
	{ "add with descriptor 0", 0, ADD(.fd = 0) },
	{ "add of a file", 0, ADD(FROM_FD, .fd = 3) },
	{ "add of a file at its begin", 0, ADD(FROM_FD, .fd = 3, .origin = 0) },
	{ "remove", 0, REMOVE() },
	{ "protect", 0, PROTECT() },
	{ "protect to everything", 0, PROTECT(.prot = RWX) },
	{ "unknown operation", -EINVAL, { .op = 77, .bytes = SZ_4K, .prot = R } },
	{ "reserved field", -EINVAL, ADD(.reserved = 1) },
	{ "unknown permission", -EINVAL, ADD(.prot = RWX | 8) },
	{ "no byte", -EINVAL, ADD(.bytes = 0) },
	{ "part of a page", -EINVAL, ADD(.bytes = SZ_4K + 1) },
	{ "inside a page", -EINVAL, ADD(.gpa = 0x800) },
	{ "at the end", -EINVAL, ADD(.gpa = WARD_GPA_END) },
	{ "behind the end", -EINVAL, ADD(.gpa = WARD_GPA_END + SZ_4K) },
	{ "over the end", -EINVAL, ADD(.gpa = WARD_GPA_END - SZ_4K, .bytes = 2 * SZ_4K) },
	{ "size that wraps", -EINVAL, REMOVE(.gpa = SZ_4K, .bytes = -(u64)SZ_4K) },
	{ "add without read", -EINVAL, ADD(.prot = WARD_PROT_WRITE | WARD_PROT_EXEC) },
	{ "add without anything", -EINVAL, ADD(.prot = 0) },
	{ "address inside a page", -EINVAL, ADD(.origin = SZ_2M + 1) },
	{ "address that wraps", -EINVAL, ADD(.origin = -(u64)SZ_4K, .bytes = 2 * SZ_4K) },
	{ "file offset inside a page", -EINVAL, ADD(FROM_FD, .fd = 3, .origin = 1) },
	{ "unknown source", -EINVAL, ADD(.source = 9) },
	{ "address with a descriptor", -EINVAL, ADD(.fd = 3) },
	{ "remove with permissions", -EINVAL, REMOVE(.prot = R) },
	{ "remove with a source", -EINVAL, REMOVE(FROM_FD) },
	{ "remove with an address", -EINVAL, REMOVE(.origin = SZ_4K) },
	{ "remove with a descriptor", -EINVAL, REMOVE(.fd = 3) },
	{ "remove behind the end", -EINVAL, REMOVE(.gpa = WARD_GPA_END) },
	{ "protect without read", -EINVAL, PROTECT(.prot = WARD_PROT_WRITE) },
	{ "protect with a source", -EINVAL, PROTECT(FROM_FD) },
};

static void check_name(const struct check *check, char *text)
{
	strscpy(text, check->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(check, checks, check_name);

static void one_operation(struct kunit *test)
{
	const struct check *check = test->param_value;

	KUNIT_EXPECT_EQ(test, ward_layout_check(&check->op), check->result);
}

/* ------------------------------------------------------------------- the array */

static void expect_sorted(struct kunit *test, const struct ward_layout *layout)
{
	u64 end = 0, bytes = 0;

	for (u32 i = 0; i < layout->count; i++) {
		const struct ward_region *at = layout->entries[i].region;

		KUNIT_ASSERT_NOT_NULL(test, at);
		KUNIT_EXPECT_LE_MSG(test, end, at->gpa, "entry %u", i);
		end = at->gpa + at->bytes;
		bytes += at->bytes;
	}
	KUNIT_EXPECT_EQ(test, layout->bytes, bytes);
}

static void find(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, ward_layout_find(old, 0), 0u);
	/* Pages 1, 3 to 4, and 5 to 6 */
	ward_layout_add(old, region(1, 3 * SZ_4K, 2 * SZ_4K), RWX);
	ward_layout_add(old, region(2, 5 * SZ_4K, 2 * SZ_4K), R);
	ward_layout_add(old, region(0, SZ_4K, SZ_4K), RW);
	expect_sorted(test, old);

	KUNIT_EXPECT_EQ(test, ward_layout_find(old, 0), 0u);
	KUNIT_EXPECT_EQ(test, ward_layout_find(old, SZ_4K), 0u);
	KUNIT_EXPECT_EQ(test, ward_layout_find(old, 2 * SZ_4K - 1), 0u);
	KUNIT_EXPECT_EQ(test, ward_layout_find(old, 2 * SZ_4K), 1u);
	KUNIT_EXPECT_EQ(test, ward_layout_find(old, 3 * SZ_4K), 1u);
	KUNIT_EXPECT_EQ(test, ward_layout_find(old, 5 * SZ_4K - 1), 1u);
	KUNIT_EXPECT_EQ(test, ward_layout_find(old, 5 * SZ_4K), 2u);
	KUNIT_EXPECT_EQ(test, ward_layout_find(old, 7 * SZ_4K - 1), 2u);
	KUNIT_EXPECT_EQ(test, ward_layout_find(old, 7 * SZ_4K), 3u);
	KUNIT_EXPECT_EQ(test, ward_layout_find(old, ~0ull), 3u);

	for (u32 i = 0; i < 3; i++)
		KUNIT_EXPECT_PTR_EQ(test, ward_layout_entry_of(old, &regions[i]), &old->entries[i]);
	KUNIT_EXPECT_EQ(test, old->entries[0].prot, (u32)RW);
	KUNIT_EXPECT_EQ(test, old->entries[1].prot, (u32)RWX);
	KUNIT_EXPECT_EQ(test, old->entries[2].prot, (u32)R);
	/* The same range, but another region */
	KUNIT_EXPECT_NULL(test, ward_layout_entry_of(old, region(3, SZ_4K, SZ_4K)));
	KUNIT_EXPECT_NULL(test, ward_layout_entry_of(old, region(4, 8 * SZ_4K, SZ_4K)));
}

struct fit {
	const char *name;
	u64 page, pages;
	int result;
};

/* Pages 4 to 7 and 12 to 15 are taken. */
static const struct fit fits[] = {
	{ "before all", 0, 4, 0 },
	{ "one page into the first", 0, 5, -EEXIST },
	{ "at its begin", 4, 1, -EEXIST },
	{ "inside it", 5, 1, -EEXIST },
	{ "over its end", 7, 2, -EEXIST },
	{ "the gap, in full", 8, 4, 0 },
	{ "the gap and one page more", 8, 5, -EEXIST },
	{ "one page of the gap", 9, 1, 0 },
	{ "around both", 0, 32, -EEXIST },
	{ "at the end of the last", 16, 1, 0 },
	{ "the last page of it", 15, 1, -EEXIST },
};

static void fit_name(const struct fit *fit, char *text)
{
	strscpy(text, fit->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(fit, fits, fit_name);

static void overlap(struct kunit *test)
{
	const struct fit *fit = test->param_value;

	ward_layout_add(old, region(0, 4 * SZ_4K, 4 * SZ_4K), RWX);
	ward_layout_add(old, region(1, 12 * SZ_4K, 4 * SZ_4K), RWX);
	KUNIT_EXPECT_EQ(test, ward_layout_fits(old, fit->page * SZ_4K, fit->pages * SZ_4K), fit->result);
}

static void full(struct kunit *test)
{
	/* From both ends, so that entries move */
	for (unsigned int i = 0; i < WARD_MAX_REGIONS; i++) {
		u64 page = i % 2 ? WARD_MAX_REGIONS * 2 - i : i;

		KUNIT_ASSERT_EQ(test, ward_layout_fits(old, page * SZ_4K, SZ_4K), 0);
		ward_layout_add(old, region(i, page * SZ_4K, SZ_4K), R);
	}
	expect_sorted(test, old);
	KUNIT_EXPECT_EQ(test, old->count, (u32)WARD_MAX_REGIONS);
	KUNIT_EXPECT_NULL(test, old_room.entries[WARD_MAX_REGIONS].region);
	KUNIT_EXPECT_EQ(test, ward_layout_fits(old, SZ_1G, SZ_4K), -ENOSPC);
	/* What is taken as well says so first. */
	KUNIT_EXPECT_EQ(test, ward_layout_fits(old, 0, SZ_4K), -EEXIST);
	for (unsigned int i = 0; i < WARD_MAX_REGIONS; i++)
		KUNIT_EXPECT_NOT_NULL(test, ward_layout_entry_of(old, &regions[i]));
}

static int change(u32 what, u64 gpa, u64 bytes, u32 prot)
{
	const struct ward_map_op op = { .op = what, .gpa = gpa, .bytes = bytes, .prot = prot };

	return ward_layout_change(old, &op);
}

static void remove_and_protect(struct kunit *test)
{
	for (unsigned int i = 0; i < 4; i++)
		ward_layout_add(old, region(i, i * 4 * SZ_4K, 2 * SZ_4K), RWX);

	KUNIT_EXPECT_EQ(test, change(WARD_MAP_PROTECT, 4 * SZ_4K, 2 * SZ_4K, R), 0);
	KUNIT_EXPECT_EQ(test, old->entries[1].prot, (u32)R);
	KUNIT_EXPECT_EQ(test, old->entries[0].prot, (u32)RWX);
	KUNIT_EXPECT_EQ(test, old->entries[2].prot, (u32)RWX);
	KUNIT_EXPECT_EQ(test, old->count, 4u);

	/* Not exactly a region: nothing happens. */
	KUNIT_EXPECT_EQ(test, change(WARD_MAP_REMOVE, 4 * SZ_4K, SZ_4K, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, change(WARD_MAP_REMOVE, 5 * SZ_4K, SZ_4K, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, change(WARD_MAP_REMOVE, 3 * SZ_4K, 3 * SZ_4K, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, change(WARD_MAP_REMOVE, 6 * SZ_4K, 2 * SZ_4K, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, change(WARD_MAP_REMOVE, SZ_1G, 2 * SZ_4K, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, change(WARD_MAP_PROTECT, 4 * SZ_4K, 4 * SZ_4K, RW), -ENOENT);
	KUNIT_EXPECT_EQ(test, old->count, 4u);
	KUNIT_EXPECT_EQ(test, old->entries[1].prot, (u32)R);

	/* The first, one in the middle, the last */
	KUNIT_EXPECT_EQ(test, change(WARD_MAP_REMOVE, 0, 2 * SZ_4K, 0), 0);
	expect_sorted(test, old);
	KUNIT_EXPECT_EQ(test, change(WARD_MAP_REMOVE, 8 * SZ_4K, 2 * SZ_4K, 0), 0);
	expect_sorted(test, old);
	KUNIT_EXPECT_EQ(test, old->count, 2u);
	KUNIT_EXPECT_PTR_EQ(test, old->entries[0].region, &regions[1]);
	KUNIT_EXPECT_EQ(test, old->entries[0].prot, (u32)R);
	KUNIT_EXPECT_PTR_EQ(test, old->entries[1].region, &regions[3]);
	KUNIT_EXPECT_EQ(test, change(WARD_MAP_REMOVE, 12 * SZ_4K, 2 * SZ_4K, 0), 0);
	KUNIT_EXPECT_EQ(test, change(WARD_MAP_REMOVE, 4 * SZ_4K, 2 * SZ_4K, 0), 0);
	KUNIT_EXPECT_EQ(test, old->count, 0u);
	KUNIT_EXPECT_EQ(test, old->bytes, 0ull);
}

/* -------------------------------------------------------------------- the EPT */

static u64 perm_at(const struct ept_table *table, u64 gpa)
{
	return cpu_walk(table->top, gpa).perm * !!cpu_walk(table->top, gpa).level;
}

/* All steps. Return: how many took something. */
static unsigned int lower_all(struct ept_table *table, struct ept_change *done)
{
	struct ward_layout_place place = {};
	unsigned int steps = 0;

	while (ward_layout_lower(table, old, next, &place, done))
		steps++;
	return steps;
}

/* Region i is at 8 i pages, 4 pages long; of each, all pages are mapped RWX. */
static void lower(struct kunit *test)
{
	enum { KEPT, RAISED, LOWERED, REMOVED, REPLACED, SHRUNK, COUNT };
	static const u64 wanted[COUNT] = { RWX, RWX, R, 0, 0, 0 };
	struct ept_change done = {};
	struct ept_table table;

	KUNIT_ASSERT_EQ(test, ept_table_init(&table, &fake_ops), 0);
	for (unsigned int i = 0; i < COUNT; i++) {
		u64 gpa = i * 8ull * SZ_4K;

		ward_layout_add(old, region(i, gpa, 4 * SZ_4K), i == RAISED ? R : RWX);
		for (unsigned int page = 0; page < 4; page++)
			must_map(test, &table, gpa + page * SZ_4K, SZ_1G, EPT_4K, RWX, &done);
	}
	/* Neighbours that belong to nobody */
	must_map(test, &table, 4 * SZ_4K, SZ_1G, EPT_4K, RWX, &done);
	must_map(test, &table, (LOWERED * 8 - 1) * SZ_4K, SZ_1G, EPT_4K, RWX, &done);
	KUNIT_ASSERT_FALSE(test, done.flush);

	ward_layout_add(next, &regions[KEPT], RWX);
	ward_layout_add(next, &regions[RAISED], RWX);
	ward_layout_add(next, &regions[LOWERED], R);
	/* Same range, other memory; and a smaller one in its place */
	ward_layout_add(next, region(COUNT, REPLACED * 8 * SZ_4K, 4 * SZ_4K), RWX);
	ward_layout_add(next, region(COUNT + 1, SHRUNK * 8 * SZ_4K, SZ_4K), RWX);

	KUNIT_EXPECT_EQ(test, lower_all(&table, &done), 4u);
	KUNIT_EXPECT_TRUE(test, done.flush);
	for (unsigned int i = 0; i < COUNT; i++)
		for (unsigned int page = 0; page < 4; page++)
			KUNIT_EXPECT_EQ_MSG(test, perm_at(&table, (i * 8 + page) * SZ_4K), wanted[i],
					    "region %u page %u", i, page);
	KUNIT_EXPECT_EQ(test, perm_at(&table, 4 * SZ_4K), (u64)RWX);
	KUNIT_EXPECT_EQ(test, perm_at(&table, (LOWERED * 8 - 1) * SZ_4K), (u64)RWX);

	/* The same layout again takes nothing away. */
	done = (struct ept_change){};
	old_room = next_room;
	KUNIT_EXPECT_EQ(test, lower_all(&table, &done), 0u);
	KUNIT_EXPECT_FALSE(test, done.flush);

	ept_table_destroy(&table);
	fake_pages_flushed();
	KUNIT_EXPECT_EQ(test, fake_pages.live, 0);
}

/* A step ends at a multiple of 1 GiB, and the next goes on there. */
static void lower_in_steps(struct kunit *test)
{
	static const u64 inside[] = { SZ_1G - SZ_4K, SZ_1G, 2ull * SZ_1G - SZ_4K, 3ull * SZ_1G };
	u64 begin = SZ_1G - 4 * SZ_4K, bytes = 2ull * SZ_1G + 8 * SZ_4K;
	struct ward_layout_place place = {};
	struct ept_change done = {};
	struct ept_table table;

	KUNIT_ASSERT_EQ(test, ept_table_init(&table, &fake_ops), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(inside); i++)
		must_map(test, &table, inside[i], SZ_1G, EPT_4K, RWX, &done);
	ward_layout_add(old, region(0, begin, bytes), RWX);
	ward_layout_add(next, &regions[0], R);

	for (unsigned int step = 0; step < 4; step++) {
		u64 end = step < 3 ? (step + 1ull) * SZ_1G : begin + bytes;

		KUNIT_EXPECT_TRUE(test, ward_layout_lower(&table, old, next, &place, &done));
		for (unsigned int i = 0; i < ARRAY_SIZE(inside); i++)
			KUNIT_EXPECT_EQ_MSG(test, perm_at(&table, inside[i]),
					    (u64)(inside[i] < end ? R : RWX), "step %u, page %u", step, i);
	}
	KUNIT_EXPECT_FALSE(test, ward_layout_lower(&table, old, next, &place, &done));

	ept_table_destroy(&table);
	fake_pages_flushed();
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(one_operation, check_gen_params),
	KUNIT_CASE(find),
	KUNIT_CASE_PARAM(overlap, fit_gen_params),
	KUNIT_CASE(full),
	KUNIT_CASE(remove_and_protect),
	KUNIT_CASE(lower),
	KUNIT_CASE(lower_in_steps),
	{}
};

static struct kunit_suite suite = {
	.name = "ward_layout",
	.init = layout_init,
	.test_cases = cases,
};

kunit_test_suite(suite);
