// SPDX-License-Identifier: GPL-2.0-only
/*
 * explain.c - run the entry checks over a VMCS.
 *
 * The checks themselves are tables in the other explain_*.c; here is the walk
 * through them, in the order of the SDM.
 */
#include "vmcs/explain_rules.h"

static const struct entry_section * const sections_before_segments[] = {
	&vmcs_execution_section,
	&vmcs_exit_section,
	&vmcs_entry_section,
	&vmcs_host_register_section,
	&vmcs_host_segment_section,
	&vmcs_host_size_section,
	&vmcs_guest_register_section,
};

static const struct entry_section * const sections_after_segments[] = {
	&vmcs_guest_table_section,
	&vmcs_guest_rip_section,
	&vmcs_guest_activity_section,
	&vmcs_guest_pdpte_section,
};

void vmcs_rule_broken(struct entry_state *s, u32 field, u64 value,
		      const char *rule, const char *section)
{
	if (s->count < s->capacity) {
		s->out[s->count] = (struct vmcs_broken_rule) {
			.field = field,
			.value = value,
			.rule = rule,
			.section = section,
		};
	}
	s->count++;
}

static void explain_section(struct entry_state *s,
			    const struct entry_section *section)
{
	size_t i;

	for (i = 0; i < section->count; i++) {
		const struct entry_rule *rule = &section->rules[i];
		u64 value;

		if (!has(s, rule->when, rule->bits))
			continue;
		value = s->read(s->ctx, rule->field);
		if (rule->broken(s, value))
			vmcs_rule_broken(s, rule->field, value, rule->rule,
					 section->title);
	}
}

/* Values that many rules look at; all of these fields exist on every CPU. */
static void load_state(struct entry_state *s)
{
	unsigned int i;

	s->control[WHEN_PIN] = s->read(s->ctx, PIN_BASED_VM_EXEC_CONTROL);
	s->control[WHEN_PROC] = s->read(s->ctx, CPU_BASED_VM_EXEC_CONTROL);
	s->control[WHEN_EXIT] = s->read(s->ctx, VM_EXIT_CONTROLS);
	s->control[WHEN_ENTRY] = s->read(s->ctx, VM_ENTRY_CONTROLS);
	if (has(s, WHEN_PROC, CPU_BASED_ACTIVATE_SECONDARY_CONTROLS))
		s->control[WHEN_PROC2] =
			s->read(s->ctx, SECONDARY_VM_EXEC_CONTROL);

	s->cr0 = s->read(s->ctx, GUEST_CR0);
	s->cr4 = s->read(s->ctx, GUEST_CR4);
	s->rflags = s->read(s->ctx, GUEST_RFLAGS);
	s->event = s->read(s->ctx, VM_ENTRY_INTR_INFO_FIELD);
	s->blocking = s->read(s->ctx, GUEST_INTERRUPTIBILITY_INFO);
	s->activity = s->read(s->ctx, GUEST_ACTIVITY_STATE);

	for (i = 0; i < WARD_SEG_COUNT; i++) {
		struct entry_segment *g = &s->segments[i];

		g->selector = s->read(s->ctx, GUEST_ES_SELECTOR + 2 * i);
		g->base = s->read(s->ctx, GUEST_ES_BASE + 2 * i);
		g->limit = s->read(s->ctx, GUEST_ES_LIMIT + 2 * i);
		g->rights = s->read(s->ctx, GUEST_ES_AR_BYTES + 2 * i);
	}
}

size_t vmcs_explain_entry(vmcs_read_fn *read, void *ctx,
			  const u64 msrs[VMX_CAPABILITY_MSRS],
			  unsigned int maxphyaddr,
			  struct vmcs_broken_rule *out, size_t capacity)
{
	struct entry_state s = {
		.read = read,
		.ctx = ctx,
		.msrs = msrs,
		.maxphyaddr = maxphyaddr,
		/* The width that counts is the CPU's, not the guest's mode. */
		.linear_bits = vmcs_cr4_may_be_1(msrs) & X86_CR4_LA57 ? 57 : 48,
		.out = out,
		.capacity = capacity,
	};
	unsigned int i;

	load_state(&s);
	for (i = 0; i < ARRAY_SIZE(sections_before_segments); i++)
		explain_section(&s, sections_before_segments[i]);
	vmcs_explain_segments(&s);
	for (i = 0; i < ARRAY_SIZE(sections_after_segments); i++)
		explain_section(&s, sections_after_segments[i]);
	return s.count;
}

size_t vmcs_broken_rule_text(const struct vmcs_broken_rule *broken,
			     char *text, size_t bytes)
{
	return snprintf(text, bytes, "%s 0x%llx %s",
			vmcs_field_name(broken->field),
			(unsigned long long)broken->value, broken->rule);
}
