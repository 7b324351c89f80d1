// SPDX-License-Identifier: GPL-2.0-only
/*
 * dump.c - a VMCS as text for a person.
 *
 * Every value is shown raw and, where that helps, decoded behind it.
 */
#include <linux/kernel.h>
#include <asm/vmx.h>
#include <uapi/asm/vmx.h>

#include "vmcs/dump.h"
#include "ward.h"

/* Broken rules to list; more are only counted. */
#define MAX_RULES	8

struct dump {
	vmcs_read_fn *read;
	void *ctx;
	const u64 *msrs;
	char *text;
	size_t bytes;
	size_t length;
};

static u64 get(struct dump *d, u32 field)
{
	return d->read(d->ctx, field);
}

static __printf(2, 3) void put(struct dump *d, const char *format, ...)
{
	size_t room = d->length < d->bytes ? d->bytes - d->length : 0;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(room ? d->text + d->length : NULL, room, format, args);
	va_end(args);
	if (n > 0)
		d->length += n;
}

/* One field on a line of its own, to be continued with what it means. */
static u64 put_field(struct dump *d, u32 field)
{
	u64 value = get(d, field);

	put(d, "  %-32s 0x%llx", vmcs_field_name(field),
	    (unsigned long long)value);
	return value;
}

static void put_fields(struct dump *d, const u32 *fields, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		put_field(d, fields[i]);
		put(d, "\n");
	}
}

#define PUT_FIELDS(d, ...)						\
	do {								\
		static const u32 fields_[] = { __VA_ARGS__ };		\
									\
		put_fields(d, fields_, ARRAY_SIZE(fields_));		\
	} while (0)

/* Names of single bits, lowest first; NULL where a bit has none. */
static void put_bits(struct dump *d, u64 value, const char * const *names,
		     size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if ((value >> i & 1) && names[i])
			put(d, " %s", names[i]);
}

#define PUT_BITS(d, value, names) put_bits(d, value, names, ARRAY_SIZE(names))

static const char * const cr0_bits[] = {
	[0] = "PE", [1] = "MP", [2] = "EM", [3] = "TS", [4] = "ET", [5] = "NE",
	[16] = "WP", [18] = "AM", [29] = "NW", [30] = "CD", [31] = "PG",
};

static const char * const cr4_bits[] = {
	[0] = "VME", [1] = "PVI", [2] = "TSD", [3] = "DE", [4] = "PSE",
	[5] = "PAE", [6] = "MCE", [7] = "PGE", [8] = "PCE", [9] = "OSFXSR",
	[10] = "OSXMMEXCPT", [11] = "UMIP", [12] = "LA57", [13] = "VMXE",
	[14] = "SMXE", [16] = "FSGSBASE", [17] = "PCIDE", [18] = "OSXSAVE",
	[20] = "SMEP", [21] = "SMAP", [22] = "PKE", [23] = "CET",
	[24] = "PKS", [25] = "UINTR", [28] = "LAM_SUP",
};

static const char * const efer_bits[] = {
	[0] = "SCE", [8] = "LME", [10] = "LMA", [11] = "NXE",
};

static const char * const rflags_bits[] = {
	[0] = "CF", [2] = "PF", [4] = "AF", [6] = "ZF", [7] = "SF",
	[8] = "TF", [9] = "IF", [10] = "DF", [11] = "OF", [14] = "NT",
	[16] = "RF", [17] = "VM", [18] = "AC", [19] = "VIF", [20] = "VIP",
	[21] = "ID",
};

static const char * const blocking_bits[] = {
	[0] = "STI", [1] = "MOV-SS", [2] = "SMI", [3] = "NMI", [4] = "enclave",
};

static const char * const pending_debug_bits[] = {
	[0] = "B0", [1] = "B1", [2] = "B2", [3] = "B3", [11] = "bus-lock",
	[12] = "breakpoint-enabled", [14] = "BS", [16] = "RTM",
};

static const char * const exceptions[] = {
	"#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM",
	"#DF", "coprocessor overrun", "#TS", "#NP", "#SS", "#GP", "#PF", NULL,
	"#MF", "#AC", "#MC", "#XM", "#VE", "#CP",
};

static const char * const gprs[] = {
	"RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI",
	"R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15",
};

/* ------------------------------------------------------------- last exit */

static void put_cr_access(struct dump *d, u64 q)
{
	unsigned int cr = q & 15;
	const char *gpr = gprs[q >> 8 & 15];

	switch (q >> 4 & 3) {
	case 0:
		put(d, " (MOV %s to CR%u)", gpr, cr);
		break;
	case 1:
		put(d, " (MOV CR%u to %s)", cr, gpr);
		break;
	case 2:
		put(d, " (CLTS)");
		break;
	case 3:
		put(d, " (LMSW 0x%x)", (unsigned int)(q >> 16 & 0xffff));
		break;
	}
}

static void put_dr_access(struct dump *d, u64 q)
{
	unsigned int dr = q & 7;
	const char *gpr = gprs[q >> 8 & 15];

	if (q >> 4 & 1)
		put(d, " (MOV DR%u to %s)", dr, gpr);
	else
		put(d, " (MOV %s to DR%u)", gpr, dr);
}

static void put_io(struct dump *d, u64 q)
{
	bool in = q >> 3 & 1, string = q >> 4 & 1;

	put(d, " (%s%s%s port 0x%x, %u byte%s)", q >> 5 & 1 ? "REP " : "",
	    in ? "IN" : "OUT", string ? "S" : "",
	    (unsigned int)(q >> 16 & 0xffff), (unsigned int)(q & 7) + 1,
	    q & 7 ? "s" : "");
}

static void put_ept_violation(struct dump *d, u64 q)
{
	static const char * const access[] = { "read", "write", "fetch" };

	put(d, " (access:");
	PUT_BITS(d, q & 7, access);
	put(d, "; mapped %s%s%s", q >> 3 & 1 ? "r" : "-",
	    q >> 4 & 1 ? "w" : "-", q >> 5 & 1 ? "x" : "-");
	if (q >> 7 & 1)
		put(d, "; %s", q >> 8 & 1 ? "final address" : "page walk");
	if (q >> 12 & 1)
		put(d, "; NMI unblocking by IRET");
	put(d, ")");
}

static void put_debug(struct dump *d, u64 q)
{
	static const char * const bits[] = {
		[0] = "B0", [1] = "B1", [2] = "B2", [3] = "B3",
		[11] = "bus-lock", [13] = "BD", [14] = "BS", [16] = "RTM",
	};

	put(d, " (due:");
	PUT_BITS(d, q, bits);
	put(d, ")");
}

static void put_task_switch(struct dump *d, u64 q)
{
	static const char * const by[] = { "CALL", "IRET", "JMP", "IDT gate" };

	put(d, " (by %s to selector 0x%x)", by[q >> 30 & 3],
	    (unsigned int)(q & 0xffff));
}

static void put_bad_state(struct dump *d, u64 q)
{
	switch (q) {
	case 2:
		put(d, " (the PDPTEs)");
		break;
	case 3:
		put(d, " (an NMI after STI or MOV SS)");
		break;
	case 4:
		put(d, " (the VMCS link pointer)");
		break;
	}
}

static void put_qualification(struct dump *d, u32 reason, u32 info)
{
	u64 q = put_field(d, EXIT_QUALIFICATION);

	switch (reason) {
	case EXIT_REASON_EXCEPTION_NMI:
		if ((info & INTR_INFO_VECTOR_MASK) == 1)
			put_debug(d, q);
		break;
	case EXIT_REASON_TASK_SWITCH:
		put_task_switch(d, q);
		break;
	case EXIT_REASON_CR_ACCESS:
		put_cr_access(d, q);
		break;
	case EXIT_REASON_DR_ACCESS:
		put_dr_access(d, q);
		break;
	case EXIT_REASON_IO_INSTRUCTION:
		put_io(d, q);
		break;
	case EXIT_REASON_INVALID_STATE:
		put_bad_state(d, q);
		break;
	case EXIT_REASON_MSR_LOAD_FAIL:
		put(d, " (entry %llu of the area)", (unsigned long long)q);
		break;
	case EXIT_REASON_EPT_VIOLATION:
		put_ept_violation(d, q);
		break;
	}
	put(d, "\n");
}

static void put_exit(struct dump *d)
{
	/* First of all: a failing VMREAD would overwrite it. */
	u32 error = get(d, VM_INSTRUCTION_ERROR);
	u32 reason, info;

	put(d, "last exit\n");
	reason = put_field(d, VM_EXIT_REASON);
	info = get(d, VM_EXIT_INTR_INFO);
	put(d, " (%s%s)\n", vmcs_exit_reason_name(reason & 0xffff),
	    reason & VMX_EXIT_REASONS_FAILED_VMENTRY ? ", on entry" : "");
	put_qualification(d, reason & 0xffff, info);
	PUT_FIELDS(d, VM_EXIT_INSTRUCTION_LEN, VMX_INSTRUCTION_INFO,
		   GUEST_LINEAR_ADDRESS, GUEST_PHYSICAL_ADDRESS);
	put(d, "  %-32s %u (%s)\n", vmcs_field_name(VM_INSTRUCTION_ERROR),
	    error, vmcs_instruction_error(error));
}

/* ---------------------------------------------------------------- events */

static void put_event(struct dump *d, u32 info_field, u32 error_field)
{
	static const char * const types[] = {
		"external interrupt", "reserved type", "NMI", "exception",
		"software interrupt", "privileged software exception",
		"software exception", "other event",
	};
	u32 info = put_field(d, info_field);
	u32 vector = info & INTR_INFO_VECTOR_MASK;

	if (!(info & INTR_INFO_VALID_MASK)) {
		put(d, " (none)\n");
		return;
	}
	put(d, " (%s", types[info >> 8 & 7]);
	if ((info & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_HARD_EXCEPTION &&
	    vector < ARRAY_SIZE(exceptions) && exceptions[vector])
		put(d, " %s", exceptions[vector]);
	else
		put(d, " 0x%x", vector);
	if (info & INTR_INFO_DELIVER_CODE_MASK)
		put(d, ", error code 0x%x", (u32)get(d, error_field));
	put(d, ")\n");
}

static void put_events(struct dump *d)
{
	put(d, "events\n");
	put_event(d, VM_ENTRY_INTR_INFO_FIELD, VM_ENTRY_EXCEPTION_ERROR_CODE);
	PUT_FIELDS(d, VM_ENTRY_INSTRUCTION_LEN);
	put_event(d, VM_EXIT_INTR_INFO, VM_EXIT_INTR_ERROR_CODE);
	put_event(d, IDT_VECTORING_INFO_FIELD, IDT_VECTORING_ERROR_CODE);
}

/* ----------------------------------------------------------------- guest */

static void put_code_or_data(struct dump *d, u32 rights)
{
	if (rights & VMX_AR_TYPE_CODE_MASK) {
		put(d, " code %s%s%s",
		    rights & VMX_AR_L_MASK ? "64" :
		    rights & VMX_AR_DB_MASK ? "32" : "16",
		    rights & VMX_AR_TYPE_READABLE_MASK ? " readable" : "",
		    rights & VMX_AR_TYPE_WRITEABLE_MASK ? " conforming" : "");
	} else {
		put(d, " data %s%s%s", rights & VMX_AR_DB_MASK ? "32" : "16",
		    rights & VMX_AR_TYPE_READABLE_MASK ? " writable" : "",
		    rights & VMX_AR_TYPE_WRITEABLE_MASK ? " expand-down" : "");
	}
	if (!(rights & VMX_AR_TYPE_ACCESSES_MASK))
		put(d, " not-accessed");
}

static void put_system_segment(struct dump *d, u32 rights)
{
	static const char * const types[16] = {
		[1] = "16-bit TSS", [2] = "LDT", [3] = "busy 16-bit TSS",
		[9] = "TSS", [11] = "busy TSS",
	};
	const char *type = types[rights & VMX_AR_TYPE_MASK];

	put(d, " %s", type ? type : "system");
}

static void put_segment(struct dump *d, const char *name, unsigned int index)
{
	u32 step = 2 * index;
	u32 rights = get(d, GUEST_ES_AR_BYTES + step);

	put(d, "  %-4s 0x%04llx base 0x%llx limit 0x%llx rights 0x%x:", name,
	    (unsigned long long)get(d, GUEST_ES_SELECTOR + step),
	    (unsigned long long)get(d, GUEST_ES_BASE + step),
	    (unsigned long long)get(d, GUEST_ES_LIMIT + step), rights);
	if (rights & VMX_AR_UNUSABLE_MASK) {
		put(d, " unusable DPL%u\n", VMX_AR_DPL(rights));
		return;
	}
	if (rights & VMX_AR_S_MASK)
		put_code_or_data(d, rights);
	else
		put_system_segment(d, rights);
	put(d, " DPL%u%s%s\n", VMX_AR_DPL(rights),
	    rights & VMX_AR_P_MASK ? " P" : " not-present",
	    rights & VMX_AR_G_MASK ? " G" : "");
}

static void put_named(struct dump *d, u32 field, const char * const *names,
		      size_t count)
{
	put_bits(d, put_field(d, field), names, count);
	put(d, "\n");
}

#define PUT_NAMED(d, field, names) \
	put_named(d, field, names, ARRAY_SIZE(names))

static void put_guest(struct dump *d)
{
	static const char * const segments[WARD_SEG_COUNT] = {
		"ES", "CS", "SS", "DS", "FS", "GS", "LDTR", "TR",
	};
	static const char * const activities[] = {
		"active", "HLT", "shutdown", "wait for SIPI",
	};
	unsigned int i;
	u64 activity;

	put(d, "guest\n");
	PUT_FIELDS(d, GUEST_RIP, GUEST_RSP);
	PUT_NAMED(d, GUEST_RFLAGS, rflags_bits);
	PUT_NAMED(d, GUEST_CR0, cr0_bits);
	PUT_FIELDS(d, GUEST_CR3);
	PUT_NAMED(d, GUEST_CR4, cr4_bits);
	PUT_NAMED(d, GUEST_IA32_EFER, efer_bits);
	for (i = 0; i < WARD_SEG_COUNT; i++)
		put_segment(d, segments[i], i);
	put(d, "  GDTR base 0x%llx limit 0x%llx, IDTR base 0x%llx limit 0x%llx\n",
	    (unsigned long long)get(d, GUEST_GDTR_BASE),
	    (unsigned long long)get(d, GUEST_GDTR_LIMIT),
	    (unsigned long long)get(d, GUEST_IDTR_BASE),
	    (unsigned long long)get(d, GUEST_IDTR_LIMIT));
	activity = put_field(d, GUEST_ACTIVITY_STATE);
	put(d, " (%s)\n", activity < ARRAY_SIZE(activities) ?
	    activities[activity] : "unknown");
	PUT_NAMED(d, GUEST_INTERRUPTIBILITY_INFO, blocking_bits);
	PUT_NAMED(d, GUEST_PENDING_DBG_EXCEPTIONS, pending_debug_bits);
	PUT_FIELDS(d, GUEST_DR7, GUEST_IA32_DEBUGCTL, GUEST_IA32_PAT,
		   GUEST_SYSENTER_CS, GUEST_SYSENTER_ESP, GUEST_SYSENTER_EIP,
		   VMCS_LINK_POINTER);
}

/* -------------------------------------------------------------- controls */

static u32 put_controls(struct dump *d, u32 field,
			enum vmx_capability_group group)
{
	u32 value = put_field(d, field);
	size_t i;

	for (i = 0; i < VMX_CAPABILITY_COUNT; i++) {
		const struct vmx_capability *c = &vmx_capabilities[i];

		if (c->group == group && c->bit >= 32 &&
		    (value >> (c->bit - 32) & 1))
			put(d, " %s", c->name);
	}
	put(d, "\n");
	return value;
}

static void put_ept(struct dump *d)
{
	u64 eptp = put_field(d, EPT_POINTER);

	put(d, " (root 0x%llx, %u levels, memory type %u%s)\n",
	    (unsigned long long)(eptp & ~0xfffull),
	    (unsigned int)(eptp >> 3 & 7) + 1, (unsigned int)(eptp & 7),
	    eptp >> 6 & 1 ? ", accessed and dirty bits" : "");
	PUT_FIELDS(d, GUEST_PDPTR0, GUEST_PDPTR1, GUEST_PDPTR2, GUEST_PDPTR3);
}

static void put_all_controls(struct dump *d)
{
	u32 pin, proc, proc2 = 0;

	put(d, "controls\n");
	pin = put_controls(d, PIN_BASED_VM_EXEC_CONTROL, VMX_GROUP_PIN);
	proc = put_controls(d, CPU_BASED_VM_EXEC_CONTROL, VMX_GROUP_PROC);
	if (proc & CPU_BASED_ACTIVATE_SECONDARY_CONTROLS)
		proc2 = put_controls(d, SECONDARY_VM_EXEC_CONTROL,
				     VMX_GROUP_PROC2);
	put_controls(d, VM_EXIT_CONTROLS, VMX_GROUP_EXIT);
	put_controls(d, VM_ENTRY_CONTROLS, VMX_GROUP_ENTRY);

	PUT_NAMED(d, EXCEPTION_BITMAP, exceptions);
	PUT_FIELDS(d, PAGE_FAULT_ERROR_CODE_MASK, PAGE_FAULT_ERROR_CODE_MATCH);
	PUT_NAMED(d, CR0_GUEST_HOST_MASK, cr0_bits);
	PUT_NAMED(d, CR0_READ_SHADOW, cr0_bits);
	PUT_NAMED(d, CR4_GUEST_HOST_MASK, cr4_bits);
	PUT_NAMED(d, CR4_READ_SHADOW, cr4_bits);
	PUT_FIELDS(d, TSC_OFFSET);

	if (pin & PIN_BASED_VMX_PREEMPTION_TIMER)
		PUT_FIELDS(d, VMX_PREEMPTION_TIMER_VALUE);
	if (proc & CPU_BASED_USE_MSR_BITMAPS)
		PUT_FIELDS(d, MSR_BITMAP);
	if (proc & CPU_BASED_USE_IO_BITMAPS)
		PUT_FIELDS(d, IO_BITMAP_A, IO_BITMAP_B);
	if (proc & CPU_BASED_TPR_SHADOW)
		PUT_FIELDS(d, VIRTUAL_APIC_PAGE_ADDR, TPR_THRESHOLD);
	if (proc2 & SECONDARY_EXEC_ENABLE_VPID)
		PUT_FIELDS(d, VIRTUAL_PROCESSOR_ID);
	if (proc2 & VMCS_CONTROL_BIT(XSAVES))
		PUT_FIELDS(d, XSS_EXIT_BITMAP);
	if (proc2 & SECONDARY_EXEC_ENABLE_EPT)
		put_ept(d);
}

/* ------------------------------------------------------------------ host */

static void put_host(struct dump *d)
{
	put(d, "host\n");
	PUT_FIELDS(d, HOST_RIP, HOST_RSP);
	PUT_NAMED(d, HOST_CR0, cr0_bits);
	PUT_FIELDS(d, HOST_CR3);
	PUT_NAMED(d, HOST_CR4, cr4_bits);
	PUT_NAMED(d, HOST_IA32_EFER, efer_bits);
	PUT_FIELDS(d, HOST_IA32_PAT, HOST_ES_SELECTOR, HOST_CS_SELECTOR,
		   HOST_SS_SELECTOR, HOST_DS_SELECTOR, HOST_FS_SELECTOR,
		   HOST_GS_SELECTOR, HOST_TR_SELECTOR, HOST_FS_BASE,
		   HOST_GS_BASE, HOST_TR_BASE, HOST_GDTR_BASE, HOST_IDTR_BASE,
		   HOST_IA32_SYSENTER_CS, HOST_IA32_SYSENTER_ESP,
		   HOST_IA32_SYSENTER_EIP);
}

static void put_rules(struct dump *d, unsigned int maxphyaddr)
{
	struct vmcs_broken_rule broken[MAX_RULES];
	size_t i, count;

	count = vmcs_explain_entry(d->read, d->ctx, d->msrs, maxphyaddr,
				   broken, MAX_RULES);
	put(d, "next entry\n");
	if (!count)
		put(d, "  breaks no rule\n");
	for (i = 0; i < count && i < MAX_RULES; i++)
		put(d, "  %s 0x%llx %s\n    (SDM \"%s\")\n",
		    vmcs_field_name(broken[i].field),
		    (unsigned long long)broken[i].value, broken[i].rule,
		    broken[i].section);
	if (count > MAX_RULES)
		put(d, "  and %zu more\n", count - MAX_RULES);
}

size_t vmcs_dump(vmcs_read_fn *read, void *ctx,
		 const u64 msrs[VMX_CAPABILITY_MSRS], unsigned int maxphyaddr,
		 char *text, size_t bytes)
{
	struct dump d = {
		.read = read,
		.ctx = ctx,
		.msrs = msrs,
		.text = text,
		.bytes = bytes,
	};

	if (bytes)
		text[0] = '\0';
	put_exit(&d);
	put_events(&d);
	put_guest(&d);
	put_all_controls(&d);
	put_host(&d);
	put_rules(&d, maxphyaddr);
	return d.length;
}
