// SPDX-License-Identifier: GPL-2.0-only
/*
 * memory.c - the memory map of a VM, and WARD_MAP. See memory.h.
 *
 * A WARD_MAP goes through three steps: check every operation alone; build the
 * next layout and its regions, where all that can fail happens; apply, which
 * cannot fail.
 *
 * Invariant: a vCPU that sees anything of a new layout can see nothing of the
 * old one. apply() first makes faults wait, then takes out of the EPTs and all
 * TLBs what the new layout lacks, and only then publishes it and lets faults
 * go on. Until its TLB is flushed a vCPU sees the old layout only, and
 * afterwards it waits for the new.
 */
#include <linux/cleanup.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "ept/root.h"
#include "module/ioctl.h"
#include "module/memory.h"
#include "module/region.h"
#include "module/trace.h"
#include "module/vm.h"

static struct ward_layout *layout_alloc(u32 capacity)
{
	struct ward_layout *layout;

	return kvzalloc(struct_size(layout, entries, capacity), GFP_KERNEL_ACCOUNT);
}

int ward_memory_init(struct ward_vm *vm)
{
	struct ward_memory *memory = &vm->memory;
	struct ward_layout *layout = layout_alloc(0);

	if (!layout)
		return -ENOMEM;
	mutex_init(&memory->lock);
	init_waitqueue_head(&memory->updated);
	RCU_INIT_POINTER(memory->layout, layout);
	return 0;
}

void ward_memory_destroy(struct ward_vm *vm)
{
	/* The VM's last reference is gone: nobody else reads the map. */
	struct ward_layout *layout = rcu_dereference_protected(vm->memory.layout, true);

	for (u32 i = 0; i < layout->count; i++)
		ward_region_retire(layout->entries[i].region);
	kvfree(layout);
}

/* ------------------------------------------------------------ use of the map */

unsigned long ward_memory_begin(struct ward_memory *memory)
{
	unsigned long sequence = smp_load_acquire(&memory->sequence);

	while (sequence & 1) {
		wait_event(memory->updated, !(READ_ONCE(memory->sequence) & 1));
		sequence = smp_load_acquire(&memory->sequence);
	}
	return sequence;
}

bool ward_memory_retry(const struct ward_memory *memory, unsigned long sequence)
{
	/* What was read of the map was read before. */
	smp_rmb();
	return READ_ONCE(memory->sequence) != sequence;
}

struct ward_region *ward_memory_find(struct ward_memory *memory, u64 gpa, u32 *prot)
{
	const struct ward_layout *layout;
	struct ward_region *region;
	u32 i;

	guard(rcu)();
	layout = rcu_dereference(memory->layout);
	i = ward_layout_find(layout, gpa);
	if (i == layout->count)
		return NULL;
	region = layout->entries[i].region;
	/* A count of zero: the layout was replaced meanwhile. */
	if (region->gpa > gpa || !kref_get_unless_zero(&region->ref))
		return NULL;
	*prot = layout->entries[i].prot;
	return region;
}

void ward_memory_zap(struct ward_vm *vm, u64 gpa, u64 bytes,
		     void (*locked)(void *context), void *context)
{
	struct ept_change changes[WARD_MAX_VIEWS] = { };
	struct ept_root *root;
	unsigned int cpus = 0;
	int view;

	ward_vm_for_each_root(vm, root, view) {
		guard(spinlock)(&root->lock);
		locked(context);
		ept_unmap(&root->table, gpa, bytes, &changes[view]);
		ept_root_revoked(root, &changes[view]);
	}
	ward_vm_for_each_root(vm, root, view)
		cpus += ept_root_finish(root, &changes[view]);
	atomic64_add(cpus, &vm->invalidations);
}

void ward_memory_fill_info(struct ward_vm *vm, struct ward_vm_info *info)
{
	const struct ward_layout *layout;

	guard(rcu)();
	layout = rcu_dereference(vm->memory.layout);
	info->memory_bytes = layout->bytes;
	info->map_generation = layout->generation;
}

void ward_memory_show(struct ward_vm *vm, struct seq_file *file)
{
	const struct ward_layout *layout;

	guard(rcu)();
	layout = rcu_dereference(vm->memory.layout);
	for (u32 i = 0; i < layout->count; i++) {
		const struct ward_region *region = layout->entries[i].region;
		u32 prot = layout->entries[i].prot;

		seq_printf(file, "memory           %012llx-%012llx r%c%c%s%s\n", region->gpa,
			   region->gpa + region->bytes, prot & WARD_PROT_WRITE ? 'w' : '-',
			   prot & WARD_PROT_EXEC ? 'x' : '-', region->file ? " file" : "",
			   region->huge ? " 2m" : "");
	}
}

/* ------------------------------------------------------------------ updates */

/*
 * A WARD_MAP on its way: the layout in the making, and the regions made for
 * it, @count of them; each has the reference that a layout's entry would have.
 */
struct update {
	struct ward_layout *next;
	u32 count;
	struct ward_region **created;
};

static int add(struct ward_vm *vm, struct update *update, const struct ward_map_op *op)
{
	int ret = ward_layout_fits(update->next, op->gpa, op->bytes);
	struct ward_region *region;

	if (ret)
		return ret;
	region = ward_region_create(vm, op);
	if (IS_ERR(region))
		return PTR_ERR(region);
	update->created[update->count++] = region;
	ward_layout_add(update->next, region, op->prot);
	return 0;
}

/*
 * In steps: how much there is to do is the user's choice, and notifiers wait for
 * the lock. Faults find the map's sequence odd between two steps.
 */
static void lower_root(struct ept_root *root, const struct ward_layout *old,
		       const struct ward_layout *next, struct ept_change *change)
{
	struct ward_layout_place place = { };
	bool more;

	do {
		scoped_guard(spinlock, &root->lock) {
			more = ward_layout_lower(&root->table, old, next, &place, change);
			ept_root_revoked(root, change);
		}
		cond_resched();
	} while (more);
}

/* Cannot fail. @old is no longer the layout on return. */
static void apply(struct ward_vm *vm, const struct ward_layout *old, struct ward_layout *next)
{
	struct ward_memory *memory = &vm->memory;
	struct ept_change changes[WARD_MAX_VIEWS] = { };
	struct ept_root *root;
	unsigned int cpus = 0;
	int view;

	/* Before any root's lock is taken, see ward_memory_retry(). */
	WRITE_ONCE(memory->sequence, memory->sequence + 1);
	ward_vm_for_each_root(vm, root, view)
		lower_root(root, old, next, &changes[view]);
	ward_vm_for_each_root(vm, root, view)
		cpus += ept_root_finish(root, &changes[view]);
	atomic64_add(cpus, &vm->invalidations);

	rcu_assign_pointer(memory->layout, next);
	smp_store_release(&memory->sequence, memory->sequence + 1);
	wake_up_all(&memory->updated);
}

static int build(struct ward_vm *vm, struct update *update, const struct ward_map_op *ops,
		 u32 count, u32 *failed)
{
	for (u32 i = 0; i < count; i++) {
		int ret = ops[i].op == WARD_MAP_ADD ? add(vm, update, &ops[i]) :
						      ward_layout_change(update->next, &ops[i]);

		if (ret) {
			*failed = i;
			return ret;
		}
	}
	return 0;
}

long ward_call_map(struct ward_call *call)
{
	struct ward_vm *vm = call->vm;
	struct ward_map *args = &call->arg.map;
	const struct ward_map_op *ops = call->array;
	struct ward_layout *old = rcu_dereference_protected(vm->memory.layout,
							    lockdep_is_held(&vm->memory.lock));
	struct update update = { };
	int ret;

	args->failed = 0;
	args->generation = old->generation;
	if (!args->count)
		return -EINVAL;
	for (u32 i = 0; i < args->count; i++) {
		ret = ward_layout_check(&ops[i]);
		if (ret) {
			args->failed = i;
			return ret;
		}
	}

	update.next = layout_alloc(min_t(u32, old->count + args->count, WARD_MAX_REGIONS));
	update.created = kcalloc(args->count, sizeof(*update.created), GFP_KERNEL);
	ret = -ENOMEM;
	if (!update.next || !update.created)
		goto err_free;
	update.next->generation = old->generation + 1;
	update.next->bytes = old->bytes;
	update.next->count = old->count;
	memcpy(update.next->entries, old->entries, old->count * sizeof(old->entries[0]));

	ret = build(vm, &update, ops, args->count, &args->failed);
	if (ret)
		goto err_retire;

	apply(vm, old, update.next);
	args->generation = update.next->generation;
	trace_ward_map(vm->id, args->generation, args->count, update.next->count,
		       update.next->bytes);

	for (u32 i = 0; i < old->count; i++)
		if (!ward_layout_entry_of(update.next, old->entries[i].region))
			ward_region_retire(old->entries[i].region);
	/* Added and removed again by the same call. */
	for (u32 i = 0; i < update.count; i++)
		if (!ward_layout_entry_of(update.next, update.created[i]))
			ward_region_retire(update.created[i]);
	kvfree_rcu(old, rcu);
	kfree(update.created);
	return 0;

err_retire:
	while (update.count)
		ward_region_retire(update.created[--update.count]);
err_free:
	kvfree(update.next);
	kfree(update.created);
	return ret;
}
