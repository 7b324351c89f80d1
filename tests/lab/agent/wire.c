// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes frames to port 0xE9. A port write costs the emulated CPU one
 * instruction a byte, where the emulated UART costs thousands.
 */
#include "wire.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/io.h>

#define WIRE_PORT 0xe9

static pthread_mutex_t wire_lock = PTHREAD_MUTEX_INITIALIZER;

int wire_open(void)
{
	return ioperm(WIRE_PORT, 1, 1) ? -errno : 0;
}

void wire_close(void)
{
	ioperm(WIRE_PORT, 1, 0);
}

static void port_write(const void *bytes, size_t length)
{
	asm volatile("rep outsb"
		     : "+S"(bytes), "+c"(length)
		     : "d"(WIRE_PORT)
		     : "memory");
}

void wire_send(enum wire_type type, const void *payload, size_t length)
{
	uint8_t header[8] = {
		0xf5, 'W', 'L', type,
		length, length >> 8, length >> 16, length >> 24,
	};
	const uint8_t *byte = payload;
	uint8_t sum = 0;

	for (int i = 3; i < 8; i++)
		sum += header[i];
	for (size_t i = 0; i < length; i++)
		sum += byte[i];

	pthread_mutex_lock(&wire_lock);
	port_write(header, sizeof(header));
	port_write(payload, length);
	port_write(&sum, 1);
	pthread_mutex_unlock(&wire_lock);
}

void wire_printf(enum wire_type type, const char *format, ...)
{
	char text[1024];
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (length < 0)
		return;
	if ((size_t)length >= sizeof(text))
		length = sizeof(text) - 1;
	wire_send(type, text, length);
}
