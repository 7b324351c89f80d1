// SPDX-License-Identifier: GPL-2.0-only
/*
 * vms_test.c - many VMs come and go, each with memory, a vCPU and a run, and
 * the kernel's memory is back where it was.
 */
#include "counts.h"

static struct counts before;
static unsigned char *ram;

/* Real mode: "mov %ax, 0x2000; hlt" at 0. */
static const unsigned char code[] = { 0xa3, 0x00, 0x20, 0xf4 };

struct one {
	struct ward_vm *vm;
	struct ward_vcpu *vcpu;
};

static void make(struct one *o, int device, __u16 value)
{
	const struct ward_segment segment = { .limit = 0xffff, .rights = 0x9b };
	const struct ward_reg regs[] = {
		{ GPR(WARD_RAX), value }, { GPR(WARD_RIP), 0 },
	};
	__u32 flags = value & 1 ? WARD_VM_LAPIC : 0;

	REQUIRE_EQ(ward_create_vm(device, NULL, flags, &o->vm), 0);
	REQUIRE_EQ(map_one(o->vm, map_add(0, GUEST_RAM, ram, WARD_PROT_ALL)), 0);
	REQUIRE_EQ(ward_create_vcpu(o->vm, 0, &o->vcpu), 0);
	REQUIRE_EQ(ward_set_segment(o->vcpu, WARD_CS, &segment), 0);
	REQUIRE_EQ(ward_set_regs(o->vcpu, regs, ARRAY_SIZE(regs), NULL), 0);
}

/* With a local APIC HLT sleeps in the kernel: a kick ends the run at once. */
static void run(struct one *o, __u16 value)
{
	struct ward_run *page = ward_run_page(o->vcpu);

	if (value & 1) {
		page->request = WARD_RUN_IMMEDIATE;
		REQUIRE_EQ(ward_run(o->vcpu), -EINTR);
		return;
	}
	REQUIRE_EQ(ward_run(o->vcpu), 0);
	REQUIRE_EQ(page->exit, WARD_EXIT_HALT);
	REQUIRE_EQ(*(__u16 *)(ram + 0x2000), value);
}

static void end(struct one *o)
{
	ward_close_vcpu(o->vcpu);
	ward_close_vm(o->vm);
}

static void prepare(void)
{
	need_root();
	ram = make_memory(GUEST_RAM);
	memcpy(ram, code, sizeof(code));
}

static void cycle(int device, unsigned int from, unsigned int count)
{
	struct one o;
	unsigned int i;

	for (i = from; i < from + count; i++) {
		make(&o, device, (__u16)i);
		run(&o, (__u16)i);
		end(&o);
	}
}

/* With each, Ward enters VMX root operation, and leaves it. */
static void one_by_one(void)
{
	unsigned int count = times(200, 10000);
	int device = open_device();
	double begin;

	prepare();
	cycle(device, 0, 50);
	counts_take(&before);
	begin = now();
	cycle(device, 50, count);
	note("%u VMs in %.1f s of the host's time", count, now() - begin);
	counts_compare(&before, count);
}

/* VMX is held by another VM; 16 live at once and end in another order. */
static void in_crowds(void)
{
	unsigned int count = times(192, 2048), done, i;
	int device = open_device();
	struct one keeper, crowd[16];

	prepare();
	make(&keeper, device, 2);
	for (done = 0; done <= count; done += 16) {
		if (done == 64)
			counts_take(&before);
		for (i = 0; i < 16; i++)
			make(&crowd[i], device, (__u16)(done + i));
		for (i = 0; i < 16; i++)
			run(&crowd[i], (__u16)(done + i));
		for (i = 0; i < 16; i++)
			end(&crowd[(i * 7 + done) & 15]);
	}
	counts_compare(&before, count - 64);
	run(&keeper, 2);
	end(&keeper);
}

static void victim(void *device)
{
	struct guest g;

	(void)device;
	touch_make(&g);
	touch_prepare(&g, TOUCH_COUNT, GUEST_DATA, 0);
	ward_run(g.vcpu);
}

/* Nobody closes anything: the process is killed while its guest runs. */
static void killed(void)
{
	unsigned int count = times(30, 500), i;
	pid_t pid;

	prepare();
	for (i = 0; i < count + 10; i++) {
		if (i == 10)
			counts_take(&before);
		pid = start_child(victim, NULL);
		sleep_ms(20);
		kill(pid, SIGKILL);
		reap(pid);
	}
	counts_compare(&before, count);
}

static void refused(void *device)
{
	struct ward_map_op op = map_add(0, GUEST_RAM, NULL, WARD_PROT_ALL);
	struct ward_vm *vm;

	op.fd = -1;
	op.source = WARD_MAP_FROM_FD;
	REQUIRE_EQ(ward_create_vm(*(int *)device, NULL, 0, &vm), 0);
	REQUIRE_EQ(map_one(vm, op), -EBADF);
}

/* Of a region that cannot be made nothing stays, not even its process's address space. */
static void bad_regions(void)
{
	unsigned int count = times(50, 500), i;
	int device = open_device();

	need_root();
	for (i = 0; i < count + 10; i++) {
		if (i == 10)
			counts_take(&before);
		CHECK_EQ(reap(start_child(refused, &device)), 0);
	}
	counts_compare(&before, count);
}

static const struct test tests[] = {
	{ "one_by_one", one_by_one },
	{ "in_crowds", in_crowds },
	{ "killed", killed },
	{ "bad_regions", bad_regions },
};

TEST_MAIN(tests)
