// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_main.c - ward-fuzz-guest: hostile guests in every mode: random
 * instructions, state next to what the processor refuses, wild page and
 * descriptor tables, memory that comes and goes.
 *
 * What a guest does is its own affair. Checked is that each WARD_RUN ends, with
 * an exit that is defined and whose record makes sense, or with an error that
 * fits; and that no guest takes the VM, let alone the host, with it.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "guest.h"

#define SEQUENCE_SECONDS	15
#define KICK_MILLISECONDS	8
#define MOST_RUNS		24	/* of one attempt */

struct guest {
	int vm, vcpu;
	struct ward_run *run;
	char *ram;
	bool lapic;
	bool shut_down;
};

static volatile bool stop;

/* ------------------------------------------------------------------ memory */

static int map(int vm, __u32 op, __u32 prot, uint64_t gpa, uint64_t bytes, const void *origin)
{
	struct ward_map_op one = {
		.op = op, .prot = prot, .gpa = gpa, .bytes = bytes, .origin = (uintptr_t)origin,
		.source = op == WARD_MAP_ADD ? WARD_MAP_FROM_ADDRESS : 0,
	};
	struct ward_map call = { .size = sizeof(call), .ops = (uintptr_t)&one, .count = 1 };

	return ioctl(vm, WARD_MAP, &call) ? -errno : 0;
}

/* Memory under the running guest: gone, read-only, replaced, and there again. */
static void disturb(struct rng *r, struct guest *g)
{
	char *more = g->ram + RAM_BYTES, *page = g->ram + ROM_BYTES + below(r, 256) * PAGE;

	switch (below(r, 7)) {
	case 0:
		map(g->vm, WARD_MAP_REMOVE, 0, MORE_AT, MORE_BYTES, NULL);
		break;
	case 1:
		map(g->vm, WARD_MAP_ADD, WARD_PROT_ALL, MORE_AT, MORE_BYTES, more);
		break;
	case 2:
		map(g->vm, WARD_MAP_PROTECT, WARD_PROT_READ | (__u32)below(r, 8), MORE_AT, MORE_BYTES, NULL);
		break;
	case 3:
		madvise(page, PAGE, MADV_DONTNEED);
		break;
	case 4:
		mprotect(page, PAGE, PROT_READ);
		break;
	case 5:
		mprotect(page, PAGE, PROT_READ | PROT_WRITE);
		break;
	default:
		mprotect(more, MORE_BYTES, (int)below(r, 2) * (PROT_READ | PROT_WRITE));
	}
}

struct disturber {
	struct rng r;
	struct guest *g;
};

static void *disturbing(void *argument)
{
	struct disturber *d = argument;

	while (!stop) {
		disturb(&d->r, d->g);
		usleep(200 + (useconds_t)below(&d->r, 2000));
	}
	return NULL;
}

/* ---------------------------------------------------------------- the guest */

static bool make_guest(struct rng *r, struct guest *g)
{
	struct ward_create_vm create = { .size = sizeof(create), .flags = (__u32)below(r, 4) };
	struct ward_create_vcpu create_vcpu = { .size = sizeof(create_vcpu) };
	int device = open(WARD_DEVICE_PATH, O_RDWR | O_CLOEXEC);

	g->lapic = create.flags & WARD_VM_LAPIC;
	g->ram = mmap(NULL, RAM_BYTES + MORE_BYTES, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	machine_fill(g->ram);
	memset(g->ram + RAM_BYTES, HLT, 16 * PAGE);
	g->vm = ioctl(device, WARD_CREATE_VM, &create);
	close(device);
	g->vcpu = ioctl(g->vm, WARD_CREATE_VCPU, &create_vcpu);
	g->run = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, g->vcpu, 0);
	if (g->run == MAP_FAILED ||
	    map(g->vm, WARD_MAP_ADD, WARD_PROT_READ | WARD_PROT_EXEC, 0, ROM_BYTES, g->ram) ||
	    map(g->vm, WARD_MAP_ADD, WARD_PROT_ALL, ROM_BYTES, RAM_BYTES - ROM_BYTES, g->ram + ROM_BYTES) ||
	    map(g->vm, WARD_MAP_ADD, WARD_PROT_ALL, MORE_AT, MORE_BYTES, g->ram + RAM_BYTES)) {
		violation("no guest can be made: %s", strerrorname_np(errno));
		return false;
	}
	return true;
}

/* ------------------------------------------------------------------- checks */

static bool is_size(unsigned int bytes, bool none)
{
	return (none && !bytes) || bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
}

static void check_exit(const struct guest *g, const struct attempt *a)
{
	const struct ward_run *run = g->run;
	const char *bad = NULL;

	counts->exits[run->exit < WARD_EXIT_COUNT ? run->exit : WARD_EXIT_COUNT]++;
	if (run->vendor != WARD_VENDOR_VMX || run->cpl > 3 || run->insn_bytes > 15 ||
	    (run->code_bits != 16 && run->code_bits != 32 && run->code_bits != 64))
		bad = "what every record has";
	switch (run->exit) {
	case WARD_EXIT_IO:
		if (!is_size(run->io.bytes, false) || run->io.bytes == 8 || run->io.in > 1)
			bad = "a port";
		break;
	case WARD_EXIT_MMIO:
		if (!is_size(run->mmio.bytes, true) || run->mmio.write > 1)
			bad = "a device access";
		break;
	case WARD_EXIT_FAIL_ENTRY:
		if (run->fail_entry.stage < 1 || run->fail_entry.stage > 3 || !run->fail_entry.why[0] ||
		    !memchr(run->fail_entry.why, 0, sizeof(run->fail_entry.why)))
			bad = "a failed entry";
		else if (strstr(run->fail_entry.why, "no rule known"))
			note("%s, ring %d: entry fails for a reason that is not explained", mode_name(a->mode),
			     a->ring);
		break;
	case WARD_EXIT_MEMORY:
		if (!run->memory.error || run->memory.error < -133)
			bad = "missing memory";
		break;
	case WARD_EXIT_HYPERCALL:
	case WARD_EXIT_MSR:
	case WARD_EXIT_HALT:
	case WARD_EXIT_SHUTDOWN:
	case WARD_EXIT_WINDOW:
	case WARD_EXIT_EOI:
	case WARD_EXIT_UNHANDLED:
		break;
	default:
		bad = "an exit of no kind";
	}
	if (bad)
		violation("%s: the record of exit %s is wrong: %s", mode_name(a->mode),
			  exit_name(run->exit), bad);
}

/* Plays the device. Return: whether the guest goes on. */
static bool answer(struct rng *r, struct guest *g)
{
	struct ward_run *run = g->run;

	run->request = one_in(r, 20) ? WARD_RUN_NOTIFY_WINDOW : 0;
	switch (run->exit) {
	case WARD_EXIT_IO:
		run->io.data = (__u32)wild(r);
		if (!run->io.string)
			break;
		run->commit = WARD_COMMIT_SKIP;
		run->insn_bytes = 2;
		break;
	case WARD_EXIT_MMIO:
		run->mmio.data = wild(r);
		if (run->mmio.bytes)
			break;
		run->commit = WARD_COMMIT_SKIP;
		run->insn_bytes = (__u8)(1 + below(r, 7));
		break;
	case WARD_EXIT_MSR:
		run->msr.data = wild(r);
		run->msr.fault = one_in(r, 2);
		break;
	case WARD_EXIT_SHUTDOWN:
		g->shut_down = true;
		return one_in(r, 4);
	case WARD_EXIT_FAIL_ENTRY:
	case WARD_EXIT_UNHANDLED:
	case WARD_EXIT_MEMORY:
		return one_in(r, 8);
	}
	return true;
}

static void run_attempt(struct rng *r, struct guest *g, const struct attempt *a)
{
	unsigned int runs;

	for (runs = 0; runs < MOST_RUNS; runs++) {
		int result = ioctl(g->vcpu, WARD_RUN) ? -errno : 0;

		counts->calls[0][!!result]++;
		if (result) {
			counts->errors[-result & 255]++;
			/* A guest that loops or sleeps: its time is over. */
			if (result == -EINTR)
				return;
			if (result != -EIO || !g->shut_down)
				violation("%s: WARD_RUN: %s", mode_name(a->mode), strerrorname_np(-result));
			return;
		}
		if (g->shut_down) {
			violation("%s: a vCPU runs after a shutdown", mode_name(a->mode));
			g->shut_down = false;
		}
		check_exit(g, a);
		if (!answer(r, g))
			return;
	}
}

/* ----------------------------------------------------------------- attempts */

static void choose(struct rng *r, struct attempt *a, char *ram, bool lapic)
{
	uint64_t kind = below(r, 20);
	bool apic_code;

	*a = (struct attempt){
		.mode = (enum mode)below(r, MODE_COUNT),
		.ring = one_in(r, 3) ? 3 : 0,
		.interrupts = one_in(r, 2),
	};
	apic_code = lapic && kind > 14 && mode_bits(a->mode) != 16;
	if (a->mode == MODE_REAL || apic_code)
		a->ring = 0;
	a->may_loop = kind < 8 && one_in(r, 2);
	machine_registers(&a->regs, a->mode, a->ring, a->interrupts);
	make_operands(r, a);
	if (apic_code)
		make_apic_code(r, a);
	else
		make_code(r, a);
	if (kind >= 8 && kind < 12)
		spoil_state(r, a);
	else if (kind == 12)
		spoil_paging(r, a, ram);
	else if (kind == 13)
		spoil_tables(r, a, ram);
	else if (kind == 14 && (a->mode == MODE_PROTECTED32 || a->mode == MODE_PAGED32 || a->mode == MODE_PAE))
		make_v86(a);
	if (one_in(r, 10))
		a->event = WARD_EVENT_VALID | WARD_EVENT_EXCEPTION | below(r, 32);
	else if (one_in(r, 10))
		a->event = WARD_EVENT_VALID | (one_in(r, 2) ? WARD_EVENT_NMI | 2 : below(r, 256));
}

/* All that a guest may have written. Return: false: the disturber was faster. */
static bool refill(struct guest *g)
{
	mprotect(g->ram, RAM_BYTES + MORE_BYTES, PROT_READ | PROT_WRITE);
	if (TOUCH())
		return false;
	machine_fill_used(g->ram);
	memset(g->ram + RAM_BYTES, HLT, 4 * PAGE);
	touched();
	return true;
}

static void tidy(struct guest *g)
{
	unsigned int tries;

	for (tries = 0; tries < 8 && !refill(g); tries++)
		;
	map(g->vm, WARD_MAP_ADD, WARD_PROT_ALL, MORE_AT, MORE_BYTES, g->ram + RAM_BYTES);
}

/* Its tables lie in memory too. Return: false: the disturber was faster. */
static bool choose_undisturbed(struct rng *r, struct attempt *a, struct guest *g)
{
	if (TOUCH())
		return false;
	choose(r, a, g->ram, g->lapic);
	touched();
	return true;
}

static void attempt(struct rng *r, struct guest *g)
{
	static struct attempt a;
	struct ward_inject inject = { .size = sizeof(inject) };

	tidy(g);
	if (!choose_undisturbed(r, &a, g))
		return;
	careful_copy(g->ram + AT_CODE, a.code, a.code_bytes);
	/* What the last one left is completed by no one. */
	memset(g->run, 0, sizeof(*g->run));
	g->run->request = WARD_RUN_IMMEDIATE;
	ioctl(g->vcpu, WARD_RUN);
	g->run->request = 0;
	if (set_registers(g->vcpu, &a.regs, NULL)) {
		counts->errors[EINVAL]++;
		return;
	}
	g->shut_down = false;
	if (a.event) {
		inject.event = a.event;
		if ((a.event & WARD_EVENT_TYPE) == WARD_EVENT_EXCEPTION &&
		    (0x00227d00u >> (a.event & 31) & 1))
			inject.event |= WARD_EVENT_ERROR_CODE | below(r, 256) << 32;
		ioctl(g->vcpu, WARD_INJECT, &inject);
	}
	run_attempt(r, g, &a);
}

static void sequence(struct rng *r, const struct options *options)
{
	double until = now() + SEQUENCE_SECONDS;
	struct guest g = { };
	struct disturber disturber = { .r = { rnd(r) }, .g = &g };
	bool disturbed = options->threads > 1 && one_in(r, 3);
	pthread_t thread;
	unsigned int i;

	if (!make_guest(r, &g))
		return;
	start_kicks(KICK_MILLISECONDS);
	if (disturbed && pthread_create(&thread, NULL, disturbing, &disturber))
		disturbed = false;
	for (i = 0; i < options->steps && now() < until; i++) {
		counts->steps++;
		attempt(r, &g);
	}
	stop = true;
	if (disturbed)
		pthread_join(thread, NULL);
	count_stats(g.vm);
}

static const struct fuzzer fuzzer = {
	.name = "ward-fuzz-guest",
	.help = "Hostile guests. --seed S --sequences 1 repeats the sequence of that seed.\n",
	.steps = 200,
	.threads = 2,
	.sequence = sequence,
};

int main(int argc, char **argv)
{
	return fuzz_main(argc, argv, &fuzzer);
}
