/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kernel_memory.h - how much memory the kernel has in use.
 *
 * What is freed goes to lists of each CPU first, objects as well as pages. Both
 * would count as used.
 */
#ifndef WARD_KERNEL_MEMORY_H
#define WARD_KERNEL_MEMORY_H

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define SLAB_CACHES	512

/*
 * Makes /proc/slabinfo say how many objects are in use.
 *
 * The files are opened once: what an open file in sysfs takes is given back after
 * a grace period and in batches, and so would be counted now and then.
 * Return: whether each cache could be shrunk. Needs root.
 */
static inline int slab_shrink(void)
{
	static int files[SLAB_CACHES], count;
	DIR *folder = count ? NULL : opendir("/sys/kernel/slab");
	struct dirent *entry;
	char path[320];
	int i, done = 1;

	while (folder && count < SLAB_CACHES && (entry = readdir(folder))) {
		snprintf(path, sizeof(path), "/sys/kernel/slab/%s/shrink", entry->d_name);
		files[count] = open(path, O_WRONLY | O_CLOEXEC);
		count += files[count] >= 0;
	}
	if (folder)
		closedir(folder);
	for (i = 0; i < count; i++)
		done &= pwrite(files[i], "1", 1, 0) == 1;
	return done;
}

/* Return: pages that are free, those that each CPU keeps at hand among them; -1: no /proc. */
static inline long free_pages(void)
{
	FILE *memory = fopen("/proc/meminfo", "re"), *zones = fopen("/proc/zoneinfo", "re");
	long kib, pages = 0, count;
	char line[512];

	if (!memory || !zones)
		return -1;
	while (fgets(line, sizeof(line), memory))
		if (sscanf(line, "MemFree: %ld", &kib) == 1)
			pages += kib / 4;
	while (fgets(line, sizeof(line), zones))
		if (sscanf(line, " count: %ld", &count) == 1)
			pages += count;
	fclose(memory);
	fclose(zones);
	return pages;
}

#endif
