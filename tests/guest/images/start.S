/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * start.S - where an image begins, and how its exceptions reach C.
 *
 * A Multiboot loader enters start in 32-bit protected mode, paging off, flat
 * segments, interrupts off. The runtime brings tables of its own.
 */
#include "image.h"

	.section .multiboot, "a"
	.align	4
	.long	0x1badb002
	.long	0
	.long	-0x1badb002

	.text
	.globl	start
start:
	cld
	lgdt	gdt_pointer
	ljmp	$CODE32, $1f
1:	movl	$DATA32, %ecx
	movl	%ecx, %ds
	movl	%ecx, %es
	movl	%ecx, %fs
	movl	%ecx, %gs
	movl	%ecx, %ss
	movl	$stack_top, %esp
	movl	$low_load, %esi
	movl	$low_start, %edi
	movl	$low_bytes, %ecx
	rep movsb
	call	runtime_start
	call	main
	call	finish

/*
 * One stub per vector, 16 bytes each: they push what makes all frames alike
 * and go on to trap_common.
 */
	.align	16
	.globl	trap_stubs
trap_stubs:
	.set	vector, 0
	.rept	256
	.align	16
	.if	!(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21)
	pushl	$0
	.endif
	pushl	$vector
	jmp	trap_common
	.set	vector, vector + 1
	.endr

trap_common:
	pushal
	pushl	%ds
	pushl	%es
	movl	$DATA32, %eax
	movl	%eax, %ds
	movl	%eax, %es
	cld
	pushl	%esp
	call	trap
	addl	$4, %esp
	popl	%es
	popl	%ds
	popal
	addl	$8, %esp
	iret

	.data
	.align	8
	.globl	gdt
gdt:	.quad	0
	.quad	0x00cf9b000000ffff	/* CODE32 */
	.quad	0x00cf93000000ffff	/* DATA32 */
	.quad	0x00009b000000ffff	/* CODE16 */
	.quad	0x000093000000ffff	/* DATA16 */
	.quad	0x00af9b000000ffff	/* CODE64 */
	.quad	0x00cffb000000ffff	/* USER_CODE */
	.quad	0x00cff3000000ffff	/* USER_DATA */
	.quad	0			/* TSS32: runtime_start() */
gdt_end:

	.globl	gdt_pointer
gdt_pointer:
	.word	gdt_end - gdt - 1
	.long	gdt

	.bss
	.align	4096
	.skip	16384
	.globl	stack_top
stack_top:
