/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * report.h - one sentence on stderr, for the person at the keyboard.
 */
#ifndef WARD_MACHINE_REPORT_H
#define WARD_MACHINE_REPORT_H

/**
 * report() - print "ward: " and a sentence, and end the line
 */
__attribute__((format(printf, 1, 2))) void report(const char *format, ...);

#endif
