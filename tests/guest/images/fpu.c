// SPDX-License-Identifier: GPL-2.0-only
/*
 * fpu.c - floating-point and vector registers belong to the guest: exits,
 * sleeps and whatever the host does meanwhile leave them alone.
 *
 * SDM volume 1, "Managing State Using the XSAVE Feature Set".
 */
#include "apic.h"

#define TIMER	0x51
#define CR0_EM	(1u << 2)
#define CR0_MP	(1u << 1)
#define CR4_OSFXSR	(1u << 9)
#define CR4_OSXMMEXCPT	(1u << 10)
#define CR4_OSXSAVE	(1u << 18)

static u8 before[2688] __attribute__((aligned(64)));
static u8 after[2688] __attribute__((aligned(64)));
static u8 pattern[64] __attribute__((aligned(64)));
static u32 ticks;

static void on_timer(struct frame *frame)
{
	ticks++;
	apic_eoi();
}

/* Everything that makes a vCPU leave the guest, to user space and into sleep. */
static void leave_the_guest(void)
{
	u32 i;

	for (i = 0; i < 50; i++) {
		cpuid(0, 0);
		inb(PORT_LATCH);
		read32(DEVICE_MEMORY);
		read32(APIC_VERSION);
	}
	ticks = 0;
	write32(APIC_TIMER_DIVIDE, 0xb);
	write32(APIC_LVT_TIMER, TIMER);
	write32(APIC_TIMER_COUNT, 500000);
	while (!ticks)
		asm volatile("sti; hlt; cli" : : : "memory");
}

static void set_pattern(u8 seed)
{
	u32 i;

	for (i = 0; i < sizeof(pattern); i++)
		pattern[i] = (u8)(seed + i * 3);
}

static void clear(u8 *area)
{
	u32 i;

	for (i = 0; i < sizeof(before); i++)
		area[i] = 0;
}

static u32 differences(u32 bytes)
{
	u32 i, count = 0;

	for (i = 0; i < bytes; i++)
		count += before[i] != after[i];
	return count;
}

static void load_x87_sse(void)
{
	u32 mxcsr = 0x9fc0;
	u16 control = 0x027f;

	asm volatile("fninit; fldcw %0; fldpi; fldl2e; fld1" : : "m"(control));
	set_pattern(0x11);
	asm volatile("ldmxcsr %0\n\t"
		     "movups (%1), %%xmm0\n\tmovups 16(%1), %%xmm3\n\t"
		     "movups 32(%1), %%xmm6\n\tmovups 48(%1), %%xmm7"
		     : : "m"(mxcsr), "r"(pattern) : "memory");
}

static void legacy(void)
{
	load_x87_sse();
	asm volatile("fxsave (%0)" : : "r"(before) : "memory");
	leave_the_guest();
	asm volatile("fxsave (%0)" : : "r"(after) : "memory");
	is(differences(288), 0, "x87 and SSE registers outlive exits and sleep");
	asm volatile("fninit");
}

static void extended(void)
{
	u32 max, low, high, size;
	struct cpuid leaf;

	WRITE_CR(4, READ_CR(4) | CR4_OSXSAVE);
	leaf = cpuid(13, 0);
	low = leaf.eax;
	high = leaf.edx;
	max = leaf.ecx;
	say("XCR0 can be 0x%x%08x, %u bytes", high, low, max);
	asm volatile("xsetbv" : : "c"(0), "a"(low), "d"(high));
	is(cpuid(13, 0).ebx, max, "CPUID gives the size for all of XCR0");
	if (max > sizeof(before)) {
		skip("state of this size");
		return;
	}

	load_x87_sse();
	set_pattern(0x77);
	if (low & 4)
		asm volatile("vmovups (%0), %%ymm1\n\tvmovups 32(%0), %%ymm5"
			     : : "r"(pattern) : "memory");
	if ((low & 0xe0) == 0xe0)
		asm volatile("vmovups (%0), %%zmm2\n\tvmovups (%0), %%zmm4\n\t"
			     "kmovw (%0), %%k1\n\tkmovw 2(%0), %%k5"
			     : : "r"(pattern) : "memory");
	clear(before);
	clear(after);
	asm volatile("xsave (%0)" : : "r"(before), "a"(low), "d"(high) : "memory");
	leave_the_guest();
	asm volatile("xsave (%0)" : : "r"(after), "a"(low), "d"(high) : "memory");
	is(differences(max), 0, "all registers of XCR0 outlive exits and sleep");

	/* With less in XCR0 the rest is not touched either. */
	asm volatile("xsetbv" : : "c"(0), "a"(3), "d"(0));
	size = cpuid(13, 0).ebx;
	ok(size >= 576 && size <= max, "CPUID gives the size for XCR0 = 3");
	leave_the_guest();
	asm volatile("xsetbv" : : "c"(0), "a"(low), "d"(high));
	clear(after);
	asm volatile("xsave (%0)" : : "r"(after), "a"(low), "d"(high) : "memory");
	is(differences(max), 0, "also those that XCR0 does not name meanwhile");
	if (low & 4) {
		u32 vector;

		asm volatile("xsetbv" : : "c"(0), "a"(3), "d"(0));
		vector = TRY("vmovups (%0), %%ymm1", NOTHING, "r"(pattern));
		ok(vector == 6 && TRIED_AT, "AVX raises #UD without its bit in XCR0");
	}
	asm volatile("xsetbv" : : "c"(0), "a"(1), "d"(0));
}

static void lazy(void)
{
	u32 vector;

	WRITE_CR(0, READ_CR(0) | CR0_TS);
	vector = TRY("movups (%0), %%xmm0", NOTHING, "r"(pattern));
	ok(vector == 7 && TRIED_AT, "CR0.TS: an SSE instruction raises #NM");
	leave_the_guest();
	vector = TRY("fld1", NOTHING, "r"(0));
	ok(vector == 7 && TRIED_AT, "still after exits");
	asm volatile("clts");
	vector = TRY("fld1", NOTHING, "r"(0));
	is(vector, NO_TRAP, "CLTS ends it");
	WRITE_CR(0, READ_CR(0) | CR0_EM);
	vector = TRY("fld1", NOTHING, "r"(0));
	ok(vector == 7 && TRIED_AT, "CR0.EM: an x87 instruction raises #NM");
	vector = TRY("movups (%0), %%xmm0", NOTHING, "r"(pattern));
	ok(vector == 6 && TRIED_AT, "and one of SSE #UD");
	WRITE_CR(0, READ_CR(0) & ~CR0_EM);
}

int main(void);
int main(void)
{
	on_trap(TIMER, on_timer);
	apic_enable();
	WRITE_CR(0, (READ_CR(0) & ~(CR0_EM | CR0_TS)) | CR0_MP);
	WRITE_CR(4, READ_CR(4) | CR4_OSFXSR | CR4_OSXMMEXCPT);
	legacy();
	lazy();
	if (cpuid(1, 0).ecx & 1u << 26)
		extended();
	else
		skip("XSAVE");
	return 0;
}
