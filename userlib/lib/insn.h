/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * insn.h - what the handlers of emulated instructions share: the decoded
 * instruction, registers, and arithmetic with its flags.
 */
#ifndef WARD_LIB_INSN_H
#define WARD_LIB_INSN_H

#include <Zydis/Zydis.h>

#include "emulate.h"

#define FLAG_CF		(1ull << 0)
#define FLAG_PF		(1ull << 2)
#define FLAG_AF		(1ull << 4)
#define FLAG_ZF		(1ull << 6)
#define FLAG_SF		(1ull << 7)
#define FLAG_TF		(1ull << 8)
#define FLAG_DF		(1ull << 10)
#define FLAG_OF		(1ull << 11)
#define FLAGS_STATUS	(FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF)

/**
 * struct insn - a decoded instruction under way
 * @e: its registers and its VM
 * @info: from Zydis, as @operands
 * @again: a repeated instruction with iterations left
 */
struct insn {
	struct emulator *e;
	ZydisDecodedInstruction info;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	int again;
};

static inline __u64 cut(__u64 value, __u32 bytes)
{
	return bytes >= 8 ? value : value & ((1ull << 8 * bytes) - 1);
}

static inline __s64 sign_extend(__u64 value, __u32 bytes)
{
	unsigned int unused = 64 - 8 * bytes;

	return (__s64)(value << unused) >> unused;
}

/**
 * ward_find_gpr() - which of emulator.regs holds a register
 * @reg: Zydis' name for it
 * @shift: out: the bit at which it begins (8 for AH to BH)
 *
 * Return: enum ward_gpr; -ENOTSUP not a general-purpose register.
 */
int ward_find_gpr(ZydisRegister reg, unsigned int *shift);

/**
 * ward_set_gpr() - write a part of a register as the CPU does
 * @which: enum ward_gpr
 *
 * 32-bit writes clear the upper half, smaller ones leave the rest alone.
 */
void ward_set_gpr(struct emulator *e, int which, __u64 value, __u32 bytes,
		  unsigned int shift);

/**
 * ward_segment_of() - enum ward_seg of a segment register's Zydis name
 */
int ward_segment_of(ZydisRegister reg);

enum alu {
	ALU_ADD, ALU_ADC, ALU_SUB, ALU_SBB, ALU_AND, ALU_OR, ALU_XOR,
	ALU_CMP, ALU_TEST, ALU_INC, ALU_DEC, ALU_NEG, ALU_NOT,
};

/**
 * ward_alu() - compute, and set the status flags in emulator.regs
 *
 * Return: the result, cut to @bytes.
 */
__u64 ward_alu(struct emulator *e, enum alu operation, __u64 a, __u64 b,
	       __u32 bytes);

enum { STRING_MOVS, STRING_STOS, STRING_LODS, STRING_CMPS, STRING_SCAS,
       STRING_INS, STRING_OUTS };

/**
 * ward_string() - MOVS, STOS, LODS, CMPS, SCAS, INS, OUTS
 *
 * Return: 0; EMULATE_FAULT, with the iterations before it done; -ENOTSUP.
 */
int ward_string(struct insn *in, int how);

#endif
