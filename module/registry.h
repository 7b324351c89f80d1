/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * registry.h - which VMs there are, whose they are, and what users may have.
 */
#ifndef WARD_REGISTRY_H
#define WARD_REGISTRY_H

#include <linux/types.h>
#include <linux/uidgid.h>
#include "ward.h"

struct ward_vm;

/**
 * ward_registry_add - give @vm an owner (the caller), an id and a name
 * @name: empty: one is made
 *
 * Charges the caller's limit. The name is taken from here on, but nobody finds
 * the VM before ward_registry_publish(). Return: 0, -EINVAL a bad name,
 * -EEXIST, -EDQUOT, -ENOMEM. May sleep.
 */
int __must_check ward_registry_add(struct ward_vm *vm, const char name[WARD_NAME_BYTES]);
void ward_registry_publish(struct ward_vm *vm);
/* Undoes ward_registry_add(). No vCPU of @vm is charged any more. */
void ward_registry_del(struct ward_vm *vm);

/* Return: a published VM with a reference for the caller, or NULL. */
struct ward_vm *ward_registry_open(kuid_t owner, const char name[WARD_NAME_BYTES]);

/**
 * ward_registry_list - the VMs of @owner, or all
 * Return: how many there are; writes at most @capacity.
 */
u32 ward_registry_list(bool all, kuid_t owner, struct ward_vm_info *infos, u32 capacity);

/* Charge the owner of @vm for one vCPU more. Return: 0 or -EDQUOT. */
int __must_check ward_registry_charge_vcpu(struct ward_vm *vm);
void ward_registry_uncharge_vcpu(struct ward_vm *vm);

#endif /* WARD_REGISTRY_H */
