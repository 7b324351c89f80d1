// SPDX-License-Identifier: GPL-2.0-only
/*
 * alu_test.c - arithmetic against the CPU that runs this test.
 */
#include <stdint.h>
#include <string.h>

#include "lib/insn.h"
#include "tap.h"

#define BINARY(name, type, suffix)					\
static __u64 name##_##suffix(__u64 *a, __u64 b, __u64 flags)		\
{									\
	type x = (type)*a, y = (type)b;					\
									\
	asm volatile("pushf; andq $~0x8d5, (%%rsp); orq %2, (%%rsp); popf;"	\
		     #name #suffix " %3, %1; pushf; popq %0"		\
		     : "=&r" (flags), "+&q" (x) : "0" (flags), "q" (y)	\
		     : "cc", "memory");					\
	*a = x;								\
	return flags & 0x8d5;						\
}

#define UNARY(name, type, suffix)					\
static __u64 name##_##suffix(__u64 *a, __u64 b, __u64 flags)		\
{									\
	type x = (type)*a;						\
									\
	(void)b;							\
	asm volatile("pushf; andq $~0x8d5, (%%rsp); orq %2, (%%rsp); popf;"	\
		     #name #suffix " %1; pushf; popq %0"		\
		     : "=&r" (flags), "+&q" (x) : "0" (flags)		\
		     : "cc", "memory");					\
	*a = x;								\
	return flags & 0x8d5;						\
}

#define ALL(kind, name)							\
	kind(name, uint8_t, b) kind(name, uint16_t, w)			\
	kind(name, uint32_t, l) kind(name, uint64_t, q)

ALL(BINARY, add) ALL(BINARY, adc) ALL(BINARY, sub) ALL(BINARY, sbb)
ALL(BINARY, and) ALL(BINARY, or) ALL(BINARY, xor) ALL(BINARY, cmp)
ALL(BINARY, test) ALL(UNARY, inc) ALL(UNARY, dec) ALL(UNARY, neg)
ALL(UNARY, not)

#define ROW(operation, name) \
	{ operation, #name, { name##_b, name##_w, name##_l, name##_q } }

static const struct {
	enum alu operation;
	const char *name;
	__u64 (*native[4])(__u64 *a, __u64 b, __u64 flags);
} rows[] = {
	ROW(ALU_ADD, add), ROW(ALU_ADC, adc), ROW(ALU_SUB, sub),
	ROW(ALU_SBB, sbb), ROW(ALU_AND, and), ROW(ALU_OR, or),
	ROW(ALU_XOR, xor), ROW(ALU_CMP, cmp), ROW(ALU_TEST, test),
	ROW(ALU_INC, inc), ROW(ALU_DEC, dec), ROW(ALU_NEG, neg),
	ROW(ALU_NOT, not),
};

/* Small numbers, large ones and those around the sign bit. */
static __u64 pick(void)
{
	static __u64 state = 88172645463325252ull;
	static const __u64 edges[] = { 0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000,
		0x7fffffff, 0x80000000, 0x7fffffffffffffff, 1ull << 63, ~0ull };

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state & 3 ? state : edges[(state >> 8) % 12];
}

static int is_logic(enum alu operation)
{
	return operation == ALU_AND || operation == ALU_OR ||
	       operation == ALU_XOR || operation == ALU_TEST;
}

int main(void)
{
	size_t row, size, i;

	for (row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
		unsigned int wrong = 0;

		for (i = 0; i < 40000; i++) {
			__u64 a = pick(), b = pick(), native = a, got, mask;
			__u64 before = pick() & 0x8d5, flags;
			struct emulator e;

			size = i % 4;
			mask = size == 3 ? ~0ull : (1ull << (8 << size)) - 1;
			flags = rows[row].native[size](&native, b, before);
			memset(&e, 0, sizeof(e));
			e.regs[WARD_RFLAGS] = before;
			got = ward_alu(&e, rows[row].operation, a, b, 1u << size);
			if (is_logic(rows[row].operation)) {
				/* AF is undefined after these */
				flags &= ~FLAG_AF;
				e.regs[WARD_RFLAGS] &= ~FLAG_AF;
			}
			if (rows[row].operation != ALU_CMP &&
			    rows[row].operation != ALU_TEST)
				wrong += (native & mask) != got;
			wrong += flags != e.regs[WARD_RFLAGS];
		}
		is(wrong, 0, rows[row].name);
	}
	return finish();
}
