// SPDX-License-Identifier: GPL-2.0-only
/*
 * stats.c - the counters that ward run --stats writes, as one JSON object:
 *
 *	{ "name": "vm-3", "end": "power-off", "status": 0, "resets": 0,
 *	  "vcpus": 1, "uptime_ns": 123, "counters": { "entries": 4711, ... } }
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "machine/report.h"
#include "stats.h"

static const char *const end_names[] = {
	[MACHINE_RUNS]		= "none",
	[MACHINE_POWER_OFF]	= "power-off",
	[MACHINE_RESET]		= "reset",
	[MACHINE_FINISHED]	= "testdev",
	[MACHINE_TIMEOUT]	= "timeout",
	[MACHINE_QUIT]		= "quit",
	[MACHINE_DIED]		= "died",
};

void stats_add(struct stats *stats, struct ward_vm *vm, int was_reset)
{
	__u64 counters[WARD_STAT_COUNT];
	struct ward_vm_info info;
	unsigned int i;
	int error;

	error = ward_get_stats(vm, counters, WARD_STAT_COUNT);
	if (error < 0)
		report("cannot read the VM's counters: %s", strerror(-error));
	for (i = 0; error >= 0 && i < WARD_STAT_COUNT; i++)
		stats->counters[i] += counters[i];
	if (!ward_get_info(vm, &info)) {
		memcpy(stats->name, info.name, sizeof(stats->name));
		stats->name[sizeof(stats->name) - 1] = '\0';
		stats->uptime_ns += info.uptime_ns;
	}
	stats->resets += was_reset;
}

static struct json_object *to_json(const struct stats *stats)
{
	struct json_object *all = json_object_new_object();
	struct json_object *counters = json_object_new_object();
	__u32 i;

	for (i = 0; i < WARD_STAT_COUNT; i++)
		json_object_object_add(counters, ward_stat_name(i),
				       json_object_new_uint64(stats->counters[i]));
	json_object_object_add(all, "name", json_object_new_string(stats->name));
	json_object_object_add(all, "end",
			       json_object_new_string(end_names[stats->end]));
	json_object_object_add(all, "status", json_object_new_int(stats->status));
	json_object_object_add(all, "resets",
			       json_object_new_int64(stats->resets));
	json_object_object_add(all, "vcpus", json_object_new_int64(stats->vcpus));
	json_object_object_add(all, "uptime_ns",
			       json_object_new_uint64(stats->uptime_ns));
	json_object_object_add(all, "counters", counters);
	return all;
}

void stats_write(const struct stats *stats, const char *path)
{
	FILE *stream = strcmp(path, "-") ? fopen(path, "we") : stderr;
	struct json_object *json;

	if (!stream) {
		report("cannot write %s: %s", path, strerror(errno));
		return;
	}
	json = to_json(stats);
	fprintf(stream, "%s\n",
		json_object_to_json_string_ext(json, JSON_C_TO_STRING_PRETTY));
	json_object_put(json);
	if (stream != stderr && fclose(stream))
		report("cannot write %s: %s", path, strerror(errno));
}
