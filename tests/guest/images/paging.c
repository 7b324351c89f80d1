// SPDX-License-Identifier: GPL-2.0-only
/*
 * paging.c - the guest's own page tables of 32-bit modes: two levels with
 * large pages, PAE, changes of CR0, CR3, CR4 and EFER between them.
 *
 * SDM volume 3, "Paging".
 */
#include "image.h"

#define PF		14
#define P		0x01
#define W		0x02
#define U		0x04
#define A		0x20
#define D		0x40
#define LARGE		0x80
#define GLOBAL		0x100
#define NX		(1ull << 63)

/* Where the tests look through their tables */
#define WINDOW		0x40000000u
#define ONE		0x300000u
#define TWO		0x301000u

static u32 directory[2][1024] __attribute__((aligned(4096)));
static u32 table[2][1024] __attribute__((aligned(4096)));
static u64 pointers[2][4] __attribute__((aligned(32)));
static u64 directories[2][4][512] __attribute__((aligned(4096)));
static u64 pae_table[512] __attribute__((aligned(4096)));

static void paging_on(void *tables)
{
	WRITE_CR(3, tables);
	WRITE_CR(0, READ_CR(0) | CR0_PG);
}

static void paging_off(void)
{
	WRITE_CR(0, READ_CR(0) & ~(CR0_PG | CR0_WP));
}

static void invalidate(u32 gva)
{
	asm volatile("invlpg (%0)" : : "r"(gva) : "memory");
}

/* One test: an access faults with this error code, CR2 and address. */
#define PAGE_FAULT(what, wanted, gva, insn, ...) do {			\
	u32 vector_ = TRY(insn, NOTHING, __VA_ARGS__);			\
	int right_ = vector_ == PF && caught.error == (wanted) &&	\
		     caught_cr2 == (gva);				\
	ok(right_, "%s", what);						\
	if (!right_)							\
		say("vector %u, error 0x%x, CR2 0x%x", vector_, caught.error, caught_cr2); \
} while (0)

static void two_levels(void)
{
	u32 i, value;

	for (i = 0; i < 1024; i++)
		directory[0][i] = directory[1][i] = i << 22 | P | W | LARGE;
	directory[0][WINDOW >> 22] = (u32)table[0] | P | W;
	directory[1][WINDOW >> 22] = (u32)table[1] | P | W;
	table[0][0] = ONE | P | W;
	table[0][1] = ONE | P;
	table[0][3] = DEVICE_MEMORY | P | W;
	table[1][0] = TWO | P | W;
	write32(ONE, 0x11111111);
	write32(TWO, 0x22222222);
	write32(DEVICE_MEMORY + 0x40, 0x33333333);

	WRITE_CR(4, CR4_PSE);
	paging_on(directory[0]);
	is(read32(ONE), 0x11111111, "two levels: a large page one to one");
	is(read32(WINDOW), 0x11111111, "a small page elsewhere");
	ok(table[0][0] & A && !(table[0][0] & D), "reading sets its accessed bit");
	write32(WINDOW, 0x44444444);
	is(read32(ONE), 0x44444444, "writing reaches the same memory");
	ok(table[0][0] & D, "and sets its dirty bit");
	is(READ_CR(3), (u32)directory[0], "CR3 reads what was written");

	PAGE_FAULT("a page that is not there", 0, WINDOW + 0x2010, "movl (%0), %%eax",
		   "r"(WINDOW + 0x2010), "a"(0));
	PAGE_FAULT("a write to one that is not there", 2, WINDOW + 0x2010, "movl %%eax, (%0)",
		   "r"(WINDOW + 0x2010), "a"(0));
	write32(WINDOW + 0x1000, 0x55555555);
	is(read32(ONE), 0x55555555, "a read-only page can be written without CR0.WP");
	WRITE_CR(0, READ_CR(0) | CR0_WP);
	PAGE_FAULT("and cannot with it", 3, WINDOW + 0x1000, "movl %%eax, (%0)",
		   "r"(WINDOW + 0x1000), "a"(0));
	WRITE_CR(0, READ_CR(0) & ~CR0_WP);

	WRITE_CR(3, directory[1]);
	is(read32(WINDOW), 0x22222222, "another CR3 shows another page");
	WRITE_CR(3, directory[0]);
	is(read32(WINDOW), 0x55555555, "and back");
	table[0][0] = TWO | P | W;
	invalidate(WINDOW);
	is(read32(WINDOW), 0x22222222, "a changed entry counts after INVLPG");

	is(read32(WINDOW + 0x3040), 0x33333333, "a device through a small page");
	write32(WINDOW + 0x3040, 0x66666666);
	asm volatile("addl $1, (%0)" : : "r"(WINDOW + 0x3040) : "memory", "cc");
	is(read32(DEVICE_MEMORY + 0x40), 0x66666667, "written and changed there");
	PAGE_FAULT("a device copied to a page that is not there", 2, WINDOW + 0x4000,
		   "rep movsb", "S"(DEVICE_MEMORY), "D"(WINDOW + 0x4000), "c"(4));

	/* Large pages off: the entry of the identity map means a table then. */
	WRITE_CR(4, CR4_PSE | CR4_PGE);
	is(read32(WINDOW), 0x22222222, "CR4.PGE can be set");
	WRITE_CR(4, CR4_PSE);
	paging_off();
	is(read32(ONE), 0x55555555, "and paging is off again");
	value = READ_CR(0);
	ok(!(value & CR0_PG), "CR0 says so");
}

static void pae(void)
{
	u32 i, n, vector;

	for (n = 0; n < 2; n++) {
		for (i = 0; i < 4 * 512; i++)
			directories[n][i / 512][i % 512] = (u64)i << 21 | P | W | LARGE;
		for (i = 0; i < 4; i++)
			pointers[n][i] = (u32)directories[n][i] | P;
	}
	directories[0][WINDOW >> 30][0] = (u32)pae_table | P | W;
	directories[1][WINDOW >> 30][0] = (u64)TWO >> 21 << 21 | P | W | LARGE;
	pae_table[0] = ONE | P | W;
	pae_table[3] = DEVICE_MEMORY | P | W;
	write32(ONE, 0x11111111);
	write32(TWO, 0x22222222);
	/* mov $7, %eax; ret */
	write32(ONE + 0x100, 0x000007b8);
	write32(ONE + 0x104, 0x0000c300);

	WRITE_CR(4, CR4_PAE);
	paging_on(pointers[0]);
	is(read32(WINDOW), 0x11111111, "PAE: a small page");
	is(read32(TWO), 0x22222222, "a large page one to one");
	write32(WINDOW, 0x77777777);
	is(read32(ONE), 0x77777777, "writing");
	ok(pae_table[0] & D, "the dirty bit");
	PAGE_FAULT("a page that is not there", 0, WINDOW + 0x1000, "movl (%0), %%eax",
		   "r"(WINDOW + 0x1000), "a"(0));

	WRITE_CR(3, pointers[1]);
	is(read32(WINDOW + (TWO & 0x1fffff)), 0x22222222, "another CR3 shows another page");
	WRITE_CR(3, pointers[0]);
	is(read32(WINDOW), 0x77777777, "and back");
	is(read32(WINDOW + 0x3040), 0x66666667, "a device through a small page");

	vector = TRY("movl %0, %%cr3", NOTHING, "r"((pointers[1][2] |= 0x1e6, pointers[1])));
	ok(vector == 13 && TRIED_AT && READ_CR(3) == (u32)pointers[0],
	   "reserved bits of a pointer raise #GP at the load of CR3");
	pointers[1][2] &= ~0x1e6ull;

	/* The four pointers are registers: memory counts when they are loaded. */
	pointers[0][WINDOW >> 30] = (u32)directories[1][WINDOW >> 30] | P;
	invalidate(WINDOW);
	is(read32(WINDOW), 0x77777777, "a changed pointer does not count yet");
	WRITE_CR(3, pointers[0]);
	is(read32(WINDOW + (TWO & 0x1fffff)), 0x22222222, "it does after a load of CR3");
	pointers[0][WINDOW >> 30] = (u32)directories[0][WINDOW >> 30] | P;
	WRITE_CR(4, CR4_PAE | CR4_PGE);
	is(read32(WINDOW), 0x77777777, "and after a change of CR4.PGE");
	WRITE_CR(4, CR4_PAE);
	pointers[0][3] = 0;
	WRITE_CR(3, pointers[0]);
	PAGE_FAULT("behind a pointer that is not there", 0, 0xfee00030, "movl (%0), %%eax",
		   "r"(0xfee00030), "a"(0));
	pointers[0][3] = (u32)directories[0][3] | P;
	WRITE_CR(3, pointers[0]);
	ok(read32(0xfee00030) != 0, "and one that is there again");

	is(((u32 (*)(void))(WINDOW + 0x100))(), 7, "code runs through the window");
	if (cpuid(0x80000001, 0).edx & 1u << 20) {
		wrmsr(MSR_EFER, rdmsr(MSR_EFER) | 1u << 11);
		pae_table[0] |= NX;
		invalidate(WINDOW);
		PAGE_FAULT("not if EFER.NXE and the page forbid it", 0x11, WINDOW + 0x100,
			   "call *%0", "r"(WINDOW + 0x100), "a"(0));
		asm volatile("" : : : "memory");
		is(read32(WINDOW), 0x77777777, "though it can be read");
		wrmsr(MSR_EFER, rdmsr(MSR_EFER) & ~(1ull << 11));
		WRITE_CR(3, pointers[0]);
		PAGE_FAULT("the bit is reserved without NXE", 9, WINDOW, "movl (%0), %%eax",
			   "r"(WINDOW), "a"(0));
		pae_table[0] &= ~NX;
	} else {
		skip("pages without execution");
	}

	WRITE_CR(4, CR4_PAE);
	paging_off();
	WRITE_CR(4, 0);
	is(read32(ONE), 0x77777777, "and paging is off again");
}

/* A 32-bit guest that cannot know: 4 MiB pages while PSE comes and goes. */
static void between(void)
{
	u32 i, wrong = 0;

	table[0][0] = ONE | P | W;
	for (i = 0; i < 20; i++) {
		WRITE_CR(4, CR4_PSE);
		paging_on(directory[i & 1]);
		wrong += read32(WINDOW) != (i & 1 ? 0x22222222 : 0x77777777);
		paging_off();
		WRITE_CR(4, CR4_PAE);
		paging_on(pointers[i & 1]);
		wrong += read32(ONE) != 0x77777777;
		paging_off();
		WRITE_CR(4, 0);
	}
	is(wrong, 0, "from one kind of paging to the other and back, many times");
}

int main(void);
int main(void)
{
	two_levels();
	pae();
	between();
	return 0;
}
