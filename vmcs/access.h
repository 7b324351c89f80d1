/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * access.h - reading and writing fields of the current VMCS, by width.
 *
 * The width of a field is part of its number (bits 14:13), so a constant
 * field used with the wrong accessor fails the build, and so does the upper
 * half of a 64-bit field (bit 0), which 64-bit code never needs. Intel SDM:
 * "Field Encoding in VMCS".
 *
 * Context: VMX root operation, the VMCS is current on this CPU, preemption
 * off.
 *
 * None of these returns an error. A read fails only where the CPU lacks the
 * field or has no current VMCS, and then yields 0: for every field an exit
 * handler reads, 0 is "nothing happened" or an unknown exit, never a reason
 * to touch guest memory. A failed write leaves the field as it was: VM entry
 * then finds a control or a piece of state that does not fit, fails, and is
 * explained (explain.h); where there is no current VMCS, VM entry itself
 * fails with VMfailInvalid. So a lost access ends one VM and not the host,
 * and a hundred writes in a row stay readable.
 *
 * Host-state fields are the exception to that reasoning: a stale but valid
 * value passes the checks. Every one of them exists on every CPU that passed
 * vmcs_negotiate(), so their writes can only fail without a current VMCS.
 */
#ifndef WARD_VMCS_ACCESS_H
#define WARD_VMCS_ACCESS_H

#include <linux/build_bug.h>
#include <linux/types.h>
#include <asm/vmx.h>

#include "vmcs/instr.h"

/* Bits 14:13 of a field's number */
enum vmcs_width {
	VMCS_WIDTH_16,
	VMCS_WIDTH_64,
	VMCS_WIDTH_32,
	VMCS_WIDTH_NATURAL,
};

static __always_inline enum vmcs_width vmcs_field_width(unsigned long field)
{
	return (enum vmcs_width)((field >> 13) & 3);
}

static __always_inline void vmcs_check_field(unsigned long field,
					     enum vmcs_width width)
{
	BUILD_BUG_ON_MSG(__builtin_constant_p(field) &&
			 vmcs_field_width(field) != width,
			 "VMCS field accessed at the wrong width");
	BUILD_BUG_ON_MSG(__builtin_constant_p(field) && (field & 1),
			 "upper half of a VMCS field accessed on its own");
}

/**
 * vmcs_read_any() - read a field whose number is only known at run time
 * @field: any field, lower halves only
 *
 * Return: the value, zero-extended; 0 if the CPU lacks the field.
 */
static __always_inline u64 vmcs_read_any(unsigned long field)
{
	unsigned long value;

	vmx_vmread(field, &value);
	return value;
}

/**
 * vmcs_read16() - read a 16-bit field
 * @field: number of a 16-bit field (enum vmcs_field)
 *
 * vmcs_read32(), vmcs_read64() and vmcs_read_natural() are the same for the
 * other widths.
 *
 * Return: the value; 0 if the CPU lacks the field.
 */
static __always_inline u16 vmcs_read16(unsigned long field)
{
	vmcs_check_field(field, VMCS_WIDTH_16);
	return (u16)vmcs_read_any(field);
}

static __always_inline u32 vmcs_read32(unsigned long field)
{
	vmcs_check_field(field, VMCS_WIDTH_32);
	return (u32)vmcs_read_any(field);
}

static __always_inline u64 vmcs_read64(unsigned long field)
{
	vmcs_check_field(field, VMCS_WIDTH_64);
	return vmcs_read_any(field);
}

static __always_inline unsigned long vmcs_read_natural(unsigned long field)
{
	vmcs_check_field(field, VMCS_WIDTH_NATURAL);
	return (unsigned long)vmcs_read_any(field);
}

/**
 * vmcs_write16() - write a 16-bit field
 * @field: number of a 16-bit field (enum vmcs_field)
 * @value: new value
 *
 * vmcs_write32(), vmcs_write64() and vmcs_write_natural() are the same for
 * the other widths.
 */
static __always_inline void vmcs_write16(unsigned long field, u16 value)
{
	vmcs_check_field(field, VMCS_WIDTH_16);
	vmx_vmwrite(field, value);
}

static __always_inline void vmcs_write32(unsigned long field, u32 value)
{
	vmcs_check_field(field, VMCS_WIDTH_32);
	vmx_vmwrite(field, value);
}

static __always_inline void vmcs_write64(unsigned long field, u64 value)
{
	vmcs_check_field(field, VMCS_WIDTH_64);
	vmx_vmwrite(field, (unsigned long)value);
}

static __always_inline void vmcs_write_natural(unsigned long field,
					       unsigned long value)
{
	vmcs_check_field(field, VMCS_WIDTH_NATURAL);
	vmx_vmwrite(field, value);
}

#endif /* WARD_VMCS_ACCESS_H */
