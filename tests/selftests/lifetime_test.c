// SPDX-License-Identifier: GPL-2.0-only
/*
 * lifetime_test.c - how VMs and vCPUs end, and what they outlive: kills, closes
 * in every order, threads and processes that come and go, descriptors that are
 * inherited, passed on or closed by exec; the module stays while one is left.
 */
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include "ward_memory.h"

static bool listed(const char *name)
{
	static struct ward_vm_info infos[512];
	int device = open_device(), count, i;

	count = ward_list(device, infos, ARRAY_SIZE(infos));
	close(device);
	REQUIRE(count >= 0);
	for (i = 0; i < count && i < (int)ARRAY_SIZE(infos); i++)
		if (!strcmp(infos[i].name, name))
			return true;
	return false;
}

static void named_guest(struct guest *g, const char *name, __u32 flags)
{
	memset(g, 0, sizeof(*g));
	g->device = open_device();
	g->vm = make_vm(g->device, name, flags);
	g->ram = make_memory(GUEST_RAM);
	REQUIRE_EQ(map_one(g->vm, map_add(0, GUEST_RAM, g->ram, WARD_PROT_ALL)), 0);
	REQUIRE_EQ(ward_create_vcpu(g->vm, 0, &g->vcpu), 0);
	g->run = ward_run_page(g->vcpu);
	guest_code_long(g, touch);
}

#define COUNTER(g)	(*(volatile __u64 *)guest_u64(g, GUEST_DATA))

/* ----------------------------------------------------------------- kills */

enum how { COUNTING, ASLEEP, PAUSED };

static void victim(void *context)
{
	enum how how = *(enum how *)context;
	struct guest g;

	named_guest(&g, "victim", how == ASLEEP ? WARD_VM_LAPIC : 0);
	if (how == ASLEEP)
		g.ram[GUEST_CODE_AT + TOUCH_COUNT] = 0xf4;
	if (how == PAUSED)
		ward_pause(g.vm);
	touch_prepare(&g, TOUCH_COUNT, GUEST_DATA, 0);
	ward_run(g.vcpu);
	test_fail(__LINE__, "the victim's WARD_RUN returned");
}

static void killed_when(enum how how)
{
	pid_t pid = start_child(victim, &how);
	int status;

	REQUIRE(WAIT_FOR(listed("victim")));
	sleep_ms(50);
	CHECK_EQ(kill(pid, SIGKILL), 0);
	status = reap(pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	/* Who waited for the process sees the VM gone soon after. */
	CHECK(WAIT_FOR(!listed("victim")));
}

static void killed_while_running(void)
{
	killed_when(COUNTING);
}

static void killed_asleep(void)
{
	killed_when(ASLEEP);
}

static void killed_in_pause(void)
{
	killed_when(PAUSED);
}

/* ---------------------------------------------------------------- closing */

static void close_one(struct guest *g, int which)
{
	switch (which) {
	case 0:
		close(g->device);
		break;
	case 1:
		close(ward_vm_fd(g->vm));
		break;
	case 2:
		close(ward_vcpu_fd(g->vcpu));
		break;
	case 3:
		munmap(g->run, PAGE);
		break;
	case 4:
		munmap(g->ram, GUEST_RAM);
		break;
	}
}

static void every_order(void)
{
	int order[5], n, i, j, code;
	struct guest g;

	for (n = 0; n < 120; n++) {
		/* The n-th permutation. */
		for (i = 0, code = n; i < 5; i++) {
			order[i] = code % (i + 1);
			code /= i + 1;
			for (j = 0; j < i; j++)
				order[j] += order[j] >= order[i];
		}
		named_guest(&g, "closing", 0);
		touch_write(&g, GUEST_DATA, n);
		for (i = 0; i < 5; i++)
			close_one(&g, order[i]);
		if (listed("closing")) {
			test_fail(__LINE__, "after %d%d%d%d%d it is still there",
				  order[0], order[1], order[2], order[3], order[4]);
			return;
		}
	}
}

/* The other descriptors do not matter to who runs. */
static void close_while_running(void)
{
	struct guest g;
	pthread_t runner;
	__u64 before;

	named_guest(&g, "closing", 0);
	touch_prepare(&g, TOUCH_COUNT, GUEST_DATA, 0);
	runner = start_thread(guest_thread, &g);
	CHECK(WAIT_FOR(COUNTER(&g) > 100));
	close(g.device);
	close(ward_vm_fd(g.vm));
	before = COUNTER(&g);
	CHECK(WAIT_FOR(COUNTER(&g) > before));
	CHECK(listed("closing"));
	touch_stop(&g, runner);
	ward_close_vcpu(g.vcpu);
	CHECK(!listed("closing"));
}

/* Nor does it hurt to close the very one; the run may end of it. */
static void close_under_the_runner(void)
{
	struct guest g;
	pthread_t runner;
	intptr_t got;
	int copy;

	named_guest(&g, "closing", 0);
	touch_prepare(&g, TOUCH_COUNT, GUEST_DATA, 0);
	runner = start_thread(guest_thread, &g);
	CHECK(WAIT_FOR(COUNTER(&g) > 100));
	copy = dup(ward_vcpu_fd(g.vcpu));
	close(ward_vm_fd(g.vm));
	close(ward_vcpu_fd(g.vcpu));
	sleep_ms(50);
	CHECK_EQ(call(copy, WARD_KICK, NULL), 0);
	got = (intptr_t)join_thread(runner);
	CHECK(got == -EINTR || got == -EBADF);
	close(copy);
	munmap(g.run, PAGE);
	CHECK(!listed("closing"));
}

/* ---------------------------------------------------------------- threads */

struct second {
	struct guest *g;
	struct ward_vcpu *vcpu;
};

static void *second_thread(void *context)
{
	return (void *)(intptr_t)ward_run(((struct second *)context)->vcpu);
}

static void one_thread_ends(void)
{
	struct guest g;
	struct second s = { .g = &g };
	struct guest other;
	pthread_t a, b;
	__u64 before;

	named_guest(&g, NULL, 0);
	REQUIRE_EQ(ward_create_vcpu(g.vm, 1, &s.vcpu), 0);
	other = g;
	other.vcpu = s.vcpu;
	guest_code_long(&other, touch);
	touch_prepare(&other, TOUCH_COUNT, GUEST_DATA + 64, 0);
	touch_prepare(&g, TOUCH_COUNT, GUEST_DATA, 0);
	a = start_thread(guest_thread, &g);
	b = start_thread(second_thread, &s);
	CHECK(WAIT_FOR(COUNTER(&g) > 100 && *guest_u64(&g, GUEST_DATA + 64) > 100));
	ward_kick(g.vcpu);
	CHECK_EQ((intptr_t)join_thread(a), -EINTR);
	ward_close_vcpu(g.vcpu);
	before = *(volatile __u64 *)guest_u64(&g, GUEST_DATA + 64);
	CHECK(WAIT_FOR(*(volatile __u64 *)guest_u64(&g, GUEST_DATA + 64) > before));
	ward_kick(s.vcpu);
	CHECK_EQ((intptr_t)join_thread(b), -EINTR);
}

static void *one_step(void *context)
{
	struct guest *g = context;

	touch_write(g, GUEST_DATA, touch_read(g, GUEST_DATA) + 1);
	return NULL;
}

/* A vCPU belongs to no thread. */
static void many_threads_in_turn(void)
{
	struct guest g;
	int i;

	named_guest(&g, NULL, 0);
	for (i = 0; i < 50; i++)
		join_thread(start_thread(one_step, &g));
	CHECK_EQ(*guest_u64(&g, GUEST_DATA), 50);
}

/* -------------------------------------------------------------- processes */

static void child_runs(void *context)
{
	struct guest *g = context;

	/* The memory is the parent's, also where this process has its own copy. */
	CHECK_EQ(touch_read(g, GUEST_DATA), 1);
	g->ram[GUEST_DATA] = 99;
	CHECK_EQ(touch_read(g, GUEST_DATA), 1);
	touch_write(g, GUEST_DATA + 8, 2);
}

static void inherited(void)
{
	struct guest g;

	named_guest(&g, "family", 0);
	touch_write(&g, GUEST_DATA, 1);
	run_child(child_runs, &g);
	CHECK_EQ(*guest_u64(&g, GUEST_DATA), 1);
	CHECK_EQ(*guest_u64(&g, GUEST_DATA + 8), 2);
	CHECK_EQ(touch_read(&g, GUEST_DATA + 8), 2);
}

static void makes_and_leaves(void *context)
{
	struct guest *g = context;		/* shared with the parent */

	named_guest(g, "orphan", 0);
	touch_write(g, GUEST_DATA, 1);
}

struct passed {
	int sockets[2];
};

static void send_fd(int socket, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = { }, byte = 'x';
	struct iovec io = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &io, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	REQUIRE_EQ(sendmsg(socket, &message, 0), 1);
}

static int receive_fd(int socket)
{
	char control[CMSG_SPACE(sizeof(int))], byte;
	struct iovec io = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &io, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	int fd;

	REQUIRE_EQ(recvmsg(socket, &message, 0), 1);
	REQUIRE(CMSG_FIRSTHDR(&message) != NULL);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

static void receiver(void *context)
{
	const struct passed *p = context;
	struct ward_run *run;
	char byte = 0;
	int fd;

	close(p->sockets[0]);
	fd = receive_fd(p->sockets[1]);
	run = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	REQUIRE(run != MAP_FAILED);
	CHECK_EQ(call(fd, WARD_RUN, NULL), 0);
	CHECK_EQ(run->exit, WARD_EXIT_HALT);
	CHECK_EQ(run->gprs[WARD_RAX], 0x1234);
	REQUIRE_EQ(write(p->sockets[1], &byte, 1), 1);
	/* The sender is gone and its memory too; the vCPU is here to tell. */
	REQUIRE_EQ(read(p->sockets[1], &byte, 1), 0);
	run->gprs[WARD_RIP] = GUEST_CODE_AT;
	run->commit = WARD_COMMIT_RIP;
	CHECK_EQ(call(fd, WARD_RUN, NULL), 0);
	CHECK_EQ(run->exit, WARD_EXIT_MEMORY);
	CHECK_EQ(run->memory.error, -ESRCH);
}

static void sender(void *context)
{
	const struct passed *p = context;
	struct guest g;
	char byte;

	named_guest(&g, "passed", 0);
	*guest_u64(&g, GUEST_DATA) = 0x1234;
	touch_prepare(&g, TOUCH_READ, GUEST_DATA, 0);
	send_fd(p->sockets[0], ward_vcpu_fd(g.vcpu));
	REQUIRE_EQ(read(p->sockets[0], &byte, 1), 1);
}

/* To a process that never saw /dev/ward. */
static void passed_on(void)
{
	struct passed p;
	pid_t a, b;

	REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, p.sockets), 0);
	b = start_child(receiver, &p);
	close(p.sockets[1]);
	a = start_child(sender, &p);
	close(p.sockets[0]);
	CHECK_EQ(reap(a), 0);
	CHECK_EQ(reap(b), 0);
	CHECK(!listed("passed"));
}

static void execs(void *unused)
{
	struct guest g;

	(void)unused;
	named_guest(&g, "executes", 0);
	touch_write(&g, GUEST_DATA, 1);
	execlp("sleep", "sleep", "5", NULL);
	_exit(STATUS_SKIP);
}

/* The process lives on, its descriptors are closed on exec. */
static void closed_by_exec(void)
{
	char path[64], name[32] = "";
	pid_t pid = start_child(execs, NULL);
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	CHECK(WAIT_FOR((fd = open(path, O_RDONLY)) >= 0 &&
		       read(fd, name, sizeof(name) - 1) > 0 && !close(fd) &&
		       (!strncmp(name, "sleep", 5) || !strncmp(name, "busybox", 7))));
	CHECK(WAIT_FOR(!listed("executes")));
	CHECK_EQ(kill(pid, SIGKILL), 0);
	reap(pid);
}

/* The address space of a process is gone with it, whatever its guest met there. */
static void meets_a_hole(void *context)
{
	int shared = *(int *)context;
	struct guest g;
	char *area;

	REQUIRE(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, shared, 0) != MAP_FAILED);
	touch_make(&g);
	area = make_memory(2 * PAGE);
	REQUIRE_EQ(map_one(g.vm, map_add(AREA_AT, 2 * PAGE, area, WARD_PROT_ALL)), 0);
	REQUIRE_EQ(munmap(area + PAGE, PAGE), 0);
	touch_prepare(&g, TOUCH_READ, AREA_AT, 0);
	guest_expect(&g, WARD_EXIT_HALT);
	touch_prepare(&g, TOUCH_READ, AREA_AT + PAGE, 0);
	guest_expect(&g, WARD_EXIT_MEMORY);
}

static void address_space_goes(void)
{
	int shared = memfd_create("shared", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	REQUIRE(shared >= 0);
	REQUIRE_EQ(ftruncate(shared, PAGE), 0);
	run_child(meets_a_hole, &shared);
	/* -EBUSY: somewhere the file is mapped to be written. */
	CHECK_EQ(fcntl(shared, F_ADD_SEALS, F_SEAL_WRITE) ? -errno : 0, 0);
}

/* ------------------------------------------------------------- the module */

static void module_stays(void)
{
	struct guest g;
	int fd;

	need_root();
	named_guest(&g, "pins", 0);
	CHECK_EQ(syscall(SYS_delete_module, "ward", O_NONBLOCK), -1);
	CHECK(errno == EAGAIN || errno == EBUSY);
	/* A vCPU's descriptor alone is enough. */
	fd = dup(ward_vcpu_fd(g.vcpu));
	ward_close_vm(g.vm);
	ward_close_vcpu(g.vcpu);
	close(g.device);
	CHECK_EQ(syscall(SYS_delete_module, "ward", O_NONBLOCK), -1);
	CHECK(errno == EAGAIN || errno == EBUSY);
	/* And so is one of the device. */
	g.device = open_device();
	close(fd);
	CHECK_EQ(syscall(SYS_delete_module, "ward", O_NONBLOCK), -1);
	CHECK(errno == EAGAIN || errno == EBUSY);
}

static void orphaned(void)
{
	struct guest *g = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			       -1, 0);

	REQUIRE(g != MAP_FAILED);
	run_child(makes_and_leaves, g);
	CHECK(!listed("orphan"));
	/* Its name is free. */
	make_vm(open_device(), "orphan", 0);
}

static const struct test tests[] = {
	{ "killed_while_running", killed_while_running },
	{ "killed_asleep", killed_asleep },
	{ "killed_in_pause", killed_in_pause },
	{ "every_order", every_order },
	{ "close_while_running", close_while_running },
	{ "close_under_the_runner", close_under_the_runner },
	{ "one_thread_ends", one_thread_ends },
	{ "many_threads_in_turn", many_threads_in_turn },
	{ "inherited", inherited },
	{ "passed_on", passed_on },
	{ "closed_by_exec", closed_by_exec },
	{ "address_space_goes", address_space_goes },
	{ "orphaned", orphaned },
	{ "module_stays", module_stays },
};

TEST_MAIN(tests)
