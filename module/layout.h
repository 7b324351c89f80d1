/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * layout.h - a memory map at one generation, and how the next one is made of it.
 *
 * Pure: no locks, no allocation, nothing of the host. Of a region only its
 * place (gpa, bytes) is looked at. Who publishes a layout, and when, is
 * memory.c's.
 */
#ifndef WARD_LAYOUT_H
#define WARD_LAYOUT_H

#include <linux/types.h>

struct ept_change;
struct ept_table;
struct ward_map_op;
struct ward_region;

#define WARD_MAX_REGIONS	512
/* Guest-physical addresses end here: a 4-level EPT translates one bit more. */
#define WARD_GPA_END		(1ull << 47)

/* One region as the map has it. */
struct ward_layout_entry {
	struct ward_region *region;
	u32 prot;
};

/**
 * struct ward_layout - the map at one generation; constant once published
 * @bytes: sum of the regions
 * @entries: by rising gpa, without overlap; each holds a reference
 */
struct ward_layout {
	struct rcu_head rcu;
	u64 generation;
	u64 bytes;
	u32 count;
	struct ward_layout_entry entries[];
};

/**
 * ward_layout_check - is an operation possible, looked at alone?
 * Return: 0 or -EINVAL.
 */
int ward_layout_check(const struct ward_map_op *op);

/* Index of the first entry that ends after @gpa; layout->count if none does. */
u32 ward_layout_find(const struct ward_layout *layout, u64 gpa);

/* The entry of @region, or NULL. */
const struct ward_layout_entry *ward_layout_entry_of(const struct ward_layout *layout,
						     const struct ward_region *region);

/**
 * ward_layout_fits - can a region be added there?
 * Return: 0, -EEXIST the range is taken, -ENOSPC there are WARD_MAX_REGIONS.
 */
int ward_layout_fits(const struct ward_layout *layout, u64 gpa, u64 bytes);

/* Add a region that ward_layout_fits(). @layout has room for one more entry. */
void ward_layout_add(struct ward_layout *layout, struct ward_region *region, u32 prot);

/**
 * ward_layout_change - carry out a WARD_MAP_REMOVE or WARD_MAP_PROTECT
 * Return: 0, -ENOENT no region has exactly that range.
 */
int ward_layout_change(struct ward_layout *layout, const struct ward_map_op *op);

/**
 * struct ward_layout_place - how far ward_layout_lower() got; starts as zero
 * @index: entry of the old layout
 * @done: bytes of it
 */
struct ward_layout_place {
	u32 index;
	u64 done;
};

/**
 * ward_layout_lower - take out of @table what @next lacks of @old, a step of it
 * @place: where to go on; zero for the first step
 *
 * A step ends at a multiple of 1 GiB: the table's lock can be let go after it.
 * Regions are the same where their struct is: one that was removed and one
 * that was added at its place have different memory behind them.
 * Return: whether there is more to do.
 */
bool ward_layout_lower(struct ept_table *table, const struct ward_layout *old,
		       const struct ward_layout *next, struct ward_layout_place *place,
		       struct ept_change *change);

#endif /* WARD_LAYOUT_H */
