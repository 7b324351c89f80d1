// SPDX-License-Identifier: GPL-2.0-only
/*
 * long_mode_test.c - guests in 64-bit mode: arithmetic, ports, MSRs, hypercalls,
 * instructions that the hypervisor answers, and the ways in which a guest ends:
 * triple fault, refused entry.
 */
#include "ward_guest.h"

GUEST_CODE(compute, 64,
	"movabs $0x123456789, %rax\n"
	"movabs $0xfedcba987, %rbx\n"
	"mul %rbx\n"
	"mov %rax, %r8\n"
	"mov %rdx, %r9\n"
	"cvtsi2sd %rcx, %xmm0\n"
	"sqrtsd %xmm0, %xmm0\n"
	"cvtsd2si %xmm0, %r10\n"
	"push %r10\n"
	"pop 0x20000\n"
	"hlt\n");

static void computes(void)
{
	unsigned __int128 product = (unsigned __int128)0x123456789 * 0xfedcba987;
	struct guest g;

	guest_make(&g, 0);
	guest_code_long(&g, compute);
	set_reg(&g, GPR(WARD_RCX), 1764);
	guest_expect(&g, WARD_EXIT_HALT);
	CHECK_EQ(g.run->gprs[WARD_R8], (__u64)product);
	CHECK_EQ(g.run->gprs[WARD_R9], (__u64)(product >> 64));
	CHECK_EQ(*guest_u64(&g, GUEST_DATA), 42);
}

GUEST_CODE(ports, 64,
	"movabs $0x1122334455667788, %rax\n"
	"out %al, $0x80\n"
	"out %ax, $0x80\n"
	"out %eax, $0x80\n"
	"mov $0x3f8, %edx\n"
	"in %dx, %al\n hlt\n"
	"in %dx, %ax\n hlt\n"
	"in %dx, %eax\n hlt\n");

static void port_io(void)
{
	static const __u64 want[] = { 0x11223344556677f1, 0x112233445566f2f1, 0xf4f3f2f1 };
	struct guest g;
	int i;

	guest_make(&g, 0);
	guest_code_long(&g, ports);
	guest_expect_out(&g, 0x80, 0x88);
	guest_expect_out(&g, 0x80, 0x7788);
	guest_expect_out(&g, 0x80, 0x55667788);
	for (i = 0; i < 3; i++) {
		guest_expect(&g, WARD_EXIT_IO);
		CHECK_EQ(g.run->io.bytes, 1 << i);
		g.run->io.data = 0xf4f3f2f1;
		guest_expect(&g, WARD_EXIT_HALT);
		/* A 32-bit result clears the upper half. */
		CHECK_EQ(g.run->gprs[WARD_RAX], want[i]);
	}
}

/* --------------------------------------------------------------------- MSRs */

GUEST_CODE(msrs, 64,
	"mov $0x12345678, %ecx\n"
	"movabs $0xffffffff11111111, %rax\n"
	"movabs $0xffffffff22222222, %rdx\n"
	"rdmsr\n hlt\n"
	"rdmsr\n hlt\n"
	"mov $0xdead, %eax\n mov $0xbeef, %edx\n"
	"wrmsr\n hlt\n"
	"wrmsr\n hlt\n");

static void msrs(void)
{
	const struct ward_exit_msr *msr;
	struct guest g;
	__u64 next;
	int write;

	guest_make(&g, 0);
	guest_code_long(&g, msrs);
	msr = &g.run->msr;
	for (write = 0; write < 2; write++) {
		guest_expect(&g, WARD_EXIT_MSR);
		CHECK_EQ(msr->index, 0x12345678);
		CHECK_EQ(msr->write, write);
		CHECK_EQ(msr->fault, 0);
		if (write)
			CHECK_EQ(msr->data, 0xbeef0000dead);
		g.run->msr.data = 0xaaaaaaaabbbbbbbb;
		guest_expect(&g, WARD_EXIT_HALT);
		CHECK_EQ(g.run->gprs[WARD_RAX], write ? 0xdead : 0xbbbbbbbb);
		CHECK_EQ(g.run->gprs[WARD_RDX], write ? 0xbeef : 0xaaaaaaaa);
		next = g.run->gprs[WARD_RIP];
		/* And once more, but user space has the guest fault. */
		guest_expect(&g, WARD_EXIT_MSR);
		CHECK_EQ(msr->write, write);
		g.run->msr.fault = 1;
		guest_expect_vector(&g, 13);
		CHECK_EQ(*guest_u64(&g, get_reg(&g, GPR(WARD_RSP))), 0);
		CHECK_EQ(*guest_u64(&g, get_reg(&g, GPR(WARD_RSP)) + 8), next);
		CHECK_EQ(g.run->gprs[WARD_RDX], write ? 0xbeef : 0xaaaaaaaa);
		set_reg(&g, GPR(WARD_RIP), next + 3);
		set_reg(&g, GPR(WARD_RSP), GUEST_STACK);
	}
}

GUEST_CODE(known_msrs, 64,
	"mov $0xc0000100, %ecx\n mov $0x1000, %eax\n xor %edx, %edx\n wrmsr\n"
	"mov %fs:0, %rbx\n"
	"mov $0xc0000082, %ecx\n mov $0x5555, %eax\n wrmsr\n rdmsr\n mov %eax, %r8d\n"
	"mov $0xc0000080, %ecx\n rdmsr\n mov %eax, %r9d\n"
	"mov $0x277, %ecx\n rdmsr\n mov %eax, %r10d\n"
	"hlt\n"
	"mov $0xc0000101, %ecx\n mov $0x80000000, %edx\n wrmsr\n hlt\n");

static void known_msrs(void)
{
	struct guest g;

	guest_make(&g, 0);
	guest_code_long(&g, known_msrs);
	*guest_u64(&g, 0x1000) = 0x4321;
	guest_expect(&g, WARD_EXIT_HALT);
	CHECK_EQ(g.run->gprs[WARD_RBX], 0x4321);
	CHECK_EQ(g.run->gprs[WARD_R8], 0x5555);
	CHECK_EQ(g.run->gprs[WARD_R9], 0x500);
	CHECK_EQ(g.run->gprs[WARD_R10], 0x70406);
	CHECK_EQ(get_reg(&g, MSR(0xc0000082)), 0x5555);
	CHECK_EQ(get_reg(&g, MSR(0xc0000100)), 0x1000);
	guest_expect_vector(&g, 13);		/* a base that is not canonical */
}

/* ------------------------------------------------------------- instructions */

GUEST_CODE(hypercall, 64,
	"mov $0x1234, %eax\n"
	"vmcall\n"
	"hlt\n");

static void hypercalls(void)
{
	struct guest g;

	guest_make(&g, WARD_VM_HYPERCALLS);
	guest_code_long(&g, hypercall);
	guest_expect(&g, WARD_EXIT_HYPERCALL);
	CHECK_EQ(g.run->gprs[WARD_RAX], 0x1234);
	g.run->gprs[WARD_RAX] = 0x5678;		/* the answer */
	g.run->commit = WARD_COMMIT_GPRS;
	guest_expect(&g, WARD_EXIT_HALT);
	CHECK_EQ(g.run->gprs[WARD_RAX], 0x5678);
	CHECK_EQ(g.run->gprs[WARD_RIP], GUEST_CODE_AT + 9);

	guest_free(&g);
	guest_make(&g, 0);
	guest_code_long(&g, hypercall);
	guest_expect_vector(&g, 6);
	CHECK_EQ(*guest_u64(&g, get_reg(&g, GPR(WARD_RSP))), GUEST_CODE_AT + 5);
}

/* What a CPU without VMX, SMX and MONITOR does; no exit to user space. */
static const struct {
	int vector;
	const char *name;
	unsigned char code[8];
} raises[] = {
	{ 6, "vmxon", { 0xf3, 0x0f, 0xc7, 0x36 } },
	{ 6, "vmptrld", { 0x0f, 0xc7, 0x36 } },
	{ 6, "vmclear", { 0x66, 0x0f, 0xc7, 0x36 } },
	{ 6, "vmlaunch", { 0x0f, 0x01, 0xc2 } },
	{ 6, "vmresume", { 0x0f, 0x01, 0xc3 } },
	{ 6, "vmxoff", { 0x0f, 0x01, 0xc4 } },
	{ 6, "vmread", { 0x0f, 0x78, 0xc0 } },
	{ 6, "vmwrite", { 0x0f, 0x79, 0xc0 } },
	{ 6, "invept", { 0x66, 0x0f, 0x38, 0x80, 0x06 } },
	{ 6, "invvpid", { 0x66, 0x0f, 0x38, 0x81, 0x06 } },
	{ 6, "vmfunc", { 0x0f, 0x01, 0xd4 } },
	{ 6, "getsec", { 0x0f, 0x37 } },
	{ 6, "rsm", { 0x0f, 0xaa } },
	{ 6, "monitor", { 0x0f, 0x01, 0xc8 } },
	{ 6, "mwait", { 0x0f, 0x01, 0xc9 } },
	{ 6, "ud2", { 0x0f, 0x0b } },
	{ 6, "xsetbv without OSXSAVE", { 0x0f, 0x01, 0xd1 } },
	{ 6, "lock mov to cr0", { 0xf0, 0x0f, 0x22, 0xc0 } },
	{ 13, "mov of 0 to cr0, in long mode", { 0x31, 0xc0, 0x0f, 0x22, 0xc0 } },
	{ 13, "mov of 0 to cr4, in long mode", { 0x31, 0xc0, 0x0f, 0x22, 0xe0 } },
	{ 13, "VMXE to cr4", { 0xb8, 0x20, 0x20, 0, 0, 0x0f, 0x22, 0xe0 } },
	{ 13, "16 to cr8", { 0xb0, 0x10, 0x44, 0x0f, 0x22, 0xc0 } },
	{ 13, "rdmsr of a VMX MSR", { 0xb9, 0x80, 0x04, 0, 0, 0x0f, 0x32 } },
	{ 13, "rdpmc", { 0x0f, 0x33 } },
	{ 3, "int3", { 0xcc } },
	{ 0, "div by zero", { 0x31, 0xc9, 0xf7, 0xf1 } },
};

static void raised(void)
{
	struct guest g;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(raises); i++) {
		guest_make(&g, 0);
		guest_long(&g, raises[i].code, raises[i].code + sizeof(raises[i].code));
		set_reg(&g, GPR(WARD_RSI), GUEST_DATA);
		if (CHECK_NAMED(ward_run(g.vcpu), 0, raises[i].name) &&
		    CHECK_NAMED(g.run->exit, WARD_EXIT_IO, raises[i].name)) {
			CHECK_NAMED(g.run->io.port, GUEST_VECTOR_PORT, raises[i].name);
			CHECK_NAMED(g.run->io.data, raises[i].vector, raises[i].name);
		} else {
			guest_describe(&g);
		}
		guest_free(&g);
	}
}

GUEST_CODE(harmless, 64,
	"movb $0x5a, 0x20000\n"
	"invd\n"
	"wbinvd\n"
	"pause\n"
	"clts\n"
	"invlpg 0x20000\n"
	"mov %cr0, %rax\n mov %rax, %cr0\n"
	"mov %cr3, %rax\n mov %rax, %cr3\n"
	"mov %cr4, %r8\n mov %r8, %cr4\n"
	"smsw %ecx\n lmsw %cx\n"
	"mov $0x20000, %rax\n mov %rax, %dr0\n mov %dr0, %r9\n"
	"mov $5, %rax\n mov %rax, %cr8\n mov %cr8, %r10\n"
	"sgdt 0x20010\n"
	"str %r11d\n"
	"rdtsc\n"
	"movzbl 0x20000, %ebx\n"
	"hlt\n");

static void harmless(void)
{
	struct guest g;

	guest_make(&g, 0);
	guest_code_long(&g, harmless);
	guest_expect(&g, WARD_EXIT_HALT);
	CHECK_EQ(g.run->gprs[WARD_RBX], 0x5a);		/* INVD lost nothing */
	CHECK_EQ(g.run->gprs[WARD_R8], 0x20 | CR4_OSFXSR);
	CHECK_EQ(g.run->gprs[WARD_R9], 0x20000);
	CHECK_EQ(g.run->gprs[WARD_R10], 5);
	CHECK_EQ(g.run->cr8, 5);
	CHECK_EQ(get_reg(&g, CR(8)), 5);
	CHECK_EQ(get_reg(&g, DR(0)), 0x20000);
	CHECK_EQ(*(__u16 *)(g.ram + 0x20010), 0x1f);
	CHECK_EQ(*(__u64 *)(g.ram + 0x20012), GUEST_GDT);
}

GUEST_CODE(step, 64,
	"pushf\n"
	"orl $0x100, (%rsp)\n"
	"popf\n"
	"cpuid\n"
	"1: hlt\n");

/* The trap comes right behind an instruction that Ward carried out. */
static void single_step(void)
{
	struct guest g;

	guest_make(&g, 0);
	guest_code_long(&g, step);
	guest_expect_vector(&g, 1);
	CHECK_EQ(*guest_u64(&g, get_reg(&g, GPR(WARD_RSP))), GUEST_CODE_AT + 11);
	CHECK_EQ(get_reg(&g, DR(6)) & 0x400f, 0x4000);
}

/* ---------------------------------------------------------------- its ends */

GUEST_CODE(triple, 64,
	"ud2\n"
	"hlt\n");

static void triple_fault(void)
{
	struct ward_vm_info info;
	struct guest g;

	guest_make(&g, 0);
	guest_code_long(&g, triple);
	set_reg(&g, TABLE(3), 0);
	guest_expect(&g, WARD_EXIT_SHUTDOWN);
	CHECK_EQ(ward_run(g.vcpu), -EIO);
	CHECK_EQ(g.run->exit, WARD_EXIT_NONE);
	CHECK_EQ(ward_run(g.vcpu), -EIO);
	/* The vCPU has stopped, the VM lives and can be looked at. */
	CHECK_EQ(ward_get_info(g.vm, &info), 0);
	CHECK_EQ(get_reg(&g, GPR(WARD_RIP)), GUEST_CODE_AT);
	guest_code_long(&g, hypercall);
	guest_expect_vector(&g, 6);
}

GUEST_CODE(halt, 64,
	"hlt\n");

static const struct broken {
	const char *name;
	const char *word;		/* the sentence has it */
	struct ward_reg reg;
	struct ward_reg good;
	bool once;			/* what is wrong is tried once */
} broken[] = {
	{ "CR4.PAE clear in long mode", "PAE", { CR(4), 0 }, { CR(4), 0x20 } },
	{ "TR unusable", "TR", { SEG(WARD_TR, WARD_SEG_RIGHTS), 0x1008b },
	  { SEG(WARD_TR, WARD_SEG_RIGHTS), 0x8b } },
	{ "TR of a 16-bit TSS", "TR", { SEG(WARD_TR, WARD_SEG_RIGHTS), 0x83 },
	  { SEG(WARD_TR, WARD_SEG_RIGHTS), 0x8b } },
	{ "CS not code", "CS", { SEG(WARD_CS, WARD_SEG_RIGHTS), 0xa091 },
	  { SEG(WARD_CS, WARD_SEG_RIGHTS), 0xa09b } },
	{ "CS both L and D", "CS", { SEG(WARD_CS, WARD_SEG_RIGHTS), 0xe09b },
	  { SEG(WARD_CS, WARD_SEG_RIGHTS), 0xa09b } },
	{ "DS accessed bit clear", "DS", { SEG(WARD_DS, WARD_SEG_RIGHTS), 0xc092 },
	  { SEG(WARD_DS, WARD_SEG_RIGHTS), 0xc093 } },
	{ "granularity against limit", "SS", { SEG(WARD_SS, WARD_SEG_LIMIT), 0x1ffffe },
	  { SEG(WARD_SS, WARD_SEG_LIMIT), 0xffffffff } },
	{ "virtual-8086 mode in 64-bit mode", "8086", { GPR(WARD_RFLAGS), 0x20002 },
	  { GPR(WARD_RFLAGS), 2 } },
	{ "blocking by STI with IF clear", "STI", { STATE(WARD_STATE_BLOCKING), 1 },
	  { STATE(WARD_STATE_BLOCKING), 0 } },
	{ "an interrupt with IF clear", "IF",
	  { STATE(WARD_STATE_EVENT), WARD_EVENT_VALID | WARD_EVENT_INTERRUPT | 0x41 },
	  { STATE(WARD_STATE_EVENT), 0 }, true },
};

static void check_broken(struct guest *g, const struct broken *b)
{
	char text[8192];

	set_reg(g, b->reg.id, b->reg.value);
	CHECK_NAMED(ward_run(g->vcpu), 0, b->name);
	if (!CHECK_NAMED(g->run->exit, WARD_EXIT_FAIL_ENTRY, b->name)) {
		guest_describe(g);
		return;
	}
	CHECK_NAMED(g->run->fail_entry.stage, 2, b->name);
	CHECK_NAMED(memchr(g->run->fail_entry.why, 0, sizeof(g->run->fail_entry.why)) != NULL,
		    true, b->name);
	note("%s: %.112s", b->name, g->run->fail_entry.why);
	if (!strstr(g->run->fail_entry.why, b->word))
		test_fail(__LINE__, "%s: the sentence does not name %s", b->name, b->word);
	/* "After a failed entry the text begins with the rules that were broken." */
	CHECK(ward_dump(g->vcpu, text, sizeof(text)) > 0);
	/* It shows what was to be injected, too. */
	if (b->once && !strstr(text, "0x80000041"))
		test_fail(__LINE__, "%s: WARD_DUMP does not show it", b->name);
	text[400] = 0;
	if (!strstr(text, b->word))
		test_fail(__LINE__, "%s: WARD_DUMP does not begin with it", b->name);
}

static void failed_entry(void)
{
	struct guest g;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(broken); i++) {
		guest_make(&g, 0);
		guest_code_long(&g, halt);
		check_broken(&g, &broken[i]);
		/* It fails the same way again, and runs once it is mended. */
		if (!broken[i].once) {
			CHECK_NAMED(ward_run(g.vcpu), 0, broken[i].name);
			CHECK_NAMED(g.run->exit, WARD_EXIT_FAIL_ENTRY, broken[i].name);
		}
		set_reg(&g, broken[i].good.id, broken[i].good.value);
		CHECK_NAMED(ward_run(g.vcpu), 0, broken[i].name);
		if (!CHECK_NAMED(g.run->exit, WARD_EXIT_HALT, broken[i].name))
			guest_describe(&g);
		guest_free(&g);
	}
}

static const struct test tests[] = {
	{ "computes", computes },
	{ "port_io", port_io },
	{ "msrs", msrs },
	{ "known_msrs", known_msrs },
	{ "hypercalls", hypercalls },
	{ "raised", raised },
	{ "harmless", harmless },
	{ "single_step", single_step },
	{ "triple_fault", triple_fault },
	{ "failed_entry", failed_entry },
};

TEST_MAIN(tests)
