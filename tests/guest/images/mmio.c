// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmio.c - instructions on memory that is a device's. No such access runs on
 * the CPU: each is decoded and carried out in software.
 *
 * The test device has 64 KiB of memory, so whatever is written can be read
 * back, by another instruction; results and flags are compared with those of
 * the same instruction on RAM.
 */
#include "image.h"

#define NOBODY	0xfd000000	/* neither RAM nor a device */

static u8 ram[256] __attribute__((aligned(4096)));
static u8 *const device = (u8 *)DEVICE_MEMORY;

struct state {
	u32 eax, ecx, edx, esi, edi, flags;
};

#define FLAGS	0x8d5		/* OF SF ZF AF PF CF */

static void fill(u8 *to)
{
	u32 i;

	for (i = 0; i < 64; i++)
		((volatile u8 *)to)[i] = (u8)(i * 17 + 0x85);
}

static void start(struct state *s, u8 *memory, u8 *other)
{
	fill(memory);
	*s = (struct state){ 0x81234567, 3, 0x76543210, (u32)other, (u32)memory, 0 };
}

static int same(const struct state *a, const struct state *b)
{
	u32 i, wrong = 0;

	for (i = 0; i < 64; i++)
		wrong += ((volatile u8 *)device)[i] != ram[i];
	return !wrong && a->eax == b->eax && a->ecx == b->ecx && a->edx == b->edx &&
	       a->edi - DEVICE_MEMORY == b->edi - (u32)ram && !((a->flags ^ b->flags) & FLAGS);
}

#define RUN(insn, s)							\
	asm volatile("pushl %%ebx\n\tmovl %%edi, %%ebx\n\tclc\n\t"	\
		     insn						\
		     "\n\tpushfl\n\tpopl %%ebx\n\tcld\n\t"		\
		     "xchgl %%ebx, (%%esp)\n\tpopl %5"			\
		     : "+a"((s).eax), "+c"((s).ecx), "+d"((s).edx),	\
		       "+S"((s).esi), "+D"((s).edi), "=m"((s).flags)	\
		     : : "memory", "cc")

/* On the device and on RAM; EBX points to it. */
#define BOTH(insn) do {							\
	static struct state d_, r_;					\
	start(&d_, device, ram + 128);					\
	start(&r_, ram, ram + 128);					\
	fill(ram + 128);						\
	RUN(insn, d_);							\
	fill(ram + 128);						\
	RUN(insn, r_);							\
	ok(same(&d_, &r_), "%s", insn);					\
	if (!same(&d_, &r_))						\
		say("eax %x, %x; ecx %x, %x; edx %x, %x; edi %x, %x; flags %x, %x; memory %x, %x", \
		    d_.eax, r_.eax, d_.ecx, r_.ecx, d_.edx, r_.edx,	\
		    d_.edi - DEVICE_MEMORY, r_.edi - (u32)ram,		\
		    d_.flags & FLAGS, r_.flags & FLAGS,			\
		    *(volatile u32 *)device, *(volatile u32 *)ram);	\
} while (0)

static void moves(void)
{
	BOTH("movb 5(%%ebx), %%al");
	BOTH("movb 5(%%ebx), %%ah");
	BOTH("movw 5(%%ebx), %%ax");
	BOTH("movl 5(%%ebx), %%eax");
	BOTH("movl 2(%%ebx,%%ecx,4), %%edx");
	BOTH("movb %%dh, 7(%%ebx)");
	BOTH("movw %%dx, 7(%%ebx)");
	BOTH("movl %%edx, 7(%%ebx)");
	BOTH("movb $0x5a, (%%ebx)");
	BOTH("movw $0x5aa5, (%%ebx)");
	BOTH("movl $0x5aa5a55a, (%%ebx)");
	BOTH("movzbl 1(%%ebx), %%eax");
	BOTH("movsbl (%%ebx), %%eax");
	BOTH("movzwl 1(%%ebx), %%eax");
	BOTH("movswl (%%ebx), %%eax");
	BOTH("movzbw 1(%%ebx), %%ax");
}

static void arithmetic(void)
{
	BOTH("addl %%eax, (%%ebx)");
	BOTH("addb %%al, 3(%%ebx)");
	BOTH("addl 4(%%ebx), %%eax");
	BOTH("stc; adcl $1, (%%ebx)");
	BOTH("subw %%ax, (%%ebx)");
	BOTH("stc; sbbl %%edx, (%%ebx)");
	BOTH("andl $0x0ff0, (%%ebx)");
	BOTH("orb $0x18, 2(%%ebx)");
	BOTH("orl (%%ebx), %%edx");
	BOTH("xorl %%edx, (%%ebx)");
	BOTH("cmpl %%eax, (%%ebx)");
	BOTH("cmpb $0x85, (%%ebx)");
	BOTH("cmpw 2(%%ebx), %%ax");
	BOTH("testl %%eax, (%%ebx)");
	BOTH("testb $0x80, (%%ebx)");
	BOTH("incl (%%ebx)");
	BOTH("decb (%%ebx)");
	BOTH("negl (%%ebx)");
	BOTH("notl (%%ebx)");
}

static void locked(void)
{
	BOTH("lock orl $0x100, (%%ebx)");
	BOTH("lock addl %%edx, (%%ebx)");
	BOTH("xchgl %%eax, 4(%%ebx)");
	BOTH("xchgb %%al, 4(%%ebx)");
	BOTH("lock xaddl %%eax, (%%ebx)");
	BOTH("movl (%%ebx), %%eax; lock cmpxchgl %%edx, (%%ebx)");
	BOTH("lock cmpxchgl %%edx, (%%ebx)");
	BOTH("btl $5, (%%ebx)");
	BOTH("lock btsl $6, (%%ebx)");
	BOTH("lock btrl $7, (%%ebx)");
}

static void strings(void)
{
	BOTH("movsb");
	BOTH("rep movsb");
	BOTH("rep movsw");
	BOTH("rep movsl");
	BOTH("xorl %%ecx, %%ecx; rep movsl");
	BOTH("rep stosb");
	BOTH("rep stosl");
	BOTH("std; rep stosl; cld");
	BOTH("scasb");
	BOTH("movb $0x96, %%al; repne scasb");
	BOTH("cmpsb");
	BOTH("repe cmpsb");
	BOTH("xchgl %%esi, %%edi; rep movsl; xchgl %%esi, %%edi");
	BOTH("xchgl %%esi, %%edi; lodsl; xchgl %%esi, %%edi");
	BOTH("movl %%edi, %%esi; leal 16(%%edi), %%edi; rep movsl");
}

static void edges(void)
{
	u32 value;

	write32(DEVICE_MEMORY + 0xffe, 0xa1b2c3d4);
	is(read32(DEVICE_MEMORY + 0xffe), 0xa1b2c3d4, "an access over the border of two pages");
	is(read32(DEVICE_MEMORY + 0x1000) & 0xffff, 0xa1b2, "whose second half is in the second");
	write32(DEVICE_MEMORY + 0xfffc, 0x12345678);
	is(read32(DEVICE_MEMORY + 0xfffc), 0x12345678, "the device's last bytes");
	is(read32(NOBODY), 0xffffffff, "memory of nobody reads as ones");
	write32(NOBODY, 0);
	is(read32(NOBODY), 0xffffffff, "and keeps nothing");
	asm volatile("fs movl 8(%1), %0" : "=r"(value) : "r"(DEVICE_MEMORY + 0xfff4));
	is(value, 0x12345678, "an access through FS");
	asm volatile("movl 0xff00fffc, %0" : "=a"(value));
	is(value, 0x12345678, "an absolute address");
}

int main(void);
int main(void)
{
	moves();
	arithmetic();
	locked();
	strings();
	edges();
	return 0;
}
