// SPDX-License-Identifier: GPL-2.0-only
/*
 * exit_exception.c - exits that an event caused: intercepted exceptions, NMIs
 * and interrupts of the host, windows, triple faults.
 */
#include <linux/irqflags.h>
#include "vmx/exit.h"

#define INFO_VALID		(1u << 31)
#define INFO_NMI_UNBLOCKED	(1u << 12)
#define INFO_TYPE(info)		(((info) >> 8) & 7)
#define TYPE_NMI		2u
#define TYPE_PRIVILEGED_SOFT	5u

/*
 * SDM: "Information About NMI Unblocking Due to IRET". The IRET that faulted
 * had unblocked NMIs already; it runs again, with them blocked.
 */
static void restore_nmi_blocking(struct vmx_vcpu *v, u32 info)
{
	if ((info & INFO_NMI_UNBLOCKED) && (info & 0xff) != 8 && !v->events.redeliver)
		vmx_set_blocking(v, vmx_blocking(v) | VMX_BLOCK_NMI);
}

void vmx_debug_hit(struct vmx_vcpu *v, u64 hit)
{
	v->dr6 = (v->dr6 & ~0xfull) | hit;
	vmcs_write_natural(GUEST_DR7, vmcs_read_natural(GUEST_DR7) & ~(unsigned long)DR7_GD);
	vmcs_write64(GUEST_IA32_DEBUGCTL,
		     vmcs_read64(GUEST_IA32_DEBUGCTL) & ~(u64)DEBUGCTLMSR_BTF);
}

/* The qualification has the bits that DR6 gets. */
static void reflect_debug(struct vmx_vcpu *v, u32 info)
{
	u64 hit = vmcs_read_natural(EXIT_QUALIFICATION) & (0xf | DR6_BS | DR6_BD);

	vmx_debug_hit(v, hit);
	if (INFO_TYPE(info) == TYPE_PRIVILEGED_SOFT) {
		/* INT1: RIP is still on it. */
		v->events.redeliver = INFO_VALID | TYPE_PRIVILEGED_SOFT << 8 | 1;
		v->events.insn_bytes = vmcs_read32(VM_EXIT_INSTRUCTION_LEN);
		return;
	}
	/* The entry checks want a pending BS with TF in an interrupt shadow. */
	if ((hit & DR6_BS) && (vmx_blocking(v) & (VMX_BLOCK_STI | VMX_BLOCK_MOV_SS)))
		vmcs_write_natural(GUEST_PENDING_DBG_EXCEPTIONS,
				   vmcs_read_natural(GUEST_PENDING_DBG_EXCEPTIONS) | DR6_BS);
	vmx_queue_exception(v, 1, false, 0);
}

/* #AC that the guest did not ask for: the host watches for split locks. */
static bool is_split_lock(struct vmx_vcpu *v)
{
	return boot_cpu_has(X86_FEATURE_SPLIT_LOCK_DETECT) &&
	       !((vmcs_read32(GUEST_SS_AR_BYTES) >> 5 & 3) == 3 &&
		 (vmx_cr0(v) & X86_CR0_AM) && (vmx_rflags(v) & X86_EFLAGS_AC));
}

/*
 * #DB and #AC let the host's interrupts in before the guest goes on. Their
 * delivery can raise them again, without an instruction in between at which a
 * pending interrupt would exit: the guest could keep that up for ever.
 */
int vmx_exit_exception_nmi(struct vmx_vcpu *v)
{
	u32 info = vmcs_read32(VM_EXIT_INTR_INFO);
	u8 vector = info & 0xff;

	if (INFO_TYPE(info) == TYPE_NMI) {
		/* Blocked by the exit; the handler's IRET unblocks. */
		vmx_host_before_nmi(v);
		asm volatile("int $2");
		return VMX_RESUME;
	}
	restore_nmi_blocking(v, info);
	switch (vector) {
	case 1:
		reflect_debug(v, info);
		return vmx_exit_interrupt(v);
	case 17:
		if (is_split_lock(v)) {
			v->split_lock = true;
			return VMX_RUN_AGAIN;
		}
		vmx_queue_exception(v, 17, true, vmcs_read32(VM_EXIT_INTR_ERROR_CODE));
		return vmx_exit_interrupt(v);
	case 18:
		/* The machine's, not the guest's. */
		asm volatile("int $18");
		return VMX_RESUME;
	default:
		return vmx_exit_unhandled(v);
	}
}

/* The interrupt is still pending in the host's APIC: let it come. */
int vmx_exit_interrupt(struct vmx_vcpu *v)
{
	WRITE_ONCE(v->mode_cpu, -1);
	vmx_host_before_irqs(v);
	local_irq_enable();
	/* One instruction after STI, so that the window is open at all. */
	asm volatile("nop");
	local_irq_disable();
	return VMX_RESUME;
}

int vmx_exit_window(struct vmx_vcpu *v)
{
	if (v->notify_window && (v->exit_reason & 0xffff) == EXIT_REASON_INTERRUPT_WINDOW) {
		v->notify_window = false;
		vmx_record(v, WARD_EXIT_WINDOW);
		return VMX_RUN_USER;
	}
	return VMX_RESUME;
}

int vmx_exit_triple_fault(struct vmx_vcpu *v)
{
	v->triple_fault = false;
	v->shutdown = true;
	v->events = (struct vmx_events){};
	vmx_record(v, WARD_EXIT_SHUTDOWN);
	return VMX_RUN_USER;
}
