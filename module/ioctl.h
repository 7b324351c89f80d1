/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ioctl.h - from an ioctl to its handler.
 *
 * The rows are in ioctl_uapi/table.h. The dispatcher copies structure and
 * array in, checks size, flags and direction, takes the declared lock, calls
 * the handler and copies out. Handlers work on kernel memory only.
 */
#ifndef WARD_IOCTL_H
#define WARD_IOCTL_H

#include <linux/types.h>
#include "ward.h"
#include "table.h"

struct ward_vm;
struct ward_vcpu;

union ward_ioctl_args {
	struct {} none;
	struct ward_probe probe;
	struct ward_create_vm create_vm;
	struct ward_open_vm open_vm;
	struct ward_list list;
	struct ward_get_info get_info;
	struct ward_map map;
	struct ward_create_vcpu create_vcpu;
	struct ward_msi msi;
	struct ward_clock clock;
	struct ward_get_stats get_stats;
	struct ward_cpuid cpuid;
	struct ward_regs regs;
	struct ward_xsave xsave;
	struct ward_inject inject;
	struct ward_dump dump;
};

/**
 * struct ward_call - one ioctl on its way
 * @vm: set for calls on a VM or vCPU
 * @vcpu: set for calls on a vCPU
 * @array: what the row's ARRAY names; NULL where there are no elements
 * @entries: elements in @array. Before the handler: as given (IN, INOUT) or
 *           how many fit (OUT). The handler of an OUT row sets how many to
 *           copy out, not more than fit.
 * @arg: the structure; bytes behind it are not initialised
 */
struct ward_call {
	struct ward_vm *vm;
	struct ward_vcpu *vcpu;
	void *array;
	u32 entries;
	union ward_ioctl_args arg;
};

#define WARD_DECLARE_CALL(name, argument, lock, flags, options, array, handler)	\
	long handler(struct ward_call *call);
WARD_DEVICE_CALLS(WARD_DECLARE_CALL)
WARD_VM_CALLS(WARD_DECLARE_CALL)
WARD_VCPU_CALLS(WARD_DECLARE_CALL)
#undef WARD_DECLARE_CALL

long ward_device_ioctl(unsigned int cmd, unsigned long arg);
long ward_vm_ioctl(struct ward_vm *vm, unsigned int cmd, unsigned long arg);
long ward_vcpu_ioctl(struct ward_vcpu *vcpu, unsigned int cmd, unsigned long arg);

#endif /* WARD_IOCTL_H */
