// SPDX-License-Identifier: GPL-2.0-only
/*
 * other_hypervisor_test.c - VMX has one owner at a time: Ward next to KVM, one
 * after the other and against each other.
 *
 * KVM holds VMX while it has a VM, or (since Linux 6.12) while it is loaded.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include "ward_memory.h"

static int run_command(const char *command)
{
	int status = system(command);

	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void load_kvm(void)
{
	need_root();
	if (access("/dev/kvm", F_OK) &&
	    run_command("modprobe kvm-intel enable_apicv=0 2>/dev/null"))
		test_skip("kvm-intel is not there");
	if (access("/dev/kvm", F_OK))
		test_skip("there is no /dev/kvm");
}

static void unload_kvm(void)
{
	run_command("rmmod kvm_intel 2>/dev/null");
}

static int kvm_vm(void)
{
	int kvm = open("/dev/kvm", O_RDWR), vm;

	REQUIRE(kvm >= 0);
	vm = call(kvm, KVM_CREATE_VM, NULL);
	close(kvm);
	return vm;
}

static int try_ward(void)
{
	struct ward_create_vm create = { .size = sizeof(create) };
	int device = open_device(), vm = call(device, WARD_CREATE_VM, &create);

	close(device);
	if (vm < 0)
		return vm;
	close(vm);
	return 0;
}

static __u32 owner(char *name)
{
	struct ward_probe probe;
	int device = open_device();

	REQUIRE_EQ(ward_probe(device, &probe), 0);
	close(device);
	memcpy(name, probe.owner, WARD_NAME_BYTES);
	return probe.vmx_owner;
}

static void kvm_first(void)
{
	char name[WARD_NAME_BYTES];
	int vm;

	load_kvm();
	vm = kvm_vm();
	REQUIRE(vm >= 0);
	CHECK_EQ(owner(name), WARD_VMX_OTHER);
	CHECK(!strcmp(name, "kvm_intel"));
	CHECK_EQ(try_ward(), -EBUSY);
	CHECK_EQ(try_ward(), -EBUSY);
	close(vm);
	unload_kvm();
	CHECK_EQ(owner(name), WARD_VMX_FREE);
	CHECK_EQ(try_ward(), 0);
}

static void ward_first(void)
{
	char name[WARD_NAME_BYTES];
	struct guest g;
	int vm;

	load_kvm();
	unload_kvm();
	if (!access("/dev/kvm", F_OK))
		test_skip("KVM cannot be unloaded");
	touch_make(&g);
	touch_write(&g, GUEST_DATA, 1);
	/* Loading may fail, or making a VM; neither may hurt Ward's. */
	if (!run_command("modprobe kvm-intel enable_apicv=0 2>/dev/null") &&
	    !access("/dev/kvm", F_OK)) {
		vm = kvm_vm();
		CHECK(vm < 0);
	}
	CHECK_EQ(owner(name), WARD_VMX_WARD);
	CHECK_EQ(touch_read(&g, GUEST_DATA), 1);
	CHECK_EQ(try_ward(), 0);
	unload_kvm();
	guest_free(&g);
	CHECK_EQ(owner(name), WARD_VMX_FREE);
}

static void in_turn(void)
{
	struct guest g;
	int i, vm;

	for (i = 0; i < 5; i++) {
		load_kvm();
		vm = kvm_vm();
		CHECK(vm >= 0);
		close(vm);
		unload_kvm();
		touch_make(&g);
		touch_write(&g, GUEST_DATA, i);
		CHECK_EQ(touch_read(&g, GUEST_DATA), i);
		guest_free(&g);
	}
}

static const struct test tests[] = {
	{ "kvm_first", kvm_first },
	{ "ward_first", ward_first },
	{ "in_turn", in_turn },
};

TEST_MAIN(tests)
