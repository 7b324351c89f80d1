/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * file.h - a whole file in memory.
 */
#ifndef WARD_LOADER_FILE_H
#define WARD_LOADER_FILE_H

#include <stddef.h>
#include <linux/types.h>

struct file {
	const char *path;
	__u8 *bytes;
	size_t size;
};

/**
 * file_read() - read it
 * @what: for messages: "kernel"
 * @limit: more bytes than this could not be used
 *
 * A copy and not a mapping, so that a file which shrinks meanwhile cannot
 * kill the program.
 *
 * Return: 0; -errno, after having said what is wrong.
 */
int file_read(struct file *file, const char *path, const char *what,
	      __u64 limit);

/**
 * file_free() - and forget it; also for one that could not be read
 */
void file_free(struct file *file);

#endif
