// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a debug kernel knows once COMMAND is gone: memory that nothing refers to,
 * whether its lock checker lasted to the end, and which lines of ward.ko ran.
 * Other kernels lack the files, and nothing is asked of them.
 */
#define _GNU_SOURCE
#include "agent.h"
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KMEMLEAK "/sys/kernel/debug/kmemleak"
#define GCOV "/sys/kernel/debug/gcov"

/* Milliseconds: kmemleak passes over what is younger than five seconds. */
#define LEAK_AGE 5500

/* Returns all of a file behind `head` bytes of room, or NULL with errno. */
static char *read_whole(const char *path, size_t head, size_t *length)
{
	size_t size = head, room = head + 65536;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = fd < 0 ? NULL : malloc(room);
	ssize_t got = -1;

	while (text && (got = read(fd, text + size, room - size - 1)) > 0) {
		size += got;
		if (size + 1 < room)
			continue;
		room *= 2;
		text = realloc(text, room);
		if (!text)
			die("out of memory");
	}
	if (fd >= 0)
		close(fd);
	if (got < 0) {
		free(text);
		return NULL;
	}
	text[size] = '\0';
	*length = size;
	return text;
}

static bool scan_for_leaks(void)
{
	int fd = open(KMEMLEAK, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, "scan", 4) == 4;

	if (!done)
		wire_printf(WIRE_FAIL, "kmemleak does not scan: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
	return done;
}

void debug_leaks(void)
{
	size_t length, count = 0;
	char *report;

	if (access(KMEMLEAK, W_OK))
		return;
	usleep(LEAK_AGE * 1000);
	/* An object is reported when its content is the same in two scans. */
	if (!scan_for_leaks() || !scan_for_leaks())
		return;
	report = read_whole(KMEMLEAK, 0, &length);
	if (!report) {
		wire_printf(WIRE_FAIL, "cannot read %s: %s", KMEMLEAK, strerror(errno));
		return;
	}
	for (char *at = report; (at = strstr(at, "unreferenced object")); at++)
		count++;
	if (count) {
		wire_send(WIRE_NOTE, report, length);
		wire_printf(WIRE_FAIL, "kmemleak: %zu memory leaks once COMMAND was gone", count);
	}
	free(report);
}

void debug_locks(void)
{
	size_t length;
	char *stats = read_whole("/proc/lockdep_stats", 0, &length), *line;
	int on = 1;

	if (!stats)
		return;
	line = strstr(stats, "debug_locks:");
	if (!line || sscanf(line, "debug_locks: %d", &on) != 1)
		wire_printf(WIRE_FAIL, "/proc/lockdep_stats does not say whether lockdep is on");
	else if (!on)
		wire_printf(WIRE_FAIL, "lockdep turned itself off");
	free(stats);
}

void debug_coverage(void)
{
	char *roots[] = { GCOV, NULL };
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOSTAT, NULL);
	size_t files = 0;
	FTSENT *entry;

	while (tree && (entry = fts_read(tree))) {
		const char *name = entry->fts_path + strlen(GCOV);
		size_t head = strlen(name) + 1, length;
		char *data;

		if (!strstr(entry->fts_name, ".gcda"))
			continue;
		data = read_whole(entry->fts_path, head, &length);
		if (!data) {
			wire_printf(WIRE_FAIL, "cannot read %s: %s", entry->fts_path,
				    strerror(errno));
			continue;
		}
		memcpy(data, name, head);
		wire_send(WIRE_COVERAGE, data, length);
		free(data);
		files++;
	}
	if (tree)
		fts_close(tree);
	if (!files)
		wire_printf(WIRE_FAIL, "the host counted no lines: not a debug kernel, or no ward.ko");
}
