// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm_one.c - a VM of KVM's that executes a few instructions.
 *
 *	kvm_one		makes it, runs it once, ends
 *	kvm_one hold	makes it, runs it once, says "running", waits for the end
 *			of its input, runs it again
 *
 * Exit status: 0 it ran each time; 1 something failed, which stderr names;
 * 3 KVM_CREATE_VM failed, or there is no /dev/kvm: the error's name is printed.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define MEMORY	0x10000

static int vcpu;
static struct kvm_run *run;
static unsigned char *memory;

static int trouble(const char *what)
{
	fprintf(stderr, "kvm_one: %s: %s\n", what, strerror(errno));
	return 1;
}

static int prepare(int kvm, int vm)
{
	/* incw 0x2000; hlt; jmp back */
	static const unsigned char code[] = { 0xff, 0x06, 0x00, 0x20, 0xf4, 0xeb, 0xf9 };
	struct kvm_userspace_memory_region region = { .memory_size = MEMORY };
	struct kvm_sregs sregs;
	struct kvm_regs regs = { .rip = 0x1000, .rflags = 2 };

	memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	region.userspace_addr = (unsigned long)memory;
	memcpy(memory + 0x1000, code, sizeof(code));
	if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region))
		return trouble("memory");
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	if (vcpu < 0)
		return trouble("vCPU");
	run = mmap(NULL, (size_t)ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), PROT_READ | PROT_WRITE,
		   MAP_SHARED, vcpu, 0);
	if (run == MAP_FAILED || ioctl(vcpu, KVM_GET_SREGS, &sregs))
		return trouble("vCPU");
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	if (ioctl(vcpu, KVM_SET_SREGS, &sregs) || ioctl(vcpu, KVM_SET_REGS, &regs))
		return trouble("registers");
	return 0;
}

static int run_once(unsigned short times)
{
	if (ioctl(vcpu, KVM_RUN, 0))
		return trouble("KVM_RUN");
	if (run->exit_reason != KVM_EXIT_HLT || *(unsigned short *)(memory + 0x2000) != times) {
		fprintf(stderr, "kvm_one: exit %u, memory %u\n", run->exit_reason,
			*(unsigned short *)(memory + 0x2000));
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm;
	char byte;

	setvbuf(stdout, NULL, _IOLBF, 0);
	vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm < 0) {
		printf("%s\n", strerrorname_np(errno));
		return 3;
	}
	if (prepare(kvm, vm) || run_once(1))
		return 1;
	if (argc < 2 || strcmp(argv[1], "hold"))
		return 0;
	puts("running");
	while (read(0, &byte, 1) > 0)
		;
	return run_once(2);
}
