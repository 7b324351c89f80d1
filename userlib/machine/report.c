// SPDX-License-Identifier: GPL-2.0-only
/*
 * report.c - one sentence on stderr.
 */
#include <stdarg.h>
#include <stdio.h>

#include "report.h"

void report(const char *format, ...)
{
	va_list arguments;

	fputs("ward: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}
