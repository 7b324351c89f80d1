/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tap.h - a test program that speaks TAP.
 *
 * ok() reports one test; return tap_done() from main().
 */
#ifndef UNIT_TAP_H
#define UNIT_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static unsigned int tap_count, tap_failed;

static inline bool __attribute__((__format__(printf, 2, 3)))
ok(bool passed, const char *format, ...)
{
	va_list args;

	printf("%sok %u - ", passed ? "" : "not ", ++tap_count);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	if (!passed)
		tap_failed++;
	return passed;
}

static inline int tap_done(void)
{
	printf("1..%u\n", tap_count);
	return tap_failed ? 1 : 0;
}

#endif
