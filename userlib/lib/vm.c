// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * vm.c - the calls on /dev/ward and on a VM's descriptor.
 *
 * One function is one ioctl; nothing is decided here. RAM is in memory.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "internal.h"

#ifndef WARD_VERSION
#define WARD_VERSION "0"
#endif

const char *ward_version(void)
{
	return WARD_VERSION;
}

int ward_call(int fd, unsigned long number, void *argument)
{
	int result = ioctl(fd, number, argument);

	return result < 0 ? -errno : result;
}

/* Kernel names are fixed arrays: too long is an error, never a cut. */
static int copy_name(char to[WARD_NAME_BYTES], const char *name)
{
	if (!name)
		return 0;
	if (strlen(name) >= WARD_NAME_BYTES)
		return -ENAMETOOLONG;
	strcpy(to, name);
	return 0;
}

int ward_open(void)
{
	int fd = open(WARD_DEVICE_PATH, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int ward_probe(int device, struct ward_probe *probe)
{
	memset(probe, 0, sizeof(*probe));
	probe->size = sizeof(*probe);
	return ward_call(device, WARD_PROBE, probe);
}

/* Takes over @fd, also on error. */
static int new_vm(int fd, struct ward_vm **out)
{
	struct ward_vm *vm = calloc(1, sizeof(*vm));

	if (!vm) {
		close(fd);
		return -ENOMEM;
	}
	vm->fd = fd;
	vm->ram_fd = -1;
	*out = vm;
	return 0;
}

int ward_create_vm(int device, const char *name, __u32 flags,
		   struct ward_vm **vm)
{
	struct ward_create_vm create = {
		.size = sizeof(create),
		.flags = flags,
	};
	int fd, error = copy_name(create.name, name);

	if (error)
		return error;
	fd = ward_call(device, WARD_CREATE_VM, &create);
	return fd < 0 ? fd : new_vm(fd, vm);
}

int ward_open_vm(int device, const char *name, __u32 uid, struct ward_vm **vm)
{
	struct ward_open_vm request = {
		.size = sizeof(request),
		.uid = uid,
	};
	int fd, error = copy_name(request.name, name);

	if (error)
		return error;
	fd = ward_call(device, WARD_OPEN_VM, &request);
	return fd < 0 ? fd : new_vm(fd, vm);
}

void ward_close_vm(struct ward_vm *vm)
{
	if (!vm)
		return;
	close(vm->fd);
	ward_free_ram(vm);
	free(vm);
}

int ward_list(int device, struct ward_vm_info *entries, __u32 capacity)
{
	struct ward_list list = {
		.size = sizeof(list),
		.entries = (uintptr_t)entries,
		.capacity = capacity,
	};
	int error = ward_call(device, WARD_LIST, &list);

	return error ? error : (int)list.count;
}

int ward_vm_fd(const struct ward_vm *vm)
{
	return vm->fd;
}

int ward_get_info(struct ward_vm *vm, struct ward_vm_info *info)
{
	struct ward_get_info get = { .size = sizeof(get) };
	int error = ward_call(vm->fd, WARD_GET_INFO, &get);

	if (!error)
		*info = get.info;
	return error;
}

int ward_map(struct ward_vm *vm, const struct ward_map_op *ops, __u32 count,
	     __u32 *failed)
{
	struct ward_map map = {
		.size = sizeof(map),
		.ops = (uintptr_t)ops,
		.count = count,
	};
	int error = ward_call(vm->fd, WARD_MAP, &map);

	if (error && failed)
		*failed = map.failed;
	return error;
}

int ward_msi(struct ward_vm *vm, __u64 address, __u32 data)
{
	struct ward_msi msi = {
		.size = sizeof(msi),
		.address = address,
		.data = data,
	};

	return ward_call(vm->fd, WARD_MSI, &msi);
}

int ward_pause(struct ward_vm *vm)
{
	return ward_call(vm->fd, WARD_PAUSE, NULL);
}

int ward_resume(struct ward_vm *vm)
{
	return ward_call(vm->fd, WARD_RESUME, NULL);
}

int ward_get_clock(struct ward_vm *vm, struct ward_clock *clock)
{
	memset(clock, 0, sizeof(*clock));
	clock->size = sizeof(*clock);
	return ward_call(vm->fd, WARD_GET_CLOCK, clock);
}

int ward_set_clock(struct ward_vm *vm, __u64 guest_tsc, __u64 host_tsc)
{
	struct ward_clock clock = {
		.size = sizeof(clock),
		.guest_tsc = guest_tsc,
		.host_tsc = host_tsc,
	};

	return ward_call(vm->fd, WARD_SET_CLOCK, &clock);
}

int ward_get_stats(struct ward_vm *vm, __u64 *values, __u32 capacity)
{
	struct ward_get_stats get = {
		.size = sizeof(get),
		.values = (uintptr_t)values,
		.capacity = capacity,
	};
	int error;

	memset(values, 0, capacity * sizeof(*values));
	error = ward_call(vm->fd, WARD_GET_STATS, &get);
	return error ? error : (int)get.count;
}

int ward_get_cpuid(struct ward_vm *vm, struct ward_cpuid_entry *entries,
		   __u32 capacity)
{
	struct ward_cpuid cpuid = {
		.size = sizeof(cpuid),
		.entries = (uintptr_t)entries,
		.count = capacity,
	};
	int error = ward_call(vm->fd, WARD_GET_CPUID, &cpuid);

	return error ? error : (int)cpuid.count;
}

int ward_set_cpuid(struct ward_vm *vm, const struct ward_cpuid_entry *entries,
		   __u32 count)
{
	struct ward_cpuid cpuid = {
		.size = sizeof(cpuid),
		.entries = (uintptr_t)entries,
		.count = count,
	};

	return ward_call(vm->fd, WARD_SET_CPUID, &cpuid);
}
