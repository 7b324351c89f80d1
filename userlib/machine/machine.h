/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * machine.h - the machine: a VM with its RAM, its vCPUs and its devices.
 *
 * It is the same for every way of booting; what to boot is loaded into it
 * between machine_create() and machine_run(). It lives from power-up to
 * power-off or reset: after a reset, a new one is made.
 *
 * Threads: one per vCPU, and the caller of machine_run(), which waits for
 * input and time. Devices are used by all of them under machine.lock.
 */
#ifndef WARD_MACHINE_MACHINE_H
#define WARD_MACHINE_MACHINE_H

#include <pthread.h>
#include <stdatomic.h>

#include "bus.h"
#include "console.h"
#include "ioapic.h"
#include "libward.h"
#include "pm.h"
#include "ram.h"
#include "rtc.h"
#include "testdev.h"
#include "uart.h"

/* Where the RSDP is */
#define MACHINE_ACPI_GPA	RAM_FIRMWARE

/**
 * struct machine_config - what kind of machine
 * @name: of the VM; NULL: the kernel makes one
 * @memory_bytes: page-aligned, RAM_MIN_MIB to RAM_MAX_MIB
 * @vcpus: 1 to WARD_MAX_VCPUS
 * @testdev: with the devices of testdev.h
 * @console: far end of the serial port
 */
struct machine_config {
	const char *name;
	__u64 memory_bytes;
	unsigned int vcpus;
	int testdev;
	struct console *console;
};

enum machine_end {
	MACHINE_RUNS,
	MACHINE_POWER_OFF,
	MACHINE_RESET,
	MACHINE_FINISHED,	/* by the test device: machine.status */
	MACHINE_TIMEOUT,
	MACHINE_QUIT,		/* by the user */
	MACHINE_DIED,		/* the reason was reported */
};

struct machine_vcpu {
	struct machine *machine;
	struct ward_vcpu *vcpu;
	pthread_t thread;
	int has_thread;
};

struct machine {
	struct machine_config config;
	struct ward_vm *vm;
	struct ram ram;
	struct machine_vcpu vcpus[WARD_MAX_VCPUS];

	_Atomic int end;	/* enum machine_end; leaves MACHINE_RUNS once */
	int status;		/* with MACHINE_FINISHED; set before @end */
	int wake;		/* eventfd: machine_run() should look again */

	/* machine_run()'s thread only: input the guest has not taken yet */
	__u8 input[64];
	unsigned int input_count;

	pthread_mutex_t lock;	/* over everything below */
	struct bus bus;
	struct uart uart;
	struct ioapic ioapic;
	struct pm pm;
	struct rtc rtc;
	struct testdev testdev;
};

/**
 * machine_create() - power-up, with empty RAM
 * @device: from ward_open()
 * @out: to be given to machine_destroy()
 *
 * Return: 0; -errno, after having said what is wrong.
 */
int machine_create(int device, const struct machine_config *config,
		   struct machine **out);

/**
 * machine_run() - run until the guest or the user ends it
 * @machine: loaded
 * @timeout_fd: becomes readable when time is up; -1: never
 */
enum machine_end machine_run(struct machine *machine, int timeout_fd);

/**
 * machine_destroy() - free everything; the VM's name is free afterwards
 */
void machine_destroy(struct machine *machine);

/**
 * machine_stop() - end it for this reason, from any thread; the first counts
 */
void machine_stop(struct machine *machine, enum machine_end end);

/**
 * machine_vcpu_run() - body of a vCPU's thread
 * @argument: struct machine_vcpu
 */
void *machine_vcpu_run(void *argument);

#endif
