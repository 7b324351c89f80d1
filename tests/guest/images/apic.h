/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * apic.h - the local APIC and the I/O APIC, as images use them.
 */
#ifndef APIC_H
#define APIC_H

#include "image.h"

#define APIC			0xfee00000
#define APIC_ID			(APIC + 0x020)
#define APIC_VERSION		(APIC + 0x030)
#define APIC_TPR		(APIC + 0x080)
#define APIC_PPR		(APIC + 0x0a0)
#define APIC_EOI		(APIC + 0x0b0)
#define APIC_LDR		(APIC + 0x0d0)
#define APIC_DFR		(APIC + 0x0e0)
#define APIC_SPURIOUS		(APIC + 0x0f0)
#define APIC_ISR		(APIC + 0x100)
#define APIC_IRR		(APIC + 0x200)
#define APIC_ICR		(APIC + 0x300)
#define APIC_ICR_HIGH		(APIC + 0x310)
#define APIC_LVT_TIMER		(APIC + 0x320)
#define APIC_TIMER_COUNT	(APIC + 0x380)
#define APIC_TIMER_NOW		(APIC + 0x390)
#define APIC_TIMER_DIVIDE	(APIC + 0x3e0)

#define LVT_MASKED		(1u << 16)
#define LVT_PERIODIC		(1u << 17)
#define LVT_DEADLINE		(2u << 17)
#define ICR_SELF		(1u << 18)
#define ICR_NMI			(4u << 8)

/* A PC has older interrupt controllers as well: they are to be quiet. */
static inline void apic_enable(void)
{
	outb(0x21, 0xff);
	outb(0xa1, 0xff);
	write32(APIC_SPURIOUS, 0x1ff);
	write32(APIC_TPR, 0);
}

static inline void apic_eoi(void)
{
	write32(APIC_EOI, 0);
}

/* In the requested or in-service bits */
static inline int apic_bit(u32 registers, u32 vector)
{
	return read32(registers + vector / 32 * 16) >> vector % 32 & 1;
}

static inline void apic_self(u32 vector)
{
	write32(APIC_ICR, ICR_SELF | vector);
}

static inline void interrupts_on(void)
{
	asm volatile("sti; nop" : : : "memory");
}

static inline void interrupts_off(void)
{
	asm volatile("cli" : : : "memory");
}

/* Long enough for anything that is under way; the TSC may count anything. */
static inline void wait_a_while(void)
{
	u32 i;

	for (i = 0; i < 200; i++)
		inb(PORT_BYTES);
}

#endif
