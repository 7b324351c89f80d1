// SPDX-License-Identifier: GPL-2.0-only
/*
 * exit_msr.c - RDMSR and WRMSR: a table of ranges, a pair of functions each.
 *
 * What the bitmap lets pass (segment bases, system-call MSRs) is here too,
 * for reading and writing registers from user space. An MSR whose feature
 * CPUID does not list is #GP at once; one nobody here knows goes to user
 * space (WARD_EXIT_MSR), which usually answers #GP.
 */
#include <asm/msr-index.h>
#include <asm/msr.h>
#include <asm/processor.h>
#include "vmx/exit.h"

/*
 * @valid: could the value be written at all? NULL: any can. @write may still
 * refuse it for the state the vCPU is in.
 */
struct msr_row {
	u32 first, last;
	int (*read)(struct vmx_vcpu *v, u32 index, u64 *value);
	int (*write)(struct vmx_vcpu *v, u32 index, u64 value);
	bool (*valid)(struct vmx_vcpu *v, u32 index, u64 value);
};

/* ---- small behaviours ---- */

static int read_zero(struct vmx_vcpu *v, u32 index, u64 *value)
{
	*value = 0;
	return 0;
}

static int write_ignored(struct vmx_vcpu *v, u32 index, u64 value)
{
	return 0;
}

static int read_fault(struct vmx_vcpu *v, u32 index, u64 *value)
{
	return -EINVAL;
}

static bool never(struct vmx_vcpu *v, u32 index, u64 value)
{
	return false;
}

static bool zero_only(struct vmx_vcpu *v, u32 index, u64 value)
{
	return !value;
}

static bool canonical(u64 gva)
{
	return (u64)((s64)(gva << 16) >> 16) == gva;
}

/* ---- time ---- */

static int read_tsc(struct vmx_vcpu *v, u32 index, u64 *value)
{
	*value = vmx_guest_tsc(v, rdtsc());
	return 0;
}

static void set_tsc_adjust(struct vmx_vcpu *v, s64 adjust)
{
	v->tsc_adjust = adjust;
	if (v->vm->flags & WARD_VM_LAPIC)
		vmx_lapic_tsc_changed(&v->lapic);
}

/* SDM: writing the TSC moves TSC_ADJUST by the same amount. */
static int write_tsc(struct vmx_vcpu *v, u32 index, u64 value)
{
	set_tsc_adjust(v, v->tsc_adjust + (s64)(value - vmx_guest_tsc(v, rdtsc())));
	return 0;
}

static int read_tsc_adjust(struct vmx_vcpu *v, u32 index, u64 *value)
{
	*value = v->tsc_adjust;
	return 0;
}

static int write_tsc_adjust(struct vmx_vcpu *v, u32 index, u64 value)
{
	set_tsc_adjust(v, value);
	return 0;
}

static int read_deadline(struct vmx_vcpu *v, u32 index, u64 *value)
{
	if (!(v->vm->flags & WARD_VM_LAPIC))
		return -EINVAL;
	*value = vmx_lapic_get_deadline(&v->lapic);
	return 0;
}

static int write_deadline(struct vmx_vcpu *v, u32 index, u64 value)
{
	if (!(v->vm->flags & WARD_VM_LAPIC))
		return -EINVAL;
	vmx_lapic_set_deadline(&v->lapic, value);
	return 0;
}

/* ---- local APIC ---- */

static int read_apic_base(struct vmx_vcpu *v, u32 index, u64 *value)
{
	if (!(v->vm->flags & WARD_VM_LAPIC))
		return -EINVAL;
	*value = vmx_lapic_get_base(&v->lapic);
	return 0;
}

static bool apic_base_valid(struct vmx_vcpu *v, u32 index, u64 value)
{
	return (value & ~0xd00ull) == VMX_LAPIC_DEFAULT_BASE && (value & 0xc00) != 0x400;
}

static int write_apic_base(struct vmx_vcpu *v, u32 index, u64 value)
{
	if (!(v->vm->flags & WARD_VM_LAPIC))
		return -EINVAL;
	return vmx_lapic_set_base(&v->lapic, value);
}

/* ---- identity and configuration ---- */

static int read_ucode(struct vmx_vcpu *v, u32 index, u64 *value)
{
	*value = (u64)boot_cpu_data.microcode << 32;
	return 0;
}

static int read_misc_enable(struct vmx_vcpu *v, u32 index, u64 *value)
{
	/* Branch trace storage and PEBS: not there. */
	*value = v->misc_enable | MSR_IA32_MISC_ENABLE_BTS_UNAVAIL |
		 MSR_IA32_MISC_ENABLE_PEBS_UNAVAIL;
	return 0;
}

static int write_misc_enable(struct vmx_vcpu *v, u32 index, u64 value)
{
	v->misc_enable = value;
	return 0;
}

static int read_mcg_status(struct vmx_vcpu *v, u32 index, u64 *value)
{
	*value = v->mcg_status;
	return 0;
}

static bool mcg_status_valid(struct vmx_vcpu *v, u32 index, u64 value)
{
	return !(value & ~7ull);
}

static int write_mcg_status(struct vmx_vcpu *v, u32 index, u64 value)
{
	v->mcg_status = value;
	return 0;
}

static int read_debugctl(struct vmx_vcpu *v, u32 index, u64 *value)
{
	*value = vmcs_read64(GUEST_IA32_DEBUGCTL);
	return 0;
}

/* LBRs would need their MSRs switched, BTS and PT are not offered. */
static bool debugctl_valid(struct vmx_vcpu *v, u32 index, u64 value)
{
	return !(value & ~(u64)DEBUGCTLMSR_BTF);
}

static int write_debugctl(struct vmx_vcpu *v, u32 index, u64 value)
{
	vmcs_write64(GUEST_IA32_DEBUGCTL, value);
	return 0;
}

static int read_efer(struct vmx_vcpu *v, u32 index, u64 *value)
{
	*value = v->efer;
	return 0;
}

static bool efer_valid(struct vmx_vcpu *v, u32 index, u64 value)
{
	return vmx_efer_valid(v, value);
}

static int write_efer(struct vmx_vcpu *v, u32 index, u64 value)
{
	/* LME cannot change under paging; LMA is the processor's. */
	if (((value ^ v->efer) & EFER_LME) && (vmx_cr0(v) & X86_CR0_PG))
		return -EINVAL;
	value = (value & ~(u64)EFER_LMA) | (v->efer & EFER_LMA);
	if ((value ^ v->efer) & EFER_NX)
		vmx_flush_guest_tlb(v);
	vmx_set_efer(v, value);
	return 0;
}

static int read_xss(struct vmx_vcpu *v, u32 index, u64 *value)
{
	*value = 0;
	return vmx_cpuid_has(v->vm->cpuid, 0xd, 1, 0, 3) ? 0 : -EINVAL;
}

static int write_xss(struct vmx_vcpu *v, u32 index, u64 value)
{
	return vmx_cpuid_has(v->vm->cpuid, 0xd, 1, 0, 3) ? 0 : -EINVAL;
}

/* ---- memory types: stored, so that an OS finds what it wrote ---- */

static bool memory_type_valid(u8 type)
{
	return type < 7 && type != 2 && type != 3;
}

static bool memory_types_valid(u64 value, bool pat)
{
	int i;

	for (i = 0; i < 8; i++, value >>= 8) {
		if (pat && (u8)value == 7)
			continue;
		if (!memory_type_valid(value))
			return false;
	}
	return true;
}

static int read_pat(struct vmx_vcpu *v, u32 index, u64 *value)
{
	*value = vmcs_read64(GUEST_IA32_PAT);
	return 0;
}

static bool pat_valid(struct vmx_vcpu *v, u32 index, u64 value)
{
	return memory_types_valid(value, true);
}

static int write_pat(struct vmx_vcpu *v, u32 index, u64 value)
{
	vmcs_write64(GUEST_IA32_PAT, value);
	vmx_flush_guest_tlb(v);
	return 0;
}

#define MTRR_VARIABLE		8	/* pairs */

static int read_mtrr_cap(struct vmx_vcpu *v, u32 index, u64 *value)
{
	*value = MTRR_VARIABLE | 1 << 8 | 1 << 10;	/* fixed ranges, WC */
	return 0;
}

/* 16 variable registers, then the fixed ones. */
static int mtrr_slot(u32 index)
{
	if (index >= 0x200 && index < 0x200 + 2 * MTRR_VARIABLE)
		return index - 0x200;
	switch (index) {
	case 0x250:
		return 16;
	case 0x258: case 0x259:
		return 17 + index - 0x258;
	case 0x268 ... 0x26f:
		return 19 + index - 0x268;
	default:
		return -1;
	}
}

static int read_mtrr(struct vmx_vcpu *v, u32 index, u64 *value)
{
	int slot = mtrr_slot(index);

	if (slot < 0)
		return -EINVAL;
	*value = v->mtrr[slot];
	return 0;
}

static bool mtrr_valid(struct vmx_vcpu *v, u32 index, u64 value)
{
	u64 width = ~((1ull << vmx_cpuid_phys_bits(v->vm->cpuid)) - 1);
	int slot = mtrr_slot(index);

	if (slot < 0)
		return false;
	if (slot >= 16)
		return memory_types_valid(value, false);
	if (slot & 1)
		return !(value & (width | 0x7ff));
	return !(value & (width | 0xf00)) && memory_type_valid(value);
}

static int write_mtrr(struct vmx_vcpu *v, u32 index, u64 value)
{
	v->mtrr[mtrr_slot(index)] = value;
	return 0;
}

static int read_mtrr_def(struct vmx_vcpu *v, u32 index, u64 *value)
{
	*value = v->mtrr_def_type;
	return 0;
}

static bool mtrr_def_valid(struct vmx_vcpu *v, u32 index, u64 value)
{
	return !(value & ~0xcffull) && memory_type_valid(value);
}

static int write_mtrr_def(struct vmx_vcpu *v, u32 index, u64 value)
{
	v->mtrr_def_type = value;
	return 0;
}

/* ---- what does not exit; for user space ---- */

static u64 *switched_msr(struct vmx_vcpu *v, u32 index)
{
	switch (index) {
	case MSR_STAR:
		return &v->msrs.star;
	case MSR_LSTAR:
		return &v->msrs.lstar;
	case MSR_CSTAR:
		return &v->msrs.cstar;
	case MSR_SYSCALL_MASK:
		return &v->msrs.fmask;
	case MSR_KERNEL_GS_BASE:
		return &v->msrs.kernel_gs_base;
	default:
		return &v->msrs.tsc_aux;
	}
}

static int read_switched(struct vmx_vcpu *v, u32 index, u64 *value)
{
	*value = *switched_msr(v, index);
	return 0;
}

/*
 * These are loaded into the CPU, so what WRMSR would refuse must not get
 * into the struct either.
 */
static bool switched_valid(struct vmx_vcpu *v, u32 index, u64 value)
{
	if (index == MSR_LSTAR || index == MSR_CSTAR || index == MSR_KERNEL_GS_BASE)
		return canonical(value);
	return index == MSR_STAR || !(value >> 32);
}

static int write_switched(struct vmx_vcpu *v, u32 index, u64 value)
{
	*switched_msr(v, index) = value;
	return 0;
}

static u32 natural_field(u32 index)
{
	switch (index) {
	case MSR_FS_BASE:
		return GUEST_FS_BASE;
	case MSR_GS_BASE:
		return GUEST_GS_BASE;
	case MSR_IA32_SYSENTER_ESP:
		return GUEST_SYSENTER_ESP;
	default:
		return GUEST_SYSENTER_EIP;
	}
}

static int read_base(struct vmx_vcpu *v, u32 index, u64 *value)
{
	*value = vmcs_read_natural(natural_field(index));
	return 0;
}

static bool base_valid(struct vmx_vcpu *v, u32 index, u64 value)
{
	return canonical(value);
}

static int write_base(struct vmx_vcpu *v, u32 index, u64 value)
{
	vmcs_write_natural(natural_field(index), value);
	return 0;
}

static int read_sysenter_cs(struct vmx_vcpu *v, u32 index, u64 *value)
{
	*value = vmcs_read32(GUEST_SYSENTER_CS);
	return 0;
}

static int write_sysenter_cs(struct vmx_vcpu *v, u32 index, u64 value)
{
	vmcs_write32(GUEST_SYSENTER_CS, value);
	return 0;
}

/* ---- the table, by number ---- */

static const struct msr_row msr_rows[] = {
	{ 0x10, 0x10, read_tsc, write_tsc },
	{ 0x17, 0x17, read_zero, write_ignored, never },			/* PLATFORM_ID */
	{ 0x1b, 0x1b, read_apic_base, write_apic_base, apic_base_valid },
	{ 0x3a, 0x3a, read_fault, write_ignored, never },		/* FEATURE_CONTROL */
	{ 0x3b, 0x3b, read_tsc_adjust, write_tsc_adjust },
	{ 0x48, 0x49, read_fault, write_ignored, never },		/* SPEC_CTRL, PRED_CMD */
	{ 0x79, 0x79, read_fault, write_ignored },		/* BIOS_UPDT_TRIG */
	{ 0x8b, 0x8b, read_ucode, write_ignored },
	{ 0xce, 0xce, read_zero, write_ignored, never },			/* PLATFORM_INFO */
	{ 0xfe, 0xfe, read_mtrr_cap, write_ignored, never },
	{ 0x10a, 0x10b, read_fault, write_ignored, never },	/* ARCH_CAPABILITIES, FLUSH_CMD */
	{ 0x140, 0x140, read_fault, write_ignored, never },		/* MISC_FEATURES_ENABLES */
	{ 0x174, 0x174, read_sysenter_cs, write_sysenter_cs },
	{ 0x175, 0x176, read_base, write_base, base_valid },
	{ 0x179, 0x179, read_zero, write_ignored, never },		/* MCG_CAP: no banks */
	{ 0x17a, 0x17a, read_mcg_status, write_mcg_status, mcg_status_valid },
	{ 0x1a0, 0x1a0, read_misc_enable, write_misc_enable },
	{ 0x1d9, 0x1d9, read_debugctl, write_debugctl, debugctl_valid },
	{ 0x200, 0x26f, read_mtrr, write_mtrr, mtrr_valid },
	{ 0x277, 0x277, read_pat, write_pat, pat_valid },
	{ 0x2ff, 0x2ff, read_mtrr_def, write_mtrr_def, mtrr_def_valid },
	{ 0x345, 0x345, read_fault, write_ignored, never },		/* PERF_CAPABILITIES */
	{ 0x480, 0x492, read_fault, write_ignored, never },		/* VMX */
	{ 0x6e0, 0x6e0, read_deadline, write_deadline },
	{ 0xda0, 0xda0, read_xss, write_xss, zero_only },
	{ 0xc0000080, 0xc0000080, read_efer, write_efer, efer_valid },
	{ 0xc0000081, 0xc0000084, read_switched, write_switched, switched_valid },
	{ 0xc0000100, 0xc0000101, read_base, write_base, base_valid },
	{ 0xc0000102, 0xc0000103, read_switched, write_switched, switched_valid },
};

static const struct msr_row *find_row(u32 index)
{
	int low = 0, high = ARRAY_SIZE(msr_rows) - 1;

	while (low <= high) {
		int mid = (low + high) / 2;

		if (index < msr_rows[mid].first)
			high = mid - 1;
		else if (index > msr_rows[mid].last)
			low = mid + 1;
		else
			return &msr_rows[mid];
	}
	return NULL;
}

static bool x2apic_msr(struct vmx_vcpu *v, u32 index)
{
	return index >= 0x800 && index <= 0x8ff && (v->vm->flags & WARD_VM_LAPIC);
}

int vmx_msr_read(struct vmx_vcpu *v, u32 index, u64 *value)
{
	const struct msr_row *row;

	if (x2apic_msr(v, index))
		return vmx_lapic_msr_read(&v->lapic, index, value);
	row = find_row(index);
	return row ? row->read(v, index, value) : -ENOENT;
}

int vmx_msr_write(struct vmx_vcpu *v, u32 index, u64 value, u8 *vector)
{
	const struct msr_row *row;

	if (x2apic_msr(v, index))
		return vmx_lapic_msr_write(&v->lapic, index, value, vector);
	row = find_row(index);
	if (!row)
		return -ENOENT;
	if (row->valid && !row->valid(v, index, value))
		return -EINVAL;
	return row->write(v, index, value);
}

int vmx_msr_check(struct vmx_vcpu *v, u32 index, u64 value)
{
	const struct msr_row *row = find_row(index);

	if (x2apic_msr(v, index))
		return vmx_lapic_msr_check(index, value);
	return row && row->valid && !row->valid(v, index, value) ? -EINVAL : 0;
}

/* ---- the exits ---- */

static int to_user(struct vmx_vcpu *v, u32 index, bool write, u64 data)
{
	vmx_record(v, WARD_EXIT_MSR);
	v->run->msr = (struct ward_exit_msr){ .index = index, .write = write, .data = data };
	v->insn_len = vmcs_read32(VM_EXIT_INSTRUCTION_LEN);
	v->completion = write ? VMX_COMPLETE_WRMSR : VMX_COMPLETE_RDMSR;
	return VMX_RUN_USER;
}

int vmx_exit_rdmsr(struct vmx_vcpu *v)
{
	u32 index = v->regs.gpr[WARD_RCX];
	u64 value;
	int err = vmx_msr_read(v, index, &value);

	if (err == -ENOENT)
		return to_user(v, index, false, 0);
	if (err) {
		vmx_queue_gp(v);
		return VMX_RESUME;
	}
	v->regs.gpr[WARD_RAX] = (u32)value;
	v->regs.gpr[WARD_RDX] = value >> 32;
	vmx_skip(v);
	return VMX_RESUME;
}

int vmx_exit_wrmsr(struct vmx_vcpu *v)
{
	u32 index = v->regs.gpr[WARD_RCX];
	u64 value = (u32)v->regs.gpr[WARD_RAX] | v->regs.gpr[WARD_RDX] << 32;
	u8 vector;
	int err = vmx_msr_write(v, index, value, &vector);

	if (err == -ENOENT)
		return to_user(v, index, true, value);
	if (err < 0) {
		vmx_queue_gp(v);
		return VMX_RESUME;
	}
	vmx_skip(v);
	return err == VMX_LAPIC_EOI_EXIT ? vmx_record_eoi(v, vector) : VMX_RESUME;
}
