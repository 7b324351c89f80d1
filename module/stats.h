/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stats.h - a VM's counters, for a program (WARD_GET_STATS) and for a person
 * (debugfs).
 */
#ifndef WARD_STATS_H
#define WARD_STATS_H

#include <linux/types.h>

struct ward_vcpu;
struct ward_vm;

/* Fill @sum[WARD_STAT_COUNT]. Context: vm->lock. */
void ward_stats_sum(struct ward_vm *vm, u64 *sum);
/* Keep what @vcpu counted; nobody runs or finds it any more. Context: vm->lock. */
void ward_stats_depart(struct ward_vcpu *vcpu);

/* The VM's file in debugfs. Del waits for readers; not under vm->lock. */
void ward_debugfs_add(struct ward_vm *vm);
void ward_debugfs_del(struct ward_vm *vm);

/* The folder. */
void ward_debugfs_init(void);
void ward_debugfs_exit(void);

#endif /* WARD_STATS_H */
