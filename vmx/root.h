/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * root.h - who owns VMX root operation, for the files of vmx/.
 *
 * The counted get and put are in vmx.h. Everything here needs preemption off
 * or a CPU that cannot change under the caller.
 */
#ifndef WARD_VMX_ROOT_H
#define WARD_VMX_ROOT_H

#include <linux/types.h>
#include "vmx/vmx.h"

struct vmcs_controls;

/* The capability MSRs 0x480 to 0x491 of the boot CPU; constant after vmx_init(). */
extern u64 vmx_cap_msrs[WARD_VMX_MSRS];

/* May this CPU execute VMX instructions now? Context: preemption off. */
bool vmx_root_here(void);

/* The machine is going down: no CPU will be in root operation again. */
bool vmx_root_stopped(void);

/**
 * vmx_root_claim - make @v's VMCS current on this CPU
 *
 * Takes it from the CPU that had it (VMCLEAR there) if need be.
 * Context: preemption off, interrupts on. Return: 0 it was the last one
 * loaded here, 1 it came from elsewhere or another VMCS was current,
 * -EAGAIN this CPU is not in VMX root operation.
 */
int vmx_root_claim(struct vmx_vcpu *v);

/* VMCLEAR wherever it is loaded. Context: may sleep. */
void vmx_root_release(struct vmx_vcpu *v);

#endif /* WARD_VMX_ROOT_H */
