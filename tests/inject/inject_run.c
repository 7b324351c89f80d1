// SPDX-License-Identifier: GPL-2.0-only
/*
 * inject_run.c - failing allocations in WARD_RUN: table pages, and everything
 * that the host does to have a page.
 *
 * A guest writes and reads back; its memory is taken away before each run, so
 * that each run starts from nothing. A run that failed is simply called again.
 */
#include "inject.h"

#define SMALL	(8 * PAGE)

static struct guest g;
static char *area;

/* One run under injection to the guest's HLT, called again until it gets there. */
static void run(struct injection *i)
{
	int result = (int)INJECTED(i, call(ward_vcpu_fd(g.vcpu), WARD_RUN, NULL));

	/* The table pages that the first attempt got were kept for the next. */
	if (result < 0)
		result = call(ward_vcpu_fd(g.vcpu), WARD_RUN, NULL);
	CHECK_EQ(result, 0);
	CHECK_EQ(g.run->exit, WARD_EXIT_HALT);
}

static void fill(struct injection *i, __u64 gpa, __u64 pages)
{
	touch_prepare(&g, TOUCH_WRITE_PAGES, gpa, pages);
	run(i);
	CHECK_EQ(touch_read(&g, gpa), gpa);
	CHECK_EQ(touch_read(&g, gpa + (pages - 1) * PAGE), gpa + (pages - 1) * PAGE);
}

/* @advice: for @area, which is @bytes long */
static void make_area(__u64 bytes, int advice)
{
	touch_make(&g);
	area = make_memory(bytes);
	REQUIRE_EQ(madvise(area, bytes, advice), 0);
	REQUIRE_EQ(map_one(g.vm, map_add(AREA_AT, bytes, area, WARD_PROT_ALL)), 0);
	/* Tables for the code; the area's go with its pages. */
	touch_write(&g, 0x30000, 1);
}

static void take_away(__u64 bytes)
{
	REQUIRE_EQ(madvise(area, bytes, MADV_DONTNEED), 0);
}

/* A new VM, and everything is missing: code, page tables, tables of the EPT. */
static void first(void)
{
	INJECT(i, "WARD_RUN, the first") {
		touch_make(&g);
		touch_prepare(&g, TOUCH_WRITE, 0x30000, 0x1234);
		run(&i);
		CHECK_EQ(*guest_u64(&g, 0x30000), 0x1234);
		guest_free(&g);
	}
}

static void anonymous(void)
{
	make_area(SMALL, MADV_NOHUGEPAGE);
	INJECT(i, "WARD_RUN, 8 anonymous pages") {
		take_away(SMALL);
		fill(&i, AREA_AT, SMALL / PAGE);
	}
}

static void huge(void)
{
	make_area(HUGE, MADV_HUGEPAGE);
	INJECT(i, "WARD_RUN, a huge page or 3 small") {
		take_away(HUGE);
		fill(&i, AREA_AT, 3);
	}
}

/* A small page of the huge one is taken away: its leaf goes as a whole. */
static void split(void)
{
	make_area(HUGE, MADV_HUGEPAGE);
	INJECT(i, "WARD_RUN, a huge page with a hole") {
		take_away(HUGE);
		touch_write(&g, AREA_AT, 5);
		REQUIRE_EQ(madvise(area + PAGE, PAGE, MADV_DONTNEED), 0);
		fill(&i, AREA_AT + PAGE, 2);
		CHECK_EQ(touch_read(&g, AREA_AT), 5);
	}
}

static void from_file(void)
{
	int file = memfd_create("injected", MFD_CLOEXEC);

	touch_make(&g);
	REQUIRE(file >= 0);
	REQUIRE_EQ(ftruncate(file, SMALL), 0);
	REQUIRE_EQ(map_one(g.vm, (struct ward_map_op){
		.op = WARD_MAP_ADD, .prot = WARD_PROT_ALL, .source = WARD_MAP_FROM_FD,
		.fd = file, .gpa = AREA_AT, .bytes = SMALL }), 0);
	INJECT(i, "WARD_RUN, 4 pages of a memfd") {
		/* A hole: the pages are gone, from the EPT as well. */
		REQUIRE_EQ(ftruncate(file, 0), 0);
		REQUIRE_EQ(ftruncate(file, SMALL), 0);
		fill(&i, AREA_AT, 4);
	}
	close(file);
}

/* Copy on write: the guest reads the zero page first. */
static void zero_page(void)
{
	make_area(SMALL, MADV_NOHUGEPAGE);
	INJECT(i, "WARD_RUN, copies of the zero page") {
		take_away(SMALL);
		CHECK_EQ(touch_read(&g, AREA_AT), 0);
		CHECK_EQ(touch_read(&g, AREA_AT + PAGE), 0);
		fill(&i, AREA_AT, 2);
	}
}

/* The vCPU runs in another process than the one that owns the memory. */
static void elsewhere(struct injection *i)
{
	fill(i, AREA_AT, 2);
}

static void other_process(void)
{
	make_area(SMALL, MADV_NOHUGEPAGE);
	/* The child has a copy; what it runs belongs to this process. */
	INJECT(i, "WARD_RUN in another process") {
		take_away(SMALL);
		inject_in_child(&i, elsewhere);
		CHECK_EQ(*(__u64 *)area, AREA_AT);
	}
}

GUEST_CODE(device, 64,
	"mov (%rsi), %rax\n"		/* a device's register */
	"mov %rax, 8(%rsi)\n"
	"in $0x42, %al\n"
	"out %al, $0x43\n"
	"hlt\n");

/* Reading the instruction, completing what user space answers. */
static void devices(void)
{
	guest_make(&g, 0);
	guest_code_long(&g, device);
	set_reg(&g, GPR(WARD_RSI), GUEST_DEVICE);
	INJECT(i, "WARD_RUN, MMIO and ports") {
		int vcpu = ward_vcpu_fd(g.vcpu);

		i.idle = true;
		set_reg(&g, GPR(WARD_RIP), GUEST_CODE_AT);
		CHECK_EQ(INJECTED(&i, call(vcpu, WARD_RUN, NULL)), 0);
		CHECK_EQ(g.run->exit, WARD_EXIT_MMIO);
		g.run->mmio.data = 0x1122334455667788;
		CHECK_EQ(INJECTED(&i, call(vcpu, WARD_RUN, NULL)), 0);
		CHECK_EQ(g.run->exit, WARD_EXIT_MMIO);
		CHECK_EQ(g.run->mmio.data, 0x1122334455667788);
		CHECK_EQ(INJECTED(&i, call(vcpu, WARD_RUN, NULL)), 0);
		CHECK_EQ(g.run->exit, WARD_EXIT_IO);
		g.run->io.data = 7;
		CHECK_EQ(INJECTED(&i, call(vcpu, WARD_RUN, NULL)), 0);
		CHECK_EQ(g.run->io.data, 7);
		CHECK_EQ(INJECTED(&i, call(vcpu, WARD_RUN, NULL)), 0);
		CHECK_EQ(g.run->exit, WARD_EXIT_HALT);
	}
}

/* A kick, a pause's end and a stop by signal come to the right end. */
static void kicked(void)
{
	touch_make(&g);
	touch_write(&g, 0x30000, 1);
	INJECT(i, "WARD_RUN, kicked") {
		i.idle = true;
		i.also = EINTR;
		touch_prepare(&g, TOUCH_COUNT, 0x30000, 0);
		REQUIRE_EQ(ward_kick(g.vcpu), 0);
		inject_arm(&i);
		CHECK_EQ(call(ward_vcpu_fd(g.vcpu), WARD_RUN, NULL), -EINTR);
		(void)inject_disarm(&i, 0, __LINE__);
		touch_prepare(&g, TOUCH_WRITE, 0x30000, 0x77);
		guest_expect(&g, WARD_EXIT_HALT);
		CHECK_EQ(*guest_u64(&g, 0x30000), 0x77);
	}
}

static const struct test tests[] = {
	{ "first", first },
	{ "anonymous", anonymous },
	{ "huge", huge },
	{ "split", split },
	{ "from_file", from_file },
	{ "zero_page", zero_page },
	{ "other_process", other_process },
	{ "devices", devices },
	{ "kicked", kicked },
};

INJECT_MAIN(tests)
