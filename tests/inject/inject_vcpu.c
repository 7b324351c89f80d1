// SPDX-License-Identifier: GPL-2.0-only
/*
 * inject_vcpu.c - failing allocations in the calls on a vCPU but WARD_RUN.
 */
#include "inject.h"

#define XSAVE_MAX	65536

GUEST_CODE(sum, 64,
	"movd %xmm0, %eax\n add %ebx, %eax\n hlt\n");

static struct guest g;
static int vcpu;

static void make(void)
{
	guest_make(&g, 0);
	guest_code_long(&g, sum);
	vcpu = ward_vcpu_fd(g.vcpu);
}

/* RAX becomes RBX and what is in XMM0. */
static void gives(__u32 result)
{
	set_reg(&g, GPR(WARD_RIP), GUEST_CODE_AT);
	guest_expect(&g, WARD_EXIT_HALT);
	CHECK_EQ((__u32)g.run->gprs[WARD_RAX], result);
}

static void get_regs(void)
{
	static struct ward_reg regs[WARD_MAX_REGS];
	const struct ward_regs args = {
		.size = sizeof(args), .regs = (uintptr_t)regs, .count = WARD_MAX_REGS,
	};

	make();
	set_reg(&g, GPR(WARD_RBX), 42);
	for (unsigned int r = 0; r < WARD_MAX_REGS; r++)
		regs[r].id = GPR(WARD_RBX);
	INJECT(i, "WARD_GET_REGS, 256 of them") {
		struct ward_regs copy = args;

		memset(&regs[WARD_MAX_REGS - 1].value, 0, 8);
		if (INJECTED(&i, call(vcpu, WARD_GET_REGS, &copy)) < 0) {
			copy = args;
			REQUIRE_EQ(call(vcpu, WARD_GET_REGS, &copy), 0);
		}
		CHECK_EQ(regs[WARD_MAX_REGS - 1].value, 42);
		gives(42);
	}
}

static void set_regs(void)
{
	static struct ward_reg regs[WARD_MAX_REGS];
	const struct ward_regs args = {
		.size = sizeof(args), .regs = (uintptr_t)regs, .count = WARD_MAX_REGS,
	};

	make();
	for (unsigned int r = 0; r < WARD_MAX_REGS; r++)
		regs[r] = (struct ward_reg){ GPR(WARD_RBX), 1000 };
	INJECT(i, "WARD_SET_REGS, 256 of them") {
		struct ward_regs copy = args;
		int result;
		__u64 now;

		set_reg(&g, GPR(WARD_RBX), 42);
		result = (int)INJECTED(&i, call(vcpu, WARD_SET_REGS, &copy));
		now = get_reg(&g, GPR(WARD_RBX));
		/* The structure comes back: see inject_memory.c. */
		if (result < 0 && !(result == -EFAULT && now == 1000)) {
			CHECK_EQ(now, 42);
			gives(42);
			copy = args;
			REQUIRE_EQ(call(vcpu, WARD_SET_REGS, &copy), 0);
		}
		gives(1000);
	}
}

static void xsave(void)
{
	static __u8 area[XSAVE_MAX], copy[XSAVE_MAX];
	struct ward_xsave args = {
		.size = sizeof(args), .area = (uintptr_t)area, .bytes = sizeof(area),
	};

	make();
	set_reg(&g, GPR(WARD_RBX), 2);
	INJECT(i, "WARD_GET_XSAVE") {
		args.bytes = sizeof(area);
		if (INJECTED(&i, call(vcpu, WARD_GET_XSAVE, &args)) < 0) {
			args.bytes = sizeof(area);
			REQUIRE_EQ(call(vcpu, WARD_GET_XSAVE, &args), 0);
		}
		CHECK_EQ(*(__u32 *)(area + 160), 0);
		gives(2);
	}
	INJECT(i, "WARD_SET_XSAVE") {
		struct ward_xsave set = args;

		/* XMM0, and its bit in XSTATE_BV */
		memcpy(copy, area, sizeof(copy));
		*(__u32 *)(copy + 160) = 40;
		copy[512] |= 2;
		set.area = (uintptr_t)copy;
		if (INJECTED(&i, call(vcpu, WARD_SET_XSAVE, &set)) < 0) {
			gives(2);
			REQUIRE_EQ(call(vcpu, WARD_SET_XSAVE, &set), 0);
		}
		gives(42);
		REQUIRE_EQ(call(vcpu, WARD_SET_XSAVE, &args), 0);
		gives(2);
	}
}

/* An exception waits once: a second one is refused, unless the first failed. */
static void inject(void)
{
	const struct ward_inject args = {
		.size = sizeof(args),
		.event = WARD_EVENT_VALID | WARD_EVENT_EXCEPTION | 6,
	};

	make();
	INJECT(i, "WARD_INJECT") {
		int result = (int)INJECTED(&i, call(vcpu, WARD_INJECT, &args));

		CHECK_EQ(call(vcpu, WARD_INJECT, &args), result < 0 ? 0 : -EBUSY);
		set_reg(&g, GPR(WARD_RIP), GUEST_CODE_AT);
		guest_expect_out(&g, GUEST_VECTOR_PORT, 6);
	}
}

static void dump(void)
{
	static char text[65536];
	const struct ward_dump args = {
		.size = sizeof(args), .text = (uintptr_t)text, .bytes = sizeof(text),
	};

	make();
	set_reg(&g, GPR(WARD_RBX), 42);
	INJECT(i, "WARD_DUMP, room for 64 KiB") {
		struct ward_dump copy = args;

		text[0] = '\0';
		if (INJECTED(&i, call(vcpu, WARD_DUMP, &copy)) < 0) {
			copy = args;
			REQUIRE_EQ(call(vcpu, WARD_DUMP, &copy), 0);
		}
		CHECK(strlen(text) > 500);
		gives(42);
	}
}

static void kick(void)
{
	make();
	set_reg(&g, GPR(WARD_RBX), 42);
	INJECT(i, "WARD_KICK") {
		i.idle = true;
		CHECK_EQ(INJECTED(&i, call(vcpu, WARD_KICK, NULL)), 0);
		CHECK_EQ(ward_run(g.vcpu), -EINTR);
		gives(42);
	}
}

static const struct test tests[] = {
	{ "get_regs", get_regs },
	{ "set_regs", set_regs },
	{ "xsave", xsave },
	{ "inject", inject },
	{ "dump", dump },
	{ "kick", kick },
};

INJECT_MAIN(tests)
