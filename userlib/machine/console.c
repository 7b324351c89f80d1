// SPDX-License-Identifier: GPL-2.0-only
/*
 * console.c - the far end of the serial port.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "console.h"
#include "report.h"

#define CTRL_A	1

/* One terminal per process, so that exit and signal handlers find it. */
static struct termios saved;
static volatile sig_atomic_t raw;

static void restore_terminal(void)
{
	if (raw) {
		raw = 0;
		tcsetattr(STDIN_FILENO, TCSANOW, &saved);
	}
}

static void deadly_signal(int number)
{
	restore_terminal();
	/* SA_RESETHAND: this time it kills. */
	raise(number);
}

static int make_raw(void)
{
	static const int deadly[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT,
				      SIGSEGV, SIGABRT, SIGBUS };
	struct sigaction action = {
		.sa_handler = deadly_signal,
		.sa_flags = SA_RESETHAND,
	};
	struct termios t;
	unsigned int i;

	if (tcgetattr(STDIN_FILENO, &saved))
		return -errno;
	for (i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
		sigaction(deadly[i], &action, NULL);
	atexit(restore_terminal);

	/* Every key goes to the guest; output processing stays as it is, so
	 * that messages of this program look right. */
	t = saved;
	t.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IGNCR | IXON | ISTRIP | BRKINT);
	t.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	raw = 1;
	if (tcsetattr(STDIN_FILENO, TCSANOW, &t)) {
		raw = 0;
		return -errno;
	}
	return 0;
}

static int open_stdio(struct console *console)
{
	console->in = STDIN_FILENO;
	console->out = STDOUT_FILENO;
	console->is_stdio = 1;
	if (!isatty(STDIN_FILENO))
		return 0;
	/* A background job may not change the terminal: it would be stopped. */
	if (tcgetpgrp(STDIN_FILENO) != getpgrp()) {
		console->in = -1;
		return 0;
	}
	console->is_terminal = 1;
	return make_raw();
}

static int open_pty(struct console *console)
{
	struct termios t;
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	char *name;
	int user;

	if (fd < 0)
		return -errno;
	console->in = console->out = fd;
	console->is_pty = 1;
	name = grantpt(fd) || unlockpt(fd) ? NULL : ptsname(fd);
	if (!name)
		return -errno;
	/* Held open for good: without any user, the master would say "hung
	 * up" all the time. */
	user = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (user < 0)
		return -errno;
	if (!tcgetattr(user, &t)) {
		cfmakeraw(&t);
		tcsetattr(user, TCSANOW, &t);
	}
	fprintf(stderr, "The serial port is %s\n", name);
	return 0;
}

int console_open(struct console *console, const char *spec)
{
	int error;

	memset(console, 0, sizeof(*console));
	console->in = console->out = -1;
	if (!strcmp(spec, "stdio")) {
		error = open_stdio(console);
	} else if (!strcmp(spec, "pty")) {
		error = open_pty(console);
	} else if (!strncmp(spec, "file:", 5) && spec[5]) {
		console->out = open(spec + 5, O_WRONLY | O_CREAT | O_TRUNC |
				    O_CLOEXEC, 0666);
		error = console->out < 0 ? -errno : 0;
	} else {
		report("--serial is stdio, file:PATH or pty, not \"%s\"", spec);
		return -EINVAL;
	}
	if (error)
		report("cannot open the serial port \"%s\": %s", spec,
		       strerror(-error));
	return error;
}

void console_write(struct console *console, __u8 byte)
{
	while (console->out >= 0 && !console->closing) {
		if (write(console->out, &byte, 1) == 1)
			return;
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN && !console->is_pty) {
			/* Someone else made our stdout non-blocking. */
			struct pollfd fd = { console->out, POLLOUT, 0 };

			poll(&fd, 1, 100);
			continue;
		}
		if (errno != EAGAIN && errno != EIO)
			console->out = -1;
		return;
	}
}

static void help(void)
{
	fputs("\nCtrl-A x  quit\n"
	      "Ctrl-A a  send Ctrl-A to the guest\n"
	      "Ctrl-A h  this help\n", stderr);
}

/* Take the Ctrl-A commands out of what was typed. */
static unsigned int filter(struct console *console, __u8 *buffer,
			   unsigned int bytes, int *quit)
{
	unsigned int from, to = 0;

	for (from = 0; from < bytes; from++) {
		__u8 byte = buffer[from];

		if (!console->escape) {
			if (byte == CTRL_A)
				console->escape = 1;
			else
				buffer[to++] = byte;
			continue;
		}
		console->escape = 0;
		switch (byte) {
		case 'x':
		case 'X':
			*quit = 1;
			break;
		case 'a':
		case CTRL_A:
			buffer[to++] = CTRL_A;
			break;
		case 'h':
		case '?':
			help();
			break;
		default:
			buffer[to++] = byte;
			break;
		}
	}
	return to;
}

unsigned int console_read(struct console *console, __u8 *buffer,
			  unsigned int bytes, int *quit)
{
	ssize_t got = read(console->in, buffer, bytes);

	if (got > 0)
		return console->is_terminal ?
			filter(console, buffer, (unsigned int)got, quit) :
			(unsigned int)got;
	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (!console->is_pty)
		console->in = -1;
	return 0;
}

void console_close(struct console *console)
{
	restore_terminal();
	if (!console->is_stdio && console->out >= 0)
		close(console->out);
	console->in = console->out = -1;
}
