// SPDX-License-Identifier: GPL-2.0-only
/*
 * users_test.c - real users and groups: who gets through the device node, whose
 * VMs are seen and reached, what a user's limits are. The node gets the group
 * and the mode that userlib/60-ward.rules gives it.
 *
 * list_test of the self-tests has users on descriptors of root's.
 */
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include "life.h"

#define WARD_GROUP	811
#define ALICE		1001	/* of the group */
#define BOB		1002	/* of the group */
#define CAROL		1003	/* not */

static void node_for_group(void)
{
	need_root();
	REQUIRE_EQ(chown(WARD_DEVICE_PATH, 0, WARD_GROUP), 0);
	REQUIRE_EQ(chmod(WARD_DEVICE_PATH, 0660), 0);
}

/* For good: no way back to root. */
static void become(unsigned int uid)
{
	gid_t group = WARD_GROUP;

	REQUIRE_EQ(setgroups(uid == CAROL ? 0 : 1, &group), 0);
	REQUIRE_EQ(setresgid(uid, uid, uid), 0);
	REQUIRE_EQ(setresuid(uid, uid, uid), 0);
}

struct play {
	atomic_uint act;	/* how far the play has come */
};

static struct play *play;

static void act_begins(unsigned int act)
{
	REQUIRE(WAIT_FOR(play->act >= act));
}

static int listed(int device, struct ward_vm_info *infos, __u32 capacity)
{
	int count = ward_list(device, infos, capacity);

	REQUIRE(count >= 0);
	return count;
}

/* ------------------------------------------------------------------ the node */

static void may_not(void *unused)
{
	(void)unused;
	become(CAROL);
	CHECK_EQ(open(WARD_DEVICE_PATH, O_RDWR), -1);
	CHECK_EQ(errno, EACCES);
	CHECK_EQ(open(WARD_DEVICE_PATH, O_RDONLY), -1);
	CHECK_EQ(errno, EACCES);
	CHECK_EQ(ward_open(), -EACCES);
}

static void may(void *unused)
{
	struct guest g;

	(void)unused;
	become(ALICE);
	touch_make(&g);
	touch_write(&g, GUEST_DATA, 7);
	CHECK_EQ(touch_read(&g, GUEST_DATA), 7);
	/* Nor is she more than a user of it. */
	CHECK_EQ(module_unload(), -EPERM);
	guest_free(&g);
}

static void the_node(void)
{
	struct stat status;

	need_root();
	REQUIRE_EQ(stat(WARD_DEVICE_PATH, &status), 0);
	if (!access("/lab/conf", F_OK))		/* nothing but the kernel made it */
		CHECK_EQ(status.st_mode & 0777, 0660);
	node_for_group();
	run_child(may_not, NULL);
	run_child(may, NULL);
}

/* What the command says to who may not. */
static void refused_command(void *unused)
{
	(void)unused;
	become(CAROL);
	execlp("sh", "sh", "-c", "ward list 2>/tmp/users_test.err; status=$?;"
	       "[ $status != 0 ] && grep -qi 'permission\\|group' /tmp/users_test.err", NULL);
	_exit(127);
}

static void the_command(void)
{
	node_for_group();
	unlink("/tmp/users_test.err");
	run_child(refused_command, NULL);
}

/* A descriptor is a capability: it outlives the right to open the node. */
static void keeps_what_was_opened(void *unused)
{
	struct ward_vm *vm;
	gid_t group = WARD_GROUP;
	int device;

	(void)unused;
	REQUIRE_EQ(setgroups(1, &group), 0);
	REQUIRE_EQ(setresgid(ALICE, ALICE, ALICE), 0);
	device = open_device();
	REQUIRE_EQ(setgroups(0, NULL), 0);
	REQUIRE_EQ(setresuid(ALICE, ALICE, ALICE), 0);
	CHECK_EQ(open(WARD_DEVICE_PATH, O_RDWR), -1);
	CHECK_EQ(ward_create_vm(device, "kept", 0, &vm), 0);
}

static void the_descriptor(void)
{
	node_for_group();
	run_child(keeps_what_was_opened, NULL);
}

/* --------------------------------------------------------------- each other's */

static void bob(void *unused)
{
	struct ward_vm_info infos[8];
	struct ward_vm *vm, *other;
	int device;

	(void)unused;
	become(BOB);
	device = open_device();
	act_begins(1);
	/* Alice's is there; he sees nothing of it, by any way. */
	CHECK_EQ(listed(device, infos, ARRAY_SIZE(infos)), 0);
	CHECK_EQ(ward_open_vm(device, "web", ALICE, &other), -EACCES);
	CHECK_EQ(ward_open_vm(device, "absent", ALICE, &other), -EACCES);
	CHECK_EQ(ward_open_vm(device, "web", 0, &other), -EACCES);
	CHECK_EQ(ward_open_vm(device, "web", (__u32)-1, &other), -ENOENT);
	/* The name is his to take, once. */
	vm = make_vm(device, "web", 0);
	CHECK_EQ(ward_create_vm(device, "web", 0, &other), -EEXIST);
	CHECK_EQ(listed(device, infos, ARRAY_SIZE(infos)), 1);
	CHECK_EQ(infos[0].uid, BOB);
	CHECK_EQ(infos[0].pid, getpid());
	play->act = 2;
	act_begins(3);
	ward_close_vm(vm);
}

static void alice(void *unused)
{
	struct ward_vm_info infos[8];
	struct ward_vm *vm, *again, *other;
	struct ward_vcpu *vcpu;
	int device;

	(void)unused;
	become(ALICE);
	device = open_device();
	vm = make_vm(device, "web", 0);
	play->act = 1;
	act_begins(2);
	CHECK_EQ(listed(device, infos, ARRAY_SIZE(infos)), 1);
	CHECK_EQ(infos[0].uid, ALICE);
	CHECK_EQ(ward_create_vm(device, "web", 0, &other), -EEXIST);
	/* By name it is her own, not Bob's of the same name. */
	REQUIRE_EQ(ward_open_vm(device, "web", (__u32)-1, &again), 0);
	REQUIRE_EQ(ward_create_vcpu(again, 3, &vcpu), 0);
	CHECK_EQ(listed(device, infos, ARRAY_SIZE(infos)), 1);
	CHECK_EQ(infos[0].vcpus, 1);
	CHECK_EQ(ward_open_vm(device, "web", BOB, &other), -EACCES);
	play->act = 3;
	act_begins(4);
	ward_close_vm(vm);
}

/* Another process of the same user reaches it, too. */
static void alice_elsewhere(void *unused)
{
	struct ward_vm_info info;
	struct ward_vm *vm;

	(void)unused;
	become(ALICE);
	REQUIRE_EQ(ward_open_vm(open_device(), "web", ALICE, &vm), 0);
	REQUIRE_EQ(ward_get_info(vm, &info), 0);
	CHECK(info.pid != getpid());
	CHECK_EQ(ward_pause(vm), 0);
	CHECK_EQ(ward_resume(vm), 0);
}

static void each_others(void)
{
	struct ward_vm_info infos[8];
	struct ward_vm *vm;
	pid_t pids[2];
	int device;

	node_for_group();
	play = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	REQUIRE(play != MAP_FAILED);
	pids[0] = start_child(alice, NULL);
	pids[1] = start_child(bob, NULL);
	act_begins(2);
	/* Root sees both, and reaches either. */
	device = open_device();
	CHECK_EQ(listed(device, infos, ARRAY_SIZE(infos)), 2);
	CHECK_EQ(infos[0].uid + infos[1].uid, ALICE + BOB);
	REQUIRE_EQ(ward_open_vm(device, "web", BOB, &vm), 0);
	ward_close_vm(vm);
	CHECK_EQ(ward_open_vm(device, "web", 0, &vm), -ENOENT);
	act_begins(3);
	run_child(alice_elsewhere, NULL);
	play->act = 4;
	CHECK_EQ(reap(pids[0]), 0);
	CHECK_EQ(reap(pids[1]), 0);
	CHECK_EQ(listed(device, infos, ARRAY_SIZE(infos)), 0);
}

/* ---------------------------------------------------------------- capabilities */

static void alices_web(void *unused)
{
	struct ward_vm *vm;

	(void)unused;
	become(ALICE);
	vm = make_vm(open_device(), "web", 0);
	play->act = 1;
	act_begins(2);
	ward_close_vm(vm);
}

/* Bob with this one and no other capability; -1: with none. */
static int bob_with(int capability)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { };

	REQUIRE_EQ(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), 0);
	become(BOB);
	if (capability >= 0)
		data[capability / 32].permitted = data[capability / 32].effective =
			1u << capability % 32;
	REQUIRE_EQ(syscall(SYS_capset, &head, data), 0);
	return open_device();
}

static void bob_without(void *unused)
{
	int device = bob_with(-1);
	struct ward_vm *vm;

	(void)unused;
	CHECK_EQ(listed(device, NULL, 0), 0);
	CHECK_EQ(ward_open_vm(device, "web", ALICE, &vm), -EACCES);
}

/* Who may look into any process may reach any VM, whose name he has to know. */
static void bob_traces(void *unused)
{
	int device = bob_with(CAP_SYS_PTRACE);
	struct ward_vm *vm;

	(void)unused;
	CHECK_EQ(listed(device, NULL, 0), 0);
	REQUIRE_EQ(ward_open_vm(device, "web", ALICE, &vm), 0);
	CHECK_EQ(ward_pause(vm), 0);
	CHECK_EQ(ward_resume(vm), 0);
	CHECK_EQ(ward_open_vm(device, "absent", ALICE, &vm), -ENOENT);
	CHECK_EQ(listed(device, NULL, 0), 0);
}

static void bob_administers(void *unused)
{
	int device = bob_with(CAP_SYS_ADMIN);
	struct ward_vm_info infos[2];
	struct ward_vm *vm;

	(void)unused;
	CHECK_EQ(listed(device, infos, ARRAY_SIZE(infos)), 1);
	CHECK_EQ(infos[0].uid, ALICE);
	CHECK(!strcmp(infos[0].name, "web"));
	CHECK_EQ(ward_open_vm(device, "web", ALICE, &vm), -EACCES);
	CHECK_EQ(ward_open_vm(device, "absent", ALICE, &vm), -EACCES);
}

static void capabilities(void)
{
	pid_t pid;

	node_for_group();
	play = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	REQUIRE(play != MAP_FAILED);
	pid = start_child(alices_web, NULL);
	act_begins(1);
	run_child(bob_without, NULL);
	run_child(bob_traces, NULL);
	run_child(bob_administers, NULL);
	play->act = 2;
	CHECK_EQ(reap(pid), 0);
}

/* --------------------------------------------------------------------- limits */

static void uses_up(void *context)
{
	struct ward_vm *vm[3];
	struct ward_vcpu *vcpu[4];
	unsigned int uid = *(unsigned int *)context;
	int device, i;

	become(uid);
	device = open_device();
	vm[0] = make_vm(device, NULL, 0);
	vm[1] = make_vm(device, NULL, 0);
	CHECK_EQ(ward_create_vm(device, NULL, 0, &vm[2]), -EDQUOT);
	/* Over both VMs together. */
	for (i = 0; i < 3; i++)
		REQUIRE_EQ(ward_create_vcpu(vm[i % 2], (unsigned int)i, &vcpu[i]), 0);
	CHECK_EQ(ward_create_vcpu(vm[0], 7, &vcpu[3]), -EDQUOT);
	if (uid == ALICE) {
		/* At hers, Bob still has all of his. */
		play->act = 1;
		act_begins(2);
	} else {
		play->act = 2;
	}
	ward_close_vcpu(vcpu[0]);
	CHECK_EQ(ward_create_vcpu(vm[0], 7, &vcpu[0]), 0);
	for (i = 0; i < 3; i++)
		ward_close_vcpu(vcpu[i]);
	ward_close_vm(vm[0]);
	CHECK_EQ(ward_create_vm(device, NULL, 0, &vm[2]), 0);
}

static void limits(void)
{
	unsigned int uids[] = { ALICE, BOB };
	pid_t pid;

	node_for_group();
	play = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	REQUIRE(play != MAP_FAILED);
	REQUIRE(write_text("/sys/module/ward/parameters/max_vms_per_user", "2"));
	REQUIRE(write_text("/sys/module/ward/parameters/max_vcpus_per_user", "3"));
	pid = start_child(uses_up, &uids[0]);
	act_begins(1);
	run_child(uses_up, &uids[1]);
	CHECK_EQ(reap(pid), 0);
	CHECK(write_text("/sys/module/ward/parameters/max_vms_per_user", "64"));
	CHECK(write_text("/sys/module/ward/parameters/max_vcpus_per_user", "256"));
}

static const struct test tests[] = {
	{ "the_node", the_node },
	{ "the_command", the_command },
	{ "the_descriptor", the_descriptor },
	{ "each_others", each_others },
	{ "capabilities", capabilities },
	{ "limits", limits },
};

TEST_MAIN(tests)
