/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vcpu.h - a virtual CPU: what its descriptor stands for, and who may touch it.
 *
 * The processor itself is struct vmx_vcpu. Its state has one owner at a time:
 *
 *	           acquire(RUNNING)                acquire(INSPECTED)
 *	RUNNING <--------------------- FREE -----------------------> INSPECTED
 *	   |                            ^ ^                              |
 *	   +--------- release ----------+ +---------- release -----------+
 *
 * The thread in WARD_RUN is the runner for all of the call, but it owns the
 * state only while it executes the guest: it lets go while the VM is paused
 * and while it waits for a page. So a paused vCPU can be inspected though its
 * runner is inside WARD_RUN, and WARD_PAUSE need not wait for pages.
 */
#ifndef WARD_VCPU_H
#define WARD_VCPU_H

#include <linux/atomic.h>
#include <linux/types.h>
#include <linux/wait.h>
#include "ward.h"
#include "ept/table.h"

struct page;
struct vmx_vcpu;
struct ward_vm;

enum ward_vcpu_owner {
	WARD_VCPU_FREE,
	WARD_VCPU_RUNNING,
	WARD_VCPU_INSPECTED,
};

/**
 * struct ward_vcpu - see above
 *
 * (c) constant after creation, (o) the owner of the state, (r) the runner,
 * (a) any CPU, any time
 *
 * @vm: (c) holds a reference
 * @id, @vmx: (c)
 * @run_page: (c) the page that user space maps; @run is its kernel address
 * @owner: (a) enum ward_vcpu_owner
 * @released: who waits for the owner to let go
 * @inspections: (o) how often others owned the state
 * @has_runner: (a) a thread is in WARD_RUN
 * @kicked: (a) one WARD_RUN is to return -EINTR
 * @cache: (r) table pages for the next EPT fault
 * @faults_4k, @faults_2m, @user_exits: (r) counters, may be read without
 */
struct ward_vcpu {
	struct ward_vm *vm;
	u32 id;
	struct vmx_vcpu *vmx;
	struct page *run_page;
	struct ward_run *run;

	atomic_t owner;
	wait_queue_head_t released;
	u64 inspections;

	atomic_t has_runner;
	atomic_t kicked;
	struct ept_cache cache;
	u64 faults_4k;
	u64 faults_2m;
	u64 user_exits;
};

/**
 * ward_vcpu_acquire - own the state
 * @as: WARD_VCPU_RUNNING or WARD_VCPU_INSPECTED
 *
 * Waits for an inspection to end, and for the runner of a paused VM, but never
 * for the guest. Return: 0; -EINTR a fatal signal; -EBUSY the runner owns it
 * (only for WARD_VCPU_INSPECTED).
 */
int __must_check ward_vcpu_acquire(struct ward_vcpu *vcpu, enum ward_vcpu_owner as);
void ward_vcpu_release(struct ward_vcpu *vcpu);

#endif /* WARD_VCPU_H */
