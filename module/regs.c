// SPDX-License-Identifier: GPL-2.0-only
/*
 * regs.c - reading and writing a vCPU that does not run.
 *
 * Every call here has the lock VCPU in ioctl_uapi/table.h: the state is owned
 * while it runs.
 */
#include "module/ioctl.h"
#include "module/vcpu.h"
#include "vmx/vmx.h"

long ward_call_get_regs(struct ward_call *call)
{
	struct ward_regs *args = &call->arg.regs;
	struct ward_reg *regs = call->array;

	args->failed = 0;
	if (!args->count)
		return -EINVAL;
	for (u32 i = 0; i < args->count; i++) {
		int ret = vmx_vcpu_get_reg(call->vcpu->vmx, regs[i].id, &regs[i].value);

		if (ret) {
			args->failed = i;
			return ret;
		}
	}
	return 0;
}

long ward_call_set_regs(struct ward_call *call)
{
	struct ward_regs *args = &call->arg.regs;
	const struct ward_reg *regs = call->array;

	args->failed = 0;
	if (!args->count)
		return -EINVAL;
	for (u32 i = 0; i < args->count; i++) {
		int ret = vmx_vcpu_check_reg(call->vcpu->vmx, regs[i].id, regs[i].value);

		if (ret) {
			args->failed = i;
			return ret;
		}
	}
	for (u32 i = 0; i < args->count; i++)
		vmx_vcpu_set_reg(call->vcpu->vmx, regs[i].id, regs[i].value);
	return 0;
}

long ward_call_get_xsave(struct ward_call *call)
{
	struct ward_xsave *args = &call->arg.xsave;
	u32 bytes = vmx_xsave_bytes();

	if (args->reserved)
		return -EINVAL;
	args->bytes = bytes;
	if (call->entries < bytes)
		return -ENOSPC;
	vmx_vcpu_get_xsave(call->vcpu->vmx, call->array);
	call->entries = bytes;
	return 0;
}

long ward_call_set_xsave(struct ward_call *call)
{
	if (call->arg.xsave.reserved || call->entries != vmx_xsave_bytes())
		return -EINVAL;
	return vmx_vcpu_set_xsave(call->vcpu->vmx, call->array);
}

long ward_call_inject(struct ward_call *call)
{
	return vmx_vcpu_inject(call->vcpu->vmx, call->arg.inject.event);
}

long ward_call_dump(struct ward_call *call)
{
	struct ward_dump *args = &call->arg.dump;
	size_t length;

	if (args->reserved)
		return -EINVAL;
	length = vmx_vcpu_dump(call->vcpu->vmx, call->array, call->entries);
	args->bytes = length;
	call->entries = min_t(size_t, call->entries, length);
	return 0;
}
