// SPDX-License-Identifier: GPL-2.0-only
/*
 * vm.c - life of a VM, its descriptor, and the calls that concern it as a whole.
 *
 * Not here: the memory map (memory.c), vCPUs (vcpu.c), counters (stats.c).
 *
 * Invariant: a VM holds VMX root operation from before its first vCPU can
 * exist until after its last one is gone.
 */
#include <linux/anon_inodes.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include "ept/root.h"
#include "module/ioctl.h"
#include "module/registry.h"
#include "module/stats.h"
#include "module/vcpu.h"
#include "module/vm.h"

/*
 * Nobody is left: each descriptor and each vCPU held a reference. The registry
 * does not, but hands out none after the count was zero, and ward_registry_del()
 * waits for who is looking. debugfs_remove() waits for the file's readers. The
 * notifiers of the regions call until ward_memory_destroy() removed them, and
 * need the roots till then.
 */
static void vm_destroy(struct kref *ref)
{
	struct ward_vm *vm = container_of(ref, struct ward_vm, ref);
	struct ept_root *root;
	int view;

	ward_debugfs_del(vm);
	ward_registry_del(vm);
	ward_memory_destroy(vm);
	vmx_vm_destroy(&vm->vmx);
	ward_vm_for_each_root(vm, root, view)
		ept_root_destroy(root);
	vmx_root_put();
	put_pid(vm->creator);
	kfree(vm);
}

void ward_vm_put(struct ward_vm *vm)
{
	kref_put(&vm->ref, vm_destroy);
}

static int vm_release(struct inode *inode, struct file *file)
{
	ward_vm_put(file->private_data);
	return 0;
}

static long vm_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return ward_vm_ioctl(file->private_data, cmd, arg);
}

static const struct file_operations vm_fops = {
	.owner = THIS_MODULE,
	.release = vm_release,
	.unlocked_ioctl = vm_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

int ward_vm_new_fd(struct ward_vm *vm)
{
	int fd = anon_inode_getfd("[ward-vm]", &vm_fops, vm, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		ward_vm_put(vm);
	return fd;
}

int ward_vm_create(const struct ward_create_vm *args)
{
	struct ward_vm *vm;
	int ret;

	vm = kzalloc(sizeof(*vm), GFP_KERNEL_ACCOUNT);
	if (!vm)
		return -ENOMEM;
	kref_init(&vm->ref);
	mutex_init(&vm->lock);
	init_waitqueue_head(&vm->resumed);
	init_waitqueue_head(&vm->quiet);
	vm->creator = get_pid(task_tgid(current));
	vm->created_ns = ktime_get_boottime_ns();

	ret = ward_registry_add(vm, args->name);
	if (ret)
		goto err_free;
	ret = vmx_root_get();
	if (ret)
		goto err_unregister;
	vm->roots[0] = ept_root_create((struct ept_key){ .view = 0 });
	if (IS_ERR(vm->roots[0])) {
		ret = PTR_ERR(vm->roots[0]);
		goto err_put_vmx;
	}
	ret = vmx_vm_init(&vm->vmx, args->flags);
	if (ret)
		goto err_destroy_root;
	ret = ward_memory_init(vm);
	if (ret)
		goto err_destroy_vmx;

	ward_debugfs_add(vm);
	ward_registry_publish(vm);
	/* From here on the VM goes the way of every VM: by its last reference. */
	return ward_vm_new_fd(vm);

err_destroy_vmx:
	vmx_vm_destroy(&vm->vmx);
err_destroy_root:
	ept_root_destroy(vm->roots[0]);
err_put_vmx:
	vmx_root_put();
err_unregister:
	ward_registry_del(vm);
err_free:
	put_pid(vm->creator);
	kfree(vm);
	return ret;
}

static void kick_all(struct ward_vm *vm)
{
	guard(rcu)();
	for (int id = 0; id < WARD_MAX_VCPUS; id++) {
		struct ward_vcpu *vcpu = rcu_dereference(vm->vcpus[id]);

		if (vcpu)
			vmx_vcpu_kick(vcpu->vmx);
	}
}

static bool is_quiet(struct ward_vm *vm)
{
	guard(rcu)();
	for (int id = 0; id < WARD_MAX_VCPUS; id++) {
		struct ward_vcpu *vcpu = rcu_dereference(vm->vcpus[id]);

		if (vcpu && atomic_read_acquire(&vcpu->owner) == WARD_VCPU_RUNNING)
			return false;
	}
	return true;
}

void ward_vm_kill(struct ward_vm *vm)
{
	WRITE_ONCE(vm->dead, true);
	kick_all(vm);
	wake_up_all(&vm->resumed);
}

void ward_vm_fill_info(struct ward_vm *vm, struct ward_vm_info *info)
{
	*info = (struct ward_vm_info){
		.id = vm->id,
		.uptime_ns = ktime_get_boottime_ns() - vm->created_ns,
		.uid = from_kuid_munged(current_user_ns(), vm->uid),
		.pid = pid_vnr(vm->creator),
		.vcpus = READ_ONCE(vm->nr_vcpus),
		.pauses = atomic_read(&vm->pauses),
	};
	strscpy(info->name, vm->name, sizeof(info->name));
	ward_memory_fill_info(vm, info);
}

long ward_call_get_info(struct ward_call *call)
{
	ward_vm_fill_info(call->vm, &call->arg.get_info.info);
	return 0;
}

long ward_call_msi(struct ward_call *call)
{
	const struct ward_msi *msi = &call->arg.msi;

	if (msi->reserved)
		return -EINVAL;
	return vmx_vm_msi(&call->vm->vmx, msi->address, msi->data);
}

static int resume(struct ward_vm *vm)
{
	int left = atomic_dec_if_positive(&vm->pauses);

	if (left < 0)
		return -EINVAL;
	if (!left) {
		wake_up_all(&vm->resumed);
		/* Who still waits for quiet has been overtaken. */
		wake_up_all(&vm->quiet);
	}
	return 0;
}

/*
 * A runner becomes RUNNING and then looks at @pauses; here @pauses goes up and
 * then the owners are looked at. Both atomics are full barriers, so at least
 * one side sees the other: a runner that was not seen parks, a runner that did
 * not see the pause is kicked and waited for.
 */
long ward_call_pause(struct ward_call *call)
{
	struct ward_vm *vm = call->vm;

	if (!atomic_add_unless(&vm->pauses, 1, WARD_MAX_PAUSES))
		return -EOVERFLOW;
	kick_all(vm);
	if (wait_event_interruptible(vm->quiet, is_quiet(vm) || !atomic_read(&vm->pauses))) {
		resume(vm);
		return -EINTR;
	}
	return 0;
}

long ward_call_resume(struct ward_call *call)
{
	return resume(call->vm);
}

long ward_call_get_clock(struct ward_call *call)
{
	if (call->arg.clock.reserved)
		return -EINVAL;
	vmx_vm_get_clock(&call->vm->vmx, &call->arg.clock);
	return 0;
}

long ward_call_set_clock(struct ward_call *call)
{
	const struct ward_clock *clock = &call->arg.clock;

	if (clock->reserved || clock->tsc_khz)
		return -EINVAL;
	vmx_vm_set_clock(&call->vm->vmx, clock);
	return 0;
}

long ward_call_get_cpuid(struct ward_call *call)
{
	struct ward_cpuid *cpuid = &call->arg.cpuid;

	if (cpuid->reserved)
		return -EINVAL;
	cpuid->count = vmx_vm_get_cpuid(&call->vm->vmx, call->array, call->entries);
	call->entries = min(call->entries, cpuid->count);
	return 0;
}

long ward_call_set_cpuid(struct ward_call *call)
{
	if (call->arg.cpuid.reserved)
		return -EINVAL;
	if (call->vm->nr_vcpus)
		return -EBUSY;
	return vmx_vm_set_cpuid(&call->vm->vmx, call->array, call->entries);
}
