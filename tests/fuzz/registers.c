// SPDX-License-Identifier: GPL-2.0-only
/*
 * registers.c - registers that are nearly right, see machine.h.
 */
#include "machine.h"

static const uint32_t msrs[] = {
	0x10, 0x17, 0x1b, 0x3a, 0x3b, 0x48, 0x79, 0x8b, 0xce, 0xfe, 0x10a, 0x122, 0x140, 0x174,
	0x175, 0x176, 0x179, 0x17a, 0x198, 0x1a0, 0x1d9, 0x200, 0x20f, 0x250, 0x26f, 0x277, 0x2ff,
	0x345, 0x480, 0x48b, 0x600, 0x6e0, 0x802, 0x808, 0x80b, 0x80d, 0x80f, 0x828, 0x830, 0x832,
	0x838, 0x83e, 0x83f, 0xda0, 0x40000000, 0x4b564d00, 0xc0000080, 0xc0000081, 0xc0000082,
	0xc0000083, 0xc0000084, 0xc0000100, 0xc0000101, 0xc0000102, 0xc0000103, 0xc0010015,
};

uint32_t random_msr(struct rng *r)
{
	return one_in(r, 8) ? (uint32_t)wild(r) : PICK(r, msrs);
}

void random_register(struct rng *r, struct registers *regs)
{
	static const uint8_t limits[] = { 0, WARD_GPR_COUNT, 9, 8, WARD_SEG_COUNT * 4, 4, 0, WARD_STATE_COUNT, 2 };
	uint32_t class = (uint32_t)below(r, ARRAY_SIZE(limits) + 1);
	uint32_t index = class < ARRAY_SIZE(limits) ? (uint32_t)below(r, limits[class] + 1u) : 0;
	uint64_t id, *known;

	if (class == WARD_REG_CLASS_MSR)
		index = random_msr(r);
	id = WARD_REG(class, index);
	if (one_in(r, 50))
		id = wild(r);
	known = find_reg(regs, id);
	if (known && one_in(r, 2))
		*known ^= 1ull << below(r, one_in(r, 2) ? 64 : 18);
	else
		add_reg(regs, id, wild(r));
}

void random_registers(struct rng *r, struct registers *regs)
{
	unsigned int i, changes = (unsigned int)below(r, 3);

	if (one_in(r, 2))
		machine_registers(regs, (enum mode)below(r, MODE_COUNT), one_in(r, 3) ? 3 : 0, one_in(r, 2));
	else
		changes += 1 + (unsigned int)below(r, 6);
	for (i = 0; i < changes; i++)
		random_register(r, regs);
	spare_emulator(regs);
}

void spare_emulator(struct registers *regs)
{
	uint64_t *cr0 = find_reg(regs, REG_CR(0)), *efer = find_reg(regs, REG_MSR(MSR_EFER));
	uint64_t *idt = find_reg(regs, REG_TABLE(2));
	bool paging = cr0 && (*cr0 & 1ull << 31);

	if (efer && !paging)
		*efer &= ~0x400ull;
	else if (cr0 && !paging)
		add_reg(regs, REG_MSR(MSR_EFER), 0);
	if (cr0 && !(*cr0 & 1))
		add_reg(regs, REG_TABLE(2), AT_IVT);
	else if (idt && !cr0)
		*idt = AT_IVT;
}
