// SPDX-License-Identifier: GPL-2.0-only
/*
 * decode.c - MOV, MOVZX, MOVSX and MOVSXD with a memory operand.
 *
 * Reads the bytes once from left to right: prefixes, opcode, ModRM, SIB,
 * displacement, immediate. Every byte is fetched through next(), which knows
 * when they run out; the caller fetches more and asks again.
 *
 * SDM volume 2, "Instruction Format".
 */
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/types.h>

#include "vmx/decode.h"
#include "ward.h"

#define REX_W			8
#define REX_R			4
#define REX_X			2
#define REX_B			1

#define NO_SEGMENT		WARD_SEG_COUNT

/* One instruction being read */
struct decoder {
	const u8 *insn;
	unsigned int count;
	unsigned int at;
	int error;		/* sticky: bytes ran out */

	unsigned int code_bits;
	const u64 *gprs;

	u8 rex;			/* 0: none; else 0x40 to 0x4f */
	u8 operand_bytes;	/* 2, 4, 8 */
	u8 address_bytes;	/* 2, 4, 8 */
	u8 segment;		/* overriding prefix, or NO_SEGMENT */

	u8 reg;			/* of ModRM */
	u64 ea;
	bool rip_relative;	/* ea still lacks the next instruction's address */
	bool stack;		/* the base register asks for SS */
};

static u64 cut(u64 value, unsigned int bytes)
{
	return bytes == 8 ? value : value & ((1ull << bytes * 8) - 1);
}

static u64 sign_extend(u64 value, unsigned int bytes)
{
	return sign_extend64(value, bytes * 8 - 1);
}

static u8 next(struct decoder *d)
{
	if (d->at == d->count) {
		d->error = -EAGAIN;
		return 0;
	}
	return d->insn[d->at++];
}

/* Little endian */
static u64 next_bytes(struct decoder *d, unsigned int bytes)
{
	u64 value = 0;
	unsigned int i;

	for (i = 0; i < bytes; i++)
		value |= (u64)next(d) << i * 8;
	return value;
}

static u64 next_signed(struct decoder *d, unsigned int bytes)
{
	return sign_extend(next_bytes(d, bytes), bytes);
}

/* Up to the opcode, whose first byte is returned. */
static int read_prefixes(struct decoder *d)
{
	bool operand = false, address = false;
	u8 byte;

	for (;;) {
		byte = next(d);
		if (d->error)
			return d->error;

		if (d->code_bits == 64 && (byte & 0xf0) == 0x40) {
			d->rex = byte;
			continue;
		}

		switch (byte) {
		case 0x26:
		case 0x2e:
		case 0x36:
		case 0x3e:
			/* ES, CS, SS, DS: no effect in 64-bit mode */
			if (d->code_bits != 64)
				d->segment = WARD_ES + ((byte >> 3) & 3);
			break;
		case 0x64:
		case 0x65:
			d->segment = WARD_FS + (byte & 1);
			break;
		case 0x66:
			operand = true;
			break;
		case 0x67:
			address = true;
			break;
		case 0xf0:
		case 0xf2:
		case 0xf3:
			/* LOCK, REP: string instructions, XACQUIRE, XRELEASE */
			return -EOPNOTSUPP;
		default:
			goto opcode;
		}
		/* REX counts only right before the opcode. */
		d->rex = 0;
	}

opcode:
	switch (d->code_bits) {
	case 64:
		d->operand_bytes = d->rex & REX_W ? 8 : operand ? 2 : 4;
		d->address_bytes = address ? 4 : 8;
		break;
	case 32:
		d->operand_bytes = operand ? 2 : 4;
		d->address_bytes = address ? 2 : 4;
		break;
	default:
		d->operand_bytes = operand ? 4 : 2;
		d->address_bytes = address ? 4 : 2;
		break;
	}
	return byte;
}

/* -------------------------------------------------------- memory operand */

/* "16-Bit Addressing Forms with the ModR/M Byte" */
static void read_memory16(struct decoder *d, u8 mod, u8 rm)
{
	static const struct {
		u8 base, index;
	} forms[8] = {
		{ WARD_RBX, WARD_RSI }, { WARD_RBX, WARD_RDI },
		{ WARD_RBP, WARD_RSI }, { WARD_RBP, WARD_RDI },
		{ WARD_RSI, WARD_RSI }, { WARD_RDI, WARD_RDI },
		{ WARD_RBP, WARD_RBP }, { WARD_RBX, WARD_RBX },
	};

	if (mod == 0 && rm == 6) {
		d->ea = next_bytes(d, 2);
		return;
	}

	d->ea = d->gprs[forms[rm].base];
	if (rm < 4)
		d->ea += d->gprs[forms[rm].index];
	d->stack = forms[rm].base == WARD_RBP;
	if (mod == 1)
		d->ea += next_signed(d, 1);
	else if (mod == 2)
		d->ea += next_bytes(d, 2);
}

static void read_sib(struct decoder *d, u8 mod)
{
	u8 sib = next(d);
	u8 base = sib & 7;
	u8 index = ((sib >> 3) & 7) | (d->rex & REX_X ? 8 : 0);

	if (base == 5 && mod == 0) {
		d->ea = next_signed(d, 4);
	} else {
		d->stack = !(d->rex & REX_B) && (base == WARD_RSP || base == WARD_RBP);
		d->ea = d->gprs[base | (d->rex & REX_B ? 8 : 0)];
	}
	/* RSP is no index; R12 is one. */
	if (index != WARD_RSP)
		d->ea += d->gprs[index] << (sib >> 6);
}

/* "32-Bit Addressing Forms", with REX also 64-bit */
static void read_memory32(struct decoder *d, u8 mod, u8 rm)
{
	if (rm == 4) {
		read_sib(d, mod);
	} else if (rm == 5 && mod == 0) {
		d->ea = next_signed(d, 4);
		d->rip_relative = d->code_bits == 64;
	} else {
		d->stack = !(d->rex & REX_B) && rm == WARD_RBP;
		d->ea = d->gprs[rm | (d->rex & REX_B ? 8 : 0)];
	}
	if (mod == 1)
		d->ea += next_signed(d, 1);
	else if (mod == 2)
		d->ea += next_signed(d, 4);
}

/* ModRM and what belongs to it. -EOPNOTSUPP: both operands are registers. */
static int read_modrm(struct decoder *d)
{
	u8 modrm = next(d);
	u8 mod = modrm >> 6;
	u8 rm = modrm & 7;

	if (d->error)
		return d->error;
	if (mod == 3)
		return -EOPNOTSUPP;

	d->reg = ((modrm >> 3) & 7) | (d->rex & REX_R ? 8 : 0);
	if (d->address_bytes == 2)
		read_memory16(d, mod, rm);
	else
		read_memory32(d, mod, rm);
	return d->error;
}

/* ------------------------------------------------------------- operation */

/* The register operand. Without REX, byte registers 4 to 7 are AH to BH. */
static void set_register(const struct decoder *d, struct vmx_decoded *out, u8 bytes)
{
	out->reg = d->reg;
	out->reg_bytes = bytes;
	if (bytes == 1 && !d->rex && d->reg >= 4) {
		out->reg -= 4;
		out->high_byte = true;
	}
}

static void read_to(const struct decoder *d, struct vmx_decoded *out, u8 bytes, u8 reg_bytes,
		    bool sign)
{
	set_register(d, out, reg_bytes);
	out->bytes = bytes;
	out->sign_extend = sign;
}

static void write_from(const struct decoder *d, struct vmx_decoded *out, u8 bytes)
{
	set_register(d, out, bytes);
	out->bytes = bytes;
	out->write = true;
	out->value = cut(d->gprs[out->reg] >> (out->high_byte ? 8 : 0), bytes);
}

/* MOV r/m, imm: an immediate of at most 4 bytes, sign-extended to 8 */
static int write_immediate(struct decoder *d, struct vmx_decoded *out, u8 bytes)
{
	if (d->reg & 7)
		return -EOPNOTSUPP;
	out->bytes = bytes;
	out->write = true;
	out->value = cut(next_signed(d, bytes == 8 ? 4 : bytes), bytes);
	return d->error;
}

/* 0F B6, B7, BE, BF */
static int decode_extending(struct decoder *d, struct vmx_decoded *out)
{
	u8 opcode = next(d);
	int err;

	if (d->error)
		return d->error;
	if ((opcode & 0xf6) != 0xb6)
		return -EOPNOTSUPP;
	err = read_modrm(d);
	if (err)
		return err;
	read_to(d, out, opcode & 1 ? 2 : 1, d->operand_bytes, opcode & 8);
	return 0;
}

static int decode_offset(struct decoder *d, struct vmx_decoded *out, u8 opcode)
{
	u8 bytes = opcode & 1 ? d->operand_bytes : 1;

	d->ea = next_bytes(d, d->address_bytes);
	d->reg = WARD_RAX;
	if (opcode & 2)
		write_from(d, out, bytes);
	else
		read_to(d, out, bytes, bytes, false);
	return d->error;
}

static int decode_operation(struct decoder *d, u8 opcode, struct vmx_decoded *out)
{
	u8 bytes = opcode & 1 ? d->operand_bytes : 1;
	int err;

	switch (opcode) {
	case 0x0f:
		return decode_extending(d, out);
	case 0xa0 ... 0xa3:
		return decode_offset(d, out, opcode);
	case 0x63:
		/* Elsewhere it is ARPL. */
		if (d->code_bits != 64)
			return -EOPNOTSUPP;
		break;
	case 0x88 ... 0x8b:
	case 0xc6:
	case 0xc7:
		break;
	default:
		return -EOPNOTSUPP;
	}

	err = read_modrm(d);
	if (err)
		return err;

	switch (opcode) {
	case 0x63:
		/* With a 16-bit operand, no more than that is read. */
		read_to(d, out, d->operand_bytes == 2 ? 2 : 4, d->operand_bytes, true);
		return 0;
	case 0x88:
	case 0x89:
		write_from(d, out, bytes);
		return 0;
	case 0x8a:
	case 0x8b:
		read_to(d, out, bytes, bytes, false);
		return 0;
	default:
		return write_immediate(d, out, bytes);
	}
}

int vmx_decode(const u8 *insn, unsigned int count, unsigned int code_bits,
	       const u64 gprs[VMX_DECODE_GPRS], u64 rip, struct vmx_decoded *out)
{
	struct decoder d = {
		.insn = insn,
		.count = min_t(unsigned int, count, VMX_DECODE_BYTES),
		.code_bits = code_bits,
		.gprs = gprs,
		.segment = NO_SEGMENT,
	};
	struct vmx_decoded result = {};
	int err;

	err = read_prefixes(&d);
	if (err >= 0)
		err = decode_operation(&d, err, &result);
	/* Nothing longer than 15 bytes would have been executed. */
	if (err == -EAGAIN && d.count == VMX_DECODE_BYTES)
		err = -EOPNOTSUPP;
	if (err)
		return err;

	if (d.rip_relative)
		d.ea += rip + d.at;
	if (d.segment == NO_SEGMENT)
		d.segment = d.stack ? WARD_SS : WARD_DS;
	result.ea = cut(d.ea, d.address_bytes);
	result.segment = d.segment;
	result.length = d.at;
	*out = result;
	return 0;
}

void vmx_decode_store(const struct vmx_decoded *d, u64 gprs[VMX_DECODE_GPRS], u64 data)
{
	u64 *reg = &gprs[d->reg];
	unsigned int shift = d->high_byte ? 8 : 0;
	u64 mask;

	if (d->write)
		return;

	data = d->sign_extend ? sign_extend(data, d->bytes) : cut(data, d->bytes);
	data = cut(data, d->reg_bytes);
	if (d->reg_bytes >= 4) {
		*reg = data;
	} else {
		mask = cut(~0ull, d->reg_bytes) << shift;
		*reg = (*reg & ~mask) | data << shift;
	}
}
