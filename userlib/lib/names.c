// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * names.c - counters and exits by name.
 */
#include "libward.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const stat_names[] = {
	[WARD_STAT_ENTRIES]		= "entries",
	[WARD_STAT_USER_EXITS]		= "user_exits",
	[WARD_STAT_EXIT_EXCEPTION]	= "exit_exception",
	[WARD_STAT_EXIT_INTERRUPT]	= "exit_interrupt",
	[WARD_STAT_EXIT_WINDOW]		= "exit_window",
	[WARD_STAT_EXIT_CPUID]		= "exit_cpuid",
	[WARD_STAT_EXIT_HALT]		= "exit_halt",
	[WARD_STAT_EXIT_HYPERCALL]	= "exit_hypercall",
	[WARD_STAT_EXIT_CR]		= "exit_cr",
	[WARD_STAT_EXIT_DR]		= "exit_dr",
	[WARD_STAT_EXIT_IO]		= "exit_io",
	[WARD_STAT_EXIT_MSR_READ]	= "exit_msr_read",
	[WARD_STAT_EXIT_MSR_WRITE]	= "exit_msr_write",
	[WARD_STAT_EXIT_EPT]		= "exit_ept",
	[WARD_STAT_EXIT_OTHER]		= "exit_other",
	[WARD_STAT_INJECTIONS]		= "injections",
	[WARD_STAT_HALTS]		= "halts",
	[WARD_STAT_FAULTS_4K]		= "faults_4k",
	[WARD_STAT_FAULTS_2M]		= "faults_2m",
	[WARD_STAT_INVALIDATIONS]	= "invalidations",
	[WARD_STAT_APIC_ACCESSES]	= "apic_accesses",
	[WARD_STAT_TIMER]		= "timer",
};

_Static_assert(COUNT(stat_names) == WARD_STAT_COUNT, "a counter has no name");

static const char *const exit_names[] = {
	[WARD_EXIT_NONE]		= "none",
	[WARD_EXIT_IO]			= "io",
	[WARD_EXIT_MMIO]		= "mmio",
	[WARD_EXIT_MSR]			= "msr",
	[WARD_EXIT_HYPERCALL]		= "hypercall",
	[WARD_EXIT_HALT]		= "halt",
	[WARD_EXIT_SHUTDOWN]		= "shutdown",
	[WARD_EXIT_FAIL_ENTRY]		= "fail_entry",
	[WARD_EXIT_MEMORY]		= "memory",
	[WARD_EXIT_WINDOW]		= "window",
	[WARD_EXIT_EOI]			= "eoi",
	[WARD_EXIT_DEBUG]		= "debug",
	[WARD_EXIT_UNHANDLED]		= "unhandled",
};

_Static_assert(COUNT(exit_names) == WARD_EXIT_COUNT, "an exit has no name");

const char *ward_stat_name(__u32 stat)
{
	return stat < COUNT(stat_names) ? stat_names[stat] : NULL;
}

const char *ward_exit_name(__u32 exit)
{
	return exit < COUNT(exit_names) ? exit_names[exit] : "unknown";
}
