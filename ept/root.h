/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * root.h - one EPT: the tables of one (VM, view), and who may have cached them.
 *
 * Above the pure table code (table.h) this adds what the host kernel knows:
 * page allocation, the lock, the CPUs whose TLBs may hold translations, and
 * invalidation. Where the pages come from (regions, notifiers) is module/'s.
 */
#ifndef WARD_EPT_ROOT_H
#define WARD_EPT_ROOT_H

#include <linux/cpumask.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include "table.h"

/**
 * struct ept_root - see above
 * @table: the tables; protected by @lock
 * @lock: a leaf; held for table changes and reads, never over a flush and
 *        never with interrupts off
 * @eptp: value for the VMCS; constant
 * @cpus: CPUs that loaded this root since it was made; set by the runner
 *        before entry, never cleared
 * @view: 0 is the plain one
 * @generation: bumped with every unmap and permission drop
 */
struct ept_root {
	struct ept_table table;
	spinlock_t lock;
	u64 eptp;
	u32 view;
	u64 generation;
	struct cpumask cpus;
};

/* Return: a root with no mappings, or ERR_PTR(-ENOMEM). May sleep. */
struct ept_root *ept_root_create(u32 view);
/* No CPU may be using it. */
void ept_root_destroy(struct ept_root *root);

/**
 * ept_root_flush - no CPU keeps a translation of this root that is older
 *
 * INVEPT (single context) on every CPU in root->cpus; CPUs in the guest
 * leave it for that. Context: interrupts on, root->lock not held; does not
 * sleep. Return: the number of CPUs asked.
 */
unsigned int ept_root_flush(struct ept_root *root);

/**
 * ept_root_read - copy guest memory through the EPT
 *
 * Takes root->lock. Context: process, interrupts on. Return: 0, or -EFAULT
 * if a page is not mapped readable now (let the guest fault it in and retry).
 */
int ept_root_read(struct ept_root *root, u64 gpa, void *buffer, size_t bytes);

#endif /* WARD_EPT_ROOT_H */
