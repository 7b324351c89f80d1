// SPDX-License-Identifier: GPL-2.0-only
/*
 * device_test.c - the calls on /dev/ward: probe, names of VMs, limits, and the
 * rules of the structures. Who sees whose VMs is in list_test.c.
 */
#include <fcntl.h>
#include <sys/resource.h>
#include "ward_abi.h"

static int raw_create(int device, const char *name, size_t bytes, __u32 flags)
{
	struct ward_create_vm create = { .size = sizeof(create), .flags = flags };

	memcpy(create.name, name, bytes);
	return call(device, WARD_CREATE_VM, &create);
}

static void info_of(int vm, struct ward_vm_info *info)
{
	struct ward_get_info get = { .size = sizeof(get) };

	REQUIRE_EQ(call(vm, WARD_GET_INFO, &get), 0);
	*info = get.info;
}

static void probe(void)
{
	const __u64 known = WARD_CAP_LAPIC | WARD_CAP_HYPERCALLS | WARD_CAP_MAP_FD |
			    WARD_CAP_HUGE_2M | WARD_CAP_OPEN_BY_NAME | WARD_CAP_DUMP;
	struct ward_probe p;

	memset(&p, 0xa5, sizeof(p));
	p.size = sizeof(p);
	p.flags = 0;
	p.reserved = 0;
	REQUIRE_EQ(call(open_device(), WARD_PROBE, &p), 0);
	CHECK_EQ(p.size, sizeof(p));
	CHECK_EQ(p.flags, 0);
	CHECK_EQ(p.reserved, 0);
	CHECK_EQ(p.capabilities & ~known, 0);
	CHECK_EQ(p.max_vcpus, WARD_MAX_VCPUS);
	CHECK_EQ(p.run_page_bytes, WARD_RUN_PAGE_BYTES);
	CHECK(p.tsc_khz > 1000 && p.tsc_khz < 100000000);
	/* A revision without bit 31, and the VMCS fits a page. */
	CHECK(p.vmx_msrs[0] && !(p.vmx_msrs[0] >> 31 & 1));
	CHECK((p.vmx_msrs[0] >> 32 & 0x1fff) <= 4096);
	CHECK(p.vmx_msrs[0x48b - 0x480] >> 32 & 2);	/* EPT can be used */
	CHECK(memchr(p.owner, 0, sizeof(p.owner)) != NULL);
	if (p.vmx_owner != WARD_VMX_OTHER)
		CHECK_EQ(p.owner[0], 0);
}

static void probe_owner(void)
{
	struct ward_vm_info one;
	struct ward_probe p;
	struct ward_vm *vm;
	int device = open_device();

	need_root();		/* only root knows that there is no VM */
	if (ward_list(device, &one, 1))
		test_skip("there are VMs");
	REQUIRE_EQ(ward_probe(device, &p), 0);
	CHECK_EQ(p.vmx_owner, WARD_VMX_FREE);
	vm = make_vm(device, NULL, 0);
	REQUIRE_EQ(ward_probe(device, &p), 0);
	CHECK_EQ(p.vmx_owner, WARD_VMX_WARD);
	ward_close_vm(vm);
	REQUIRE_EQ(ward_probe(device, &p), 0);
	CHECK_EQ(p.vmx_owner, WARD_VMX_FREE);
}

static void names_valid(void)
{
	static const char * const names[] = {
		"a", "Z", "0", "_", "_x", "a-", "a.", "A.b_c-9", "vm-7", "a..",
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_",
	};
	struct ward_vm_info info;
	int device = open_device(), fd;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		fd = raw_create(device, names[i], strlen(names[i]), 0);
		if (fd < 0) {
			CHECK_NAMED(fd, 0, names[i]);
			continue;
		}
		info_of(fd, &info);
		CHECK(!strcmp(info.name, names[i]));
		close(fd);
	}
	/* What is behind the NUL is nobody's business. */
	fd = raw_create(device, "short\0-/ ", 10, 0);
	REQUIRE(fd >= 0);
	info_of(fd, &info);
	CHECK(!strcmp(info.name, "short"));
}

static void names_invalid(void)
{
	static const char * const names[] = {
		".", "..", ".a", "-", "-a", "a b", " a", "a/b", "/", "a\n", "a\t", "a:b",
		"a*", "\x7f", "\x01", "a\xff", "\xc3\xa4", "\xe4", "a\\b", "a\"b", "a%n", "@",
		"[", "`", "{",
	};
	char full[WARD_NAME_BYTES];
	int device = open_device();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		CHECK_NAMED(raw_create(device, names[i], strlen(names[i]), 0), -EINVAL, names[i]);
	memset(full, 'x', sizeof(full));
	CHECK_NAMED(raw_create(device, full, sizeof(full), 0), -EINVAL, "no NUL");
}

static void names_made(void)
{
	struct ward_vm_info a, b, c;
	int device = open_device(), fd[3];
	char next[WARD_NAME_BYTES];
	unsigned long number;
	char *end;

	fd[0] = raw_create(device, "", 0, 0);
	REQUIRE(fd[0] >= 0);
	info_of(fd[0], &a);
	CHECK(!strncmp(a.name, "vm-", 3));
	number = strtoul(a.name + 3, &end, 10);
	CHECK(end > a.name + 3 && !*end);

	/* A made name must not collide with one that was given. */
	snprintf(next, sizeof(next), "vm-%lu", number + 2);
	fd[1] = raw_create(device, next, strlen(next), 0);
	REQUIRE(fd[1] >= 0);
	info_of(fd[1], &b);
	fd[2] = raw_create(device, "", 0, 0);
	REQUIRE(fd[2] >= 0);
	info_of(fd[2], &c);
	CHECK(strcmp(a.name, c.name) && strcmp(b.name, c.name));
	CHECK(a.id != b.id && b.id != c.id && a.id != c.id);
}

static void names_unique(void)
{
	int device = open_device();
	int first = raw_create(device, "twin", 4, 0), second;

	REQUIRE(first >= 0);
	CHECK_EQ(raw_create(device, "twin", 4, 0), -EEXIST);
	CHECK_EQ(raw_create(device, "twin", 4, WARD_VM_LAPIC), -EEXIST);
	second = raw_create(device, "Twin", 4, 0);
	CHECK(second >= 0);
	close(first);
	first = raw_create(device, "twin", 4, 0);
	CHECK(first >= 0);
}

static void create_flags(void)
{
	const __u32 known = WARD_VM_LAPIC | WARD_VM_HYPERCALLS;
	int device = open_device(), fd;
	__u32 flags;

	for (flags = 0; flags <= known; flags++) {
		fd = raw_create(device, "", 0, flags);
		CHECK(fd >= 0);
		CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
		close(fd);
	}
	CHECK_EQ(raw_create(device, "", 0, known + 1), -EINVAL);
	CHECK_EQ(raw_create(device, "", 0, ~0u), -EINVAL);
}

/* Sets a module parameter; returns its old value. */
static unsigned int set_parameter(const char *name, unsigned int value)
{
	char path[128], text[32] = "";
	int fd;

	snprintf(path, sizeof(path), "/sys/module/ward/parameters/%s", name);
	fd = open(path, O_RDWR);
	if (fd < 0)
		test_skip("a module parameter cannot be set");
	REQUIRE(read(fd, text, sizeof(text) - 1) > 0);
	snprintf(path, sizeof(path), "%u", value);
	REQUIRE(pwrite(fd, path, strlen(path), 0) > 0);
	close(fd);
	return (unsigned int)strtoul(text, NULL, 10);
}

static void limit_vms(void)
{
	static struct ward_vm_info infos[4096];
	int device = open_device(), fd[3], third, have, i;
	unsigned int old, own = 0;

	need_root();
	have = ward_list(device, infos, ARRAY_SIZE(infos));
	REQUIRE(have >= 0);
	for (i = 0; i < have; i++)
		own += infos[i].uid == geteuid();
	old = set_parameter("max_vms_per_user", own + 2);
	fd[0] = raw_create(device, "", 0, 0);
	fd[1] = raw_create(device, "", 0, 0);
	third = raw_create(device, "", 0, 0);
	close(fd[0]);
	fd[2] = raw_create(device, "", 0, 0);
	set_parameter("max_vms_per_user", old);
	CHECK(fd[0] >= 0 && fd[1] >= 0);
	CHECK_EQ(third, -EDQUOT);
	CHECK(fd[2] >= 0);
}

static void limit_vcpus(void)
{
	struct ward_create_vcpu create = { .size = sizeof(create) };
	int device = open_device(), a, b, fd[4];
	unsigned int old;

	need_root();
	if (ward_list(device, NULL, 0))
		test_skip("there are VMs");
	a = raw_create(device, "", 0, 0);
	b = raw_create(device, "", 0, 0);
	REQUIRE(a >= 0 && b >= 0);
	old = set_parameter("max_vcpus_per_user", 2);
	fd[0] = call(a, WARD_CREATE_VCPU, &create);
	fd[1] = call(b, WARD_CREATE_VCPU, &create);
	create.id = 1;
	fd[2] = call(b, WARD_CREATE_VCPU, &create);
	close(fd[0]);
	fd[3] = call(b, WARD_CREATE_VCPU, &create);
	set_parameter("max_vcpus_per_user", old);
	CHECK(fd[0] >= 0 && fd[1] >= 0);
	CHECK_EQ(fd[2], -EDQUOT);
	CHECK(fd[3] >= 0);
}

/* No descriptor of @fd or more can be had. */
static void no_more_files(int fd)
{
	struct rlimit limit;

	REQUIRE_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = (rlim_t)fd;
	REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void files_again(void)
{
	struct rlimit limit;

	REQUIRE_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/*
 * No descriptor is left for what a call made: it has to be undone, with its name
 * and its place in the limits. More often than the limits allow.
 */
static void too_many_files(void)
{
	struct ward_open_vm open = { .size = sizeof(open), .uid = (__u32)-1, .name = "there" };
	struct ward_create_vcpu create = { .size = sizeof(create) };
	int device = open_device(), vm, fd, i;
	unsigned int old[2];

	need_root();
	if (ward_list(device, NULL, 0))
		test_skip("there are VMs");
	old[0] = set_parameter("max_vms_per_user", 2);
	old[1] = set_parameter("max_vcpus_per_user", 2);
	vm = raw_create(device, "there", 5, 0);
	fd = dup(device);
	close(fd);
	no_more_files(fd);
	for (i = 0; i < 4; i++) {
		CHECK_EQ(raw_create(device, "wanted", 6, 0), -EMFILE);
		CHECK_EQ(call(device, WARD_OPEN_VM, &open), -EMFILE);
		CHECK_EQ(call(vm, WARD_CREATE_VCPU, &create), -EMFILE);
		CHECK_EQ(ward_list(device, NULL, 0), 1);
	}
	files_again();
	fd = raw_create(device, "wanted", 6, 0);
	CHECK(fd >= 0);
	close(fd);
	for (i = 0; i < 2; i++) {
		create.id = i;
		CHECK(call(vm, WARD_CREATE_VCPU, &create) >= 0);
	}
	set_parameter("max_vms_per_user", old[0]);
	set_parameter("max_vcpus_per_user", old[1]);
}

/* A descriptor that could not be had holds no VM. */
static void too_many_files_to_open(void)
{
	struct ward_open_vm open = { .size = sizeof(open), .uid = (__u32)-1, .name = "fleeting" };
	int device = open_device(), vm = raw_create(device, "fleeting", 8, 0);

	REQUIRE(vm > device);
	no_more_files(vm + 1);
	CHECK_EQ(call(device, WARD_OPEN_VM, &open), -EMFILE);
	close(vm);
	CHECK_EQ(call(device, WARD_OPEN_VM, &open), -ENOENT);
}

static void rules(void)
{
	static const struct ward_probe probe = { .size = sizeof(probe) };
	static const struct ward_create_vm create = { .size = sizeof(create), .name = "rules" };
	static const struct ward_open_vm open = {
		.size = sizeof(open), .uid = (__u32)-1, .name = "there",
	};
	static const struct ward_list list = { .size = sizeof(list) };
	const struct abi_call calls[] = {
		{ "PROBE", WARD_PROBE, &probe, sizeof(probe),
		  .reserved = offsetof(struct ward_probe, reserved) },
		{ "CREATE_VM", WARD_CREATE_VM, &create, sizeof(create), .makes_fd = true,
		  .flags = WARD_VM_LAPIC | WARD_VM_HYPERCALLS },
		{ "OPEN_VM", WARD_OPEN_VM, &open, sizeof(open), .makes_fd = true,
		  .reserved = offsetof(struct ward_open_vm, reserved) },
		{ "LIST", WARD_LIST, &list, sizeof(list) },
	};
	int device = open_device();
	size_t i;

	make_vm(device, "there", 0);
	for (i = 0; i < ARRAY_SIZE(calls); i++)
		abi_check(device, &calls[i]);
}

static void unknown_numbers(void)
{
	static const unsigned long known[] = {
		WARD_PROBE, WARD_CREATE_VM, WARD_OPEN_VM, WARD_LIST,
	};

	abi_unknown(open_device(), known, ARRAY_SIZE(known));
}

static void no_name_leak(void)
{
	int device = open_device();
	int before, i;

	/* A create that fails must leave nothing behind. */
	before = ward_list(device, NULL, 0);
	for (i = 0; i < 50; i++)
		CHECK_EQ(raw_create(device, ".x", 2, 0), -EINVAL);
	CHECK_EQ(ward_list(device, NULL, 0), before);
}

static void program_of_32_bits(void)
{
	struct ward_probe p = { .size = sizeof(p) }, p64;
	struct ward_create_vm create = { .size = sizeof(create), .name = "narrow" };
	struct ward_get_info get = { .size = sizeof(get) };
	int device = open_device(), fd, got;

	got = call32(device, WARD_PROBE, &p, sizeof(p), &p);
	if (got == -ENOSYS)
		test_skip("the host has no 32-bit system calls");
	REQUIRE_EQ(got, 0);
	REQUIRE_EQ(ward_probe(device, &p64), 0);
	CHECK(!memcmp(p.vmx_msrs, p64.vmx_msrs, sizeof(p.vmx_msrs)));
	CHECK_EQ(p.capabilities, p64.capabilities);
	fd = call32(device, WARD_CREATE_VM, &create, sizeof(create), NULL);
	REQUIRE(fd >= 0);
	CHECK_EQ(call32(fd, WARD_GET_INFO, &get, sizeof(get), &get), 0);
	CHECK(!strcmp(get.info.name, "narrow"));
	CHECK_EQ(call32(fd, WARD_PROBE, &p, sizeof(p), NULL), -ENOTTY);
}

static const struct test tests[] = {
	{ "probe", probe },
	{ "probe_owner", probe_owner },
	{ "names_valid", names_valid },
	{ "names_invalid", names_invalid },
	{ "names_made", names_made },
	{ "names_unique", names_unique },
	{ "create_flags", create_flags },
	{ "limit_vms", limit_vms },
	{ "limit_vcpus", limit_vcpus },
	{ "too_many_files", too_many_files },
	{ "too_many_files_to_open", too_many_files_to_open },
	{ "rules", rules },
	{ "unknown_numbers", unknown_numbers },
	{ "no_name_leak", no_name_leak },
	{ "program_of_32_bits", program_of_32_bits },
};

TEST_MAIN(tests)
