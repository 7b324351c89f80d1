// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * memory.c - guest RAM: one sparse memfd, its regions, access by address.
 *
 * The offset in the file equals the guest-physical address. Each region is a
 * mapping of its part of the file; the kernel follows those mappings, so
 * whatever the host does to them (madvise, swap, huge pages) reaches the
 * guest.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "internal.h"

#define HUGE_PAGE	0x200000ull
#define PAGE		0x1000ull

/* Where in the address space a region may lie is the kernel's choice, except
 * that host and guest must agree modulo 2 MiB for huge pages to fit. */
static char *map_aligned(int fd, __u64 gpa, __u64 bytes)
{
	__u64 reserved = bytes + HUGE_PAGE, skip;
	char *start, *host;

	start = mmap(NULL, reserved, PROT_NONE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (start == MAP_FAILED)
		return NULL;
	skip = (gpa - (uintptr_t)start) & (HUGE_PAGE - 1);
	host = mmap(start + skip, bytes, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_FIXED | MAP_NORESERVE, fd, (off_t)gpa);
	if (host == MAP_FAILED) {
		munmap(start, reserved);
		return NULL;
	}
	if (skip)
		munmap(start, skip);
	munmap(host + bytes, reserved - skip - bytes);
	/* Advice only: without huge pages for shared memory it has no effect. */
	madvise(host, bytes, MADV_HUGEPAGE);
	return host;
}

/* A file that covers [0, end); it only ever grows. */
static int ram_file(struct ward_vm *vm, __u64 end)
{
	if (vm->ram_fd < 0) {
		vm->ram_fd = memfd_create("ward-ram", MFD_CLOEXEC);
		if (vm->ram_fd < 0)
			return -errno;
	}
	if (end > vm->ram_bytes) {
		if (ftruncate(vm->ram_fd, (off_t)end))
			return -errno;
		vm->ram_bytes = end;
	}
	return 0;
}

int ward_add_ram(struct ward_vm *vm, __u64 gpa, __u64 bytes, __u32 prot)
{
	struct ward_map_op op = {
		.op = WARD_MAP_ADD,
		.prot = prot,
		.source = WARD_MAP_FROM_ADDRESS,
		.fd = -1,
		.gpa = gpa,
		.bytes = bytes,
	};
	struct ward_ram_region *regions;
	char *host;
	int error;

	if (!bytes || (gpa | bytes) & (PAGE - 1) || gpa > INT64_MAX - bytes)
		return -EINVAL;
	regions = realloc(vm->regions,
			  (vm->region_count + 1) * sizeof(*regions));
	if (!regions)
		return -ENOMEM;
	vm->regions = regions;

	error = ram_file(vm, gpa + bytes);
	if (error)
		return error;
	host = map_aligned(vm->ram_fd, gpa, bytes);
	if (!host)
		return -ENOMEM;

	op.origin = (uintptr_t)host;
	error = ward_map(vm, &op, 1, NULL);
	if (error) {
		munmap(host, bytes);
		return error;
	}
	vm->regions[vm->region_count++] = (struct ward_ram_region){
		.gpa = gpa,
		.bytes = bytes,
		.prot = prot,
		.host = host,
	};
	return 0;
}

void ward_free_ram(struct ward_vm *vm)
{
	unsigned int i;

	for (i = 0; i < vm->region_count; i++)
		munmap(vm->regions[i].host, vm->regions[i].bytes);
	free(vm->regions);
	vm->regions = NULL;
	vm->region_count = 0;
	if (vm->ram_fd >= 0)
		close(vm->ram_fd);
	vm->ram_fd = -1;
}

int ward_ram_fd(const struct ward_vm *vm)
{
	return vm->ram_fd < 0 ? -ENOENT : vm->ram_fd;
}

static const struct ward_ram_region *find_region(const struct ward_vm *vm,
						 __u64 gpa)
{
	unsigned int i;

	for (i = 0; i < vm->region_count; i++)
		if (gpa - vm->regions[i].gpa < vm->regions[i].bytes)
			return &vm->regions[i];
	return NULL;
}

void *ward_guest_ram(const struct ward_vm *vm, __u64 gpa, __u64 bytes,
		     int write)
{
	const struct ward_ram_region *region = find_region(vm, gpa);

	if (!region || bytes > region->bytes - (gpa - region->gpa))
		return NULL;
	if (write && !(region->prot & WARD_PROT_WRITE))
		return NULL;
	return region->host + (gpa - region->gpa);
}

void *ward_ram(const struct ward_vm *vm, __u64 gpa, __u64 bytes)
{
	return ward_guest_ram(vm, gpa, bytes, 0);
}

/* How much of a range is in the region where it begins; *host is there. */
static size_t chunk(const struct ward_vm *vm, __u64 gpa, size_t bytes,
		    char **host)
{
	const struct ward_ram_region *region = find_region(vm, gpa);
	__u64 left;

	if (!region)
		return 0;
	left = region->bytes - (gpa - region->gpa);
	*host = region->host + (gpa - region->gpa);
	return left < bytes ? (size_t)left : bytes;
}

int ward_read_gpa(const struct ward_vm *vm, __u64 gpa, void *buffer,
		  size_t bytes)
{
	char *to = buffer, *host;
	size_t length;

	for (; bytes; bytes -= length, gpa += length, to += length) {
		length = chunk(vm, gpa, bytes, &host);
		if (!length)
			return -EFAULT;
		memcpy(to, host, length);
	}
	return 0;
}

int ward_write_gpa(struct ward_vm *vm, __u64 gpa, const void *buffer,
		   size_t bytes)
{
	const char *from = buffer;
	size_t length, done;
	char *host;

	for (done = 0; done < bytes; done += length) {
		length = chunk(vm, gpa + done, bytes - done, &host);
		if (!length)
			return -EFAULT;
	}
	for (done = 0; done < bytes; done += length) {
		length = chunk(vm, gpa + done, bytes - done, &host);
		memcpy(host, from + done, length);
	}
	return 0;
}
