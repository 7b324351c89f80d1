/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stats.h - the counters that ward run --stats writes.
 */
#ifndef WARD_COMMAND_STATS_H
#define WARD_COMMAND_STATS_H

#include "libward.h"
#include "machine/machine.h"

/**
 * struct stats - of all machines of one ward run
 * @name: the VM's
 * @end, @status: how it ended, and the exit status for that
 */
struct stats {
	char name[WARD_NAME_BYTES];
	unsigned int vcpus;
	unsigned int resets;
	__u64 uptime_ns;
	__u64 counters[WARD_STAT_COUNT];
	enum machine_end end;
	int status;
};

/**
 * stats_add() - add those of a machine that has stopped
 */
void stats_add(struct stats *stats, struct ward_vm *vm, int was_reset);

/**
 * stats_write() - as JSON; "-" is stderr. Says itself what goes wrong.
 */
void stats_write(const struct stats *stats, const char *path);

#endif
