// SPDX-License-Identifier: GPL-2.0-only
/*
 * linux.c - a Linux bzImage, by the 64-bit boot protocol
 * (Documentation/arch/x86/boot.rst of the kernel).
 *
 * The kernel begins in its 64-bit entry with what a boot loader would have
 * gathered: memory map, command line, initial RAM disk, address of the ACPI
 * tables. What is needed only until it has read that lies in low memory.
 */
#include <asm/bootparam.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "loader.h"
#include "machine/report.h"
#include "start.h"

#define GDT_GPA		0x1000ull
#define TABLES_GPA	0x2000ull
#define PARAMS_GPA	0x10000ull
#define CMDLINE_GPA	0x20000ull
#define CMDLINE_END	0x80000ull

#define HEADER_OFFSET	0x1f1
#define BOOT_MAGIC	0xaa55
#define HEADER_MAGIC	0x53726448	/* "HdrS" */
#define VERSION_MIN	0x020c		/* with xloadflags */
#define ENTRY_64	0x200

static int check_header(const struct file *kernel,
			const struct setup_header *header)
{
	const char *path = kernel->path;

	if (kernel->size < HEADER_OFFSET + sizeof(*header) ||
	    header->boot_flag != BOOT_MAGIC || header->header != HEADER_MAGIC) {
		report("%s is not a Linux bzImage%s", path,
		       kernel->size >= 4 && !memcmp(kernel->bytes, "\177ELF", 4) ?
		       ": it is an ELF file; for a kernel take arch/x86/boot/bzImage, for a Multiboot image use --multiboot" :
		       "");
		return -ENOEXEC;
	}
	if (header->version < VERSION_MIN) {
		report("%s uses boot protocol %u.%02u; Ward needs 2.12 (Linux 3.8) or newer",
		       path, header->version >> 8, header->version & 0xff);
		return -ENOEXEC;
	}
	if (!(header->xloadflags & XLF_KERNEL_64)) {
		report("%s is a 32-bit kernel; Ward boots 64-bit kernels", path);
		return -ENOEXEC;
	}
	return 0;
}

/*
 * Where the file's protected-mode part is, and that all of it is there. Its
 * size is counted in units of 16 bytes; the last one need not be a whole one.
 */
static int find_code(const struct file *kernel,
		     const struct setup_header *header, __u64 *offset,
		     __u64 *bytes)
{
	*offset = (header->setup_sects ? header->setup_sects + 1 : 5) * 512ull;
	*bytes = header->syssize * 16ull;
	if (kernel->size < *offset || kernel->size - *offset + 15 < *bytes) {
		report("%s is cut off: its header promises %llu bytes, the file has %zu",
		       kernel->path, (unsigned long long)(*offset + *bytes),
		       kernel->size);
		return -ENOEXEC;
	}
	if (*bytes > kernel->size - *offset)
		*bytes = kernel->size - *offset;
	if (*bytes <= ENTRY_64) {
		report("%s has no code", kernel->path);
		return -ENOEXEC;
	}
	return 0;
}

/* The preferred place if there is room, else the lowest. */
static int place_code(const struct machine *machine, const char *path,
		      const struct setup_header *header, __u64 bytes,
		      __u64 *gpa)
{
	__u64 needed = header->init_size > bytes ? header->init_size : bytes;
	__u64 end = machine->ram.low_end, align = header->kernel_alignment;

	*gpa = header->pref_address;
	if (*gpa >= RAM_HIGH && *gpa <= end && needed <= end - *gpa)
		return 0;
	if (header->relocatable_kernel && align && !(align & (align - 1))) {
		*gpa = (RAM_HIGH + align - 1) & ~(align - 1);
		if (*gpa <= end && needed <= end - *gpa)
			return 0;
	}
	report("%s needs %llu MiB to start and the guest has %llu MiB of memory; give it more with --memory",
	       path,
	       (unsigned long long)((needed + RAM_MIB - 1) / RAM_MIB + 2),
	       (unsigned long long)(machine->config.memory_bytes / RAM_MIB));
	return -ENOMEM;
}

/* As high as the kernel allows, out of the way of its decompression. */
static int load_initrd(struct machine *machine, const char *path,
		       struct boot_params *params, __u64 code_end)
{
	struct file initrd;
	__u64 end = machine->ram.low_end, gpa;
	int error;

	error = file_read(&initrd, path, "initial RAM disk",
			  machine->ram.low_end);
	if (error)
		return error;
	if (!initrd.size) {
		report("the initial RAM disk %s is empty", path);
		file_free(&initrd);
		return -EINVAL;
	}
	if (end > (__u64)params->hdr.initrd_addr_max + 1)
		end = (__u64)params->hdr.initrd_addr_max + 1;
	gpa = initrd.size < end ? (end - initrd.size) & ~0xfffull : 0;
	if (gpa < code_end) {
		report("kernel and initial RAM disk do not fit into %llu MiB of memory; give the guest more with --memory",
		       (unsigned long long)(machine->config.memory_bytes / RAM_MIB));
		error = -ENOMEM;
	} else {
		error = ward_write_gpa(machine->vm, gpa, initrd.bytes,
				       initrd.size);
		params->hdr.ramdisk_image = (__u32)gpa;
		params->hdr.ramdisk_size = (__u32)initrd.size;
	}
	file_free(&initrd);
	return error;
}

static int write_cmdline(struct machine *machine, const char *append,
			 struct boot_params *params)
{
	__u64 limit = CMDLINE_END - CMDLINE_GPA;
	size_t length;

	if (!append)
		append = "";
	length = strlen(append);
	if (params->hdr.cmdline_size && params->hdr.cmdline_size + 1ull < limit)
		limit = params->hdr.cmdline_size + 1ull;
	if (length >= limit) {
		report("the command line has %zu bytes; this kernel takes %llu",
		       length, (unsigned long long)limit - 1);
		return -E2BIG;
	}
	params->hdr.cmd_line_ptr = CMDLINE_GPA;
	return ward_write_gpa(machine->vm, CMDLINE_GPA, append, length + 1);
}

static void fill_params(const struct machine *machine,
			const struct file *kernel, struct boot_params *params)
{
	struct ram_range map[RAM_RANGES];
	/* The header says itself where it ends. */
	size_t length = 0x202 + kernel->bytes[0x201] - HEADER_OFFSET;
	unsigned int i, count = ram_map(&machine->ram, map);

	memset(params, 0, sizeof(*params));
	if (length > sizeof(params->hdr))
		length = sizeof(params->hdr);
	if (length > kernel->size - HEADER_OFFSET)
		length = kernel->size - HEADER_OFFSET;
	memcpy(&params->hdr, kernel->bytes + HEADER_OFFSET, length);
	params->hdr.type_of_loader = 0xff;	/* one without a number */
	params->hdr.vid_mode = 0xffff;
	params->acpi_rsdp_addr = MACHINE_ACPI_GPA;
	params->e820_entries = (__u8)count;
	for (i = 0; i < count; i++) {
		params->e820_table[i].addr = map[i].gpa;
		params->e820_table[i].size = map[i].bytes;
		params->e820_table[i].type = map[i].type;
	}
}

static int load_kernel(struct machine *machine, const struct file *kernel,
		       const char *initrd, const char *append)
{
	struct setup_header header;
	struct boot_params params;
	__u64 offset, bytes, gpa, code_end;
	int error;

	memset(&header, 0, sizeof(header));
	if (kernel->size > HEADER_OFFSET)
		memcpy(&header, kernel->bytes + HEADER_OFFSET,
		       kernel->size - HEADER_OFFSET < sizeof(header) ?
		       kernel->size - HEADER_OFFSET : sizeof(header));
	error = check_header(kernel, &header);
	if (!error)
		error = find_code(kernel, &header, &offset, &bytes);
	if (!error)
		error = place_code(machine, kernel->path, &header, bytes, &gpa);
	if (error)
		return error;

	fill_params(machine, kernel, &params);
	code_end = gpa + (header.init_size > bytes ? header.init_size : bytes);
	error = ward_write_gpa(machine->vm, gpa, kernel->bytes + offset, bytes);
	if (!error)
		error = write_cmdline(machine, append, &params);
	if (!error && initrd)
		error = load_initrd(machine, initrd, &params, code_end);
	if (!error)
		error = ward_write_gpa(machine->vm, PARAMS_GPA, &params,
				       sizeof(params));
	if (error)
		return error;
	error = start_long_mode(machine->vm, machine->vcpus[0].vcpu, GDT_GPA,
				TABLES_GPA, gpa + ENTRY_64, PARAMS_GPA);
	if (error)
		report("cannot set the vCPU's registers: %s", strerror(-error));
	return error;
}

int load_linux(struct machine *machine, const char *path, const char *initrd,
	       const char *append)
{
	struct file kernel;
	int error = file_read(&kernel, path, "kernel", machine->ram.low_end);

	if (error)
		return error;
	error = load_kernel(machine, &kernel, initrd, append);
	file_free(&kernel);
	return error;
}
