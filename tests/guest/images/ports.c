// SPDX-License-Identifier: GPL-2.0-only
/*
 * ports.c - port instructions in all their forms.
 */
#include "image.h"

#define NOBODY	0x5a50		/* no device has these ports */

static u8 buffer[8192] __attribute__((aligned(4096)));

static void unclaimed(void)
{
	u32 value;

	is(inb(NOBODY), 0xff, "a byte of a port without device");
	is(inw(NOBODY), 0xffff, "a word");
	is(inl(NOBODY), 0xffffffff, "a double word");
	outb(NOBODY, 1);
	outw(NOBODY, 1);
	outl(NOBODY, 1);
	ok(1, "writes to it are lost");
	asm volatile("inb %%dx, %%al" : "=a"(value) : "a"(0x12345678), "d"(NOBODY));
	is(value, 0x123456ff, "IN of a byte leaves the rest of EAX");
	asm volatile("inw %%dx, %%ax" : "=a"(value) : "a"(0x12345678), "d"(NOBODY));
	is(value, 0x1234ffff, "IN of a word, too");
	asm volatile("inw %%dx, %%ax" : "=a"(value) : "a"(0), "d"(0xffff));
	is(value, 0xffff, "a word at the last port");
}

static void widths(void)
{
	outl(PORT_LATCH, 0x87654321);
	is(inl(PORT_LATCH), 0x87654321, "a latch of four bytes");
	is(inw(PORT_LATCH + 2), 0x8765, "its upper word");
	is(inb(PORT_LATCH + 1), 0x43, "its second byte");
	outb(PORT_LATCH + 3, 0x11);
	outw(PORT_LATCH, 0xabcd);
	is(inl(PORT_LATCH), 0x1165abcd, "writes of parts");
	outb(PORT_BYTES, 0x10);
	outb(PORT_BYTES + 1, 0x32);
	outb(PORT_BYTES + 2, 0x54);
	outb(PORT_BYTES + 3, 0x76);
	is(inl(PORT_BYTES), 0x76543210, "a wide read of ports that take bytes");
	outl(PORT_BYTES, 0x01234567);
	is(inb(PORT_BYTES + 3), 0x01, "a wide write");
	is(inw(PORT_BYTES + 1), 0x2345, "a word amid them");
}

struct string {
	u32 ecx, esi, edi;
};

#define STRING(insn, count, from, to) ({				\
	struct string s_ = { count, (u32)(from), (u32)(to) };		\
	asm volatile(insn : "+c"(s_.ecx), "+S"(s_.esi), "+D"(s_.edi)	\
		     : "d"(PORT_LATCH) : "memory", "cc");		\
	s_; })

static void strings(void)
{
	struct string s;
	u32 i, wrong;

	for (i = 0; i < sizeof(buffer); i++)
		buffer[i] = (u8)(i * 7);

	s = STRING("outsb", 5, buffer + 3, 0);
	ok(inb(PORT_LATCH) == 21 && s.esi == (u32)buffer + 4 && s.ecx == 5, "OUTSB");
	s = STRING("rep outsb", 16, buffer, 0);
	ok(inb(PORT_LATCH) == (u8)(15 * 7) && s.esi == (u32)buffer + 16 && !s.ecx, "REP OUTSB");
	s = STRING("rep outsl", 3, buffer, 0);
	ok(inl(PORT_LATCH) == *(u32 *)(buffer + 8) && s.esi == (u32)buffer + 12 && !s.ecx,
	   "REP OUTSL");
	s = STRING("std; rep outsw; cld", 3, buffer + 8, 0);
	ok(inw(PORT_LATCH) == *(u16 *)(buffer + 4) && s.esi == (u32)buffer + 2 && !s.ecx,
	   "REP OUTSW downwards");
	s = STRING("rep outsb", 0, buffer + 77, 0);
	ok(inw(PORT_LATCH) == *(u16 *)(buffer + 4) && s.esi == (u32)buffer + 77,
	   "REP OUTSB of nothing");
	s = STRING("fs; rep outsb", 1, buffer + 1, 0);
	ok(inb(PORT_LATCH) == 7, "REP OUTSB with a segment override");

	outl(PORT_LATCH, 0x44332211);
	s = STRING("insl", 9, 0, buffer);
	ok(*(u32 *)buffer == 0x44332211 && s.edi == (u32)buffer + 4 && s.ecx == 9, "INSL");
	buffer[4090 + 8] = 0x77;
	s = STRING("rep insb", 8, 0, buffer + 4090);
	wrong = 0;
	for (i = 4090; i < 4098; i++)
		wrong += buffer[i] != 0x11;
	ok(!wrong && buffer[4098] == 0x77 && s.edi == (u32)buffer + 4098 && !s.ecx,
	   "REP INSB over a page's end");
	s = STRING("rep insw", 2048, 0, buffer);
	wrong = 0;
	for (i = 0; i < 4096; i += 2)
		wrong += *(u16 *)(buffer + i) != 0x2211;
	ok(!wrong && !s.ecx && s.edi == (u32)buffer + 4096, "REP INSW of a whole page");
	s = STRING("std; rep insl; cld", 2, 0, buffer + 4);
	ok(*(u32 *)buffer == 0x44332211 && *(u32 *)(buffer + 4) == 0x44332211 &&
	   s.edi == (u32)buffer - 4, "REP INSL downwards");
}

int main(void);
int main(void)
{
	unclaimed();
	widths();
	strings();
	return 0;
}
