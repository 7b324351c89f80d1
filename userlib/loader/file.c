// SPDX-License-Identifier: GPL-2.0-only
/*
 * file.c - a whole file in memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "machine/report.h"

static int read_all(int fd, struct file *file)
{
	size_t done = 0;

	while (done < file->size) {
		ssize_t got = read(fd, file->bytes + done, file->size - done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			break;
		done += (size_t)got;
	}
	file->size = done;
	return 0;
}

int file_read(struct file *file, const char *path, const char *what,
	      __u64 limit)
{
	struct stat stat;
	int fd, error = 0;

	*file = (struct file){ .path = path };
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &stat)) {
		error = -errno;
	} else if (!S_ISREG(stat.st_mode)) {
		report("the %s %s is not a regular file", what, path);
		close(fd);
		return -EINVAL;
	} else if ((__u64)stat.st_size > limit) {
		report("the %s %s has %llu MiB, more than the guest's memory; give it more with --memory",
		       what, path, (unsigned long long)stat.st_size >> 20);
		close(fd);
		return -EFBIG;
	} else {
		file->size = (size_t)stat.st_size;
		file->bytes = malloc(file->size + 1);
		error = file->bytes ? read_all(fd, file) : -ENOMEM;
	}
	if (fd >= 0)
		close(fd);
	if (error) {
		report("cannot read the %s %s: %s", what, path,
		       strerror(-error));
		file_free(file);
	}
	return error;
}

void file_free(struct file *file)
{
	free(file->bytes);
	*file = (struct file){ 0 };
}
