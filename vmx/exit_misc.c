// SPDX-License-Identifier: GPL-2.0-only
/*
 * exit_misc.c - CPUID, HLT, hypercalls, and instructions that do nothing or
 * fault in a guest.
 */
#include "vmx/exit.h"

int vmx_exit_cpuid(struct vmx_vcpu *v)
{
	struct vmx_cpuid_dynamic dyn = {
		.apic_id = v->id,
		.apic_enabled = !(v->vm->flags & WARD_VM_LAPIC) ? false :
				vmx_lapic_enabled(&v->lapic),
		.xcr0 = v->xcr0,
		/* OSXSAVE is a bit that the guest does not own: the shadow has it. */
		.cr4 = v->cr4_shadow,
	};
	u32 out[4];

	vmx_cpuid_lookup(v->vm->cpuid, &dyn, v->regs.gpr[WARD_RAX], v->regs.gpr[WARD_RCX], out);
	v->regs.gpr[WARD_RAX] = out[0];
	v->regs.gpr[WARD_RBX] = out[1];
	v->regs.gpr[WARD_RCX] = out[2];
	v->regs.gpr[WARD_RDX] = out[3];
	vmx_skip(v);
	return VMX_RESUME;
}

int vmx_exit_hlt(struct vmx_vcpu *v)
{
	vmx_skip(v);
	if (v->vm->flags & WARD_VM_LAPIC) {
		/*
		 * The next look at events wakes it or leaves the loop. A debug
		 * trap that is due ends the halt before it begins.
		 */
		if (!vmx_debug_trap_due(v))
			v->activity = WARD_ACTIVITY_HALTED;
		return VMX_RESUME;
	}
	vmx_record(v, WARD_EXIT_HALT);
	return VMX_RUN_USER;
}

int vmx_exit_vmcall(struct vmx_vcpu *v)
{
	if (!(v->vm->flags & WARD_VM_HYPERCALLS)) {
		vmx_queue_ud(v);
		return VMX_RESUME;
	}
	vmx_record(v, WARD_EXIT_HYPERCALL);
	vmx_skip(v);
	return VMX_RUN_USER;
}

/* INVD would lose the host's data, WBINVD only its time: the caches stay. */
int vmx_exit_nop(struct vmx_vcpu *v)
{
	vmx_skip(v);
	return VMX_RESUME;
}

int vmx_exit_ud(struct vmx_vcpu *v)
{
	vmx_queue_ud(v);
	return VMX_RESUME;
}

int vmx_exit_gp(struct vmx_vcpu *v)
{
	vmx_queue_gp(v);
	return VMX_RESUME;
}

int vmx_exit_unhandled(struct vmx_vcpu *v)
{
	vmx_record(v, WARD_EXIT_UNHANDLED);
	return VMX_RUN_USER;
}
