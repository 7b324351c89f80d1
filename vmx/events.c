// SPDX-License-Identifier: GPL-2.0-only
/*
 * events.c - exceptions, interrupts and NMIs on their way into the guest.
 *
 * Each entry injects at most one event: a new exception, else one whose
 * delivery the last exit interrupted, else an NMI, else an interrupt. What
 * cannot go yet opens a window, and the exit of that window brings us back.
 * SDM: "Event Injection", "VM Exits That Occur During Event Delivery".
 */
#include <asm/vmx.h>
#include "vmx/root.h"
#include "vmx/trace.h"
#include "vmx/vcpu.h"

#define TYPE_INTERRUPT		0u
#define TYPE_NMI		2u
#define TYPE_EXCEPTION		3u
#define TYPE_SOFT_INTERRUPT	4u

#define EVENT_VALID		(1u << 31)
#define EVENT_ERROR		(1u << 11)
#define EVENT_TYPE(info)	(((info) >> 8) & 7)
/* Bit 12 of the vectoring field is undefined; the entry field wants it 0. */
#define EVENT_MASK		0x80000fffu

#define VECTOR_DB		1
#define VECTOR_DF		8
#define VECTOR_PF		14

/* ---- exceptions ---- */

enum fault_class { BENIGN, CONTRIBUTORY, PAGE_FAULT };

static enum fault_class classify(u8 vector)
{
	switch (vector) {
	case VECTOR_PF:
		return PAGE_FAULT;
	case 0: case 10: case 11: case 12: case 13: case 21:
		return CONTRIBUTORY;
	default:
		return BENIGN;
	}
}

/* SDM: "Conditions for Generating a Double Fault" */
void vmx_queue_exception(struct vmx_vcpu *v, u8 vector, bool has_error, u32 error)
{
	struct vmx_events *ev = &v->events;
	u32 first = ev->exception ? ev->exception : ev->redeliver;

	if ((first & EVENT_VALID) && EVENT_TYPE(first) == TYPE_EXCEPTION) {
		enum fault_class a = classify(first & 0xff), b = classify(vector);

		if ((first & 0xff) == VECTOR_DF && b != BENIGN) {
			v->shutdown = true;
			return;
		}
		if ((a == CONTRIBUTORY && b == CONTRIBUTORY) ||
		    (a == PAGE_FAULT && b != BENIGN)) {
			vector = VECTOR_DF;
			has_error = true;
			error = 0;
		}
		/* The first one happens again when its instruction does. */
		ev->redeliver = 0;
	}
	ev->exception = EVENT_VALID | TYPE_EXCEPTION << 8 | vector;
	ev->exception_error = error;
	if (has_error)
		ev->exception |= EVENT_ERROR;
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

/*
 * The processor remembers one NMI while another is being handled. Before that
 * two may wait: one is about to be handled.
 */
static void pend_nmi(struct vmx_vcpu *v)
{
	bool handling = (vmx_blocking(v) & VMX_BLOCK_NMI) ||
			((v->events.redeliver & EVENT_VALID) &&
			 EVENT_TYPE(v->events.redeliver) == TYPE_NMI);

	if (v->events.nmis < (handling ? 1 : 2))
		v->events.nmis++;
}

static void take_apic_nmis(struct vmx_vcpu *v)
{
	if (v->vm->flags & WARD_VM_LAPIC)
		while (vmx_lapic_take_nmi(&v->lapic))
			pend_nmi(v);
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

void vmx_events_prepare(struct vmx_vcpu *v)
{
	struct vmx_events *ev = &v->events;
	u32 info = 0, error = 0, insn = 0;
	int vector;

	if (v->skip_bs)
		pend_single_step(v);
	take_apic_nmis(v);
	/* Only a SIPI ends that state; what comes meanwhile is lost. */
	if (unlikely(v->activity == WARD_ACTIVITY_WAIT_SIPI)) {
		ev->nmis = 0;
		return;
	}
	vector = pending_interrupt(v);

	if (ev->exception) {
		info = ev->exception;
		error = ev->exception_error;
		ev->exception = 0;
	} else if (ev->redeliver) {
		info = ev->redeliver;
		error = ev->redeliver_error;
		insn = ev->insn_bytes;
		ev->redeliver = 0;
	} else if (ev->nmis && nmis_open(v)) {
		info = EVENT_VALID | TYPE_NMI << 8 | 2;
		ev->nmis--;
	} else if (vector >= 0 && interrupts_open(v)) {
		info = EVENT_VALID | TYPE_INTERRUPT << 8 | vector;
		if (v->vm->flags & WARD_VM_LAPIC)
			vmx_lapic_accept(&v->lapic, vector);
		else
			ev->interrupt = 0;
		vector = pending_interrupt(v);
	}

	if (info) {
		v->activity = WARD_ACTIVITY_RUNNING;
		if (info & EVENT_ERROR) {
			vmcs_write32(VM_ENTRY_EXCEPTION_ERROR_CODE, error);
			/* Real mode pushes none, and the entry insists on that. */
			if (!(vmcs_read_natural(GUEST_CR0) & X86_CR0_PE))
				info &= ~EVENT_ERROR;
		}
		vmcs_write32(VM_ENTRY_INTR_INFO_FIELD, info);
		if (EVENT_TYPE(info) >= TYPE_SOFT_INTERRUPT)
			vmcs_write32(VM_ENTRY_INSTRUCTION_LEN, insn);
		vmx_stat(v, WARD_STAT_INJECTIONS);
		trace_ward_inject(v->id, info, error);
	}
	vmx_set_proc_control(v, CPU_BASED_INTR_WINDOW_EXITING,
			     vector >= 0 || v->notify_window);
	vmx_set_proc_control(v, CPU_BASED_NMI_WINDOW_EXITING, ev->nmis);
}

/* ---- after the exit ---- */

void vmx_events_collect(struct vmx_vcpu *v)
{
	struct vmx_events *ev = &v->events;
	u32 vectoring = vmcs_read32(IDT_VECTORING_INFO_FIELD);

	if (!(vectoring & EVENT_VALID))
		return;
	ev->redeliver = vectoring & EVENT_MASK;
	if (vectoring & EVENT_ERROR)
		ev->redeliver_error = vmcs_read32(IDT_VECTORING_ERROR_CODE);
	if (EVENT_TYPE(vectoring) >= TYPE_SOFT_INTERRUPT)
		ev->insn_bytes = vmcs_read32(VM_EXIT_INSTRUCTION_LEN);
	/* Injecting the NMI again sets the blocking again. */
	if (EVENT_TYPE(vectoring) == TYPE_NMI)
		vmx_set_blocking(v, vmx_blocking(v) & ~VMX_BLOCK_NMI);
}

int vmx_vcpu_inject(struct vmx_vcpu *v, u64 event)
{
	struct vmx_events *ev = &v->events;
	u8 vector = event & WARD_EVENT_VECTOR;

	if (!(event & WARD_EVENT_VALID) ||
	    (event & ~(WARD_EVENT_VALID | WARD_EVENT_VECTOR | WARD_EVENT_TYPE |
		       WARD_EVENT_ERROR_CODE | 0xffffffff00000000ull)))
		return -EINVAL;
	if (!(event & WARD_EVENT_ERROR_CODE) && event >> 32)
		return -EINVAL;

	switch (event & WARD_EVENT_TYPE) {
	case WARD_EVENT_INTERRUPT:
		if (v->vm->flags & WARD_VM_LAPIC)
			return -ENXIO;
		if (event & WARD_EVENT_ERROR_CODE)
			return -EINVAL;
		if (ev->interrupt)
			return -EBUSY;
		ev->interrupt = EVENT_VALID | vector;
		return 0;
	case WARD_EVENT_NMI:
		if (vector != 2 || (event & WARD_EVENT_ERROR_CODE))
			return -EINVAL;
		pend_nmi(v);
		return 0;
	case WARD_EVENT_EXCEPTION:
		if (vector > 31 || vector == 2)
			return -EINVAL;
		if (!!(event & WARD_EVENT_ERROR_CODE) !=
		    (vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21))
			return -EINVAL;
		if (ev->exception || ev->redeliver)
			return -EBUSY;
		ev->exception = EVENT_VALID | TYPE_EXCEPTION << 8 | vector;
		ev->exception_error = event >> 32;
		if (event & WARD_EVENT_ERROR_CODE)
			ev->exception |= EVENT_ERROR;
		return 0;
	default:
		return -EINVAL;
	}
}
