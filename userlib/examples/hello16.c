// SPDX-License-Identifier: MIT
/*
 * hello16.c - the smallest use of libward: a VM whose guest adds two numbers
 * in 16-bit mode, writes the sum to a port and halts.
 */
#include <libward.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const unsigned char guest[] = {
	0x01, 0xd8,		/* add %bx, %ax		*/
	0xe7, 0x42,		/* out %ax, $0x42	*/
	0xf4,			/* hlt			*/
};

static int check(int result, const char *what)
{
	if (result < 0) {
		fprintf(stderr, "%s: %s\n", what, strerror(-result));
		exit(1);
	}
	return result;
}

int main(void)
{
	const struct ward_segment code = { .limit = 0xffff, .rights = 0x9b };
	const struct ward_reg regs[] = {
		{ WARD_REG(WARD_REG_CLASS_GPR, WARD_RAX), 40 },
		{ WARD_REG(WARD_REG_CLASS_GPR, WARD_RBX), 2 },
		{ WARD_REG(WARD_REG_CLASS_GPR, WARD_RIP), 0x1000 },
	};
	struct ward_vcpu *vcpu;
	struct ward_run *run;
	struct ward_vm *vm;
	int device = check(ward_open(), "open " WARD_DEVICE_PATH);

	check(ward_create_vm(device, "hello16", 0, &vm), "create a VM");
	check(ward_add_ram(vm, 0, 0x10000, WARD_PROT_ALL), "add RAM");
	check(ward_write_gpa(vm, 0x1000, guest, sizeof(guest)), "load");
	check(ward_create_vcpu(vm, 0, &vcpu), "create a vCPU");
	check(ward_set_segment(vcpu, WARD_CS, &code), "set CS");
	check(ward_set_regs(vcpu, regs, 3, NULL), "set registers");

	run = ward_run_page(vcpu);
	do {
		check(ward_run(vcpu), "run");
		if (run->exit == WARD_EXIT_IO)
			printf("40 + 2 = %u, says the guest\n", run->io.data);
	} while (run->exit == WARD_EXIT_IO);
	printf("and now it stopped: %s\n", ward_exit_name(run->exit));

	ward_close_vcpu(vcpu);
	ward_close_vm(vm);
	return 0;
}
