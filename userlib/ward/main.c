// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - the ward command: finds the verb and hands over to it.
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libward.h"
#include "machine/report.h"
#include "ward.h"

static const struct verb {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *what;
} verbs[] = {
	{ "run",   verb_run,   "boot a Linux kernel or a Multiboot image in a new VM" },
	{ "probe", verb_probe, "say what this CPU and the loaded module can do" },
	{ "list",  verb_list,  "list your running VMs" },
};

#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

static void print_version(FILE *stream, struct argp_state *state)
{
	(void)state;
	fprintf(stream, "ward %s\n", ward_version());
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	int *verb = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		/* The rest belongs to the verb. */
		*verb = state->next - 1;
		state->next = state->argc;
		(void)argument;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_usage(state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static char *verb_list_text(int key, const char *text, void *input)
{
	char *out = NULL;
	size_t bytes, i;
	FILE *stream;

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)text;
	stream = open_memstream(&out, &bytes);
	if (!stream)
		return (char *)text;
	fputs("Verbs:\n", stream);
	for (i = 0; i < VERBS; i++)
		fprintf(stream, "  %-8s %s\n", verbs[i].name, verbs[i].what);
	fputs("\n\"ward VERB --help\" says more about one of them.", stream);
	fclose(stream);
	return out;
}

int open_device(void)
{
	int device = ward_open();

	switch (device) {
	case -ENOENT:
	case -ENODEV:
	case -ENXIO:
		report("there is no " WARD_DEVICE_PATH ": load the module with \"modprobe ward\" or \"insmod ward.ko\" as root");
		break;
	case -EACCES:
	case -EPERM:
		report("you may not use " WARD_DEVICE_PATH ": become a member of its group (see \"ls -l " WARD_DEVICE_PATH "\"), or root");
		break;
	default:
		if (device < 0)
			report("cannot open " WARD_DEVICE_PATH ": %s",
			       strerror(-device));
		break;
	}
	return device;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.parser = parse,
		.args_doc = "VERB [OPTION...]",
		.doc = "Run virtual machines with the Ward hypervisor.\v",
		.help_filter = verb_list_text,
	};
	char name[64];
	size_t i;
	int verb = 0;

	argp_program_version_hook = print_version;
	argp_err_exit_status = STATUS_USAGE;
	if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &verb) || !verb)
		return STATUS_USAGE;
	for (i = 0; i < VERBS; i++) {
		if (strcmp(argv[verb], verbs[i].name))
			continue;
		snprintf(name, sizeof(name), "ward %s", verbs[i].name);
		argv[verb] = name;
		return verbs[i].run(argc - verb, argv + verb);
	}
	report("there is no verb \"%s\"; \"ward --help\" lists them",
	       argv[verb]);
	return STATUS_USAGE;
}
