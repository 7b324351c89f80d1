// SPDX-License-Identifier: GPL-2.0-only
/*
 * rtc.c - the battery-backed clock and CMOS memory.
 *
 * The time registers are computed from the host's clock as they are read.
 * Update-in-progress is on for the last 2.2 ms of every second, which is how
 * long before an update the chip warns; a guest that looks first and then
 * reads gets registers that fit together. While the guest holds SET, they
 * are plain memory, and letting go of it sets the clock.
 *
 * No alarm and no interrupt; the flags for update and periodic events can be
 * polled in register C.
 */
#include <string.h>
#include <time.h>

#include "rtc.h"

#define SECONDS		0x00
#define MINUTES		0x02
#define HOURS		0x04
#define WEEKDAY		0x06
#define DAY		0x07
#define MONTH		0x08
#define YEAR		0x09
#define REG_A		0x0a
#define REG_B		0x0b
#define REG_C		0x0c
#define REG_D		0x0d
#define CENTURY		0x32

#define A_UIP		0x80
#define B_SET		0x80
#define B_BINARY	0x04
#define B_24H		0x02
#define C_PERIODIC	0x40
#define C_UPDATE	0x10
#define D_VALID		0x80
#define HOURS_PM	0x80

#define NS		1000000000ull
#define UIP_NS		2228000ull

static __u64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (__u64)now.tv_sec * NS + (__u64)now.tv_nsec;
}

static __u8 encode(const struct rtc *rtc, int value)
{
	if (rtc->cmos[REG_B] & B_BINARY)
		return (__u8)value;
	return (__u8)(value / 10 % 10 << 4 | value % 10);
}

static int decode(const struct rtc *rtc, __u8 value)
{
	if (rtc->cmos[REG_B] & B_BINARY)
		return value;
	return (value >> 4) * 10 + (value & 15);
}

static void time_to_registers(struct rtc *rtc)
{
	time_t seconds = (time_t)(now_ns() / NS) + rtc->offset_seconds;
	struct tm tm;
	int hours;

	if (!gmtime_r(&seconds, &tm))
		return;
	hours = tm.tm_hour;
	rtc->cmos[SECONDS] = encode(rtc, tm.tm_sec);
	rtc->cmos[MINUTES] = encode(rtc, tm.tm_min);
	if (rtc->cmos[REG_B] & B_24H)
		rtc->cmos[HOURS] = encode(rtc, hours);
	else
		rtc->cmos[HOURS] = encode(rtc, hours % 12 ? hours % 12 : 12) |
				   (hours >= 12 ? HOURS_PM : 0);
	rtc->cmos[WEEKDAY] = encode(rtc, tm.tm_wday + 1);
	rtc->cmos[DAY] = encode(rtc, tm.tm_mday);
	rtc->cmos[MONTH] = encode(rtc, tm.tm_mon + 1);
	rtc->cmos[YEAR] = encode(rtc, tm.tm_year % 100);
	rtc->cmos[CENTURY] = encode(rtc, (tm.tm_year + 1900) / 100);
}

static void registers_to_time(struct rtc *rtc)
{
	int hours = rtc->cmos[HOURS];
	struct tm tm = {
		.tm_sec = decode(rtc, rtc->cmos[SECONDS]),
		.tm_min = decode(rtc, rtc->cmos[MINUTES]),
		.tm_mday = decode(rtc, rtc->cmos[DAY]),
		.tm_mon = decode(rtc, rtc->cmos[MONTH]) - 1,
		.tm_year = decode(rtc, rtc->cmos[YEAR]) - 1900 +
			   decode(rtc, rtc->cmos[CENTURY]) * 100,
	};

	if (rtc->cmos[REG_B] & B_24H)
		tm.tm_hour = decode(rtc, (__u8)hours);
	else
		tm.tm_hour = decode(rtc, hours & ~HOURS_PM) % 12 +
			     (hours & HOURS_PM ? 12 : 0);
	rtc->offset_seconds = (__s64)timegm(&tm) - (__s64)(now_ns() / NS);
}

/* What happened since the last look; the chip clears it by reading, too. */
static __u8 events(struct rtc *rtc)
{
	__u64 now = now_ns(), period;
	unsigned int rate = rtc->cmos[REG_A] & 15;
	__u8 flags = 0;

	if (now / NS != rtc->seen_ns / NS && !(rtc->cmos[REG_B] & B_SET))
		flags |= C_UPDATE;
	if (rate) {
		/* Rates 1 and 2 are those of 8 and 9; rate 15 is 2 Hz. */
		period = NS * (1u << ((rate < 3 ? rate + 7 : rate) - 1)) / 32768;
		if (now / period != rtc->seen_ns / period)
			flags |= C_PERIODIC;
	}
	rtc->seen_ns = now;
	return flags;
}

static int is_time(unsigned int index)
{
	return index == SECONDS || index == MINUTES || index == HOURS ||
	       (index >= WEEKDAY && index <= YEAR) || index == CENTURY;
}

static __u64 rtc_read(void *device, __u64 offset, __u32 bytes)
{
	struct rtc *rtc = device;

	(void)bytes;
	if (!offset)	/* the index register cannot be read */
		return 0xff;
	if (is_time(rtc->index) && !(rtc->cmos[REG_B] & B_SET))
		time_to_registers(rtc);
	switch (rtc->index) {
	case REG_A:
		if (!(rtc->cmos[REG_B] & B_SET) && now_ns() % NS >= NS - UIP_NS)
			return rtc->cmos[REG_A] | A_UIP;
		return rtc->cmos[REG_A];
	case REG_C:
		return events(rtc);
	case REG_D:
		return D_VALID;
	default:
		return rtc->cmos[rtc->index];
	}
}

static void rtc_write(void *device, __u64 offset, __u32 bytes, __u64 data)
{
	struct rtc *rtc = device;
	__u8 value = (__u8)data, before;

	(void)bytes;
	if (!offset) {
		/* Bit 7 masks NMIs on a PC; there is none to mask. */
		rtc->index = value & 0x7f;
		return;
	}
	switch (rtc->index) {
	case REG_A:
		rtc->cmos[REG_A] = value & ~A_UIP;
		return;
	case REG_B:
		before = rtc->cmos[REG_B];
		if (value & B_SET && !(before & B_SET))
			time_to_registers(rtc);
		rtc->cmos[REG_B] = value;
		if (!(value & B_SET) && before & B_SET)
			registers_to_time(rtc);
		return;
	case REG_C:
	case REG_D:
		return;
	}
	if (is_time(rtc->index) && !(rtc->cmos[REG_B] & B_SET)) {
		time_to_registers(rtc);
		rtc->cmos[rtc->index] = value;
		registers_to_time(rtc);
	} else {
		rtc->cmos[rtc->index] = value;
	}
}

static void set_word(struct rtc *rtc, unsigned int index, __u64 value)
{
	if (value > 0xffff)
		value = 0xffff;
	rtc->cmos[index] = value & 0xff;
	rtc->cmos[index + 1] = (__u8)(value >> 8);
}

void rtc_init(struct rtc *rtc, __u64 low_bytes, __u64 high_bytes)
{
	const __u64 kib = 1024, mib = 1024 * kib;

	memset(rtc, 0, sizeof(*rtc));
	rtc->cmos[REG_A] = 0x26;	/* 32768 Hz, 1024 Hz periodic */
	rtc->cmos[REG_B] = B_24H;
	rtc->seen_ns = now_ns();
	set_word(rtc, 0x15, 640);
	set_word(rtc, 0x17, (low_bytes - mib) / kib);
	set_word(rtc, 0x30, (low_bytes - mib) / kib);
	if (low_bytes > 16 * mib)
		set_word(rtc, 0x34, (low_bytes - 16 * mib) / (64 * kib));
	/* Three bytes: 64 KiB units up to 1 TiB. */
	high_bytes /= 64 * kib;
	rtc->cmos[0x5b] = high_bytes & 0xff;
	rtc->cmos[0x5c] = high_bytes >> 8 & 0xff;
	rtc->cmos[0x5d] = high_bytes >> 16 & 0xff;
}

void rtc_add(struct rtc *rtc, struct bus *bus)
{
	static const struct bus_ops ops = { rtc_read, rtc_write };

	bus_add(&bus->ports, 0x70, 2, BUS_BYTE, &ops, rtc);
}
