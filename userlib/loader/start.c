// SPDX-License-Identifier: GPL-2.0-only
/*
 * start.c - the CPU modes in which images expect to begin.
 *
 * Interrupts are off in both, the interrupt table is empty and LDTR is
 * unusable. The task register must hold a busy TSS for VM entry; nothing
 * uses it.
 */
#include <cpuid.h>
#include <string.h>

#include "start.h"

#define CR0_PE		(1ull << 0)
#define CR0_ET		(1ull << 4)
#define CR0_NE		(1ull << 5)
#define CR0_PG		(1ull << 31)
#define CR4_PAE		(1ull << 5)
#define EFER_LME	(1ull << 8)
#define EFER_LMA	(1ull << 10)
#define MSR_EFER	0xc0000080

#define MSR_MTRR_BASE_0	0x200
#define MSR_MTRR_MASK_0	0x201
#define MSR_MTRR_DEF	0x2ff
#define MTRR_WB		6ull
#define MTRR_WB_8	0x0606060606060606ull
#define MTRR_ENABLE	(3ull << 10)	/* fixed ranges too */
#define MTRR_VALID	(1ull << 11)

#define RIGHTS_CODE_64	0xa09b
#define RIGHTS_CODE_32	0xc09b
#define RIGHTS_DATA	0xc093
#define RIGHTS_TSS	0x008b
#define RIGHTS_UNUSABLE	0x10000

#define PTE_PRESENT_WRITE	0x3
#define PTE_LARGE		0x80

/* A list of registers that is written in one call. */
struct list {
	struct ward_reg regs[80];
	unsigned int count;
};

static void set(struct list *list, __u32 class, __u32 index, __u64 value)
{
	list->regs[list->count++] = (struct ward_reg){
		WARD_REG(class, index), value };
}

static void set_segment(struct list *list, __u32 which, __u16 selector,
			__u32 limit, __u32 rights)
{
	const __u32 class = WARD_REG_CLASS_SEG, first = which * 4;

	set(list, class, first + WARD_SEG_SELECTOR, selector);
	set(list, class, first + WARD_SEG_BASE, 0);
	set(list, class, first + WARD_SEG_LIMIT, limit);
	set(list, class, first + WARD_SEG_RIGHTS, rights);
}

static void set_segments(struct list *list, __u32 code_rights, __u64 gdt_gpa)
{
	__u32 which;

	for (which = WARD_ES; which <= WARD_GS; which++)
		if (which != WARD_CS)
			set_segment(list, which, START_DATA, 0xffffffff,
				    RIGHTS_DATA);
	set_segment(list, WARD_CS, START_CODE, 0xffffffff, code_rights);
	set_segment(list, WARD_LDTR, 0, 0, RIGHTS_UNUSABLE);
	set_segment(list, WARD_TR, 0, 0x67, RIGHTS_TSS);
	set(list, WARD_REG_CLASS_TABLE, 0, gdt_gpa);
	set(list, WARD_REG_CLASS_TABLE, 1, START_GDT_BYTES - 1);
	set(list, WARD_REG_CLASS_TABLE, 2, 0);
	set(list, WARD_REG_CLASS_TABLE, 3, 0);
}

/*
 * What firmware leaves in the MTRRs: memory is write-back, video memory and
 * the last gigabyte below 4 GiB (devices) are uncached. Linux takes MTRRs
 * that are off for a broken machine and leaves its PAT alone.
 */
static void set_mtrrs(struct list *list)
{
	static const __u32 fixed[] = {
		0x250, 0x258, 0x268, 0x269, 0x26a, 0x26b, 0x26c, 0x26d, 0x26e, 0x26f,
	};
	const __u64 hole = 3ull << 30;
	__u32 eax, ebx, ecx, edx, width = 36;
	unsigned int i;

	if (__get_cpuid(0x80000008, &eax, &ebx, &ecx, &edx))
		width = eax & 0xff;
	if (width > 48)
		width = 48;
	for (i = 0; i < sizeof(fixed) / sizeof(*fixed); i++)
		set(list, WARD_REG_CLASS_MSR, fixed[i], MTRR_WB_8);
	set(list, WARD_REG_CLASS_MSR, MSR_MTRR_BASE_0, hole);
	set(list, WARD_REG_CLASS_MSR, MSR_MTRR_MASK_0,
	    (((1ull << width) - 1) & ~((1ull << 30) - 1)) | MTRR_VALID);
	set(list, WARD_REG_CLASS_MSR, MSR_MTRR_DEF, MTRR_ENABLE | MTRR_WB);
}

static int write_gdt(struct ward_vm *vm, __u64 gpa, int code_64)
{
	const __u64 gdt[START_GDT_BYTES / 8] = {
		[START_CODE / 8] = code_64 ? 0x00af9b000000ffff :
					     0x00cf9b000000ffff,
		[START_DATA / 8] = 0x00cf93000000ffff,
	};

	return ward_write_gpa(vm, gpa, gdt, sizeof(gdt));
}

static int write_tables(struct ward_vm *vm, __u64 gpa)
{
	__u64 table[6][512];
	unsigned int i;

	memset(table, 0, sizeof(table));
	table[0][0] = (gpa + 0x1000) | PTE_PRESENT_WRITE;
	for (i = 0; i < 4; i++)
		table[1][i] = (gpa + 0x2000 + i * 0x1000ull) | PTE_PRESENT_WRITE;
	for (i = 0; i < 4 * 512; i++)
		table[2 + i / 512][i % 512] = i * 0x200000ull |
					      PTE_PRESENT_WRITE | PTE_LARGE;
	return ward_write_gpa(vm, gpa, table, sizeof(table));
}

int start_long_mode(struct ward_vm *vm, struct ward_vcpu *vcpu,
		    __u64 gdt_gpa, __u64 tables_gpa, __u64 entry, __u64 rsi)
{
	struct list list = { .count = 0 };
	int error;

	error = write_gdt(vm, gdt_gpa, 1);
	if (!error)
		error = write_tables(vm, tables_gpa);
	if (error)
		return error;

	set_segments(&list, RIGHTS_CODE_64, gdt_gpa);
	set_mtrrs(&list);
	set(&list, WARD_REG_CLASS_CR, 0, CR0_PG | CR0_NE | CR0_ET | CR0_PE);
	set(&list, WARD_REG_CLASS_CR, 3, tables_gpa);
	set(&list, WARD_REG_CLASS_CR, 4, CR4_PAE);
	set(&list, WARD_REG_CLASS_MSR, MSR_EFER, EFER_LMA | EFER_LME);
	set(&list, WARD_REG_CLASS_GPR, WARD_RDX, 0);
	set(&list, WARD_REG_CLASS_GPR, WARD_RSI, rsi);
	set(&list, WARD_REG_CLASS_GPR, WARD_RIP, entry);
	set(&list, WARD_REG_CLASS_GPR, WARD_RFLAGS, 2);
	return ward_set_regs(vcpu, list.regs, list.count, NULL);
}

int start_protected_mode(struct ward_vm *vm, struct ward_vcpu *vcpu,
			 __u64 gdt_gpa, __u32 entry, __u32 eax, __u32 ebx)
{
	struct list list = { .count = 0 };
	int error = write_gdt(vm, gdt_gpa, 0);

	if (error)
		return error;
	set_segments(&list, RIGHTS_CODE_32, gdt_gpa);
	set_mtrrs(&list);
	set(&list, WARD_REG_CLASS_CR, 0, CR0_NE | CR0_ET | CR0_PE);
	set(&list, WARD_REG_CLASS_CR, 3, 0);
	set(&list, WARD_REG_CLASS_CR, 4, 0);
	set(&list, WARD_REG_CLASS_MSR, MSR_EFER, 0);
	set(&list, WARD_REG_CLASS_GPR, WARD_RAX, eax);
	set(&list, WARD_REG_CLASS_GPR, WARD_RBX, ebx);
	set(&list, WARD_REG_CLASS_GPR, WARD_RDX, 0);
	set(&list, WARD_REG_CLASS_GPR, WARD_RIP, entry);
	set(&list, WARD_REG_CLASS_GPR, WARD_RFLAGS, 2);
	return ward_set_regs(vcpu, list.regs, list.count, NULL);
}
