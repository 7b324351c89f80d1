// SPDX-License-Identifier: GPL-2.0-only
/*
 * real_mode_test.c - guests in real mode: the first instruction after power-up,
 * arithmetic, ports, interrupts through the vector table, big real mode, the way
 * to protected mode and back.
 */
#include "ward_guest.h"

GUEST_CODE(reset, 16,
	"mov $0x1234, %ax\n"
	"hlt\n");

/* RAM that ends at 4 GiB, with the code where the CPU begins. */
static void first_instruction(void)
{
	char *rom;
	struct guest g;

	guest_make(&g, 0);
	rom = make_memory(PAGE);
	memcpy(rom + 0xff0, guest_reset, guest_reset_end - guest_reset);
	REQUIRE_EQ(map_one(g.vm, map_add(0xfffff000, PAGE, rom,
					 WARD_PROT_READ | WARD_PROT_EXEC)), 0);
	guest_expect(&g, WARD_EXIT_HALT);
	CHECK_EQ(g.run->gprs[WARD_RAX], 0x1234);
	CHECK_EQ(g.run->gprs[WARD_RIP], 0xfff4);
	CHECK_EQ(g.run->code_bits, 16);
	CHECK_EQ(g.run->seg_base[WARD_CS], 0xffff0000);
	CHECK_EQ(g.run->cr0, 0x60000010);
}

GUEST_CODE(sum, 16,
	"xor %ax, %ax\n"
	"mov $100, %cx\n"
	"1: add %cx, %ax\n"
	"loop 1b\n"
	"mov $0x2000, %bx\n"
	"mov %bx, %ds\n"
	"mov %ax, 0x10\n"		/* 0x2000:0x10 */
	"push %ax\n"
	"pop %dx\n"
	"hlt\n");

static void computes(void)
{
	struct guest g;

	guest_make(&g, 0);
	guest_code_real(&g, sum);
	guest_expect(&g, WARD_EXIT_HALT);
	CHECK_EQ(g.run->gprs[WARD_RAX], 5050);
	CHECK_EQ(g.run->gprs[WARD_RDX] & 0xffff, 5050);
	CHECK_EQ(*(__u16 *)(g.ram + 0x20010), 5050);
	CHECK_EQ(get_reg(&g, SEG(WARD_DS, WARD_SEG_BASE)), 0x20000);
	CHECK_EQ(get_reg(&g, SEG(WARD_DS, WARD_SEG_SELECTOR)), 0x2000);
}

GUEST_CODE(ports, 16,
	"mov $0x11223344, %eax\n"
	"out %al, $0x80\n"
	"out %ax, $0x81\n"
	"out %eax, $0x82\n"
	"mov $0xfedc, %dx\n"
	"out %eax, %dx\n"
	"in %dx, %al\n"
	"hlt\n"
	"in %dx, %ax\n"
	"hlt\n"
	"in %dx, %eax\n"
	"hlt\n");

static void port_io(void)
{
	static const struct { __u16 port; __u8 bytes; __u32 data; } outs[] = {
		{ 0x80, 1, 0x44 }, { 0x81, 2, 0x3344 }, { 0x82, 4, 0x11223344 },
		{ 0xfedc, 4, 0x11223344 },
	};
	static const struct { __u8 bytes; __u32 want; } ins[] = {
		{ 1, 0x112233dd }, { 2, 0x1122ccdd }, { 4, 0xaabbccdd },
	};
	struct guest g;
	size_t i;

	guest_make(&g, 0);
	guest_code_real(&g, ports);
	for (i = 0; i < ARRAY_SIZE(outs); i++) {
		guest_expect_out(&g, outs[i].port, outs[i].data);
		CHECK_EQ(g.run->io.bytes, outs[i].bytes);
		CHECK_EQ(g.run->io.string, 0);
		CHECK_EQ(g.run->io.rep, 0);
	}
	for (i = 0; i < ARRAY_SIZE(ins); i++) {
		guest_expect(&g, WARD_EXIT_IO);
		CHECK_EQ(g.run->io.in, 1);
		CHECK_EQ(g.run->io.port, 0xfedc);
		CHECK_EQ(g.run->io.bytes, ins[i].bytes);
		g.run->io.data = 0xaabbccdd;
		guest_expect(&g, WARD_EXIT_HALT);
		CHECK_EQ(g.run->gprs[WARD_RAX], ins[i].want);
	}
}

GUEST_CODE(interrupt, 16,
	"int $0x21\n"
	"hlt\n");

static void software_interrupt(void)
{
	struct guest g;

	guest_make(&g, 0);
	guest_code_real(&g, interrupt);
	guest_expect_vector(&g, 0x21);
	/* FLAGS, CS and IP are on the stack, 16 bits each. */
	CHECK_EQ(g.run->gprs[WARD_RSP], GUEST_STACK - 6);
	CHECK_EQ(*(__u16 *)(g.ram + GUEST_STACK - 6), 2);
	CHECK_EQ(*(__u16 *)(g.ram + GUEST_STACK - 4), GUEST_CODE_AT >> 4);
	CHECK_EQ(*(__u16 *)(g.ram + GUEST_STACK - 2), 2);
}

GUEST_CODE(divide, 16,
	"xor %cx, %cx\n"
	"div %cx\n"
	"hlt\n");

static void exception(void)
{
	struct guest g;

	guest_make(&g, 0);
	guest_code_real(&g, divide);
	guest_expect_vector(&g, 0);
	CHECK_EQ(*(__u16 *)(g.ram + GUEST_STACK - 6), 2);	/* on the DIV */
}

GUEST_CODE(mmio, 16,
	"mov $0x800000, %esi\n"		/* a 4 GiB limit, in real mode */
	"mov (%esi), %ax\n"
	"mov %ax, 2(%esi)\n"
	"mov (%esi), %eax\n"
	"mov $0x5a, %bl\n"
	"mov %bl, 7(%esi)\n"
	"hlt\n");

static void big_real_mode(void)
{
	struct guest g;

	guest_make(&g, 0);
	guest_code_real(&g, mmio);
	set_segment(&g, WARD_DS, 0, 0, 0xffffffff, 0x8093);
	set_reg(&g, GPR(WARD_RAX), 0xffffffffffffffff);
	guest_expect(&g, WARD_EXIT_MMIO);
	CHECK_EQ(g.run->mmio.gpa, GUEST_DEVICE);
	CHECK_EQ(g.run->mmio.bytes, 2);
	CHECK_EQ(g.run->mmio.write, 0);
	g.run->mmio.data = 0x8765;
	guest_expect(&g, WARD_EXIT_MMIO);
	CHECK_EQ(g.run->mmio.gpa, GUEST_DEVICE + 2);
	CHECK_EQ(g.run->mmio.bytes, 2);
	CHECK_EQ(g.run->mmio.write, 1);
	CHECK_EQ(g.run->mmio.data, 0x8765);
	guest_expect(&g, WARD_EXIT_MMIO);
	CHECK_EQ(g.run->mmio.bytes, 4);
	g.run->mmio.data = 0x13572468;
	guest_expect(&g, WARD_EXIT_MMIO);
	CHECK_EQ(g.run->mmio.bytes, 1);
	CHECK_EQ(g.run->mmio.data, 0x5a);
	CHECK_EQ(g.run->mmio.gpa, GUEST_DEVICE + 7);
	guest_expect(&g, WARD_EXIT_HALT);
	CHECK_EQ(g.run->gprs[WARD_RAX] & 0xffffffff, 0x13572468);
}

GUEST_CODE(too_far, 16,
	"mov $0x10000, %esi\n"
	"mov (%esi), %al\n"
	"hlt\n");

static void segment_limit(void)
{
	struct guest g;

	guest_make(&g, 0);
	guest_code_real(&g, too_far);
	guest_expect_vector(&g, 13);
	/* No error code in real mode. */
	CHECK_EQ(g.run->gprs[WARD_RSP], GUEST_STACK - 6);
}

/* Into protected mode and back, with the guest's own descriptors. */
GUEST_CODE(round_trip, 16,
	"lgdtl 0x7100\n"
	"mov %cr0, %eax\n"
	"or $1, %al\n"
	"mov %eax, %cr0\n"
	"ljmpl $0x08, $0x10000 + 1f - guest_round_trip\n"
	".code32\n"
	"1: mov $0x10, %eax\n"
	"mov %eax, %ds\n"
	"mov %eax, %ss\n"
	"movl $0xcafe, 0x20000\n"
	"mov %cr0, %ebx\n"
	"ljmpl $0x20, $2f - guest_round_trip\n"
	".code16\n"
	"2: mov %cr0, %eax\n"
	"and $0xfe, %al\n"
	"mov %eax, %cr0\n"
	"ljmp $0x1000, $3f - guest_round_trip\n"
	"3: xor %cx, %cx\n"
	"mov %cx, %ds\n"
	"mov %cx, %ss\n"
	"mov $0x77, %dx\n"
	"out %al, $0x99\n"
	"hlt\n");

static void protected_mode_and_back(void)
{
	struct guest g;

	guest_make(&g, 0);
	guest_code_real(&g, round_trip);
	*guest_u64(&g, GUEST_GDT + CODE32) = 0x00cf9b000000ffff;
	*guest_u64(&g, GUEST_GDT + DATA32) = 0x00cf93000000ffff;
	*guest_u64(&g, GUEST_GDT + 0x20) = 0x00009b010000ffff;	/* 16-bit code at 0x10000 */
	*(__u16 *)(g.ram + 0x7100) = 0x27;
	*(__u32 *)(g.ram + 0x7102) = GUEST_GDT;
	guest_expect(&g, WARD_EXIT_IO);
	CHECK_EQ(g.run->io.port, 0x99);
	CHECK_EQ(*guest_u64(&g, GUEST_DATA) & 0xffffffff, 0xcafe);
	CHECK_EQ(g.run->gprs[WARD_RBX] & 1, 1);
	CHECK_EQ(g.run->cr0 & 1, 0);
	CHECK_EQ(g.run->code_bits, 16);
	CHECK_EQ(get_reg(&g, TABLE(0)), GUEST_GDT);
	CHECK_EQ(get_reg(&g, TABLE(1)), 0x27);
	guest_expect(&g, WARD_EXIT_HALT);
	CHECK_EQ(g.run->gprs[WARD_RDX] & 0xffff, 0x77);
}

static const struct test tests[] = {
	{ "first_instruction", first_instruction },
	{ "computes", computes },
	{ "port_io", port_io },
	{ "software_interrupt", software_interrupt },
	{ "exception", exception },
	{ "big_real_mode", big_real_mode },
	{ "segment_limit", segment_limit },
	{ "protected_mode_and_back", protected_mode_and_back },
};

TEST_MAIN(tests)
