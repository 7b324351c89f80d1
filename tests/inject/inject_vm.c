// SPDX-License-Identifier: GPL-2.0-only
/*
 * inject_vm.c - failing allocations in the calls on a VM but WARD_MAP, and in
 * the life of a vCPU.
 */
#include "inject.h"

static struct guest g;
static int vm;

GUEST_CODE(answer, 64, "mov %rbx, %rax\n add $2, %rax\n hlt\n nop\n jmp guest_answer\n");

/* A guest that adds 2 to what it is given, and an NMI as well as an APIC. */
static void make(__u32 flags)
{
	guest_make(&g, flags);
	guest_code_long(&g, answer);
	vm = ward_vm_fd(g.vm);
}

static void works(void)
{
	set_reg(&g, GPR(WARD_RIP), GUEST_CODE_AT);
	set_reg(&g, GPR(WARD_RBX), 40);
	guest_expect(&g, WARD_EXIT_HALT);
	CHECK_EQ(g.run->gprs[WARD_RAX], 42);
}

/*
 * A call on @fd that reads or sets the same each time: after an error it
 * succeeds. @bytes: of its structure.
 */
static void same(const char *name, int fd, unsigned long number, const void *args, size_t bytes,
		 bool idle)
{
	char copy[1024];

	REQUIRE(bytes <= sizeof(copy));
	INJECT(i, name) {
		i.idle = idle;
		memcpy(copy, args, bytes);
		if (INJECTED(&i, call(fd, number, copy)) < 0) {
			memcpy(copy, args, bytes);
			CHECK_NAMED(call(fd, number, copy), 0, name);
		}
		works();
	}
}

#define SAME(name, fd, number, args)	same(name, fd, number, &(args), sizeof(args), false)

static void get_info(void)
{
	const struct ward_get_info args = { .size = sizeof(args) };

	make(0);
	SAME("WARD_GET_INFO", vm, WARD_GET_INFO, args);
}

static void clock_calls(void)
{
	const struct ward_clock args = { .size = sizeof(args) };

	make(0);
	SAME("WARD_GET_CLOCK", vm, WARD_GET_CLOCK, args);
	SAME("WARD_SET_CLOCK", vm, WARD_SET_CLOCK, args);
}

static void get_stats(void)
{
	static __u64 values[WARD_STAT_COUNT];
	const struct ward_get_stats args = {
		.size = sizeof(args), .values = (uintptr_t)values, .capacity = WARD_STAT_COUNT,
	};

	make(0);
	SAME("WARD_GET_STATS", vm, WARD_GET_STATS, args);
	CHECK(values[WARD_STAT_ENTRIES] > 0);
}

static void cpuid(void)
{
	static struct ward_cpuid_entry entries[WARD_MAX_CPUID], now[WARD_MAX_CPUID];
	struct ward_cpuid args = {
		.size = sizeof(args), .entries = (uintptr_t)entries, .count = WARD_MAX_CPUID,
	}, look = args;
	__u32 e;

	make(0);
	SAME("WARD_GET_CPUID", vm, WARD_GET_CPUID, args);
	REQUIRE_EQ(call(vm, WARD_GET_CPUID, &args), 0);
	ward_close_vcpu(g.vcpu);

	/* Without SSE4.2 if it worked, as before if not. */
	for (e = 0; e < args.count && entries[e].leaf != 1; e++)
		;
	REQUIRE(e < args.count);
	REQUIRE(entries[e].ecx & 1u << 20);
	look.entries = (uintptr_t)now;
	INJECT(i, "WARD_SET_CPUID") {
		int result;

		entries[e].ecx &= ~(1u << 20);
		result = (int)INJECTED(&i, call(vm, WARD_SET_CPUID, &args));
		look.count = WARD_MAX_CPUID;
		REQUIRE_EQ(call(vm, WARD_GET_CPUID, &look), 0);
		CHECK_EQ(!!(now[e].ecx & 1u << 20), result < 0);
		if (result < 0)
			REQUIRE_EQ(call(vm, WARD_SET_CPUID, &args), 0);
		entries[e].ecx |= 1u << 20;
		REQUIRE_EQ(call(vm, WARD_SET_CPUID, &args), 0);
	}
	REQUIRE_EQ(ward_create_vcpu(g.vm, 0, &g.vcpu), 0);
	g.run = ward_run_page(g.vcpu);
	guest_code_long(&g, answer);
	works();
}

static void pause_resume(void)
{
	struct ward_vm_info info;

	make(0);
	INJECT(i, "WARD_PAUSE") {
		i.idle = true;
		CHECK_EQ(INJECTED(&i, call(vm, WARD_PAUSE, NULL)), 0);
		REQUIRE_EQ(ward_get_info(g.vm, &info), 0);
		CHECK_EQ(info.pauses, 1);
		CHECK_EQ(call(vm, WARD_RESUME, NULL), 0);
		works();
	}
	INJECT(i, "WARD_RESUME") {
		i.idle = true;
		CHECK_EQ(call(vm, WARD_PAUSE, NULL), 0);
		CHECK_EQ(INJECTED(&i, call(vm, WARD_RESUME, NULL)), 0);
		REQUIRE_EQ(ward_get_info(g.vm, &info), 0);
		CHECK_EQ(info.pauses, 0);
		works();
	}
}

/* A message that is sent twice waits once. */
static void msi(void)
{
	struct ward_msi args = { .size = sizeof(args), .address = 0xfee00000, .data = 0x0400 };

	make(WARD_VM_LAPIC);
	INJECT(i, "WARD_MSI") {
		if (INJECTED(&i, call(vm, WARD_MSI, &args)) < 0)
			CHECK_EQ(call(vm, WARD_MSI, &args), 0);
	}
}

static void create_vcpu_with(__u32 flags, const char *name)
{
	const struct ward_create_vcpu args = { .size = sizeof(args), .id = 7 };
	struct ward_vm_info info;

	make(flags);
	INJECT(i, name) {
		int fd = (int)INJECTED(&i, call(vm, WARD_CREATE_VCPU, &args));

		REQUIRE_EQ(ward_get_info(g.vm, &info), 0);
		if (fd < 0) {
			CHECK_EQ(info.vcpus, 1);
			fd = call(vm, WARD_CREATE_VCPU, &args);
			REQUIRE_EQ(ward_get_info(g.vm, &info), 0);
		}
		REQUIRE(fd >= 0);
		CHECK_EQ(info.vcpus, 2);
		close(fd);
		if (!flags)
			works();
	}
}

static void create_vcpu(void)
{
	create_vcpu_with(0, "WARD_CREATE_VCPU");
}

static void create_vcpu_lapic(void)
{
	create_vcpu_with(WARD_VM_LAPIC, "WARD_CREATE_VCPU, LAPIC");
}

/* See inject_device.c: here the descriptor is had before there is a file for it. */
static void grow_by_vcpu(struct injection *i)
{
	const struct ward_create_vcpu args = { .size = sizeof(args), .id = 1 };
	struct ward_vm_info info;
	int fd;

	for (fd = 0; fd >= 0 && fd < 63;) {
		fd = dup(vm);
		REQUIRE(fd >= 0);
	}
	fd = (int)INJECTED(i, call(vm, WARD_CREATE_VCPU, &args));
	if (fd < 0) {
		REQUIRE_EQ(ward_get_info(g.vm, &info), 0);
		CHECK_EQ(info.vcpus, 1);
		fd = call(vm, WARD_CREATE_VCPU, &args);
	}
	REQUIRE_EQ(fd, 64);
}

static void create_vcpu_many_fds(void)
{
	make(0);
	INJECT(i, "WARD_CREATE_VCPU, 65th descriptor")
		inject_in_child(&i, grow_by_vcpu);
}

/*
 * The tags of 62 vCPUs fit into a word that is there; the next one needs a bitmap,
 * and keeps it for all: so each time all are new.
 */
static void create_vcpu_63rd(void)
{
	INJECT(i, "WARD_CREATE_VCPU, the 63rd") {
		struct ward_create_vcpu args = { .size = sizeof(args) };
		int fds[62], fd;

		make(0);
		for (args.id = 1; args.id < ARRAY_SIZE(fds); args.id++) {
			fds[args.id] = call(vm, WARD_CREATE_VCPU, &args);
			REQUIRE(fds[args.id] >= 0);
		}
		fd = (int)INJECTED(&i, call(vm, WARD_CREATE_VCPU, &args));
		if (fd < 0)
			fd = call(vm, WARD_CREATE_VCPU, &args);
		CHECK(fd >= 0);
		works();
		close(fd);
		for (args.id = 1; args.id < ARRAY_SIZE(fds); args.id++)
			close(fds[args.id]);
		guest_free(&g);
	}
}

/* The limit of the user counts what exists, whatever failed in between. */
static void quota(void)
{
	const struct ward_create_vcpu args = { .size = sizeof(args), .id = 1 };
	const char *limit = "/sys/module/ward/parameters/max_vcpus_per_user";
	long before = inject_number(limit);
	int fd = open(limit, O_WRONLY | O_CLOEXEC);

	make(0);
	REQUIRE(fd >= 0 && before > 2);
	inject_write(fd, 2);
	INJECT(i, "WARD_CREATE_VCPU, the last one") {
		int vcpu = (int)INJECTED(&i, call(vm, WARD_CREATE_VCPU, &args));

		if (vcpu < 0)
			vcpu = call(vm, WARD_CREATE_VCPU, &args);
		CHECK(vcpu >= 0);
		close(vcpu);
	}
	inject_write(fd, (unsigned int)before);
	close(fd);
}

static void close_vcpu(void)
{
	const struct ward_create_vcpu args = { .size = sizeof(args), .id = 1 };

	make(WARD_VM_LAPIC);
	INJECT(i, "close, a vCPU") {
		int fd = call(vm, WARD_CREATE_VCPU, &args);

		REQUIRE(fd >= 0);
		i.idle = true;
		CHECK_EQ(INJECTED(&i, close(fd)), 0);
	}
}

static void run_page(void)
{
	int vcpu;

	make(0);
	vcpu = ward_vcpu_fd(g.vcpu);
	INJECT(i, "mmap of the run page") {
		void *page = MAP_FAILED;

		INJECTED(&i, ({
			page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
			page == MAP_FAILED ? -errno : 0;
		}));
		if (page == MAP_FAILED)
			page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
		REQUIRE(page != MAP_FAILED);
		CHECK_EQ(((struct ward_run *)page)->exit, g.run->exit);
		munmap(page, PAGE);
		works();
	}
	/* Through madvise(): a fault of the process itself is tried until it works. */
	INJECT(i, "fault on the run page") {
		char *page = mmap((void *)(1ull << 40), PAGE, PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_FIXED, vcpu, 0);

		REQUIRE(page != MAP_FAILED);
		INJECTED(&i, madvise(page, PAGE, MADV_POPULATE_WRITE) ? -errno : 0);
		CHECK_EQ(((struct ward_run *)page)->exit, g.run->exit);
		munmap(page, PAGE);
		works();
	}
}

static const struct test tests[] = {
	{ "get_info", get_info },
	{ "clock_calls", clock_calls },
	{ "get_stats", get_stats },
	{ "cpuid", cpuid },
	{ "pause_resume", pause_resume },
	{ "msi", msi },
	{ "create_vcpu", create_vcpu },
	{ "create_vcpu_lapic", create_vcpu_lapic },
	{ "create_vcpu_many_fds", create_vcpu_many_fds },
	{ "create_vcpu_63rd", create_vcpu_63rd },
	{ "quota", quota },
	{ "close_vcpu", close_vcpu },
	{ "run_page", run_page },
};

INJECT_MAIN(tests)
