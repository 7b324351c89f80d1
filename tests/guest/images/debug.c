// SPDX-License-Identifier: GPL-2.0-only
/*
 * debug.c - single steps and breakpoints, over instructions that exit above
 * all: the hypervisor steps over those, and must do what the CPU does then.
 *
 * SDM volume 3, "Debug Exceptions" and "Debug Registers".
 */
#include "apic.h"

#define DB		1
#define BP		3
#define GP		13
#define INTERRUPT	0x61
#define TIMER		0x51
#define DR6_INIT	0xffff0ff0u
#define DR6_BD		(1u << 13)
#define DR6_BS		(1u << 14)

#define DR7_ENABLE(n)		(1u << (n) * 2)
#define DR7_KIND(n, kind)	((u32)(kind) << (16 + (n) * 4))
#define EXECUTE	0
#define WRITE_4	(1 | 3 << 2)
#define ACCESS_1 3
#define DR7_GD		(1u << 13)
#define MSR_DEBUGCTL	0x1d9
#define DEBUGCTL_BTF	2

static struct {
	u32 count, eip, dr6, eflags, dr7;
} hit;
u32 after;		/* the assembler code's, too */
static u32 word;

/* Takes note of the first one, and ends single-stepping. */
static void debug_exception(struct frame *frame)
{
	if (!hit.count++) {
		hit.eip = frame->eip;
		hit.dr7 = READ_DR(7);
		hit.dr6 = READ_DR(6);
		hit.eflags = frame->eflags;
	}
	frame->eflags = (frame->eflags & ~EFLAGS_TF) | EFLAGS_RF;
	WRITE_DR(6, DR6_INIT);
}

static void expect(u32 bits, const char *what)
{
	ok(hit.count == 1 && hit.eip == after && (hit.dr6 ^ DR6_INIT) == bits, "%s", what);
	if (hit.count != 1 || hit.eip != after || (hit.dr6 ^ DR6_INIT) != bits)
		say("%u times, at 0x%x, DR6 0x%x; wanted once, at 0x%x, DR6 0x%x", hit.count,
		    hit.eip, hit.dr6, after, bits ^ DR6_INIT);
	hit.count = 0;
}

/* Steps over one instruction: #DB is due right behind it. */
#define STEP(what, insn, outputs, ...) do {				\
	asm volatile("movl $2f, after\n\t"				\
		     "pushfl\n\t"					\
		     "orl $0x100, (%%esp)\n\t"				\
		     "popfl\n"						\
		     "1:\t" insn "\n"					\
		     "2:\tnop\n\t"					\
		     "pushfl\n\t"					\
		     "andl $~0x100, (%%esp)\n\t"			\
		     "popfl"						\
		     : outputs : __VA_ARGS__ : "memory", "cc");		\
	expect(DR6_BS, "a step over " what);				\
} while (0)

static void single_steps(void)
{
	u32 a, b, c, d;
	u64 value;

	STEP("NOP", "nop", NOTHING, "a"(0));
	STEP("CPUID", "cpuid", "=a"(a) COMMA "=b"(b) COMMA "=c"(c) COMMA "=d"(d), "a"(0), "c"(0));
	STEP("RDMSR", "rdmsr", "=A"(value), "c"(MSR_APIC_BASE));
	STEP("WRMSR", "wrmsr", NOTHING, "c"(MSR_APIC_BASE), "A"(value));
	STEP("RDTSC", "rdtsc", "=A"(value), "c"(0));
	STEP("MOV from CR0", "movl %%cr0, %0", "=r"(a), "c"(0));
	STEP("MOV to CR0", "movl %0, %%cr0", NOTHING, "r"(a | CR0_CD));
	WRITE_CR(0, a);
	STEP("MOV to CR4", "movl %0, %%cr4", NOTHING, "r"(READ_CR(4)));
	STEP("MOV to CR3", "movl %0, %%cr3", NOTHING, "r"(0));
	STEP("CLTS", "clts", NOTHING, "a"(0));
	STEP("OUT", "outb %%al, $0xe0", NOTHING, "a"(0x5a));
	STEP("IN", "inb $0xe0, %%al", "=a"(a), "c"(0));
	is(a & 0xff, 0x5a, "IN reads what OUT wrote");
	STEP("a write to device memory", "movl %0, 0xff000000", NOTHING, "r"(0x12345678));
	STEP("a read of device memory", "movl 0xff000000, %0", "=r"(a), "c"(0));
	is(a, 0x12345678, "the device has what was written");
	STEP("a change of device memory", "addl $1, 0xff000000", NOTHING, "a"(0));
	STEP("a write to the local APIC", "movl %0, 0xfee00080", NOTHING, "r"(0));
	STEP("a read of the local APIC", "movl 0xfee00030, %0", "=r"(a), "c"(0));
	STEP("WBINVD", "wbinvd", NOTHING, "a"(0));
	STEP("MOV to DR0", "movl %0, %%db0", NOTHING, "r"(0));
	STEP("INVLPG", "invlpg %0", NOTHING, "m"(word));
	STEP("LGDT", "lgdt gdt_pointer", NOTHING, "a"(0));
}

/* A load of SS holds the trap back until the next instruction is through. */
static void step_in_shadow(void)
{
	u32 a, b, c, d;

	asm volatile("movl $2f, after\n\t"
		     "movl %%ss, %%esi\n\t"
		     "pushfl\n\t"
		     "orl $0x100, (%%esp)\n\t"
		     "popfl\n\t"
		     "movl %%esi, %%ss\n\t"
		     "cpuid\n"
		     "2:\tnop"
		     : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(0), "c"(0)
		     : "esi", "memory", "cc");
	expect(DR6_BS, "a step over MOV SS ends behind the CPUID that follows");
}

static void step_repeated(void)
{
	u32 count = 3, to = DEVICE_MEMORY;

	asm volatile("movl $1f, after\n\t"
		     "pushfl\n\t"
		     "orl $0x100, (%%esp)\n\t"
		     "popfl\n"
		     "1:\trep stosb"
		     : "+c"(count), "+D"(to) : "a"(0) : "memory", "cc");
	ok(hit.eflags & EFLAGS_RF, "RF is set where REP STOS is to go on");
	expect(DR6_BS, "a step over one round of REP STOS to device memory");
	ok(!count && to == DEVICE_MEMORY + 3, "which then goes on to its end");
}

static void breakpoints(void)
{
	u32 a, b, c, d;
	u32 enabled;

	/* On an instruction that exits: before it, and once. */
	asm volatile("movl $1f, after\n\t"
		     "movl $1f, %%eax\n\t"
		     "movl %%eax, %%db0\n\t"
		     "movl %4, %%eax\n\t"
		     "movl %%eax, %%db7\n\t"
		     "xorl %%eax, %%eax\n"
		     "1:\tcpuid"
		     : "=a"(a), "=b"(b), "=c"(c), "=d"(d)
		     : "i"(DR7_ENABLE(0) | DR7_KIND(0, EXECUTE)) : "memory", "cc");
	WRITE_DR(7, 0);
	expect(1, "a breakpoint on CPUID");

	asm volatile("movl $1f, after\n\t"
		     "movl $1f, %%eax\n\t"
		     "movl %%eax, %%db3\n\t"
		     "movl %4, %%eax\n\t"
		     "movl %%eax, %%db7\n\t"
		     "xorl %%eax, %%eax\n\t"
		     "cpuid\n"
		     "1:\tnop"
		     : "=a"(a), "=b"(b), "=c"(c), "=d"(d)
		     : "i"(DR7_ENABLE(3) | DR7_KIND(3, EXECUTE)) : "memory", "cc");
	WRITE_DR(7, 0);
	expect(8, "a breakpoint right behind CPUID");

	WRITE_DR(1, &word);
	enabled = DR7_ENABLE(1) | DR7_KIND(1, WRITE_4);
	WRITE_DR(7, enabled);
	is(READ_DR(7), enabled | 0x400, "DR7 reads what was written, bit 10 set");
	is(READ_DR(1), (u32)&word, "DR1 reads what was written");
	asm volatile("movl $1f, after\n\tmovl $1, %0\n1:\tnop" : "=m"(word) : : "memory");
	WRITE_DR(7, 0);
	expect(2, "a breakpoint on a write");

	WRITE_DR(2, (u32)&word + 1);
	WRITE_DR(7, DR7_ENABLE(2) | DR7_KIND(2, ACCESS_1));
	asm volatile("movl $1f, after\n\tmovl %1, %0\n1:\tnop" : "=r"(a) : "m"(word) : "memory");
	WRITE_DR(7, 0);
	expect(4, "a breakpoint on one byte of a read");

	WRITE_DR(7, DR7_ENABLE(1) | DR7_KIND(1, WRITE_4));
	cpuid(0, 0);
	inb(PORT_LATCH);
	asm volatile("movl $1f, after\n\tmovl $2, %0\n1:\tnop" : "=m"(word) : : "memory");
	WRITE_DR(7, 0);
	expect(2, "breakpoints outlive exits");
}

static struct {
	u32 before, steps;
} repeated;

/* As debuggers do: RF for the instruction's breakpoint only. */
static void on_repeated(struct frame *frame)
{
	u32 dr6 = READ_DR(6) ^ DR6_INIT;

	WRITE_DR(6, DR6_INIT);
	if (dr6 & 1) {
		repeated.before++;
		frame->eflags |= EFLAGS_RF;
	}
	if (dr6 & DR6_BS)
		repeated.steps++;
	if (frame->eip != after)
		frame->eflags &= ~EFLAGS_TF;
}

/* Each round is a step, but the breakpoint is on the instruction as a whole. */
static void breakpoint_on_repeated(void)
{
	u32 count = 3, to = DEVICE_MEMORY;

	on_trap(DB, on_repeated);
	asm volatile("movl $1f, after\n\t"
		     "movl $1f, %%eax\n\t"
		     "movl %%eax, %%db0\n\t"
		     "movl %2, %%eax\n\t"
		     "movl %%eax, %%db7\n\t"
		     "pushfl\n\t"
		     "orl $0x100, (%%esp)\n\t"
		     "popfl\n"
		     "1:\trep stosb\n\t"
		     "nop"
		     : "+c"(count), "+D"(to) : "i"(DR7_ENABLE(0) | DR7_KIND(0, EXECUTE))
		     : "eax", "memory", "cc");
	WRITE_DR(7, 0);
	on_trap(DB, debug_exception);
	is(repeated.before, 1, "a breakpoint on REP STOS hits once");
	is(repeated.steps, 3, "each of its rounds is a step");
}

static u32 faulted;

static void on_fault(struct frame *frame)
{
	if (faulted++) {
		frame->eip = after;
		return;
	}
	WRITE_DR(0, frame->eip);
	WRITE_DR(7, DR7_ENABLE(0) | DR7_KIND(0, EXECUTE));
}

/* A handler that sets a breakpoint on what faulted and tries it again */
static void breakpoint_on_faulting(void)
{
	on_trap(GP, on_fault);
	asm volatile("movl $1f, after\n\t"
		     "rdmsr\n"
		     "1:\tnop"
		     : : "c"(0xdeadbeef) : "eax", "edx", "memory");
	WRITE_DR(7, 0);
	on_trap(GP, 0);
	is(faulted, 2, "RDMSR faults once more behind the handler");
	is(hit.count, 0, "and its breakpoint does not hit there");
	hit.count = 0;
}

/* ------------------------------------------------ with interrupts and HLT */

static struct {
	u32 count, eip, behind;
} interrupt;

static void on_interrupt(struct frame *frame)
{
	interrupt.count++;
	interrupt.eip = frame->eip;
	interrupt.behind = hit.count;
	apic_eoi();
}

/* The instruction that lets an interrupt through has a trap as well. */
static void step_into_interrupt(void)
{
	on_trap(INTERRUPT, on_interrupt);
	write32(APIC_TPR, 0x70);
	apic_self(INTERRUPT);
	asm volatile("movl $2f, after\n\t"
		     "pushfl\n\t"
		     "orl $0x300, (%%esp)\n\t"
		     "popfl\n\t"
		     "movl $0, %0\n"
		     "2:\tnop\n\t"
		     "cli\n\t"
		     "pushfl\n\t"
		     "andl $~0x100, (%%esp)\n\t"
		     "popfl"
		     : : "m"(*(u32 *)APIC_TPR) : "memory", "cc");
	ok(interrupt.count == 1 && interrupt.eip == after && interrupt.behind == 1,
	   "an interrupt follows the trap of the same instruction");
	expect(DR6_BS, "a step over the write that lets it through");
	on_trap(INTERRUPT, 0);
}

/* With interrupts off: a HLT that did halt would be the end. */
static void no_halt(void)
{
	STEP("HLT", "hlt", NOTHING, "a"(0));
	asm volatile("movw %%ss, %0" : "=m"(word));
	WRITE_DR(1, &word);
	WRITE_DR(7, DR7_ENABLE(1) | DR7_KIND(1, ACCESS_1));
	asm volatile("movl $1f, after\n\tmovw %0, %%ss\n\thlt\n1:\tnop" : : "m"(word) : "memory");
	WRITE_DR(7, 0);
	expect(2, "the breakpoint of a MOV SS ends the HLT that follows");
}

/* Steps by branches only: HLT is none. */
static void halt_between_branches(void)
{
	on_trap(TIMER, on_interrupt);
	interrupt.count = 0;
	write32(APIC_TIMER_DIVIDE, 0xb);
	write32(APIC_LVT_TIMER, TIMER);
	wrmsr(MSR_DEBUGCTL, DEBUGCTL_BTF);
	/* Late enough not to come before the HLT, on a slow host either. */
	write32(APIC_TIMER_COUNT, 5000000);
	asm volatile("movl $1f, after\n\t"
		     "pushfl\n\t"
		     "orl $0x300, (%%esp)\n\t"
		     "popfl\n\t"
		     "hlt\n"
		     "1:\tcli\n\t"
		     "pushfl\n\t"
		     "andl $~0x100, (%%esp)\n\t"
		     "popfl"
		     : : : "memory", "cc");
	wrmsr(MSR_DEBUGCTL, 0);
	ok(interrupt.count == 1 && interrupt.eip == after, "HLT halts with DEBUGCTL.BTF and TF set");
	/* What an emulator that has no BTF made of TF */
	hit.count = 0;
	on_trap(TIMER, 0);
}

static void general_detect(void)
{
	asm volatile("movl $1f, after\n\t"
		     "movl %0, %%db7\n"
		     "1:\tmovl %%db0, %%eax"
		     : : "r"(DR7_GD) : "eax", "memory");
	ok(!(hit.dr7 & DR7_GD), "the handler finds DR7.GD clear");
	expect(DR6_BD, "DR7.GD guards the debug registers");
}

static void registers(void)
{
	u32 cr4 = READ_CR(4), value;

	WRITE_DR(6, 0);
	is(READ_DR(6), DR6_INIT, "DR6 keeps its fixed bits");
	WRITE_DR(0, 0x1234);
	asm volatile("movl %%db4, %0" : "=r"(value));
	is(value, DR6_INIT, "DR4 is DR6 without CR4.DE");
	asm volatile("movl %%db5, %0" : "=r"(value));
	is(value, 0x400, "DR5 is DR7 without CR4.DE");
	WRITE_CR(4, cr4 | CR4_DE);
	value = TRY("movl %%db4, %0", "=r"(value), "c"(0));
	ok(value == 6 && TRIED_AT, "DR4 raises #UD with CR4.DE");
	value = TRY("movl %0, %%db5", NOTHING, "r"(0));
	ok(value == 6 && TRIED_AT, "DR5 raises #UD with CR4.DE");
	WRITE_CR(4, cr4);
	is(READ_DR(0), 0x1234, "DR0 is what it was");
	WRITE_DR(0, 0);
}

static void instructions(void)
{
	u32 vector;

	asm volatile("movl $1f, after\n\t.byte 0xf1\n1:" : : : "memory");
	expect(0, "INT1 traps without a bit in DR6");
	vector = TRY("int3", NOTHING, "c"(0));
	ok(vector == BP && caught.eip == try_at + 1, "INT3 traps behind itself");
	vector = TRY("int $0x80", NOTHING, "c"(0));
	ok(vector == 0x80 && caught.eip == try_at + 2, "INT n traps behind itself");
	vector = TRY("movl $0x7fffffff, %%eax; addl $1, %%eax; into", NOTHING, "c"(0));
	ok(vector == 4, "INTO traps on overflow");
}

int main(void);
int main(void)
{
	on_trap(DB, debug_exception);
	single_steps();
	step_in_shadow();
	step_repeated();
	breakpoints();
	breakpoint_on_repeated();
	breakpoint_on_faulting();
	apic_enable();
	step_into_interrupt();
	no_halt();
	halt_between_branches();
	general_detect();
	registers();
	instructions();
	return 0;
}
