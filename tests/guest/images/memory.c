// SPDX-License-Identifier: GPL-2.0-only
/*
 * memory.c - pages that the hypervisor takes away and brings back behind the
 * guest's back, wherever the CPU may need them; code that changes itself.
 *
 * A write to PORT_REFAULT drops the page of an address from the tables below
 * the guest's; the next access faults, in the hypervisor alone.
 */
#include "apic.h"

#define PAGE	4096
#define BASE	0x200000
#define PAGES	64
#define VECTOR	0x71

static void drop(const void *address)
{
	outl(PORT_REFAULT, (u32)address);
}

static void data(void)
{
	u32 i, wrong = 0;

	for (i = 0; i < PAGES; i++)
		write32(BASE + i * PAGE, 0xc0de0000 + i);
	for (i = 0; i < PAGES; i++)
		drop((void *)(BASE + i * PAGE));
	for (i = 0; i < PAGES; i++)
		wrong += read32(BASE + i * PAGE) != 0xc0de0000 + i;
	is(wrong, 0, "pages keep their content when they are dropped");
	for (i = 0; i < PAGES; i++) {
		drop((void *)(BASE + i * PAGE));
		write32(BASE + i * PAGE + 4, i);
		wrong += read32(BASE + i * PAGE) != 0xc0de0000 + i;
	}
	is(wrong, 0, "and when the first access is a write");
	for (i = 0; i < PAGES - 1; i++) {
		u32 border = BASE + i * PAGE + PAGE - 2;

		drop((void *)border);
		drop((void *)(border + PAGE));
		write32(border, 0x11223344);
		drop((void *)border);
		drop((void *)(border + PAGE));
		wrong += read32(border) != 0x11223344;
	}
	is(wrong, 0, "accesses over two dropped pages");

	for (i = 0; i < PAGES * PAGE / 4; i++)
		write32(BASE + i * 4, i);
	for (i = 0; i < PAGES; i++)
		drop((void *)(BASE + i * PAGE));
	{
		u32 from = BASE, to = BASE + PAGES * PAGE, count = PAGES * PAGE / 4;

		asm volatile("rep movsl" : "+S"(from), "+D"(to), "+c"(count) : : "memory");
		for (i = 0; i < PAGES * PAGE / 4; i++)
			wrong += read32(BASE + PAGES * PAGE + i * 4) != i;
		is(wrong, 0, "REP MOVS through dropped pages");
	}
}

static void code(void)
{
	/* mov $imm, %eax; ret */
	static const u8 function[] = { 0xb8, 0, 0, 0, 0, 0xc3 };
	u32 (*call)(void) = (u32 (*)(void))(BASE + PAGE - 3);
	volatile u8 *bytes = (volatile u8 *)(BASE + PAGE - 3);
	u32 i, wrong = 0;

	for (i = 0; i < sizeof(function); i++)
		bytes[i] = function[i];
	for (i = 0; i < 100; i++) {
		bytes[1] = (u8)i;
		bytes[4] = (u8)(i * 3);
		asm volatile("" : : : "memory");
		wrong += call() != (i & 0xff) + ((i * 3 & 0xff) << 24);
	}
	is(wrong, 0, "code that changes itself, over two pages");
	for (i = 0; i < 20; i++) {
		bytes[1] = (u8)i;
		drop((void *)BASE);
		drop((void *)(BASE + PAGE));
		wrong += (call() & 0xff) != i;
	}
	is(wrong, 0, "and that lies in dropped pages");
}

static u32 count;

static void on_vector(struct frame *frame)
{
	count++;
	apic_eoi();
}

/* The CPU is about to deliver an event when the page turns out to be away. */
static void delivery(void)
{
	u32 vector, stack_page, value;

	asm volatile("movl %%esp, %0" : "=r"(stack_page));

	drop(idt);
	vector = TRY("ud2", NOTHING, "a"(0));
	ok(vector == 6 && TRIED_AT, "an exception whose IDT is dropped");
	drop(idt);
	vector = TRY("int $0x80", NOTHING, "a"(0));
	ok(vector == 0x80 && caught.eip == try_at + 2, "INT n whose IDT is dropped");
	drop(idt);
	vector = TRY("int3", NOTHING, "a"(0));
	ok(vector == 3 && caught.eip == try_at + 1, "INT3 whose IDT is dropped");
	drop(idt);
	vector = TRY("movl %0, %%fs", NOTHING, "r"(0x7ff8));
	ok(vector == 13 && TRIED_AT && caught.error == 0x7ff8,
	   "an exception with error code whose IDT is dropped");
	drop(idt);
	vector = TRY("wrmsr", NOTHING, "c"(0xdeadbeef), "A"(0ull));
	ok(vector == 13 && TRIED_AT && !caught.error,
	   "an exception that is injected, whose IDT is dropped");

	drop((void *)(stack_page - 64));
	vector = TRY("movl %0, %%fs", NOTHING, "r"(0x7ff8));
	ok(vector == 13 && TRIED_AT && caught.error == 0x7ff8,
	   "an exception whose stack is dropped");
	drop(gdt);
	vector = TRY("ud2", NOTHING, "a"(0));
	ok(vector == 6 && TRIED_AT, "an exception whose GDT is dropped");
	drop(gdt);
	asm volatile("movl %0, %%fs" : : "r"(DATA32));
	ok(1, "a segment register's load whose GDT is dropped");

	on_trap(VECTOR, on_vector);
	apic_enable();
	count = 0;
	apic_self(VECTOR);
	drop(idt);
	drop((void *)(stack_page - 64));
	drop(gdt);
	asm volatile("sti; nop; cli" : : : "memory");
	is(count, 1, "an interrupt whose IDT, stack and GDT are dropped comes once");

	/* Emulated instructions read guest memory on their own. */
	drop((void *)BASE);
	write32(BASE, 0xa5a5a5a5);
	drop((void *)BASE);
	asm volatile("outsl" : "=S"(value) : "S"(BASE), "d"(PORT_LATCH) : "memory");
	is(inl(PORT_LATCH), 0xa5a5a5a5, "OUTS from a dropped page");
	drop((void *)BASE);
	outl(PORT_LATCH, 0x5b5b5b5b);
	asm volatile("insl" : "=D"(value) : "D"(BASE), "d"(PORT_LATCH) : "memory");
	drop((void *)BASE);
	is(read32(BASE), 0x5b5b5b5b, "INS to a dropped page");
}

static void extent(void)
{
	u32 i, wrong = 0;

	/* The run has 64 MiB. */
	for (i = 0x400000; i < 0x4000000; i += 0x10000)
		write32(i, i ^ 0x55aa55aa);
	for (i = 0x400000; i < 0x4000000; i += 0x10000)
		wrong += read32(i) != (i ^ 0x55aa55aa);
	is(wrong, 0, "memory up to its end");
	is(read32(0x4000000), 0xffffffff, "none behind it");
	is(read32(0xa0000), 0xffffffff, "none at 640 KiB");
}

int main(void);
int main(void)
{
	data();
	code();
	delivery();
	extent();
	return 0;
}
