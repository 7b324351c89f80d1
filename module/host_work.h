/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * host_work.h - what the kernel has to do for a thread before it goes on.
 */
#ifndef WARD_HOST_WORK_H
#define WARD_HOST_WORK_H

#include <linux/compiler.h>

/**
 * ward_host_work - do what the current thread would do on its way to user space
 *
 * Gives the CPU to who wants it; does what was put off to that way (rseq, task
 * work, throttling of the memory cgroup).
 *
 * Context: process, interrupts on, no lock held; may sleep.
 * Return: 0, or -EINTR: a signal, or work that is done on the way itself only.
 */
int __must_check ward_host_work(void);

#endif /* WARD_HOST_WORK_H */
