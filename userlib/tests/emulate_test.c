// SPDX-License-Identifier: GPL-2.0-only
/*
 * emulate_test.c - instructions on device memory, with a fake VM: 64 KiB of
 * RAM at 0, a read-only page at 0xf000, and a device everywhere else that
 * remembers its accesses.
 */
#include <errno.h>
#include <string.h>

#include "lib/emulate.h"
#include "tap.h"

#define DEVICE	0x100000ull

static __u8 memory[0x10000] __attribute__((aligned(4096)));
static __u8 device[0x3000];		/* content at DEVICE */
static unsigned int reads, writes, ports;
static __u32 last_bytes;
static __u16 last_port;
static __u64 raised, raised_cr2;
static struct ward_run run;
static struct ward_segment segments[6];
static char why[256];
static __u32 port_data;

static void *ram(void *context, __u64 gpa, __u64 bytes, int write)
{
	(void)context;
	if (gpa >= sizeof(memory) || bytes > sizeof(memory) - gpa)
		return NULL;
	return write && gpa >= 0xf000 ? NULL : memory + gpa;
}

static int segment(void *context, __u32 which, struct ward_segment *out)
{
	(void)context;
	*out = segments[which];
	return 0;
}

static int raise_event(void *context, __u64 event, __u64 cr2)
{
	(void)context;
	raised = event;
	raised_cr2 = cr2;
	return 0;
}

static void mmio(void *context, __u64 gpa, __u64 *data, __u32 bytes, int write)
{
	(void)context;
	last_bytes = bytes;
	reads += !write;
	writes += !!write;
	if (gpa < DEVICE || gpa + bytes > DEVICE + sizeof(device)) {
		if (!write)
			*data = ~0ull;
	} else if (write) {
		memcpy(device + (gpa - DEVICE), data, bytes);
	} else {
		*data = 0;
		memcpy(data, device + (gpa - DEVICE), bytes);
	}
}

static void port(void *context, __u16 number, __u32 *data, __u32 bytes, int in)
{
	(void)context;
	last_port = number;
	last_bytes = bytes;
	ports++;
	if (in)
		*data = port_data++;
	else
		port_data = *data;
}

static void reset(int bits)
{
	int i;

	memset(&run, 0, sizeof(run));
	memset(memory, 0, sizeof(memory));
	memset(device, 0, sizeof(device));
	run.exit = WARD_EXIT_MMIO;
	run.code_bits = (__u8)bits;
	run.cr0 = 1;
	run.gprs[WARD_RIP] = 0x1000;
	run.gprs[WARD_RFLAGS] = 2;
	for (i = 0; i < 6; i++)
		segments[i] = (struct ward_segment){ .limit = 0xffffffff,
						     .rights = 0xc093 };
	segments[WARD_CS].rights = 0xc09b;
	reads = writes = ports = 0;
	raised = 0;
}

static int go_bytes(const char *code, unsigned int bytes)
{
	static const struct ward_devices devices = { mmio, port };
	static const struct emulator_ops ops = {
		.ram = ram, .segment = segment, .raise = raise_event,
		.devices = &devices };

	memcpy(run.insn, code, bytes);
	run.insn_bytes = (__u8)bytes;
	run.commit = 0;
	why[0] = '\0';
	return ward_emulate_exit(&run, &ops, NULL, why, sizeof(why));
}

#define go(code) go_bytes(code, sizeof(code) - 1)

static __u32 device32(unsigned int offset)
{
	__u32 value;

	memcpy(&value, device + offset, 4);
	return value;
}

static void moving(void)
{
	reset(64);
	run.gprs[WARD_RBX] = DEVICE;
	run.gprs[WARD_RAX] = 0x1122334455667788;
	is(go("\x48\x89\x43\x08\x90\x90"), 0, "mov %rax, 8(%rbx)");
	is(writes, 1, "one write");
	is(last_bytes, 8, "of 8 bytes");
	ok(!memcmp(device + 8, &run.gprs[WARD_RAX], 8), "its value");
	is(run.insn_bytes, 4, "length, without the bytes behind");
	is(run.commit, WARD_COMMIT_GPRS | WARD_COMMIT_RFLAGS | WARD_COMMIT_SKIP,
	   "registers committed, instruction skipped");
	is(run.gprs[WARD_RIP], 0x1000, "the kernel steps over it");
	device[0] = 0x80;
	is(go("\x0f\xbe\x0b"), 0, "movsbl (%rbx), %ecx");
	is(run.gprs[WARD_RCX], 0xffffff80, "sign-extended, upper half clear");
	is(go("\x48\x0f\xb6\x0b"), 0, "movzbq (%rbx), %rcx");
	is(run.gprs[WARD_RCX], 0x80, "zero-extended");
	is(go("\x8a\x3b"), 0, "mov (%rbx), %bh");
	is(run.gprs[WARD_RBX], DEVICE | 0x8000, "high byte register");
	run.gprs[WARD_RBX] = DEVICE;
	is(go("\x66\xc7\x43\x10\xfe\xff"), 0, "movw $-2, 16(%rbx)");
	is(device32(0x10), 0xfffe, "16 bits");
	is(go("\x48\xc7\x43\x18\xff\xff\xff\xff"), 0, "movq $-1, 24(%rbx)");
	is(device32(0x1c), 0xffffffff, "sign-extended immediate");
	run.gprs[WARD_RIP] = DEVICE - 6;
	is(go("\x8b\x05\x10\x00\x00\x00"), 0, "mov 16(%rip), %eax");
	is(run.gprs[WARD_RAX], 0xfffe, "address relative to the next RIP");
	run.gprs[WARD_RCX] = 4;
	is(go("\x89\x44\xcb\x20"), 0, "mov %eax, 32(%rbx,%rcx,8)");
	is(device32(0x40), 0xfffe, "base, index, scale, displacement");
}

static void modifying(void)
{
	reset(64);
	run.gprs[WARD_RBX] = DEVICE;
	run.gprs[WARD_RAX] = 0x0f;
	device[0] = 0xf0;
	is(go("\x09\x03"), 0, "or %eax, (%rbx)");
	is(device32(0), 0xff, "or");
	is(reads * 16 + writes, 0x11, "one read, one write");
	is(go("\x83\x23\x3c"), 0, "andl $0x3c, (%rbx)");
	is(device32(0), 0x3c, "and");
	is(go("\x83\x2b\x3d"), 0, "subl $0x3d, (%rbx)");
	is(device32(0), 0xffffffff, "sub");
	is(run.gprs[WARD_RFLAGS] & 1, 1, "carry");
	reads = writes = 0;
	is(go("\x83\x3b\xff"), 0, "cmpl $-1, (%rbx)");
	is(run.gprs[WARD_RFLAGS] & 0x40, 0x40, "equal");
	is(writes, 0, "cmp does not write");
	is(go("\xf7\x03\x00\x00\x00\x80"), 0, "testl $0x80000000, (%rbx)");
	is(run.gprs[WARD_RFLAGS] & 0x80, 0x80, "sign");
	is(writes, 0, "test does not write");
	is(go("\xf0\xff\x03"), 0, "lock incl (%rbx)");
	is(device32(0), 0, "inc wraps");
	is(go("\xf7\x13"), 0, "notl (%rbx)");
	is(device32(0), 0xffffffff, "not");
	run.gprs[WARD_RAX] = 0x1234;
	is(go("\x87\x03"), 0, "xchg %eax, (%rbx)");
	is(device32(0), 0x1234, "xchg to memory");
	is(run.gprs[WARD_RAX], 0xffffffff, "xchg to register");
	run.gprs[WARD_RAX] = 1;
	is(go("\x0f\xc1\x03"), 0, "xadd %eax, (%rbx)");
	is(device32(0), 0x1235, "xadd to memory");
	is(run.gprs[WARD_RAX], 0x1234, "xadd to register");
	run.gprs[WARD_RCX] = 0x77;
	is(go("\x0f\xb1\x0b"), 0, "cmpxchg %ecx, (%rbx), unequal");
	is(run.gprs[WARD_RAX], 0x1235, "cmpxchg loads the accumulator");
	is(go("\x0f\xb1\x0b"), 0, "cmpxchg %ecx, (%rbx), equal");
	is(device32(0), 0x77, "cmpxchg stores");
}

static void bits(void)
{
	reset(64);
	run.gprs[WARD_RBX] = DEVICE + 8;
	run.gprs[WARD_RAX] = 35;
	is(go("\x0f\xab\x03"), 0, "bts %eax, (%rbx)");
	is(device32(12), 8, "bit 35 is in the next word");
	run.gprs[WARD_RAX] = (__u64)-64;
	is(go("\x48\x0f\xab\x03"), 0, "bts %rax, (%rbx), negative");
	is(device32(0), 1, "bit -64 is 8 bytes before");
	is(go("\x0f\xba\x63\xf8\x00"), 0, "btl $0, -8(%rbx)");
	is(run.gprs[WARD_RFLAGS] & 1, 1, "bt finds it");
	is(go("\x0f\xba\x73\xf8\x20"), 0, "btrl $32, -8(%rbx)");
	is(device32(0), 0, "an immediate counts modulo 32");
	is(go("\x0f\xba\x7b\xf8\x1f"), 0, "btcl $31, -8(%rbx)");
	is(device32(0), 0x80000000, "btc");
}

static void strings(void)
{
	unsigned int i, wrong = 0;

	reset(64);
	for (i = 0; i < 0x1000; i++)
		memory[0x2000 + i] = (__u8)i;
	run.gprs[WARD_RSI] = 0x2000;
	run.gprs[WARD_RDI] = DEVICE;
	run.gprs[WARD_RCX] = 0x1000;
	is(go("\xf3\xa4"), 0, "rep movsb from RAM");
	is(run.gprs[WARD_RCX], 0xc00, "done in slices");
	is(run.commit & (WARD_COMMIT_SKIP | WARD_COMMIT_RIP), 0,
	   "not skipped before it is done");
	for (i = 0; i < 3; i++)
		go("\xf3\xa4");
	is(run.gprs[WARD_RCX], 0, "four slices");
	is(run.commit & WARD_COMMIT_SKIP, WARD_COMMIT_SKIP, "then skipped");
	for (i = 0; i < 0x1000; i++)
		wrong += device[i] != (__u8)i;
	is(wrong, 0, "everything was copied");

	run.gprs[WARD_RAX] = 0x11223344;
	run.gprs[WARD_RDI] = DEVICE + 0x100c;
	run.gprs[WARD_RCX] = 3;
	run.gprs[WARD_RFLAGS] = 0x402;
	is(go("\xf3\xab"), 0, "rep stosl downwards");
	is(device32(0x1004), 0x11223344, "the last one");
	is(run.gprs[WARD_RDI], DEVICE + 0x1000, "RDI");
	run.gprs[WARD_RFLAGS] = 2;
	run.gprs[WARD_RSI] = DEVICE + 0x1004;
	is(go("\x48\xad"), 0, "lodsq");
	is(run.gprs[WARD_RAX], 0x1122334411223344, "lodsq's value");
	is(go("\xf2\x0f\x10\x03"), -ENOTSUP, "movsd of SSE is another matter");
	ok(strstr(why, "movsd") && strstr(why, "0x1000"),
	   "which is told: %s", why);
}

static void ports_strings(void)
{
	reset(64);
	run.exit = WARD_EXIT_IO;
	run.io.string = 1;
	run.gprs[WARD_RDX] = 0xabcd1234;
	run.gprs[WARD_RDI] = 0x2ffe;
	run.gprs[WARD_RCX] = 3;
	port_data = 0x01020304;
	is(go("\xf3\x6d"), 0, "rep insl");
	is(last_port, 0x1234, "port is DX");
	is(memory[0x2ffe], 4, "first byte");
	is(memory[0x3002], 5, "second element, across pages");
	is(run.gprs[WARD_RDI], 0x300a, "RDI");

	memory[0x4000] = 0x5a;
	run.gprs[WARD_RSI] = 0x4000;
	run.gprs[WARD_RFLAGS] = 0x402;
	is(go("\x6e"), 0, "outsb");
	is(port_data, 0x5a, "byte written");
	is(run.gprs[WARD_RSI], 0x3fff, "RSI with DF");
	run.gprs[WARD_RFLAGS] = 2;

	reset(16);
	run.exit = WARD_EXIT_IO;
	run.io.string = 1;
	run.seg_base[WARD_ES] = 0x5000;
	run.seg_base[WARD_DS] = 0x6000;
	run.seg_base[WARD_FS] = 0x7000;
	run.gprs[WARD_RDI] = 0xabc0ffff;
	run.gprs[WARD_RCX] = 0xdead0001;
	port_data = 0x99;
	is(go("\xf3\x6c"), 0, "16-bit rep insb");
	is(run.gprs[WARD_RDI], 0xabc00000, "DI wraps, its upper half stays");
	is(run.gprs[WARD_RCX], 0xdead0000, "CX, too");
	memory[0x7010] = 0x77;
	run.gprs[WARD_RSI] = 0x10;
	is(go("\x64\x6e"), 0, "fs outsb");
	is(port_data, 0x77, "segment override");
}

static void faults(void)
{
	reset(32);
	run.gprs[WARD_RBX] = 0x2000;
	run.gprs[WARD_RSI] = 0x3000;
	run.gprs[WARD_RDI] = DEVICE;
	run.gprs[WARD_RCX] = 8;
	segments[WARD_DS].limit = 0x300a;
	is(go("\xf3\xa5"), 0, "rep movsl over the segment's end");
	is(raised & 0xff, 13, "#GP");
	is(run.gprs[WARD_RCX], 6, "after two elements");
	is(run.commit & WARD_COMMIT_SKIP, 0, "at the instruction");
	segments[WARD_ES].rights = 0xc091;
	raised = 0;
	go("\xa4");
	is(raised & 0xff, 13, "#GP for a read-only segment");
	segments[WARD_ES].rights = 0xc097;
	segments[WARD_ES].limit = 0x200000;
	raised = 0;
	go("\xa4");
	is(raised & 0xff, 13, "#GP below an expand-down limit");
	segments[WARD_SS].limit = 0xfff;
	raised = 0;
	go("\x36\x8b\x03");
	is(raised & 0xff, 12, "#SS for the stack's segment");

	reset(64);
	run.gprs[WARD_RBX] = 1ull << 63;
	is(go("\x8b\x03"), 0, "non-canonical address");
	is(raised, WARD_EVENT_EXCEPTION | WARD_EVENT_ERROR_CODE | 13, "#GP(0)");

	run.cr0 = 0x80000001;
	run.cr3 = 0x8000;
	run.cr4 = 0x20;
	run.efer = 0x500;
	run.gprs[WARD_RBX] = 0xfffffffffffff123;
	is(go("\x89\x03"), 0, "nothing mapped");
	is(raised, WARD_EVENT_EXCEPTION | WARD_EVENT_ERROR_CODE | 14 | 2ull << 32,
	   "#PF, write");
	is(raised_cr2, 0xfffffffffffff123, "CR2");

	reset(64);
	run.gprs[WARD_RBX] = 0xf800;
	run.gprs[WARD_RAX] = 1;
	memory[0xf800] = 7;
	is(go("\x01\x03"), 0, "add to read-only memory");
	is(writes, 1, "goes to the bus");
	is(memory[0xf800], 7, "and not into the memory");
}

static void put_pte(unsigned int index, __u64 entry)
{
	memcpy(memory + 0xb000 + 8 * index, &entry, 8);
}

/* Neighbours for the guest, but not in its memory. */
static void crossing(void)
{
	const __u64 levels[3] = { 0x9003, 0xa003, 0xb003 };
	int i;

	reset(64);
	run.cr0 = 0x80000001;
	run.cr3 = 0x8000;
	run.cr4 = 0x20;
	run.efer = 0x500;
	for (i = 0; i < 3; i++)
		memcpy(memory + 0x8000 + i * 0x1000, &levels[i], 8);
	put_pte(16, 0x5003);
	put_pte(17, (DEVICE + 0x1000) | 3);
	run.gprs[WARD_RBX] = 0x10ffd;
	run.gprs[WARD_RAX] = 0x8877665544332211;
	is(go("\x48\x89\x03"), 0, "mov from RAM into a device");
	is(memory[0x5fff], 0x33, "three bytes in RAM");
	ok(!memcmp(device + 0x1000, "\x44\x55\x66\x77\x88", 5) &&
	   writes == 2, "five in the device, as four and one");
	run.gprs[WARD_RCX] = 0;
	is(go("\x48\x8b\x0b"), 0, "and back");
	is(run.gprs[WARD_RCX], 0x8877665544332211, "its value");
	put_pte(17, 0x6001);
	memory[0x5fff] = 0;
	writes = 0;
	run.cr0 |= 0x10000;
	is(go("\x48\x89\x03"), 0, "the second page is read-only");
	is(raised_cr2, 0x11000, "CR2 is its beginning");
	is(memory[0x5fff], 0, "nothing was written to the first");
}

static void refusals(void)
{
	reset(64);
	is(go("\x0f\xae\x3b"), -ENOTSUP, "clflush (%rbx)");
	ok(strstr(why, "clflush") != NULL, "is told: %s", why);
	is(go("\xff\x33"), -ENOTSUP, "push (%rbx)");
	is(go("\x8c\x1b"), -ENOTSUP, "mov %ds, (%rbx)");
	is(go("\x0f\x0b"), -ENOTSUP, "ud2");
	is(go("\x06"), -ENOTSUP, "not an instruction");
	ok(strstr(why, "not an instruction") != NULL, "is told: %s", why);
	is(go("\x48\xc7\x43"), -ENOTSUP, "cut off");
	is(run.commit, 0, "nothing is committed then");
	run.mmio.bytes = 4;
	is(go("\x8b\x03"), -EINVAL, "an exit that the kernel decoded");
	run.mmio.bytes = 0;
	run.vendor = WARD_VENDOR_VMX;
	run.raw.vmx.vectoring_info = 1u << 31;
	is(go("\x8b\x03"), -ENOTSUP, "an access of event delivery");
	run.raw.vmx.vectoring_info = 0;
	memcpy(memory + 0x1000, "\x8b\x03", 2);
	run.gprs[WARD_RBX] = DEVICE;
	is(go_bytes("", 0), 0, "bytes fetched from the guest's memory");
	is(run.insn_bytes, 2, "its length");
	run.gprs[WARD_RIP] = DEVICE;
	is(go_bytes("", 0), -EFAULT, "code in device memory");
}

int main(void)
{
	moving();
	modifying();
	bits();
	strings();
	ports_strings();
	faults();
	crossing();
	refusals();
	return finish();
}
