// SPDX-License-Identifier: GPL-2.0-only
/*
 * machine.c - builds the machine, waits for input while it runs, takes it
 * down. What a vCPU's exits mean is in vcpu.c.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "acpi.h"
#include "machine.h"
#include "report.h"

#define SERIAL_PORT	0x3f8
#define SERIAL_PIN	4
#define DEBUG_PORT	0xe9

/* A BIOS's data area, which is read even by systems that call none: COM1, KiB of low memory. */
#define BIOS_COM1_GPA	0x400
#define BIOS_MEMORY_GPA	0x413

/* After finding the machine's lock taken. */
#define RETRY_MS	10

/* How long a vCPU may take to stop before the program gives up on it. */
#define STOP_SECONDS	10

static void wake(struct machine *machine)
{
	__u64 one = 1;

	while (write(machine->wake, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

void machine_stop(struct machine *machine, enum machine_end end)
{
	int runs = MACHINE_RUNS;

	if (atomic_compare_exchange_strong(&machine->end, &runs, end))
		wake(machine);
}

/* ---------------------------------------------- what devices ask for */

static void serial_transmit(void *context, __u8 byte)
{
	console_write(((struct machine *)context)->config.console, byte);
}

static void serial_interrupt(void *context, int level)
{
	ioapic_set(&((struct machine *)context)->ioapic, SERIAL_PIN, level);
}

static void serial_ready(void *context)
{
	wake(context);
}

/* A message to a local APIC that is not there is lost, as on hardware. */
static void ioapic_send(void *context, __u64 address, __u32 data)
{
	ward_msi(((struct machine *)context)->vm, address, data);
}

static void power_off(void *context)
{
	machine_stop(context, MACHINE_POWER_OFF);
}

static void reset(void *context)
{
	machine_stop(context, MACHINE_RESET);
}

static void test_finish(void *context, int status)
{
	struct machine *machine = context;

	if (atomic_load(&machine->end) == MACHINE_RUNS)
		machine->status = status;
	machine_stop(machine, MACHINE_FINISHED);
}

static void test_interrupt(void *context, unsigned int pin, int level)
{
	ioapic_set(&((struct machine *)context)->ioapic, pin, level);
}

/* The mapping is of a shared file: dropping it from our page tables takes it
 * out of the guest's, too, and the content stays in the file. */
static void test_refault(void *context, __u64 gpa)
{
	void *page = ward_ram(((struct machine *)context)->vm, gpa, 4096);

	if (page)
		madvise(page, 4096, MADV_DONTNEED);
}

/* Port 0xe9: one byte, one character; it reads as its own number. */
static __u64 debug_read(void *device, __u64 offset, __u32 bytes)
{
	(void)device;
	(void)offset;
	(void)bytes;
	return DEBUG_PORT;
}

static void debug_write(void *device, __u64 offset, __u32 bytes, __u64 value)
{
	const struct machine *machine = device;
	__u8 byte = (__u8)value;

	(void)offset;
	(void)bytes;
	if (write(machine->config.console->is_stdio ? STDERR_FILENO :
		  STDOUT_FILENO, &byte, 1) < 0)
		return;		/* a debug aid: nobody there, nothing lost */
}

/* ---------------------------------------------------------- building */

static void add_devices(struct machine *m)
{
	static const struct bus_ops debug = { debug_read, debug_write };
	const struct uart_host serial = {
		serial_transmit, serial_interrupt, serial_ready, m };
	const struct ioapic_host messages = { ioapic_send, m };
	const struct pm_host power = { power_off, reset, m };
	const struct testdev_host test = {
		test_finish, test_interrupt, test_refault, m };

	uart_init(&m->uart, &serial);
	uart_add(&m->uart, &m->bus, SERIAL_PORT);
	ioapic_init(&m->ioapic, &messages);
	ioapic_add(&m->ioapic, &m->bus);
	pm_init(&m->pm, &power);
	pm_add(&m->pm, &m->bus);
	rtc_init(&m->rtc, m->ram.low_end, m->ram.above_end - RAM_ABOVE_HOLE);
	rtc_add(&m->rtc, &m->bus);
	/* First: the debug port is among the test device's, and its users
	 * expect a latch there. */
	if (m->config.testdev) {
		testdev_init(&m->testdev, &test);
		testdev_add(&m->testdev, &m->bus);
	}
	bus_add(&m->bus.ports, DEBUG_PORT, 1, BUS_BYTE, &debug, m);
}

static int add_memory(struct machine *m)
{
	const __u16 com1 = SERIAL_PORT, low_kib = RAM_LOW_END / 1024;
	void *firmware;
	int error;

	m->ram = ram_layout(m->config.memory_bytes);
	error = ram_add(&m->ram, m->vm);
	if (error) {
		report("cannot give the VM %llu MiB of memory: %s",
		       (unsigned long long)(m->config.memory_bytes / RAM_MIB),
		       strerror(-error));
		return error;
	}
	firmware = ward_ram(m->vm, RAM_FIRMWARE, RAM_HIGH - RAM_FIRMWARE);
	if (!firmware ||
	    !acpi_build(firmware, RAM_HIGH - RAM_FIRMWARE, MACHINE_ACPI_GPA,
			m->config.vcpus)) {
		report("the ACPI tables do not fit into the firmware's memory");
		return -ENOSPC;
	}
	error = ward_write_gpa(m->vm, BIOS_COM1_GPA, &com1, sizeof(com1));
	if (!error)
		error = ward_write_gpa(m->vm, BIOS_MEMORY_GPA, &low_kib, sizeof(low_kib));
	if (error)
		report("cannot write the machine's low memory: %s", strerror(-error));
	return error;
}

static int add_vcpus(struct machine *m)
{
	unsigned int i;
	int error;

	for (i = 0; i < m->config.vcpus; i++) {
		m->vcpus[i].machine = m;
		error = ward_create_vcpu(m->vm, i, &m->vcpus[i].vcpu);
		if (error) {
			report("cannot create vCPU %u: %s", i,
			       error == -EDQUOT ?
			       "this user has too many vCPUs already" :
			       strerror(-error));
			return error;
		}
	}
	return 0;
}

static void explain_create(const struct machine_config *config, int error)
{
	const char *name = config->name ? config->name : "";

	switch (error) {
	case -EEXIST:
		report("you already have a VM named \"%s\"; choose another --name",
		       name);
		break;
	case -EBUSY:
		report("another hypervisor uses this CPU's VMX; the kernel log (dmesg) names it");
		break;
	case -EDQUOT:
		report("you have as many VMs as you may have; end one first");
		break;
	case -ENODEV:
		report("VMX cannot be used; the kernel log (dmesg) says why");
		break;
	case -EINVAL:
	case -ENAMETOOLONG:
		report("\"%s\" cannot be a VM's name: use up to %d of A-Z a-z 0-9 . _ -, not beginning with . or -",
		       name, WARD_NAME_BYTES - 1);
		break;
	default:
		report("cannot create a VM: %s", strerror(-error));
		break;
	}
}

int machine_create(int device, const struct machine_config *config,
		   struct machine **out)
{
	struct machine *m = calloc(1, sizeof(*m));
	int error;

	if (!m) {
		report("not enough memory");
		return -ENOMEM;
	}
	m->config = *config;
	pthread_mutex_init(&m->lock, NULL);
	m->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (m->wake < 0) {
		error = -errno;
		report("cannot create an eventfd: %s", strerror(-error));
		goto err_destroy;
	}
	error = ward_create_vm(device, config->name, WARD_VM_LAPIC, &m->vm);
	if (error) {
		explain_create(config, error);
		goto err_destroy;
	}
	error = add_memory(m);
	if (error)
		goto err_destroy;
	error = add_vcpus(m);
	if (error)
		goto err_destroy;
	add_devices(m);
	*out = m;
	return 0;

err_destroy:
	machine_destroy(m);
	return error;
}

void machine_destroy(struct machine *m)
{
	unsigned int i;

	for (i = 0; i < m->config.vcpus; i++)
		ward_close_vcpu(m->vcpus[i].vcpu);
	ward_close_vm(m->vm);
	if (m->wake >= 0)
		close(m->wake);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

/* ----------------------------------------------------------- running */

static void ignore(int number)
{
	(void)number;
}

static int start_threads(struct machine *m)
{
	/* Without SA_RESTART, so that it ends a blocked system call. */
	const struct sigaction action = { .sa_handler = ignore };
	unsigned int i;
	int error;

	sigaction(SIGUSR1, &action, NULL);
	for (i = 0; i < m->config.vcpus; i++) {
		error = pthread_create(&m->vcpus[i].thread, NULL,
				       machine_vcpu_run, &m->vcpus[i]);
		if (error) {
			report("cannot start a thread for vCPU %u: %s", i,
			       strerror(error));
			return -error;
		}
		m->vcpus[i].has_thread = 1;
	}
	return 0;
}

/* A kick gets a vCPU out of the guest, a signal out of a blocked write. */
static void stop_threads(struct machine *m)
{
	unsigned int i, tenths;

	m->config.console->closing = 1;
	for (i = 0; i < m->config.vcpus; i++) {
		struct machine_vcpu *vcpu = &m->vcpus[i];

		for (tenths = 0; vcpu->has_thread; tenths++) {
			struct timespec until;

			if (tenths == 10 * STOP_SECONDS) {
				report("vCPU %u does not stop; giving up", i);
				/* Its thread uses what would be freed. */
				exit(126);
			}
			ward_kick(vcpu->vcpu);
			pthread_kill(vcpu->thread, SIGUSR1);
			clock_gettime(CLOCK_REALTIME, &until);
			until.tv_nsec += 100000000;
			if (until.tv_nsec >= 1000000000) {
				until.tv_nsec -= 1000000000;
				until.tv_sec++;
			}
			if (!pthread_timedjoin_np(vcpu->thread, NULL, &until))
				vcpu->has_thread = 0;
		}
	}
	m->config.console->closing = 0;
}

/* From the console into our buffer. A terminal is read even if the guest does
 * not listen, for its Ctrl-A commands; what does not fit then is lost. */
static void take_input(struct machine *m)
{
	__u8 bytes[sizeof(m->input)];
	unsigned int count, room = sizeof(m->input) - m->input_count;
	int quit = 0;

	count = console_read(m->config.console, bytes, sizeof(bytes), &quit);
	if (quit)
		machine_stop(m, MACHINE_QUIT);
	if (count > room)
		count = room;
	memcpy(m->input + m->input_count, bytes, count);
	m->input_count += count;
}

/*
 * From our buffer into the serial port, as far as the guest listens. A vCPU
 * may hold the lock for as long as it takes someone to read the guest's output,
 * and this thread must not wait for that: it watches the time and the keys.
 *
 * Return: 0; -EBUSY: try again soon.
 */
static int give_input(struct machine *m)
{
	unsigned int count;

	if (pthread_mutex_trylock(&m->lock))
		return -EBUSY;
	/* The port calls when there is room again only if it was asked in vain. */
	while (m->input_count && (count = uart_room(&m->uart)) > 0) {
		if (count > m->input_count)
			count = m->input_count;
		uart_receive(&m->uart, m->input, count);
		m->input_count -= count;
		memmove(m->input, m->input + count, m->input_count);
	}
	pthread_mutex_unlock(&m->lock);
	return 0;
}

enum machine_end machine_run(struct machine *m, int timeout_fd)
{
	enum { WAKE, TIMEOUT, INPUT, COUNT };
	struct pollfd fds[COUNT] = {
		[WAKE] = { .fd = m->wake, .events = POLLIN },
		[TIMEOUT] = { .fd = timeout_fd, .events = POLLIN },
		[INPUT] = { .events = POLLIN },
	};
	__u64 ignored;
	int wait;

	if (start_threads(m))
		machine_stop(m, MACHINE_DIED);

	while (atomic_load(&m->end) == MACHINE_RUNS) {
		wait = m->input_count && give_input(m) ? RETRY_MS : -1;
		fds[INPUT].fd = !m->input_count || m->config.console->is_terminal ?
				m->config.console->in : -1;
		if (poll(fds, COUNT, wait) < 0)
			continue;	/* a signal */
		if (fds[WAKE].revents &&
		    read(m->wake, &ignored, sizeof(ignored)) < 0)
			continue;
		if (fds[TIMEOUT].revents)
			machine_stop(m, MACHINE_TIMEOUT);
		if (fds[INPUT].revents)
			take_input(m);
	}
	stop_threads(m);
	return (enum machine_end)atomic_load(&m->end);
}
