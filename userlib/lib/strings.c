// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * strings.c - string instructions, one element after the other, between RAM,
 * devices and ports, and what repeats them.
 */
#include <errno.h>

#include "insn.h"

/* How many iterations of a repeated instruction one exit does: enough to
 * make exits cheap, few enough that interrupts are not held up. */
#define SLICE		1024

/* Element size, and the segment of the source, which may be overridden. */
static __u32 string_operands(const struct insn *in, int *source)
{
	__u32 bytes = 0;
	int i;

	*source = WARD_DS;
	for (i = 0; i < in->info.operand_count; i++) {
		const ZydisDecodedOperand *operand = &in->operands[i];
		unsigned int shift;

		if (operand->type != ZYDIS_OPERAND_TYPE_MEMORY)
			continue;
		bytes = operand->size / 8;
		if (ward_find_gpr(operand->mem.base, &shift) == WARD_RSI)
			*source = ward_segment_of(operand->mem.segment);
	}
	return bytes;
}

static int has_prefix(const struct insn *in, __u8 value)
{
	unsigned int i;

	for (i = 0; i < in->info.raw.prefix_count; i++)
		if (in->info.raw.prefixes[i].value == value)
			return 1;
	return 0;
}

static int string_once(struct insn *in, int how, __u32 bytes, int source)
{
	const struct ward_devices *devices = in->e->ops->devices;
	void *context = in->e->ops->device_context;
	__u64 *regs = in->e->regs;
	__u32 width = in->info.address_width / 8;
	__s64 step = regs[WARD_RFLAGS] & FLAG_DF ? -(__s64)bytes : bytes;
	int uses_si = how == STRING_MOVS || how == STRING_LODS ||
		      how == STRING_CMPS || how == STRING_OUTS;
	int uses_di = how != STRING_LODS && how != STRING_OUTS;
	__u16 port = (__u16)regs[WARD_RDX];
	struct span from, to;
	__u64 value = regs[WARD_RAX];
	__u32 data = 0;
	int error = 0;

	if (uses_si)
		error = ward_span_resolve(in->e, source,
					  cut(regs[WARD_RSI], width), bytes,
					  WARD_PROT_READ, &from);
	if (!error && uses_di)
		error = ward_span_resolve(in->e, WARD_ES,
					  cut(regs[WARD_RDI], width), bytes,
					  how == STRING_CMPS ||
					  how == STRING_SCAS ?
					  WARD_PROT_READ : WARD_PROT_WRITE, &to);
	if (error)
		return error;

	if (uses_si)
		value = ward_span_read(in->e, &from);
	switch (how) {
	case STRING_MOVS:
	case STRING_STOS:
		ward_span_write(in->e, &to, value);
		break;
	case STRING_LODS:
		ward_set_gpr(in->e, WARD_RAX, value, bytes, 0);
		break;
	case STRING_CMPS:
	case STRING_SCAS:
		ward_alu(in->e, ALU_CMP, value, ward_span_read(in->e, &to), bytes);
		break;
	case STRING_INS:
		devices->port(context, port, &data, bytes, 1);
		ward_span_write(in->e, &to, data);
		break;
	default:
		data = (__u32)value;
		devices->port(context, port, &data, bytes, 0);
		break;
	}
	if (uses_si)
		ward_set_gpr(in->e, WARD_RSI, regs[WARD_RSI] + (__u64)step, width, 0);
	if (uses_di)
		ward_set_gpr(in->e, WARD_RDI, regs[WARD_RDI] + (__u64)step, width, 0);
	return 0;
}

int ward_string(struct insn *in, int how)
{
	int repne = has_prefix(in, 0xf2), rep = repne || has_prefix(in, 0xf3);
	int compares = how == STRING_CMPS || how == STRING_SCAS;
	__u32 width = in->info.address_width / 8;
	__u64 *regs = in->e->regs;
	int source, done, error;
	__u32 bytes = string_operands(in, &source);

	/* SSE has a MOVSD and a CMPSD, too. */
	if (in->info.meta.category != ZYDIS_CATEGORY_STRINGOP &&
	    in->info.meta.category != ZYDIS_CATEGORY_IOSTRINGOP)
		return -ENOTSUP;
	if (!bytes || bytes > (how >= STRING_INS ? 4 : 8))
		return -ENOTSUP;
	if (!rep)
		return string_once(in, how, bytes, source);

	for (done = 0; cut(regs[WARD_RCX], width); done++) {
		/* A debugger's step is one iteration. */
		if (done == (regs[WARD_RFLAGS] & FLAG_TF ? 1 : SLICE)) {
			in->again = 1;
			return 0;
		}
		error = string_once(in, how, bytes, source);
		if (error)
			return error;
		ward_set_gpr(in->e, WARD_RCX, regs[WARD_RCX] - 1, width, 0);
		if (compares && !!(regs[WARD_RFLAGS] & FLAG_ZF) == repne)
			break;
	}
	return 0;
}
