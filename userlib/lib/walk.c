// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * walk.c - the guest's own page tables, walked in user space.
 *
 * All four formats are one loop: a format is a number of levels, an entry
 * size and an index width. Not looked at: protection keys, and reserved
 * physical-address bits (which depend on the CPU's address width).
 *
 * PAE: the CPU keeps the four top entries in registers from the last MOV to
 * CR3. They are read from memory here, which differs only for a guest that
 * changes them and has not yet reloaded CR3.
 */
#include <errno.h>
#include <string.h>

#include "walk.h"

#define CR0_PG		(1ull << 31)
#define CR0_WP		(1ull << 16)
#define CR4_PSE		(1ull << 4)
#define CR4_PAE		(1ull << 5)
#define CR4_LA57	(1ull << 12)
#define CR4_SMEP	(1ull << 20)
#define CR4_SMAP	(1ull << 21)
#define EFER_LMA	(1ull << 10)
#define EFER_NXE	(1ull << 11)
#define RFLAGS_AC	(1ull << 18)

#define PTE_PRESENT	(1ull << 0)
#define PTE_WRITE	(1ull << 1)
#define PTE_USER	(1ull << 2)
#define PTE_ACCESSED	(1ull << 5)
#define PTE_DIRTY	(1ull << 6)
#define PTE_LARGE	(1ull << 7)
#define PTE_NX		(1ull << 63)
#define PTE_ADDRESS	0x000ffffffffff000ull

/* Format of the tables: bytes of an entry, index bits per level, levels. */
struct format {
	unsigned int entry_bytes;
	unsigned int index_bits;
	unsigned int levels;
	int pae;		/* top level has 4 entries without rights */
	int large_at_2;		/* large pages at level 2 */
};

struct walk_mode ward_walk_mode(const struct ward_run *run)
{
	return (struct walk_mode){
		.cr0 = run->cr0,
		.cr3 = run->cr3,
		.cr4 = run->cr4,
		.efer = run->efer,
		.rflags = run->gprs[WARD_RFLAGS],
		.cpl = run->cpl,
	};
}

static struct format format_of(const struct walk_mode *mode)
{
	if (mode->efer & EFER_LMA)
		return (struct format){ 8, 9, mode->cr4 & CR4_LA57 ? 5 : 4, 0, 1 };
	if (mode->cr4 & CR4_PAE)
		return (struct format){ 8, 9, 3, 1, 1 };
	return (struct format){ 4, 10, 2, 0, !!(mode->cr4 & CR4_PSE) };
}

static __u64 load(const void *entry, unsigned int bytes)
{
	if (bytes == 4)
		return __atomic_load_n((const __u32 *)entry, __ATOMIC_RELAXED);
	return __atomic_load_n((const __u64 *)entry, __ATOMIC_RELAXED);
}

/* Both bits are in the low byte, and a byte can be set atomically alone. */
static void set_bits(void *entry, __u64 bits)
{
	__atomic_fetch_or((__u8 *)entry, (__u8)bits, __ATOMIC_SEQ_CST);
}

static int is_large(const struct format *format, unsigned int level, __u64 entry)
{
	if (!(entry & PTE_LARGE))
		return 0;
	if (level == 2)
		return format->large_at_2;
	return level == 3 && !format->pae;
}

/* Bits that must be zero whatever the CPU's physical-address width is. */
static int has_reserved(const struct walk_mode *mode,
			const struct format *format, unsigned int level,
			__u64 entry)
{
	if (format->entry_bytes == 4)
		return 0;
	if (entry & PTE_NX && !(mode->efer & EFER_NXE))
		return 1;
	if (level >= 4 && entry & PTE_LARGE)
		return 1;
	if (is_large(format, level, entry)) {
		__u64 low = (1ull << (12 + 9 * (level - 1))) - 1;

		/* bit 12 is PAT */
		return !!(entry & low & PTE_ADDRESS & ~0x1000ull);
	}
	return 0;
}

static __u64 page_address(const struct format *format, __u64 entry,
			  __u64 page_mask)
{
	if (format->entry_bytes == 4 && page_mask > 0xfff)
		/* PSE-36: bits 39:32 of the address are in bits 20:13 */
		return (entry & 0xffc00000) | (entry >> 13 & 0xff) << 32;
	return entry & PTE_ADDRESS & ~page_mask;
}

/* @rights: the AND of all levels' W and U, the OR of their NX. */
static int may(const struct walk_mode *mode, __u64 rights, __u32 access)
{
	int user = mode->cpl == 3;

	if (user && access && !(rights & PTE_USER))
		return 0;
	if (access & WARD_PROT_WRITE && !(rights & PTE_WRITE) &&
	    (user || mode->cr0 & CR0_WP))
		return 0;
	if (access & WARD_PROT_EXEC) {
		if (rights & PTE_NX && mode->efer & EFER_NXE)
			return 0;
		if (!user && rights & PTE_USER && mode->cr4 & CR4_SMEP)
			return 0;
	} else if (access && !user && rights & PTE_USER &&
		   mode->cr4 & CR4_SMAP && !(mode->rflags & RFLAGS_AC)) {
		return 0;
	}
	return 1;
}

static __u32 error_bits(const struct walk_mode *mode, __u32 access)
{
	__u32 error = 0;

	if (access & WARD_PROT_WRITE)
		error |= WALK_WRITE;
	if (mode->cpl == 3)
		error |= WALK_USER;
	if (access & WARD_PROT_EXEC &&
	    (mode->efer & EFER_NXE || mode->cr4 & CR4_SMEP))
		error |= WALK_FETCH;
	return error;
}

int ward_walk(const struct walk_mode *mode, const struct walk_memory *memory,
	 __u64 gva, __u32 access, int mark, __u64 *gpa, __u32 *error_code)
{
	struct format format = format_of(mode);
	__u64 rights = PTE_WRITE | PTE_USER;
	void *entries[5];
	__u64 table, entry = 0, page_mask = 0xfff;
	unsigned int level, shift, used = 0;

	if (!(mode->cr0 & CR0_PG)) {
		*gpa = gva & 0xffffffff;
		return 0;
	}
	if (!(mode->efer & EFER_LMA))
		gva &= 0xffffffff;
	*error_code = error_bits(mode, access);

	table = mode->cr3 & (format.pae ? 0xffffffe0 :
			     format.entry_bytes == 4 ? 0xfffff000 : PTE_ADDRESS);
	for (level = format.levels; level; level--) {
		__u64 index;

		shift = 12 + format.index_bits * (level - 1);
		index = gva >> shift & ((1u << format.index_bits) - 1);
		if (format.pae && level == 3)
			index = gva >> 30 & 3;
		entries[used] = memory->ram(memory->context,
					    table + index * format.entry_bytes,
					    format.entry_bytes, mark);
		if (!entries[used])
			return -ENXIO;
		entry = load(entries[used], format.entry_bytes);
		if (!(entry & PTE_PRESENT))
			return -EFAULT;
		if (format.pae && level == 3) {
			table = entry & PTE_ADDRESS;
			continue;
		}
		used++;
		if (has_reserved(mode, &format, level, entry)) {
			*error_code |= WALK_PRESENT | WALK_RESERVED;
			return -EFAULT;
		}
		rights = (rights & entry & (PTE_WRITE | PTE_USER)) |
			 ((rights | entry) & PTE_NX);
		if (level == 1 || is_large(&format, level, entry)) {
			page_mask = (1ull << shift) - 1;
			break;
		}
		table = entry & (format.entry_bytes == 4 ? 0xfffff000 :
				 PTE_ADDRESS);
	}

	if (!may(mode, rights, access)) {
		*error_code |= WALK_PRESENT;
		return -EFAULT;
	}
	if (mark) {
		unsigned int i;

		for (i = 0; i < used; i++)
			set_bits(entries[i], PTE_ACCESSED);
		if (access & WARD_PROT_WRITE)
			set_bits(entries[used - 1], PTE_DIRTY);
	}
	*gpa = page_address(&format, entry, page_mask) | (gva & page_mask);
	return 0;
}
