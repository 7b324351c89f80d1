/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ward_memory.h - a guest that touches memory as it is told, for the tests of
 * the memory map.
 */
#ifndef WARD_MEMORY_H
#define WARD_MEMORY_H

#include "ward_guest.h"

#define AREA_AT		GUEST_DEVICE	/* where the tests put their region */

GUEST_CODE(touch, 64,
	"mov (%rsi), %rax\n hlt\n nop\n nop\n"
	".org guest_touch + 0x10\n"
	"mov %rbx, (%rsi)\n hlt\n"
	".org guest_touch + 0x20\n"			/* read until it is not RBX */
	"sti\n 1: mov (%rsi), %rax\n cmp %rbx, %rax\n je 1b\n hlt\n"
	".org guest_touch + 0x40\n"			/* count */
	"sti\n 1: incq (%rsi)\n jmp 1b\n"
	".org guest_touch + 0x60\n"			/* write RCX pages from RSI on */
	"1: mov %rsi, (%rsi)\n add $0x1000, %rsi\n loop 1b\n hlt\n"
	".org guest_touch + 0x80\n"			/* read RCX pages from RSI on */
	"1: mov (%rsi), %rax\n add $0x1000, %rsi\n loop 1b\n hlt\n");

enum { TOUCH_READ = 0, TOUCH_WRITE = 0x10, TOUCH_UNTIL = 0x20, TOUCH_COUNT = 0x40,
       TOUCH_WRITE_PAGES = 0x60, TOUCH_READ_PAGES = 0x80 };

static inline void touch_make(struct guest *g)
{
	guest_make(g, 0);
	guest_code_long(g, touch);
}

static inline void touch_prepare(struct guest *g, unsigned int what, __u64 gpa, __u64 value)
{
	const struct ward_reg regs[] = {
		{ GPR(WARD_RIP), GUEST_CODE_AT + what }, { GPR(WARD_RSI), gpa },
		{ GPR(WARD_RBX), value }, { GPR(WARD_RFLAGS), 2 },
		{ GPR(WARD_RCX), value },
	};

	REQUIRE_EQ(ward_set_regs(g->vcpu, regs, ARRAY_SIZE(regs), NULL), 0);
}

static inline __u64 touch_read_at(struct guest *g, __u64 gpa, int line)
{
	touch_prepare(g, TOUCH_READ, gpa, 0);
	guest_expect_at(g, WARD_EXIT_HALT, line);
	return g->run->gprs[WARD_RAX];
}

static inline void touch_write_at(struct guest *g, __u64 gpa, __u64 value, int line)
{
	touch_prepare(g, TOUCH_WRITE, gpa, value);
	guest_expect_at(g, WARD_EXIT_HALT, line);
}

#define touch_read(g, gpa)		touch_read_at(g, gpa, __LINE__)
#define touch_write(g, gpa, value)	touch_write_at(g, gpa, value, __LINE__)

/* The access that was prepared must end in WARD_EXIT_MEMORY. */
static inline void touch_fails_at(struct guest *g, __u64 gpa, __u32 access, int error, int line)
{
	guest_expect_at(g, WARD_EXIT_MEMORY, line);
	test_equal(g->run->memory.error, error, line, "memory.error");
	test_equal(g->run->memory.gpa & -PAGE, gpa & -PAGE, line, "memory.gpa");
	test_equal(g->run->memory.access & access, access, line, "memory.access");
}

#define touch_fails(g, gpa, access, error) touch_fails_at(g, gpa, access, error, __LINE__)

static inline void touch_read_fails_at(struct guest *g, __u64 gpa, int error, int line)
{
	touch_prepare(g, TOUCH_READ, gpa, 0);
	touch_fails_at(g, gpa, WARD_PROT_READ, error, line);
}

#define touch_read_fails(g, gpa, error)	touch_read_fails_at(g, gpa, error, __LINE__)

/* Ends a guest that loops in @runner. */
static inline void touch_stop(struct guest *g, pthread_t runner)
{
	CHECK_EQ(ward_kick(g->vcpu), 0);
	CHECK_EQ((intptr_t)join_thread(runner), -EINTR);
}

#endif
