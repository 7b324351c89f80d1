/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * regs.h - the part of a vCPU that the world switch (enter.S) touches.
 *
 * Offsets are written out for the assembler; run.c asserts that the compiler
 * agrees.
 */
#ifndef WARD_VMX_REGS_H
#define WARD_VMX_REGS_H

#define VMX_REGS_RAX		0
#define VMX_REGS_RCX		8
#define VMX_REGS_RDX		16
#define VMX_REGS_RBX		24
#define VMX_REGS_RBP		40
#define VMX_REGS_RSI		48
#define VMX_REGS_RDI		56
#define VMX_REGS_R8		64
#define VMX_REGS_R9		72
#define VMX_REGS_R10		80
#define VMX_REGS_R11		88
#define VMX_REGS_R12		96
#define VMX_REGS_R13		104
#define VMX_REGS_R14		112
#define VMX_REGS_R15		120
#define VMX_REGS_HOST_RSP	128
#define VMX_REGS_LAUNCHED	136

#ifndef __ASSEMBLY__
#include <linux/types.h>

/**
 * struct vmx_regs - registers that the CPU does not keep in the VMCS
 * @gpr: in the order of enum ward_gpr; RSP's slot is a cache of the VMCS
 * @host_rsp: what HOST_RSP holds in the VMCS
 * @launched: VMRESUME instead of VMLAUNCH
 */
struct vmx_regs {
	unsigned long gpr[16];
	unsigned long host_rsp;
	unsigned long launched;
};

/**
 * vmx_enter - one trip into the guest
 *
 * Context: interrupts off, the VMCS current. Return: 0 after a VM exit (or a
 * failed entry that loaded host state), -EIO VMfail: see the VM-instruction
 * error field, -ENXIO the CPU is not in VMX operation.
 */
int vmx_enter(struct vmx_regs *regs);

/* Where VM exits arrive (HOST_RIP). */
void vmx_exit_arrival(void);
#endif

#endif /* WARD_VMX_REGS_H */
