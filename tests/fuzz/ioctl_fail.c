// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioctl_fail.c - calls in which an allocation or a copy fails, on kernels that can
 * do that (/proc/thread-self/fail-nth).
 *
 * On others the calls are made as they are: a sequence draws the same numbers.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "ioctl.h"

_Thread_local unsigned int fail_next;
static bool possible;

void fail_setup(void)
{
	/* Those that may sleep too, of any order, and without a stack in the log for each. */
	static const char * const settings[][2] = {
		{ "failslab/ignore-gfp-wait", "N" },
		{ "fail_page_alloc/ignore-gfp-wait", "N" },
		{ "fail_page_alloc/ignore-gfp-highmem", "N" },
		{ "fail_page_alloc/min-order", "0" },
		{ "failslab/verbose", "0" },
		{ "fail_page_alloc/verbose", "0" },
		{ "fail_usercopy/verbose", "0" },
	};
	char path[128];
	unsigned int i;
	int fd;

	possible = !access("/proc/thread-self/fail-nth", W_OK);
	for (i = 0; possible && i < ARRAY_SIZE(settings); i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s", settings[i][0]);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		possible = write(fd, settings[i][1], strlen(settings[i][1])) > 0;
		close(fd);
	}
}

/* Opened each time: a child would count for its parent with what it inherits. */
int fail_begin(void)
{
	unsigned int n = fail_next;
	char text[16];
	int fd;

	fail_next = 0;
	if (!n || !possible)
		return -1;
	fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (fd >= 0 && pwrite(fd, text, (size_t)snprintf(text, sizeof(text), "%u", n), 0) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* To read and write the number are copies as well, and may be the ones that fail. */
void fail_end(int fd)
{
	char text[16] = "";

	if (fd < 0)
		return;
	if (pread(fd, text, sizeof(text) - 1, 0) > 0 && !atoi(text))
		counts->injected++;
	if (pwrite(fd, "0", 1, 0) < 0)
		counts->injected++;
	close(fd);
}
