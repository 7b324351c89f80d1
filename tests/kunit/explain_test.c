// SPDX-License-Identifier: GPL-2.0-only
/*
 * explain_test.c - break each entry check on its own.
 *
 * Every row takes a VMCS that passes all checks and changes as little as it
 * takes to break one rule; exactly that rule must be reported. Of every rule in
 * the tables of vmcs/explain_*.c some row must be the breaker.
 */
#include <kunit/test.h>
#include <linux/string.h>

#include "explain_rows.h"
#include "fake_vmcs.h"
#include "vmcs/explain.h"

#define MAX_BROKEN	8

static struct fake_vmcs vmcs;

static u32 part_field(enum segment_part part, unsigned int seg)
{
	static const u32 base[] = {
		[PART_SELECTOR] = GUEST_ES_SELECTOR,
		[PART_BASE] = GUEST_ES_BASE,
		[PART_LIMIT] = GUEST_ES_LIMIT,
		[PART_RIGHTS] = GUEST_ES_AR_BYTES,
	};

	return base[part] + 2 * seg;
}

static void apply(const struct poke *pokes, unsigned int seg)
{
	unsigned int i;

	for (i = 0; i < MAX_POKES; i++) {
		const struct poke *p = &pokes[i];

		switch (p->op) {
		case POKE_NONE:
			break;
		case POKE_SET:
			vmcs.fields[p->where] = p->value;
			break;
		case POKE_ON:
			vmcs.fields[p->where] |= p->value;
			break;
		case POKE_OFF:
			vmcs.fields[p->where] &= ~p->value;
			break;
		case POKE_MSR_ON:
			vmcs.msrs[p->where] |= p->value;
			break;
		case POKE_MSR_OFF:
			vmcs.msrs[p->where] &= ~p->value;
			break;
		case POKE_SEG_SET:
			vmcs.fields[part_field(p->where, seg)] = p->value;
			break;
		case POKE_SEG_ON:
			vmcs.fields[part_field(p->where, seg)] |= p->value;
			break;
		case POKE_SEG_OFF:
			vmcs.fields[part_field(p->where, seg)] &= ~p->value;
			break;
		}
	}
}

static size_t explain(struct vmcs_broken_rule broken[MAX_BROKEN])
{
	memset(broken, 0, MAX_BROKEN * sizeof(*broken));
	return vmcs_explain_entry(fake_read, &vmcs, vmcs.msrs, FAKE_MAXPHYADDR, broken,
				  MAX_BROKEN);
}

/* Show what was reported, where that is not what was wanted. */
static void diagnose(struct kunit *test, const struct vmcs_broken_rule *broken, size_t count)
{
	char text[256];
	size_t i;

	for (i = 0; i < count && i < MAX_BROKEN; i++) {
		vmcs_broken_rule_text(&broken[i], text, sizeof(text));
		kunit_info(test, "%s", text);
	}
}

static void expect_one(struct kunit *test, u32 field, const char *rule)
{
	struct vmcs_broken_rule broken[MAX_BROKEN];
	size_t count = explain(broken);
	char text[112];

	if (count != 1 || broken[0].field != field || strcmp(broken[0].rule, rule)) {
		KUNIT_FAIL(test, "%zu rules are broken, not this one alone: %s %s", count,
			   vmcs_field_name(field), rule);
		diagnose(test, broken, count);
		return;
	}
	KUNIT_EXPECT_LT_MSG(test, vmcs_broken_rule_text(&broken[0], text, sizeof(text)),
			    sizeof(text), "too long: %s", text);
	KUNIT_EXPECT_NOT_NULL(test, broken[0].section);
	KUNIT_EXPECT_STRNEQ(test, vmcs_field_name(field), "unknown field");
}

static void row_name(const struct row *row, char *text)
{
	snprintf(text, KUNIT_PARAM_DESC_SIZE, "%s %s", vmcs_field_name(row->field), row->rule);
}

static void good_name(const struct row *row, char *text)
{
	strscpy(text, row->rule, KUNIT_PARAM_DESC_SIZE);
}

static void segment_row_name(const struct segment_row *row, char *text)
{
	static const char * const parts[] = {
		[PART_SELECTOR] = "selector",
		[PART_BASE] = "base",
		[PART_LIMIT] = "limit",
		[PART_RIGHTS] = "rights",
	};

	snprintf(text, KUNIT_PARAM_DESC_SIZE, "%s %s", parts[row->part], row->rule);
}

KUNIT_ARRAY_PARAM(execution, execution_rows, row_name);
KUNIT_ARRAY_PARAM(exit_entry, exit_entry_rows, row_name);
KUNIT_ARRAY_PARAM(host, host_rows, row_name);
KUNIT_ARRAY_PARAM(guest, guest_rows, row_name);
KUNIT_ARRAY_PARAM(activity, activity_rows, row_name);
KUNIT_ARRAY_PARAM(segment, segment_rows, segment_row_name);
KUNIT_ARRAY_PARAM(good, good_rows, good_name);

static void breaks_one_rule(struct kunit *test)
{
	const struct row *row = test->param_value;

	fake_vmcs(&vmcs, row->guest);
	apply(row->pokes, 0);
	expect_one(test, row->field, row->rule);
}

static void breaks_execution_rule(struct kunit *test)
{
	breaks_one_rule(test);
}

static void breaks_exit_or_entry_rule(struct kunit *test)
{
	breaks_one_rule(test);
}

static void breaks_host_rule(struct kunit *test)
{
	breaks_one_rule(test);
}

static void breaks_guest_rule(struct kunit *test)
{
	breaks_one_rule(test);
}

static void breaks_activity_rule(struct kunit *test)
{
	breaks_one_rule(test);
}

/* In each of the segments that it is a rule for. */
static void breaks_segment_rule(struct kunit *test)
{
	const struct segment_row *row = test->param_value;

	for (unsigned int seg = 0; seg < WARD_SEG_COUNT; seg++) {
		if (!(row->segments >> seg & 1))
			continue;
		fake_vmcs(&vmcs, row->guest);
		apply(row->pokes, seg);
		expect_one(test, part_field(row->part, seg), row->rule);
	}
}

static void breaks_nothing(struct kunit *test)
{
	const struct row *row = test->param_value;
	struct vmcs_broken_rule broken[MAX_BROKEN];
	size_t count;

	fake_vmcs(&vmcs, row->guest);
	apply(row->pokes, 0);
	count = explain(broken);
	KUNIT_EXPECT_EQ(test, count, (size_t)0);
	diagnose(test, broken, count);
}

/* ----------------------------------------------------------------- coverage */

static bool in_rows(const struct row *rows, size_t count, u32 field, const char *rule)
{
	for (size_t i = 0; i < count; i++)
		if (rows[i].field == field && !strcmp(rows[i].rule, rule))
			return true;
	return false;
}

static void every_rule_has_a_row(struct kunit *test)
{
	static const struct entry_section * const sections[] = {
		&vmcs_execution_section, &vmcs_exit_section,
		&vmcs_entry_section, &vmcs_host_register_section,
		&vmcs_host_segment_section, &vmcs_host_size_section,
		&vmcs_guest_register_section, &vmcs_guest_table_section,
		&vmcs_guest_rip_section, &vmcs_guest_activity_section,
		&vmcs_guest_pdpte_section,
	};
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(sections); i++)
		for (j = 0; j < sections[i]->count; j++) {
			u32 field = sections[i]->rules[j].field;
			const char *rule = sections[i]->rules[j].rule;

			KUNIT_EXPECT_TRUE_MSG(test,
				in_rows(execution_rows, ARRAY_SIZE(execution_rows), field, rule) ||
				in_rows(exit_entry_rows, ARRAY_SIZE(exit_entry_rows), field, rule) ||
				in_rows(host_rows, ARRAY_SIZE(host_rows), field, rule) ||
				in_rows(guest_rows, ARRAY_SIZE(guest_rows), field, rule) ||
				in_rows(activity_rows, ARRAY_SIZE(activity_rows), field, rule),
				"%s %s", vmcs_field_name(field), rule);
		}
}

static void every_segment_rule_has_a_row(struct kunit *test)
{
	for (size_t i = 0; i < vmcs_segment_rule_count; i++) {
		u32 segments = 0;

		for (size_t j = 0; j < ARRAY_SIZE(segment_rows); j++)
			if (segment_rows[j].part == vmcs_segment_rules[i].part &&
			    !strcmp(segment_rows[j].rule, vmcs_segment_rules[i].rule))
				segments |= segment_rows[j].segments;
		KUNIT_EXPECT_EQ_MSG(test, vmcs_segment_rules[i].segments & ~segments, 0u,
				    "segments without a row: %s", vmcs_segment_rules[i].rule);
	}
}

/* ------------------------------------------------------------ many, and names */

static void many_broken_rules(struct kunit *test)
{
	struct vmcs_broken_rule broken[2] = { };

	fake_vmcs(&vmcs, LONG_MODE);
	vmcs.fields[VIRTUAL_PROCESSOR_ID] = 0;
	vmcs.fields[HOST_CR0] = 0;
	vmcs.fields[GUEST_RFLAGS] = 0;
	KUNIT_EXPECT_EQ(test, vmcs_explain_entry(fake_read, &vmcs, vmcs.msrs, FAKE_MAXPHYADDR,
						 NULL, 0), (size_t)3);
	/* Only as many are written as fit, the controls first. */
	vmcs_explain_entry(fake_read, &vmcs, vmcs.msrs, FAKE_MAXPHYADDR, broken, 1);
	KUNIT_EXPECT_EQ(test, broken[0].field, (u32)VIRTUAL_PROCESSOR_ID);
	KUNIT_EXPECT_NULL(test, broken[1].rule);
}

static void garbage(struct kunit *test)
{
	fake_vmcs(&vmcs, LONG_MODE);
	memset(&vmcs.fields, 0, sizeof(vmcs.fields));
	KUNIT_EXPECT_GT(test, vmcs_explain_entry(fake_read, &vmcs, vmcs.msrs, FAKE_MAXPHYADDR,
						 NULL, 0), (size_t)20);
	memset(&vmcs, 0xff, sizeof(vmcs));
	KUNIT_EXPECT_GT(test, vmcs_explain_entry(fake_read, &vmcs, vmcs.msrs, 64, NULL, 0),
			(size_t)20);
}

static void names(struct kunit *test)
{
	KUNIT_EXPECT_STREQ(test, vmcs_exit_reason_name(48), "EPT violation");
	KUNIT_EXPECT_STREQ(test, vmcs_exit_reason_name(35), "unknown exit reason");
	KUNIT_EXPECT_STREQ(test, vmcs_exit_reason_name(0xffff), "unknown exit reason");
	KUNIT_EXPECT_STREQ(test, vmcs_instruction_error(7),
			   "VM entry with invalid control fields");
	KUNIT_EXPECT_STREQ(test, vmcs_instruction_error(14), "unknown VM-instruction error");
	for (u32 i = 0; i < 0x10000; i++) {
		KUNIT_ASSERT_NOT_NULL(test, vmcs_field_name(i));
		KUNIT_ASSERT_NOT_NULL(test, vmcs_exit_reason_name(i));
		KUNIT_ASSERT_NOT_NULL(test, vmcs_instruction_error(i));
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(breaks_nothing, good_gen_params),
	KUNIT_CASE_PARAM(breaks_execution_rule, execution_gen_params),
	KUNIT_CASE_PARAM(breaks_exit_or_entry_rule, exit_entry_gen_params),
	KUNIT_CASE_PARAM(breaks_host_rule, host_gen_params),
	KUNIT_CASE_PARAM(breaks_guest_rule, guest_gen_params),
	KUNIT_CASE_PARAM(breaks_activity_rule, activity_gen_params),
	KUNIT_CASE_PARAM(breaks_segment_rule, segment_gen_params),
	KUNIT_CASE(every_rule_has_a_row),
	KUNIT_CASE(every_segment_rule_has_a_row),
	KUNIT_CASE(many_broken_rules),
	KUNIT_CASE(garbage),
	KUNIT_CASE(names),
	{}
};

static struct kunit_suite suite = {
	.name = "ward_vmcs_explain",
	.test_cases = cases,
};

kunit_test_suite(suite);
