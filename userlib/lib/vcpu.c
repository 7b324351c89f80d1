// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * vcpu.c - the calls on a vCPU's descriptor, and its run page.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "internal.h"
#include "walk.h"

int ward_create_vcpu(struct ward_vm *vm, __u32 id, struct ward_vcpu **out)
{
	struct ward_create_vcpu create = { .size = sizeof(create), .id = id };
	struct ward_vcpu *vcpu = calloc(1, sizeof(*vcpu));
	int error;

	if (!vcpu)
		return -ENOMEM;
	vcpu->vm = vm;
	vcpu->fd = ward_call(vm->fd, WARD_CREATE_VCPU, &create);
	if (vcpu->fd < 0) {
		error = vcpu->fd;
		goto err_free;
	}
	vcpu->run = mmap(NULL, WARD_RUN_PAGE_BYTES, PROT_READ | PROT_WRITE,
			 MAP_SHARED, vcpu->fd, 0);
	if (vcpu->run == MAP_FAILED) {
		error = -errno;
		goto err_close;
	}
	*out = vcpu;
	return 0;

err_close:
	close(vcpu->fd);
err_free:
	free(vcpu);
	return error;
}

void ward_close_vcpu(struct ward_vcpu *vcpu)
{
	if (!vcpu)
		return;
	munmap(vcpu->run, WARD_RUN_PAGE_BYTES);
	close(vcpu->fd);
	free(vcpu);
}

int ward_vcpu_fd(const struct ward_vcpu *vcpu)
{
	return vcpu->fd;
}

struct ward_run *ward_run_page(struct ward_vcpu *vcpu)
{
	return vcpu->run;
}

int ward_run(struct ward_vcpu *vcpu)
{
	return ward_call(vcpu->fd, WARD_RUN, NULL);
}

int ward_kick(struct ward_vcpu *vcpu)
{
	return ward_call(vcpu->fd, WARD_KICK, NULL);
}

static int transfer_regs(struct ward_vcpu *vcpu, unsigned long number,
			 const struct ward_reg *regs, __u32 count, __u32 *failed)
{
	struct ward_regs transfer = {
		.size = sizeof(transfer),
		.regs = (uintptr_t)regs,
		.count = count,
	};
	int error = ward_call(vcpu->fd, number, &transfer);

	if (error && failed)
		*failed = transfer.failed;
	return error;
}

int ward_get_regs(struct ward_vcpu *vcpu, struct ward_reg *regs, __u32 count,
		  __u32 *failed)
{
	return transfer_regs(vcpu, WARD_GET_REGS, regs, count, failed);
}

int ward_set_regs(struct ward_vcpu *vcpu, const struct ward_reg *regs,
		  __u32 count, __u32 *failed)
{
	return transfer_regs(vcpu, WARD_SET_REGS, regs, count, failed);
}

int ward_get_reg(struct ward_vcpu *vcpu, __u64 id, __u64 *value)
{
	struct ward_reg reg = { .id = id };
	int error = ward_get_regs(vcpu, &reg, 1, NULL);

	if (!error)
		*value = reg.value;
	return error;
}

int ward_set_reg(struct ward_vcpu *vcpu, __u64 id, __u64 value)
{
	struct ward_reg reg = { .id = id, .value = value };

	return ward_set_regs(vcpu, &reg, 1, NULL);
}

static __u64 segment_id(__u32 which, __u32 part)
{
	return WARD_REG(WARD_REG_CLASS_SEG, which * 4 + part);
}

int ward_get_segment(struct ward_vcpu *vcpu, __u32 which,
		     struct ward_segment *segment)
{
	struct ward_reg regs[] = {
		{ .id = segment_id(which, WARD_SEG_SELECTOR) },
		{ .id = segment_id(which, WARD_SEG_BASE) },
		{ .id = segment_id(which, WARD_SEG_LIMIT) },
		{ .id = segment_id(which, WARD_SEG_RIGHTS) },
	};
	int error;

	if (which >= WARD_SEG_COUNT)
		return -EINVAL;
	error = ward_get_regs(vcpu, regs, 4, NULL);
	if (error)
		return error;
	segment->selector = (__u16)regs[0].value;
	segment->base = regs[1].value;
	segment->limit = (__u32)regs[2].value;
	segment->rights = (__u32)regs[3].value;
	return 0;
}

int ward_set_segment(struct ward_vcpu *vcpu, __u32 which,
		     const struct ward_segment *segment)
{
	struct ward_reg regs[] = {
		{ segment_id(which, WARD_SEG_SELECTOR), segment->selector },
		{ segment_id(which, WARD_SEG_BASE), segment->base },
		{ segment_id(which, WARD_SEG_LIMIT), segment->limit },
		{ segment_id(which, WARD_SEG_RIGHTS), segment->rights },
	};

	if (which >= WARD_SEG_COUNT)
		return -EINVAL;
	return ward_set_regs(vcpu, regs, 4, NULL);
}

int ward_get_xsave(struct ward_vcpu *vcpu, void *area, __u32 bytes)
{
	struct ward_xsave xsave = {
		.size = sizeof(xsave),
		.area = (uintptr_t)area,
		.bytes = bytes,
	};
	int error = ward_call(vcpu->fd, WARD_GET_XSAVE, &xsave);

	return error ? error : (int)xsave.bytes;
}

int ward_set_xsave(struct ward_vcpu *vcpu, const void *area, __u32 bytes)
{
	struct ward_xsave xsave = {
		.size = sizeof(xsave),
		.area = (uintptr_t)area,
		.bytes = bytes,
	};

	return ward_call(vcpu->fd, WARD_SET_XSAVE, &xsave);
}

int ward_inject(struct ward_vcpu *vcpu, __u64 event)
{
	struct ward_inject inject = {
		.size = sizeof(inject),
		.event = event | WARD_EVENT_VALID,
	};

	return ward_call(vcpu->fd, WARD_INJECT, &inject);
}

int ward_dump(struct ward_vcpu *vcpu, char *text, size_t bytes)
{
	struct ward_dump dump = {
		.size = sizeof(dump),
		.text = (uintptr_t)text,
	};
	int error;

	if (!bytes)
		return -EINVAL;
	/* One byte is kept for the NUL, whether the kernel writes one or not. */
	dump.bytes = bytes - 1 > UINT32_MAX ? UINT32_MAX : (__u32)(bytes - 1);
	bytes = dump.bytes;
	text[0] = '\0';
	error = ward_call(vcpu->fd, WARD_DUMP, &dump);
	if (error)
		return error;
	text[dump.bytes < bytes ? dump.bytes : bytes] = '\0';
	return (int)dump.bytes;
}

static void *walk_ram(void *context, __u64 gpa, __u64 bytes, int write)
{
	(void)write;
	return ward_ram(context, gpa, bytes);
}

int ward_translate(struct ward_vcpu *vcpu, __u64 gva, __u32 access, __u64 *gpa,
		   __u32 *error_code)
{
	const struct walk_memory memory = { walk_ram, vcpu->vm };
	struct walk_mode mode = ward_walk_mode(vcpu->run);
	__u32 ignored;

	return ward_walk(&mode, &memory, gva, access, 0, gpa,
		    error_code ? error_code : &ignored);
}
