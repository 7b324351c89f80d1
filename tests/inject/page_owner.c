// SPDX-License-Identifier: GPL-2.0-only
/*
 * page_owner.c - the pages that a module has allocated and not freed, by the
 * stacks that did so, from a kernel with page_owner=on.
 *
 *	page_owner MODULE FILE
 *
 * Prints one line for each stack with the module in it: how many pages, and the
 * functions. Not those of slabs: their objects say nothing here.
 *
 * To write one page's record takes the kernel a hundred thousand instructions. So
 * only those pages are asked for that may be the module's; /proc/kpageflags says
 * cheaply which are not. Most of the others are user memory, and the files of a
 * host that lives in memory: pages that are such when FILE is made, by the first
 * run, are left out by all. User memory that comes later is looked at: somebody
 * may have kept a reference.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of /proc/kpageflags, see the kernel's include/uapi/linux/kernel-page-flags.h. */
#define LRU		(1ull << 5)
#define SLAB		(1ull << 7)
#define BUDDY		(1ull << 10)
#define TAIL		(1ull << 16)
#define NOPAGE		(1ull << 20)
#define PGTABLE		(1ull << 26)
#define RESERVED	(1ull << 32)
#define OTHERS		(SLAB | BUDDY | TAIL | NOPAGE | PGTABLE | RESERVED)

#define PAGES		(1ul << 20)	/* more than the host may have */

struct stack {
	char *functions;
	unsigned long pages;
};

static struct stack *stacks;
static size_t count;

static void fail(const char *what)
{
	fprintf(stderr, "page_owner: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void add(const char *functions, unsigned long pages)
{
	for (size_t s = 0; s < count; s++) {
		if (!strcmp(stacks[s].functions, functions)) {
			stacks[s].pages += pages;
			return;
		}
	}
	stacks = realloc(stacks, (count + 1) * sizeof(*stacks));
	if (!stacks)
		fail("stacks");
	stacks[count++] = (struct stack){ strdup(functions), pages };
}

/* Offsets change with the code, and nobody reads them here. */
static void add_record(char *record, unsigned int order, const char *module)
{
	/* Room for the record, and a space before each line. */
	char functions[2 * 4096] = "", *line, *rest = record;

	while ((line = strsep(&rest, "\n"))) {
		char *offset = strstr(line, "+0x"), *of;

		if (line[0] != ' ' || !offset)
			continue;
		of = strchr(offset, '[');
		*offset = '\0';
		strcat(functions, line);
		if (of)
			strcat(functions, of);
	}
	if (strstr(functions, module))
		add(functions, 1ul << order);
}

/* Which pages are to be looked at, and how many records that took. */
struct search {
	int owner;
	const char *module;
	const uint64_t *flags;
	const uint8_t *user;
	size_t pages;
	size_t records;
};

static bool is_wanted(const struct search *search, size_t pfn)
{
	return pfn < search->pages && !(search->flags[pfn] & OTHERS) && !search->user[pfn];
}

/* The first record at @pfn or behind it. Return: the page to go on at. */
static size_t look_from(struct search *search, size_t pfn)
{
	char record[4096], *line;
	unsigned int order;
	size_t found;
	ssize_t got = pread(search->owner, record, sizeof(record) - 1, (off_t)pfn);

	if (got < 0)
		fail("a record");
	record[got] = '\0';
	search->records++;
	line = strstr(record, "\nPFN ");
	if (!line || sscanf(line, "\nPFN %zu", &found) != 1 ||
	    sscanf(record, "Page allocated via order %u", &order) != 1)
		return search->pages;
	if (is_wanted(search, found))
		add_record(record, order, search->module);
	return found + (1ul << order);
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct stack *)a)->functions, ((const struct stack *)b)->functions);
}

/* Return: which pages are user memory, by their number. */
static uint8_t *user_pages(const char *path, const uint64_t *flags, size_t pages)
{
	uint8_t *user = calloc(pages, 1);
	FILE *file = fopen(path, "r");

	if (!user)
		fail("pages");
	if (file) {
		if (fread(user, 1, pages, file) != pages)
			fail(path);
	} else {
		for (size_t pfn = 0; pfn < pages; pfn++)
			user[pfn] = !!(flags[pfn] & LRU);
		file = fopen(path, "w");
		if (!file || fwrite(user, 1, pages, file) != pages)
			fail(path);
	}
	fclose(file);
	return user;
}

int main(int argc, char **argv)
{
	int owner = open("/sys/kernel/debug/page_owner", O_RDONLY);
	int all = open("/proc/kpageflags", O_RDONLY);
	uint64_t *flags = calloc(PAGES, sizeof(*flags));
	struct search search;
	size_t pages = 0;
	uint8_t *user;
	char module[64];
	ssize_t got;

	if (argc != 3)
		return 2;
	if (owner < 0 || all < 0 || !flags)
		fail("debugfs or /proc/kpageflags");
	snprintf(module, sizeof(module), "[%s]", argv[1]);
	while (pages < PAGES &&
	       (got = read(all, flags + pages, (PAGES - pages) * sizeof(*flags))) > 0)
		pages += (size_t)got / sizeof(*flags);
	if (got < 0 || pages == PAGES)
		fail("/proc/kpageflags");
	user = user_pages(argv[2], flags, pages);
	search = (struct search){
		.owner = owner, .module = module, .flags = flags, .user = user, .pages = pages,
	};
	/* Position 0 would mean the first page, whichever that is. */
	for (size_t pfn = 1; pfn < pages;)
		pfn = is_wanted(&search, pfn) ? look_from(&search, pfn) : pfn + 1;
	qsort(stacks, count, sizeof(*stacks), compare);
	for (size_t s = 0; s < count; s++)
		printf("%lu%s\n", stacks[s].pages, stacks[s].functions);
	fprintf(stderr, "# page_owner: %zu stacks of %s in %zu records\n", count, module, search.records);
	return 0;
}
