// SPDX-License-Identifier: GPL-2.0-only
/*
 * lapic_regs.c - what the guest reads from and writes to its local APIC.
 *
 * Two doors, the xAPIC page and the x2APIC MSRs, differ in a few registers
 * and in strictness: the page ignores what the MSRs answer with #GP. What
 * they share is in the *_common() functions and one table of writable bits.
 *
 * Invariant: a software-disabled APIC has all LVT entries masked.
 *
 * SDM, "Advanced Programmable Interrupt Controller (APIC)".
 */
#include <linux/bitops.h>
#include <linux/errno.h>

#include "vmx/lapic.h"

/* Registers by number: page offset / 16, or MSR - 0x800 */
#define REG_ID			0x02
#define REG_VERSION		0x03
#define REG_TPR			0x08
#define REG_APR			0x09	/* xAPIC */
#define REG_PPR			0x0a
#define REG_EOI			0x0b
#define REG_REMOTE_READ		0x0c	/* xAPIC */
#define REG_LDR			0x0d
#define REG_DFR			0x0e	/* xAPIC */
#define REG_SVR			0x0f
#define REG_ISR			0x10
#define REG_TMR			0x18
#define REG_IRR			0x20
#define REG_ESR			0x28
#define REG_ICR			0x30
#define REG_ICR_HIGH		0x31	/* xAPIC */
#define REG_LVT			0x32
#define REG_INITIAL		0x38
#define REG_CURRENT		0x39
#define REG_DIVIDE		0x3e
#define REG_SELF_IPI		0x3f	/* x2APIC */

#define X2APIC_FIRST_MSR	0x800
#define X2APIC_MSRS		0x100

/* Integrated APIC; highest LVT entry; no EOI-broadcast suppression (bit 24) */
#define VERSION			(0x14 | (VMX_LVT_COUNT - 1) << 16)

#define SVR_BITS		0x3ffu		/* vector, enable, focus checking */

/* What xAPIC mode keeps of a write, and x2APIC mode accepts */
#define ICR_BITS		0xccfffu
/* x2APIC: bit 12 was delivery status; writing it is no error */
#define ICR_IGNORED		(1u << 12)
#define ICR_LOGICAL		(1u << 11)
#define ICR_ASSERT		(1u << 14)
#define ICR_LEVEL		(1u << 15)

/* LVT bits 12 (delivery status) and 14 (remote IRR) are read-only, always 0. */
#define LVT_READ_ONLY		((1u << 12) | (1u << 14))
static const u32 lvt_bits[VMX_LVT_COUNT] = {
	[VMX_LVT_TIMER]		= 0x700ff,	/* vector, mask, timer mode */
	[VMX_LVT_THERMAL]	= 0x107ff,	/* vector, delivery mode, mask */
	[VMX_LVT_PERF]		= 0x107ff,
	[VMX_LVT_LINT0]		= 0x1a7ff,	/* and polarity, trigger mode */
	[VMX_LVT_LINT1]		= 0x1a7ff,
	[VMX_LVT_ERROR]		= 0x100ff,
};

#define DIVIDE_BITS		0xbu

#define ESR_BITS		0xffu

/*
 * "Interrupt Command Register (ICR)". As since the Pentium 4, the trigger mode
 * is that of an edge whatever ICR says, and INIT level de-assert does nothing.
 */
static void send(struct vmx_lapic *lapic, u32 icr, u32 dest)
{
	struct vmx_apic_message msg = {
		.dest = dest,
		.vector = icr,
		.delivery_mode = (icr >> 8) & 7,
		.shorthand = (icr >> 18) & 3,
		.logical = icr & ICR_LOGICAL,
		.assert = true,
	};

	switch (msg.delivery_mode) {
	case VMX_APIC_FIXED:
	case VMX_APIC_LOWEST:
		if (msg.vector < 16) {
			vmx_lapic_error(lapic, VMX_LAPIC_ESR_SEND_ILLEGAL);
			return;
		}
		break;
	case VMX_APIC_INIT:
		if ((icr & ICR_LEVEL) && !(icr & ICR_ASSERT))
			return;
		break;
	case VMX_APIC_NMI:
	case VMX_APIC_SIPI:
		break;
	default:
		return;
	}

	if (msg.shorthand == VMX_APIC_TO_SELF)
		vmx_lapic_deliver(lapic, &msg);
	else
		lapic->ops->send_ipi(lapic, &msg);
}

static void write_lvt(struct vmx_lapic *lapic, enum vmx_lapic_lvt lvt, u32 value)
{
	if (!vmx_lapic_software_enabled(lapic))
		value |= VMX_LAPIC_LVT_MASKED;
	if (lvt == VMX_LVT_TIMER)
		vmx_lapic_timer_write_lvt(lapic, value);
	else
		WRITE_ONCE(lapic->lvt[lvt], value);
}

static void write_svr(struct vmx_lapic *lapic, u32 value)
{
	int i;

	WRITE_ONCE(lapic->svr, value);
	if (value & VMX_LAPIC_SVR_ENABLE)
		return;
	for (i = 0; i < VMX_LVT_COUNT; i++)
		write_lvt(lapic, i, lapic->lvt[i]);
}

static u32 bitmap_word(const unsigned long *map, u32 index)
{
	return READ_ONCE(map[index / 2]) >> (index % 2 * 32);
}

/* 0, or -EINVAL: no such register in either mode, or none to read in both. */
static int read_common(struct vmx_lapic *lapic, u32 reg, u32 *value)
{
	switch (reg) {
	case REG_ID:
		*value = vmx_lapic_x2apic(lapic) ? lapic->id : lapic->id << 24;
		return 0;
	case REG_VERSION:
		*value = VERSION;
		return 0;
	case REG_TPR:
		*value = lapic->tpr;
		return 0;
	case REG_PPR:
		*value = lapic->ppr;
		return 0;
	case REG_LDR:
		*value = lapic->ldr;
		return 0;
	case REG_SVR:
		*value = lapic->svr;
		return 0;
	case REG_ISR ... REG_ISR + 7:
		*value = bitmap_word(lapic->isr, reg - REG_ISR);
		return 0;
	case REG_TMR ... REG_TMR + 7:
		*value = bitmap_word(lapic->tmr, reg - REG_TMR);
		return 0;
	case REG_IRR ... REG_IRR + 7:
		*value = bitmap_word(lapic->irr, reg - REG_IRR);
		return 0;
	case REG_ESR:
		*value = lapic->esr;
		return 0;
	case REG_LVT ... REG_LVT + VMX_LVT_COUNT - 1:
		*value = lapic->lvt[reg - REG_LVT];
		return 0;
	case REG_INITIAL:
		*value = lapic->timer.initial;
		return 0;
	case REG_CURRENT:
		*value = vmx_lapic_timer_current(lapic);
		return 0;
	case REG_DIVIDE:
		*value = lapic->timer.divide;
		return 0;
	}
	return -EINVAL;
}

static int read_xapic(struct vmx_lapic *lapic, u32 reg, u32 *value)
{
	switch (reg) {
	case REG_APR:
		*value = vmx_lapic_arbitration_priority(lapic);
		return 0;
	case REG_DFR:
		*value = lapic->dfr;
		return 0;
	case REG_EOI:
	case REG_REMOTE_READ:
		*value = 0;
		return 0;
	case REG_ICR:
		*value = lapic->icr;
		return 0;
	case REG_ICR_HIGH:
		*value = lapic->icr >> 32;
		return 0;
	}
	return read_common(lapic, reg, value);
}

/* Which bits can be written in both modes? -EINVAL: none, not even as 0. */
static int writable_bits(u32 reg, u32 *bits, u32 *ignored)
{
	*ignored = 0;
	switch (reg) {
	case REG_TPR:
		*bits = 0xff;
		return 0;
	case REG_EOI:
	case REG_ESR:
		*bits = 0;
		return 0;
	case REG_SVR:
		*bits = SVR_BITS;
		return 0;
	case REG_LVT ... REG_LVT + VMX_LVT_COUNT - 1:
		*bits = lvt_bits[reg - REG_LVT];
		*ignored = LVT_READ_ONLY;
		return 0;
	case REG_INITIAL:
		*bits = ~0u;
		return 0;
	case REG_DIVIDE:
		*bits = DIVIDE_BITS;
		return 0;
	}
	return -EINVAL;
}

/* @value has only writable_bits(). */
static int write_common(struct vmx_lapic *lapic, u32 reg, u32 value, u8 *vector)
{
	switch (reg) {
	case REG_TPR:
		lapic->tpr = value;
		vmx_lapic_update_ppr(lapic);
		break;
	case REG_EOI:
		return vmx_lapic_eoi(lapic, vector);
	case REG_ESR:
		lapic->esr = atomic_xchg(&lapic->errors, 0) & ESR_BITS;
		break;
	case REG_SVR:
		write_svr(lapic, value);
		break;
	case REG_LVT ... REG_LVT + VMX_LVT_COUNT - 1:
		write_lvt(lapic, reg - REG_LVT, value);
		break;
	case REG_INITIAL:
		vmx_lapic_timer_write_initial(lapic, value);
		break;
	case REG_DIVIDE:
		vmx_lapic_timer_write_divide(lapic, value);
		break;
	}
	return 0;
}

u32 vmx_lapic_read(struct vmx_lapic *lapic, u32 offset)
{
	u32 value;

	if (offset & 0xc)
		return 0;
	if (read_xapic(lapic, offset >> 4, &value)) {
		vmx_lapic_error(lapic, VMX_LAPIC_ESR_REGISTER);
		return 0;
	}
	return value >> (offset & 3) * 8;
}

int vmx_lapic_write(struct vmx_lapic *lapic, u32 offset, u32 value, u8 *vector)
{
	u32 reg = offset >> 4;
	u32 bits, ignored, dest;

	if (offset & 0xf)
		return 0;

	switch (reg) {
	case REG_LDR:
		WRITE_ONCE(lapic->ldr, value & 0xff000000);
		return 0;
	case REG_DFR:
		WRITE_ONCE(lapic->dfr, value | 0x0fffffff);
		return 0;
	case REG_ICR:
		lapic->icr = (lapic->icr & ~0xffffffffull) | (value & ICR_BITS);
		dest = lapic->icr >> 56;
		send(lapic, lapic->icr, dest == 0xff ? VMX_APIC_BROADCAST : dest);
		return 0;
	case REG_ICR_HIGH:
		lapic->icr = (u64)(value & 0xff000000) << 32 | (u32)lapic->icr;
		return 0;
	}

	if (!writable_bits(reg, &bits, &ignored))
		return write_common(lapic, reg, value & bits, vector);

	/* Read-only registers ignore it, the others are not there. */
	if (read_xapic(lapic, reg, &bits))
		vmx_lapic_error(lapic, VMX_LAPIC_ESR_REGISTER);
	return 0;
}

int vmx_lapic_msr_read(struct vmx_lapic *lapic, u32 msr, u64 *value)
{
	u32 reg = msr - X2APIC_FIRST_MSR;
	u32 word;

	if (reg >= X2APIC_MSRS || !vmx_lapic_x2apic(lapic))
		return -EINVAL;
	if (reg == REG_ICR) {
		*value = lapic->icr;
		return 0;
	}
	if (read_common(lapic, reg, &word))
		return -EINVAL;
	*value = word;
	return 0;
}

int vmx_lapic_msr_check(u32 msr, u64 value)
{
	u32 reg = msr - X2APIC_FIRST_MSR;
	u64 accepted;
	u32 bits, ignored;

	if (reg == REG_ICR)
		accepted = 0xffffffffull << 32 | ICR_BITS | ICR_IGNORED;
	else if (reg == REG_SELF_IPI)
		accepted = 0xff;
	else if (!writable_bits(reg, &bits, &ignored))
		accepted = bits | ignored;
	else
		return -EINVAL;
	return value & ~accepted ? -EINVAL : 0;
}

int vmx_lapic_msr_write(struct vmx_lapic *lapic, u32 msr, u64 value, u8 *vector)
{
	u32 reg = msr - X2APIC_FIRST_MSR;
	u32 bits, ignored;

	if (reg >= X2APIC_MSRS || !vmx_lapic_x2apic(lapic) || vmx_lapic_msr_check(msr, value))
		return -EINVAL;

	switch (reg) {
	case REG_ICR:
		lapic->icr = value & ~(u64)ICR_IGNORED;
		send(lapic, lapic->icr, value >> 32);
		return 0;
	case REG_SELF_IPI:
		/* What the same ICR would do, but ICR keeps its value. */
		send(lapic, VMX_APIC_TO_SELF << 18 | (u32)value, 0);
		return 0;
	}

	if (writable_bits(reg, &bits, &ignored))
		return -EINVAL;
	return write_common(lapic, reg, value & bits, vector);
}
