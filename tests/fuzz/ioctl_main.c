// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioctl_main.c - ward-fuzz-ioctl: calls of ward.h in random order, with good,
 * nearly good and wild arguments, from several threads and processes, while
 * guests run, memory comes and goes, and descriptors change hands.
 *
 * Checked are the answers (ioctl_args.c: only errors that the header names, no
 * success of what it forbids), that every sequence can be ended, and that nothing
 * is left (fuzz.c; leaks below).
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "../selftests/kernel_memory.h"
#include "ioctl.h"

/* A sequence takes no longer than that, whatever its steps do. */
#define SEQUENCE_SECONDS	4

struct thread {
	struct rng r;
	unsigned int number, steps;
	double until;
};

static void *work(void *argument)
{
	struct thread *t = argument;
	unsigned int i;

	pool_thread = t->number;
	start_kicks(2 + (unsigned int)below(&t->r, 12));
	for (i = 0; i < t->steps && now() < t->until; i++) {
		uint64_t what = below(&t->r, 42);

		counts->steps++;
		if (what < 20)
			step_call(&t->r);
		else if (what < 29)
			step_run(&t->r);
		else if (what < 36)
			step_memory(&t->r);
		else if (what < 39)
			step_process(&t->r);
		else if (what < 41)
			step_pause(&t->r);
		else
			step_files(&t->r);
	}
	return NULL;
}

/* Each VM once, however many descriptors of it there are. */
static void count_vms(void)
{
	struct ward_get_info get[POOL_FDS];
	unsigned int i, j;

	for (i = 0; i < POOL_FDS; i++) {
		get[i] = (struct ward_get_info){ .size = sizeof(get[i]) };
		if (ioctl(pool.fds[KIND_VM][i], WARD_GET_INFO, &get[i])) {
			get[i].info.id = 0;
			continue;
		}
		for (j = 0; j < i && get[j].info.id != get[i].info.id; j++)
			;
		if (j == i)
			count_stats(pool.fds[KIND_VM][i]);
	}
}

static void sequence(struct rng *r, const struct options *options)
{
	unsigned int i, count = one_in(r, 2) ? 1 : 1 + (unsigned int)below(r, options->threads);
	struct thread threads[MAX_THREADS];
	pthread_t ids[MAX_THREADS];

	pool.alone = count == 1;
	pool_make(r, !one_in(r, 10));
	for (i = 0; i < count; i++)
		threads[i] = (struct thread){
			.r = { rnd(r) }, .number = i, .steps = options->steps,
			.until = now() + SEQUENCE_SECONDS,
		};
	for (i = 1; i < count; i++)
		if (pthread_create(&ids[i], NULL, work, &threads[i]))
			count = i;
	work(&threads[0]);
	pool.stop = true;
	for (i = 1; i < count; i++)
		pthread_join(ids[i], NULL);
	count_vms();
}

/* ------------------------------------------------------------------- leaks */

#define CACHES		400
#define ROUNDS		200

struct cache {
	char name[40];
	long objects;
};

static unsigned int read_caches(struct cache *caches)
{
	unsigned int n = 0;
	char line[300];
	FILE *file;

	if (!slab_shrink())
		note("a slab cache cannot be shrunk");
	file = fopen("/proc/slabinfo", "r");
	while (file && n < CACHES && fgets(line, sizeof(line), file))
		if (sscanf(line, "%39s %ld", caches[n].name, &caches[n].objects) == 2)
			n++;
	if (file)
		fclose(file);
	return n;
}

/* The life of one VM, with one of all that it can have. */
static void one_life(unsigned char *ram)
{
	struct ward_create_vm create = { .size = sizeof(create), .flags = WARD_VM_LAPIC };
	struct ward_create_vcpu create_vcpu = { .size = sizeof(create_vcpu) };
	struct ward_map_op op = {
		WARD_MAP_ADD, WARD_PROT_ALL, WARD_MAP_FROM_ADDRESS, 0, 0, RAM_BYTES, (uintptr_t)ram,
	};
	struct ward_map map = { .size = sizeof(map), .ops = (uintptr_t)&op, .count = 1 };
	struct registers regs = { };
	int device = open(WARD_DEVICE_PATH, O_RDWR | O_CLOEXEC);
	int vm = ioctl(device, WARD_CREATE_VM, &create);
	int vcpu = ioctl(vm, WARD_CREATE_VCPU, &create_vcpu);

	ioctl(vm, WARD_MAP, &map);
	machine_registers(&regs, MODE_LONG, 0, true);
	memcpy(ram + AT_CODE, "\xe6\x42", 2);
	set_registers(vcpu, &regs, NULL);
	ioctl(vcpu, WARD_RUN);
	close(vcpu);
	close(vm);
	close(device);
}

/* What is freed after grace periods, in batches, has the time for it. */
static void live(unsigned char *ram, unsigned int rounds)
{
	while (rounds--)
		one_life(ram);
	sleep(1);
}

/* Return: how many caches grew by an object for each life. */
static int grown(const struct cache *before, const struct cache *after, unsigned int n, bool say)
{
	unsigned int i;
	int count = 0;

	for (i = 0; i < n; i++) {
		long more = after[i].objects - before[i].objects;

		if (more < ROUNDS * 9 / 10)
			continue;
		if (say)
			note("%d lives of a VM made %s grow by %ld objects", ROUNDS, before[i].name, more);
		count++;
	}
	return count;
}

/*
 * The same lives again and again: what grows by one object, or one page, for
 * each is not given back. Other caches breathe, but not by that much.
 */
static int leaks(int number)
{
	static struct cache before[CACHES], after[CACHES];
	unsigned int n, patience = 15;
	long pages;
	int bad;
	unsigned char *ram = mmap(NULL, RAM_BYTES, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	machine_fill(ram);
	live(ram, ROUNDS / 4);
	n = read_caches(before);
	pages = free_pages();
	live(ram, ROUNDS);
	while (read_caches(after) == n && grown(before, after, n, false) && --patience)
		sleep(1);
	pages -= free_pages();
	if (read_caches(after) != n || !n) {
		printf("ok %d nothing leaks # SKIP the slab caches changed, or cannot be read\n", number + 1);
		return 0;
	}
	bad = grown(before, after, n, true);
	if (pages > ROUNDS * 9 / 10) {
		note("%d lives of a VM took %ld pages", ROUNDS, pages);
		bad++;
	}
	printf("%sok %d nothing leaks\n", bad ? "not " : "", number + 1);
	return !!bad;
}

static const struct fuzzer fuzzer = {
	.name = "ward-fuzz-ioctl",
	.help = "Random calls to /dev/ward. --seed S --sequences 1 repeats the sequence of that seed.\n",
	.steps = 120,
	.threads = 4,
	.prepare = fail_setup,
	.sequence = sequence,
	.last = leaks,
	.last_tests = 1,
};

int main(int argc, char **argv)
{
	return fuzz_main(argc, argv, &fuzzer);
}
