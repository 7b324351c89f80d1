// SPDX-License-Identifier: GPL-2.0-only
/*
 * unload_race_test.c - the module is unloaded while others open its device and
 * make VMs: it goes only when nobody has anything of it.
 */
#include "life.h"

static atomic_bool stop;
static atomic_uint opens, vms, absent;

/* Opens and closes, and now and then has a VM. */
static void *user(void *context)
{
	unsigned int n = (unsigned int)(uintptr_t)context;
	struct ward_vm *vm;
	int device, error;
	double begin;

	while (!stop) {
		begin = now();
		device = open(WARD_DEVICE_PATH, O_RDWR | O_CLOEXEC);
		if (device < 0) {
			/* It goes or comes just now. */
			if (errno != ENOENT && errno != ENODEV && errno != ENXIO)
				test_fail(__LINE__, "open: %s", strerror(errno));
			absent++;
			sleep_ms(1);
			continue;
		}
		opens++;
		if (++n % 4 == 0) {
			error = ward_create_vm(device, NULL, 0, &vm);
			if (!error) {
				vms++;
				ward_close_vm(vm);
			} else {
				test_fail(__LINE__, "WARD_CREATE_VM: %d", error);
			}
		}
		close(device);
		/* Two times as long as the use took, or it would never be found unused. */
		sleep_ms((unsigned int)((now() - begin) * 2000) + n * 7 % 12);
	}
	return NULL;
}

static void opens_and_unloads(void)
{
	unsigned int wanted = times(30, 300), unloaded = 0, refused = 0;
	double until = now() + times(60, 600);
	pthread_t users[3];
	uintptr_t i;
	int error;

	need_root();
	for (i = 0; i < ARRAY_SIZE(users); i++)
		users[i] = start_thread(user, (void *)i);
	while (unloaded < wanted && now() < until && !test_state->failed) {
		error = module_unload();
		if (error) {
			if (error != -EAGAIN && error != -EBUSY)
				test_fail(__LINE__, "unloading: %s", strerror(-error));
			refused++;
			sched_yield();
			continue;
		}
		unloaded++;
		error = module_load("");
		if (error)
			test_fail(__LINE__, "loading: %s", strerror(-error));
	}
	stop = true;
	for (i = 0; i < ARRAY_SIZE(users); i++)
		join_thread(users[i]);
	note("%u unloads, %u refused; %u opens, %u VMs, %u times no device", unloaded, refused,
	     opens, vms, absent);
	/* Both sides had their share. */
	CHECK(unloaded >= wanted / 2);
	CHECK(refused && opens && vms && absent);
	CHECK(!access(WARD_DEVICE_PATH, F_OK));
}

static void refused_while_alive(void)
{
	unsigned int i, count = times(200, 5000);
	struct counting c;

	need_root();
	counting_start(&c);
	for (i = 0; i < count; i++) {
		int error = module_unload();

		if (error != -EAGAIN && error != -EBUSY) {
			test_fail(__LINE__, "unloading with a VM alive: %d", error);
			return;
		}
	}
	CHECK(counts_on(&c));
	counting_end(&c);
	CHECK_EQ(module_unload(), 0);
	REQUIRE_EQ(module_load(""), 0);
}

static const struct test tests[] = {
	{ "opens_and_unloads", opens_and_unloads },
	{ "refused_while_alive", refused_while_alive },
};

TEST_MAIN(tests)
