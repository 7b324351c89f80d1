/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * memory.h - a VM's guest-physical memory map.
 *
 * The map is a layout: a sorted array of regions with their protection, never
 * changed once it is published. An update builds the next layout in full and
 * swaps it in, so nothing can fail half-way.
 */
#ifndef WARD_MEMORY_H
#define WARD_MEMORY_H

#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/types.h>
#include <linux/wait.h>
#include "module/layout.h"

struct seq_file;
struct ward_region;
struct ward_vm;
struct ward_vm_info;

/**
 * struct ward_memory - the map, embedded in struct ward_vm
 * @lock: one update at a time
 * @layout: changed under @lock, read under RCU
 * @sequence: odd while an update is being applied; written under @lock
 * @updated: faults wait here for the end of an update
 */
struct ward_memory {
	struct mutex lock;
	struct ward_layout __rcu *layout;
	unsigned long sequence;
	wait_queue_head_t updated;
};

/* Return: 0 or -ENOMEM. */
int __must_check ward_memory_init(struct ward_vm *vm);
/* No vCPU is left. May sleep. */
void ward_memory_destroy(struct ward_vm *vm);

/**
 * ward_memory_begin - start to use the map, outside of any update
 * Waits for an update in progress, which does not sleep for long. Return: what
 * ward_memory_retry() wants.
 */
unsigned long ward_memory_begin(struct ward_memory *memory);

/*
 * Has an update begun since? Under a root's lock a "no" holds until the lock is
 * dropped: an update takes that lock after it began.
 */
bool ward_memory_retry(const struct ward_memory *memory, unsigned long sequence);

/**
 * ward_memory_find - the region at @gpa
 * Return: the region with a reference for the caller, its protection in @prot;
 * or NULL. Either may be out of date, as ward_memory_retry() tells.
 */
struct ward_region *ward_memory_find(struct ward_memory *memory, u64 gpa, u32 *prot);

/**
 * ward_memory_zap - make every view fault on [@gpa, @gpa + @bytes)
 * @locked: called with @context under each root's lock, before the change
 * Context: does not sleep, interrupts on. The range is flushed on return.
 */
void ward_memory_zap(struct ward_vm *vm, u64 gpa, u64 bytes,
		     void (*locked)(void *context), void *context);

/* Fill in memory_bytes and map_generation. Context: any. */
void ward_memory_fill_info(struct ward_vm *vm, struct ward_vm_info *info);
/* One line for each region. Context: may sleep. */
void ward_memory_show(struct ward_vm *vm, struct seq_file *file);

#endif /* WARD_MEMORY_H */
