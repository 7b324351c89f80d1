// SPDX-License-Identifier: GPL-2.0-only
/*
 * pm.c - ACPI's fixed hardware and the reset ports.
 *
 * The machine is always in ACPI mode (SCI_EN reads 1, there is no SMI
 * command port). No event ever happens, so the SCI is never raised.
 */
#include <string.h>
#include <time.h>

#include "pm.h"

#define CONTROL_SCI_EN		(1u << 0)
#define CONTROL_TYPE_SHIFT	10
#define CONTROL_SLP_EN		(1u << 13)

#define TIMER_HZ	3579545ull

#define RESET_CPU	0x04	/* of port 0xcf9 */
#define PULSE_RESET	0xfe	/* command of port 0x64 */

static __u64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (__u64)now.tv_sec * 1000000000 + (__u64)now.tv_nsec;
}

static __u64 event_read(void *device, __u64 offset, __u32 bytes)
{
	const struct pm *pm = device;
	__u32 value = (__u32)pm->enable << 16;	/* status: nothing happened */

	(void)bytes;
	return value >> 8 * offset;
}

static void event_write(void *device, __u64 offset, __u32 bytes, __u64 value)
{
	struct pm *pm = device;

	if (offset == 0 && bytes == 4)
		pm->enable = (__u16)(value >> 16);
	else if (offset == 2 && bytes == 2)
		pm->enable = (__u16)value;
	else if (offset >= 2 && bytes == 1)
		((__u8 *)&pm->enable)[offset - 2] = (__u8)value;
}

static __u64 control_read(void *device, __u64 offset, __u32 bytes)
{
	const struct pm *pm = device;

	(void)bytes;
	return (__u64)(pm->control | CONTROL_SCI_EN) >> 8 * offset;
}

static void control_write(void *device, __u64 offset, __u32 bytes, __u64 value)
{
	struct pm *pm = device;

	if (bytes == 2)
		pm->control = (__u16)value;
	else
		((__u8 *)&pm->control)[offset] = (__u8)value;
	/* SLP_EN is write-only: it acts and reads as zero. */
	if (pm->control & CONTROL_SLP_EN &&
	    (pm->control >> CONTROL_TYPE_SHIFT & 7) == PM_S5_TYPE)
		pm->host.power_off(pm->host.context);
	pm->control &= ~CONTROL_SLP_EN;
}

static __u64 timer_read(void *device, __u64 offset, __u32 bytes)
{
	const struct pm *pm = device;
	__u64 ns = now_ns() - pm->start_ns;
	__u64 ticks = ns / 1000000000 * TIMER_HZ +
		      ns % 1000000000 * TIMER_HZ / 1000000000;

	(void)bytes;
	return (ticks & 0xffffffff) >> 8 * offset;
}

static void timer_write(void *device, __u64 offset, __u32 bytes, __u64 value)
{
	(void)device;
	(void)offset;
	(void)bytes;
	(void)value;
}

static __u64 reset_read(void *device, __u64 offset, __u32 bytes)
{
	(void)offset;
	(void)bytes;
	return ((const struct pm *)device)->reset_control;
}

static void reset_write(void *device, __u64 offset, __u32 bytes, __u64 value)
{
	struct pm *pm = device;

	(void)offset;
	(void)bytes;
	pm->reset_control = (__u8)value & ~RESET_CPU;
	if (value & RESET_CPU)
		pm->host.reset(pm->host.context);
}

static __u64 keyboard_read(void *device, __u64 offset, __u32 bytes)
{
	(void)device;
	(void)offset;
	(void)bytes;
	return 0xff;	/* nobody there */
}

static void keyboard_write(void *device, __u64 offset, __u32 bytes, __u64 value)
{
	struct pm *pm = device;

	(void)offset;
	(void)bytes;
	if (value == PULSE_RESET)
		pm->host.reset(pm->host.context);
}

/* Where a PC with PCI has its configuration address register, nobody is. It is
 * claimed all the same: a 32-bit access to it is none to the reset register,
 * which lies within and would otherwise get a piece of it. */
static __u64 config_read(void *device, __u64 offset, __u32 bytes)
{
	(void)device;
	(void)offset;
	(void)bytes;
	return ~0ull;
}

static void config_write(void *device, __u64 offset, __u32 bytes, __u64 value)
{
	(void)device;
	(void)offset;
	(void)bytes;
	(void)value;
}

void pm_init(struct pm *pm, const struct pm_host *host)
{
	memset(pm, 0, sizeof(*pm));
	pm->host = *host;
	pm->start_ns = now_ns();
}

void pm_add(struct pm *pm, struct bus *bus)
{
	static const struct bus_ops event = { event_read, event_write };
	static const struct bus_ops control = { control_read, control_write };
	static const struct bus_ops timer = { timer_read, timer_write };
	static const struct bus_ops reset = { reset_read, reset_write };
	static const struct bus_ops keyboard = { keyboard_read, keyboard_write };
	static const struct bus_ops config = { config_read, config_write };
	const __u32 narrow = BUS_BYTE | BUS_WORD;

	bus_add(&bus->ports, PM_EVENT_PORT, 4, narrow | BUS_DWORD, &event, pm);
	bus_add(&bus->ports, PM_CONTROL_PORT, 2, narrow, &control, pm);
	bus_add(&bus->ports, PM_TIMER_PORT, 4, narrow | BUS_DWORD, &timer, pm);
	bus_add(&bus->ports, PM_RESET_PORT, 1, BUS_BYTE, &reset, pm);
	bus_add(&bus->ports, 0xcf8, 4, BUS_ANY, &config, pm);
	bus_add(&bus->ports, 0x64, 1, BUS_BYTE, &keyboard, pm);
}
