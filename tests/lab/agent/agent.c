// SPDX-License-Identifier: GPL-2.0-only
/*
 * The lab host's first process: sets the machine up, runs one COMMAND, hands
 * its files back and says how it ended. It never powers the host off: the
 * emulator is ended from outside as soon as the last frame came out of it.
 */
#include "agent.h"
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static void __attribute__((noreturn)) stop(void)
{
	wire_send(WIRE_END, NULL, 0);
	for (;;)
		pause();
}

void die(const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	wire_send(WIRE_FAIL, text, strlen(text));
	watch_drain_log();
	stop();
}

/*
 * The kernel remembers a warning or an oops in its taint word even where the
 * log no longer shows it.
 */
static void check_taint(void)
{
	static const struct { int bit; const char *what; } bad[] = {
		{ 4, "a machine check" },
		{ 5, "a bad page" },
		{ 7, "an oops" },
		{ 9, "a warning" },
		{ 14, "a soft lockup" },
	};
	char text[32] = "";
	int fd = open("/proc/sys/kernel/tainted", O_RDONLY);
	unsigned long taint;

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		die("cannot read the kernel's taint word: %s", strerror(errno));
	close(fd);
	taint = strtoul(text, NULL, 10);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (taint & (1ul << bad[i].bit))
			wire_printf(WIRE_FAIL, "the host's kernel had %s (tainted: %lu)",
				    bad[i].what, taint);
}

int main(void)
{
	struct utsname name;
	struct job job;
	uint32_t status;

	setup_machine();
	if (wire_open())
		return 1;	/* the kernel panics: init ended */
	uname(&name);
	wire_send(WIRE_HELLO, name.release, strlen(name.release));
	setup_job(&job);
	command_prepare();
	watch_start();
	if (job.module)
		setup_module();

	status = command_run(&job);
	/* The files first: what is killed below may be what writes them. */
	command_send_files(&job);
	command_kill_all();
	debug_leaks();
	if (job.module)
		setup_module_remove();
	debug_locks();
	if (job.coverage)
		debug_coverage();
	watch_drain_log();
	check_taint();
	wire_send(WIRE_EXIT, &status, sizeof(status));
	stop();
}
