/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cpu_models.h - the VMX capability MSRs of a few CPUs, 0x480 to 0x491.
 *
 * Read from CPUs, and published, by others:
 *   - T2600, X5482, 2635QM, 3960X, 3570, 5600U, N3530: the MSR tables that
 *     VirtualBox has of these CPUs (folder src/VBox/VMM/VMMR3/cpus)
 *   - Westmere: XMHF's notes on an HP 2540p (its "bug 081"), output of RDMSR
 *   - Coffee Lake: a VBox.log, signature 0x906ea, MSRs as VirtualBox prints them
 * A CPU without secondary controls, EPT, TRUE controls or VM functions lacks
 * those MSRs: 0 here, as vmcs_negotiate() gets them.
 *
 * Read from Bochs 3.0's models in the lab: what the emulator makes of the CPU
 * that it is named after. Only these lack what no CPU above lacks alone.
 */
#ifndef KUNIT_CPU_MODELS_H
#define KUNIT_CPU_MODELS_H

#include "vmcs/controls.h"

struct cpu_model {
	const char *name;
	const char *missing;	/* what Ward finds missing; NULL: nothing */
	u32 proc2;		/* secondary controls that Ward chooses */
	u8 timer_shift;
	u64 msrs[VMX_CAPABILITY_MSRS];
};

static const struct cpu_model cpu_models[] = {
	{
		"Core Duo T2600 (Yonah)", "true_controls", 0, 0,
		{ 0x1b040000000005, 0x1f00000016, 0x7781fffe0401e172, 0x3edff00036dff,
		  0x1dff000011ff, 0x403c0, 0x80000021, 0xffffffff, 0x2000, 0x27ff, 0x2c },
	}, {
		"Xeon X5482 (Harpertown)", "true_controls", 0, 0,
		{ 0x5a08000000000d, 0x3f00000016, 0xf7f9fffe0401e172, 0x3ffff00036dff,
		  0x3fff000011ff, 0x403c0, 0x80000021, 0xffffffff, 0x2000, 0x27ff, 0x2c,
		  0x4100000000 },
	}, {
		"Core i5 of an HP 2540p (Westmere)", NULL, 0xea, 7,
		{ 0xda04000000000f, 0x7f00000016, 0xfff9fffe0401e172, 0x7fffff00036dff,
		  0xffff000011ff, 0x401e7, 0x80000021, 0xffffffff, 0x2000, 0x267ff, 0x2a,
		  0xff00000000, 0xf0106114141, 0x7f00000016, 0xfff9fffe04006172,
		  0x7fffff00036dfb, 0xffff000011fb },
	}, {
		"Core i7-2635QM (Sandy Bridge)", NULL, 0xea, 5,
		{ 0xda040000000010, 0x7f00000016, 0xfff9fffe0401e172, 0x7fffff00036dff,
		  0xffff000011ff, 0x100401e5, 0x80000021, 0xffffffff, 0x2000, 0x627ff, 0x2a,
		  0xff00000000, 0xf0106114141, 0x7f00000016, 0xfff9fffe04006172,
		  0x7fffff00036dfb, 0xffff000011fb },
	}, {
		"Core i7-3960X (Sandy Bridge-E)", NULL, 0xea, 5,
		{ 0xda040000000010, 0x7f00000016, 0xfff9fffe0401e172, 0x7fffff00036dff,
		  0xffff000011ff, 0x100401e5, 0x80000021, 0xffffffff, 0x2000, 0x627ff, 0x2a,
		  0x4ff00000000, 0xf0106134141, 0x7f00000016, 0xfff9fffe04006172,
		  0x7fffff00036dfb, 0xffff000011fb },
	}, {
		"Core i5-3570 (Ivy Bridge)", NULL, 0xea, 5,
		{ 0xda040000000010, 0x7f00000016, 0xfff9fffe0401e172, 0x7fffff00036dff,
		  0xffff000011ff, 0x100401e5, 0x80000021, 0xffffffff, 0x2000, 0x1767ff, 0x2a,
		  0x8ff00000000, 0xf0106114141, 0x7f00000016, 0xfff9fffe04006172,
		  0x7fffff00036dfb, 0xffff000011fb },
	}, {
		"Pentium N3530 (Silvermont)", NULL, 0xea, 6,
		{ 0xda040000000002, 0x7f00000016, 0xfff9fffe0401e172, 0x7fffff00036dff,
		  0xffff000011ff, 0x481e6, 0x80000021, 0xffffffff, 0x2000, 0x1027ff, 0x2e,
		  0x28ef00000000, 0xf0106114141, 0x7f00000016, 0xfff9fffe04006172,
		  0x7fffff00036dfb, 0xffff000011fb, 0x1 },
	}, {
		"Core i7-5600U (Broadwell)", NULL, 0x10ea, 5,
		{ 0xda040000000012, 0x7f00000016, 0xfff9fffe0401e172, 0x7fffff00036dff,
		  0xffff000011ff, 0x300481e5, 0x80000021, 0xffffffff, 0x2000, 0x3767ff, 0x2a,
		  0x57cff00000000, 0xf0106334141, 0x7f00000016, 0xfff9fffe04006172,
		  0x7fffff00036dfb, 0xffff000011fb, 0x1 },
	}, {
		"signature 0x906ea (Coffee Lake)", NULL, 0x1090ea, 7,
		{ 0xda040000000004, 0x7f00000016, 0xfff9fffe0401e172, 0x1ffffff00036dff,
		  0x3ffff000011ff, 0x7004c1e7, 0x80000021, 0xffffffff, 0x2000, 0x3727ff, 0x2e,
		  0x5fbcff00000000, 0xf0106734141, 0x7f00000016, 0xfff9fffe04006172,
		  0x1ffffff00036dfb, 0x3ffff000011fb, 0x1 },
	}, {
		"Bochs corei5_lynnfield_750 (Nehalem)", "unrestricted_guest", 0, 0,
		{ 0xd810000000002b, 0x7f00000016, 0xfff9fffe0401e172, 0x407fffff00036dff,
		  0xffff000011ff, 0x401e0, 0x80000021, 0xffffffff, 0x2000, 0x67ff, 0x50,
		  0x7f00000000, 0xf0106114141, 0x7f00000016, 0xfff9fffe04006172,
		  0x407fffff00036dfb, 0xffff000011fb },
	}, {
		"Bochs corei7_haswell_4770", NULL, 0x10ea, 0,
		{ 0xd810000000002b, 0x7f00000016, 0xfff9fffe0401e172, 0x407fffff00036dff,
		  0xffff000011ff, 0x200401e0, 0x80000021, 0xffffffff, 0x2000, 0x1727ff, 0x50,
		  0x47fff00000000, 0xf0106334141, 0x7f00000016, 0xfff9fffe04006172,
		  0x407fffff00036dfb, 0xffff000011fb, 0x1 },
	}, {
		"Bochs corei7_skylake_x", NULL, 0x1010ea, 0,
		{ 0xd810000000002b, 0xff00000016, 0xfff9fffe0401e172, 0x407fffff00036dff,
		  0xffff000011ff, 0x600401e0, 0x80000021, 0xffffffff, 0x2000, 0x3727ff, 0x50,
		  0x2577fff00000000, 0xf0106734141, 0xff00000016, 0xfff9fffe04006172,
		  0x407fffff00036dfb, 0xffff000011fb, 0x1 },
	},
};

#endif
