/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * counts.h - the kernel's memory in numbers, to be compared before and after
 * something was done and undone many times.
 *
 * Caches are dropped and slabs shrunk first, and pages on the CPUs' own lists
 * count as free, so what is left moves by little. Still other work goes on in
 * the kernel, hence a tolerance: half of what a leak of one page or one object
 * each time would come to. vmalloc areas and percpu memory have none.
 */
#ifndef WARD_COUNTS_H
#define WARD_COUNTS_H

#include "kernel_memory.h"
#include "life.h"

#define COUNTS_CACHES	512

struct counts {
	long free_pages;
	long vmalloc_kb, vmalloc_areas;
	long percpu_kb;
	int caches;
	struct {
		char name[40];
		long objects, bytes;
	} cache[COUNTS_CACHES];
};

static inline FILE *open_proc(const char *path)
{
	FILE *file = fopen(path, "re");

	if (!file)
		test_skip("a file in /proc is missing or closed to this user");
	return file;
}

static inline void counts_settle(void)
{
	/* 3: all of them; 4: without a line in the log each time. */
	write_text("/proc/sys/vm/drop_caches", "7");
	if (!slab_shrink())
		note("a slab cache cannot be shrunk");
}

static inline void counts_read(struct counts *c)
{
	char line[512];
	FILE *file;
	long value;

	memset(c, 0, sizeof(*c));
	/*
	 * First: to open one of the others allocates, which takes a slab of kmalloc-cg-32
	 * for the CPU, and all objects in that count as used.
	 */
	file = open_proc("/proc/slabinfo");
	while (fgets(line, sizeof(line), file) && c->caches < COUNTS_CACHES)
		if (sscanf(line, "%39s %ld %*d %ld", c->cache[c->caches].name,
			   &c->cache[c->caches].objects, &c->cache[c->caches].bytes) == 3)
			c->caches++;
	fclose(file);
	file = open_proc("/proc/meminfo");
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "VmallocUsed: %ld", &value) == 1)
			c->vmalloc_kb = value;
		else if (sscanf(line, "Percpu: %ld", &value) == 1)
			c->percpu_kb = value;
	}
	fclose(file);
	c->free_pages = free_pages();
	file = open_proc("/proc/vmallocinfo");
	while (fgets(line, sizeof(line), file))
		c->vmalloc_areas += !strstr(line, "unpurged") && !strstr(line, "vm_map_ram");
	fclose(file);
}

static inline void counts_take(struct counts *c)
{
	int i;

	/* Work that was put off to a grace period or a worker gets its time. */
	for (i = 0; i < 3; i++) {
		sleep_ms(300);
		counts_settle();
	}
	counts_read(c);
}

/* Is no less memory free, and no more of anything else taken? */
static inline bool counts_same(const struct counts *before, const struct counts *after,
			       long tolerance, bool say)
{
	long lost = before->free_pages - after->free_pages, more, total = 0;
	bool same = true;
	int i, j;

#define UNLESS(condition, ...)							\
	do {									\
		if (!(condition)) {						\
			same = false;						\
			if (say)						\
				test_fail(__LINE__, __VA_ARGS__);		\
		}								\
	} while (0)
	UNLESS(lost <= tolerance, "%ld pages are gone, %ld may be", lost, tolerance);
	UNLESS(after->vmalloc_kb <= before->vmalloc_kb, "VmallocUsed: %ld kB, was %ld",
	       after->vmalloc_kb, before->vmalloc_kb);
	UNLESS(after->vmalloc_areas <= before->vmalloc_areas, "%ld vmalloc areas, there were %ld",
	       after->vmalloc_areas, before->vmalloc_areas);
	UNLESS(after->percpu_kb <= before->percpu_kb, "Percpu: %ld kB, was %ld",
	       after->percpu_kb, before->percpu_kb);
	for (i = 0; i < after->caches; i++) {
		/* Kept past an area's end, to be purged with others; areas are counted above. */
		if (!strcmp(after->cache[i].name, "vmap_area"))
			continue;
		for (j = 0; j < before->caches; j++)
			if (!strcmp(after->cache[i].name, before->cache[j].name))
				break;
		more = after->cache[i].objects - (j < before->caches ? before->cache[j].objects : 0);
		total += more > 0 ? more : 0;
		UNLESS(more <= tolerance, "%s has %ld objects more, %ld may be",
		       after->cache[i].name, more, tolerance);
	}
	if (say)
		note("pages lost %ld, vmalloc %+ld kB, %+ld areas, percpu %+ld kB, objects more %ld; tolerance %ld",
		     lost, after->vmalloc_kb - before->vmalloc_kb,
		     after->vmalloc_areas - before->vmalloc_areas,
		     after->percpu_kb - before->percpu_kb, total, tolerance);
#undef UNLESS
	return same;
}

/* Everything that was taken @rounds times is back, if not at once then soon. */
static inline void counts_compare(const struct counts *before, unsigned int rounds)
{
	static struct counts after;
	int tries;

	for (tries = 0; tries < 10; tries++) {
		counts_take(&after);
		if (counts_same(before, &after, rounds / 2, false))
			break;
	}
	counts_same(before, &after, rounds / 2, true);
}

#endif
