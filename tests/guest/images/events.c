// SPDX-License-Identifier: GPL-2.0-only
/*
 * events.c - interrupts and NMIs of the local APIC, and when the CPU takes
 * them: the timer's modes, priorities, HLT, the shadows of STI and MOV SS.
 *
 * SDM volume 3, "Local APIC", "Masking Interrupts...", "Handling NMIs".
 */
#include "apic.h"

#define TIMER	0x51
#define LOW	0x61
#define HIGH	0x91
#define TICKS	20000

static struct {
	u32 count, eip;
} timer, low, high, nmi;
static u32 order[8], ordered;
u32 resumes;		/* where an interrupt should return to; set by assembler code */

static void on_timer(struct frame *frame)
{
	timer.count++;
	timer.eip = frame->eip;
	apic_eoi();
}

static void on_low(struct frame *frame)
{
	low.count++;
	low.eip = frame->eip;
	order[ordered++ & 7] = LOW;
	apic_eoi();
}

static void on_high(struct frame *frame)
{
	high.count++;
	high.eip = frame->eip;
	order[ordered++ & 7] = HIGH;
	apic_eoi();
}

/* ----------------------------------------------------------------- timer */

/* Until the timer came or a very long time has passed. */
static int timer_comes(u32 count)
{
	u32 i;

	for (i = 0; i < 20000 && *(volatile u32 *)&timer.count < count; i++)
		inb(PORT_BYTES);
	return timer.count >= count;
}

static void one_shot(void)
{
	timer.count = 0;
	write32(APIC_TIMER_DIVIDE, 0xb);
	write32(APIC_LVT_TIMER, TIMER);
	is(read32(APIC_LVT_TIMER), TIMER, "the timer's entry reads what was written");
	interrupts_on();
	write32(APIC_TIMER_COUNT, TICKS);
	ok(timer_comes(1), "a one-shot timer comes");
	wait_a_while();
	is(timer.count, 1, "once");
	is(read32(APIC_TIMER_NOW), 0, "and its counter stands at zero");

	timer.count = 0;
	write32(APIC_LVT_TIMER, TIMER | LVT_MASKED);
	write32(APIC_TIMER_COUNT, TICKS / 10);
	wait_a_while();
	while (read32(APIC_TIMER_NOW))
		;
	wait_a_while();
	is(timer.count, 0, "a masked timer does not");

	write32(APIC_LVT_TIMER, TIMER);
	write32(APIC_TIMER_COUNT, 0xffffffff);
	ok(read32(APIC_TIMER_NOW) > 0x80000000, "a counter counts down from its start");
	write32(APIC_TIMER_COUNT, 0);
	is(read32(APIC_TIMER_NOW), 0, "a count of zero stops it");
	wait_a_while();
	is(timer.count, 0, "without an interrupt");
	interrupts_off();
}

/*
 * By CPUID leaf 0x15 the clock of the timer is half the TSC's: the time that a
 * count takes is known for each divisor.
 */
static void divisors(void)
{
	static const u8 codes[] = { 0xb, 0, 1, 2, 3, 8, 9, 0xa };
	u32 i, first, last;
	u64 begin, ticks, counts;

	if (cpuid(0, 0).eax < 0x15 || cpuid(0x15, 0).eax != 1 || cpuid(0x15, 0).ebx != 2) {
		skip("the timer's divisors: its clock is not known");
		return;
	}
	write32(APIC_LVT_TIMER, TIMER | LVT_MASKED);
	for (i = 0; i < 8; i++) {
		write32(APIC_TIMER_DIVIDE, codes[i]);
		write32(APIC_TIMER_COUNT, 0xffffffff);
		first = read32(APIC_TIMER_NOW);
		begin = rdtsc();
		while (rdtsc() - begin < 2000000)
			;
		last = read32(APIC_TIMER_NOW);
		ticks = rdtsc() - begin;
		counts = (u64)(first - last) << (i + 1);
		ok(counts > ticks - ticks / 8 && counts < ticks + ticks / 8,
		   "the timer's divisor %u: %u counts in %u ticks", 1u << i, first - last, (u32)ticks);
	}
	write32(APIC_TIMER_COUNT, 0);
	write32(APIC_TIMER_DIVIDE, 0xb);
}

static void periodic(void)
{
	u32 count;

	timer.count = 0;
	write32(APIC_LVT_TIMER, TIMER | LVT_PERIODIC);
	write32(APIC_TIMER_COUNT, TICKS);
	interrupts_on();
	ok(timer_comes(4), "a periodic timer comes again and again");
	write32(APIC_TIMER_COUNT, 0);
	wait_a_while();
	count = timer.count;
	wait_a_while();
	is(timer.count, count, "until it is stopped");
	interrupts_off();
}

static void deadline(void)
{
	u64 when;

	if (!(cpuid(1, 0).ecx & 1u << 24)) {
		skip("a deadline");
		return;
	}
	timer.count = 0;
	write32(APIC_LVT_TIMER, TIMER | LVT_DEADLINE);
	interrupts_on();
	when = rdtsc() + TICKS;
	wrmsr(MSR_DEADLINE, when);
	ok(timer_comes(1) && rdtsc() >= when, "a deadline comes, and not too early");
	is(rdmsr(MSR_DEADLINE), 0, "and then reads as zero");
	timer.count = 0;
	wrmsr(MSR_DEADLINE, rdtsc() - 1);
	ok(timer_comes(1), "a deadline in the past comes at once");
	timer.count = 0;
	wrmsr(MSR_DEADLINE, rdtsc() + (1ull << 40));
	ok(rdmsr(MSR_DEADLINE) != 0, "a deadline that waits can be read");
	wrmsr(MSR_DEADLINE, 0);
	wait_a_while();
	ok(!timer.count && !rdmsr(MSR_DEADLINE), "zero disarms it");
	interrupts_off();
	write32(APIC_LVT_TIMER, TIMER);
}

static void halt(void)
{
	timer.count = 0;
	write32(APIC_TIMER_COUNT, TICKS);
	asm volatile("movl $1f, resumes\n\tsti\n\thlt\n1:\tcli" : : : "memory");
	ok(timer.count == 1 && timer.eip == resumes, "the timer ends HLT");

	/* It has already come when HLT begins. */
	timer.count = 0;
	write32(APIC_TIMER_COUNT, 100);
	while (!apic_bit(APIC_IRR, TIMER))
		;
	asm volatile("movl $1f, resumes\n\tsti\n\thlt\n1:\tcli" : : : "memory");
	ok(timer.count == 1 && timer.eip == resumes, "a timer that has come ends STI HLT");

	timer.count = 0;
	write32(APIC_LVT_TIMER, TIMER | LVT_PERIODIC);
	write32(APIC_TIMER_COUNT, TICKS);
	while (timer.count < 5)
		asm volatile("sti; hlt; cli" : : : "memory");
	ok(1, "HLT ends with each tick");
	write32(APIC_TIMER_COUNT, 0);
	write32(APIC_LVT_TIMER, TIMER);
	interrupts_on();
	interrupts_off();
}

/* --------------------------------------------------- interrupts to itself */

static void shadows(void)
{
	u32 ignored;

	low.count = 0;
	apic_self(LOW);
	ok(apic_bit(APIC_IRR, LOW), "an interrupt waits while they are off");
	wait_a_while();
	is(low.count, 0, "it does wait");
	asm volatile("sti\n\tcli" : : : "memory");
	is(low.count, 0, "STI CLI leaves no room for it");
	asm volatile("movl $1f, resumes\n\tsti\n\tnop\n1:\tcli" : : : "memory");
	ok(low.count == 1 && low.eip == resumes, "STI NOP CLI does, behind the NOP");

	low.count = 0;
	apic_self(LOW);
	asm volatile("movl $1f, resumes\n\txorl %%eax, %%eax\n\tsti\n\tcpuid\n1:\tcli"
		     : : : "eax", "ebx", "ecx", "edx", "memory");
	ok(low.count == 1 && low.eip == resumes, "STI CPUID CLI does, behind the CPUID");

	low.count = 0;
	apic_self(LOW);
	asm volatile("movl $1f, resumes\n\tsti\n\tinb $0xe0, %%al\n1:\tcli"
		     : : : "eax", "memory");
	ok(low.count == 1 && low.eip == resumes, "STI IN CLI does, behind the IN");

	low.count = 0;
	apic_self(LOW);
	asm volatile("movl $1f, resumes\n\tsti\n\tmovl 0xff000000, %0\n1:\tcli"
		     : "=r"(ignored) : : "memory");
	ok(low.count == 1 && low.eip == resumes, "STI and a read of device memory, behind it");

	/* POPF has no shadow. */
	low.count = 0;
	apic_self(LOW);
	asm volatile("movl $1f, resumes\n\tpushfl\n\torl $0x200, (%%esp)\n\tpopfl\n1:\tcli"
		     : : : "memory", "cc");
	ok(low.count == 1 && low.eip == resumes, "POPF has no shadow");

	low.count = 0;
	interrupts_on();
	apic_self(LOW);
	wait_a_while();
	interrupts_off();
	is(low.count, 1, "an interrupt to oneself comes by itself");
}

static void priorities(void)
{
	low.count = high.count = ordered = 0;
	apic_self(LOW);
	apic_self(HIGH);
	apic_self(HIGH);
	interrupts_on();
	interrupts_off();
	ok(low.count == 1 && high.count == 1 && order[0] == HIGH && order[1] == LOW,
	   "the higher vector goes first, and each once");

	write32(APIC_TPR, 0x70);
	is(read32(APIC_PPR), 0x70, "the task priority shows as the processor's");
	low.count = high.count = 0;
	apic_self(LOW);
	apic_self(HIGH);
	interrupts_on();
	ok(!low.count && high.count == 1, "the task priority holds lower vectors back");
	write32(APIC_TPR, 0x60);
	ok(!low.count, "those of its own class, too");
	write32(APIC_TPR, 0);
	wait_a_while();
	is(low.count, 1, "and lets them go when it falls");
	interrupts_off();
}

static u32 nested;

static void on_low_nesting(struct frame *frame)
{
	/* The second one finds the handler that asks for no third. */
	on_trap(LOW, on_low);
	low.count++;
	nested = apic_bit(APIC_ISR, LOW);
	apic_self(HIGH);
	apic_self(LOW);
	interrupts_on();
	interrupts_off();
	nested |= (high.count == 1) << 1 | (low.count == 1) << 2;
	apic_eoi();
}

static void nesting(void)
{
	low.count = high.count = 0;
	on_trap(LOW, on_low_nesting);
	apic_self(LOW);
	interrupts_on();
	interrupts_off();
	ok(nested & 1, "a vector in service shows in the ISR");
	ok(nested & 2, "a higher one comes in between");
	ok(nested & 4, "the same one does not");
	interrupts_on();
	interrupts_off();
	ok(!apic_bit(APIC_ISR, LOW) && !apic_bit(APIC_IRR, LOW), "both registers are clear at the end");
}

/* ------------------------------------------------------------------- NMI */

static void send_nmi(void)
{
	write32(APIC_ICR_HIGH, read32(APIC_ID));
	write32(APIC_ICR, ICR_NMI);
}

static void on_nmi(struct frame *frame)
{
	nmi.count++;
	nmi.eip = frame->eip;
}

static u32 inside;

static void on_nmi_sending(struct frame *frame)
{
	if (nmi.count++)
		return;
	/* Two more: the CPU remembers one. */
	send_nmi();
	send_nmi();
	cpuid(0, 0);
	inb(PORT_LATCH);
	wait_a_while();
	inside = nmi.count;
}

static void nmis(void)
{
	on_trap(2, on_nmi);
	nmi.count = 0;
	send_nmi();
	wait_a_while();
	is(nmi.count, 1, "an NMI comes with interrupts off");
}

static void nmi_blocking(void)
{
	on_trap(2, on_nmi_sending);
	nmi.count = 0;
	send_nmi();
	wait_a_while();
	is(inside, 1, "an NMI does not interrupt the NMI's handler");
	is(nmi.count, 2, "one that came meanwhile follows its IRET, a third is lost");
	on_trap(2, on_nmi);
	nmi.count = 0;
	send_nmi();
	wait_a_while();
	is(nmi.count, 1, "and then NMIs come as before");
}

int main(void);
int main(void)
{
	on_trap(TIMER, on_timer);
	on_trap(LOW, on_low);
	on_trap(HIGH, on_high);
	apic_enable();
	say("local APIC version 0x%x", read32(APIC_VERSION));
	one_shot();
	divisors();
	periodic();
	deadline();
	halt();
	shadows();
	priorities();
	nesting();
	nmis();
	nmi_blocking();
	return 0;
}
