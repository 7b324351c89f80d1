/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * probe.h - what ward probe finds out.
 */
#ifndef WARD_COMMAND_PROBE_H
#define WARD_COMMAND_PROBE_H

#include "libward.h"
#include "vmx_capabilities.h"

enum answer { UNKNOWN, NO, YES };

enum source { SOURCE_NONE, SOURCE_CPUINFO, SOURCE_MSR, SOURCE_MODULE };

/**
 * struct finding - everything ward probe can say
 * @vmx: the CPU offers VMX
 * @firmware: the firmware lets it be used (IA32_FEATURE_CONTROL)
 * @source: where @capabilities come from
 * @capabilities: one for each row of vmx_capabilities
 * @has_module: @probe is valid; otherwise @module_problem says why not
 * @rival: without our module: another hypervisor's that is loaded, or ""
 */
struct finding {
	char cpu[128];
	char kernel[160];
	enum answer vmx;
	enum answer firmware;
	enum source source;
	enum answer capabilities[VMX_CAPABILITY_COUNT];
	int has_module;
	struct ward_probe probe;
	char module_problem[128];
	char rival[32];
};

/**
 * probe_gather() - ask the module, the MSRs or /proc/cpuinfo, in that order
 */
void probe_gather(struct finding *finding);

#endif
