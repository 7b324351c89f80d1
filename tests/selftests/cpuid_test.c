// SPDX-License-Identifier: GPL-2.0-only
/*
 * cpuid_test.c - the VM's CPUID table as user space and as the guest sees it.
 */
#include <x86intrin.h>
#include "ward_abi.h"
#include "ward_guest.h"

static struct ward_cpuid_entry table[WARD_MAX_CPUID + 1];
static int entries;

static int set_table(struct ward_vm *vm)
{
	return ward_set_cpuid(vm, table, (__u32)entries);
}

static void get_table(struct ward_vm *vm)
{
	entries = ward_get_cpuid(vm, table, WARD_MAX_CPUID);
	REQUIRE(entries > 0 && entries <= WARD_MAX_CPUID);
}

static struct ward_cpuid_entry *leaf(__u32 number, __u32 subleaf)
{
	int i;

	for (i = 0; i < entries; i++)
		if (table[i].leaf == number && (table[i].subleaf == subleaf ||
						table[i].subleaf == WARD_CPUID_ANY_SUBLEAF))
			return &table[i];
	return NULL;
}

static void host_cpuid(__u32 number, __u32 subleaf, __u32 out[4])
{
	asm volatile("cpuid" : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3])
		     : "0"(number), "2"(subleaf));
}

static void default_table(void)
{
	struct ward_vm *vm = make_vm(open_device(), NULL, 0);
	const struct ward_cpuid_entry *e;
	__u32 host[4];
	int i, j;

	get_table(vm);
	for (i = 0; i < entries; i++)
		for (j = 0; j < i; j++)
			if (table[i].leaf == table[j].leaf && table[i].subleaf == table[j].subleaf)
				test_fail(__LINE__, "leaf %#x/%#x is there twice",
					  table[i].leaf, table[i].subleaf);
	e = leaf(0, 0);
	REQUIRE(e != NULL);
	host_cpuid(0, 0, host);
	CHECK(e->eax >= 1 && e->eax <= host[0]);
	e = leaf(1, 0);
	REQUIRE(e != NULL);
	host_cpuid(1, 0, host);
	CHECK(!(e->ecx & 1u << 5));				/* VMX */
	CHECK(!(e->ecx & 1u << 6));				/* SMX */
	CHECK(!(e->ecx & ~host[2] & 0x7fffffff & ~(1u << 24 | 1u << 21)));
	CHECK(!(e->edx & ~host[3] & ~(1u << 9)));
	CHECK(!(e->edx & 1u << 9));				/* no local APIC in this VM */
	CHECK_EQ(e->edx & 0x7000179, 0x7000179);	/* FPU PSE TSC MSR PAE CX8 FXSR SSE SSE2 */
	e = leaf(0x80000001, 0);
	REQUIRE(e != NULL);
	CHECK(e->edx & 1u << 29);				/* 64-bit mode */
}

static void capacity(void)
{
	struct ward_vm *vm = make_vm(open_device(), NULL, 0);
	struct ward_cpuid cpuid = { .size = sizeof(cpuid) };

	get_table(vm);
	CHECK_EQ(call(ward_vm_fd(vm), WARD_GET_CPUID, &cpuid), 0);
	CHECK_EQ(cpuid.count, entries);
	memset(table, 0x5a, sizeof(table));
	cpuid.entries = (uintptr_t)table;
	cpuid.count = 2;
	CHECK_EQ(call(ward_vm_fd(vm), WARD_GET_CPUID, &cpuid), 0);
	CHECK_EQ(cpuid.count, entries);
	CHECK(table[1].leaf != 0x5a5a5a5a);
	CHECK_EQ(table[2].leaf, 0x5a5a5a5a);
	cpuid.count = ~0u;
	CHECK_EQ(call(ward_vm_fd(vm), WARD_GET_CPUID, &cpuid), 0);
	CHECK_EQ(cpuid.count, entries);
	CHECK_EQ(table[entries].leaf, 0x5a5a5a5a);
	cpuid.entries = 0;
	cpuid.count = 1;
	CHECK_EQ(call(ward_vm_fd(vm), WARD_GET_CPUID, &cpuid), -EFAULT);
}

GUEST_CODE(ask, 64,
	"1: cpuid\n"
	"hlt\n"
	"jmp 1b\n");

static const __u64 *ask(struct guest *g, __u64 number, __u64 subleaf)
{
	set_reg(g, GPR(WARD_RAX), number);
	set_reg(g, GPR(WARD_RCX), subleaf);
	guest_expect(g, WARD_EXIT_HALT);
	return g->run->gprs;
}

/* Leaf 0x15 has the TSC's frequency as a crystal's and a ratio. */
static void check_crystal(__u64 eax, __u64 ebx, __u64 ecx, __u64 khz)
{
	REQUIRE(eax != 0);
	CHECK(llabs((__s64)(ecx * ebx / eax - khz * 1000)) <= 1000);
}

/* A guest takes its clock's speed from these, and need not look for itself. */
static void frequencies(void)
{
	const struct ward_cpuid_entry *e;
	struct ward_probe probe;
	double began, seconds;
	int device = open_device();
	const __u64 *out;
	struct guest g;
	__u64 ticks;

	REQUIRE_EQ(ward_probe(device, &probe), 0);
	began = now();
	ticks = __rdtsc();
	sleep_ms(200);
	ticks = __rdtsc() - ticks;
	seconds = now() - began;
	note("%llu kHz; %llu ticks in %.4f s", probe.tsc_khz, ticks, seconds);
	CHECK(ticks > 900 * probe.tsc_khz * seconds && ticks < 1100 * probe.tsc_khz * seconds);

	guest_vm(&g, 0);
	get_table(g.vm);
	e = leaf(0x15, 0);
	REQUIRE(e != NULL);
	check_crystal(e->eax, e->ebx, e->ecx, probe.tsc_khz);
	e = leaf(0x16, 0);
	REQUIRE(e != NULL);
	CHECK_EQ(e->eax, probe.tsc_khz / 1000);
	CHECK_EQ(e->ebx, probe.tsc_khz / 1000);

	REQUIRE_EQ(ward_create_vcpu(g.vm, 0, &g.vcpu), 0);
	g.run = ward_run_page(g.vcpu);
	guest_code_long(&g, ask);
	out = ask(&g, 0x15, 0);
	check_crystal(out[WARD_RAX], out[WARD_RBX], out[WARD_RCX], probe.tsc_khz);
	CHECK_EQ(ask(&g, 0x16, 0)[WARD_RAX], probe.tsc_khz / 1000);
}

static void same_again(void)
{
	struct ward_vm *vm = make_vm(open_device(), NULL, WARD_VM_LAPIC);
	struct ward_cpuid_entry before[WARD_MAX_CPUID];
	int had;

	get_table(vm);
	memcpy(before, table, sizeof(before));
	had = entries;
	CHECK_EQ(set_table(vm), 0);
	get_table(vm);
	CHECK_EQ(entries, had);
	CHECK(!memcmp(before, table, had * sizeof(table[0])));
}

static void take_away(void)
{
	struct guest g;
	__u32 had;

	guest_vm(&g, 0);
	get_table(g.vm);
	REQUIRE(leaf(1, 0) != NULL);
	had = leaf(1, 0)->ecx;
	REQUIRE(had & 1u << 23);			/* POPCNT */
	leaf(1, 0)->ecx = had & ~(1u << 23);
	leaf(1, 0)->eax = 0x12345;
	CHECK_EQ(set_table(g.vm), 0);
	get_table(g.vm);
	CHECK_EQ(leaf(1, 0)->ecx & 1u << 23, 0);

	REQUIRE_EQ(ward_create_vcpu(g.vm, 0, &g.vcpu), 0);
	/* After power-up EDX says which processor it is. */
	CHECK_EQ(get_reg(&g, GPR(WARD_RDX)), 0x12345);
	g.run = ward_run_page(g.vcpu);
	guest_code_long(&g, ask);
	CHECK_EQ(ask(&g, 1, 0)[WARD_RCX] & 1u << 23, 0);
	CHECK(g.run->gprs[WARD_RDX] & 1u << 0);
	/* The guest's registers are written as the CPU does: 32 bits. */
	set_reg(&g, GPR(WARD_RBX), ~0ull);
	CHECK_EQ(ask(&g, 0xffffffff00000001, 0xffffffff00000000)[WARD_RBX] >> 32, 0);
	CHECK_EQ(g.run->gprs[WARD_RAX] >> 32, 0);
}

/* Adds @bit of register @reg (0: EAX) of a leaf; it must be refused. */
static void refuse(struct ward_vm *vm, __u32 number, unsigned int reg, unsigned int bit)
{
	struct ward_cpuid_entry before[WARD_MAX_CPUID], *e;
	char name[64];
	int had;

	get_table(vm);
	memcpy(before, table, sizeof(before));
	had = entries;
	e = leaf(number, 0);
	if (!e)
		return;
	snprintf(name, sizeof(name), "adding leaf %#x register %u bit %u", number, reg, bit);
	(&e->eax)[reg] |= 1u << bit;
	CHECK_NAMED(set_table(vm), -EINVAL, name);
	get_table(vm);
	CHECK_EQ(entries, had);
	CHECK(!memcmp(before, table, had * sizeof(table[0])));
}

static void refuse_additions(void)
{
	struct ward_vm *vm = make_vm(open_device(), NULL, 0);

	refuse(vm, 1, 2, 5);		/* VMX */
	refuse(vm, 1, 2, 6);		/* SMX */
	refuse(vm, 1, 2, 3);		/* MONITOR */
	refuse(vm, 1, 2, 15);		/* PDCM */
	refuse(vm, 1, 3, 9);		/* an APIC, in a VM without */
	refuse(vm, 7, 1, 2);		/* SGX */
	refuse(vm, 7, 1, 25);		/* processor trace */
	refuse(vm, 0x80000001, 2, 2);	/* SVM */

	/* A leaf that has no place in the table. */
	get_table(vm);
	table[entries++] = (struct ward_cpuid_entry){ .leaf = 0x12345678, .eax = 1 };
	CHECK_EQ(set_table(vm), -EINVAL);
	/* One leaf twice would be two answers. */
	get_table(vm);
	table[entries++] = table[0];
	CHECK_EQ(set_table(vm), -EINVAL);
}

static void bad_arrays(void)
{
	struct ward_vm *vm = make_vm(open_device(), NULL, 0);
	struct ward_cpuid cpuid = { .size = sizeof(cpuid), .count = 1 };
	int fd = ward_vm_fd(vm);

	CHECK_EQ(call(fd, WARD_SET_CPUID, &cpuid), -EFAULT);
	cpuid.entries = (uintptr_t)abi_edge() - 8;
	CHECK_EQ(call(fd, WARD_SET_CPUID, &cpuid), -EFAULT);
	cpuid.entries = (uintptr_t)table;
	cpuid.count = WARD_MAX_CPUID + 1;
	CHECK_EQ(call(fd, WARD_SET_CPUID, &cpuid), -EINVAL);
	cpuid.count = ~0u;
	CHECK_EQ(call(fd, WARD_SET_CPUID, &cpuid), -EINVAL);
	get_table(vm);
	CHECK(leaf(0, 0) != NULL);
}

static void rules(void)
{
	struct ward_vm *vm = make_vm(open_device(), NULL, 0);
	struct ward_cpuid cpuid = { .size = sizeof(cpuid), .entries = (uintptr_t)table };
	const struct abi_call c = {
		"SET_CPUID", WARD_SET_CPUID, &cpuid, sizeof(cpuid),
		.reserved = offsetof(struct ward_cpuid, reserved),
	};

	get_table(vm);
	cpuid.count = entries;
	abi_check(ward_vm_fd(vm), &c);
}

static void after_vcpu(void)
{
	struct ward_vm *vm = make_vm(open_device(), NULL, 0);
	struct ward_vcpu *vcpu;

	get_table(vm);
	REQUIRE_EQ(ward_create_vcpu(vm, 0, &vcpu), 0);
	CHECK_EQ(set_table(vm), -EBUSY);
	get_table(vm);
}

/* What depends on the vCPU is filled in as the guest asks. */
static void dynamic(void)
{
	struct guest g;
	struct ward_vcpu *fifth;
	const __u64 *out;

	guest_vm(&g, WARD_VM_LAPIC);
	REQUIRE_EQ(ward_create_vcpu(g.vm, 5, &fifth), 0);
	g.vcpu = fifth;
	g.run = ward_run_page(fifth);
	set_reg(&g, STATE(WARD_STATE_ACTIVITY), WARD_ACTIVITY_RUNNING);
	/* With a local APIC HLT sleeps; so end in a port. */
	static const unsigned char code[] = { 0x0f, 0xa2, 0xe6, 0x40, 0xeb, 0xfa };

	guest_long(&g, code, code + sizeof(code));
	set_reg(&g, GPR(WARD_RAX), 1);
	guest_expect(&g, WARD_EXIT_IO);
	out = g.run->gprs;
	CHECK_EQ(out[WARD_RBX] >> 24 & 0xff, 5);
	CHECK(out[WARD_RDX] & 1u << 9);			/* APIC */
	CHECK_EQ(out[WARD_RCX] & 1u << 27, 0);		/* OSXSAVE */
	if (!(out[WARD_RCX] & 1u << 26))
		return;
	set_reg(&g, CR(4), get_reg(&g, CR(4)) | 1u << 18);
	set_reg(&g, GPR(WARD_RAX), 1);
	guest_expect(&g, WARD_EXIT_IO);
	CHECK(out[WARD_RCX] & 1u << 27);
	/* XSAVE's size follows XCR0. */
	set_reg(&g, GPR(WARD_RAX), 0xd);
	set_reg(&g, GPR(WARD_RCX), 0);
	guest_expect(&g, WARD_EXIT_IO);
	CHECK_EQ(out[WARD_RBX], 576);
	if ((out[WARD_RAX] & 7) != 7)
		return;
	set_reg(&g, XCR0, 7);
	set_reg(&g, GPR(WARD_RAX), 0xd);
	set_reg(&g, GPR(WARD_RCX), 0);
	guest_expect(&g, WARD_EXIT_IO);
	CHECK_EQ(out[WARD_RBX], 832);
}

static const struct test tests[] = {
	{ "default_table", default_table },
	{ "capacity", capacity },
	{ "frequencies", frequencies },
	{ "same_again", same_again },
	{ "take_away", take_away },
	{ "refuse_additions", refuse_additions },
	{ "bad_arrays", bad_arrays },
	{ "rules", rules },
	{ "after_vcpu", after_vcpu },
	{ "dynamic", dynamic },
};

TEST_MAIN(tests)
