// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * emulate_vcpu.c - emulation on a real vCPU: emulate.h's view of a VM, made of
 * libward's other calls.
 */
#include "emulate.h"
#include "internal.h"

#define VECTOR_PF	14

static void *vcpu_ram(void *context, __u64 gpa, __u64 bytes, int write)
{
	const struct ward_vcpu *vcpu = context;

	return ward_guest_ram(vcpu->vm, gpa, bytes, write);
}

static int vcpu_segment(void *context, __u32 which,
			struct ward_segment *segment)
{
	return ward_get_segment(context, which, segment);
}

static int vcpu_raise(void *context, __u64 event, __u64 cr2)
{
	struct ward_vcpu *vcpu = context;
	int error = 0;

	if ((event & WARD_EVENT_VECTOR) == VECTOR_PF)
		error = ward_set_reg(vcpu, WARD_REG(WARD_REG_CLASS_CR, 2), cr2);
	return error ? error : ward_inject(vcpu, event);
}

int ward_emulate(struct ward_vcpu *vcpu, const struct ward_devices *devices,
		 void *context, char *why, size_t why_bytes)
{
	const struct emulator_ops ops = {
		.ram = vcpu_ram,
		.segment = vcpu_segment,
		.raise = vcpu_raise,
		.devices = devices,
		.device_context = context,
	};

	return ward_emulate_exit(vcpu->run, &ops, vcpu, why, why_bytes);
}
