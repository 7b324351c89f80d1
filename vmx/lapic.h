/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lapic.h - a local APIC in software.
 *
 * One register file behind two doors: the xAPIC page (32-bit accesses at
 * 0xfee00000) and the x2APIC MSRs (0x800 and on). After the SDM's chapter
 * "Advanced Programmable Interrupt Controller (APIC)", for a processor with
 * version 0x14, six LVT entries, lowest-priority IPIs, TSC-deadline mode, no
 * CMCI and no suppression of EOI broadcasts. The APIC id cannot be written.
 *
 * Contexts. "The vCPU" means: the thread that runs the vCPU, or one that
 * excludes it. Interrupts may be on or off; nothing here sleeps except
 * vmx_lapic_destroy(). "Any" includes hard interrupts and other CPUs.
 *
 * Nothing here tells the vCPU that a write of its own (EOI, TPR, SVR, CR8)
 * made an interrupt deliverable: the run loop asks vmx_lapic_pending() before
 * each entry anyway. ops->notify() is called for what comes from elsewhere,
 * the timer, and IPIs to itself.
 */
#ifndef WARD_VMX_LAPIC_H
#define WARD_VMX_LAPIC_H

#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/hrtimer.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#define VMX_LAPIC_DEFAULT_BASE	0xfee00000ull
#define VMX_LAPIC_VECTORS	256

/* Returned by writes: user space's IOAPIC must hear of this EOI. */
#define VMX_LAPIC_EOI_EXIT	1

/* vmx_apic_message.delivery_mode */
#define VMX_APIC_FIXED		0
#define VMX_APIC_LOWEST		1
#define VMX_APIC_SMI		2
#define VMX_APIC_NMI		4
#define VMX_APIC_INIT		5
#define VMX_APIC_SIPI		6
#define VMX_APIC_EXTINT		7

/* vmx_apic_message.shorthand */
#define VMX_APIC_TO_DEST	0
#define VMX_APIC_TO_SELF	1
#define VMX_APIC_TO_ALL		2
#define VMX_APIC_TO_OTHERS	3

/* vmx_apic_message.dest: everybody, in physical and in logical mode */
#define VMX_APIC_BROADCAST	0xffffffffu

/**
 * struct vmx_apic_message - an interrupt on its way to local APICs
 * @dest: APIC id, or logical destination; an 8-bit 0xff of an xAPIC or MSI
 *        has become VMX_APIC_BROADCAST
 * @vector: also the SIPI's page
 * @delivery_mode: VMX_APIC_FIXED ...
 * @shorthand: VMX_APIC_TO_*; other than TO_DEST, @dest means nothing
 * @logical: @dest is a logical destination
 * @level: trigger mode level (the EOI is reported)
 * @assert: false only for "INIT level de-assert" (ignored) and for the
 *          de-assertion of a level MSI
 */
struct vmx_apic_message {
	u32 dest;
	u8 vector;
	u8 delivery_mode;
	u8 shorthand;
	bool logical;
	bool level;
	bool assert;
};

struct vmx_lapic;

/**
 * struct vmx_lapic_ops - what an APIC needs of its vCPU and VM
 * @notify: something new to deliver: set a request, wake or kick the vCPU.
 *          Context: any.
 * @send_ipi: an IPI leaves this APIC: for each vCPU that
 *          vmx_lapic_matches(), vmx_lapic_deliver(); may include the sender.
 *          Never called for VMX_APIC_TO_SELF. Context: the vCPU.
 * @guest_tsc: the guest's TSC now, what RDTSC would give. Context: any.
 */
struct vmx_lapic_ops {
	void (*notify)(struct vmx_lapic *lapic);
	void (*send_ipi)(struct vmx_lapic *lapic, const struct vmx_apic_message *msg);
	u64 (*guest_tsc)(struct vmx_lapic *lapic);
};

/* The LVT, in the order of its registers from offset 0x320 on */
enum vmx_lapic_lvt {
	VMX_LVT_TIMER,
	VMX_LVT_THERMAL,
	VMX_LVT_PERF,
	VMX_LVT_LINT0,
	VMX_LVT_LINT1,
	VMX_LVT_ERROR,
	VMX_LVT_COUNT
};

/**
 * struct vmx_lapic_timer - the timer's state, all under @lock
 * @lock: irqs off; hrtimer base locks nest inside; never held over notify()
 * @hrtimer: CLOCK_MONOTONIC, expires in hard interrupt context
 * @armed: counts, or waits for the deadline; else the callback does nothing
 * @parked: periodic, counts, but its last tick is masked or not yet taken:
 *          no hrtimer is queued until that changes
 * @initial: initial-count register
 * @divide: divide-configuration register
 * @deadline: IA32_TSC_DEADLINE
 * @expires: when the count reaches zero (count modes)
 * @period_ns: periodic: whole nanoseconds of the period ...
 * @period_frac: ... and 2^-32 of them
 * @frac: fraction of @expires, so that periods do not drift
 * @expiries: statistics
 */
struct vmx_lapic_timer {
	raw_spinlock_t lock;
	struct hrtimer hrtimer;
	bool armed;
	bool parked;
	u32 initial;
	u32 divide;
	u64 deadline;
	ktime_t expires;
	u64 period_ns;
	u32 period_frac;
	u32 frac;
	u64 expiries;
};

/**
 * struct vmx_lapic - embedded in struct vmx_vcpu
 *
 * (c) constant after vmx_lapic_init()
 * (a) any context, atomic bit or exchange operations
 * (w) written by the vCPU, read from anywhere: WRITE_ONCE() and READ_ONCE()
 * (v) the vCPU only
 */
struct vmx_lapic {
	const struct vmx_lapic_ops *ops;	/* (c) */
	u32 id;					/* (c) */
	bool bsp;				/* (c) bootstrap processor */

	DECLARE_BITMAP(irr, VMX_LAPIC_VECTORS);	/* (a) */
	DECLARE_BITMAP(tmr, VMX_LAPIC_VECTORS);	/* (a) */
	unsigned long events;			/* (a) NMI, INIT */
	atomic_t sipi;				/* (a) 0 or 0x100 | vector */
	atomic_t errors;			/* (a) since the last ESR write */

	u64 base;				/* (w) IA32_APIC_BASE */
	u32 svr;				/* (w) */
	u32 ldr;				/* (w) */
	u32 dfr;				/* (w) */
	u32 lvt[VMX_LVT_COUNT];			/* (w) */
	u8 ppr;					/* (w) follows tpr and isr */

	DECLARE_BITMAP(isr, VMX_LAPIC_VECTORS);	/* (v) */
	u8 tpr;					/* (v) */
	u32 esr;				/* (v) what a read returns */
	u64 icr;				/* (v) */

	struct vmx_lapic_timer timer;
};

/* --- life; context: may sleep --- */

/* Power-up state. @id below 255. Return: 0. */
int vmx_lapic_init(struct vmx_lapic *lapic, const struct vmx_lapic_ops *ops, u32 id, bool bsp);
/* Cancels the timer and waits for its callback. Nobody delivers any more. */
void vmx_lapic_destroy(struct vmx_lapic *lapic);

/**
 * vmx_lapic_reset - the state after power-up reset, or after INIT
 * @init: INIT: keeps IA32_APIC_BASE, with the mode, and a SIPI that came
 *        behind the INIT
 * Context: the vCPU.
 */
void vmx_lapic_reset(struct vmx_lapic *lapic, bool init);

/* --- registers; context: the vCPU --- */

/**
 * vmx_lapic_read - read from the xAPIC page
 * @offset: 0 to 0xfff; a byte of a register is shifted down to bit 0;
 *          bytes 4 to 15 of each 16 read as 0
 */
u32 vmx_lapic_read(struct vmx_lapic *lapic, u32 offset);

/**
 * vmx_lapic_write - write 32 bits to the xAPIC page
 * @offset: 0 to 0xfff; without effect unless a multiple of 16. The caller
 *          drops accesses that are not 32 bits wide.
 * @vector: set with VMX_LAPIC_EOI_EXIT
 * Return: 0 or VMX_LAPIC_EOI_EXIT.
 */
int vmx_lapic_write(struct vmx_lapic *lapic, u32 offset, u32 value, u8 *vector);

/**
 * vmx_lapic_msr_read, vmx_lapic_msr_write - MSRs 0x800 to 0x8ff
 * Return: 0; write: VMX_LAPIC_EOI_EXIT with @vector; -EINVAL for #GP(0): not
 * in x2APIC mode, no such register, read-only, write-only, reserved bits.
 */
int vmx_lapic_msr_read(struct vmx_lapic *lapic, u32 msr, u64 *value);
int vmx_lapic_msr_write(struct vmx_lapic *lapic, u32 msr, u64 value, u8 *vector);
/* Could @value be written in x2APIC mode? Return: 0, -EINVAL. Context: any. */
int vmx_lapic_msr_check(u32 msr, u64 value);

/* IA32_APIC_BASE. */
u64 vmx_lapic_get_base(const struct vmx_lapic *lapic);
/*
 * Return: 0; -EINVAL for #GP(0): reserved bits, an impossible transition
 * ("x2APIC State Transitions"), another base than 0xfee00000.
 */
int vmx_lapic_set_base(struct vmx_lapic *lapic, u64 value);

/* IA32_TSC_DEADLINE: 0 and without effect unless the timer is in that mode. */
u64 vmx_lapic_get_deadline(struct vmx_lapic *lapic);
void vmx_lapic_set_deadline(struct vmx_lapic *lapic, u64 value);

/* CR8 is TPR[7:4]. Bits 63:4 of CR8 are the caller's to check. */
u8 vmx_lapic_get_cr8(const struct vmx_lapic *lapic);
void vmx_lapic_set_cr8(struct vmx_lapic *lapic, u8 value);

/* --- predicates; context: any --- */

/* Enabled in xAPIC mode, and @gpa is in its page? */
bool vmx_lapic_mmio(const struct vmx_lapic *lapic, u64 gpa);
/* IA32_APIC_BASE.EN, for CPUID.1:EDX.APIC */
bool vmx_lapic_enabled(const struct vmx_lapic *lapic);
bool vmx_lapic_x2apic(const struct vmx_lapic *lapic);

/* --- messages; context: any --- */

/**
 * vmx_lapic_matches - is this APIC addressed?
 * @source: the sender; NULL: a device
 *
 * For VMX_APIC_LOWEST the caller delivers only to one of those that match,
 * the one with the least vmx_lapic_priority().
 */
bool vmx_lapic_matches(const struct vmx_lapic *lapic, const struct vmx_apic_message *msg,
		       const struct vmx_lapic *source);

/* 0 to 255, less takes the interrupt; 256 from an APIC that would drop it. */
unsigned int vmx_lapic_priority(const struct vmx_lapic *lapic);

/**
 * vmx_lapic_deliver - the message reached this APIC
 *
 * Fixed and lowest priority set IRR (and TMR by trigger mode); NMI, INIT and
 * SIPI become pending; SMI and ExtINT are ignored. Calls ops->notify() if
 * anything is new.
 */
void vmx_lapic_deliver(struct vmx_lapic *lapic, const struct vmx_apic_message *msg);

/* Return: 0, -EINVAL unless @address is 0xfeexxxxx and the mode is known. */
int vmx_lapic_parse_msi(u64 address, u32 data, struct vmx_apic_message *msg);

/* --- towards the processor --- */

/* The vector to inject now, or -1. Context: the vCPU. */
int vmx_lapic_pending(const struct vmx_lapic *lapic);
/* Would vmx_lapic_pending() find one? Context: any; elsewhere a hint only. */
bool vmx_lapic_has_pending(const struct vmx_lapic *lapic);
/*
 * The processor takes @vector, as vmx_lapic_pending() said: IRR to ISR.
 * Context: the vCPU.
 */
void vmx_lapic_accept(struct vmx_lapic *lapic, u8 vector);

/* An NMI, INIT or SIPI waits. Context: any. */
bool vmx_lapic_has_event(const struct vmx_lapic *lapic);
/*
 * Take what waits; false: nothing. Context: the vCPU.
 * INIT first: then vmx_lapic_reset(lapic, true), then look for a SIPI. A SIPI
 * taken by a vCPU that does not wait for one is dropped by the caller.
 */
bool vmx_lapic_take_nmi(struct vmx_lapic *lapic);
bool vmx_lapic_take_init(struct vmx_lapic *lapic);
bool vmx_lapic_take_sipi(struct vmx_lapic *lapic, u8 *vector);

/* --- timer --- */

/*
 * The guest's TSC was set, by the guest or by user space: the deadline is now
 * at another moment. Context: any but the timer callback.
 */
void vmx_lapic_tsc_changed(struct vmx_lapic *lapic);
/*
 * The vCPU runs on another CPU now: take the host timer along. Context: the
 * vCPU, preemption off.
 */
void vmx_lapic_moved(struct vmx_lapic *lapic);
/* How often the host's timer expired for it (WARD_STAT_TIMER). Context: any. */
u64 vmx_lapic_expiries(const struct vmx_lapic *lapic);

/* --- between lapic.c, lapic_regs.c and lapic_timer.c --- */

#define VMX_LAPIC_LVT_MASKED		(1u << 16)
#define VMX_LAPIC_SVR_ENABLE		(1u << 8)
#define VMX_LAPIC_ESR_SEND_ILLEGAL	(1u << 5)
#define VMX_LAPIC_ESR_RECEIVE_ILLEGAL	(1u << 6)
#define VMX_LAPIC_ESR_REGISTER		(1u << 7)

/* Enabled by SVR, and so by IA32_APIC_BASE too. Context: any. */
static inline bool vmx_lapic_software_enabled(const struct vmx_lapic *lapic)
{
	return READ_ONCE(lapic->svr) & VMX_LAPIC_SVR_ENABLE;
}

/* After tpr or isr changed. Context: the vCPU. */
void vmx_lapic_update_ppr(struct vmx_lapic *lapic);
u8 vmx_lapic_arbitration_priority(const struct vmx_lapic *lapic);
/* ISR's highest vector is done. Return: 0 or VMX_LAPIC_EOI_EXIT. */
int vmx_lapic_eoi(struct vmx_lapic *lapic, u8 *vector);
/* Log ESR bits, raise the error interrupt. Context: the vCPU. */
void vmx_lapic_error(struct vmx_lapic *lapic, u32 error);
void vmx_lapic_timer_init(struct vmx_lapic *lapic);
void vmx_lapic_timer_destroy(struct vmx_lapic *lapic);
void vmx_lapic_timer_reset(struct vmx_lapic *lapic);
void vmx_lapic_timer_write_lvt(struct vmx_lapic *lapic, u32 value);
void vmx_lapic_timer_write_initial(struct vmx_lapic *lapic, u32 value);
void vmx_lapic_timer_write_divide(struct vmx_lapic *lapic, u32 value);
u32 vmx_lapic_timer_current(struct vmx_lapic *lapic);
void vmx_lapic_timer_taken(struct vmx_lapic *lapic);
/*
 * An LVT entry's interrupt, fixed mode. Return: the caller must notify: it was
 * neither masked nor pending already. Context: any.
 */
bool vmx_lapic_fire(struct vmx_lapic *lapic, enum vmx_lapic_lvt lvt);

#endif /* WARD_VMX_LAPIC_H */
