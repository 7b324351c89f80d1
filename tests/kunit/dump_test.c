// SPDX-License-Identifier: GPL-2.0-only
/*
 * dump_test.c - the text of a VMCS.
 */
#include <kunit/test.h>
#include <linux/string.h>

#include "fake_vmcs.h"
#include "vmcs/dump.h"

static struct fake_vmcs vmcs;
static char text[16384];

static size_t dump(void)
{
	return vmcs_dump(fake_read, &vmcs, vmcs.msrs, FAKE_MAXPHYADDR, text,
			 sizeof(text));
}

static void expect(struct kunit *test, const char *part)
{
	KUNIT_EXPECT_TRUE_MSG(test, strstr(text, part) != NULL, "not there: %s", part);
}

/* Cut at any length, it is a string and the beginning of the whole. */
static void any_length(struct kunit *test)
{
	static char again[sizeof(text)];
	size_t length, i;

	fake_vmcs(&vmcs, LONG_MODE);
	length = dump();
	KUNIT_EXPECT_EQ(test, length, strlen(text));
	KUNIT_EXPECT_LT(test, length, (size_t)8192);
	KUNIT_EXPECT_EQ(test, vmcs_dump(fake_read, &vmcs, vmcs.msrs, FAKE_MAXPHYADDR, NULL, 0),
			length);
	for (i = 1; i <= length + 2; i++) {
		size_t wanted = min(i - 1, length);

		memset(again, 'x', i + 1);
		KUNIT_ASSERT_EQ(test, vmcs_dump(fake_read, &vmcs, vmcs.msrs, FAKE_MAXPHYADDR, again, i),
				length);
		KUNIT_ASSERT_EQ_MSG(test, again[i], 'x', "written behind %zu bytes", i);
		KUNIT_ASSERT_EQ(test, strlen(again), wanted);
		KUNIT_ASSERT_EQ(test, memcmp(again, text, wanted), 0);
	}
}

static void guest(struct kunit *test)
{
	fake_vmcs(&vmcs, LONG_MODE);
	dump();
	expect(test, "CS   0x0010 base 0x0 limit 0xffffffff rights 0xa09b: code 64 readable DPL0 P G\n");
	expect(test, "SS   0x0018 base 0x0 limit 0xffffffff rights 0xc093: data 32 writable DPL0 P G\n");
	expect(test, "TR   0x0040 base 0x4000 limit 0x67 rights 0x8b: busy TSS DPL0 P\n");
	expect(test, "0x80050033 PE MP ET NE WP AM PG\n");
	expect(test, "0xd01 SCE LME LMA NXE\n");
	expect(test, "0x0 (active)\n");
	expect(test, " interrupt_exiting nmi_exiting vnmi\n");
	expect(test, " ept rdtscp vpid wbinvd_exiting unrestricted_guest invpcid encls_exiting xsaves\n");
	expect(test, "(root 0x2000, 4 levels, memory type 6)\n");
	expect(test, "breaks no rule\n");
}

static void exits(struct kunit *test)
{
	u64 *f = vmcs.fields;

	fake_vmcs(&vmcs, LONG_MODE);
	f[VM_EXIT_REASON] = EXIT_REASON_EPT_VIOLATION;
	f[EXIT_QUALIFICATION] = 0x18a;
	dump();
	expect(test, "0x30 (EPT violation)\n");
	expect(test, "0x18a (access: write; mapped r--; final address)\n");

	f[VM_EXIT_REASON] = EXIT_REASON_CR_ACCESS;
	f[EXIT_QUALIFICATION] = 0x804;
	dump();
	expect(test, "0x804 (MOV R8 to CR4)\n");
	f[EXIT_QUALIFICATION] = 0x13;
	dump();
	expect(test, "0x13 (MOV CR3 to RAX)\n");

	f[VM_EXIT_REASON] = EXIT_REASON_IO_INSTRUCTION;
	f[EXIT_QUALIFICATION] = 0x3f80000;
	dump();
	expect(test, "0x3f80000 (OUT port 0x3f8, 1 byte)\n");
	f[EXIT_QUALIFICATION] = 0x1f0003b;
	dump();
	expect(test, "0x1f0003b (REP INS port 0x1f0, 4 bytes)\n");

	f[VM_EXIT_REASON] = 0x80000000 | EXIT_REASON_INVALID_STATE;
	f[EXIT_QUALIFICATION] = 0;
	f[GUEST_RFLAGS] = 0;
	f[VM_INSTRUCTION_ERROR] = 7;
	dump();
	expect(test, "(entry failure: guest state, on entry)\n");
	expect(test, "guest RFLAGS 0x0 must have bit 1 set\n    (SDM \"Checks on Guest RIP, RFLAGS, and SSP\")\n");
	expect(test, "7 (VM entry with invalid control fields)\n");
}

static void events(struct kunit *test)
{
	u64 *f = vmcs.fields;

	fake_vmcs(&vmcs, LONG_MODE);
	f[VM_ENTRY_INTR_INFO_FIELD] = 0x80000b0e;
	f[VM_ENTRY_EXCEPTION_ERROR_CODE] = 0x6;
	f[IDT_VECTORING_INFO_FIELD] = 0x80000030;
	dump();
	expect(test, "0x80000b0e (exception #PF, error code 0x6)\n");
	expect(test, "0x80000030 (external interrupt 0x30)\n");
	expect(test, "0x0 (none)\n");
}

static void garbage(struct kunit *test)
{
	size_t length;

	memset(&vmcs, 0xff, sizeof(vmcs));
	length = dump();
	KUNIT_EXPECT_LT(test, length, sizeof(text));
	expect(test, " more\n");
}

static struct kunit_case cases[] = {
	KUNIT_CASE(any_length),
	KUNIT_CASE(guest),
	KUNIT_CASE(exits),
	KUNIT_CASE(events),
	KUNIT_CASE(garbage),
	{}
};

static struct kunit_suite suite = {
	.name = "ward_vmcs_dump",
	.test_cases = cases,
};

kunit_test_suite(suite);
