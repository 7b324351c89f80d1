/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * event_queue.h - exceptions, interrupts and NMIs that wait for an entry: what
 * becomes of two that meet, and which goes first.
 *
 * Pure: no VMCS, no local APIC; events.c brings what these say. Events are in
 * the format of the VM-entry interruption-information field.
 */
#ifndef WARD_VMX_EVENT_QUEUE_H
#define WARD_VMX_EVENT_QUEUE_H

#include <linux/types.h>

#define VMX_EVENT_VALID		(1u << 31)
#define VMX_EVENT_ERROR		(1u << 11)
#define VMX_EVENT_TYPE(info)	(((info) >> 8) & 7)

#define VMX_EVENT_INTERRUPT	0u
#define VMX_EVENT_NMI		2u
#define VMX_EVENT_EXCEPTION	3u
/* This and those above it: the entry wants an instruction's length. */
#define VMX_EVENT_SOFT_INTERRUPT 4u

/* Interruptibility state ("Guest Non-Register State") */
#define VMX_BLOCK_STI		1u
#define VMX_BLOCK_MOV_SS	2u
#define VMX_BLOCK_NMI		8u

/**
 * struct vmx_events - what waits to be delivered; all (r), see vcpu.h
 * @exception: a new exception, in the format of the entry-interruption field
 * @redeliver: an event whose delivery an exit interrupted
 * @insn_bytes: length for @redeliver, where its type needs one
 * @interrupt: without WARD_VM_LAPIC: a vector with bit 31 set
 * @nmis: pending, at most two (one being blocked, one latched)
 */
struct vmx_events {
	u32 exception;
	u32 exception_error;
	u32 redeliver;
	u32 redeliver_error;
	u32 insn_bytes;
	u32 interrupt;
	u32 nmis;
};

/**
 * struct vmx_event_gates - what the guest's state lets through now
 * @vector: of a maskable interrupt that waits, or -1
 * @blocking: VMX_BLOCK_*
 * @enabled: RFLAGS.IF
 * @trap: the entry itself delivers a debug trap of the instruction before
 *
 * Only @vector counts where neither an interrupt nor an NMI waits.
 */
struct vmx_event_gates {
	int vector;
	u32 blocking;
	bool enabled;
	bool trap;
};

static inline bool vmx_interrupts_open(bool enabled, u32 blocking)
{
	return enabled && !(blocking & (VMX_BLOCK_STI | VMX_BLOCK_MOV_SS));
}

static inline bool vmx_nmis_open(u32 blocking)
{
	return !(blocking & (VMX_BLOCK_NMI | VMX_BLOCK_STI | VMX_BLOCK_MOV_SS));
}

/**
 * struct vmx_injection - what an entry is to inject
 * @info: 0: nothing
 * @error: its error code, where it has one
 * @insn_bytes: the instruction's length, where its type needs one
 * @take: it is the interrupt of the gates: who raised it takes it back. One that
 *        is delivered again was taken before
 * @resume: a fault: RFLAGS.RF is pushed as 1, so that the instruction's
 *        breakpoint does not stop it a second time
 */
struct vmx_injection {
	u32 info;
	u32 error;
	u32 insn_bytes;
	bool take;
	bool resume;
};

/**
 * struct vmx_windows - the windows whose exits bring back what has to wait
 * @interrupts: interrupt-window exiting
 * @nmis: NMI-window exiting
 */
struct vmx_windows {
	bool interrupts;
	bool nmis;
};

/**
 * vmx_events_add_exception - a new exception, perhaps by way of another event
 * Return: false for a triple fault; then nothing has changed.
 */
bool vmx_events_add_exception(struct vmx_events *ev, u8 vector, bool has_error, u32 error);

/* A new NMI. @blocked: the guest handles one. */
void vmx_events_add_nmi(struct vmx_events *ev, bool blocked);

/**
 * vmx_events_inject - an event from user space
 * @event: WARD_EVENT_*
 * @lapic: interrupts come from the local APIC
 * @blocked: as vmx_events_add_nmi()
 *
 * Return: 0; -EINVAL no such event; -ENXIO an interrupt, with @lapic; -EBUSY
 * one waits already.
 */
int vmx_events_inject(struct vmx_events *ev, u64 event, bool lapic, bool blocked);

/**
 * vmx_events_interrupted - an exit came while an event was being delivered
 * @vectoring: the IDT-vectoring information, valid
 * @error: its error code, where it has one
 * @insn_bytes: the instruction's length, where its type needs one
 */
void vmx_events_interrupted(struct vmx_events *ev, u32 vectoring, u32 error, u32 insn_bytes);

/* @was has been chosen, but the entry that was to inject it failed. */
void vmx_events_put_back(struct vmx_events *ev, const struct vmx_injection *was);

/**
 * vmx_events_choose - take what the next entry injects out of the queue
 *
 * At most one event: a new exception, else one whose delivery was interrupted,
 * else an NMI, else an interrupt. The last two come behind a debug trap, which
 * an injected event would displace.
 */
struct vmx_injection vmx_events_choose(struct vmx_events *ev, const struct vmx_event_gates *gates);

/* The windows for what still waits. @gates: as they are once the entry has injected. */
struct vmx_windows vmx_events_windows(const struct vmx_events *ev,
				      const struct vmx_event_gates *gates);

#endif /* WARD_VMX_EVENT_QUEUE_H */
