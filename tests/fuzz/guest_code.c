// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_code.c - instructions: prefixes, opcodes with a preference for those
 * that virtualisation has to do with, and operands that reach something.
 */
#include <string.h>
#include "guest.h"

static const unsigned char prefixes[] = {
	0x66, 0x67, 0xf2, 0xf3, 0xf0, 0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65,
};

/* One byte: ports, strings, flags, stacks, far transfers, segments, the FPU. */
static const unsigned char short_opcodes[] = {
	0x6c, 0x6d, 0x6e, 0x6f, 0xe4, 0xe5, 0xe6, 0xe7, 0xec, 0xed, 0xee, 0xef, 0xa4, 0xa5, 0xa6,
	0xa7, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf, 0xfa, 0xfb, 0x9c, 0x9d, 0xcf, 0xca, 0xcb, 0xc8,
	0xc9, 0x9a, 0xea, 0xff, 0x8c, 0x8e, 0x8f, 0x07, 0x17, 0x1f, 0xc4, 0xc5, 0xcc, 0xcd, 0xce,
	0xf1, 0xf4, 0xd8, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0x9b, 0x88, 0x89, 0x8a, 0x8b,
	0xa0, 0xa1, 0xa2, 0xa3, 0x86, 0x87, 0xc6, 0xc7, 0x60, 0x61, 0x62, 0x63, 0xf6, 0xf7, 0xfe,
	0x80, 0x81, 0x83, 0xd0, 0xd3, 0x50, 0x58, 0x90, 0x98, 0xd7, 0xd5,
};

/* Behind 0F */
static const unsigned char long_opcodes[] = {
	0x00, 0x00, 0x01, 0x01, 0x01, 0x02, 0x03, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0b, 0x0d, 0x18,
	0x1e, 0x1f, 0x20, 0x21, 0x22, 0x22, 0x23, 0x23, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x37,
	0x77, 0x78, 0x79, 0xa0, 0xa1, 0xa2, 0xa8, 0xa9, 0xaa, 0xae, 0xae, 0xb0, 0xb1, 0xb2, 0xb4,
	0xb5, 0xb6, 0xb7, 0xb9, 0xbe, 0xbf, 0xc0, 0xc1, 0xc3, 0xc7, 0xc7, 0xc8, 0xff, 0x10, 0x11,
	0x28, 0x29, 0x2a, 0x2b, 0x50, 0x58, 0x6e, 0x6f, 0x7e, 0x7f, 0xd6, 0xe7, 0xef, 0xf0, 0xf7,
};

/* Behind 0F 01, register forms: VMX, MONITOR, XGETBV, SVM, SMAP, SWAPGS, RDTSCP */
static const unsigned char system_forms[] = {
	0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc8, 0xc9, 0xca, 0xcb, 0xcf, 0xd0, 0xd1, 0xd4, 0xd5,
	0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0xe8, 0xee, 0xef, 0xf8, 0xf9,
	0xfa, 0xfc, 0xe0, 0xf0, 0xf7,
};

struct bytes {
	unsigned char at[24];
	unsigned int n;
};

static void put(struct bytes *b, uint64_t value)
{
	b->at[b->n++] = (unsigned char)value;
}

static void put_wide(struct bytes *b, uint64_t value, unsigned int bytes)
{
	memcpy(b->at + b->n, &value, bytes);
	b->n += bytes;
}

/* VEX or EVEX: AVX and what shares its maps. */
static void put_vector(struct rng *r, struct bytes *b)
{
	switch (below(r, 3)) {
	case 0:
		put(b, 0xc5);
		put(b, rnd(r));
		break;
	case 1:
		put(b, 0xc4);
		put(b, (rnd(r) & 0xe0) | (1 + below(r, 3)));
		put(b, rnd(r));
		break;
	default:
		put(b, 0x62);
		put(b, (rnd(r) & 0xf0) | (1 + below(r, 3)));
		put(b, rnd(r) | 4);
		put(b, rnd(r));
	}
	put(b, rnd(r));
}

static void put_opcode(struct rng *r, struct bytes *b)
{
	uint64_t kind = below(r, 20);

	if (kind < 7) {
		put(b, PICK(r, short_opcodes));
	} else if (kind < 15) {
		unsigned char opcode = PICK(r, long_opcodes);

		put(b, 0x0f);
		put(b, opcode);
		if (opcode == 0x01 && one_in(r, 2)) {
			put(b, PICK(r, system_forms));
			return;
		}
	} else if (kind == 15) {
		put(b, 0x0f);
		put(b, one_in(r, 2) ? 0x38 : 0x3a);
		/* INVEPT, INVVPID, INVPCID */
		put(b, one_in(r, 3) ? 0x80 + below(r, 3) : rnd(r));
	} else if (kind < 18) {
		put_vector(r, b);
	} else {
		put(b, rnd(r));
	}
	put(b, rnd(r));		/* the ModRM byte, if it has one */
}

/* An address, an immediate, or nothing but the rest of the instruction. */
static void put_rest(struct rng *r, struct bytes *b, int bits)
{
	static const uint64_t places[] = {
		AT_DATA, AT_CODE, AT_WILD, MORE_AT, MORE_AT - 2, RAM_BYTES - 1, 0, 8 * HUGE, 0xfee00000,
		0xfee00300, 0xffffffff, AT_IVT,
	};

	switch (below(r, 4)) {
	case 0:
		put_wide(b, PICK(r, places), bits == 16 ? 2 : 4);
		break;
	case 1:
		put_wide(b, rnd(r), 1);
		break;
	case 2:
		put_wide(b, rnd(r), (unsigned int)below(r, 9));
		break;
	}
}

static void instruction(struct rng *r, struct bytes *b, int bits)
{
	b->n = 0;
	while (b->n < 3 && one_in(r, 4))
		put(b, PICK(r, prefixes));
	if (bits == 64 && one_in(r, 3))
		put(b, 0x40 + below(r, 16));
	put_opcode(r, b);
	put_rest(r, b, bits);
	if (b->n > 15)
		b->n = 15;
}

static bool is_short_branch(unsigned char c)
{
	return (c & 0xf0) == 0x70 || (c & 0xfc) == 0xe0 || c == 0xeb;
}

/*
 * Whatever of @code is executed, and from whichever byte: no relative branch
 * leads back. Bytes that may be a displacement are made one that leads ahead;
 * behind the last one there are HLTs, and as displacements they are negative.
 */
static void no_way_back(unsigned char *code, unsigned int bytes)
{
	unsigned int i, k;

	for (i = 0; i < bytes; i++) {
		bool near = code[i] == 0xe8 || code[i] == 0xe9 ||
			    (i && code[i - 1] == 0x0f && (code[i] & 0xf0) == 0x80);

		if (i + 1 == bytes && is_short_branch(code[i]))
			code[i] = 0x90;
		else if (is_short_branch(code[i]))
			code[i + 1] = 0x6b;
		for (k = i + 1; near && k < bytes && k < i + 4; k++)
			code[k] = 0x11;
	}
}

/* An instruction that writes into those behind it, or over itself. */
static void modify_self(struct rng *r, struct bytes *b, int bits)
{
	unsigned int to = (unsigned int)below(r, 24);

	b->n = 0;
	if (bits == 16) {
		put_wide(b, 0x06c6, 2);		/* MOV of a byte to DS:disp16 */
		put(b, to);
		put(b, 0);
	} else {
		put_wide(b, 0x05c6, 2);		/* to disp32, in 64-bit code behind RIP */
		put_wide(b, bits == 64 ? to : AT_CODE + to, 4);
	}
	put(b, one_in(r, 2) ? HLT : PICK(r, short_opcodes));
}

void make_code(struct rng *r, struct attempt *a)
{
	unsigned int count = 1 + (unsigned int)below(r, a->may_loop ? 20 : 6);
	int bits = mode_bits(a->mode);
	struct bytes b = { };

	a->code_bytes = 0;
	while (count--) {
		if (one_in(r, 12))
			modify_self(r, &b, bits);
		else
			instruction(r, &b, bits);
		if (!a->may_loop) {
			/* Sixteen of them: the longest instruction cannot swallow them. */
			no_way_back(b.at, b.n);
			memset(a->code + a->code_bytes + b.n, HLT, 16);
			memcpy(a->code + a->code_bytes, b.at, b.n);
			a->code_bytes += b.n + 16;
		} else {
			memcpy(a->code + a->code_bytes, b.at, b.n);
			a->code_bytes += b.n;
		}
		if (a->code_bytes > CODE_BYTES - 64)
			break;
	}
	if (a->may_loop && one_in(r, 2)) {
		/* Back to the start. */
		int back = -(int)(a->code_bytes + (bits == 16 ? 3 : 5));

		a->code[a->code_bytes++] = 0xe9;
		memcpy(a->code + a->code_bytes, &back, 4);
		a->code_bytes += bits == 16 ? 2 : 4;
	}
}

/* ----------------------------------------------------------- the local APIC */

#define MSR_APIC_BASE	0x1bu

/* Which works on EAX alone: the same bytes in 32- and 64-bit code. */
static void put_load(struct attempt *a, unsigned char opcode, uint32_t value)
{
	a->code[a->code_bytes++] = opcode;
	memcpy(a->code + a->code_bytes, &value, 4);
	a->code_bytes += 4;
}

static void put_msr(struct attempt *a, uint32_t msr, bool write, uint32_t value, uint32_t high)
{
	put_load(a, 0xb9, msr);
	if (write) {
		put_load(a, 0xb8, value);
		put_load(a, 0xba, high);
	}
	memcpy(a->code + a->code_bytes, write ? "\x0f\x30" : "\x0f\x32", 2);
	a->code_bytes += 2;
}

/* Register @number of the APIC, in its page or as one of its MSRs. */
static void put_apic(struct attempt *a, bool x2apic, uint32_t number, bool write, uint32_t value,
		     uint32_t high)
{
	if (x2apic) {
		put_msr(a, 0x800 + number, write, value, high);
		return;
	}
	put_load(a, 0xbf, 0xfee00000 + number * 16);
	if (write)
		put_load(a, 0xb8, value);
	memcpy(a->code + a->code_bytes, write ? "\x89\x07" : "\x8b\x07", 2);
	a->code_bytes += 2;
}

static uint32_t apic_value(struct rng *r, uint32_t number)
{
	/* Fixed, lowest, NMI, INIT, SIPI; to self, all, others, one, a group */
	static const uint32_t icr[] = {
		0x40, 0x40031, 0x80042, 0xc0053, 0x41, 0x4400, 0x44400, 0x4500, 0xc4500, 0xc500, 0x4601,
		0xc0610, 0x4010f, 0x840, 0x80840, 0x40008, 0xc08ff,
	};

	if (number == 0x30 && !one_in(r, 4))
		return PICK(r, icr);
	/* The vector tables: a vector and a mode, not masked */
	if (number >= 0x32 && number <= 0x37 && !one_in(r, 4))
		return (uint32_t)(below(r, 256) | below(r, 8) << 8 | below(r, 4) << 17);
	if (number == 0x38 && !one_in(r, 4))
		return (uint32_t)below(r, 100000);
	if (number == 0x0f)
		return (uint32_t)(below(r, 256) | (one_in(r, 6) ? 0 : 0x100));
	return (uint32_t)(one_in(r, 3) ? wild(r) : below(r, 256));
}

void make_apic_code(struct rng *r, struct attempt *a)
{
	static const uint32_t known[] = {
		0x02, 0x03, 0x08, 0x08, 0x0a, 0x0b, 0x0b, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x18, 0x20, 0x27,
		0x28, 0x30, 0x30, 0x30, 0x31, 0x32, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x38, 0x39,
		0x3e, 0x3f,
	};
	uint32_t base = 0xfee00000 | (one_in(r, 2) ? 0x100 : 0);
	bool x2apic = one_in(r, 2);
	unsigned int count = 1 + (unsigned int)below(r, 12);

	a->code_bytes = 0;
	if (one_in(r, 2)) {
		/* The only way out of x2APIC mode is through off. */
		put_msr(a, MSR_APIC_BASE, true, base, 0);
		put_msr(a, MSR_APIC_BASE, true, base | 0x800, 0);
	}
	if (x2apic)
		put_msr(a, MSR_APIC_BASE, true, base | 0xc00, 0);
	put_apic(a, x2apic, 0x0f, true, 0x1ff, 0);
	while (count--) {
		uint32_t number = one_in(r, 8) ? (uint32_t)below(r, 0x40) : PICK(r, known);

		if (one_in(r, 12))
			put_msr(a, 0x6e0, one_in(r, 2), (uint32_t)wild(r), (uint32_t)below(r, 2));
		else
			put_apic(a, x2apic, number, !one_in(r, 3), apic_value(r, number),
				 one_in(r, 3) ? (uint32_t)wild(r) : (uint32_t)below(r, 2));
		if (one_in(r, 4))
			a->code[a->code_bytes++] = 0xfb;	/* STI */
	}
}

void make_operands(struct rng *r, struct attempt *a)
{
	static const uint64_t places[] = {
		AT_DATA, AT_DATA + 8, AT_CODE + 64, AT_WILD, MORE_AT, MORE_AT - 3, RAM_BYTES - 2,
		8 * HUGE, 0xfee00000, 0xfee000b0, 0xfee00300, 0xfee00320, AT_GDT, AT_STACK,
	};
	unsigned int i;

	for (i = WARD_RAX; i <= WARD_R15; i++) {
		uint64_t value = one_in(r, 2) ? PICK(r, places) : one_in(r, 2) ? wild(r) : below(r, 512);

		if (i == WARD_RSP && !one_in(r, 12))
			continue;
		if (mode_bits(a->mode) == 16)
			value &= 0xffff;
		/* A repeated instruction cannot be interrupted in the lab where IF is clear. */
		if (i == WARD_RCX)
			value = one_in(r, 2) ? random_msr(r) : below(r, 64);
		add_reg(&a->regs, REG_GPR(i), value);
	}
}
