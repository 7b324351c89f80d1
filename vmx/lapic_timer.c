// SPDX-License-Identifier: GPL-2.0-only
/*
 * lapic_timer.c - the local APIC's timer on an hrtimer of the host.
 *
 * One-shot and periodic: the input clock is the TSC's frequency by 2, as
 * CPUID leaf 0x15 tells the guest. The count is not stored: it is the time
 * until the hrtimer expires, so what the guest reads and when the interrupt
 * comes follow one clock, and writing the TSC does not disturb them.
 * TSC-deadline: the hrtimer is set to the moment at which the guest's TSC
 * reaches the deadline; the TSC alone decides whether it has.
 *
 * The vCPU and the callback (hard interrupt, any CPU) meet under timer.lock.
 * The vCPU never waits for the callback: it changes the state and starts or
 * tries to cancel the hrtimer; a callback that comes late finds the state
 * disarmed or the hrtimer queued again, and does nothing. That holds as only
 * "armed, not parked, not queued" means: this expiry counts.
 *
 * A guest cannot storm the host: periods are at least MIN_PERIOD_NS of host
 * time, and a periodic timer whose tick nobody takes (masked, not accepted,
 * vCPU paused) parks until that changes. All other hrtimer starts cost the
 * guest an exit each.
 */
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <asm/tsc.h>

#include "vmx/lapic.h"

#define MODE_MASK		(3u << 17)
#define MODE_PERIODIC		(1u << 17)
#define MODE_DEADLINE		(2u << 17)

#define MIN_PERIOD_NS		20000u
/*
 * A deadline that the hrtimer reached too early is looked at again after
 * this; one that is far away, at least so often.
 */
#define MIN_DEADLINE_NS		1000u
#define MAX_DEADLINE_MS		3600000u

static u32 timer_mode(const struct vmx_lapic *lapic)
{
	return READ_ONCE(lapic->lvt[VMX_LVT_TIMER]) & MODE_MASK;
}

/* TSC ticks per count, as a shift: divisors 2, 4 ... 128, 1 and the clock's 2 */
static unsigned int count_shift(const struct vmx_lapic_timer *t)
{
	unsigned int code = (t->divide & 3) | (t->divide & 8) >> 1;

	return ((code + 1) & 7) + 1;
}

/* At most 2^40 ticks: the product stays below 2^60. */
static u64 count_to_ns(const struct vmx_lapic_timer *t, u32 count, u32 *frac)
{
	u64 scaled = ((u64)count << count_shift(t)) * 1000000;

	*frac = (scaled % tsc_khz << 32) / tsc_khz;
	return scaled / tsc_khz;
}

static void start(struct vmx_lapic_timer *t, ktime_t expires)
{
	/* Pinned: expires where the vCPU runs, and is by itself its VM exit. */
	hrtimer_start(&t->hrtimer, expires, HRTIMER_MODE_ABS_PINNED_HARD);
}

static void stop(struct vmx_lapic_timer *t)
{
	t->armed = false;
	WRITE_ONCE(t->parked, false);
	/* Fails if the callback waits for the lock: see the top. */
	hrtimer_try_to_cancel(&t->hrtimer);
}

/* ----------------------------------------------------------- count modes */

static void set_period(struct vmx_lapic_timer *t)
{
	t->period_ns = count_to_ns(t, t->initial, &t->period_frac);
	if (t->period_ns < MIN_PERIOD_NS) {
		t->period_ns = MIN_PERIOD_NS;
		t->period_frac = 0;
	}
}

/* Reach zero @count counts from now. */
static void set_count(struct vmx_lapic_timer *t, u32 count, bool periodic)
{
	u64 ns = count_to_ns(t, count, &t->frac);

	if (periodic && count == t->initial)
		ns = max_t(u64, ns, MIN_PERIOD_NS);
	t->expires = ktime_add_ns(ktime_get(), ns);
}

/* Move a periodic expiry that is past to the next one. */
static void advance(struct vmx_lapic_timer *t, ktime_t now)
{
	s64 late = ktime_sub(now, t->expires);
	u64 periods, frac;

	if (late < 0)
		return;
	periods = late / t->period_ns + 1;
	frac = periods * t->period_frac + t->frac;
	t->expires = ktime_add_ns(t->expires, periods * t->period_ns + (frac >> 32));
	t->frac = frac;
}

static u32 current_count(struct vmx_lapic *lapic)
{
	struct vmx_lapic_timer *t = &lapic->timer;
	ktime_t now = ktime_get();
	s64 left;

	if (!t->armed || timer_mode(lapic) == MODE_DEADLINE)
		return 0;
	left = ktime_sub(t->expires, now);
	if (left <= 0) {
		/* The callback is late, or parked. */
		if (timer_mode(lapic) != MODE_PERIODIC)
			return 0;
		left = t->period_ns - (u64)-left % t->period_ns;
	}
	/* Zero only when the time is up; a lengthened period waits at its top. */
	return min_t(u64, t->initial,
		     DIV_ROUND_UP((u64)left * tsc_khz, 1000000ull << count_shift(t)));
}

u32 vmx_lapic_timer_current(struct vmx_lapic *lapic)
{
	unsigned long flags;
	u32 count;

	raw_spin_lock_irqsave(&lapic->timer.lock, flags);
	count = current_count(lapic);
	raw_spin_unlock_irqrestore(&lapic->timer.lock, flags);
	return count;
}

void vmx_lapic_timer_write_initial(struct vmx_lapic *lapic, u32 value)
{
	struct vmx_lapic_timer *t = &lapic->timer;
	unsigned long flags;

	raw_spin_lock_irqsave(&t->lock, flags);
	/* "In TSC-deadline mode, writes to the initial-count register are ignored" */
	if (timer_mode(lapic) != MODE_DEADLINE) {
		t->initial = value;
		if (value) {
			set_period(t);
			set_count(t, value, timer_mode(lapic) == MODE_PERIODIC);
			t->armed = true;
			WRITE_ONCE(t->parked, false);
			start(t, t->expires);
		} else {
			stop(t);
		}
	}
	raw_spin_unlock_irqrestore(&t->lock, flags);
}

/* The counter goes on from where it is, at the new speed. */
void vmx_lapic_timer_write_divide(struct vmx_lapic *lapic, u32 value)
{
	struct vmx_lapic_timer *t = &lapic->timer;
	unsigned long flags;
	u32 count;

	raw_spin_lock_irqsave(&t->lock, flags);
	count = current_count(lapic);
	t->divide = value;
	set_period(t);
	if (count) {
		set_count(t, count, timer_mode(lapic) == MODE_PERIODIC);
		if (!t->parked)
			start(t, t->expires);
	}
	raw_spin_unlock_irqrestore(&t->lock, flags);
}

/* The reason to park may be gone. */
static void unpark(struct vmx_lapic_timer *t)
{
	if (!t->armed || !t->parked)
		return;
	WRITE_ONCE(t->parked, false);
	advance(t, ktime_get());
	start(t, t->expires);
}

void vmx_lapic_timer_taken(struct vmx_lapic *lapic)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&lapic->timer.lock, flags);
	unpark(&lapic->timer);
	raw_spin_unlock_irqrestore(&lapic->timer.lock, flags);
}

/*
 * Entering and leaving TSC-deadline mode disarms. Between one-shot and
 * periodic the counter runs on, and the mode counts when it reaches zero:
 * there are guests that set the count first and the mode after it.
 */
void vmx_lapic_timer_write_lvt(struct vmx_lapic *lapic, u32 value)
{
	struct vmx_lapic_timer *t = &lapic->timer;
	unsigned long flags;
	u32 old;

	raw_spin_lock_irqsave(&t->lock, flags);
	old = timer_mode(lapic);
	WRITE_ONCE(lapic->lvt[VMX_LVT_TIMER], value);
	if ((old == MODE_DEADLINE) != (timer_mode(lapic) == MODE_DEADLINE)) {
		t->deadline = 0;
		stop(t);
	} else {
		unpark(t);
	}
	raw_spin_unlock_irqrestore(&t->lock, flags);
}

/* ---------------------------------------------------------- TSC-deadline */

/* Rounded up, and cut: the callback looks at the TSC and goes on waiting. */
static u64 ticks_to_ns(u64 ticks)
{
	ticks = min(ticks, (u64)tsc_khz * MAX_DEADLINE_MS);
	return mul_u64_u32_div(ticks, 1000000, tsc_khz) + 1;
}

/* The deadline is reached; return: the caller must notify. */
static bool meet_deadline(struct vmx_lapic *lapic)
{
	lapic->timer.armed = false;
	lapic->timer.deadline = 0;
	WRITE_ONCE(lapic->timer.expiries, lapic->timer.expiries + 1);
	return vmx_lapic_fire(lapic, VMX_LVT_TIMER);
}

/* Wait for t->deadline, or meet it now; return: the caller must notify. */
static bool arm_deadline(struct vmx_lapic *lapic)
{
	struct vmx_lapic_timer *t = &lapic->timer;
	u64 tsc = lapic->ops->guest_tsc(lapic);

	if (tsc >= t->deadline) {
		stop(t);
		return meet_deadline(lapic);
	}
	t->armed = true;
	start(t, ktime_add_ns(ktime_get(), ticks_to_ns(t->deadline - tsc)));
	return false;
}

u64 vmx_lapic_get_deadline(struct vmx_lapic *lapic)
{
	/* Zero in the other modes. The callback clears it in one store. */
	return READ_ONCE(lapic->timer.deadline);
}

void vmx_lapic_set_deadline(struct vmx_lapic *lapic, u64 value)
{
	struct vmx_lapic_timer *t = &lapic->timer;
	unsigned long flags;
	bool fresh = false;

	if (timer_mode(lapic) != MODE_DEADLINE)
		return;

	raw_spin_lock_irqsave(&t->lock, flags);
	t->deadline = value;
	if (value)
		fresh = arm_deadline(lapic);
	else
		stop(t);
	raw_spin_unlock_irqrestore(&t->lock, flags);
	if (fresh)
		lapic->ops->notify(lapic);
}

void vmx_lapic_tsc_changed(struct vmx_lapic *lapic)
{
	struct vmx_lapic_timer *t = &lapic->timer;
	unsigned long flags;
	bool fresh = false;

	raw_spin_lock_irqsave(&t->lock, flags);
	if (t->armed && timer_mode(lapic) == MODE_DEADLINE)
		fresh = arm_deadline(lapic);
	raw_spin_unlock_irqrestore(&t->lock, flags);
	if (fresh)
		lapic->ops->notify(lapic);
}

/* ---------------------------------------------------------------- expiry */

/* Return: queue the hrtimer again, for the time set in it. */
static bool expire_deadline(struct vmx_lapic *lapic, bool *fresh)
{
	struct vmx_lapic_timer *t = &lapic->timer;
	u64 tsc = lapic->ops->guest_tsc(lapic);
	u64 ns;

	if (tsc >= t->deadline) {
		*fresh = meet_deadline(lapic);
		return false;
	}
	ns = max_t(u64, ticks_to_ns(t->deadline - tsc), MIN_DEADLINE_NS);
	hrtimer_set_expires(&t->hrtimer, ktime_add_ns(ktime_get(), ns));
	return true;
}

static bool expire_count(struct vmx_lapic *lapic, bool *fresh)
{
	struct vmx_lapic_timer *t = &lapic->timer;
	bool periodic = timer_mode(lapic) == MODE_PERIODIC;

	WRITE_ONCE(t->expiries, t->expiries + 1);
	if (!periodic) {
		t->armed = false;
		*fresh = vmx_lapic_fire(lapic, VMX_LVT_TIMER);
		return false;
	}

	/*
	 * parked before IRR is looked at, see vmx_lapic_accept(): its atomic
	 * bit operation orders them. A masked entry is unmasked under the lock.
	 */
	WRITE_ONCE(t->parked, true);
	*fresh = vmx_lapic_fire(lapic, VMX_LVT_TIMER);
	if (!*fresh)
		return false;
	WRITE_ONCE(t->parked, false);
	advance(t, ktime_get());
	hrtimer_set_expires(&t->hrtimer, t->expires);
	return true;
}

static enum hrtimer_restart expire(struct hrtimer *hrtimer)
{
	struct vmx_lapic *lapic = container_of(hrtimer, struct vmx_lapic, timer.hrtimer);
	struct vmx_lapic_timer *t = &lapic->timer;
	bool fresh = false, again = false;
	unsigned long flags;

	raw_spin_lock_irqsave(&t->lock, flags);
	if (t->armed && !t->parked && !hrtimer_is_queued(hrtimer)) {
		if (timer_mode(lapic) == MODE_DEADLINE)
			again = expire_deadline(lapic, &fresh);
		else
			again = expire_count(lapic, &fresh);
	}
	raw_spin_unlock_irqrestore(&t->lock, flags);

	if (fresh)
		lapic->ops->notify(lapic);
	return again ? HRTIMER_RESTART : HRTIMER_NORESTART;
}

/* ------------------------------------------------------------------ life */

void vmx_lapic_timer_init(struct vmx_lapic *lapic)
{
	struct vmx_lapic_timer *t = &lapic->timer;

	raw_spin_lock_init(&t->lock);
#ifdef WARD_HAVE_HRTIMER_SETUP
	hrtimer_setup(&t->hrtimer, expire, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_PINNED_HARD);
#else
	hrtimer_init(&t->hrtimer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_PINNED_HARD);
	t->hrtimer.function = expire;
#endif
}

void vmx_lapic_timer_reset(struct vmx_lapic *lapic)
{
	struct vmx_lapic_timer *t = &lapic->timer;
	unsigned long flags;

	raw_spin_lock_irqsave(&t->lock, flags);
	stop(t);
	t->initial = 0;
	t->divide = 0;
	t->deadline = 0;
	raw_spin_unlock_irqrestore(&t->lock, flags);
}

void vmx_lapic_timer_destroy(struct vmx_lapic *lapic)
{
	vmx_lapic_timer_reset(lapic);
	hrtimer_cancel(&lapic->timer.hrtimer);
}

void vmx_lapic_moved(struct vmx_lapic *lapic)
{
	struct vmx_lapic_timer *t = &lapic->timer;
	unsigned long flags;

	raw_spin_lock_irqsave(&t->lock, flags);
	if (t->armed && !t->parked && hrtimer_is_queued(&t->hrtimer))
		start(t, hrtimer_get_expires(&t->hrtimer));
	raw_spin_unlock_irqrestore(&t->lock, flags);
}

u64 vmx_lapic_expiries(const struct vmx_lapic *lapic)
{
	return READ_ONCE(lapic->timer.expiries);
}
