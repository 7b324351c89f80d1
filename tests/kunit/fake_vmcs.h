/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fake_vmcs.h - a CPU's capabilities and a VMCS, in memory.
 *
 * The VMCS starts out as one that the CPU would enter: a 64-bit host and the
 * guest that is asked for.
 */
#ifndef KUNIT_FAKE_VMCS_H
#define KUNIT_FAKE_VMCS_H

#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/types.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>
#include <asm/vmx.h>

#include "vmcs/controls.h"
#include "ward.h"

#define FAKE_MAXPHYADDR	39

enum fake_guest {
	LONG_MODE,		/* 64-bit code in ring 0 */
	PROTECTED_MODE,		/* 32-bit code with PAE paging, ring 0 */
	REAL_MODE,		/* after reset, at 0xfffffff0 */
	V86_MODE,		/* virtual-8086, from protected mode */
};

struct fake_vmcs {
	u64 msrs[VMX_CAPABILITY_MSRS];
	u64 fields[0x7000];
};

#define CONTROL_MSR(must, may)	((u64)(may) << 32 | (must))

/* A CPU that has everything the tables know, apart from 5-level paging. */
static inline void fake_cpu(u64 msrs[VMX_CAPABILITY_MSRS])
{
	memset(msrs, 0, VMX_CAPABILITY_MSRS * sizeof(u64));
	msrs[VMX_MSR_BASIC] = 0x12 | 0x1000ull << 32 | 6ull << 50 |
			      1ull << 54 | 1ull << 55;
	msrs[VMX_MSR_PIN] = CONTROL_MSR(0x16, 0xff);
	msrs[VMX_MSR_PROC] = CONTROL_MSR(0x0401e172, 0xfff9fffe);
	msrs[VMX_MSR_EXIT] = CONTROL_MSR(0x00036dff, 0x03ffffff);
	msrs[VMX_MSR_ENTRY] = CONTROL_MSR(0x000011ff, 0x0007ffff);
	msrs[VMX_MSR_MISC] = 5 | 7 << 6 | 4 << 16 | 1 << 29 | 1 << 30;
	msrs[VMX_MSR_CR0_FIXED0] = 0x80000021;
	msrs[VMX_MSR_CR0_FIXED1] = 0xffffffff;
	msrs[VMX_MSR_CR4_FIXED0] = 0x2000;
	msrs[VMX_MSR_CR4_FIXED1] = 0x00f727ff;
	msrs[VMX_MSR_PROC2] = CONTROL_MSR(0, 0x07ffffff);
	msrs[VMX_MSR_EPT_VPID] = 0x00000f0106734141ull;
	msrs[VMX_MSR_TRUE_PIN] = CONTROL_MSR(0x16, 0xff);
	msrs[VMX_MSR_TRUE_PROC] = CONTROL_MSR(0x04006172, 0xfff9fffe);
	msrs[VMX_MSR_TRUE_EXIT] = CONTROL_MSR(0x00036dfb, 0x03ffffff);
	msrs[VMX_MSR_TRUE_ENTRY] = CONTROL_MSR(0x000011fb, 0x0007ffff);
	msrs[VMX_MSR_VMFUNC] = 1;
}

static inline u64 fake_read(void *ctx, u32 field)
{
	const struct fake_vmcs *v = ctx;

	return field < ARRAY_SIZE(v->fields) ? v->fields[field] : 0;
}

static inline void fake_segment(struct fake_vmcs *v, enum ward_seg seg,
				u64 selector, u64 base, u64 limit, u64 rights)
{
	v->fields[GUEST_ES_SELECTOR + 2 * seg] = selector;
	v->fields[GUEST_ES_BASE + 2 * seg] = base;
	v->fields[GUEST_ES_LIMIT + 2 * seg] = limit;
	v->fields[GUEST_ES_AR_BYTES + 2 * seg] = rights;
}

static inline void fake_data(struct fake_vmcs *v, u64 selector, u64 base,
			     u64 limit, u64 rights)
{
	static const enum ward_seg data[] = {
		WARD_ES, WARD_SS, WARD_DS, WARD_FS, WARD_GS,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(data); i++)
		fake_segment(v, data[i], selector, base, limit, rights);
}

static inline void fake_controls(struct fake_vmcs *v)
{
	struct vmcs_controls c = { 0 };
	const char *missing;
	u64 *f = v->fields;

	vmcs_negotiate(v->msrs, &c, &missing);
	f[PIN_BASED_VM_EXEC_CONTROL] = c.pin;
	f[CPU_BASED_VM_EXEC_CONTROL] = c.proc;
	f[SECONDARY_VM_EXEC_CONTROL] = c.proc2;
	f[VM_EXIT_CONTROLS] = c.exit;
	f[VM_ENTRY_CONTROLS] = c.entry;
	f[MSR_BITMAP] = 0x1000;
	f[VIRTUAL_PROCESSOR_ID] = 1;
	f[EPT_POINTER] = 0x2000 | 3 << 3 | 6;
	f[VMCS_LINK_POINTER] = ~0ull;
}

static inline void fake_host(struct fake_vmcs *v)
{
	u64 *f = v->fields;

	f[HOST_CR0] = 0x80050033;
	f[HOST_CR3] = 0x3000;
	f[HOST_CR4] = 0x3626f0;
	f[HOST_IA32_PAT] = 0x0407050600070106;
	f[HOST_IA32_EFER] = 0xd01;
	f[HOST_CS_SELECTOR] = 0x10;
	f[HOST_SS_SELECTOR] = 0x18;
	f[HOST_TR_SELECTOR] = 0x40;
	f[HOST_GS_BASE] = 0xffff888000000000;
	f[HOST_TR_BASE] = 0xfffffe0000003000;
	f[HOST_GDTR_BASE] = 0xfffffe0000001000;
	f[HOST_IDTR_BASE] = 0xfffffe0000000000;
	f[HOST_IA32_SYSENTER_CS] = 0x10;
	f[HOST_IA32_SYSENTER_ESP] = 0xfffffe0000002200;
	f[HOST_IA32_SYSENTER_EIP] = 0xffffffff81000000;
	f[HOST_RSP] = 0xffffc90000000000;
	f[HOST_RIP] = 0xffffffffa0000000;
}

static inline void fake_protected(struct fake_vmcs *v)
{
	u64 *f = v->fields;

	f[GUEST_CR0] = 0x80050033;
	f[GUEST_CR4] = 0x20a0;
	f[GUEST_PDPTR0] = 0x5001;
	fake_segment(v, WARD_CS, 0x10, 0, 0xffffffff, 0xc09b);
	fake_data(v, 0x18, 0, 0xffffffff, 0xc093);
	fake_segment(v, WARD_TR, 0x40, 0x4000, 0x67, 0x8b);
}

static inline void fake_vmcs(struct fake_vmcs *v, enum fake_guest guest)
{
	u64 *f = v->fields;

	memset(v, 0, sizeof(*v));
	fake_cpu(v->msrs);
	fake_controls(v);
	fake_host(v);

	f[GUEST_CR3] = 0x4000;
	f[GUEST_DR7] = 0x400;
	f[GUEST_IA32_PAT] = 0x0007040600070406;
	f[GUEST_RIP] = 0x100000;
	f[GUEST_RFLAGS] = 2;
	f[GUEST_GDTR_LIMIT] = 0xffff;
	f[GUEST_IDTR_LIMIT] = 0xffff;
	fake_segment(v, WARD_LDTR, 0x30, 0x8000, 0xffff, 0x82);

	switch (guest) {
	case LONG_MODE:
		fake_protected(v);
		f[VM_ENTRY_CONTROLS] |= VM_ENTRY_IA32E_MODE;
		f[GUEST_IA32_EFER] = 0xd01;
		f[GUEST_RIP] = 0xffffffff81000000;
		fake_segment(v, WARD_CS, 0x10, 0, 0xffffffff, 0xa09b);
		break;
	case PROTECTED_MODE:
		fake_protected(v);
		break;
	case REAL_MODE:
		f[GUEST_CR0] = 0x60000030;
		f[GUEST_CR3] = 0;
		f[GUEST_CR4] = 0x2000;
		f[GUEST_RIP] = 0xfff0;
		fake_segment(v, WARD_CS, 0xf000, 0xffff0000, 0xffff, 0x9b);
		fake_data(v, 0, 0, 0xffff, 0x93);
		fake_segment(v, WARD_TR, 0, 0, 0xffff, 0x8b);
		break;
	case V86_MODE:
		fake_protected(v);
		f[GUEST_RFLAGS] |= X86_EFLAGS_VM;
		f[GUEST_RIP] = 0x7c00;
		fake_segment(v, WARD_CS, 0x1000, 0x10000, 0xffff, 0xf3);
		fake_data(v, 0x2000, 0x20000, 0xffff, 0xf3);
		break;
	}
}

#endif
