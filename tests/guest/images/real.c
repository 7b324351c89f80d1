// SPDX-License-Identifier: GPL-2.0-only
/*
 * real.c - 16-bit modes: real mode, with and without limits of 64 KiB, and
 * 16-bit protected mode, each with instructions that exit. What runs there is
 * in real.S.
 */
#include "image.h"

typedef void routine(void);

u32 call_real(routine *what);
u32 call_16(routine *what);

routine real_cr0, real_segment, real_int, real_ud, real_vmcall, real_wrmsr, real_limit,
	real_limit_es, real_lock, real_rdmsr, real_div, real_step, real_big, real_device,
	real_ports, real_string, real_outs, real_cpuid, real_stack;
routine pm_cr0, pm_int, pm_ud, pm_device, pm_ports;
routine on_real_int, on_real_de, on_real_ud, on_real_gp, on_real_db;

extern u16 scratch, seen_ip, seen_cs, seen_flags, seen_sp, want_sp, fault_ip, resume_ip;
extern u32 pm_fault_ip, pm_resume;
extern u32 real_table[64];

/* An exception in real mode pushes three words and no error code. */
static void fault(const char *what, u32 vector, routine *which)
{
	u32 value = call_real(which);
	int right = value == 0x100 + vector && seen_ip == fault_ip && !seen_cs &&
		    seen_sp == want_sp;

	ok(right, "%s raises vector %u, without error code", what, vector);
	if (!right)
		say("0x%x at 0x%x, not 0x%x; stack 0x%x, not 0x%x", value, seen_ip, fault_ip,
		    seen_sp, want_sp);
}

static void real_mode(void)
{
	real_table[0] = (u32)on_real_de;
	real_table[1] = (u32)on_real_db;
	real_table[6] = (u32)on_real_ud;
	real_table[13] = (u32)on_real_gp;
	real_table[0x20] = (u32)on_real_int;

	is(call_real(real_cr0) & 1, 0, "real mode: CR0.PE is clear");
	is(call_real(real_segment), 0x1234, "a segment's base is its selector times 16");
	is(call_real(real_stack), 0x1234, "the stack");
	resume_ip = 0;
	is(call_real(real_cpuid), 1, "CPUID");

	fault("UD2", 6, real_ud);
	fault("VMCALL", 6, real_vmcall);
	fault("LOCK MOV from CR0", 6, real_lock);
	fault("RDMSR of an unknown MSR", 13, real_rdmsr);
	fault("a word at the segment's end", 13, real_limit);
	fault("a double word over it", 13, real_limit_es);
	fault("a division by zero", 0, real_div);
	fault("a step over CPUID", 1, real_step);

	outl(PORT_LATCH, 0);
	is(call_real(real_ports), 0x4433, "IN and OUT");
	is(call_real(real_string), 4, "REP INSB");
	is(*(u32 *)&scratch, 0x11111111, "which read what OUT wrote");
	is(call_real(real_outs), 0x7a, "REP OUTSB");
	is(call_real(real_big), 1, "big real mode: memory above 1 MiB");
	is(call_real(real_device), 0x8765, "and a device's");
	is(read32(DEVICE_MEMORY + 0x10), 0x87654322, "which has what was written");
}

/* INT in real mode; its handler returns behind it by itself. */
static void real_interrupt(void)
{
	/* The handler goes on where resume_ip says: skip no instruction. */
	u8 *code = (u8 *)real_int;

	resume_ip = (u16)((u32)code + 3 + 2);
	is(call_real(real_int), 0x41, "INT through the table of real mode, and IRET");
	is(seen_ip, resume_ip, "it pushes the next instruction's address");
}

static u32 pm_vector, pm_error;

static void on_pm(struct frame *frame)
{
	pm_vector = frame->vector;
	pm_error = frame->error;
	frame->eax = 0x77;
}

static void on_pm_ud(struct frame *frame)
{
	pm_vector = frame->vector;
	frame->eax = frame->eip == pm_fault_ip && frame->cs == CODE16 ? 0x66 : 0x67;
	frame->eip = pm_resume;
}

static void protected_16(void)
{
	is(call_16(pm_cr0) & 1, 1, "16-bit protected mode: CR0.PE is set");
	on_trap(0x90, on_pm);
	is(call_16(pm_int), 0x77, "INT to a 32-bit handler and back");
	is(pm_vector, 0x90, "with its vector");
	on_trap(6, on_pm_ud);
	is(call_16(pm_ud), 0x66, "VMCALL raises #UD there, at itself");
	on_trap(6, 0);
	is(call_16(pm_ports), 0xbeef, "IN and OUT");
	is(call_16(pm_device), 0x6362, "a device's memory");
	is(read32(DEVICE_MEMORY + 0x20) & 0xffffff, 0x636263, "which has what was written");
}

int main(void);
int main(void)
{
	u32 i;

	real_mode();
	real_interrupt();
	protected_16();
	for (i = 0; i < 100; i++)
		call_real(real_cpuid);
	ok(1, "a hundred times there and back");
	return 0;
}
