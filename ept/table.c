// SPDX-License-Identifier: GPL-2.0-only
/*
 * table.c - EPT paging structures, see table.h.
 *
 * Responsible for what the entries say. Not for who may change them when, nor
 * for what CPUs have cached: that is root.c.
 *
 * Invariant: whatever instant a CPU walks the tables at, it finds either the
 * state before or after an operation on the page that it looks for. So every
 * entry is written by one store, and a table is complete before an entry
 * leads to it. x86 keeps stores in order; WRITE_ONCE() keeps the compiler from
 * tearing or moving them.
 */
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include "ept/table.h"

static bool is_present(u64 entry)
{
	/* W or X without R do not occur: ept_map() and ept_protect() see to it. */
	return entry & EPT_R;
}

static bool is_leaf(u64 entry, int level)
{
	return level == EPT_4K || (entry & EPT_LEAF);
}

static unsigned int index_of(u64 gpa, int level)
{
	return (gpa >> (12 + 9 * (level - 1))) & (EPT_ENTRIES - 1);
}

static u64 align_down(u64 gpa, int level)
{
	return gpa & ~(EPT_SPAN(level) - 1);
}

static u64 *table_below(const struct ept_table *t, u64 entry)
{
	return t->ops->to_virt(entry & EPT_ADDRESS);
}

static u64 link_to(const struct ept_table *t, const u64 *table)
{
	return t->ops->to_hpa(table) | EPT_RWX;
}

/*
 * RAM is write-back whatever the guest's PAT says: the host has the same page
 * mapped write-back, and the guest has no device behind it that would notice.
 */
static u64 make_leaf(u64 hpa, int level, u64 perm)
{
	return hpa | perm | (EPT_MEMTYPE_WB << EPT_MEMTYPE_SHIFT) | EPT_IGNORE_PAT |
	       (level > EPT_4K ? EPT_LEAF : 0);
}

/* The only store to an entry that a CPU can see. */
static void write_entry(struct ept_table *t, u64 *entry, int level, u64 new)
{
	u64 old = *entry;

	WRITE_ONCE(*entry, new);
	if (is_present(old) &&
	    (!is_leaf(old, level) || !is_leaf(new, level) || (old ^ new) & EPT_ADDRESS ||
	     old & ~new & EPT_RWX))
		t->generation++;
}

static bool is_empty(const u64 *table)
{
	for (unsigned int i = 0; i < EPT_ENTRIES; i++)
		if (table[i])
			return false;
	return true;
}

int ept_table_init(struct ept_table *t, const struct ept_ops *ops)
{
	t->ops = ops;
	t->top = ops->alloc();
	t->tables = 1;
	t->generation = 0;
	return t->top ? 0 : -ENOMEM;
}

static void free_tables(struct ept_table *t, u64 *table, int level)
{
	for (unsigned int i = 0; level > EPT_4K && i < EPT_ENTRIES; i++)
		if (is_present(table[i]) && !is_leaf(table[i], level))
			free_tables(t, table_below(t, table[i]), level - 1);
	t->ops->free(table);
}

void ept_table_destroy(struct ept_table *t)
{
	free_tables(t, t->top, EPT_LEVELS);
	t->top = NULL;
	t->tables = 0;
}

int ept_cache_fill(struct ept_cache *cache, const struct ept_ops *ops)
{
	while (cache->count < EPT_CACHE_PAGES) {
		void *page = ops->alloc();

		if (!page)
			return -ENOMEM;
		cache->pages[cache->count++] = page;
	}
	return 0;
}

void ept_cache_drain(struct ept_cache *cache, const struct ept_ops *ops)
{
	while (cache->count)
		ops->free(cache->pages[--cache->count]);
}

static u64 *take(struct ept_table *t, struct ept_cache *cache)
{
	t->tables++;
	return cache->pages[--cache->count];
}

/* @table of @level was just unlinked: retire it and all below it. */
static void retire(struct ept_table *t, u64 *table, int level, struct ept_change *change)
{
	/* Leaves need no look: a gigabyte goes by 512 entries, not 262144. */
	for (unsigned int i = 0; level > EPT_4K && i < EPT_ENTRIES; i++)
		if (is_present(table[i]) && !is_leaf(table[i], level))
			retire(t, table_below(t, table[i]), level - 1, change);
	t->ops->retire(&change->retired, table);
	t->tables--;
	/*
	 * Also for an empty table: paging-structure caches may lead to it, and
	 * its page is about to have another use.
	 */
	change->flush = true;
}

/* Replace the leaf @entry of @level by a table of leaves with the same effect. */
static void split(struct ept_table *t, struct ept_cache *cache, u64 *entry, int level,
		  struct ept_change *change)
{
	u64 *table = take(t, cache);
	u64 hpa = *entry & EPT_ADDRESS;
	u64 perm = *entry & EPT_RWX;

	for (unsigned int i = 0; i < EPT_ENTRIES; i++)
		table[i] = make_leaf(hpa + i * EPT_SPAN(level - 1), level - 1, perm);
	write_entry(t, entry, level, link_to(t, table));
	/* Else a later change of one small page would meet the cached large one. */
	change->flush = true;
}

/* The entry for @gpa in the lowest table that exists at or above @level. */
static u64 *walk(const struct ept_table *t, u64 gpa, int level, int *found)
{
	u64 *table = t->top;
	int at = EPT_LEVELS;

	for (;;) {
		u64 *entry = &table[index_of(gpa, at)];

		if (at == level || !is_present(*entry) || is_leaf(*entry, at)) {
			*found = at;
			return entry;
		}
		table = table_below(t, *entry);
		at--;
	}
}

static void set_leaf(struct ept_table *t, u64 *entry, int level, u64 leaf,
		     struct ept_change *change)
{
	u64 old = *entry;

	write_entry(t, entry, level, leaf);
	if (!is_present(old))
		return;
	if (!is_leaf(old, level))
		retire(t, table_below(t, old), level - 1, change);
	else if ((old ^ leaf) & EPT_ADDRESS || old & ~leaf & EPT_RWX)
		change->flush = true;
	/*
	 * Else only permissions were added: a CPU with the old entry cached
	 * takes an EPT violation, which drops it ("Operations that Invalidate
	 * Cached Mappings"), and finds the new one.
	 */
}

int ept_map(struct ept_table *t, struct ept_cache *cache, u64 gpa, u64 hpa,
	    int level, u64 perm, struct ept_change *change)
{
	u64 *entry;
	int at;

	if (level != EPT_4K && level != EPT_2M)
		return -EINVAL;
	if (gpa >= EPT_GPA_END || (gpa | hpa) & (EPT_SPAN(level) - 1) || hpa & ~EPT_ADDRESS)
		return -EINVAL;
	if (!(perm & EPT_R) || perm & ~EPT_RWX)
		return -EINVAL;

	entry = walk(t, gpa, level, &at);
	if (at - level > (int)cache->count)
		return -ENOSPC;

	while (at > level) {
		if (is_present(*entry))
			split(t, cache, entry, at, change);
		else
			write_entry(t, entry, at, link_to(t, take(t, cache)));
		at--;
		entry = &table_below(t, *entry)[index_of(gpa, at)];
	}
	set_leaf(t, entry, level, make_leaf(hpa, level, perm), change);
	return 0;
}

int ept_split(struct ept_table *t, struct ept_cache *cache, u64 gpa,
	      struct ept_change *change)
{
	u64 *entry;
	int at;

	if (gpa >= EPT_GPA_END)
		return 0;
	entry = walk(t, gpa, EPT_4K, &at);
	if (at == EPT_4K || !is_present(*entry))
		return 0;
	if (!cache->count)
		return -ENOSPC;
	split(t, cache, entry, at, change);
	return 0;
}

/*
 * Keep only @perm of [@gpa, @end) in @table, which is of @level and covers the
 * range. Return: whether the table could be empty now.
 */
static bool lower(struct ept_table *t, u64 *table, int level, u64 gpa, u64 end, u64 perm,
		  struct ept_change *change)
{
	bool cleared = false;

	while (gpa < end) {
		u64 *entry = &table[index_of(gpa, level)];
		u64 old = *entry;
		u64 start = align_down(gpa, level);
		u64 next = start + EPT_SPAN(level);
		u64 stop = min(next, end);

		if (!is_present(old)) {
			/* nothing */
		} else if (is_leaf(old, level)) {
			u64 new = perm & EPT_R ? old & ~(EPT_RWX & ~perm) : 0;

			if (new != old) {
				write_entry(t, entry, level, new);
				change->flush = true;
				cleared |= !new;
			}
		} else {
			u64 *below = table_below(t, old);
			bool whole = !(perm & EPT_R) && gpa == start && stop == next;

			/*
			 * A table that goes as a whole is unlinked by one store
			 * instead of 512. Its contents stay until the flush.
			 */
			if (whole || (lower(t, below, level - 1, gpa, stop, perm, change) &&
				      is_empty(below))) {
				write_entry(t, entry, level, 0);
				retire(t, below, level - 1, change);
				cleared = true;
			}
		}
		gpa = stop;
	}
	return cleared;
}

void ept_protect(struct ept_table *t, u64 gpa, u64 bytes, u64 perm, struct ept_change *change)
{
	if (gpa >= EPT_GPA_END)
		return;
	if (bytes > EPT_GPA_END - gpa)
		bytes = EPT_GPA_END - gpa;
	lower(t, t->top, EPT_LEVELS, gpa, gpa + bytes, perm, change);
}

void ept_unmap(struct ept_table *t, u64 gpa, u64 bytes, struct ept_change *change)
{
	ept_protect(t, gpa, bytes, 0, change);
}

static void fill_leaf(struct ept_leaf *leaf, u64 gpa, u64 entry, int level)
{
	leaf->gpa = align_down(gpa, level);
	leaf->hpa = entry & EPT_ADDRESS;
	leaf->perm = entry & EPT_RWX;
	leaf->level = level;
}

bool ept_lookup(const struct ept_table *t, u64 gpa, struct ept_leaf *leaf)
{
	u64 entry;
	int at;

	if (gpa >= EPT_GPA_END) {
		fill_leaf(leaf, gpa, 0, EPT_LEVELS);
		return false;
	}
	entry = *walk(t, gpa, EPT_4K, &at);
	fill_leaf(leaf, gpa, entry, at);
	return is_present(entry);
}

bool ept_next(const struct ept_table *t, u64 gpa, u64 end, struct ept_leaf *leaf)
{
	if (end > EPT_GPA_END)
		end = EPT_GPA_END;
	while (gpa < end) {
		if (ept_lookup(t, gpa, leaf))
			return true;
		gpa = leaf->gpa + EPT_SPAN(leaf->level);
	}
	return false;
}
