// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes the lab host usable: mounts, names, the job's description, ward.ko.
 */
#define _GNU_SOURCE
#include "agent.h"
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0)
		return;		/* this kernel lacks the setting */
	if (write(fd, text, strlen(text)) < 0)
		wire_printf(WIRE_NOTE, "cannot set %s: %s", path, strerror(errno));
	close(fd);
}

static void loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	ioctl(fd, SIOCSIFFLAGS, &request);
	close(fd);
}

void setup_machine(void)
{
	static const struct { const char *type, *where, *data; } mounts[] = {
		{ "devtmpfs", "/dev", "mode=0755" },
		{ "proc", "/proc", NULL },
		{ "sysfs", "/sys", NULL },
		{ "debugfs", "/sys/kernel/debug", NULL },
		{ "tracefs", "/sys/kernel/tracing", NULL },
		{ "cgroup2", "/sys/fs/cgroup", NULL },
		{ "devpts", "/dev/pts", "ptmxmode=0666,mode=0620" },
		{ "tmpfs", "/dev/shm", "mode=1777" },
		{ "tmpfs", "/run", "mode=0755" },
		{ "tmpfs", "/tmp", "mode=1777" },
	};

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		/* In /sys the directory exists or the kernel lacks the feature. */
		mkdir(mounts[i].where, 0755);
		mount(mounts[i].type, mounts[i].where, mounts[i].type, 0,
		      mounts[i].data);
	}
	/* devtmpfs makes the nodes, these links are user space's part. */
	symlink("/proc/self/fd", "/dev/fd");
	symlink("/proc/self/fd/0", "/dev/stdin");
	symlink("/proc/self/fd/1", "/dev/stdout");
	symlink("/proc/self/fd/2", "/dev/stderr");
	sethostname("lab", 3);
	loopback_up();
	write_text("/proc/sys/kernel/sysrq", "1");
	/* A stuck task is news long before the default two minutes. */
	write_text("/proc/sys/kernel/hung_task_timeout_secs", "60");
}

/* Reads a file of strings that each end in NUL into a NULL-terminated list. */
static char **read_strings(const char *path)
{
	size_t size = 0, room = 4096, count = 0, next = 0;
	char *text = malloc(room);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char **list;
	ssize_t got;

	if (fd < 0 || !text)
		die("cannot read %s: %s", path, strerror(errno));
	while ((got = read(fd, text + size, room - size)) > 0) {
		size += got;
		if (size == room && !(text = realloc(text, room *= 2)))
			die("out of memory");
	}
	close(fd);
	for (size_t i = 0; i < size; i++)
		count += !text[i];
	list = calloc(count + 1, sizeof(*list));
	if (!list)
		die("out of memory");
	for (size_t i = 0; i < count; i++) {
		list[i] = text + next;
		next += strlen(list[i]) + 1;
	}
	return list;
}

void setup_job(struct job *job)
{
	char **conf = read_strings("/lab/conf");

	memset(job, 0, sizeof(*job));
	job->argv = read_strings("/lab/argv");
	job->get = read_strings("/lab/get");
	for (; *conf; conf++) {
		if (!strcmp(*conf, "module"))
			job->module = true;
		else if (!strcmp(*conf, "coverage"))
			job->coverage = true;
		else if (sscanf(*conf, "terminal %u %u", &job->rows, &job->columns) == 2)
			job->interactive = true;
	}
	if (!job->argv[0])
		die("the job has no command");
	clearenv();
	setenv("PATH", "/ward/bin:/ward/tests:/usr/bin:/bin:/usr/sbin:/sbin", 1);
	setenv("LD_LIBRARY_PATH", "/ward/lib", 1);
	setenv("HOME", "/root", 1);
	setenv("USER", "root", 1);
	setenv("LANG", "C.UTF-8", 1);
	setenv("TMPDIR", "/tmp", 1);
	for (char **entry = read_strings("/lab/env"); *entry; entry++)
		putenv(*entry);
	if (chdir("/root"))
		die("cannot enter /root: %s", strerror(errno));
}

void setup_module(void)
{
	int fd = open("/ward/ward.ko", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die("cannot open ward.ko: %s", strerror(errno));
	if (syscall(SYS_finit_module, fd, "", 0))
		die("the host does not accept ward.ko: %s (its log says why)",
		    strerror(errno));
	close(fd);
}

void setup_module_remove(void)
{
	/* COMMAND may have removed it itself. */
	if (access("/sys/module/ward", F_OK))
		return;
	/* References held by work that is just ending go away by themselves. */
	for (int tries = 0; tries < 50; tries++) {
		if (!syscall(SYS_delete_module, "ward", O_NONBLOCK))
			return;
		if (errno != EAGAIN && errno != EBUSY)
			break;
		usleep(100000);
	}
	wire_printf(WIRE_FAIL, "ward.ko does not unload once COMMAND is gone: %s",
		    strerror(errno));
}
