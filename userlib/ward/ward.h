/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ward.h - the verbs of the ward command.
 */
#ifndef WARD_COMMAND_H
#define WARD_COMMAND_H

/* Exit statuses. Odd ones below 256 belong to the test device alone while a
 * guest runs, so that a script can tell them apart. */
#define STATUS_OK	0
#define STATUS_CANNOT	1	/* ward probe, ward list: not here */
#define STATUS_USAGE	2
#define STATUS_NO_START	4
#define STATUS_TIMEOUT	124
#define STATUS_DIED	126
#define STATUS_QUIT	130	/* Ctrl-A x */

/**
 * verb_run(), verb_probe(), verb_list() - one file each
 * @argc, @argv: from the verb on; argv[0] is "ward VERB"
 *
 * Return: exit status.
 */
int verb_run(int argc, char **argv);
int verb_probe(int argc, char **argv);
int verb_list(int argc, char **argv);

/**
 * open_device() - /dev/ward, or a sentence on what to do about its absence
 *
 * Return: descriptor, or -errno.
 */
int open_device(void);

#endif
