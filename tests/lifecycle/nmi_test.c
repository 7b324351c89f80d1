// SPDX-License-Identifier: GPL-2.0-only
/*
 * nmi_test.c - NMIs of the host arrive while guests run: the host handles each,
 * the guests see none and go on. sysrq's "l" asks all other CPUs for a
 * backtrace by NMI.
 */
#include "life.h"

/* NMIs that @cpu had, from /proc/interrupts. */
static unsigned long nmis(int cpu)
{
	unsigned long value = 0;
	char line[512], *at;
	FILE *file = fopen("/proc/interrupts", "re");
	int i;

	REQUIRE(file != NULL);
	while (fgets(line, sizeof(line), file)) {
		at = strstr(line, "NMI:");
		if (!at)
			continue;
		for (at += 4, i = 0; i <= cpu; i++)
			value = strtoul(at, &at, 10);
	}
	fclose(file);
	return value;
}

static unsigned long log_lines(const char *words)
{
	static char record[8192];
	unsigned long count = 0;
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ssize_t got;

	REQUIRE(fd >= 0);
	while ((got = read(fd, record, sizeof(record) - 1)) > 0 || errno == EPIPE) {
		if (got <= 0)
			continue;
		record[got] = '\0';
		count += !!strstr(record, words);
	}
	close(fd);
	return count;
}

static void backtraces(void)
{
	unsigned int rounds = times(4, 40), i;
	unsigned long before[2] = { nmis(0), nmis(1) }, traces;
	struct counting guest[2];

	need_root();
	need_cpus(2);
	counting_start(&guest[0]);
	counting_start(&guest[1]);
	for (i = 0; i < 2; i++)
		REQUIRE_EQ(run_on(guest[i].id, (int)i), 0);
	traces = log_lines("NMI backtrace for cpu");
	for (i = 0; i < rounds; i++) {
		/* From either CPU: the NMI goes to the other one. */
		REQUIRE_EQ(run_on(0, (int)i % 2), 0);
		CHECK(write_text("/proc/sysrq-trigger", "l"));
		CHECK(counts_on(&guest[0]) && counts_on(&guest[1]));
	}
	note("NMIs: CPU 0 %lu, CPU 1 %lu; %lu backtraces", nmis(0) - before[0],
	     nmis(1) - before[1], log_lines("NMI backtrace for cpu") - traces);
	CHECK_EQ(nmis(0) - before[0], rounds / 2);
	CHECK_EQ(nmis(1) - before[1], rounds / 2);
	if (!long_run())
		CHECK_EQ(log_lines("NMI backtrace for cpu") - traces, 2 * rounds);
	counting_end(&guest[0]);
	counting_end(&guest[1]);
}

static const struct test tests[] = {
	{ "backtraces", backtraces },
};

TEST_MAIN(tests)
