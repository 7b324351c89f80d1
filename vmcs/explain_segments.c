// SPDX-License-Identifier: GPL-2.0-only
/*
 * explain_segments.c - the entry checks on the guest's segment registers.
 *
 * Intel SDM: "Checks on Guest Segment Registers". A VM entry that breaks one
 * of these ends in an exit with reason 33.
 */
#include "vmcs/explain_rules.h"

#define SEG(x)		(1u << WARD_##x)
#define DATA		(SEG(DS) | SEG(ES) | SEG(FS) | SEG(GS))
#define STACK_DATA	(SEG(SS) | DATA)
#define CODE_DATA	(SEG(CS) | STACK_DATA)

#define RPL(g)		((g)->selector & 3)
#define TYPE(g)		((g)->rights & VMX_AR_TYPE_MASK)
#define DPL(g)		VMX_AR_DPL((g)->rights)

static bool unrestricted(const struct entry_state *s)
{
	return has(s, WHEN_PROC2, SECONDARY_EXEC_UNRESTRICTED_GUEST);
}

/* Selectors */

static bool ti_set(const struct entry_state *s, const struct entry_segment *g)
{
	return g->selector & 4;
}

static bool ss_rpl_not_cs(const struct entry_state *s,
			  const struct entry_segment *g)
{
	return !unrestricted(s) && RPL(g) != RPL(&s->segments[WARD_CS]);
}

/* Bases and limits */

static bool base_not_v86(const struct entry_state *s,
			 const struct entry_segment *g)
{
	return g->base != g->selector << 4;
}

static bool base_not_canonical(const struct entry_state *s,
			       const struct entry_segment *g)
{
	return not_canonical(s, g->base);
}

static bool base_above_32_bits(const struct entry_state *s,
			       const struct entry_segment *g)
{
	return g->base >> 32;
}

static bool limit_not_v86(const struct entry_state *s,
			  const struct entry_segment *g)
{
	return g->limit != 0xffff;
}

/* Access rights, bits 3:0: type */

static bool rights_not_v86(const struct entry_state *s,
			   const struct entry_segment *g)
{
	return g->rights != 0xf3;
}

/* Accessed code; real mode loads an accessed writable data segment, 3. */
static bool cs_type(const struct entry_state *s, const struct entry_segment *g)
{
	return (TYPE(g) & 9) != 9 && !(TYPE(g) == 3 && unrestricted(s));
}

static bool ss_type(const struct entry_state *s, const struct entry_segment *g)
{
	return TYPE(g) != 3 && TYPE(g) != 7;
}

static bool not_accessed(const struct entry_state *s,
			 const struct entry_segment *g)
{
	return !(TYPE(g) & VMX_AR_TYPE_ACCESSES_MASK);
}

static bool unreadable_code(const struct entry_state *s,
			    const struct entry_segment *g)
{
	return (TYPE(g) & VMX_AR_TYPE_CODE_MASK) &&
	       !(TYPE(g) & VMX_AR_TYPE_READABLE_MASK);
}

/* Bit 4: S */

static bool s_clear(const struct entry_state *s, const struct entry_segment *g)
{
	return !(g->rights & VMX_AR_S_MASK);
}

static bool s_set(const struct entry_state *s, const struct entry_segment *g)
{
	return g->rights & VMX_AR_S_MASK;
}

/* Bits 6:5: DPL */

static bool cs_dpl_data(const struct entry_state *s,
			const struct entry_segment *g)
{
	return TYPE(g) == 3 && DPL(g) != 0;
}

static bool cs_dpl_plain(const struct entry_state *s,
			 const struct entry_segment *g)
{
	return (TYPE(g) == 9 || TYPE(g) == 11) &&
	       DPL(g) != DPL(&s->segments[WARD_SS]);
}

static bool cs_dpl_conforming(const struct entry_state *s,
			      const struct entry_segment *g)
{
	return (TYPE(g) == 13 || TYPE(g) == 15) &&
	       DPL(g) > DPL(&s->segments[WARD_SS]);
}

static bool ss_dpl_not_rpl(const struct entry_state *s,
			   const struct entry_segment *g)
{
	return !unrestricted(s) && DPL(g) != RPL(g);
}

static bool ss_dpl_real_mode(const struct entry_state *s,
			     const struct entry_segment *g)
{
	return DPL(g) != 0 && (TYPE(&s->segments[WARD_CS]) == 3 ||
			       !(s->cr0 & X86_CR0_PE));
}

/* Data and non-conforming code */
static bool dpl_below_rpl(const struct entry_state *s,
			  const struct entry_segment *g)
{
	return !unrestricted(s) && TYPE(g) <= 11 && DPL(g) < RPL(g);
}

/* Bit 7: P, and the reserved bits 11:8 and 31:17 */

static bool not_present(const struct entry_state *s,
			const struct entry_segment *g)
{
	return !(g->rights & VMX_AR_P_MASK);
}

static bool reserved_rights(const struct entry_state *s,
			    const struct entry_segment *g)
{
	return g->rights & VMX_AR_RESERVD_MASK;
}

/* Bits 14 and 15: D/B and G */

static bool d_with_l(const struct entry_state *s, const struct entry_segment *g)
{
	return has(s, WHEN_ENTRY, VM_ENTRY_IA32E_MODE) &&
	       (g->rights & VMX_AR_L_MASK) && (g->rights & VMX_AR_DB_MASK);
}

static bool g_with_odd_limit(const struct entry_state *s,
			     const struct entry_segment *g)
{
	return (g->limit & 0xfff) != 0xfff && (g->rights & VMX_AR_G_MASK);
}

static bool g_missing(const struct entry_state *s,
		      const struct entry_segment *g)
{
	return (g->limit & 0xfff00000) && !(g->rights & VMX_AR_G_MASK);
}

/* TR and LDTR */

static bool tr_type(const struct entry_state *s, const struct entry_segment *g)
{
	if (TYPE(g) == VMX_AR_TYPE_BUSY_32_TSS)
		return false;
	return TYPE(g) != VMX_AR_TYPE_BUSY_16_TSS ||
	       has(s, WHEN_ENTRY, VM_ENTRY_IA32E_MODE);
}

static bool unusable(const struct entry_state *s, const struct entry_segment *g)
{
	return g->rights & VMX_AR_UNUSABLE_MASK;
}

static bool ldtr_type(const struct entry_state *s,
		      const struct entry_segment *g)
{
	return TYPE(g) != VMX_AR_TYPE_LDT;
}

#define V86_EXACT	"in virtual-8086 mode"
#define RESERVED	"must not have reserved bits (11:8, 31:17)"
#define G_CLEAR		"must have G clear: the limit does not end a page"
#define G_SET		"must have G set: the limit exceeds 1 MiB"
#define PRESENT		"must have P set"
#define LOW_BASE	"must fit into 32 bits"

const struct segment_rule vmcs_segment_rules[] = {
	{ SEG(TR), PART_SELECTOR, SEG_ALWAYS, ti_set, "must have TI clear" },
	{ SEG(LDTR), PART_SELECTOR, SEG_USABLE, ti_set, "must have TI clear" },
	{ SEG(SS), PART_SELECTOR, SEG_NOT_V86, ss_rpl_not_cs,
	  "must have the RPL of CS without unrestricted guest" },

	{ CODE_DATA, PART_BASE, SEG_V86, base_not_v86,
	  "must be 16 times the selector " V86_EXACT },
	{ SEG(TR) | SEG(FS) | SEG(GS), PART_BASE, SEG_ALWAYS,
	  base_not_canonical, CANONICAL },
	{ SEG(LDTR), PART_BASE, SEG_USABLE, base_not_canonical, CANONICAL },
	{ SEG(CS), PART_BASE, SEG_ALWAYS, base_above_32_bits, LOW_BASE },
	{ SEG(SS) | SEG(DS) | SEG(ES), PART_BASE, SEG_USABLE,
	  base_above_32_bits, LOW_BASE },

	{ CODE_DATA, PART_LIMIT, SEG_V86, limit_not_v86,
	  "must be 0xffff " V86_EXACT },
	{ CODE_DATA, PART_RIGHTS, SEG_V86, rights_not_v86,
	  "must be 0xf3 " V86_EXACT },

	{ SEG(CS), PART_RIGHTS, SEG_NOT_V86, cs_type,
	  "must have type 9, 11, 13, 15 (3: unrestricted guest)" },
	{ SEG(SS), PART_RIGHTS, SEG_NOT_V86_USABLE, ss_type,
	  "must have type 3 or 7" },
	{ DATA, PART_RIGHTS, SEG_NOT_V86_USABLE, not_accessed,
	  "must be of an accessed type (bit 0)" },
	{ DATA, PART_RIGHTS, SEG_NOT_V86_USABLE, unreadable_code,
	  "must be readable where it is code (bit 1)" },
	{ SEG(CS), PART_RIGHTS, SEG_NOT_V86, s_clear, "must have S set" },
	{ STACK_DATA, PART_RIGHTS, SEG_NOT_V86_USABLE, s_clear,
	  "must have S set" },
	{ SEG(CS), PART_RIGHTS, SEG_NOT_V86, cs_dpl_data,
	  "must have DPL 0 with type 3" },
	{ SEG(CS), PART_RIGHTS, SEG_NOT_V86, cs_dpl_plain,
	  "must have the DPL of SS with type 9 or 11" },
	{ SEG(CS), PART_RIGHTS, SEG_NOT_V86, cs_dpl_conforming,
	  "must not have a DPL above that of SS" },
	{ SEG(SS), PART_RIGHTS, SEG_NOT_V86, ss_dpl_not_rpl,
	  "must have DPL equal to RPL without unrestricted guest" },
	{ SEG(SS), PART_RIGHTS, SEG_NOT_V86, ss_dpl_real_mode,
	  "must have DPL 0 while CR0.PE is 0 or CS has type 3" },
	{ DATA, PART_RIGHTS, SEG_NOT_V86_USABLE, dpl_below_rpl,
	  "must not have DPL below RPL without unrestricted guest" },
	{ SEG(CS), PART_RIGHTS, SEG_NOT_V86, not_present, PRESENT },
	{ STACK_DATA, PART_RIGHTS, SEG_NOT_V86_USABLE, not_present, PRESENT },
	{ SEG(CS), PART_RIGHTS, SEG_NOT_V86, reserved_rights, RESERVED },
	{ STACK_DATA, PART_RIGHTS, SEG_NOT_V86_USABLE, reserved_rights,
	  RESERVED },
	{ SEG(CS), PART_RIGHTS, SEG_NOT_V86, d_with_l,
	  "must not have both L and D in IA-32e mode" },
	{ SEG(CS), PART_RIGHTS, SEG_NOT_V86, g_with_odd_limit, G_CLEAR },
	{ STACK_DATA, PART_RIGHTS, SEG_NOT_V86_USABLE, g_with_odd_limit,
	  G_CLEAR },
	{ SEG(CS), PART_RIGHTS, SEG_NOT_V86, g_missing, G_SET },
	{ STACK_DATA, PART_RIGHTS, SEG_NOT_V86_USABLE, g_missing, G_SET },

	{ SEG(TR), PART_RIGHTS, SEG_ALWAYS, tr_type,
	  "must have type 11 (3: outside IA-32e mode)" },
	{ SEG(TR), PART_RIGHTS, SEG_ALWAYS, s_set, "must have S clear" },
	{ SEG(TR), PART_RIGHTS, SEG_ALWAYS, not_present, PRESENT },
	{ SEG(TR), PART_RIGHTS, SEG_ALWAYS, reserved_rights, RESERVED },
	{ SEG(TR), PART_RIGHTS, SEG_ALWAYS, g_with_odd_limit, G_CLEAR },
	{ SEG(TR), PART_RIGHTS, SEG_ALWAYS, g_missing, G_SET },
	{ SEG(TR), PART_RIGHTS, SEG_ALWAYS, unusable, "must be usable" },

	{ SEG(LDTR), PART_RIGHTS, SEG_USABLE, ldtr_type, "must have type 2" },
	{ SEG(LDTR), PART_RIGHTS, SEG_USABLE, s_set, "must have S clear" },
	{ SEG(LDTR), PART_RIGHTS, SEG_USABLE, not_present, PRESENT },
	{ SEG(LDTR), PART_RIGHTS, SEG_USABLE, reserved_rights, RESERVED },
	{ SEG(LDTR), PART_RIGHTS, SEG_USABLE, g_with_odd_limit, G_CLEAR },
	{ SEG(LDTR), PART_RIGHTS, SEG_USABLE, g_missing, G_SET },
};

const size_t vmcs_segment_rule_count = ARRAY_SIZE(vmcs_segment_rules);

static bool applies(const struct entry_state *s, const struct entry_segment *g,
		    enum segment_when when)
{
	bool v86 = s->rflags & X86_EFLAGS_VM;
	bool usable = !(g->rights & VMX_AR_UNUSABLE_MASK);

	switch (when) {
	case SEG_USABLE:
		return usable;
	case SEG_V86:
		return v86;
	case SEG_NOT_V86:
		return !v86;
	case SEG_NOT_V86_USABLE:
		return !v86 && usable;
	default:
		return true;
	}
}

static void report(struct entry_state *s, unsigned int index,
		   const struct segment_rule *rule)
{
	static const char section[] = "Checks on Guest Segment Registers";
	const struct entry_segment *g = &s->segments[index];
	u32 step = 2 * index;

	switch (rule->part) {
	case PART_SELECTOR:
		vmcs_rule_broken(s, GUEST_ES_SELECTOR + step, g->selector,
				 rule->rule, section);
		break;
	case PART_BASE:
		vmcs_rule_broken(s, GUEST_ES_BASE + step, g->base, rule->rule,
				 section);
		break;
	case PART_LIMIT:
		vmcs_rule_broken(s, GUEST_ES_LIMIT + step, g->limit,
				 rule->rule, section);
		break;
	case PART_RIGHTS:
		vmcs_rule_broken(s, GUEST_ES_AR_BYTES + step, g->rights,
				 rule->rule, section);
		break;
	}
}

void vmcs_explain_segments(struct entry_state *s)
{
	unsigned int index;
	size_t i;

	for (i = 0; i < vmcs_segment_rule_count; i++) {
		const struct segment_rule *rule = &vmcs_segment_rules[i];

		for (index = 0; index < WARD_SEG_COUNT; index++) {
			const struct entry_segment *g = &s->segments[index];

			if ((rule->segments >> index & 1) &&
			    applies(s, g, rule->when) && rule->broken(s, g))
				report(s, index, rule);
		}
	}
}
