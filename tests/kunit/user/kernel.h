/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kernel.h - what the pure parts and their tests use of the kernel, for a
 * program. Every header of the kernel's that they include is this one, but for
 * those of constants (see Makefile).
 *
 * One thread: atomics are plain, locks are nothing. Time is a number that only
 * sleeping moves (timers.c), so that a test of a timer takes no time and comes
 * out the same each time.
 */
#ifndef USER_KERNEL_H
#define USER_KERNEL_H

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------- types and the compiler */

typedef uint8_t u8, __u8;
typedef uint16_t u16, __u16;
typedef uint32_t u32, __u32;
typedef unsigned long long u64, __u64;
typedef int32_t s32, __s32;
typedef long long s64, __s64;

#define __must_check
#define __aligned(x)		__attribute__((__aligned__(x)))
#define __printf(format, first)	__attribute__((__format__(printf, format, first)))
#define READ_ONCE(x)		(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, value)	(*(volatile __typeof__(x) *)&(x) = (value))
#define BUILD_BUG_ON(condition)	static_assert(!(condition), #condition)
#define WARN_ON_ONCE(condition)	((condition) ? abort() : (void)0)
#define container_of(pointer, type, member)	\
	((type *)((char *)(pointer) - offsetof(type, member)))

/* Members of structs that no test looks into */
struct rcu_head { int unused; };
struct kref { int unused; };
struct work_struct { int unused; };
struct mmu_interval_notifier { int unused; };

/* ----------------------------------------------------------------- arithmetic */

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#define min(a, b)		((a) < (b) ? (a) : (b))
#define max(a, b)		((a) > (b) ? (a) : (b))
#define min_t(type, a, b)	min((type)(a), (type)(b))
#define max_t(type, a, b)	max((type)(a), (type)(b))
#define ALIGN(x, to)		(((x) + (to) - 1) & ~((__typeof__(x))(to) - 1))
#define DIV_ROUND_UP(a, b)	(((a) + (b) - 1) / (b))
#define div64_u64(a, b)		((u64)(a) / (u64)(b))
#define mul_u64_u32_div(a, b, by) ((u64)((unsigned __int128)(a) * (b) / (by)))
#define PAGE_ALIGNED(x)		(!((x) & 0xfff))
#define SZ_4K			0x1000
#define SZ_2M			0x200000
#define SZ_1G			0x40000000

#define BITS_PER_LONG		64
#define BIT(n)			(1ul << (n))
#define BIT_ULL(n)		(1ull << (n))
#define GENMASK_ULL(high, low)	((~0ull << (low)) & (~0ull >> (63 - (high))))

static inline s64 sign_extend64(u64 value, int index)
{
	return (s64)(value << (63 - index)) >> (63 - index);
}

struct rnd_state { u64 state; };

static inline void prandom_seed_state(struct rnd_state *rnd, u64 seed)
{
	rnd->state = seed;
}

static inline u32 prandom_u32_state(struct rnd_state *rnd)
{
	rnd->state = rnd->state * 6364136223846793005ull + 1442695040888963407ull;
	return rnd->state >> 33;
}

/* ----------------------------------------------------------------------- bits */

#define BITS_TO_LONGS(bits)	(((bits) + 63) / 64)
#define DECLARE_BITMAP(name, bits) unsigned long name[BITS_TO_LONGS(bits)]
#define bitmap_zero(map, bits)	memset(map, 0, BITS_TO_LONGS(bits) * 8)

static inline unsigned int __fls(unsigned long word)
{
	return 63 - __builtin_clzl(word);
}

static inline bool test_bit(unsigned int bit, const unsigned long *map)
{
	return map[bit / 64] >> (bit % 64) & 1;
}

static inline void assign_bit(unsigned int bit, unsigned long *map, bool value)
{
	map[bit / 64] &= ~(1ul << bit % 64);
	map[bit / 64] |= (unsigned long)value << bit % 64;
}

static inline void clear_bit(unsigned int bit, unsigned long *map)
{
	assign_bit(bit, map, false);
}

static inline bool test_and_set_bit(unsigned int bit, unsigned long *map)
{
	bool old = test_bit(bit, map);

	assign_bit(bit, map, true);
	return old;
}

static inline bool test_and_clear_bit(unsigned int bit, unsigned long *map)
{
	bool old = test_bit(bit, map);

	assign_bit(bit, map, false);
	return old;
}

#define __set_bit(bit, map)	assign_bit(bit, map, true)
#define __clear_bit		clear_bit
#define __test_and_set_bit	test_and_set_bit

/* ------------------------------------------------------------ atomics and locks */

typedef struct { int counter; } atomic_t;

#define atomic_read(v)		((v)->counter)
#define atomic_set(v, i)	((v)->counter = (i))
#define atomic_inc(v)		((v)->counter++)
#define smp_mb__after_atomic()	((void)0)
#define cond_resched()		((void)0)

static inline int atomic_xchg(atomic_t *v, int i)
{
	int old = v->counter;

	v->counter = i;
	return old;
}

static inline int atomic_fetch_or(int i, atomic_t *v)
{
	int old = v->counter;

	v->counter |= i;
	return old;
}

typedef int raw_spinlock_t;

#define raw_spin_lock_init(lock)			((void)(lock))
#define raw_spin_lock_irqsave(lock, flags)		((flags) = 0)
#define raw_spin_unlock_irqrestore(lock, flags)		((void)(flags))

/* --------------------------------------------------------------------- memory */

#define GFP_KERNEL		0
#define kzalloc(bytes, gfp)	calloc(1, bytes)
#define kfree			free
#define vzalloc(bytes)		calloc(1, bytes)
#define vfree			free
#define virt_to_phys(address)	((u64)(uintptr_t)(address))
#define phys_to_virt(hpa)	((void *)(uintptr_t)(hpa))
#define free_page(address)	free((void *)(address))
#define strscpy(to, from, size)	((void)snprintf(to, size, "%s", from))

static inline unsigned long get_zeroed_page(int gfp)
{
	void *page = aligned_alloc(SZ_4K, SZ_4K);

	return page ? (unsigned long)memset(page, 0, SZ_4K) : 0;
}

/* ----------------------------------------------------------------------- time */

typedef s64 ktime_t;

enum hrtimer_restart { HRTIMER_NORESTART, HRTIMER_RESTART };

struct hrtimer {
	ktime_t expires;
	bool queued;
	enum hrtimer_restart (*function)(struct hrtimer *timer);
};

extern s64 user_now;
extern unsigned int tsc_khz;

void user_sleep(s64 ns);
void user_timer_init(struct hrtimer *timer);

#define NSEC_PER_SEC		1000000000l
#define ktime_get()		user_now
#define ktime_sub(a, b)		((a) - (b))
#define ktime_add_ns(a, ns)	((a) + (s64)(ns))
#define ktime_to_ns(a)		(a)
#define rdtsc()			((u64)user_now * tsc_khz / 1000000)
#define msleep(ms)		user_sleep((ms) * 1000000ll)
#define usleep_range(low, high)	user_sleep((low) * 1000ll)

#define hrtimer_init(timer, clock, mode)	user_timer_init(timer)
#define hrtimer_set_expires(timer, time)	((timer)->expires = (time))
#define hrtimer_get_expires(timer)		((timer)->expires)
#define hrtimer_is_queued(timer)		((timer)->queued)
#define hrtimer_try_to_cancel(timer)		((timer)->queued = false)
#define hrtimer_cancel				hrtimer_try_to_cancel

static inline void hrtimer_start(struct hrtimer *timer, ktime_t expires, int mode)
{
	timer->expires = expires;
	timer->queued = true;
}

#define HRTIMER_MODE_ABS_PINNED_HARD	0

#endif
