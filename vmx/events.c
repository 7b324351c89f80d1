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
		v->triple_fault = true;
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
	if (rflags & X86_EFLAGS_TF)
		v->skip_bs = true;
	/* A repeated one that goes on has its breakpoint behind it, until its end. */
	v->rflags = bytes ? rflags & ~(u64)X86_EFLAGS_RF : rflags | X86_EFLAGS_RF;
	if (v->rflags != rflags)
		vmx_set_cached(v, VMX_CACHE_RFLAGS);
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
	/* The caches are filled whenever the runner is outside the inner loop. */
	if (v->events.exception || v->events.redeliver ||
	    (v->events.nmis && vmx_nmis_open(v->blocking)))
		return true;
	return vmx_interrupts_open(v->rflags & X86_EFLAGS_IF, v->blocking) &&
	       (lapic ? vmx_lapic_has_pending(&v->lapic) : v->events.interrupt != 0);
}

/* SDM: a single-step trap pends when the emulated instruction had TF set. */
u64 vmx_pending_debug(struct vmx_vcpu *v)
{
	u64 pending = vmcs_read_natural(GUEST_PENDING_DBG_EXCEPTIONS);

	if (v->skip_bs && !(vmcs_read64(GUEST_IA32_DEBUGCTL) & DEBUGCTLMSR_BTF)) {
		pending |= DR6_BS;
		vmcs_write_natural(GUEST_PENDING_DBG_EXCEPTIONS, pending);
	}
	v->skip_bs = false;
	return pending;
}

bool vmx_debug_trap_due(struct vmx_vcpu *v)
{
	return vmx_pending_debug(v) & (DR6_BS | PENDING_ENABLED);
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
	if (next->resume) {
		v->rflags = vmx_rflags(v) | X86_EFLAGS_RF;
		vmx_set_cached(v, VMX_CACHE_RFLAGS);
	}
	vmcs_write32(VM_ENTRY_INTR_INFO_FIELD, info);
	if (VMX_EVENT_TYPE(info) >= VMX_EVENT_SOFT_INTERRUPT)
		vmcs_write32(VM_ENTRY_INSTRUCTION_LEN, next->insn_bytes);
	vmx_stat(v, WARD_STAT_INJECTIONS);
	trace_ward_inject(v->id, info, next->error);
}

static struct vmx_event_gates find_gates(struct vmx_vcpu *v)
{
	struct vmx_event_gates gates = { .vector = pending_interrupt(v) };

	if (v->events.nmis || gates.vector >= 0) {
		gates.enabled = vmx_rflags(v) & X86_EFLAGS_IF;
		gates.blocking = vmx_blocking(v);
		gates.trap = vmx_debug_trap_due(v);
	}
	return gates;
}

void vmx_events_prepare(struct vmx_vcpu *v)
{
	struct vmx_events *ev = &v->events;
	struct vmx_event_gates gates;
	struct vmx_injection next;
	struct vmx_windows windows;

	if (v->skip_bs)
		vmx_pending_debug(v);
	take_apic_nmis(v);
	/* Only a SIPI ends that state; what comes meanwhile is lost. */
	if (unlikely(v->activity == WARD_ACTIVITY_WAIT_SIPI)) {
		ev->nmis = 0;
		return;
	}
	gates = find_gates(v);
	next = vmx_events_choose(ev, &gates);
	if (next.take) {
		accept(v, gates.vector);
		gates.vector = pending_interrupt(v);
	}
	if (next.info) {
		inject(v, &next);
		/* The delivery ends it. */
		gates.blocking &= ~(VMX_BLOCK_STI | VMX_BLOCK_MOV_SS);
	} else if (unlikely(v->entry_failed)) {
		/* An exit would have done it. */
		vmcs_write32(VM_ENTRY_INTR_INFO_FIELD, 0);
	}
	v->injected = next;
	v->entry_failed = false;
	windows = vmx_events_windows(ev, &gates);
	vmx_set_proc_control(v, CPU_BASED_INTR_WINDOW_EXITING,
			     windows.interrupts || v->notify_window);
	vmx_set_proc_control(v, CPU_BASED_NMI_WINDOW_EXITING, windows.nmis);
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
