/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * image.h - what the runtime gives to a bare-metal image.
 *
 * An image is a main() that calls ok() and is(); each call is one TAP test.
 * The runtime starts in 32-bit protected mode, paging off, with a stack, a
 * GDT, an IDT and a TSS; interrupts are off. An exception that nobody
 * expects, like a failed test, ends in an exit status that says so.
 */
#ifndef IMAGE_H
#define IMAGE_H

/* Selectors */
#define CODE32		0x08
#define DATA32		0x10
#define CODE16		0x18
#define DATA16		0x20
#define CODE64		0x28
#define USER_CODE	0x33
#define USER_DATA	0x3b
#define TSS32		0x40

/* Devices of `ward run --testdev` */
#define PORT_EXIT	0xf4
#define PORT_LATCH	0xe0
#define PORT_REFAULT	0xe4
#define PORT_BYTES	0xe8
#define PORT_PIN	0x2000
#define DEVICE_MEMORY	0xff000000

#ifndef __ASSEMBLER__

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

#define NO_TRAP		256

/* What trap_common leaves on the stack; esp and ss only from another level */
struct frame {
	u32 es, ds;
	u32 edi, esi, ebp, ignored_esp, ebx, edx, ecx, eax;
	u32 vector, error;
	u32 eip, cs, eflags;
	u32 esp, ss;
};

/**
 * ok() - one test
 * @passed: whether it passed
 */
void ok(int passed, const char *format, ...) __attribute__((format(printf, 2, 3)));

/**
 * is() - one test: a value is what it should be; says both if not
 */
void is(u64 value, u64 wanted, const char *format, ...) __attribute__((format(printf, 3, 4)));

/**
 * skip() - a test that cannot be made on this CPU
 */
void skip(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * say() - a remark; the format knows %s %u %d %x %08x %llx %c
 */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * finish() - print the plan and end the run
 */
void finish(void) __attribute__((noreturn));

/**
 * on_trap() - have a function called for a vector; NULL: as before
 *
 * It may change the frame.
 */
void on_trap(u32 vector, void (*handler)(struct frame *frame));

/**
 * set_gate() - change one entry of the IDT
 * @flags: descriptor bits 47:40; 0x8e: present interrupt gate
 */
void set_gate(u32 vector, void *entry, u16 selector, u8 flags);

extern u64 idt[256];
extern u64 gdt[];
extern u8 trap_stubs[];
extern u8 image_end[];
extern u8 stack_top[];

/* What the exception under TRY() left, and where it should have happened */
extern struct frame caught;
extern u32 recover, caught_cr2, try_at;

/**
 * TRY() - run an instruction that may fault
 * @insn: assembler text
 * @outputs: NOTHING, or operands joined by COMMA
 * @...: inputs
 *
 * Return: the vector of the exception, or NO_TRAP. `caught` has the frame,
 * TRIED_AT says whether it names the instruction itself.
 */
#define TRY(insn, outputs, ...) ({					\
	caught.vector = NO_TRAP;					\
	asm volatile("movl $1f, try_at\n\t"				\
		     "movl $2f, recover\n"				\
		     "1:\t" insn "\n"					\
		     "2:\tmovl $0, recover"				\
		     : outputs : __VA_ARGS__ : "memory", "cc");		\
	caught.vector; })
#define NOTHING
#define COMMA		,
#define TRIED_AT	(caught.eip == try_at)

/* ---------------------------------------------------------- instructions */

static inline void outb(u16 port, u8 value)
{
	asm volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline void outw(u16 port, u16 value)
{
	asm volatile("outw %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline void outl(u16 port, u32 value)
{
	asm volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline u8 inb(u16 port)
{
	u8 value;

	asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline u16 inw(u16 port)
{
	u16 value;

	asm volatile("inw %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline u32 inl(u16 port)
{
	u32 value;

	asm volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline u64 rdmsr(u32 index)
{
	u64 value;

	asm volatile("rdmsr" : "=A"(value) : "c"(index) : "memory");
	return value;
}

static inline void wrmsr(u32 index, u64 value)
{
	asm volatile("wrmsr" : : "A"(value), "c"(index) : "memory");
}

static inline u64 rdtsc(void)
{
	u64 value;

	asm volatile("rdtsc" : "=A"(value) : : "memory");
	return value;
}

struct cpuid {
	u32 eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid(u32 leaf, u32 subleaf)
{
	struct cpuid r;

	asm volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
		     : "a"(leaf), "c"(subleaf) : "memory");
	return r;
}

#define READ_CR(n) ({ u32 cr_; asm volatile("movl %%cr" #n ", %0" : "=r"(cr_) : : "memory"); cr_; })
#define WRITE_CR(n, value) asm volatile("movl %0, %%cr" #n : : "r"((u32)(value)) : "memory")
#define READ_DR(n) ({ u32 dr_; asm volatile("movl %%db" #n ", %0" : "=r"(dr_) : : "memory"); dr_; })
#define WRITE_DR(n, value) asm volatile("movl %0, %%db" #n : : "r"((u32)(value)) : "memory")

static inline u32 read32(u32 address)
{
	return *(volatile u32 *)address;
}

static inline void write32(u32 address, u32 value)
{
	*(volatile u32 *)address = value;
}

#define CR0_PE	(1u << 0)
#define CR0_TS	(1u << 3)
#define CR0_WP	(1u << 16)
#define CR0_NW	(1u << 29)
#define CR0_CD	(1u << 30)
#define CR0_PG	(1u << 31)
#define CR4_DE	(1u << 3)
#define CR4_PSE	(1u << 4)
#define CR4_PAE	(1u << 5)
#define CR4_PGE	(1u << 7)
#define EFLAGS_TF	(1u << 8)
#define EFLAGS_IF	(1u << 9)
#define EFLAGS_RF	(1u << 16)
#define MSR_APIC_BASE	0x1b
#define MSR_DEADLINE	0x6e0
#define MSR_EFER	0xc0000080

#endif /* __ASSEMBLER__ */
#endif
