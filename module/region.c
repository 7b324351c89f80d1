// SPDX-License-Identifier: GPL-2.0-only
/*
 * region.c - regions and the host memory behind them, see region.h.
 *
 * Responsible for the notifier and for files that the kernel maps. Which
 * regions a VM has is memory.c's, how a page gets into the EPT fault.c's.
 *
 * Invariant: a page that the host takes away from the region's range is out of
 * all EPTs and TLBs before the notifier's callback returns.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "ward.h"
#include "ept/table.h"
#include "module/compat.h"
#include "module/memory.h"
#include "module/region.h"

/* ---------------------------------------------------------------- notifier */

struct invalidation {
	struct mmu_interval_notifier *notifier;
	unsigned long sequence;
};

/*
 * Under the root's lock, so that a fault that looks at the sequence under it
 * either sees this one, or has put its page in already, to be taken out next.
 */
static void note_sequence(void *context)
{
	struct invalidation *invalidation = context;

	mmu_interval_set_seq(invalidation->notifier, invalidation->sequence);
}

/*
 * Spinlocks and waiting for other CPUs only, so this also serves those who
 * must not sleep here (mmu_notifier_range_blockable() is not asked).
 *
 * A region that is not yet or no longer in the map is treated alike: at worst
 * the next access to its range faults once more.
 */
static bool invalidate(struct mmu_interval_notifier *notifier,
		       const struct mmu_notifier_range *range, unsigned long sequence)
{
	struct ward_region *region = container_of(notifier, struct ward_region, notifier);
	struct invalidation invalidation = { notifier, sequence };
	unsigned long start = max(range->start, region->address);
	unsigned long end = min_t(unsigned long, range->end, region->address + region->bytes);

	ward_memory_zap(region->vm, region->gpa + (start - region->address), end - start,
			note_sequence, &invalidation);
	return true;
}

static const struct mmu_interval_notifier_ops notifier_ops = {
	.invalidate = invalidate,
};

/* ------------------------------------------------------------------- files */

/* As writable as the file allows, so that a ROM can be made RAM later. */
static unsigned long map_at(struct file *file, unsigned long address, unsigned long flags,
			    const struct ward_map_op *op)
{
	unsigned long where = -EACCES;

	if (file->f_mode & FMODE_WRITE)
		where = vm_mmap(file, address, op->bytes, PROT_READ | PROT_WRITE, flags,
				op->origin);
	/* Not for want of memory: what is mapped read-only cannot be made RAM. */
	if (IS_ERR_VALUE(where) && (long)where != -ENOMEM && !(op->prot & WARD_PROT_WRITE))
		where = vm_mmap(file, address, op->bytes, PROT_READ, flags, op->origin);
	return where;
}

/*
 * A file's own mmap() may say anything. What the caller gets is one of the
 * errors that ward.h names: -EACCES also where seals forbid what is asked for.
 */
static int map_error(int error)
{
	switch (error) {
	case -EACCES:
	case -EINTR:
	case -EINVAL:
	case -ENOMEM:
		return error;
	case -EPERM:
		return -EACCES;
	case -EOVERFLOW:
		return -EINVAL;
	case -EAGAIN:
		return -ENOMEM;
	default:
		return -ENODEV;
	}
}

/*
 * Where to put a file so that its address agrees with the gpa, as 2 MiB leaves
 * need it. A page stays free on each side: the kernel would make one mapping of
 * two that follow each other in memory and in the file, and to take out a part
 * of one needs memory. Nothing is reserved, so nothing is left over that would
 * have to be taken out again; who maps something there first gets it.
 */
static unsigned long find_place(const struct ward_map_op *op)
{
	unsigned long spare = op->bytes < EPT_SPAN(EPT_2M) ? 0 : EPT_SPAN(EPT_2M);
	unsigned long hole = op->bytes + spare + 2 * PAGE_SIZE;
	unsigned long place;

	/* The map's limit keeps the sum far from the end of 64 bits. */
	if (mmap_read_lock_killable(current->mm))
		return -EINTR;
	place = compat_find_hole(hole);
	mmap_read_unlock(current->mm);
	if (IS_ERR_VALUE(place))
		return place;
	place += PAGE_SIZE;
	return spare ? place + ((op->gpa - place) & (spare - 1)) : place;
}

/*
 * What cannot be put at such a place (hugetlbfs has its own rules, and another
 * thread may have been faster) goes where mmap() likes it. Not for want
 * of memory, though: the region would have small leaves for all its life.
 */
static unsigned long map_file(struct file *file, const struct ward_map_op *op)
{
	unsigned long place = find_place(op);

	if (!IS_ERR_VALUE(place)) {
		place = map_at(file, place, MAP_SHARED | MAP_FIXED_NOREPLACE, op);
		if (!IS_ERR_VALUE(place) || (long)place == -ENOMEM)
			return place;
	}
	return map_at(file, 0, MAP_SHARED, op);
}

/*
 * Only if the file is still there: the address space belongs to user space,
 * which may have put something else at the place. Who changes mappings at the
 * same moment in another thread can only hurt himself. Beside a mapping of the
 * same file the kernel may have made one of both, see find_place().
 *
 * Only in the caller's own address space: unmapping can wait for a reader of
 * userfaultfd events, for as long as that one likes. A mapping elsewhere stays
 * for its process, and goes with it.
 *
 * So does one that the kernel does not take out. It refuses what user space
 * sealed, and needs a node or two of the tree of mappings, which it waits for
 * unless it is killing this process for want of memory; then, and in a process
 * that dies of a signal, the mapping goes with the process at once. Nobody is
 * told: the map has changed by now, all of it, and a list of operations cannot
 * take back the half that a guest has seen.
 */
static void remove_file(struct ward_region *region)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	bool ours;

	if (!region->file || mm != region->mm)
		return;
	mmap_read_lock(mm);
	vma = vma_lookup(mm, region->address);
	ours = vma && vma->vm_file == region->file &&
	       vma->vm_end - region->address >= region->bytes &&
	       vma->vm_pgoff + ((region->address - vma->vm_start) >> PAGE_SHIFT) ==
			region->first_page;
	mmap_read_unlock(mm);
	if (ours)
		(void)vm_munmap(region->address, region->bytes);
}

/* -------------------------------------------------------------------- life */

struct ward_region *ward_region_create(struct ward_vm *vm, const struct ward_map_op *op)
{
	struct ward_region *region;
	int ret;

	if (!current->mm)
		return ERR_PTR(-EFAULT);
	region = kzalloc(sizeof(*region), GFP_KERNEL_ACCOUNT);
	if (!region)
		return ERR_PTR(-ENOMEM);
	kref_init(&region->ref);
	region->vm = vm;
	region->gpa = op->gpa;
	region->bytes = op->bytes;
	region->address = op->origin;
	region->mm = current->mm;
	mmgrab(region->mm);

	if (op->source == WARD_MAP_FROM_FD) {
		struct file *file = fget(op->fd);

		ret = -EBADF;
		if (!file)
			goto err_put;
		region->file = file;
		region->first_page = op->origin >> PAGE_SHIFT;
		region->address = map_file(file, op);
		fput(file);
		if (IS_ERR_VALUE(region->address)) {
			ret = map_error(region->address);
			goto err_put;
		}
	} else if (!access_ok((void __user *)region->address, region->bytes)) {
		ret = -EFAULT;
		goto err_put;
	}
	region->huge = !((region->gpa ^ region->address) & (EPT_SPAN(EPT_2M) - 1));

	ret = mmu_interval_notifier_insert(&region->notifier, region->mm, region->address,
					   region->bytes, &notifier_ops);
	if (ret)
		goto err_remove_file;
	return region;

err_remove_file:
	remove_file(region);
err_put:
	ward_region_put(region);
	return ERR_PTR(ret);
}

/*
 * Faults may still hold a reference; they find under the root's lock that the
 * map has changed and touch nothing. Layouts that still name the region are
 * read under RCU, which also delays the freeing.
 */
void ward_region_retire(struct ward_region *region)
{
	mmu_interval_notifier_remove(&region->notifier);
	remove_file(region);
	ward_region_put(region);
}

static void region_free(struct kref *ref)
{
	struct ward_region *region = container_of(ref, struct ward_region, ref);

	mmdrop(region->mm);
	kfree_rcu(region, rcu);
}

void ward_region_put(struct ward_region *region)
{
	kref_put(&region->ref, region_free);
}
