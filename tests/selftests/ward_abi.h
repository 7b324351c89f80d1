/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ward_abi.h - the rules that ward.h gives for every structure, tried on one
 * call after the other: size, flags, reserved fields, bad pointers.
 *
 * A call is given as a structure with which it succeeds. Each trial changes
 * one thing of it; the unchanged one is tried last, to see that nothing but
 * the change made the others fail.
 */
#ifndef WARD_ABI_H
#define WARD_ABI_H

#include <stddef.h>
#include "ward_test.h"

struct abi_call {
	const char *name;
	unsigned long number;
	const void *good;
	size_t bytes;
	size_t reserved;	/* offset of a reserved __u32, 0: none */
	bool wide;		/* it is a __u64 */
	bool makes_fd;
	__u32 flags;		/* the known ones */
};

/* A page and behind it one that nobody may touch. */
static inline char *abi_edge(void)
{
	static char *area;

	if (!area) {
		area = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		REQUIRE(area != MAP_FAILED);
		REQUIRE_EQ(mprotect(area + PAGE, PAGE, PROT_NONE), 0);
	}
	return area + PAGE;
}

static inline void abi_try(int fd, const struct abi_call *c, const void *changed, int wanted,
			   const char *what)
{
	char name[96];
	int got = call(fd, c->number, changed);

	snprintf(name, sizeof(name), "%s with %s", c->name, what);
	CHECK_NAMED(got, wanted, name);
	if (got >= 0 && c->makes_fd)
		close(got);
}

static inline void abi_check(int fd, const struct abi_call *c)
{
	char copy[1024], *edge = abi_edge();
	__u32 *word = (__u32 *)copy;
	unsigned int bit;
	struct abi_call other = *c;

	REQUIRE(c->bytes <= sizeof(copy));
#define FRESH() memcpy(copy, c->good, c->bytes)
	FRESH(), word[0] = 0;
	abi_try(fd, c, copy, -EINVAL, "size 0");
	FRESH(), word[0]++;
	abi_try(fd, c, copy, -EINVAL, "a size too large");
	FRESH(), word[0]--;
	abi_try(fd, c, copy, -EINVAL, "a size too small");
	FRESH(), word[0] = ~0u;
	abi_try(fd, c, copy, -EINVAL, "the largest size");
	for (bit = 0; bit < 32; bit++) {
		if (c->flags & 1u << bit)
			continue;
		FRESH(), word[1] |= 1u << bit;
		abi_try(fd, c, copy, -EINVAL, "an unknown flag");
	}
	if (c->reserved) {
		FRESH(), copy[c->reserved] = 1;
		abi_try(fd, c, copy, -EINVAL, "a reserved field set");
		FRESH(), copy[c->reserved + (c->wide ? 7 : 3)] = (char)0x80;
		abi_try(fd, c, copy, -EINVAL, "the reserved field's top bit set");
	}

	/* The number carries the size too: a caller of another version. */
	FRESH(), word[0] += 8;
	other.number = _IOC(_IOC_DIR(c->number), WARD_IOC, _IOC_NR(c->number), c->bytes + 8);
	abi_try(fd, &other, copy, -EINVAL, "another version's structure");

	abi_try(fd, c, NULL, -EFAULT, "a null pointer");
	abi_try(fd, c, edge, -EFAULT, "an unmapped structure");
	memcpy(edge - 8, c->good, 8);
	abi_try(fd, c, edge - 8, -EFAULT, "a structure that ends in nothing");
	abi_try(fd, c, (void *)0xffffffff81000000, -EFAULT, "a kernel address");
	abi_try(fd, c, (void *)(1ull << 63), -EFAULT, "a non-canonical address");
#undef FRESH
	memcpy(edge - c->bytes, c->good, c->bytes);
	{
		int got = call(fd, c->number, edge - c->bytes);

		if (got < 0)
			CHECK_NAMED(got, 0, c->name);
		else if (c->makes_fd)
			close(got);
	}
}

/* Every number of Ward's type that is not in @known must be -ENOTTY on @fd. */
static inline void abi_unknown(int fd, const unsigned long *known, size_t count)
{
	static const unsigned int sizes[] = { 0, 8, 16, 80 };
	char area[1024] = { };
	unsigned int nr, dir, s;
	size_t i;

	for (nr = 0; nr < 256; nr++) {
		for (i = 0; i < count && _IOC_NR(known[i]) != nr; i++)
			;
		if (i < count)
			continue;
		for (dir = 0; dir < 4; dir++)
			for (s = 0; s < ARRAY_SIZE(sizes); s++) {
				int got = call(fd, _IOC(dir, WARD_IOC, nr, sizes[s]), area);

				if (got != -ENOTTY)
					test_fail(__LINE__, "number %#x, direction %u: %d, should be ENOTTY",
						  nr, dir, got);
			}
	}
	CHECK_EQ(call(fd, _IOWR('w', _IOC_NR(known[0]), struct ward_probe), area), -ENOTTY);
	CHECK_EQ(call(fd, 0, NULL), -ENOTTY);
	CHECK_EQ(call(fd, 0x5401 /* TCGETS */, area), -ENOTTY);
}

/* The same call as a 32-bit program makes it; the structure is copied below 4 GiB. */
static inline int call32(int fd, unsigned long number, const void *argument, size_t bytes,
			 void *back)
{
	static char *low;
	long result;

	if (!low) {
		low = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
		REQUIRE(low != MAP_FAILED);
	}
	memcpy(low, argument, bytes);
	asm volatile("int $0x80"
		     : "=a"(result)
		     : "a"(54L), "b"((long)fd), "c"(number), "d"(low)
		     : "memory", "r8", "r9", "r10", "r11");
	if (back)
		memcpy(back, low, bytes);
	return (int)result;
}

#endif
