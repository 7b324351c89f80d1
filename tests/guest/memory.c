// SPDX-License-Identifier: GPL-2.0-only
/*
 * memory.c - writes memory and reads it back: memory MEGABYTES SEED
 *
 * Word i holds seed + i * STEP. Prints the sum of what was read, which
 * tests/guest/verify computes for itself; a word that differs is an error.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define STEP	0x9e3779b97f4a7c15ull

int main(int argc, char **argv)
{
	uint64_t seed, sum = 0;
	size_t i, words;
	volatile uint64_t *memory;
	char digits[17];

	if (argc != 3)
		return 2;
	words = strtoul(argv[1], NULL, 10) << 20 >> 3;
	snprintf(digits, sizeof(digits), "%s", argv[2]);
	seed = strtoull(digits, NULL, 16);
	memory = mmap(NULL, words * 8, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED) {
		puts("not so much memory");
		return 1;
	}
	for (i = 0; i < words; i++)
		memory[i] = seed + i * STEP;
	for (i = 0; i < words; i++) {
		uint64_t word = memory[i];

		if (word != seed + i * STEP) {
			printf("byte %#zx reads %#llx, written was %#llx\n", i * 8,
			       (unsigned long long)word,
			       (unsigned long long)(seed + i * STEP));
			return 1;
		}
		sum += word;
	}
	printf("%zu:%016llx\n", words * 8, (unsigned long long)sum);
	return 0;
}
