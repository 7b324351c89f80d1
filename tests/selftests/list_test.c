// SPDX-License-Identifier: GPL-2.0-only
/*
 * list_test.c - WARD_LIST and WARD_OPEN_VM: who sees and opens whose VMs.
 *
 * The other user is nobody, who works on descriptors of root's: /dev/ward
 * itself may be closed to him.
 */
#include <fcntl.h>
#include <sys/prctl.h>
#include "ward_test.h"

static int raw_list(int device, struct ward_vm_info *infos, __u32 capacity, __u32 *count)
{
	struct ward_list list = {
		.size = sizeof(list), .entries = (uintptr_t)infos, .capacity = capacity,
	};
	int error = call(device, WARD_LIST, &list);

	*count = list.count;
	return error;
}

static int raw_open(int device, const char *name, __u32 uid)
{
	struct ward_open_vm args = { .size = sizeof(args), .uid = uid };

	strcpy(args.name, name);
	return call(device, WARD_OPEN_VM, &args);
}

/* The entry of @name, of all that the caller sees. */
static const struct ward_vm_info *find(int device, const char *name)
{
	static struct ward_vm_info infos[512];
	__u32 count, i;

	REQUIRE_EQ(raw_list(device, infos, ARRAY_SIZE(infos), &count), 0);
	for (i = 0; i < count && i < ARRAY_SIZE(infos); i++)
		if (!strcmp(infos[i].name, name))
			return &infos[i];
	return NULL;
}

static void entry(void)
{
	const struct ward_vm_info *info;
	struct ward_vm_info first;
	struct ward_vm *vm, *other;
	struct ward_vcpu *vcpu;
	int device = open_device();

	vm = make_vm(device, "listed", 0);
	info = find(device, "listed");
	REQUIRE(info != NULL);
	first = *info;
	CHECK_EQ(first.pid, getpid());
	CHECK_EQ(first.uid, geteuid());
	CHECK_EQ(first.vcpus, 0);
	CHECK_EQ(first.pauses, 0);
	CHECK_EQ(first.memory_bytes, 0);
	CHECK_EQ(first.map_generation, 0);
	CHECK(first.id != 0);
	CHECK(first.uptime_ns < 60000000000ull);

	REQUIRE_EQ(ward_create_vcpu(vm, 5, &vcpu), 0);
	CHECK_EQ(ward_pause(vm), 0);
	REQUIRE_EQ(ward_add_ram(vm, 0, 3 * PAGE, WARD_PROT_ALL), 0);
	other = make_vm(device, "another", 0);
	info = find(device, "listed");
	REQUIRE(info != NULL);
	CHECK_EQ(info->id, first.id);
	CHECK_EQ(info->vcpus, 1);
	CHECK_EQ(info->pauses, 1);
	CHECK_EQ(info->memory_bytes, 3 * PAGE);
	CHECK_EQ(info->map_generation, 1);
	CHECK(info->uptime_ns > first.uptime_ns);
	info = find(device, "another");
	REQUIRE(info != NULL);
	CHECK(info->id != first.id);

	ward_close_vm(other);
	CHECK(!find(device, "another"));
	CHECK(find(device, "listed") != NULL);
}

static void capacity(void)
{
	struct ward_vm_info infos[8];
	int device = open_device();
	struct ward_list list = { .size = sizeof(list) };
	__u32 count, all;

	make_vm(device, "one", 0);
	make_vm(device, "two", 0);
	make_vm(device, "three", 0);

	REQUIRE_EQ(raw_list(device, NULL, 0, &all), 0);
	CHECK(all >= 3);
	/* Nothing may be written, not even to a bad address. */
	CHECK_EQ(raw_list(device, (void *)1, 0, &count), 0);
	CHECK_EQ(count, all);

	memset(infos, 0x5a, sizeof(infos));
	CHECK_EQ(raw_list(device, infos, 2, &count), 0);
	CHECK_EQ(count, all);
	CHECK(infos[1].name[0] != 0x5a);
	CHECK_EQ(infos[2].name[0], 0x5a);
	CHECK_EQ(infos[2].id, 0x5a5a5a5a5a5a5a5a);

	CHECK_EQ(raw_list(device, NULL, 1, &count), -EFAULT);
	CHECK_EQ(raw_list(device, (void *)0xffffffff81000000, 3, &count), -EFAULT);

	/* A capacity beyond all reason is no error: at most so many. */
	if (all <= ARRAY_SIZE(infos)) {
		memset(infos, 0x5a, sizeof(infos));
		CHECK_EQ(raw_list(device, infos, ~0u, &count), 0);
		CHECK_EQ(count, all);
		if (all < ARRAY_SIZE(infos))
			CHECK_EQ(infos[all].id, 0x5a5a5a5a5a5a5a5a);
	}

	/* @count is out: what is there before does not matter. */
	list.count = 77;
	CHECK_EQ(call(device, WARD_LIST, &list), 0);
	CHECK_EQ(list.count, all);
}

static void become(unsigned int uid)
{
	REQUIRE_EQ(setgid(uid), 0);
	REQUIRE_EQ(setuid(uid), 0);
}

struct shared {
	int device, ready[2], done[2];
};

static void nobody_looks(void *context)
{
	const struct shared *s = context;
	const struct ward_vm_info *info;
	__u32 count;
	char byte;

	become(NOBODY);
	CHECK_EQ(raw_list(s->device, NULL, 0, &count), 0);
	CHECK_EQ(count, 0);
	CHECK(!find(s->device, "roots"));
	CHECK_EQ(raw_open(s->device, "roots", 0), -EACCES);
	CHECK_EQ(raw_open(s->device, "roots", (__u32)-1), -ENOENT);
	/* The same name as root has, for another user. */
	make_vm(s->device, "roots", 0);
	make_vm(s->device, "nobodys", 0);
	info = find(s->device, "roots");
	REQUIRE(info != NULL);
	CHECK_EQ(info->uid, NOBODY);
	CHECK_EQ(raw_list(s->device, NULL, 0, &count), 0);
	CHECK_EQ(count, 2);
	CHECK(raw_open(s->device, "nobodys", NOBODY) >= 0);
	CHECK(raw_open(s->device, "nobodys", (__u32)-1) >= 0);
	REQUIRE_EQ(write(s->ready[1], "x", 1), 1);
	REQUIRE_EQ(read(s->done[0], &byte, 1), 1);
}

static void other_users(void)
{
	struct shared s = { .device = open_device() };
	const struct ward_vm_info *info;
	struct pollfd ready;
	pid_t pid;
	int fd;

	need_root();
	REQUIRE(!pipe(s.ready) && !pipe(s.done));
	make_vm(s.device, "roots", 0);
	pid = start_child(nobody_looks, &s);
	ready = (struct pollfd){ .fd = s.ready[0], .events = POLLIN };
	if (poll(&ready, 1, 20000) == 1) {
		info = find(s.device, "nobodys");
		REQUIRE(info != NULL);
		CHECK_EQ(info->uid, NOBODY);
		CHECK_EQ(info->pid, pid);
		CHECK_EQ(raw_open(s.device, "nobodys", (__u32)-1), -ENOENT);
		fd = raw_open(s.device, "nobodys", NOBODY);
		CHECK(fd >= 0);
		REQUIRE_EQ(write(s.done[1], "x", 1), 1);
		CHECK_EQ(reap(pid), 0);
		/* Root's descriptor is now its only one. */
		CHECK(find(s.device, "nobodys") != NULL);
		close(fd);
		CHECK(!find(s.device, "nobodys"));
	} else {
		kill(pid, SIGKILL);
		CHECK(!"the other user got stuck");
	}
}

/* Powers in a namespace of one's own are none over others. */
static void in_user_namespace(void *context)
{
	const struct shared *s = context;
	__u32 count;

	become(NOBODY);
	prctl(PR_SET_DUMPABLE, 1);
	if (unshare(CLONE_NEWUSER)) {
		note("unshare: %s", strerror(errno));
		_exit(STATUS_SKIP);
	}
	CHECK_EQ(raw_list(s->device, NULL, 0, &count), 0);
	CHECK_EQ(count, 0);
	/* Root has no number here. */
	CHECK(raw_open(s->device, "roots", 0) < 0);
	make_vm(s->device, "mine", 0);
	CHECK(find(s->device, "mine") != NULL);
	CHECK(raw_open(s->device, "mine", (__u32)-1) >= 0);
}

static void user_namespace(void)
{
	struct shared s = { .device = open_device() };
	int status;

	need_root();
	make_vm(s.device, "roots", 0);
	status = reap(start_child(in_user_namespace, &s));
	if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_SKIP)
		test_skip("no user namespaces here");
	CHECK_EQ(status, 0);
}

static void in_pid_namespace(void *context)
{
	const struct shared *s = context;
	const struct ward_vm_info *info = find(s->device, "outside");

	REQUIRE(info != NULL);
	CHECK_EQ(info->pid, 0);
	make_vm(s->device, "inside", 0);
	info = find(s->device, "inside");
	REQUIRE(info != NULL);
	CHECK_EQ(info->pid, 1);
}

static void pid_namespace(void)
{
	struct shared s = { .device = open_device() };

	need_root();
	make_vm(s.device, "outside", 0);
	if (unshare(CLONE_NEWPID))
		test_skip("no process namespaces here");
	run_child(in_pid_namespace, &s);
}

static void open_errors(void)
{
	struct ward_open_vm args = { .size = sizeof(args), .uid = (__u32)-1 };
	int device = open_device();

	make_vm(device, "there", 0);
	CHECK_EQ(raw_open(device, "absent", (__u32)-1), -ENOENT);
	CHECK_EQ(raw_open(device, "ther", (__u32)-1), -ENOENT);
	CHECK_EQ(raw_open(device, "theree", (__u32)-1), -ENOENT);
	CHECK(raw_open(device, "", (__u32)-1) < 0);
	CHECK(raw_open(device, "there ", (__u32)-1) < 0);
	memset(args.name, 'a', sizeof(args.name));
	CHECK(call(device, WARD_OPEN_VM, &args) < 0);
	if (!geteuid())
		CHECK_EQ(raw_open(device, "there", 4711), -ENOENT);
	else
		CHECK_EQ(raw_open(device, "there", 0), -EACCES);
}

static void opened_is_the_same(void)
{
	struct ward_vm_info a, b;
	int device = open_device();
	struct ward_vm *vm = make_vm(device, "shared", 0), *again;
	struct ward_vcpu *vcpu;

	REQUIRE_EQ(ward_open_vm(device, "shared", geteuid(), &again), 0);
	CHECK_EQ(fcntl(ward_vm_fd(again), F_GETFD), FD_CLOEXEC);
	CHECK_EQ(ward_pause(vm), 0);
	REQUIRE_EQ(ward_get_info(vm, &a), 0);
	REQUIRE_EQ(ward_get_info(again, &b), 0);
	CHECK_EQ(a.id, b.id);
	CHECK_EQ(b.pauses, 1);
	CHECK_EQ(ward_resume(again), 0);
	/* The VM ends with its last descriptor, not with its first. */
	ward_close_vm(vm);
	REQUIRE_EQ(ward_create_vcpu(again, 0, &vcpu), 0);
	CHECK(find(device, "shared") != NULL);
	ward_close_vm(again);
	/* A vCPU's descriptor is one of them. */
	CHECK(find(device, "shared") != NULL);
	ward_close_vcpu(vcpu);
	CHECK(!find(device, "shared"));
	CHECK_EQ(raw_open(device, "shared", (__u32)-1), -ENOENT);
}

static const struct test tests[] = {
	{ "entry", entry },
	{ "capacity", capacity },
	{ "other_users", other_users },
	{ "user_namespace", user_namespace },
	{ "pid_namespace", pid_namespace },
	{ "open_errors", open_errors },
	{ "opened_is_the_same", opened_is_the_same },
};

TEST_MAIN(tests)
