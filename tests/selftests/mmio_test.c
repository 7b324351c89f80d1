// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmio_test.c - accesses to memory that is not there, from 64-bit code: every
 * form of MOV with its size and extension, what is left to user space, and
 * what the guest's registers hold afterwards.
 *
 * RSI holds the device's address; each instruction is followed by HLT.
 */
#include "ward_guest.h"

#define OLD	0x1122334455667788ull	/* in the target register before */
#define DATA	0xfedcba9889abcdefull	/* what the device answers */

GUEST_CODE(reads, 64,
	"mov (%rsi), %al\n hlt\n"
	"mov (%rsi), %ah\n hlt\n"
	"mov (%rsi), %ax\n hlt\n"
	"mov (%rsi), %eax\n hlt\n"
	"mov (%rsi), %rax\n hlt\n"
	"movzbw (%rsi), %ax\n hlt\n"
	"movzbl (%rsi), %eax\n hlt\n"
	"movzbq (%rsi), %rax\n hlt\n"
	"movzwl (%rsi), %eax\n hlt\n"
	"movzwq (%rsi), %rax\n hlt\n"
	"movsbw (%rsi), %ax\n hlt\n"
	"movsbl (%rsi), %eax\n hlt\n"
	"movsbq (%rsi), %rax\n hlt\n"
	"movswl (%rsi), %eax\n hlt\n"
	"movswq (%rsi), %rax\n hlt\n"
	"movslq (%rsi), %rax\n hlt\n"
	"movabs 0x800000, %al\n hlt\n"
	"movabs 0x800000, %ax\n hlt\n"
	"movabs 0x800000, %eax\n hlt\n"
	"movabs 0x800000, %rax\n hlt\n"
	"mov %gs:0x7ffff0, %eax\n hlt\n"
	"mov -8(%rsi,%rcx,8), %eax\n hlt\n"
	/* mov 0x800000(%rip), %eax, as if assembled for its place */
	".byte 0x8b, 0x05\n .long 0x7f0000 - (1f - guest_reads)\n 1: hlt\n"
	"addr32 mov (%esi), %eax\n hlt\n");

static const struct read_form {
	const char *name;
	__u8 bytes;
	__u64 want;
} read_forms[] = {
	{ "mov m8, al", 1, 0x11223344556677ef },
	{ "mov m8, ah", 1, 0x112233445566ef88 },
	{ "mov m16, ax", 2, 0x112233445566cdef },
	{ "mov m32, eax", 4, 0x89abcdef },
	{ "mov m64, rax", 8, DATA },
	{ "movzx m8, ax", 1, 0x11223344556600ef },
	{ "movzx m8, eax", 1, 0xef },
	{ "movzx m8, rax", 1, 0xef },
	{ "movzx m16, eax", 2, 0xcdef },
	{ "movzx m16, rax", 2, 0xcdef },
	{ "movsx m8, ax", 1, 0x112233445566ffef },
	{ "movsx m8, eax", 1, 0xffffffef },
	{ "movsx m8, rax", 1, 0xffffffffffffffef },
	{ "movsx m16, eax", 2, 0xffffcdef },
	{ "movsx m16, rax", 2, 0xffffffffffffcdef },
	{ "movsxd m32, rax", 4, 0xffffffff89abcdef },
	{ "mov moffs8, al", 1, 0x11223344556677ef },
	{ "mov moffs16, ax", 2, 0x112233445566cdef },
	{ "mov moffs32, eax", 4, 0x89abcdef },
	{ "mov moffs64, rax", 8, DATA },
	{ "with a segment base", 4, 0x89abcdef },
	{ "with index and scale", 4, 0x89abcdef },
	{ "relative to RIP", 4, 0x89abcdef },
	{ "with 32-bit addresses", 4, 0x89abcdef },
};

static void check_read(struct guest *g, const struct read_form *f)
{
	const struct ward_exit_mmio *mmio = &g->run->mmio;

	set_reg(g, GPR(WARD_RAX), OLD);
	guest_expect(g, WARD_EXIT_MMIO);
	CHECK_NAMED(mmio->gpa, GUEST_DEVICE, f->name);
	CHECK_NAMED(mmio->bytes, f->bytes, f->name);
	CHECK_NAMED(mmio->write, 0, f->name);
	CHECK_NAMED(mmio->gva_valid, 1, f->name);
	CHECK_NAMED(mmio->gva, GUEST_DEVICE, f->name);
	CHECK_NAMED(g->run->gprs[WARD_RAX], OLD, f->name);
	g->run->mmio.data = DATA;
	guest_expect(g, WARD_EXIT_HALT);
	CHECK_NAMED(g->run->gprs[WARD_RAX], f->want, f->name);
	CHECK_NAMED(g->run->gprs[WARD_RFLAGS], 2, f->name);
}

static void reads(void)
{
	struct guest g;
	size_t i;

	guest_make(&g, 0);
	guest_code_long(&g, reads);
	set_reg(&g, GPR(WARD_RSI), GUEST_DEVICE);
	set_reg(&g, GPR(WARD_RCX), 1);
	set_reg(&g, SEG(WARD_GS, WARD_SEG_BASE), 0x10);
	for (i = 0; i < ARRAY_SIZE(read_forms); i++)
		check_read(&g, &read_forms[i]);
}

GUEST_CODE(writes, 64,
	"mov %al, (%rsi)\n hlt\n"
	"mov %ah, (%rsi)\n hlt\n"
	"mov %ax, (%rsi)\n hlt\n"
	"mov %eax, (%rsi)\n hlt\n"
	"mov %rax, (%rsi)\n hlt\n"
	"mov %r9b, (%rsi)\n hlt\n"
	"mov %sil, (%rsi)\n hlt\n"
	"mov %r9, (%rsi)\n hlt\n"
	"movb $0x85, (%rsi)\n hlt\n"
	"movw $0x8586, (%rsi)\n hlt\n"
	"movl $0x85868788, (%rsi)\n hlt\n"
	"movq $-2, (%rsi)\n hlt\n"
	"movabs %al, 0x800000\n hlt\n"
	"movabs %eax, 0x800000\n hlt\n"
	"movabs %rax, 0x800000\n hlt\n");

static const struct {
	const char *name;
	__u8 bytes;
	__u64 want;
} write_forms[] = {
	{ "mov al, m8", 1, 0x88 }, { "mov ah, m8", 1, 0x77 }, { "mov ax, m16", 2, 0x7788 },
	{ "mov eax, m32", 4, 0x55667788 }, { "mov rax, m64", 8, OLD },
	{ "mov r9b, m8", 1, 0xef }, { "mov sil, m8", 1, 0x00 }, { "mov r9, m64", 8, DATA },
	{ "mov imm8, m8", 1, 0x85 }, { "mov imm16, m16", 2, 0x8586 },
	{ "mov imm32, m32", 4, 0x85868788 }, { "mov imm32, m64", 8, -2ull },
	{ "mov al, moffs8", 1, 0x88 }, { "mov eax, moffs32", 4, 0x55667788 },
	{ "mov rax, moffs64", 8, OLD },
};

static void writes(void)
{
	struct guest g;
	size_t i;

	guest_make(&g, 0);
	guest_code_long(&g, writes);
	set_reg(&g, GPR(WARD_RSI), GUEST_DEVICE);
	set_reg(&g, GPR(WARD_RAX), OLD);
	set_reg(&g, GPR(WARD_R9), DATA);
	for (i = 0; i < ARRAY_SIZE(write_forms); i++) {
		const char *name = write_forms[i].name;

		guest_expect(&g, WARD_EXIT_MMIO);
		CHECK_NAMED(g.run->mmio.gpa, GUEST_DEVICE, name);
		CHECK_NAMED(g.run->mmio.bytes, write_forms[i].bytes, name);
		CHECK_NAMED(g.run->mmio.write, 1, name);
		CHECK_NAMED(g.run->mmio.data, write_forms[i].want, name);
		guest_expect(&g, WARD_EXIT_HALT);
		CHECK_NAMED(g.run->gprs[WARD_RAX], OLD, name);
	}
}

/* ------------------------------------------------------- left to user space */

GUEST_CODE(complex, 64,
	"lock addl $5, 4(%rsi)\n hlt\n"
	"mov $3, %ecx\n mov $0x20000, %edi\n rep movsb\n hlt\n"
	"xchg %eax, (%rsi)\n hlt\n"
	"movups (%rsi), %xmm0\n hlt\n"
	"push (%rsi)\n hlt\n");

static void not_decoded(void)
{
	static const unsigned char add[] = { 0xf0, 0x83, 0x46, 0x04, 0x05 };
	struct guest g;
	__u64 at;
	int i;

	guest_make(&g, 0);
	guest_code_long(&g, complex);
	set_reg(&g, GPR(WARD_RSI), GUEST_DEVICE);
	guest_expect(&g, WARD_EXIT_MMIO);
	CHECK_EQ(g.run->mmio.bytes, 0);
	CHECK_EQ(g.run->mmio.gpa, GUEST_DEVICE + 4);
	CHECK(g.run->insn_bytes >= sizeof(add) && g.run->insn_bytes <= 15);
	CHECK(!memcmp(g.run->insn, add, sizeof(add)));
	CHECK_EQ(g.run->gprs[WARD_RIP], GUEST_CODE_AT);
	/* It stays there until user space says it is done. */
	guest_expect(&g, WARD_EXIT_MMIO);
	CHECK_EQ(g.run->gprs[WARD_RIP], GUEST_CODE_AT);
	g.run->insn_bytes = sizeof(add);
	g.run->commit = WARD_COMMIT_SKIP;
	guest_expect(&g, WARD_EXIT_HALT);
	CHECK_EQ(g.run->gprs[WARD_RIP], GUEST_CODE_AT + sizeof(add) + 1);

	for (i = 0; i < 4; i++) {
		guest_expect(&g, WARD_EXIT_MMIO);
		CHECK_EQ(g.run->mmio.bytes, 0);
		CHECK_EQ(g.run->mmio.gpa, GUEST_DEVICE);
		/* By RIP instead: the next HLT. */
		at = g.run->gprs[WARD_RIP];
		while (g.ram[at] != 0xf4)
			at++;
		g.run->gprs[WARD_RIP] = at;
		g.run->commit = WARD_COMMIT_RIP;
		guest_expect(&g, WARD_EXIT_HALT);
	}
}

GUEST_CODE(edges, 64,
	"mov (%rsi), %eax\n hlt\n"
	"mov %eax, (%rsi)\n hlt\n");

/* Half in RAM: neither a device's access of 4 bytes nor one of RAM. */
static void across_the_edge(void)
{
	struct guest g;

	guest_make(&g, 0);
	guest_code_long(&g, edges);
	set_reg(&g, GPR(WARD_RSI), GUEST_RAM - 2);
	guest_expect(&g, WARD_EXIT_MMIO);
	CHECK_EQ(g.run->mmio.gpa, GUEST_RAM);
	CHECK_EQ(g.run->mmio.bytes, 0);
	g.run->gprs[WARD_RIP] = GUEST_CODE_AT + 2;
	g.run->commit = WARD_COMMIT_RIP;
	guest_expect(&g, WARD_EXIT_HALT);
	memset(g.ram + GUEST_RAM - 2, 0x5a, 2);
	guest_expect(&g, WARD_EXIT_MMIO);
	CHECK_EQ(g.run->mmio.bytes, 0);
	CHECK_EQ(g.ram[GUEST_RAM - 1], 0x5a);

	/* The device first, and RAM in the page behind it; then the device's last bytes. */
	guest_free(&g);
	guest_make(&g, 0);
	guest_code_long(&g, edges);
	REQUIRE_EQ(map_one(g.vm, map_add(GUEST_DEVICE + PAGE, HUGE, make_memory(HUGE),
					 WARD_PROT_ALL)), 0);
	set_reg(&g, GPR(WARD_RSI), GUEST_DEVICE + PAGE - 2);
	guest_expect(&g, WARD_EXIT_MMIO);
	CHECK_EQ(g.run->mmio.gpa, GUEST_DEVICE + PAGE - 2);
	CHECK_EQ(g.run->mmio.bytes, 0);
	CHECK_EQ(g.run->mmio.write, 0);
	set_reg(&g, GPR(WARD_RIP), GUEST_CODE_AT + 3);		/* the write */
	guest_expect(&g, WARD_EXIT_MMIO);
	CHECK_EQ(g.run->mmio.gpa, GUEST_DEVICE + PAGE - 2);
	CHECK_EQ(g.run->mmio.bytes, 0);
	CHECK_EQ(g.run->mmio.write, 1);
	set_reg(&g, GPR(WARD_RSI), GUEST_DEVICE + PAGE - 4);
	guest_expect(&g, WARD_EXIT_MMIO);
	CHECK_EQ(g.run->mmio.bytes, 4);
	guest_expect(&g, WARD_EXIT_HALT);
}

GUEST_CODE(stack, 64,
	"mov (%rsi), %rsp\n hlt\n");

/* A register that the hardware keeps elsewhere. */
static void into_rsp(void)
{
	struct guest g;

	guest_make(&g, 0);
	guest_code_long(&g, stack);
	set_reg(&g, GPR(WARD_RSI), GUEST_DEVICE + 8);
	guest_expect(&g, WARD_EXIT_MMIO);
	CHECK_EQ(g.run->mmio.gpa, GUEST_DEVICE + 8);
	g.run->mmio.data = 0x123450;
	guest_expect(&g, WARD_EXIT_HALT);
	CHECK_EQ(g.run->gprs[WARD_RSP], 0x123450);
	CHECK_EQ(get_reg(&g, GPR(WARD_RSP)), 0x123450);
}

/* Registers set while a read waits: they are what it is completed upon. */
static void registers_in_between(void)
{
	struct guest g;

	guest_make(&g, 0);
	guest_code_long(&g, reads);
	set_reg(&g, GPR(WARD_RSI), GUEST_DEVICE);
	guest_expect(&g, WARD_EXIT_MMIO);		/* mov (%rsi), %al */
	set_reg(&g, GPR(WARD_RAX), 0x7700);
	set_reg(&g, GPR(WARD_RBX), 0x99);
	g.run->mmio.data = 0x55;
	guest_expect(&g, WARD_EXIT_HALT);
	CHECK_EQ(g.run->gprs[WARD_RAX], 0x7755);
	CHECK_EQ(g.run->gprs[WARD_RBX], 0x99);
}

static void beyond(void)
{
	struct guest g;

	/* Addresses that no map could ever have, up to the CPU's width. */
	guest_make(&g, 0);
	guest_code_long(&g, edges);
	*guest_u64(&g, GUEST_TABLES + 0x1000 + 8) = (1ull << 36) | 0x87;
	set_reg(&g, GPR(WARD_RSI), 0x40000000 + 0x123458);
	guest_expect(&g, WARD_EXIT_MMIO);
	CHECK_EQ(g.run->mmio.gpa, (1ull << 36) + 0x123458);
	CHECK_EQ(g.run->mmio.gva, 0x40123458);
	CHECK_EQ(g.run->mmio.bytes, 4);
}

static const struct test tests[] = {
	{ "reads", reads },
	{ "writes", writes },
	{ "not_decoded", not_decoded },
	{ "across_the_edge", across_the_edge },
	{ "into_rsp", into_rsp },
	{ "registers_in_between", registers_in_between },
	{ "beyond", beyond },
};

TEST_MAIN(tests)
