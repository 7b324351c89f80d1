/* SPDX-License-Identifier: GPL-2.0-only */
/* What the pure parts use of <linux/kernel.h>, for user space. */
#ifndef UNIT_LINUX_KERNEL_H
#define UNIT_LINUX_KERNEL_H

#include <stdarg.h>
#include <stdio.h>
#include <linux/types.h>

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#define __printf(format, first)	__attribute__((__format__(printf, format, first)))

#endif
