// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioctl_regs.c - guests that run: code made of instructions that exit, in
 * every mode, and registers good and bad.
 *
 * What the code does is not looked at. It always comes to a HLT, see machine.h.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "ioctl.h"

/* Means the same length in 16-, 32- and 64-bit code; [BX], [EDI] or [RDI]. */
#define ATOM(bytes)	{ bytes, sizeof(bytes) - 1 }
static const struct {
	const char *bytes;
	unsigned int length;
} atoms[] = {
	/* ports */
	ATOM("\xe6\x42"), ATOM("\xe7\x42"), ATOM("\xe4\x43"), ATOM("\xe5\x43"), ATOM("\xec"),
	ATOM("\xed"), ATOM("\xee"), ATOM("\xef"), ATOM("\x6c"), ATOM("\x6f"), ATOM("\xf3\x6e"),
	ATOM("\xf3\x6d"),
	/* CPUID, MSRs, time, hypercalls, caches, waiting */
	ATOM("\x0f\xa2"), ATOM("\x0f\x32"), ATOM("\x0f\x30"), ATOM("\x0f\x31"), ATOM("\x0f\x33"),
	ATOM("\x0f\x01\xc1"), ATOM("\x0f\x01\xd0"), ATOM("\x0f\x01\xd1"), ATOM("\x0f\x08"),
	ATOM("\x0f\x09"), ATOM("\x0f\x01\xc8"), ATOM("\x0f\x01\xc9"), ATOM("\x0f\x01\xc4"),
	ATOM("\xf3\x90"), ATOM("\xf4"),
	/* control and debug registers */
	ATOM("\x0f\x20\xc0"), ATOM("\x0f\x22\xc0"), ATOM("\x0f\x22\xd8"), ATOM("\x0f\x22\xe0"),
	ATOM("\x0f\x20\xe0"), ATOM("\x0f\x06"), ATOM("\x0f\x01\xf0"), ATOM("\x0f\x21\xf8"),
	ATOM("\x0f\x23\xf8"), ATOM("\x0f\x23\xc0"), ATOM("\x0f\x23\xf0"),
	/* memory: decoded by the kernel, or not */
	ATOM("\x88\x07"), ATOM("\x89\x07"), ATOM("\x8a\x07"), ATOM("\x8b\x07"), ATOM("\x8b\x07"),
	ATOM("\x89\x07"), ATOM("\x0f\xb6\x07"), ATOM("\x0f\xbf\x07"), ATOM("\x86\x07"),
	ATOM("\xf0\x01\x07"), ATOM("\xff\x07"), ATOM("\xff\x37"), ATOM("\x8f\x07"), ATOM("\xa4"),
	ATOM("\xf3\xaa"), ATOM("\xf3\xa4"), ATOM("\xf3\xac"), ATOM("\xae"), ATOM("\x0f\xae\x07"), ATOM("\x0f\x28\x07"),
	ATOM("\xff\x27"), ATOM("\xff\x17"), ATOM("\x8e\x1f"), ATOM("\xdd\x07"),
	/* events and flags */
	ATOM("\x0f\x0b"), ATOM("\xcc"), ATOM("\xcd\x80"), ATOM("\xf1"), ATOM("\xfa"), ATOM("\xfb"),
	ATOM("\x9c"), ATOM("\x9d"), ATOM("\xcf"), ATOM("\xcb"), ATOM("\xfb\xf4"), ATOM("\x17\x90"),
};

/* What instructions take their operands from. */
static void random_operands(struct rng *r, struct registers *regs, bool based)
{
	static const uint64_t places[] = {
		0xfee00000, 0xfee00080, 0xfee000b0, 0xfee000d0, 0xfee000f0, 0xfee00300, 0xfee00310,
		0xfee00320, 0xfee00380, 0xfee003e0, 0xfee00000, 2 * HUGE, 3 * HUGE, 4 * HUGE, 8 * HUGE,
		AT_DATA, 0, RAM_BYTES - 2, 1ull << 31,
	};
	/* For the ICR, SVR, timer: interrupts, INIT, SIPI, to all or others. */
	static const uint32_t values[] = {
		0x1ff, 0x140, 0x4500, 0xc4500, 0x4601, 0x84610, 0xc0500, 0x44040, 0x400, 0x80040, 0x300,
		0x20030, 0x10000, 0x1000000, 1, 0x8001003b, 0x11, 0x20, 0x620, 0x40630,
	};
	unsigned int i;

	for (i = WARD_RAX; i <= WARD_R15; i++)
		if (i != WARD_RSP)
			add_reg(regs, REG_GPR(i), one_in(r, 3) ? wild(r) : below(r, 300));
	for (i = WARD_RBX; i <= WARD_RDI; i++)
		if (i != WARD_RSP && i != WARD_RBP && one_in(r, 2))
			add_reg(regs, REG_GPR(i), based ? below(r, 0x10000) : PICK(r, places));
	if (one_in(r, 2))
		add_reg(regs, REG_GPR(WARD_RCX), random_msr(r));
	if (one_in(r, 2))
		add_reg(regs, REG_GPR(WARD_RAX), PICK(r, values));
	if (one_in(r, 2))
		add_reg(regs, REG_GPR(WARD_RDX), below(r, 2) * 0x3f8);
}

/* Everyone's code is in one place; that it changes while it runs is welcome. */
static void write_code(struct rng *r)
{
	unsigned char code[96];
	unsigned int i, length = 0;

	for (i = 1 + (unsigned int)below(r, 10); i; i--) {
		unsigned int atom = (unsigned int)below(r, ARRAY_SIZE(atoms));

		memcpy(code + length, atoms[atom].bytes, atoms[atom].length);
		length += atoms[atom].length;
	}
	memset(code + length, HLT, sizeof(code) - length);
	if (one_in(r, 10))
		memcpy(code + length, "\xeb\xfe", 2);
	careful_copy(pool.area[AREA_STABLE] + AT_CODE, code, sizeof(code));
}

/* What user space may do to the run page between two runs, and what it may not. */
static void answer(struct rng *r, struct ward_run *run)
{
	if (!run || TOUCH())
		return;
	/* Rests of another thread's wildness are not for long. */
	run->request = one_in(r, 8) ? (__u32)below(r, 4) : 0;
	run->commit = one_in(r, 6) ? (__u32)below(r, 16) : 0;
	if (run->exit == WARD_EXIT_MMIO && !run->mmio.bytes) {
		run->commit |= WARD_COMMIT_SKIP;
		run->insn_bytes = (__u8)(1 + below(r, 4));
	} else if (run->exit == WARD_EXIT_IO && run->io.string) {
		run->commit |= WARD_COMMIT_SKIP;
		run->insn_bytes = 1;
	}
	if (one_in(r, 4))
		run->io.data = (__u32)wild(r);
	if (one_in(r, 10))
		((__u8 *)run)[below(r, sizeof(*run))] = (__u8)rnd(r);
	if (one_in(r, 30))
		run->request = (__u32)wild(r);
	if (one_in(r, 30))
		run->gprs[below(r, WARD_GPR_COUNT)] = wild(r);
	touched();
}

static void count_exit(struct ward_run *run)
{
	volatile uint32_t kind = WARD_EXIT_COUNT;

	if (!TOUCH()) {
		kind = run->exit;
		touched();
	}
	/* With other threads the page may have become anybody's. */
	if ((kind >= WARD_EXIT_COUNT || kind == WARD_EXIT_NONE) && pool.alone)
		violation("WARD_RUN ends with exit %u", kind);
	counts->exits[kind < WARD_EXIT_COUNT ? kind : WARD_EXIT_COUNT]++;
}

void step_run(struct rng *r)
{
	const struct call *call = call_named(WARD_RUN);
	unsigned int i, runs = 1 + (unsigned int)below(r, 8);
	enum mode mode = (enum mode)below(r, MODE_COUNT);
	struct registers regs = { };
	int vcpu = pool_fd(r, KIND_VCPU);
	struct ward_run *run = pool_map_run(vcpu, pool_thread);

	if (!one_in(r, 5)) {
		machine_registers(&regs, mode, one_in(r, 4) ? 3 : 0, one_in(r, 2));
		random_operands(r, &regs, mode == MODE_REAL || mode == MODE_PROTECTED16);
		if (one_in(r, 8))
			random_register(r, &regs);
		spare_emulator(&regs);
		if (one_in(r, 4))
			add_reg(&regs, REG_GPR(WARD_RIP), 2 * HUGE + below(r, AREA_BYTES));
		make_call(call_named(WARD_SET_REGS), vcpu, WARD_SET_REGS, &(struct ward_regs){
			.size = sizeof(struct ward_regs), .regs = (uintptr_t)regs.reg,
			.count = regs.count,
		});
		write_code(r);
	}
	for (i = 0; i < runs && !pool.stop; i++) {
		int result;

		answer(r, run);
		if (one_in(r, 10))
			fail_next = 1 + (unsigned int)below(r, 12);
		result = make_call(call, vcpu, WARD_RUN, NULL);
		if (!result && run)
			count_exit(run);
		if (result && result != -EINTR)
			break;
	}
}

void step_pause(struct rng *r)
{
	int vm = pool_fd(r, KIND_VM);
	unsigned int i;

	if (make_call(call_named(WARD_PAUSE), vm, WARD_PAUSE, NULL))
		return;
	for (i = 1 + (unsigned int)below(r, 3); i; i--)
		one_in(r, 3) ? step_run(r) : step_call(r);
	make_call(call_named(WARD_RESUME), vm, WARD_RESUME, NULL);
}
