// SPDX-License-Identifier: GPL-2.0-only
/*
 * trace_test.c - what a person can watch: the tracepoints, and the file that each
 * VM has in debugfs.
 */
#include <dirent.h>
#include <sys/stat.h>
#include "ward_memory.h"

#define DEBUGFS		"/sys/kernel/debug/ward"
#define TEXT_BYTES	(1 << 20)

/* All of a file, in static memory; NULL: it cannot be read. */
static char *read_text(const char *path)
{
	static char text[TEXT_BYTES];
	size_t length = 0;
	ssize_t got = -1;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	while (length < sizeof(text) - 1 &&
	       (got = read(fd, text + length, sizeof(text) - 1 - length)) > 0)
		length += (size_t)got;
	close(fd);
	text[length] = 0;
	return got < 0 ? NULL : text;
}

static unsigned int occurrences(const char *text, const char *word)
{
	unsigned int count = 0;

	for (; (text = strstr(text, word)); text += strlen(word))
		count++;
	return count;
}

/* ---------------------------------------------------------------- tracepoints */

struct traced {
	char instance[64];
	__u64 vm;
	__u64 stats[WARD_STAT_COUNT];
};

static bool write_in(const struct traced *t, const char *name, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", t->instance, name);
	return write_text(path, value);
}

/* A guest that runs into a missing page, takes an exception and halts. */
static void traced_guest(void *context)
{
	struct traced *t = context;
	struct ward_vm_info info;
	char pid[16];
	struct guest g;

	snprintf(pid, sizeof(pid), "%d", getpid());
	REQUIRE(write_in(t, "set_event_pid", pid));
	REQUIRE(write_in(t, "events/ward/enable", "1"));
	touch_make(&g);
	REQUIRE_EQ(ward_get_info(g.vm, &info), 0);
	t->vm = info.id;
	REQUIRE_EQ(map_one(g.vm, map_add(AREA_AT, 3 * PAGE, make_memory(3 * PAGE),
					 WARD_PROT_ALL)), 0);
	touch_prepare(&g, TOUCH_WRITE, AREA_AT + PAGE + 0x128, 0x55);
	guest_expect(&g, WARD_EXIT_HALT);
	REQUIRE_EQ(ward_inject(g.vcpu, WARD_EVENT_EXCEPTION | WARD_EVENT_ERROR_CODE | 13 |
			       0x77ull << 32), 0);
	guest_expect_vector(&g, 13);
	REQUIRE(ward_get_stats(g.vm, t->stats, WARD_STAT_COUNT) > 0);
	REQUIRE(write_in(t, "events/ward/enable", "0"));
}

/* Moves @at behind the next place with these words. */
static void __attribute__((format(printf, 2, 3))) then_comes(const char **at, const char *format, ...)
{
	char words[160];
	const char *found;
	va_list args;

	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	found = strstr(*at, words);
	if (found)
		*at = found + strlen(words);
	else
		test_fail(__LINE__, "the trace has no \"%s\" here", words);
}

static void check_trace(const struct traced *t, const char *text)
{
	const char *at = text;
	unsigned int had = test_state->failed;

	then_comes(&at, "ward_map: vm %llu generation 1: 1 operations, 1 regions, %llu bytes\n",
		   t->vm, GUEST_RAM);
	then_comes(&at, "ward_map: vm %llu generation 2: 1 operations, 2 regions, %llu bytes\n",
		   t->vm, GUEST_RAM + 3 * PAGE);
	then_comes(&at, "ward_entry: vcpu 0 rip %#llx\n", GUEST_CODE_AT + TOUCH_WRITE);
	then_comes(&at, "ward_exit: vcpu 0 EPT_VIOLATION rip %#llx qualification 0x",
		   GUEST_CODE_AT + TOUCH_WRITE);
	then_comes(&at, "ward_ept_fault: vm %llu vcpu 0 gpa %#llx -w- level 1 result 0\n", t->vm,
		   AREA_AT + PAGE + 0x128);
	then_comes(&at, "ward_exit: vcpu 0 HLT rip %#llx qualification 0x0\n",
		   GUEST_CODE_AT + TOUCH_WRITE + 3);
	then_comes(&at, "ward_inject: vcpu 0 vector 13 type 3 error 0x77\n");
	then_comes(&at, "ward_entry: vcpu 0 rip %#llx\n", GUEST_CODE_AT + TOUCH_WRITE + 4);
	/* OUT of one byte to the port that the instruction names. */
	then_comes(&at, "ward_exit: vcpu 0 IO_INSTRUCTION rip %#llx qualification %#x\n",
		   GUEST_STUBS + 13 * 16 + 2, GUEST_VECTOR_PORT << 16 | 0x40);
	CHECK_EQ(occurrences(text, " ward_entry: "), t->stats[WARD_STAT_ENTRIES]);
	CHECK_EQ(occurrences(text, " ward_exit: "), t->stats[WARD_STAT_ENTRIES]);
	CHECK_EQ(occurrences(text, " ward_inject: "), t->stats[WARD_STAT_INJECTIONS]);
	/* What it was, for who looks at the failure. */
	if (test_state->failed != had)
		for (at = text; *at; at += strcspn(at, "\n") + 1)
			note("%.*s", (int)strcspn(at, "\n"), at);
}

static void tracepoints(void)
{
	static const char * const places[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	struct traced *t = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
				-1, 0);
	char path[128];
	const char *text;
	size_t i;

	need_root();
	REQUIRE(t != MAP_FAILED);
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		snprintf(path, sizeof(path), "%s/events/ward", places[i]);
		if (!access(path, F_OK))
			break;
	}
	if (i == ARRAY_SIZE(places))
		test_skip("no tracefs is mounted, or the kernel has no tracepoints of modules");
	/* A buffer of our own: who else traces is not disturbed. */
	snprintf(t->instance, sizeof(t->instance), "%s/instances/ward-%d", places[i], getpid());
	if (mkdir(t->instance, 0700))
		test_skip("no instance of the tracer can be made");
	run_child(traced_guest, t);
	snprintf(path, sizeof(path), "%s/trace", t->instance);
	text = read_text(path);
	CHECK(text != NULL);
	if (text)
		check_trace(t, text);
	CHECK_EQ(rmdir(t->instance), 0);
}

/* -------------------------------------------------------------------- debugfs */

static int files(void)
{
	DIR *folder = opendir(DEBUGFS);
	struct dirent *entry;
	int count = 0;

	REQUIRE(folder != NULL);
	while ((entry = readdir(folder)))
		count += entry->d_name[0] != '.';
	closedir(folder);
	return count;
}

static void path_of(struct ward_vm *vm, char path[128])
{
	struct ward_vm_info info;

	REQUIRE_EQ(ward_get_info(vm, &info), 0);
	snprintf(path, 128, DEBUGFS "/%llu-%s", info.id, info.name);
}

static bool says(const char *text, const char *name, const char *value)
{
	char line[128];

	snprintf(line, sizeof(line), "\n%-16s %s\n", name, value);
	return strstr(text, line) != NULL;
}

/* Every counter is there, as WARD_GET_STATS has it. */
static void same_counters(struct ward_vm *vm, const char *path)
{
	__u64 before[WARD_STAT_COUNT], after[WARD_STAT_COUNT];
	char value[32], *text;
	int tries = 0;
	__u32 i;

	/* The host may take a page away at any time. */
	do {
		REQUIRE_EQ(ward_get_stats(vm, before, WARD_STAT_COUNT), WARD_STAT_COUNT);
		text = read_text(path);
		REQUIRE(text != NULL);
		REQUIRE_EQ(ward_get_stats(vm, after, WARD_STAT_COUNT), WARD_STAT_COUNT);
	} while (memcmp(before, after, sizeof(before)) && ++tries < 10);
	for (i = 0; i < WARD_STAT_COUNT; i++) {
		snprintf(value, sizeof(value), "%llu", before[i]);
		if (!says(text, ward_stat_name(i), value))
			test_fail(__LINE__, "no line \"%s %s\"", ward_stat_name(i), value);
	}
	note("%llu entries", before[WARD_STAT_ENTRIES]);
	CHECK(before[WARD_STAT_ENTRIES] > 0);
}

static void file_of_each_vm(void)
{
	struct ward_vm *second;
	char path[2][128];
	struct stat status;
	struct guest g;
	int had, i;

	need_root();
	if (access(DEBUGFS, F_OK))
		test_skip("no debugfs is mounted, or the kernel has none");
	had = files();
	touch_make(&g);
	second = make_vm(g.device, "watched", 0);
	CHECK_EQ(files(), had + 2);
	path_of(g.vm, path[0]);
	path_of(second, path[1]);
	for (i = 0; i < 2; i++) {
		REQUIRE_EQ(stat(path[i], &status), 0);
		CHECK_EQ(status.st_mode & 07777, 0400);
	}

	for (i = 0; i < 5; i++)
		touch_write(&g, GUEST_DATA + i * PAGE, 1);
	same_counters(g.vm, path[0]);
	CHECK(says(read_text(path[0]), "vcpus", "1"));
	CHECK(says(read_text(path[0]), "state", "alive"));
	CHECK_EQ(ward_pause(g.vm), 0);
	CHECK(says(read_text(path[0]), "state", "paused"));
	CHECK_EQ(strncmp(read_text(path[1]), "name             watched\n", 25), 0);
	CHECK(says(read_text(path[1]), "vcpus", "0"));
	CHECK(says(read_text(path[1]), "entries", "0"));

	guest_free(&g);
	CHECK_EQ(access(path[0], F_OK), -1);
	CHECK_EQ(files(), had + 1);
	ward_close_vm(second);
	CHECK_EQ(files(), had);
}

static const struct test tests[] = {
	{ "tracepoints", tracepoints },
	{ "file_of_each_vm", file_of_each_vm },
};

TEST_MAIN(tests)
