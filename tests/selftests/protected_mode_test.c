// SPDX-License-Identifier: GPL-2.0-only
/*
 * protected_mode_test.c - guests in 32-bit protected mode: arithmetic, ports,
 * segments, faults with error codes, the three kinds of 32-bit paging, task
 * switches.
 */
#include "ward_guest.h"

GUEST_CODE(fibonacci, 32,
	"mov $1, %eax\n"
	"xor %ebx, %ebx\n"
	"mov $40, %ecx\n"
	"1: xadd %eax, %ebx\n"
	"loop 1b\n"
	"push %ebx\n"
	"mov %esp, %esi\n"
	"lodsl\n"
	"movl %eax, 0x20000\n"
	"hlt\n");

static void computes(void)
{
	struct guest g;

	guest_make(&g, 0);
	guest_code_protected(&g, fibonacci);
	guest_expect(&g, WARD_EXIT_HALT);
	CHECK_EQ(g.run->code_bits, 32);
	CHECK_EQ(*(__u32 *)(g.ram + GUEST_DATA), 102334155);
	CHECK_EQ(g.run->gprs[WARD_RBX], 102334155);
	CHECK_EQ(g.run->gprs[WARD_RSP], GUEST_STACK - 4);
	/* EIP is 32 bits wide. */
	CHECK_EQ(g.run->gprs[WARD_RIP] >> 32, 0);
}

GUEST_CODE(ports, 32,
	"mov $0x99aabbcc, %eax\n"
	"out %al, $0x80\n"
	"out %ax, $0x81\n"
	"out %eax, $0x82\n"
	"mov $0xffff, %edx\n"
	"in %dx, %eax\n"
	"hlt\n"
	"inw $0x10, %ax\n"
	"hlt\n");

static void port_io(void)
{
	struct guest g;

	guest_make(&g, 0);
	guest_code_protected(&g, ports);
	guest_expect_out(&g, 0x80, 0xcc);
	CHECK_EQ(g.run->io.bytes, 1);
	guest_expect_out(&g, 0x81, 0xbbcc);
	CHECK_EQ(g.run->io.bytes, 2);
	guest_expect_out(&g, 0x82, 0x99aabbcc);
	CHECK_EQ(g.run->io.bytes, 4);
	guest_expect(&g, WARD_EXIT_IO);
	CHECK_EQ(g.run->io.port, 0xffff);
	g.run->io.data = 0x01020304;
	guest_expect(&g, WARD_EXIT_HALT);
	CHECK_EQ(g.run->gprs[WARD_RAX], 0x01020304);
	guest_expect(&g, WARD_EXIT_IO);
	g.run->io.data = 0xfffff5f5;
	guest_expect(&g, WARD_EXIT_HALT);
	CHECK_EQ(g.run->gprs[WARD_RAX], 0x0102f5f5);
}

GUEST_CODE(strings, 32,
	"mov $0x20000, %esi\n"
	"mov $3, %ecx\n"
	"mov $0x70, %edx\n"
	"cld\n"
	"rep outsb\n"
	"hlt\n"
	"insl\n"
	"hlt\n");

/* "user space emulates" and commits registers; here: as if it were done. */
static void string_io(void)
{
	struct guest g;

	guest_make(&g, 0);
	guest_code_protected(&g, strings);
	guest_expect(&g, WARD_EXIT_IO);
	CHECK_EQ(g.run->io.string, 1);
	CHECK_EQ(g.run->io.rep, 1);
	CHECK_EQ(g.run->io.in, 0);
	CHECK_EQ(g.run->io.bytes, 1);
	CHECK_EQ(g.run->io.port, 0x70);
	CHECK_EQ(g.run->gprs[WARD_RCX], 3);
	CHECK_EQ(g.run->gprs[WARD_RSI], 0x20000);
	/* Nothing is done yet: the instruction runs into the exit again. */
	guest_expect(&g, WARD_EXIT_IO);
	CHECK_EQ(g.run->gprs[WARD_RCX], 3);
	g.run->gprs[WARD_RCX] = 0;
	g.run->gprs[WARD_RSI] += 3;
	g.run->insn_bytes = 2;
	g.run->commit = WARD_COMMIT_GPRS | WARD_COMMIT_SKIP;
	guest_expect(&g, WARD_EXIT_HALT);
	CHECK_EQ(g.run->gprs[WARD_RSI], 0x20003);
	guest_expect(&g, WARD_EXIT_IO);
	CHECK_EQ(g.run->io.string, 1);
	CHECK_EQ(g.run->io.rep, 0);
	CHECK_EQ(g.run->io.in, 1);
	CHECK_EQ(g.run->io.bytes, 4);
}

GUEST_CODE(selector, 32,
	"mov $0x38, %eax\n"
	"mov %eax, %ds\n"
	"hlt\n");

GUEST_CODE(limit, 32,
	"mov 0x1000, %eax\n"
	"hlt\n");

static void faults(void)
{
	struct guest g;

	guest_make(&g, 0);
	/* The error code is what the guest's CPU pushes, not we. */
	guest_code_protected(&g, selector);
	guest_expect_vector(&g, 13);
	CHECK_EQ(*(__u32 *)(g.ram + GUEST_STACK - 16), 0x38);
	CHECK_EQ(*(__u32 *)(g.ram + GUEST_STACK - 12), GUEST_CODE_AT + 5);

	guest_code_protected(&g, limit);
	set_segment(&g, WARD_DS, DATA32, 0, 0xfff, 0x4093);
	guest_expect_vector(&g, 13);
	CHECK_EQ(*(__u32 *)(g.ram + GUEST_STACK - 16), 0);
}

/* ------------------------------------------------------------------- paging */

/* EBX: CR3, EDX: bits for CR4; the address 0x00c00000 is the data page. */
GUEST_CODE(paging, 32,
	"mov %cr4, %eax\n"
	"or %edx, %eax\n"
	"mov %eax, %cr4\n"
	"mov %ebx, %cr3\n"
	"mov %cr0, %eax\n"
	"or $0x80010000, %eax\n"
	"mov %eax, %cr0\n"
	"jmp 1f\n"
	"1: mov $0x00c00000, %esi\n"
	"incl (%esi)\n"
	"mov (%esi), %edi\n"
	"hlt\n"
	"mov %ebx, %cr3\n"
	"mov (%esi), %edi\n"
	"hlt\n"
	"movb $1, 0x00d00000\n"
	"hlt\n");

static void run_paging(struct guest *g, __u32 cr3, __u32 cr4, volatile __u32 *entry, __u32 other)
{
	guest_code_protected(g, paging);
	set_reg(g, GPR(WARD_RBX), cr3);
	set_reg(g, GPR(WARD_RDX), cr4);
	*guest_u64(g, GUEST_DATA) = 41;
	*guest_u64(g, GUEST_DATA + PAGE) = 777;
	guest_expect(g, WARD_EXIT_HALT);
	CHECK_EQ(g->run->gprs[WARD_RDI], 42);
	CHECK_EQ(*guest_u64(g, GUEST_DATA), 42);
	CHECK_EQ(g->run->cr3, cr3);
	CHECK_EQ(g->run->cr4 & 0x30, cr4);
	CHECK_EQ(*entry & 0x60, 0x60);			/* accessed, dirty */
	/* Another page there, seen after the guest loaded CR3. */
	*entry = other;
	guest_expect(g, WARD_EXIT_HALT);
	CHECK_EQ(g->run->gprs[WARD_RDI], 777);
	/* Not present: a page fault of the guest's own. */
	guest_expect_vector(g, 14);
	CHECK_EQ(g->run->cr2, 0xd00000);
	CHECK_EQ(*(__u32 *)(g->ram + GUEST_STACK - 16), 2);
}

static void paging_32(void)
{
	struct guest g;
	__u32 *table;
	int i;

	guest_make(&g, 0);
	table = (__u32 *)(g.ram + 0x100000);
	table[0] = 0x101000 | 7;
	table[3] = 0x102000 | 7;
	for (i = 0; i < 1024; i++)
		table[1024 + i] = i * PAGE | 7;
	table[2048] = GUEST_DATA | 7;
	run_paging(&g, 0x100000, 0, &table[2048], (GUEST_DATA + PAGE) | 7);
}

static void paging_4m(void)
{
	struct guest g;
	__u32 *table, entry = 0x80 | 7 | 0x60;

	guest_make(&g, 0);
	table = (__u32 *)(g.ram + 0x100000);
	table[0] = 0x80 | 7;
	table[3] = 0x102000 | 7;
	table[2048] = GUEST_DATA | 7;
	run_paging(&g, 0x100000, 0x10, &table[2048], (GUEST_DATA + PAGE) | 7);
	CHECK_EQ(table[0] & 0x60, entry & 0x60);
}

static void paging_pae(void)
{
	struct guest g;
	__u64 *pdpt, *pd, *pt;

	guest_make(&g, 0);
	pdpt = guest_u64(&g, 0x100020);		/* aligned to 32 bytes only */
	pd = guest_u64(&g, 0x101000);
	pt = guest_u64(&g, 0x102000);
	pdpt[0] = 0x101000 | 1;
	pd[0] = 0x80 | 7;
	pd[6] = 0x102000 | 7;
	pt[0] = GUEST_DATA | 7;
	run_paging(&g, 0x100020, 0x20, (__u32 *)&pt[0], (GUEST_DATA + PAGE) | 7);

	/* Reserved bits in a directory pointer: MOV to CR3 faults. */
	guest_free(&g);
	guest_make(&g, 0);
	pdpt = guest_u64(&g, 0x100020);
	pd = guest_u64(&g, 0x101000);
	pd[0] = 0x80 | 7;
	pdpt[0] = 0x101000 | 1;
	pdpt[1] = 0x101000 | 1 | 2;
	guest_code_protected(&g, paging);
	set_reg(&g, GPR(WARD_RBX), 0x100020);
	set_reg(&g, GPR(WARD_RDX), 0x20);
	guest_expect_vector(&g, 13);
}

/* The same, with paging set up from outside: registers fit the first entry. */
GUEST_CODE(load, 32,
	"mov 0x00c00000, %eax\n"
	"hlt\n");

static void paging_pae_from_outside(void)
{
	struct guest g;
	__u64 *pdpt, *pd, *pt;

	guest_make(&g, 0);
	guest_code_protected(&g, load);
	pdpt = guest_u64(&g, 0x100020);
	pd = guest_u64(&g, 0x101000);
	pt = guest_u64(&g, 0x102000);
	pdpt[0] = 0x101000 | 1;
	pd[0] = 0x80 | 7;
	pd[6] = 0x102000 | 7;
	pt[0] = GUEST_DATA | 7;
	*guest_u64(&g, GUEST_DATA) = 0x5151;
	set_reg(&g, CR(3), 0x100020);
	set_reg(&g, CR(4), 0x20);
	set_reg(&g, CR(0), 0x80000011);
	guest_expect(&g, WARD_EXIT_HALT);
	CHECK_EQ(g.run->gprs[WARD_RAX], 0x5151);
}

/* -------------------------------------------------------------------- the rest */

GUEST_CODE(task, 32,
	"ljmp $0x28, $0\n"
	"hlt\n");

/* Nobody handles it: the raw part says what happened. */
static void task_switch(void)
{
	struct guest g;

	guest_make(&g, 0);
	guest_code_protected(&g, task);
	*guest_u64(&g, GUEST_GDT + 0x20) = 0x00008b00a0000067;	/* busy, at GUEST_TSS */
	*guest_u64(&g, GUEST_GDT + 0x28) = 0x00008900a8000067;
	set_reg(&g, TABLE(1), 0x2f);
	set_segment(&g, WARD_TR, 0x20, GUEST_TSS, 0x67, 0x8b);
	guest_expect(&g, WARD_EXIT_UNHANDLED);
	CHECK_EQ(g.run->vendor, WARD_VENDOR_VMX);
	CHECK_EQ(g.run->raw.vmx.reason, 9);
	CHECK_EQ(g.run->raw.vmx.qualification & 0xffff, 0x28);
	CHECK_EQ(g.run->gprs[WARD_RIP], GUEST_CODE_AT);
}

GUEST_CODE(wraps, 32,
	"jmp . + 2\n"
	"hlt\n");

/* CPUID as the last instruction below 4 GiB: EIP goes on at 0. */
static void eip_wraps(void)
{
	static const unsigned char end[] = { 0x0f, 0xa2 }, start[] = { 0xf4 };
	struct guest g;
	char *top;

	guest_make(&g, 0);
	guest_code_protected(&g, wraps);
	top = make_memory(PAGE);
	REQUIRE_EQ(map_one(g.vm, map_add(0xfffff000, PAGE, top, WARD_PROT_ALL)), 0);
	memcpy(top + 0xffe, end, sizeof(end));
	memcpy(g.ram, start, sizeof(start));
	set_reg(&g, GPR(WARD_RAX), 0);
	set_reg(&g, GPR(WARD_RIP), 0xfffffffe);
	guest_expect(&g, WARD_EXIT_HALT);
	CHECK_EQ(g.run->gprs[WARD_RIP], 1);
}

static const struct test tests[] = {
	{ "computes", computes },
	{ "port_io", port_io },
	{ "string_io", string_io },
	{ "faults", faults },
	{ "paging_32", paging_32 },
	{ "paging_4m", paging_4m },
	{ "paging_pae", paging_pae },
	{ "paging_pae_from_outside", paging_pae_from_outside },
	{ "task_switch", task_switch },
	{ "eip_wraps", eip_wraps },
};

TEST_MAIN(tests)
