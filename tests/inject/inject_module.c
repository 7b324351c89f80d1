// SPDX-License-Identifier: GPL-2.0-only
/*
 * inject_module.c - failing allocations while the module is loaded and while it
 * is unloaded. The module is the one of WARD_KO, else /ward/ward.ko.
 *
 * Most of what loading allocates is the kernel's own. WARD_INJECT_LAST in the
 * environment says how many of the last allocations are enough.
 */
#include <sys/syscall.h>
#include "inject.h"

static const char *path;
static int file;

static long load(const char *parameters)
{
	return syscall(SYS_finit_module, file, parameters, 0) ? -errno : 0;
}

static long unload(void)
{
	return syscall(SYS_delete_module, "ward", O_NONBLOCK) ? -errno : 0;
}

static bool is_there(void)
{
	return !access(WARD_DEVICE_PATH, R_OK | W_OK) && !access("/sys/module/ward", F_OK);
}

static bool is_gone(void)
{
	return access(WARD_DEVICE_PATH, F_OK) && access("/sys/module/ward", F_OK) &&
	       access("/sys/kernel/debug/ward", F_OK);
}

/* A VM can be made, and a vCPU; a guest runs. */
static void works(void)
{
	struct guest g;

	touch_make(&g);
	touch_write(&g, 0x30000, 0x42);
	CHECK_EQ(*guest_u64(&g, 0x30000), 0x42);
	guest_free(&g);
}

static void setup(void)
{
	need_root();
	path = getenv("WARD_KO") ? : "/ward/ward.ko";
	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		test_skip("there is no ward.ko to load; say where with WARD_KO=");
	REQUIRE_EQ(unload(), 0);
}

/* How many allocations a load makes. */
static unsigned int count(const char *parameters)
{
	struct injection i = inject_begin("count");
	char left[16] = "";

	inject_write(inject_nth, 1000000);
	REQUIRE_EQ(load(parameters), 0);
	REQUIRE(pread(inject_nth, left, sizeof(left) - 1, 0) > 0);
	inject_write(inject_nth, 0);
	REQUIRE_EQ(unload(), 0);
	(void)i;
	return 1000000 - (unsigned int)atoi(left);
}

static void load_with(const char *name, const char *parameters)
{
	const char *last = getenv("WARD_INJECT_LAST");
	unsigned int all, begin = 1;

	setup();
	all = count(parameters);
	note("%s: %u allocations", name, all);
	if (last && (unsigned int)atoi(last) < all)
		begin = all - (unsigned int)atoi(last);
	INJECT(i, name) {
		long result;

		i.first = begin;
		result = INJECTED(&i, load(parameters));
		if (result < 0) {
			CHECK(is_gone());
			REQUIRE_EQ(load(parameters), 0);
		}
		CHECK(is_there());
		works();
		REQUIRE_EQ(unload(), 0);
		CHECK(is_gone());
	}
	REQUIRE_EQ(load(""), 0);
}

static void load_plain(void)
{
	load_with("load", "");
}

static void load_holding(void)
{
	load_with("load, hold_vmx=1", "hold_vmx=1");
}

static void unload_it(void)
{
	setup();
	INJECT(i, "unload") {
		i.idle = true;
		REQUIRE_EQ(load(""), 0);
		works();
		CHECK_EQ(INJECTED(&i, unload()), 0);
		CHECK(is_gone());
	}
	REQUIRE_EQ(load(""), 0);
}

static const struct test tests[] = {
	{ "load_plain", load_plain },
	{ "load_holding", load_holding },
	{ "unload_it", unload_it },
};

INJECT_MAIN(tests)
