/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * loader.h - what to boot: puts an image into a new machine's RAM and sets
 * its first vCPU to begin there.
 *
 * Images may be garbage: every length and address in them is checked, and
 * what is wrong is said on stderr.
 */
#ifndef WARD_LOADER_LOADER_H
#define WARD_LOADER_LOADER_H

#include "machine/machine.h"

/**
 * load_linux() - a Linux bzImage, by the 64-bit boot protocol
 * @machine: just created
 * @kernel: path
 * @initrd: path, or NULL
 * @append: command line, or NULL
 *
 * Return: 0; -errno, after having said what is wrong.
 */
int load_linux(struct machine *machine, const char *kernel, const char *initrd,
	       const char *append);

/**
 * load_multiboot() - a Multiboot 1 image: ELF32, or flat with addresses
 * @machine: just created
 * @image: path
 * @modules: paths
 * @module_count: how many
 * @append: the whole command line, or NULL
 *
 * Return: 0; -errno, after having said what is wrong.
 */
int load_multiboot(struct machine *machine, const char *image,
		   const char *const *modules, unsigned int module_count,
		   const char *append);

#endif
