/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * life.h - what the life-cycle tests share: how often, the module, the CPUs,
 * and a vCPU that counts in a thread.
 *
 * WARD_LONG in the environment: the long counts.
 */
#ifndef WARD_LIFE_H
#define WARD_LIFE_H

#define TEST_SECONDS	3000	/* the lab's own limit is the shorter one */

#include <fcntl.h>
#include <sys/syscall.h>
#include "ward_memory.h"

static inline bool long_run(void)
{
	return getenv("WARD_LONG") != NULL;
}

static inline unsigned int times(unsigned int brief, unsigned int many)
{
	return long_run() ? many : brief;
}

/* ------------------------------------------------------------------- module */

static inline int module_load(const char *parameters)
{
	const char *path = getenv("WARD_KO") ?: "/ward/ward.ko";
	int fd = open(path, O_RDONLY | O_CLOEXEC), error;

	if (fd < 0)
		return -errno;
	error = syscall(SYS_finit_module, fd, parameters, 0) ? -errno : 0;
	close(fd);
	return error;
}

static inline int module_unload(void)
{
	return syscall(SYS_delete_module, "ward", O_NONBLOCK) ? -errno : 0;
}

/* Other tests and the lab expect it loaded. */
static inline void module_reload(void)
{
	module_unload();
	REQUIRE_EQ(module_load(""), 0);
}

/* --------------------------------------------------------------------- CPUs */

static inline bool set_online(int cpu, bool online)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
	return write_text(path, online ? "1" : "0");
}

static inline void need_cpus(int count)
{
	if (sysconf(_SC_NPROCESSORS_ONLN) < count)
		test_skip("needs more CPUs");
}

/* Who has VMX on @cpu: WARD_PROBE looks at the CPU that it runs on. */
static inline __u32 owner_on(int cpu)
{
	struct ward_probe probe;
	cpu_set_t before;
	int device;

	REQUIRE_EQ(sched_getaffinity(0, sizeof(before), &before), 0);
	REQUIRE_EQ(run_on(0, cpu), 0);
	device = open_device();
	REQUIRE_EQ(ward_probe(device, &probe), 0);
	close(device);
	sched_setaffinity(0, sizeof(before), &before);
	return probe.vmx_owner;
}

/* ------------------------------------------------------------ counting vCPUs */

/* Guest code that only counts takes no exceptions, so 2 CPUs are fine for it. */
struct counting {
	struct guest g;
	pthread_t thread;
	atomic_int id;		/* of the thread, for its affinity */
	atomic_bool stop;
};

static inline volatile __u64 *count_of(struct counting *c)
{
	return (volatile __u64 *)guest_u64(&c->g, GUEST_DATA);
}

static inline void *counting_thread(void *context)
{
	struct counting *c = context;
	int got;

	c->id = (int)syscall(SYS_gettid);
	while (!c->stop) {
		got = ward_run(c->g.vcpu);
		if (got != -EINTR) {
			test_fail(__LINE__, "a counting guest ended with %d, exit %s", got,
				  ward_exit_name(c->g.run->exit));
			guest_describe(&c->g);
			break;
		}
	}
	return NULL;
}

static inline void counting_start(struct counting *c)
{
	memset(c, 0, sizeof(*c));
	touch_make(&c->g);
	touch_prepare(&c->g, TOUCH_COUNT, GUEST_DATA, 0);
	c->thread = start_thread(counting_thread, c);
	REQUIRE(WAIT_FOR(*count_of(c) > 0 && c->id));
}

static inline bool counts_on(struct counting *c)
{
	__u64 before = *count_of(c);

	return WAIT_FOR(*count_of(c) > before + 10);
}

static inline void counting_end(struct counting *c)
{
	c->stop = true;
	CHECK_EQ(ward_kick(c->g.vcpu), 0);
	join_thread(c->thread);
	guest_free(&c->g);
}

#endif
