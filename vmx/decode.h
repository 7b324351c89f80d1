/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * decode.h - the instructions that drivers use on device memory.
 *
 * MOV in its forms with one memory operand (88-8B, A0-A3, C6/0, C7/0), MOVZX,
 * MOVSX, MOVSXD; no string instruction, no read-modify-write, no vector:
 * those go to user space undecoded. Pure: no state, no kernel interface.
 *
 * The instruction has just been executed up to its memory access, so that
 * what would be #UD or #GP does not come here; such bytes are refused, or
 * decoded as the rest of them says.
 */
#ifndef WARD_VMX_DECODE_H
#define WARD_VMX_DECODE_H

#include <linux/types.h>

#define VMX_DECODE_GPRS		16
#define VMX_DECODE_BYTES	15	/* no instruction is longer */

/**
 * struct vmx_decoded - one access
 * @ea: effective address: offset into the segment, cut to the address size
 * @value: write: what to write, upper bits zero
 * @segment: enum ward_seg
 * @length: of the instruction in bytes
 * @bytes: of the access: 1, 2, 4, 8
 * @write: to memory
 * @reg: read: where to, enum ward_gpr
 * @reg_bytes: read: how much of @reg is written; at least @bytes
 * @high_byte: read: bits 15:8 of @reg (AH, CH, DH, BH)
 * @sign_extend: read: from @bytes to @reg_bytes; else zero-extend
 */
struct vmx_decoded {
	u64 ea;
	u64 value;
	u8 segment;
	u8 length;
	u8 bytes;
	bool write;
	u8 reg;
	u8 reg_bytes;
	bool high_byte;
	bool sign_extend;
};

/**
 * vmx_decode - decode one instruction
 * @insn: its bytes
 * @count: how many are there; more than VMX_DECODE_BYTES are not looked at
 * @code_bits: 16, 32 or 64, by CS and EFER
 * @gprs: enum ward_gpr, RAX to R15
 * @rip: address of the instruction
 * @out: set on success
 *
 * Return: 0, -EAGAIN @count bytes do not make an instruction yet, -EOPNOTSUPP
 * another kind of instruction. Context: any.
 */
int vmx_decode(const u8 *insn, unsigned int count, unsigned int code_bits,
	       const u64 gprs[VMX_DECODE_GPRS], u64 rip, struct vmx_decoded *out);

/**
 * vmx_decode_store - finish a read
 * @data: what the device gave; bits beyond @d->bytes are ignored
 *
 * 8- and 16-bit results leave the rest of the register alone, 32-bit ones
 * clear bits 63:32. Does nothing for a write. Context: any.
 */
void vmx_decode_store(const struct vmx_decoded *d, u64 gprs[VMX_DECODE_GPRS], u64 data);

#endif /* WARD_VMX_DECODE_H */
