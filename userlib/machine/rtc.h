/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rtc.h - the battery-backed clock and 128 bytes of CMOS memory, at ports
 * 0x70 and 0x71. To be polled: it never interrupts.
 */
#ifndef WARD_MACHINE_RTC_H
#define WARD_MACHINE_RTC_H

#include "bus.h"

struct rtc {
	__u8 index;
	__u8 cmos[128];
	__s64 offset_seconds;	/* guest's clock minus the host's */
	__u64 seen_ns;		/* when register C was read last */
};

/**
 * rtc_init() - UTC of the host; @low_bytes and @high_bytes: RAM below and
 * above 4 GiB, for the CMOS bytes that tell a firmware
 */
void rtc_init(struct rtc *rtc, __u64 low_bytes, __u64 high_bytes);

/**
 * rtc_add() - claim the two ports
 */
void rtc_add(struct rtc *rtc, struct bus *bus);

#endif
