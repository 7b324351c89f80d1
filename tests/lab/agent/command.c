// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs COMMAND and carries its streams to the wire, then hands files back.
 */
#define _GNU_SOURCE
#include "agent.h"
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* The streams that are carried: each source has one place for its bytes. */
enum { STDOUT, STDERR, CHILD, KEYBOARD, SOURCES };

static char chunk[WIRE_CHUNK];

static void __attribute__((noreturn)) become(const struct job *job)
{
	sigset_t none;

	wire_close();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execvp(job->argv[0], job->argv);
	dprintf(2, "%s: %s\n", job->argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static pid_t start_with_pipes(const struct job *job, struct pollfd *source)
{
	int out[2], err[2];
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		die("pipe: %s", strerror(errno));
	/* Room for one whole chunk: fewer, larger frames. */
	fcntl(out[1], F_SETPIPE_SZ, WIRE_CHUNK);
	fcntl(err[1], F_SETPIPE_SZ, WIRE_CHUNK);
	pid = fork();
	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (!pid) {
		int null = open("/dev/null", O_RDONLY);

		setsid();
		dup2(null, 0);
		dup2(out[1], 1);
		dup2(err[1], 2);
		close(null);
		become(job);
	}
	close(out[1]);
	close(err[1]);
	source[STDOUT] = (struct pollfd){ .fd = out[0], .events = POLLIN };
	source[STDERR] = (struct pollfd){ .fd = err[0], .events = POLLIN };
	return pid;
}

static pid_t start_with_terminal(const struct job *job, struct pollfd *source)
{
	struct winsize size = { .ws_row = job->rows, .ws_col = job->columns };
	struct termios raw;
	int keyboard, screen;
	pid_t pid;

	keyboard = open("/dev/ttyS1", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (keyboard < 0 || tcgetattr(keyboard, &raw))
		die("no second serial port: %s", strerror(errno));
	cfmakeraw(&raw);
	cfsetspeed(&raw, B115200);
	raw.c_cflag |= CLOCAL;
	tcsetattr(keyboard, TCSANOW, &raw);

	pid = forkpty(&screen, NULL, NULL, &size);
	if (pid < 0)
		die("forkpty: %s", strerror(errno));
	if (!pid)
		become(job);
	fcntl(screen, F_SETFD, FD_CLOEXEC);
	wire_send(WIRE_LISTENING, NULL, 0);
	source[STDOUT] = (struct pollfd){ .fd = screen, .events = POLLIN };
	source[KEYBOARD] = (struct pollfd){ .fd = keyboard, .events = POLLIN };
	return pid;
}

/* Moves what one source has. Returns false once it has ended. */
static bool carry(int fd, enum wire_type type)
{
	ssize_t got = read(fd, chunk, sizeof(chunk));

	if (got > 0)
		wire_send(type, chunk, got);
	/* A terminal whose last user is gone reads as EIO. */
	return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

/* Takes what is left in the pipe; its other end may stay open in a leftover. */
static void carry_rest(int fd, enum wire_type type)
{
	struct pollfd source = { .fd = fd, .events = POLLIN };

	while (fd >= 0 && poll(&source, 1, 0) > 0 && (source.revents & POLLIN))
		if (!carry(fd, type))
			break;
}

/* Reaps. Returns true with *status set once COMMAND itself has ended. */
static bool reap(pid_t command, int *status)
{
	bool ended = false;
	int how;
	pid_t pid;

	while ((pid = waitpid(-1, &how, WNOHANG)) > 0) {
		if (pid != command)
			continue;	/* an orphan that came to the first process */
		ended = true;
		*status = WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
	}
	return ended;
}

void command_prepare(void)
{
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
}

int command_run(const struct job *job)
{
	struct pollfd source[SOURCES];
	struct signalfd_siginfo info;
	sigset_t child;
	int status = 0;
	pid_t pid;

	for (int i = 0; i < SOURCES; i++)
		source[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	source[CHILD].fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	pid = job->interactive ? start_with_terminal(job, source)
			       : start_with_pipes(job, source);

	for (;;) {
		if (poll(source, SOURCES, -1) < 0 && errno != EINTR)
			die("poll: %s", strerror(errno));
		if (source[STDOUT].revents && !carry(source[STDOUT].fd, WIRE_STDOUT))
			source[STDOUT].fd = -1;
		if (source[STDERR].revents && !carry(source[STDERR].fd, WIRE_STDERR))
			source[STDERR].fd = -1;
		if (source[KEYBOARD].revents) {
			char keys[256];
			ssize_t got = read(source[KEYBOARD].fd, keys, sizeof(keys));

			if (got > 0 && source[STDOUT].fd >= 0 &&
			    write(source[STDOUT].fd, keys, got) < 0)
				wire_printf(WIRE_NOTE, "input lost: %s", strerror(errno));
		}
		if (source[CHILD].revents) {
			while (read(source[CHILD].fd, &info, sizeof(info)) > 0)
				;
			if (reap(pid, &status))
				break;
		}
	}
	carry_rest(source[STDOUT].fd, WIRE_STDOUT);
	carry_rest(source[STDERR].fd, WIRE_STDERR);
	return status;
}

void command_kill_all(void)
{
	/* The first process may signal all others: the kernel's threads ignore it. */
	if (kill(-1, SIGKILL) && errno == ESRCH)
		return;
	for (int tries = 0; tries < 500; tries++) {
		if (waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD)
			return;
		usleep(10000);
	}
	wire_printf(WIRE_FAIL, "a process of COMMAND does not die");
}

void command_send_files(const struct job *job)
{
	for (uint32_t index = 0; job->get[index]; index++) {
		uint32_t begin[2] = { index, 0644 }, end[2] = { index, 0 };
		struct stat status;
		ssize_t got = 0;
		int fd = open(job->get[index], O_RDONLY | O_CLOEXEC);

		if (fd >= 0 && !fstat(fd, &status))
			begin[1] = status.st_mode & 0777;
		wire_send(WIRE_FILE, begin, sizeof(begin));
		while (fd >= 0 && (got = read(fd, chunk, sizeof(chunk))) > 0)
			wire_send(WIRE_DATA, chunk, got);
		if (fd < 0 || got < 0)
			end[1] = errno;
		wire_send(WIRE_FILE_END, end, sizeof(end));
		if (fd >= 0)
			close(fd);
	}
}
