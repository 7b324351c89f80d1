// SPDX-License-Identifier: GPL-2.0-only
/*
 * inject_device.c - failing allocations in the calls on /dev/ward, and where
 * its descriptors come and go.
 */
#include "inject.h"

static int device;

static const struct ward_create_vm plain = { .size = sizeof(plain) };
static const struct ward_create_vm named = {
	.size = sizeof(named), .flags = WARD_VM_LAPIC | WARD_VM_HYPERCALLS, .name = "injected",
};

static void open_it(void)
{
	INJECT(i, "open /dev/ward") {
		int fd = (int)INJECTED(&i, ({
			int got = open(WARD_DEVICE_PATH, O_RDWR | O_CLOEXEC);

			got < 0 ? -errno : got;
		}));

		if (fd < 0)
			fd = open_device();
		close(fd);
	}
}

static void close_it(void)
{
	INJECT(i, "close /dev/ward") {
		int fd = open_device();

		i.idle = true;
		CHECK_EQ(INJECTED(&i, close(fd)), 0);
	}
}

static void probe(void)
{
	device = open_device();
	INJECT(i, "WARD_PROBE") {
		struct ward_probe args = { .size = sizeof(args) };

		if (INJECTED(&i, call(device, WARD_PROBE, &args)) < 0) {
			args = (struct ward_probe){ .size = sizeof(args) };
			REQUIRE_EQ(call(device, WARD_PROBE, &args), 0);
		}
		CHECK_EQ(args.max_vcpus, WARD_MAX_VCPUS);
	}
}

/* One sweep of WARD_CREATE_VM; @others VMs of the user are there before. */
static void create(const char *name, const struct ward_create_vm *args, int others)
{
	INJECT(i, name) {
		int fd = (int)INJECTED(&i, call(device, WARD_CREATE_VM, args));

		if (fd < 0) {
			CHECK_EQ(inject_count_vms(), others);
			fd = call(device, WARD_CREATE_VM, args);
		}
		REQUIRE(fd >= 0);
		CHECK_EQ(inject_count_vms(), others + 1);
		close(fd);
	}
}

static void create_vm(void)
{
	device = open_device();
	create("WARD_CREATE_VM", &plain, 0);
}

static void create_vm_named(void)
{
	device = open_device();
	create("WARD_CREATE_VM, named, LAPIC", &named, 0);
}

/* The user is known, and VMX is on. */
static void create_vm_second(void)
{
	struct ward_vm *first;

	device = open_device();
	first = make_vm(device, NULL, 0);
	create("WARD_CREATE_VM, a second one", &named, 1);
	ward_close_vm(first);
}

/* The table of descriptors of a process grows once: each time in a new one. */
static void grow_by_vm(struct injection *i)
{
	int fd;

	for (fd = 0; fd >= 0 && fd < 63;) {
		fd = dup(device);
		REQUIRE(fd >= 0);
	}
	fd = (int)INJECTED(i, call(device, WARD_CREATE_VM, &plain));
	if (fd < 0) {
		CHECK_EQ(inject_count_vms(), 0);
		fd = call(device, WARD_CREATE_VM, &plain);
	}
	REQUIRE_EQ(fd, 64);
	CHECK_EQ(inject_count_vms(), 1);
}

static void create_vm_many_fds(void)
{
	device = open_device();
	INJECT(i, "WARD_CREATE_VM, 65th descriptor")
		inject_in_child(&i, grow_by_vm);
}

static void open_vm(void)
{
	struct ward_open_vm args = { .size = sizeof(args), .uid = -1u, .name = "injected" };
	struct ward_vm *vm;

	device = open_device();
	vm = make_vm(device, named.name, named.flags);
	INJECT(i, "WARD_OPEN_VM") {
		int fd = (int)INJECTED(&i, call(device, WARD_OPEN_VM, &args));
		struct ward_get_info info = { .size = sizeof(info) };

		if (fd < 0)
			fd = call(device, WARD_OPEN_VM, &args);
		REQUIRE(fd >= 0);
		CHECK_EQ(call(fd, WARD_GET_INFO, &info), 0);
		CHECK(!strcmp(info.info.name, named.name));
		close(fd);
	}
	ward_close_vm(vm);
}

static void list(void)
{
	static struct ward_vm_info infos[4096];
	struct ward_vm *vms[3];
	unsigned int v;

	device = open_device();
	for (v = 0; v < ARRAY_SIZE(vms); v++)
		vms[v] = make_vm(device, NULL, 0);
	INJECT(i, "WARD_LIST, room for 4096") {
		struct ward_list args = {
			.size = sizeof(args), .entries = (uintptr_t)infos, .capacity = 4096,
		};

		if (INJECTED(&i, call(device, WARD_LIST, &args)) < 0) {
			args.capacity = 4096;
			REQUIRE_EQ(call(device, WARD_LIST, &args), 0);
		}
		CHECK_EQ(args.count, ARRAY_SIZE(vms));
	}
	for (v = 0; v < ARRAY_SIZE(vms); v++)
		ward_close_vm(vms[v]);
}

/* The last descriptor of a VM with memory from a file, tables and a vCPU's past. */
static void close_last(const char *name, bool is_vcpu)
{
	INJECT(i, name) {
		struct guest g;
		int fd, file;

		touch_make(&g);
		file = memfd_create(INJECT_FILE, MFD_CLOEXEC);
		REQUIRE(file >= 0);
		REQUIRE_EQ(ftruncate(file, 2 * HUGE), 0);
		REQUIRE_EQ(map_one(g.vm, (struct ward_map_op){
			.op = WARD_MAP_ADD, .prot = WARD_PROT_ALL, .source = WARD_MAP_FROM_FD,
			.fd = file, .gpa = AREA_AT, .bytes = 2 * HUGE }), 0);
		touch_write(&g, AREA_AT, 1);
		/* libward's handle closes its own; this one is then the last. */
		fd = dup(is_vcpu ? ward_vcpu_fd(g.vcpu) : ward_vm_fd(g.vm));
		guest_free(&g);
		CHECK_EQ(inject_count_vms(), 1);
		i.idle = true;
		CHECK_EQ(INJECTED(&i, close(fd)), 0);
		CHECK_EQ(inject_count_vms(), 0);
		inject_unmap_left(&i, 2 * HUGE);
		close(file);
	}
}

static void close_vm(void)
{
	close_last("close, the last of a VM", false);
}

static void close_vm_by_vcpu(void)
{
	close_last("close, a vCPU as the last of a VM", true);
}

static void debugfs(void)
{
	struct ward_vm *vm;
	char path[160], text[4096];
	struct ward_vm_info info;

	device = open_device();
	vm = make_vm(device, named.name, 0);
	REQUIRE_EQ(ward_get_info(vm, &info), 0);
	snprintf(path, sizeof(path), "/sys/kernel/debug/ward/%llu-%s", info.id, info.name);
	INJECT(i, "open in debugfs") {
		int fd = (int)INJECTED(&i, ({
			int got = open(path, O_RDONLY | O_CLOEXEC);

			got < 0 ? -errno : got;
		}));

		if (fd < 0)
			fd = open(path, O_RDONLY | O_CLOEXEC);
		REQUIRE(fd >= 0);
		close(fd);
	}
	INJECT(i, "read in debugfs") {
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		long got;

		REQUIRE(fd >= 0);
		got = INJECTED(&i, ({
			ssize_t bytes = read(fd, text, sizeof(text));

			bytes < 0 ? -errno : bytes;
		}));
		if (got < 0)
			got = pread(fd, text, sizeof(text), 0);
		CHECK(got > 100);
		close(fd);
	}
	ward_close_vm(vm);
}

static const struct test tests[] = {
	{ "open_it", open_it },
	{ "close_it", close_it },
	{ "probe", probe },
	{ "create_vm", create_vm },
	{ "create_vm_named", create_vm_named },
	{ "create_vm_second", create_vm_second },
	{ "create_vm_many_fds", create_vm_many_fds },
	{ "open_vm", open_vm },
	{ "list", list },
	{ "close_vm", close_vm },
	{ "close_vm_by_vcpu", close_vm_by_vcpu },
	{ "debugfs", debugfs },
};

INJECT_MAIN(tests)
