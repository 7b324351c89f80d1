/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fake_lapic.h - a local APIC, another one, and what they tell others. Each file
 * that includes this has its own.
 */
#ifndef KUNIT_FAKE_LAPIC_H
#define KUNIT_FAKE_LAPIC_H

#include <kunit/test.h>
#include <linux/string.h>
#include <asm/tsc.h>
#include "vmx/lapic.h"

#define ID		2

/* Registers by their offset in the xAPIC's page */
#define REG_ID		0x020
#define REG_VERSION	0x030
#define REG_TPR		0x080
#define REG_APR		0x090
#define REG_PPR		0x0a0
#define REG_EOI		0x0b0
#define REG_RRD		0x0c0
#define REG_LDR		0x0d0
#define REG_DFR		0x0e0
#define REG_SVR		0x0f0
#define REG_ISR		0x100
#define REG_TMR		0x180
#define REG_IRR		0x200
#define REG_ESR		0x280
#define REG_CMCI	0x2f0
#define REG_ICR		0x300
#define REG_ICR_HIGH	0x310
#define REG_TIMER	0x320
#define REG_THERMAL	0x330
#define REG_LINT0	0x350
#define REG_ERROR	0x370
#define REG_INITIAL	0x380
#define REG_CURRENT	0x390
#define REG_DIVIDE	0x3e0
#define REG_SELF	0x3f0

#define MSR_OF(reg)	(0x800 + (reg) / 16)

#define MASKED		0x10000u
#define PERIODIC	0x20000u
#define DEADLINE	0x40000u

#define BASE		0xfee00000ull
#define ENABLED		0x800ull
#define X2APIC		0x400ull
#define BSP		0x100ull

static struct vmx_lapic lapic, other;

/* What the ops were told */
static struct {
	atomic_t notified;
	unsigned int sent;
	struct vmx_apic_message ipi;
	u64 tsc;
} told;

static void notify(struct vmx_lapic *from)
{
	atomic_inc(&told.notified);
}

static void send_ipi(struct vmx_lapic *from, const struct vmx_apic_message *msg)
{
	told.sent++;
	told.ipi = *msg;
}

/* Stands still unless told.tsc is 0: then it is the host's. */
static u64 guest_tsc(struct vmx_lapic *from)
{
	return told.tsc ? told.tsc : rdtsc();
}

static const struct vmx_lapic_ops ops = {
	.notify = notify,
	.send_ipi = send_ipi,
	.guest_tsc = guest_tsc,
};

static u32 get(u32 reg)
{
	return vmx_lapic_read(&lapic, reg);
}

/* Return: as vmx_lapic_write(). */
static int set(u32 reg, u32 value)
{
	u8 vector;

	return vmx_lapic_write(&lapic, reg, value, &vector);
}

static int lapic_init(struct kunit *test)
{
	memset(&told, 0, sizeof(told));
	vmx_lapic_init(&lapic, &ops, ID, false);
	vmx_lapic_init(&other, &ops, ID + 1, true);
	set(REG_SVR, 0x1ff);
	return 0;
}

static void lapic_exit(struct kunit *test)
{
	vmx_lapic_destroy(&lapic);
	vmx_lapic_destroy(&other);
}

static int notified(void)
{
	return atomic_xchg(&told.notified, 0);
}

#endif
