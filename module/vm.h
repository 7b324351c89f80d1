/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vm.h - a virtual machine: what its descriptor stands for.
 */
#ifndef WARD_VM_H
#define WARD_VM_H

#include <linux/atomic.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/wait.h>
#include "ward.h"
#include "module/memory.h"
#include "vmx/vmx.h"

struct dentry;
struct ept_root;
struct pid;
struct ward_user;
struct ward_vcpu;

/* Views of memory that a VM has room for; only view 0 is made. */
#define WARD_MAX_VIEWS	4
#define WARD_MAX_PAUSES	(1 << 16)

/**
 * struct ward_vm - see above
 *
 * (c) constant after creation, (g) under the registry's lock, (l) @lock,
 * (r) written under @lock, read under RCU, (a) any CPU, any time
 *
 * @ref: one for each VM descriptor and each vCPU
 * @link, @user, @published: (g) see registry.c
 * @id, @name, @uid, @creator, @created_ns: (c)
 * @debugfs: (c) the file with the statistics
 * @lock: serialises what changes the set of vCPUs and the VM's settings
 * @vcpus: (r)
 * @nr_vcpus: (l), may be read without
 * @departed: (l) statistics of vCPUs that are gone
 * @invalidations: (a) CPUs that were sent an INVEPT
 * @memory: the memory map, with its own lock
 * @roots: (c) by view, not nested ones; NULL where there is none
 * @vmx: its vcpus[] as @vcpus; the rest is the VMX layer's
 * @pauses: (a) runners stay out of the guest while it is not zero
 * @dead: (a) never becomes false again
 * @resumed: runners wait here for the end of a pause
 * @quiet: who needs the runners to see a pause waits here; also woken when
 *         the last pause ends
 */
struct ward_vm {
	struct kref ref;

	struct list_head link;
	struct ward_user *user;
	bool published;

	u64 id;
	char name[WARD_NAME_BYTES];
	kuid_t uid;
	struct pid *creator;
	u64 created_ns;
	struct dentry *debugfs;

	struct mutex lock;
	struct ward_vcpu __rcu *vcpus[WARD_MAX_VCPUS];
	u32 nr_vcpus;
	u64 departed[WARD_STAT_COUNT];
	atomic64_t invalidations;

	struct ward_memory memory;
	struct ept_root *roots[WARD_MAX_VIEWS];
	struct vmx_vm vmx;

	atomic_t pauses;
	bool dead;
	wait_queue_head_t resumed;
	wait_queue_head_t quiet;
};

/* The last put destroys the VM; may sleep. */
void ward_vm_put(struct ward_vm *vm);

/**
 * ward_vm_create - a VM that the caller owns, and its first descriptor
 * Return: the descriptor, or the errors of WARD_CREATE_VM.
 */
int ward_vm_create(const struct ward_create_vm *args);

/* A descriptor for @vm; takes over the caller's reference, also on error. */
int ward_vm_new_fd(struct ward_vm *vm);

/* What WARD_LIST and WARD_GET_INFO say. Context: any, takes no lock. */
void ward_vm_fill_info(struct ward_vm *vm, struct ward_vm_info *info);

static inline bool ward_vm_is_dead(const struct ward_vm *vm)
{
	return READ_ONCE(vm->dead);
}

/* No vCPU of @vm enters the guest again. Context: process. */
void ward_vm_kill(struct ward_vm *vm);

#define ward_vm_for_each_root(vm, root, view)				\
	for ((view) = 0; (view) < WARD_MAX_VIEWS; (view)++)		\
		if (!((root) = (vm)->roots[view])) {			\
		} else

#endif /* WARD_VM_H */
