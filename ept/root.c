// SPDX-License-Identifier: GPL-2.0-only
/*
 * root.c - an EPT's lock, memory and invalidation, see root.h.
 *
 * Invariant: a page or table that the tables no longer lead to is not given
 * back before every CPU that may have cached the way to it was flushed. The
 * callers keep their part by the order change -> ept_root_changed() or
 * ept_root_revoked() -> unlock -> ept_root_finish().
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <asm/io.h>
#include "ept/root.h"
#include "vmcs/instr.h"

static void *page_alloc(void)
{
	/* Users cause these: they count against the caller's memory cgroup. */
	return (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
}

static void page_free(void *page)
{
	free_page((unsigned long)page);
	/* A large VM has very many of them. */
	cond_resched();
}

/*
 * Retired pages are chained through struct page: their contents must stay as
 * they are while a CPU may walk them.
 */
static void page_retire(void **list, void *page)
{
	set_page_private(virt_to_page(page), (unsigned long)*list);
	*list = page;
}

static void free_retired(void *list)
{
	while (list) {
		struct page *page = virt_to_page(list);

		list = (void *)page_private(page);
		set_page_private(page, 0);
		__free_page(page);
	}
}

static u64 page_to_hpa(const void *page)
{
	return virt_to_phys((void *)page);
}

static void *page_to_virtual(u64 hpa)
{
	return phys_to_virt(hpa);
}

const struct ept_ops ept_page_ops = {
	.alloc = page_alloc,
	.free = page_free,
	.retire = page_retire,
	.to_hpa = page_to_hpa,
	.to_virt = page_to_virtual,
};

struct ept_root *ept_root_create(struct ept_key key)
{
	struct ept_root *root __free(kfree) = kzalloc(sizeof(*root), GFP_KERNEL_ACCOUNT);

	if (!root || ept_flush_check_init(&root->check))
		return ERR_PTR(-ENOMEM);
	if (ept_table_init(&root->table, &ept_page_ops)) {
		ept_flush_check_exit(&root->check);
		return ERR_PTR(-ENOMEM);
	}

	spin_lock_init(&root->lock);
	root->key = key;
	/* Accessed and dirty flags are off: nothing reads them yet. */
	root->eptp = page_to_hpa(root->table.top) | EPT_EPTP_WALK_4 | EPT_MEMTYPE_WB;
	return_ptr(root);
}

void ept_root_destroy(struct ept_root *root)
{
	if (IS_ERR_OR_NULL(root))
		return;
	/*
	 * CPUs tag cached translations with the address of the top table. The
	 * next root may get the same page.
	 */
	ept_root_flush(root);
	ept_table_destroy(&root->table);
	ept_flush_check_exit(&root->check);
	kfree(root);
}

void ept_root_join(struct ept_root *root)
{
	unsigned long flags;

	if (cpumask_test_cpu(smp_processor_id(), &root->cpus))
		return;
	/* A flush that sees the bit comes after what the check is told here. */
	local_irq_save(flags);
	cpumask_set_cpu(smp_processor_id(), &root->cpus);
	smp_mb__after_atomic();
	ept_flush_check_flushed(root);
	local_irq_restore(flags);
}

static void flush_this_cpu(void *context)
{
	struct ept_root *root = context;

	ept_flush_check_flushed(root);
	/*
	 * Errors are for CPUs that are not in VMX root operation now, see the
	 * contract in root.h.
	 */
	(void)vmx_invept(VMX_INVEPT_SINGLE, root->eptp);
}

unsigned int ept_root_flush(struct ept_root *root)
{
	/*
	 * The runner sets its bit in @cpus (a full barrier) and then enters;
	 * here the tables were changed and then @cpus is read. Without a
	 * barrier on this side too, the runner could cache the old entry while
	 * its bit is not seen.
	 */
	smp_mb();
	on_each_cpu_mask(&root->cpus, flush_this_cpu, root, true);
	return cpumask_weight(&root->cpus);
}

void ept_root_changed(struct ept_root *root, struct ept_change *change)
{
	lockdep_assert_held(&root->lock);
	if (!change->flush)
		return;
	ept_flush_check_announced(root, change);
	change->generation = root->table.generation;
}

void ept_root_revoked(struct ept_root *root, struct ept_change *change)
{
	lockdep_assert_held(&root->lock);
	if (atomic64_read_acquire(&root->flushed) < root->table.generation)
		change->flush = true;
	if (!change->flush)
		ept_flush_check_settled(root);
	ept_root_changed(root, change);
}

/* Every CPU has flushed what was changed up to @generation. */
static void note_flushed(struct ept_root *root, u64 generation)
{
	s64 flushed = atomic64_read(&root->flushed);

	while (flushed < generation &&
	       !atomic64_try_cmpxchg_release(&root->flushed, &flushed, generation))
		;
}

unsigned int ept_root_finish(struct ept_root *root, struct ept_change *change)
{
	unsigned int cpus = 0;

	if (change->flush) {
		cpus = ept_root_flush(root);
		note_flushed(root, change->generation);
	}
	ept_flush_check_finished(root, change);
	free_retired(change->retired);
	*change = (struct ept_change){};
	return cpus;
}

int ept_root_read(struct ept_root *root, u64 gpa, void *buffer, size_t bytes)
{
	/* The one user of the lock that is near the inner loop. */
	lockdep_assert_preemption_enabled();
	while (bytes) {
		size_t offset = offset_in_page(gpa);
		size_t chunk = min_t(size_t, bytes, PAGE_SIZE - offset);
		struct ept_leaf leaf;
		u64 hpa;

		/*
		 * The lock also keeps the page: who takes it away must remove
		 * the leaf first.
		 */
		scoped_guard(spinlock, &root->lock) {
			if (!ept_lookup(&root->table, gpa, &leaf))
				return -EFAULT;
			hpa = leaf.hpa + (gpa - leaf.gpa);
			if (!pfn_valid(PHYS_PFN(hpa)))
				return -EFAULT;
			memcpy(buffer, phys_to_virt(hpa), chunk);
		}
		gpa += chunk;
		buffer += chunk;
		bytes -= chunk;
	}
	return 0;
}
