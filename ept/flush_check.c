// SPDX-License-Identifier: GPL-2.0-only
/*
 * flush_check.c - see flush_check.h. Only built for debugging, so it may warn.
 */
#include <linux/bug.h>
#include <linux/gfp.h>
#include <linux/percpu.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include "ept/root.h"

static DEFINE_PER_CPU(u64, epoch);

int ept_flush_check_init(struct ept_flush_check *check)
{
	check->flushed = alloc_percpu_gfp(struct ept_flushed, GFP_KERNEL_ACCOUNT);
	return check->flushed ? 0 : -ENOMEM;
}

void ept_flush_check_exit(struct ept_flush_check *check)
{
	int unfinished = atomic_read(&check->unfinished);

	WARN_ONCE(unfinished, "ward: an EPT goes with %d changes announced and not finished\n",
		  unfinished);
	free_percpu(check->flushed);
}

void ept_flush_check_flushed(struct ept_root *root)
{
	/*
	 * Before the flush: what changes from here on may be cached again. The
	 * changer's barrier is in sending the interrupt that brings us here, or
	 * in ept_root_join().
	 */
	__this_cpu_write(root->check.flushed->generation, READ_ONCE(root->table.generation));
	__this_cpu_write(root->check.flushed->epoch, __this_cpu_read(epoch));
}

void ept_flush_check_new_epoch(void)
{
	__this_cpu_inc(epoch);
}

/* That no CPU may have more cached than the tables said at @generation. */
static void check_cpus(struct ept_root *root, u64 wanted)
{
	int cpu;

	for_each_cpu(cpu, &root->cpus) {
		const struct ept_flushed *flushed = per_cpu_ptr(root->check.flushed, cpu);
		u64 generation = READ_ONCE(flushed->generation);

		WARN_ONCE(READ_ONCE(flushed->epoch) == READ_ONCE(per_cpu(epoch, cpu)) &&
			  generation < wanted,
			  "ward: CPU %d flushed an EPT at %llu, the change was made at %llu\n",
			  cpu, generation, wanted);
	}
}

void ept_flush_check_announced(struct ept_root *root, const struct ept_change *change)
{
	if (!change->generation)
		atomic_inc(&root->check.unfinished);
}

void ept_flush_check_settled(struct ept_root *root)
{
	check_cpus(root, root->table.generation);
}

void ept_flush_check_finished(struct ept_root *root, const struct ept_change *change)
{
	WARN_ONCE(change->flush && !change->generation,
		  "ward: a change of an EPT asks for a flush and was not announced\n");
	WARN_ONCE(change->retired && !change->flush,
		  "ward: EPT tables are freed without a flush\n");
	if (!change->generation)
		return;
	check_cpus(root, change->generation);
	atomic_dec(&root->check.unfinished);
}

void ept_flush_check_entry(struct ept_root *root)
{
	u64 flushed;

	if (__this_cpu_read(root->check.flushed->epoch) != __this_cpu_read(epoch)) {
		ept_flush_check_flushed(root);
		return;
	}
	flushed = __this_cpu_read(root->check.flushed->generation);
	if (flushed >= READ_ONCE(root->table.generation))
		return;
	/*
	 * Under the lock a change is announced or not made yet. What was
	 * announced cannot be finished meanwhile, since this CPU does not
	 * answer. Where the lock is held, the next entry looks again: with
	 * interrupts off nobody is waited for.
	 */
	if (!spin_trylock(&root->lock))
		return;
	WARN_ONCE(!atomic_read(&root->check.unfinished),
		  "ward: entry with an EPT that was flushed at %llu and has changed at %llu\n",
		  flushed, root->table.generation);
	spin_unlock(&root->lock);
}
