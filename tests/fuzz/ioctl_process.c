// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioctl_process.c - descriptors on their ways: duplicated, closed, inherited,
 * sent; processes that die; users who may less; the files of the module.
 */
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "ioctl.h"

/* ------------------------------------------------------------- descriptors */

/* Through a socket, which may be closed with the descriptor in it. */
static void send_fd(struct rng *r)
{
	enum kind kind = (enum kind)below(r, KIND_COUNT);
	int fd = pool_fd(r, kind), pair[2];
	char byte = 0, room[CMSG_SPACE(sizeof(int))] = { };
	struct iovec data = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room),
	};
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return;
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(head), &fd, sizeof(int));
	if (sendmsg(pair[0], &message, MSG_DONTWAIT) == 1 && !one_in(r, 4) &&
	    recvmsg(pair[1], &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) == 1) {
		head = CMSG_FIRSTHDR(&message);
		if (head) {
			memcpy(&fd, CMSG_DATA(head), sizeof(int));
			pool_put(r, kind, fd);
		}
	}
	close(pair[0]);
	close(pair[1]);
}

/* By its name: the pool's numbers may have become anything. */
static bool is_wards(int fd)
{
	char path[32], name[64] = "";

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return readlink(path, name, sizeof(name) - 1) > 0 &&
	       (strstr(name, "[ward-") || !strcmp(name, WARD_DEVICE_PATH));
}

/* Ward's descriptors have no data: each of these has to say so and do nothing. */
static void other_calls(struct rng *r)
{
	int fd = pool_fd(r, (enum kind)below(r, KIND_OTHER)), ready;
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT };
	struct pollfd poller = { .fd = fd, .events = POLLIN | POLLOUT };
	char buffer[64] = "";

	/* The fuzzer's own output. */
	if (fd >= 0 && fd <= 2)
		return;
	switch (below(r, 8)) {
	case 0:
		if (read(fd, buffer, sizeof(buffer)) >= 0 && pool.alone && is_wards(fd))
			violation("read() from a descriptor of Ward's succeeds");
		break;
	case 1:
		if (write(fd, buffer, sizeof(buffer)) >= 0 && pool.alone && is_wards(fd))
			violation("write() to a descriptor of Ward's succeeds");
		break;
	case 2:
		poll(&poller, 1, 0);
		break;
	case 3:
		ready = epoll_create1(EPOLL_CLOEXEC);
		epoll_ctl(ready, EPOLL_CTL_ADD, fd, &event);
		epoll_wait(ready, &event, 1, 0);
		close(ready);
		break;
	case 4:
		lseek(fd, (off_t)wild(r), (int)below(r, 5));
		break;
	case 5:
		fcntl(fd, F_SETFL, (int)wild(r) & (O_NONBLOCK | O_ASYNC | O_APPEND));
		break;
	case 6:
		if (ftruncate(fd, (off_t)wild(r)) || fallocate(fd, 0, 0, PAGE) || fsync(fd))
			return;
		break;
	default:
		mmap(pool.area[AREA_SHARED] + below(r, 64) * PAGE, PAGE * (1 + below(r, 2)),
		     PROT_READ | PROT_WRITE, MAP_FIXED | (one_in(r, 2) ? MAP_SHARED : MAP_PRIVATE), fd,
		     (off_t)(below(r, 2) * PAGE));
	}
}

/* ---------------------------------------------------------------- processes */

static void close_all(void)
{
	unsigned int i, j;

	for (i = 0; i < KIND_COUNT; i++)
		for (j = 0; j < POOL_FDS; j++)
			if (pool.fds[i][j] > 2)
				close(pool.fds[i][j]);
}

/* What is mapped from now on has to be locked, and may not for those with few rights. */
static void lock_all(rlim_t limit)
{
	struct rlimit few = { limit, limit };

	setrlimit(RLIMIT_MEMLOCK, &few);
	mlockall(MCL_FUTURE);
}

static uint64_t address_space(void)
{
	char text[64] = "";
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = 0;
	close(fd);
	return strtoull(text, NULL, 10) * PAGE;
}

/*
 * A child has all descriptors, and memory of its own that it may make a VM's
 * before it dies.
 */
static void use_in_child(struct rng *r)
{
	struct rng own = { rnd(r) };
	unsigned int i, steps = 1 + (unsigned int)below(r, 6), way = (unsigned int)below(r, 5);
	pid_t pid = fork();

	/* Not -1, which kill() takes for everybody. */
	if (pid < 0)
		return;
	if (pid) {
		/* It has our vCPUs, and their run pages. */
		pool.alone = false;
		if (way == 0)
			kill(pid, SIGKILL);
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(2);
	start_kicks(5);
	pool.alone = false;
	if (way == 1)
		close_all();
	if (way == 2) {
		static const uid_t users[] = { 1, 1000, 65534 };
		uid_t user = PICK(&own, users);

		if (one_in(&own, 2))
			lock_all(16 * PAGE);
		if (setresuid(user, user, user))
			_exit(0);
	}
	if (way == 3 && unshare(CLONE_NEWUSER))
		_exit(0);
	for (i = 0; i < steps; i++) {
		if (one_in(&own, 3))
			step_run(&own);
		else if ((way == 2 || way == 3) && !one_in(&own, 3))
			step_names(&own);
		else
			step_call(&own);
	}
	_exit(0);
}

/* Its memory becomes a VM's, and stays that when the process is gone. */
static void lend_and_die(struct rng *r)
{
	int vm = pool_fd(r, KIND_VM);
	uint64_t at = 2 * HUGE + below(r, 64) * HUGE;
	pid_t pid = fork();

	if (!pid) {
		struct ward_map_op op = {
			WARD_MAP_ADD, WARD_PROT_ALL, 1 + (__u32)below(r, 2), 0, at, 16 * PAGE, 0,
		};
		struct ward_map map = { .size = sizeof(map), .ops = (uintptr_t)&op, .count = 1 };

		if (op.source == WARD_MAP_FROM_FD)
			op.fd = pool.memory_fd[0];
		else
			op.origin = (uintptr_t)pool.area[AREA_PRIVATE];
		if (one_in(r, 2)) {
			struct ward_map_op gone = { WARD_MAP_REMOVE, 0, 0, 0, 2 * HUGE, AREA_BYTES };
			struct ward_map first = { .size = sizeof(map), .ops = (uintptr_t)&gone, .count = 1 };

			ioctl(vm, WARD_MAP, &first);
			op.gpa = 2 * HUGE;
			op.bytes = AREA_BYTES;
		}
		ioctl(vm, WARD_MAP, &map);
		_exit(0);
	}
	if (pid > 0 && one_in(r, 2))
		waitpid(pid, NULL, 0);
}

/* Runs a vCPU and is killed somewhere in it. */
static void kill_runner(struct rng *r)
{
	struct rng own = { rnd(r) };
	pid_t pid = fork();

	if (pid < 0)
		return;
	if (!pid) {
		alarm(2);
		pool.alone = false;
		for (;;)
			step_run(&own);
	}
	pool.alone = false;
	usleep((useconds_t)below(r, 3000));
	if (one_in(r, 3)) {
		kill(pid, SIGSTOP);
		kill(pid, SIGCONT);
	}
	kill(pid, SIGKILL);
	if (one_in(r, 2))
		waitpid(pid, NULL, 0);
}

/* Fewer descriptors than a call needs, or less address space. */
static void few_resources(struct rng *r)
{
	bool space = one_in(r, 2);
	struct rlimit old, few;
	unsigned int i;

	if (getrlimit(space ? RLIMIT_AS : RLIMIT_NOFILE, &old))
		return;
	few = old;
	few.rlim_cur = below(r, 24);
	if (space)
		few.rlim_cur = few.rlim_cur * (HUGE / 2) + address_space();
	setrlimit(space ? RLIMIT_AS : RLIMIT_NOFILE, &few);
	for (i = 0; i < 4; i++)
		step_call(r);
	setrlimit(space ? RLIMIT_AS : RLIMIT_NOFILE, &old);
}

void step_process(struct rng *r)
{
	enum kind kind = (enum kind)below(r, KIND_COUNT);
	int fd;

	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	switch (below(r, 12)) {
	case 0:
	case 1:
		fd = pool_take(r, kind);
		if (fd >= 0)
			close(fd);
		break;
	case 2:
		pool_put(r, kind, dup(pool_fd(r, kind)));
		break;
	case 3:
		/* One number becomes another thing. */
		fd = pool_fd(r, kind);
		if (fd > 2)
			dup2(pool_fd(r, (enum kind)below(r, KIND_COUNT)), fd);
		break;
	case 4:
		send_fd(r);
		break;
	case 5:
	case 6:
		other_calls(r);
		break;
	case 7:
		use_in_child(r);
		break;
	case 8:
		lend_and_die(r);
		break;
	case 9:
		kill_runner(r);
		break;
	case 10:
		few_resources(r);
		break;
	default:
		pool_put(r, KIND_DEVICE, open(WARD_DEVICE_PATH, (int)below(r, 3) | O_CLOEXEC));
	}
}
