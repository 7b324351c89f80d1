// SPDX-License-Identifier: GPL-2.0-only
/*
 * vm.c - what the vCPUs of a VM share: time, the CPUID table, and the wires
 * between their local APICs.
 */
#include <linux/rcupdate.h>
#include <linux/string.h>
#include <asm/msr.h>
#include <asm/tsc.h>
#include "vmx/vcpu.h"

int vmx_vm_init(struct vmx_vm *vm, u32 flags)
{
	vm->flags = flags;
	vm->tsc_offset = -(s64)(rdtsc() + vmx_tsc_lost);
	vm->cpuid = vmx_cpuid_create(flags);
	return vm->cpuid ? 0 : -ENOMEM;
}

void vmx_vm_destroy(struct vmx_vm *vm)
{
	vmx_cpuid_destroy(vm->cpuid);
	vm->cpuid = NULL;
}

/* ---- interrupt messages ---- */

int vmx_vm_route(struct vmx_vm *vm, const struct vmx_apic_message *msg,
		 struct vmx_lapic *source)
{
	struct vmx_vcpu *v, *lowest = NULL;
	int i, taken = 0;

	rcu_read_lock();
	for (i = 0; i < WARD_MAX_VCPUS; i++) {
		v = rcu_dereference(vm->vcpus[i]);
		if (!v || !vmx_lapic_matches(&v->lapic, msg, source))
			continue;
		taken++;
		if (msg->delivery_mode != VMX_APIC_LOWEST)
			vmx_lapic_deliver(&v->lapic, msg);
		else if (!lowest ||
			 vmx_lapic_priority(&v->lapic) < vmx_lapic_priority(&lowest->lapic))
			lowest = v;
	}
	if (lowest)
		vmx_lapic_deliver(&lowest->lapic, msg);
	rcu_read_unlock();
	return taken;
}

int vmx_vm_msi(struct vmx_vm *vm, u64 address, u32 data)
{
	struct vmx_apic_message msg;

	if (!(vm->flags & WARD_VM_LAPIC))
		return -ENXIO;
	if (vmx_lapic_parse_msi(address, data, &msg))
		return -EINVAL;
	return vmx_vm_route(vm, &msg, NULL) ? 0 : -ENODEV;
}

/* ---- time ---- */

void vmx_vm_get_clock(struct vmx_vm *vm, struct ward_clock *clock)
{
	clock->host_tsc = rdtsc();
	clock->guest_tsc = clock->host_tsc + vmx_vm_tsc_offset(vm);
	clock->tsc_khz = tsc_khz;
}

void vmx_vm_set_clock(struct vmx_vm *vm, const struct ward_clock *clock)
{
	u64 host = clock->host_tsc ? clock->host_tsc : rdtsc();
	struct vmx_vcpu *v;
	int i;

	WRITE_ONCE(vm->tsc_offset, (s64)(clock->guest_tsc - host - vmx_tsc_lost));
	/* Running vCPUs take the offset at their next entry: make it now. */
	rcu_read_lock();
	for (i = 0; i < WARD_MAX_VCPUS; i++) {
		v = rcu_dereference(vm->vcpus[i]);
		if (!v)
			continue;
		if (vm->flags & WARD_VM_LAPIC)
			vmx_lapic_tsc_changed(&v->lapic);
		vmx_vcpu_nudge(v);
	}
	rcu_read_unlock();
}

/* ---- CPUID ---- */

u32 vmx_vm_get_cpuid(struct vmx_vm *vm, struct ward_cpuid_entry *entries, u32 capacity)
{
	return vmx_cpuid_get(vm->cpuid, entries, capacity);
}

int vmx_vm_set_cpuid(struct vmx_vm *vm, const struct ward_cpuid_entry *entries, u32 count)
{
	return vmx_cpuid_set(vm->cpuid, entries, count);
}
