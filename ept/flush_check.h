/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * flush_check.h - prove that no INVEPT is forgotten (WARD_DEBUG=y).
 *
 * A CPU that flushes more than it must hides a forgotten invalidation; the
 * emulated one of the tests flushes at every entry. So the obligation itself is
 * checked. Each root remembers which generation of its tables (see struct
 * ept_table) each CPU has flushed at. A CPU that enters the guest may lag only
 * while a change is announced and not finished, since then its flush is still
 * to come; and a change is finished only when every CPU in the root's mask has
 * caught up with it. Who takes something away and leaves the flush to others
 * can do so only when no CPU lags. Anything else is a kernel warning that names
 * the place.
 */
#ifndef WARD_EPT_FLUSH_CHECK_H
#define WARD_EPT_FLUSH_CHECK_H

#include <linux/atomic.h>
#include <linux/percpu-defs.h>
#include <linux/types.h>

struct ept_change;
struct ept_root;

#ifdef WARD_DEBUG

/**
 * struct ept_flushed - what one CPU may have cached of a root
 * @generation: of the tables when the CPU flushed last
 * @epoch: of the CPU then; in another epoch nothing is left of the root
 */
struct ept_flushed {
	u64 generation;
	u64 epoch;
};

/**
 * struct ept_flush_check - of one root
 * @flushed: by CPU
 * @unfinished: changes announced and not finished
 */
struct ept_flush_check {
	struct ept_flushed __percpu *flushed;
	atomic_t unfinished;
};

/* Return: 0 or -ENOMEM. May sleep. */
int ept_flush_check_init(struct ept_flush_check *check);
void ept_flush_check_exit(struct ept_flush_check *check);
/* This CPU flushes now, or has nothing cached yet. Context: interrupts off. */
void ept_flush_check_flushed(struct ept_root *root);
/* This CPU enters or leaves VMX operation: all roots. Context: as above. */
void ept_flush_check_new_epoch(void);
/* A flush is owed for @change. Context: root->lock. */
void ept_flush_check_announced(struct ept_root *root, const struct ept_change *change);
/* Nobody owes a flush, it is said. Context: root->lock. */
void ept_flush_check_settled(struct ept_root *root);
/* The flush is said to be done, and retired pages are about to be freed. */
void ept_flush_check_finished(struct ept_root *root, const struct ept_change *change);
/* This CPU is about to enter the guest. Context: interrupts off. */
void ept_flush_check_entry(struct ept_root *root);

#else

struct ept_flush_check { };

static inline int ept_flush_check_init(struct ept_flush_check *check)
{
	return 0;
}

static inline void ept_flush_check_exit(struct ept_flush_check *check)
{
}

static inline void ept_flush_check_flushed(struct ept_root *root)
{
}

static inline void ept_flush_check_new_epoch(void)
{
}

static inline void ept_flush_check_announced(struct ept_root *root,
					     const struct ept_change *change)
{
}

static inline void ept_flush_check_settled(struct ept_root *root)
{
}

static inline void ept_flush_check_finished(struct ept_root *root,
					    const struct ept_change *change)
{
}

static inline void ept_flush_check_entry(struct ept_root *root)
{
}

#endif
#endif /* WARD_EPT_FLUSH_CHECK_H */
