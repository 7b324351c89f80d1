// SPDX-License-Identifier: GPL-2.0-only
/*
 * record.c - exit records: what the run page says when WARD_RUN returns, and
 * what it brings back with the next WARD_RUN.
 *
 * The run page is written here and read only in vmx_vcpu_begin(), each field
 * once: user space can change it at any moment. WARD_RUN's caller of that reads
 * the request.
 */
#include <linux/string.h>
#include "vmcs/explain.h"
#include "vmx/exit.h"
#include "vmx/root.h"

void vmx_record(struct vmx_vcpu *v, enum ward_exit kind)
{
	struct ward_run *run = v->run;

	run->exit = kind;
	run->vendor = WARD_VENDOR_VMX;
	memset(run->reserved_exit, 0, sizeof(run->reserved_exit));
	run->insn_bytes = 0;
}

static void record_raw(struct vmx_vcpu *v)
{
	v->run->raw.vmx = (struct ward_raw_vmx){
		.reason = v->exit_reason,
		.instruction_bytes = vmcs_read32(VM_EXIT_INSTRUCTION_LEN),
		.qualification = vmcs_read_natural(EXIT_QUALIFICATION),
		.interruption_info = vmcs_read32(VM_EXIT_INTR_INFO),
		.interruption_error = vmcs_read32(VM_EXIT_INTR_ERROR_CODE),
		.vectoring_info = vmcs_read32(IDT_VECTORING_INFO_FIELD),
		.vectoring_error = vmcs_read32(IDT_VECTORING_ERROR_CODE),
		.instruction_info = vmcs_read32(VMX_INSTRUCTION_INFO),
		.gpa = vmcs_read64(GUEST_PHYSICAL_ADDRESS),
		.gva = vmcs_read_natural(GUEST_LINEAR_ADDRESS),
	};
}

int vmx_record_eoi(struct vmx_vcpu *v, u8 vector)
{
	vmx_record(v, WARD_EXIT_EOI);
	v->run->eoi.vector = vector;
	return VMX_RUN_USER;
}

static u64 read_field(void *ctx, u32 field)
{
	return vmcs_read_any(field);
}

/* As if the entry injected nothing */
static u64 read_field_but_event(void *ctx, u32 field)
{
	return field == VM_ENTRY_INTR_INFO_FIELD ? 0 : vmcs_read_any(field);
}

static size_t explain(u64 (*read)(void *ctx, u32 field), struct vmcs_broken_rule *rule)
{
	return vmcs_explain_entry(read, NULL, vmx_cap_msrs, boot_cpu_data.x86_phys_bits,
				  rule, 1);
}

/*
 * What was to be injected has not been. It waits for the next entry, unless it
 * is what breaks a rule: the guest's state may be mended, an event that cannot
 * be injected stays one.
 */
static void keep_event(struct vmx_vcpu *v, bool broken)
{
	struct vmcs_broken_rule rule;

	if (v->injected.info && (!broken || explain(read_field_but_event, &rule)))
		vmx_events_put_back(&v->events, &v->injected);
}

int vmx_record_fail_entry(struct vmx_vcpu *v, int rc)
{
	struct ward_exit_fail_entry fail = {};
	struct vmcs_broken_rule rule;
	size_t broken;

	if (rc) {
		fail.stage = 1;
		fail.code = vmcs_read32(VM_INSTRUCTION_ERROR);
	} else {
		fail.stage = (v->exit_reason & 0xffff) == EXIT_REASON_MSR_LOAD_FAIL ? 3 : 2;
		fail.code = vmcs_read_natural(EXIT_QUALIFICATION);
	}
	broken = explain(read_field, &rule);
	if (broken)
		vmcs_broken_rule_text(&rule, fail.why, sizeof(fail.why));
	else if (rc)
		strscpy(fail.why, vmcs_instruction_error(fail.code), sizeof(fail.why));
	else
		strscpy(fail.why,
			"the CPU refused the guest's state; no rule known to Ward is broken",
			sizeof(fail.why));
	memcpy(v->fail_why, fail.why, sizeof(v->fail_why));
	keep_event(v, broken);
	v->entry_failed = true;

	vmx_record(v, WARD_EXIT_FAIL_ENTRY);
	v->run->fail_entry = fail;
	return VMX_RUN_USER;
}

void vmx_context_fill(struct vmx_vcpu *v)
{
	struct vmx_context *c = &v->context;
	u32 rights = vmcs_read32(GUEST_CS_AR_BYTES);
	int i;

	c->cr0 = vmx_cr0(v);
	c->cr3 = vmcs_read_natural(GUEST_CR3);
	c->cr4 = vmx_cr4(v);
	for (i = 0; i < 6; i++)
		c->seg_base[i] = vmcs_read_natural(GUEST_ES_BASE + i * 2);
	c->cpl = vmcs_read32(GUEST_SS_AR_BYTES) >> 5 & 3;
	if (vmx_long_mode(v) && (rights & (1u << 13)))
		c->code_bits = 64;
	else
		c->code_bits = rights & (1u << 14) ? 32 : 16;
	c->interruptible = vmx_interrupts_open(vmx_rflags(v) & X86_EFLAGS_IF, vmx_blocking(v));
	record_raw(v);
}

void vmx_record_publish(struct vmx_vcpu *v)
{
	const struct vmx_context *c = &v->context;
	struct ward_run *run = v->run;
	int i;

	for (i = 0; i < 16; i++)
		run->gprs[i] = v->regs.gpr[i];
	run->gprs[WARD_RIP] = v->rip;
	run->gprs[WARD_RFLAGS] = v->rflags;
	run->cr0 = c->cr0;
	run->cr2 = v->cr2;
	run->cr3 = c->cr3;
	run->cr4 = c->cr4;
	run->cr8 = vmx_cr8(v);
	run->efer = v->efer;
	for (i = 0; i < 6; i++)
		run->seg_base[i] = c->seg_base[i];
	run->cpl = c->cpl;
	run->code_bits = c->code_bits;
	run->interruptible = c->interruptible;
}

/* ---- back from user space ---- */

static void complete_exit(struct vmx_vcpu *v)
{
	struct ward_run *run = v->run;
	enum vmx_completion what = v->completion;
	bool long_cs = v->context.code_bits == 64;
	u64 data;

	v->completion = VMX_COMPLETE_NOTHING;
	switch (what) {
	case VMX_COMPLETE_NOTHING:
		return;
	case VMX_COMPLETE_IN:
		data = READ_ONCE(run->io.data);
		v->mmio.reg = WARD_RAX;
		v->mmio.reg_bytes = v->mmio.bytes;
		v->mmio.high_byte = false;
		v->mmio.sign_extend = false;
		vmx_complete_read(v, &v->mmio, data);
		vmx_skip_bytes(v, v->insn_len, long_cs);
		return;
	case VMX_COMPLETE_MMIO_READ:
		vmx_complete_read(v, &v->mmio, READ_ONCE(run->mmio.data));
		vmx_skip_bytes(v, v->mmio.length, long_cs);
		return;
	case VMX_COMPLETE_RDMSR:
	case VMX_COMPLETE_WRMSR:
		if (READ_ONCE(run->msr.fault)) {
			vmx_queue_gp(v);
			return;
		}
		if (what == VMX_COMPLETE_RDMSR) {
			data = READ_ONCE(run->msr.data);
			v->regs.gpr[WARD_RAX] = (u32)data;
			v->regs.gpr[WARD_RDX] = data >> 32;
		}
		vmx_skip_bytes(v, v->insn_len, long_cs);
		return;
	}
}

int vmx_vcpu_begin(struct vmx_vcpu *v, u32 request)
{
	struct ward_run *run = v->run;
	u32 commit = READ_ONCE(run->commit);
	int i;

	if ((request & ~(WARD_RUN_IMMEDIATE | WARD_RUN_NOTIFY_WINDOW)) ||
	    (commit & ~(WARD_COMMIT_GPRS | WARD_COMMIT_RIP | WARD_COMMIT_RFLAGS |
			WARD_COMMIT_SKIP)))
		return -EINVAL;
	if (v->shutdown)
		return -EIO;

	if (commit & WARD_COMMIT_GPRS) {
		for (i = 0; i < 16; i++)
			v->regs.gpr[i] = READ_ONCE(run->gprs[i]);
		vmx_set_cached(v, VMX_CACHE_RSP);
	}
	if (commit & WARD_COMMIT_RIP)
		vmx_set_rip(v, READ_ONCE(run->gprs[WARD_RIP]));
	if (commit & WARD_COMMIT_RFLAGS) {
		v->rflags = (READ_ONCE(run->gprs[WARD_RFLAGS]) & 0x3f7fd7) | 2;
		vmx_set_cached(v, VMX_CACHE_RFLAGS);
	}
	if (commit & WARD_COMMIT_SKIP)
		vmx_skip_bytes(v, min_t(u32, READ_ONCE(run->insn_bytes), 15),
			       v->context.code_bits == 64);
	WRITE_ONCE(run->commit, 0);
	/* Zeroed before anything else can end this WARD_RUN early. */
	WRITE_ONCE(run->exit, WARD_EXIT_NONE);
	complete_exit(v);

	v->notify_window = request & WARD_RUN_NOTIFY_WINDOW;
	return 0;
}
