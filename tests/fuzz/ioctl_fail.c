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
#include "../inject/fail_settings.h"
#include "ioctl.h"

_Thread_local unsigned int fail_next;
static bool possible;

void fail_setup(void)
{
	possible = !access("/proc/thread-self/fail-nth", W_OK) && !fail_set_common();
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
