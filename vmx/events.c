// SPDX-License-Identifier: GPL-2.0-only
/*
 * events.c - exceptions, interrupts and NMIs on their way into the guest.
 *
 * Which event an entry injects, and what becomes of two that meet, is
 * event_queue.c's. What cannot go yet opens a window, and the exit of that
 * window brings us back.
 * SDM: "Event Injection", "VM Exits That Occur During Event Delivery".
 */
#include <asm/vmx.h>
#include "vmx/root.h"
#include "vmx/trace.h"
#include "vmx/vcpu.h"

/* ---- exceptions ---- */

void vmx_queue_exception(struct vmx_vcpu *v, u8 vector, bool has_error, u32 error)
{
	if (!vmx_events_add_exception(&v->events, vector, has_error, error))
		v->shutdown = true;
}

void vmx_queue_gp(struct vmx_vcpu *v)
{
	vmx_queue_exception(v, 13, true, 0);
}

void vmx_queue_ud(struct vmx_vcpu *v)
{
	vmx_queue_exception(v, 6, false, 0);
}

/* ---- stepping over an instruction ---- */

bool vmx_long_cs(struct vmx_vcpu *v)
{
	return vmx_long_mode(v) && (vmcs_read32(GUEST_CS_AR_BYTES) & (1u << 13));
}

void vmx_skip_bytes(struct vmx_vcpu *v, u32 bytes, bool long_cs)
{
	u64 rip = vmx_rip(v) + bytes;
	u64 rflags = vmx_rflags(v);
	u32 blocking = vmx_blocking(v);

	vmx_set_rip(v, long_cs ? rip : (u32)rip);
	if (blocking & (VMX_BLOCK_STI | VMX_BLOCK_MOV_SS))
		vmx_set_blocking(v, blocking & ~(VMX_BLOCK_STI | VMX_BLOCK_MOV_SS));
	if (rflags & (X86_EFLAGS_TF | X86_EFLAGS_RF)) {
		v->skip_bs = rflags & X86_EFLAGS_TF;
		v->rflags = rflags & ~(u64)X86_EFLAGS_RF;
		vmx_set_cached(v, VMX_CACHE_RFLAGS);
	}
}

void vmx_skip(struct vmx_vcpu *v)
{
	vmx_skip_bytes(v, vmcs_read32(VM_EXIT_INSTRUCTION_LEN), vmx_long_cs(v));
}

/* ---- INIT and SIPI ---- */

void vmx_events_init_sipi(struct vmx_vcpu *v)
{
	u8 vector;

	if (!(v->vm->flags & WARD_VM_LAPIC) || !vmx_lapic_has_event(&v->lapic))
		return;
	if (vmx_lapic_take_init(&v->lapic))
		vmx_vcpu_reset(v, true);
	/* Outside the wait-for-SIPI state a SIPI is lost. */
	if (vmx_lapic_take_sipi(&v->lapic, &vector) &&
	    v->activity == WARD_ACTIVITY_WAIT_SIPI) {
		vmcs_write16(GUEST_CS_SELECTOR, vector << 8);
		vmcs_write_natural(GUEST_CS_BASE, vector << 12);
		vmx_set_rip(v, 0);
		v->activity = WARD_ACTIVITY_RUNNING;
	}
}

/* ---- before the entry ---- */

/* The vector of a maskable interrupt that waits, or -1. */
static int pending_interrupt(struct vmx_vcpu *v)
{
	if (v->vm->flags & WARD_VM_LAPIC)
		return vmx_lapic_pending(&v->lapic);
	return v->events.interrupt ? (int)(v->events.interrupt & 0xff) : -1;
}

static bool interrupts_open(struct vmx_vcpu *v)
{
	return (vmx_rflags(v) & X86_EFLAGS_IF) &&
	       !(vmx_blocking(v) & (VMX_BLOCK_STI | VMX_BLOCK_MOV_SS));
}

static bool nmis_open(struct vmx_vcpu *v)
{
	return !(vmx_blocking(v) & (VMX_BLOCK_NMI | VMX_BLOCK_STI | VMX_BLOCK_MOV_SS));
}

static void take_apic_nmis(struct vmx_vcpu *v)
{
	if (v->vm->flags & WARD_VM_LAPIC)
		while (vmx_lapic_take_nmi(&v->lapic))
			vmx_events_add_nmi(&v->events, vmx_blocking(v) & VMX_BLOCK_NMI);
}

bool vmx_events_wake(struct vmx_vcpu *v)
{
	bool lapic = v->vm->flags & WARD_VM_LAPIC;

	if (v->activity == WARD_ACTIVITY_RUNNING)
		return true;
	if (lapic && vmx_lapic_has_event(&v->lapic))
		return true;
	if (v->activity != WARD_ACTIVITY_HALTED)
		return false;
	if (v->events.exception || v->events.redeliver ||
	    (v->events.nmis && !(v->blocking & VMX_BLOCK_NMI)))
		return true;
	/* The caches are filled whenever the runner is outside the inner loop. */
	return (v->rflags & X86_EFLAGS_IF) &&
	       (lapic ? vmx_lapic_has_pending(&v->lapic) : v->events.interrupt != 0);
}

/* SDM: a single-step trap pends when the emulated instruction had TF set. */
static void pend_single_step(struct vmx_vcpu *v)
{
	v->skip_bs = false;
	if (vmcs_read64(GUEST_IA32_DEBUGCTL) & DEBUGCTLMSR_BTF)
		return;
	vmcs_write_natural(GUEST_PENDING_DBG_EXCEPTIONS,
			   vmcs_read_natural(GUEST_PENDING_DBG_EXCEPTIONS) | (1ul << 14));
}

/* The interrupt that was chosen leaves where it waited. */
static void accept(struct vmx_vcpu *v, u8 vector)
{
	if (v->vm->flags & WARD_VM_LAPIC)
		vmx_lapic_accept(&v->lapic, vector);
	else
		v->events.interrupt = 0;
}

static void inject(struct vmx_vcpu *v, const struct vmx_injection *next)
{
	u32 info = next->info;

	v->activity = WARD_ACTIVITY_RUNNING;
	if (info & VMX_EVENT_ERROR) {
		vmcs_write32(VM_ENTRY_EXCEPTION_ERROR_CODE, next->error);
		/* Real mode pushes none, and the entry insists on that. */
		if (!(vmcs_read_natural(GUEST_CR0) & X86_CR0_PE))
			info &= ~VMX_EVENT_ERROR;
	}
	vmcs_write32(VM_ENTRY_INTR_INFO_FIELD, info);
	if (VMX_EVENT_TYPE(info) >= VMX_EVENT_SOFT_INTERRUPT)
		vmcs_write32(VM_ENTRY_INSTRUCTION_LEN, next->insn_bytes);
	vmx_stat(v, WARD_STAT_INJECTIONS);
	trace_ward_inject(v->id, info, next->error);
}

void vmx_events_prepare(struct vmx_vcpu *v)
{
	struct vmx_events *ev = &v->events;
	struct vmx_event_gates gates;
	struct vmx_injection next;

	if (v->skip_bs)
		pend_single_step(v);
	take_apic_nmis(v);
	/* Only a SIPI ends that state; what comes meanwhile is lost. */
	if (unlikely(v->activity == WARD_ACTIVITY_WAIT_SIPI)) {
		ev->nmis = 0;
		return;
	}
	gates.vector = pending_interrupt(v);
	gates.interrupts = gates.vector >= 0 && interrupts_open(v);
	gates.nmis = ev->nmis && nmis_open(v);

	next = vmx_events_choose(ev, &gates);
	if (next.take) {
		accept(v, gates.vector);
		gates.vector = pending_interrupt(v);
	}
	if (next.info)
		inject(v, &next);
	vmx_set_proc_control(v, CPU_BASED_INTR_WINDOW_EXITING,
			     gates.vector >= 0 || v->notify_window);
	vmx_set_proc_control(v, CPU_BASED_NMI_WINDOW_EXITING, ev->nmis);
}

/* ---- after the exit ---- */

void vmx_events_collect(struct vmx_vcpu *v)
{
	u32 vectoring = vmcs_read32(IDT_VECTORING_INFO_FIELD);
	u32 error = 0, insn_bytes = 0;

	if (!(vectoring & VMX_EVENT_VALID))
		return;
	if (vectoring & VMX_EVENT_ERROR)
		error = vmcs_read32(IDT_VECTORING_ERROR_CODE);
	if (VMX_EVENT_TYPE(vectoring) >= VMX_EVENT_SOFT_INTERRUPT)
		insn_bytes = vmcs_read32(VM_EXIT_INSTRUCTION_LEN);
	vmx_events_interrupted(&v->events, vectoring, error, insn_bytes);
	/* Injecting the NMI again sets the blocking again. */
	if (VMX_EVENT_TYPE(vectoring) == VMX_EVENT_NMI)
		vmx_set_blocking(v, vmx_blocking(v) & ~VMX_BLOCK_NMI);
}

int vmx_vcpu_inject(struct vmx_vcpu *v, u64 event)
{
	return vmx_events_inject(&v->events, event, v->vm->flags & WARD_VM_LAPIC,
				 vmx_blocking(v) & VMX_BLOCK_NMI);
}
