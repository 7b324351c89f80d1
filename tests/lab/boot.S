/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lab's boot sector. It reads the pieces of a Linux boot (setup code,
 * kernel, initramfs) from the disk that it sits on to the addresses in the
 * table at its end, then enters the kernel by the 16-bit boot protocol: the
 * kernel's own setup code asks the BIOS for the memory map.
 *
 * A boot loader with menus and file systems costs seconds of emulated time;
 * this one costs the reading alone. It polls the first ATA disk, with interrupts
 * off, from protected mode, so it reaches all of memory and needs no driver.
 *
 * lablib/bootdisk.py fills in the table and writes the disk.
 */
#define SETUP_SEGMENT	0x9000
#define ATA_DATA	0x1f0
#define ATA_COUNT	0x1f2
#define ATA_COMMAND	0x1f7
#define ATA_CONTROL	0x3f6
#define ATA_READ	0x20
#define WIRE_PORT	0xe9

	.code16
	.globl	_start
_start:
	cli
	cld
	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movw	$0x7c00, %sp

	/* Say that the host boots: the lab takes a second time for a reset. */
	movw	$hello, %si
	movw	$(hello_end - hello), %cx
	movw	$WIRE_PORT, %dx
	rep outsb

	inb	$0x92, %al			/* the fast A20 gate */
	orb	$2, %al
	andb	$0xfe, %al
	outb	%al, $0x92

	movw	$ATA_CONTROL, %dx		/* no disk interrupts */
	movb	$2, %al
	outb	%al, %dx

	lgdt	gdt_pointer
	movl	%cr0, %eax
	orb	$1, %al
	movl	%eax, %cr0
	ljmp	$0x08, $protected

	.code32
protected:
	movw	$0x10, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movl	$table, %esi

next_piece:
	movl	0(%esi), %ebx			/* first sector */
	movl	4(%esi), %ebp			/* sectors left */
	movl	8(%esi), %edi			/* address */
	addl	$12, %esi
	testl	%ebp, %ebp
	jz	enter_setup

next_command:
	movl	$256, %ecx			/* the most one command reads */
	cmpl	%ecx, %ebp
	jae	1f
	movl	%ebp, %ecx
1:	subl	%ecx, %ebp

	movw	$ATA_COUNT, %dx
	movb	%cl, %al			/* 0 stands for 256 */
	outb	%al, %dx
	movl	%ebx, %eax
	incw	%dx
	outb	%al, %dx
	shrl	$8, %eax
	incw	%dx
	outb	%al, %dx
	shrl	$8, %eax
	incw	%dx
	outb	%al, %dx
	shrl	$8, %eax
	orb	$0xe0, %al			/* master, by sector number */
	incw	%dx
	outb	%al, %dx
	movb	$ATA_READ, %al
	incw	%dx
	outb	%al, %dx
	addl	%ecx, %ebx

next_sector:
	movw	$ATA_COMMAND, %dx
1:	inb	%dx, %al
	andb	$0x88, %al			/* busy gone, data there */
	cmpb	$0x08, %al
	jne	1b
	pushl	%ecx
	movl	$128, %ecx
	movw	$ATA_DATA, %dx
	rep insl
	popl	%ecx
	loop	next_sector

	testl	%ebp, %ebp
	jnz	next_command
	jmp	next_piece

enter_setup:
	ljmp	$0x18, $leave_protected

	.code16
leave_protected:
	movw	$0x20, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movl	%cr0, %eax
	andb	$0xfe, %al
	movl	%eax, %cr0
	ljmp	$0, $real
real:
	movw	$SETUP_SEGMENT, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %fs
	movw	%ax, %gs
	movw	%ax, %ss
	movw	$0xdff0, %sp
	ljmp	$(SETUP_SEGMENT + 0x20), $0

	.balign	8
gdt:
	.quad	0
	.quad	0x00cf9b000000ffff		/* 08: 32-bit code */
	.quad	0x00cf93000000ffff		/* 10: 32-bit data */
	.quad	0x00009b000000ffff		/* 18: 16-bit code */
	.quad	0x000093000000ffff		/* 20: 16-bit data */
gdt_pointer:
	.word	gdt_pointer - gdt - 1
	.long	gdt

hello:						/* an empty frame of type B */
	.byte	0xf5, 'W', 'L', 'B', 0, 0, 0, 0, 'B'
hello_end:

	.org	0x140
table:						/* sector, sectors, address; ended by 0 sectors */
	.org	0x1fe
	.word	0xaa55
