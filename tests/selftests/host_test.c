// SPDX-License-Identifier: GPL-2.0-only
/*
 * host_test.c - what belongs to the process that runs a guest comes back to it
 * whole: vector registers, segment bases and selectors, LDT, system-call and
 * TSC_AUX MSRs, port permissions; and the guest keeps its own. Debug registers
 * and signals are in host_signal_test.c.
 */
#include <asm/ldt.h>
#include <asm/prctl.h>
#include <cpuid.h>
#include <sys/io.h>
#include <sys/syscall.h>
#include "ward_abi.h"
#include "ward_guest.h"

/* ------------------------------------------------------------ vector registers */

/* Everything all ones, MXCSR and the x87 control word odd; then RAX from XMM3. */
GUEST_CODE(vectors, 64,
	"pcmpeqd %xmm0, %xmm0\n"
	"movq %xmm0, %xmm1\n movq %xmm0, %xmm2\n movaps %xmm0, %xmm4\n"
	"movaps %xmm0, %xmm5\n movaps %xmm0, %xmm6\n movaps %xmm0, %xmm7\n"
	"movaps %xmm0, %xmm8\n movaps %xmm0, %xmm9\n movaps %xmm0, %xmm10\n"
	"movaps %xmm0, %xmm11\n movaps %xmm0, %xmm12\n movaps %xmm0, %xmm13\n"
	"movaps %xmm0, %xmm14\n movaps %xmm0, %xmm15\n"
	"movabs $0x1badb002cafe, %rax\n"
	"movq %rax, %xmm3\n"
	"movl $0x9fc0, 0x20000\n ldmxcsr 0x20000\n"
	"fninit\n movw $0x0c7f, 0x20000\n fldcw 0x20000\n fldpi\n"
	"1: hlt\n"
	"movq %xmm3, %rax\n"
	"movq %xmm15, %rbx\n"
	"stmxcsr 0x20008\n"
	"fnstcw 0x20010\n"
	"jmp 1b\n");

struct vectors {
	unsigned char low[16][16], high[16][16];
	__u32 mxcsr;
	__u16 control;
};

static bool has_avx(void)
{
	return __builtin_cpu_supports("avx");
}

/* WARD_RUN with known vector registers, seen again right behind it. */
static long run_with(int fd, const struct vectors *in, struct vectors *out, bool avx)
{
	long result = SYS_ioctl;
	__u32 plain_mxcsr = 0x1f80;
	__u16 plain_control = 0x37f;

#define EACH(f) f(0) f(1) f(2) f(3) f(4) f(5) f(6) f(7) f(8) f(9) f(10) f(11) f(12) \
		f(13) f(14) f(15)
#define LOAD(n) "movups " #n "*16(%[in]), %%xmm" #n "\n"
#define STORE(n) "movups %%xmm" #n ", " #n "*16(%[out])\n"
#define LOAD_HIGH(n) "vinsertf128 $1, 256+" #n "*16(%[in]), %%ymm" #n ", %%ymm" #n "\n"
#define STORE_HIGH(n) "vextractf128 $1, %%ymm" #n ", 256+" #n "*16(%[out])\n"
	asm volatile(EACH(LOAD)
		     "test %[avx], %[avx]\n jz 1f\n" EACH(LOAD_HIGH) "1:\n"
		     "ldmxcsr 512(%[in])\n fldcw 516(%[in])\n"
		     "syscall\n"
		     "stmxcsr 512(%[out])\n fnstcw 516(%[out])\n"
		     EACH(STORE)
		     "test %[avx], %[avx]\n jz 1f\n" EACH(STORE_HIGH) "vzeroupper\n 1:\n"
		     "ldmxcsr %[mxcsr]\n fldcw %[control]\n"
		     : "+a"(result)
		     : "D"((long)fd), "S"((long)WARD_RUN), "d"(0L), [in] "r"(in), [out] "r"(out),
		       [avx] "r"((long)avx), [mxcsr] "m"(plain_mxcsr),
		       [control] "m"(plain_control)
		     : "rcx", "r11", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5",
		       "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
		       "xmm15");
	return result;
}

static void vector_registers(void)
{
	struct vectors in, out;
	struct guest g;
	unsigned int i, round;
	bool avx = has_avx();

	guest_make(&g, 0);
	guest_code_long(&g, vectors);
	for (round = 0; round < 20; round++) {
		for (i = 0; i < sizeof(in.low) + sizeof(in.high); i++)
			(&in.low[0][0])[i] = (unsigned char)(i * 13 + round);
		in.mxcsr = 0x3fa0 | (round & 1 ? 0x8000 : 0);
		in.control = round & 1 ? 0x27f : 0x37f;
		memset(&out, 0, sizeof(out));
		REQUIRE_EQ(run_with(ward_vcpu_fd(g.vcpu), &in, &out, avx), 0);
		REQUIRE_EQ(g.run->exit, WARD_EXIT_HALT);
		CHECK(!memcmp(in.low, out.low, sizeof(in.low)));
		if (avx)
			CHECK(!memcmp(in.high, out.high, sizeof(in.high)));
		CHECK_EQ(out.mxcsr, in.mxcsr);
		CHECK_EQ(out.control, in.control);
		/* The guest's own are the guest's. */
		CHECK_EQ(g.run->gprs[WARD_RAX], 0x1badb002cafe);
		if (round) {
			CHECK_EQ(g.run->gprs[WARD_RBX], -1);
			CHECK_EQ(*(__u32 *)(g.ram + 0x20008), 0x9fc0);
			CHECK_EQ(*(__u16 *)(g.ram + 0x20010), 0xc7f);
		}
	}
	if (!avx)
		note("without AVX");
}

GUEST_CODE(spin, 64,
	"pcmpeqd %xmm3, %xmm3\n"
	"mov $0x20000, %esi\n"
	"1: incq (%rsi)\n"
	"paddq %xmm3, %xmm4\n"
	"jmp 1b\n");

static void on_alarm(int number)
{
	/* A handler may use them too, in the middle of it all. */
	asm volatile("pxor %%xmm3, %%xmm3\n pxor %%xmm4, %%xmm4" : : : "xmm3", "xmm4");
	(void)number;
}

/* As above, with an end by a signal and other tasks in between. */
static void vector_registers_preempted(void)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct vectors in, out;
	struct guest g;
	int i;

	guest_make(&g, 0);
	guest_code_long(&g, spin);
	sigaction(SIGALRM, &action, NULL);
	memset(&in, 0x3c, sizeof(in));
	in.mxcsr = 0x1f80;
	in.control = 0x37f;
	for (i = 0; i < 5; i++) {
		/* Again and again: the first may come before the guest runs. */
		ualarm(20000, 20000);
		CHECK_EQ(run_with(ward_vcpu_fd(g.vcpu), &in, &out, has_avx()), -EINTR);
		ualarm(0, 0);
		CHECK(!memcmp(in.low, out.low, sizeof(in.low)));
		if (has_avx())
			CHECK(!memcmp(in.high, out.high, sizeof(in.high)));
	}
}

static __u64 xgetbv(void)
{
	__u32 low, high;

	asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (__u64)high << 32 | low;
}

static void xcr0(void)
{
	__u32 a, b, c, d;
	struct guest g;
	__u64 before;

	__cpuid(1, a, b, c, d);
	if (!(c & 1u << 27))
		test_skip("the host has no XSAVE");
	before = xgetbv();
	guest_make(&g, 0);
	guest_code_long(&g, vectors);
	set_reg(&g, XCR0, 1);		/* x87 only */
	guest_expect(&g, WARD_EXIT_HALT);
	CHECK_EQ(xgetbv(), before);
	CHECK_EQ(get_reg(&g, XCR0), 1);
}

/* ------------------------------------------------------------------- segments */

/* Other selectors, bases and system-call MSRs than any host has. */
GUEST_CODE(segments, 64,
	"mov $0x10, %eax\n"
	"mov %eax, %ds\n mov %eax, %es\n mov %eax, %fs\n mov %eax, %gs\n"
	"mov $0x1234, %eax\n xor %edx, %edx\n"
	"mov $0xc0000100, %ecx\n wrmsr\n"
	"mov $0xc0000101, %ecx\n wrmsr\n"
	"mov $0xc0000102, %ecx\n wrmsr\n"
	"mov $0xc0000081, %ecx\n wrmsr\n"
	"mov $0xc0000082, %ecx\n wrmsr\n"
	"mov $0xc0000083, %ecx\n wrmsr\n"
	"mov $0xc0000084, %ecx\n wrmsr\n"
	"mov $0x174, %ecx\n wrmsr\n"
	"mov $0x175, %ecx\n wrmsr\n"
	"mov $0x176, %ecx\n wrmsr\n"
	"mov $0xc0000080, %ecx\n rdmsr\n or $0x801, %eax\n wrmsr\n"
	"hlt\n");

static void guest_of_segments(struct guest *g)
{
	guest_make(g, 0);
	guest_code_long(g, segments);
}

static void bases(void)
{
	unsigned long fs, gs, after = 0;
	static long own[8];
	struct guest g;

	REQUIRE_EQ(syscall(SYS_arch_prctl, ARCH_SET_GS, own), 0);
	own[2] = 0x7777;
	REQUIRE_EQ(syscall(SYS_arch_prctl, ARCH_GET_FS, &fs), 0);
	guest_of_segments(&g);
	guest_expect(&g, WARD_EXIT_HALT);
	CHECK_EQ(syscall(SYS_arch_prctl, ARCH_GET_FS, &after), 0);
	CHECK_EQ(after, fs);
	CHECK_EQ(syscall(SYS_arch_prctl, ARCH_GET_GS, &gs), 0);
	CHECK_EQ(gs, (uintptr_t)own);
	asm volatile("mov %%gs:16, %0" : "=r"(after));
	CHECK_EQ(after, 0x7777);
	CHECK_EQ(get_reg(&g, MSR(0xc0000101)), 0x1234);
	CHECK_EQ(get_reg(&g, MSR(0xc0000102)), 0x1234);
}

static void selectors(void)
{
	__u16 before[6], after[6];
	struct guest g;

	/* User data in all that may hold it. */
	asm volatile("mov %0, %%ds\n mov %0, %%es" : : "r"(0x2b));
#define READ_SELECTORS(to)							\
	asm volatile("mov %%cs, %0\n mov %%ss, %1\n mov %%ds, %2\n mov %%es, %3\n"	\
		     "mov %%fs, %4\n mov %%gs, %5"				\
		     : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3]),	\
		       "=r"(to[4]), "=r"(to[5]))
	guest_of_segments(&g);
	READ_SELECTORS(before);
	guest_expect(&g, WARD_EXIT_HALT);
	READ_SELECTORS(after);
	CHECK_EQ(before[2], 0x2b);
	CHECK(!memcmp(before, after, sizeof(before)));
}

static void local_descriptors(void)
{
	static long own[8];
	struct user_desc d = { .entry_number = 2, .limit = 0xfff, .seg_32bit = 1 };
	__u32 limit = 0, value = 0;
	struct guest g;
	__u16 gs;

	own[3] = 0x4321;
	d.base_addr = (uintptr_t)own;
	if (syscall(SYS_modify_ldt, 1, &d, sizeof(d)))
		test_skip("the host has no LDT");
	guest_of_segments(&g);
	asm volatile("mov %0, %%gs" : : "r"(2 << 3 | 7));
	guest_expect(&g, WARD_EXIT_HALT);
	asm volatile("mov %%gs, %0" : "=r"(gs));
	asm volatile("mov %%gs:24, %0" : "=r"(value));
	asm volatile("lsl %1, %0" : "=r"(limit) : "r"(2 << 3 | 7));
	CHECK_EQ(gs, 2 << 3 | 7);
	CHECK_EQ(value, 0x4321);
	CHECK_EQ(limit, 0xfff);
	/* And it can still be loaded afresh. */
	asm volatile("mov %0, %%gs" : : "r"(0));
	asm volatile("mov %0, %%gs" : : "r"(2 << 3 | 7));
	asm volatile("mov %%gs:24, %0" : "=r"(value));
	CHECK_EQ(value, 0x4321);
}

/* All ways into the kernel still lead there. */
static void system_calls(void)
{
	struct ward_probe p = { .size = sizeof(p) };
	struct guest g;
	int i, got;

	guest_of_segments(&g);
	for (i = 0; i < 3; i++) {
		set_reg(&g, GPR(WARD_RIP), GUEST_CODE_AT);
		guest_expect(&g, WARD_EXIT_HALT);
		CHECK_EQ(syscall(SYS_getpid), getpid());
		got = call32(g.device, WARD_PROBE, &p, sizeof(p), NULL);
		CHECK(got == 0 || got == -ENOSYS);
	}
	CHECK_EQ(get_reg(&g, MSR(0xc0000082)), 0x1234);
	CHECK_EQ(get_reg(&g, MSR(EFER)), 0xd01);
}

/* The TSS with its permission map is cut short by an exit; IN would be #GP. */
static void port_permissions(void)
{
	struct guest g;
	int i;

	need_root();
	guest_of_segments(&g);
	if (ioperm(0x80, 1, 1))
		test_skip("no port may be had");
	for (i = 0; i < 3; i++) {
		set_reg(&g, GPR(WARD_RIP), GUEST_CODE_AT);
		guest_expect(&g, WARD_EXIT_HALT);
		(void)inb(0x80);
		sched_yield();
		(void)inb(0x80);
	}
	CHECK(i == 3);
}

/* ----------------------------------------------------------------- the others */

GUEST_CODE(tsc_aux, 64,
	"mov $0xc0000103, %ecx\n mov $0x1234, %eax\n xor %edx, %edx\n wrmsr\n"
	"1: rdtscp\n"
	"hlt\n"
	"jmp 1b\n");

static void processor_number(void)
{
	unsigned int cpu, node, aux, a, b, c, d;
	struct guest g;
	int i, n = (int)sysconf(_SC_NPROCESSORS_ONLN);

	__cpuid(0x80000001, a, b, c, d);
	if (!(d & 1u << 27))
		test_skip("the host has no RDTSCP");
	guest_make(&g, 0);
	guest_code_long(&g, tsc_aux);
	for (i = 0; i < 2 * n; i++) {
		REQUIRE_EQ(run_on(0, i % n), 0);
		guest_expect(&g, WARD_EXIT_HALT);
		asm volatile("rdtscp" : "=c"(aux) : : "rax", "rdx");
		REQUIRE_EQ(syscall(SYS_getcpu, &cpu, &node, NULL), 0);
		CHECK_EQ(aux & 0xfff, cpu);
		CHECK_EQ(aux >> 12, node);
		/* On whichever CPU, the guest has its own. */
		CHECK_EQ(g.run->gprs[WARD_RCX], 0x1234);
	}
}

GUEST_CODE(flags, 64,
	"std\n"
	"hlt\n");

static void flags(void)
{
	unsigned long after;
	struct guest g;

	guest_make(&g, 0);
	guest_code_long(&g, flags);
	set_reg(&g, GPR(WARD_RFLAGS), 0x40ad7);		/* AC, DF and all status */
	guest_expect(&g, WARD_EXIT_HALT);
	asm volatile("pushf\n pop %0" : "=r"(after));
	CHECK_EQ(after & 0x47400, 0);			/* AC, NT, IOPL, DF */
}

static const struct test tests[] = {
	{ "vector_registers", vector_registers },
	{ "vector_registers_preempted", vector_registers_preempted },
	{ "xcr0", xcr0 },
	{ "bases", bases },
	{ "selectors", selectors },
	{ "local_descriptors", local_descriptors },
	{ "system_calls", system_calls },
	{ "port_permissions", port_permissions },
	{ "processor_number", processor_number },
	{ "flags", flags },
};

TEST_MAIN(tests)
