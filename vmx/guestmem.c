// SPDX-License-Identifier: GPL-2.0-only
/*
 * guestmem.c - reading guest memory by the guest's own page tables.
 *
 * Serves the decoder (the instruction that touched a device) and PAE. It
 * reads through the EPT: what the guest has just used is mapped there; where
 * it is no longer, the caller has it faulted in and lets the guest try again.
 * Rights are not checked: the processor did that before the exit.
 */
#include <asm/processor-flags.h>
#include "ept/root.h"
#include "vmx/vcpu.h"

#define PTE_PRESENT	1ull
#define PTE_LARGE	(1ull << 7)

int vmx_guest_read_gpa(struct vmx_vcpu *v, u64 gpa, void *buffer, u32 bytes)
{
	int err = ept_root_read(v->root, gpa, buffer, bytes);

	if (!err)
		return 0;
	v->fault = (struct vmx_fault){ .root = v->root, .gpa = gpa, .access = WARD_PROT_READ };
	return -EFAULT;
}

/* Levels of a paging mode, top first: where the index is, how wide. */
struct paging {
	int levels;
	int entry_bytes;
	int index_bits;
};

static const struct paging long_paging = { 4, 8, 9 };
static const struct paging pae_paging = { 3, 8, 9 };
static const struct paging legacy_paging = { 2, 4, 10 };

/* Return: 0, -ENOENT not mapped, -EFAULT as vmx_guest_read_gpa(). */
static int translate(struct vmx_vcpu *v, u64 gva, u64 *gpa)
{
	const struct vmx_context *c = &v->context;
	const struct paging *p;
	u64 mask = (1ull << vmx_cpuid_phys_bits(v->vm->cpuid)) - 1;
	u64 table, entry;
	int level, shift, err;

	if (!(c->cr0 & X86_CR0_PG)) {
		*gpa = (u32)gva;
		return 0;
	}
	if (vmx_long_mode(v)) {
		p = &long_paging;
		table = c->cr3 & mask & ~0xfffull;
	} else {
		gva = (u32)gva;
		p = c->cr4 & X86_CR4_PAE ? &pae_paging : &legacy_paging;
		table = c->cr3 & (c->cr4 & X86_CR4_PAE ? 0xffffffe0 : 0xfffff000);
	}

	for (level = p->levels - 1; level >= 0; level--) {
		shift = 12 + level * p->index_bits;
		entry = 0;
		err = vmx_guest_read_gpa(v, table + (gva >> shift & ((1u << p->index_bits) - 1)) *
					 p->entry_bytes, &entry, p->entry_bytes);
		if (err)
			return err;
		if (!(entry & PTE_PRESENT))
			return -ENOENT;
		if (level == 0 || (level < 3 && (entry & PTE_LARGE) &&
				   (p != &pae_paging || level == 1) &&
				   (p != &legacy_paging || (c->cr4 & X86_CR4_PSE)))) {
			u64 page = (1ull << shift) - 1;

			*gpa = (entry & mask & ~page) | (gva & page);
			/* PSE-36: bits 39:32 of a 4 MiB page are in bits 20:13. */
			if (p == &legacy_paging && level)
				*gpa |= (entry >> 13 & 0xff) << 32;
			return 0;
		}
		table = entry & mask & ~0xfffull;
	}
	return -ENOENT;
}

int vmx_guest_read(struct vmx_vcpu *v, u64 gva, void *buffer, u32 bytes)
{
	u32 done = 0;

	while (done < bytes) {
		u32 n = min_t(u32, bytes - done, 4096 - (gva & 0xfff));
		u64 gpa;
		int err = translate(v, gva, &gpa);

		if (!err)
			err = vmx_guest_read_gpa(v, gpa, buffer + done, n);
		/* The instruction may well end before the page that is missing. */
		if (err)
			return done || err == -ENOENT ? (int)done : err;
		done += n;
		gva += n;
	}
	return done;
}

int vmx_guest_fetch(struct vmx_vcpu *v, u8 insn[15])
{
	u64 gva = v->rip;

	if (v->context.code_bits != 64)
		gva = (u32)(gva + v->context.seg_base[WARD_CS]);
	return vmx_guest_read(v, gva, insn, 15);
}
