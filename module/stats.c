// SPDX-License-Identifier: GPL-2.0-only
/*
 * stats.c - a VM's counters: those of the VMX layer and of module/ together.
 *
 * A counter never goes back: what a vCPU counted stays with the VM when the
 * vCPU goes.
 */
#include <linux/minmax.h>
#include <linux/rcupdate.h>
#include <linux/string.h>
#include "module/ioctl.h"
#include "module/stats.h"
#include "module/vcpu.h"
#include "module/vm.h"

static void add_vcpu(const struct ward_vcpu *vcpu, u64 *sum)
{
	vmx_vcpu_add_stats(vcpu->vmx, sum);
	sum[WARD_STAT_USER_EXITS] += READ_ONCE(vcpu->user_exits);
	sum[WARD_STAT_FAULTS_4K] += READ_ONCE(vcpu->faults_4k);
	sum[WARD_STAT_FAULTS_2M] += READ_ONCE(vcpu->faults_2m);
}

void ward_stats_depart(struct ward_vcpu *vcpu)
{
	lockdep_assert_held(&vcpu->vm->lock);
	add_vcpu(vcpu, vcpu->vm->departed);
}

void ward_stats_sum(struct ward_vm *vm, u64 *sum)
{
	lockdep_assert_held(&vm->lock);
	memcpy(sum, vm->departed, sizeof(vm->departed));
	for (int id = 0; id < WARD_MAX_VCPUS; id++) {
		struct ward_vcpu *vcpu = rcu_dereference_protected(vm->vcpus[id],
								   lockdep_is_held(&vm->lock));

		if (vcpu)
			add_vcpu(vcpu, sum);
	}
	sum[WARD_STAT_INVALIDATIONS] += atomic64_read(&vm->invalidations);
}

long ward_call_get_stats(struct ward_call *call)
{
	u64 sum[WARD_STAT_COUNT];

	ward_stats_sum(call->vm, sum);
	/* Not more than WARD_STAT_COUNT, see ioctl_uapi/table.h. */
	if (call->entries)
		memcpy(call->array, sum, call->entries * sizeof(sum[0]));
	call->arg.get_stats.count = WARD_STAT_COUNT;
	return 0;
}
