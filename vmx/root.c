// SPDX-License-Identifier: GPL-2.0-only
/*
 * root.c - VMX root operation on every CPU, and which VMCS is loaded where.
 *
 * The resident way: from the first vmx_root_get() to the last put every
 * online CPU is in root operation. CPUs that come online join, CPUs that go
 * offline, suspend, reboot or crash leave first. Ward never executes VMXOFF
 * where it did not execute VMXON, and takes CR4.VMXE through the kernel's
 * own helper, so that its per-CPU shadow stays right.
 *
 * Invariant: a VMCS is loaded on at most one CPU, and is on that CPU's list
 * (vmx_vcpu.loaded_cpu, changed only by that CPU with interrupts off).
 */
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/reboot.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/syscore_ops.h>
#include <asm/msr.h>
#include <asm/nospec-branch.h>
#include <asm/perf_event.h>
#include <asm/reboot.h>
#include <asm/tlbflush.h>
#include <asm/tsc.h>
#include "ept/flush_check.h"
#include "vmcs/instr.h"
#include "vmx/compat.h"
#include "vmx/root.h"
#include "vmx/vcpu.h"

/*
 * struct root_cpu - one CPU's part; touched by that CPU only, interrupts off
 * @region: the VMXON region (c)
 * @on: this module executed VMXON here
 * @current_vmcs: whose VMCS the CPU has current
 * @loaded: vCPUs whose VMCS is active here
 */
struct root_cpu {
	void *region;
	bool on;
	struct vmx_vcpu *current_vmcs;
	struct list_head loaded;
};

static DEFINE_PER_CPU(struct root_cpu, root_cpu);
static DEFINE_MUTEX(root_lock);		/* root_users and all that it switches */
static unsigned int root_users;
static enum cpuhp_state root_hotplug;
static bool root_rebooting;
static bool root_lost;			/* a CPU did not get back into VMX operation */
static bool root_crash_hook;		/* our callback is in the kernel's one slot */
static bool root_kvm_intel_gone;	/* while we were here; kvm.ko may have stayed */

bool vmx_root_here(void)
{
	return this_cpu_read(root_cpu.on);
}

bool vmx_root_stopped(void)
{
	return READ_ONCE(root_rebooting) || READ_ONCE(root_lost);
}

/* ---- one CPU, interrupts off ---- */

static int root_enter_cpu(void)
{
	struct root_cpu *rc = this_cpu_ptr(&root_cpu);
	int err;

	if (rc->on)
		return 0;
	if (root_rebooting)
		return -ESHUTDOWN;
	if (__read_cr4() & X86_CR4_VMXE)
		return -EBUSY;

	intel_pt_handle_vmx(1);
	cr4_set_bits(X86_CR4_VMXE);
	*(u32 *)rc->region = (u32)vmx_cap_msrs[0] & 0x7fffffff;
	err = vmx_vmxon(__pa(rc->region));
	if (err) {
		cr4_clear_bits(X86_CR4_VMXE);
		intel_pt_handle_vmx(0);
		return -ENODEV;
	}
	/* Nothing cached under this CPU's earlier owners may be used. */
	vmx_invept(VMX_INVEPT_ALL, 0);
	ept_flush_check_new_epoch();
	vmx_invvpid(VMX_INVVPID_ALL, 0);
	rc->on = true;
	return 0;
}

static void root_unload(struct vmx_vcpu *v)
{
	struct root_cpu *rc = this_cpu_ptr(&root_cpu);

	lockdep_assert_irqs_disabled();
	vmx_vmclear(v->vmcs_hpa);
	if (rc->current_vmcs == v)
		rc->current_vmcs = NULL;
	list_del_init(&v->loaded_link);
	v->regs.launched = 0;
	/* Pairs with the acquire in vmx_root_claim() on the next CPU. */
	smp_store_release(&v->loaded_cpu, -1);
}

static void root_leave_cpu(void)
{
	struct root_cpu *rc = this_cpu_ptr(&root_cpu);
	struct vmx_vcpu *v, *next;

	if (!rc->on)
		return;
	list_for_each_entry_safe(v, next, &rc->loaded, loaded_link)
		root_unload(v);
	rc->on = false;
	vmx_vmxoff();
	ept_flush_check_new_epoch();
	cr4_clear_bits(X86_CR4_VMXE);
	intel_pt_handle_vmx(0);
}

/*
 * The crash path: any state, no locks, possibly an NMI. Only the CPU matters,
 * so that the next kernel can use INIT and VMXON; memory is left alone.
 */
static void root_crash_cpu(void)
{
	if (!this_cpu_read(root_cpu.on))
		return;
	this_cpu_write(root_cpu.on, false);
	vmx_vmxoff();
	asm volatile("mov %0, %%cr4" : : "r"(__read_cr4() & ~X86_CR4_VMXE) : "memory");
}

/* ---- the kernel's one slot for a crash callback ---- */

/*
 * kvm_intel registers in the same slot when it loads (6.1) or with its first
 * VM (6.12), and the kernel warns if the slot is taken. KVM's callback leaves
 * VMX on every CPU that has CR4.VMXE set, ours included, so where KVM is
 * loaded its callback does; and when it is about to load, ours steps aside,
 * until it is gone again or has failed to load.
 */
extern bool kvm_rebooting;

static bool root_kvm_loaded(void)
{
	if (!symbol_get(kvm_rebooting))
		return false;
	symbol_put(kvm_rebooting);
	return true;
}

static void root_crash_hook_set(bool want)
{
	lockdep_assert_held(&root_lock);
	if (want == root_crash_hook)
		return;
	if (want) {
		if (root_kvm_loaded() && !root_kvm_intel_gone)
			return;
		cpu_emergency_register_virt_callback(root_crash_cpu);
	} else {
		cpu_emergency_unregister_virt_callback(root_crash_cpu);
	}
	root_crash_hook = want;
}

static int root_module_event(struct notifier_block *nb, unsigned long event, void *data)
{
	struct module *mod = data;
	bool vendor = !strcmp(mod->name, "kvm_intel");

	if (!vendor && strcmp(mod->name, "kvm"))
		return NOTIFY_DONE;
	mutex_lock(&root_lock);
	if (event == MODULE_STATE_COMING) {
		root_kvm_intel_gone = false;
		root_crash_hook_set(false);
	} else if (event == MODULE_STATE_GOING) {
		/* It has left the slot; kvm.ko alone does not register. */
		root_kvm_intel_gone = vendor;
		root_crash_hook_set(root_users > 0);
	}
	mutex_unlock(&root_lock);
	return NOTIFY_DONE;
}

static struct notifier_block root_module_nb = { .notifier_call = root_module_event };

/* ---- hotplug, suspend, reboot ---- */

static int root_cpu_online(unsigned int cpu)
{
	unsigned long flags;
	int err;

	local_irq_save(flags);
	err = root_enter_cpu();
	local_irq_restore(flags);
	/* For the first VM, vmx_root_get() says it. */
	if (err && READ_ONCE(root_users))
		pr_warn_ratelimited("CPU %u cannot enter VMX root operation (%d); it stays offline while VMs exist\n",
				    cpu, err);
	return err;
}

static int root_cpu_offline(unsigned int cpu)
{
	unsigned long flags;

	local_irq_save(flags);
	root_leave_cpu();
	local_irq_restore(flags);
	return 0;
}

/*
 * The TSC starts again at 0 where the machine lost its power. Guests were not
 * told of any suspend, so for them it goes on from where it was.
 */
u64 vmx_tsc_lost;
static u64 root_suspend_tsc;

static int root_suspend(void)
{
	root_suspend_tsc = rdtsc();
	if (root_users)
		root_leave_cpu();
	return 0;
}

static void root_resume(void)
{
	u64 now = rdtsc();

	if (now < root_suspend_tsc)
		WRITE_ONCE(vmx_tsc_lost, vmx_tsc_lost + root_suspend_tsc - now);
	/* Nothing can be refused here: guests stop with -EIO, until all VMs are gone. */
	if (root_users && root_enter_cpu()) {
		WRITE_ONCE(root_lost, true);
		pr_err("VMX operation cannot be entered after suspend; all VMs are dead\n");
	}
}

#ifdef WARD_HAVE_SYSCORE_DATA
static int root_suspend_data(void *data)
{
	return root_suspend();
}

static void root_resume_data(void *data)
{
	root_resume();
}

static const struct syscore_ops root_syscore_ops = {
	.suspend = root_suspend_data,
	.resume = root_resume_data,
};

static struct syscore root_syscore = { .ops = &root_syscore_ops };

#define root_syscore_register()		register_syscore(&root_syscore)
#define root_syscore_unregister()	unregister_syscore(&root_syscore)
#else
static struct syscore_ops root_syscore_ops = {
	.suspend = root_suspend,
	.resume = root_resume,
};

#define root_syscore_register()		register_syscore_ops(&root_syscore_ops)
#define root_syscore_unregister()	unregister_syscore_ops(&root_syscore_ops)
#endif

static void root_leave_ipi(void *unused)
{
	root_leave_cpu();
}

static int root_reboot(struct notifier_block *nb, unsigned long event, void *data)
{
	/* Guests stop with -EIO; a CPU in root operation would ignore INIT. */
	WRITE_ONCE(root_rebooting, true);
	on_each_cpu(root_leave_ipi, NULL, 1);
	return NOTIFY_OK;
}

static struct notifier_block root_reboot_nb = { .notifier_call = root_reboot };

/* ---- the count ---- */

int vmx_root_get(void)
{
	int err = 0;

	mutex_lock(&root_lock);
	if (vmx_root_stopped()) {
		err = -ENODEV;
	} else if (root_users == 0) {
		root_crash_hook_set(true);
		err = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "ward/vmx:online",
					root_cpu_online, root_cpu_offline);
		if (err >= 0) {
			root_hotplug = err;
			err = 0;
		} else {
			root_crash_hook_set(false);
		}
	}
	if (!err)
		root_users++;
	mutex_unlock(&root_lock);

	if (err == -EBUSY && root_kvm_loaded())
		pr_warn_ratelimited("another hypervisor owns VMX: kvm_intel; unload it (modprobe -r kvm_intel) or load kvm with enable_virt_at_load=0\n");
	else if (err == -EBUSY)
		pr_warn_ratelimited("another hypervisor owns VMX, and it is not KVM; find and unload its module (VirtualBox has vboxdrv, VMware vmmon)\n");
	return err == -EBUSY || err == -ENOMEM ? err : err ? -ENODEV : 0;
}

void vmx_root_put(void)
{
	mutex_lock(&root_lock);
	if (--root_users == 0) {
		cpuhp_remove_state(root_hotplug);
		root_crash_hook_set(false);
		WRITE_ONCE(root_lost, false);
	}
	mutex_unlock(&root_lock);
}

void vmx_probe(struct ward_probe *probe)
{
	probe->tsc_khz = tsc_khz;
	memcpy(probe->vmx_msrs, vmx_cap_msrs, sizeof(vmx_cap_msrs));
	mutex_lock(&root_lock);
	preempt_disable();
	if (vmx_root_here())
		probe->vmx_owner = WARD_VMX_WARD;
	else if (__read_cr4() & X86_CR4_VMXE)
		probe->vmx_owner = WARD_VMX_OTHER;
	else
		probe->vmx_owner = WARD_VMX_FREE;
	preempt_enable();
	mutex_unlock(&root_lock);
	if (probe->vmx_owner == WARD_VMX_OTHER)
		strscpy(probe->owner, root_kvm_loaded() ? "kvm_intel" : "unknown",
			sizeof(probe->owner));
}

/* ---- VMCSs ---- */

static void root_unload_ipi(void *data)
{
	struct vmx_vcpu *v = data;

	/* It may have been taken away by hotplug before this IPI arrived. */
	if (v->loaded_cpu == smp_processor_id())
		root_unload(v);
}

int vmx_root_claim(struct vmx_vcpu *v)
{
	struct root_cpu *rc = this_cpu_ptr(&root_cpu);
	int cpu = smp_processor_id();
	int from = smp_load_acquire(&v->loaded_cpu);
	unsigned long flags;
	int moved = 0;

	if (!rc->on)
		return -EAGAIN;
	if (from == cpu && rc->current_vmcs == v)
		return 0;
	if (from != cpu && from >= 0) {
		smp_call_function_single(from, root_unload_ipi, v, 1);
		if (smp_load_acquire(&v->loaded_cpu) >= 0)
			return -EAGAIN;		/* its CPU is going down just now */
	}

	local_irq_save(flags);
	if (rc->on && !vmx_vmptrld(v->vmcs_hpa)) {
		moved = 1;
		/* What another guest taught the branch predictors is not for this one. */
		indirect_branch_prediction_barrier();
		rc->current_vmcs = v;
		if (from != cpu) {
			list_add(&v->loaded_link, &rc->loaded);
			v->loaded_cpu = cpu;
		}
	} else {
		moved = -EAGAIN;
	}
	local_irq_restore(flags);
	return moved;
}

void vmx_root_release(struct vmx_vcpu *v)
{
	unsigned long flags;
	int cpu;

	while ((cpu = READ_ONCE(v->loaded_cpu)) >= 0) {
		if (smp_call_function_single(cpu, root_unload_ipi, v, 1))
			cond_resched();		/* hotplug is about to clear it */
	}
	/* Order the free that follows after the other CPU's last access. */
	local_irq_save(flags);
	smp_mb();
	local_irq_restore(flags);
}

/* ---- module life ---- */

int vmx_root_init(void)
{
	int cpu, err;

	for_each_possible_cpu(cpu) {
		struct root_cpu *rc = per_cpu_ptr(&root_cpu, cpu);

		INIT_LIST_HEAD(&rc->loaded);
		rc->region = (void *)get_zeroed_page(GFP_KERNEL);
		if (!rc->region) {
			err = -ENOMEM;
			goto err_free_regions;
		}
	}
	err = register_reboot_notifier(&root_reboot_nb);
	if (err)
		goto err_free_regions;
	err = register_module_notifier(&root_module_nb);
	if (err)
		goto err_unregister_reboot;
	root_syscore_register();
	return 0;

err_unregister_reboot:
	unregister_reboot_notifier(&root_reboot_nb);
err_free_regions:
	for_each_possible_cpu(cpu)
		free_page((unsigned long)per_cpu_ptr(&root_cpu, cpu)->region);
	return err;
}

void vmx_root_exit(void)
{
	int cpu;

	root_syscore_unregister();
	unregister_module_notifier(&root_module_nb);
	unregister_reboot_notifier(&root_reboot_nb);
	for_each_possible_cpu(cpu)
		free_page((unsigned long)per_cpu_ptr(&root_cpu, cpu)->region);
}
