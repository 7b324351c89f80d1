// SPDX-License-Identifier: GPL-2.0-only
/*
 * probe_sources.c - where ward probe gets its answers: the module, CPUID,
 * /dev/cpu/0/msr, /proc/cpuinfo and /proc/modules. Each of them may be
 * missing.
 */
#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "probe.h"

#define MSR_FEATURE_CONTROL	0x3a
#define FEATURE_LOCKED		(1ull << 0)
#define FEATURE_VMX		(1ull << 2)	/* outside SMX */

_Static_assert(WARD_VMX_MSRS == VMX_CAPABILITY_MSRS, "one array of MSRs");

static void from_msrs(struct finding *f, const __u64 msrs[WARD_VMX_MSRS],
		      enum source source)
{
	unsigned int i;

	f->source = source;
	for (i = 0; i < VMX_CAPABILITY_COUNT; i++)
		f->capabilities[i] =
			vmx_capability_present(msrs, &vmx_capabilities[i]) ?
			YES : NO;
}

static void ask_module(struct finding *f)
{
	int device = ward_open(), error;

	if (device < 0) {
		snprintf(f->module_problem, sizeof(f->module_problem),
			 device == -ENOENT || device == -ENODEV ?
			 "not loaded" : "cannot open " WARD_DEVICE_PATH ": %s",
			 strerror(-device));
		return;
	}
	error = ward_probe(device, &f->probe);
	close(device);
	if (error) {
		snprintf(f->module_problem, sizeof(f->module_problem),
			 "loaded, but does not answer: %s", strerror(-error));
		return;
	}
	f->has_module = 1;
	/* A CPU with VMX has a revision in IA32_VMX_BASIC. */
	if (f->probe.vmx_msrs[VMX_MSR_BASIC])
		from_msrs(f, f->probe.vmx_msrs, SOURCE_MODULE);
}

static int read_msr(int fd, __u32 index, __u64 *value)
{
	*value = 0;
	return pread(fd, value, sizeof(*value), index) == sizeof(*value);
}

static void ask_msrs(struct finding *f)
{
	__u64 msrs[WARD_VMX_MSRS], value;
	int fd = open("/dev/cpu/0/msr", O_RDONLY | O_CLOEXEC);
	__u32 i;

	if (fd < 0)
		return;
	if (read_msr(fd, MSR_FEATURE_CONTROL, &value) && value & FEATURE_LOCKED)
		f->firmware = value & FEATURE_VMX ? YES : NO;
	if (f->source == SOURCE_NONE) {
		/* Those that this CPU lacks stay 0. */
		for (i = 0; i < WARD_VMX_MSRS; i++)
			read_msr(fd, VMX_CAPABILITY_MSR_BASE + i, &msrs[i]);
		if (msrs[VMX_MSR_BASIC])
			from_msrs(f, msrs, SOURCE_MSR);
	}
	close(fd);
}

/* Whether a list of words, as in /proc/cpuinfo, has one of them. */
static int has_word(const char *list, const char *word)
{
	size_t length = strlen(word);
	const char *at = list;

	while ((at = strstr(at, word))) {
		if ((at == list || at[-1] == ' ') &&
		    (!at[length] || strchr(" \n", at[length])))
			return 1;
		at += length;
	}
	return 0;
}

/* Names that every kernel with a "vmx flags" line prints if they are there;
 * of all others, absence says nothing. */
static int always_listed(const char *name)
{
	return has_word("vnmi preemption_timer posted_intr invvpid ept_x_only "
			"ept_ad ept_1gb tsc_offset vtpr mtf vapic ept vpid "
			"unrestricted_guest vapic_reg vid ple shadow_vmcs pml "
			"ept_mode_based_exec tsc_scaling", name);
}

static void from_flags(struct finding *f, const char *flags)
{
	unsigned int i;

	f->source = SOURCE_CPUINFO;
	for (i = 0; i < VMX_CAPABILITY_COUNT; i++) {
		const char *name = vmx_capabilities[i].name;

		if (has_word(flags, name))
			f->capabilities[i] = YES;
		else if (always_listed(name))
			f->capabilities[i] = NO;
	}
}

static void read_cpuinfo(struct finding *f)
{
	FILE *stream = fopen("/proc/cpuinfo", "re");
	char *line = NULL;
	size_t size = 0;

	if (!stream)
		return;
	while (getline(&line, &size, stream) > 0 && *line != '\n') {
		char *value = strchr(line, ':');

		if (!value)
			continue;
		value += value[1] == ' ' ? 2 : 1;
		value[strcspn(value, "\n")] = '\0';
		if (!strncmp(line, "model name", 10))
			snprintf(f->cpu, sizeof(f->cpu), "%s", value);
		else if (!strncmp(line, "vmx flags", 9) &&
			 f->source == SOURCE_NONE)
			from_flags(f, value);
	}
	free(line);
	fclose(stream);
}

static void find_rival(struct finding *f)
{
	static const char *const names[] = {
		"kvm_intel", "vboxdrv", "vmmon", "xen_privcmd" };
	FILE *stream = fopen("/proc/modules", "re");
	char *line = NULL;
	size_t size = 0, i;

	if (!stream)
		return;
	while (getline(&line, &size, stream) > 0) {
		line[strcspn(line, " ")] = '\0';
		for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (!strcmp(line, names[i]))
				snprintf(f->rival, sizeof(f->rival), "%s",
					 names[i]);
	}
	free(line);
	fclose(stream);
}

void probe_gather(struct finding *f)
{
	struct utsname name;
	unsigned int a, b, c = 0, d;

	memset(f, 0, sizeof(*f));
	if (!uname(&name))
		snprintf(f->kernel, sizeof(f->kernel), "%s %s", name.sysname,
			 name.release);
	f->vmx = __get_cpuid(1, &a, &b, &c, &d) && c & 1u << 5 ? YES : NO;
	ask_module(f);
	if (f->vmx == YES)
		ask_msrs(f);
	read_cpuinfo(f);
	find_rival(f);
}
