// SPDX-License-Identifier: GPL-2.0-only
/*
 * run.c - ward run: boots an image in a new VM and stays until it ends.
 *
 * A reset makes a new machine and loads the image again. Counters are summed
 * over all of them.
 */
#include <argp.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "loader/loader.h"
#include "machine/machine.h"
#include "machine/report.h"
#include "stats.h"
#include "ward.h"

#define MODULES_MAX	64

struct options {
	const char *kernel, *initrd, *append;
	const char *multiboot;
	const char *modules[MODULES_MAX];
	unsigned int module_count;
	const char *serial, *stats;
	double timeout;
	struct machine_config config;
};

enum { KERNEL = 1000, INITRD, APPEND, MULTIBOOT, MODULE, MEMORY, NAME, SERIAL,
       STATS, TIMEOUT, TESTDEV };

static const struct argp_option options[] = {
	{ NULL, 0, NULL, 0, "What to boot, one of:", 1 },
	{ "kernel", KERNEL, "BZIMAGE", 0, "a 64-bit Linux kernel", 1 },
	{ "multiboot", MULTIBOOT, "IMAGE", 0, "a Multiboot 1 image", 1 },
	{ NULL, 0, NULL, 0, "With it:", 2 },
	{ "initrd", INITRD, "FILE", 0, "the kernel's initial RAM disk", 2 },
	{ "module", MODULE, "FILE", 0,
	  "a module for the Multiboot image; may be repeated", 2 },
	{ "append", APPEND, "STRING", 0, "the whole command line", 2 },
	{ NULL, 0, NULL, 0, "The machine:", 3 },
	{ "memory", MEMORY, "MIB", 0, "its memory, in MiB (256)", 3 },
	{ "name", NAME, "NAME", 0, "its name in \"ward list\"", 3 },
	{ "serial", SERIAL, "WHERE", 0,
	  "its serial port: stdio (the default), file:PATH, or pty, whose "
	  "name is then printed", 3 },
	{ "testdev", TESTDEV, NULL, 0,
	  "with the devices that bare-metal test images use", 3 },
	{ NULL, 0, NULL, 0, "The run:", 4 },
	{ "timeout", TIMEOUT, "SECONDS", 0, "end it after that time", 4 },
	{ "stats", STATS, "FILE", 0,
	  "write the VM's counters there as JSON when it ends; - is stderr", 4 },
	{ 0 }
};

static const char doc[] =
	"Boot a Linux kernel or a Multiboot image in a new VM.\v"
	"Examples:\n"
	"  ward run --kernel vmlinuz --initrd initrd.img --append console=ttyS0\n"
	"  ward run --multiboot test.elf --testdev --timeout 60\n"
	"\n"
	"On a terminal every key goes to the guest, except:\n"
	"  Ctrl-A x  quit\n"
	"  Ctrl-A a  send Ctrl-A\n"
	"  Ctrl-A h  help\n"
	"\n"
	"Exit status:\n"
	"    0  the guest powered off\n"
	"    2  usage\n"
	"    4  it could not start\n"
	"  124  --timeout ran out\n"
	"  126  the guest died; stderr says of what\n"
	"  130  you quit with Ctrl-A x\n"
	"  odd  --testdev: the guest wrote v to port 0xf4, and this is\n"
	"       (v << 1 | 1) & 255";

static __u64 parse_memory(const char *text, struct argp_state *state)
{
	char *end;
	unsigned long long mib;

	errno = 0;
	mib = strtoull(text, &end, 10);
	if (errno || end == text || *end || *text == '-' ||
	    mib < RAM_MIN_MIB || mib > RAM_MAX_MIB)
		argp_error(state, "--memory is a number of MiB from %d to %d, not \"%s\"",
			   RAM_MIN_MIB, RAM_MAX_MIB, text);
	return mib * RAM_MIB;
}

static double parse_timeout(const char *text, struct argp_state *state)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !isfinite(seconds) || seconds <= 0 ||
	    seconds > 1e9)
		argp_error(state, "--timeout is a number of seconds above 0, not \"%s\"",
			   text);
	return seconds;
}

static void check(const struct options *o, struct argp_state *state)
{
	if (!o->kernel == !o->multiboot)
		argp_error(state, "give either --kernel or --multiboot");
	if (o->initrd && !o->kernel)
		argp_error(state, "--initrd goes with --kernel; a Multiboot image takes --module");
	if (o->module_count && !o->multiboot)
		argp_error(state, "--module goes with --multiboot; a kernel takes --initrd");
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case KERNEL:
		o->kernel = argument;
		return 0;
	case INITRD:
		o->initrd = argument;
		return 0;
	case APPEND:
		o->append = argument;
		return 0;
	case MULTIBOOT:
		o->multiboot = argument;
		return 0;
	case MODULE:
		if (o->module_count == MODULES_MAX)
			argp_error(state, "at most %d modules", MODULES_MAX);
		o->modules[o->module_count++] = argument;
		return 0;
	case MEMORY:
		o->config.memory_bytes = parse_memory(argument, state);
		return 0;
	case NAME:
		o->config.name = argument;
		return 0;
	case SERIAL:
		o->serial = argument;
		return 0;
	case STATS:
		o->stats = argument;
		return 0;
	case TIMEOUT:
		o->timeout = parse_timeout(argument, state);
		return 0;
	case TESTDEV:
		o->config.testdev = 1;
		return 0;
	case ARGP_KEY_END:
		check(o, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int start_timer(double seconds)
{
	struct itimerspec time = {
		.it_value.tv_sec = (time_t)seconds,
		.it_value.tv_nsec = (long)((seconds - floor(seconds)) * 1e9),
	};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

	if (!time.it_value.tv_sec && !time.it_value.tv_nsec)
		time.it_value.tv_nsec = 1;
	if (fd < 0 || timerfd_settime(fd, 0, &time, NULL)) {
		report("cannot start a timer: %s", strerror(errno));
		return -1;
	}
	return fd;
}

static int load(struct machine *machine, const struct options *o)
{
	if (o->kernel)
		return load_linux(machine, o->kernel, o->initrd, o->append);
	return load_multiboot(machine, o->multiboot, o->modules,
			      o->module_count, o->append);
}

static int status_of(enum machine_end end, int finished)
{
	switch (end) {
	case MACHINE_POWER_OFF:
		return STATUS_OK;
	case MACHINE_FINISHED:
		return finished;
	case MACHINE_TIMEOUT:
		return STATUS_TIMEOUT;
	case MACHINE_QUIT:
		return STATUS_QUIT;
	default:
		return STATUS_DIED;
	}
}

/* From power-up to power-off, through any number of resets. */
static int run(int device, const struct options *o, int timeout_fd,
	       struct stats *stats)
{
	struct machine *machine;
	enum machine_end end;
	int status;

	do {
		if (machine_create(device, &o->config, &machine))
			return STATUS_NO_START;
		if (load(machine, o)) {
			machine_destroy(machine);
			return STATUS_NO_START;
		}
		end = machine_run(machine, timeout_fd);
		status = status_of(end, machine->status);
		stats_add(stats, machine->vm, end == MACHINE_RESET);
		machine_destroy(machine);
	} while (end == MACHINE_RESET);

	stats->end = end;
	stats->status = status;
	if (end == MACHINE_TIMEOUT)
		report("the guest did not end within %g seconds", o->timeout);
	return status;
}

int verb_run(int argc, char **argv)
{
	static const struct argp argp = { options, parse, NULL, doc,
					  NULL, NULL, NULL };
	struct options o = {
		.serial = "stdio",
		.config = { .memory_bytes = 256 * RAM_MIB, .vcpus = 1 },
	};
	struct stats stats = { .vcpus = 0 };
	struct console console;
	int device, timeout_fd = -1, status;

	if (argp_parse(&argp, argc, argv, 0, NULL, &o))
		return STATUS_USAGE;
	device = open_device();
	if (device < 0)
		return STATUS_NO_START;
	/* A reader of our output that goes away must not end the guest. */
	signal(SIGPIPE, SIG_IGN);
	status = console_open(&console, o.serial);
	if (status)
		return status == -EINVAL ? STATUS_USAGE : STATUS_NO_START;
	o.config.console = &console;
	if (o.timeout > 0) {
		timeout_fd = start_timer(o.timeout);
		if (timeout_fd < 0)
			return STATUS_NO_START;
	}
	stats.vcpus = o.config.vcpus;
	status = run(device, &o, timeout_fd, &stats);
	console_close(&console);
	if (o.stats && status != STATUS_NO_START)
		stats_write(&stats, o.stats);
	close(device);
	return status;
}
