// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioapic.c - an I/O APIC with 24 pins, version 0x20.
 *
 * Edge: a message on the rising edge; an edge on a masked pin is lost, as the
 * data sheet says. Level: a message while the pin is high, the entry is not
 * masked and Remote IRR is clear; Remote IRR is set by sending and cleared
 * by the end of the vector, and a pin that is still high then sends again.
 */
#include <string.h>

#include "ioapic.h"

/* Memory-mapped registers */
#define SELECT	0x00
#define WINDOW	0x10
#define EOI	0x40

/* Behind SELECT */
#define REG_ID		0x00
#define REG_VERSION	0x01
#define REG_ARBITRATION	0x02
#define REG_TABLE	0x10

#define VERSION		(0x20 | (IOAPIC_PINS - 1) << 16)

#define ENTRY_VECTOR		0xffull
#define ENTRY_MODE_SHIFT	8
#define ENTRY_LOGICAL		(1ull << 11)
#define ENTRY_REMOTE_IRR	(1ull << 14)
#define ENTRY_LEVEL		(1ull << 15)
#define ENTRY_MASKED		(1ull << 16)
#define ENTRY_DEST_SHIFT	56
/* Delivery status (bit 12) is never busy; both it and Remote IRR are read-only. */
#define ENTRY_WRITABLE		0xff0000000001afffull

static void send(struct ioapic *ioapic, unsigned int pin)
{
	__u64 *entry = &ioapic->entries[pin];
	int level = !!(*entry & ENTRY_LEVEL);
	__u64 address;
	__u32 data;

	if (*entry & ENTRY_MASKED || (level && *entry & ENTRY_REMOTE_IRR))
		return;
	address = 0xfee00000ull | (*entry >> ENTRY_DEST_SHIFT) << 12 |
		  (*entry & ENTRY_LOGICAL ? 1 << 2 : 0);
	data = (__u32)(*entry & ENTRY_VECTOR) |
	       (__u32)(*entry >> ENTRY_MODE_SHIFT & 7) << 8 |
	       (level ? 1u << 14 | 1u << 15 : 0);
	if (level)
		*entry |= ENTRY_REMOTE_IRR;
	ioapic->host.send(ioapic->host.context, address, data);
}

/* After a change that may let a waiting level through. */
static void retry(struct ioapic *ioapic, unsigned int pin)
{
	if (ioapic->entries[pin] & ENTRY_LEVEL && ioapic->levels >> pin & 1)
		send(ioapic, pin);
}

void ioapic_set(struct ioapic *ioapic, unsigned int pin, int level)
{
	__u32 bit, before = ioapic->levels;

	if (pin >= IOAPIC_PINS)
		return;
	bit = 1u << pin;
	if (!level) {
		ioapic->levels &= ~bit;
		return;
	}
	ioapic->levels |= bit;
	if (ioapic->entries[pin] & ENTRY_LEVEL || !(before & bit))
		send(ioapic, pin);
}

void ioapic_eoi(struct ioapic *ioapic, __u8 vector)
{
	unsigned int pin;

	for (pin = 0; pin < IOAPIC_PINS; pin++) {
		__u64 *entry = &ioapic->entries[pin];

		if ((*entry & ENTRY_VECTOR) != vector ||
		    !(*entry & ENTRY_LEVEL) || !(*entry & ENTRY_REMOTE_IRR))
			continue;
		*entry &= ~ENTRY_REMOTE_IRR;
		retry(ioapic, pin);
	}
}

static __u32 read_register(const struct ioapic *ioapic)
{
	unsigned int pin = (ioapic->select - REG_TABLE) / 2;

	switch (ioapic->select) {
	case REG_ID:
	case REG_ARBITRATION:
		return (__u32)ioapic->id << 24;
	case REG_VERSION:
		return VERSION;
	default:
		if (ioapic->select < REG_TABLE || pin >= IOAPIC_PINS)
			return 0xffffffff;
		return (__u32)(ioapic->entries[pin] >>
			       (ioapic->select & 1 ? 32 : 0));
	}
}

static void write_register(struct ioapic *ioapic, __u32 value)
{
	unsigned int pin = (ioapic->select - REG_TABLE) / 2;
	unsigned int shift = ioapic->select & 1 ? 32 : 0;
	__u64 *entry, mask;

	if (ioapic->select == REG_ID) {
		ioapic->id = value >> 24 & 0x0f;
		return;
	}
	if (ioapic->select < REG_TABLE || pin >= IOAPIC_PINS)
		return;
	entry = &ioapic->entries[pin];
	mask = 0xffffffffull << shift & ENTRY_WRITABLE;
	*entry = (*entry & ~mask) | ((__u64)value << shift & mask);
	/* Remote IRR means nothing for an edge, and Linux clears a stuck one
	 * by switching to edge and back. */
	if (!(*entry & ENTRY_LEVEL))
		*entry &= ~ENTRY_REMOTE_IRR;
	retry(ioapic, pin);
}

static __u64 ioapic_read(void *device, __u64 offset, __u32 bytes)
{
	struct ioapic *ioapic = device;
	__u32 value = 0;

	(void)bytes;
	if ((offset & ~3ull) == SELECT)
		value = ioapic->select;
	else if ((offset & ~3ull) == WINDOW)
		value = read_register(ioapic);
	return value >> 8 * (offset & 3);
}

/* Only the aligned register itself can be written; in the narrower forms that
 * drivers use, the rest of the register becomes zero. */
static void ioapic_write(void *device, __u64 offset, __u32 bytes, __u64 value)
{
	struct ioapic *ioapic = device;

	(void)bytes;
	if (offset == SELECT)
		ioapic->select = (__u8)value;
	else if (offset == WINDOW)
		write_register(ioapic, (__u32)value);
	else if (offset == EOI)
		ioapic_eoi(ioapic, (__u8)value);
}

void ioapic_init(struct ioapic *ioapic, const struct ioapic_host *host)
{
	unsigned int pin;

	memset(ioapic, 0, sizeof(*ioapic));
	ioapic->host = *host;
	for (pin = 0; pin < IOAPIC_PINS; pin++)
		ioapic->entries[pin] = ENTRY_MASKED;
}

void ioapic_add(struct ioapic *ioapic, struct bus *bus)
{
	static const struct bus_ops ops = { ioapic_read, ioapic_write };

	bus_add(&bus->memory, IOAPIC_GPA, 0x1000, BUS_ANY, &ops, ioapic);
}
