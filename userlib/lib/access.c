// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * access.c - how an instruction of the guest reaches memory: segmentation,
 * paging, RAM or device.
 *
 * An operand is first resolved, with every check that could fault, and then
 * read or written, which cannot fail. So a faulting instruction leaves
 * nothing half done.
 */
#include <errno.h>
#include <string.h>

#include "emulate.h"
#include "walk.h"

#define VECTOR_SS	12
#define VECTOR_GP	13
#define VECTOR_PF	14

#define CR0_PE		(1ull << 0)
#define CR4_LA57	(1ull << 12)
#define RFLAGS_VM	(1ull << 17)

/* Bits of a segment's rights */
#define RIGHTS_CODE		(1u << 3)
#define RIGHTS_EXPAND_DOWN	(1u << 2)
#define RIGHTS_WRITE_OR_READ	(1u << 1)	/* data: write, code: read */
#define RIGHTS_BIG		(1u << 14)
#define RIGHTS_UNUSABLE		(1u << 16)

static int fault(struct emulator *e, __u32 vector, __u32 error, __u64 cr2)
{
	e->fault = vector | WARD_EVENT_EXCEPTION | WARD_EVENT_ERROR_CODE |
		   (__u64)error << 32;
	e->cr2 = cr2;
	return EMULATE_FAULT;
}

static int segment_fault(struct emulator *e, __u32 which)
{
	return fault(e, which == WARD_SS ? VECTOR_SS : VECTOR_GP, 0, 0);
}

/* 64-bit mode: no limits, but addresses must be canonical. */
static int check_canonical(struct emulator *e, __u32 which, __u64 gva,
			   __u32 bytes)
{
	unsigned int unused = e->run->cr4 & CR4_LA57 ? 7 : 16;
	__u64 last = gva + bytes - 1;

	if ((__s64)(gva << unused) >> unused != (__s64)gva ||
	    (__s64)(last << unused) >> unused != (__s64)last)
		return segment_fault(e, which);
	return 0;
}

static int check_segment(struct emulator *e, __u32 which, __u64 offset,
			 __u32 bytes, __u32 access)
{
	int protected = e->run->cr0 & CR0_PE &&
			!(e->regs[WARD_RFLAGS] & RFLAGS_VM);
	__u64 first = 0, last, top;
	struct ward_segment segment;
	int error;

	error = e->ops->segment(e->context, which, &segment);
	if (error)
		return error;
	if (segment.rights & RIGHTS_UNUSABLE)
		return segment_fault(e, which);

	last = segment.limit;
	if (protected) {
		int code = !!(segment.rights & RIGHTS_CODE);
		int extra = !!(segment.rights & RIGHTS_WRITE_OR_READ);

		if (access & WARD_PROT_WRITE && (code || !extra))
			return segment_fault(e, which);
		if (access & WARD_PROT_READ && code && !extra)
			return segment_fault(e, which);
		if (!code && segment.rights & RIGHTS_EXPAND_DOWN) {
			first = (__u64)segment.limit + 1;
			last = segment.rights & RIGHTS_BIG ? 0xffffffff : 0xffff;
		}
	}
	top = offset + bytes - 1;
	if (offset < first || top > last)
		return segment_fault(e, which);
	return 0;
}

static int resolve_part(struct emulator *e, __u64 gva, __u32 bytes,
			__u32 access, struct span_part *part)
{
	const struct walk_memory memory = { e->ops->ram, e->context };
	struct walk_mode mode = ward_walk_mode(e->run);
	__u32 error_code = 0;
	int error;

	error = ward_walk(&mode, &memory, gva, access, 1, &part->gpa,
			  &error_code);
	if (error == -EFAULT)
		return fault(e, VECTOR_PF, error_code, gva);
	if (error)
		return -ENOTSUP;
	part->bytes = bytes;
	part->host = e->ops->ram(e->context, part->gpa, bytes,
				 !!(access & WARD_PROT_WRITE));
	return 0;
}

int ward_span_resolve(struct emulator *e, __u32 which, __u64 offset,
		      __u32 bytes, __u32 access, struct span *span)
{
	__u64 gva = e->run->seg_base[which] + offset;
	__u32 first = 0x1000 - (gva & 0xfff);
	int error;

	if (e->run->code_bits == 64) {
		if (which < WARD_FS)
			gva = offset;
		first = 0x1000 - (gva & 0xfff);
		error = check_canonical(e, which, gva, bytes);
	} else {
		gva &= 0xffffffff;
		error = check_segment(e, which, offset, bytes, access);
	}
	if (error)
		return error;

	if (first > bytes)
		first = bytes;
	span->parts = first < bytes ? 2 : 1;
	error = resolve_part(e, gva, first, access, &span->part[0]);
	if (!error && first < bytes) {
		__u64 next = gva + first;

		if (e->run->code_bits != 64)
			next &= 0xffffffff;
		error = resolve_part(e, next, bytes - first, access,
				     &span->part[1]);
	}
	return error;
}

/* Device registers see only 1, 2, 4 or 8 bytes: an odd rest is cut up. */
static void device_access(const struct emulator *e,
			  const struct span_part *part, __u64 *value, int write)
{
	__u32 done, bytes;

	for (done = 0; done < part->bytes; done += bytes) {
		__u64 data = 0;

		for (bytes = 8; bytes > part->bytes - done; )
			bytes /= 2;
		if (write)
			memcpy(&data, (char *)value + done, bytes);
		e->ops->devices->mmio(e->ops->device_context, part->gpa + done,
				      &data, bytes, write);
		if (!write)
			memcpy((char *)value + done, &data, bytes);
	}
}

__u64 ward_span_read(const struct emulator *e, const struct span *span)
{
	__u64 value = 0, piece;
	unsigned int i, done = 0;

	for (i = 0; i < span->parts; i++) {
		piece = 0;
		if (span->part[i].host)
			memcpy(&piece, span->part[i].host, span->part[i].bytes);
		else
			device_access(e, &span->part[i], &piece, 0);
		memcpy((char *)&value + done, &piece, span->part[i].bytes);
		done += span->part[i].bytes;
	}
	return value;
}

void ward_span_write(const struct emulator *e, const struct span *span,
		     __u64 value)
{
	unsigned int i, done = 0;

	for (i = 0; i < span->parts; i++) {
		__u64 piece = value >> 8 * done;

		if (span->part[i].host)
			memcpy(span->part[i].host, &piece, span->part[i].bytes);
		else
			device_access(e, &span->part[i], &piece, 1);
		done += span->part[i].bytes;
	}
}

__u32 ward_code_fetch(const struct emulator *e, __u8 code[16])
{
	const struct walk_memory memory = { e->ops->ram, e->context };
	struct walk_mode mode = ward_walk_mode(e->run);
	__u64 gva = e->regs[WARD_RIP], gpa;
	__u32 done, error_code;

	if (e->run->code_bits != 64)
		gva = (gva + e->run->seg_base[WARD_CS]) & 0xffffffff;
	for (done = 0; done < 16; done++) {
		const __u8 *byte;

		if (ward_walk(&mode, &memory, gva + done, WARD_PROT_EXEC, 0,
			      &gpa, &error_code))
			break;
		byte = e->ops->ram(e->context, gpa, 1, 0);
		if (!byte)
			break;
		code[done] = *byte;
	}
	return done;
}
