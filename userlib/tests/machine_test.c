// SPDX-License-Identifier: GPL-2.0-only
/*
 * machine_test.c - the whole machine with a scripted guest: exits go in,
 * device answers, interrupts and the end of the run come out.
 */
#include "fake_kernel.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/timerfd.h>

#include "machine/machine.h"
#include "tap.h"

static struct console console;
static int serial[2], input[2];

/* One step of a guest: an access, and what a read must give, if 2 sooner or later. */
struct step {
	int mmio;
	__u64 address;
	__u8 bytes;
	__u8 read;
	__u64 value;
};

static const struct step *steps;
static unsigned int step_count, repeated, wrong;
static __u32 end_with;

static int fake_script(struct ward_run *run, unsigned int number)
{
	const struct step *step = &steps[number -= repeated];
	__u64 answer = number && number <= step_count && step[-1].mmio ?
		       fake_answer : (__u32)fake_answer;

	/* The answer to the step before is still in the page. */
	if (number && number <= step_count && step[-1].read == 2 &&
	    answer != step[-1].value) {
		repeated++;
		number--;
		step--;
		usleep(1000);
	} else if (number && number <= step_count && step[-1].read &&
		   answer != step[-1].value) {
		wrong++;
		printf("# %#llx reads %#llx, wanted %#llx\n",
		       (unsigned long long)step[-1].address,
		       (unsigned long long)answer,
		       (unsigned long long)step[-1].value);
	}
	if (number >= step_count) {
		run->exit = end_with;
		if (end_with == WARD_EXIT_NONE) {
			/* A guest that computes until it is kicked. */
			while (!fake_kicks)
				usleep(1000);
			return -EINTR;
		}
		return 0;
	}
	if (step->mmio) {
		run->exit = WARD_EXIT_MMIO;
		run->mmio.gpa = step->address;
		run->mmio.bytes = step->bytes;
		run->mmio.write = !step->read;
		run->mmio.data = step->read ? 0 : step->value;
	} else {
		run->exit = WARD_EXIT_IO;
		run->io.port = (__u16)step->address;
		run->io.bytes = step->bytes;
		run->io.in = step->read;
		run->io.data = step->read ? 0 : (__u32)step->value;
	}
	return 0;
}

static enum machine_end play(const struct step *script, unsigned int count,
			     int testdev, int *status)
{
	const struct machine_config config = {
		.memory_bytes = 64 * RAM_MIB, .vcpus = 1, .testdev = testdev,
		.console = &console };
	struct machine *machine;
	enum machine_end end;

	steps = script;
	step_count = count;
	repeated = 0;
	wrong = 0;
	fake_kicks = 0;
	if (machine_create(0, &config, &machine))
		return MACHINE_RUNS;
	end = machine_run(machine, -1);
	if (status)
		*status = machine->status;
	machine_destroy(machine);
	return end;
}

#define PLAY(script, testdev, status) \
	play(script, sizeof(script) / sizeof(script[0]), testdev, status)

#define OUT(port, bytes, value)	{ 0, port, bytes, 0, value }
#define WRITE(gpa, value)	{ 1, gpa, 4, 0, value }
#define IN(port, bytes, value)	{ 0, port, bytes, 1, value }
#define READ(gpa, value)	{ 1, gpa, 4, 1, value }
#define UNTIL(port, value)	{ 0, port, 1, 2, value }

static void endings(void)
{
	static const struct step power_off[] = { OUT(0x604, 2, 0x3400) };
	static const struct step not_s5[] = { OUT(0x604, 2, 0x2400),
					      OUT(0x604, 2, 0x1400),
					      OUT(0xcf8, 4, 0x80000600),
					      OUT(0xcf9, 1, 6) };
	static const struct step keyboard[] = { OUT(0x64, 1, 0xfe) };
	static const struct step test_exit[] = { OUT(0xf4, 4, 0x10) };
	int status = 0;

	end_with = WARD_EXIT_SHUTDOWN;
	is(PLAY(power_off, 0, NULL), MACHINE_POWER_OFF, "S5 powers off");
	is(PLAY(not_s5, 0, NULL), MACHINE_RESET,
	   "other sleep types do not; port 0xcf9 resets");
	is(PLAY(keyboard, 0, NULL), MACHINE_RESET, "port 0x64 resets");
	is(PLAY(test_exit, 1, &status), MACHINE_FINISHED, "port 0xf4 ends");
	is(status, 0x21, "with an odd status");
	is(PLAY(test_exit, 0, NULL), MACHINE_DIED,
	   "without --testdev it does nothing, and a triple fault kills");
	end_with = WARD_EXIT_COUNT;
	is(PLAY(test_exit, 0, NULL), MACHINE_DIED, "so does an unknown exit");
}

static void answers(void)
{
	static const struct step script[] = {
		IN(0x80, 1, 0xff), IN(0x21, 1, 0xff), IN(0xcf8, 4, 0xffffffff),
		IN(0x64, 1, 0xff), IN(0xe9, 1, 0xe9), IN(0x604, 2, 1),
		IN(0x600, 4, 0), IN(0x3fd, 1, 0x60), IN(0x3fd, 2, 0xb060),
		IN(0xffff, 4, 0xffffffff), OUT(0x70, 1, 0x0f),
		OUT(0x71, 1, 0x5a), IN(0x71, 1, 0x5a), OUT(0x70, 1, 0x34),
		IN(0x71, 1, 0), OUT(0x70, 1, 0x35), IN(0x71, 1, 3),
		READ(0xfec00010, 0), WRITE(0xfec00000, 1),
		READ(0xfec00010, 0x170020), READ(0xd0000000, 0xffffffff),
		READ(0xff000000, 0xffffffff), OUT(0x604, 2, 0x3400) };
	static const struct step test[] = {
		OUT(0xe0, 4, 0x11223344), IN(0xe1, 2, 0x2233),
		OUT(0xe3, 1, 0x55), IN(0xe0, 4, 0x55223344),
		OUT(0xe9, 1, 0x77), IN(0xe9, 1, 0x77), WRITE(0xff000008, 99),
		READ(0xff000008, 99), OUT(0x604, 2, 0x3400) };

	end_with = WARD_EXIT_SHUTDOWN;
	is(PLAY(script, 0, NULL), MACHINE_POWER_OFF, "reading around");
	is(wrong, 0, "gives the right answers");
	is(PLAY(test, 1, NULL), MACHINE_POWER_OFF, "the test device");
	is(wrong, 0, "gives the right answers");
}

static void serial_port(void)
{
	static const struct step script[] = {
		WRITE(0xfec00000, 0x18), WRITE(0xfec00010, 0x31),
		OUT(0x3fc, 1, 0x0b), OUT(0x3f8, 1, 'h'), OUT(0x3f8, 1, 'i'),
		OUT(0x3f9, 1, 2), OUT(0x604, 2, 0x3400) };
	char got[8] = "";

	fake_msis = 0;
	is(PLAY(script, 0, NULL), MACHINE_POWER_OFF, "serial output");
	ok(read(serial[0], got, sizeof(got)) == 2 && !memcmp(got, "hi", 2),
	   "arrives");
	is(fake_msis, 1, "its interrupt is one message");
	is(fake_msi_data, 0x31, "with the I/O APIC's vector");
}

/* More at once than the port's FIFO takes: the rest follows when it is read. */
static void serial_input(void)
{
#define READS(c)	IN(0x3f8, 1, c), IN(0x3f8, 1, (c) + 1), \
			IN(0x3f8, 1, (c) + 2), IN(0x3f8, 1, (c) + 3)
	static const struct step script[] = {
		OUT(0x3fa, 1, 1), OUT(0x3fc, 1, 0x0b), UNTIL(0x3fd, 0x61),
		READS('a'), READS('e'), READS('i'), READS('m'),
		UNTIL(0x3fd, 0x61), READS('q'), OUT(0x604, 2, 0x3400) };
#undef READS

	if (write(input[1], "abcdefghijklmnopqrst", 20) != 20)
		exit(1);
	console.in = input[0];
	alarm(20);
	is(PLAY(script, 0, NULL), MACHINE_POWER_OFF, "20 bytes of input");
	alarm(0);
	is(wrong, 0, "arrive, 16 first");
	console.in = -1;
}

static void test_interrupts(void)
{
	static const struct step script[] = {
		WRITE(0xfec00000, 0x10 + 46), WRITE(0xfec00010, 0x55),
		OUT(0x2017, 1, 1), OUT(0x2018, 1, 1), WRITE(0xff00fffc, 7),
		WRITE(0xff00fffe, 7), WRITE(0x1234567890, 1), OUT(0xe0, 4, 1),
		OUT(0xe3, 4, 0x01020304), OUT(0xe4, 4, 0xfffff000),
		OUT(0xe4, 4, 0x5000), OUT(0x604, 2, 0x3400) };

	fake_msis = 0;
	is(PLAY(script, 1, NULL), MACHINE_POWER_OFF,
	   "accesses over the edges of devices do no harm");
	is(fake_msis, 1, "port 0x2017 is pin 23");
}

/* What stops a guest that runs on: time and the user. */
static void stopping(void)
{
	const struct machine_config config = {
		.memory_bytes = 16 * RAM_MIB, .vcpus = 1, .console = &console };
	struct machine *machine;
	int timer[2];

	end_with = WARD_EXIT_NONE;
	steps = NULL;
	step_count = 0;
	fake_kicks = 0;
	if (pipe(timer) || write(timer[1], "x", 1) != 1 ||
	    machine_create(0, &config, &machine))
		exit(1);
	is(machine_run(machine, timer[0]), MACHINE_TIMEOUT, "time is up");
	machine_destroy(machine);

	fake_kicks = 0;
	console.is_terminal = 1;
	console.in = input[0];
	if (write(input[1], "a\1x", 3) != 3 ||
	    machine_create(0, &config, &machine))
		exit(1);
	is(machine_run(machine, -1), MACHINE_QUIT,
	   "Ctrl-A x ends a guest that does not listen");
	machine_destroy(machine);
}

/* A guest whose output no one reads holds the machine's lock while it waits. */
static void blocked_output(void)
{
	static const struct step flood[] = { OUT(0x3f8, 1, 'x') };
	static const char block[4096];
	const struct machine_config config = {
		.memory_bytes = 16 * RAM_MIB, .vcpus = 1, .console = &console };
	struct itimerspec time = { .it_value.tv_nsec = 300000000 };
	int timer = timerfd_create(CLOCK_MONOTONIC, 0), full[2];
	struct machine *machine;

	steps = flood;
	step_count = 1;
	fake_kicks = 0;
	if (pipe(full) || timerfd_settime(timer, 0, &time, NULL) ||
	    machine_create(0, &config, &machine))
		exit(1);
	fcntl(full[1], F_SETFL, O_NONBLOCK);
	while (write(full[1], block, sizeof(block)) > 0)
		;
	while (write(full[1], block, 1) > 0)
		;
	fcntl(full[1], F_SETFL, 0);
	console.out = full[1];
	/* Input that comes then makes the waiting thread want the lock, too. */
	if (!fork()) {
		usleep(100000);
		_exit(write(input[1], "b", 1) != 1);
	}
	alarm(20);
	is(machine_run(machine, timer), MACHINE_TIMEOUT,
	   "time is up although no one reads the output");
	alarm(0);
	machine_destroy(machine);
	console.out = serial[1];
}

static void tables(void)
{
	struct machine_config config = {
		.memory_bytes = 5ull * 1024 * RAM_MIB, .vcpus = 3,
		.console = &console };
	struct machine *machine;
	unsigned char *rsdp, sum = 0, *xsdt;
	unsigned int i, bad = 0;
	__u64 gpa;

	if (machine_create(0, &config, &machine))
		exit(1);
	is(machine->ram.low_end, 3072 * RAM_MIB, "3 GiB below the hole");
	is(machine->ram.above_end, 6144 * RAM_MIB, "2 GiB above 4 GiB");
	rsdp = ward_ram(machine->vm, 0xe0000, 36);
	for (i = 0; i < 36; i++)
		sum += rsdp[i];
	is(sum, 0, "RSDP checksum");
	memcpy(&gpa, rsdp + 24, 8);
	xsdt = ward_ram(machine->vm, gpa, 52);
	for (i = 0; i < 2; i++) {
		unsigned char *table;
		__u32 length, j;

		memcpy(&gpa, xsdt + 36 + 8 * i, 8);
		table = ward_ram(machine->vm, gpa, 8);
		memcpy(&length, table + 4, 4);
		for (sum = 0, j = 0; j < length; j++)
			sum += table[j];
		bad += sum != 0;
	}
	is(bad, 0, "checksums of what the XSDT lists");
	ok(!ward_ram(machine->vm, 0xa0000, 1) &&
	   !ward_ram(machine->vm, 0x9ffff, 2) &&
	   !ward_ram(machine->vm, 0xc0000000, 1) &&
	   !ward_ram(machine->vm, 6144 * RAM_MIB, 1) &&
	   !ward_ram(machine->vm, 0x1000, ~0ull), "there is no RAM elsewhere");
	ok(ward_ram(machine->vm, 0x100000000ull, 0x1000) != NULL,
	   "there is above 4 GiB");
	ok(((uintptr_t)ward_ram(machine->vm, 0x200000, 1) & 0x1fffff) == 0,
	   "host addresses are congruent modulo 2 MiB");
	machine_destroy(machine);
}

int main(void)
{
	if (pipe(serial) || pipe(input))
		return 1;
	console.in = -1;
	console.out = serial[1];
	endings();
	answers();
	serial_port();
	serial_input();
	test_interrupts();
	stopping();
	blocked_output();
	console.is_terminal = 0;
	console.in = -1;
	tables();
	return finish();
}
