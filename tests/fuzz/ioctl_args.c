// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioctl_args.c - every call of ward.h: which errors it may give, how a good
 * argument looks, and how one gets bad.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "ioctl.h"

/* Arrays that arguments point to; per thread, so that they are what they seem. */
static _Thread_local union {
	struct ward_map_op ops[WARD_MAX_MAP_OPS];
	struct ward_reg regs[WARD_MAX_REGS];
	struct ward_cpuid_entry cpuid[WARD_MAX_CPUID];
	struct ward_vm_info infos[64];
	unsigned char bytes[65536];
} array __attribute__((aligned(64)));

/* -------------------------------------------------------- good arguments */

static void random_name(struct rng *r, char *name)
{
	/* Few, so that they meet. */
	static const char * const names[] = {
		"", "a", "b", "fuzz", "A.b_c-9", "0", "vm-1", "vm-2", "vm-18446744073709551615",
		".hidden", "-dash", "sl/ash", "sp ace", "uml\xc3\xa4ut", "new\nline", "%s%n",
	};
	unsigned int i;

	memset(name, 0, WARD_NAME_BYTES);
	if (one_in(r, 8)) {
		for (i = 0; i < WARD_NAME_BYTES; i++)
			name[i] = one_in(r, 30) ? (char)rnd(r) : (char)('a' + below(r, 26));
		if (!one_in(r, 4))
			name[WARD_NAME_BYTES - 1] = 0;
		return;
	}
	strcpy(name, one_in(r, 3) ? "" : PICK(r, names));
}

static void build_probe(struct rng *r, void *argument)
{
	struct ward_probe *probe = argument;

	(void)r;
	*probe = (struct ward_probe){ .size = sizeof(*probe) };
}

static void build_create_vm(struct rng *r, void *argument)
{
	struct ward_create_vm *create = argument;

	*create = (struct ward_create_vm){ .size = sizeof(*create), .flags = (__u32)below(r, 4) };
	random_name(r, create->name);
}

static void build_open_vm(struct rng *r, void *argument)
{
	static const __u32 uids[] = { (__u32)-1, 0, 1, 65534, 4294967294u, 0x80000000u };
	struct ward_get_info get = { .size = sizeof(get) };
	struct ward_open_vm *open_vm = argument;

	*open_vm = (struct ward_open_vm){ .size = sizeof(*open_vm), .uid = (__u32)-1 };
	random_name(r, open_vm->name);
	if (one_in(r, 2))
		open_vm->uid = PICK(r, uids);
	/* Of one that there is: as it is, or another user's. */
	if (one_in(r, 2) && !ioctl(pool_fd(r, KIND_VM), WARD_GET_INFO, &get)) {
		memcpy(open_vm->name, get.info.name, sizeof(open_vm->name));
		if (one_in(r, 2))
			open_vm->uid = get.info.uid;
	}
}

static uint32_t random_count(struct rng *r, uint32_t limit)
{
	switch (below(r, 12)) {
	case 0:
		return 0;
	case 1:
		return limit;
	case 2:
		return limit + 1;
	case 3:
		return (uint32_t)wild(r);
	default:
		return (uint32_t)below(r, limit < 12 ? limit : 12);
	}
}

/* Where arrays go; a capacity that the kernel would not cap stays inside. */
static uint64_t array_address(struct rng *r)
{
	return one_in(r, 12) ? pool_address(r) : (uintptr_t)&array;
}

static void build_list(struct rng *r, void *argument)
{
	struct ward_list *list = argument;

	*list = (struct ward_list){
		.size = sizeof(*list), .entries = array_address(r), .capacity = random_count(r, 64),
	};
}

static void build_info(struct rng *r, void *argument)
{
	struct ward_get_info *info = argument;

	(void)r;
	*info = (struct ward_get_info){ .size = sizeof(*info) };
}

static uint64_t random_gpa(struct rng *r)
{
	static const uint64_t places[] = {
		0, ROM_BYTES, RAM_BYTES, 2 * HUGE, 3 * HUGE, 8 * HUGE, 0xfee00000, 0xfffff000,
		1ull << 32, 1ull << 39, 1ull << 45,
	};

	return one_in(r, 8) ? wild(r) : PICK(r, places) + (one_in(r, 3) ? below(r, 8) * PAGE : 0);
}

static void random_op(struct rng *r, struct ward_map_op *op)
{
	static const uint64_t lengths[] = {
		PAGE, PAGE, 2 * PAGE, 16 * PAGE, ROM_BYTES, RAM_BYTES - ROM_BYTES, HUGE, AREA_BYTES,
	};

	*op = (struct ward_map_op){
		.op = (__u32)below(r, 3) + 1,
		.gpa = random_gpa(r),
		.bytes = PICK(r, lengths),
	};
	/* The machine's own memory, which keeps guests going, more rarely. */
	if (op->op != WARD_MAP_ADD && op->gpa < RAM_BYTES && !one_in(r, 10))
		op->gpa += 2 * HUGE;
	if (op->op != WARD_MAP_REMOVE)
		op->prot = WARD_PROT_READ | (__u32)below(r, 8);
	if (op->op == WARD_MAP_ADD) {
		op->source = (__u32)below(r, 2) + 1;
		if (op->source == WARD_MAP_FROM_FD) {
			op->fd = pool_fd(r, one_in(r, 6) ? (enum kind)below(r, KIND_COUNT) : KIND_OTHER);
			op->origin = one_in(r, 5) ? wild(r) & -PAGE : below(r, 16) * PAGE;
		} else {
			op->origin = one_in(r, 3) ? pool_address(r) & -PAGE :
				     (uintptr_t)pool.area[below(r, AREA_COUNT)];
		}
	}
	/* One field off */
	if (one_in(r, 6)) {
		switch (below(r, 8)) {
		case 0:
			op->op = (__u32)wild(r);
			break;
		case 1:
			op->prot = (__u32)wild(r);
			break;
		case 2:
			op->source = (__u32)wild(r);
			break;
		case 3:
			op->fd = (__s32)wild(r);
			break;
		case 4:
			op->gpa = wild(r);
			break;
		case 5:
			op->bytes = wild(r);
			break;
		case 6:
			op->origin = wild(r);
			break;
		default:
			op->reserved = 1ull << below(r, 64);
		}
	}
}

static void build_map(struct rng *r, void *argument)
{
	struct ward_map *map = argument;
	uint32_t i, count = one_in(r, 10) ? random_count(r, WARD_MAX_MAP_OPS) : 1 + (uint32_t)below(r, 4);

	*map = (struct ward_map){ .size = sizeof(*map), .ops = array_address(r), .count = count };
	for (i = 0; i < count && i < WARD_MAX_MAP_OPS; i++)
		random_op(r, &array.ops[i]);
	/* Many small regions in a row, so that there are too many some day. */
	if (one_in(r, 8)) {
		uint64_t at = below(r, 1 << 16) << 24;

		map->count = WARD_MAX_MAP_OPS;
		for (i = 0; i < WARD_MAX_MAP_OPS; i++)
			array.ops[i] = (struct ward_map_op){
				WARD_MAP_ADD, WARD_PROT_READ, WARD_MAP_FROM_ADDRESS, 0,
				at + i * 2 * PAGE, PAGE, (uintptr_t)pool.area[AREA_PRIVATE],
			};
	}
}

static void build_create_vcpu(struct rng *r, void *argument)
{
	struct ward_create_vcpu *create = argument;

	*create = (struct ward_create_vcpu){ .size = sizeof(*create), .id = (__u32)below(r, 6) };
	if (one_in(r, 6))
		create->id = one_in(r, 2) ? WARD_MAX_VCPUS - 2 + (__u32)below(r, 4) : (__u32)wild(r);
}

static void build_msi(struct rng *r, void *argument)
{
	struct ward_msi *msi = argument;

	*msi = (struct ward_msi){
		.size = sizeof(*msi),
		.address = 0xfee00000 | below(r, 3) << 12 | below(r, 4) << 2 | below(r, 256) << 12,
		.data = (__u32)(below(r, 256) | below(r, 8) << 8 | below(r, 4) << 14),
	};
	if (one_in(r, 8))
		msi->address = wild(r);
	if (one_in(r, 8))
		msi->data = (__u32)wild(r);
}

static void build_clock(struct rng *r, void *argument)
{
	struct ward_clock *clock = argument;

	*clock = (struct ward_clock){ .size = sizeof(*clock), .guest_tsc = wild(r) };
	if (one_in(r, 3))
		clock->host_tsc = wild(r);
	if (one_in(r, 10))
		clock->tsc_khz = wild(r);
}

static void build_stats(struct rng *r, void *argument)
{
	struct ward_get_stats *get = argument;

	*get = (struct ward_get_stats){
		.size = sizeof(*get), .values = array_address(r), .capacity = random_count(r, WARD_STAT_COUNT),
	};
}

static void build_cpuid(struct rng *r, void *argument)
{
	struct ward_cpuid *cpuid = argument;
	int vm = pool_fd(r, KIND_VM);

	*cpuid = (struct ward_cpuid){
		.size = sizeof(*cpuid), .entries = (uintptr_t)&array, .count = WARD_MAX_CPUID,
	};
	/* A table that can be set, or nearly: that of a VM. */
	if (ioctl(vm, WARD_GET_CPUID, cpuid))
		memset(&array, (int)rnd(r), sizeof(array.cpuid));
	if (cpuid->count > WARD_MAX_CPUID)
		cpuid->count = WARD_MAX_CPUID;
	if (one_in(r, 3)) {
		__u32 *field = (__u32 *)&array.cpuid[below(r, WARD_MAX_CPUID)] + below(r, 6);

		*field = one_in(r, 2) ? *field ^ 1u << below(r, 32) : (__u32)wild(r);
	}
	if (one_in(r, 4))
		cpuid->count = random_count(r, WARD_MAX_CPUID);
	cpuid->entries = array_address(r);
}

static void build_regs(struct rng *r, void *argument)
{
	struct registers regs = { };
	struct ward_regs *call = argument;

	random_registers(r, &regs);
	memcpy(array.regs, regs.reg, sizeof(regs.reg));
	*call = (struct ward_regs){
		.size = sizeof(*call), .regs = array_address(r),
		.count = one_in(r, 10) ? random_count(r, WARD_MAX_REGS) : regs.count,
	};
}

static void build_xsave(struct rng *r, void *argument)
{
	struct ward_xsave *xsave = argument;
	int vcpu = pool_fd(r, KIND_VCPU);

	*xsave = (struct ward_xsave){
		.size = sizeof(*xsave), .area = (uintptr_t)&array, .bytes = sizeof(array),
	};
	if (ioctl(vcpu, WARD_GET_XSAVE, xsave))
		xsave->bytes = 2696;
	if (one_in(r, 2))
		array.bytes[below(r, xsave->bytes ?: 1)] = (unsigned char)rnd(r);
	if (one_in(r, 4)) {
		/* MXCSR, and the header */
		uint64_t value = wild(r);

		memcpy(array.bytes + (one_in(r, 2) ? 24 : 512 + below(r, 8) * 8), &value, 8);
	}
	if (one_in(r, 5))
		xsave->bytes = random_count(r, xsave->bytes);
	xsave->area = array_address(r);
}

static void build_inject(struct rng *r, void *argument)
{
	static const uint64_t types[] = { WARD_EVENT_INTERRUPT, WARD_EVENT_NMI, WARD_EVENT_EXCEPTION };
	struct ward_inject *inject = argument;
	uint64_t event = WARD_EVENT_VALID | PICK(r, types);

	if ((event & WARD_EVENT_TYPE) == WARD_EVENT_NMI)
		event |= 2;
	else if ((event & WARD_EVENT_TYPE) == WARD_EVENT_EXCEPTION)
		event |= below(r, 34);
	else
		event |= below(r, 256);
	if ((event & 0xff) >= 8 && (event & WARD_EVENT_TYPE) == WARD_EVENT_EXCEPTION && one_in(r, 2))
		event |= WARD_EVENT_ERROR_CODE | rnd(r) << 32;
	if (one_in(r, 8))
		event ^= 1ull << below(r, 64);
	if (one_in(r, 12))
		event = wild(r);
	*inject = (struct ward_inject){ .size = sizeof(*inject), .event = event };
}

static void build_dump(struct rng *r, void *argument)
{
	struct ward_dump *dump = argument;

	*dump = (struct ward_dump){
		.size = sizeof(*dump), .text = array_address(r),
		.bytes = one_in(r, 2) ? 65536 : random_count(r, 4096),
	};
}

/* ------------------------------------------------------------- the calls */

#define ERRORS(...)	(const short[]){ __VA_ARGS__, 0 }
#define RESERVED(type)	offsetof(struct type, reserved)
#define CALL(name_, kind_, errors_, build_, ...) \
	{ .name = #name_, .number = WARD_##name_, .kind = KIND_##kind_, .errors = errors_, \
	  .build = build_, __VA_ARGS__ }

const struct call all_calls[] = {
	CALL(PROBE, DEVICE, NULL, build_probe, RESERVED(ward_probe)),
	CALL(CREATE_VM, DEVICE, ERRORS(EEXIST, EBUSY, EDQUOT, ENODEV, EMFILE), build_create_vm),
	CALL(OPEN_VM, DEVICE, ERRORS(EACCES, ENOENT, EMFILE), build_open_vm, RESERVED(ward_open_vm)),
	CALL(LIST, DEVICE, NULL, build_list),
	CALL(GET_INFO, VM, NULL, build_info),
	CALL(MAP, VM, ERRORS(EEXIST, ENOENT, EBADF, EACCES, ENODEV, ENOSPC), build_map),
	CALL(CREATE_VCPU, VM, ERRORS(EEXIST, EDQUOT, EMFILE), build_create_vcpu,
	     RESERVED(ward_create_vcpu)),
	CALL(MSI, VM, ERRORS(ENXIO, ENODEV), build_msi, RESERVED(ward_msi)),
	CALL(PAUSE, VM, ERRORS(EOVERFLOW), NULL),
	CALL(RESUME, VM, NULL, NULL),
	CALL(GET_CLOCK, VM, NULL, build_clock, RESERVED(ward_clock)),
	CALL(SET_CLOCK, VM, NULL, build_clock, RESERVED(ward_clock)),
	CALL(GET_STATS, VM, NULL, build_stats),
	CALL(GET_CPUID, VM, NULL, build_cpuid, RESERVED(ward_cpuid)),
	CALL(SET_CPUID, VM, ERRORS(EBUSY), build_cpuid, RESERVED(ward_cpuid)),
	CALL(RUN, VCPU, ERRORS(EBUSY), NULL),
	CALL(KICK, VCPU, NULL, NULL),
	CALL(GET_REGS, VCPU, ERRORS(EBUSY, ENOENT), build_regs),
	CALL(SET_REGS, VCPU, ERRORS(EBUSY, ENOENT), build_regs),
	CALL(GET_XSAVE, VCPU, ERRORS(EBUSY, ENOSPC), build_xsave, RESERVED(ward_xsave)),
	CALL(SET_XSAVE, VCPU, ERRORS(EBUSY), build_xsave, RESERVED(ward_xsave)),
	CALL(INJECT, VCPU, ERRORS(EBUSY, ENXIO), build_inject),
	CALL(DUMP, VCPU, ERRORS(EBUSY), build_dump, RESERVED(ward_dump)),
};

const unsigned int call_count = ARRAY_SIZE(all_calls);

const struct call *call_named(unsigned long number)
{
	unsigned int i;

	for (i = 0; all_calls[i].number != number; i++)
		;
	return &all_calls[i];
}

/* ---------------------------------------------------------- the answers */

static bool allowed(const struct call *call, int error)
{
	static const short common[] = { EFAULT, EINVAL, ENOTTY, ENOMEM, EINTR, EIO, EBADF };
	const short *e;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(common); i++)
		if (error == common[i])
			return true;
	for (e = call->errors; e && *e; e++)
		if (error == *e)
			return true;
	return false;
}

int make_call(const struct call *call, int fd, unsigned long number, void *argument)
{
	unsigned int at = (unsigned int)(call - all_calls);
	int result = fail_ioctl(fd, number, argument);

	if (result >= 0) {
		counts->calls[at][0]++;
		return result;
	}
	counts->calls[at][1]++;
	counts->errors[-result & 255]++;
	/* On what is no descriptor of Ward's, Ward does not answer. */
	if (number == call->number && !allowed(call, -result))
		violation("%s: %s", call->name, strerrorname_np(-result) ?: "an unknown error");
	return result;
}

/* Sets what the header forbids. Return: whether the call has to fail now. */
static bool spoil(struct rng *r, const struct call *call, unsigned long *number, void *argument)
{
	__u32 *words = argument;
	size_t bytes = _IOC_SIZE(call->number);

	switch (below(r, 6)) {
	case 0:
		words[0] = one_in(r, 2) ? words[0] + (__u32)below(r, 17) - 8 : (__u32)wild(r);
		return words[0] != bytes;
	case 1:
		words[1] |= 4u << below(r, 30);
		return true;
	case 2:
		if (!call->reserved)
			return false;
		((unsigned char *)argument)[call->reserved + below(r, 4)] |= 1u << below(r, 8);
		return true;
	case 3:
		*number = _IOC(_IOC_DIR(*number), _IOC_TYPE(*number), _IOC_NR(*number),
			       below(r, one_in(r, 2) ? 0x4000 : 2 * bytes));
		return *number != call->number;
	case 4:
		*number = _IOC(below(r, 4), one_in(r, 2) ? WARD_IOC : below(r, 256),
			       one_in(r, 2) ? _IOC_NR(*number) : below(r, 256), _IOC_SIZE(*number));
		return false;
	default:
		memset((char *)argument + below(r, bytes), (int)rnd(r), 1);
		return false;
	}
}

static void call_randomly(struct rng *r, const struct call *call)
{
	unsigned long number = call->number;
	unsigned char argument[512] __attribute__((aligned(8))) = { };
	void *at = argument;
	bool must_fail = false;
	int result, fd = pool_fd(r, call->kind);

	/* Long waits are for step_run(), who can end them. */
	if (call->build) {
		call->build(r, argument);
		if (one_in(r, 5))
			must_fail = spoil(r, call, &number, argument);
	}
	if (call->build && one_in(r, 20)) {
		at = (void *)(pool_address(r) + (one_in(r, 2) ? PAGE - below(r, 100) : 0));
		if (!careful_copy(at, argument, _IOC_SIZE(call->number)))
			must_fail = pool.alone && must_fail;
	}
	if (one_in(r, 4))
		fail_next = 1 + (unsigned int)below(r, one_in(r, 2) ? 4 : 40);
	result = make_call(call, fd, number, at);
	if (result >= 0 && must_fail && at == argument)
		violation("%s succeeds with a bad size, flag or reserved field", call->name);
	if (result < 0 || number != call->number)
		return;
	if (number == WARD_CREATE_VM || number == WARD_OPEN_VM) {
		pool_put(r, KIND_VM, result);
	} else if (number == WARD_CREATE_VCPU) {
		pool_map_run(result, MAX_THREADS + (unsigned int)below(r, RUN_PAGES - MAX_THREADS));
		pool_put(r, KIND_VCPU, result);
	} else if (number == WARD_PAUSE && !one_in(r, 20)) {
		/* Else guests of this VM would not run any more. */
		make_call(call_named(WARD_RESUME), fd, WARD_RESUME, NULL);
	}
}

void step_call(struct rng *r)
{
	call_randomly(r, &all_calls[below(r, call_count)]);
}

void step_names(struct rng *r)
{
	static const unsigned long numbers[] = { WARD_CREATE_VM, WARD_OPEN_VM, WARD_OPEN_VM, WARD_LIST };

	call_randomly(r, call_named(PICK(r, numbers)));
}
