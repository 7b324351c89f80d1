// SPDX-License-Identifier: GPL-2.0-only
/*
 * regs_test.c - a vCPU's registers from outside: every class, what is refused, and
 * that a refused list changes nothing.
 */
#include "ward_abi.h"
#include "ward_guest.h"

static struct guest g;

static void setup(void)
{
	guest_make(&g, 0);
}

static void after_power_up(void)
{
	static const struct {
		const char *name;
		__u64 id, value;
	} table[] = {
		{ "RIP", GPR(WARD_RIP), 0xfff0 },
		{ "RFLAGS", GPR(WARD_RFLAGS), 2 },
		{ "RAX", GPR(WARD_RAX), 0 }, { "RBX", GPR(WARD_RBX), 0 },
		{ "RCX", GPR(WARD_RCX), 0 }, { "RSP", GPR(WARD_RSP), 0 },
		{ "R15", GPR(WARD_R15), 0 },
		{ "CR0", CR(0), 0x60000010 }, { "CR2", CR(2), 0 }, { "CR3", CR(3), 0 },
		{ "CR4", CR(4), 0 },
		{ "CS", SEG(WARD_CS, WARD_SEG_SELECTOR), 0xf000 },
		{ "CS base", SEG(WARD_CS, WARD_SEG_BASE), 0xffff0000 },
		{ "CS limit", SEG(WARD_CS, WARD_SEG_LIMIT), 0xffff },
		{ "DS", SEG(WARD_DS, WARD_SEG_SELECTOR), 0 },
		{ "DS base", SEG(WARD_DS, WARD_SEG_BASE), 0 },
		{ "DS limit", SEG(WARD_DS, WARD_SEG_LIMIT), 0xffff },
		{ "DS rights", SEG(WARD_DS, WARD_SEG_RIGHTS), 0x93 },
		{ "GDT base", TABLE(0), 0 }, { "GDT limit", TABLE(1), 0xffff },
		{ "IDT base", TABLE(2), 0 }, { "IDT limit", TABLE(3), 0xffff },
		{ "DR0", DR(0), 0 }, { "DR6", DR(6), 0xffff0ff0 }, { "DR7", DR(7), 0x400 },
		{ "EFER", MSR(EFER), 0 }, { "XCR0", XCR0, 1 },
		{ "activity", STATE(WARD_STATE_ACTIVITY), WARD_ACTIVITY_RUNNING },
		{ "blocking", STATE(WARD_STATE_BLOCKING), 0 },
		{ "pending debug", STATE(WARD_STATE_PENDING_DEBUG), 0 },
		{ "event", STATE(WARD_STATE_EVENT), 0 },
	};
	size_t i;

	setup();
	for (i = 0; i < ARRAY_SIZE(table); i++)
		CHECK_NAMED(get_reg(&g, table[i].id), table[i].value, table[i].name);
	CHECK(get_reg(&g, GPR(WARD_RDX)) != 0);		/* family, model, stepping */
}

/* Values that are possible alone, and come back as they were given. */
static const struct ward_reg writable[] = {
	{ GPR(WARD_RAX), 0x0123456789abcdef }, { GPR(WARD_RCX), ~0ull }, { GPR(WARD_RDX), 1 },
	{ GPR(WARD_RBX), 2 }, { GPR(WARD_RSP), 0xffff800000000000 }, { GPR(WARD_RBP), 4 },
	{ GPR(WARD_RSI), 5 }, { GPR(WARD_RDI), 6 }, { GPR(WARD_R8), 7 }, { GPR(WARD_R9), 8 },
	{ GPR(WARD_R10), 9 }, { GPR(WARD_R11), 10 }, { GPR(WARD_R12), 11 },
	{ GPR(WARD_R13), 12 }, { GPR(WARD_R14), 13 }, { GPR(WARD_R15), 1ull << 63 },
	{ GPR(WARD_RIP), 0x7ffffffff000 }, { GPR(WARD_RFLAGS), 0x240ed7 },
	{ CR(0), 0x80050033 }, { CR(2), 0xffffffffdeadbeef }, { CR(3), 0x12345000 },
	{ CR(4), 0x6b0 }, { CR(8), 9 },
	{ DR(0), 0xffff800012345678 }, { DR(1), 0x1111 }, { DR(2), 0x2222 }, { DR(3), ~0ull },
	{ DR(6), 0xffff4ff3 }, { DR(7), 0x1d0a07ff & ~0xf000ull & ~0x800ull },
	{ TABLE(0), 0xffff888000001000 }, { TABLE(1), 0x7f }, { TABLE(2), 0x7fffffffe000 },
	{ TABLE(3), 0xfff },
	{ STATE(WARD_STATE_ACTIVITY), WARD_ACTIVITY_HALTED },
	{ STATE(WARD_STATE_BLOCKING), 9 }, { STATE(WARD_STATE_PENDING_DEBUG), 0x4000 },
	{ STATE(WARD_STATE_EVENT), WARD_EVENT_VALID | WARD_EVENT_EXCEPTION |
				   WARD_EVENT_ERROR_CODE | 13 | 0x1234ull << 32 },
	{ XCR0, 3 },
	{ MSR(0x174), 0x10 }, { MSR(0x175), 0xffff888000002000 }, { MSR(0x176), 0x1000 },
	{ MSR(0x277), 0x0007010600070106 }, { MSR(EFER), 0xd01 },
	{ MSR(0xc0000081), 0x23001000000000 }, { MSR(0xc0000082), 0xffffffff81800000 },
	{ MSR(0xc0000083), 0xffffffff81900000 }, { MSR(0xc0000084), 0x47700 },
	{ MSR(0xc0000100), 0x7f0000001000 }, { MSR(0xc0000101), 0xffff888000003000 },
	{ MSR(0xc0000102), 0x5000 }, { MSR(0xc0000103), 0xabc }, { MSR(0x3b), 0x1000 },
};

static void round_trip(void)
{
	struct ward_reg regs[ARRAY_SIZE(writable)];
	char name[64];
	__u32 i, failed = ~0u;

	setup();
	/* One by one, then all at once. */
	for (i = 0; i < ARRAY_SIZE(writable); i++) {
		snprintf(name, sizeof(name), "writing %#llx", writable[i].id);
		if (!CHECK_NAMED(ward_set_reg(g.vcpu, writable[i].id, writable[i].value), 0, name))
			continue;
		snprintf(name, sizeof(name), "reading back %#llx", writable[i].id);
		CHECK_NAMED(get_reg(&g, writable[i].id), writable[i].value, name);
	}
	guest_free(&g);
	setup();
	CHECK_EQ(ward_set_regs(g.vcpu, writable, ARRAY_SIZE(writable), &failed), 0);
	for (i = 0; i < ARRAY_SIZE(writable); i++)
		regs[i] = (struct ward_reg){ .id = writable[i].id, .value = 0x5a5a };
	REQUIRE_EQ(ward_get_regs(g.vcpu, regs, ARRAY_SIZE(regs), NULL), 0);
	for (i = 0; i < ARRAY_SIZE(writable); i++) {
		snprintf(name, sizeof(name), "reading %#llx with all", writable[i].id);
		CHECK_EQ(regs[i].id, writable[i].id);
		CHECK_NAMED(regs[i].value, writable[i].value, name);
	}
}

static void segments(void)
{
	struct ward_segment set, got;
	__u32 i;

	setup();
	for (i = 0; i < WARD_SEG_COUNT; i++) {
		set = (struct ward_segment){
			.selector = (__u16)(0x1230 + i), .base = 0xffff800000000000 + i * PAGE,
			.limit = 0xfffff000 + i, .rights = 0x1c093 + i,
		};
		CHECK_EQ(ward_set_segment(g.vcpu, i, &set), 0);
	}
	for (i = 0; i < WARD_SEG_COUNT; i++) {
		CHECK_EQ(ward_get_segment(g.vcpu, i, &got), 0);
		CHECK_EQ(got.selector, 0x1230 + i);
		CHECK_EQ(got.base, 0xffff800000000000 + i * PAGE);
		CHECK_EQ(got.limit, 0xfffff000 + i);
		CHECK_EQ(got.rights, 0x1c093 + i);
	}
	/* FS and GS bases are MSRs too. */
	set_reg(&g, MSR(0xc0000100), 0x123000);
	CHECK_EQ(get_reg(&g, SEG(WARD_FS, WARD_SEG_BASE)), 0x123000);
	set_reg(&g, SEG(WARD_GS, WARD_SEG_BASE), 0x456000);
	CHECK_EQ(get_reg(&g, MSR(0xc0000101)), 0x456000);
}

static void unknown_ids(void)
{
	static const __u64 ids[] = {
		0, WARD_REG(0, 1), WARD_REG(9, 0), WARD_REG(~0u, 0), ~0ull,
		GPR(WARD_GPR_COUNT), GPR(~0u), GPR(0x100), CR(1), CR(5), CR(7), CR(9), CR(16),
		DR(4), DR(5), DR(8), SEG(WARD_SEG_COUNT, 0), SEG(WARD_SEG_COUNT, 3), TABLE(4),
		STATE(WARD_STATE_COUNT), WARD_REG(WARD_REG_CLASS_XCR, 1), MSR(0x12345678),
		MSR(0x40000000), MSR(0xdeadbeef),
	};
	char name[64];
	__u64 value;
	size_t i;

	setup();
	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		snprintf(name, sizeof(name), "register %#llx", ids[i]);
		CHECK_NAMED(ward_get_reg(g.vcpu, ids[i], &value), -ENOENT, name);
		CHECK_NAMED(ward_set_reg(g.vcpu, ids[i], 0), -ENOENT, name);
	}
}

static const struct ward_reg impossible[] = {
	{ GPR(WARD_RFLAGS), 0 }, { GPR(WARD_RFLAGS), 0xa }, { GPR(WARD_RFLAGS), 0x8002 },
	{ GPR(WARD_RFLAGS), 1ull << 32 | 2 }, { GPR(WARD_RFLAGS), 1ull << 22 | 2 },
	{ CR(0), 1ull << 32 }, { CR(0), 1ull << 63 }, { CR(0), 0x40 },
	{ CR(0), 0x80000010 }, { CR(0), 0x20000011 },		/* PG, no PE; NW, no CD */
	{ CR(3), 1ull << 52 }, { CR(3), 1ull << 63 },
	{ CR(4), 1ull << 63 }, { CR(4), 1ull << 32 }, { CR(4), 1ull << 15 },
	{ CR(4), 1ull << 13 }, { CR(4), 1ull << 14 },		/* VMXE, SMXE: not offered */
	{ CR(8), 16 }, { CR(8), ~0ull },
	{ DR(6), 1ull << 32 }, { DR(7), 1ull << 32 }, { DR(7), ~0ull },
	{ SEG(WARD_CS, WARD_SEG_SELECTOR), 0x10000 }, { SEG(WARD_CS, WARD_SEG_BASE), 1ull << 63 },
	{ SEG(WARD_FS, WARD_SEG_BASE), 1ull << 47 }, { SEG(WARD_TR, WARD_SEG_BASE), 1ull << 47 },
	{ SEG(WARD_SS, WARD_SEG_LIMIT), 1ull << 32 },
	{ SEG(WARD_DS, WARD_SEG_RIGHTS), 0x20000 }, { SEG(WARD_DS, WARD_SEG_RIGHTS), 1ull << 32 },
	{ SEG(WARD_DS, WARD_SEG_RIGHTS), 0xf93 },		/* bits 11:8 are reserved */
	{ TABLE(0), 1ull << 47 }, { TABLE(1), 0x10000 }, { TABLE(2), 1ull << 63 },
	{ TABLE(3), 1ull << 32 },
	{ STATE(WARD_STATE_ACTIVITY), 2 }, { STATE(WARD_STATE_ACTIVITY), 4 },
	{ STATE(WARD_STATE_ACTIVITY), ~0ull },
	{ STATE(WARD_STATE_BLOCKING), 3 }, { STATE(WARD_STATE_BLOCKING), 4 },
	{ STATE(WARD_STATE_BLOCKING), 0x10 }, { STATE(WARD_STATE_BLOCKING), 1ull << 32 },
	{ STATE(WARD_STATE_PENDING_DEBUG), 0x10 }, { STATE(WARD_STATE_PENDING_DEBUG), 1ull << 32 },
	{ STATE(WARD_STATE_EVENT), 13 }, { STATE(WARD_STATE_EVENT), WARD_EVENT_VALID | 0x1000 },
	{ XCR0, 0 }, { XCR0, 2 }, { XCR0, 5 }, { XCR0, 1ull << 63 | 1 },
	/* "a non-canonical base: -EINVAL", in an MSR too */
	{ MSR(0xc0000100), 1ull << 47 }, { MSR(0xc0000101), 1ull << 63 },
	{ MSR(0xc0000102), 1ull << 47 }, { MSR(0xc0000082), 1ull << 47 },
	{ MSR(0x175), 1ull << 47 }, { MSR(0x176), 1ull << 63 },
	{ MSR(0xc0000084), 1ull << 32 }, { MSR(0xc0000103), 1ull << 32 },
	{ MSR(EFER), 1ull << 63 }, { MSR(EFER), 2 }, { MSR(0x277), 2 },
};

static void impossible_values(void)
{
	char name[64];
	__u64 before;
	size_t i;

	setup();
	for (i = 0; i < ARRAY_SIZE(impossible); i++) {
		const struct ward_reg *r = &impossible[i];

		before = get_reg(&g, r->id);
		snprintf(name, sizeof(name), "%#llx in register %#llx", r->value, r->id);
		CHECK_NAMED(ward_set_reg(g.vcpu, r->id, r->value), -EINVAL, name);
		CHECK_NAMED(get_reg(&g, r->id), before, name);
	}
}

/* Registers of the local APIC, where they are MSRs */
static void x2apic(void)
{
	static const struct ward_reg refused[] = {
		{ MSR(0x802), 0 }, { MSR(0x803), 0 }, { MSR(0x80d), 1 }, { MSR(0x810), 1 },
		{ MSR(0x808), 0x100 }, { MSR(0x80f), 0x400 }, { MSR(0x828), 1 },
		{ MSR(0x830), 1 << 20 }, { MSR(0x832), 1 << 20 }, { MSR(0x838), 1ull << 32 },
		{ MSR(0x83e), 4 },
	};
	char name[64];
	__u64 before;
	size_t i;

	guest_make(&g, WARD_VM_LAPIC);
	CHECK_EQ(ward_get_reg(g.vcpu, MSR(0x808), &before), -ENOENT);
	CHECK_EQ(ward_set_reg(g.vcpu, MSR(0x808), 0), -ENOENT);
	set_reg(&g, MSR(0x1b), 0xfee00d00);
	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		const struct ward_reg *r = &refused[i];

		before = get_reg(&g, r->id);
		snprintf(name, sizeof(name), "%#llx in MSR %#x", r->value, (__u32)r->id);
		CHECK_NAMED(ward_set_reg(g.vcpu, r->id, r->value), -EINVAL, name);
		CHECK_NAMED(get_reg(&g, r->id), before, name);
	}
	set_reg(&g, MSR(0x808), 0x20);
	CHECK_EQ(get_reg(&g, MSR(0x808)), 0x20);
	CHECK_EQ(get_reg(&g, CR(8)), 2);
	/* "a change of the local APIC's mode that WRMSR would refuse is ignored" */
	set_reg(&g, MSR(0x1b), 0xfee00900);
	CHECK_EQ(get_reg(&g, MSR(0x1b)), 0xfee00d00);
}

/* @regs must fail as a whole, with @error, at @failed. */
static void refused_list(struct ward_reg *regs, __u32 count, int error, __u32 failed)
{
	struct ward_reg before[8], after[8];
	__u32 i, at = 0x7777;

	for (i = 0; i < 8; i++)
		before[i] = after[i] = (struct ward_reg){ .id = GPR(i), .value = 0 };
	REQUIRE_EQ(ward_get_regs(g.vcpu, before, 8, NULL), 0);
	CHECK_EQ(ward_set_regs(g.vcpu, regs, count, &at), error);
	CHECK_EQ(at, failed);
	REQUIRE_EQ(ward_get_regs(g.vcpu, after, 8, NULL), 0);
	CHECK(!memcmp(before, after, sizeof(before)));
}

static void all_or_nothing(void)
{
	struct ward_reg regs[6];
	__u32 i, failed = 0x77;

	setup();
	for (i = 0; i < 6; i++)
		regs[i] = (struct ward_reg){ .id = GPR(i), .value = 0x1000 + i };
	regs[5] = (struct ward_reg){ .id = CR(4), .value = 1ull << 63 };
	refused_list(regs, 6, -EINVAL, 5);
	regs[5] = (struct ward_reg){ .id = CR(1), .value = 0 };
	refused_list(regs, 6, -ENOENT, 5);
	regs[2] = (struct ward_reg){ .id = SEG(WARD_CS, WARD_SEG_BASE), .value = 1ull << 47 };
	refused_list(regs, 6, -EINVAL, 2);
	regs[0] = (struct ward_reg){ .id = MSR(0xc0000100), .value = 1ull << 47 };
	refused_list(regs, 2, -EINVAL, 0);

	/* Reading says where as well. */
	regs[0].id = GPR(WARD_RAX);
	regs[1].id = GPR(WARD_RCX);
	regs[2].id = DR(5);
	CHECK_EQ(ward_get_regs(g.vcpu, regs, 6, &failed), -ENOENT);
	CHECK_EQ(failed, 2);

	/* The same register twice: the last one wins. */
	regs[0] = (struct ward_reg){ .id = GPR(WARD_RAX), .value = 1 };
	regs[1] = (struct ward_reg){ .id = GPR(WARD_RAX), .value = 2 };
	CHECK_EQ(ward_set_regs(g.vcpu, regs, 2, NULL), 0);
	CHECK_EQ(get_reg(&g, GPR(WARD_RAX)), 2);
}

static void lists(void)
{
	struct ward_reg many[WARD_MAX_REGS + 1];
	struct ward_regs regs = { .size = sizeof(regs), .regs = (uintptr_t)many };
	char *edge = abi_edge();
	const void *read_only;
	int fd, i;

	setup();
	fd = ward_vcpu_fd(g.vcpu);
	for (i = 0; i < (int)ARRAY_SIZE(many); i++)
		many[i] = (struct ward_reg){ .id = GPR(i % 16), .value = i };
	CHECK_EQ(call(fd, WARD_GET_REGS, &regs), -EINVAL);
	CHECK_EQ(call(fd, WARD_SET_REGS, &regs), -EINVAL);
	regs.count = WARD_MAX_REGS + 1;
	CHECK_EQ(call(fd, WARD_GET_REGS, &regs), -EINVAL);
	CHECK_EQ(call(fd, WARD_SET_REGS, &regs), -EINVAL);
	regs.count = ~0u;
	CHECK_EQ(call(fd, WARD_GET_REGS, &regs), -EINVAL);
	CHECK_EQ(call(fd, WARD_SET_REGS, &regs), -EINVAL);
	regs.count = WARD_MAX_REGS;
	CHECK_EQ(call(fd, WARD_SET_REGS, &regs), 0);
	CHECK_EQ(get_reg(&g, GPR(3)), WARD_MAX_REGS - 13);
	CHECK_EQ(call(fd, WARD_GET_REGS, &regs), 0);

	regs.count = 1;
	regs.regs = 0;
	CHECK_EQ(call(fd, WARD_GET_REGS, &regs), -EFAULT);
	CHECK_EQ(call(fd, WARD_SET_REGS, &regs), -EFAULT);
	regs.regs = 0xffffffff81000000;
	CHECK_EQ(call(fd, WARD_GET_REGS, &regs), -EFAULT);
	regs.regs = (uintptr_t)edge - 8;
	CHECK_EQ(call(fd, WARD_GET_REGS, &regs), -EFAULT);
	CHECK_EQ(call(fd, WARD_SET_REGS, &regs), -EFAULT);
	read_only = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	regs.regs = (uintptr_t)read_only;
	CHECK_EQ(call(fd, WARD_GET_REGS, &regs), -ENOENT);	/* id 0 */
	many[0].id = GPR(0);
	regs.regs = (uintptr_t)many;
	CHECK_EQ(call(fd, WARD_GET_REGS, &regs), 0);
	REQUIRE_EQ(mprotect((void *)((uintptr_t)edge - PAGE), PAGE, PROT_READ | PROT_WRITE), 0);
	memcpy(edge - sizeof(many[0]), many, sizeof(many[0]));
	REQUIRE_EQ(mprotect(edge - PAGE, PAGE, PROT_READ), 0);
	regs.regs = (uintptr_t)edge - sizeof(many[0]);
	CHECK_EQ(call(fd, WARD_SET_REGS, &regs), 0);
	CHECK_EQ(call(fd, WARD_GET_REGS, &regs), -EFAULT);

	/* Without a place for the answer nothing is set. */
	many[0].value = 0x5678;
	regs.regs = (uintptr_t)many;
	REQUIRE_EQ(mprotect(edge - PAGE, PAGE, PROT_READ | PROT_WRITE), 0);
	memcpy(edge - sizeof(regs), &regs, sizeof(regs));
	REQUIRE_EQ(mprotect(edge - PAGE, PAGE, PROT_READ), 0);
	CHECK_EQ(call(fd, WARD_SET_REGS, edge - sizeof(regs)), -EFAULT);
	CHECK(get_reg(&g, GPR(0)) != 0x5678);
}

static const struct test tests[] = {
	{ "after_power_up", after_power_up },
	{ "round_trip", round_trip },
	{ "segments", segments },
	{ "unknown_ids", unknown_ids },
	{ "impossible_values", impossible_values },
	{ "x2apic", x2apic },
	{ "all_or_nothing", all_or_nothing },
	{ "lists", lists },
};

TEST_MAIN(tests)
