// SPDX-License-Identifier: GPL-2.0-only
/*
 * loader_test.c - good, cut-off and garbage images, loaded into a machine on a
 * fake kernel.
 */
#include "fake_kernel.h"

#include <asm/bootparam.h>
#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>

#include "loader/loader.h"
#include "tap.h"

#define MAGIC	0x1badb002u

static char path[] = "/tmp/ward-loader-XXXXXX";
static char path2[] = "/tmp/ward-loader-XXXXXX";
static struct console console = { .in = -1, .out = -1 };
static __u8 image[0x20000];
static size_t image_bytes;
static struct machine *machine;

static int fake_script(struct ward_run *run, unsigned int number)
{
	(void)run;
	(void)number;
	return -EIO;
}

static void write_file(const char *name, const void *bytes, size_t count)
{
	int fd = open(name, O_WRONLY | O_TRUNC | O_CREAT, 0600);

	if (fd < 0 || write(fd, bytes, count) != (ssize_t)count)
		exit(1);
	close(fd);
}

static void new_machine(__u64 mib)
{
	const struct machine_config config = {
		.memory_bytes = mib * RAM_MIB, .vcpus = 1, .console = &console };

	if (machine)
		machine_destroy(machine);
	if (machine_create(0, &config, &machine))
		exit(1);
}

static __u64 gpr(__u32 which)
{
	return fake_reg(WARD_REG(WARD_REG_CLASS_GPR, which));
}

static __u32 guest32(__u64 gpa)
{
	__u32 value = 0;

	ward_read_gpa(machine->vm, gpa, &value, 4);
	return value;
}

/* ------------------------------------------------------------------ Linux */

static struct setup_header *make_kernel(void)
{
	struct setup_header *h = (void *)(image + 0x1f1);

	memset(image, 0, sizeof(image));
	h->setup_sects = 3;
	h->syssize = 0x1000 / 16;
	h->boot_flag = 0xaa55;
	h->jump = 0x66eb;
	memcpy(&h->header, "HdrS", 4);
	h->version = 0x20f;
	h->loadflags = 1;
	h->initrd_addr_max = 0x7fffffff;
	h->kernel_alignment = 0x200000;
	h->relocatable_kernel = 1;
	h->xloadflags = XLF_KERNEL_64;
	h->cmdline_size = 2047;
	h->pref_address = 0x1000000;
	h->init_size = 0x800000;
	memset(image + 2048, 0xcc, 0x1000);
	image_bytes = 2048 + 0x1000;
	return h;
}

static int try_kernel(const char *initrd, const char *append)
{
	write_file(path, image, image_bytes);
	return load_linux(machine, path, initrd, append);
}

static void linux_good(void)
{
	struct boot_params params;
	char text[16] = "";

	new_machine(64);
	make_kernel();
	write_file(path2, "initial RAM disk", 16);
	is(try_kernel(path2, "console=ttyS0"), 0, "a good kernel");
	is(gpr(WARD_RIP), 0x1000200, "starts in the 64-bit entry");
	is(guest32(0x1000000), 0xcccccccc, "which is loaded");
	ward_read_gpa(machine->vm, gpr(WARD_RSI), &params, sizeof(params));
	is(params.e820_entries, 3, "memory map");
	is(params.e820_table[2].size, 63 * RAM_MIB, "RAM from 1 MiB");
	is(params.acpi_rsdp_addr, 0xe0000, "ACPI tables");
	is(params.hdr.type_of_loader, 0xff, "loader type");
	ward_read_gpa(machine->vm, params.hdr.cmd_line_ptr, text, 14);
	ok(!strcmp(text, "console=ttyS0"), "command line");
	is(params.hdr.ramdisk_image, 64 * RAM_MIB - 4096, "RAM disk on top");
	is(params.hdr.ramdisk_size, 16, "its length");
	ward_read_gpa(machine->vm, params.hdr.ramdisk_image, text, 7);
	ok(!memcmp(text, "initial", 7), "its content");
	is(fake_reg(WARD_REG(WARD_REG_CLASS_CR, 0)), 0x80000031, "CR0");
	is(fake_reg(WARD_REG(WARD_REG_CLASS_SEG, WARD_CS * 4)), 0x10, "CS");
	is(guest32(0x2000), 0x3003, "page tables");
	is(guest32(0x7ff8), 0xffe00083, "up to 4 GiB");
	is(guest32(0x400) & 0xffff, 0x3f8, "the data area has the serial port");
	is(guest32(0x413) & 0xffff, 640, "and the KiB of low memory");
}

static void linux_bad(void)
{
	static char longline[4096];
	struct setup_header *h;

	new_machine(64);
	make_kernel();
	is(load_linux(machine, "/nonexistent", NULL, NULL), -ENOENT, "no file");
	is(load_linux(machine, "/tmp", NULL, NULL), -EINVAL, "a folder");
	is(try_kernel("/nonexistent", NULL), -ENOENT, "no RAM disk");
	write_file(path2, "", 0);
	is(try_kernel(path2, NULL), -EINVAL, "an empty RAM disk");
	memset(longline, 'x', sizeof(longline) - 1);
	is(try_kernel(NULL, longline), -E2BIG, "too long a command line");
	image_bytes -= 15;
	is(try_kernel(NULL, NULL), 0, "its last 16 bytes are not whole");
	image_bytes -= 1;
	is(try_kernel(NULL, NULL), -ENOEXEC, "they are missing");
	image_bytes = 0x202;
	is(try_kernel(NULL, NULL), -ENOEXEC, "cut off in the header");
	image_bytes = 0;
	is(try_kernel(NULL, NULL), -ENOEXEC, "empty");
	h = make_kernel();
	h->version = 0x20b;
	is(try_kernel(NULL, NULL), -ENOEXEC, "an old protocol");
	h = make_kernel();
	h->xloadflags = 0;
	is(try_kernel(NULL, NULL), -ENOEXEC, "a 32-bit kernel");
	h = make_kernel();
	h->syssize = 0x20;
	is(try_kernel(NULL, NULL), -ENOEXEC, "no code");
	h = make_kernel();
	h->init_size = 60 * RAM_MIB;
	is(try_kernel(NULL, NULL), 0, "moved down to fit");
	is(gpr(WARD_RIP), 0x200200, "to its lowest place");
	h->init_size = 0xffffffff;
	is(try_kernel(NULL, NULL), -ENOMEM, "too large to run");
	h->pref_address = ~0ull;
	h->kernel_alignment = 0x80000000;
	h->init_size = 0x1000;
	is(try_kernel(NULL, NULL), -ENOMEM, "silly addresses");
	h->kernel_alignment = 3;
	is(try_kernel(NULL, NULL), -ENOMEM, "a silly alignment");
	h = make_kernel();
	h->init_size = 47 * RAM_MIB;
	write_file(path2, image, sizeof(image));
	h->initrd_addr_max = 0x2ffffff;
	is(try_kernel(path2, NULL), -ENOMEM, "no place left for the RAM disk");
}

/* -------------------------------------------------------------- Multiboot */

static void make_header(size_t at, __u32 flags)
{
	__u32 header[3] = { MAGIC, flags, -(MAGIC + flags) };

	memcpy(image + at, header, sizeof(header));
}

static Elf32_Ehdr *make_elf(void)
{
	Elf32_Ehdr *e = (void *)image;
	Elf32_Phdr *p = (void *)(image + 64);

	memset(image, 0, sizeof(image));
	memcpy(e->e_ident, ELFMAG, SELFMAG);
	e->e_ident[EI_CLASS] = ELFCLASS32;
	e->e_ident[EI_DATA] = ELFDATA2LSB;
	e->e_ident[EI_VERSION] = EV_CURRENT;
	e->e_type = ET_EXEC;
	e->e_machine = EM_386;
	e->e_version = EV_CURRENT;
	e->e_entry = 0xc0100010;
	e->e_phoff = 64;
	e->e_ehsize = sizeof(*e);
	e->e_phentsize = sizeof(*p);
	e->e_phnum = 1;
	p->p_type = PT_LOAD;
	p->p_offset = 0x1000;
	p->p_vaddr = 0xc0100000;
	p->p_paddr = 0x100000;
	p->p_filesz = 0x100;
	p->p_memsz = 0x2000;
	make_header(0x1000, 3);
	image_bytes = 0x1100;
	return e;
}

static int try_multiboot(const char *append, unsigned int modules)
{
	const char *const paths[2] = { path2, path2 };

	write_file(path, image, image_bytes);
	return load_multiboot(machine, path, paths, modules, append);
}

static void multiboot_good(void)
{
	__u32 info;
	char text[16] = "";

	new_machine(64);
	write_file(path2, "a module", 8);
	make_elf();
	is(try_multiboot("all of it", 2), 0, "an ELF image");
	is(gpr(WARD_RIP), 0x100010, "its entry is physical");
	is(gpr(WARD_RAX), 0x2badb002, "EAX");
	is(fake_reg(WARD_REG(WARD_REG_CLASS_CR, 0)), 0x31, "no paging");
	info = (__u32)gpr(WARD_RBX);
	is(guest32(info), 0x24d, "what is told");
	is(guest32(info + 4), 640, "lower memory, KiB");
	is(guest32(info + 8), 63 * 1024, "upper memory, KiB");
	ward_read_gpa(machine->vm, guest32(info + 16), text, 10);
	ok(!strcmp(text, "all of it"), "command line");
	is(guest32(info + 20), 2, "two modules");
	is(guest32(guest32(info + 24)), 0x102000, "the first, behind the bss");
	is(guest32(guest32(info + 24) + 4), 0x102008, "its end");
	is(guest32(guest32(info + 24) + 16), 0x103000, "the second, on a page");
	is(guest32(0x103000), 0x6f6d2061, "its content");
	is(guest32(info + 44), 3 * 24, "three ranges of memory");
	is(guest32(guest32(info + 48)), 20, "size of the first");

	memset(image, 0, sizeof(image));
	make_header(0x20, 0x10000);
	*(__u32 *)(image + 0x2c) = 0x200020;	/* header_addr */
	*(__u32 *)(image + 0x30) = 0x200000;	/* load_addr */
	*(__u32 *)(image + 0x34) = 0;		/* load_end_addr */
	*(__u32 *)(image + 0x38) = 0x201000;	/* bss_end_addr */
	*(__u32 *)(image + 0x3c) = 0x200040;	/* entry_addr */
	image_bytes = 0x100;
	is(try_multiboot(NULL, 0), 0, "a flat image");
	is(gpr(WARD_RIP), 0x200040, "its entry");
	is(guest32(0x200020), MAGIC, "its content");
}

static void multiboot_bad(void)
{
	Elf32_Ehdr *e;
	Elf32_Phdr *p = (void *)(image + 64);

	new_machine(64);
	e = make_elf();
	make_header(0x1000, 0x13);
	is(try_multiboot(NULL, 0), -ENOEXEC, "an unknown demand");
	make_elf();
	image[0x1000] ^= 1;
	is(try_multiboot(NULL, 0), -ENOEXEC, "no header");
	make_elf();
	image_bytes = 0x10ff;
	is(try_multiboot(NULL, 0), -ENOEXEC, "a byte of a segment missing");
	e = make_elf();
	e->e_machine = EM_ARM;
	is(try_multiboot(NULL, 0), -ENOEXEC, "another processor");
	e = make_elf();
	e->e_ident[EI_CLASS] = ELFCLASS64;
	is(try_multiboot(NULL, 0), -ENOEXEC, "64-bit ELF");
	e = make_elf();
	e->e_phoff = 0xffffff00;
	is(try_multiboot(NULL, 0), -ENOEXEC, "program headers nowhere");
	e = make_elf();
	e->e_phnum = 0xfffe;
	is(try_multiboot(NULL, 0), -ENOEXEC, "too many program headers");
	make_elf();
	p->p_offset = 0xfffffff0;
	is(try_multiboot(NULL, 0), -ENOEXEC, "a segment nowhere");
	make_elf();
	p->p_paddr = 0xfffff000;
	is(try_multiboot(NULL, 0), -ENOMEM, "loaded where no RAM is");
	make_elf();
	p->p_memsz = 0xffffffff;
	is(try_multiboot(NULL, 0), -ENOMEM, "an endless bss");
	make_elf();
	p->p_paddr = 0xff000;
	is(try_multiboot(NULL, 0), -ENOMEM, "over the ACPI tables");
	e = make_elf();
	e->e_entry = 0x10;
	is(try_multiboot(NULL, 0), -ENOEXEC, "an entry outside");
	make_elf();
	p->p_type = PT_NOTE;
	is(try_multiboot(NULL, 0), -ENOEXEC, "nothing to load");
	make_elf();
	make_header(0x1000, 0x10000);
	*(__u32 *)(image + 0x100c) = 0x100000;
	*(__u32 *)(image + 0x1010) = 0x200000;
	is(try_multiboot(NULL, 0), -ENOEXEC, "a header before the image");
}

/* Whatever the bytes are, the program survives. Under a sanitizer this tells
 * more. */
static void garbage(void)
{
	unsigned int round, i, loaded = 0;
	unsigned int seed = 1;

	/* The messages are what a user would see; here they are noise. */
	if (!freopen("/dev/null", "w", stderr))
		exit(1);
	for (round = 0; round < 600; round++) {
		if (round % 25 == 0)
			new_machine(16);
		if (round % 2)
			make_kernel();
		else
			make_elf();
		for (i = 0; i < 1 + round % 8; i++) {
			size_t where = (size_t)rand_r(&seed) % 0x100;

			if (round % 2)
				where += 0x1f1 - 8;
			image[where] = (__u8)rand_r(&seed);
		}
		if (round % 3 == 0)
			image_bytes = (size_t)rand_r(&seed) % image_bytes;
		fake_reg_count = 0;
		loaded += round % 2 ? !try_kernel(NULL, NULL) :
				      !try_multiboot(NULL, 0);
	}
	ok(loaded > 0 && loaded < 600, "garbage: %u of 600 could be loaded",
	   loaded);
}

int main(void)
{
	int a = mkstemp(path), b = mkstemp(path2);

	if (a < 0 || b < 0)
		return 1;
	linux_good();
	linux_bad();
	multiboot_good();
	multiboot_bad();
	garbage();
	machine_destroy(machine);
	unlink(path);
	unlink(path2);
	return finish();
}
