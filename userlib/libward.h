/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libward.h - the C library of Ward, a hypervisor in a Linux kernel module.
 *
 * The calls are named like the ioctls of <linux/ward.h>, which says what each
 * of them does; this header only adds what the library adds: handles, guest
 * RAM in one sparse file, address translation and instruction emulation.
 *
 * Every call that can fail returns a negative errno value (-ENOENT) and says
 * nothing else; errno itself is never to be looked at. Zero or a positive
 * number is success.
 *
 * Threads: different vCPUs may be used from different threads at the same
 * time. One vCPU belongs to one thread at a time, except for ward_kick().
 * Calls that change a VM's memory (ward_map(), ward_add_ram()) must not run
 * at the same time as calls that read it by guest address.
 */
#ifndef LIBWARD_H
#define LIBWARD_H

#include <stddef.h>
#include <linux/ward.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WARD_API __attribute__((visibility("default")))

struct ward_vm;
struct ward_vcpu;

/* ---------------------------------------------------------------- device */

/**
 * ward_version() - the library's version, as text
 */
WARD_API const char *ward_version(void);

/**
 * ward_open() - open /dev/ward
 *
 * Return: a descriptor to be closed with close(); -ENOENT the module is not
 * loaded, -EACCES this user may not use it.
 */
WARD_API int ward_open(void);

/**
 * ward_probe() - what this CPU and module can do
 * @device: from ward_open()
 * @probe: out; nothing needs to be filled in
 */
WARD_API int ward_probe(int device, struct ward_probe *probe);

/**
 * ward_create_vm() - make a VM
 * @device: from ward_open()
 * @name: unique among the user's VMs; NULL or "": the kernel makes one
 * @flags: WARD_VM_*
 * @vm: out: to be given to ward_close_vm()
 *
 * Return: 0, or the errors of struct ward_create_vm; -ENAMETOOLONG.
 */
WARD_API int ward_create_vm(int device, const char *name, __u32 flags,
			    struct ward_vm **vm);

/**
 * ward_open_vm() - a handle for a VM that already runs
 * @device: from ward_open()
 * @name: its name
 * @uid: whose VM; (__u32)-1 means the caller's
 * @vm: out: to be given to ward_close_vm()
 *
 * Such a handle knows nothing of the VM's RAM: ward_ram() and what builds on
 * it find no memory.
 *
 * Return: 0; -ENOENT, -EACCES, -ENAMETOOLONG.
 */
WARD_API int ward_open_vm(int device, const char *name, __u32 uid,
			  struct ward_vm **vm);

/**
 * ward_close_vm() - drop the handle, its RAM and its descriptor
 * @vm: NULL is allowed
 *
 * Close its vCPUs first. The VM ends when its last descriptor is closed.
 */
WARD_API void ward_close_vm(struct ward_vm *vm);

/**
 * ward_list() - the VMs that the caller may see
 * @device: from ward_open()
 * @entries: array to fill in
 * @capacity: its length
 *
 * Return: how many VMs there are, which may exceed @capacity.
 */
WARD_API int ward_list(int device, struct ward_vm_info *entries,
		       __u32 capacity);

/* -------------------------------------------------------------------- VM */

/**
 * ward_vm_fd() - the VM's descriptor, still owned by the handle
 */
WARD_API int ward_vm_fd(const struct ward_vm *vm);

/**
 * ward_get_info() - name, owner, memory and age of a VM
 */
WARD_API int ward_get_info(struct ward_vm *vm, struct ward_vm_info *info);

/**
 * ward_map() - change the guest-physical memory map, all or nothing
 * @vm: the VM
 * @ops: applied in order
 * @count: 1 to WARD_MAX_MAP_OPS
 * @failed: out on error: index of the operation at fault; may be NULL
 *
 * The library does not learn about memory added this way: ward_ram() finds
 * only what ward_add_ram() added.
 *
 * Return: 0; -EEXIST, -ENOENT and others as in struct ward_map_op.
 */
WARD_API int ward_map(struct ward_vm *vm, const struct ward_map_op *ops,
		      __u32 count, __u32 *failed);

/**
 * ward_add_ram() - give the VM memory
 * @vm: the VM
 * @gpa: page-aligned guest-physical address
 * @bytes: page-aligned length
 * @prot: WARD_PROT_*; without WRITE, guest writes become WARD_EXIT_MMIO
 *
 * All RAM of a VM lives in one sparse memfd in which the offset equals the
 * guest-physical address, so tools that read a file can read a live guest.
 * Pages cost nothing until they are touched. Host addresses are congruent to
 * guest addresses modulo 2 MiB, so that huge pages can be used.
 *
 * Return: 0; -EEXIST the range overlaps another, -EINVAL alignment, -ENOMEM.
 */
WARD_API int ward_add_ram(struct ward_vm *vm, __u64 gpa, __u64 bytes,
			  __u32 prot);

/**
 * ward_ram_fd() - the memfd behind ward_add_ram(), still owned by the handle
 *
 * Return: a descriptor; -ENOENT before the first ward_add_ram().
 */
WARD_API int ward_ram_fd(const struct ward_vm *vm);

/**
 * ward_ram() - where a range of guest RAM is in this process
 * @vm: the VM
 * @gpa: guest-physical address
 * @bytes: length; the whole range must be in one region
 *
 * Return: an address, valid until ward_close_vm(); NULL: not (all) RAM.
 */
WARD_API void *ward_ram(const struct ward_vm *vm, __u64 gpa, __u64 bytes);

/**
 * ward_read_gpa() - copy from guest RAM
 * @vm: the VM
 * @gpa: guest-physical address; the range may span several regions
 * @buffer: destination
 * @bytes: length
 *
 * Return: 0; -EFAULT where something in the range is not RAM (the buffer's
 * content is then undefined).
 */
WARD_API int ward_read_gpa(const struct ward_vm *vm, __u64 gpa, void *buffer,
			   size_t bytes);

/**
 * ward_write_gpa() - copy into guest RAM, also where the guest may only read
 *
 * Return: 0; -EFAULT as for ward_read_gpa(), and then nothing was written.
 */
WARD_API int ward_write_gpa(struct ward_vm *vm, __u64 gpa, const void *buffer,
			    size_t bytes);

/**
 * ward_msi() - deliver a message-signalled interrupt
 * @vm: a VM with WARD_VM_LAPIC
 * @address: as a device would write it (0xfeexxxxx)
 * @data: as a device would write it
 *
 * Return: 0; -ENXIO the VM has no local APICs, -ENODEV no vCPU is addressed.
 */
WARD_API int ward_msi(struct ward_vm *vm, __u64 address, __u32 data);

/**
 * ward_pause() - stop all vCPUs; counted
 *
 * Return: 0 when no vCPU runs guest code any more; -EOVERFLOW.
 */
WARD_API int ward_pause(struct ward_vm *vm);

/**
 * ward_resume() - undo one ward_pause()
 *
 * Return: 0; -EINVAL the VM was not paused.
 */
WARD_API int ward_resume(struct ward_vm *vm);

/**
 * ward_get_clock() - the VM's time
 * @vm: the VM
 * @clock: out; TSC ticks and kHz, see struct ward_clock
 */
WARD_API int ward_get_clock(struct ward_vm *vm, struct ward_clock *clock);

/**
 * ward_set_clock() - set the VM's time
 * @vm: the VM
 * @guest_tsc: TSC of the guest, in ticks
 * @host_tsc: the host's TSC at which it has that value; 0: now
 */
WARD_API int ward_set_clock(struct ward_vm *vm, __u64 guest_tsc,
			    __u64 host_tsc);

/**
 * ward_get_stats() - read a VM's counters
 * @vm: the VM
 * @values: array indexed by enum ward_stat
 * @capacity: its length; what the kernel lacks is set to 0
 *
 * Return: how many counters the kernel has.
 */
WARD_API int ward_get_stats(struct ward_vm *vm, __u64 *values, __u32 capacity);

/**
 * ward_get_cpuid() - the CPUID table that the VM's vCPUs have
 * @vm: the VM
 * @entries: array to fill in
 * @capacity: its length; WARD_MAX_CPUID is always enough
 *
 * Return: how many entries there are.
 */
WARD_API int ward_get_cpuid(struct ward_vm *vm, struct ward_cpuid_entry *entries,
			    __u32 capacity);

/**
 * ward_set_cpuid() - replace that table; only before the first vCPU exists
 *
 * Return: 0; -EBUSY there is a vCPU, -EINVAL a feature would be added.
 */
WARD_API int ward_set_cpuid(struct ward_vm *vm,
			    const struct ward_cpuid_entry *entries, __u32 count);

/* ------------------------------------------------------------------ vCPU */

/**
 * struct ward_segment - one segment register
 * @base: linear address
 * @limit: in bytes
 * @rights: descriptor bits 55:40; bit 16: unusable
 * @selector: visible part
 */
struct ward_segment {
	__u64 base;
	__u32 limit;
	__u32 rights;
	__u16 selector;
};

/**
 * ward_create_vcpu() - make a vCPU and map its run page
 * @vm: the VM; must stay open longer than the vCPU
 * @id: 0 to WARD_MAX_VCPUS - 1; also its local APIC id
 * @vcpu: out: to be given to ward_close_vcpu()
 *
 * The vCPU is in the state after power-up.
 *
 * Return: 0; -EEXIST the id is taken; -EDQUOT the user's limit.
 */
WARD_API int ward_create_vcpu(struct ward_vm *vm, __u32 id,
			      struct ward_vcpu **vcpu);

/**
 * ward_close_vcpu() - unmap the run page and close the descriptor
 * @vcpu: NULL is allowed
 */
WARD_API void ward_close_vcpu(struct ward_vcpu *vcpu);

/**
 * ward_vcpu_fd() - the vCPU's descriptor, still owned by the handle
 */
WARD_API int ward_vcpu_fd(const struct ward_vcpu *vcpu);

/**
 * ward_run_page() - the page shared with the kernel
 *
 * Return: valid until ward_close_vcpu(). What it holds is new after every
 * ward_run(); changes to it count from the next ward_run() on.
 */
WARD_API struct ward_run *ward_run_page(struct ward_vcpu *vcpu);

/**
 * ward_run() - run the guest until something needs user space
 * @vcpu: the vCPU
 *
 * Return: 0 with ward_run_page(vcpu)->exit set; -EINTR a signal or a kick;
 * -EBUSY another thread runs it; -EIO the VM is dead.
 */
WARD_API int ward_run(struct ward_vcpu *vcpu);

/**
 * ward_kick() - from any thread: the current or else the next ward_run()
 * returns -EINTR
 */
WARD_API int ward_kick(struct ward_vcpu *vcpu);

/**
 * ward_get_regs() - read a list of registers
 * @vcpu: the vCPU, not running
 * @regs: ids filled in with WARD_REG(); values are out
 * @count: 1 to WARD_MAX_REGS
 * @failed: out on error: index of the register at fault; may be NULL
 */
WARD_API int ward_get_regs(struct ward_vcpu *vcpu, struct ward_reg *regs,
			   __u32 count, __u32 *failed);

/**
 * ward_set_regs() - write a list of registers, all or nothing
 */
WARD_API int ward_set_regs(struct ward_vcpu *vcpu, const struct ward_reg *regs,
			   __u32 count, __u32 *failed);

/**
 * ward_get_reg() - read one register
 * @vcpu: the vCPU, not running
 * @id: WARD_REG(class, index)
 * @value: out
 */
WARD_API int ward_get_reg(struct ward_vcpu *vcpu, __u64 id, __u64 *value);

/**
 * ward_set_reg() - write one register
 */
WARD_API int ward_set_reg(struct ward_vcpu *vcpu, __u64 id, __u64 value);

/**
 * ward_get_segment() - read all parts of a segment register
 * @vcpu: the vCPU, not running
 * @which: enum ward_seg
 * @segment: out
 */
WARD_API int ward_get_segment(struct ward_vcpu *vcpu, __u32 which,
			      struct ward_segment *segment);

/**
 * ward_set_segment() - write all parts of a segment register
 */
WARD_API int ward_set_segment(struct ward_vcpu *vcpu, __u32 which,
			      const struct ward_segment *segment);

/**
 * ward_get_xsave() - FPU and vector state, XSAVE standard format
 * @vcpu: the vCPU, not running
 * @area: buffer
 * @bytes: its length
 *
 * Return: length written; -ENOSPC too small.
 */
WARD_API int ward_get_xsave(struct ward_vcpu *vcpu, void *area, __u32 bytes);

/**
 * ward_set_xsave() - set FPU and vector state
 */
WARD_API int ward_set_xsave(struct ward_vcpu *vcpu, const void *area,
			    __u32 bytes);

/**
 * ward_inject() - make the vCPU take an event
 * @vcpu: the vCPU
 * @event: WARD_EVENT_*; VALID is added
 *
 * Return: 0; -EBUSY one of that kind already waits; -ENXIO an interrupt in a
 * VM that has local APICs.
 */
WARD_API int ward_inject(struct ward_vcpu *vcpu, __u64 event);

/**
 * ward_dump() - the vCPU's state as text for a person
 * @vcpu: the vCPU
 * @text: buffer; the result is cut if need be and always NUL-terminated
 * @bytes: its length, at least 1
 *
 * Return: length of the whole text without NUL, which may exceed @bytes.
 */
WARD_API int ward_dump(struct ward_vcpu *vcpu, char *text, size_t bytes);

/**
 * ward_translate() - guest-virtual to guest-physical address
 * @vcpu: the vCPU, just returned from ward_run(): CR0, CR3, CR4, EFER and CPL
 *        are taken from its run page
 * @gva: linear address (a segment's base is the caller's affair)
 * @access: WARD_PROT_* wanted; 0: only presence matters
 * @gpa: out
 * @error_code: out on -EFAULT: what a page fault would push; may be NULL
 *
 * Real mode, 2-level, PAE, 4-level and 5-level paging. Accessed and dirty
 * bits are left alone. Protection keys are not looked at.
 *
 * Return: 0; -EFAULT the guest would take a page fault; -ENXIO a page table
 * is not in RAM that the library knows.
 */
WARD_API int ward_translate(struct ward_vcpu *vcpu, __u64 gva, __u32 access,
			    __u64 *gpa, __u32 *error_code);

/* ------------------------------------------------------------- emulation */

/**
 * struct ward_devices - what an emulated instruction may touch besides RAM
 * @mmio: one access to memory that is not RAM: @bytes is 1, 2, 4 or 8 and
 *        never crosses a page; a read fills in @data
 * @port: one access to a port: @bytes is 1, 2 or 4
 */
struct ward_devices {
	void (*mmio)(void *context, __u64 gpa, __u64 *data, __u32 bytes,
		     int write);
	void (*port)(void *context, __u16 port, __u32 *data, __u32 bytes,
		     int in);
};

/**
 * ward_emulate() - carry out the instruction that the vCPU stopped at
 * @vcpu: stopped with WARD_EXIT_MMIO with bytes 0, or WARD_EXIT_IO with string
 * @devices: called for everything that is not RAM
 * @context: first argument of those calls
 * @why: out on error: a sentence with the decoded instruction
 * @why_bytes: length of that buffer
 *
 * Runs the instruction on the registers of the run page and commits them, so
 * that the next ward_run() goes on behind it. A repeated string instruction
 * is done in slices: the next ward_run() may stop at the same one again. If
 * the instruction faults, the guest gets that exception.
 *
 * Return: 0; -ENOTSUP an instruction that is not emulated; -EINVAL the vCPU
 * did not stop at one; -EFAULT the instruction's bytes cannot be had.
 */
WARD_API int ward_emulate(struct ward_vcpu *vcpu,
			  const struct ward_devices *devices, void *context,
			  char *why, size_t why_bytes);

/* ----------------------------------------------------------------- names */

/**
 * ward_stat_name() - "exit_cpuid" for WARD_STAT_EXIT_CPUID; NULL: no such
 */
WARD_API const char *ward_stat_name(__u32 stat);

/**
 * ward_exit_name() - "mmio" for WARD_EXIT_MMIO; never NULL
 */
WARD_API const char *ward_exit_name(__u32 exit);

#ifdef __cplusplus
}
#endif

#endif /* LIBWARD_H */
