// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioapic.c - interrupts of devices: pins of the I/O APIC, which the test
 * device moves, to the local APIC and back by EOI.
 *
 * Data sheet: 82093AA I/O Advanced Programmable Interrupt Controller.
 */
#include "apic.h"

#define SELECT		0xfec00000
#define WINDOW		0xfec00010
#define PINS		24

#define LEVEL		(1u << 15)
#define REMOTE_IRR	(1u << 14)
#define MASKED		(1u << 16)
#define LOGICAL		(1u << 11)

#define VECTOR		0x71
#define OTHER		0x83
#define PIN		10

static u32 count, count_other;
static int keep_line;		/* the handler does not lower the pin */
static u32 irr_in_handler;

static u32 get(u32 index)
{
	write32(SELECT, index);
	return read32(WINDOW);
}

static void set(u32 index, u32 value)
{
	write32(SELECT, index);
	write32(WINDOW, value);
}

static void route(u32 pin, u32 low)
{
	set(0x11 + pin * 2, read32(APIC_ID) & 0xff000000);
	set(0x10 + pin * 2, low);
}

static void pin(u32 number, int level)
{
	outb((u16)(PORT_PIN + number), (u8)level);
}

static void on_vector(struct frame *frame)
{
	count++;
	irr_in_handler = get(0x10 + PIN * 2) & REMOTE_IRR;
	if (!keep_line || count >= 3)
		pin(PIN, 0);
	apic_eoi();
}

static void on_other(struct frame *frame)
{
	count_other++;
	apic_eoi();
}

static void registers(void)
{
	u32 i, wrong = 0;

	is(get(1) >> 16 & 0xff, PINS - 1, "the I/O APIC has 24 pins");
	for (i = 0; i < PINS; i++)
		wrong += !(get(0x10 + i * 2) & MASKED);
	is(wrong, 0, "all of them are masked after reset");
	set(0x11 + 5 * 2, 0x12000000);
	set(0x10 + 5 * 2, MASKED | 0x2a);
	is(get(0x11 + 5 * 2), 0x12000000, "an entry's high word reads what was written");
	is(get(0x10 + 5 * 2), MASKED | 0x2a, "and its low word");
}

static void edge(void)
{
	count = 0;
	pin(PIN, 0);
	route(PIN, VECTOR);
	interrupts_on();
	keep_line = 1;
	pin(PIN, 1);
	wait_a_while();
	is(count, 1, "a rising edge interrupts once");
	pin(PIN, 1);
	wait_a_while();
	is(count, 1, "a line that stays high does not again");
	pin(PIN, 0);
	wait_a_while();
	is(count, 1, "nor does its fall");
	pin(PIN, 1);
	wait_a_while();
	is(count, 2, "the next edge does");
	pin(PIN, 0);

	count = 0;
	route(PIN, VECTOR | MASKED);
	pin(PIN, 1);
	pin(PIN, 0);
	wait_a_while();
	is(count, 0, "a masked pin is silent");
	interrupts_off();
}

static void level(void)
{
	count = 0;
	keep_line = 0;
	route(PIN, VECTOR | LEVEL);
	interrupts_on();
	pin(PIN, 1);
	wait_a_while();
	is(count, 1, "a level interrupts");
	ok(irr_in_handler != 0, "Remote IRR is set until the EOI");
	is(get(0x10 + PIN * 2) & REMOTE_IRR, 0, "and clear after it");

	count = 0;
	keep_line = 1;
	pin(PIN, 1);
	wait_a_while();
	is(count, 3, "a level that stays interrupts after each EOI, until it falls");
	keep_line = 0;

	count = 0;
	route(PIN, VECTOR | LEVEL | MASKED);
	pin(PIN, 1);
	wait_a_while();
	is(count, 0, "a masked level is silent");
	route(PIN, VECTOR | LEVEL);
	wait_a_while();
	is(count, 1, "and comes when it is unmasked");
	interrupts_off();
	pin(PIN, 0);
}

static void destinations(void)
{
	/* A flat logical id of bit 0 */
	write32(APIC_DFR, 0xffffffff);
	write32(APIC_LDR, 0x01000000);
	count_other = 0;
	set(0x11 + 4 * 2, 0x01000000);
	set(0x10 + 4 * 2, OTHER | LOGICAL);
	interrupts_on();
	pin(4, 1);
	pin(4, 0);
	wait_a_while();
	is(count_other, 1, "a logical destination reaches the CPU");

	set(0x11 + 4 * 2, 0x02000000);
	pin(4, 1);
	pin(4, 0);
	wait_a_while();
	is(count_other, 1, "one that names another CPU does not");

	set(0x11 + 4 * 2, 0xff000000);
	set(0x10 + 4 * 2, OTHER);
	pin(4, 1);
	pin(4, 0);
	wait_a_while();
	is(count_other, 2, "a broadcast does");
	set(0x10 + 4 * 2, MASKED);

	/* HLT ends by a device's interrupt that came before it, too. */
	count = 0;
	route(PIN, VECTOR);
	keep_line = 0;
	interrupts_off();
	pin(PIN, 1);
	asm volatile("sti; hlt; cli" : : : "memory");
	is(count, 1, "HLT ends");
	route(PIN, MASKED);
}

static void all_pins(void)
{
	u32 i, wrong = 0;

	interrupts_on();
	for (i = 0; i < PINS; i++) {
		/* 2 is the older timer's on a PC, 8 the clock's. */
		count_other = 0;
		pin(i, 0);
		route(i, OTHER);
		pin(i, 1);
		wait_a_while();
		pin(i, 0);
		route(i, MASKED);
		if (count_other != 1) {
			say("pin %u: %u interrupts", i, count_other);
			wrong++;
		}
	}
	interrupts_off();
	is(wrong, 0, "each pin interrupts");
}

int main(void);
int main(void)
{
	on_trap(VECTOR, on_vector);
	on_trap(OTHER, on_other);
	apic_enable();
	registers();
	edge();
	level();
	destinations();
	all_pins();
	return 0;
}
