// SPDX-License-Identifier: GPL-2.0-only
/*
 * dump_test.c - the text of a VMCS.
 */
#include <string.h>

#include "fake_vmcs.h"
#include "tap.h"
#include "vmcs/dump.h"

static struct fake_vmcs vmcs;
static char text[16384];

static size_t dump(void)
{
	return vmcs_dump(fake_read, &vmcs, vmcs.msrs, FAKE_MAXPHYADDR, text,
			 sizeof(text));
}

static void expect(const char *part)
{
	ok(strstr(text, part) != NULL, "%.*s", (int)strcspn(part, "\n"), part);
}

static void test_length(void)
{
	static char again[sizeof(text)];
	size_t length, n, i;

	fake_vmcs(&vmcs, LONG_MODE);
	length = dump();
	ok(length == strlen(text) && length < 8192, "%zu bytes of text",
	   length);
	ok(vmcs_dump(fake_read, &vmcs, vmcs.msrs, FAKE_MAXPHYADDR, NULL, 0) ==
	   length, "length without room");
	for (i = 1; i <= length + 2; i++) {
		memset(again, 'x', sizeof(again));
		n = vmcs_dump(fake_read, &vmcs, vmcs.msrs, FAKE_MAXPHYADDR,
			      again, i);
		if (n != length || again[i] != 'x' ||
		    strlen(again) != (i <= length ? i - 1 : length) ||
		    strncmp(again, text, strlen(again)))
			break;
	}
	ok(i == length + 3, "cut at any length (%zu)", i);
}

static void test_guest(void)
{
	fake_vmcs(&vmcs, LONG_MODE);
	dump();
	expect("CS   0x0010 base 0x0 limit 0xffffffff rights 0xa09b: code 64 readable DPL0 P G\n");
	expect("SS   0x0018 base 0x0 limit 0xffffffff rights 0xc093: data 32 writable DPL0 P G\n");
	expect("TR   0x0040 base 0x4000 limit 0x67 rights 0x8b: busy TSS DPL0 P\n");
	expect("0x80050033 PE MP ET NE WP AM PG\n");
	expect("0xd01 SCE LME LMA NXE\n");
	expect("0x0 (active)\n");
	expect(" interrupt_exiting nmi_exiting vnmi\n");
	expect(" ept rdtscp vpid wbinvd_exiting unrestricted_guest invpcid xsaves\n");
	expect("(root 0x2000, 4 levels, memory type 6)\n");
	expect("breaks no rule\n");
}

static void test_exits(void)
{
	u64 *f = vmcs.fields;

	fake_vmcs(&vmcs, LONG_MODE);
	f[VM_EXIT_REASON] = EXIT_REASON_EPT_VIOLATION;
	f[EXIT_QUALIFICATION] = 0x18a;
	dump();
	expect("0x30 (EPT violation)\n");
	expect("0x18a (access: write; mapped r--; final address)\n");

	f[VM_EXIT_REASON] = EXIT_REASON_CR_ACCESS;
	f[EXIT_QUALIFICATION] = 0x804;
	dump();
	expect("0x804 (MOV R8 to CR4)\n");
	f[EXIT_QUALIFICATION] = 0x13;
	dump();
	expect("0x13 (MOV CR3 to RAX)\n");

	f[VM_EXIT_REASON] = EXIT_REASON_IO_INSTRUCTION;
	f[EXIT_QUALIFICATION] = 0x3f80000;
	dump();
	expect("0x3f80000 (OUT port 0x3f8, 1 byte)\n");
	f[EXIT_QUALIFICATION] = 0x1f0003b;
	dump();
	expect("0x1f0003b (REP INS port 0x1f0, 4 bytes)\n");

	f[VM_EXIT_REASON] = 0x80000000 | EXIT_REASON_INVALID_STATE;
	f[EXIT_QUALIFICATION] = 0;
	f[GUEST_RFLAGS] = 0;
	f[VM_INSTRUCTION_ERROR] = 7;
	dump();
	expect("(entry failure: guest state, on entry)\n");
	expect("guest RFLAGS 0x0 must have bit 1 set\n    (SDM \"Checks on Guest RIP, RFLAGS, and SSP\")\n");
	expect("7 (VM entry with invalid control fields)\n");
}

static void test_events(void)
{
	u64 *f = vmcs.fields;

	fake_vmcs(&vmcs, LONG_MODE);
	f[VM_ENTRY_INTR_INFO_FIELD] = 0x80000b0e;
	f[VM_ENTRY_EXCEPTION_ERROR_CODE] = 0x6;
	f[IDT_VECTORING_INFO_FIELD] = 0x80000030;
	dump();
	expect("0x80000b0e (exception #PF, error code 0x6)\n");
	expect("0x80000030 (external interrupt 0x30)\n");
	expect("0x0 (none)\n");
}

static void test_garbage(void)
{
	size_t length;

	memset(&vmcs, 0xff, sizeof(vmcs));
	length = dump();
	ok(length < sizeof(text), "a VMCS of ones makes %zu bytes", length);
	expect(" more\n");
}

int main(void)
{
	test_length();
	test_guest();
	test_exits();
	test_events();
	test_garbage();
	return tap_done();
}
