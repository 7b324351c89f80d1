// SPDX-License-Identifier: GPL-2.0-only
/*
 * exit_cr.c - control and debug registers, XCR0: what a write means for the
 * VMCS, and the faults that bare metal would raise.
 *
 * Bits that the guest owns (cr0_owned, cr4_owned) change without an exit;
 * for the others the read shadow holds what the guest wrote. CR3 never exits.
 */
#include <asm/cpufeature.h>
#include <asm/fpu/xcr.h>
#include <asm/msr.h>
#include "vmx/exit.h"
#include "vmx/root.h"

#define CR0_RESERVED	(~(u64)(X86_CR0_PE | X86_CR0_MP | X86_CR0_EM | X86_CR0_TS | \
				X86_CR0_ET | X86_CR0_NE | X86_CR0_WP | X86_CR0_AM | \
				X86_CR0_NW | X86_CR0_CD | X86_CR0_PG))
#define TYPE_TSS32_BUSY	11
/* Paging bits: a change makes translations stale. */
#define CR4_PAGING	(X86_CR4_PSE | X86_CR4_PAE | X86_CR4_PGE | X86_CR4_PCIDE | \
			 X86_CR4_SMEP | X86_CR4_SMAP | X86_CR4_LA57)

/* ---- CR0, CR4, EFER without checks ---- */

static void entry_control_lma(struct vmx_vcpu *v, bool lma)
{
	u32 entry = v->controls.entry & ~VM_ENTRY_IA32E_MODE;

	if (lma)
		entry |= VM_ENTRY_IA32E_MODE;
	if (entry == v->controls.entry)
		return;
	v->controls.entry = entry;
	vmcs_write32(VM_ENTRY_CONTROLS, entry);
}

void vmx_set_efer(struct vmx_vcpu *v, u64 efer)
{
	v->efer = efer;
	vmcs_write64(GUEST_IA32_EFER, efer);
	entry_control_lma(v, efer & EFER_LMA);
}

void vmx_set_cr0(struct vmx_vcpu *v, u64 cr0)
{
	v->cr0_shadow = cr0;
	vmcs_write_natural(CR0_READ_SHADOW, cr0);
	/*
	 * Caching is the host's business: memory types come from the EPT, and a
	 * guest's CD would only slow this CPU down.
	 */
	cr0 &= ~(u64)(X86_CR0_CD | X86_CR0_NW);
	vmcs_write_natural(GUEST_CR0, vmcs_cr0_fixed(vmx_cap_msrs, cr0));
}

void vmx_set_cr4(struct vmx_vcpu *v, u64 cr4)
{
	v->cr4_shadow = cr4;
	vmcs_write_natural(CR4_READ_SHADOW, cr4);
	/* A machine check must reach the host, so MCE is always on. */
	vmcs_write_natural(GUEST_CR4, cr4 | X86_CR4_MCE | vmcs_cr4_must_be_1(vmx_cap_msrs));
}

/* ---- validity ---- */

bool vmx_cr4_valid(const struct vmx_vcpu *v, u64 cr4)
{
	return !(cr4 & ~vmx_cpuid_cr4_mask(v->vm->cpuid));
}

bool vmx_efer_valid(const struct vmx_vcpu *v, u64 efer)
{
	return !(efer & ~vmx_cpuid_efer_mask(v->vm->cpuid));
}

bool vmx_xcr0_valid(const struct vmx_vcpu *v, u64 xcr0)
{
	if (xcr0 & ~vmx_cpuid_xcr0_mask(v->vm->cpuid))
		return false;
	if (!(xcr0 & 1))
		return false;
	if ((xcr0 & 4) && !(xcr0 & 2))
		return false;
	/* AVX-512's three go together, and with AVX. */
	return !(xcr0 & 0xe0) || (xcr0 & 0xe6) == 0xe6;
}

/* ---- PAE ---- */

/*
 * With EPT the four entries live in the VMCS; the processor fills them on
 * MOV CR3, we where a write to CR0 or CR4 is what loads them, and where user
 * space set the registers.
 *
 * Reading guest memory takes the EPT's lock, which sleeps on a real-time
 * kernel: it is done with preemption on, between two loads of the vCPU.
 */
static int read_pdptes(struct vmx_vcpu *v, u64 cr3)
{
	return vmx_guest_read_gpa(v, cr3 & 0xffffffe0, v->pdptes, sizeof(v->pdptes));
}

static void write_pdptes(const struct vmx_vcpu *v)
{
	vmcs_write64(GUEST_PDPTR0, v->pdptes[0]);
	vmcs_write64(GUEST_PDPTR1, v->pdptes[1]);
	vmcs_write64(GUEST_PDPTR2, v->pdptes[2]);
	vmcs_write64(GUEST_PDPTR3, v->pdptes[3]);
}

/* Return: 0, -EINVAL reserved bits (#GP), -EAGAIN they have to be read first. */
static int load_pdptes(struct vmx_vcpu *v)
{
	u64 reserved = ~((1ull << vmx_cpuid_phys_bits(v->vm->cpuid)) - 1) | 0x1e6;
	int i;

	if (!v->pdptes_read)
		return -EAGAIN;
	for (i = 0; i < 4; i++)
		if ((v->pdptes[i] & 1) && (v->pdptes[i] & reserved))
			return -EINVAL;
	write_pdptes(v);
	return 0;
}

int vmx_exit_cr_with_pdptes(struct vmx_vcpu *v)
{
	int result;

	if (read_pdptes(v, v->context.cr3))
		return VMX_RUN_FAULT;
	/* Nothing has changed yet: the guest can execute the instruction again. */
	if (vmx_vcpu_load(v))
		return VMX_RUN_AGAIN;
	v->pdptes_read = true;
	result = vmx_exit_cr(v);
	v->pdptes_read = false;
	vmx_vcpu_put(v);
	return result == VMX_RESUME ? VMX_RUN_AGAIN : result;
}

int vmx_refresh_pdptes(struct vmx_vcpu *v)
{
	bool pae;
	u64 cr3;

	if (vmx_vcpu_load(v))
		return -EAGAIN;
	pae = (vmx_cr0(v) & X86_CR0_PG) && (vmx_cr4(v) & X86_CR4_PAE) && !vmx_long_mode(v);
	cr3 = vmcs_read_natural(GUEST_CR3);
	vmx_vcpu_put(v);
	if (pae) {
		if (read_pdptes(v, cr3))
			return -EFAULT;
		if (vmx_vcpu_load(v))
			return -EAGAIN;
		/* Reserved bits make the entry fail, with the reason. */
		write_pdptes(v);
		vmx_vcpu_put(v);
	}
	v->pdptes_stale = false;
	return 0;
}

/* ---- MOV to CR0 and CR4 ---- */

static int guest_writes_cr0(struct vmx_vcpu *v, u64 cr0)
{
	u64 old = vmx_cr0(v);
	u64 efer = v->efer;
	u64 cr4 = vmx_cr4(v);

	cr0 |= X86_CR0_ET;
	if ((cr0 & CR0_RESERVED & 0xffffffff00000000ull) ||
	    ((cr0 & X86_CR0_PG) && !(cr0 & X86_CR0_PE)) ||
	    ((cr0 & X86_CR0_NW) && !(cr0 & X86_CR0_CD)))
		return -EINVAL;
	cr0 &= ~CR0_RESERVED;

	if (!(old & X86_CR0_PG) && (cr0 & X86_CR0_PG)) {
		if (efer & EFER_LME) {
			if (!(cr4 & X86_CR4_PAE) ||
			    (vmcs_read32(GUEST_CS_AR_BYTES) & (1u << 13)) ||
			    (vmcs_read32(GUEST_TR_AR_BYTES) & 0xf) != TYPE_TSS32_BUSY)
				return -EINVAL;
			efer |= EFER_LMA;
		}
	} else if ((old & X86_CR0_PG) && !(cr0 & X86_CR0_PG)) {
		/* From 64-bit code, or with PCIDs on, paging cannot go away. */
		if (vmx_long_cs(v) || (cr4 & X86_CR4_PCIDE))
			return -EINVAL;
		efer &= ~(u64)EFER_LMA;
	}
	if ((cr0 & X86_CR0_PG) && (cr4 & X86_CR4_PAE) && !(efer & EFER_LMA) &&
	    ((old ^ cr0) & (X86_CR0_PG | X86_CR0_CD | X86_CR0_NW))) {
		int err = load_pdptes(v);

		if (err)
			return err;
	}
	if (efer != v->efer)
		vmx_set_efer(v, efer);
	vmx_set_cr0(v, cr0);
	if ((old ^ cr0) & X86_CR0_PG)
		vmx_flush_guest_tlb(v);
	return 0;
}

static int guest_writes_cr4(struct vmx_vcpu *v, u64 cr4)
{
	u64 old = vmx_cr4(v);
	u64 cr0 = vmx_cr0(v);

	if (!vmx_cr4_valid(v, cr4))
		return -EINVAL;
	if (v->efer & EFER_LMA) {
		if (!(cr4 & X86_CR4_PAE) || ((old ^ cr4) & X86_CR4_LA57))
			return -EINVAL;
		if ((cr4 & X86_CR4_PCIDE) && !(old & X86_CR4_PCIDE) &&
		    (vmcs_read_natural(GUEST_CR3) & 0xfff))
			return -EINVAL;
	} else {
		if (cr4 & X86_CR4_PCIDE)
			return -EINVAL;
		if ((cr0 & X86_CR0_PG) && (cr4 & X86_CR4_PAE) &&
		    ((old ^ cr4) & (X86_CR4_PAE | X86_CR4_PGE | X86_CR4_PSE | X86_CR4_SMEP))) {
			int err = load_pdptes(v);

			if (err)
				return err;
		}
	}
	vmx_set_cr4(v, cr4);
	if ((old ^ cr4) & CR4_PAGING)
		vmx_flush_guest_tlb(v);
	return 0;
}

/* ---- the exit ---- */

static u64 read_gpr(struct vmx_vcpu *v, u32 n)
{
	return n == WARD_RSP ? vmx_rsp(v) : v->regs.gpr[n & 15];
}

static void write_gpr(struct vmx_vcpu *v, u32 n, u64 value)
{
	v->regs.gpr[n & 15] = value;
	if (n == WARD_RSP)
		vmx_set_cached(v, VMX_CACHE_RSP);
}

static int guest_writes_cr8(struct vmx_vcpu *v, u64 cr8)
{
	if (cr8 & ~0xfull)
		return -EINVAL;
	vmx_set_cr8(v, cr8);
	return 0;
}

static int mov_to_cr(struct vmx_vcpu *v, u32 cr, u64 value)
{
	/* Outside 64-bit mode the operand has 32 bits. */
	if (!vmx_long_cs(v))
		value = (u32)value;
	switch (cr) {
	case 0:
		return guest_writes_cr0(v, value);
	case 4:
		return guest_writes_cr4(v, value);
	case 8:
		return guest_writes_cr8(v, value);
	default:
		return -ENOENT;
	}
}

int vmx_exit_cr(struct vmx_vcpu *v)
{
	u64 qual = vmcs_read_natural(EXIT_QUALIFICATION);
	u32 cr = qual & 15, reg = qual >> 8 & 15;
	int err;

	switch (qual >> 4 & 3) {
	case 0:	/* MOV to CR */
		err = mov_to_cr(v, cr, read_gpr(v, reg));
		break;
	case 1:	/* MOV from CR: only CR8 exits */
		if (cr != 8)
			return vmx_exit_unhandled(v);
		write_gpr(v, reg, vmx_cr8(v));
		err = 0;
		break;
	case 2:	/* CLTS exits only for a bit the guest owns not; it owns TS */
		err = guest_writes_cr0(v, vmx_cr0(v) & ~(u64)X86_CR0_TS);
		break;
	default: /* LMSW: bits 3:0; PE can be set and not cleared */
		err = guest_writes_cr0(v, (vmx_cr0(v) & ~0xeull) | (qual >> 16 & 0xf));
		break;
	}
	if (err == -ENOENT)
		return vmx_exit_unhandled(v);
	if (err == -EAGAIN)
		return VMX_RUN_PDPTES;
	if (err)
		vmx_queue_gp(v);
	else
		vmx_skip(v);
	return VMX_RESUME;
}

/* ---- debug registers ---- */

void vmx_set_dr7(struct vmx_vcpu *v, u64 dr7)
{
	vmcs_write_natural(GUEST_DR7, (dr7 & 0xffff2fff) | 0x400);
}

int vmx_exit_dr(struct vmx_vcpu *v)
{
	u64 qual = vmcs_read_natural(EXIT_QUALIFICATION);
	u64 dr7 = vmcs_read_natural(GUEST_DR7);
	u32 dr = qual & 7, reg = qual >> 8 & 15;
	bool to_dr = !(qual & 0x10);
	u64 value;

	if (dr == 4 || dr == 5) {
		if (vmx_cr4(v) & X86_CR4_DE) {
			vmx_queue_ud(v);
			return VMX_RESUME;
		}
		dr += 2;
	}
	if (vmcs_read32(GUEST_SS_AR_BYTES) >> 5 & 3) {
		vmx_queue_gp(v);
		return VMX_RESUME;
	}
	/* General detect: the debugger's own registers are guarded. */
	if (dr7 & DR7_GD) {
		vmx_debug_hit(v, DR6_BD);
		vmx_queue_exception(v, 1, false, 0);
		return VMX_RESUME;
	}
	if (!to_dr) {
		value = dr < 4 ? v->dr[dr] : dr == 6 ? v->dr6 : dr7;
		write_gpr(v, reg, value);
		vmx_skip(v);
		return VMX_RESUME;
	}
	value = read_gpr(v, reg);
	if (!vmx_long_cs(v))
		value = (u32)value;
	if (dr >= 6 && value >> 32) {
		vmx_queue_gp(v);
		return VMX_RESUME;
	}
	if (dr < 4)
		v->dr[dr] = value;
	else if (dr == 6)
		v->dr6 = (value & 0xe00f) | 0xffff0ff0;
	else
		vmx_set_dr7(v, value);
	vmx_host_load_guest_drs(v);
	vmx_skip(v);
	return VMX_RESUME;
}

/* ---- XSETBV ---- */

int vmx_exit_xsetbv(struct vmx_vcpu *v)
{
	u64 xcr0 = (u32)v->regs.gpr[WARD_RAX] | v->regs.gpr[WARD_RDX] << 32;

	/* CPL and CR4.OSXSAVE are checked before the exit. */
	if ((u32)v->regs.gpr[WARD_RCX] != 0 || !vmx_xcr0_valid(v, xcr0)) {
		vmx_queue_gp(v);
		return VMX_RESUME;
	}
	v->xcr0 = xcr0;
	xsetbv(XCR_XFEATURE_ENABLED_MASK, xcr0);
	vmx_skip(v);
	return VMX_RESUME;
}
