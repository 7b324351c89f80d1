// SPDX-License-Identifier: GPL-2.0-only
/*
 * run.c - WARD_RUN: the outer loop around the guest, and what interrupts it.
 *
 * The inner loop (vmx_vcpu_run) returns for everything that sleeps or leaves
 * the kernel; here it is decided which. Nothing of the processor is known here.
 *
 * Invariant: the state is owned (vcpu.h) whenever the VMX layer is called, and
 * never while this thread waits for anything but the guest.
 */
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/thread_info.h>
#include "module/fault.h"
#include "module/host_work.h"
#include "module/ioctl.h"
#include "module/vcpu.h"
#include "module/vm.h"

/* Is there a reason to return to user space? Return: 0 or the error. */
static int look_outside(struct ward_vcpu *vcpu)
{
	if (ward_vm_is_dead(vcpu->vm))
		return -EIO;
	if (atomic_read(&vcpu->kicked) && atomic_xchg(&vcpu->kicked, 0))
		return -EINTR;
	/*
	 * The pending signal flag makes the way out look for a restart. With a
	 * handler to call, this becomes -EINTR; without one (a stop and
	 * continue, the freezer) user space sees nothing of it, and WARD_RUN
	 * starts anew with the last exit completed. To go this way for all that
	 * ward_host_work() does would lose signals: one that comes when the
	 * restart is decided on is handled before it.
	 */
	if (ward_host_work()) {
		set_thread_flag(TIF_SIGPENDING);
		return -ERESTARTNOHAND;
	}
	return 0;
}

/* Own the state, after the end of any pause. Return: 0, or the error: not owned. */
static int take_state(struct ward_vcpu *vcpu)
{
	atomic_t *pauses = &vcpu->vm->pauses;

	for (;;) {
		int ret = look_outside(vcpu);

		if (ret)
			return ret;
		if (atomic_read(pauses)) {
			/* An error is a signal, and looked at above. */
			(void)wait_event_interruptible(vcpu->vm->resumed, !atomic_read(pauses) ||
						       atomic_read(&vcpu->kicked) ||
						       ward_vm_is_dead(vcpu->vm));
			continue;
		}
		ret = ward_vcpu_acquire(vcpu, WARD_VCPU_RUNNING);
		if (ret)
			return ret;
		/* Again, now that a pause would wait for us: see ward_call_pause(). */
		if (!atomic_read(pauses))
			return 0;
		ward_vcpu_release(vcpu);
	}
}

/*
 * Get the page that the guest missed. The state is let go meanwhile, perhaps for
 * a pause. If somebody else had it, the fault may not be the guest's any more;
 * if the map has changed, the answer is out of date. Either way the guest runs
 * into it again if it is still there.
 *
 * Return: enum vmx_run_result with the state owned, or an error without it.
 */
static int handle_fault(struct ward_vcpu *vcpu)
{
	const struct vmx_fault fault = *vmx_vcpu_fault(vcpu->vmx);
	u64 inspections = vcpu->inspections;
	unsigned long sequence;
	int error, ret;

	ward_vcpu_release(vcpu);
	error = ward_memory_fault(vcpu, fault.root, fault.gpa, fault.access, &sequence);
	if (error == -ENOMEM)
		return error;
	ret = take_state(vcpu);
	if (ret)
		return ret;

	if (!error || error == -EINTR || inspections != vcpu->inspections ||
	    ward_memory_retry(&vcpu->vm->memory, sequence))
		return VMX_RUN_AGAIN;
	if (error == -ENOENT)
		return vmx_vcpu_fault_mmio(vcpu->vmx);
	vmx_vcpu_fault_failed(vcpu->vmx, error);
	return VMX_RUN_USER;
}

static int run_guest(struct ward_vcpu *vcpu)
{
	/*
	 * WARD_RUN_IMMEDIATE runs no guest code, and promises that the last exit
	 * is complete when it returns: neither a pause, which may be the
	 * caller's own, nor a kick or signal may come before that.
	 */
	u32 request = READ_ONCE(vcpu->run->request);
	bool immediate = request & WARD_RUN_IMMEDIATE;
	int ret;

	if (!immediate)
		ret = take_state(vcpu);
	else if (ward_vm_is_dead(vcpu->vm))
		ret = -EIO;
	else
		ret = ward_vcpu_acquire(vcpu, WARD_VCPU_RUNNING);
	if (ret)
		return ret;
	ret = vmx_vcpu_begin(vcpu->vmx, request);
	if (ret)
		goto out;
	if (immediate) {
		/* This return is also the one that a kick asked for. */
		atomic_set(&vcpu->kicked, 0);
		ret = -EINTR;
		goto out;
	}

	for (;;) {
		/* The kernel's work may wait for others, who may want to pause us. */
		if (atomic_read(&vcpu->vm->pauses) || test_thread_flag(TIF_NOTIFY_RESUME)) {
			ward_vcpu_release(vcpu);
			ret = take_state(vcpu);
			if (ret)
				return ret;
		}
		ret = look_outside(vcpu);
		if (ret)
			goto out;

		ret = vmx_vcpu_run(vcpu->vmx);
		if (ret == VMX_RUN_FAULT) {
			ret = handle_fault(vcpu);
			if (ret < 0)
				return ret;
		}
		if (ret == VMX_RUN_HALT) {
			/* An error is a signal, and looked at above. */
			(void)vmx_vcpu_block(vcpu->vmx);
			ret = VMX_RUN_AGAIN;
		}
		if (ret == VMX_RUN_USER) {
			ret = 0;
			goto out;
		}
		if (ret < 0) {
			ward_vm_kill(vcpu->vm);
			goto out;
		}
	}
out:
	ward_vcpu_release(vcpu);
	return ret;
}

long ward_call_run(struct ward_call *call)
{
	struct ward_vcpu *vcpu = call->vcpu;
	int ret;

	if (atomic_cmpxchg_acquire(&vcpu->has_runner, 0, 1))
		return -EBUSY;
	ret = run_guest(vcpu);
	if (ret)
		WRITE_ONCE(vcpu->run->exit, WARD_EXIT_NONE);
	if (ret != -ERESTARTNOHAND)
		WRITE_ONCE(vcpu->user_exits, vcpu->user_exits + 1);
	atomic_set_release(&vcpu->has_runner, 0);
	return ret;
}

long ward_call_kick(struct ward_call *call)
{
	struct ward_vcpu *vcpu = call->vcpu;

	/*
	 * The runner looks at @kicked before each vmx_vcpu_run(); a kick of the
	 * VMX layer that comes after that look is not lost either.
	 */
	atomic_set(&vcpu->kicked, 1);
	smp_mb__after_atomic();
	vmx_vcpu_kick(vcpu->vmx);
	wake_up_all(&vcpu->vm->resumed);
	return 0;
}
