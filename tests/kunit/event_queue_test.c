// SPDX-License-Identifier: GPL-2.0-only
/*
 * event_queue_test.c - two events that meet, which goes first, what is delivered
 * again.
 *
 * SDM: "Conditions for Generating a Double Fault", "Event Injection".
 */
#include <kunit/test.h>
#include <linux/string.h>
#include "vmx/event_queue.h"
#include "ward.h"

#define VALID		0x80000000u
#define ERROR		0x800u
#define EXCEPTION(v)	(VALID | 0x300 | (v))
#define NMI		(VALID | 0x202)

static const struct vmx_event_gates shut = { .vector = -1 };
static const struct vmx_event_gates open = { .vector = 0x41, .enabled = true };

/* ----------------------------------------------------- exceptions that meet */

enum outcome { SECOND, DOUBLE, TRIPLE };

/*
 * The table of the SDM by classes: benign, contributory, page fault. #DB, #BP
 * and #UD stand for the benign, with #AC, #MC and #XM.
 */
static enum outcome wanted(u8 first, u8 second)
{
	static const u8 contributory[] = { 0, 10, 11, 12, 13, 21 };
	bool a = memchr(contributory, first, sizeof(contributory));
	bool b = memchr(contributory, second, sizeof(contributory));

	if (first == 8)
		return b || second == 14 ? TRIPLE : SECOND;
	if (first == 14)
		return b || second == 14 ? DOUBLE : SECOND;
	return a && b ? DOUBLE : SECOND;
}

static void expect_met(struct kunit *test, const struct vmx_events *was, u8 first, u8 second)
{
	struct vmx_events ev = *was;
	bool alive = vmx_events_add_exception(&ev, second, true, 0x77);

	switch (wanted(first, second)) {
	case TRIPLE:
		KUNIT_EXPECT_FALSE_MSG(test, alive, "%u, then %u", first, second);
		KUNIT_EXPECT_EQ_MSG(test, memcmp(&ev, was, sizeof(ev)), 0, "%u, then %u", first, second);
		return;
	case DOUBLE:
		KUNIT_EXPECT_TRUE(test, alive);
		KUNIT_EXPECT_EQ_MSG(test, ev.exception, EXCEPTION(8) | ERROR, "%u, then %u", first, second);
		KUNIT_EXPECT_EQ(test, ev.exception_error, 0u);
		break;
	case SECOND:
		KUNIT_EXPECT_TRUE(test, alive);
		KUNIT_EXPECT_EQ_MSG(test, ev.exception, EXCEPTION(second) | ERROR, "%u, then %u", first,
				    second);
		KUNIT_EXPECT_EQ(test, ev.exception_error, 0x77u);
		break;
	}
	/* The first one comes again by itself. */
	KUNIT_EXPECT_EQ_MSG(test, ev.redeliver, 0u, "%u, then %u", first, second);
}

/* While the first waits for an entry, and while it is being delivered. */
static void two_exceptions(struct kunit *test)
{
	for (u8 first = 0; first < 32; first++) {
		for (u8 second = 0; second < 32; second++) {
			const struct vmx_events waits = { .exception = EXCEPTION(first) };
			const struct vmx_events interrupted = { .redeliver = EXCEPTION(first) };

			expect_met(test, &waits, first, second);
			expect_met(test, &interrupted, first, second);
		}
	}
}

static void three_exceptions(struct kunit *test)
{
	struct vmx_events ev = {};

	KUNIT_EXPECT_TRUE(test, vmx_events_add_exception(&ev, 14, true, 2));
	KUNIT_EXPECT_EQ(test, ev.exception, EXCEPTION(14) | ERROR);
	KUNIT_EXPECT_EQ(test, ev.exception_error, 2u);
	KUNIT_EXPECT_TRUE(test, vmx_events_add_exception(&ev, 14, true, 2));
	KUNIT_EXPECT_EQ(test, ev.exception, EXCEPTION(8) | ERROR);
	KUNIT_EXPECT_FALSE(test, vmx_events_add_exception(&ev, 14, true, 2));

	/* Of two that push no error code, the double fault pushes one. */
	ev = (struct vmx_events){};
	KUNIT_EXPECT_TRUE(test, vmx_events_add_exception(&ev, 0, false, 0));
	KUNIT_EXPECT_TRUE(test, vmx_events_add_exception(&ev, 0, false, 0));
	KUNIT_EXPECT_EQ(test, ev.exception, EXCEPTION(8) | ERROR);
}

/*
 * What is no exception is not folded. An instruction raises its event again by
 * itself, what came from outside is delivered once the exception is.
 */
static void exception_during_another_event(struct kunit *test)
{
	static const struct { u32 info; bool kept; } first[] = {
		{ VALID | 0x041, true },	/* external interrupt */
		{ NMI, true },
		{ VALID | 0x480, false },	/* INT n */
		{ VALID | 0x501, false },	/* INT1 */
		{ VALID | 0x603, false },	/* INT3 */
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(first); i++) {
		struct vmx_events ev = { .redeliver = first[i].info, .insn_bytes = 2 };
		u32 kept = first[i].kept ? first[i].info : 0;

		KUNIT_EXPECT_TRUE(test, vmx_events_add_exception(&ev, 17, true, 4));
		KUNIT_EXPECT_EQ(test, ev.exception, EXCEPTION(17) | ERROR);
		KUNIT_EXPECT_EQ_MSG(test, ev.redeliver, kept, "event 0x%x", first[i].info);
		KUNIT_EXPECT_EQ(test, vmx_events_choose(&ev, &shut).info, EXCEPTION(17) | ERROR);
		KUNIT_EXPECT_EQ(test, vmx_events_choose(&ev, &shut).info, kept);
	}
}

static void error_code_only_where_there_is_one(struct kunit *test)
{
	struct vmx_events ev = {};

	KUNIT_EXPECT_TRUE(test, vmx_events_add_exception(&ev, 6, false, 0));
	KUNIT_EXPECT_EQ(test, ev.exception, EXCEPTION(6));
	/* Left over from an earlier one */
	ev = (struct vmx_events){ .redeliver_error = 9 };
	KUNIT_EXPECT_TRUE(test, vmx_events_add_exception(&ev, 13, true, 0));
	KUNIT_EXPECT_EQ(test, vmx_events_choose(&ev, &open).error, 0u);
}

/* ------------------------------------------------------------ which goes first */

static void order(struct kunit *test)
{
	struct vmx_events ev = {
		.exception = EXCEPTION(13) | ERROR, .exception_error = 0x10,
		.redeliver = VALID | 0x480, .redeliver_error = 0x20, .insn_bytes = 2,
		.nmis = 1,
	};
	struct vmx_injection next = vmx_events_choose(&ev, &open);

	KUNIT_EXPECT_EQ(test, next.info, EXCEPTION(13) | ERROR);
	KUNIT_EXPECT_EQ(test, next.error, 0x10u);
	KUNIT_EXPECT_FALSE(test, next.take);
	next = vmx_events_choose(&ev, &open);
	KUNIT_EXPECT_EQ(test, next.info, VALID | 0x480);
	KUNIT_EXPECT_EQ(test, next.error, 0x20u);
	KUNIT_EXPECT_EQ(test, next.insn_bytes, 2u);
	KUNIT_EXPECT_FALSE(test, next.take);
	KUNIT_EXPECT_EQ(test, ev.nmis, 1u);
	next = vmx_events_choose(&ev, &open);
	KUNIT_EXPECT_EQ(test, next.info, NMI);
	KUNIT_EXPECT_FALSE(test, next.take);
	KUNIT_EXPECT_EQ(test, ev.nmis, 0u);
	next = vmx_events_choose(&ev, &open);
	KUNIT_EXPECT_EQ(test, next.info, VALID | 0x41);
	KUNIT_EXPECT_TRUE(test, next.take);
	/* The caller takes it; the gates say the rest. */
	next = vmx_events_choose(&ev, &shut);
	KUNIT_EXPECT_EQ(test, next.info, 0u);
	KUNIT_EXPECT_FALSE(test, next.take);
}

static void gates(struct kunit *test)
{
	struct vmx_event_gates closed = { .vector = 0x41, .blocking = VMX_BLOCK_NMI };
	struct vmx_events ev = { .nmis = 2 };

	KUNIT_EXPECT_EQ(test, vmx_events_choose(&ev, &closed).info, 0u);
	KUNIT_EXPECT_EQ(test, ev.nmis, 2u);
	/* A blocked NMI does not hold up an interrupt. */
	closed.enabled = true;
	KUNIT_EXPECT_EQ(test, vmx_events_choose(&ev, &closed).info, VALID | 0x41);
	closed.blocking = VMX_BLOCK_STI;
	KUNIT_EXPECT_EQ(test, vmx_events_choose(&ev, &closed).info, 0u);
	closed.blocking = VMX_BLOCK_MOV_SS;
	KUNIT_EXPECT_EQ(test, vmx_events_choose(&ev, &closed).info, 0u);
	/* Nor does RFLAGS.IF hold up an NMI. */
	closed = (struct vmx_event_gates){ .vector = 0x41 };
	KUNIT_EXPECT_EQ(test, vmx_events_choose(&ev, &closed).info, NMI);
	KUNIT_EXPECT_EQ(test, ev.nmis, 1u);
	/* Vector 0 is one, -1 is none. */
	ev.nmis = 0;
	closed = (struct vmx_event_gates){ .vector = 0, .enabled = true };
	KUNIT_EXPECT_EQ(test, vmx_events_choose(&ev, &closed).info, VALID);
	closed.vector = -1;
	KUNIT_EXPECT_EQ(test, vmx_events_choose(&ev, &closed).info, 0u);
	/* Neither gate holds up an exception or what was interrupted. */
	ev = (struct vmx_events){ .exception = EXCEPTION(1), .redeliver = NMI };
	KUNIT_EXPECT_EQ(test, vmx_events_choose(&ev, &shut).info, EXCEPTION(1));
	KUNIT_EXPECT_EQ(test, vmx_events_choose(&ev, &shut).info, NMI);
	KUNIT_EXPECT_EQ(test, vmx_events_choose(&ev, &shut).info, 0u);
}

/* "Priority Among Concurrent Events": traps of the last instruction, then the others. */
static void behind_a_trap(struct kunit *test)
{
	const struct vmx_event_gates trap = { .vector = 0x41, .enabled = true, .trap = true };
	struct vmx_events ev = { .exception = EXCEPTION(6), .redeliver = VALID | 0x31, .nmis = 1 };
	struct vmx_windows windows;

	KUNIT_EXPECT_EQ(test, vmx_events_choose(&ev, &trap).info, EXCEPTION(6));
	KUNIT_EXPECT_EQ(test, vmx_events_choose(&ev, &trap).info, VALID | 0x31);
	KUNIT_EXPECT_EQ(test, vmx_events_choose(&ev, &trap).info, 0u);
	KUNIT_EXPECT_EQ(test, ev.nmis, 1u);
	ev.nmis = 0;
	KUNIT_EXPECT_EQ(test, vmx_events_choose(&ev, &trap).info, 0u);
	KUNIT_EXPECT_FALSE(test, vmx_events_choose(&ev, &trap).take);
	windows = vmx_events_windows(&ev, &trap);
	KUNIT_EXPECT_TRUE(test, windows.interrupts);
}

/* ------------------------------------------------------------------- windows */

struct window {
	const char *name;
	struct vmx_event_gates gates;
	u32 nmis;
	bool interrupt_window, nmi_window;
};

static const struct window window_rows[] = {
	{ "nothing waits", { .vector = -1, .enabled = true }, 0, false, false },
	{ "interrupt", { .vector = 0x41 }, 0, true, false },
	{ "interrupt behind STI", { .vector = 0x41, .enabled = true, .blocking = VMX_BLOCK_STI }, 0,
	  true, false },
	{ "NMI in a handler", { .vector = -1, .blocking = VMX_BLOCK_NMI }, 1, false, true },
	{ "NMI behind MOV SS", { .vector = -1, .blocking = VMX_BLOCK_MOV_SS }, 1, false, true },
	/* The NMI window need not wait for the instruction: an entry could make no progress. */
	{ "NMI behind STI", { .vector = -1, .enabled = true, .blocking = VMX_BLOCK_STI }, 1,
	  true, false },
	{ "NMI behind STI in a handler",
	  { .vector = -1, .enabled = true, .blocking = VMX_BLOCK_STI | VMX_BLOCK_NMI }, 1,
	  true, false },
	{ "both", { .vector = 0x41, .blocking = VMX_BLOCK_NMI }, 2, true, true },
};

static void window_name(const struct window *window, char *text)
{
	strscpy(text, window->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(window, window_rows, window_name);

static void what_opens(struct kunit *test)
{
	const struct window *row = test->param_value;
	struct vmx_events ev = { .nmis = row->nmis };
	struct vmx_windows windows;

	KUNIT_EXPECT_EQ(test, vmx_events_choose(&ev, &row->gates).info, 0u);
	windows = vmx_events_windows(&ev, &row->gates);
	KUNIT_EXPECT_EQ(test, windows.interrupts, row->interrupt_window);
	KUNIT_EXPECT_EQ(test, windows.nmis, row->nmi_window);
}

/* -------------------------------------------------------------- RFLAGS.RF */

/* Pushed as 1 by each fault but #DB, and not changed for what is delivered again. */
static void resume_flag(struct kunit *test)
{
	static const u8 faults[] = { 0, 5, 6, 7, 10, 11, 12, 13, 14, 16, 17, 19, 20, 21 };
	struct vmx_events ev;

	for (u8 vector = 0; vector < 32; vector++) {
		ev = (struct vmx_events){ .exception = EXCEPTION(vector) };
		KUNIT_EXPECT_EQ_MSG(test, vmx_events_choose(&ev, &open).resume,
				    !!memchr(faults, vector, sizeof(faults)), "vector %u", vector);
		ev.redeliver = EXCEPTION(vector);
		KUNIT_EXPECT_FALSE(test, vmx_events_choose(&ev, &open).resume);
	}
	ev = (struct vmx_events){ .nmis = 1 };
	KUNIT_EXPECT_FALSE(test, vmx_events_choose(&ev, &open).resume);
	KUNIT_EXPECT_FALSE(test, vmx_events_choose(&ev, &open).resume);
}

/* ----------------------------------------------------------- delivered again */

struct again {
	const char *name;
	u32 vectoring, error, insn_bytes;
	u32 info;
};

static const struct again agains[] = {
	{ "external interrupt", VALID | 0x041, 0, 0, VALID | 0x041 },
	{ "NMI", NMI, 0, 0, NMI },
	{ "page fault", EXCEPTION(14) | ERROR, 6, 0, EXCEPTION(14) | ERROR },
	{ "INT n", VALID | 0x480, 0, 2, VALID | 0x480 },
	{ "INT3", VALID | 0x603, 0, 1, VALID | 0x603 },
	{ "undefined bit 12", EXCEPTION(14) | ERROR | 0x1000, 2, 0, EXCEPTION(14) | ERROR },
	{ "reserved bits", VALID | 0x7ffff041, 0, 0, VALID | 0x041 },
};

static void again_name(const struct again *again, char *text)
{
	strscpy(text, again->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(again, agains, again_name);

static void interrupted_delivery(struct kunit *test)
{
	const struct again *again = test->param_value;
	struct vmx_events ev = { .redeliver_error = 0xbad, .insn_bytes = 0xbad };
	struct vmx_injection next;

	vmx_events_interrupted(&ev, again->vectoring, again->error, again->insn_bytes);
	next = vmx_events_choose(&ev, &open);
	KUNIT_EXPECT_EQ(test, next.info, again->info);
	KUNIT_EXPECT_EQ(test, next.error, again->error);
	KUNIT_EXPECT_EQ(test, next.insn_bytes, again->insn_bytes);
	/* An interrupt left the local APIC when it was injected first. */
	KUNIT_EXPECT_FALSE(test, next.take);
	KUNIT_EXPECT_EQ(test, ev.redeliver, 0u);
}

/* ---------------------------------------------------------------------- NMIs */

static void nmis(struct kunit *test)
{
	struct vmx_events ev = {};

	/* Not in a handler: one to be handled, one more is remembered. */
	vmx_events_add_nmi(&ev, false);
	KUNIT_EXPECT_EQ(test, ev.nmis, 1u);
	vmx_events_add_nmi(&ev, false);
	KUNIT_EXPECT_EQ(test, ev.nmis, 2u);
	vmx_events_add_nmi(&ev, false);
	KUNIT_EXPECT_EQ(test, ev.nmis, 2u);

	/* In a handler: one is remembered. */
	ev = (struct vmx_events){};
	vmx_events_add_nmi(&ev, true);
	vmx_events_add_nmi(&ev, true);
	KUNIT_EXPECT_EQ(test, ev.nmis, 1u);

	/* On the way into one */
	ev = (struct vmx_events){ .redeliver = NMI };
	vmx_events_add_nmi(&ev, false);
	vmx_events_add_nmi(&ev, false);
	KUNIT_EXPECT_EQ(test, ev.nmis, 1u);
	/* On the way elsewhere */
	ev = (struct vmx_events){ .redeliver = EXCEPTION(2 + 1) };
	vmx_events_add_nmi(&ev, false);
	vmx_events_add_nmi(&ev, false);
	KUNIT_EXPECT_EQ(test, ev.nmis, 2u);
}

/* ------------------------------------------------------------ from user space */

struct injected {
	const char *name;
	u64 event;
	bool lapic;
	struct vmx_events was;
	int result;
	struct vmx_events is;
};

#define EV(type, vector)	(WARD_EVENT_VALID | WARD_EVENT_##type | (vector))
#define WITH_ERROR(code)	(WARD_EVENT_ERROR_CODE | (u64)(code) << 32)

static const struct injected injecteds[] = {
	{ "interrupt", EV(INTERRUPT, 0x41), false, {}, 0, { .interrupt = VALID | 0x41 } },
	{ "interrupt 0", EV(INTERRUPT, 0), false, {}, 0, { .interrupt = VALID } },
	{ "interrupt of a local APIC", EV(INTERRUPT, 0x41), true, {}, -ENXIO, {} },
	{ "second interrupt", EV(INTERRUPT, 0x41), false, { .interrupt = VALID }, -EBUSY,
	  { .interrupt = VALID } },
	{ "interrupt with an error code", EV(INTERRUPT, 0x41) | WITH_ERROR(0), false, {}, -EINVAL, {} },
	{ "NMI", EV(NMI, 2), true, {}, 0, { .nmis = 1 } },
	{ "NMI with another vector", EV(NMI, 3), true, {}, -EINVAL, {} },
	{ "NMI with an error code", EV(NMI, 2) | WITH_ERROR(0), true, {}, -EINVAL, {} },
	{ "undefined opcode", EV(EXCEPTION, 6), true, {}, 0, { .exception = EXCEPTION(6) } },
	{ "page fault", EV(EXCEPTION, 14) | WITH_ERROR(0x15), true, {}, 0,
	  { .exception = EXCEPTION(14) | ERROR, .exception_error = 0x15 } },
	{ "exception 31", EV(EXCEPTION, 31), true, {}, 0, { .exception = EXCEPTION(31) } },
	{ "exception 32", EV(EXCEPTION, 32), true, {}, -EINVAL, {} },
	{ "NMI as an exception", EV(EXCEPTION, 2), true, {}, -EINVAL, {} },
	{ "exception while one waits", EV(EXCEPTION, 6), true, { .exception = EXCEPTION(1) }, -EBUSY,
	  { .exception = EXCEPTION(1) } },
	{ "exception while one is delivered", EV(EXCEPTION, 6), true, { .redeliver = NMI }, -EBUSY,
	  { .redeliver = NMI } },
	{ "not valid", WARD_EVENT_EXCEPTION | 6, true, {}, -EINVAL, {} },
	{ "reserved bit", EV(EXCEPTION, 6) | 1ull << 12, true, {}, -EINVAL, {} },
	{ "an error code that is not announced", EV(EXCEPTION, 6) | 1ull << 32, true, {}, -EINVAL, {} },
	{ "INT n", WARD_EVENT_VALID | 0x480, true, {}, -EINVAL, {} },
	{ "type 1", WARD_EVENT_VALID | 0x102, true, {}, -EINVAL, {} },
};

static void injected_name(const struct injected *injected, char *text)
{
	strscpy(text, injected->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(injected, injecteds, injected_name);

static void from_user_space(struct kunit *test)
{
	const struct injected *in = test->param_value;
	struct vmx_events ev = in->was;

	KUNIT_EXPECT_EQ(test, vmx_events_inject(&ev, in->event, in->lapic, false), in->result);
	KUNIT_EXPECT_EQ(test, ev.exception, in->is.exception);
	KUNIT_EXPECT_EQ(test, ev.exception_error, in->is.exception_error);
	KUNIT_EXPECT_EQ(test, ev.redeliver, in->is.redeliver);
	KUNIT_EXPECT_EQ(test, ev.interrupt, in->is.interrupt);
	KUNIT_EXPECT_EQ(test, ev.nmis, in->is.nmis);
}

/* The exceptions that push an error code, and no others, must bring one. */
static void error_codes_by_vector(struct kunit *test)
{
	static const u8 pushing[] = { 8, 10, 11, 12, 13, 14, 17, 21 };

	for (u8 vector = 0; vector < 32; vector++) {
		bool pushes = memchr(pushing, vector, sizeof(pushing));
		struct vmx_events with = {}, without = {};

		if (vector == 2)
			continue;
		KUNIT_EXPECT_EQ_MSG(test, vmx_events_inject(&with, EV(EXCEPTION, vector) | WITH_ERROR(0),
							    true, false),
				    pushes ? 0 : -EINVAL, "vector %u", vector);
		KUNIT_EXPECT_EQ_MSG(test, vmx_events_inject(&without, EV(EXCEPTION, vector), true, false),
				    pushes ? -EINVAL : 0, "vector %u", vector);
	}
}

static void nmi_from_user_space_in_a_handler(struct kunit *test)
{
	struct vmx_events ev = { .nmis = 1 };

	KUNIT_EXPECT_EQ(test, vmx_events_inject(&ev, EV(NMI, 2), false, true), 0);
	KUNIT_EXPECT_EQ(test, ev.nmis, 1u);
	KUNIT_EXPECT_EQ(test, vmx_events_inject(&ev, EV(NMI, 2), false, false), 0);
	KUNIT_EXPECT_EQ(test, ev.nmis, 2u);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(two_exceptions),
	KUNIT_CASE(three_exceptions),
	KUNIT_CASE(exception_during_another_event),
	KUNIT_CASE(error_code_only_where_there_is_one),
	KUNIT_CASE(order),
	KUNIT_CASE(gates),
	KUNIT_CASE(behind_a_trap),
	KUNIT_CASE_PARAM(what_opens, window_gen_params),
	KUNIT_CASE(resume_flag),
	KUNIT_CASE_PARAM(interrupted_delivery, again_gen_params),
	KUNIT_CASE(nmis),
	KUNIT_CASE_PARAM(from_user_space, injected_gen_params),
	KUNIT_CASE(error_codes_by_vector),
	KUNIT_CASE(nmi_from_user_space_in_a_handler),
	{}
};

static struct kunit_suite suite = {
	.name = "ward_event_queue",
	.test_cases = cases,
};

kunit_test_suite(suite);
