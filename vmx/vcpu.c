// SPDX-License-Identifier: GPL-2.0-only
/*
 * vcpu.c - making and unmaking a vCPU, its state after power-up and INIT,
 * and taking its VMCS to the CPU that runs it.
 */
#include <linux/gfp.h>
#include <linux/idr.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <asm/cpufeature.h>
#include <asm/msr.h>
#include "ept/root.h"
#include "vmx/compat.h"
#include "vmx/root.h"
#include "vmx/trace.h"
#include "vmx/vcpu.h"

/* 0 is the host's own. */
static DEFINE_IDA(vpid_ida);

static void lapic_notify(struct vmx_lapic *lapic);
static void lapic_send_ipi(struct vmx_lapic *lapic, const struct vmx_apic_message *msg);
static u64 lapic_guest_tsc(struct vmx_lapic *lapic);

static const struct vmx_lapic_ops lapic_ops = {
	.notify = lapic_notify,
	.send_ipi = lapic_send_ipi,
	.guest_tsc = lapic_guest_tsc,
};

static struct vmx_vcpu *lapic_vcpu(struct vmx_lapic *lapic)
{
	return container_of(lapic, struct vmx_vcpu, lapic);
}

/*
 * Set the request, then look where the runner is; the runner says where it
 * is, then looks at requests (run.c). One of the two sees the other.
 */
static void vcpu_request(struct vmx_vcpu *v, int request)
{
	int cpu;

	atomic_or(1 << request, &v->requests);
	smp_mb__after_atomic();
	rcuwait_wake_up(&v->wait);
	/* So that the CPU does not go offline between the look and the IPI. */
	preempt_disable();
	cpu = READ_ONCE(v->mode_cpu);
	if (cpu >= 0 && cpu != smp_processor_id())
		/*
		 * Parenthesised, since newer kernels have a macro of that name,
		 * whose tracepoint a module cannot reach.
		 */
		(smp_ops.smp_send_reschedule)(cpu);
	preempt_enable();
}

static void lapic_notify(struct vmx_lapic *lapic)
{
	vcpu_request(lapic_vcpu(lapic), VMX_REQ_EVENT);
}

void vmx_vcpu_kick(struct vmx_vcpu *v)
{
	vcpu_request(v, VMX_REQ_LEAVE);
}

void vmx_vcpu_nudge(struct vmx_vcpu *v)
{
	vcpu_request(v, VMX_REQ_EVENT);
}

static void lapic_send_ipi(struct vmx_lapic *lapic, const struct vmx_apic_message *msg)
{
	vmx_vm_route(lapic_vcpu(lapic)->vm, msg, lapic);
}

static u64 lapic_guest_tsc(struct vmx_lapic *lapic)
{
	return vmx_guest_tsc(lapic_vcpu(lapic), rdtsc());
}

/* ---- controls ---- */

void vmx_controls_write(struct vmx_vcpu *v, const struct vmcs_controls *c)
{
	vmcs_write32(PIN_BASED_VM_EXEC_CONTROL, c->pin);
	vmcs_write32(CPU_BASED_VM_EXEC_CONTROL, c->proc);
	vmcs_write32(SECONDARY_VM_EXEC_CONTROL, c->proc2);
	vmcs_write32(VM_EXIT_CONTROLS, c->exit);
	vmcs_write32(VM_ENTRY_CONTROLS, c->entry);
	v->controls = *c;
}

/* Writing a control makes the next entry dearer, so only on a change. */
void vmx_set_proc_control(struct vmx_vcpu *v, u32 bit, bool on)
{
	u32 proc = on ? v->controls.proc | bit : v->controls.proc & ~bit;

	if (proc == v->controls.proc)
		return;
	v->controls.proc = proc;
	vmcs_write32(CPU_BASED_VM_EXEC_CONTROL, proc);
}

void vmx_flush_guest_tlb(struct vmx_vcpu *v)
{
	vmx_invvpid(VMX_INVVPID_SINGLE, v->vpid);
}

/* ---- cached fields ---- */

void vmx_cache_fill(struct vmx_vcpu *v)
{
	vmx_rip(v);
	vmx_rsp(v);
	vmx_rflags(v);
	vmx_blocking(v);
}

void vmx_cache_flush(struct vmx_vcpu *v)
{
	if (!v->dirty)
		return;
	if (v->dirty & VMX_CACHE_RIP)
		vmcs_write_natural(GUEST_RIP, v->rip);
	if (v->dirty & VMX_CACHE_RSP)
		vmcs_write_natural(GUEST_RSP, v->regs.gpr[WARD_RSP]);
	if (v->dirty & VMX_CACHE_RFLAGS)
		vmcs_write_natural(GUEST_RFLAGS, v->rflags);
	if (v->dirty & VMX_CACHE_BLOCKING)
		vmcs_write32(GUEST_INTERRUPTIBILITY_INFO, v->blocking);
	v->dirty = 0;
}

/* ---- state after reset ---- */

static void reset_segment(u32 es_relative, u16 selector, u64 base, u32 limit, u32 rights)
{
	vmcs_write16(GUEST_ES_SELECTOR + es_relative, selector);
	vmcs_write_natural(GUEST_ES_BASE + es_relative, base);
	vmcs_write32(GUEST_ES_LIMIT + es_relative, limit);
	vmcs_write32(GUEST_ES_AR_BYTES + es_relative, rights);
}

/* What EDX says of the processor then */
static u32 reset_signature(const struct vmx_vcpu *v)
{
	const struct vmx_cpuid_dynamic dyn = {};
	u32 out[4];

	vmx_cpuid_lookup(v->vm->cpuid, &dyn, 1, 0, out);
	return out[0];
}

/* SDM: "Processor State After Reset"; INIT keeps what its table says. */
void vmx_vcpu_reset(struct vmx_vcpu *v, bool init)
{
	u32 seg;

	memset(&v->events, 0, sizeof(v->events));
	memset(v->regs.gpr, 0, sizeof(v->regs.gpr));
	v->regs.gpr[WARD_RDX] = reset_signature(v);
	v->rip = 0xfff0;
	v->rflags = 2;
	v->blocking = 0;
	v->skip_bs = false;
	vmx_set_cached(v, VMX_CACHE_ALL);

	for (seg = 0; seg < 6; seg++)
		reset_segment(seg * 2, 0, 0, 0xffff, 0x93);
	reset_segment(WARD_CS * 2, 0xf000, 0xffff0000, 0xffff, 0x9b);
	reset_segment(WARD_LDTR * 2, 0, 0, 0xffff, 0x82);
	reset_segment(WARD_TR * 2, 0, 0, 0xffff, 0x8b);
	vmcs_write_natural(GUEST_GDTR_BASE, 0);
	vmcs_write32(GUEST_GDTR_LIMIT, 0xffff);
	vmcs_write_natural(GUEST_IDTR_BASE, 0);
	vmcs_write32(GUEST_IDTR_LIMIT, 0xffff);

	/* CD and NW survive an INIT. */
	v->cr0_shadow = init ? (v->cr0_shadow & (X86_CR0_CD | X86_CR0_NW)) | X86_CR0_ET :
			       X86_CR0_CD | X86_CR0_NW | X86_CR0_ET;
	v->cr4_shadow = 0;
	vmcs_write_natural(CR0_READ_SHADOW, v->cr0_shadow);
	vmcs_write_natural(CR4_READ_SHADOW, 0);
	vmcs_write_natural(GUEST_CR0, vmcs_cr0_fixed(vmx_cap_msrs, X86_CR0_ET));
	vmcs_write_natural(GUEST_CR3, 0);
	vmcs_write_natural(GUEST_CR4, vmcs_cr4_must_be_1(vmx_cap_msrs) | X86_CR4_MCE);
	v->cr2 = 0;
	v->efer = 0;
	vmcs_write64(GUEST_IA32_EFER, 0);
	if (v->controls.entry & VM_ENTRY_IA32E_MODE) {
		v->controls.entry &= ~VM_ENTRY_IA32E_MODE;
		vmcs_write32(VM_ENTRY_CONTROLS, v->controls.entry);
	}

	memset(v->dr, 0, sizeof(v->dr));
	v->dr6 = 0xffff0ff0;
	vmcs_write_natural(GUEST_DR7, 0x400);
	vmcs_write_natural(GUEST_PENDING_DBG_EXCEPTIONS, 0);
	vmcs_write64(GUEST_IA32_DEBUGCTL, 0);
	vmcs_write32(GUEST_ACTIVITY_STATE, GUEST_ACTIVITY_ACTIVE);
	v->activity = v->id && (v->vm->flags & WARD_VM_LAPIC) ?
		      WARD_ACTIVITY_WAIT_SIPI : WARD_ACTIVITY_RUNNING;
	v->completion = VMX_COMPLETE_NOTHING;
	v->triple_fault = false;
	v->shutdown = false;

	if (v->vm->flags & WARD_VM_LAPIC)
		vmx_lapic_reset(&v->lapic, init);
	if (init) {
		vmx_flush_guest_tlb(v);
		return;
	}

	vmcs_write32(GUEST_SYSENTER_CS, 0);
	vmcs_write_natural(GUEST_SYSENTER_ESP, 0);
	vmcs_write_natural(GUEST_SYSENTER_EIP, 0);
	vmcs_write64(GUEST_IA32_PAT, 0x0007040600070406ull);
	memset(&v->msrs, 0, sizeof(v->msrs));
	v->xcr0 = 1;
	v->misc_enable = 1;		/* fast strings */
	memset(v->xsave, 0, vmx_xsave_bytes());
	*(u16 *)v->xsave = 0x40;			/* FCW */
	*(u16 *)(v->xsave + 4) = 0x5555;		/* tags, FXSAVE ignores */
	*(u32 *)(v->xsave + 24) = 0x1f80;		/* MXCSR */
	*(u64 *)(v->xsave + 512) = 3;			/* XSTATE_BV: both are there */
	vmx_flush_guest_tlb(v);
}

/* What stays as it is for the life of the VMCS. */
static void vcpu_write_constants(struct vmx_vcpu *v)
{
	vmcs_write16(VIRTUAL_PROCESSOR_ID, v->vpid);
	vmcs_write64(VMCS_LINK_POINTER, ~0ull);
	vmcs_write64(EPT_POINTER, v->root->eptp);
	vmcs_write64(MSR_BITMAP, __pa(v->msr_bitmap));
	vmcs_write64(TSC_OFFSET, v->tsc_offset);
	vmcs_write32(VM_EXIT_MSR_STORE_COUNT, 0);
	vmcs_write32(VM_EXIT_MSR_LOAD_COUNT, 0);
	vmcs_write32(VM_ENTRY_MSR_LOAD_COUNT, 0);
	vmcs_write32(VM_ENTRY_INTR_INFO_FIELD, 0);
	if (v->controls.proc2 & VMCS_CONTROL_BIT(XSAVES))
		vmcs_write64(XSS_EXIT_BITMAP, 0);
	if (v->controls.proc2 & SECONDARY_EXEC_ENCLS_EXITING)
		vmcs_write64(ENCLS_EXITING_BITMAP, ~0ull);
	vmcs_write32(CR3_TARGET_COUNT, 0);
	vmcs_write32(PAGE_FAULT_ERROR_CODE_MASK, 0);
	vmcs_write32(PAGE_FAULT_ERROR_CODE_MATCH, 0);
	/*
	 * #DB and #AC always: a guest can make their delivery raise them again
	 * for ever, with interrupts never looked at. #MC is the host's.
	 */
	vmcs_write32(EXCEPTION_BITMAP, (1u << 1) | (1u << 17) | (1u << 18));
	vmcs_write_natural(CR0_GUEST_HOST_MASK, ~v->cr0_owned);
	vmcs_write_natural(CR4_GUEST_HOST_MASK, ~v->cr4_owned);
}

/* Reads and writes of @msr do not exit. */
static void bitmap_pass(u8 *bitmap, u32 msr)
{
	u32 at = msr >= 0xc0000000 ? 1024 : 0;

	msr &= 0x1fff;
	__clear_bit(msr, (unsigned long *)(bitmap + at));
	__clear_bit(msr, (unsigned long *)(bitmap + 2048 + at));
}

static void vcpu_fill_bitmap(struct vmx_vcpu *v)
{
	static const u32 pass[] = {
		MSR_FS_BASE, MSR_GS_BASE, MSR_KERNEL_GS_BASE,
		MSR_STAR, MSR_LSTAR, MSR_CSTAR, MSR_SYSCALL_MASK,
		MSR_IA32_SYSENTER_CS, MSR_IA32_SYSENTER_ESP, MSR_IA32_SYSENTER_EIP,
	};
	int i;

	memset(v->msr_bitmap, 0xff, PAGE_SIZE);
	for (i = 0; i < ARRAY_SIZE(pass); i++)
		bitmap_pass(v->msr_bitmap, pass[i]);
	if (v->controls.proc2 & SECONDARY_EXEC_ENABLE_RDTSCP)
		bitmap_pass(v->msr_bitmap, MSR_TSC_AUX);
	/* Reading IA32_TSC applies the offset; writing it exits. */
	__clear_bit(MSR_IA32_TSC, (unsigned long *)v->msr_bitmap);
}

/* ---- load and put ---- */

int vmx_vcpu_load(struct vmx_vcpu *v)
{
	int moved;

	preempt_disable();
	moved = vmx_root_claim(v);
	if (moved < 0) {
		preempt_enable();
		return -EAGAIN;
	}
	if (v->last_cpu != smp_processor_id()) {
		v->last_cpu = smp_processor_id();
		ept_root_join(v->root);
		vmx_host_write_fields(v);
		/* What this CPU cached when the vCPU last ran here is old. */
		vmx_flush_guest_tlb(v);
		if (v->vm->flags & WARD_VM_LAPIC)
			vmx_lapic_moved(&v->lapic);
	}
	return 0;
}

void vmx_vcpu_put(struct vmx_vcpu *v)
{
	preempt_enable();
}

/* ---- life ---- */

static void vcpu_free(struct vmx_vcpu *v)
{
	if (v->vpid)
		ida_free(&vpid_ida, v->vpid);
	free_page((unsigned long)v->vmcs);
	free_page((unsigned long)v->msr_bitmap);
	if (v->xsave)
		free_pages_exact(v->xsave, PAGE_ALIGN(vmx_xsave_bytes()));
	kfree(v);
}

struct vmx_vcpu *vmx_vcpu_create(struct vmx_vm *vm, u32 id, struct ward_run *run,
				 struct ept_root *root)
{
	struct vmx_vcpu *v;
	int err, tries;

	v = kzalloc(sizeof(*v), GFP_KERNEL_ACCOUNT);
	if (!v)
		return ERR_PTR(-ENOMEM);
	v->vm = vm;
	v->id = id;
	v->run = run;
	v->root = root;
	v->fault.root = root;
	v->loaded_cpu = -1;
	v->last_cpu = -1;
	v->mode_cpu = -1;
	INIT_LIST_HEAD(&v->loaded_link);
	rcuwait_init(&v->wait);
	v->controls = vmx_default_controls;
	v->cr0_owned = X86_CR0_PE | X86_CR0_MP | X86_CR0_EM | X86_CR0_TS |
		       X86_CR0_WP | X86_CR0_AM;
	v->cr4_owned = vmx_cr4_owned(vm->cpuid);

	err = ida_alloc_range(&vpid_ida, 1, U16_MAX, GFP_KERNEL);
	if (err < 0) {
		vcpu_free(v);
		return ERR_PTR(-ENOMEM);
	}
	v->vpid = err;
	v->vmcs = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	v->msr_bitmap = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	v->xsave = alloc_pages_exact(PAGE_ALIGN(vmx_xsave_bytes()),
				     GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!v->vmcs || !v->msr_bitmap || !v->xsave) {
		vcpu_free(v);
		return ERR_PTR(-ENOMEM);
	}
	*(u32 *)v->vmcs = vmcs_revision(vmx_cap_msrs);
	v->vmcs_hpa = __pa(v->vmcs);
	vcpu_fill_bitmap(v);

	if (vm->flags & WARD_VM_LAPIC) {
		err = vmx_lapic_init(&v->lapic, &lapic_ops, id, id == 0);
		if (err) {
			vcpu_free(v);
			return ERR_PTR(err);
		}
	}

	/* A CPU that is just going down makes load fail; we then run elsewhere. */
	for (tries = 0; tries < 100; tries++) {
		preempt_disable();
		err = vmx_root_here() ? vmx_vmclear(v->vmcs_hpa) : -EAGAIN;
		preempt_enable();
		if (!err)
			err = vmx_vcpu_load(v);
		if (err != -EAGAIN)
			break;
		cond_resched();
	}
	if (err) {
		if (vm->flags & WARD_VM_LAPIC)
			vmx_lapic_destroy(&v->lapic);
		vcpu_free(v);
		return ERR_PTR(-EIO);
	}
	vcpu_write_constants(v);
	vmx_controls_write(v, &v->controls);
	vmx_vcpu_reset(v, false);
	vmx_vcpu_put(v);
	return v;
}

void vmx_vcpu_destroy(struct vmx_vcpu *v)
{
	if (v->vm->flags & WARD_VM_LAPIC)
		vmx_lapic_destroy(&v->lapic);
	vmx_root_release(v);
	vcpu_free(v);
}

/*
 * A VPID that nobody gives back is a leak that no checker of the kernel sees:
 * it shows when there are none left.
 */
void vmx_vcpus_exit(void)
{
	WARN_ON_ONCE(!ida_is_empty(&vpid_ida));
	ida_destroy(&vpid_ida);
}

void vmx_vcpu_add_stats(const struct vmx_vcpu *v, u64 *sum)
{
	int i;

	for (i = 0; i < WARD_STAT_COUNT; i++)
		sum[i] += READ_ONCE(v->stats[i]);
	if (v->vm->flags & WARD_VM_LAPIC)
		sum[WARD_STAT_TIMER] += vmx_lapic_expiries(&v->lapic);
}
