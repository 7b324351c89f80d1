/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * instr.h - the VMX instructions, one inline function each.
 *
 * Every function returns 0 or a negative errno and never faults the host:
 * an exception on the instruction itself (VMX is off on this CPU, because
 * another hypervisor or the crash path left it) is caught by the exception
 * table and returned as -ENXIO. -EIO is a VMfail with an error number in
 * the VM-instruction error field, -EINVAL a VMfail without a current VMCS.
 *
 * Context: any; the caller must be in VMX root operation on this CPU and
 * must not migrate (preemption off) where the instruction depends on the
 * current VMCS. Intel SDM: "VMX Instruction Reference".
 */
#ifndef WARD_VMCS_INSTR_H
#define WARD_VMCS_INSTR_H

#include <linux/errno.h>
#include <linux/types.h>
#include <asm/asm.h>

/* The three ways out of a VMX instruction that takes a memory operand. */
#define VMX_INSN_MEM(insn, operands...)					\
	do {								\
		asm goto("1: " insn "\n\t"				\
			 "jc %l[fail_invalid]\n\t"			\
			 "jz %l[fail_valid]\n\t"			\
			 _ASM_EXTABLE(1b, %l[fault])			\
			 : : operands : "cc", "memory"			\
			 : fail_invalid, fail_valid, fault);		\
		return 0;						\
fail_invalid:								\
		return -EINVAL;						\
fail_valid:								\
		return -EIO;						\
fault:									\
		return -ENXIO;						\
	} while (0)

static __always_inline int vmx_vmxon(u64 hpa)
{
	VMX_INSN_MEM("vmxon %0", "m"(hpa));
}

static __always_inline int vmx_vmxoff(void)
{
	asm goto("1: vmxoff\n\t"
		 _ASM_EXTABLE(1b, %l[fault])
		 : : : "cc", "memory" : fault);
	return 0;
fault:
	return -ENXIO;
}

static __always_inline int vmx_vmclear(u64 hpa)
{
	VMX_INSN_MEM("vmclear %0", "m"(hpa));
}

static __always_inline int vmx_vmptrld(u64 hpa)
{
	VMX_INSN_MEM("vmptrld %0", "m"(hpa));
}

/* Invalidation types of INVEPT and INVVPID */
#define VMX_INVEPT_SINGLE	1
#define VMX_INVEPT_ALL		2
#define VMX_INVVPID_SINGLE	1
#define VMX_INVVPID_ALL		2

static __always_inline int vmx_invept(unsigned long type, u64 eptp)
{
	struct { u64 eptp, reserved; } desc = { eptp, 0 };

	VMX_INSN_MEM("invept %0, %1", "m"(desc), "r"(type));
}

static __always_inline int vmx_invvpid(unsigned long type, u16 vpid)
{
	struct { u64 vpid, gva; } desc = { vpid, 0 };

	VMX_INSN_MEM("invvpid %0, %1", "m"(desc), "r"(type));
}

static __always_inline int vmx_vmwrite(unsigned long field, unsigned long value)
{
	VMX_INSN_MEM("vmwrite %1, %0", "r"(field), "rm"(value));
}

/*
 * VMREAD cannot use asm goto with an output on every compiler in use, so the
 * fault and failure paths leave a flag instead: a failed read returns 0 in
 * @value and an errno, never a jump.
 */
static __always_inline int vmx_vmread(unsigned long field, unsigned long *value)
{
	unsigned long v = 0;
	int err = -ENXIO;

	asm volatile("1: vmread %2, %0\n\t"
		     "mov %3, %1\n\t"
		     "ja 2f\n\t"
		     "mov %4, %1\n\t"
		     "2:\n\t"
		     _ASM_EXTABLE(1b, 2b)
		     : "+r"(v), "+r"(err)
		     : "r"(field), "i"(0), "i"(-EIO)
		     : "cc");
	*value = v;
	return err;
}

#endif /* WARD_VMCS_INSTR_H */
