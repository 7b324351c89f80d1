// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest.c - a guest that tests the machine from inside, where VT-x is:
 *
 *	ward run --multiboot guest.elf --testdev --append "the whole line"
 *
 * prints TAP on the serial port and ends with status 33, or 35 if a test
 * failed. 32-bit code without a library; what it claims about instructions on
 * device memory, it compares with the same instruction on its own RAM.
 */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;

#define DEVICE	((volatile u8 *)0xff000000)
#define LAPIC(register) (*(volatile u32 *)(0xfee00000 + (register)))
#define IOAPIC_SELECT	(*(volatile u32 *)0xfec00000)
#define IOAPIC_WINDOW	(*(volatile u32 *)0xfec00010)

void start_c(u32 magic, const u32 *info);

asm(".section .multiboot, \"a\"\n"
    ".align 4\n"
    ".long 0x1badb002, 3, -(0x1badb002 + 3)\n"
    ".text\n"
    ".globl _start\n"
    "_start:\n"
    "	mov $stack_end, %esp\n"
    "	push %ebx\n"
    "	push %eax\n"
    "	call start_c\n"
    ".globl vector_edge, vector_level, vector_fault\n"
    "vector_edge:\n"
    "	incl edges\n"
    "	movl $0, 0xfee000b0\n"
    "	iret\n"
    "vector_level:\n"
    "	incl levels\n"
    /* quiet the pin after its second interrupt */
    "	cmpl $2, levels\n"
    "	jb 1f\n"
    "	push %eax\n"
    "	push %edx\n"
    "	mov $0x2009, %edx\n"
    "	xor %eax, %eax\n"
    "	out %al, %dx\n"
    "	pop %edx\n"
    "	pop %eax\n"
    "1:	movl $0, 0xfee000b0\n"
    "	iret\n"
    "vector_fault:\n"		/* with an error code; the handler skips */
    "	pop fault_error\n"
    "	incl faults\n"
    "	push fault_resume\n"
    "	pop (%esp)\n"
    "	iret\n"
    ".bss\n"
    ".align 16\n"
    "	.skip 8192\n"
    "stack_end:\n"
    ".text\n");

u32 edges, levels, faults, fault_error, fault_resume;
extern void vector_edge(void), vector_level(void), vector_fault(void);

static u32 count, failed;

static void outb(u16 port, u8 value)
{
	asm volatile("outb %0, %1" : : "a" (value), "d" (port));
}

static void outl(u16 port, u32 value)
{
	asm volatile("outl %0, %1" : : "a" (value), "d" (port));
}

static u8 inb(u16 port)
{
	u8 value;

	asm volatile("inb %1, %0" : "=a" (value) : "d" (port));
	return value;
}

static u16 inw(u16 port)
{
	u16 value;

	asm volatile("inw %1, %0" : "=a" (value) : "d" (port));
	return value;
}

static u32 inl(u16 port)
{
	u32 value;

	asm volatile("inl %1, %0" : "=a" (value) : "d" (port));
	return value;
}

static void print(const char *text)
{
	for (; *text; text++)
		outb(0x3f8, (u8)*text);
}

static void print_number(u32 value)
{
	char text[12], *at = text + 11;

	*at = '\0';
	do
		*--at = (char)('0' + value % 10);
	while (value /= 10);
	print(at);
}

static void ok(int truth, const char *what)
{
	print(truth ? "ok " : "not ok ");
	print_number(++count);
	print(" - ");
	print(what);
	print("\n");
	failed += !truth;
}

static int same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

static void boot(u32 magic, const u32 *info)
{
	const u32 *map = (const u32 *)info[12];

	ok(magic == 0x2badb002, "Multiboot's number in EAX");
	ok((info[0] & 0x245) == 0x245, "memory, command line, map and name");
	ok(same((const char *)info[4], "the whole line"), "command line");
	ok(same((const char *)info[16], "Ward"), "boot loader's name");
	ok(map[0] == 20 && map[1] == 0 && map[3] == 0xa0000 && map[5] == 1,
	   "RAM from 0 to 640 KiB");
	ok(*(u32 *)0xe0000 == 0x20445352, "RSD PTR at 0xe0000");
}

static void ports(void)
{
	static u8 buffer[8];
	const char *text = "# this line was printed by rep outsb\n";
	u32 n = 37;
	void *to = buffer;

	outl(0xe0, 0x11223344);
	ok(inl(0xe0) == 0x11223344 && inw(0xe1) == 0x2233 && inb(0xe3) == 0x11,
	   "latch in all widths");
	ok(inb(0x20) == 0xff && inw(0x60) == 0xffff && inl(0xcfc) == ~0u,
	   "unclaimed ports read all ones");
	asm volatile("rep outsb" : "+S" (text), "+c" (n) : "d" (0x3f8));
	ok(n == 0, "rep outsb ends with ECX 0");
	n = 2;
	asm volatile("rep insl" : "+D" (to), "+c" (n) : "d" (0xe0) : "memory");
	ok(*(u32 *)buffer == 0x11223344 && *(u32 *)(buffer + 4) == 0x11223344 &&
	   to == buffer + 8, "rep insl");
	to = buffer + 3;
	asm volatile("std; insb; cld" : "+D" (to) : "d" (0xe3) : "memory");
	ok(buffer[3] == 0x11 && to == buffer + 2, "insb downwards");
}

/* The same on a device and in RAM: results and flags must agree. */
#define BOTH(what, code) do {						\
	volatile u32 here[4] = { 0x80000001, 0x7fffffff, 5, 0 };	\
	volatile u32 *there = (volatile u32 *)(DEVICE + 64);		\
	u32 a = 0x12345678, b = 0x12345678, fa, fb, i, good = 1;	\
									\
	for (i = 0; i < 4; i++)						\
		there[i] = here[i];					\
	asm volatile("xor %%ecx, %%ecx; " code "; pushf; pop %1"	\
		     : "+a" (a), "=r" (fa) : "b" (here) : "ecx", "memory", "cc"); \
	asm volatile("xor %%ecx, %%ecx; " code "; pushf; pop %1"	\
		     : "+a" (b), "=r" (fb) : "b" (there) : "ecx", "memory", "cc"); \
	for (i = 0; i < 4; i++)						\
		good &= there[i] == here[i];				\
	ok(good && a == b && (fa & 0x8c5) == (fb & 0x8c5), what);	\
} while (0)

static void device_memory(void)
{
	static u8 ram[64];
	void *from = ram, *to = (void *)(DEVICE + 0x100);
	u32 n = 64, i, good = 1;

	BOTH("mov to memory", "mov %%eax, 4(%%ebx)");
	BOTH("mov from memory", "mov 4(%%ebx), %%eax");
	BOTH("byte registers", "mov 3(%%ebx), %%ah; mov %%al, 9(%%ebx)");
	BOTH("movzx", "movzwl 2(%%ebx), %%eax");
	BOTH("movsx", "movsbl 3(%%ebx), %%eax");
	BOTH("immediate", "movl $0xdeadbeef, 8(%%ebx)");
	BOTH("add", "add %%eax, 4(%%ebx)");
	BOTH("adc", "stc; adcl $0x7fffffff, (%%ebx)");
	BOTH("sub", "sub %%eax, (%%ebx)");
	BOTH("sbb from memory", "stc; sbb 4(%%ebx), %%eax");
	BOTH("and", "andb $0x0f, 5(%%ebx)");
	BOTH("or", "orw $0x8000, 6(%%ebx)");
	BOTH("xor", "xor %%eax, (%%ebx)");
	BOTH("cmp", "cmpl $6, 8(%%ebx)");
	BOTH("test", "testb $0x80, 3(%%ebx)");
	BOTH("lock inc", "lock incl 4(%%ebx)");
	BOTH("dec", "decw 12(%%ebx)");
	BOTH("neg", "negl (%%ebx)");
	BOTH("not", "notb 1(%%ebx)");
	BOTH("xchg", "xchg %%eax, 4(%%ebx)");
	BOTH("xadd", "lock xadd %%eax, 4(%%ebx)");
	BOTH("cmpxchg, unequal", "lock cmpxchg %%ecx, 4(%%ebx)");
	BOTH("cmpxchg, equal", "mov $5, %%eax; lock cmpxchg %%ecx, 8(%%ebx)");
	BOTH("bts", "mov $66, %%eax; lock bts %%eax, (%%ebx)");
	BOTH("btr", "btrl $31, (%%ebx)");
	BOTH("btc", "btcl $3, 12(%%ebx)");
	BOTH("bt", "btl $0, (%%ebx)");

	for (i = 0; i < 64; i++)
		ram[i] = (u8)(i * 3);
	asm volatile("rep movsb" : "+S" (from), "+D" (to), "+c" (n) : : "memory");
	for (i = 0; i < 64; i++)
		good &= DEVICE[0x100 + i] == ram[i];
	ok(good && !n, "rep movsb to a device");
	to = (void *)(DEVICE + 0x100);
	n = 16;
	asm volatile("rep stosl" : "+D" (to), "+c" (n) : "a" (0x01020304) : "memory");
	ok(*(volatile u32 *)(DEVICE + 0x13c) == 0x01020304, "rep stosl");
	from = (void *)(DEVICE + 0x13c);
	asm volatile("lodsl" : "+S" (from), "=a" (n));
	ok(n == 0x01020304 && from == (void *)(DEVICE + 0x140), "lodsl");
	ok(*(volatile u32 *)0xd0000000 == ~0u, "unclaimed memory reads all ones");
	*(volatile u32 *)0xd0000000 = 0;
	ok(*(volatile u32 *)0xa0000 == ~0u, "so does the hole below 1 MiB");
	*(volatile u32 *)0xc0000 = 0;
	asm volatile("lock incl 0xc0004" : : : "memory");
	ok(*(volatile u32 *)0xc0000 == ~0u && *(volatile u32 *)0xc0004 == ~0u,
	   "and a socket without a ROM, whatever is written there");
}

static void refault(void)
{
	static u32 page[1024] __attribute__((aligned(4096)));
	u32 i, good = 1;

	for (i = 0; i < 1024; i++)
		page[i] = i;
	outl(0xe4, (u32)page);
	for (i = 0; i < 1024; i++)
		good &= page[i] == i;
	ok(good, "a page that faults anew keeps its content");
}

static void clocks(void)
{
	u32 before = inl(0x608), i, status;

	for (i = 0; i < 1000 && inl(0x608) == before; i++)
		;
	ok(inl(0x608) != before, "the PM timer counts");
	outb(0x70, 0x0d);
	ok(inb(0x71) == 0x80, "the clock has power");
	outb(0x70, 0x32);
	ok(inb(0x71) >= 0x20, "the century");
	outb(0x70, 0x0b);
	status = inb(0x71);
	ok((status & 6) == 2, "BCD, 24 hours");
}

static void set_vector(u32 *idt, u32 vector, void (*handler)(void))
{
	u32 address = (u32)handler;
	u16 cs;

	asm volatile("mov %%cs, %0" : "=r" (cs));
	idt[2 * vector] = (u32)cs << 16 | (address & 0xffff);
	idt[2 * vector + 1] = (address & 0xffff0000) | 0x8e00;
}

static void set_pin(u32 pin, u32 low)
{
	IOAPIC_SELECT = 0x10 + 2 * pin + 1;
	IOAPIC_WINDOW = LAPIC(0x20) & 0xff000000;
	IOAPIC_SELECT = 0x10 + 2 * pin;
	IOAPIC_WINDOW = low;
}

static void wait_for(volatile u32 *counter, u32 value)
{
	u32 i;

	asm volatile("sti");
	for (i = 0; i < 100000 && *counter < value; i++)
		asm volatile("pause");
	asm volatile("cli");
}

static void interrupts(void)
{
	static u32 idt[512];
	struct {
		u16 limit;
		u32 base;
	} __attribute__((packed)) idtr = { sizeof(idt) - 1, (u32)idt };

	set_vector(idt, 13, vector_fault);
	set_vector(idt, 0x41, vector_edge);
	set_vector(idt, 0x52, vector_level);
	asm volatile("lidt %0" : : "m" (idtr));
	LAPIC(0xf0) = 0x1ff;

	set_pin(6, 0x41);
	outb(0x2006, 1);
	wait_for(&edges, 1);
	ok(edges == 1, "an edge");
	outb(0x2006, 0);
	outb(0x2006, 1);
	wait_for(&edges, 2);
	ok(edges == 2, "another edge");
	set_pin(9, 0x8052);
	outb(0x2009, 1);
	wait_for(&levels, 2);
	ok(levels == 2, "a level interrupts again after its EOI");
	wait_for(&levels, 3);
	ok(levels == 2, "until it is low");
	IOAPIC_SELECT = 0x10 + 2 * 9;
	ok(!(IOAPIC_WINDOW & 0x4000), "then Remote IRR is clear");
	IOAPIC_SELECT = 1;
	ok(IOAPIC_WINDOW == 0x170020, "I/O APIC version");

	/* An MSR that no CPU has */
	asm volatile("movl $1f, fault_resume; rdmsr; 1:"
		     : : "c" (0x4b564d00 + 0xff) : "eax", "edx", "memory");
	ok(faults == 1 && fault_error == 0, "an unknown MSR is #GP(0)");
}

void start_c(u32 magic, const u32 *info)
{
	outb(0x3fc, 3);
	boot(magic, info);
	ports();
	device_memory();
	refault();
	clocks();
	interrupts();
	print("1..");
	print_number(count);
	print("\n");
	outl(0xf4, failed ? 0x11 : 0x10);
	for (;;)
		asm volatile("hlt");
}
