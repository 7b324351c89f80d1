/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fail_settings.h - which allocations and copies the kernel may make fail.
 */
#ifndef WARD_FAIL_SETTINGS_H
#define WARD_FAIL_SETTINGS_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Return: whether @name, below debugfs, has @value now; if not, why is in errno. */
static inline bool fail_set(const char *name, const char *value)
{
	ssize_t length = (ssize_t)strlen(value);
	char path[128];
	bool done;
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	done = write(fd, value, (size_t)length) == length;
	close(fd);
	return done;
}

/*
 * Those that may sleep too, of any order, and without a stack in the log for each.
 * Return: NULL, or what could not be set.
 */
static inline const char *fail_set_common(void)
{
	static const char * const settings[][2] = {
		{ "failslab/ignore-gfp-wait", "N" },
		{ "fail_page_alloc/ignore-gfp-wait", "N" },
		{ "fail_page_alloc/ignore-gfp-highmem", "N" },
		{ "fail_page_alloc/min-order", "0" },
		{ "failslab/verbose", "0" },
		{ "fail_page_alloc/verbose", "0" },
		{ "fail_usercopy/verbose", "0" },
	};

	for (size_t s = 0; s < sizeof(settings) / sizeof(settings[0]); s++)
		if (!fail_set(settings[s][0], settings[s][1]))
			return settings[s][0];
	return NULL;
}

#endif
