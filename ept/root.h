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

#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include "flush_check.h"
#include "table.h"

/**
 * struct ept_key - which of a VM's EPTs
 * @view: of the VM's memory; 0 is the plain one
 * @nested: 0; or the EPTP of the guest's own hypervisor whose tables the
 *          root has merged in
 */
struct ept_key {
	u32 view;
	u64 nested;
};

/**
 * struct ept_root - see above
 * @key: constant
 * @table: the tables; protected by @lock
 * @lock: a leaf but for what dirtying a page takes; held for table changes
 *        and reads, taken with preemption on, never held over a flush
 * @eptp: value for the VMCS; constant
 * @cpus: CPUs that loaded this root since it was made, see ept_root_join();
 *        never cleared
 * @flushed: the generation of @table up to which every CPU has flushed
 * @check: that no flush is forgotten, see flush_check.h
 */
struct ept_root {
	struct ept_key key;
	struct ept_table table;
	spinlock_t lock;
	u64 eptp;
	struct cpumask cpus;
	atomic64_t flushed;
	struct ept_flush_check check;
};

/* How the kernel provides pages for tables: for ept_cache_fill() and _drain(). */
extern const struct ept_ops ept_page_ops;

/* Return: a root with no mappings, or ERR_PTR(-ENOMEM). May sleep. */
struct ept_root *ept_root_create(struct ept_key key);
/* No vCPU uses it any more. May sleep; ERR_PTR and NULL are ignored. */
void ept_root_destroy(struct ept_root *root);

/**
 * ept_root_join - from now on this CPU may cache translations of @root
 * Context: preemption off; before the CPU enters a guest with @root.
 */
void ept_root_join(struct ept_root *root);

/**
 * ept_root_flush - no CPU keeps a translation of this root that is older
 *
 * INVEPT (single context) on every CPU in root->cpus; CPUs in the guest
 * leave it for that. A CPU that is not in VMX root operation has nothing to
 * flush: whoever enters VMX root operation invalidates all EPT contexts first.
 * Context: interrupts on, root->lock not held; does not sleep. Return: the
 * number of CPUs asked.
 */
unsigned int ept_root_flush(struct ept_root *root);

/**
 * ept_root_changed - say that @change was made and ept_root_finish() will follow
 * Context: root->lock, before it is dropped after the change.
 */
void ept_root_changed(struct ept_root *root, struct ept_change *change);

/**
 * ept_root_revoked - the same of a change that has taken something away for good
 *
 * An entry that the operation found cleared may be the work of somebody who has
 * yet to flush. Who is about to give the page to another use cannot rely on
 * that, so then ept_root_finish() flushes as well.
 * Context: as ept_root_changed(), which it calls.
 */
void ept_root_revoked(struct ept_root *root, struct ept_change *change);

/**
 * ept_root_finish - flush if @change asks for it, then free retired tables
 *
 * After ept_root_revoked() no CPU can use what the tables did not allow when it
 * was called.
 * Context: as ept_root_flush(), after root->lock was dropped. Return: the
 * number of CPUs asked.
 */
unsigned int ept_root_finish(struct ept_root *root, struct ept_change *change);

/**
 * ept_root_read - copy guest memory through the EPT
 *
 * Takes root->lock. Context: process, preemption on. Return: 0, or -EFAULT
 * if a page is not mapped readable now (let the guest fault it in and retry).
 */
int ept_root_read(struct ept_root *root, u64 gpa, void *buffer, size_t bytes);

#endif /* WARD_EPT_ROOT_H */
