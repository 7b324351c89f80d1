/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ioapic.h - an I/O APIC with 24 pins, version 0x20.
 *
 * Turns the level of a pin into an interrupt message for a local APIC. The
 * local APICs are in the kernel: messages go there through a callback, and
 * ends of level-triggered interrupts come back as ioapic_eoi().
 */
#ifndef WARD_MACHINE_IOAPIC_H
#define WARD_MACHINE_IOAPIC_H

#include "bus.h"

#define IOAPIC_GPA	0xfec00000ull
#define IOAPIC_PINS	24

/**
 * struct ioapic_host - where messages go
 * @send: as an MSI: @address 0xfeexxxxx, @data
 */
struct ioapic_host {
	void (*send)(void *context, __u64 address, __u32 data);
	void *context;
};

struct ioapic {
	struct ioapic_host host;
	__u8 select;			/* IOREGSEL */
	__u8 id;
	__u32 levels;			/* pins that are high now */
	__u64 entries[IOAPIC_PINS];	/* redirection table */
};

/**
 * ioapic_init() - the state after power-up: all pins masked
 */
void ioapic_init(struct ioapic *ioapic, const struct ioapic_host *host);

/**
 * ioapic_add() - claim the registers' page
 */
void ioapic_add(struct ioapic *ioapic, struct bus *bus);

/**
 * ioapic_set() - the level of a pin; numbers beyond the last are ignored
 */
void ioapic_set(struct ioapic *ioapic, unsigned int pin, int level);

/**
 * ioapic_eoi() - a local APIC has ended a level-triggered vector
 */
void ioapic_eoi(struct ioapic *ioapic, __u8 vector);

#endif
