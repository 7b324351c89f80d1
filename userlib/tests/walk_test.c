// SPDX-License-Identifier: GPL-2.0-only
/*
 * walk_test.c - guest page tables of all formats, in a small fake memory.
 */
#include <errno.h>
#include <string.h>

#include "lib/walk.h"
#include "tap.h"

static __u8 memory_bytes[0x10000] __attribute__((aligned(4096)));

static void *ram(void *context, __u64 gpa, __u64 bytes, int write)
{
	(void)context;
	(void)write;
	if (gpa >= sizeof(memory_bytes) || bytes > sizeof(memory_bytes) - gpa)
		return NULL;
	return memory_bytes + gpa;
}

static const struct walk_memory memory = { ram, NULL };
static struct walk_mode mode;
static __u32 error_code;
static __u64 gpa;

static void put64(__u64 table, unsigned int index, __u64 entry)
{
	memcpy(memory_bytes + table + 8 * index, &entry, 8);
}

static void put32(__u64 table, unsigned int index, __u32 entry)
{
	memcpy(memory_bytes + table + 4 * index, &entry, 4);
}

static __u64 get64(__u64 table, unsigned int index)
{
	__u64 entry;

	memcpy(&entry, memory_bytes + table + 8 * index, 8);
	return entry;
}

static int go(__u64 gva, __u32 access)
{
	gpa = ~0ull;
	error_code = ~0u;
	return ward_walk(&mode, &memory, gva, access, 1, &gpa, &error_code);
}

#define PG	0x80000001ull
#define WP	0x10000ull
#define LMA	0x500ull
#define NXE	0x800ull
#define NX	(1ull << 63)
#define R	WARD_PROT_READ
#define W	WARD_PROT_WRITE
#define X	WARD_PROT_EXEC

static void without_paging(void)
{
	memset(&mode, 0, sizeof(mode));
	is(go(0xffff1234, R), 0, "no paging");
	is(gpa, 0xffff1234, "is the address itself");
}

static void four_levels(void)
{
	memset(memory_bytes, 0, sizeof(memory_bytes));
	mode = (struct walk_mode){ .cr0 = PG | WP, .cr3 = 0x1000, .cr4 = 0x20,
				   .efer = LMA | NXE };
	put64(0x1000, 511, 0x2003);
	put64(0x2000, 1, 0x3007);
	put64(0x3000, 2, 0x4007);
	put64(0x4000, 3, 0xabc007);
	put64(0x4000, 4, 0xabd001 | NX);
	put64(0x3000, 5, 0x40000083);		/* 2 MiB */
	put64(0x2000, 2, 0x80000083);		/* 1 GiB */
	put64(0x3000, 6, 0x40001083);		/* PAT */
	put64(0x3000, 7, 0x40002083);		/* reserved */
	put64(0x2000, 3, 0x20000003);		/* not RAM */

#define BASE 0xffffff8000000000ull
	is(go(BASE + 0x40403123, R), 0, "4 KiB page");
	is(gpa, 0xabc123, "4 KiB address");
	is(get64(0x4000, 3) & 0x60, 0x20, "accessed and not dirty");
	is(get64(0x1000, 511) & 0x60, 0x20, "accessed in the top level");
	is(go(BASE + 0x40403123, W), 0, "writing it");
	is(get64(0x4000, 3) & 0x60, 0x60, "dirty");
	is(go(BASE + 0x40a12345, W), 0, "2 MiB page");
	is(gpa, 0x40012345, "2 MiB address");
	is(go(BASE + 0x81234567, R), 0, "1 GiB page");
	is(gpa, 0x81234567, "1 GiB address");
	is(go(BASE + 0x40c00000, R), 0, "PAT of a large page is no address");
	is(gpa, 0x40000000, "2 MiB address with PAT");
	is(go(BASE + 0x40e00000, R), -EFAULT, "reserved bit");
	is(error_code, 0x9, "reserved error code");
	is(go(BASE + 0x40405000, R), -EFAULT, "not present");
	is(error_code, 0, "not present error code");
	is(go(BASE + 0x40404000, W), -EFAULT, "write to read-only");
	is(error_code, 3, "write error code");
	mode.cr0 &= ~WP;
	is(go(BASE + 0x40404000, W), 0, "allowed without WP");
	mode.cr0 |= WP;
	is(go(BASE + 0x40404000, X), -EFAULT, "no-execute");
	is(error_code, 0x11, "fetch error code");
	mode.cpl = 3;
	is(go(BASE + 0x40403000, R), -EFAULT,
	   "user access below a supervisor level");
	is(error_code, 5, "user error code");
	put64(0x1000, 511, 0x2007);
	is(go(BASE + 0x40403000, R), 0, "allowed once all levels say user");
	mode.cpl = 0;
	mode.cr4 |= 1 << 21;
	is(go(BASE + 0x40403000, R), -EFAULT, "SMAP");
	mode.rflags = 1 << 18;
	is(go(BASE + 0x40403000, R), 0, "SMAP with AC");
	mode.cr4 |= 1 << 20;
	is(go(BASE + 0x40403000, X), -EFAULT, "SMEP");
	is(go(BASE + 0xc0000000, R), -ENXIO, "a table outside of RAM");
	mode.cr4 |= 1 << 12;
	put64(0x5000, 511, 0x1003);
	mode.cr3 = 0x5000;
	is(go(BASE + 0x40a00000, R), 0, "5 levels");
}

static void pae(void)
{
	memset(memory_bytes, 0, sizeof(memory_bytes));
	mode = (struct walk_mode){ .cr0 = PG, .cr3 = 0x1020, .cr4 = 0x20 };
	put64(0x1020, 3, 0x2001);
	put64(0x2000, 511, 0x3007);
	put64(0x3000, 1, 0x123456007);
	put64(0x2000, 0, 0x200087);
	is(go(0xffe01abc, R), 0, "PAE");
	is(gpa, 0x123456abc, "PAE address above 4 GiB");
	is(get64(0x1020, 3), 0x2001, "no accessed bit in the top level");
	is(go(0xc0001000, W), 0, "PAE large page");
	is(gpa, 0x201000, "PAE large address");
	put64(0x1020, 2, 0x2081);
	is(go(0x80001000, W), 0, "no large pages in the top level");
	is(gpa, 0x201000, "PAE address through it");
	put64(0x3000, 1, 0x123456007 | NX);
	is(go(0xffe01abc, R), -EFAULT, "NX without EFER.NXE is reserved");
	is(error_code, 9, "reserved error code");
}

static void two_levels(void)
{
	memset(memory_bytes, 0, sizeof(memory_bytes));
	mode = (struct walk_mode){ .cr0 = PG, .cr3 = 0x1000, .cr4 = 0x10 };
	put32(0x1000, 1023, 0x2007);
	put32(0x2000, 1, 0x5007);
	put32(0x1000, 1, 0x00c02087);		/* PSE-36: bit 32 */
	is(go(0xffc01234, R), 0, "two levels");
	is(gpa, 0x5234, "two-level address");
	is(go(0x00412345, R), 0, "4 MiB page");
	is(gpa, 0x100c12345, "4 MiB address, with bits above 32");
	is(go(0x1ffc01234, R), 0, "bits above 32 of an address do not count");
}

int main(void)
{
	without_paging();
	four_levels();
	pae();
	two_levels();
	return finish();
}
