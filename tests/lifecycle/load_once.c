// SPDX-License-Identifier: GPL-2.0-only
/*
 * load_once.c - loads the module as insmod does, but tries only once: busybox's
 * tries a second call if the first one fails, whatever of.
 *
 *	load_once [PARAMETERS]
 *
 * Prints the error's name, if any.
 */
#include "life.h"

int main(int argc, char **argv)
{
	int error = module_load(argc > 1 ? argv[1] : "");

	if (!error)
		return 0;
	puts(strerrorname_np(-error));
	return 1;
}
