/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ioctl.h - the parts of ward-fuzz-ioctl: what the threads of a sequence share,
 * and the kinds of steps.
 *
 * Nothing here is locked: threads race for descriptors and memory on purpose,
 * and a number or address that is stale is as good as another.
 */
#ifndef WARD_FUZZ_IOCTL_H
#define WARD_FUZZ_IOCTL_H

#include "machine.h"

/* ------------------------------------------------------------- the pool */

enum kind { KIND_DEVICE, KIND_VM, KIND_VCPU, KIND_OTHER, KIND_COUNT };

#define POOL_FDS	24	/* of each kind */
#define RUN_PAGES	16
#define AREA_BYTES	RAM_BYTES

/*
 * Sources of guest memory. The first is left alone, so that guests run; the
 * others have all that memory can go through done to them.
 */
enum area { AREA_STABLE, AREA_PRIVATE, AREA_SHARED, AREA_FILE, AREA_READ_ONLY, AREA_COUNT };

struct pool {
	volatile int fds[KIND_COUNT][POOL_FDS];	/* -1: none */
	char *arena;			/* all that follows lies in it */
	char *volatile run[RUN_PAGES];
	char *area[AREA_COUNT];
	int memory_fd[3];		/* memfd, sealed memfd, opened read-only */
	bool alone;			/* no other thread, no child: answers can be foretold */
	volatile bool stop;
};

extern struct pool pool;
extern _Thread_local unsigned int pool_thread;	/* 0 to MAX_THREADS - 1 */

/* Makes the pool; with @machines also VMs that can run. */
void pool_make(struct rng *r, bool machines);
/* A descriptor of @kind, now and then one of another or none at all. */
int pool_fd(struct rng *r, enum kind kind);
/* Keeps @fd, and closes what was in its place. */
void pool_put(struct rng *r, enum kind kind, int fd);
/* Takes one out, -1: none. */
int pool_take(struct rng *r, enum kind kind);
/* Maps a vCPU's run page at a place of the arena; the first ones are the threads' own. */
struct ward_run *pool_map_run(int vcpu, unsigned int slot);
/* The address of some run page; it may be gone. */
struct ward_run *pool_run(struct rng *r);
/* Any user address with a preference for odd places. */
uint64_t pool_address(struct rng *r);

/* ------------------------------------------------------------- the calls */

struct call {
	const char *name;
	unsigned long number;
	enum kind kind;
	const short *errors;		/* besides those that any call may give; 0 ends */
	void (*build)(struct rng *r, void *argument);
	unsigned char reserved;		/* offset of a reserved field, 0: none */
	bool busy_owner;		/* -EBUSY: another thread has the state */
};

extern const struct call all_calls[];
extern const unsigned int call_count;

/* One call with an argument that is good, nearly good or wild. */
void step_call(struct rng *r);
/* The same with a call that concerns names and users. */
void step_names(struct rng *r);
/* Makes @call on @fd, counts the answer and checks it. Return: as the call, -errno. */
int make_call(const struct call *call, int fd, unsigned long number, void *argument);
const struct call *call_named(unsigned long number);

/*
 * The calling thread's next make_call(): which of its allocations and copies fails, 0:
 * none does. Without effect on kernels that cannot do that.
 */
extern _Thread_local unsigned int fail_next;
void fail_setup(void);
/* Return: as ioctl(), -errno; -EINTR also where the answer is not known. */
int fail_ioctl(int fd, unsigned long number, void *argument);

/* ------------------------------------------------------------- other steps */

/* Prepares a vCPU for some code in some mode and runs it a few times. */
void step_run(struct rng *r);
/* Does something to memory that a guest or a call may be using. */
void step_memory(struct rng *r);
/* Calls and runs while a VM is paused. */
void step_pause(struct rng *r);
/* Descriptors, processes, signals, files. */
void step_process(struct rng *r);
void step_files(struct rng *r);

#endif
