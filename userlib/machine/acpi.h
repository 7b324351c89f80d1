/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * acpi.h - the ACPI tables: how the guest learns what machine it is in.
 */
#ifndef WARD_MACHINE_ACPI_H
#define WARD_MACHINE_ACPI_H

#include <linux/types.h>

/**
 * acpi_build() - RSDP, RSDT, XSDT, FADT, FACS, MADT, DSDT
 * @area: memory to put them in, the RSDP first
 * @bytes: its length
 * @gpa: where the guest will see it
 * @vcpus: local APIC ids 0 to @vcpus - 1
 *
 * Return: bytes used; 0 when @area is too small.
 */
__u32 acpi_build(void *area, __u32 bytes, __u64 gpa, unsigned int vcpus);

#endif
