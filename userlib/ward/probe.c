// SPDX-License-Identifier: GPL-2.0-only
/*
 * probe.c - ward probe: says what this CPU and the loaded module can do.
 *
 * The finding is in struct finding; gathering it is in probe_sources.c,
 * printing it here.
 */
#include <argp.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "probe.h"
#include "ward.h"

enum { JSON = 1000 };

static const char *const source_names[] = {
	[SOURCE_NONE]		= "nothing",
	[SOURCE_CPUINFO]	= "the vmx flags of /proc/cpuinfo",
	[SOURCE_MSR]		= "/dev/cpu/0/msr",
	[SOURCE_MODULE]		= "the module",
};

static const struct {
	__u64 bit;
	const char *name;
} module_capabilities[] = {
	{ WARD_CAP_LAPIC,	 "lapic" },
	{ WARD_CAP_HYPERCALLS,	 "hypercalls" },
	{ WARD_CAP_MAP_FD,	 "map_fd" },
	{ WARD_CAP_HUGE_2M,	 "huge_2m" },
	{ WARD_CAP_OPEN_BY_NAME, "open_by_name" },
	{ WARD_CAP_DUMP,	 "dump" },
};

static const char *answer_name(enum answer answer)
{
	return answer == YES ? "yes" : answer == NO ? "no" : "unknown";
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	(void)argument;
	switch (key) {
	case JSON:
		*(int *)state->input = 1;
		return 0;
	case ARGP_KEY_ARG:
		argp_usage(state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* What Ward cannot do without and the CPU is known to lack. */
static unsigned int count_missing(const struct finding *f)
{
	unsigned int i, missing = 0;

	for (i = 0; i < VMX_CAPABILITY_COUNT; i++)
		missing += vmx_capabilities[i].required &&
			   f->capabilities[i] == NO;
	return missing;
}

static unsigned int count_unseen(const struct finding *f)
{
	unsigned int i, unseen = 0;

	for (i = 0; i < VMX_CAPABILITY_COUNT; i++)
		unseen += vmx_capabilities[i].required &&
			  f->capabilities[i] == UNKNOWN;
	return unseen;
}

static int can_run(const struct finding *f)
{
	return f->vmx == YES && f->firmware != NO && !count_missing(f) &&
	       !(f->has_module && f->probe.vmx_owner == WARD_VMX_OTHER);
}

static void print_owner(const struct finding *f)
{
	if (f->has_module && f->probe.vmx_owner == WARD_VMX_OTHER)
		printf("VMX held by: %.*s\n", WARD_NAME_BYTES,
		       f->probe.owner[0] ? f->probe.owner :
		       "another hypervisor");
	else if (f->has_module)
		printf("VMX held by: %s\n",
		       f->probe.vmx_owner == WARD_VMX_WARD ? "Ward" : "nobody");
	else if (f->rival[0])
		printf("VMX held by: not known; %s is loaded and may hold it\n",
		       f->rival);
	else
		printf("VMX held by: not known; no other hypervisor's module is loaded\n");
}

static void print_module(const struct finding *f)
{
	size_t i;

	if (!f->has_module) {
		printf("Module:      %s\n", f->module_problem);
		return;
	}
	printf("Module:      loaded; up to %u vCPUs per VM, TSC %llu.%03llu MHz;",
	       f->probe.max_vcpus,
	       (unsigned long long)f->probe.tsc_khz / 1000,
	       (unsigned long long)f->probe.tsc_khz % 1000);
	for (i = 0; i < sizeof(module_capabilities) /
			sizeof(module_capabilities[0]); i++)
		if (f->probe.capabilities & module_capabilities[i].bit)
			printf(" %s", module_capabilities[i].name);
	putchar('\n');
}

static void print_capabilities(const struct finding *f)
{
	unsigned int i;

	if (f->source == SOURCE_NONE) {
		printf("\nThe capabilities of VMX cannot be seen.\n");
		return;
	}
	printf("\nCapabilities of VMX, from %s (* needed by Ward):\n",
	       source_names[f->source]);
	for (i = 0; i < VMX_CAPABILITY_COUNT; i++)
		printf("  %s %-30s %s\n",
		       vmx_capabilities[i].required ? "*" : " ",
		       vmx_capabilities[i].name,
		       answer_name(f->capabilities[i]));
}

static void print_verdict(const struct finding *f)
{
	unsigned int i;

	putchar('\n');
	if (f->vmx != YES) {
		printf("Ward cannot run here: this CPU does not offer VMX (Intel VT-x). It has none, the firmware turned it off, or this is a virtual machine whose host does not pass it on.\n");
		return;
	}
	if (f->firmware == NO)
		printf("Ward cannot run here: the firmware turned VMX off; look for \"Virtualization Technology\" in its setup.\n");
	for (i = 0; i < VMX_CAPABILITY_COUNT; i++)
		if (vmx_capabilities[i].required && f->capabilities[i] == NO)
			printf("Ward cannot run here: this CPU lacks %s.\n",
			       vmx_capabilities[i].name);
	if (f->has_module && f->probe.vmx_owner == WARD_VMX_OTHER)
		printf("Ward cannot run now: %.*s holds VMX; end its VMs or unload it.\n",
		       WARD_NAME_BYTES, f->probe.owner[0] ? f->probe.owner :
		       "another hypervisor");
	if (!can_run(f))
		return;
	if (count_unseen(f))
		printf("Nothing that Ward needs is known to be missing, but %u needed capabilities could not be seen%s.\n",
		       count_unseen(f),
		       f->source == SOURCE_MODULE ? "" :
		       "; load the module, or become root and \"modprobe msr\", to see all");
	else if (f->has_module)
		printf("Ward can run here.\n");
	else
		printf("Ward can run here once its module is loaded.\n");
}

static void print_text(const struct finding *f)
{
	printf("CPU:         %s\n", f->cpu);
	printf("Kernel:      %s\n", f->kernel);
	printf("VMX:         %s%s\n", answer_name(f->vmx),
	       f->vmx == YES && f->firmware == NO ?
	       ", but turned off by the firmware" : "");
	print_module(f);
	if (f->vmx == YES) {
		print_owner(f);
		print_capabilities(f);
	}
	print_verdict(f);
}

static void add_text(struct json_object *to, const char *key, const char *text)
{
	json_object_object_add(to, key, text && *text ?
			       json_object_new_string(text) : NULL);
}

/* yes is true, no is false, unknown is null */
static void add_answer(struct json_object *to, const char *key,
		       enum answer answer)
{
	json_object_object_add(to, key, answer == UNKNOWN ? NULL :
			       json_object_new_boolean(answer == YES));
}

static struct json_object *module_json(const struct finding *f)
{
	struct json_object *module = json_object_new_object();
	struct json_object *msrs = json_object_new_array();
	char owner[WARD_NAME_BYTES + 1] = "";
	static const char *const owners[] = { "free", "ward", "other" };
	size_t i;

	memcpy(owner, f->probe.owner, WARD_NAME_BYTES);
	add_text(module, "vmx_owner", f->probe.vmx_owner < 3 ?
		 owners[f->probe.vmx_owner] : "unknown");
	add_text(module, "owner", owner);
	json_object_object_add(module, "tsc_khz",
			       json_object_new_uint64(f->probe.tsc_khz));
	json_object_object_add(module, "max_vcpus",
			       json_object_new_int64(f->probe.max_vcpus));
	for (i = 0; i < sizeof(module_capabilities) /
			sizeof(module_capabilities[0]); i++)
		json_object_object_add(module, module_capabilities[i].name,
				       json_object_new_boolean(
				!!(f->probe.capabilities &
				   module_capabilities[i].bit)));
	for (i = 0; i < WARD_VMX_MSRS; i++)
		json_object_array_add(msrs, json_object_new_uint64(
				f->probe.vmx_msrs[i]));
	json_object_object_add(module, "vmx_msrs", msrs);
	return module;
}

static void print_json(const struct finding *f)
{
	struct json_object *all = json_object_new_object();
	struct json_object *capabilities = json_object_new_object();
	struct json_object *missing = json_object_new_array();
	unsigned int i;

	for (i = 0; i < VMX_CAPABILITY_COUNT; i++) {
		add_answer(capabilities, vmx_capabilities[i].name,
			   f->capabilities[i]);
		if (vmx_capabilities[i].required && f->capabilities[i] == NO)
			json_object_array_add(missing, json_object_new_string(
					vmx_capabilities[i].name));
	}
	add_text(all, "cpu", f->cpu);
	add_text(all, "kernel", f->kernel);
	add_answer(all, "vmx", f->vmx);
	add_answer(all, "firmware_allows_vmx", f->firmware);
	json_object_object_add(all, "can_run",
			       json_object_new_boolean(can_run(f)));
	json_object_object_add(all, "missing", missing);
	json_object_object_add(all, "module",
			       f->has_module ? module_json(f) : NULL);
	add_text(all, "loaded_rival", f->rival);
	add_text(all, "source", source_names[f->source]);
	json_object_object_add(all, "capabilities", capabilities);
	puts(json_object_to_json_string_ext(all, JSON_C_TO_STRING_PRETTY));
	json_object_put(all);
}

int verb_probe(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "json", JSON, NULL, 0, "as a JSON object", 0 },
		{ 0 }
	};
	static const struct argp argp = {
		options, parse, NULL,
		"Say what this CPU and the loaded module can do.\v"
		"Without the module, the CPU's capabilities are read from "
		"/dev/cpu/0/msr, which needs root and the module msr, or else "
		"from /proc/cpuinfo, which does not show all of them.\n"
		"\n"
		"Exit status: 0 Ward can run here, or nothing speaks against "
		"it; 1 it cannot, and what is missing is named; 2 usage.",
		NULL, NULL, NULL };
	struct finding finding;
	int json = 0;

	if (argp_parse(&argp, argc, argv, 0, NULL, &json))
		return STATUS_USAGE;
	probe_gather(&finding);
	if (json)
		print_json(&finding);
	else
		print_text(&finding);
	return can_run(&finding) ? STATUS_OK : STATUS_CANNOT;
}
