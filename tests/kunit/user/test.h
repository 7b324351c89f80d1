/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * test.h - of KUnit what the suites use, for a program.
 */
#ifndef USER_KUNIT_H
#define USER_KUNIT_H

#include <setjmp.h>
#include "user/kernel.h"

#define KUNIT_PARAM_DESC_SIZE	128

struct kunit {
	const void *param_value;
	bool failed;
	jmp_buf abort;
	void *memory;
};

struct kunit_case {
	void (*run_case)(struct kunit *test);
	const char *name;
	const void *(*generate_params)(const void *prev, char *desc);
};

struct kunit_suite {
	const char *name;
	int (*init)(struct kunit *test);
	void (*exit)(struct kunit *test);
	struct kunit_case *test_cases;
};

#define KUNIT_CASE(function)	{ .run_case = (function), .name = #function }
#define KUNIT_CASE_PARAM(function, params)	\
	{ .run_case = (function), .name = #function, .generate_params = (params) }

#define KUNIT_ARRAY_PARAM(name, array, get_desc)				\
static const void *name##_gen_params(const void *prev, char *desc)		\
{										\
	__typeof__((array)[0]) *row = prev;					\
										\
	row = prev ? row + 1 : (array);						\
	if (row - (array) == ARRAY_SIZE(array))					\
		return NULL;							\
	(get_desc)(row, desc);							\
	return row;								\
}

#define kunit_test_suites(...)							\
static void __attribute__((__constructor__)) register_suites(void)		\
{										\
	struct kunit_suite *suites[] = { __VA_ARGS__ };				\
										\
	for (unsigned int i = 0; i < ARRAY_SIZE(suites); i++)			\
		kunit_register(suites[i]);					\
}
#define kunit_test_suite(suite)	kunit_test_suites(&(suite))

void kunit_register(struct kunit_suite *suite);
/* Zeroed; freed when the case has ended. One each. */
void *kunit_kzalloc(struct kunit *test, size_t bytes, int gfp);
/* Notes the failure and says so; an assertion does not return. */
void __printf(5, 6) kunit_fail(struct kunit *test, bool assertion, const char *file, int line,
			       const char *format, ...);
#define kunit_info(test, format, ...)	printf("# " format "\n", ##__VA_ARGS__)

#define USER_FAIL(test, assertion, ...)	\
	kunit_fail(test, assertion, __FILE__, __LINE__, __VA_ARGS__)

#define USER_TRUE(test, assertion, condition, ...)				\
do {										\
	if (!(condition))							\
		USER_FAIL(test, assertion, #condition " " __VA_ARGS__);		\
} while (0)

/* Both sides of one type, as KUnit wants it. */
#define USER_BINARY(test, assertion, left, op, right, format, ...)		\
do {										\
	__typeof__(left) left_ = (left);					\
	__typeof__(right) right_ = (right);					\
	(void)(&left_ == (__typeof__(left_) *)&right_);				\
	if (!(left_ op right_))							\
		USER_FAIL(test, assertion, #left " " #op " " #right ": 0x%llx 0x%llx " format,	\
			  (u64)left_, (u64)right_, ##__VA_ARGS__);		\
} while (0)

#define KUNIT_FAIL(test, ...)			USER_FAIL(test, false, __VA_ARGS__)
#define KUNIT_EXPECT_TRUE(test, c)		USER_TRUE(test, false, c)
#define KUNIT_EXPECT_FALSE(test, c)		USER_TRUE(test, false, !(c))
#define KUNIT_EXPECT_NULL(test, p)		USER_TRUE(test, false, !(p))
#define KUNIT_EXPECT_NOT_NULL(test, p)		USER_TRUE(test, false, p)
#define KUNIT_EXPECT_TRUE_MSG(test, c, ...)	USER_TRUE(test, false, c, __VA_ARGS__)
#define KUNIT_EXPECT_FALSE_MSG(test, c, ...)	USER_TRUE(test, false, !(c), __VA_ARGS__)
#define KUNIT_EXPECT_PTR_EQ(test, a, b)		USER_TRUE(test, false, (a) == (b))
#define KUNIT_EXPECT_STREQ(test, a, b)		USER_TRUE(test, false, !strcmp(a, b), "%s %s", a, b)
#define KUNIT_EXPECT_STRNEQ(test, a, b)		USER_TRUE(test, false, strcmp(a, b), "%s", a)
#define KUNIT_ASSERT_TRUE(test, c)		USER_TRUE(test, true, c)
#define KUNIT_ASSERT_FALSE(test, c)		USER_TRUE(test, true, !(c))
#define KUNIT_ASSERT_TRUE_MSG(test, c, ...)	USER_TRUE(test, true, c, __VA_ARGS__)
#define KUNIT_ASSERT_NOT_NULL(test, p)		USER_TRUE(test, true, p)

#define KUNIT_EXPECT_EQ(test, a, b)		USER_BINARY(test, false, a, ==, b, "")
#define KUNIT_EXPECT_LT(test, a, b)		USER_BINARY(test, false, a, <, b, "")
#define KUNIT_EXPECT_LE(test, a, b)		USER_BINARY(test, false, a, <=, b, "")
#define KUNIT_EXPECT_GT(test, a, b)		USER_BINARY(test, false, a, >, b, "")
#define KUNIT_EXPECT_GE(test, a, b)		USER_BINARY(test, false, a, >=, b, "")
#define KUNIT_EXPECT_EQ_MSG(test, a, b, ...)	USER_BINARY(test, false, a, ==, b, __VA_ARGS__)
#define KUNIT_EXPECT_LT_MSG(test, a, b, ...)	USER_BINARY(test, false, a, <, b, __VA_ARGS__)
#define KUNIT_EXPECT_LE_MSG(test, a, b, ...)	USER_BINARY(test, false, a, <=, b, __VA_ARGS__)
#define KUNIT_EXPECT_GT_MSG(test, a, b, ...)	USER_BINARY(test, false, a, >, b, __VA_ARGS__)
#define KUNIT_ASSERT_EQ(test, a, b)		USER_BINARY(test, true, a, ==, b, "")
#define KUNIT_ASSERT_LT(test, a, b)		USER_BINARY(test, true, a, <, b, "")
#define KUNIT_ASSERT_LE(test, a, b)		USER_BINARY(test, true, a, <=, b, "")
#define KUNIT_ASSERT_GE(test, a, b)		USER_BINARY(test, true, a, >=, b, "")
#define KUNIT_ASSERT_EQ_MSG(test, a, b, ...)	USER_BINARY(test, true, a, ==, b, __VA_ARGS__)

#endif
