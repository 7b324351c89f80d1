// SPDX-License-Identifier: GPL-2.0-only
/*
 * multiboot.c - images of the Multiboot Specification, version 1.
 *
 * ELF32 files, and flat ones whose header carries addresses. The image gets
 * a memory map, its command line and its modules; no graphics, no drives, no
 * symbols. The command line is what the user gave, with nothing put before.
 */
#include <errno.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "loader.h"
#include "machine/report.h"
#include "start.h"

#define HEADER_MAGIC	0x1badb002u
#define START_MAGIC	0x2badb002u
#define SEARCH_BYTES	8192
#define LOADER_NAME	"Ward"

/* Header flags: what the image asks for */
#define ASKS_ADDRESSES	(1u << 16)
#define ASKS_KNOWN	0x7u	/* modules on pages, memory, video mode */

struct header {
	__u32 magic, flags, checksum;
	__u32 header_addr, load_addr, load_end_addr, bss_end_addr, entry_addr;
};

/* What the image is told; the fields up to boot_loader_name */
struct info {
	__u32 flags;
	__u32 mem_lower, mem_upper;
	__u32 boot_device;
	__u32 cmdline;
	__u32 mods_count, mods_addr;
	__u32 syms[4];
	__u32 mmap_length, mmap_addr;
	__u32 drives_length, drives_addr;
	__u32 config_table;
	__u32 boot_loader_name;
	__u32 rest[6];
};

#define HAS_MEMORY	(1u << 0)
#define HAS_CMDLINE	(1u << 2)
#define HAS_MODULES	(1u << 3)
#define HAS_MMAP	(1u << 6)
#define HAS_NAME	(1u << 9)

struct module {
	__u32 start, end, string, reserved;
};

struct mmap_entry {
	__u32 size;		/* of what follows */
	__u64 gpa, bytes;
	__u32 type;
} __attribute__((packed));

/* A load under way: what of RAM is taken. */
struct load {
	struct machine *machine;
	const char *path;
	__u64 first, last;	/* of the image, bss included */
	__u64 entry;
	__u64 info_gpa;		/* where the information grows */
	__u64 info_end;
};

static int fail(const struct load *load, const char *why)
{
	report("%s cannot be loaded: %s", load->path, why);
	return -ENOEXEC;
}

/* One piece of the image: @bytes from the file, zeroes up to @memory_bytes. */
static int put(struct load *load, __u64 gpa, const __u8 *from, __u64 bytes,
	       __u64 memory_bytes)
{
	char *to;

	if (memory_bytes < bytes)
		memory_bytes = bytes;
	if (!memory_bytes)
		return 0;
	to = ward_ram(load->machine->vm, gpa, memory_bytes);
	if (!to || (gpa < RAM_HIGH && gpa + memory_bytes > RAM_SOCKETS)) {
		report("%s wants memory from %#llx to %#llx, which the guest does not have; try more --memory",
		       load->path, (unsigned long long)gpa,
		       (unsigned long long)(gpa + memory_bytes));
		return -ENOMEM;
	}
	memcpy(to, from, bytes);
	memset(to + bytes, 0, memory_bytes - bytes);
	if (gpa < load->first)
		load->first = gpa;
	if (gpa + memory_bytes > load->last)
		load->last = gpa + memory_bytes;
	return 0;
}

/* ----------------------------------------------------------------- image */

static int find_header(const struct file *image, struct header *header,
		       __u64 *offset)
{
	size_t end = image->size < SEARCH_BYTES ? image->size : SEARCH_BYTES;
	size_t at, left;

	for (at = 0; at + 12 <= end; at += 4) {
		memset(header, 0, sizeof(*header));
		left = image->size - at;
		memcpy(header, image->bytes + at,
		       left < sizeof(*header) ? left : sizeof(*header));
		if (header->magic == HEADER_MAGIC &&
		    header->magic + header->flags + header->checksum == 0) {
			*offset = at;
			return 0;
		}
	}
	report("%s is not a Multiboot image: there is no header in its first %u bytes",
	       image->path, SEARCH_BYTES);
	return -ENOEXEC;
}

static int load_flat(struct load *load, const struct file *image,
		     const struct header *header, __u64 header_offset)
{
	__u64 before = (__u64)header->header_addr - header->load_addr;
	__u64 from, bytes, memory_bytes;

	if (header->header_addr < header->load_addr || before > header_offset)
		return fail(load, "its header's addresses do not fit the header's place in the file");
	from = header_offset - before;
	bytes = image->size - from;
	if (header->load_end_addr) {
		if (header->load_end_addr < header->load_addr)
			return fail(load, "it ends before it begins (load_end_addr)");
		bytes = header->load_end_addr - header->load_addr;
		if (bytes > image->size - from)
			return fail(load, "it is cut off: the file is shorter than its header says");
	}
	memory_bytes = bytes;
	if (header->bss_end_addr) {
		if (header->bss_end_addr < header->load_addr ||
		    header->bss_end_addr - header->load_addr < bytes)
			return fail(load, "its bss ends before its data (bss_end_addr)");
		memory_bytes = header->bss_end_addr - header->load_addr;
	}
	load->entry = header->entry_addr;
	return put(load, header->load_addr, image->bytes + from, bytes,
		   memory_bytes);
}

static int load_segments(struct load *load, const struct file *image, Elf *elf)
{
	Elf32_Ehdr *header = elf32_getehdr(elf);
	Elf32_Phdr *segments = elf32_getphdr(elf);
	size_t count, i;
	int error;

	if (!header || header->e_machine != EM_386)
		return fail(load, "it is not an ELF file for 32-bit x86 (a 64-bit one can be turned into that with objcopy -O elf32-i386)");
	if (elf_getphdrnum(elf, &count) || !count || !segments)
		return fail(load, "it has no program headers, or they are cut off");

	load->entry = header->e_entry;
	for (i = 0; i < count; i++) {
		const Elf32_Phdr *s = &segments[i];

		if (s->p_type != PT_LOAD)
			continue;
		if (s->p_offset > image->size ||
		    s->p_filesz > image->size - s->p_offset)
			return fail(load, "it is cut off: a segment ends behind the file's end");
		error = put(load, s->p_paddr, image->bytes + s->p_offset,
			    s->p_filesz, s->p_memsz);
		if (error)
			return error;
		/* The entry is a virtual address, and paging is off. */
		if (header->e_entry - s->p_vaddr < s->p_memsz)
			load->entry = header->e_entry - s->p_vaddr + s->p_paddr;
	}
	if (!load->last)
		return fail(load, "it has nothing to load");
	return 0;
}

static int load_elf(struct load *load, const struct file *image)
{
	Elf *elf;
	int error;

	elf_version(EV_CURRENT);
	elf = elf_memory((char *)image->bytes, image->size);
	if (!elf || elf_kind(elf) != ELF_K_ELF)
		error = fail(load, "it is neither an ELF file nor has its header load addresses");
	else
		error = load_segments(load, image, elf);
	elf_end(elf);
	return error;
}

/* ----------------------------------------------------------- information */

/* 256 KiB of low memory that the image itself leaves free. */
static int choose_info(struct load *load)
{
	static const __u64 places[] = { 0x10000, 0x50000 };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		load->info_gpa = places[i];
		load->info_end = places[i] + 0x40000;
		if (load->last <= load->info_gpa || load->first >= load->info_end)
			return 0;
	}
	return fail(load, "it leaves no room in low memory for what it is to be told");
}

/* Append to the information. Return: its address; 0: no room left. */
static __u32 tell(struct load *load, const void *data, __u64 bytes)
{
	__u64 gpa = load->info_gpa;

	if (bytes > load->info_end - gpa ||
	    ward_write_gpa(load->machine->vm, gpa, data, bytes))
		return 0;
	load->info_gpa = (gpa + bytes + 7) & ~7ull;
	if (load->info_gpa > load->info_end)
		load->info_gpa = load->info_end;
	return (__u32)gpa;
}

static __u32 tell_string(struct load *load, const char *string)
{
	return tell(load, string, strlen(string) + 1);
}

static __u32 tell_map(struct load *load, __u32 *bytes)
{
	struct ram_range map[RAM_RANGES];
	struct mmap_entry entries[RAM_RANGES];
	unsigned int i, count = ram_map(&load->machine->ram, map);

	for (i = 0; i < count; i++)
		entries[i] = (struct mmap_entry){
			.size = sizeof(entries[i]) - sizeof(entries[i].size),
			.gpa = map[i].gpa,
			.bytes = map[i].bytes,
			.type = map[i].type,
		};
	*bytes = count * (__u32)sizeof(entries[0]);
	return tell(load, entries, *bytes);
}

/* Each on its own pages, behind the image. */
static int load_modules(struct load *load, const char *const *paths,
			unsigned int count, struct info *info)
{
	struct module *modules = calloc(count + 1, sizeof(*modules));
	__u64 gpa = load->last > RAM_HIGH ? load->last : RAM_HIGH;
	unsigned int i;
	int error = modules ? 0 : -ENOMEM;

	for (i = 0; i < count && !error; i++) {
		struct file file;

		gpa = (gpa + 0xfff) & ~0xfffull;
		error = file_read(&file, paths[i], "module",
				  load->machine->ram.low_end - gpa);
		if (error)
			break;
		error = put(load, gpa, file.bytes, file.size, file.size);
		modules[i].start = (__u32)gpa;
		gpa += file.size;
		modules[i].end = (__u32)gpa;
		modules[i].string = tell_string(load, paths[i]);
		file_free(&file);
	}
	if (!error) {
		info->mods_addr = tell(load, modules, count * sizeof(*modules));
		info->mods_count = count;
		info->flags |= HAS_MODULES;
		if (!info->mods_addr || (count && !modules[count - 1].string))
			error = fail(load, "it has too many modules");
	}
	free(modules);
	return error;
}

static int tell_all(struct load *load, const char *const *modules,
		    unsigned int module_count, const char *append, __u32 *gpa)
{
	struct info info = {
		.flags = HAS_MEMORY | HAS_CMDLINE | HAS_MMAP | HAS_NAME,
		.mem_lower = RAM_LOW_END / 1024,
		.mem_upper = (__u32)((load->machine->ram.low_end - RAM_HIGH) / 1024),
	};
	int error;

	error = choose_info(load);
	if (!error && module_count)
		error = load_modules(load, modules, module_count, &info);
	if (error)
		return error;
	info.mmap_addr = tell_map(load, &info.mmap_length);
	info.boot_loader_name = tell_string(load, LOADER_NAME);
	info.cmdline = tell_string(load, append ? append : "");
	*gpa = tell(load, &info, sizeof(info));
	if (!info.cmdline || !*gpa) {
		report("the command line is too long: there is room for less than 256 KiB");
		return -E2BIG;
	}
	return 0;
}

int load_multiboot(struct machine *machine, const char *path,
		   const char *const *modules, unsigned int module_count,
		   const char *append)
{
	struct load load = { .machine = machine, .path = path, .first = ~0ull };
	struct header header;
	struct file image;
	__u64 offset, gdt;
	__u32 info;
	int error = file_read(&image, path, "image", machine->ram.low_end);

	if (error)
		return error;
	error = find_header(&image, &header, &offset);
	/* Bits 0 to 15 are demands: one that is unknown cannot be met. A video
	 * mode is asked for by images that do without as well. */
	if (!error && header.flags & 0xffff & ~ASKS_KNOWN)
		error = fail(&load, "its header demands something that Multiboot 1 does not know");
	if (!error)
		error = header.flags & ASKS_ADDRESSES ?
			load_flat(&load, &image, &header, offset) :
			load_elf(&load, &image);
	file_free(&image);
	if (!error && (load.entry < load.first || load.entry >= load.last))
		error = fail(&load, "its entry point is outside of it");
	if (!error)
		error = tell_all(&load, modules, module_count, append, &info);
	if (error)
		return error;

	gdt = load.info_gpa;
	if (load.info_end - gdt < START_GDT_BYTES)
		return fail(&load, "there is no room left in low memory");
	error = start_protected_mode(machine->vm, machine->vcpus[0].vcpu, gdt,
				     (__u32)load.entry, START_MAGIC, info);
	if (error)
		report("cannot set the vCPU's registers: %s", strerror(-error));
	return error;
}
