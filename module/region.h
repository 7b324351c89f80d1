/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * region.h - one range of guest memory, and the user memory that stands behind.
 */
#ifndef WARD_REGION_H
#define WARD_REGION_H

#include <linux/kref.h>
#include <linux/mmu_notifier.h>
#include <linux/rcupdate.h>
#include <linux/types.h>

struct file;
struct mm_struct;
struct ward_map_op;
struct ward_vm;

/**
 * struct ward_region - see above; all but @ref is constant after creation
 * @vm: whose; no reference: a region is retired before its VM goes
 * @mm: the address space that faults resolve against; its struct is held, not
 *      its memory, so that it can end while the VM lives on
 * @address: where in @mm
 * @file: WARD_MAP_FROM_FD: the file that the kernel mapped at @address; only to
 *        recognise it. The mapping holds it; a reference here would let a VM
 *        keep itself alive through the file of one of its vCPUs
 * @first_page: page offset in @file
 * @huge: @gpa and @address agree modulo 2 MiB
 * @notifier: tells when the host takes a page of the range away
 */
struct ward_region {
	struct kref ref;
	struct rcu_head rcu;
	struct ward_vm *vm;
	u64 gpa;
	u64 bytes;
	struct mm_struct *mm;
	unsigned long address;
	const struct file *file;
	unsigned long first_page;
	bool huge;
	struct mmu_interval_notifier notifier;
};

/**
 * ward_region_create - a region of the caller's address space, or of a file
 * @op: a validated WARD_MAP_ADD
 *
 * A file is mapped into the caller's address space here. The region follows
 * what happens to its pages from here on.
 * Return: the region with one reference, or ERR_PTR (-ENOMEM, -EFAULT not a
 * user address, -EBADF, and what mmap of the file returns). May sleep.
 */
struct ward_region *ward_region_create(struct ward_vm *vm, const struct ward_map_op *op);

/**
 * ward_region_retire - drop the map's reference
 *
 * No root leads into the region any more and none will. Its notifier is
 * removed, and its file taken out of the address space if that is the caller's.
 * May sleep.
 */
void ward_region_retire(struct ward_region *region);

void ward_region_put(struct ward_region *region);

#endif /* WARD_REGION_H */
