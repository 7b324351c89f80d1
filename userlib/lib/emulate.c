// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * emulate.c - instructions that touch devices and that the kernel does not
 * decode: read-modify-write, string and bit instructions on device memory,
 * and INS/OUTS.
 *
 * Zydis decodes; a table maps its mnemonics to a handful of handlers. All
 * work is done on a copy of the registers and committed at the end. What the
 * table lacks is -ENOTSUP with the instruction written out. A LOCK prefix
 * is accepted and means nothing to a device.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "insn.h"

/* Of IDT-vectoring information: an event was being delivered. */
#define VECTORING_VALID	(1u << 31)

/* Where an operand is. */
struct place {
	enum { PLACE_REGISTER, PLACE_MEMORY, PLACE_IMMEDIATE } kind;
	__u32 bytes;
	ZydisRegister reg;
	__u64 immediate;
	struct span span;
};

/* ------------------------------------------------------------- registers */

int ward_find_gpr(ZydisRegister reg, unsigned int *shift)
{
	ZydisRegister whole;

	*shift = 0;
	if (reg >= ZYDIS_REGISTER_AH && reg <= ZYDIS_REGISTER_BH) {
		*shift = 8;
		return reg - ZYDIS_REGISTER_AH;
	}
	switch (ZydisRegisterGetClass(reg)) {
	case ZYDIS_REGCLASS_GPR8:
	case ZYDIS_REGCLASS_GPR16:
	case ZYDIS_REGCLASS_GPR32:
	case ZYDIS_REGCLASS_GPR64:
		whole = ZydisRegisterGetLargestEnclosing(
				ZYDIS_MACHINE_MODE_LONG_64, reg);
		return ZydisRegisterGetId(whole);
	default:
		return -ENOTSUP;
	}
}

static __u64 get_register(const struct emulator *e, ZydisRegister reg,
			  __u32 bytes)
{
	unsigned int shift;
	int which = ward_find_gpr(reg, &shift);

	return which < 0 ? 0 : cut(e->regs[which] >> shift, bytes);
}

void ward_set_gpr(struct emulator *e, int which, __u64 value, __u32 bytes,
		    unsigned int shift)
{
	__u64 mask = bytes >= 4 ? ~0ull : cut(~0ull, bytes) << shift;

	e->regs[which] = (e->regs[which] & ~mask) |
			 (cut(value, bytes) << shift & mask);
}

static void set_register(struct emulator *e, ZydisRegister reg, __u64 value,
			 __u32 bytes)
{
	unsigned int shift;
	int which = ward_find_gpr(reg, &shift);

	if (which >= 0)
		ward_set_gpr(e, which, value, bytes, shift);
}

/* -------------------------------------------------------------- operands */

int ward_segment_of(ZydisRegister reg)
{
	switch (reg) {
	case ZYDIS_REGISTER_ES:
		return WARD_ES;
	case ZYDIS_REGISTER_CS:
		return WARD_CS;
	case ZYDIS_REGISTER_SS:
		return WARD_SS;
	case ZYDIS_REGISTER_FS:
		return WARD_FS;
	case ZYDIS_REGISTER_GS:
		return WARD_GS;
	default:
		return WARD_DS;
	}
}

static __u64 effective_address(const struct insn *in,
			       const ZydisDecodedOperandMem *mem)
{
	__u32 bytes = in->info.address_width / 8;
	__u64 address = (__u64)mem->disp.value;

	if (mem->base == ZYDIS_REGISTER_RIP || mem->base == ZYDIS_REGISTER_EIP)
		address += in->e->regs[WARD_RIP] + in->info.length;
	else if (mem->base != ZYDIS_REGISTER_NONE)
		address += get_register(in->e, mem->base, bytes);
	if (mem->index != ZYDIS_REGISTER_NONE)
		address += get_register(in->e, mem->index, bytes) * mem->scale;
	return cut(address, bytes);
}

/* @offset is added to a memory operand's address: for bit strings. */
static int prepare(struct insn *in, int index, __u32 access, __s64 offset,
		   struct place *place)
{
	const ZydisDecodedOperand *operand = &in->operands[index];
	unsigned int shift;

	memset(place, 0, sizeof(*place));
	place->bytes = operand->size / 8;
	switch (operand->type) {
	case ZYDIS_OPERAND_TYPE_REGISTER:
		place->kind = PLACE_REGISTER;
		place->reg = operand->reg.value;
		return ward_find_gpr(place->reg, &shift) < 0 ? -ENOTSUP : 0;
	case ZYDIS_OPERAND_TYPE_IMMEDIATE:
		place->kind = PLACE_IMMEDIATE;
		place->immediate = operand->imm.value.u;
		return 0;
	case ZYDIS_OPERAND_TYPE_MEMORY:
		break;
	default:
		return -ENOTSUP;
	}
	if (operand->mem.type != ZYDIS_MEMOP_TYPE_MEM || !place->bytes ||
	    place->bytes > 8)
		return -ENOTSUP;
	place->kind = PLACE_MEMORY;
	return ward_span_resolve(in->e, ward_segment_of(operand->mem.segment),
				 cut(effective_address(in, &operand->mem) + offset,
				     in->info.address_width / 8),
				 place->bytes, access, &place->span);
}

static __u64 place_read(const struct insn *in, const struct place *place)
{
	switch (place->kind) {
	case PLACE_REGISTER:
		return get_register(in->e, place->reg, place->bytes);
	case PLACE_MEMORY:
		return ward_span_read(in->e, &place->span);
	default:
		return place->immediate;
	}
}

static void place_write(struct insn *in, const struct place *place,
			__u64 value)
{
	if (place->kind == PLACE_REGISTER)
		set_register(in->e, place->reg, value, place->bytes);
	else
		ward_span_write(in->e, &place->span, value);
}

/* Both operands of a two-operand instruction, all faults first. */
static int prepare_two(struct insn *in, __u32 access, struct place *to,
		       struct place *from)
{
	int error = prepare(in, 0, access, 0, to);

	return error ? error : prepare(in, 1, WARD_PROT_READ, 0, from);
}

/* -------------------------------------------------------------- handlers */

static int op_alu(struct insn *in, int operation)
{
	int writes = operation != ALU_CMP && operation != ALU_TEST;
	struct place to, from;
	__u64 a, b, result;
	int error;

	error = prepare_two(in, WARD_PROT_READ | (writes ? WARD_PROT_WRITE : 0),
			    &to, &from);
	if (error)
		return error;
	a = place_read(in, &to);
	b = place_read(in, &from);
	result = ward_alu(in->e, operation, a, b, to.bytes);
	if (writes)
		place_write(in, &to, result);
	return 0;
}

static int op_unary(struct insn *in, int operation)
{
	struct place to;
	int error = prepare(in, 0, WARD_PROT_READ | WARD_PROT_WRITE, 0, &to);

	if (error)
		return error;
	place_write(in, &to, ward_alu(in->e, operation, place_read(in, &to), 0,
				 to.bytes));
	return 0;
}

/* ---------------------------------------------------------------- moving */

enum { MOVE_ZERO, MOVE_SIGN };

static int op_move(struct insn *in, int how)
{
	struct place to, from;
	int error = prepare_two(in, WARD_PROT_WRITE, &to, &from);
	__u64 value;

	if (error)
		return error;
	value = place_read(in, &from);
	if (how == MOVE_SIGN)
		value = (__u64)sign_extend(value, from.bytes);
	place_write(in, &to, value);
	return 0;
}

enum { EXCHANGE, EXCHANGE_ADD, EXCHANGE_COMPARE };

/* XCHG may name its memory operand second, so both sides are read-write. */
static int op_exchange(struct insn *in, int how)
{
	const __u32 both = WARD_PROT_READ | WARD_PROT_WRITE;
	struct place to, from;
	__u64 a, b;
	int error;

	error = prepare(in, 0, both, 0, &to);
	if (!error)
		error = prepare(in, 1, both, 0, &from);
	if (error)
		return error;
	a = place_read(in, &to);
	b = place_read(in, &from);

	switch (how) {
	case EXCHANGE:
		place_write(in, &from, a);
		place_write(in, &to, b);
		return 0;
	case EXCHANGE_ADD:
		b = ward_alu(in->e, ALU_ADD, a, b, to.bytes);
		place_write(in, &from, a);
		place_write(in, &to, b);
		return 0;
	default:
		ward_alu(in->e, ALU_CMP, cut(in->e->regs[WARD_RAX], to.bytes), a,
		    to.bytes);
		if (in->e->regs[WARD_RFLAGS] & FLAG_ZF) {
			place_write(in, &to, b);
		} else {
			/* The destination is written in any case. */
			place_write(in, &to, a);
			ward_set_gpr(in->e, WARD_RAX, a, to.bytes, 0);
		}
		return 0;
	}
}

enum { BIT_TEST, BIT_SET, BIT_RESET, BIT_COMPLEMENT };

static int op_bit(struct insn *in, int how)
{
	__u32 bits = in->operands[0].size;
	struct place to, from;
	__u64 value, mask;
	__s64 bit;
	int error;

	error = prepare(in, 1, 0, 0, &from);
	if (error)
		return error;
	if (bits != 16 && bits != 32 && bits != 64)
		return -ENOTSUP;
	bit = (__s64)place_read(in, &from);
	/* A register may address any bit of a string in memory. */
	if (from.kind == PLACE_REGISTER)
		bit = sign_extend((__u64)bit, from.bytes);
	else
		bit &= bits - 1;
	error = prepare(in, 0, WARD_PROT_READ |
			(how == BIT_TEST ? 0 : WARD_PROT_WRITE),
			(bit >> __builtin_ctz(bits)) * (__s64)(bits / 8), &to);
	if (error)
		return error;

	value = place_read(in, &to);
	mask = 1ull << (bit & (bits - 1));
	in->e->regs[WARD_RFLAGS] &= ~FLAG_CF;
	if (value & mask)
		in->e->regs[WARD_RFLAGS] |= FLAG_CF;
	if (how == BIT_SET)
		value |= mask;
	else if (how == BIT_RESET)
		value &= ~mask;
	else if (how == BIT_COMPLEMENT)
		value ^= mask;
	if (how != BIT_TEST)
		place_write(in, &to, value);
	return 0;
}

/* ----------------------------------------------------------------- table */

static const struct {
	ZydisMnemonic mnemonic;
	int (*handler)(struct insn *in, int argument);
	int argument;
} table[] = {
	{ ZYDIS_MNEMONIC_MOV,		op_move,	MOVE_ZERO },
	{ ZYDIS_MNEMONIC_MOVNTI,	op_move,	MOVE_ZERO },
	{ ZYDIS_MNEMONIC_MOVZX,		op_move,	MOVE_ZERO },
	{ ZYDIS_MNEMONIC_MOVSX,		op_move,	MOVE_SIGN },
	{ ZYDIS_MNEMONIC_MOVSXD,	op_move,	MOVE_SIGN },
	{ ZYDIS_MNEMONIC_ADD,		op_alu,		ALU_ADD },
	{ ZYDIS_MNEMONIC_ADC,		op_alu,		ALU_ADC },
	{ ZYDIS_MNEMONIC_SUB,		op_alu,		ALU_SUB },
	{ ZYDIS_MNEMONIC_SBB,		op_alu,		ALU_SBB },
	{ ZYDIS_MNEMONIC_AND,		op_alu,		ALU_AND },
	{ ZYDIS_MNEMONIC_OR,		op_alu,		ALU_OR },
	{ ZYDIS_MNEMONIC_XOR,		op_alu,		ALU_XOR },
	{ ZYDIS_MNEMONIC_CMP,		op_alu,		ALU_CMP },
	{ ZYDIS_MNEMONIC_TEST,		op_alu,		ALU_TEST },
	{ ZYDIS_MNEMONIC_INC,		op_unary,	ALU_INC },
	{ ZYDIS_MNEMONIC_DEC,		op_unary,	ALU_DEC },
	{ ZYDIS_MNEMONIC_NEG,		op_unary,	ALU_NEG },
	{ ZYDIS_MNEMONIC_NOT,		op_unary,	ALU_NOT },
	{ ZYDIS_MNEMONIC_XCHG,		op_exchange,	EXCHANGE },
	{ ZYDIS_MNEMONIC_XADD,		op_exchange,	EXCHANGE_ADD },
	{ ZYDIS_MNEMONIC_CMPXCHG,	op_exchange,	EXCHANGE_COMPARE },
	{ ZYDIS_MNEMONIC_BT,		op_bit,		BIT_TEST },
	{ ZYDIS_MNEMONIC_BTS,		op_bit,		BIT_SET },
	{ ZYDIS_MNEMONIC_BTR,		op_bit,		BIT_RESET },
	{ ZYDIS_MNEMONIC_BTC,		op_bit,		BIT_COMPLEMENT },
	{ ZYDIS_MNEMONIC_MOVSB,		ward_string,	STRING_MOVS },
	{ ZYDIS_MNEMONIC_MOVSW,		ward_string,	STRING_MOVS },
	{ ZYDIS_MNEMONIC_MOVSD,		ward_string,	STRING_MOVS },
	{ ZYDIS_MNEMONIC_MOVSQ,		ward_string,	STRING_MOVS },
	{ ZYDIS_MNEMONIC_STOSB,		ward_string,	STRING_STOS },
	{ ZYDIS_MNEMONIC_STOSW,		ward_string,	STRING_STOS },
	{ ZYDIS_MNEMONIC_STOSD,		ward_string,	STRING_STOS },
	{ ZYDIS_MNEMONIC_STOSQ,		ward_string,	STRING_STOS },
	{ ZYDIS_MNEMONIC_LODSB,		ward_string,	STRING_LODS },
	{ ZYDIS_MNEMONIC_LODSW,		ward_string,	STRING_LODS },
	{ ZYDIS_MNEMONIC_LODSD,		ward_string,	STRING_LODS },
	{ ZYDIS_MNEMONIC_LODSQ,		ward_string,	STRING_LODS },
	{ ZYDIS_MNEMONIC_CMPSB,		ward_string,	STRING_CMPS },
	{ ZYDIS_MNEMONIC_CMPSW,		ward_string,	STRING_CMPS },
	{ ZYDIS_MNEMONIC_CMPSD,		ward_string,	STRING_CMPS },
	{ ZYDIS_MNEMONIC_CMPSQ,		ward_string,	STRING_CMPS },
	{ ZYDIS_MNEMONIC_SCASB,		ward_string,	STRING_SCAS },
	{ ZYDIS_MNEMONIC_SCASW,		ward_string,	STRING_SCAS },
	{ ZYDIS_MNEMONIC_SCASD,		ward_string,	STRING_SCAS },
	{ ZYDIS_MNEMONIC_SCASQ,		ward_string,	STRING_SCAS },
	{ ZYDIS_MNEMONIC_INSB,		ward_string,	STRING_INS },
	{ ZYDIS_MNEMONIC_INSW,		ward_string,	STRING_INS },
	{ ZYDIS_MNEMONIC_INSD,		ward_string,	STRING_INS },
	{ ZYDIS_MNEMONIC_OUTSB,		ward_string,	STRING_OUTS },
	{ ZYDIS_MNEMONIC_OUTSW,		ward_string,	STRING_OUTS },
	{ ZYDIS_MNEMONIC_OUTSD,		ward_string,	STRING_OUTS },
};

/* ----------------------------------------------------------------- entry */

static int decode(struct insn *in, const __u8 *code, __u32 bytes)
{
	ZydisMachineMode mode = ZYDIS_MACHINE_MODE_LONG_64;
	ZydisStackWidth stack = ZYDIS_STACK_WIDTH_64;
	ZydisDecoder decoder;

	if (in->e->run->code_bits == 32) {
		mode = ZYDIS_MACHINE_MODE_LEGACY_32;
		stack = ZYDIS_STACK_WIDTH_32;
	} else if (in->e->run->code_bits == 16) {
		mode = ZYDIS_MACHINE_MODE_LEGACY_16;
		stack = ZYDIS_STACK_WIDTH_16;
	}
	if (ZYAN_FAILED(ZydisDecoderInit(&decoder, mode, stack)) ||
	    ZYAN_FAILED(ZydisDecoderDecodeFull(&decoder, code, bytes, &in->info,
					       in->operands)))
		return -ENOTSUP;
	return 0;
}

static int dispatch(struct insn *in)
{
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].mnemonic == in->info.mnemonic)
			return table[i].handler(in, table[i].argument);
	return -ENOTSUP;
}

/* "the guest's instruction at 0x1000 (0f ae 3b: clflush [rbx]) ..." */
static void explain(const struct insn *in, const __u8 *code, __u32 bytes,
		    int decoded, char *why, size_t why_bytes)
{
	char hex[16 * 3 + 1] = "", text[96] = "not an instruction";
	ZydisFormatter formatter;
	__u32 i;

	if (decoded && in->info.length < bytes)
		bytes = in->info.length;
	for (i = 0; i < bytes && i < 16; i++)
		snprintf(hex + 3 * i, 4, i + 1 < bytes ? "%02x " : "%02x",
			 code[i]);
	if (decoded &&
	    ZYAN_SUCCESS(ZydisFormatterInit(&formatter,
					    ZYDIS_FORMATTER_STYLE_INTEL)))
		ZydisFormatterFormatInstruction(&formatter, &in->info,
						in->operands,
						in->info.operand_count_visible,
						text, sizeof(text),
						in->e->run->gprs[WARD_RIP],
						NULL);
	snprintf(why, why_bytes,
		 "the guest's instruction at %#llx (%s: %s) is not emulated for devices",
		 (unsigned long long)in->e->run->gprs[WARD_RIP], hex, text);
}

static void commit(const struct insn *in)
{
	struct ward_run *run = in->e->run;

	memcpy(run->gprs, in->e->regs, sizeof(run->gprs));
	run->commit |= WARD_COMMIT_GPRS | WARD_COMMIT_RFLAGS;
}

int ward_emulate_exit(struct ward_run *run, const struct emulator_ops *ops,
		      void *context, char *why, size_t why_bytes)
{
	struct emulator e = { .run = run, .ops = ops, .context = context };
	struct insn in = { .e = &e };
	__u8 code[16];
	__u32 bytes = run->insn_bytes;
	int string = run->exit == WARD_EXIT_IO && run->io.string, result;

	if (!string && !(run->exit == WARD_EXIT_MMIO && !run->mmio.bytes)) {
		snprintf(why, why_bytes, "the vCPU did not stop at an instruction to emulate");
		return -EINVAL;
	}
	if (!string && run->vendor == WARD_VENDOR_VMX &&
	    run->raw.vmx.vectoring_info & VECTORING_VALID) {
		snprintf(why, why_bytes,
			 "the guest's stack or a descriptor table is in device memory (%#llx) while it takes an interrupt or exception",
			 (unsigned long long)run->mmio.gpa);
		return -ENOTSUP;
	}
	memcpy(e.regs, run->gprs, sizeof(e.regs));
	memcpy(code, run->insn, sizeof(code));
	if (!bytes || bytes > sizeof(code))
		bytes = ward_code_fetch(&e, code);
	if (!bytes) {
		snprintf(why, why_bytes,
			 "the bytes of the guest's instruction at %#llx cannot be read",
			 (unsigned long long)run->gprs[WARD_RIP]);
		return -EFAULT;
	}

	result = decode(&in, code, bytes);
	if (result) {
		explain(&in, code, bytes, 0, why, why_bytes);
		return result;
	}
	result = dispatch(&in);
	if (result < 0) {
		explain(&in, code, bytes, 1, why, why_bytes);
		return result;
	}
	commit(&in);
	if (result == EMULATE_FAULT)
		return ops->raise(context, e.fault, e.cr2);
	if (in.again && !(e.regs[WARD_RFLAGS] & FLAG_TF))
		return 0;

	/* The kernel steps over it, and does what else an instruction's end
	 * means (blocking by STI, single step): for a debugger also where an
	 * iteration has ended and the instruction goes on. */
	run->insn_bytes = in.again ? 0 : in.info.length;
	run->commit |= WARD_COMMIT_SKIP;
	return 0;
}
