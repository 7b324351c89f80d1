/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tap.h - tests that print the Test Anything Protocol.
 *
 * A test program calls ok() for each thing it claims and returns finish().
 */
#ifndef WARD_TESTS_TAP_H
#define WARD_TESTS_TAP_H

#include <stdarg.h>
#include <stdio.h>

static int tap_count, tap_failed;

/* Claim that @truth holds; the format says what was claimed. */
__attribute__((format(printf, 2, 3), unused))
static int ok(int truth, const char *format, ...)
{
	va_list arguments;

	printf("%sok %d - ", truth ? "" : "not ", ++tap_count);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	tap_failed += !truth;
	return truth;
}

/* Claim that two numbers are equal, and show them if they are not. */
#define is(got, wanted, what) tap_is((unsigned long long)(got), \
				     (unsigned long long)(wanted), what)

__attribute__((unused))
static void tap_is(unsigned long long got, unsigned long long wanted,
		   const char *what)
{
	if (!ok(got == wanted, "%s", what))
		printf("# got %#llx, wanted %#llx\n", got, wanted);
}

__attribute__((unused))
static int finish(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed ? 1 : 0;
}

#endif
