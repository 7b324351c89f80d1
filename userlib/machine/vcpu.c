// SPDX-License-Identifier: GPL-2.0-only
/*
 * vcpu.c - a vCPU's thread: runs the guest and answers its exits.
 *
 * One row of a table per exit kind. A handler returns 0 to go on; otherwise
 * it has reported why the guest cannot.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "report.h"

#define DUMP_BYTES	16384

/* What is left to tell when a vCPU is lost: all its state, if the kernel
 * still gives it. */
static void dump(struct machine_vcpu *vcpu)
{
	char *text = malloc(DUMP_BYTES);

	if (text && ward_dump(vcpu->vcpu, text, DUMP_BYTES) > 0)
		fprintf(stderr, "%s%s", text,
			text[strlen(text) - 1] == '\n' ? "" : "\n");
	free(text);
}

static void device_mmio(void *context, __u64 gpa, __u64 *data, __u32 bytes,
			int write)
{
	struct machine *machine = context;

	if (write)
		bus_write(&machine->bus.memory, gpa, bytes, *data);
	else
		*data = bus_read(&machine->bus.memory, gpa, bytes);
}

static void device_port(void *context, __u16 port, __u32 *data, __u32 bytes,
			int in)
{
	struct machine *machine = context;

	if (in)
		*data = (__u32)bus_read(&machine->bus.ports, port, bytes);
	else
		bus_write(&machine->bus.ports, port, bytes, *data);
}

static int emulate(struct machine_vcpu *vcpu)
{
	static const struct ward_devices devices = { device_mmio, device_port };
	char why[256];

	if (!ward_emulate(vcpu->vcpu, &devices, vcpu->machine, why,
			  sizeof(why)))
		return 0;
	report("%s", why);
	return -1;
}

static int exit_io(struct machine_vcpu *vcpu, struct ward_run *run)
{
	if (run->io.string)
		return emulate(vcpu);
	device_port(vcpu->machine, run->io.port, &run->io.data, run->io.bytes,
		    run->io.in);
	return 0;
}

static int exit_mmio(struct machine_vcpu *vcpu, struct ward_run *run)
{
	if (!run->mmio.bytes)
		return emulate(vcpu);
	device_mmio(vcpu->machine, run->mmio.gpa, &run->mmio.data,
		    run->mmio.bytes, run->mmio.write);
	return 0;
}

/* The guest asks for what this CPU does not have, and is told so. */
static int exit_msr(struct machine_vcpu *vcpu, struct ward_run *run)
{
	(void)vcpu;
	run->msr.fault = 1;
	return 0;
}

static int exit_eoi(struct machine_vcpu *vcpu, struct ward_run *run)
{
	ioapic_eoi(&vcpu->machine->ioapic, (__u8)run->eoi.vector);
	return 0;
}

static int exit_ignore(struct machine_vcpu *vcpu, struct ward_run *run)
{
	(void)vcpu;
	(void)run;
	return 0;
}

static int exit_shutdown(struct machine_vcpu *vcpu, struct ward_run *run)
{
	(void)vcpu;
	report("the guest died of a triple fault at %#llx",
	       (unsigned long long)run->gprs[WARD_RIP]);
	return -1;
}

static int exit_fail_entry(struct machine_vcpu *vcpu, struct ward_run *run)
{
	report("the CPU refused to enter the guest (stage %u, code %u): %.*s",
	       run->fail_entry.stage, run->fail_entry.code,
	       (int)sizeof(run->fail_entry.why), run->fail_entry.why);
	dump(vcpu);
	return -1;
}

static int exit_memory(struct machine_vcpu *vcpu, struct ward_run *run)
{
	(void)vcpu;
	report("the guest's memory at %#llx cannot be had: %s",
	       (unsigned long long)run->memory.gpa,
	       strerror(-run->memory.error));
	return -1;
}

static int exit_unhandled(struct machine_vcpu *vcpu, struct ward_run *run)
{
	report("the guest did what nobody handles: exit \"%s\", reason %#x, qualification %#llx, at %#llx",
	       ward_exit_name(run->exit), run->raw.vmx.reason,
	       (unsigned long long)run->raw.vmx.qualification,
	       (unsigned long long)run->gprs[WARD_RIP]);
	dump(vcpu);
	return -1;
}

static int (*const handlers[WARD_EXIT_COUNT])(struct machine_vcpu *vcpu,
					      struct ward_run *run) = {
	[WARD_EXIT_NONE]	= exit_ignore,
	[WARD_EXIT_IO]		= exit_io,
	[WARD_EXIT_MMIO]	= exit_mmio,
	[WARD_EXIT_MSR]		= exit_msr,
	[WARD_EXIT_HYPERCALL]	= exit_unhandled,
	[WARD_EXIT_HALT]	= exit_unhandled,
	[WARD_EXIT_SHUTDOWN]	= exit_shutdown,
	[WARD_EXIT_FAIL_ENTRY]	= exit_fail_entry,
	[WARD_EXIT_MEMORY]	= exit_memory,
	[WARD_EXIT_WINDOW]	= exit_ignore,
	[WARD_EXIT_EOI]		= exit_eoi,
	[WARD_EXIT_DEBUG]	= exit_unhandled,
	[WARD_EXIT_UNHANDLED]	= exit_unhandled,
};

static int handle(struct machine_vcpu *vcpu, struct ward_run *run)
{
	__u32 exit = run->exit;
	int result;

	if (exit >= WARD_EXIT_COUNT)
		return exit_unhandled(vcpu, run);
	pthread_mutex_lock(&vcpu->machine->lock);
	result = handlers[exit](vcpu, run);
	pthread_mutex_unlock(&vcpu->machine->lock);
	return result;
}

/* -EIO: dead for a reason that may be in the page, or on another vCPU's. */
static void explain_error(struct machine_vcpu *vcpu, struct ward_run *run,
			  int error)
{
	if (error == -EIO &&
	    (run->exit == WARD_EXIT_FAIL_ENTRY || run->exit == WARD_EXIT_MEMORY ||
	     run->exit == WARD_EXIT_SHUTDOWN)) {
		handlers[run->exit](vcpu, run);
		return;
	}
	report("the vCPU cannot run: %s",
	       error == -EIO ? "the VM is dead; see the kernel log (dmesg)" :
	       strerror(-error));
	dump(vcpu);
}

void *machine_vcpu_run(void *argument)
{
	struct machine_vcpu *vcpu = argument;
	struct machine *machine = vcpu->machine;
	struct ward_run *run = ward_run_page(vcpu->vcpu);
	int error;

	while (atomic_load(&machine->end) == MACHINE_RUNS) {
		error = ward_run(vcpu->vcpu);
		if (error == -EINTR)
			continue;
		if (error) {
			explain_error(vcpu, run, error);
			machine_stop(machine, MACHINE_DIED);
		} else if (handle(vcpu, run)) {
			machine_stop(machine, MACHINE_DIED);
		}
	}
	return NULL;
}
