/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * exit.h - the exit handlers, one file per family of causes.
 *
 * A handler runs in the inner loop: interrupts and preemption off, the VMCS
 * current. It returns VMX_RESUME to enter the guest again at once, or one of
 * enum vmx_run_result. It cannot read guest memory there: the lock for that
 * may sleep. Who has to leaves the loop first.
 */
#ifndef WARD_VMX_EXIT_H
#define WARD_VMX_EXIT_H

#include "vmx/vcpu.h"

#define VMX_RESUME	(-1)
/* Leave the loop for vmx_exit_cr_with_pdptes(). */
#define VMX_RUN_PDPTES	(-2)

typedef int (*vmx_exit_handler)(struct vmx_vcpu *v);

/* exit_exception.c */
int vmx_exit_exception_nmi(struct vmx_vcpu *v);
int vmx_exit_interrupt(struct vmx_vcpu *v);
int vmx_exit_window(struct vmx_vcpu *v);
int vmx_exit_triple_fault(struct vmx_vcpu *v);
/* DR6, DR7 and DEBUGCTL as a #DB by DR6's bits @hit leaves them: an exit does not. (l) */
void vmx_debug_hit(struct vmx_vcpu *v, u64 hit);

/* exit_cr.c */
int vmx_exit_cr(struct vmx_vcpu *v);
int vmx_exit_dr(struct vmx_vcpu *v);
int vmx_exit_xsetbv(struct vmx_vcpu *v);
/* Is this CR4 (EFER) possible for the guest at all? */
bool vmx_cr4_valid(const struct vmx_vcpu *v, u64 cr4);
bool vmx_efer_valid(const struct vmx_vcpu *v, u64 efer);
bool vmx_xcr0_valid(const struct vmx_vcpu *v, u64 xcr0);
/* Write without the guest's checks; the VMCS follows. (l) */
void vmx_set_cr0(struct vmx_vcpu *v, u64 cr0);
void vmx_set_cr4(struct vmx_vcpu *v, u64 cr4);
void vmx_set_efer(struct vmx_vcpu *v, u64 efer);
/*
 * Load the PDPTEs that user space's registers ask for. The vCPU is not loaded,
 * preemption is on. Return: 0; -EFAULT with v->fault set; -EAGAIN.
 */
int vmx_refresh_pdptes(struct vmx_vcpu *v);
/*
 * The rest of a vmx_exit_cr() that said VMX_RUN_PDPTES: read the entries, do
 * what the instruction does. The vCPU is not loaded, preemption is on.
 * Return: enum vmx_run_result.
 */
int vmx_exit_cr_with_pdptes(struct vmx_vcpu *v);
void vmx_set_dr7(struct vmx_vcpu *v, u64 dr7);

/* exit_msr.c */
int vmx_exit_rdmsr(struct vmx_vcpu *v);
int vmx_exit_wrmsr(struct vmx_vcpu *v);
/* (l). Return: 0, -EINVAL for #GP, -ENOENT unknown, VMX_LAPIC_EOI_EXIT. */
int vmx_msr_read(struct vmx_vcpu *v, u32 index, u64 *value);
/* Could @value be written at all? Return: 0, -EINVAL. */
int vmx_msr_check(struct vmx_vcpu *v, u32 index, u64 value);
int vmx_msr_write(struct vmx_vcpu *v, u32 index, u64 value, u8 *vector);

/* exit_io.c */
int vmx_exit_io(struct vmx_vcpu *v);

/* exit_ept.c */
int vmx_exit_ept_violation(struct vmx_vcpu *v);
/* @data is what the access @d read: to its register. (r) */
void vmx_complete_read(struct vmx_vcpu *v, const struct vmx_decoded *d, u64 data);

/* exit_misc.c */
int vmx_exit_cpuid(struct vmx_vcpu *v);
int vmx_exit_hlt(struct vmx_vcpu *v);
int vmx_exit_vmcall(struct vmx_vcpu *v);
int vmx_exit_nop(struct vmx_vcpu *v);
int vmx_exit_ud(struct vmx_vcpu *v);
int vmx_exit_gp(struct vmx_vcpu *v);
/* Nobody's: raw data for user space. */
int vmx_exit_unhandled(struct vmx_vcpu *v);

/* --- exit records (record.c) --- */

/* Start a record of @kind: registers follow when the loop is left. (l) */
void vmx_record(struct vmx_vcpu *v, enum ward_exit kind);
/* (l) */
int vmx_record_eoi(struct vmx_vcpu *v, u8 vector);
/* Entry failed; @rc from vmx_enter(). (l) */
int vmx_record_fail_entry(struct vmx_vcpu *v, int rc);
/* Read what the record's reader needs to know of the processor. (l) */
void vmx_context_fill(struct vmx_vcpu *v);
/* Registers and context into the run page. (r) */
void vmx_record_publish(struct vmx_vcpu *v);

#endif /* WARD_VMX_EXIT_H */
