// SPDX-License-Identifier: GPL-2.0-only
/*
 * exit_ept.c - accesses that the EPT does not allow, and what becomes of them.
 *
 * The page itself comes from above (module/memory.c): the inner loop only
 * says which. Where there is no memory the access belongs to a device: to
 * the local APIC here, or to user space.
 */
#include "vmx/exit.h"

#define QUAL_READ		(1u << 0)
#define QUAL_WRITE		(1u << 1)
#define QUAL_FETCH		(1u << 2)
#define QUAL_PRESENT		(7u << 3)
#define QUAL_GVA_VALID		(1u << 7)
#define QUAL_GVA_TRANSLATED	(1u << 8)
#define QUAL_NMI_UNBLOCKED	(1u << 12)

int vmx_exit_ept_violation(struct vmx_vcpu *v)
{
	u64 qual = vmcs_read_natural(EXIT_QUALIFICATION);

	/* As with an exception: the IRET comes again, with NMIs blocked. */
	if ((qual & QUAL_NMI_UNBLOCKED) && !v->events.redeliver)
		vmx_set_blocking(v, vmx_blocking(v) | VMX_BLOCK_NMI);

	v->fault.gpa = vmcs_read64(GUEST_PHYSICAL_ADDRESS);
	v->fault.present = qual & QUAL_PRESENT;
	v->fault.access = 0;
	if (qual & QUAL_READ)
		v->fault.access |= WARD_PROT_READ;
	if (qual & QUAL_WRITE)
		v->fault.access |= WARD_PROT_WRITE;
	if (qual & QUAL_FETCH)
		v->fault.access |= WARD_PROT_EXEC;
	/* Of the access itself, not of a page-table entry on the way to it. */
	v->context.gva_valid = (qual & QUAL_GVA_VALID) && (qual & QUAL_GVA_TRANSLATED);
	v->context.gva = v->context.gva_valid ? vmcs_read_natural(GUEST_LINEAR_ADDRESS) : 0;
	return VMX_RUN_FAULT;
}

const struct vmx_fault *vmx_vcpu_fault(const struct vmx_vcpu *v)
{
	return &v->fault;
}

void vmx_vcpu_fault_failed(struct vmx_vcpu *v, int error)
{
	struct ward_exit_memory record = {
		.gpa = v->fault.gpa,
		.access = v->fault.access,
		.error = error,
	};

	vmx_record(v, WARD_EXIT_MEMORY);
	v->run->memory = record;
	vmx_record_publish(v);
}

/* ---- devices ---- */

void vmx_complete_read(struct vmx_vcpu *v, const struct vmx_decoded *d, u64 data)
{
	u64 gprs[16];
	int i;

	for (i = 0; i < 16; i++)
		gprs[i] = v->regs.gpr[i];
	vmx_decode_store(d, gprs, data);
	if (gprs[WARD_RSP] != v->regs.gpr[WARD_RSP])
		vmx_set_cached(v, VMX_CACHE_RSP);
	for (i = 0; i < 16; i++)
		v->regs.gpr[i] = gprs[i];
}

static int apic_access(struct vmx_vcpu *v, const struct vmx_decoded *d)
{
	u32 offset = v->fault.gpa & 0xfff;
	u8 vector;
	int rc = 0;

	vmx_stat(v, WARD_STAT_APIC_ACCESSES);
	/* Anything but an aligned 32-bit access is undefined: it does nothing. */
	if (d->write) {
		if (d->bytes == 4 && !(offset & 3))
			rc = vmx_lapic_write(&v->lapic, offset, d->value, &vector);
	} else {
		vmx_complete_read(v, d,
				  vmx_lapic_read(&v->lapic, offset & ~3u) >> (offset & 3) * 8);
	}
	vmx_skip_bytes(v, d->length, v->context.code_bits == 64);
	if (rc != VMX_LAPIC_EOI_EXIT)
		return VMX_RUN_AGAIN;
	vmx_record_eoi(v, vector);
	vmx_record_publish(v);
	return VMX_RUN_USER;
}

/*
 * Does the instruction's operand lie where the access was, and all of it in
 * that page? If not, something else of it touched the device: a page-table walk,
 * a stack push, the other half of an operand that crosses a page; or its second
 * half belongs to somebody else.
 */
static bool operand_is_access(const struct vmx_vcpu *v, const struct vmx_decoded *d)
{
	const struct vmx_context *c = &v->context;
	u64 gva = d->ea;

	if (!c->gva_valid)
		return false;
	if (c->code_bits != 64)
		gva = (u32)(gva + c->seg_base[d->segment]);
	else if (d->segment == WARD_FS || d->segment == WARD_GS)
		gva += c->seg_base[d->segment];
	return gva == c->gva && (gva & 0xfff) + d->bytes <= 0x1000;
}

int vmx_vcpu_fault_mmio(struct vmx_vcpu *v)
{
	struct ward_exit_mmio *mmio = &v->run->mmio;
	const struct vmx_fault fault = v->fault;
	struct vmx_decoded d;
	u64 gprs[16];
	u8 insn[15];
	int count, i;

	count = vmx_guest_fetch(v, insn);
	if (count < 0) {
		/*
		 * A page on the way to the instruction has left the EPT since: the
		 * guest runs into that itself when it tries again. Unless it just
		 * did: there are no bytes, then.
		 */
		if ((v->fault.gpa ^ fault.gpa) >> 12)
			return VMX_RUN_AGAIN;
		count = 0;
	}
	v->fault = fault;

	for (i = 0; i < 16; i++)
		gprs[i] = v->regs.gpr[i];
	/* An access while an event is delivered is no instruction of the guest. */
	if (v->events.redeliver || v->fault.access & WARD_PROT_EXEC ||
	    vmx_decode(insn, count, v->context.code_bits, gprs, v->rip, &d) ||
	    !operand_is_access(v, &d) ||
	    d.write != !!(v->fault.access & WARD_PROT_WRITE)) {
		d.bytes = 0;
		d.write = v->fault.access & WARD_PROT_WRITE;
		d.value = 0;
	} else if ((v->vm->flags & WARD_VM_LAPIC) &&
		   vmx_lapic_mmio(&v->lapic, v->fault.gpa)) {
		return apic_access(v, &d);
	}

	vmx_record(v, WARD_EXIT_MMIO);
	*mmio = (struct ward_exit_mmio){
		.gpa = v->fault.gpa,
		.gva = v->context.gva,
		.gva_valid = v->context.gva_valid,
		.data = d.write ? d.value : 0,
		.bytes = d.bytes,
		.write = d.write,
	};
	v->run->insn_bytes = count;
	memset(v->run->insn, 0, sizeof(v->run->insn));
	memcpy(v->run->insn, insn, count);
	if (d.bytes && d.write) {
		vmx_skip_bytes(v, d.length, v->context.code_bits == 64);
	} else if (d.bytes) {
		v->mmio = d;
		v->completion = VMX_COMPLETE_MMIO_READ;
	}
	vmx_record_publish(v);
	return VMX_RUN_USER;
}
