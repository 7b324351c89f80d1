// SPDX-License-Identifier: GPL-2.0-only
/*
 * decode_test.c - instructions as bytes against what the SDM's volume 2 says of
 * them: length, address, segment, operand, and the register afterwards.
 */
#include <kunit/test.h>
#include <linux/string.h>
#include "vmx/decode.h"
#include "ward.h"

#define RIP		0xffffffff81000000ull

/* What each register holds: all bytes differ, and from those of the others. */
#define G(reg)		(0x80a0c0e010305070ull + (WARD_##reg + 1) * 0x0102030405060708ull)

static u64 gprs[VMX_DECODE_GPRS];

static int decode_init(struct kunit *test)
{
	for (unsigned int i = 0; i < VMX_DECODE_GPRS; i++)
		gprs[i] = 0x80a0c0e010305070ull + (i + 1) * 0x0102030405060708ull;
	return 0;
}

struct row {
	const char *name;
	unsigned int code_bits;
	u8 insn[VMX_DECODE_BYTES];
	struct vmx_decoded out;
};

#define STORE(r, l, b, e, v, s)						\
	{ .ea = (e), .value = (v), .segment = WARD_##s, .length = (l), .bytes = (b),	\
	  .write = true, .reg = WARD_##r, .reg_bytes = (b) }
#define LOAD(r, l, b, e, s)						\
	{ .ea = (e), .segment = WARD_##s, .length = (l), .bytes = (b), .reg = WARD_##r,	\
	  .reg_bytes = (b) }
#define EXTEND(r, rb, l, b, e, sign)					\
	{ .ea = (e), .segment = WARD_DS, .length = (l), .bytes = (b), .reg = WARD_##r,	\
	  .reg_bytes = (rb), .sign_extend = (sign) }
#define IMMEDIATE(l, b, e, v)						\
	{ .ea = (e), .value = (v), .segment = WARD_DS, .length = (l), .bytes = (b), .write = true }

static const struct row rows[] = {
	/* The opcodes */
	{ "mov [rax], cl", 64, { 0x88, 0x08 }, STORE(RCX, 2, 1, G(RAX), (u8)G(RCX), DS) },
	{ "mov [rax], ecx", 64, { 0x89, 0x08 }, STORE(RCX, 2, 4, G(RAX), (u32)G(RCX), DS) },
	{ "mov [rax], cx", 64, { 0x66, 0x89, 0x08 }, STORE(RCX, 3, 2, G(RAX), (u16)G(RCX), DS) },
	{ "mov [rax], rcx", 64, { 0x48, 0x89, 0x08 }, STORE(RCX, 3, 8, G(RAX), G(RCX), DS) },
	{ "mov dl, [rbx]", 64, { 0x8a, 0x13 }, LOAD(RDX, 2, 1, G(RBX), DS) },
	{ "mov edx, [rbx]", 64, { 0x8b, 0x13 }, LOAD(RDX, 2, 4, G(RBX), DS) },
	{ "mov dx, [rbx]", 64, { 0x66, 0x8b, 0x13 }, LOAD(RDX, 3, 2, G(RBX), DS) },
	{ "mov rdx, [rbx]", 64, { 0x48, 0x8b, 0x13 }, LOAD(RDX, 3, 8, G(RBX), DS) },
	{ "movzx ecx, byte [rax]", 64, { 0x0f, 0xb6, 0x08 }, EXTEND(RCX, 4, 3, 1, G(RAX), false) },
	{ "movzx ecx, word [rax]", 64, { 0x0f, 0xb7, 0x08 }, EXTEND(RCX, 4, 3, 2, G(RAX), false) },
	{ "movsx ecx, byte [rax]", 64, { 0x0f, 0xbe, 0x08 }, EXTEND(RCX, 4, 3, 1, G(RAX), true) },
	{ "movsx rcx, word [rax]", 64, { 0x48, 0x0f, 0xbf, 0x08 }, EXTEND(RCX, 8, 4, 2, G(RAX), true) },
	{ "movzx cx, byte [rax]", 64, { 0x66, 0x0f, 0xb6, 0x08 }, EXTEND(RCX, 2, 4, 1, G(RAX), false) },
	{ "movsxd rcx, dword [rax]", 64, { 0x48, 0x63, 0x08 }, EXTEND(RCX, 8, 3, 4, G(RAX), true) },
	{ "movsxd ecx, dword [rax]", 64, { 0x63, 0x08 }, EXTEND(RCX, 4, 2, 4, G(RAX), true) },
	{ "movsxd cx, word [rax]", 64, { 0x66, 0x63, 0x08 }, EXTEND(RCX, 2, 3, 2, G(RAX), true) },
	{ "mov byte [rax], -1", 64, { 0xc6, 0x00, 0xff }, IMMEDIATE(3, 1, G(RAX), 0xff) },
	{ "mov word [rax], 0x8123", 64, { 0x66, 0xc7, 0x00, 0x23, 0x81 }, IMMEDIATE(5, 2, G(RAX), 0x8123) },
	{ "mov dword [rax], imm", 64, { 0xc7, 0x00, 0x78, 0x56, 0x34, 0x92 },
	  IMMEDIATE(6, 4, G(RAX), 0x92345678) },
	{ "mov qword [rax], imm sign-extended", 64, { 0x48, 0xc7, 0x00, 0x78, 0x56, 0x34, 0x92 },
	  IMMEDIATE(7, 8, G(RAX), 0xffffffff92345678) },
	{ "mov al, [moffs64]", 64, { 0xa0, 1, 2, 3, 4, 5, 6, 7, 8 }, LOAD(RAX, 9, 1, 0x0807060504030201, DS) },
	{ "mov eax, [moffs64]", 64, { 0xa1, 1, 2, 3, 4, 5, 6, 7, 8 }, LOAD(RAX, 9, 4, 0x0807060504030201, DS) },
	{ "mov [moffs64], rax", 64, { 0x48, 0xa3, 1, 2, 3, 4, 5, 6, 7, 8 },
	  STORE(RAX, 10, 8, 0x0807060504030201, G(RAX), DS) },
	{ "mov [moffs64], al", 64, { 0xa2, 1, 2, 3, 4, 5, 6, 7, 8 },
	  STORE(RAX, 9, 1, 0x0807060504030201, (u8)G(RAX), DS) },
	{ "mov eax, [moffs32] by prefix", 64, { 0x67, 0xa1, 1, 2, 3, 0x84 }, LOAD(RAX, 6, 4, 0x84030201, DS) },
	{ "mov eax, [moffs32]", 32, { 0xa1, 1, 2, 3, 0x84 }, LOAD(RAX, 5, 4, 0x84030201, DS) },
	{ "mov ax, [moffs16]", 16, { 0xa1, 1, 0x82 }, LOAD(RAX, 3, 2, 0x8201, DS) },

	/* Registers */
	{ "mov [rax], spl with REX", 64, { 0x40, 0x88, 0x20 }, STORE(RSP, 3, 1, G(RAX), (u8)G(RSP), DS) },
	{ "mov [r8], r9d", 64, { 0x45, 0x89, 0x08 }, STORE(R9, 3, 4, G(R8), (u32)G(R9), DS) },
	{ "mov r15, [rax]", 64, { 0x4c, 0x8b, 0x38 }, LOAD(R15, 3, 8, G(RAX), DS) },
	{ "mov eax, [r15]", 64, { 0x41, 0x8b, 0x07 }, LOAD(RAX, 3, 4, G(R15), DS) },
	{ "REX before 66 does not count", 64, { 0x48, 0x66, 0x89, 0x08 },
	  STORE(RCX, 4, 2, G(RAX), (u16)G(RCX), DS) },
	{ "REX.W beats 66", 64, { 0x66, 0x48, 0x89, 0x08 }, STORE(RCX, 4, 8, G(RAX), G(RCX), DS) },
	{ "the last REX counts", 64, { 0x48, 0x44, 0x89, 0x08 }, STORE(R9, 4, 4, G(RAX), (u32)G(R9), DS) },

	/* Addresses, 64 and 32 bits */
	{ "[rax + disp8]", 64, { 0x8b, 0x40, 0xf0 }, LOAD(RAX, 3, 4, G(RAX) - 16, DS) },
	{ "[rax + disp32]", 64, { 0x8b, 0x80, 0, 0, 0, 0x80 }, LOAD(RAX, 6, 4, G(RAX) - 0x80000000ull, DS) },
	{ "[rip + disp32]", 64, { 0x8b, 0x05, 4, 0, 0, 0 }, LOAD(RAX, 6, 4, RIP + 6 + 4, DS) },
	{ "[rip - disp32], with an immediate behind", 64, { 0xc7, 0x05, 0xf0, 0xff, 0xff, 0xff, 1, 0, 0, 0 },
	  IMMEDIATE(10, 4, RIP + 10 - 16, 1) },
	{ "[eip + disp32]", 64, { 0x67, 0x8b, 0x05, 4, 0, 0, 0 }, LOAD(RAX, 7, 4, (u32)(RIP + 7 + 4), DS) },
	{ "[disp32] without RIP", 64, { 0x8b, 0x04, 0x25, 0, 0, 0, 0x80 },
	  LOAD(RAX, 7, 4, 0xffffffff80000000, DS) },
	{ "[disp32] in 32-bit code", 32, { 0x8b, 0x05, 0, 0, 0, 0x80 }, LOAD(RAX, 6, 4, 0x80000000, DS) },
	{ "[eax] by prefix", 64, { 0x67, 0x8b, 0x00 }, LOAD(RAX, 3, 4, (u32)G(RAX), DS) },
	{ "[eax]", 32, { 0x8b, 0x00 }, LOAD(RAX, 2, 4, (u32)G(RAX), DS) },
	{ "[rbx + rcx * 4]", 64, { 0x8b, 0x04, 0x8b }, LOAD(RAX, 3, 4, G(RBX) + G(RCX) * 4, DS) },
	{ "[rbx + rcx * 8 + disp8]", 64, { 0x8b, 0x44, 0xcb, 0x7f }, LOAD(RAX, 4, 4, G(RBX) + G(RCX) * 8 + 127, DS) },
	{ "[rbx + rcx * 2 + disp32]", 64, { 0x8b, 0x84, 0x4b, 1, 0, 0, 0 },
	  LOAD(RAX, 7, 4, G(RBX) + G(RCX) * 2 + 1, DS) },
	{ "[rbx + r12]", 64, { 0x42, 0x8b, 0x04, 0x23 }, LOAD(RAX, 4, 4, G(RBX) + G(R12), DS) },
	{ "[rcx * 4 + disp32] without base", 64, { 0x8b, 0x04, 0x8d, 0x10, 0, 0, 0 },
	  LOAD(RAX, 7, 4, G(RCX) * 4 + 16, DS) },
	{ "[r13 + 0]", 64, { 0x41, 0x8b, 0x45, 0 }, LOAD(RAX, 4, 4, G(R13), DS) },
	{ "[r13 + rax * 1 + disp8]", 64, { 0x41, 0x8b, 0x44, 0x05, 1 }, LOAD(RAX, 5, 4, G(R13) + G(RAX) + 1, DS) },
	{ "[r12] takes a SIB", 64, { 0x41, 0x8b, 0x04, 0x24 }, LOAD(RAX, 4, 4, G(R12), DS) },

	/* Segments */
	{ "[rsp] is in SS", 64, { 0x8b, 0x04, 0x24 }, LOAD(RAX, 3, 4, G(RSP), SS) },
	{ "[rbp + 0] is in SS", 64, { 0x8b, 0x45, 0 }, LOAD(RAX, 3, 4, G(RBP), SS) },
	{ "[rbp + rcx + 0] is in SS", 64, { 0x8b, 0x44, 0x0d, 0 }, LOAD(RAX, 4, 4, G(RBP) + G(RCX), SS) },
	{ "[rcx + rbp] is in DS", 64, { 0x8b, 0x04, 0x29 }, LOAD(RAX, 3, 4, G(RCX) + G(RBP), DS) },
	{ "[r12] is in DS", 64, { 0x41, 0x8b, 0x04, 0x24 }, LOAD(RAX, 4, 4, G(R12), DS) },
	{ "fs: [rax]", 64, { 0x64, 0x8b, 0x00 }, LOAD(RAX, 3, 4, G(RAX), FS) },
	{ "gs: [rax]", 64, { 0x65, 0x8b, 0x00 }, LOAD(RAX, 3, 4, G(RAX), GS) },
	{ "es: means nothing in 64-bit code", 64, { 0x26, 0x8b, 0x00 }, LOAD(RAX, 3, 4, G(RAX), DS) },
	{ "gs: stays in force before es:", 64, { 0x65, 0x26, 0x8b, 0x00 }, LOAD(RAX, 4, 4, G(RAX), GS) },
	{ "es: [eax]", 32, { 0x26, 0x8b, 0x00 }, LOAD(RAX, 3, 4, (u32)G(RAX), ES) },
	{ "cs: [eax]", 32, { 0x2e, 0x8b, 0x00 }, LOAD(RAX, 3, 4, (u32)G(RAX), CS) },
	{ "ss: [eax]", 32, { 0x36, 0x8b, 0x00 }, LOAD(RAX, 3, 4, (u32)G(RAX), SS) },
	{ "ds: [ebp + 0]", 32, { 0x3e, 0x8b, 0x45, 0 }, LOAD(RAX, 4, 4, (u32)G(RBP), DS) },
	{ "the last segment counts", 32, { 0x26, 0x64, 0x8b, 0x00 }, LOAD(RAX, 4, 4, (u32)G(RAX), FS) },

	/* 16 bits */
	{ "[bx + si]", 16, { 0x8b, 0x00 }, LOAD(RAX, 2, 2, (u16)(G(RBX) + G(RSI)), DS) },
	{ "[bx + di]", 16, { 0x8b, 0x01 }, LOAD(RAX, 2, 2, (u16)(G(RBX) + G(RDI)), DS) },
	{ "[bp + si]", 16, { 0x8b, 0x02 }, LOAD(RAX, 2, 2, (u16)(G(RBP) + G(RSI)), SS) },
	{ "[bp + di]", 16, { 0x8b, 0x03 }, LOAD(RAX, 2, 2, (u16)(G(RBP) + G(RDI)), SS) },
	{ "[si]", 16, { 0x8b, 0x04 }, LOAD(RAX, 2, 2, (u16)G(RSI), DS) },
	{ "[di]", 16, { 0x8b, 0x05 }, LOAD(RAX, 2, 2, (u16)G(RDI), DS) },
	{ "[disp16]", 16, { 0x8b, 0x06, 0x34, 0x92 }, LOAD(RAX, 4, 2, 0x9234, DS) },
	{ "[bx]", 16, { 0x8b, 0x07 }, LOAD(RAX, 2, 2, (u16)G(RBX), DS) },
	{ "[bp + disp8]", 16, { 0x8b, 0x46, 0xff }, LOAD(RAX, 3, 2, (u16)(G(RBP) - 1), SS) },
	{ "[bx + disp16]", 16, { 0x8b, 0x87, 0x00, 0x80 }, LOAD(RAX, 4, 2, (u16)(G(RBX) + 0x8000), DS) },
	{ "mov eax, [bx] by prefix", 16, { 0x66, 0x8b, 0x07 }, LOAD(RAX, 3, 4, (u16)G(RBX), DS) },
	{ "mov ax, [ebx] by prefix", 16, { 0x67, 0x8b, 0x03 }, LOAD(RAX, 3, 2, (u32)G(RBX), DS) },
	{ "mov ax, [bx] in 32-bit code", 32, { 0x66, 0x67, 0x8b, 0x07 }, LOAD(RAX, 4, 2, (u16)G(RBX), DS) },
};

static void row_name(const struct row *row, char *text)
{
	snprintf(text, KUNIT_PARAM_DESC_SIZE, "%u bits, %s", row->code_bits, row->name);
}

KUNIT_ARRAY_PARAM(row, rows, row_name);

static void expect_decoded(struct kunit *test, const struct vmx_decoded *is,
			   const struct vmx_decoded *wanted)
{
	KUNIT_EXPECT_EQ(test, is->ea, wanted->ea);
	KUNIT_EXPECT_EQ(test, is->value, wanted->value);
	KUNIT_EXPECT_EQ(test, is->segment, wanted->segment);
	KUNIT_EXPECT_EQ(test, is->length, wanted->length);
	KUNIT_EXPECT_EQ(test, is->bytes, wanted->bytes);
	KUNIT_EXPECT_EQ(test, is->write, wanted->write);
	KUNIT_EXPECT_EQ(test, is->high_byte, wanted->high_byte);
	if (wanted->write)
		return;
	KUNIT_EXPECT_EQ(test, is->reg, wanted->reg);
	KUNIT_EXPECT_EQ(test, is->reg_bytes, wanted->reg_bytes);
	KUNIT_EXPECT_EQ(test, is->sign_extend, wanted->sign_extend);
}

/* Byte by byte, as a fetch that meets the end of a page after page gives them. */
static void decode(struct kunit *test)
{
	const struct row *row = test->param_value;
	struct vmx_decoded out;

	for (unsigned int count = 0; count < row->out.length; count++)
		KUNIT_EXPECT_EQ_MSG(test, vmx_decode(row->insn, count, row->code_bits, gprs, RIP, &out),
				    -EAGAIN, "%u bytes", count);
	KUNIT_ASSERT_EQ(test, vmx_decode(row->insn, row->out.length, row->code_bits, gprs, RIP, &out), 0);
	expect_decoded(test, &out, &row->out);
	memset(&out, 0, sizeof(out));
	KUNIT_ASSERT_EQ(test, vmx_decode(row->insn, VMX_DECODE_BYTES, row->code_bits, gprs, RIP, &out), 0);
	expect_decoded(test, &out, &row->out);
}

static void high_bytes(struct kunit *test)
{
	static const u64 values[] = { G(RAX), G(RCX), G(RDX), G(RBX) };
	struct vmx_decoded out;

	for (u8 reg = 4; reg < 8; reg++) {
		const u8 write[] = { 0x88, reg << 3 };
		const u8 read[] = { 0x8a, reg << 3 };

		KUNIT_ASSERT_EQ(test, vmx_decode(write, 2, 64, gprs, RIP, &out), 0);
		KUNIT_EXPECT_EQ(test, out.value, values[reg - 4] >> 8 & 0xff);
		KUNIT_ASSERT_EQ(test, vmx_decode(read, 2, 64, gprs, RIP, &out), 0);
		KUNIT_EXPECT_TRUE(test, out.high_byte);
		KUNIT_EXPECT_EQ(test, out.reg, (u8)(reg - 4));
		vmx_decode_store(&out, gprs, 0x5a);
		KUNIT_EXPECT_EQ(test, gprs[reg - 4], (values[reg - 4] & ~0xff00ull) | 0x5a00);
	}
}

/* --------------------------------------------------------------- refusals */

struct refusal {
	const char *name;
	unsigned int code_bits;
	u8 insn[VMX_DECODE_BYTES];
};

static const struct refusal refusals[] = {
	{ "lock", 64, { 0xf0, 0x89, 0x08 } },
	{ "repne", 64, { 0xf2, 0x89, 0x08 } },
	{ "rep movsb", 64, { 0xf3, 0xa4 } },
	{ "movsb", 64, { 0xa4 } },
	{ "add [rax], ecx", 64, { 0x01, 0x08 } },
	{ "xchg [rax], ecx", 64, { 0x87, 0x08 } },
	{ "mov [rax], es", 64, { 0x8c, 0x00 } },
	{ "lea", 64, { 0x8d, 0x00 } },
	{ "mov ecx, eax", 64, { 0x89, 0xc1 } },
	{ "movzx ecx, al", 64, { 0x0f, 0xb6, 0xc8 } },
	{ "movsxd rcx, eax", 64, { 0x48, 0x63, 0xc8 } },
	{ "arpl", 32, { 0x63, 0x08 } },
	{ "mov byte r, imm", 64, { 0xc6, 0xc0, 1 } },
	{ "group 11, not mov, 8 bits", 64, { 0xc6, 0x08, 1 } },
	{ "group 11, not mov", 64, { 0xc7, 0x38, 1, 2, 3, 4 } },
	{ "popcnt, without its prefix", 64, { 0x0f, 0xb8, 0x08 } },
	{ "btc", 64, { 0x0f, 0xbb, 0x08 } },
	{ "movups", 64, { 0x0f, 0x10, 0x08 } },
	{ "dec eax is no REX", 32, { 0x48, 0x89, 0x08 } },
	{ "nop", 64, { 0x90 } },
};

static void refusal_name(const struct refusal *refusal, char *text)
{
	snprintf(text, KUNIT_PARAM_DESC_SIZE, "%u bits, %s", refusal->code_bits, refusal->name);
}

KUNIT_ARRAY_PARAM(refusal, refusals, refusal_name);

static void refuse(struct kunit *test)
{
	const struct refusal *refusal = test->param_value;
	struct vmx_decoded out;

	KUNIT_EXPECT_EQ(test, vmx_decode(refusal->insn, VMX_DECODE_BYTES, refusal->code_bits, gprs, RIP,
					 &out), -EOPNOTSUPP);
}

/* 15 bytes are an instruction, 16 are none, and nobody fetches more. */
static void too_long(struct kunit *test)
{
	struct vmx_decoded out;
	u8 insn[32];

	memset(insn, 0x66, sizeof(insn));
	insn[13] = 0x8b;
	insn[14] = 0x00;
	KUNIT_EXPECT_EQ(test, vmx_decode(insn, sizeof(insn), 64, gprs, RIP, &out), 0);
	KUNIT_EXPECT_EQ(test, out.length, (u8)15);
	KUNIT_EXPECT_EQ(test, vmx_decode(insn, 14, 64, gprs, RIP, &out), -EAGAIN);

	insn[13] = 0x66;
	insn[14] = 0x8b;
	KUNIT_EXPECT_EQ(test, vmx_decode(insn, sizeof(insn), 64, gprs, RIP, &out), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, vmx_decode(insn, 15, 64, gprs, RIP, &out), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, vmx_decode(insn, 14, 64, gprs, RIP, &out), -EAGAIN);
}

/* ------------------------------------------------------------------- store */

struct store {
	const char *name;
	struct vmx_decoded d;
	u64 data, result;
};

#define OLD	G(RDX)

static const struct store stores[] = {
	{ "8 bits leave the rest", { .bytes = 1, .reg_bytes = 1 }, 0xabcdef, (OLD & ~0xffull) | 0xef },
	{ "16 bits leave the rest", { .bytes = 2, .reg_bytes = 2 }, 0xabcdef, (OLD & ~0xffffull) | 0xcdef },
	{ "32 bits clear the rest", { .bytes = 4, .reg_bytes = 4 }, 0x1ffffffffull, 0xffffffff },
	{ "64 bits", { .bytes = 8, .reg_bytes = 8 }, 0xfedcba9876543210, 0xfedcba9876543210 },
	{ "zero-extended to 32", { .bytes = 1, .reg_bytes = 4 }, 0x1ff, 0xff },
	{ "zero-extended to 16", { .bytes = 1, .reg_bytes = 2 }, 0x1ff, (OLD & ~0xffffull) | 0xff },
	{ "zero-extended to 64", { .bytes = 2, .reg_bytes = 8 }, 0x18000, 0x8000 },
	{ "sign-extended to 16", { .bytes = 1, .reg_bytes = 2, .sign_extend = true }, 0x80,
	  (OLD & ~0xffffull) | 0xff80 },
	{ "sign-extended to 32", { .bytes = 2, .reg_bytes = 4, .sign_extend = true }, 0x8000, 0xffff8000 },
	{ "sign-extended to 64", { .bytes = 4, .reg_bytes = 8, .sign_extend = true }, 0x80000000,
	  0xffffffff80000000 },
	{ "sign-extended, positive", { .bytes = 1, .reg_bytes = 8, .sign_extend = true }, 0xf7f, 0x7f },
	{ "high byte", { .bytes = 1, .reg_bytes = 1, .high_byte = true }, 0x1a5, (OLD & ~0xff00ull) | 0xa500 },
	{ "a write stores nothing", { .bytes = 4, .reg_bytes = 4, .write = true }, 0, OLD },
};

static void store_name(const struct store *store, char *text)
{
	strscpy(text, store->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(store, stores, store_name);

static void store(struct kunit *test)
{
	const struct store *row = test->param_value;
	struct vmx_decoded d = row->d;

	d.reg = WARD_RDX;
	vmx_decode_store(&d, gprs, row->data);
	KUNIT_EXPECT_EQ(test, gprs[WARD_RDX], row->result);
	KUNIT_EXPECT_EQ(test, gprs[WARD_RCX], G(RCX));
	KUNIT_EXPECT_EQ(test, gprs[WARD_RBX], G(RBX));
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(decode, row_gen_params),
	KUNIT_CASE(high_bytes),
	KUNIT_CASE_PARAM(refuse, refusal_gen_params),
	KUNIT_CASE(too_long),
	KUNIT_CASE_PARAM(store, store_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "ward_decode",
	.init = decode_init,
	.test_cases = cases,
};

kunit_test_suite(suite);
