/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * table.h - EPT paging structures: format, and the operations on them.
 *
 * Pure logic: no host-kernel state, no locks, no allocation. The caller brings
 * memory (struct ept_ops, struct ept_cache), serialises all calls on a table
 * (ept_root.lock), and does what the operations ask for in struct ept_change.
 *
 * Intel SDM: "The Extended Page Table Mechanism (EPT)".
 */
#ifndef WARD_EPT_TABLE_H
#define WARD_EPT_TABLE_H

#include <linux/types.h>

/* Entry bits, "Format of an EPT Page-Table Entry that Maps a 4-KByte Page" */
#define EPT_R			(1ull << 0)
#define EPT_W			(1ull << 1)
#define EPT_X			(1ull << 2)
#define EPT_RWX			(EPT_R | EPT_W | EPT_X)
#define EPT_MEMTYPE_SHIFT	3
#define EPT_MEMTYPE_WB		6ull
#define EPT_IGNORE_PAT		(1ull << 6)
#define EPT_LEAF		(1ull << 7)	/* in levels 2 and 3; ignored in 1 */
#define EPT_ACCESSED		(1ull << 8)
#define EPT_DIRTY		(1ull << 9)
#define EPT_ADDRESS		0x000ffffffffff000ull

/* EPTP, "Extended-Page-Table Pointer (EPTP)" */
#define EPT_EPTP_WALK_4		(3ull << 3)
#define EPT_EPTP_AD		(1ull << 6)

#define EPT_LEVELS		4
#define EPT_ENTRIES		512
#define EPT_GPA_BITS		48
#define EPT_GPA_END		(1ull << EPT_GPA_BITS)

/* Levels are counted from the bottom: a level 1 entry maps 4 KiB. */
#define EPT_4K			1
#define EPT_2M			2
#define EPT_1G			3
#define EPT_SPAN(level)		(1ull << (12 + 9 * ((level) - 1)))

/* A map needs at most the tables of levels 3, 2 and 1. */
#define EPT_CACHE_PAGES		3

/**
 * struct ept_ops - where table pages come from
 * @alloc: a zeroed, page-aligned page, or NULL. May sleep; only called by
 *         ept_cache_fill() and ept_table_init().
 * @free: give back a page that no CPU can reach. May sleep; only called by
 *        ept_cache_drain() and ept_table_destroy().
 * @retire: @page left the tables, but a CPU may still walk it: keep it, with
 *          its contents, on @list (starts as NULL) until after the flush
 * @to_hpa: host-physical address of a page from @alloc
 * @to_virt: the reverse
 */
struct ept_ops {
	void *(*alloc)(void);
	void (*free)(void *page);
	void (*retire)(void **list, void *page);
	u64 (*to_hpa)(const void *page);
	void *(*to_virt)(u64 hpa);
};

/**
 * struct ept_cache - table pages made ready before the lock is taken
 *
 * Owned by one caller of ept_map() at a time.
 */
struct ept_cache {
	unsigned int count;
	void *pages[EPT_CACHE_PAGES];
};

/**
 * struct ept_table - the paging structures of one EPT
 * @ops: constant
 * @top: the level 4 table; constant
 * @tables: how many pages there are, @top included
 * @generation: counts the stores after which a CPU may have cached more than
 *              the tables say. Told from the entries alone, not from what an
 *              operation reports in ept_change.flush, so that the two can be
 *              held against each other.
 */
struct ept_table {
	const struct ept_ops *ops;
	u64 *top;
	unsigned long tables;
	u64 generation;
};

/**
 * struct ept_change - what an operation leaves to its caller; starts as zero
 * @flush: cached translations may now allow more than the tables, or lead
 *         through a retired page: INVEPT on all CPUs before the change counts
 *         as done and before @retired is freed
 * @retired: pages that ept_ops.retire collected
 * @generation: the table's when a change was announced that asks for a flush,
 *              see root.c
 *
 * May be handed to several operations one after the other; it accumulates.
 */
struct ept_change {
	bool flush;
	void *retired;
	u64 generation;
};

/**
 * struct ept_leaf - one translation
 * @gpa: first address that the leaf maps
 * @hpa: where it leads
 * @perm: EPT_R, EPT_W, EPT_X
 * @level: EPT_4K, EPT_2M
 */
struct ept_leaf {
	u64 gpa;
	u64 hpa;
	u64 perm;
	int level;
};

/* Return: 0, or -ENOMEM. */
int __must_check ept_table_init(struct ept_table *t, const struct ept_ops *ops);
/* Frees every table. No CPU can reach any of them. */
void ept_table_destroy(struct ept_table *t);

/* Return: 0, the cache is full now; or -ENOMEM. May sleep if ops->alloc does. */
int __must_check ept_cache_fill(struct ept_cache *cache, const struct ept_ops *ops);
void ept_cache_drain(struct ept_cache *cache, const struct ept_ops *ops);

/**
 * ept_map - map one page of 4 KiB or 2 MiB
 * @level: EPT_4K or EPT_2M; @gpa and @hpa are aligned to it
 * @perm: EPT_R and perhaps EPT_W, EPT_X; EPT_W without EPT_R is refused
 *
 * What was mapped there before is replaced: a 2 MiB leaf above a new 4 KiB
 * page is split, tables below a new 2 MiB leaf are retired. A hardware walk at
 * any moment sees the old or the new translation.
 *
 * Return: 0, -EINVAL alignment, width or permissions, -ENOSPC @cache is short
 * of pages; then nothing has changed.
 */
int __must_check ept_map(struct ept_table *t, struct ept_cache *cache, u64 gpa, u64 hpa,
			 int level, u64 perm, struct ept_change *change);

/**
 * ept_split - replace the 2 MiB leaf at @gpa by 512 leaves of the same effect
 * Return: 0, also where there is no such leaf; -ENOSPC as ept_map().
 */
int __must_check ept_split(struct ept_table *t, struct ept_cache *cache, u64 gpa,
			   struct ept_change *change);

/**
 * ept_unmap - remove every leaf that overlaps [@gpa, @gpa + @bytes)
 *
 * A 2 MiB leaf goes as a whole (the rest of it is faulted in again). Tables
 * that are empty then are retired.
 */
void ept_unmap(struct ept_table *t, u64 gpa, u64 bytes, struct ept_change *change);

/**
 * ept_protect - take all permissions but @perm from the leaves in a range
 *
 * Only lowers: whether a page may be written is more than the range knows.
 * Without EPT_R in @perm it is ept_unmap(). A 2 MiB leaf that overlaps the
 * range partly is lowered as a whole unless it was split before.
 */
void ept_protect(struct ept_table *t, u64 gpa, u64 bytes, u64 perm, struct ept_change *change);

/**
 * ept_lookup - the translation of @gpa
 * Return: whether there is one; if not, @leaf->level is the level of the
 * entry that is not present.
 */
bool ept_lookup(const struct ept_table *t, u64 gpa, struct ept_leaf *leaf);

/**
 * ept_next - the first leaf that ends after @gpa and starts before @end
 * Return: whether there is one.
 */
bool ept_next(const struct ept_table *t, u64 gpa, u64 end, struct ept_leaf *leaf);

/* Every leaf that overlaps [gpa, end), in order. The body may change leaves. */
#define ept_for_each_leaf(t, leaf, start, end)					\
	for (bool __more = ept_next(t, start, end, leaf); __more;		\
	     __more = ept_next(t, (leaf)->gpa + EPT_SPAN((leaf)->level), end, leaf))

#endif /* WARD_EPT_TABLE_H */
