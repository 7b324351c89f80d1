/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * internal.h - what the files of libward share: the two handles.
 */
#ifndef WARD_LIB_INTERNAL_H
#define WARD_LIB_INTERNAL_H

#include "libward.h"

/**
 * struct ward_ram_region - RAM that ward_add_ram() added
 * @gpa: first guest-physical address
 * @bytes: length
 * @prot: WARD_PROT_* that the guest has
 * @host: where it is mapped here
 */
struct ward_ram_region {
	__u64 gpa;
	__u64 bytes;
	__u32 prot;
	char *host;
};

struct ward_vm {
	int fd;
	int ram_fd;		/* -1: no RAM yet */
	__u64 ram_bytes;	/* length of that file */
	struct ward_ram_region *regions;
	unsigned int region_count;
};

struct ward_vcpu {
	int fd;
	struct ward_vm *vm;
	struct ward_run *run;
};

/**
 * ward_call() - ioctl() that returns -errno
 */
int ward_call(int fd, unsigned long number, void *argument);

/**
 * ward_guest_ram() - like ward_ram(), and with @write only where the guest
 * itself may write
 */
void *ward_guest_ram(const struct ward_vm *vm, __u64 gpa, __u64 bytes,
		     int write);

/**
 * ward_free_ram() - unmap all regions and close the file
 */
void ward_free_ram(struct ward_vm *vm);

#endif
