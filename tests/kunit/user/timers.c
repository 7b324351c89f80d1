// SPDX-License-Identifier: GPL-2.0-only
/*
 * timers.c - time that passes while a test sleeps, and timers that expire in it.
 */
#include "user/kernel.h"

/* Between a timer's expiry and its callback */
#define LATENCY		500

#define TIMERS		4

s64 user_now = NSEC_PER_SEC;
unsigned int tsc_khz = 2100000;

static struct hrtimer *timers[TIMERS];

void user_timer_init(struct hrtimer *timer)
{
	timer->queued = false;
	for (unsigned int i = 0; i < TIMERS; i++) {
		if (timers[i] && timers[i] != timer)
			continue;
		timers[i] = timer;
		return;
	}
	abort();
}

static struct hrtimer *next_timer(s64 end)
{
	struct hrtimer *first = NULL;

	for (unsigned int i = 0; i < TIMERS && timers[i]; i++)
		if (timers[i]->queued && timers[i]->expires <= end &&
		    (!first || timers[i]->expires < first->expires))
			first = timers[i];
	return first;
}

void user_sleep(s64 ns)
{
	s64 end = user_now + ns;
	struct hrtimer *timer;

	while ((timer = next_timer(end))) {
		user_now = max(user_now, timer->expires) + LATENCY;
		timer->queued = false;
		if (timer->function(timer) == HRTIMER_RESTART)
			timer->queued = true;
	}
	user_now = max(user_now, end);
}
