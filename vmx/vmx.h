/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vmx.h - all that module/ may call of the VMX layer.
 *
 * A vCPU here is the processor only: its VMCS, registers, local APIC and
 * events. Who may run it, the file descriptors, the guest's memory map and
 * the life of the objects belong to module/. Calls go one way: where the
 * processor needs something from above (a page, a decision of user space),
 * vmx_vcpu_run() returns and says what.
 */
#ifndef WARD_VMX_VMX_H
#define WARD_VMX_VMX_H

#include <linux/types.h>
#include "ward.h"

struct ept_root;
struct vmx_vcpu;
struct vmx_cpuid;
struct ward_run;

/**
 * vmx_init - check that every online CPU can do what Ward needs
 *
 * Logs one line that names the first missing capability. Context: module
 * load, may sleep. Return: 0, -ENODEV no VT-x, a required capability is
 * missing or the TSC's frequency not known, -EOPNOTSUPP a host feature Ward
 * cannot live with (FRED).
 */
int __must_check vmx_init(void);
void vmx_exit(void);

/* --- root operation (root.c) --- */

/**
 * vmx_root_get - hold VMX root operation on every CPU
 *
 * Counted; the first get enters, the last put leaves. CPUs that come online
 * meanwhile enter too, or stay offline if they cannot.
 * Context: may sleep. Return: 0, -EBUSY another hypervisor owns VMX (logged
 * with its likely name and the remedy), -ENODEV the firmware locked VMX off.
 */
int __must_check vmx_root_get(void);
void vmx_root_put(void);

/* Fill the hardware part of @probe: tsc_khz, vmx_owner, vmx_msrs, owner. */
void vmx_probe(struct ward_probe *probe);

/* --- VM (vm.c) --- */

/**
 * struct vmx_vm - what the vCPUs of a VM share
 * @flags: WARD_VM_*, constant
 * @tsc_offset: guest TSC minus host TSC, read at each entry
 * @cpuid: the VM's CPUID table
 * @vcpus: by id; set before and cleared after the vCPU can be addressed
 * @ioapic_eoi: per vector, whether a level-triggered message used it
 */
struct vmx_vm {
	u32 flags;
	s64 tsc_offset;
	struct vmx_cpuid *cpuid;
	struct vmx_vcpu __rcu *vcpus[WARD_MAX_VCPUS];
};

/* Context: may sleep. Return: 0 or -ENOMEM. The guest's TSC starts at 0. */
int __must_check vmx_vm_init(struct vmx_vm *vm, u32 flags);
/* No vCPU may be left. */
void vmx_vm_destroy(struct vmx_vm *vm);

/**
 * vmx_vm_msi - deliver a message-signalled interrupt to the local APICs
 * Context: any, also hard interrupts. Return: 0, -ENXIO no WARD_VM_LAPIC,
 * -EINVAL not an interrupt message, -ENODEV nobody is addressed.
 */
int vmx_vm_msi(struct vmx_vm *vm, u64 address, u32 data);

void vmx_vm_get_clock(struct vmx_vm *vm, struct ward_clock *clock);
void vmx_vm_set_clock(struct vmx_vm *vm, const struct ward_clock *clock);

/* How many entries there are; writes at most @capacity. */
u32 vmx_vm_get_cpuid(struct vmx_vm *vm, struct ward_cpuid_entry *entries, u32 capacity);
/* Return: 0 or -EINVAL: a feature that the default table lacks. No vCPU exists. */
int vmx_vm_set_cpuid(struct vmx_vm *vm, const struct ward_cpuid_entry *entries, u32 count);

/* --- vCPU life (vcpu.c) --- */

/**
 * vmx_vcpu_create - a vCPU in the state after power-up
 * @run: the run page, kernel address; must outlive the vCPU
 * @root: the EPT that it runs with; must outlive the vCPU
 * Context: may sleep; VMX root operation is held. Return: vCPU or ERR_PTR
 * (-ENOMEM, -EIO: VMCLEAR failed).
 */
struct vmx_vcpu *vmx_vcpu_create(struct vmx_vm *vm, u32 id, struct ward_run *run,
				 struct ept_root *root);
void vmx_vcpu_destroy(struct vmx_vcpu *v);

/* --- running (run.c) --- */

enum vmx_run_result {
	VMX_RUN_AGAIN,		/* call again after looking at signals, pauses, kicks */
	VMX_RUN_USER,		/* the run page holds an exit record */
	VMX_RUN_FAULT,		/* vmx_vcpu_fault() says which page is missing */
	VMX_RUN_HALT,		/* the guest sleeps: vmx_vcpu_block() */
};

/**
 * struct vmx_fault - a guest-physical access that the EPT does not allow
 * @root: that EPT
 * @access: WARD_PROT_* bits of the access (a read-modify-write has both)
 * @present: some EPT permission is there (so it is a protection fault)
 */
struct vmx_fault {
	struct ept_root *root;
	u64 gpa;
	u32 access;
	bool present;
};

/**
 * vmx_vcpu_begin - take what user space put into the run page
 * @request: WARD_RUN_*, as the run page said when it was read
 *
 * Reads commit once, applies committed registers, completes the last exit
 * (stores data, steps over the instruction).
 * Context: the runner, before the first vmx_vcpu_run() of a WARD_RUN.
 * Return: 0; -EINVAL for unknown bits; -EIO after WARD_EXIT_SHUTDOWN until
 * RIP is set.
 */
int __must_check vmx_vcpu_begin(struct vmx_vcpu *v, u32 request);

/**
 * vmx_vcpu_run - run guest code until something needs the caller
 *
 * Context: the one runner of the vCPU, process context, interrupts on,
 * preemption on, no locks. Return: enum vmx_run_result, or -EIO: VMX was
 * taken away from this CPU.
 */
int __must_check vmx_vcpu_run(struct vmx_vcpu *v);

/* After VMX_RUN_FAULT, until the next vmx_vcpu_run(). */
const struct vmx_fault *vmx_vcpu_fault(const struct vmx_vcpu *v);

/**
 * vmx_vcpu_fault_mmio - no region covers the fault: it is a device access
 *
 * Finishes local APIC accesses; others become a WARD_EXIT_MMIO record.
 * Context: as vmx_vcpu_run(); may sleep. Return: VMX_RUN_AGAIN or
 * VMX_RUN_USER.
 */
int vmx_vcpu_fault_mmio(struct vmx_vcpu *v);

/* The region's page cannot be had: write WARD_EXIT_MEMORY with @error. */
void vmx_vcpu_fault_failed(struct vmx_vcpu *v, int error);

/**
 * vmx_vcpu_block - sleep after VMX_RUN_HALT
 * Return: 0 when the vCPU has something to do or was kicked, -EINTR on a
 * signal. Context: the runner, may sleep.
 */
int vmx_vcpu_block(struct vmx_vcpu *v);

/**
 * vmx_vcpu_kick - make the runner return from vmx_vcpu_run()/_block() soon
 *
 * The present or else the next call returns VMX_RUN_AGAIN / 0 once.
 * Context: any.
 */
void vmx_vcpu_kick(struct vmx_vcpu *v);

/* --- state (state.c); the caller excludes the runner --- */

/* Return: 0, -ENOENT unknown id. Context: may sleep. */
int vmx_vcpu_get_reg(struct vmx_vcpu *v, u64 id, u64 *value);
/* Is (id, value) possible alone? Return: 0, -ENOENT, -EINVAL. */
int vmx_vcpu_check_reg(struct vmx_vcpu *v, u64 id, u64 value);
/* After vmx_vcpu_check_reg() said 0, cannot fail. */
void vmx_vcpu_set_reg(struct vmx_vcpu *v, u64 id, u64 value);

/* Size of the XSAVE area in bytes. */
u32 vmx_xsave_bytes(void);
void vmx_vcpu_get_xsave(struct vmx_vcpu *v, void *area);
/* Return: 0, -EINVAL: bits in the header that XCR0 does not allow, MXCSR. */
int vmx_vcpu_set_xsave(struct vmx_vcpu *v, const void *area);

/* Return: 0, -EINVAL, -EBUSY, -ENXIO as WARD_INJECT. */
int vmx_vcpu_inject(struct vmx_vcpu *v, u64 event);

/* Text of the vCPU's state. Return: its length without NUL; writes at most @bytes. */
size_t vmx_vcpu_dump(struct vmx_vcpu *v, char *text, size_t bytes);

/* Add this vCPU's counters to @sum[WARD_STAT_COUNT]. Context: any. */
void vmx_vcpu_add_stats(const struct vmx_vcpu *v, u64 *sum);

#endif /* WARD_VMX_VMX_H */
