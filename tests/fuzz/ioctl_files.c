// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioctl_files.c - the module's files: its parameters, and what debugfs shows of
 * each VM.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "ioctl.h"

#define DEBUGFS		"/sys/kernel/debug/ward"
#define PARAMETERS	"/sys/module/ward/parameters/"

/* A file of a VM may outlive the VM in our hands. */
static void read_files(struct rng *r)
{
	char path[400], text[512];
	struct dirent *entry;
	DIR *folder = opendir(DEBUGFS);
	int fd;

	if (!folder)
		return;
	while ((entry = readdir(folder))) {
		if (entry->d_name[0] == '.' || one_in(r, 4))
			continue;
		snprintf(path, sizeof(path), DEBUGFS "/%s", entry->d_name);
		fd = open(path, (one_in(r, 20) ? O_RDWR : O_RDONLY) | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (one_in(r, 5)) {
			pool_put(r, KIND_OTHER, fd);
			continue;
		}
		if (one_in(r, 3))
			lseek(fd, (off_t)below(r, 3000), SEEK_SET);
		while (read(fd, text, sizeof(text)) > 0 && !one_in(r, 20))
			;
		close(fd);
	}
	closedir(folder);
}

static void write_parameter(const char *path, unsigned int value)
{
	char text[16];
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	snprintf(text, sizeof(text), "%u\n", value);
	if (write(fd, text, strlen(text)) < 0)
		note("%s cannot be written", path);
	close(fd);
}

/* Limits below what there is already, and back. */
static void change_limits(struct rng *r)
{
	unsigned int i;

	write_parameter(PARAMETERS "max_vms_per_user", (unsigned int)below(r, 6));
	write_parameter(PARAMETERS "max_vcpus_per_user", (unsigned int)below(r, 8));
	for (i = 0; i < 6; i++)
		step_call(r);
	write_parameter(PARAMETERS "max_vms_per_user", 64);
	write_parameter(PARAMETERS "max_vcpus_per_user", 256);
}

void step_files(struct rng *r)
{
	if (one_in(r, 4))
		change_limits(r);
	else
		read_files(r);
}
