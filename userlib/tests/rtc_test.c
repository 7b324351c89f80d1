// SPDX-License-Identifier: GPL-2.0-only
/*
 * rtc_test.c - the clock: formats, setting it, CMOS memory.
 */
#include <string.h>
#include <time.h>

#include "rtc.h"
#include "tap.h"

static struct rtc rtc;
static struct bus bus;

static void put(__u8 index, __u8 value)
{
	bus_write(&bus.ports, 0x70, 1, index);
	bus_write(&bus.ports, 0x71, 1, value);
}

static __u8 get(__u8 index)
{
	bus_write(&bus.ports, 0x70, 1, index);
	return (__u8)bus_read(&bus.ports, 0x71, 1);
}

static int bcd(__u8 value)
{
	return (value >> 4) * 10 + (value & 15);
}

/* The registers as a time, in the format that register B says. */
static time_t guest_time(void)
{
	int binary = get(0x0b) & 4, hours = get(4), pm = 0;
	struct tm tm;

	if (!(get(0x0b) & 2)) {
		pm = hours & 0x80;
		hours &= 0x7f;
	}
#define FIELD(index) (binary ? get(index) : bcd(get(index)))
	memset(&tm, 0, sizeof(tm));
	tm.tm_sec = FIELD(0);
	tm.tm_min = FIELD(2);
	tm.tm_hour = binary ? hours : bcd((__u8)hours);
	if (!(get(0x0b) & 2))
		tm.tm_hour = tm.tm_hour % 12 + (pm ? 12 : 0);
	tm.tm_mday = FIELD(7);
	tm.tm_mon = FIELD(8) - 1;
	tm.tm_year = FIELD(9) + FIELD(0x32) * 100 - 1900;
	return timegm(&tm);
}

static int near(time_t wanted)
{
	time_t got = guest_time();

	return got >= wanted - 1 && got <= wanted + 2;
}

static void formats(void)
{
	ok(near(time(NULL)), "BCD, 24 hours");
	put(0x0b, 6);
	ok(near(time(NULL)), "binary, 24 hours");
	put(0x0b, 4);
	ok(near(time(NULL)), "binary, 12 hours");
	put(0x0b, 0);
	ok(near(time(NULL)), "BCD, 12 hours");
	put(0x0b, 2);
}

static void setting(void)
{
	const time_t wanted = 951827696;	/* 2000-02-29 12:34:56 */

	put(0x0b, 0x82);
	put(0, 0x56);
	put(2, 0x34);
	put(4, 0x12);
	put(7, 0x29);
	put(8, 0x02);
	put(9, 0x00);
	put(0x32, 0x20);
	is(guest_time(), wanted, "while it is being set it stands still");
	put(0x0b, 2);
	ok(near(wanted), "and then it goes on from there");
	put(2, 0x99);
	put(8, 0xff);
	put(4, 0xff);
	(void)guest_time();
	ok(1, "nonsense is survived");
}

static void memory(void)
{
	unsigned int i;

	for (i = 0; i < 256; i++)
		put((__u8)i, 0x5a);
	is(get(0x40), 0x5a, "memory");
	is(get(0xc0), 0x5a, "bit 7 of the index is not part of it");
	is(get(0x0d), 0x80, "register D cannot be written");
	is(bus_read(&bus.ports, 0x70, 1), 0xff, "the index cannot be read");
}

int main(void)
{
	rtc_init(&rtc, 256ull << 20, 1ull << 32);
	rtc_add(&rtc, &bus);
	is(get(0x17) | get(0x18) << 8, 0xffff, "RAM from 1 MiB, in KiB");
	is(get(0x34) | get(0x35) << 8, 240 * 16, "RAM from 16 MiB, in 64 KiB");
	is(get(0x5b) | get(0x5c) << 8 | get(0x5d) << 16, 0x10000,
	   "RAM above 4 GiB, in 64 KiB");
	formats();
	setting();
	memory();
	return finish();
}
