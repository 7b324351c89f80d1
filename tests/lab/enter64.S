/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stands at 1 MiB in the place of a kernel image's decompressor, when the kernel
 * was decompressed beforehand: unpacking XZ would cost the emulated CPU half of
 * a boot. The kernel's setup code jumps here in 32-bit mode with boot_params in
 * %esi; this maps the low 4 GiB one to one, turns long mode on and enters the
 * kernel as Linux's 64-bit boot protocol has it.
 *
 * lablib/bootdisk.py puts the kernel's entry address into `entry`.
 */
#define TABLES	0x101000		/* one PML4, one PDPT, four page directories */
#define EFER	0xc0000080

	.code32
	.globl	_start
_start:
	jmp	begin
	.org	8
entry:	.quad	0

begin:
	cli
	cld
	lgdt	gdt_pointer
	movl	$TABLES, %edi
	xorl	%eax, %eax
	movl	$(6 * 4096 / 4), %ecx
	rep stosl
	movl	$(TABLES + 0x1003), TABLES
	movl	$(TABLES + 0x1000), %edi
	movl	$(TABLES + 0x2003), %eax
	movl	$4, %ecx
1:	movl	%eax, (%edi)
	addl	$0x1000, %eax
	addl	$8, %edi
	loop	1b
	movl	$(TABLES + 0x2000), %edi
	movl	$0x83, %eax			/* present, writable, 2 MiB */
	movl	$(4 * 512), %ecx
1:	movl	%eax, (%edi)
	addl	$0x200000, %eax
	addl	$8, %edi
	loop	1b

	movl	%cr4, %eax
	orl	$0x20, %eax			/* PAE */
	movl	%eax, %cr4
	movl	$TABLES, %eax
	movl	%eax, %cr3
	movl	$EFER, %ecx
	rdmsr
	orl	$0x100, %eax			/* LME */
	wrmsr
	movl	%cr0, %eax
	orl	$0x80000000, %eax
	movl	%eax, %cr0
	ljmp	$0x10, $long_mode

	.code64
long_mode:
	movl	$0x18, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %fs
	movl	%eax, %gs
	movl	%eax, %ss
	movl	%esi, %esi			/* the upper half is undefined so far */
	jmp	*entry(%rip)

	.balign	8
gdt:
	.quad	0
	.quad	0
	.quad	0x00af9b000000ffff		/* 10: 64-bit code */
	.quad	0x00cf93000000ffff		/* 18: data */
gdt_pointer:
	.word	gdt_pointer - gdt - 1
	.long	gdt
