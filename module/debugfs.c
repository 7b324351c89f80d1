// SPDX-License-Identifier: GPL-2.0-only
/*
 * debugfs.c - /sys/kernel/debug/ward/: one readable file for each VM.
 *
 * For people, not programs: the format is not stable. Errors of debugfs are
 * ignored, as it wants them to be.
 */
#include <linux/cleanup.h>
#include <linux/cred.h>
#include <linux/debugfs.h>
#include <linux/math64.h>
#include <linux/pid.h>
#include <linux/seq_file.h>
#include <linux/time64.h>
#include <linux/timekeeping.h>
#include "ept/root.h"
#include "module/stats.h"
#include "module/vm.h"

static struct dentry *folder;

static const char * const stat_names[WARD_STAT_COUNT] = {
	[WARD_STAT_ENTRIES] = "entries",
	[WARD_STAT_USER_EXITS] = "user_exits",
	[WARD_STAT_EXIT_EXCEPTION] = "exit_exception",
	[WARD_STAT_EXIT_INTERRUPT] = "exit_interrupt",
	[WARD_STAT_EXIT_WINDOW] = "exit_window",
	[WARD_STAT_EXIT_CPUID] = "exit_cpuid",
	[WARD_STAT_EXIT_HALT] = "exit_halt",
	[WARD_STAT_EXIT_HYPERCALL] = "exit_hypercall",
	[WARD_STAT_EXIT_CR] = "exit_cr",
	[WARD_STAT_EXIT_DR] = "exit_dr",
	[WARD_STAT_EXIT_IO] = "exit_io",
	[WARD_STAT_EXIT_MSR_READ] = "exit_msr_read",
	[WARD_STAT_EXIT_MSR_WRITE] = "exit_msr_write",
	[WARD_STAT_EXIT_EPT] = "exit_ept",
	[WARD_STAT_EXIT_OTHER] = "exit_other",
	[WARD_STAT_INJECTIONS] = "injections",
	[WARD_STAT_HALTS] = "halts",
	[WARD_STAT_FAULTS_4K] = "faults_4k",
	[WARD_STAT_FAULTS_2M] = "faults_2m",
	[WARD_STAT_INVALIDATIONS] = "invalidations",
	[WARD_STAT_APIC_ACCESSES] = "apic_accesses",
	[WARD_STAT_TIMER] = "timer",
};

static void show_roots(struct ward_vm *vm, struct seq_file *file)
{
	struct ept_root *root;
	int view;

	ward_vm_for_each_root(vm, root, view) {
		unsigned long tables;
		u64 generation;

		scoped_guard(spinlock, &root->lock) {
			tables = root->table.tables;
			generation = root->table.generation;
		}
		seq_printf(file, "view             %d: %lu tables, %llu entries lowered, on CPUs %*pbl\n",
			   view, tables, generation, cpumask_pr_args(&root->cpus));
	}
}

static int vm_show(struct seq_file *file, void *unused)
{
	struct ward_vm *vm = file->private;
	u64 sum[WARD_STAT_COUNT];
	struct ward_vm_info info;

	ward_vm_fill_info(vm, &info);
	scoped_guard(mutex, &vm->lock)
		ward_stats_sum(vm, sum);

	seq_printf(file, "name             %s\n", info.name);
	seq_printf(file, "uid              %u\n", from_kuid_munged(&init_user_ns, vm->uid));
	seq_printf(file, "pid              %d\n", pid_nr(vm->creator));
	seq_printf(file, "uptime           %llu s\n", div_u64(info.uptime_ns, NSEC_PER_SEC));
	seq_printf(file, "state            %s\n", ward_vm_is_dead(vm) ? "dead" :
		   info.pauses ? "paused" : "alive");
	seq_printf(file, "pauses           %u\n", info.pauses);
	seq_printf(file, "vcpus            %u\n", info.vcpus);
	seq_printf(file, "memory           %llu MiB, generation %llu\n", info.memory_bytes >> 20,
		   info.map_generation);
	ward_memory_show(vm, file);
	show_roots(vm, file);
	for (int i = 0; i < WARD_STAT_COUNT; i++)
		seq_printf(file, "%-16s %llu\n", stat_names[i], sum[i]);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(vm);

void ward_debugfs_add(struct ward_vm *vm)
{
	char name[24 + WARD_NAME_BYTES];

	/* Names are unique per user only. */
	snprintf(name, sizeof(name), "%llu-%s", vm->id, vm->name);
	vm->debugfs = debugfs_create_file(name, 0400, folder, vm, &vm_fops);
}

void ward_debugfs_del(struct ward_vm *vm)
{
	debugfs_remove(vm->debugfs);
}

void ward_debugfs_init(void)
{
	folder = debugfs_create_dir("ward", NULL);
}

void ward_debugfs_exit(void)
{
	debugfs_remove(folder);
}
