// SPDX-License-Identifier: GPL-2.0-only
/*
 * lapic.c - the local APIC's messages, priorities and life.
 *
 * Responsible for which messages reach this APIC, which vector the processor
 * takes next, reset and IA32_APIC_BASE. Not for what the guest reads and
 * writes (lapic_regs.c), the timer's clock (lapic_timer.c), nor for finding
 * the other vCPUs (ops).
 *
 * Invariants: no vector below 16 is ever in IRR or ISR; ppr always follows
 * tpr and isr; a software-disabled APIC takes no fixed interrupt.
 *
 * SDM, "Advanced Programmable Interrupt Controller (APIC)".
 */
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/string.h>

#include "vmx/lapic.h"

/* IA32_APIC_BASE */
#define BASE_BSP		(1ull << 8)
#define BASE_X2APIC		(1ull << 10)
#define BASE_ENABLE		(1ull << 11)
#define BASE_MODE		(BASE_X2APIC | BASE_ENABLE)

#define SVR_RESET		0xffu
#define DFR_FLAT		0xfu
#define DFR_CLUSTER		0x0u
#define DFR_RESET		0xffffffffu

/* In lapic->errors only: the error interrupt awaits its re-arming. */
#define ERROR_FIRED		(1u << 31)

/* Bits of lapic->events */
#define EVENT_NMI		0
#define EVENT_INIT		1
#define SIPI_VALID		0x100u

static_assert(sizeof(long) == sizeof(u64));

bool vmx_lapic_enabled(const struct vmx_lapic *lapic)
{
	return READ_ONCE(lapic->base) & BASE_ENABLE;
}

bool vmx_lapic_x2apic(const struct vmx_lapic *lapic)
{
	return READ_ONCE(lapic->base) & BASE_X2APIC;
}

/* -------------------------------------------------------------- priority */

static int highest(const unsigned long *map)
{
	int i;

	for (i = BITS_TO_LONGS(VMX_LAPIC_VECTORS) - 1; i >= 0; i--) {
		unsigned long bits = READ_ONCE(map[i]);

		if (bits)
			return i * BITS_PER_LONG + __fls(bits);
	}
	return -1;
}

/* The class counts, bits 7:4; "Task and Processor Priorities" */
static u8 higher_class(u8 a, u8 b)
{
	return (b & 0xf0) > (a & 0xf0) ? b & 0xf0 : a;
}

void vmx_lapic_update_ppr(struct vmx_lapic *lapic)
{
	int isr = highest(lapic->isr);

	WRITE_ONCE(lapic->ppr, isr < 0 ? lapic->tpr : higher_class(lapic->tpr, isr));
}

u8 vmx_lapic_arbitration_priority(const struct vmx_lapic *lapic)
{
	int irr = highest(lapic->irr);

	return irr < 0 ? lapic->ppr : higher_class(lapic->ppr, irr);
}

unsigned int vmx_lapic_priority(const struct vmx_lapic *lapic)
{
	return vmx_lapic_software_enabled(lapic) ? READ_ONCE(lapic->ppr) : VMX_LAPIC_VECTORS;
}

int vmx_lapic_pending(const struct vmx_lapic *lapic)
{
	int vector = highest(lapic->irr);

	/* Vectors held while software disabled the APIC wait for better days. */
	if (vector < 0 || !vmx_lapic_software_enabled(lapic))
		return -1;
	return (vector & 0xf0) > (READ_ONCE(lapic->ppr) & 0xf0) ? vector : -1;
}

bool vmx_lapic_has_pending(const struct vmx_lapic *lapic)
{
	return vmx_lapic_pending(lapic) >= 0;
}

void vmx_lapic_accept(struct vmx_lapic *lapic, u8 vector)
{
	clear_bit(vector, lapic->irr);
	__set_bit(vector, lapic->isr);
	vmx_lapic_update_ppr(lapic);

	/*
	 * The timer's callback sets parked and then looks at IRR; here IRR is
	 * cleared and then parked looked at. One of the two sees the other;
	 * else a periodic timer would stay parked for ever.
	 */
	smp_mb__after_atomic();
	if (READ_ONCE(lapic->timer.parked))
		vmx_lapic_timer_taken(lapic);
}

int vmx_lapic_eoi(struct vmx_lapic *lapic, u8 *vector)
{
	int isr = highest(lapic->isr);

	if (isr < 0)
		return 0;
	__clear_bit(isr, lapic->isr);
	vmx_lapic_update_ppr(lapic);
	*vector = isr;
	return test_bit(isr, lapic->tmr) ? VMX_LAPIC_EOI_EXIT : 0;
}

u8 vmx_lapic_get_cr8(const struct vmx_lapic *lapic)
{
	return lapic->tpr >> 4;
}

void vmx_lapic_set_cr8(struct vmx_lapic *lapic, u8 value)
{
	lapic->tpr = value << 4;
	vmx_lapic_update_ppr(lapic);
}

/* ------------------------------------------- errors and local interrupts */

static bool set_irr(struct vmx_lapic *lapic, u8 vector, bool level);

/*
 * Note an error for the next write of ESR. Return: the caller must notify.
 * Not more than one error interrupt until then, which also ends the recursion
 * that an illegal vector in the error entry itself starts.
 */
static bool log_error(struct vmx_lapic *lapic, u32 error)
{
	u32 old = atomic_fetch_or(error | ERROR_FIRED, &lapic->errors);

	return !(old & ERROR_FIRED) && vmx_lapic_fire(lapic, VMX_LVT_ERROR);
}

void vmx_lapic_error(struct vmx_lapic *lapic, u32 error)
{
	if (log_error(lapic, error))
		lapic->ops->notify(lapic);
}

/* Accept a fixed interrupt. Return: the caller must notify. */
static bool set_irr(struct vmx_lapic *lapic, u8 vector, bool level)
{
	if (!vmx_lapic_software_enabled(lapic))
		return false;
	if (vector < 16)
		return log_error(lapic, VMX_LAPIC_ESR_RECEIVE_ILLEGAL);

	/* Before IRR: whoever accepts the vector finds its trigger mode. */
	if (level != test_bit(vector, lapic->tmr))
		assign_bit(vector, lapic->tmr, level);
	return !test_and_set_bit(vector, lapic->irr);
}

bool vmx_lapic_fire(struct vmx_lapic *lapic, enum vmx_lapic_lvt lvt)
{
	u32 entry = READ_ONCE(lapic->lvt[lvt]);

	return !(entry & VMX_LAPIC_LVT_MASKED) && set_irr(lapic, entry, false);
}

/* -------------------------------------------------------------- messages */

/* "Logical x2APIC ID": cluster in the upper half, one bit in the lower */
static u32 x2apic_ldr(u32 id)
{
	return (id >> 4) << 16 | 1u << (id & 0xf);
}

static bool matches_logical(const struct vmx_lapic *lapic, u32 dest)
{
	u32 ldr = READ_ONCE(lapic->ldr);

	if (vmx_lapic_x2apic(lapic))
		return dest >> 16 == ldr >> 16 && (dest & ldr & 0xffff);

	/* A 32-bit destination of an x2APIC is none for an xAPIC. */
	if (dest > 0xff)
		return false;
	ldr >>= 24;
	switch (READ_ONCE(lapic->dfr) >> 28) {
	case DFR_FLAT:
		return dest & ldr;
	case DFR_CLUSTER:
		return dest >> 4 == ldr >> 4 && (dest & ldr & 0xf);
	default:
		return false;
	}
}

bool vmx_lapic_matches(const struct vmx_lapic *lapic, const struct vmx_apic_message *msg,
		       const struct vmx_lapic *source)
{
	if (!vmx_lapic_enabled(lapic))
		return false;

	switch (msg->shorthand) {
	case VMX_APIC_TO_SELF:
		return lapic == source;
	case VMX_APIC_TO_ALL:
		return true;
	case VMX_APIC_TO_OTHERS:
		return lapic != source;
	}

	if (msg->dest == VMX_APIC_BROADCAST)
		return true;
	return msg->logical ? matches_logical(lapic, msg->dest) : msg->dest == lapic->id;
}

void vmx_lapic_deliver(struct vmx_lapic *lapic, const struct vmx_apic_message *msg)
{
	bool fresh = false;

	if (!msg->assert)
		return;

	switch (msg->delivery_mode) {
	case VMX_APIC_FIXED:
	case VMX_APIC_LOWEST:
		fresh = set_irr(lapic, msg->vector, msg->level);
		break;
	case VMX_APIC_NMI:
		fresh = !test_and_set_bit(EVENT_NMI, &lapic->events);
		break;
	case VMX_APIC_INIT:
		/* A SIPI from before this INIT no longer counts. */
		atomic_set(&lapic->sipi, 0);
		fresh = !test_and_set_bit(EVENT_INIT, &lapic->events);
		break;
	case VMX_APIC_SIPI:
		atomic_set(&lapic->sipi, SIPI_VALID | msg->vector);
		fresh = true;
		break;
	}
	if (fresh)
		lapic->ops->notify(lapic);
}

int vmx_lapic_parse_msi(u64 address, u32 data, struct vmx_apic_message *msg)
{
	u8 dest = address >> 12;
	u8 mode = (data >> 8) & 7;

	if (address >> 20 != 0xfee)
		return -EINVAL;
	if (mode == 3 || mode == VMX_APIC_SIPI)
		return -EINVAL;

	*msg = (struct vmx_apic_message) {
		.dest = dest == 0xff ? VMX_APIC_BROADCAST : dest,
		.vector = data,
		.delivery_mode = mode,
		.logical = address & (1u << 2),
		.level = data & (1u << 15),
		.assert = !(data & (1u << 15)) || (data & (1u << 14)),
	};
	/* Redirection hint: any one of those addressed */
	if ((address & (1u << 3)) && msg->logical && mode == VMX_APIC_FIXED)
		msg->delivery_mode = VMX_APIC_LOWEST;
	return 0;
}

bool vmx_lapic_has_event(const struct vmx_lapic *lapic)
{
	return READ_ONCE(lapic->events) || atomic_read(&lapic->sipi);
}

bool vmx_lapic_take_nmi(struct vmx_lapic *lapic)
{
	return test_bit(EVENT_NMI, &lapic->events) &&
	       test_and_clear_bit(EVENT_NMI, &lapic->events);
}

bool vmx_lapic_take_init(struct vmx_lapic *lapic)
{
	return test_bit(EVENT_INIT, &lapic->events) &&
	       test_and_clear_bit(EVENT_INIT, &lapic->events);
}

bool vmx_lapic_take_sipi(struct vmx_lapic *lapic, u8 *vector)
{
	u32 sipi = atomic_read(&lapic->sipi) ? atomic_xchg(&lapic->sipi, 0) : 0;

	*vector = sipi;
	return sipi;
}

/* ------------------------------------------------------------------ life */

/* All but IA32_APIC_BASE and the events. */
static void reset_registers(struct vmx_lapic *lapic)
{
	int i;

	/* First: after this the timer's callback changes nothing any more. */
	vmx_lapic_timer_reset(lapic);
	WRITE_ONCE(lapic->svr, SVR_RESET);
	for (i = 0; i < VMX_LVT_COUNT; i++)
		WRITE_ONCE(lapic->lvt[i], VMX_LAPIC_LVT_MASKED);

	/* What is delivered meanwhile comes before or after the reset. */
	for (i = 0; i < BITS_TO_LONGS(VMX_LAPIC_VECTORS); i++) {
		WRITE_ONCE(lapic->irr[i], 0);
		WRITE_ONCE(lapic->tmr[i], 0);
	}
	bitmap_zero(lapic->isr, VMX_LAPIC_VECTORS);
	atomic_set(&lapic->errors, 0);
	lapic->esr = 0;
	lapic->icr = 0;
	lapic->tpr = 0;
	vmx_lapic_update_ppr(lapic);
	WRITE_ONCE(lapic->dfr, DFR_RESET);
	WRITE_ONCE(lapic->ldr, vmx_lapic_x2apic(lapic) ? x2apic_ldr(lapic->id) : 0);
}

void vmx_lapic_reset(struct vmx_lapic *lapic, bool init)
{
	clear_bit(EVENT_NMI, &lapic->events);
	if (!init) {
		clear_bit(EVENT_INIT, &lapic->events);
		atomic_set(&lapic->sipi, 0);
		WRITE_ONCE(lapic->base, VMX_LAPIC_DEFAULT_BASE | BASE_ENABLE |
			   (lapic->bsp ? BASE_BSP : 0));
	}
	reset_registers(lapic);
}

int vmx_lapic_init(struct vmx_lapic *lapic, const struct vmx_lapic_ops *ops, u32 id, bool bsp)
{
	memset(lapic, 0, sizeof(*lapic));
	lapic->ops = ops;
	lapic->id = id;
	lapic->bsp = bsp;
	vmx_lapic_timer_init(lapic);
	vmx_lapic_reset(lapic, false);
	return 0;
}

void vmx_lapic_destroy(struct vmx_lapic *lapic)
{
	vmx_lapic_timer_destroy(lapic);
}

u64 vmx_lapic_get_base(const struct vmx_lapic *lapic)
{
	return lapic->base;
}

int vmx_lapic_set_base(struct vmx_lapic *lapic, u64 value)
{
	u64 old = lapic->base & BASE_MODE;
	u64 mode = value & BASE_MODE;

	if ((value & ~(BASE_MODE | BASE_BSP)) != VMX_LAPIC_DEFAULT_BASE)
		return -EINVAL;
	/* x2APIC mode is entered from xAPIC mode and left to disabled only. */
	if (mode == BASE_X2APIC ||
	    (mode == BASE_MODE && !old) ||
	    (mode == BASE_ENABLE && old == BASE_MODE))
		return -EINVAL;

	WRITE_ONCE(lapic->base, value);
	if (mode == old)
		return 0;
	if (mode == BASE_MODE) {
		/* "State Changes From xAPIC Mode to x2APIC Mode" */
		lapic->icr &= 0xffffffff;
		WRITE_ONCE(lapic->ldr, x2apic_ldr(lapic->id));
	} else {
		reset_registers(lapic);
	}
	return 0;
}

bool vmx_lapic_mmio(const struct vmx_lapic *lapic, u64 gpa)
{
	return (READ_ONCE(lapic->base) & BASE_MODE) == BASE_ENABLE &&
	       gpa >> 12 == VMX_LAPIC_DEFAULT_BASE >> 12;
}
