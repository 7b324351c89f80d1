// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * alu.c - integer arithmetic and its status flags.
 */
#include "insn.h"

__u64 ward_alu(struct emulator *e, enum alu operation, __u64 a, __u64 b,
	       __u32 bytes)
{
	__u64 sign = 1ull << (8 * bytes - 1), flags = 0, result;
	__u64 carry = e->regs[WARD_RFLAGS] & FLAG_CF, out = 0;
	__u64 changed = FLAGS_STATUS;

	a = cut(a, bytes);
	b = cut(b, bytes);
	switch (operation) {
	case ALU_INC:
	case ALU_DEC:
		changed &= ~FLAG_CF;
		b = 1;
		break;
	case ALU_NEG:
		b = a;
		a = 0;
		break;
	case ALU_NOT:
		return cut(~a, bytes);
	default:
		break;
	}
	if (operation != ALU_ADC && operation != ALU_SBB)
		carry = 0;

	switch (operation) {
	case ALU_ADD:
	case ALU_ADC:
	case ALU_INC:
		result = cut(a + b + carry, bytes);
		out = (a & b) | ((a | b) & ~result);
		flags |= (a ^ result) & (b ^ result) & sign ? FLAG_OF : 0;
		break;
	case ALU_AND:
	case ALU_TEST:
		result = a & b;
		break;
	case ALU_OR:
		result = a | b;
		break;
	case ALU_XOR:
		result = a ^ b;
		break;
	default:
		result = cut(a - b - carry, bytes);
		out = (~a & b) | ((~a | b) & result);
		flags |= (a ^ b) & (a ^ result) & sign ? FLAG_OF : 0;
		break;
	}
	flags |= out & sign ? FLAG_CF : 0;
	flags |= out & 8 ? FLAG_AF : 0;
	flags |= result ? 0 : FLAG_ZF;
	flags |= result & sign ? FLAG_SF : 0;
	flags |= __builtin_parity(result & 0xff) ? 0 : FLAG_PF;
	e->regs[WARD_RFLAGS] = (e->regs[WARD_RFLAGS] & ~changed) |
			       (flags & changed);
	return result;
}
