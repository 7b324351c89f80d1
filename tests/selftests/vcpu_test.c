// SPDX-License-Identifier: GPL-2.0-only
/*
 * vcpu_test.c - a vCPU's descriptor: run page, vector state, WARD_DUMP, what
 * WARD_INJECT refuses, and the rules of the structures. Registers are in
 * regs_test.c, running is in run_test.c.
 */
#include "ward_abi.h"
#include "ward_guest.h"

#define XSAVE_MAX	65536

static struct guest g;

static void setup(void)
{
	guest_make(&g, 0);
}

static void *map_page(int fd, size_t bytes, int prot, int flags, off_t offset)
{
	void *page = mmap(NULL, bytes, prot, flags, fd, offset);

	return page == MAP_FAILED ? NULL : page;
}

static void run_page(void)
{
	const int both = PROT_READ | PROT_WRITE;
	struct ward_run *again;
	int fd;

	setup();
	fd = ward_vcpu_fd(g.vcpu);
	CHECK(!map_page(fd, PAGE, both, MAP_SHARED, PAGE));
	CHECK(!map_page(fd, PAGE, both, MAP_SHARED, 1ll << 40));
	CHECK(!map_page(fd, 2 * PAGE, both, MAP_SHARED, 0));
	CHECK(!map_page(fd, HUGE, both, MAP_SHARED, 0));
	CHECK(!map_page(fd, PAGE, both, MAP_PRIVATE, 0));
	CHECK(!map_page(ward_vm_fd(g.vm), PAGE, both, MAP_SHARED, 0));
	CHECK(!map_page(g.device, PAGE, both, MAP_SHARED, 0));
	/* All mappings show the one page. */
	again = map_page(fd, PAGE, both, MAP_SHARED, 0);
	REQUIRE(again != NULL);
	g.run->gprs[3] = 0x1234;
	CHECK_EQ(again->gprs[3], 0x1234);
	CHECK(map_page(fd, PAGE, PROT_READ, MAP_SHARED, 0) != NULL);
}

static void grow_run_page(void *unused)
{
	volatile char *page;

	(void)unused;
	page = mremap(g.run, PAGE, 2 * PAGE, MREMAP_MAYMOVE);
	if (page == MAP_FAILED)
		_exit(0);
	signal(SIGBUS, SIG_DFL);
	page[0] = 1;
	page[PAGE] = 1;
	test_fail(__LINE__, "there is something behind the run page");
}

static void run_page_ends(void)
{
	int status;

	setup();
	status = reap(start_child(grow_run_page, NULL));
	CHECK(!status || (WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS));
}

static void run_page_outlives(void)
{
	struct ward_create_vcpu create = { .size = sizeof(create), .id = 7 };
	struct ward_vm_info info;
	struct ward_run *run;
	int fd;

	setup();
	fd = call(ward_vm_fd(g.vm), WARD_CREATE_VCPU, &create);
	REQUIRE(fd >= 0);
	run = map_page(fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	REQUIRE(run != NULL);
	close(fd);
	run->request = 1;
	run->gprs[0] = 2;
	CHECK_EQ(run->gprs[0], 2);
	munmap(run, PAGE);
	/* With the last mapping the vCPU is gone. */
	REQUIRE_EQ(ward_get_info(g.vm, &info), 0);
	CHECK_EQ(info.vcpus, 1);
}

/* ------------------------------------------------------------- vector state */

static int get_xsave(void *area, __u32 bytes, __u32 *out)
{
	struct ward_xsave x = { .size = sizeof(x), .area = (uintptr_t)area, .bytes = bytes };
	int error = call(ward_vcpu_fd(g.vcpu), WARD_GET_XSAVE, &x);

	*out = x.bytes;
	return error;
}

static int set_xsave(const void *area, __u32 bytes)
{
	return ward_set_xsave(g.vcpu, area, bytes);
}

static void xsave_sizes(void)
{
	unsigned char *area = make_memory(2 * XSAVE_MAX);
	__u32 length, out;

	setup();
	CHECK_EQ(get_xsave(area, 0, &length), -ENOSPC);
	REQUIRE(length >= 576 && length <= XSAVE_MAX);
	memset(area, 0xa5, length + 8);
	CHECK_EQ(get_xsave(area, length - 1, &out), -ENOSPC);
	CHECK_EQ(out, length);
	CHECK_EQ(area[0], 0xa5);			/* nothing was written */
	CHECK_EQ(get_xsave(area, length, &out), 0);
	CHECK_EQ(out, length);
	CHECK_EQ(area[length], 0xa5);
	CHECK_EQ(*(__u16 *)area, 0x40);		/* FCW and MXCSR after power-up */
	CHECK_EQ(*(__u32 *)(area + 24), 0x1f80);
	CHECK_EQ(get_xsave(area, XSAVE_MAX + 4096, &out), 0);
	CHECK_EQ(out, length);
	CHECK_EQ(get_xsave(NULL, length, &out), -EFAULT);
	CHECK_EQ(set_xsave(area, 0), -EINVAL);
	CHECK_EQ(set_xsave(area, length - 1), -EINVAL);
	CHECK_EQ(set_xsave(area, ~0u), -EINVAL);
	CHECK_EQ(set_xsave(NULL, length), -EFAULT);
	CHECK_EQ(set_xsave(area, length), 0);
}

static void xsave_values(void)
{
	unsigned char *area = make_memory(XSAVE_MAX), *copy = make_memory(XSAVE_MAX);
	__u32 length;
	int i;

	setup();
	REQUIRE_EQ(get_xsave(area, XSAVE_MAX, &length), 0);
	for (i = 0; i < 16 * 16; i++)
		area[160 + i] = (unsigned char)(i * 7);
	*(__u64 *)(area + 512) |= 3;
	*(__u32 *)(area + 24) = 0x9f80;			/* flush to zero */
	REQUIRE_EQ(set_xsave(area, length), 0);
	memset(copy, 0, length);
	REQUIRE_EQ(get_xsave(copy, XSAVE_MAX, &length), 0);
	CHECK(!memcmp(area + 160, copy + 160, 256));
	CHECK_EQ(*(__u32 *)(copy + 24), 0x9f80);

	/* What the CPU would fault on is refused, and changes nothing. */
	memset(area + 160, 0, 256);
	*(__u32 *)(area + 24) = 0xffff1f80;
	CHECK_EQ(set_xsave(area, length), -EINVAL);
	/* Which MXCSR bits exist is the CPU's to say, not the area's. */
	*(__u32 *)(area + 24) = 0x9fc0;
	*(__u32 *)(area + 28) = 0xffffffff;
	CHECK_EQ(set_xsave(area, length), 0);
	*(__u32 *)(area + 24) = 0xffffffff;
	CHECK_EQ(set_xsave(area, length), -EINVAL);
	*(__u32 *)(area + 24) = 0x9f80;
	memcpy(area + 160, copy + 160, 256);
	REQUIRE_EQ(set_xsave(area, length), 0);
	memset(area + 160, 0, 256);
	*(__u32 *)(area + 24) = 0x1f80;
	*(__u64 *)(area + 512) = 1ull << 62 | 3;
	CHECK_EQ(set_xsave(area, length), -EINVAL);
	*(__u64 *)(area + 512) = 1ull << 63 | 3;
	CHECK_EQ(set_xsave(area, length), -EINVAL);
	*(__u64 *)(area + 512) = 3;
	*(__u64 *)(area + 520) = 1ull << 63;		/* compacted: not the standard format */
	CHECK_EQ(set_xsave(area, length), -EINVAL);
	*(__u64 *)(area + 520) = 0;
	for (i = 16; i < 64; i += 8) {
		area[512 + i] = 1;
		CHECK_EQ(set_xsave(area, length), -EINVAL);
		area[512 + i] = 0;
	}
	memset(copy, 0, length);
	REQUIRE_EQ(get_xsave(copy, XSAVE_MAX, &length), 0);
	CHECK_EQ(copy[160 + 5], 35);
	CHECK_EQ(*(__u32 *)(copy + 24), 0x9f80);
}

/* -------------------------------------------------------------------- dump */

static void dump(void)
{
	struct ward_dump d = { .size = sizeof(d) };
	static char text[65536], cut[128];
	int fd, length;

	setup();
	fd = ward_vcpu_fd(g.vcpu);
	set_reg(&g, GPR(WARD_RIP), 0x1234567);
	CHECK_EQ(call(fd, WARD_DUMP, &d), 0);
	length = (int)d.bytes;
	CHECK(length > 500);
	d.text = (uintptr_t)text;
	d.bytes = sizeof(text);
	CHECK_EQ(call(fd, WARD_DUMP, &d), 0);
	CHECK_EQ(d.bytes, length);
	CHECK_EQ(strlen(text), length);
	CHECK_EQ(text[length - 1], '\n');
	CHECK(strstr(text, "1234567") != NULL);
	CHECK(strstr(text, "CR3") != NULL || strstr(text, "cr3") != NULL);

	memset(cut, 0x5a, sizeof(cut));
	d.text = (uintptr_t)cut;
	d.bytes = 100;
	CHECK_EQ(call(fd, WARD_DUMP, &d), 0);
	CHECK_EQ(d.bytes, length);
	/* A NUL may take the place of the last byte. */
	CHECK(!memcmp(cut, text, 99));
	CHECK_EQ(cut[100], 0x5a);
	d.bytes = ~0u;
	d.text = (uintptr_t)text;
	CHECK_EQ(call(fd, WARD_DUMP, &d), 0);
	CHECK_EQ(d.bytes, length);
	d.bytes = 10;
	d.text = 0;
	CHECK_EQ(call(fd, WARD_DUMP, &d), -EFAULT);
}

/* ------------------------------------------------------------------ injection */

static int inject(__u64 event)
{
	struct ward_inject in = { .size = sizeof(in), .event = event };

	return call(ward_vcpu_fd(g.vcpu), WARD_INJECT, &in);
}

static void inject_errors(void)
{
	const __u64 valid = WARD_EVENT_VALID, exception = valid | WARD_EVENT_EXCEPTION;
	__u64 type, bit;

	setup();
	CHECK_EQ(inject(0), -EINVAL);
	CHECK_EQ(inject(0x40), -EINVAL);
	CHECK_EQ(inject(WARD_EVENT_EXCEPTION | 6), -EINVAL);
	for (type = 1; type < 8; type++)
		if (type << 8 != WARD_EVENT_NMI && type << 8 != WARD_EVENT_EXCEPTION)
			CHECK_EQ(inject(valid | type << 8 | 0x20), -EINVAL);
	for (bit = 12; bit < 31; bit++)
		CHECK_EQ(inject(exception | 1ull << bit | 6), -EINVAL);
	CHECK_EQ(inject(exception | 32), -EINVAL);
	CHECK_EQ(inject(exception | 255), -EINVAL);
	CHECK_EQ(inject(valid | WARD_EVENT_NMI | 3), -EINVAL);

	CHECK_EQ(inject(exception | 6), 0);
	CHECK_EQ(inject(exception | 6), -EBUSY);
	CHECK_EQ(inject(exception | 13 | WARD_EVENT_ERROR_CODE), -EBUSY);
	CHECK_EQ(inject(valid | WARD_EVENT_INTERRUPT | 0x20), 0);
	CHECK_EQ(inject(valid | WARD_EVENT_INTERRUPT | 0x21), -EBUSY);
	CHECK_EQ(inject(valid | WARD_EVENT_NMI | 2), 0);

	/* With local APICs interrupts come from there only. */
	guest_free(&g);
	guest_make(&g, WARD_VM_LAPIC);
	CHECK_EQ(inject(valid | WARD_EVENT_INTERRUPT | 0x20), -ENXIO);
	CHECK_EQ(inject(exception | 6), 0);
	CHECK_EQ(inject(valid | WARD_EVENT_NMI | 2), 0);
}

/* -------------------------------------------------------------------- the rules */

static void rules(void)
{
	static struct ward_reg one = { GPR(WARD_RAX), 5 };
	static char text[16];
	static unsigned char area[XSAVE_MAX];
	const struct ward_regs regs = {
		.size = sizeof(regs), .regs = (uintptr_t)&one, .count = 1,
	};
	struct ward_xsave xsave = {
		.size = sizeof(xsave), .area = (uintptr_t)area, .bytes = sizeof(area),
	};
	const struct ward_inject nmi = {
		.size = sizeof(nmi), .event = WARD_EVENT_VALID | WARD_EVENT_NMI | 2,
	};
	const struct ward_dump dumped = {
		.size = sizeof(dumped), .text = (uintptr_t)text, .bytes = sizeof(text),
	};
	const struct abi_call calls[] = {
		{ "GET_REGS", WARD_GET_REGS, &regs, sizeof(regs) },
		{ "SET_REGS", WARD_SET_REGS, &regs, sizeof(regs) },
		{ "GET_XSAVE", WARD_GET_XSAVE, &xsave, sizeof(xsave),
		  .reserved = offsetof(struct ward_xsave, reserved) },
		{ "INJECT", WARD_INJECT, &nmi, sizeof(nmi) },
		{ "DUMP", WARD_DUMP, &dumped, sizeof(dumped),
		  .reserved = offsetof(struct ward_dump, reserved) },
		{ "SET_XSAVE", WARD_SET_XSAVE, &xsave, sizeof(xsave),
		  .reserved = offsetof(struct ward_xsave, reserved) },
	};
	__u32 length;
	size_t i;

	setup();
	for (i = 0; i < ARRAY_SIZE(calls) - 1; i++)
		abi_check(ward_vcpu_fd(g.vcpu), &calls[i]);
	REQUIRE_EQ(get_xsave(area, sizeof(area), &length), 0);
	xsave.bytes = length;
	abi_check(ward_vcpu_fd(g.vcpu), &calls[i]);
}

static void unknown_numbers(void)
{
	static const unsigned long known[] = {
		WARD_RUN, WARD_KICK, WARD_GET_REGS, WARD_SET_REGS, WARD_GET_XSAVE, WARD_SET_XSAVE,
		WARD_INJECT, WARD_DUMP,
	};

	setup();
	abi_unknown(ward_vcpu_fd(g.vcpu), known, ARRAY_SIZE(known));
}

static const struct test tests[] = {
	{ "run_page", run_page },
	{ "run_page_ends", run_page_ends },
	{ "run_page_outlives", run_page_outlives },
	{ "xsave_sizes", xsave_sizes },
	{ "xsave_values", xsave_values },
	{ "dump", dump },
	{ "inject_errors", inject_errors },
	{ "rules", rules },
	{ "unknown_numbers", unknown_numbers },
};

TEST_MAIN(tests)
