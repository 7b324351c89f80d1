// SPDX-License-Identifier: GPL-2.0-only
/*
 * state.c - registers by id, for user space: a table of classes, each with a
 * way to check, to read and to write.
 *
 * Checks are for one value alone; whether values fit together is the CPU's
 * to say at the next entry (and explain.c's to explain).
 */
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <asm/processor.h>
#include <asm/vmx.h>
#include "vmcs/dump.h"
#include "vmx/exit.h"
#include "vmx/root.h"

/* May wait for a CPU that is in root operation. Return: 0 or -EIO. */
static int load_somewhere(struct vmx_vcpu *v)
{
	while (vmx_vcpu_load(v)) {
		if (vmx_root_stopped() || fatal_signal_pending(current))
			return -EIO;
		cond_resched();
	}
	vmx_cache_fill(v);
	return 0;
}

static bool canonical(u64 gva)
{
	return (u64)((s64)(gva << 16) >> 16) == gva;
}

/* ---- classes ---- */

struct reg_class {
	bool (*known)(u32 index);
	bool (*valid)(struct vmx_vcpu *v, u32 index, u64 value);
	u64 (*read)(struct vmx_vcpu *v, u32 index);
	void (*write)(struct vmx_vcpu *v, u32 index, u64 value);
};

static bool gpr_known(u32 index)
{
	return index < WARD_GPR_COUNT;
}

static bool gpr_valid(struct vmx_vcpu *v, u32 index, u64 value)
{
	/* RFLAGS: the reserved bits as the architecture fixes them. */
	return index != WARD_RFLAGS || (value & ~0x3f7fd5ull) == 2;
}

static u64 gpr_read(struct vmx_vcpu *v, u32 index)
{
	if (index == WARD_RIP)
		return vmx_rip(v);
	if (index == WARD_RFLAGS)
		return vmx_rflags(v);
	return v->regs.gpr[index];
}

static void gpr_write(struct vmx_vcpu *v, u32 index, u64 value)
{
	if (index == WARD_RIP) {
		vmx_set_rip(v, value);
		/* Set afresh after a triple fault, it may run again. */
		v->triple_fault = false;
		v->shutdown = false;
	} else if (index == WARD_RFLAGS) {
		v->rflags = value;
		vmx_set_cached(v, VMX_CACHE_RFLAGS);
	} else {
		v->regs.gpr[index] = value;
		if (index == WARD_RSP)
			vmx_set_cached(v, VMX_CACHE_RSP);
	}
}

static bool cr_known(u32 index)
{
	return index == 0 || index == 2 || index == 3 || index == 4 || index == 8;
}

static bool cr_valid(struct vmx_vcpu *v, u32 index, u64 value)
{
	switch (index) {
	case 0:
		return !(value & ~0xe005003full) &&
		       !((value & X86_CR0_PG) && !(value & X86_CR0_PE)) &&
		       !((value & X86_CR0_NW) && !(value & X86_CR0_CD));
	case 3:
		return !(value >> vmx_cpuid_phys_bits(v->vm->cpuid));
	case 4:
		return vmx_cr4_valid(v, value);
	case 8:
		return value < 16;
	default:
		return true;
	}
}

static u64 cr_read(struct vmx_vcpu *v, u32 index)
{
	switch (index) {
	case 0:
		return vmx_cr0(v);
	case 2:
		return v->cr2;
	case 3:
		return vmcs_read_natural(GUEST_CR3);
	case 4:
		return vmx_cr4(v);
	default:
		return vmx_cr8(v);
	}
}

static void cr_write(struct vmx_vcpu *v, u32 index, u64 value)
{
	v->pdptes_stale = true;
	switch (index) {
	case 0:
		vmx_set_cr0(v, value | X86_CR0_ET);
		break;
	case 2:
		v->cr2 = value;
		break;
	case 3:
		vmcs_write_natural(GUEST_CR3, value);
		break;
	case 4:
		vmx_set_cr4(v, value);
		break;
	case 8:
		vmx_set_cr8(v, value);
		break;
	}
}

static bool dr_known(u32 index)
{
	return index < 4 || index == 6 || index == 7;
}

static bool dr_valid(struct vmx_vcpu *v, u32 index, u64 value)
{
	return index < 4 || !(value >> 32);
}

static u64 dr_read(struct vmx_vcpu *v, u32 index)
{
	return index < 4 ? v->dr[index] : index == 6 ? v->dr6 : vmcs_read_natural(GUEST_DR7);
}

static void dr_write(struct vmx_vcpu *v, u32 index, u64 value)
{
	if (index < 4)
		v->dr[index] = value;
	else if (index == 6)
		v->dr6 = (value & 0xe00f) | 0xffff0ff0;
	else
		vmx_set_dr7(v, value);
}

static bool seg_known(u32 index)
{
	return index < WARD_SEG_COUNT * 4;
}

static bool seg_valid(struct vmx_vcpu *v, u32 index, u64 value)
{
	switch (index & 3) {
	case WARD_SEG_SELECTOR:
		return value <= 0xffff;
	case WARD_SEG_BASE:
		return canonical(value);
	case WARD_SEG_LIMIT:
		return !(value >> 32);
	default:
		return !(value & ~0x1f0ffull);
	}
}

static u64 seg_read(struct vmx_vcpu *v, u32 index)
{
	u32 seg = index / 4 * 2;

	switch (index & 3) {
	case WARD_SEG_SELECTOR:
		return vmcs_read16(GUEST_ES_SELECTOR + seg);
	case WARD_SEG_BASE:
		return vmcs_read_natural(GUEST_ES_BASE + seg);
	case WARD_SEG_LIMIT:
		return vmcs_read32(GUEST_ES_LIMIT + seg);
	default:
		return vmcs_read32(GUEST_ES_AR_BYTES + seg);
	}
}

static void seg_write(struct vmx_vcpu *v, u32 index, u64 value)
{
	u32 seg = index / 4 * 2;

	switch (index & 3) {
	case WARD_SEG_SELECTOR:
		vmcs_write16(GUEST_ES_SELECTOR + seg, value);
		break;
	case WARD_SEG_BASE:
		vmcs_write_natural(GUEST_ES_BASE + seg, value);
		break;
	case WARD_SEG_LIMIT:
		vmcs_write32(GUEST_ES_LIMIT + seg, value);
		break;
	default:
		vmcs_write32(GUEST_ES_AR_BYTES + seg, value);
		break;
	}
}

static bool table_known(u32 index)
{
	return index < 4;
}

static bool table_valid(struct vmx_vcpu *v, u32 index, u64 value)
{
	return index & 1 ? value <= 0xffff : canonical(value);
}

static u64 table_read(struct vmx_vcpu *v, u32 index)
{
	switch (index) {
	case 0:
		return vmcs_read_natural(GUEST_GDTR_BASE);
	case 1:
		return vmcs_read32(GUEST_GDTR_LIMIT);
	case 2:
		return vmcs_read_natural(GUEST_IDTR_BASE);
	default:
		return vmcs_read32(GUEST_IDTR_LIMIT);
	}
}

static void table_write(struct vmx_vcpu *v, u32 index, u64 value)
{
	switch (index) {
	case 0:
		vmcs_write_natural(GUEST_GDTR_BASE, value);
		break;
	case 1:
		vmcs_write32(GUEST_GDTR_LIMIT, value);
		break;
	case 2:
		vmcs_write_natural(GUEST_IDTR_BASE, value);
		break;
	default:
		vmcs_write32(GUEST_IDTR_LIMIT, value);
		break;
	}
}

static bool state_known(u32 index)
{
	return index < WARD_STATE_COUNT;
}

/* Type 1 is reserved, type 7 pends a monitor trap. */
static bool event_type_known(u64 value)
{
	u32 type = (value & WARD_EVENT_TYPE) >> 8;

	return type != 1 && type != 7;
}

static bool state_valid(struct vmx_vcpu *v, u32 index, u64 value)
{
	switch (index) {
	case WARD_STATE_ACTIVITY:
		return value == WARD_ACTIVITY_RUNNING || value == WARD_ACTIVITY_HALTED ||
		       value == WARD_ACTIVITY_WAIT_SIPI;
	case WARD_STATE_BLOCKING:
		return !(value & ~(u64)(VMX_BLOCK_STI | VMX_BLOCK_MOV_SS | VMX_BLOCK_NMI)) &&
		       (value & 3) != 3;
	case WARD_STATE_PENDING_DEBUG:
		return !(value & ~0x500full);
	default:
		return !value || ((value & WARD_EVENT_VALID) && event_type_known(value) &&
		       !(value & ~(WARD_EVENT_VALID | WARD_EVENT_VECTOR | WARD_EVENT_TYPE |
				   WARD_EVENT_ERROR_CODE | 0xffffffff00000000ull)));
	}
}

static u64 event_value(u32 info, u32 error)
{
	return info & WARD_EVENT_ERROR_CODE ? info | (u64)error << 32 : info;
}

static u64 state_read(struct vmx_vcpu *v, u32 index)
{
	const struct vmx_events *ev = &v->events;

	switch (index) {
	case WARD_STATE_ACTIVITY:
		return v->activity;
	case WARD_STATE_BLOCKING:
		return vmx_blocking(v) & (VMX_BLOCK_STI | VMX_BLOCK_MOV_SS | VMX_BLOCK_NMI);
	case WARD_STATE_PENDING_DEBUG:
		return vmx_pending_debug(v);
	default:
		if (ev->exception)
			return event_value(ev->exception, ev->exception_error);
		return event_value(ev->redeliver, ev->redeliver_error);
	}
}

static void state_write(struct vmx_vcpu *v, u32 index, u64 value)
{
	switch (index) {
	case WARD_STATE_ACTIVITY:
		v->activity = value;
		break;
	case WARD_STATE_BLOCKING:
		vmx_set_blocking(v, value);
		break;
	case WARD_STATE_PENDING_DEBUG:
		v->skip_bs = false;
		vmcs_write_natural(GUEST_PENDING_DBG_EXCEPTIONS, value);
		break;
	default:
		v->events.exception = 0;
		v->events.redeliver = (u32)value;
		v->events.redeliver_error = value >> 32;
		break;
	}
}

static bool xcr_known(u32 index)
{
	return index == 0;
}

static bool xcr_valid(struct vmx_vcpu *v, u32 index, u64 value)
{
	return vmx_xcr0_valid(v, value);
}

static u64 xcr_read(struct vmx_vcpu *v, u32 index)
{
	return v->xcr0;
}

static void xcr_write(struct vmx_vcpu *v, u32 index, u64 value)
{
	v->xcr0 = value;
}

static const struct reg_class classes[] = {
	[WARD_REG_CLASS_GPR] = { gpr_known, gpr_valid, gpr_read, gpr_write },
	[WARD_REG_CLASS_CR] = { cr_known, cr_valid, cr_read, cr_write },
	[WARD_REG_CLASS_DR] = { dr_known, dr_valid, dr_read, dr_write },
	[WARD_REG_CLASS_SEG] = { seg_known, seg_valid, seg_read, seg_write },
	[WARD_REG_CLASS_TABLE] = { table_known, table_valid, table_read, table_write },
	[WARD_REG_CLASS_STATE] = { state_known, state_valid, state_read, state_write },
	[WARD_REG_CLASS_XCR] = { xcr_known, xcr_valid, xcr_read, xcr_write },
};

static const struct reg_class *find_class(u64 id)
{
	u32 class = id >> 32;

	if (class >= ARRAY_SIZE(classes) || !classes[class].known || !classes[class].known(id))
		return NULL;
	return &classes[class];
}

/* ---- the calls ---- */

#define IS_MSR(id)	((u32)((id) >> 32) == WARD_REG_CLASS_MSR)

int vmx_vcpu_get_reg(struct vmx_vcpu *v, u64 id, u64 *value)
{
	const struct reg_class *class = find_class(id);
	int err;

	if (!class && !IS_MSR(id))
		return -ENOENT;
	err = load_somewhere(v);
	if (err)
		return err;
	if (IS_MSR(id))
		err = vmx_msr_read(v, id, value) ? -ENOENT : 0;
	else
		*value = class->read(v, id);
	vmx_vcpu_put(v);
	return err;
}

int vmx_vcpu_check_reg(struct vmx_vcpu *v, u64 id, u64 value)
{
	const struct reg_class *class = find_class(id);
	u64 old;

	if (IS_MSR(id)) {
		int err = vmx_vcpu_get_reg(v, id, &old);

		return err ? err : vmx_msr_check(v, id, value);
	}
	if (!class)
		return -ENOENT;
	return class->valid(v, id, value) ? 0 : -EINVAL;
}

void vmx_vcpu_set_reg(struct vmx_vcpu *v, u64 id, u64 value)
{
	const struct reg_class *class = find_class(id);
	u8 vector;

	if ((!class && !IS_MSR(id)) || load_somewhere(v))
		return;
	if (IS_MSR(id) && (u32)id == MSR_EFER)
		/* User space sets LMA too; that it fits CR0 is the entry's to say. */
		vmx_set_efer(v, value);
	else if (IS_MSR(id))
		vmx_msr_write(v, id, value, &vector);
	else
		class->write(v, id, value);
	vmx_cache_flush(v);
	vmx_flush_guest_tlb(v);
	vmx_vcpu_put(v);
}

/* ---- vector state ---- */

/* The kernel's own reading of the CPU's MXCSR_MASK; no header declares it. */
extern unsigned int mxcsr_feature_mask;

void vmx_vcpu_get_xsave(struct vmx_vcpu *v, void *area)
{
	memcpy(area, v->xsave, vmx_xsave_bytes());
}

int vmx_vcpu_set_xsave(struct vmx_vcpu *v, const void *area)
{
	const u64 *header = area + 512;
	u32 mxcsr = *(const u32 *)(area + 24);
	int i;

	/* What XRSTOR would fault on must not get here. */
	if (mxcsr & ~mxcsr_feature_mask)
		return -EINVAL;
	if (header[0] & ~vmx_guest_xcr0_supported())
		return -EINVAL;
	for (i = 1; i < 8; i++)
		if (header[i])
			return -EINVAL;
	memcpy(v->xsave, area, vmx_xsave_bytes());
	return 0;
}

/* ---- dump ---- */

static u64 read_field(void *ctx, u32 field)
{
	return vmcs_read_any(field);
}

size_t vmx_vcpu_dump(struct vmx_vcpu *v, char *text, size_t bytes)
{
	size_t n = 0;

	/* snprintf() says what is needed, whatever there is room for. */
	if (load_somewhere(v))
		return snprintf(text, bytes, "VMX was taken away from the CPU\n");
	if (v->fail_why[0])
		n = snprintf(text, bytes, "last failed entry: %s\n", v->fail_why);
	n += vmcs_dump(read_field, NULL, vmx_cap_msrs, boot_cpu_data.x86_phys_bits,
		       n < bytes ? text + n : NULL, n < bytes ? bytes - n : 0);
	vmx_vcpu_put(v);
	return n;
}
