// SPDX-License-Identifier: GPL-2.0-only
/*
 * exit_io.c - IN, OUT, INS and OUTS: always user space's.
 */
#include "vmx/exit.h"

int vmx_exit_io(struct vmx_vcpu *v)
{
	u64 qual = vmcs_read_natural(EXIT_QUALIFICATION);
	struct ward_exit_io io = {
		.port = qual >> 16,
		.bytes = (qual & 7) + 1,
		.in = qual >> 3 & 1,
		.string = qual >> 4 & 1,
		.rep = qual >> 5 & 1,
	};

	vmx_record(v, WARD_EXIT_IO);
	if (io.string) {
		/* Memory operands, counts and faults: libward emulates. */
		v->run->io = io;
		return VMX_RUN_USER;
	}
	if (!io.in) {
		io.data = v->regs.gpr[WARD_RAX] & (0xffffffffu >> (32 - io.bytes * 8));
		vmx_skip(v);
	} else {
		v->mmio.bytes = io.bytes;
		v->insn_len = vmcs_read32(VM_EXIT_INSTRUCTION_LEN);
		v->completion = VMX_COMPLETE_IN;
	}
	v->run->io = io;
	return VMX_RUN_USER;
}
