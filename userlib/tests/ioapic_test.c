// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioapic_test.c - the I/O APIC: registers, edge and level, masking, EOI.
 */
#include <string.h>

#include "ioapic.h"
#include "tap.h"

static struct ioapic ioapic;
static struct bus bus;
static unsigned int messages;
static __u64 last_address;
static __u32 last_data;

static void send(void *context, __u64 address, __u32 data)
{
	(void)context;
	messages++;
	last_address = address;
	last_data = data;
}

static void write_reg(__u32 reg, __u32 value)
{
	bus_write(&bus.memory, IOAPIC_GPA, 4, reg);
	bus_write(&bus.memory, IOAPIC_GPA + 0x10, 4, value);
}

static __u32 read_reg(__u32 reg)
{
	bus_write(&bus.memory, IOAPIC_GPA, 4, reg);
	return (__u32)bus_read(&bus.memory, IOAPIC_GPA + 0x10, 4);
}

static void reset(void)
{
	static const struct ioapic_host host = { send, NULL };

	memset(&bus, 0, sizeof(bus));
	ioapic_init(&ioapic, &host);
	ioapic_add(&ioapic, &bus);
	messages = 0;
}

static void registers(void)
{
	reset();
	is(read_reg(1), 0x170020, "version 0x20, 24 pins");
	is(read_reg(0x10), 0x10000, "pins begin masked");
	write_reg(0, 0xff000000);
	is(read_reg(0), 0x0f000000, "the id has four bits");
	write_reg(0x12, 0xffffffff);
	is(read_reg(0x12), 0x1afff, "status and Remote IRR are read-only");
	write_reg(0x13, 0xffffffff);
	is(read_reg(0x13), 0xff000000, "only the destination in the high half");
	is(read_reg(0x40), 0xffffffff, "behind the table: nobody");
	write_reg(0x40, 1);
	ioapic_set(&ioapic, 24, 1);
	ioapic_set(&ioapic, ~0u, 1);
	is(messages, 0, "pins that do not exist do nothing");
}

static void edge(void)
{
	reset();
	write_reg(0x19, 0x03000000);
	write_reg(0x18, 0x0931);	/* lowest priority, logical, vector 0x31 */
	ioapic_set(&ioapic, 4, 1);
	is(messages, 1, "a rising edge sends");
	is(last_address, 0xfee03004, "address: destination, logical");
	is(last_data, 0x131, "data: vector, lowest priority, edge");
	ioapic_set(&ioapic, 4, 1);
	is(messages, 1, "staying high does not");
	ioapic_set(&ioapic, 4, 0);
	ioapic_set(&ioapic, 4, 1);
	is(messages, 2, "the next edge does");
	write_reg(0x18, 0x10031);
	ioapic_set(&ioapic, 4, 0);
	ioapic_set(&ioapic, 4, 1);
	write_reg(0x18, 0x31);
	is(messages, 2, "an edge on a masked pin is lost");
	ioapic_eoi(&ioapic, 0x31);
	is(messages, 2, "an EOI means nothing to an edge");
}

static void level(void)
{
	reset();
	write_reg(0x22, 0x8045);
	ioapic_set(&ioapic, 9, 1);
	is(messages, 1, "a high level sends");
	is(last_data, 0xc045, "data: level, asserted");
	is(read_reg(0x22) & 0x4000, 0x4000, "Remote IRR is set");
	ioapic_set(&ioapic, 9, 1);
	is(messages, 1, "nothing more before the EOI");
	ioapic_eoi(&ioapic, 0x46);
	is(messages, 1, "another vector's EOI does not count");
	ioapic_eoi(&ioapic, 0x45);
	is(messages, 2, "still high after the EOI: sent again");
	ioapic_set(&ioapic, 9, 0);
	bus_write(&bus.memory, IOAPIC_GPA + 0x40, 4, 0x45);
	is(messages, 2, "low after the EOI register: quiet");
	is(read_reg(0x22) & 0x4000, 0, "Remote IRR is clear");
	write_reg(0x22, 0x18045);
	ioapic_set(&ioapic, 9, 1);
	is(messages, 2, "masked: nothing");
	write_reg(0x22, 0x8045);
	is(messages, 3, "unmasked while high: sent");
	write_reg(0x22, 0x0045);
	is(read_reg(0x22) & 0x4000, 0, "switching to edge clears Remote IRR");
}

int main(void)
{
	registers();
	edge();
	level();
	return finish();
}
