/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * slab_shrink.h - make /proc/slabinfo say how many objects are in use.
 *
 * Else free objects, in slabs that a CPU keeps at hand, count as well.
 */
#ifndef WARD_SLAB_SHRINK_H
#define WARD_SLAB_SHRINK_H

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define SLAB_CACHES	512

/*
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

#endif
