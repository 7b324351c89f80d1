// SPDX-License-Identifier: GPL-2.0-only
/*
 * run.c - the inner loop.
 *
 * From vmx_host_enter() to vmx_host_leave() the runner stays on one CPU with
 * preemption off, and with interrupts off but for the moment after an exit
 * that a host interrupt caused. An exit that its handler can finish goes
 * straight back into the guest. That cannot keep the host waiting: a pending
 * host interrupt makes the next entry exit again at the guest's first
 * instruction boundary, and then need_resched and signals are looked at. Where
 * a guest can avoid such a boundary, by exceptions whose delivery raises them
 * again, their handlers let interrupts in (exit_exception.c).
 */
#include <linux/context_tracking.h>
#include <linux/interrupt.h>
#include <linux/nospec.h>
#include <linux/preempt.h>
#include <linux/sched/signal.h>
#include <asm/cpu.h>
#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/nospec-branch.h>
#include <asm/special_insns.h>
#include "ept/root.h"
#include "vmx/compat.h"
#include "vmx/exit.h"
#include "vmx/root.h"

#define CREATE_TRACE_POINTS
#include "vmx/trace.h"

static_assert(offsetof(struct vmx_vcpu, regs) == 0);
static_assert(offsetof(struct vmx_regs, gpr[WARD_RDI]) == VMX_REGS_RDI);
static_assert(offsetof(struct vmx_regs, gpr[WARD_RBP]) == VMX_REGS_RBP);
static_assert(offsetof(struct vmx_regs, gpr[WARD_R15]) == VMX_REGS_R15);
static_assert(offsetof(struct vmx_regs, host_rsp) == VMX_REGS_HOST_RSP);
static_assert(offsetof(struct vmx_regs, launched) == VMX_REGS_LAUNCHED);

struct exit_row {
	vmx_exit_handler handler;
	enum ward_stat stat;
};

#define ROW(reason, fn, counter) \
	[EXIT_REASON_##reason] = { fn, WARD_STAT_EXIT_##counter }

static const struct exit_row exit_rows[] = {
	ROW(EXCEPTION_NMI, vmx_exit_exception_nmi, EXCEPTION),
	ROW(EXTERNAL_INTERRUPT, vmx_exit_interrupt, INTERRUPT),
	ROW(TRIPLE_FAULT, vmx_exit_triple_fault, OTHER),
	ROW(INTERRUPT_WINDOW, vmx_exit_window, WINDOW),
	ROW(NMI_WINDOW, vmx_exit_window, WINDOW),
	ROW(CPUID, vmx_exit_cpuid, CPUID),
	ROW(HLT, vmx_exit_hlt, HALT),
	ROW(INVD, vmx_exit_nop, OTHER),
	ROW(RDPMC, vmx_exit_gp, OTHER),
	ROW(VMCALL, vmx_exit_vmcall, HYPERCALL),
	ROW(VMCLEAR, vmx_exit_ud, OTHER),
	ROW(VMLAUNCH, vmx_exit_ud, OTHER),
	ROW(VMPTRLD, vmx_exit_ud, OTHER),
	ROW(VMPTRST, vmx_exit_ud, OTHER),
	ROW(VMREAD, vmx_exit_ud, OTHER),
	ROW(VMRESUME, vmx_exit_ud, OTHER),
	ROW(VMWRITE, vmx_exit_ud, OTHER),
	ROW(VMOFF, vmx_exit_ud, OTHER),
	ROW(VMON, vmx_exit_ud, OTHER),
	ROW(CR_ACCESS, vmx_exit_cr, CR),
	ROW(DR_ACCESS, vmx_exit_dr, DR),
	ROW(IO_INSTRUCTION, vmx_exit_io, IO),
	ROW(MSR_READ, vmx_exit_rdmsr, MSR_READ),
	ROW(MSR_WRITE, vmx_exit_wrmsr, MSR_WRITE),
	ROW(MWAIT_INSTRUCTION, vmx_exit_ud, OTHER),
	ROW(MONITOR_INSTRUCTION, vmx_exit_ud, OTHER),
	ROW(EPT_VIOLATION, vmx_exit_ept_violation, EPT),
	ROW(INVEPT, vmx_exit_ud, OTHER),
	ROW(INVVPID, vmx_exit_ud, OTHER),
	ROW(WBINVD, vmx_exit_nop, OTHER),
	ROW(XSETBV, vmx_exit_xsetbv, OTHER),
	ROW(VMFUNC, vmx_exit_ud, OTHER),
	ROW(ENCLS, vmx_exit_ud, OTHER),
};

/*
 * Exits that can interrupt the delivery of an event; for all others the
 * vectoring field is 0 by definition.
 */
#define VECTORING_REASONS						\
	(BIT_ULL(EXIT_REASON_EXCEPTION_NMI) | BIT_ULL(EXIT_REASON_TRIPLE_FAULT) | \
	 BIT_ULL(EXIT_REASON_TASK_SWITCH) | BIT_ULL(EXIT_REASON_APIC_ACCESS) | \
	 BIT_ULL(EXIT_REASON_EPT_VIOLATION) | BIT_ULL(EXIT_REASON_EPT_MISCONFIG) | \
	 BIT_ULL(EXIT_REASON_PML_FULL))

#define LEAVE_WORK (COMPAT_TIF_WANT_CPU | _TIF_SIGPENDING | _TIF_NOTIFY_SIGNAL | _TIF_NOTIFY_RESUME)

/* What the last guest or user process left in the CPU's buffers. */
static const u16 verw_selector = __KERNEL_DS;

static __always_inline void mitigate_before_entry(void)
{
	if (boot_cpu_has_bug(X86_BUG_L1TF) && boot_cpu_has(X86_FEATURE_FLUSH_L1D))
		native_wrmsr(MSR_IA32_FLUSH_CMD, L1D_FLUSH, 0);
	else if (boot_cpu_has_bug(X86_BUG_MDS) || boot_cpu_has_bug(X86_BUG_TAA) ||
		 boot_cpu_has_bug(X86_BUG_MMIO_STALE_DATA) ||
		 boot_cpu_has(X86_FEATURE_CLEAR_CPU_BUF))
		asm volatile("verw %[sel]" : : [sel] "m"(verw_selector) : "cc");
}

/* The guest may have trained predictors that the runner's user space uses. */
static void shield_user_space(void)
{
#ifdef X86_FEATURE_IBPB_EXIT_TO_USER
	if (cpu_feature_enabled(X86_FEATURE_IBPB_EXIT_TO_USER))
		this_cpu_write(x86_ibpb_exit_to_user, true);
#endif
}

static void apply_tsc_offset(struct vmx_vcpu *v)
{
	s64 offset = vmx_vm_tsc_offset(v->vm) + v->tsc_adjust;

	if (offset == v->tsc_offset)
		return;
	v->tsc_offset = offset;
	vmcs_write64(TSC_OFFSET, offset);
}

/* Return: VMX_RESUME: enter; else leave the loop with that. */
static int before_entry(struct vmx_vcpu *v)
{
	int requests;

	/* See vcpu_request(): say where we are, then look. */
	WRITE_ONCE(v->mode_cpu, v->last_cpu);
	smp_mb();
	requests = atomic_read(&v->requests);
	if (unlikely(requests)) {
		requests = atomic_xchg(&v->requests, 0);
		if (requests & (1 << VMX_REQ_LEAVE))
			return VMX_RUN_AGAIN;
	}
	if (unlikely(READ_ONCE(current_thread_info()->flags) & LEAVE_WORK))
		return VMX_RUN_AGAIN;
	/* Where kernel_fpu_begin() keeps softirqs from running behind an interrupt */
	if (unlikely(softirq_count() && local_softirq_pending()))
		return VMX_RUN_AGAIN;

	vmx_events_init_sipi(v);
	/* Also where the third fault was raised outside of this loop. */
	if (unlikely(v->triple_fault))
		return vmx_exit_triple_fault(v);
	vmx_events_prepare(v);
	if (unlikely(v->activity != WARD_ACTIVITY_RUNNING))
		return VMX_RUN_HALT;
	return VMX_RESUME;
}

static int enter_and_handle(struct vmx_vcpu *v)
{
	const struct exit_row *row;
	u32 reason;
	int rc;

	if (v->refresh_host) {
		vmx_host_refresh_fields(v);
		vmx_host_load_guest_drs(v);
		v->refresh_host = false;
	}
	apply_tsc_offset(v);
	if (trace_ward_entry_enabled())
		trace_ward_entry(v->id, vmx_rip(v));
	vmx_cache_flush(v);
	if (v->cr2 != native_read_cr2())
		native_write_cr2(v->cr2);
	vmx_stat(v, WARD_STAT_ENTRIES);

	ept_flush_check_entry(v->root);
	mitigate_before_entry();
	rc = vmx_enter(&v->regs);

	v->cr2 = native_read_cr2();
	v->valid = 0;
	if (unlikely(rc)) {
		v->exit_reason = ~0u;
		return rc == -ENXIO ? rc : vmx_record_fail_entry(v, rc);
	}
	reason = vmcs_read32(VM_EXIT_REASON);
	v->exit_reason = reason;
	if (trace_ward_exit_enabled())
		trace_ward_exit(v->id, reason, vmx_rip(v), vmcs_read_natural(EXIT_QUALIFICATION));
	if (unlikely(reason >> 31)) {
		/* A machine check on the way in: the host has to look at it. */
		if ((reason & 0xffff) == EXIT_REASON_MCE_DURING_VMENTRY)
			asm volatile("int $18");
		return vmx_record_fail_entry(v, 0);
	}

	v->regs.launched = 1;

	reason &= 0xffff;
	if (reason < 64 && (VECTORING_REASONS >> reason & 1))
		vmx_events_collect(v);
	if (unlikely(reason >= ARRAY_SIZE(exit_rows) || !exit_rows[reason].handler)) {
		vmx_stat(v, WARD_STAT_EXIT_OTHER);
		return vmx_exit_unhandled(v);
	}
	row = &exit_rows[array_index_nospec(reason, ARRAY_SIZE(exit_rows))];
	vmx_stat(v, row->stat);
	return row->handler(v);
}

int vmx_vcpu_run(struct vmx_vcpu *v)
{
	int result, err = 0;

	if (!vmx_events_wake(v) && !atomic_read(&v->requests))
		return VMX_RUN_HALT;
	if (unlikely(v->pdptes_stale))
		err = vmx_refresh_pdptes(v);
	if (err == -EFAULT)
		return VMX_RUN_FAULT;
	if (err || vmx_vcpu_load(v))
		return vmx_root_stopped() ? -EIO : VMX_RUN_AGAIN;
	vmx_host_enter(v);
	v->refresh_host = true;

	local_irq_disable();
	do {
		result = before_entry(v);
		if (result == VMX_RESUME)
			result = enter_and_handle(v);
	} while (result == VMX_RESUME);
	WRITE_ONCE(v->mode_cpu, -1);
	vmx_host_before_irqs(v);
	local_irq_enable();

	vmx_cache_fill(v);
	if (result != VMX_RUN_AGAIN && result != VMX_RUN_HALT)
		vmx_context_fill(v);
	vmx_host_leave(v);
	shield_user_space();
	vmx_vcpu_put(v);

	if (unlikely(result == VMX_RUN_PDPTES))
		result = vmx_exit_cr_with_pdptes(v);
	if (unlikely(v->split_lock)) {
		v->split_lock = false;
		/* May sleep, to slow the culprit down; or leaves it to the guest. */
		if (!handle_guest_split_lock(v->rip))
			vmx_queue_exception(v, 17, true, 0);
	}

	if (result == VMX_RUN_USER)
		vmx_record_publish(v);
	return result == -ENXIO ? -EIO : result;
}

int vmx_vcpu_block(struct vmx_vcpu *v)
{
	vmx_stat(v, WARD_STAT_HALTS);
	rcuwait_wait_event(&v->wait,
			   vmx_events_wake(v) || atomic_read(&v->requests) ||
			   signal_pending(current),
			   TASK_INTERRUPTIBLE);
	atomic_andnot(1 << VMX_REQ_LEAVE, &v->requests);
	return signal_pending(current) ? -EINTR : 0;
}
