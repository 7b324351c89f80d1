// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioctl_fail.c - calls in which an allocation or a copy fails, on kernels that can
 * do that (/proc/thread-self/fail-nth).
 *
 * On others the calls are made as they are: a sequence draws the same numbers.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "../inject/fail_settings.h"
#include "ioctl.h"

/* No descriptor of the pool has such a number. */
#define OWN_FDS	512

_Thread_local unsigned int fail_next;
static bool possible;

void fail_setup(void)
{
	possible = !access("/proc/thread-self/fail-nth", W_OK) && !fail_set_common();
}

/* To read and write the number are copies as well, and may be the ones that fail. */
static void disarm(int fd)
{
	char text[16] = "";

	if (pread(fd, text, sizeof(text) - 1, 0) > 0 && !atoi(text))
		counts->injected++;
	if (pwrite(fd, "0", 1, 0) < 0)
		counts->injected++;
}

/* Opened each time: a child would count for its parent with what it inherits. */
static int open_own(void)
{
	int low = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	/* Out of the way of threads that close numbers which once were something else. */
	int fd = fcntl(low, F_DUPFD_CLOEXEC, OWN_FDS);

	close(low);
	return fd;
}

/*
 * What fails can be the copy of a signal's frame, to the stack or back from there. The
 * kernel sends SIGSEGV in its place, and the thread's registers are worth nothing: if a
 * frame is not wholly restored, RAX alone can be lost, and the call that the signal
 * has interrupted seems to have returned 0. So no answer of this call is looked at.
 */
static int ioctl_that_fails(int failing, unsigned int n, int fd, unsigned long number, void *argument)
{
	char text[16];
	int result;

	snprintf(text, sizeof(text), "%u", n);
	if (TOUCH()) {
		counts->injected++;
		counts->frames++;
		return -EINTR;
	}
	if (pwrite(failing, text, strlen(text), 0) < 0)
		note("no failure can be asked for");
	result = ioctl(fd, number, argument);
	if (result < 0)
		result = -errno;
	disarm(failing);
	touched();
	return result;
}

int fail_ioctl(int fd, unsigned long number, void *argument)
{
	unsigned int n = fail_next;
	int result, failing = n && possible ? open_own() : -1;

	fail_next = 0;
	if (failing >= 0) {
		result = ioctl_that_fails(failing, n, fd, number, argument);
		close(failing);
	} else {
		result = ioctl(fd, number, argument);
		if (result < 0)
			result = -errno;
	}
	return result;
}
