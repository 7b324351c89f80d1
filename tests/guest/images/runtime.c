// SPDX-License-Identifier: GPL-2.0-only
/*
 * runtime.c - printing, TAP, exceptions and the end of an image.
 */
#include <stdarg.h>
#include <stddef.h>

#include "image.h"

#define SERIAL		0x3f8
#define SERIAL_STATUS	(SERIAL + 5)
#define SERIAL_EMPTY	0x20

u64 idt[256] __attribute__((aligned(4096)));
struct frame caught;
u32 recover, caught_cr2, try_at;

static void (*handlers[256])(struct frame *frame);
static u32 tss[26] __attribute__((aligned(128)));
static u32 tests, failed;

/* -------------------------------------------------------------- printing */

static void put(char c)
{
	while (!(inb(SERIAL_STATUS) & SERIAL_EMPTY))
		;
	outb(SERIAL, (u8)c);
}

static void put_string(const char *string)
{
	while (*string)
		put(*string++);
}

static void put_hex(u64 value, int digits)
{
	int shift;

	for (shift = 60; shift >= 0; shift -= 4) {
		if (value >> shift || shift / 4 < digits || !shift)
			put("0123456789abcdef"[value >> shift & 15]);
	}
}

static void put_decimal(u32 value)
{
	if (value >= 10)
		put_decimal(value / 10);
	put((char)('0' + value % 10));
}

static void print(const char *format, va_list arguments)
{
	int digits, is_long;

	for (; *format; format++) {
		if (*format != '%') {
			put(*format);
			continue;
		}
		format++;
		digits = is_long = 0;
		while (*format >= '0' && *format <= '9')
			digits = digits * 10 + *format++ - '0';
		while (*format == 'l') {
			is_long++;
			format++;
		}
		switch (*format) {
		case 's':
			put_string(va_arg(arguments, const char *));
			break;
		case 'c':
			put((char)va_arg(arguments, int));
			break;
		case 'd':
		case 'u':
			put_decimal(va_arg(arguments, u32));
			break;
		case 'x':
			put_hex(is_long == 2 ? va_arg(arguments, u64) :
				va_arg(arguments, u32), digits);
			break;
		default:
			put(*format);
			break;
		}
	}
}

void say(const char *format, ...)
{
	va_list arguments;

	put_string("# ");
	va_start(arguments, format);
	print(format, arguments);
	va_end(arguments);
	put('\n');
}

/* ------------------------------------------------------------------- TAP */

static void result(int passed, const char *format, va_list arguments, const char *more)
{
	tests++;
	if (!passed) {
		failed++;
		put_string("not ");
	}
	put_string("ok ");
	put_decimal(tests);
	put_string(" - ");
	print(format, arguments);
	put_string(more);
	put('\n');
}

void ok(int passed, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	result(passed, format, arguments, "");
	va_end(arguments);
}

void is(u64 value, u64 wanted, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	result(value == wanted, format, arguments, "");
	va_end(arguments);
	if (value != wanted)
		say("it is 0x%llx, not 0x%llx", value, wanted);
}

void skip(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	result(1, format, arguments, " # SKIP not on this CPU");
	va_end(arguments);
}

/* A write of v makes the exit status v * 2 + 1. */
static void __attribute__((noreturn)) leave(u8 value)
{
	outb(PORT_EXIT, value);
	for (;;)
		asm volatile("cli; hlt");
}

void finish(void)
{
	put_string("1..");
	put_decimal(tests);
	put('\n');
	leave(failed || !tests);
}

/* ------------------------------------------------------------ exceptions */

void on_trap(u32 vector, void (*handler)(struct frame *frame))
{
	handlers[vector] = handler;
}

void set_gate(u32 vector, void *entry, u16 selector, u8 flags)
{
	u32 offset = (u32)entry;

	idt[vector] = (offset & 0xffff) | (u32)selector << 16 |
		      (u64)((offset & 0xffff0000) | (u32)flags << 8) << 32;
}

/* Called by trap_common. */
void trap(struct frame *frame);
void trap(struct frame *frame)
{
	if (handlers[frame->vector]) {
		handlers[frame->vector](frame);
		return;
	}
	if (recover) {
		caught = *frame;
		caught_cr2 = READ_CR(2);
		frame->eip = recover;
		recover = 0;
		return;
	}
	put_string("Bail out! ");
	put_string("unexpected vector 0x");
	put_hex(frame->vector, 2);
	put_string(" error 0x");
	put_hex(frame->error, 1);
	put_string(" at 0x");
	put_hex(frame->eip, 8);
	put_string(" cr2 0x");
	put_hex(READ_CR(2), 8);
	put('\n');
	leave(2);
}

/* Called by start. */
void runtime_start(void);
void runtime_start(void)
{
	const struct { u16 limit; u64 *base; } __attribute__((packed)) pointer = {
		sizeof(idt) - 1, idt };
	u32 base = (u32)tss;
	u32 vector;

	for (vector = 0; vector < 256; vector++)
		set_gate(vector, trap_stubs + vector * 16, CODE32, 0x8e);
	asm volatile("lidt %0" : : "m"(pointer));

	/* For what comes from the user's level: stack of the kernel's. */
	tss[1] = (u32)stack_top;
	tss[2] = DATA32;
	gdt[TSS32 / 8] = (u64)(base & 0xff000000) << 32 | 0x0000890000000000ull |
			 (u64)(base & 0xffffff) << 16 | (sizeof(tss) - 1);
	asm volatile("ltr %w0" : : "r"(TSS32));
	put_string("TAP version 13\n");
}
