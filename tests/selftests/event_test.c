// SPDX-License-Identifier: GPL-2.0-only
/*
 * event_test.c - WARD_INJECT and what becomes of it: exceptions, NMIs and their
 * blocking, interrupts and windows, double faults; messages to local APICs.
 */
#include "ward_guest.h"

#define EXCEPTION(vector)	(WARD_EVENT_EXCEPTION | (vector))
#define WITH_CODE(vector, code)						\
	(WARD_EVENT_EXCEPTION | WARD_EVENT_ERROR_CODE | (vector) | (__u64)(code) << 32)

GUEST_CODE(halts, 64,
	"1: hlt\n"
	"jmp 1b\n");

static __u64 stack(struct guest *g, unsigned int slot)
{
	return *guest_u64(g, get_reg(g, GPR(WARD_RSP)) + slot * 8);
}

static void exceptions(void)
{
	static const struct { __u64 event; bool code; } events[] = {
		{ EXCEPTION(0), false }, { EXCEPTION(1), false }, { EXCEPTION(6), false },
		{ EXCEPTION(7), false }, { WITH_CODE(10, 0x28), true },
		{ WITH_CODE(11, 0x30), true }, { WITH_CODE(12, 0), true },
		{ WITH_CODE(13, 0x1230), true }, { WITH_CODE(14, 0x15), true },
		{ EXCEPTION(16), false }, { WITH_CODE(17, 0), true }, { EXCEPTION(19), false },
		{ WITH_CODE(8, 0), true },
	};
	struct guest g;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(events); i++) {
		guest_make(&g, 0);
		guest_code_long(&g, halts);
		CHECK_EQ(ward_inject(g.vcpu, events[i].event), 0);
		/* Before the guest's first instruction. */
		guest_expect_vector(&g, events[i].event & 0xff);
		if (events[i].code)
			CHECK_EQ(stack(&g, 0), events[i].event >> 32);
		CHECK_EQ(stack(&g, events[i].code), GUEST_CODE_AT);
		/* And once. */
		CHECK_EQ(get_reg(&g, STATE(WARD_STATE_EVENT)), 0);
		guest_expect(&g, WARD_EXIT_HALT);
		guest_free(&g);
	}
}

static void page_fault_address(void)
{
	struct guest g;

	guest_make(&g, 0);
	guest_code_long(&g, halts);
	set_reg(&g, CR(2), 0xffff812345678000);
	CHECK_EQ(ward_inject(g.vcpu, WITH_CODE(14, 2)), 0);
	guest_expect_vector(&g, 14);
	CHECK_EQ(g.run->cr2, 0xffff812345678000);
}

GUEST_CODE(real_halt, 16,
	"hlt\n");

/* Real mode has no error codes: the event's is dropped, the entry succeeds. */
static void real_mode(void)
{
	struct guest g;

	guest_make(&g, 0);
	guest_code_real(&g, real_halt);
	CHECK_EQ(ward_inject(g.vcpu, WITH_CODE(13, 0)), 0);
	guest_expect_vector(&g, 13);
	CHECK_EQ(g.run->gprs[WARD_RSP], GUEST_STACK - 6);
}

GUEST_CODE(nmi, 64,
	"1: hlt\n"
	"nop\n"
	"jmp 1b\n"
	"2: iretq\n");

static void nmis(void)
{
	struct guest g;

	guest_make(&g, 0);
	guest_code_long(&g, nmi);
	CHECK_EQ(ward_inject(g.vcpu, WARD_EVENT_NMI | 2), 0);
	guest_expect_vector(&g, 2);
	CHECK_EQ(get_reg(&g, STATE(WARD_STATE_BLOCKING)), 8);
	/* A second one waits until the handler's IRET. */
	CHECK_EQ(ward_inject(g.vcpu, WARD_EVENT_NMI | 2), 0);
	guest_expect(&g, WARD_EXIT_HALT);
	guest_expect(&g, WARD_EXIT_HALT);
	set_reg(&g, GPR(WARD_RIP), GUEST_CODE_AT + 4);
	guest_expect_vector(&g, 2);
	CHECK_EQ(stack(&g, 0), GUEST_CODE_AT);
	set_reg(&g, GPR(WARD_RIP), GUEST_CODE_AT + 4);
	guest_expect(&g, WARD_EXIT_HALT);
	CHECK_EQ(get_reg(&g, STATE(WARD_STATE_BLOCKING)), 0);
	/* Not by RFLAGS.IF: it was clear all the time. */
	CHECK_EQ(get_reg(&g, GPR(WARD_RFLAGS)) & 0x200, 0);
}

GUEST_CODE(nops, 64,
	"nop\n"
	"nop\n"
	"hlt\n");

/* STI holds an NMI back for one instruction. */
static void nmi_behind_sti(void)
{
	struct guest g;

	guest_make(&g, 0);
	guest_code_long(&g, nops);
	set_reg(&g, GPR(WARD_RFLAGS), 0x202);
	set_reg(&g, STATE(WARD_STATE_BLOCKING), 1);
	CHECK_EQ(ward_inject(g.vcpu, WARD_EVENT_NMI | 2), 0);
	guest_expect_vector(&g, 2);
	CHECK_EQ(stack(&g, 0), GUEST_CODE_AT + 1);
}

GUEST_CODE(interrupt, 64,
	"hlt\n"
	"nop\n"
	"sti\n"
	"nop\n"
	"nop\n"
	"hlt\n");

static void interrupts(void)
{
	struct guest g;

	guest_make(&g, 0);
	guest_code_long(&g, interrupt);
	CHECK_EQ(ward_inject(g.vcpu, WARD_EVENT_INTERRUPT | 0x41), 0);
	guest_expect(&g, WARD_EXIT_HALT);		/* IF is clear */
	CHECK_EQ(ward_inject(g.vcpu, WARD_EVENT_INTERRUPT | 0x42), -EBUSY);
	guest_expect_vector(&g, 0x41);
	/* Behind the instruction that follows STI. */
	CHECK_EQ(stack(&g, 0), GUEST_CODE_AT + 4);
	CHECK_EQ(stack(&g, 2) & 0x200, 0x200);
	/* There is room for the next, which the gate's IF holds up. */
	CHECK_EQ(ward_inject(g.vcpu, WARD_EVENT_INTERRUPT | 0x42), 0);
	guest_expect(&g, WARD_EXIT_HALT);
	set_reg(&g, GPR(WARD_RFLAGS), 0x202);
	guest_expect_vector(&g, 0x42);
}

static void interrupt_with_all(void)
{
	struct guest g;

	/* Exception, NMI and interrupt at once: all come, in that order. */
	guest_make(&g, 0);
	guest_code_long(&g, halts);
	set_reg(&g, GPR(WARD_RFLAGS), 0x202);
	CHECK_EQ(ward_inject(g.vcpu, WARD_EVENT_INTERRUPT | 0x50), 0);
	CHECK_EQ(ward_inject(g.vcpu, WARD_EVENT_NMI | 2), 0);
	CHECK_EQ(ward_inject(g.vcpu, EXCEPTION(6)), 0);
	/* The NMI interrupts the handler of the exception. */
	guest_expect_vector(&g, 2);
	CHECK_EQ(stack(&g, 0), GUEST_STUBS + 6 * 16);
	set_reg(&g, GPR(WARD_RIP), GUEST_STUBS + 6 * 16);
	guest_expect_vector(&g, 6);
	set_reg(&g, GPR(WARD_RFLAGS), 0x202);
	guest_expect_vector(&g, 0x50);
}

static void window(void)
{
	struct guest g;

	guest_make(&g, 0);
	guest_code_long(&g, interrupt);
	g.run->request = WARD_RUN_NOTIFY_WINDOW;
	guest_expect(&g, WARD_EXIT_HALT);
	CHECK_EQ(g.run->interruptible, 0);
	guest_expect(&g, WARD_EXIT_WINDOW);
	CHECK_EQ(g.run->interruptible, 1);
	CHECK_EQ(g.run->gprs[WARD_RIP], GUEST_CODE_AT + 4);
	g.run->request = 0;
	guest_expect(&g, WARD_EXIT_HALT);
	/* Open already: at once, before any instruction. */
	set_reg(&g, GPR(WARD_RIP), GUEST_CODE_AT + 3);
	g.run->request = WARD_RUN_NOTIFY_WINDOW;
	guest_expect(&g, WARD_EXIT_WINDOW);
	CHECK_EQ(g.run->gprs[WARD_RIP], GUEST_CODE_AT + 3);
}

GUEST_CODE(out, 64,
	"out %al, $0x40\n"
	"nop\n"
	"hlt\n");

/* "Priority Among Concurrent Events": the trap of the OUT, then the interrupt. */
static void interrupt_behind_a_step(void)
{
	struct guest g;

	guest_make(&g, 0);
	guest_code_long(&g, out);
	set_reg(&g, GPR(WARD_RFLAGS), 0x302);
	guest_expect(&g, WARD_EXIT_IO);
	CHECK_EQ(ward_inject(g.vcpu, WARD_EVENT_INTERRUPT | 0x41), 0);
	guest_expect_vector(&g, 1);
	CHECK_EQ(stack(&g, 0), GUEST_CODE_AT + 2);
	CHECK_EQ(get_reg(&g, DR(6)) & 0x400f, 0x4000);
	set_reg(&g, GPR(WARD_RIP), GUEST_CODE_AT + 2);
	set_reg(&g, GPR(WARD_RFLAGS), 0x202);
	guest_expect_vector(&g, 0x41);
	CHECK_EQ(stack(&g, 0), GUEST_CODE_AT + 2);
}

/* It can be seen and taken away like any other state. */
static void pending_step(void)
{
	struct guest g;

	guest_make(&g, 0);
	guest_code_long(&g, out);
	set_reg(&g, GPR(WARD_RFLAGS), 0x102);
	guest_expect(&g, WARD_EXIT_IO);
	CHECK_EQ(get_reg(&g, STATE(WARD_STATE_PENDING_DEBUG)), 0x4000);
	CHECK_EQ(get_reg(&g, STATE(WARD_STATE_PENDING_DEBUG)), 0x4000);
	guest_expect_vector(&g, 1);
	CHECK_EQ(stack(&g, 0), GUEST_CODE_AT + 2);
	CHECK_EQ(get_reg(&g, STATE(WARD_STATE_PENDING_DEBUG)), 0);

	set_reg(&g, GPR(WARD_RIP), GUEST_CODE_AT);
	set_reg(&g, GPR(WARD_RFLAGS), 0x102);
	guest_expect(&g, WARD_EXIT_IO);
	set_reg(&g, STATE(WARD_STATE_PENDING_DEBUG), 0);
	set_reg(&g, GPR(WARD_RFLAGS), 2);
	guest_expect(&g, WARD_EXIT_HALT);
	CHECK_EQ(g.run->gprs[WARD_RIP], GUEST_CODE_AT + 4);

	/* With DEBUGCTL.BTF the flag means branches. */
	set_reg(&g, GPR(WARD_RIP), GUEST_CODE_AT);
	set_reg(&g, MSR(0x1d9), 2);
	set_reg(&g, GPR(WARD_RFLAGS), 0x102);
	guest_expect(&g, WARD_EXIT_IO);
	CHECK_EQ(get_reg(&g, STATE(WARD_STATE_PENDING_DEBUG)), 0);
}

GUEST_CODE(fault, 64,
	"ud2\n"
	"hlt\n");

/* A gate that is not there: #NP while an exception is delivered. */
static void double_faults(void)
{
	struct guest g;

	guest_make(&g, 0);
	guest_code_long(&g, fault);
	*guest_u64(&g, GUEST_IDT + 6 * 16) &= ~(1ull << 47);
	guest_expect_vector(&g, 11);			/* a benign one came first */

	guest_free(&g);
	guest_make(&g, 0);
	guest_code_long(&g, halts);
	*guest_u64(&g, GUEST_IDT + 13 * 16) &= ~(1ull << 47);
	CHECK_EQ(ward_inject(g.vcpu, WITH_CODE(13, 0)), 0);
	guest_expect_vector(&g, 8);			/* a contributory one */
	CHECK_EQ(stack(&g, 0), 0);

	guest_free(&g);
	guest_make(&g, 0);
	guest_code_long(&g, halts);
	*guest_u64(&g, GUEST_IDT + 13 * 16) &= ~(1ull << 47);
	*guest_u64(&g, GUEST_IDT + 8 * 16) &= ~(1ull << 47);
	CHECK_EQ(ward_inject(g.vcpu, WITH_CODE(13, 0)), 0);
	guest_expect(&g, WARD_EXIT_SHUTDOWN);
}

GUEST_CODE(msr, 64,
	"mov $0x12345678, %ecx\n"
	"rdmsr\n"
	"hlt\n");

/* The third fault is found before the guest is entered. */
static void triple_fault_from_outside(void)
{
	__u64 before[WARD_STAT_COUNT], after[WARD_STAT_COUNT];
	struct guest g;
	int immediate;

	for (immediate = 0; immediate < 2; immediate++) {
		guest_make(&g, 0);
		guest_code_long(&g, msr);
		guest_expect(&g, WARD_EXIT_MSR);
		CHECK_EQ(ward_inject(g.vcpu, WITH_CODE(8, 0)), 0);
		CHECK_EQ(ward_get_stats(g.vm, before, WARD_STAT_COUNT), WARD_STAT_COUNT);
		g.run->msr.fault = 1;
		if (immediate) {
			g.run->request = WARD_RUN_IMMEDIATE;
			CHECK_EQ(ward_run(g.vcpu), -EINTR);
			g.run->request = 0;
		}
		guest_expect(&g, WARD_EXIT_SHUTDOWN);
		CHECK_EQ(ward_get_stats(g.vm, after, WARD_STAT_COUNT), WARD_STAT_COUNT);
		CHECK_EQ(after[WARD_STAT_ENTRIES], before[WARD_STAT_ENTRIES]);
		CHECK_EQ(g.run->gprs[WARD_RIP], GUEST_CODE_AT + 5);
		CHECK_EQ(ward_run(g.vcpu), -EIO);
		guest_free(&g);
	}
}

GUEST_CODE(int_0x90, 32,
	"int $0x90\n"
	"hlt\n");

#define USER_CODE	0x23
#define USER_DATA	0x2b

static void to_user_mode(struct guest *g, __u64 rsp)
{
	set_segment(g, WARD_CS, USER_CODE, 0, 0xffffffff, 0xc0fb);
	set_segment(g, WARD_SS, USER_DATA, 0, 0xffffffff, 0xc0f3);
	set_reg(g, GPR(WARD_RFLAGS), 0x43002);		/* AC, IOPL 3 */
	set_reg(g, GPR(WARD_RSP), rsp);
	set_reg(g, GPR(WARD_RIP), GUEST_CODE_AT);
}

/* #AC on the way to the handler of INT: behind it the INT is executed again. */
static void software_interrupt_into_a_fault(void)
{
	struct guest g;
	int i;

	guest_make(&g, 0);
	guest_code_protected(&g, int_0x90);
	*guest_u64(&g, GUEST_GDT + 0x20) = 0x00cffb000000ffff;
	*guest_u64(&g, GUEST_GDT + 0x28) = 0x00cff3000000ffff;
	set_reg(&g, TABLE(1), 0x2f);
	*guest_u64(&g, GUEST_IDT + 0x90 * 8) = ((GUEST_STUBS + 0x90 * 16) & 0xffff) |
					       USER_CODE << 16 | 0xee00ull << 32;
	*guest_u64(&g, GUEST_TSS + 4) = GUEST_STACK - 0x400;
	*guest_u64(&g, GUEST_TSS + 8) = DATA32;
	set_reg(&g, CR(0), 0x40011);
	/* The second time no page is missing, so that there are no exits in between. */
	for (i = 0; i < 2; i++) {
		to_user_mode(&g, GUEST_STACK - 2);
		guest_expect_vector(&g, 17);
		CHECK_EQ(*(__u32 *)(g.ram + get_reg(&g, GPR(WARD_RSP)) + 4), GUEST_CODE_AT);
		CHECK_EQ(get_reg(&g, STATE(WARD_STATE_EVENT)), 0);
		guest_expect(&g, WARD_EXIT_HALT);
		to_user_mode(&g, GUEST_STACK);
		guest_expect_vector(&g, 0x90);
		CHECK_EQ(*(__u32 *)(g.ram + GUEST_STACK - 12), GUEST_CODE_AT + 2);
	}
}

/* The stack of the handler is not mapped yet: delivery stops and goes on. */
static void delivery_into_a_fault(void)
{
	struct guest g;

	guest_make(&g, 0);
	guest_code_long(&g, halts);
	guest_expect(&g, WARD_EXIT_HALT);
	make_small(g.ram, GUEST_RAM);
	REQUIRE_EQ(madvise(g.ram + 0x200000, 0x200000, MADV_DONTNEED), 0);
	set_reg(&g, GPR(WARD_RSP), 0x300000);
	CHECK_EQ(ward_inject(g.vcpu, WITH_CODE(13, 0x77)), 0);
	guest_expect_vector(&g, 13);
	CHECK_EQ(stack(&g, 0), 0x77);
	CHECK_EQ(stack(&g, 1), GUEST_CODE_AT + 1);

	/* A device where the stack should be: user space sees the access. */
	set_reg(&g, GPR(WARD_RSP), GUEST_DEVICE + 0x100);
	set_reg(&g, GPR(WARD_RIP), GUEST_CODE_AT);
	CHECK_EQ(ward_inject(g.vcpu, EXCEPTION(6)), 0);
	CHECK_EQ(ward_run(g.vcpu), 0);
	CHECK_EQ(g.run->exit, WARD_EXIT_MMIO);
	CHECK_EQ(g.run->mmio.bytes, 0);
	CHECK_EQ(g.run->mmio.gpa & ~0xfffull, GUEST_DEVICE);
	/* The event is still there, with its vector. */
	CHECK_EQ(get_reg(&g, STATE(WARD_STATE_EVENT)),
		 WARD_EVENT_VALID | WARD_EVENT_EXCEPTION | 6);
	set_reg(&g, GPR(WARD_RSP), GUEST_STACK);
	guest_expect_vector(&g, 6);
}

/* ---------------------------------------------------------------- local APIC */

GUEST_CODE(apic, 64,
	"mov $0xfee00000, %esi\n"
	"movl $0x1ff, 0xf0(%rsi)\n"		/* on */
	"mov 0x20(%rsi), %ebx\n"
	"sti\n"
	"out %al, $0x40\n"
	"1: hlt\n"
	"jmp 1b\n");

static void messages(void)
{
	__u64 s[WARD_STAT_COUNT];
	struct guest g;
	pthread_t runner;

	guest_make(&g, WARD_VM_LAPIC);
	guest_code_long(&g, apic);
	/* The last GiB below 4 GiB, for the APIC's page. */
	*guest_u64(&g, GUEST_TABLES + 0x1000 + 24) = 0xc0000000 | 0x87;
	guest_expect(&g, WARD_EXIT_IO);
	CHECK_EQ(g.run->io.port, 0x40);
	CHECK_EQ(g.run->gprs[WARD_RBX], 0);
	CHECK_EQ(ward_get_stats(g.vm, s, WARD_STAT_COUNT), WARD_STAT_COUNT);
	CHECK_EQ(s[WARD_STAT_APIC_ACCESSES], 2);

	/* One that waits is taken at once, one that comes later wakes the guest. */
	CHECK_EQ(ward_msi(g.vm, 0xfee00000, 0x61), 0);
	guest_expect_vector(&g, 0x61);
	set_reg(&g, GPR(WARD_RIP), GUEST_CODE_AT + 21);
	set_reg(&g, GPR(WARD_RFLAGS), 0x202);
	runner = start_thread(guest_thread, &g);
	CHECK(WAIT_FOR(ward_get_stats(g.vm, s, WARD_STAT_COUNT) > 0 && s[WARD_STAT_HALTS] > 0));
	CHECK_EQ(pthread_tryjoin_np(runner, NULL), EBUSY);
	CHECK_EQ(ward_msi(g.vm, 0xfee00000, 0x71), 0);
	CHECK_EQ((intptr_t)join_thread(runner), 0);
	CHECK_EQ(g.run->exit, WARD_EXIT_IO);
	CHECK_EQ(g.run->io.data, 0x71);
}

/* An interrupt that an entry was to bring is not lost with the entry. */
static void failed_entry(void)
{
	struct guest g;

	guest_make(&g, WARD_VM_LAPIC);
	guest_code_long(&g, apic);
	*guest_u64(&g, GUEST_TABLES + 0x1000 + 24) = 0xc0000000 | 0x87;
	guest_expect(&g, WARD_EXIT_IO);
	CHECK_EQ(ward_msi(g.vm, 0xfee00000, 0x61), 0);
	set_reg(&g, SEG(WARD_TR, WARD_SEG_RIGHTS), 0x83);
	guest_expect(&g, WARD_EXIT_FAIL_ENTRY);
	CHECK_EQ(get_reg(&g, STATE(WARD_STATE_EVENT)),
		 WARD_EVENT_VALID | WARD_EVENT_INTERRUPT | 0x61);
	guest_expect(&g, WARD_EXIT_FAIL_ENTRY);
	set_reg(&g, SEG(WARD_TR, WARD_SEG_RIGHTS), 0x8b);
	guest_expect_vector(&g, 0x61);

	/* Nor an exception with its error code; taken away, it does not come. */
	set_reg(&g, SEG(WARD_TR, WARD_SEG_RIGHTS), 0x83);
	CHECK_EQ(ward_inject(g.vcpu, WITH_CODE(13, 0x1230)), 0);
	guest_expect(&g, WARD_EXIT_FAIL_ENTRY);
	set_reg(&g, SEG(WARD_TR, WARD_SEG_RIGHTS), 0x8b);
	guest_expect_vector(&g, 13);
	CHECK_EQ(stack(&g, 0), 0x1230);
	set_reg(&g, SEG(WARD_TR, WARD_SEG_RIGHTS), 0x83);
	CHECK_EQ(ward_inject(g.vcpu, EXCEPTION(6)), 0);
	guest_expect(&g, WARD_EXIT_FAIL_ENTRY);
	set_reg(&g, STATE(WARD_STATE_EVENT), 0);
	set_reg(&g, SEG(WARD_TR, WARD_SEG_RIGHTS), 0x8b);
	set_reg(&g, GPR(WARD_RIP), GUEST_CODE_AT + 19);		/* out %al, $0x40 */
	guest_expect_out(&g, 0x40, 13);
}

GUEST_CODE(eoi, 64,
	"mov $0xfee00000, %esi\n"
	"movl $0x1ff, 0xf0(%rsi)\n"
	"sti\n"
	"out %al, $0x40\n"
	"1: movl $0, 0xb0(%rsi)\n"
	"hlt\n");

/* "trigger mode level makes the EOI exit" */
static void level_triggered(void)
{
	struct guest g;

	guest_make(&g, WARD_VM_LAPIC);
	guest_code_long(&g, eoi);
	*guest_u64(&g, GUEST_TABLES + 0x1000 + 24) = 0xc0000000 | 0x87;
	guest_expect(&g, WARD_EXIT_IO);
	CHECK_EQ(ward_msi(g.vm, 0xfee00000, 0xc055), 0);
	guest_expect_vector(&g, 0x55);
	set_reg(&g, GPR(WARD_RIP), GUEST_CODE_AT + 18);
	guest_expect(&g, WARD_EXIT_EOI);
	CHECK_EQ(g.run->eoi.vector, 0x55);
	CHECK_EQ(g.run->gprs[WARD_RIP], GUEST_CODE_AT + 28);

	/* The first one ended, an edge makes no exit: the guest goes to sleep. */
	CHECK_EQ(ward_msi(g.vm, 0xfee00000, 0x56), 0);
	set_reg(&g, GPR(WARD_RFLAGS), 0x202);
	guest_expect_vector(&g, 0x56);
}

static const struct test tests[] = {
	{ "exceptions", exceptions },
	{ "page_fault_address", page_fault_address },
	{ "real_mode", real_mode },
	{ "nmis", nmis },
	{ "nmi_behind_sti", nmi_behind_sti },
	{ "interrupts", interrupts },
	{ "interrupt_with_all", interrupt_with_all },
	{ "window", window },
	{ "interrupt_behind_a_step", interrupt_behind_a_step },
	{ "pending_step", pending_step },
	{ "double_faults", double_faults },
	{ "triple_fault_from_outside", triple_fault_from_outside },
	{ "software_interrupt_into_a_fault", software_interrupt_into_a_fault },
	{ "delivery_into_a_fault", delivery_into_a_fault },
	{ "messages", messages },
	{ "failed_entry", failed_entry },
	{ "level_triggered", level_triggered },
};

TEST_MAIN(tests)
