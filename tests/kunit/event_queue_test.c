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
static const struct vmx_event_gates open = { .vector = 0x41, .interrupts = true, .nmis = true };

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

/* What is no exception is not folded, and is delivered once the new one is. */
static void exception_during_another_event(struct kunit *test)
{
	static const u32 first[] = {
		VALID | 0x041,		/* external interrupt */
		NMI,
		VALID | 0x480,		/* INT n */
		VALID | 0x501,		/* INT1 */
		VALID | 0x603,		/* INT3 */
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(first); i++) {
		struct vmx_events ev = { .redeliver = first[i], .insn_bytes = 2 };

		KUNIT_EXPECT_TRUE(test, vmx_events_add_exception(&ev, 14, true, 4));
		KUNIT_EXPECT_EQ(test, ev.exception, EXCEPTION(14) | ERROR);
		KUNIT_EXPECT_EQ(test, ev.redeliver, first[i]);
		KUNIT_EXPECT_EQ(test, vmx_events_choose(&ev, &open).info, EXCEPTION(14) | ERROR);
		KUNIT_EXPECT_EQ(test, vmx_events_choose(&ev, &open).info, first[i]);
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
	struct vmx_event_gates closed = { .vector = 0x41 };
	struct vmx_events ev = { .nmis = 2 };

	KUNIT_EXPECT_EQ(test, vmx_events_choose(&ev, &closed).info, 0u);
	KUNIT_EXPECT_EQ(test, ev.nmis, 2u);
	/* A blocked NMI does not hold up an interrupt. */
	closed.interrupts = true;
	KUNIT_EXPECT_EQ(test, vmx_events_choose(&ev, &closed).info, VALID | 0x41);
	closed.nmis = true;
	KUNIT_EXPECT_EQ(test, vmx_events_choose(&ev, &closed).info, NMI);
	KUNIT_EXPECT_EQ(test, ev.nmis, 1u);
	/* Vector 0 is one, -1 is none. */
	closed = (struct vmx_event_gates){ .vector = 0, .interrupts = true };
	KUNIT_EXPECT_EQ(test, vmx_events_choose(&ev, &closed).info, VALID);
	closed.vector = -1;
	KUNIT_EXPECT_EQ(test, vmx_events_choose(&ev, &closed).info, 0u);
	/* Neither gate holds up an exception or what was interrupted. */
	ev = (struct vmx_events){ .exception = EXCEPTION(1), .redeliver = NMI };
	KUNIT_EXPECT_EQ(test, vmx_events_choose(&ev, &shut).info, EXCEPTION(1));
	KUNIT_EXPECT_EQ(test, vmx_events_choose(&ev, &shut).info, NMI);
	KUNIT_EXPECT_EQ(test, vmx_events_choose(&ev, &shut).info, 0u);
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
