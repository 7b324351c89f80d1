// SPDX-License-Identifier: GPL-2.0-only
/*
 * acpi.c - the ACPI tables.
 *
 * Structures are written out as in "ACPI Software Programming Model" of the
 * ACPI specification, revision 5 of the FADT's layout. All is below 4 GiB,
 * so that the RSDT works as well as the XSDT. The machine has the fixed
 * hardware of pm.h and is not "hardware-reduced": an operating system then
 * uses the PM timer, S5 and the reset register without further code.
 */
#include <string.h>

#include "acpi.h"
#include "dsdt.hex"
#include "ioapic.h"
#include "pm.h"

#define SCI_PIN		9
#define LAPIC_GPA	0xfee00000u

struct acpi_header {
	char signature[4];
	__u32 length;
	__u8 revision;
	__u8 checksum;
	char oem_id[6];
	char oem_table_id[8];
	__u32 oem_revision;
	char creator_id[4];
	__u32 creator_revision;
} __attribute__((packed));

struct acpi_rsdp {
	char signature[8];
	__u8 checksum;
	char oem_id[6];
	__u8 revision;
	__u32 rsdt;
	__u32 length;
	__u64 xsdt;
	__u8 extended_checksum;
	__u8 reserved[3];
} __attribute__((packed));

struct acpi_address {
	__u8 space;		/* 1: ports */
	__u8 bit_width;
	__u8 bit_offset;
	__u8 access_size;	/* 1: byte, 2: word, 3: dword */
	__u64 address;
} __attribute__((packed));

struct acpi_fadt {
	struct acpi_header header;
	__u32 facs;
	__u32 dsdt;
	__u8 reserved0;
	__u8 preferred_profile;
	__u16 sci_interrupt;
	__u32 smi_command;
	__u8 acpi_enable, acpi_disable, s4bios_request, pstate_control;
	__u32 pm1a_event, pm1b_event, pm1a_control, pm1b_control;
	__u32 pm2_control, pm_timer, gpe0, gpe1;
	__u8 pm1_event_length, pm1_control_length, pm2_control_length;
	__u8 pm_timer_length, gpe0_length, gpe1_length, gpe1_base;
	__u8 cst_control;
	__u16 c2_latency, c3_latency;
	__u16 flush_size, flush_stride;
	__u8 duty_offset, duty_width;
	__u8 day_alarm, month_alarm, century;
	__u16 boot_flags;
	__u8 reserved1;
	__u32 flags;
	struct acpi_address reset_register;
	__u8 reset_value;
	__u16 arm_flags;
	__u8 minor_revision;
	__u64 x_facs, x_dsdt;
	struct acpi_address x_pm1a_event, x_pm1b_event;
	struct acpi_address x_pm1a_control, x_pm1b_control;
	struct acpi_address x_pm2_control, x_pm_timer, x_gpe0, x_gpe1;
	struct acpi_address sleep_control, sleep_status;
} __attribute__((packed));

_Static_assert(sizeof(struct acpi_fadt) == 268, "FADT of revision 5");

#define FADT_WBINVD		(1u << 0)
#define FADT_C1			(1u << 2)	/* HLT works on all CPUs */
#define FADT_NO_POWER_BUTTON	(1u << 4)	/* not as fixed hardware */
#define FADT_NO_SLEEP_BUTTON	(1u << 5)
#define FADT_NO_RTC_WAKE	(1u << 6)
#define FADT_TIMER_32		(1u << 8)
#define FADT_RESET		(1u << 10)
/* Of FADT boot_flags: no VGA; an 8042 would be bit 1. */
#define BOOT_NO_VGA		(1u << 2)

struct acpi_facs {
	char signature[4];
	__u32 length;
	__u32 hardware_signature;
	__u32 waking_vector;
	__u32 global_lock;
	__u32 flags;
	__u64 x_waking_vector;
	__u8 version;
	__u8 reserved[31];
} __attribute__((packed));

struct acpi_madt {
	struct acpi_header header;
	__u32 lapic;
	__u32 flags;		/* bit 0 PCAT_COMPAT: there is no PIC */
} __attribute__((packed));

struct acpi_madt_lapic {
	__u8 type, length;
	__u8 processor;
	__u8 id;
	__u32 flags;		/* bit 0: enabled */
} __attribute__((packed));

struct acpi_madt_ioapic {
	__u8 type, length;
	__u8 id;
	__u8 reserved;
	__u32 address;
	__u32 base;
} __attribute__((packed));

struct acpi_madt_override {
	__u8 type, length;
	__u8 bus;
	__u8 source;
	__u32 interrupt;
	__u16 flags;		/* 0x0d: active high, level */
} __attribute__((packed));

struct acpi_madt_nmi {
	__u8 type, length;
	__u8 processor;		/* 0xff: all */
	__u16 flags;
	__u8 lint;
} __attribute__((packed));

/* The area, filled from the start; a table that does not fit is NULL. */
struct builder {
	char *area;
	__u32 bytes;
	__u32 used;
	__u64 gpa;
};

static void *take(struct builder *b, __u32 bytes, __u32 alignment)
{
	__u32 start = (b->used + alignment - 1) & ~(alignment - 1);

	if (start > b->bytes || bytes > b->bytes - start)
		return NULL;
	b->used = start + bytes;
	return memset(b->area + start, 0, bytes);
}

static __u32 gpa_of(const struct builder *b, const void *table)
{
	return (__u32)(b->gpa + (__u64)((const char *)table - b->area));
}

static __u8 checksum(const void *table, __u32 bytes)
{
	const __u8 *byte = table;
	__u8 sum = 0;

	while (bytes--)
		sum += *byte++;
	return (__u8)-sum;
}

static void set_header(struct acpi_header *header, const char *signature,
		       __u8 revision, __u32 bytes)
{
	memcpy(header->signature, signature, 4);
	header->length = bytes;
	header->revision = revision;
	memcpy(header->oem_id, "WARD  ", 6);
	memcpy(header->oem_table_id, "WARDVM  ", 8);
	header->oem_revision = 1;
	memcpy(header->creator_id, "WARD", 4);
	header->creator_revision = 1;
	header->checksum = 0;
	header->checksum = checksum(header, bytes);
}

static struct acpi_address port(__u16 number, __u8 bits)
{
	return (struct acpi_address){
		.space = 1,
		.bit_width = bits,
		.access_size = bits == 8 ? 1 : bits == 16 ? 2 : 3,
		.address = number,
	};
}

static void *add_facs(struct builder *b)
{
	struct acpi_facs *facs = take(b, sizeof(*facs), 64);

	if (!facs)
		return NULL;
	memcpy(facs->signature, "FACS", 4);
	facs->length = sizeof(*facs);
	facs->version = 2;
	return facs;
}

static void *add_dsdt(struct builder *b)
{
	void *dsdt = take(b, sizeof(dsdt_aml_code), 16);

	if (!dsdt)
		return NULL;
	return memcpy(dsdt, dsdt_aml_code, sizeof(dsdt_aml_code));
}

static void *add_fadt(struct builder *b, const void *facs, const void *dsdt)
{
	struct acpi_fadt *fadt = take(b, sizeof(*fadt), 16);

	if (!fadt)
		return NULL;
	fadt->facs = gpa_of(b, facs);
	fadt->dsdt = gpa_of(b, dsdt);
	fadt->x_dsdt = fadt->dsdt;
	fadt->sci_interrupt = SCI_PIN;
	fadt->pm1a_event = PM_EVENT_PORT;
	fadt->pm1a_control = PM_CONTROL_PORT;
	fadt->pm_timer = PM_TIMER_PORT;
	fadt->pm1_event_length = 4;
	fadt->pm1_control_length = 2;
	fadt->pm_timer_length = 4;
	fadt->c2_latency = 0xffff;	/* no C2, no C3 */
	fadt->c3_latency = 0xffff;
	fadt->century = 0x32;
	fadt->boot_flags = BOOT_NO_VGA;
	fadt->flags = FADT_WBINVD | FADT_C1 | FADT_NO_POWER_BUTTON |
		      FADT_NO_SLEEP_BUTTON | FADT_NO_RTC_WAKE | FADT_TIMER_32 |
		      FADT_RESET;
	fadt->reset_register = port(PM_RESET_PORT, 8);
	fadt->reset_value = PM_RESET_VALUE;
	fadt->minor_revision = 1;
	fadt->x_pm1a_event = port(PM_EVENT_PORT, 32);
	fadt->x_pm1a_control = port(PM_CONTROL_PORT, 16);
	fadt->x_pm_timer = port(PM_TIMER_PORT, 32);
	set_header(&fadt->header, "FACP", 5, sizeof(*fadt));
	return fadt;
}

static void *add_madt(struct builder *b, unsigned int vcpus)
{
	__u32 bytes = sizeof(struct acpi_madt) +
		      vcpus * sizeof(struct acpi_madt_lapic) +
		      sizeof(struct acpi_madt_ioapic) +
		      sizeof(struct acpi_madt_override) +
		      sizeof(struct acpi_madt_nmi);
	struct acpi_madt *madt = take(b, bytes, 16);
	struct acpi_madt_lapic *lapic;
	struct acpi_madt_ioapic *ioapic;
	struct acpi_madt_override *sci;
	struct acpi_madt_nmi *nmi;
	unsigned int i;

	if (!madt)
		return NULL;
	madt->lapic = LAPIC_GPA;

	lapic = (void *)(madt + 1);
	for (i = 0; i < vcpus; i++)
		lapic[i] = (struct acpi_madt_lapic){
			.type = 0,
			.length = sizeof(*lapic),
			.processor = (__u8)i,
			.id = (__u8)i,
			.flags = 1,
		};
	ioapic = (void *)(lapic + vcpus);
	*ioapic = (struct acpi_madt_ioapic){
		.type = 1,
		.length = sizeof(*ioapic),
		.id = 0,
		.address = IOAPIC_GPA,
	};
	sci = (void *)(ioapic + 1);
	*sci = (struct acpi_madt_override){
		.type = 2,
		.length = sizeof(*sci),
		.source = SCI_PIN,
		.interrupt = SCI_PIN,
		.flags = 0x0d,
	};
	nmi = (void *)(sci + 1);
	*nmi = (struct acpi_madt_nmi){
		.type = 4,
		.length = sizeof(*nmi),
		.processor = 0xff,
		.lint = 1,
	};
	set_header(&madt->header, "APIC", 4, bytes);
	return madt;
}

/* RSDT or XSDT: @entry_bytes is 4 or 8. */
static void *add_root(struct builder *b, const char *signature,
		      __u32 entry_bytes, const void *const tables[2])
{
	__u32 bytes = sizeof(struct acpi_header) + 2 * entry_bytes, i;
	struct acpi_header *root = take(b, bytes, 16);

	if (!root)
		return NULL;
	for (i = 0; i < 2; i++) {
		__u64 gpa = gpa_of(b, tables[i]);

		memcpy((char *)(root + 1) + i * entry_bytes, &gpa, entry_bytes);
	}
	set_header(root, signature, 1, bytes);
	return root;
}

__u32 acpi_build(void *area, __u32 bytes, __u64 gpa, unsigned int vcpus)
{
	struct builder b = { .area = area, .bytes = bytes, .gpa = gpa };
	struct acpi_rsdp *rsdp = take(&b, sizeof(*rsdp), 16);
	void *facs = add_facs(&b), *dsdt = add_dsdt(&b);
	const void *tables[2] = { NULL, add_madt(&b, vcpus) };
	void *rsdt, *xsdt;

	if (!rsdp || !facs || !dsdt || !tables[1])
		return 0;
	tables[0] = add_fadt(&b, facs, dsdt);
	if (!tables[0])
		return 0;
	rsdt = add_root(&b, "RSDT", 4, tables);
	xsdt = add_root(&b, "XSDT", 8, tables);
	if (!rsdt || !xsdt)
		return 0;

	memcpy(rsdp->signature, "RSD PTR ", 8);
	memcpy(rsdp->oem_id, "WARD  ", 6);
	rsdp->revision = 2;
	rsdp->rsdt = gpa_of(&b, rsdt);
	rsdp->xsdt = gpa_of(&b, xsdt);
	rsdp->length = sizeof(*rsdp);
	rsdp->checksum = checksum(rsdp, 20);
	rsdp->extended_checksum = checksum(rsdp, sizeof(*rsdp));
	return b.used;
}
