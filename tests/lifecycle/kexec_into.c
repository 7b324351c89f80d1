// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec_into.c - hands the machine to a second kernel.
 *
 *	kexec_into now|crash KERNEL INITRD COMMAND_LINE
 *
 * now: loads it and goes there at once, as "kexec -e" does: no process is
 * stopped first, so VMs stay alive. crash: loads it for a panic to come.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_or_say(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		fprintf(stderr, "kexec_into: %s: %s\n", path, strerror(errno));
	return fd;
}

int main(int argc, char **argv)
{
	int kernel, initrd, crash;

	if (argc != 5)
		return 2;
	crash = !strcmp(argv[1], "crash");
	kernel = open_or_say(argv[2]);
	initrd = open_or_say(argv[3]);
	if (kernel < 0 || initrd < 0)
		return 1;
	if (syscall(SYS_kexec_file_load, kernel, initrd, strlen(argv[4]) + 1, argv[4],
		    crash ? KEXEC_FILE_ON_CRASH : 0)) {
		fprintf(stderr, "kexec_into: kexec_file_load: %s\n", strerror(errno));
		return 1;
	}
	if (crash)
		return 0;
	syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_KEXEC, 0);
	fprintf(stderr, "kexec_into: reboot: %s\n", strerror(errno));
	return 1;
}
