/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dump.h - a VMCS as text for a person.
 *
 * Pure, like explain.h: the fields come from a callback.
 */
#ifndef WARD_VMCS_DUMP_H
#define WARD_VMCS_DUMP_H

#include <linux/types.h>

#include "vmcs/explain.h"

/**
 * vmcs_dump() - write a VMCS as text
 * @read: source of the fields, as for vmcs_explain_entry()
 * @ctx: passed to @read
 * @msrs: capability MSRs of this CPU
 * @maxphyaddr: its physical-address width in bits
 * @text: receives the text, NUL-terminated if @bytes is not 0
 * @bytes: size of @text
 *
 * The parts are: last exit, events, guest registers, controls, host state,
 * and the rules that the next VM entry would break. General registers other
 * than RSP are not in a VMCS and so not in the text. Values are hexadecimal
 * with 0x. About 5000 bytes of text.
 *
 * Context: what @read needs; uses about 1 KiB of stack.
 * Return: length of the whole text without the NUL, also where it did not
 * fit: more than @bytes - 1 means it was cut.
 */
size_t vmcs_dump(vmcs_read_fn *read, void *ctx,
		 const u64 msrs[VMX_CAPABILITY_MSRS], unsigned int maxphyaddr,
		 char *text, size_t bytes);

#endif /* WARD_VMCS_DUMP_H */
