/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * real.S - the way into 16-bit modes and back, and what runs there.
 *
 * call_real(routine) and call_16(routine) save the 32-bit world, run a 16-bit
 * routine of .low in real mode or in 16-bit protected mode, and return its AX.
 * All of .low lies below 64 KiB, so that segment 0 reaches it. Real mode has
 * its interrupt table at real_table (its low 64 entries) and a stack below
 * 0x7000.
 */
#include "image.h"

#define REAL_STACK	0x7000

	.text
	.globl	call_real
call_real:
	pushal
	movl	36(%esp), %ebx
	sidt	saved_idt
	movl	%esp, saved_esp
	cli
	lidt	real_idt
	ljmp	$CODE16, $1f

	.section .low, "awx"
	.code16
1:	movw	$DATA16, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movw	%ax, %gs
	/* Big real mode: FS keeps a limit of 4 GiB. */
	movw	$DATA32, %ax
	movw	%ax, %fs
	movl	%cr0, %eax
	andb	$~1, %al
	movl	%eax, %cr0
	ljmp	$0, $1f
1:	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movw	%ax, %gs
	movl	$REAL_STACK, %esp
	call	*%bx
	movw	%ax, result
	movl	%cr0, %eax
	orb	$1, %al
	movl	%eax, %cr0
	ljmpl	$CODE32, $back

	.text
	.code32
back:	movl	$DATA32, %ecx
	movl	%ecx, %ds
	movl	%ecx, %es
	movl	%ecx, %fs
	movl	%ecx, %gs
	movl	%ecx, %ss
	movl	saved_esp, %esp
	lidt	saved_idt
	popal
	movzwl	result, %eax
	ret

	.globl	call_16
call_16:
	pushal
	movl	36(%esp), %ebx
	sidt	saved_idt
	movl	%esp, saved_esp
	ljmp	$CODE16, $1f

	.section .low
	.code16
1:	movw	$DATA16, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movl	$REAL_STACK, %esp
	call	*%bx
	movw	%ax, result
	ljmpl	$CODE32, $back

/* ------------------------------------------------ what runs in real mode */

	.macro	routine name
	.globl	\name
\name:
	.endm

	routine real_cr0
	smsw	%ax
	ret

/* A segment is its selector times 16. */
	routine real_segment
	movw	$scratch, %bx
	shrw	$4, %bx
	movw	%bx, %es
	movw	$0x1234, %es:scratch_low
	movw	scratch, %ax
	ret
	.set	scratch_low, 0

	routine real_int
	movw	$0, %ax
	int	$0x20
	addw	$1, %ax
	ret

/* Handlers: AX says which, the caller's IP goes to seen_ip, flags' IF to seen_if. */
	.macro	handler name, value
	.globl	\name
\name:
	popw	seen_ip
	popw	seen_cs
	popw	seen_flags
	movw	%sp, seen_sp
	andw	$~0x100, seen_flags
	pushw	seen_flags
	pushw	seen_cs
	pushw	resume_ip
	movw	$\value, %ax
	iret
	.endm

	handler	on_real_int, 0x40
	handler	on_real_de, 0x100
	handler	on_real_ud, 0x106
	handler	on_real_gp, 0x10d
	handler	on_real_db, 0x101

	.macro	faults name, insn:vararg
	routine \name
	movw	$2f, resume_ip
	movw	$1f, fault_ip
	movw	%sp, want_sp
	xorw	%ax, %ax
1:	\insn
2:	ret
	.endm

	faults	real_ud, ud2
	faults	real_vmcall, vmcall
	faults	real_wrmsr, .byte 0x0f, 0x30
	faults	real_limit, movw 0xffff, %ax
	faults	real_limit_es, movl %eax, %es:0xfffd
	faults	real_lock, .byte 0xf0, 0x0f, 0x20, 0xc0

	routine real_rdmsr
	movl	$0xdeadbeef, %ecx
	movw	$2f, resume_ip
	movw	$1f, fault_ip
	movw	%sp, want_sp
1:	rdmsr
2:	ret

	routine real_div
	movw	$2f, resume_ip
	movw	$1f, fault_ip
	movw	%sp, want_sp
	movw	$5, %ax
	movb	$0, %bl
1:	divb	%bl
2:	ret

/* Single-step over an instruction that exits; the handler clears TF. */
	routine real_step
	movw	$2f, resume_ip
	movw	$2f, fault_ip
	movw	%sp, want_sp
	pushfw
	popw	%ax
	orw	$0x100, %ax
	pushw	%ax
	xorl	%eax, %eax
	popfw
	cpuid
2:	ret

	routine real_big
	movl	$0x200000, %ebx
	movl	$0xfeedface, %fs:(%ebx)
	movl	%fs:(%ebx), %eax
	cmpl	$0xfeedface, %eax
	sete	%al
	movzbw	%al, %ax
	ret

	routine real_device
	movl	$0xff000010, %ebx
	movl	$0x87654321, %fs:(%ebx)
	movw	%fs:2(%ebx), %ax
	addb	$1, %fs:(%ebx)
	ret

	routine real_ports
	movl	$0x44332211, %eax
	outl	%eax, $0xe0
	inw	$0xe2, %ax
	ret

	routine real_string
	cld
	movw	$scratch, %di
	movw	$4, %cx
	movw	$0xe0, %dx
	rep insb
	movw	%di, %ax
	subw	$scratch, %ax
	addw	%cx, %ax
	ret

	routine real_outs
	cld
	movw	$0x7a7b, scratch
	movw	$scratch, %si
	movw	$2, %cx
	movw	$0xe0, %dx
	rep outsb
	inb	$0xe0, %al
	movb	$0, %ah
	ret

	routine real_cpuid
	xorl	%eax, %eax
	cpuid
	testl	%eax, %eax
	setnz	%al
	movzbw	%al, %ax
	ret

	routine real_stack
	movw	%sp, %bx
	pushl	$0x12345678
	pushw	%es
	pushaw
	popaw
	popw	%es
	popl	%eax
	subw	%sp, %bx
	shrl	$16, %eax
	addw	%bx, %ax
	ret

/* -------------------------------------- what runs in 16-bit protected mode */

	routine pm_cr0
	smsw	%ax
	ret

	routine pm_int
	xorw	%ax, %ax
	int	$0x90
	ret

	routine pm_ud
	movl	$1f, pm_fault_ip
	movl	$2f, pm_resume
	xorw	%ax, %ax
1:	vmcall
2:	ret

	routine pm_device
	pushw	%ds
	movw	$DATA32, %ax
	movw	%ax, %ds
	movl	$0xff000020, %ebx
	movw	$0x6162, (%ebx)
	movb	$0x63, 2(%ebx)
	addw	$0x0101, (%ebx)
	movl	(%ebx), %eax
	shrl	$8, %eax
	popw	%ds
	ret

	routine pm_ports
	movw	$0xbeef, %ax
	outw	%ax, $0xe0
	xorw	%ax, %ax
	inw	$0xe0, %ax
	ret

	.balign	16
	.globl	scratch, seen_ip, seen_cs, seen_flags, seen_sp, want_sp, fault_ip, resume_ip
	.globl	pm_fault_ip, pm_resume, real_table
scratch:
	.skip	16
seen_ip:	.word	0
seen_cs:	.word	0
seen_flags:	.word	0
seen_sp:	.word	0
want_sp:	.word	0
fault_ip:	.word	0
resume_ip:	.word	0
result:		.word	0
pm_fault_ip:	.long	0
pm_resume:	.long	0
saved_esp:	.long	0
saved_idt:	.skip	8
real_idt:
	.word	64 * 4 - 1
	.long	real_table
	.balign	4
real_table:
	.skip	64 * 4
