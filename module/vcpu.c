// SPDX-License-Identifier: GPL-2.0-only
/*
 * vcpu.c - life of a vCPU, its descriptor and run page, and its owner.
 *
 * Running it is run.c's, its registers are regs.c's.
 *
 * Invariant: a vCPU that anyone can find (vm->vcpus, vm->vmx.vcpus) is whole.
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include "ept/root.h"
#include "module/ioctl.h"
#include "module/registry.h"
#include "module/stats.h"
#include "module/vcpu.h"
#include "module/vm.h"

int ward_vcpu_acquire(struct ward_vcpu *vcpu, enum ward_vcpu_owner as)
{
	struct ward_vm *vm = vcpu->vm;

	for (;;) {
		/* Full barrier, see ward_call_pause(). */
		int owner = atomic_cmpxchg(&vcpu->owner, WARD_VCPU_FREE, as);

		if (owner == WARD_VCPU_FREE)
			break;
		if (owner == WARD_VCPU_INSPECTED) {
			/* Inspections touch no user memory, so this is short. */
			if (wait_event_killable(vcpu->released, atomic_read(&vcpu->owner) !=
						WARD_VCPU_INSPECTED))
				return -EINTR;
			continue;
		}
		/*
		 * The runner of a paused VM may be about to see the pause, or to
		 * complete an exit; it lets go by itself. So who paused the VM
		 * always gets the state.
		 */
		if (!atomic_read(&vm->pauses))
			return -EBUSY;
		if (wait_event_killable(vm->quiet, !atomic_read(&vm->pauses) ||
					atomic_read(&vcpu->owner) != WARD_VCPU_RUNNING))
			return -EINTR;
	}
	if (as == WARD_VCPU_INSPECTED)
		vcpu->inspections++;
	return 0;
}

void ward_vcpu_release(struct ward_vcpu *vcpu)
{
	struct ward_vm *vm = vcpu->vm;

	atomic_set_release(&vcpu->owner, WARD_VCPU_FREE);
	/* wq_has_sleeper() has the barrier between this store and its look. */
	if (wq_has_sleeper(&vcpu->released))
		wake_up_all(&vcpu->released);
	if (wq_has_sleeper(&vm->quiet))
		wake_up_all(&vm->quiet);
}

/*
 * Nobody is left: no call is on its way on a descriptor that is released, so
 * there is no runner and no inspector. Others find the vCPU under RCU only
 * (messages, pauses) or under vm->lock (statistics). The run page has its own
 * references; every mapping of it also held the descriptor.
 *
 * The id is free again when vm->lock is dropped, after the destruction.
 */
static int vcpu_release(struct inode *inode, struct file *file)
{
	struct ward_vcpu *vcpu = file->private_data;
	struct ward_vm *vm = vcpu->vm;

	mutex_lock(&vm->lock);
	RCU_INIT_POINTER(vm->vcpus[vcpu->id], NULL);
	RCU_INIT_POINTER(vm->vmx.vcpus[vcpu->id], NULL);
	/* Closing a VM of 64 vCPUs would wait for 64 ordinary grace periods. */
	synchronize_rcu_expedited();
	ward_stats_depart(vcpu);
	vmx_vcpu_destroy(vcpu->vmx);
	WRITE_ONCE(vm->nr_vcpus, vm->nr_vcpus - 1);
	mutex_unlock(&vm->lock);

	ept_cache_drain(&vcpu->cache, &ept_page_ops);
	put_page(vcpu->run_page);
	kfree(vcpu);
	ward_registry_uncharge_vcpu(vm);
	ward_vm_put(vm);
	return 0;
}

static long vcpu_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return ward_vcpu_ioctl(file->private_data, cmd, arg);
}

static vm_fault_t run_page_fault(struct vm_fault *vmf)
{
	struct ward_vcpu *vcpu = vmf->vma->vm_file->private_data;

	/* mremap() can make the mapping longer than it began. */
	if (vmf->pgoff)
		return VM_FAULT_SIGBUS;
	get_page(vcpu->run_page);
	vmf->page = vcpu->run_page;
	return 0;
}

static const struct vm_operations_struct run_page_ops = {
	.fault = run_page_fault,
};

static int vcpu_mmap(struct file *file, struct vm_area_struct *vma)
{
	/* A private mapping would silently stop to be the run page when written. */
	if (!(vma->vm_flags & VM_SHARED) || vma->vm_pgoff || vma_pages(vma) != 1)
		return -EINVAL;
	vma->vm_ops = &run_page_ops;
	return 0;
}

static const struct file_operations vcpu_fops = {
	.owner = THIS_MODULE,
	.release = vcpu_release,
	.unlocked_ioctl = vcpu_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = vcpu_mmap,
	.llseek = noop_llseek,
};

long ward_call_create_vcpu(struct ward_call *call)
{
	const struct ward_create_vcpu *args = &call->arg.create_vcpu;
	struct ward_vm *vm = call->vm;
	struct ward_vcpu *vcpu;
	struct file *file;
	int fd, ret;

	BUILD_BUG_ON(sizeof(struct ward_run) > WARD_RUN_PAGE_BYTES);
	BUILD_BUG_ON(WARD_RUN_PAGE_BYTES != PAGE_SIZE);

	if (args->reserved || args->id >= WARD_MAX_VCPUS)
		return -EINVAL;
	if (rcu_access_pointer(vm->vcpus[args->id]))
		return -EEXIST;

	ret = ward_registry_charge_vcpu(vm);
	if (ret)
		return ret;
	ret = -ENOMEM;
	vcpu = kzalloc(sizeof(*vcpu), GFP_KERNEL_ACCOUNT);
	if (!vcpu)
		goto err_uncharge;
	vcpu->vm = vm;
	vcpu->id = args->id;
	init_waitqueue_head(&vcpu->released);
	vcpu->run_page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!vcpu->run_page)
		goto err_free;
	vcpu->run = page_address(vcpu->run_page);
	vcpu->vmx = vmx_vcpu_create(&vm->vmx, vcpu->id, vcpu->run, vm->roots[0]);
	if (IS_ERR(vcpu->vmx)) {
		ret = PTR_ERR(vcpu->vmx);
		goto err_free_page;
	}

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0) {
		ret = fd;
		goto err_destroy;
	}
	file = anon_inode_getfile("[ward-vcpu]", &vcpu_fops, vcpu, O_RDWR);
	if (IS_ERR(file)) {
		ret = PTR_ERR(file);
		goto err_put_fd;
	}

	kref_get(&vm->ref);
	WRITE_ONCE(vm->nr_vcpus, vm->nr_vcpus + 1);
	rcu_assign_pointer(vm->vmx.vcpus[vcpu->id], vcpu->vmx);
	rcu_assign_pointer(vm->vcpus[vcpu->id], vcpu);
	fd_install(fd, file);
	return fd;

err_put_fd:
	put_unused_fd(fd);
err_destroy:
	vmx_vcpu_destroy(vcpu->vmx);
err_free_page:
	put_page(vcpu->run_page);
err_free:
	kfree(vcpu);
err_uncharge:
	ward_registry_uncharge_vcpu(vm);
	return ret;
}
