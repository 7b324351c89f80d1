/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vcpu.h - the processor's own state, for the files of vmx/.
 *
 * Who may touch what:
 *   (r) the runner only, or a caller that excludes it (vmx.h, "state")
 *   (l) as (r), and only between load and put (the VMCS is current)
 *   (c) constant after creation
 *   (a) any context, atomically
 */
#ifndef WARD_VMX_VCPU_H
#define WARD_VMX_VCPU_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/rcuwait.h>
#include <linux/types.h>
#include <asm/desc_defs.h>
#include "vmcs/access.h"
#include "vmcs/controls.h"
#include "vmx/cpuid.h"
#include "vmx/decode.h"
#include "vmx/event_queue.h"
#include "vmx/lapic.h"
#include "vmx/regs.h"
#include "vmx/vmx.h"

/* Cached VMCS fields (vmx_vcpu.valid, .dirty) */
#define VMX_CACHE_RIP		(1u << 0)
#define VMX_CACHE_RSP		(1u << 1)
#define VMX_CACHE_RFLAGS	(1u << 2)
#define VMX_CACHE_BLOCKING	(1u << 3)	/* interruptibility state */
#define VMX_CACHE_ALL		0xfu

/* vmx_vcpu.requests */
#define VMX_REQ_EVENT		0	/* the APIC has news */
#define VMX_REQ_LEAVE		1	/* vmx_vcpu_kick() */

/* Debug registers */
#define DR6_BD			(1u << 13)
#define DR6_BS			(1u << 14)
#define DR7_GD			(1u << 13)
/* Of the pending debug exceptions: a breakpoint that is enabled was met */
#define PENDING_ENABLED		(1u << 12)

/* What vmx_host_leave() gives back; (l) */
struct vmx_host_state {
	u16 ds, es, fs, gs, ldt;
	u64 fs_base, kernel_gs_base;
	u64 star, lstar, cstar, fmask, tsc_aux;
	u64 xss;
	struct desc_ptr idt;
	unsigned long debugctl;		/* 0 also: the CPU has it */
	bool drs_switched;
	bool perf_switched;
};

/* MSRs that run with the guest's value between load and put. */
struct vmx_guest_msrs {
	u64 star, lstar, cstar, fmask, kernel_gs_base, tsc_aux;
};

/**
 * struct vmx_context - how the guest addressed memory at the last exit
 *
 * Read while the VMCS is current, used after it is not. @interruptible: an
 * interrupt could be taken.
 */
struct vmx_context {
	u64 cr0, cr3, cr4;
	u64 seg_base[6];
	u64 gva;
	u8 cpl;
	u8 code_bits;
	bool gva_valid;
	bool interruptible;
};

/* What user space has to do or to supply for the last exit. */
enum vmx_completion {
	VMX_COMPLETE_NOTHING,
	VMX_COMPLETE_IN,	/* io.data goes to AL, AX, EAX */
	VMX_COMPLETE_MMIO_READ,	/* mmio.data goes where `mmio` says */
	VMX_COMPLETE_RDMSR,	/* msr.data to EDX:EAX, or #GP */
	VMX_COMPLETE_WRMSR,	/* nothing, or #GP */
};

struct vmx_vcpu {
	struct vmx_regs regs;		/* (r) */

	u64 rip;			/* (r) */
	u64 rflags;			/* (r) */
	u32 blocking;			/* (r) */
	u32 valid, dirty;		/* (r) VMX_CACHE_* */
	bool skip_bs;			/* (r) a skipped instruction had TF set */
	bool refresh_host;		/* (l) the host has had an interrupt since the last entry */

	u32 exit_reason;		/* (r) */
	u32 insn_len;			/* (l) */
	u64 qualification;		/* (l) */

	atomic_t requests;		/* (a) bits VMX_REQ_* */
	int mode_cpu;			/* (a) CPU in the guest, or -1 */

	struct vmcs_controls controls;	/* (r) what the VMCS holds */
	struct vmx_events events;
	struct vmx_injection injected;	/* (l) what the last entry was to inject */
	bool entry_failed;		/* (l) and @injected is still in the VMCS */
	u32 activity;			/* (r) WARD_ACTIVITY_* */
	bool triple_fault;		/* (r) found, and user space is to hear of it */
	bool shutdown;			/* (r) it has heard, and not set RIP since */

	struct vmx_vm *vm;		/* (c) */
	u32 id;				/* (c) */
	u16 vpid;			/* (c) */
	struct ward_run *run;		/* (c) shared with user space */
	struct ept_root *root;		/* (c) */

	void *vmcs;			/* (c) */
	u64 vmcs_hpa;			/* (c) */
	void *msr_bitmap;		/* (c) */
	void *xsave;			/* (r) guest FPU state when not loaded */
	int loaded_cpu;			/* root.c */
	struct list_head loaded_link;	/* root.c */
	int last_cpu;			/* (l) host fields in the VMCS are this CPU's */
	unsigned long host_cr3, host_cr4;	/* (l) what the VMCS holds */

	u64 cr0_shadow, cr4_shadow;	/* (r) what the guest believes, masked bits */
	u64 cr0_owned, cr4_owned;	/* (c) bits that the guest changes freely */
	u64 cr2;			/* (r) */
	u8 cr8;				/* (r) without WARD_VM_LAPIC */
	bool pdptes_stale;		/* (r) user space set a register they follow from */
	bool pdptes_read;		/* (r) what a write to a CR loads is in @pdptes */
	u64 pdptes[4];			/* (r) */
	u64 xcr0;			/* (r) */
	u64 efer;			/* (r) */
	u64 dr[4], dr6;			/* (r) DR7 is in the VMCS */
	s64 tsc_adjust;			/* (r) IA32_TSC_ADJUST */
	s64 tsc_offset;			/* (l) what the VMCS holds */
	struct vmx_guest_msrs msrs;	/* (r) */
	u64 misc_enable, mcg_status;	/* (r) stored, no effect */
	u64 mtrr_def_type, mtrr[32];	/* (r) stored, no effect */

	struct vmx_host_state host;	/* (l) */
	struct vmx_lapic lapic;
	struct rcuwait wait;		/* the halted runner */

	struct vmx_fault fault;		/* (r) */
	struct vmx_context context;	/* (r) */
	enum vmx_completion completion;	/* (r) */
	struct vmx_decoded mmio;	/* (r) for VMX_COMPLETE_MMIO_READ */
	bool split_lock;		/* (r) the host has to look at one */
	bool notify_window;		/* (r) WARD_RUN_NOTIFY_WINDOW */
	char fail_why[112];		/* (r) last failed entry, for the dump */

	u64 stats[WARD_STAT_COUNT];	/* runner writes, anyone reads */
};

/* --- cached fields (l to fill, then r) --- */

static inline u64 vmx_rip(struct vmx_vcpu *v)
{
	if (!(v->valid & VMX_CACHE_RIP)) {
		v->rip = vmcs_read_natural(GUEST_RIP);
		v->valid |= VMX_CACHE_RIP;
	}
	return v->rip;
}

static inline u64 vmx_rflags(struct vmx_vcpu *v)
{
	if (!(v->valid & VMX_CACHE_RFLAGS)) {
		v->rflags = vmcs_read_natural(GUEST_RFLAGS);
		v->valid |= VMX_CACHE_RFLAGS;
	}
	return v->rflags;
}

static inline u32 vmx_blocking(struct vmx_vcpu *v)
{
	if (!(v->valid & VMX_CACHE_BLOCKING)) {
		v->blocking = vmcs_read32(GUEST_INTERRUPTIBILITY_INFO);
		v->valid |= VMX_CACHE_BLOCKING;
	}
	return v->blocking;
}

static inline u64 vmx_rsp(struct vmx_vcpu *v)
{
	if (!(v->valid & VMX_CACHE_RSP)) {
		v->regs.gpr[WARD_RSP] = vmcs_read_natural(GUEST_RSP);
		v->valid |= VMX_CACHE_RSP;
	}
	return v->regs.gpr[WARD_RSP];
}

static inline void vmx_set_cached(struct vmx_vcpu *v, u32 which)
{
	v->valid |= which;
	v->dirty |= which;
}

static inline void vmx_set_rip(struct vmx_vcpu *v, u64 rip)
{
	v->rip = rip;
	vmx_set_cached(v, VMX_CACHE_RIP);
}

static inline void vmx_set_blocking(struct vmx_vcpu *v, u32 blocking)
{
	v->blocking = blocking;
	vmx_set_cached(v, VMX_CACHE_BLOCKING);
}

/* Reads all cached fields, so that they can be used without the VMCS. */
void vmx_cache_fill(struct vmx_vcpu *v);
/* Writes the dirty ones back. (l) */
void vmx_cache_flush(struct vmx_vcpu *v);

static inline u64 vmx_cr0(struct vmx_vcpu *v)
{
	return (vmcs_read_natural(GUEST_CR0) & v->cr0_owned) |
	       (v->cr0_shadow & ~v->cr0_owned);
}

static inline u64 vmx_cr4(struct vmx_vcpu *v)
{
	return (vmcs_read_natural(GUEST_CR4) & v->cr4_owned) |
	       (v->cr4_shadow & ~v->cr4_owned);
}

static inline u64 vmx_cr8(const struct vmx_vcpu *v)
{
	return v->vm->flags & WARD_VM_LAPIC ? vmx_lapic_get_cr8(&v->lapic) : v->cr8;
}

static inline void vmx_set_cr8(struct vmx_vcpu *v, u8 cr8)
{
	if (v->vm->flags & WARD_VM_LAPIC)
		vmx_lapic_set_cr8(&v->lapic, cr8);
	else
		v->cr8 = cr8;
}

static inline bool vmx_long_mode(const struct vmx_vcpu *v)
{
	return v->efer & 0x400;	/* LMA */
}

static inline void vmx_stat(struct vmx_vcpu *v, enum ward_stat stat)
{
	WRITE_ONCE(v->stats[stat], v->stats[stat] + 1);
}

/* By how much suspends set the host's TSC back, see root.c. */
extern u64 vmx_tsc_lost;

/* What the VM adds to the host's TSC as it is now. */
static inline s64 vmx_vm_tsc_offset(const struct vmx_vm *vm)
{
	return READ_ONCE(vm->tsc_offset) + READ_ONCE(vmx_tsc_lost);
}

static inline u64 vmx_guest_tsc(const struct vmx_vcpu *v, u64 host_tsc)
{
	return host_tsc + vmx_vm_tsc_offset(v->vm) + v->tsc_adjust;
}

/* --- vcpu.c --- */

/**
 * vmx_vcpu_load - make the VMCS current and its host part right
 *
 * Context: process, interrupts on; preemption is off until vmx_vcpu_put().
 * Return: 0, -EAGAIN the CPU is not in root operation (preemption on again).
 */
int __must_check vmx_vcpu_load(struct vmx_vcpu *v);
void vmx_vcpu_put(struct vmx_vcpu *v);

/* Power-up or INIT state into the VMCS and the struct. (l) */
void vmx_vcpu_reset(struct vmx_vcpu *v, bool init);

/* The guest's linear and combined mappings are stale. (l) */
void vmx_flush_guest_tlb(struct vmx_vcpu *v);

/* Make it look at its events and time again. Context: any. */
void vmx_vcpu_nudge(struct vmx_vcpu *v);

void vmx_controls_write(struct vmx_vcpu *v, const struct vmcs_controls *c);
void vmx_set_proc_control(struct vmx_vcpu *v, u32 bit, bool on);

/* root.c, caps.c, vcpu.c: module life, used by caps.c */
int vmx_root_init(void);
void vmx_root_exit(void);
/* No vCPU is left. */
void vmx_vcpus_exit(void);
extern struct vmcs_controls vmx_default_controls;

/* CR4 bits that the guest may change without an exit. */
static inline u64 vmx_cr4_owned(const struct vmx_cpuid *cpuid)
{
	return vmx_cpuid_cr4_mask(cpuid) &
	       (X86_CR4_VME | X86_CR4_PVI | X86_CR4_TSD | X86_CR4_DE | X86_CR4_PGE |
		X86_CR4_PCE | X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT | X86_CR4_FSGSBASE |
		X86_CR4_UMIP);
}

/* --- host.c: FPU, MSRs and debug registers --- */

/* Context: after vmx_vcpu_load(), interrupts on. Pairs; leave undoes enter. */
void vmx_host_enter(struct vmx_vcpu *v);
void vmx_host_leave(struct vmx_vcpu *v);
/* The host's per-CPU fields of the VMCS, after moving to another CPU. (l) */
void vmx_host_write_fields(struct vmx_vcpu *v);
/* What can change while the runner stays on one CPU. Interrupts off. (l) */
void vmx_host_refresh_fields(struct vmx_vcpu *v);
int vmx_host_init(void);
/* Guest breakpoints into the hardware, if DR7 enables any. Interrupts off. (l) */
void vmx_host_load_guest_drs(struct vmx_vcpu *v);
/*
 * What interrupts (NMIs) of the host use or change goes back before they are
 * handled, and is looked at again before the next entry. Interrupts off. (l)
 */
void vmx_host_before_irqs(struct vmx_vcpu *v);
void vmx_host_before_nmi(struct vmx_vcpu *v);
u64 vmx_host_xcr0(void);
/* XCR0 bits that a guest may set. */
u64 vmx_guest_xcr0_supported(void);

/* --- events.c --- */

/* Queue an exception for the next entry; folds into #DF or a triple fault. */
void vmx_queue_exception(struct vmx_vcpu *v, u8 vector, bool has_error, u32 error);
void vmx_queue_gp(struct vmx_vcpu *v);
void vmx_queue_ud(struct vmx_vcpu *v);
/* Choose what the next entry injects; opens windows. Interrupts off. (l) */
void vmx_events_prepare(struct vmx_vcpu *v);
/* After an exit: what was being delivered, NMI blocking. (l) */
void vmx_events_collect(struct vmx_vcpu *v);
/* Would something wake the vCPU from HLT now? (r) */
bool vmx_events_wake(struct vmx_vcpu *v);
/* The pending debug exceptions, with those of a stepped-over instruction. (l) */
u64 vmx_pending_debug(struct vmx_vcpu *v);
/* Is one of them delivered before the next instruction? (l) */
bool vmx_debug_trap_due(struct vmx_vcpu *v);
/* Act on an INIT or SIPI that arrived. (l) */
void vmx_events_init_sipi(struct vmx_vcpu *v);

/* Is the code segment a 64-bit one? (l) */
bool vmx_long_cs(struct vmx_vcpu *v);
/* Step over an instruction. (r), caches valid or (l) */
void vmx_skip_bytes(struct vmx_vcpu *v, u32 bytes, bool long_cs);
/* Step over the instruction that exited. (l) */
void vmx_skip(struct vmx_vcpu *v);

/* --- vm.c --- */

/*
 * Hand a message to the local APICs it addresses. @source: NULL for a device.
 * Return: how many took it. Context: any.
 */
int vmx_vm_route(struct vmx_vm *vm, const struct vmx_apic_message *msg,
		 struct vmx_lapic *source);

/* --- guestmem.c --- */

/**
 * vmx_guest_read - read guest-virtual memory with the rights of the exit
 *
 * Walks the guest's page tables with v->context. Context: interrupts on.
 * Return: bytes read (up to the first page that is not there); -EFAULT with
 * v->fault set if a page must be faulted into the EPT first.
 */
int vmx_guest_read(struct vmx_vcpu *v, u64 gva, void *buffer, u32 bytes);
/* The bytes at RIP, at most 15. As above. */
int vmx_guest_fetch(struct vmx_vcpu *v, u8 insn[15]);
/* Physical read for PDPTEs; -EFAULT as above. */
int vmx_guest_read_gpa(struct vmx_vcpu *v, u64 gpa, void *buffer, u32 bytes);

#endif /* WARD_VMX_VCPU_H */
