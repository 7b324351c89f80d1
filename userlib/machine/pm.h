/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pm.h - ACPI's fixed hardware: PM1a event and control registers, PM timer;
 * and the two ways to reset a PC, port 0xcf9 and the keyboard controller's
 * pulse at port 0x64 (there is no keyboard controller besides).
 */
#ifndef WARD_MACHINE_PM_H
#define WARD_MACHINE_PM_H

#include "bus.h"

/* Also in dsdt.asl and the FADT */
#define PM_EVENT_PORT	0x600
#define PM_CONTROL_PORT	0x604
#define PM_TIMER_PORT	0x608
#define PM_RESET_PORT	0xcf9
#define PM_RESET_VALUE	0x06
#define PM_S5_TYPE	5

/**
 * struct pm_host - what the machine does for it
 */
struct pm_host {
	void (*power_off)(void *context);
	void (*reset)(void *context);
	void *context;
};

struct pm {
	struct pm_host host;
	__u16 enable;
	__u16 control;
	__u8 reset_control;
	__u64 start_ns;
};

/**
 * pm_init() - the state after power-up; the timer starts at 0
 */
void pm_init(struct pm *pm, const struct pm_host *host);

/**
 * pm_add() - claim all its ports
 */
void pm_add(struct pm *pm, struct bus *bus);

#endif
