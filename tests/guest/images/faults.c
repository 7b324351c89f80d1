// SPDX-License-Identifier: GPL-2.0-only
/*
 * faults.c - instructions that must fault in a guest as on a CPU without VMX,
 * with the right vector, error code and address.
 *
 * SDM volume 2, the exceptions of each instruction; volume 3, "Control
 * Registers" and "Extended Control Registers".
 */
#include "image.h"

#define GP	13
#define UD	6

static u8 memory[64] __attribute__((aligned(4096)));

/*
 * One test: the instruction faults, at itself, with error code 0 and RF in the
 * frame, so that its breakpoint would not hit again behind the handler.
 */
#define FAULTS(what, wanted, insn, ...) do {				\
	u32 vector_ = TRY(insn, NOTHING, __VA_ARGS__);			\
	int right_ = vector_ == (wanted) && TRIED_AT && !caught.error && \
		     (caught.eflags & EFLAGS_RF);			\
	ok(right_, "%s raises vector %u", what, wanted);		\
	if (!right_)							\
		say("vector %u, error 0x%x, at 0x%x, EFLAGS 0x%x; instruction at 0x%x", \
		    vector_, caught.error, caught.eip, caught.eflags, try_at); \
} while (0)

static void undefined(void)
{
#define MEMORY "b"(memory), "a"(0), "c"(0), "d"(0)
	FAULTS("UD2", UD, "ud2", MEMORY);
	FAULTS("VMCALL", UD, "vmcall", MEMORY);
	FAULTS("VMLAUNCH", UD, "vmlaunch", MEMORY);
	FAULTS("VMRESUME", UD, "vmresume", MEMORY);
	FAULTS("VMXOFF", UD, "vmxoff", MEMORY);
	FAULTS("VMXON", UD, "vmxon (%%ebx)", MEMORY);
	FAULTS("VMCLEAR", UD, "vmclear (%%ebx)", MEMORY);
	FAULTS("VMPTRLD", UD, "vmptrld (%%ebx)", MEMORY);
	FAULTS("VMPTRST", UD, "vmptrst (%%ebx)", MEMORY);
	FAULTS("VMREAD", UD, "vmread %%eax, (%%ebx)", MEMORY);
	FAULTS("VMWRITE", UD, "vmwrite (%%ebx), %%eax", MEMORY);
	FAULTS("VMFUNC", UD, "vmfunc", MEMORY);
	FAULTS("INVEPT", UD, "invept (%%ebx), %%eax", MEMORY);
	FAULTS("INVVPID", UD, "invvpid (%%ebx), %%eax", MEMORY);
	FAULTS("VMMCALL", UD, "vmmcall", MEMORY);
	FAULTS("GETSEC", UD, "getsec", MEMORY);
	FAULTS("RSM", UD, "rsm", MEMORY);
	FAULTS("LOCK MOV to CR0", UD, ".byte 0xf0, 0x0f, 0x22, 0xc0", MEMORY);
	FAULTS("MOV to CR1", UD, ".byte 0x0f, 0x22, 0xc8", MEMORY);
	FAULTS("MOV from CR5", UD, ".byte 0x0f, 0x20, 0xe8", MEMORY);
	FAULTS("MOV to CR7", UD, ".byte 0x0f, 0x22, 0xf8", MEMORY);
}

static void too_long(void)
{
	u32 leaf = 0, b, c, d, vector;

	FAULTS("NOP of 16 bytes", GP, ".fill 15, 1, 0x66; nop", MEMORY);
	FAULTS("CPUID of 16 bytes", GP, ".fill 14, 1, 0x66; cpuid", MEMORY);
	vector = TRY(".fill 13, 1, 0x66; cpuid",
		     "+a"(leaf) COMMA "=b"(b) COMMA "=c"(c) COMMA "=d"(d), "c"(0));
	ok(vector == NO_TRAP && leaf >= 1, "CPUID of 15 bytes works");
}

static void msrs(void)
{
	static const u32 unknown[] = { 0xdeadbeef, 0x40000000, 0x40000100, 0x1fff, 0xc0001fff,
				       0x480, 0x491, 0xc0010114 };
	static const struct { u32 index; u64 value; const char *why; } bad[] = {
		{ MSR_EFER, 1ull << 1, "reserved bit of EFER" },
		{ MSR_EFER, 1ull << 63, "reserved bit of EFER" },
		{ MSR_APIC_BASE, 0xfee00901ull, "reserved bit of APIC_BASE" },
		{ MSR_APIC_BASE, 1ull << 63 | 0xfee00900ull, "reserved bit of APIC_BASE" },
		{ 0x277, 0x02ull, "memory type 2 in PAT" },
		{ 0xc0000100, 0x800000000000ull, "non-canonical FS_BASE" },
		{ 0xc0000101, 0x800000000000ull, "non-canonical GS_BASE" },
		{ 0xc0000102, 0x800000000000ull, "non-canonical KERNEL_GS_BASE" },
		{ 0xc0000082, 0x800000000000ull, "non-canonical LSTAR" },
		{ 0x175, 0x800000000000ull, "non-canonical SYSENTER_ESP" },
		{ 0x176, 0x800000000000ull, "non-canonical SYSENTER_EIP" },
	};
	u32 i;

	for (i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		u64 value;
		u32 vector = TRY("rdmsr", "=A"(value), "c"(unknown[i]));

		ok(vector == GP && TRIED_AT && !caught.error, "RDMSR of 0x%x raises #GP(0)",
		   unknown[i]);
		vector = TRY("wrmsr", NOTHING, "c"(unknown[i]), "A"(0ull));
		ok(vector == GP && TRIED_AT && !caught.error, "WRMSR of 0x%x raises #GP(0)",
		   unknown[i]);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		u64 before = rdmsr(bad[i].index);
		u32 vector = TRY("wrmsr", NOTHING, "c"(bad[i].index), "A"(bad[i].value));

		ok(vector == GP && TRIED_AT && !caught.error && rdmsr(bad[i].index) == before,
		   "WRMSR of 0x%x raises #GP(0) and changes nothing: %s", bad[i].index,
		   bad[i].why);
		if (rdmsr(bad[i].index) != before)
			wrmsr(bad[i].index, before);
	}
}

static void control_registers(void)
{
	u32 cr0 = READ_CR(0), cr4 = READ_CR(4), value;

	FAULTS("CR0.NW without CD", GP, "movl %0, %%cr0", "r"((cr0 | CR0_NW) & ~CR0_CD));
	FAULTS("CR0.PG without PE", GP, "movl %0, %%cr0", "r"((cr0 | CR0_PG) & ~CR0_PE));
	FAULTS("reserved bit 31 of CR4", GP, "movl %0, %%cr4", "r"(cr4 | 1u << 31));
	FAULTS("CR4.VMXE without VMX", GP, "movl %0, %%cr4", "r"(cr4 | 1u << 13));
	FAULTS("CR4.SMXE without SMX", GP, "movl %0, %%cr4", "r"(cr4 | 1u << 14));
	FAULTS("CR4.PCIDE outside of long mode", GP, "movl %0, %%cr4", "r"(cr4 | 1u << 17));
	is(READ_CR(0), cr0, "CR0 is what it was");
	is(READ_CR(4), cr4, "CR4 is what it was");

	WRITE_CR(0, cr0 | CR0_CD);
	is(READ_CR(0), cr0 | CR0_CD, "CR0.CD can be set");
	WRITE_CR(0, cr0 | CR0_CD | CR0_NW);
	is(READ_CR(0), cr0 | CR0_CD | CR0_NW, "CR0.NW with CD can be set");
	WRITE_CR(0, cr0 & ~0x20u);
	is(READ_CR(0), cr0 & ~0x20u, "CR0.NE can be cleared");
	WRITE_CR(0, cr0);

	WRITE_CR(0, cr0 | CR0_TS);
	FAULTS("an x87 instruction with CR0.TS", 7, "fnop", "r"(0));
	asm volatile("clts");
	is(READ_CR(0), cr0 & ~CR0_TS, "CLTS clears CR0.TS");
	asm volatile("lmsw %w0" : : "r"((cr0 | CR0_TS) & 0xfffe));
	is(READ_CR(0), cr0 | CR0_TS, "LMSW sets TS and does not clear PE");
	asm volatile("smsw %0" : "=r"(value));
	is(value & 0xffff, READ_CR(0) & 0xffff, "SMSW reads CR0");
	asm volatile("lmsw %w0" : : "r"(cr0 & 0xffff));
	is(READ_CR(0), cr0, "LMSW clears TS");
}

static void xsetbv(void)
{
#define XCR(index, value) "c"(index), "A"((u64)(value))
	u32 cr4 = READ_CR(4), low, high;
	struct cpuid leaf = cpuid(1, 0);

	FAULTS("XSETBV without OSXSAVE", UD, "xsetbv", XCR(0, 1));
	FAULTS("XGETBV without OSXSAVE", UD, "xgetbv", XCR(0, 1));
	if (!(leaf.ecx & 1u << 26)) {
		FAULTS("CR4.OSXSAVE without XSAVE", GP, "movl %0, %%cr4", "r"(cr4 | 1u << 18));
		skip("XSETBV");
		return;
	}
	ok(!(leaf.ecx & 1u << 27), "CPUID has OSXSAVE clear as CR4 has");
	WRITE_CR(4, cr4 | 1u << 18);
	ok(cpuid(1, 0).ecx & 1u << 27, "CPUID has OSXSAVE set as CR4 has");
	FAULTS("XSETBV of XCR0 = 0", GP, "xsetbv", XCR(0, 0));
	FAULTS("XSETBV without x87", GP, "xsetbv", XCR(0, 2));
	FAULTS("XSETBV of AVX without SSE", GP, "xsetbv", XCR(0, 5));
	FAULTS("XSETBV of a reserved bit", GP, "xsetbv", XCR(0, 1ull << 62 | 1));
	FAULTS("XSETBV of XCR1", GP, "xsetbv", XCR(1, 1));
	asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	ok(low == 1 && !high, "XCR0 is what it was");
	asm volatile("xsetbv" : : "c"(0), "A"(3ull));
	asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	ok(low == 3 && !high, "XCR0 is what was written");
	asm volatile("xsetbv" : : "c"(0), "A"(1ull));
	WRITE_CR(4, cr4);
}

/* Of a fault that the hypervisor injects and one that meets it on the way */
static void double_fault(void)
{
	u64 gate = idt[GP], value;
	u32 vector;

	idt[GP] &= ~(1ull << 47);
	vector = TRY("rdmsr", "=A"(value), "c"(0xdeadbeef));
	ok(vector == 8 && !caught.error, "#GP whose gate is not present becomes #DF");
	idt[GP] = gate;
	vector = TRY("rdmsr", "=A"(value), "c"(0xdeadbeef));
	ok(vector == GP, "and #GP again when it is");

	gate = idt[UD];
	idt[UD] &= ~(1ull << 47);
	vector = TRY("vmcall", NOTHING, "a"(0));
	ok(vector == 11 && caught.error == (UD << 3 | 3), "#UD whose gate is not present becomes #NP");
	if (vector != 11 || caught.error != (UD << 3 | 3))
		say("vector %u, error 0x%x", vector, caught.error);
	idt[UD] = gate;
}

static void identity(void)
{
	struct cpuid leaf = cpuid(1, 0), top, beyond;
	char name[13];
	u32 i;

	ok(leaf.ecx & 1u << 31, "CPUID says that this is a guest");
	ok(!(leaf.ecx & 1u << 5), "CPUID has no VMX");
	leaf = cpuid(0x40000000, 0);
	for (i = 0; i < 12; i++)
		name[i] = (char)((i < 4 ? leaf.ebx : i < 8 ? leaf.ecx : leaf.edx) >> i % 4 * 8);
	name[12] = 0;
	say("the hypervisor says it is \"%s\"", name);
	top = cpuid(cpuid(0, 0).eax, 0);
	beyond = cpuid(cpuid(0, 0).eax + 1, 0);
	ok(top.eax == beyond.eax && top.ebx == beyond.ebx && top.ecx == beyond.ecx,
	   "CPUID beyond the last leaf answers with the last one");
}

static void harmless(void)
{
	u64 before = rdtsc();

	memory[0] = 42;
	asm volatile("invd" : : : "memory");
	is(memory[0], 42, "INVD does not lose data");
	asm volatile("wbinvd" : : : "memory");
	is(memory[0], 42, "WBINVD does not lose data");
	ok(rdtsc() > before, "the TSC goes on");
}

int main(void);
int main(void)
{
	undefined();
	too_long();
	msrs();
	control_registers();
	xsetbv();
	double_fault();
	identity();
	harmless();
	return 0;
}
