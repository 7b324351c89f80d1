/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ward_guest.h - a small guest: a VM, one vCPU, 4 MiB of RAM, guest code, and
 * the registers of real, protected or 64-bit mode.
 *
 * Guest code is written in place with GUEST_CODE(name, bits, "instructions");
 * it is position independent and runs at GUEST_CODE_AT with a flat view of
 * the first GiB and interrupts off. Vector N of the interrupt table ends in
 * port GUEST_VECTOR_PORT with N in AL.
 */
#ifndef WARD_GUEST_H
#define WARD_GUEST_H

#include "ward_test.h"

#define GUEST_RAM	0x400000ull	/* bytes of RAM, from 0 */
#define GUEST_DEVICE	0x800000ull	/* nothing is mapped there */
#define GUEST_TABLES	0x2000ull	/* page tables, 3 pages */
#define GUEST_IDT	0x6000ull
#define GUEST_GDT	0x7000ull
#define GUEST_STUBS	0x8000ull	/* 256 handlers of 16 bytes */
#define GUEST_TSS	0xa000ull
#define GUEST_STACK	0xc000ull	/* its top */
#define GUEST_CODE_AT	0x10000ull
#define GUEST_DATA	0x20000ull
#define GUEST_VECTOR_PORT 0xe0

#define CODE32		0x08
#define DATA32		0x10
#define CODE64		0x18

#define GPR(which)		WARD_REG(WARD_REG_CLASS_GPR, which)
#define CR(number)		WARD_REG(WARD_REG_CLASS_CR, number)
#define DR(number)		WARD_REG(WARD_REG_CLASS_DR, number)
#define MSR(number)		WARD_REG(WARD_REG_CLASS_MSR, number)
#define STATE(which)		WARD_REG(WARD_REG_CLASS_STATE, which)
#define TABLE(which)		WARD_REG(WARD_REG_CLASS_TABLE, which)
#define XCR0			WARD_REG(WARD_REG_CLASS_XCR, 0)
#define SEG(which, part)	WARD_REG(WARD_REG_CLASS_SEG, (which) * 4 + (part))

#define EFER		0xc0000080
#define CR4_OSFXSR	0x600		/* OSFXSR, OSXMMEXCPT */

#define GUEST_CODE(name, bits, text)						\
	asm(".pushsection .rodata.guest,\"a\",@progbits\n"			\
	    ".globl guest_" #name ", guest_" #name "_end\n"			\
	    ".code" #bits "\n"							\
	    "guest_" #name ":\n" text "\nguest_" #name "_end:\n"			\
	    ".code64\n.popsection\n");						\
	extern const unsigned char guest_##name[], guest_##name##_end[]

struct guest {
	int device;
	struct ward_vm *vm;
	struct ward_vcpu *vcpu;
	struct ward_run *run;
	unsigned char *ram;
};

/* ---------------------------------------------------------------- registers */

static inline void set_reg(struct guest *g, __u64 id, __u64 value)
{
	REQUIRE_EQ(ward_set_reg(g->vcpu, id, value), 0);
}

static inline __u64 get_reg(struct guest *g, __u64 id)
{
	__u64 value = 0;

	REQUIRE_EQ(ward_get_reg(g->vcpu, id, &value), 0);
	return value;
}

static inline void set_segment(struct guest *g, __u32 which, __u16 selector, __u64 base,
			       __u32 limit, __u32 rights)
{
	const struct ward_segment segment = {
		.base = base, .limit = limit, .rights = rights, .selector = selector,
	};

	REQUIRE_EQ(ward_set_segment(g->vcpu, which, &segment), 0);
}

static inline __u64 *guest_u64(struct guest *g, __u64 gpa)
{
	return (__u64 *)(g->ram + gpa);
}

/* ------------------------------------------------------------------- making */

/* Anonymous memory, aligned to 2 MiB. */
static inline void *make_memory(size_t bytes)
{
	char *area = mmap(NULL, bytes + HUGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t skip;

	REQUIRE(area != MAP_FAILED);
	skip = -(uintptr_t)area & (HUGE - 1);
	if (skip)
		munmap(area, skip);
	munmap(area + skip + bytes, HUGE - skip);
	return area + skip;
}

/* Memory that is never in huge pages; some kernels have none of those (real-time ones). */
static inline void make_small(void *area, size_t bytes)
{
	REQUIRE(!madvise(area, bytes, MADV_NOHUGEPAGE) || errno == EINVAL);
}

static inline struct ward_map_op map_add(__u64 gpa, __u64 bytes, const void *origin, __u32 prot)
{
	return (struct ward_map_op){
		.op = WARD_MAP_ADD, .prot = prot, .source = WARD_MAP_FROM_ADDRESS,
		.gpa = gpa, .bytes = bytes, .origin = (uintptr_t)origin,
	};
}

static inline struct ward_map_op map_remove(__u64 gpa, __u64 bytes)
{
	return (struct ward_map_op){ .op = WARD_MAP_REMOVE, .gpa = gpa, .bytes = bytes };
}

static inline struct ward_map_op map_protect(__u64 gpa, __u64 bytes, __u32 prot)
{
	return (struct ward_map_op){
		.op = WARD_MAP_PROTECT, .prot = prot, .gpa = gpa, .bytes = bytes,
	};
}

static inline int map_one(struct ward_vm *vm, struct ward_map_op op)
{
	return ward_map(vm, &op, 1, NULL);
}

/* A VM with its RAM and no vCPU yet. */
static inline void guest_vm(struct guest *g, __u32 flags)
{
	memset(g, 0, sizeof(*g));
	g->device = open_device();
	g->vm = make_vm(g->device, NULL, flags);
	g->ram = make_memory(GUEST_RAM);
	REQUIRE_EQ(map_one(g->vm, map_add(0, GUEST_RAM, g->ram, WARD_PROT_ALL)), 0);
}

static inline void guest_make(struct guest *g, __u32 flags)
{
	guest_vm(g, flags);
	REQUIRE_EQ(ward_create_vcpu(g->vm, 0, &g->vcpu), 0);
	g->run = ward_run_page(g->vcpu);
}

static inline void guest_free(struct guest *g)
{
	ward_close_vcpu(g->vcpu);
	ward_close_vm(g->vm);
	munmap(g->ram, GUEST_RAM);
	close(g->device);
}

static inline void guest_put(struct guest *g, __u64 gpa, const void *code, const void *end)
{
	memcpy(g->ram + gpa, code, (const char *)end - (const char *)code);
}

/* "mov $vector, %al; out %al, $port; 1: hlt; jmp 1b", the same in all modes */
static inline void guest_stubs(struct guest *g)
{
	unsigned int vector;

	for (vector = 0; vector < 256; vector++) {
		const unsigned char stub[] = {
			0xb0, vector, 0xe6, GUEST_VECTOR_PORT, 0xf4, 0xeb, 0xfd,
		};

		memcpy(g->ram + GUEST_STUBS + vector * 16, stub, sizeof(stub));
	}
}

/* Real mode, CS based at the code, the other segments at 0. */
static inline void guest_real(struct guest *g, const void *code, const void *end)
{
	unsigned int i;

	guest_stubs(g);
	for (i = 0; i < 256; i++) {
		__u32 entry = (__u32)(GUEST_STUBS >> 4) << 16 | i * 16;

		memcpy(g->ram + i * 4, &entry, 4);
	}
	guest_put(g, GUEST_CODE_AT, code, end);
	for (i = WARD_ES; i <= WARD_GS; i++)
		set_segment(g, i, 0, 0, 0xffff, 0x93);
	set_segment(g, WARD_CS, GUEST_CODE_AT >> 4, GUEST_CODE_AT, 0xffff, 0x9b);
	set_reg(g, TABLE(2), 0);
	set_reg(g, TABLE(3), 0x3ff);
	set_reg(g, GPR(WARD_RSP), GUEST_STACK);
	set_reg(g, GPR(WARD_RFLAGS), 2);
	set_reg(g, GPR(WARD_RIP), 0);
}

static inline void guest_tables(struct guest *g)
{
	guest_stubs(g);
	*guest_u64(g, GUEST_GDT) = 0;
	*guest_u64(g, GUEST_GDT + CODE32) = 0x00cf9b000000ffff;
	*guest_u64(g, GUEST_GDT + DATA32) = 0x00cf93000000ffff;
	*guest_u64(g, GUEST_GDT + CODE64) = 0x00af9b000000ffff;
	set_reg(g, TABLE(0), GUEST_GDT);
	set_reg(g, TABLE(1), 0x1f);
	set_reg(g, TABLE(2), GUEST_IDT);
	set_reg(g, TABLE(3), 0xfff);
	set_reg(g, GPR(WARD_RSP), GUEST_STACK);
	set_reg(g, GPR(WARD_RFLAGS), 2);
	set_reg(g, GPR(WARD_RIP), GUEST_CODE_AT);
}

/* Flat 32-bit protected mode without paging. */
static inline void guest_protected(struct guest *g, const void *code, const void *end)
{
	unsigned int i;

	guest_tables(g);
	for (i = 0; i < 256; i++) {
		__u64 handler = GUEST_STUBS + i * 16;

		*guest_u64(g, GUEST_IDT + i * 8) = (handler & 0xffff) | CODE32 << 16 |
						   0x8e00ull << 32 | handler >> 16 << 48;
	}
	guest_put(g, GUEST_CODE_AT, code, end);
	for (i = WARD_ES; i <= WARD_GS; i++)
		set_segment(g, i, DATA32, 0, 0xffffffff, 0xc093);
	set_segment(g, WARD_CS, CODE32, 0, 0xffffffff, 0xc09b);
	set_segment(g, WARD_TR, 0, GUEST_TSS, 0x67, 0x8b);
	set_reg(g, CR(0), 0x11);
	set_reg(g, CR(4), CR4_OSFXSR);
}

/* 64-bit mode; the first GiB is mapped one to one with 2 MiB pages. */
static inline void guest_long(struct guest *g, const void *code, const void *end)
{
	unsigned int i;

	guest_tables(g);
	for (i = 0; i < 256; i++) {
		__u64 handler = GUEST_STUBS + i * 16;

		*guest_u64(g, GUEST_IDT + i * 16) = (handler & 0xffff) | CODE64 << 16 |
						    0x8e00ull << 32 | handler >> 16 << 48;
		*guest_u64(g, GUEST_IDT + i * 16 + 8) = 0;
	}
	*guest_u64(g, GUEST_TABLES) = (GUEST_TABLES + 0x1000) | 7;
	*guest_u64(g, GUEST_TABLES + 0x1000) = (GUEST_TABLES + 0x2000) | 7;
	for (i = 0; i < 512; i++)
		*guest_u64(g, GUEST_TABLES + 0x2000 + i * 8) = i * HUGE | 0x87;
	guest_put(g, GUEST_CODE_AT, code, end);
	for (i = WARD_ES; i <= WARD_GS; i++)
		set_segment(g, i, DATA32, 0, 0xffffffff, 0xc093);
	set_segment(g, WARD_CS, CODE64, 0, 0xffffffff, 0xa09b);
	set_segment(g, WARD_TR, 0, GUEST_TSS, 0x67, 0x8b);
	set_reg(g, CR(3), GUEST_TABLES);
	set_reg(g, CR(4), 0x20 | CR4_OSFXSR);
	set_reg(g, MSR(EFER), 0x500);
	set_reg(g, CR(0), 0x80000011);
}

#define guest_code_real(g, name)	guest_real(g, guest_##name, guest_##name##_end)
#define guest_code_protected(g, name)	guest_protected(g, guest_##name, guest_##name##_end)
#define guest_code_long(g, name)	guest_long(g, guest_##name, guest_##name##_end)

/* ------------------------------------------------------------------ running */

/* What stands in the run page, as a line of the test's output. */
static inline void guest_describe(struct guest *g)
{
	struct ward_run *run = g->run;

	note("exit %s, RIP %#llx, RAX %#llx, raw reason %#x, qualification %#llx",
	     ward_exit_name(run->exit), run->gprs[WARD_RIP], run->gprs[WARD_RAX],
	     run->raw.vmx.reason, run->raw.vmx.qualification);
	if (run->exit == WARD_EXIT_FAIL_ENTRY)
		note("failed entry: stage %u, code %u: %.112s", run->fail_entry.stage,
		     run->fail_entry.code, run->fail_entry.why);
	if (run->exit == WARD_EXIT_IO)
		note("port %#x, %u bytes, in %u, data %#x", run->io.port, run->io.bytes,
		     run->io.in, run->io.data);
	if (run->exit == WARD_EXIT_MMIO)
		note("gpa %#llx, %u bytes, write %u, data %#llx", run->mmio.gpa,
		     run->mmio.bytes, run->mmio.write, run->mmio.data);
	if (run->exit == WARD_EXIT_MEMORY)
		note("gpa %#llx, access %u, error %d", run->memory.gpa, run->memory.access,
		     run->memory.error);
}

/* Runs until an exit of kind @wanted; any other ends the test. */
static inline void guest_expect_at(struct guest *g, __u32 wanted, int line)
{
	int error = ward_run(g->vcpu);

	if (!error && g->run->exit == wanted)
		return;
	test_fail(line, "WARD_RUN: %d, exit %s, should be %s", error,
		  ward_exit_name(g->run->exit), ward_exit_name(wanted));
	guest_describe(g);
	_exit(1);
}

#define guest_expect(g, wanted)	guest_expect_at(g, wanted, __LINE__)

/* Runs until OUT of @value to @port. */
static inline void guest_expect_out_at(struct guest *g, __u16 port, __u32 value, int line)
{
	guest_expect_at(g, WARD_EXIT_IO, line);
	if (g->run->io.in || g->run->io.port != port || g->run->io.data != value) {
		test_fail(line, "not an OUT of %#x to port %#x", value, port);
		guest_describe(g);
		_exit(1);
	}
}

#define guest_expect_out(g, port, value) guest_expect_out_at(g, port, value, __LINE__)

/* Runs until an exception or interrupt of the guest's. */
static inline void guest_expect_vector_at(struct guest *g, __u32 vector, int line)
{
	guest_expect_out_at(g, GUEST_VECTOR_PORT, vector, line);
}

#define guest_expect_vector(g, vector) guest_expect_vector_at(g, vector, __LINE__)

/* A thread that runs the guest: until an exit, or -EINTR and such. */
static inline void *guest_thread(void *g)
{
	return (void *)(intptr_t)ward_run(((struct guest *)g)->vcpu);
}

#endif
