// SPDX-License-Identifier: GPL-2.0-only
/*
 * event_queue.c - events that wait for an entry, see event_queue.h.
 *
 * SDM: "Event Injection", "Conditions for Generating a Double Fault".
 */
#include <linux/errno.h>
#include "ward.h"
#include "vmx/event_queue.h"

/* Bit 12 of the vectoring field is undefined; the entry field wants it 0. */
#define EVENT_MASK		0x80000fffu

#define VECTOR_NMI		2
#define VECTOR_DF		8
#define VECTOR_PF		14

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

bool vmx_events_add_exception(struct vmx_events *ev, u8 vector, bool has_error, u32 error)
{
	u32 first = ev->exception ? ev->exception : ev->redeliver;

	if ((first & VMX_EVENT_VALID) && VMX_EVENT_TYPE(first) == VMX_EVENT_EXCEPTION) {
		enum fault_class a = classify(first & 0xff), b = classify(vector);

		if ((first & 0xff) == VECTOR_DF && b != BENIGN)
			return false;
		if ((a == CONTRIBUTORY && b == CONTRIBUTORY) ||
		    (a == PAGE_FAULT && b != BENIGN)) {
			vector = VECTOR_DF;
			has_error = true;
			error = 0;
		}
	}
	/* What an instruction raised happens again when the instruction does. */
	if (VMX_EVENT_TYPE(ev->redeliver) >= VMX_EVENT_EXCEPTION)
		ev->redeliver = 0;
	ev->exception = VMX_EVENT_VALID | VMX_EVENT_EXCEPTION << 8 | vector;
	ev->exception_error = error;
	if (has_error)
		ev->exception |= VMX_EVENT_ERROR;
	return true;
}

/*
 * The processor remembers one NMI while another is being handled. Before that
 * two may wait: one is about to be handled.
 */
void vmx_events_add_nmi(struct vmx_events *ev, bool blocked)
{
	bool handling = blocked || ((ev->redeliver & VMX_EVENT_VALID) &&
				    VMX_EVENT_TYPE(ev->redeliver) == VMX_EVENT_NMI);

	if (ev->nmis < (handling ? 1 : 2))
		ev->nmis++;
}

static bool pushes_error(u8 vector)
{
	return vector == VECTOR_DF || (vector >= 10 && vector <= 14) || vector == 17 ||
	       vector == 21;
}

int vmx_events_inject(struct vmx_events *ev, u64 event, bool lapic, bool blocked)
{
	bool has_error = event & WARD_EVENT_ERROR_CODE;
	u8 vector = event & WARD_EVENT_VECTOR;

	if (!(event & WARD_EVENT_VALID) ||
	    (event & ~(WARD_EVENT_VALID | WARD_EVENT_VECTOR | WARD_EVENT_TYPE |
		       WARD_EVENT_ERROR_CODE | 0xffffffff00000000ull)))
		return -EINVAL;
	if (!has_error && event >> 32)
		return -EINVAL;

	switch (event & WARD_EVENT_TYPE) {
	case WARD_EVENT_INTERRUPT:
		if (lapic)
			return -ENXIO;
		if (has_error)
			return -EINVAL;
		if (ev->interrupt)
			return -EBUSY;
		ev->interrupt = VMX_EVENT_VALID | vector;
		return 0;
	case WARD_EVENT_NMI:
		if (vector != VECTOR_NMI || has_error)
			return -EINVAL;
		vmx_events_add_nmi(ev, blocked);
		return 0;
	case WARD_EVENT_EXCEPTION:
		if (vector > 31 || vector == VECTOR_NMI || has_error != pushes_error(vector))
			return -EINVAL;
		if (ev->exception || ev->redeliver)
			return -EBUSY;
		ev->exception = VMX_EVENT_VALID | VMX_EVENT_EXCEPTION << 8 | vector;
		ev->exception_error = event >> 32;
		if (has_error)
			ev->exception |= VMX_EVENT_ERROR;
		return 0;
	default:
		return -EINVAL;
	}
}

void vmx_events_interrupted(struct vmx_events *ev, u32 vectoring, u32 error, u32 insn_bytes)
{
	ev->redeliver = vectoring & EVENT_MASK;
	ev->redeliver_error = error;
	ev->insn_bytes = insn_bytes;
}

void vmx_events_put_back(struct vmx_events *ev, const struct vmx_injection *was)
{
	/* One that was chosen as a new exception may have left another to be delivered again. */
	if (VMX_EVENT_TYPE(was->info) == VMX_EVENT_EXCEPTION) {
		ev->exception = was->info;
		ev->exception_error = was->error;
	} else {
		vmx_events_interrupted(ev, was->info, was->error, was->insn_bytes);
	}
}

/*
 * "Instruction-Breakpoint Exception Condition". Not #DB: behind an instruction
 * breakpoint the handler says whether the instruction may go on.
 */
static bool is_fault(u8 vector)
{
	switch (vector) {
	case 0: case 5 ... 7: case 10 ... 14: case 16 ... 17: case 19 ... 21:
		return true;
	default:
		return false;
	}
}

struct vmx_injection vmx_events_choose(struct vmx_events *ev, const struct vmx_event_gates *gates)
{
	struct vmx_injection next = {};

	if (ev->exception) {
		next.info = ev->exception;
		next.error = ev->exception_error;
		next.resume = is_fault(ev->exception & 0xff);
		ev->exception = 0;
	} else if (ev->redeliver) {
		next.info = ev->redeliver;
		next.error = ev->redeliver_error;
		next.insn_bytes = ev->insn_bytes;
		ev->redeliver = 0;
	} else if (gates->trap) {
		return next;
	} else if (ev->nmis && vmx_nmis_open(gates->blocking)) {
		next.info = VMX_EVENT_VALID | VMX_EVENT_NMI << 8 | VECTOR_NMI;
		ev->nmis--;
	} else if (gates->vector >= 0 && vmx_interrupts_open(gates->enabled, gates->blocking)) {
		next.info = VMX_EVENT_VALID | VMX_EVENT_INTERRUPT << 8 | gates->vector;
		next.take = true;
	}
	return next;
}

struct vmx_windows vmx_events_windows(const struct vmx_events *ev,
				      const struct vmx_event_gates *gates)
{
	struct vmx_windows windows = { .interrupts = gates->vector >= 0 };

	if (!ev->nmis)
		return windows;
	/*
	 * Blocking by STI need not keep the NMI window closed ("Other Causes of VM
	 * Exits"): it could open at once, before any instruction, again and again.
	 * The interrupt window it does keep closed, and RFLAGS.IF is set then.
	 */
	if (gates->blocking & VMX_BLOCK_STI)
		windows.interrupts = true;
	else
		windows.nmis = true;
	return windows;
}
