// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioctl.c - the dispatcher for all ioctls, see ioctl.h.
 *
 * Responsible for everything that is the same in every call. What a call
 * means is its handler's. No lock is held while user memory is touched, so a
 * caller whose memory never comes (userfaultfd) holds up nobody else. The price:
 * who makes the structure unwritable while the call is on its way gets -EFAULT
 * for a call that was carried out. Where it was unwritable before, nothing is.
 */
#include <linux/build_bug.h>
#include <linux/ioctl.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include "module/ioctl.h"
#include "module/vcpu.h"
#include "module/vm.h"

enum lock { LOCK_NONE, LOCK_VM, LOCK_MAP, LOCK_VCPU };
enum option { ALIVE = 1, OUT_ON_ERROR = 2 };
enum direction { IN = 1, OUT = 2, INOUT = IN | OUT };

struct array {
	u8 direction;
	u8 address;		/* offsets in the structure */
	u8 count;
	u16 element;		/* bytes */
	u32 limit;
};

struct row {
	unsigned int cmd;
	u8 lock;
	u8 options;
	u32 flags;
	struct array array;
	long (*handler)(struct ward_call *call);
};

/* Every structure begins like this. */
struct header {
	u32 size;
	u32 flags;
};

#define NO_ARRAY { }
#define ARRAY(dir, argument, address_field, count_field, type, max) {				\
	.direction = dir,									\
	.address = offsetof(union ward_ioctl_args, argument.address_field),			\
	.count = offsetof(union ward_ioctl_args, argument.count_field),				\
	.element = sizeof(type),								\
	.limit = max,										\
}

#define ROW(name, argument, lock_, flags_, options_, array_, handler_)				\
	[_IOC_NR(WARD_##name) & 0xf] = {							\
		.cmd = WARD_##name +								\
		       BUILD_BUG_ON_ZERO(_IOC_SIZE(WARD_##name) !=				\
					 sizeof(((union ward_ioctl_args *)0)->argument)),	\
		.lock = LOCK_##lock_,								\
		.options = options_,								\
		.flags = flags_,								\
		.array = array_,								\
		.handler = handler_,								\
	},

static const struct row device_rows[16] = { WARD_DEVICE_CALLS(ROW) };
static const struct row vm_rows[16] = { WARD_VM_CALLS(ROW) };
static const struct row vcpu_rows[16] = { WARD_VCPU_CALLS(ROW) };

static const struct row *find(const struct row *rows, unsigned int cmd)
{
	const struct row *row = &rows[array_index_nospec(_IOC_NR(cmd) & 0xf, 16)];

	/* All but the size: a structure of another size is -EINVAL, not -ENOTTY. */
	return row->handler && !((row->cmd ^ cmd) & ~IOCSIZE_MASK) ? row : NULL;
}

static int take_lock(const struct row *row, struct ward_call *call)
{
	switch (row->lock) {
	case LOCK_VM:
		return mutex_lock_interruptible(&call->vm->lock);
	case LOCK_MAP:
		return mutex_lock_interruptible(&call->vm->memory.lock);
	case LOCK_VCPU:
		return ward_vcpu_acquire(call->vcpu, WARD_VCPU_INSPECTED);
	}
	return 0;
}

static void drop_lock(const struct row *row, struct ward_call *call)
{
	switch (row->lock) {
	case LOCK_VM:
		mutex_unlock(&call->vm->lock);
		break;
	case LOCK_MAP:
		mutex_unlock(&call->vm->memory.lock);
		break;
	case LOCK_VCPU:
		ward_vcpu_release(call->vcpu);
		break;
	}
}

static long call_handler(const struct row *row, struct ward_call *call)
{
	long ret = take_lock(row, call);

	if (ret)
		return ret;
	if (row->options & ALIVE && ward_vm_is_dead(call->vm))
		ret = -EIO;
	else
		ret = row->handler(call);
	drop_lock(row, call);
	return ret;
}

static void __user *array_address(const struct row *row, struct ward_call *call)
{
	return u64_to_user_ptr(*(u64 *)((void *)&call->arg + row->array.address));
}

static int array_in(const struct row *row, struct ward_call *call)
{
	u32 count = *(u32 *)((void *)&call->arg + row->array.count);
	void *array;

	if (row->array.direction & IN) {
		if (count > row->array.limit)
			return -EINVAL;
	} else {
		count = min(count, row->array.limit);
	}
	call->entries = count;
	if (!count)
		return 0;

	if (row->array.direction & IN)
		array = vmemdup_user(array_address(row, call), (size_t)count * row->array.element);
	else
		array = kvcalloc(count, row->array.element, GFP_KERNEL_ACCOUNT) ?: ERR_PTR(-ENOMEM);
	if (IS_ERR(array))
		return PTR_ERR(array);
	call->array = array;
	return 0;
}

static long with_argument(const struct row *row, struct ward_call *call, void __user *arg)
{
	size_t size = _IOC_SIZE(row->cmd);
	const struct header *header = (const void *)&call->arg;
	long ret;

	if (copy_from_user(&call->arg, arg, size))
		return -EFAULT;
	if (header->size != size || header->flags & ~row->flags)
		return -EINVAL;

	/* As it is: only to see that the answer will have a place. */
	if (row->options & OUT_ON_ERROR && copy_to_user(arg, &call->arg, size))
		return -EFAULT;

	if (row->array.direction) {
		ret = array_in(row, call);
		if (ret)
			return ret;
	}
	ret = call_handler(row, call);

	if (ret >= 0 && row->array.direction & OUT && call->entries &&
	    copy_to_user(array_address(row, call), call->array,
			 (size_t)call->entries * row->array.element))
		ret = -EFAULT;
	if (_IOC_DIR(row->cmd) & _IOC_READ && (ret >= 0 || row->options & OUT_ON_ERROR) &&
	    copy_to_user(arg, &call->arg, size))
		ret = -EFAULT;
	kvfree(call->array);
	return ret;
}

static long dispatch(const struct row *rows, struct ward_vm *vm, struct ward_vcpu *vcpu,
		     unsigned int cmd, unsigned long arg)
{
	const struct row *row = find(rows, cmd);
	struct ward_call call;

	if (!row)
		return -ENOTTY;
	if (cmd != row->cmd)
		return -EINVAL;
	/* Not all of it: WARD_RUN comes this way at every exit. */
	call.vm = vm;
	call.vcpu = vcpu;
	call.array = NULL;
	call.entries = 0;
	if (_IOC_SIZE(cmd))
		return with_argument(row, &call, (void __user *)arg);
	return call_handler(row, &call);
}

long ward_device_ioctl(unsigned int cmd, unsigned long arg)
{
	return dispatch(device_rows, NULL, NULL, cmd, arg);
}

long ward_vm_ioctl(struct ward_vm *vm, unsigned int cmd, unsigned long arg)
{
	return dispatch(vm_rows, vm, NULL, cmd, arg);
}

long ward_vcpu_ioctl(struct ward_vcpu *vcpu, unsigned int cmd, unsigned long arg)
{
	return dispatch(vcpu_rows, vcpu->vm, vcpu, cmd, arg);
}
