// SPDX-License-Identifier: GPL-2.0-only
/*
 * long.c - 64-bit and compatibility mode, entered from 32-bit code and left
 * again: EFER, CR8, the upper half, 64-bit device accesses. See long.S.
 *
 * SDM volume 3, "Initializing IA-32e Mode".
 */
#include "image.h"

#define P	1
#define W	2
#define LARGE	0x80
#define LME	(1u << 8)
#define LMA	(1u << 10)

typedef void routine(void);

u32 call_64(routine *what);
u32 call_compat(routine *what);

routine compat_cpuid, long_registers, long_efer, long_cr8, long_high, long_device, long_fs,
	long_swapgs, long_deadline;

static u64 level4[512] __attribute__((aligned(4096)));
static u64 level3[512] __attribute__((aligned(4096)));
static u64 level2[4][512] __attribute__((aligned(4096)));

static void build(void)
{
	u32 i;

	level4[0] = level4[256] = (u32)level3 | P | W;
	for (i = 0; i < 4; i++)
		level3[i] = (u32)level2[i] | P | W;
	for (i = 0; i < 4 * 512; i++)
		level2[i / 512][i % 512] = (u64)i << 21 | P | W | LARGE;
}

/* @type: descriptor bits 47:40 */
static void load_tss(u8 type)
{
	gdt[TSS32 / 8] = (gdt[TSS32 / 8] & ~(0xffull << 40)) | (u64)type << 40;
	asm volatile("ltr %w0" : : "r"(TSS32));
}

static void enter(void)
{
	u32 i, value, vector;

	WRITE_CR(4, CR4_PAE);
	WRITE_CR(3, level4);
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | LME);
	is(rdmsr(MSR_EFER) & (LME | LMA), LME, "EFER.LMA is clear before paging is on");
	is(call_compat(compat_cpuid), cpuid(0, 0).eax, "compatibility mode");
	is(rdmsr(MSR_EFER) & (LME | LMA), LME, "EFER.LMA is clear again after it");
	is(call_64(long_efer) & (LME | LMA), LME | LMA, "64-bit mode: EFER.LMA is set");
	is(call_64(long_registers), 1, "registers of 64 bits over CPUID");
	is(call_64(long_cr8), 0x9009, "CR8 is the task priority");
	write32(0x200000, 0xfeedbeef);
	value = call_64(long_high);
	is(value, 0xfeedbeef, "the upper half of the address space");
	is(read32(0x200008), 0x0badcafe, "written there");
	is(call_64(long_device), 0x11223344 + 1, "a device by 8 bytes");
	is(call_64(long_fs), 0x5ca1ab1e, "a device through FS and its base");
	is(read32(DEVICE_MEMORY + 0x1010), 0x5ca1ab1e, "which has what was written");
	is(call_64(long_swapgs), 0xfeedbeef, "SWAPGS takes KERNEL_GS_BASE");
	is(call_64(long_deadline), 0, "WRMSR takes the lower halves");
	for (i = value = 0; i < 50; i++)
		value += call_64(long_registers);
	is(value, 50, "fifty times there and back");

	WRITE_CR(4, 0);
	vector = TRY("movl %0, %%cr0", NOTHING, "r"(READ_CR(0) | CR0_PG));
	ok(vector == 13 && TRIED_AT, "paging without PAE raises #GP when EFER.LME is set");

	/* Nor with the TSS of a 286 in TR. */
	WRITE_CR(4, CR4_PAE);
	load_tss(0x81);
	vector = TRY("movl %0, %%cr0", NOTHING, "r"(READ_CR(0) | CR0_PG));
	ok(vector == 13 && TRIED_AT && !caught.error, "a 16-bit TSS raises #GP(0) as well");
	load_tss(0x89);
	is(call_64(long_registers), 1, "and with a 32-bit one it works again");
	WRITE_CR(4, 0);
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) & ~(u64)LME);
}

int main(void);
int main(void)
{
	if (!(cpuid(0x80000001, 0).edx & 1u << 29)) {
		skip("long mode");
		return 0;
	}
	build();
	enter();
	return 0;
}
