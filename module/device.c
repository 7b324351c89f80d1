// SPDX-License-Identifier: GPL-2.0-only
/*
 * device.c - /dev/ward and the calls on it: probe, create, open, list.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uidgid.h>
#include "module/device.h"
#include "module/fault.h"
#include "module/ioctl.h"
#include "module/registry.h"
#include "module/vm.h"

static long device_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return ward_device_ioctl(cmd, arg);
}

static const struct file_operations device_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = device_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "ward",
	.mode = 0660,
	.fops = &device_fops,
};

int ward_device_register(void)
{
	return misc_register(&device);
}

void ward_device_unregister(void)
{
	misc_deregister(&device);
}

long ward_call_probe(struct ward_call *call)
{
	struct ward_probe *probe = &call->arg.probe;

	if (probe->reserved)
		return -EINVAL;
	*probe = (struct ward_probe){
		.size = sizeof(*probe),
		.capabilities = WARD_CAP_LAPIC | WARD_CAP_HYPERCALLS | WARD_CAP_MAP_FD |
				WARD_CAP_OPEN_BY_NAME | WARD_CAP_DUMP,
		.max_vcpus = WARD_MAX_VCPUS,
		.run_page_bytes = WARD_RUN_PAGE_BYTES,
	};
	if (ward_fault_huge())
		probe->capabilities |= WARD_CAP_HUGE_2M;
	vmx_probe(probe);
	return 0;
}

long ward_call_create_vm(struct ward_call *call)
{
	return ward_vm_create(&call->arg.create_vm);
}

long ward_call_open_vm(struct ward_call *call)
{
	const struct ward_open_vm *args = &call->arg.open_vm;
	kuid_t owner = current_euid();
	struct ward_vm *vm;

	if (args->reserved)
		return -EINVAL;
	if (args->uid != (u32)-1) {
		owner = make_kuid(current_user_ns(), args->uid);
		if (!uid_valid(owner))
			return -EINVAL;
	}
	/* First: others do not learn which names are taken. */
	if (!uid_eq(owner, current_euid()) && !capable(CAP_SYS_PTRACE))
		return -EACCES;
	vm = ward_registry_open(owner, args->name);
	return vm ? ward_vm_new_fd(vm) : -ENOENT;
}

long ward_call_list(struct ward_call *call)
{
	u32 count = ward_registry_list(capable(CAP_SYS_ADMIN), current_euid(), call->array,
				       call->entries);

	call->arg.list.count = count;
	call->entries = min(call->entries, count);
	return 0;
}
