/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fuzz.h - what both fuzzers have in common: random numbers, sequences that
 * run in processes of their own, counters, TAP.
 *
 * A sequence is a function of its seed. The seed is printed, also to the
 * kernel's log, before the sequence runs, and
 *
 *	PROGRAM --seed SEED --sequences 1
 *
 * runs that sequence again. The first sequence's seed is --seed's value, each
 * further one follows from the one before.
 */
#ifndef WARD_FUZZ_H
#define WARD_FUZZ_H

#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <linux/types.h>
#include <ward.h>

#define PAGE		0x1000ull
#define HUGE		0x200000ull
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define MAX_THREADS	8
#define MAX_CALLS	48

/* ----------------------------------------------------------- random numbers */

struct rng {
	uint64_t state;
};

/* The next number. */
uint64_t rnd(struct rng *r);
/* 0 to @n - 1 */
uint64_t below(struct rng *r, uint64_t n);
/* True once in @n times. */
bool one_in(struct rng *r, unsigned int n);
/* Any value, mostly one next to a boundary. */
uint64_t wild(struct rng *r);

#define PICK(r, array)	((array)[below(r, ARRAY_SIZE(array))])

/* ----------------------------------------------------------------- counters */

/* Shared by all processes of a run. */
struct counts {
	atomic_ullong sequences, steps, stray, late;
	atomic_ullong calls[MAX_CALLS][2];	/* by number: succeeded, failed */
	atomic_ullong errors[256];
	atomic_ullong exits[WARD_EXIT_COUNT + 1];
	atomic_ullong stats[WARD_STAT_COUNT];
	atomic_ullong injected, frames;		/* failures that were asked for; of a signal's frame */
	atomic_ullong violations;
	char violation[8][200];			/* the first ones, as sentences */
};

extern struct counts *counts;

/* Something that the header rules out has happened. */
void violation(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A line of the output that is not a test's. */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
double now(void);
/* Adds a VM's counters to the run's; for the last moment of the VM. */
void count_stats(int vm);

/* ----------------------------------------------------------- careful access */

/*
 * Memory here may vanish at any moment. A thread that touches it says so:
 *
 *	if (!TOUCH()) { ...; touched(); }
 *
 * and the body is left where the access fails.
 */
extern _Thread_local sigjmp_buf touch_place;
extern _Thread_local volatile sig_atomic_t touching;
#define TOUCH()		(sigsetjmp(touch_place, 1) || touch())
static inline int touch(void)
{
	touching = 1;
	atomic_signal_fence(memory_order_seq_cst);
	return 0;
}

static inline void touched(void)
{
	atomic_signal_fence(memory_order_seq_cst);
	touching = 0;
}

void catch_faults(void);
/* memcpy() with that care. Return: whether it could be done. */
bool careful_copy(void *to, const void *from, size_t bytes);

/* ---------------------------------------------------------------- sequences */

struct options {
	uint64_t seed;
	uint64_t sequences;		/* 0: as many as there is time for */
	unsigned int steps;
	unsigned int threads;
	double seconds;
	bool verbose;
};

/**
 * struct fuzzer - one of the programs
 * @name: the program's
 * @help: what follows the usage line
 * @steps: default of --steps
 * @threads: largest number of threads in a sequence; 1: it has none
 * @prepare: called before the first sequence, or NULL
 * @sequence: runs one, in a child of the driver
 * @last: tests of its own after the sequences; returns how many failed
 * @last_tests: how many tests that has
 */
struct fuzzer {
	const char *name;
	const char *help;
	unsigned int steps;
	unsigned int threads;
	void (*prepare)(void);
	void (*sequence)(struct rng *r, const struct options *options);
	int (*last)(int number);
	int last_tests;
};

int fuzz_main(int argc, char **argv, const struct fuzzer *fuzzer);

/* A signal each @milliseconds to the calling thread, so that no call lasts. */
void start_kicks(unsigned int milliseconds);
/* Names for the summary. */
const char *exit_name(unsigned int exit);

#endif
