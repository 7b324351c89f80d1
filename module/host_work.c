// SPDX-License-Identifier: GPL-2.0-only
/*
 * host_work.c - what the kernel has to do for a thread before it goes on, see
 * host_work.h.
 *
 * Its own function for hypervisors is used, in a file of its own: until it was
 * freed of them it wanted one of KVM's structures.
 */
#if IS_ENABLED(CONFIG_VIRT_XFER_TO_GUEST_WORK)
#include <linux/entry-virt.h>
#elif IS_ENABLED(CONFIG_KVM_XFER_TO_GUEST_WORK)
#include <linux/entry-kvm.h>
#include <linux/kvm_host.h>
#endif
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/thread_info.h>
#include "module/host_work.h"
#include "vmx/compat.h"

int ward_host_work(void)
{
#if IS_ENABLED(CONFIG_VIRT_XFER_TO_GUEST_WORK)
	return xfer_to_guest_mode_handle_work();
#elif IS_ENABLED(CONFIG_KVM_XFER_TO_GUEST_WORK)
	/* Written to when a signal comes, by all threads; nobody reads it. */
	static struct kvm_run record;
	static struct kvm_vcpu stand_in = { .run = &record };

	return xfer_to_guest_mode_handle_work(&stand_in);
#else
	/* A kernel without KVM. The rest has no exported way to be done here. */
	if (READ_ONCE(current_thread_info()->flags) & COMPAT_TIF_WANT_CPU)
		schedule();
	return signal_pending(current) || test_thread_flag(TIF_NOTIFY_RESUME) ? -EINTR : 0;
#endif
}
