// SPDX-License-Identifier: GPL-2.0-only
/*
 * list.c - ward list: the VMs that the user may see.
 */
#include <argp.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libward.h"
#include "machine/report.h"
#include "ward.h"

enum { JSON = 1000 };

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

/* Ask again until the array was long enough. Return: count, or -errno. */
static int get_list(int device, struct ward_vm_info **entries)
{
	int count, capacity = 16;

	for (;;) {
		*entries = calloc((size_t)capacity, sizeof(**entries));
		if (!*entries)
			return -ENOMEM;
		count = ward_list(device, *entries, (__u32)capacity);
		if (count <= capacity)
			return count;
		free(*entries);
		capacity = count + 16;
	}
}

static void print_table(const struct ward_vm_info *entries, int count)
{
	int i;

	printf("%-24s %8s %5s %10s %10s\n", "NAME", "PID", "VCPUS", "MEMORY",
	       "UPTIME");
	for (i = 0; i < count; i++) {
		unsigned long long seconds = entries[i].uptime_ns / 1000000000;
		char uptime[32];

		snprintf(uptime, sizeof(uptime), "%llu:%02llu:%02llu",
			 seconds / 3600, seconds / 60 % 60, seconds % 60);
		/* To the nearest: a PC's memory has a hole of 128 KiB. */
		printf("%-24.*s %8d %5u %6llu MiB %10s\n", WARD_NAME_BYTES,
		       entries[i].name, entries[i].pid, entries[i].vcpus,
		       ((unsigned long long)entries[i].memory_bytes + (1 << 19)) >> 20,
		       uptime);
	}
}

static void print_json(const struct ward_vm_info *entries, int count)
{
	struct json_object *all = json_object_new_array();
	int i;

	for (i = 0; i < count; i++) {
		const struct ward_vm_info *e = &entries[i];
		struct json_object *one = json_object_new_object();

		json_object_object_add(one, "name", json_object_new_string_len(
				e->name, (int)strnlen(e->name, WARD_NAME_BYTES)));
		json_object_object_add(one, "id", json_object_new_uint64(e->id));
		json_object_object_add(one, "uid", json_object_new_int64(e->uid));
		json_object_object_add(one, "pid", json_object_new_int(e->pid));
		json_object_object_add(one, "vcpus",
				       json_object_new_int64(e->vcpus));
		json_object_object_add(one, "memory_bytes",
				       json_object_new_uint64(e->memory_bytes));
		json_object_object_add(one, "uptime_ns",
				       json_object_new_uint64(e->uptime_ns));
		json_object_object_add(one, "pauses",
				       json_object_new_int64(e->pauses));
		json_object_array_add(all, one);
	}
	puts(json_object_to_json_string_ext(all, JSON_C_TO_STRING_PRETTY));
	json_object_put(all);
}

int verb_list(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "json", JSON, NULL, 0, "as a JSON array", 0 },
		{ 0 }
	};
	static const struct argp argp = {
		options, parse, NULL,
		"List your running VMs; root sees everyone's.\v"
		"Exit status: 0; 1 Ward is not here; 2 usage.",
		NULL, NULL, NULL };
	struct ward_vm_info *entries = NULL;
	int device, count, json = 0;

	if (argp_parse(&argp, argc, argv, 0, NULL, &json))
		return STATUS_USAGE;
	device = open_device();
	if (device < 0)
		return STATUS_CANNOT;
	count = get_list(device, &entries);
	close(device);
	if (count < 0) {
		report("cannot list VMs: %s", strerror(-count));
		free(entries);
		return STATUS_CANNOT;
	}
	if (json)
		print_json(entries, count);
	else
		print_table(entries, count);
	free(entries);
	return STATUS_OK;
}
