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
 * 2 MiB leaves need an address that agrees with the gpa: reserve more than is
 * needed and put the file at the right place in it. What cannot be put there
 * (hugetlbfs has its own rules) goes where mmap() likes it.
 */
static unsigned long map_file(struct file *file, const struct ward_map_op *op)
{
	unsigned long spare = EPT_SPAN(EPT_2M);
	unsigned long area, address, end;

	if (op->bytes < spare)
		return map_at(file, 0, MAP_SHARED, op);

	area = vm_mmap(NULL, 0, op->bytes + spare, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, 0);
	if (IS_ERR_VALUE(area))
		return map_at(file, 0, MAP_SHARED, op);
	address = area + ((op->gpa - area) & (spare - 1));
	if (IS_ERR_VALUE(map_at(file, address, MAP_SHARED | MAP_FIXED, op))) {
		vm_munmap(area, op->bytes + spare);
		return map_at(file, 0, MAP_SHARED, op);
	}
	end = address + op->bytes;
	if (address > area)
		vm_munmap(area, address - area);
	if (area + op->bytes + spare > end)
		vm_munmap(end, area + op->bytes + spare - end);
	return address;
}

/*
 * Only if the file is still there: the address space belongs to user space,
 * which may have put something else at the place. Who changes mappings at the
 * same moment in another thread can only hurt himself. Beside a region of the
 * same file the kernel may have made one mapping of both.
 *
 * Only in the caller's own address space: unmapping can wait for a reader of
 * userfaultfd events, for as long as that one likes. A mapping elsewhere stays
 * for its process, and goes with it.
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
		vm_munmap(region->address, region->bytes);
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
