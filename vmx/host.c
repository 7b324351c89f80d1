// SPDX-License-Identifier: GPL-2.0-only
/*
 * host.c - what the host must get back: its FPU, MSRs, debug and segment
 * registers, and the host-state area of the VMCS.
 *
 * Between vmx_host_enter() and vmx_host_leave() the CPU holds the guest's
 * vector state, XCR0 and system-call MSRs although host interrupt handlers
 * run in between: none of them uses these (kernel_fpu_begin() has claimed
 * the FPU, so irq_fpu_usable() is false; the MSRs matter only on the way to
 * user mode, which preemption off rules out).
 *
 * What a VM exit itself leaves wrong, and who mends it:
 *   GDTR and IDTR limits, TSS limit, LDTR, user segment selectors: leave;
 *   DR7, DEBUGCTL: vmx_host_before_irqs(), from the kernel's own record and as
 *   found before the entry, since perf changes both from interrupts;
 *   what stops PEBS: there as well;
 *   CR2: run.c.
 */
#include <linux/hw_breakpoint.h>
#include <linux/smp.h>
#include <asm/cpu_entry_area.h>
#include <asm/cpufeature.h>
#include <asm/debugreg.h>
#include <asm/desc.h>
#include <asm/fpu/api.h>
#include <asm/fpu/types.h>
#include <asm/fpu/xcr.h>
#include <asm/msr.h>
#include <asm/perf_event.h>
#include <asm/segment.h>
#include <asm/special_insns.h>
#include "vmx/compat.h"
#include "vmx/root.h"
#include "vmx/vcpu.h"

#define XCR0_X87	(1ull << 0)
#define XCR0_SSE	(1ull << 1)
#define XCR0_AVX	(1ull << 2)
#define XCR0_AVX512	(7ull << 5)

static u64 host_xcr0;
static u32 host_xsave_bytes;

u64 vmx_host_xcr0(void)
{
	return host_xcr0;
}

/*
 * Not offered: MPX (gone from CPUs), PKRU (the kernel switches it apart from
 * the FPU), PT, CET, AMX (needs XFD handling and permission of the process).
 */
u64 vmx_guest_xcr0_supported(void)
{
	return host_xcr0 & (XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_AVX512);
}

u32 vmx_xsave_bytes(void)
{
	return host_xsave_bytes;
}

int vmx_host_init(void)
{
	u32 eax, ebx, ecx, edx;

	if (!boot_cpu_has(X86_FEATURE_XSAVE)) {
		host_xcr0 = XCR0_X87 | XCR0_SSE;
		host_xsave_bytes = 512 + 64;
		return 0;
	}
	host_xcr0 = xgetbv(XCR_XFEATURE_ENABLED_MASK);
	cpuid_count(0xd, 0, &eax, &ebx, &ecx, &edx);
	host_xsave_bytes = ebx;		/* for all that host_xcr0 enables */
	return 0;
}

/* ---- vector state ---- */

static void guest_fpu_load(struct vmx_vcpu *v)
{
	u64 mask = vmx_guest_xcr0_supported();

	if (boot_cpu_has(X86_FEATURE_XSAVE))
		asm volatile("xrstor64 %0" : : "m"(*(char *)v->xsave),
			     "a"((u32)mask), "d"((u32)(mask >> 32)) : "memory");
	else
		asm volatile("fxrstor64 %0" : : "m"(*(char *)v->xsave));
}

static void guest_fpu_save(struct vmx_vcpu *v)
{
	u64 mask = vmx_guest_xcr0_supported();

	if (boot_cpu_has(X86_FEATURE_XSAVE))
		asm volatile("xsave64 %0" : "+m"(*(char *)v->xsave)
			     : "a"((u32)mask), "d"((u32)(mask >> 32)) : "memory");
	else
		asm volatile("fxsave64 %0" : "=m"(*(char *)v->xsave));
}

static void guest_xcr_load(struct vmx_vcpu *v)
{
	v->host.xss = 0;
	if (!boot_cpu_has(X86_FEATURE_XSAVE))
		return;
	if (v->xcr0 != host_xcr0)
		xsetbv(XCR_XFEATURE_ENABLED_MASK, v->xcr0);
	if (boot_cpu_has(X86_FEATURE_XSAVES)) {
		rdmsrl(MSR_IA32_XSS, v->host.xss);
		if (v->host.xss)
			wrmsrl(MSR_IA32_XSS, 0);
	}
}

static void host_xcr_load(struct vmx_vcpu *v)
{
	if (!boot_cpu_has(X86_FEATURE_XSAVE))
		return;
	if (v->xcr0 != host_xcr0)
		xsetbv(XCR_XFEATURE_ENABLED_MASK, host_xcr0);
	if (v->host.xss)
		wrmsrl(MSR_IA32_XSS, v->host.xss);
}

/* ---- system-call MSRs ---- */

static void guest_msrs_load(struct vmx_vcpu *v)
{
	struct vmx_host_state *h = &v->host;

	rdmsrl(MSR_STAR, h->star);
	rdmsrl(MSR_LSTAR, h->lstar);
	rdmsrl(MSR_CSTAR, h->cstar);
	rdmsrl(MSR_SYSCALL_MASK, h->fmask);
	rdmsrl(MSR_KERNEL_GS_BASE, h->kernel_gs_base);
	wrmsrl(MSR_STAR, v->msrs.star);
	wrmsrl(MSR_LSTAR, v->msrs.lstar);
	wrmsrl(MSR_CSTAR, v->msrs.cstar);
	wrmsrl(MSR_SYSCALL_MASK, v->msrs.fmask);
	wrmsrl(MSR_KERNEL_GS_BASE, v->msrs.kernel_gs_base);
	if (boot_cpu_has(X86_FEATURE_RDTSCP) || boot_cpu_has(X86_FEATURE_RDPID)) {
		rdmsrl(MSR_TSC_AUX, h->tsc_aux);
		if (h->tsc_aux != v->msrs.tsc_aux)
			wrmsrl(MSR_TSC_AUX, v->msrs.tsc_aux);
	}
}

static void host_msrs_load(struct vmx_vcpu *v)
{
	struct vmx_host_state *h = &v->host;

	rdmsrl(MSR_STAR, v->msrs.star);
	rdmsrl(MSR_LSTAR, v->msrs.lstar);
	rdmsrl(MSR_CSTAR, v->msrs.cstar);
	rdmsrl(MSR_SYSCALL_MASK, v->msrs.fmask);
	rdmsrl(MSR_KERNEL_GS_BASE, v->msrs.kernel_gs_base);
	wrmsrl(MSR_STAR, h->star);
	wrmsrl(MSR_LSTAR, h->lstar);
	wrmsrl(MSR_CSTAR, h->cstar);
	wrmsrl(MSR_SYSCALL_MASK, h->fmask);
	wrmsrl(MSR_KERNEL_GS_BASE, h->kernel_gs_base);
	if (boot_cpu_has(X86_FEATURE_RDTSCP) || boot_cpu_has(X86_FEATURE_RDPID)) {
		rdmsrl(MSR_TSC_AUX, v->msrs.tsc_aux);
		if (h->tsc_aux != v->msrs.tsc_aux)
			wrmsrl(MSR_TSC_AUX, h->tsc_aux);
	}
}

/* ---- performance counters ---- */

/*
 * PEBS records are written by the CPU itself, to an address of the host's: with
 * the guest's page tables they would end in the guest. perf knows which MSRs
 * stop that, and which values are right afterwards.
 */
static void guest_perf_load(struct vmx_vcpu *v)
{
	const struct perf_guest_switch_msr *msrs;
	int i, count = 0;

	msrs = perf_guest_get_msrs(&count, NULL);
	for (i = 0; msrs && i < count; i++) {
		if (msrs[i].guest == msrs[i].host)
			continue;
		wrmsrl(msrs[i].msr, msrs[i].guest);
		v->host.perf_switched = true;
	}
}

/* An NMI may have changed what is right meanwhile: perf is asked again. */
static void host_perf_load(struct vmx_vcpu *v)
{
	const struct perf_guest_switch_msr *msrs;
	int i, count = 0;

	if (!v->host.perf_switched)
		return;
	v->host.perf_switched = false;
	msrs = perf_guest_get_msrs(&count, NULL);
	for (i = 0; msrs && i < count; i++)
		wrmsrl(msrs[i].msr, msrs[i].host);
}

/* ---- debug registers ---- */

/*
 * The guest's breakpoints are in the hardware only from just before an entry
 * to the next moment with interrupts on, and DR7 is disarmed before they go
 * there: an address that a guest chose must never be armed for the host. What
 * goes back is the kernel's own record, since breakpoints of the host can come
 * and go meanwhile.
 */
void vmx_host_load_guest_drs(struct vmx_vcpu *v)
{
	if (hw_breakpoint_active())
		set_debugreg(0x400, 7);
	if (!(vmcs_read_natural(GUEST_DR7) & 0xff))
		return;
	v->host.drs_switched = true;
	set_debugreg(v->dr[0], 0);
	set_debugreg(v->dr[1], 1);
	set_debugreg(v->dr[2], 2);
	set_debugreg(v->dr[3], 3);
}

void vmx_host_before_nmi(struct vmx_vcpu *v)
{
	if (v->host.debugctl)
		update_debugctlmsr(v->host.debugctl);
	v->host.debugctl = 0;
	host_perf_load(v);
	v->refresh_host = true;
}

void vmx_host_before_irqs(struct vmx_vcpu *v)
{
	if (v->host.drs_switched || hw_breakpoint_active())
		hw_breakpoint_restore();
	v->host.drs_switched = false;
	vmx_host_before_nmi(v);
}

/* ---- segments and descriptor tables ---- */

static void host_segments_save(struct vmx_vcpu *v)
{
	struct vmx_host_state *h = &v->host;

	store_idt(&h->idt);
	savesegment(ds, h->ds);
	savesegment(es, h->es);
	savesegment(fs, h->fs);
	savesegment(gs, h->gs);
	asm("sldt %0" : "=rm"(h->ldt));
	rdmsrl(MSR_FS_BASE, h->fs_base);
	/* Host selectors in the VMCS must be null or the kernel's own. */
	vmcs_write_natural(HOST_FS_BASE, h->fs_base);
}

static void host_segments_load(struct vmx_vcpu *v)
{
	struct vmx_host_state *h = &v->host;
	unsigned long flags;

	/* The exit left limits of 0xffff; selectors below need the GDT's. */
	native_load_idt(&h->idt);
	load_fixmap_gdt(smp_processor_id());
	invalidate_tss_limit();
	if (h->ldt)
		asm volatile("lldt %0" : : "r"(h->ldt));
	if (h->ds | h->es) {
		loadsegment(ds, h->ds);
		loadsegment(es, h->es);
	}
	if (h->fs) {
		loadsegment(fs, h->fs);
		wrmsrl(MSR_FS_BASE, h->fs_base);
	}
	if (h->gs) {
		/* Loads the selector under SWAPGS, which changes the inactive base. */
		local_irq_save(flags);
		load_gs_index(h->gs);
		local_irq_restore(flags);
		wrmsrl(MSR_KERNEL_GS_BASE, h->kernel_gs_base);
	}
}

/* ---- the host-state area ---- */

void vmx_host_write_fields(struct vmx_vcpu *v)
{
	int cpu = smp_processor_id();
	struct desc_ptr dt;
	u64 msr;

	vmcs_write_natural(HOST_CR0, read_cr0() & ~X86_CR0_TS);
	vmcs_write16(HOST_CS_SELECTOR, __KERNEL_CS);
	vmcs_write16(HOST_SS_SELECTOR, __KERNEL_DS);
	vmcs_write16(HOST_DS_SELECTOR, 0);
	vmcs_write16(HOST_ES_SELECTOR, 0);
	vmcs_write16(HOST_FS_SELECTOR, 0);
	vmcs_write16(HOST_GS_SELECTOR, 0);
	vmcs_write16(HOST_TR_SELECTOR, GDT_ENTRY_TSS * 8);

	rdmsrl(MSR_GS_BASE, msr);
	vmcs_write_natural(HOST_GS_BASE, msr);
	vmcs_write_natural(HOST_TR_BASE,
			   (unsigned long)&get_cpu_entry_area(cpu)->tss.x86_tss);
	native_store_gdt(&dt);
	vmcs_write_natural(HOST_GDTR_BASE, dt.address);
	store_idt(&dt);
	vmcs_write_natural(HOST_IDTR_BASE, dt.address);

	rdmsrl(MSR_IA32_SYSENTER_CS, msr);
	vmcs_write32(HOST_IA32_SYSENTER_CS, msr);
	rdmsrl(MSR_IA32_SYSENTER_ESP, msr);
	vmcs_write_natural(HOST_IA32_SYSENTER_ESP, msr);
	rdmsrl(MSR_IA32_SYSENTER_EIP, msr);
	vmcs_write_natural(HOST_IA32_SYSENTER_EIP, msr);
	rdmsrl(MSR_EFER, msr);
	vmcs_write64(HOST_IA32_EFER, msr);
	rdmsrl(MSR_IA32_CR_PAT, msr);
	vmcs_write64(HOST_IA32_PAT, msr);
	vmcs_write_natural(HOST_RIP, (unsigned long)vmx_exit_arrival);

	v->host_cr3 = 0;
	v->host_cr4 = 0;
	v->regs.host_rsp = 0;
}

void vmx_host_refresh_fields(struct vmx_vcpu *v)
{
	unsigned long cr3 = __read_cr3();
	unsigned long cr4 = __read_cr4();

	if (cr3 != v->host_cr3) {
		vmcs_write_natural(HOST_CR3, cr3);
		v->host_cr3 = cr3;
	}
	if (cr4 != v->host_cr4) {
		vmcs_write_natural(HOST_CR4, cr4);
		v->host_cr4 = cr4;
	}
	/* Exits clear it; no field of the VMCS brings it back. */
	v->host.debugctl = get_debugctlmsr();
	guest_perf_load(v);
}

/* ---- the pair ---- */

void vmx_host_enter(struct vmx_vcpu *v)
{
	kernel_fpu_begin();
	host_segments_save(v);
	guest_fpu_load(v);
	guest_xcr_load(v);
	guest_msrs_load(v);
}

void vmx_host_leave(struct vmx_vcpu *v)
{
	host_msrs_load(v);
	host_xcr_load(v);
	guest_fpu_save(v);
	host_segments_load(v);
	kernel_fpu_end();
}
