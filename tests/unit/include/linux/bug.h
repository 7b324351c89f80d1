/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_LINUX_BUG_H
#define UNIT_LINUX_BUG_H

#include <stdlib.h>

#define WARN_ON_ONCE(condition)	((condition) ? abort() : (void)0)

#endif
