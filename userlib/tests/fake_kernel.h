/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fake_kernel.h - stands in for /dev/ward in a test program: it defines
 * ioctl(), so that libward's calls end here.
 *
 * VMs and vCPUs are memory files, so that run pages can be mapped. What a
 * vCPU "does" is the test's script: fake_script() is called for each WARD_RUN
 * with the run page and the number of the call, and sets the exit.
 */
#ifndef WARD_TESTS_FAKE_KERNEL_H
#define WARD_TESTS_FAKE_KERNEL_H

#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "libward.h"

#define FAKE_REGS	512

static struct ward_reg fake_regs[FAKE_REGS];
static unsigned int fake_reg_count;
static unsigned int fake_runs;
static volatile int fake_kicks;
static unsigned int fake_msis;
static __u32 fake_msi_data;
static struct ward_run *fake_page;
static __u64 fake_answer;		/* data of the last exit, as completed */

/* To be defined by the test. Return: what WARD_RUN returns, -errno. */
static int fake_script(struct ward_run *run, unsigned int number);

/* The value last written to a register; ~0 if none was. */
__attribute__((unused))
static __u64 fake_reg(__u64 id)
{
	unsigned int i = fake_reg_count;

	while (i--)
		if (fake_regs[i].id == id)
			return fake_regs[i].value;
	return ~0ull;
}

static int fake_file(void)
{
	int fd = memfd_create("fake", MFD_CLOEXEC);

	return ftruncate(fd, 4096) ? -1 : fd;
}

static int fake_run(int fd)
{
	if (!fake_page) {
		fake_page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
				 fd, 0);
		if (fake_page == MAP_FAILED)
			return -ENOMEM;
	}
	fake_page->commit = 0;
	fake_answer = fake_page->exit == WARD_EXIT_MMIO ?
		      fake_page->mmio.data : fake_page->io.data;
	memset(fake_page->reserved_exit, 0, sizeof(fake_page->reserved_exit));
	return fake_script(fake_page, fake_runs++);
}

static int fake_call(int fd, unsigned long number, void *argument)
{
	struct ward_regs *regs = argument;

	switch (number) {
	case WARD_CREATE_VM:
		return fake_file();
	case WARD_CREATE_VCPU:
		if (fake_page)
			munmap(fake_page, 4096);
		fake_page = NULL;
		fake_runs = 0;
		fake_reg_count = 0;
		return fake_file();
	case WARD_SET_REGS:
		if (fake_reg_count + regs->count > FAKE_REGS)
			return -ENOMEM;
		memcpy(fake_regs + fake_reg_count, (void *)(uintptr_t)regs->regs,
		       regs->count * sizeof(struct ward_reg));
		fake_reg_count += regs->count;
		return 0;
	case WARD_MSI:
		fake_msis++;
		fake_msi_data = ((struct ward_msi *)argument)->data;
		return 0;
	case WARD_RUN:
		return fake_run(fd);
	case WARD_KICK:
		fake_kicks = 1;
		return 0;
	case WARD_MAP:
	case WARD_GET_STATS:
	case WARD_GET_INFO:
		return 0;
	default:
		return -ENOTTY;
	}
}

int ioctl(int fd, unsigned long number, ...)
{
	va_list arguments;
	void *argument;
	int result;

	va_start(arguments, number);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	result = fake_call(fd, number, argument);
	if (result < 0) {
		errno = -result;
		return -1;
	}
	return result;
}

#endif
