// SPDX-License-Identifier: GPL-2.0-only
/*
 * inject_module.c - failing allocations while the module is loaded and while it
 * is unloaded. The module is the one of WARD_KO, else /ward/ward.ko.
 *
 * Most of what loading allocates is the kernel's own, for the module's sections
 * and trace events; some of that it warns of where it cannot have it, which is
 * no fault of the module. So it begins behind that, with the parameters' folder in
 * sysfs and the module's own start.
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

/* How many allocations a load makes that ends with @result. */
static unsigned int count(const char *parameters, int result)
{
	char left[16] = "";

	(void)inject_begin("count");
	inject_write(inject_nth, 1000000);
	REQUIRE_EQ(load(parameters), result);
	REQUIRE(pread(inject_nth, left, sizeof(left) - 1, 0) > 0);
	inject_write(inject_nth, 0);
	if (!result)
		REQUIRE_EQ(unload(), 0);
	return 1000000 - (unsigned int)atoi(left);
}

static void load_with(const char *name, const char *parameters)
{
	unsigned int all, before;

	setup();
	all = count(parameters, 0);
	/* Parameters are looked at when the trace events are there. */
	before = count("hold_vmx=perhaps", -EINVAL);
	note("%s: %u allocations, %u of them before the parameters", name, all, before);
	REQUIRE(before < all);
	INJECT(i, name) {
		long result;

		i.first = before + 1;
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
		REQUIRE_EQ(load(""), 0);
		works();
		/* The module's name is copied in; nothing of the module can fail. */
		if (INJECTED(&i, unload()) < 0) {
			CHECK(is_there());
			works();
			REQUIRE_EQ(unload(), 0);
		}
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
