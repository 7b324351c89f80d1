// SPDX-License-Identifier: GPL-2.0-only
/*
 * console_test.c - `ward run` and the far ends of the guest's serial port, with
 * a Linux guest: a pty that is let go and taken again, a reboot in between; a
 * file; standard input that ends.
 *
 * The guest is /guest/vmlinuz and /guest/initrd, which is tests/guest's.
 */
#include <termios.h>
#include "life.h"

#define BOOT_SECONDS	240	/* on a host with 2 CPUs, emulated */

static char seen[1 << 16];	/* what the guest said since the last expect() */
static size_t seen_bytes;

static void need_guest(void)
{
	if (access("/guest/vmlinuz", R_OK) || access("/guest/initrd", R_OK))
		test_skip("there is no /guest/vmlinuz and /guest/initrd");
}

/* Reads until @words came; what follows them stays for the next one. */
static bool expect(int fd, const char *words)
{
	double until = now() + BOOT_SECONDS;
	struct pollfd input = { .fd = fd, .events = POLLIN };
	ssize_t got;
	char *at;

	for (;;) {
		seen[seen_bytes] = '\0';
		at = strstr(seen, words);
		if (at) {
			at += strlen(words);
			seen_bytes -= (size_t)(at - seen);
			memmove(seen, at, seen_bytes + 1);
			return true;
		}
		if (now() > until || poll(&input, 1, 1000) < 0)
			break;
		if (!input.revents)
			continue;
		if (seen_bytes > sizeof(seen) / 2) {
			seen_bytes /= 2;
			memmove(seen, seen + seen_bytes, seen_bytes);
		}
		got = read(fd, seen + seen_bytes, sizeof(seen) - 1 - seen_bytes);
		if (got <= 0)
			break;
		seen_bytes += (size_t)got;
	}
	test_fail(__LINE__, "the guest does not say \"%s\"; its last words:", words);
	note("%s", seen_bytes > 300 ? seen + seen_bytes - 300 : seen);
	return false;
}

static void type(int fd, const char *text)
{
	CHECK_EQ(write(fd, text, strlen(text)), strlen(text));
}

/* Starts `ward run` on the guest; its ends of the pipes stay with the caller. */
static pid_t start(const char *serial, const char *append, int in[2], int out[2], int err[2])
{
	pid_t pid;

	REQUIRE(!pipe2(in, O_CLOEXEC) && !pipe2(out, O_CLOEXEC) && !pipe2(err, O_CLOEXEC));
	pid = fork();
	REQUIRE(pid >= 0);
	if (!pid) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		dup2(err[1], 2);
		execlp("ward", "ward", "run", "--kernel", "/guest/vmlinuz", "--initrd",
		       "/guest/initrd", "--append", append, "--serial", serial, "--memory", "128",
		       "--stats", "/tmp/console_test.stats", NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	close(err[1]);
	seen_bytes = 0;
	return pid;
}

static bool file_has(const char *path, const char *words)
{
	static char text[1 << 18];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	if (got < 0)
		return false;
	text[got] = '\0';
	return strstr(text, words) != NULL;
}

static void pty(void)
{
	char name[64], *end;
	int in[2], out[2], err[2], port;
	pid_t pid;

	need_guest();
	pid = start("pty", "console=ttyS0 quiet", in, out, err);
	REQUIRE(expect(err[0], "The serial port is "));
	REQUIRE(expect(err[0], "/dev/pts/"));
	while (!(end = strchr(seen, '\n')))
		REQUIRE((seen_bytes += (size_t)read(err[0], seen + seen_bytes, 64)) < 1000);
	snprintf(name, sizeof(name), "/dev/pts/%.*s", (int)(end - seen), seen);
	seen_bytes = 0;
	port = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	REQUIRE(port >= 0);
	REQUIRE(expect(port, "This is the guest"));
	REQUIRE(expect(port, "# "));
	type(port, "echo $((6*7))times\r");
	CHECK(expect(port, "42times"));
	/* Ctrl-A is the guest's here, no command: its shell goes to the line's start. */
	type(port, "$((4*4))here\001echo \r");
	CHECK(expect(port, "16here"));

	/* Who was there goes; the guest does not mind, and talks to the next one. */
	close(port);
	close(in[1]);
	sleep_ms(500);
	port = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	REQUIRE(port >= 0);
	type(port, "\recho $((7*8))again; uptime\r");
	CHECK(expect(port, "56again"));

	type(port, "reboot -f\r");
	REQUIRE(expect(port, "This is the guest"));
	REQUIRE(expect(port, "# "));
	type(port, "echo $((8*9))rebooted; exit\r");
	CHECK(expect(port, "72rebooted"));
	REQUIRE(WAIT_FOR(waitpid(pid, &port, WNOHANG) == pid));
	CHECK(WIFEXITED(port) && !WEXITSTATUS(port));
	CHECK(file_has("/tmp/console_test.stats", "\"resets\":1"));
}

static void file(void)
{
	int in[2], out[2], err[2], status;
	pid_t pid;
	char byte;

	need_guest();
	unlink("/tmp/console_test.serial");
	pid = start("file:/tmp/console_test.serial",
		    "console=ttyS0 quiet rdinit=/bin/busybox -- sh -c \"echo $((6*7))times; poweroff -f\"",
		    in, out, err);
	close(in[1]);
	/* Nothing of it comes out here. */
	CHECK_EQ(read(out[0], &byte, 1), 0);
	REQUIRE(WAIT_FOR(waitpid(pid, &status, WNOHANG) == pid));
	CHECK(WIFEXITED(status) && !WEXITSTATUS(status));
	CHECK(file_has("/tmp/console_test.serial", "42times"));
}

/* The end of standard input is not the end of the guest. */
static void input_ends(void)
{
	int in[2], out[2], err[2], status;
	pid_t pid;

	need_guest();
	pid = start("stdio", "console=ttyS0 quiet rdinit=/bin/busybox -- sh -c "
		    "\"echo ready; read a; echo got $a; sleep 2; echo after; poweroff -f\"",
		    in, out, err);
	REQUIRE(expect(out[0], "ready"));
	type(in[1], "something\r");
	close(in[1]);
	CHECK(expect(out[0], "got something"));
	CHECK(expect(out[0], "after"));
	REQUIRE(WAIT_FOR(waitpid(pid, &status, WNOHANG) == pid));
	CHECK(WIFEXITED(status) && !WEXITSTATUS(status));
}

static const struct test tests[] = {
	{ "pty", pty },
	{ "file", file },
	{ "input_ends", input_ends },
};

TEST_MAIN(tests)
