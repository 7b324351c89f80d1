/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * explain.h - why did VM entry fail?
 *
 * The CPU only says that some control, host or guest field is wrong. This
 * repeats the checks of the Intel SDM, chapter "VM Entries", in their order,
 * over any source of fields (the current VMCS, a saved copy, a test), and
 * names each rule that does not hold.
 *
 * Pure: nothing here touches hardware or sleeps. Checks on the contents of
 * memory (PDPTEs without EPT, the virtual-APIC page, the revision of a
 * shadow VMCS, MSR areas) and on features that Ward never turns on
 * (processor trace, shadow stacks, SMM, shadow VMCS, sub-page permissions)
 * are left out, so an empty answer after a failed entry is possible.
 */
#ifndef WARD_VMCS_EXPLAIN_H
#define WARD_VMCS_EXPLAIN_H

#include <linux/types.h>

#include "vmx_capabilities.h"

/**
 * vmcs_read_fn - gives the value of one field
 * @ctx: the caller's
 * @field: number of the field, never the upper half of a 64-bit one
 *
 * Only fields that the CPU has under the controls in force are asked for:
 * reading others would overwrite the VM-instruction error.
 */
typedef u64 vmcs_read_fn(void *ctx, u32 field);

/**
 * struct vmcs_broken_rule - one rule that does not hold
 * @field: the field at fault, or the one that shows the conflict best
 * @value: what it holds
 * @rule: what must be, to follow the field's name and value: "must not be 0"
 * @section: where the SDM says so, by title
 *
 * All strings are constant.
 */
struct vmcs_broken_rule {
	u32 field;
	u64 value;
	const char *rule;
	const char *section;
};

/**
 * vmcs_explain_entry() - the entry checks that a VMCS does not pass
 * @read: source of the fields
 * @ctx: passed to @read
 * @msrs: capability MSRs of the CPU that would enter
 * @maxphyaddr: that CPU's physical-address width in bits
 * @out: receives the broken rules, in the order of the SDM
 * @capacity: length of @out; at most so many are written
 *
 * A failed entry has not changed the fields, so this may be called any time
 * later with the same VMCS. Where entry failed with a VM-instruction error,
 * read VM_INSTRUCTION_ERROR before this.
 * Context: what @read needs.
 * Return: the number of broken rules, which may exceed @capacity.
 */
size_t vmcs_explain_entry(vmcs_read_fn *read, void *ctx,
			  const u64 msrs[VMX_CAPABILITY_MSRS],
			  unsigned int maxphyaddr,
			  struct vmcs_broken_rule *out, size_t capacity);

/**
 * vmcs_broken_rule_text() - a broken rule as a sentence
 * @broken: the rule
 * @text: receives "guest CR0 0x80000030 must have PE set where PG is"
 * @bytes: its size; 112 is enough for every rule
 *
 * Return: length without the NUL, also where it did not fit.
 */
size_t vmcs_broken_rule_text(const struct vmcs_broken_rule *broken,
			     char *text, size_t bytes);

/**
 * vmcs_field_name() - what a person calls a field
 * @field: number of the field (enum vmcs_field)
 *
 * Return: "guest CR0"; "unknown field" where there is no such field.
 */
const char *vmcs_field_name(u32 field);

/**
 * vmcs_instruction_error() - the VM-instruction error field, as a sentence
 * @number: value of VM_INSTRUCTION_ERROR
 *
 * Return: never NULL.
 */
const char *vmcs_instruction_error(u32 number);

/**
 * vmcs_exit_reason_name() - what a person calls an exit reason
 * @basic_reason: bits 15:0 of VM_EXIT_REASON
 *
 * Return: "EPT violation"; "unknown exit reason" where there is none.
 */
const char *vmcs_exit_reason_name(u32 basic_reason);

#endif /* WARD_VMCS_EXPLAIN_H */
