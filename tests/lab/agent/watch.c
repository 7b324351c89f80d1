// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shows the outside that the host is alive, CPU by CPU, and forwards the
 * kernel's log.
 *
 * One thread is bound to each CPU and ticks once a second. A CPU that loops
 * with interrupts off stops ticking whatever the others do. The threads run
 * at real-time priority, or a busy COMMAND would look like a hang.
 */
#define _GNU_SOURCE
#include "agent.h"
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int kmsg_fd = -1;
static pthread_mutex_t kmsg_lock = PTHREAD_MUTEX_INITIALIZER;

static void *tick(void *argument)
{
	uint8_t cpu = (uintptr_t)argument;
	struct timespec second = { .tv_sec = 1 };

	for (;;) {
		wire_send(WIRE_TICK, &cpu, 1);
		clock_nanosleep(CLOCK_MONOTONIC, 0, &second, NULL);
	}
	return NULL;
}

/* Sends every record there is. */
static void forward_log(void)
{
	char record[8192];
	ssize_t got;

	pthread_mutex_lock(&kmsg_lock);
	for (;;) {
		got = read(kmsg_fd, record, sizeof(record));
		if (got > 0)
			wire_send(WIRE_KMSG, record, got);
		else if (got < 0 && errno == EPIPE)
			wire_printf(WIRE_NOTE, "the host's log overran; part of it is lost");
		else if (got >= 0 || errno != EINTR)
			break;
	}
	pthread_mutex_unlock(&kmsg_lock);
}

static void *follow_log(void *unused)
{
	struct timespec pause = { .tv_nsec = 200 * 1000 * 1000 };

	(void)unused;
	/*
	 * Paced instead of polled: a wake-up for each record would cost more than
	 * the record, and what is printed on the way down goes to the console.
	 */
	for (;;) {
		forward_log();
		clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
	}
	return NULL;
}

static void start(void *(*body)(void *), void *argument, int cpu, int priority)
{
	struct sched_param param = { .sched_priority = priority };
	pthread_attr_t attributes;
	pthread_t thread;
	cpu_set_t set;
	int error;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 65536);
	pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attributes, priority ? SCHED_FIFO : SCHED_OTHER);
	pthread_attr_setschedparam(&attributes, &param);
	if (cpu >= 0) {
		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		pthread_attr_setaffinity_np(&attributes, sizeof(set), &set);
	}
	error = pthread_create(&thread, &attributes, body, argument);
	if (error)
		die("cannot start a thread: %s", strerror(error));
}

void watch_start(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	kmsg_fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg_fd < 0)
		die("cannot open /dev/kmsg: %s", strerror(errno));
	forward_log();
	start(follow_log, NULL, -1, 0);
	for (long cpu = 0; cpu < cpus; cpu++)
		start(tick, (void *)cpu, cpu, 1);
}

void watch_drain_log(void)
{
	if (kmsg_fd >= 0)
		forward_log();
}
