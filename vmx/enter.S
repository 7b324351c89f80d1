/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * enter.S - the world switch.
 *
 * The VMCS switches RIP, RSP, RFLAGS, control and segment registers; the
 * other general registers are ours to move. %rdi points at struct vmx_regs
 * on both sides of the switch: it is on top of the stack while the guest
 * runs.
 */
#include <linux/linkage.h>
#include <asm/alternative.h>
#include <asm/asm.h>
#include <asm/msr-index.h>
#include <asm/nospec-branch.h>
#include <asm/percpu.h>
#include <asm/unwind_hints.h>
#include <asm-generic/errno-base.h>
#include "vmx/regs.h"

#define FIELD_HOST_RSP	0x6c14
#define RSB_ENTRIES	32

	.section .noinstr.text, "ax"

SYM_FUNC_START(vmx_enter)
	push	%rbp
	push	%r15
	push	%r14
	push	%r13
	push	%r12
	push	%rbx
	push	%rdi

	/* HOST_RSP seldom changes: the runner's stack has the same depth here. */
	cmp	%rsp, VMX_REGS_HOST_RSP(%rdi)
	je	.Lrsp_is_right
	mov	$FIELD_HOST_RSP, %eax
.Lvmwrite:
	vmwrite	%rsp, %rax
	jbe	.Lfail_valid
	mov	%rsp, VMX_REGS_HOST_RSP(%rdi)
.Lrsp_is_right:

	/* The loads below leave the carry flag alone. */
	btq	$0, VMX_REGS_LAUNCHED(%rdi)

	mov	VMX_REGS_RAX(%rdi), %rax
	mov	VMX_REGS_RCX(%rdi), %rcx
	mov	VMX_REGS_RDX(%rdi), %rdx
	mov	VMX_REGS_RBX(%rdi), %rbx
	mov	VMX_REGS_RBP(%rdi), %rbp
	mov	VMX_REGS_RSI(%rdi), %rsi
	mov	VMX_REGS_R8(%rdi), %r8
	mov	VMX_REGS_R9(%rdi), %r9
	mov	VMX_REGS_R10(%rdi), %r10
	mov	VMX_REGS_R11(%rdi), %r11
	mov	VMX_REGS_R12(%rdi), %r12
	mov	VMX_REGS_R13(%rdi), %r13
	mov	VMX_REGS_R14(%rdi), %r14
	mov	VMX_REGS_R15(%rdi), %r15
	mov	VMX_REGS_RDI(%rdi), %rdi

	/* The exit below comes back with this frame, whatever %rbp held. */
	UNWIND_HINT_SAVE
	jnc	.Lvmlaunch
.Lvmresume:
	vmresume
	jmp	.Lfail_restore
.Lvmlaunch:
	vmlaunch
	jmp	.Lfail_restore

SYM_INNER_LABEL_ALIGN(vmx_exit_arrival, SYM_L_GLOBAL)
	UNWIND_HINT_RESTORE
	ENDBR
	push	%rdi
	mov	8(%rsp), %rdi
	mov	%rax, VMX_REGS_RAX(%rdi)
	mov	%rcx, VMX_REGS_RCX(%rdi)
	mov	%rdx, VMX_REGS_RDX(%rdi)
	mov	%rbx, VMX_REGS_RBX(%rdi)
	mov	%rbp, VMX_REGS_RBP(%rdi)
	mov	%rsi, VMX_REGS_RSI(%rdi)
	mov	%r8,  VMX_REGS_R8(%rdi)
	mov	%r9,  VMX_REGS_R9(%rdi)
	mov	%r10, VMX_REGS_R10(%rdi)
	mov	%r11, VMX_REGS_R11(%rdi)
	mov	%r12, VMX_REGS_R12(%rdi)
	mov	%r13, VMX_REGS_R13(%rdi)
	mov	%r14, VMX_REGS_R14(%rdi)
	mov	%r15, VMX_REGS_R15(%rdi)
	pop	VMX_REGS_RDI(%rdi)
	xor	%ebx, %ebx

.Lout:
	/*
	 * No guest value stays in a register for the host to speculate with.
	 * The result is in %ebx, which nothing below touches.
	 */
	xor	%eax, %eax
	xor	%ecx, %ecx
	xor	%edx, %edx
	xor	%esi, %esi
	xor	%ebp, %ebp
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	xor	%r11d, %r11d
	xor	%r12d, %r12d
	xor	%r13d, %r13d
	xor	%r14d, %r14d
	xor	%r15d, %r15d

	/* Before the first RET: the guest may have filled the return stack. */
	FILL_RETURN_BUFFER %rcx, RSB_ENTRIES, X86_FEATURE_RSB_VMEXIT, X86_FEATURE_RSB_VMEXIT_LITE

	/*
	 * A guest has no SPEC_CTRL of its own. But where IBRS is not of the
	 * enhanced kind, only a write after the exit shields the host from
	 * what the guest trained.
	 */
	ALTERNATIVE "jmp .Lspec_ctrl_done", "", X86_FEATURE_KERNEL_IBRS
	movq	PER_CPU_VAR(x86_spec_ctrl_current), %rdx
	movl	%edx, %eax
	shrq	$32, %rdx
	movl	$MSR_IA32_SPEC_CTRL, %ecx
	wrmsr
.Lspec_ctrl_done:
	/* A call, and so behind the two above. */
	CLEAR_BRANCH_HISTORY_VMEXIT
	mov	%ebx, %eax
	xor	%ebx, %ebx

	pop	%rdi
	pop	%rbx
	pop	%r12
	pop	%r13
	pop	%r14
	pop	%r15
	pop	%rbp
	RET

.Lfail_restore:
	/* VMfail: nothing was switched, but the registers hold guest values. */
	mov	$-EIO, %ebx
	jmp	.Lout
.Lfail_valid:
	mov	$-EIO, %ebx
	jmp	.Lout
.Lfault:
	mov	$-ENXIO, %ebx
	jmp	.Lout

	_ASM_EXTABLE(.Lvmwrite, .Lfault)
	_ASM_EXTABLE(.Lvmresume, .Lfault)
	_ASM_EXTABLE(.Lvmlaunch, .Lfault)
SYM_FUNC_END(vmx_enter)
