/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * explain_rules.h - how the entry checks are written down.
 *
 * Inside explain*.c and its tests only. A check is a row of a table: the
 * field it is about, the control that turns it on, a predicate that says
 * whether it is broken, and the words. One table per section of the SDM.
 */
#ifndef WARD_VMCS_EXPLAIN_RULES_H
#define WARD_VMCS_EXPLAIN_RULES_H

#include <linux/kernel.h>
#include <linux/types.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>
#include <asm/vmx.h>

#include "vmcs/controls.h"
#include "vmcs/explain.h"
#include "ward.h"

/* Which control field a rule's condition is in */
enum rule_when {
	WHEN_ALWAYS,
	WHEN_PIN,
	WHEN_PROC,
	WHEN_PROC2,
	WHEN_EXIT,
	WHEN_ENTRY,
	WHEN_COUNT
};

/**
 * struct entry_segment - one guest segment register
 * @selector: as in the VMCS
 * @base: as in the VMCS
 * @limit: as in the VMCS
 * @rights: as in the VMCS; VMX_AR_*
 */
struct entry_segment {
	u64 selector;
	u64 base;
	u64 limit;
	u64 rights;
};

/**
 * struct entry_state - what is being checked
 * @read: source of fields
 * @ctx: its context
 * @msrs: capability MSRs
 * @maxphyaddr: physical-address width
 * @linear_bits: linear-address width, 48 or 57
 * @control: control fields by enum rule_when; PROC2 is 0 when not activated
 * @cr0: guest CR0
 * @cr4: guest CR4
 * @rflags: guest RFLAGS
 * @event: VM-entry interruption information
 * @blocking: guest interruptibility state
 * @activity: guest activity state
 * @segments: guest segment registers, by enum ward_seg
 * @out: broken rules found
 * @capacity: length of @out
 * @count: how many were found
 */
struct entry_state {
	vmcs_read_fn *read;
	void *ctx;
	const u64 *msrs;
	unsigned int maxphyaddr;
	unsigned int linear_bits;

	u32 control[WHEN_COUNT];
	u64 cr0;
	u64 cr4;
	u64 rflags;
	u32 event;
	u32 blocking;
	u32 activity;
	struct entry_segment segments[WARD_SEG_COUNT];

	struct vmcs_broken_rule *out;
	size_t capacity;
	size_t count;
};

/**
 * struct entry_rule - a check on one field
 * @field: the field
 * @bits: applies if all these are set ...
 * @when: ... in that control field
 * @broken: given the field's value, does the rule not hold
 * @rule: see struct vmcs_broken_rule
 */
struct entry_rule {
	u32 field;
	u32 bits;
	enum rule_when when;
	bool (*broken)(const struct entry_state *s, u64 value);
	const char *rule;
};

/**
 * struct entry_section - the checks of one section of the SDM
 * @title: of the section
 * @rules: in its order
 * @count: how many
 */
struct entry_section {
	const char *title;
	const struct entry_rule *rules;
	size_t count;
};

#define ENTRY_SECTION(title_, rules_)					\
	{ .title = (title_), .rules = (rules_), .count = ARRAY_SIZE(rules_) }

/* Which part of a segment register a rule is about */
enum segment_part {
	PART_SELECTOR,
	PART_BASE,
	PART_LIMIT,
	PART_RIGHTS,
};

/* When a rule about a segment register applies */
enum segment_when {
	SEG_ALWAYS,
	SEG_USABLE,		/* the unusable bit is clear */
	SEG_V86,		/* the guest will be in virtual-8086 mode */
	SEG_NOT_V86,
	SEG_NOT_V86_USABLE,
};

/**
 * struct segment_rule - a check on some segment registers
 * @segments: for which: a bit for each enum ward_seg
 * @part: what it is about
 * @when: when it applies
 * @broken: does it not hold
 * @rule: see struct vmcs_broken_rule
 */
struct segment_rule {
	u32 segments;
	enum segment_part part;
	enum segment_when when;
	bool (*broken)(const struct entry_state *s,
		       const struct entry_segment *g);
	const char *rule;
};

extern const struct entry_section vmcs_execution_section;
extern const struct entry_section vmcs_exit_section;
extern const struct entry_section vmcs_entry_section;
extern const struct entry_section vmcs_host_register_section;
extern const struct entry_section vmcs_host_segment_section;
extern const struct entry_section vmcs_host_size_section;
extern const struct entry_section vmcs_guest_register_section;
extern const struct entry_section vmcs_guest_table_section;
extern const struct entry_section vmcs_guest_rip_section;
extern const struct entry_section vmcs_guest_activity_section;
extern const struct entry_section vmcs_guest_pdpte_section;
extern const struct segment_rule vmcs_segment_rules[];
extern const size_t vmcs_segment_rule_count;

void vmcs_explain_segments(struct entry_state *s);
void vmcs_rule_broken(struct entry_state *s, u32 field, u64 value,
		      const char *rule, const char *section);

/* Is a control set? */
static inline bool has(const struct entry_state *s, enum rule_when when,
		       u32 bits)
{
	return (s->control[when] & bits) == bits;
}

/* Is an event of this INTR_TYPE_* to be injected? */
static inline bool injects(const struct entry_state *s, u32 type)
{
	return (s->event & INTR_INFO_VALID_MASK) &&
	       (s->event & INTR_INFO_INTR_TYPE_MASK) == type;
}

static inline u32 event_vector(const struct entry_state *s)
{
	return s->event & INTR_INFO_VECTOR_MASK;
}

#define LACKS_CONTROL	"must not have a control that this CPU lacks"
#define NEEDS_CONTROL	"must have every control that this CPU needs set"

static inline bool lacks_control(const struct entry_state *s, u64 value,
				 enum vmx_capability_group group)
{
	return value & ~(u64)vmcs_controls_may_be_1(s->msrs, group);
}

static inline bool needs_control(const struct entry_state *s, u64 value,
				 enum vmx_capability_group group)
{
	return ~value & vmcs_controls_must_be_1(s->msrs, group);
}

static inline bool is_zero(const struct entry_state *s, u64 value)
{
	return value == 0;
}

/* Are there bits that a physical address does not have? */
static inline bool too_wide(const struct entry_state *s, u64 value)
{
	return s->maxphyaddr < 64 && value >> s->maxphyaddr;
}

static inline bool not_page(const struct entry_state *s, u64 value)
{
	return (value & 0xfff) || too_wide(s, value);
}

#define MSR_AREA	"must be the physical address, on 16 bytes, of the MSRs"

/* An area of @count MSRs at @address, 16 bytes each. */
static inline bool bad_msr_area(const struct entry_state *s, u64 address,
				u64 count)
{
	if (!count)
		return false;
	return (address & 15) || too_wide(s, address) ||
	       too_wide(s, address + count * 16 - 1);
}

#define CANONICAL	"must be canonical"

static inline bool not_canonical(const struct entry_state *s, u64 value)
{
	unsigned int shift = 64 - s->linear_bits;

	return (u64)((s64)(value << shift) >> shift) != value;
}

/* No entry or exit changes CR0.NW and CR0.CD, so these are not checked. */
#define CR0_UNCHECKED	((u64)(X86_CR0_NW | X86_CR0_CD))

static inline bool cr0_lacking(const struct entry_state *s, u64 value)
{
	return value & ~(vmcs_cr0_may_be_1(s->msrs) | CR0_UNCHECKED);
}

static inline bool cr4_lacking(const struct entry_state *s, u64 value)
{
	return value & ~vmcs_cr4_may_be_1(s->msrs);
}

static inline bool cr4_needed(const struct entry_state *s, u64 value)
{
	return ~value & vmcs_cr4_must_be_1(s->msrs);
}

/* CR3 may have bits 62:61 where the CPU has linear-address masking. */
static inline bool bad_cr3(const struct entry_state *s, u64 value)
{
	if (vmcs_cr4_may_be_1(s->msrs) >> 28 & 1)
		value &= ~(3ull << 61);
	return too_wide(s, value);
}

/* Each byte of a PAT is a memory type: 0, 1 or 4 to 7. */
static inline bool bad_pat(const struct entry_state *s, u64 value)
{
	for (; value; value >>= 8) {
		u8 type = value & 0xff;

		if (type > 7 || type == 2 || type == 3)
			return true;
	}
	return false;
}

#define EFER_DEFINED	((1u << 0) | (1u << 8) | (1u << 10) | (1u << 11))
#define EFER_LME_BIT	8
#define EFER_LMA_BIT	10

static inline bool bad_efer(const struct entry_state *s, u64 value)
{
	return value & ~(u64)EFER_DEFINED;
}

#endif /* WARD_VMCS_EXPLAIN_RULES_H */
