/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * long.S - the way from 32-bit paging-off code into 64-bit mode and back.
 *
 * call_64(routine) expects CR3 to hold the tables and EFER.LME and CR4.PAE to
 * be set; it returns the routine's EAX. go_compat turns paging on and off and
 * stays in compatibility mode in between.
 */
#include "image.h"

#define CR0_PG_BIT	31

	.text
	.globl	call_64
call_64:
	pushal
	movl	36(%esp), %ebx
	movl	%esp, saved_esp
	movl	%cr0, %eax
	btsl	$CR0_PG_BIT, %eax
	movl	%eax, %cr0
	ljmp	$CODE64, $1f

	.code64
1:	movl	%esp, %esp
	movl	%ebx, %ebx
	call	*%rbx
	movl	%eax, result(%rip)
	ljmp	*far_32(%rip)

	.code32
compat:	movl	%cr0, %eax
	btrl	$CR0_PG_BIT, %eax
	movl	%eax, %cr0
	movl	saved_esp, %esp
	popal
	movl	result, %eax
	ret

	.globl	call_compat
call_compat:
	pushal
	movl	36(%esp), %ebx
	movl	%esp, saved_esp
	movl	%cr0, %eax
	btsl	$CR0_PG_BIT, %eax
	movl	%eax, %cr0
	call	*%ebx
	movl	%eax, result
	jmp	compat

	.data
	.align	8
far_32:	.long	compat
	.word	CODE32
saved_esp:	.long	0
result:	.long	0

	.text
	.macro	routine name
	.globl	\name
\name:
	.endm

	routine	compat_cpuid
	xorl	%eax, %eax
	pushl	%ebx
	cpuid
	popl	%ebx
	ret

	.code64
	routine	long_registers
	movabsq	$0x123456789abcdef0, %rax
	movq	%rax, %r8
	movq	%rax, %r15
	movq	%rax, %rcx
	pushq	%rbx
	xorl	%eax, %eax
	cpuid
	popq	%rbx
	xorl	%eax, %eax
	movabsq	$0x123456789abcdef0, %rdx
	cmpq	%r8, %rdx
	jne	1f
	cmpq	%r15, %rdx
	jne	1f
	/* CPUID clears the upper halves. */
	shrq	$32, %rcx
	jnz	1f
	movl	$1, %eax
1:	ret

	routine	long_efer
	movl	$0xc0000080, %ecx
	rdmsr
	ret

	routine	long_cr8
	movl	$9, %eax
	movq	%rax, %cr8
	xorl	%eax, %eax
	movq	%cr8, %rax
	movl	$0xfee00080, %ecx
	movl	(%rcx), %ecx
	shll	$8, %ecx
	orl	%ecx, %eax
	xorl	%ecx, %ecx
	movq	%rcx, %cr8
	ret

	routine	long_high
	/* The upper half's window, 2 MiB pages: see long.c */
	movabsq	$0xffff800000200000, %rcx
	movl	(%rcx), %eax
	movl	$0x0badcafe, 8(%rcx)
	ret

	routine	long_device
	movl	$0xff000000, %ecx
	movabsq	$0x1122334455667788, %rax
	movq	%rax, (%rcx)
	movq	%rax, %r9
	incq	(%rcx)
	movq	(%rcx), %r10
	subq	%r9, %r10
	movl	4(%rcx), %eax
	addl	%r10d, %eax
	ret

	routine	long_fs
	movl	$0xc0000100, %ecx
	movl	$0xff001000, %eax
	xorl	%edx, %edx
	wrmsr
	movl	$0x5ca1ab1e, %fs:0x10
	movl	%fs:0x10, %eax
	ret

	routine	long_swapgs
	movl	$0xc0000102, %ecx
	movl	$0x00200000, %eax
	xorl	%edx, %edx
	wrmsr
	pushq	%rbx
	xorl	%eax, %eax
	cpuid
	popq	%rbx
	swapgs
	movl	%gs:0, %eax
	swapgs
	ret

	routine	long_deadline
	/* A 64-bit WRMSR takes EDX:EAX, whatever the upper halves hold. */
	movabsq	$0xffffffff00000000, %rax
	movabsq	$0xffffffff00000000, %rdx
	movl	$0x175, %ecx
	wrmsr
	rdmsr
	orl	%edx, %eax
	ret
