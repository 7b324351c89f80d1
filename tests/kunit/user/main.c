// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - runs the suites as a program, and speaks TAP.
 *
 *	kunit [SUITE...]
 */
#include <sys/resource.h>
#include "user/test.h"

/* A case that does not end fails with all the rest: seconds of the processor. */
#define SECONDS		60

#define SUITES		32

static struct kunit_suite *suites[SUITES];
static unsigned int suite_count, test_count, failed_count;

void kunit_register(struct kunit_suite *suite)
{
	if (suite_count == SUITES)
		abort();
	suites[suite_count++] = suite;
}

void *kunit_kzalloc(struct kunit *test, size_t bytes, int gfp)
{
	assert(!test->memory);
	return test->memory = calloc(1, bytes);
}

void kunit_fail(struct kunit *test, bool assertion, const char *file, int line,
		const char *format, ...)
{
	va_list args;

	test->failed = true;
	printf("# %s:%d: ", file, line);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	if (assertion)
		longjmp(test->abort, 1);
}

static void run_test(const struct kunit_suite *suite, const struct kunit_case *c, const void *param,
		     const char *desc)
{
	struct kunit test = { .param_value = param };

	if (suite->init && suite->init(&test)) {
		test.failed = true;
	} else {
		if (!setjmp(test.abort))
			c->run_case(&test);
		if (suite->exit && !setjmp(test.abort))
			suite->exit(&test);
	}
	free(test.memory);
	printf("%sok %u - %s: %s%s%s\n", test.failed ? "not " : "", ++test_count, suite->name,
	       c->name, desc ? ": " : "", desc ? desc : "");
	fflush(stdout);
	failed_count += test.failed;
}

static void run_suite(const struct kunit_suite *suite)
{
	for (const struct kunit_case *c = suite->test_cases; c->run_case; c++) {
		char desc[KUNIT_PARAM_DESC_SIZE] = "";
		const void *param = NULL;

		if (!c->generate_params)
			run_test(suite, c, NULL, NULL);
		else
			while ((param = c->generate_params(param, desc)))
				run_test(suite, c, param, desc);
	}
}

static bool wanted(const char *name, char **names)
{
	if (!*names)
		return true;
	while (*names && strcmp(*names, name))
		names++;
	return *names;
}

int main(int argc, char **argv)
{
	const struct rlimit limit = { SECONDS, SECONDS };

	setrlimit(RLIMIT_CPU, &limit);
	for (unsigned int i = 0; i < suite_count; i++)
		if (wanted(suites[i]->name, argv + 1))
			run_suite(suites[i]);
	printf("1..%u\n", test_count);
	return failed_count || !test_count;
}
