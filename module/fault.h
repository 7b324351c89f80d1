/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fault.h - getting the page that a guest access needs.
 */
#ifndef WARD_FAULT_H
#define WARD_FAULT_H

#include <linux/types.h>

struct ept_root;
struct ward_vcpu;

/**
 * ward_memory_fault - make a guest-physical access possible
 * @vcpu: its runner calls, without owning the state
 * @root: the EPT that lacks it, one of the VM's
 * @access: WARD_PROT_* of the access
 * @sequence: out: of the map that the answer stems from, for ward_memory_retry()
 *
 * Context: process, may sleep for as long as user space lets a page wait.
 * Return: 0, let the guest try again; -ENOENT no region there, or a write to
 * one that may not be written: a device access; -EACCES the region's
 * protection; -EFAULT, -EHWPOISON the host has no such page; -ESRCH the
 * region's address space is gone; -EINTR a signal; -ENOMEM.
 */
int __must_check ward_memory_fault(struct ward_vcpu *vcpu, struct ept_root *root, u64 gpa,
				   u32 access, unsigned long *sequence);

/* May 2 MiB leaves be used? Called once, at load. */
void ward_fault_init(u64 ept_vpid_cap);
bool ward_fault_huge(void);

#endif /* WARD_FAULT_H */
