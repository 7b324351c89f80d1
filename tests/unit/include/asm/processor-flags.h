/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_ASM_PROCESSOR_FLAGS_H
#define UNIT_ASM_PROCESSOR_FLAGS_H

#include <uapi/asm/processor-flags.h>

#endif
