/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * ward.h - the whole contract between ward.ko and user space.
 *
 * File descriptors are capabilities:
 *
 *   /dev/ward --WARD_CREATE_VM, WARD_OPEN_VM--> VM fd --WARD_CREATE_VCPU--> vCPU fd
 *
 * Every VM and vCPU call works from any process that holds the descriptor.
 *
 * Rules that hold for every structure here:
 *  - `size` is set by the caller to sizeof(the structure) and checked, so a
 *    structure can grow; a size the kernel does not know is -EINVAL.
 *  - unknown bits in `flags` and non-zero reserved fields are -EINVAL.
 *  - user pointers travel as __u64; all fields are naturally aligned and have
 *    the same layout for 32-bit and 64-bit callers.
 *  - a call first checks everything and then applies: on error nothing has
 *    changed, unless its comment says otherwise. One exception: who takes away,
 *    in another thread, memory that a call is about to answer in gets -EFAULT
 *    for a call that was carried out.
 *
 * Errors common to all calls: -EFAULT (a pointer), -EINVAL (size, flags,
 * reserved, a value out of range), -ENOTTY (the call does not belong to this
 * descriptor), -ENOMEM, -EINTR (a signal), -EIO (the VM is dead: the host left
 * VMX operation for good, to reboot or because a CPU could not enter it again
 * after suspend; the kernel's log says so); of calls that return a descriptor:
 * -EMFILE, -ENFILE (too many are open).
 */
#ifndef _UAPI_LINUX_WARD_H
#define _UAPI_LINUX_WARD_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define WARD_DEVICE_PATH	"/dev/ward"
#define WARD_NAME_BYTES		64
#define WARD_MAX_VCPUS		64
#define WARD_MAX_MAP_OPS	256
#define WARD_MAX_REGS		256
#define WARD_RUN_PAGE_BYTES	4096

/* ---------------------------------------------------------------- device */

/* Bits of ward_probe.capabilities */
#define WARD_CAP_LAPIC		(1ull << 0)	/* WARD_VM_LAPIC */
#define WARD_CAP_HYPERCALLS	(1ull << 1)	/* WARD_VM_HYPERCALLS */
#define WARD_CAP_MAP_FD		(1ull << 2)	/* WARD_MAP_FROM_FD */
#define WARD_CAP_HUGE_2M	(1ull << 3)	/* 2 MiB leaves are used */
#define WARD_CAP_OPEN_BY_NAME	(1ull << 4)	/* WARD_OPEN_VM, WARD_LIST */
#define WARD_CAP_DUMP		(1ull << 5)	/* WARD_DUMP */

/* Who holds VMX root operation (ward_probe.vmx_owner) */
#define WARD_VMX_FREE		0
#define WARD_VMX_WARD		1
#define WARD_VMX_OTHER		2

/* Number of capability MSRs reported: IA32_VMX_BASIC (0x480) and on. */
#define WARD_VMX_MSRS		18

/**
 * struct ward_probe - what this CPU and module can do
 * @size: sizeof(struct ward_probe)
 * @flags: must be zero
 * @capabilities: WARD_CAP_*
 * @tsc_khz: frequency of the host's time-stamp counter
 * @vmx_owner: WARD_VMX_*
 * @max_vcpus: per VM
 * @run_page_bytes: length to mmap from a vCPU fd
 * @reserved: zero
 * @vmx_msrs: raw values of MSRs 0x480 to 0x491; 0 where the CPU lacks one
 * @owner: where @vmx_owner is WARD_VMX_OTHER, the likely owner ("kvm_intel")
 */
struct ward_probe {
	__u32 size;
	__u32 flags;
	__u64 capabilities;
	__u64 tsc_khz;
	__u32 vmx_owner;
	__u32 max_vcpus;
	__u32 run_page_bytes;
	__u32 reserved;
	__u64 vmx_msrs[WARD_VMX_MSRS];
	char owner[WARD_NAME_BYTES];
};

/* ward_create_vm.flags */
#define WARD_VM_LAPIC		(1u << 0)	/* local APICs in the kernel */
#define WARD_VM_HYPERCALLS	(1u << 1)	/* VMCALL exits; else it is #UD */

/**
 * struct ward_create_vm - make a VM; the ioctl returns its file descriptor
 * @size: sizeof(struct ward_create_vm)
 * @flags: WARD_VM_*
 * @name: NUL-terminated, [A-Za-z0-9._-], not starting with '.' or '-';
 *        empty: the kernel makes one ("vm-" and a number)
 *
 * Errors: -EEXIST this user has a VM of that name; -EBUSY another hypervisor
 * owns VMX (the kernel log names it); -EDQUOT the user's limit on VMs;
 * -ENODEV VMX cannot be entered (kernel log), or the machine is going down.
 */
struct ward_create_vm {
	__u32 size;
	__u32 flags;
	char name[WARD_NAME_BYTES];
};

/**
 * struct ward_open_vm - a descriptor for a VM that already runs
 * @size: sizeof(struct ward_open_vm)
 * @flags: must be zero
 * @uid: whose VM; (__u32)-1 means the caller's
 * @reserved: zero
 * @name: NUL-terminated
 *
 * Errors: -ENOENT no such VM; -EACCES not the owner and no CAP_SYS_PTRACE.
 */
struct ward_open_vm {
	__u32 size;
	__u32 flags;
	__u32 uid;
	__u32 reserved;
	char name[WARD_NAME_BYTES];
};

/**
 * struct ward_vm_info - one VM, as listed
 * @name: unique per user
 * @id: unique since the module was loaded
 * @memory_bytes: sum of its regions
 * @uptime_ns: since creation, host's boot-time clock
 * @map_generation: number of committed map updates
 * @uid: owner, in the caller's user namespace
 * @pid: creator, in the caller's pid namespace; 0 if not visible there
 * @vcpus: how many exist
 * @pauses: pause count
 */
struct ward_vm_info {
	char name[WARD_NAME_BYTES];
	__u64 id;
	__u64 memory_bytes;
	__u64 uptime_ns;
	__u64 map_generation;
	__u32 uid;
	__s32 pid;
	__u32 vcpus;
	__u32 pauses;
};

/**
 * struct ward_list - the VMs that the caller may see
 * @size: sizeof(struct ward_list)
 * @flags: must be zero
 * @entries: address of an array of struct ward_vm_info
 * @capacity: its length; at most this many are written
 * @count: out: how many VMs there are (may exceed @capacity)
 *
 * A user sees their own VMs; CAP_SYS_ADMIN in the initial user namespace, all.
 */
struct ward_list {
	__u32 size;
	__u32 flags;
	__u64 entries;
	__u32 capacity;
	__u32 count;
};

/* -------------------------------------------------------------------- VM */

/**
 * struct ward_get_info - WARD_GET_INFO on a VM fd
 * @size: sizeof(struct ward_get_info)
 * @flags: must be zero
 * @info: out
 */
struct ward_get_info {
	__u32 size;
	__u32 flags;
	struct ward_vm_info info;
};

/* ward_map_op.op */
#define WARD_MAP_ADD		1
#define WARD_MAP_REMOVE		2
#define WARD_MAP_PROTECT	3

/* ward_map_op.source */
#define WARD_MAP_FROM_ADDRESS	1	/* origin: user address in the caller's mm */
#define WARD_MAP_FROM_FD	2	/* fd, origin: offset; file must be mmapable */

/* ward_map_op.prot */
#define WARD_PROT_READ		(1u << 0)
#define WARD_PROT_WRITE		(1u << 1)
#define WARD_PROT_EXEC		(1u << 2)
#define WARD_PROT_ALL		(WARD_PROT_READ | WARD_PROT_WRITE | WARD_PROT_EXEC)

/**
 * struct ward_map_op - one change of the guest-physical memory map
 * @op: WARD_MAP_*
 * @prot: WARD_PROT_*; ADD and PROTECT; READ is required, zero for REMOVE
 * @source: WARD_MAP_FROM_*; ADD only, else zero
 * @fd: WARD_MAP_FROM_FD only, else -1 or 0
 * @gpa: page-aligned start
 * @bytes: page-aligned length, not zero
 * @origin: ADD only: page-aligned user address or file offset
 *
 * ADD: the range must be free (-EEXIST). The region remembers the caller's
 * address space: faults from any process resolve against that, with the
 * protection it has there; when that address space is gone, or nothing is
 * mapped at the place, a guest access ends in WARD_EXIT_MEMORY. A file is
 * mapped shared into the caller's address space by this call. The mapping goes
 * with the region if the same process removes it or closes the VM; else with
 * the process, and so does one that the kernel does not take out (mseal(), or
 * no memory at all).
 * REMOVE and PROTECT: gpa and bytes must name exactly one whole region
 * (-ENOENT). A guest access that @prot forbids is WARD_EXIT_MEMORY for
 * reading and execution, and WARD_EXIT_MMIO for writing (a ROM).
 */
struct ward_map_op {
	__u32 op;
	__u32 prot;
	__u32 source;
	__s32 fd;
	__u64 gpa;
	__u64 bytes;
	__u64 origin;
	__u64 reserved;
};

/**
 * struct ward_map - change the memory map, all or nothing
 * @size: sizeof(struct ward_map)
 * @flags: must be zero
 * @ops: address of an array of struct ward_map_op, applied in order
 * @count: its length, 1 to WARD_MAX_MAP_OPS
 * @failed: out, on error: index of the operation at fault
 * @generation: out: the map's new generation
 *
 * vCPUs never see the map half changed. When the call returns, no CPU can
 * reach a page through what was removed or forbidden.
 * Errors: -EEXIST, -ENOENT as above; -EBADF, -EACCES, -ENODEV the file;
 * -ENOSPC too many regions.
 */
struct ward_map {
	__u32 size;
	__u32 flags;
	__u64 ops;
	__u32 count;
	__u32 failed;
	__u64 generation;
};

/**
 * struct ward_create_vcpu - make a vCPU; the ioctl returns its descriptor
 * @size: sizeof(struct ward_create_vcpu)
 * @flags: must be zero
 * @id: 0 to WARD_MAX_VCPUS - 1; also its local APIC id
 * @reserved: zero
 *
 * The vCPU is in the state after power-up ("Processor State After Reset").
 * Errors: -EEXIST the id is taken; -EDQUOT the user's limit on vCPUs.
 */
struct ward_create_vcpu {
	__u32 size;
	__u32 flags;
	__u32 id;
	__u32 reserved;
};

/**
 * struct ward_msi - deliver a message-signalled interrupt
 * @size: sizeof(struct ward_msi)
 * @flags: must be zero
 * @address: as a device would write it (0xfeexxxxx)
 * @data: as a device would write it; trigger mode level makes the EOI exit
 * @reserved: zero
 *
 * Errors: -ENXIO the VM has no WARD_VM_LAPIC; -ENODEV no vCPU is addressed.
 */
struct ward_msi {
	__u32 size;
	__u32 flags;
	__u64 address;
	__u32 data;
	__u32 reserved;
};

/**
 * struct ward_clock - the VM's time: one TSC base for all its vCPUs
 * @size: sizeof(struct ward_clock)
 * @flags: must be zero
 * @guest_tsc: the guest's TSC (before a vCPU's own TSC_ADJUST) at @host_tsc
 * @host_tsc: get: the host's TSC now; set: zero means now
 * @tsc_khz: get: the frequency the guest sees; set: zero
 * @reserved: zero
 *
 * A pause does not stop guest time: the TSC counts on. To stop it, read the
 * clock before the pause and set it again (host_tsc zero) after it.
 */
struct ward_clock {
	__u32 size;
	__u32 flags;
	__u64 guest_tsc;
	__u64 host_tsc;
	__u64 tsc_khz;
	__u64 reserved;
};

/* Statistics: counters of one VM, summed over its vCPUs. Order is ABI. */
enum ward_stat {
	WARD_STAT_ENTRIES,		/* VM entries */
	WARD_STAT_USER_EXITS,		/* returns of WARD_RUN */
	WARD_STAT_EXIT_EXCEPTION,	/* exceptions intercepted, NMIs of the host */
	WARD_STAT_EXIT_INTERRUPT,	/* host interrupts */
	WARD_STAT_EXIT_WINDOW,		/* interrupt and NMI windows */
	WARD_STAT_EXIT_CPUID,
	WARD_STAT_EXIT_HALT,
	WARD_STAT_EXIT_HYPERCALL,
	WARD_STAT_EXIT_CR,
	WARD_STAT_EXIT_DR,
	WARD_STAT_EXIT_IO,
	WARD_STAT_EXIT_MSR_READ,
	WARD_STAT_EXIT_MSR_WRITE,
	WARD_STAT_EXIT_EPT,		/* EPT violations and misconfigurations */
	WARD_STAT_EXIT_OTHER,
	WARD_STAT_INJECTIONS,		/* events injected into the guest */
	WARD_STAT_HALTS,		/* times a vCPU slept in the kernel */
	WARD_STAT_FAULTS_4K,		/* EPT faults answered with a 4 KiB page */
	WARD_STAT_FAULTS_2M,
	WARD_STAT_INVALIDATIONS,	/* EPT invalidations sent to CPUs */
	WARD_STAT_APIC_ACCESSES,	/* local APIC registers, in the kernel */
	WARD_STAT_TIMER,		/* local APIC timer expiries */
	WARD_STAT_COUNT
};

/**
 * struct ward_get_stats - read a VM's counters
 * @size: sizeof(struct ward_get_stats)
 * @flags: must be zero
 * @values: address of an array of __u64, indexed by enum ward_stat
 * @capacity: its length; at most this many are written
 * @count: out: how many the kernel has
 */
struct ward_get_stats {
	__u32 size;
	__u32 flags;
	__u64 values;
	__u32 capacity;
	__u32 count;
};

/**
 * struct ward_cpuid_entry - one CPUID leaf as the guest sees it
 * @leaf: EAX input
 * @subleaf: ECX input; WARD_CPUID_ANY_SUBLEAF where it does not matter
 */
#define WARD_CPUID_ANY_SUBLEAF	0xffffffffu
#define WARD_MAX_CPUID		128
struct ward_cpuid_entry {
	__u32 leaf;
	__u32 subleaf;
	__u32 eax;
	__u32 ebx;
	__u32 ecx;
	__u32 edx;
};

/**
 * struct ward_cpuid - the VM's CPUID table
 * @size: sizeof(struct ward_cpuid)
 * @flags: must be zero
 * @entries: address of an array of struct ward_cpuid_entry
 * @count: get: in: capacity, out: how many there are; set: length
 * @reserved: zero
 *
 * A new VM has the default table: the host's leaves, less what Ward does not
 * virtualise. WARD_SET_CPUID may take features away but not add any
 * (-EINVAL), and only before the first vCPU exists (-EBUSY). Bits that depend on vCPU state
 * (OSXSAVE, APIC id, XSAVE sizes) are filled in as the guest asks.
 */
struct ward_cpuid {
	__u32 size;
	__u32 flags;
	__u64 entries;
	__u32 count;
	__u32 reserved;
};

/* ------------------------------------------------------------------ vCPU */

/*
 * Registers are read and written as lists of (id, value). An id is a class
 * in bits 63:32 and an index in bits 31:0.
 */
#define WARD_REG(class, index)	(((__u64)(class) << 32) | (index))
#define WARD_REG_CLASS_GPR	1	/* enum ward_gpr */
#define WARD_REG_CLASS_CR	2	/* 0, 2, 3, 4, 8 */
#define WARD_REG_CLASS_DR	3	/* 0 to 3, 6, 7 */
#define WARD_REG_CLASS_SEG	4	/* enum ward_seg * 4 + part */
#define WARD_REG_CLASS_TABLE	5	/* 0: GDT base, 1: GDT limit, 2: IDT base, 3: IDT limit */
#define WARD_REG_CLASS_MSR	6	/* the MSR's number */
#define WARD_REG_CLASS_STATE	7	/* enum ward_state */
#define WARD_REG_CLASS_XCR	8	/* 0 */

enum ward_gpr {
	WARD_RAX, WARD_RCX, WARD_RDX, WARD_RBX, WARD_RSP, WARD_RBP, WARD_RSI,
	WARD_RDI, WARD_R8, WARD_R9, WARD_R10, WARD_R11, WARD_R12, WARD_R13,
	WARD_R14, WARD_R15, WARD_RIP, WARD_RFLAGS, WARD_GPR_COUNT
};

enum ward_seg {
	WARD_ES, WARD_CS, WARD_SS, WARD_DS, WARD_FS, WARD_GS, WARD_LDTR, WARD_TR,
	WARD_SEG_COUNT
};

/* Parts of a segment register */
#define WARD_SEG_SELECTOR	0
#define WARD_SEG_BASE		1
#define WARD_SEG_LIMIT		2	/* in bytes */
#define WARD_SEG_RIGHTS		3	/* descriptor bits 55:40, bit 16: unusable */

enum ward_state {
	WARD_STATE_ACTIVITY,		/* WARD_ACTIVITY_* */
	WARD_STATE_BLOCKING,		/* bit 0 STI, 1 MOV SS, 3 NMI */
	WARD_STATE_PENDING_DEBUG,	/* pending debug exceptions */
	WARD_STATE_EVENT,		/* WARD_EVENT_* being delivered, 0: none */
	WARD_STATE_COUNT
};

#define WARD_ACTIVITY_RUNNING	0
#define WARD_ACTIVITY_HALTED	1
#define WARD_ACTIVITY_WAIT_SIPI	3

/* An event: vector in bits 7:0, type in bits 10:8, error code in bits 63:32 */
#define WARD_EVENT_VECTOR	0x000000ffull
#define WARD_EVENT_TYPE		0x00000700ull
#define WARD_EVENT_INTERRUPT	0x00000000ull
#define WARD_EVENT_NMI		0x00000200ull
#define WARD_EVENT_EXCEPTION	0x00000300ull
#define WARD_EVENT_ERROR_CODE	0x00000800ull	/* an error code is there */
#define WARD_EVENT_VALID	0x80000000ull

struct ward_reg {
	__u64 id;
	__u64 value;
};

/**
 * struct ward_regs - read or write a list of registers
 * @size: sizeof(struct ward_regs)
 * @flags: must be zero
 * @regs: address of an array of struct ward_reg
 * @count: its length, 1 to WARD_MAX_REGS
 * @failed: out, on error: index of the register at fault
 *
 * The vCPU must not be running in another thread (-EBUSY). Writing: all
 * values are checked alone (a reserved bit of CR4, a non-canonical base:
 * -EINVAL) and then all are set; that they fit together is checked by the
 * next entry, which explains what does not. No entry looks at IA32_APIC_BASE:
 * a change of the local APIC's mode that WRMSR would refuse is ignored.
 * -ENOENT: no such register.
 */
struct ward_regs {
	__u32 size;
	__u32 flags;
	__u64 regs;
	__u32 count;
	__u32 failed;
};

/**
 * struct ward_xsave - FPU and vector state, in XSAVE standard format
 * @size: sizeof(struct ward_xsave)
 * @flags: must be zero
 * @area: address of the area
 * @bytes: its length; get: out: length written (-ENOSPC if too small)
 */
struct ward_xsave {
	__u32 size;
	__u32 flags;
	__u64 area;
	__u32 bytes;
	__u32 reserved;
};

/**
 * struct ward_inject - make the vCPU take an event
 * @size: sizeof(struct ward_inject)
 * @flags: must be zero
 * @event: WARD_EVENT_*, VALID set
 *
 * An exception is delivered at the next entry (-EBUSY if one is already
 * waiting); an NMI as soon as NMIs are not blocked; an interrupt, in a VM
 * without WARD_VM_LAPIC only (-ENXIO), as soon as the guest is
 * interruptible (-EBUSY if one already waits; ask for
 * WARD_RUN_NOTIFY_WINDOW).
 */
struct ward_inject {
	__u32 size;
	__u32 flags;
	__u64 event;
};

/**
 * struct ward_dump - the vCPU's state as text for a person
 * @size: sizeof(struct ward_dump)
 * @flags: must be zero
 * @text: address of a buffer
 * @bytes: in: its length; out: length of the whole text without NUL (what
 *         does not fit is cut)
 *
 * After a failed entry the text begins with the rules that were broken.
 */
struct ward_dump {
	__u32 size;
	__u32 flags;
	__u64 text;
	__u32 bytes;
	__u32 reserved;
};

/* Exit kinds (ward_run.exit) */
enum ward_exit {
	WARD_EXIT_NONE,			/* the call returned an error; nothing to do */
	WARD_EXIT_IO,			/* a port that the kernel does not handle */
	WARD_EXIT_MMIO,			/* memory that is not RAM */
	WARD_EXIT_MSR,			/* an MSR that the kernel does not know */
	WARD_EXIT_HYPERCALL,		/* VMCALL, with WARD_VM_HYPERCALLS */
	WARD_EXIT_HALT,			/* HLT in a VM without WARD_VM_LAPIC */
	WARD_EXIT_SHUTDOWN,		/* triple fault; the vCPU does not run again
					 * (-EIO) until its RIP is set */
	WARD_EXIT_FAIL_ENTRY,		/* the CPU refused the guest's state; an event on its
					 * way is WARD_STATE_EVENT, unless it is what was
					 * refused */
	WARD_EXIT_MEMORY,		/* a page of a region cannot be had */
	WARD_EXIT_WINDOW,		/* asked for: the guest is interruptible */
	WARD_EXIT_EOI,			/* a level-triggered vector was acknowledged */
	WARD_EXIT_DEBUG,		/* reserved */
	WARD_EXIT_UNHANDLED,		/* raw part says what; nobody handles it */
	WARD_EXIT_COUNT
};

struct ward_exit_io {
	__u16 port;
	__u8 bytes;		/* 1, 2, 4 */
	__u8 in;		/* 1: IN, INS */
	__u8 string;		/* 1: INS/OUTS; user space emulates */
	__u8 rep;
	__u16 reserved;
	__u32 data;		/* OUT: what was written; IN: user space fills in */
	__u32 reserved2;
};

struct ward_exit_mmio {
	__u64 gpa;
	__u64 gva;		/* valid with gva_valid */
	__u64 data;		/* write: the value; read: user space fills in */
	__u8 bytes;		/* 1, 2, 4, 8; 0: not decoded, user space emulates
				 * the instruction in `insn` */
	__u8 write;
	__u8 gva_valid;
	__u8 reserved[5];
};

struct ward_exit_msr {
	__u32 index;
	__u8 write;
	__u8 fault;		/* user space sets 1: the guest gets #GP(0) */
	__u16 reserved;
	__u64 data;		/* write: the value; read: user space fills in */
};

struct ward_exit_memory {
	__u64 gpa;
	__u32 access;		/* WARD_PROT_* that was attempted */
	__s32 error;		/* -EFAULT nothing mapped there, -ESRCH the address
				 * space is gone, -EACCES the region's protection,
				 * -EHWPOISON */
};

struct ward_exit_fail_entry {
	__u32 stage;		/* 1: VM-instruction error, 2: guest state, 3: MSR load */
	__u32 code;		/* VM-instruction error, or exit qualification */
	char why[112];		/* first broken rule, as a sentence */
};

struct ward_exit_eoi {
	__u32 vector;
	__u32 reserved;
};

/* ward_run.vendor */
#define WARD_VENDOR_VMX		1

struct ward_raw_vmx {
	__u32 reason;		/* all 32 bits */
	__u32 instruction_bytes;
	__u64 qualification;
	__u32 interruption_info;
	__u32 interruption_error;
	__u32 vectoring_info;
	__u32 vectoring_error;
	__u32 instruction_info;
	__u32 reserved;
	__u64 gpa;
	__u64 gva;
};

/* ward_run.request, set by user space */
#define WARD_RUN_IMMEDIATE	(1u << 0)	/* complete the last exit, then -EINTR */
#define WARD_RUN_NOTIFY_WINDOW	(1u << 1)	/* WARD_EXIT_WINDOW as soon as an
						 * interrupt could be taken */
/* ward_run.commit, set by user space, cleared by the kernel */
#define WARD_COMMIT_GPRS	(1u << 0)	/* gprs[0..15] */
#define WARD_COMMIT_RIP		(1u << 1)
#define WARD_COMMIT_RFLAGS	(1u << 2)
#define WARD_COMMIT_SKIP	(1u << 3)	/* MMIO, string IO: the instruction is done;
						 * go on behind it (insn_bytes) */

/**
 * struct ward_run - the page shared with the vCPU's runner
 *
 * mmap()ed from the vCPU fd (offset 0, WARD_RUN_PAGE_BYTES). The kernel
 * writes it when WARD_RUN returns and reads what user space changed once,
 * when WARD_RUN is called.
 *
 * Completion: after IO in, MMIO read and MSR the next WARD_RUN takes `data`
 * (and `fault`) from the record, stores it where the instruction wants it
 * and steps over the instruction. Records that say "user space emulates"
 * are completed by committing registers; with WARD_COMMIT_SKIP user space
 * writes the instruction's length to insn_bytes, 0 where a repeated one has
 * done an iteration and goes on.
 */
struct ward_run {
	/* to the kernel */
	__u32 request;			/* WARD_RUN_* */
	__u32 commit;			/* WARD_COMMIT_* */

	/* from the kernel */
	__u32 exit;			/* enum ward_exit */
	__u32 vendor;			/* WARD_VENDOR_*: which raw part is valid */
	union {
		struct ward_exit_io io;
		struct ward_exit_mmio mmio;
		struct ward_exit_msr msr;
		struct ward_exit_memory memory;
		struct ward_exit_fail_entry fail_entry;
		struct ward_exit_eoi eoi;
		__u64 reserved_exit[16];
	};
	union {
		struct ward_raw_vmx vmx;
		__u64 reserved_raw[16];
	} raw;

	__u64 gprs[WARD_GPR_COUNT];	/* enum ward_gpr */

	/* what an emulator needs besides; written with every exit */
	__u64 cr0, cr2, cr3, cr4, cr8, efer;
	__u64 seg_base[6];		/* enum ward_seg, ES to GS */
	__u8 cpl;
	__u8 code_bits;			/* 16, 32 or 64 */
	__u8 interruptible;		/* an interrupt could be taken now */
	__u8 insn_bytes;		/* MMIO: valid bytes in insn; the instruction may
					 * be shorter */
	__u8 reserved[4];
	__u8 insn[16];
};

/* --------------------------------------------------------------- numbers */

#define WARD_IOC		0xb7

/* on /dev/ward */
#define WARD_PROBE		_IOWR(WARD_IOC, 0x00, struct ward_probe)
#define WARD_CREATE_VM		_IOW(WARD_IOC, 0x01, struct ward_create_vm)
#define WARD_OPEN_VM		_IOW(WARD_IOC, 0x02, struct ward_open_vm)
#define WARD_LIST		_IOWR(WARD_IOC, 0x03, struct ward_list)

/* on a VM */
#define WARD_GET_INFO		_IOWR(WARD_IOC, 0x10, struct ward_get_info)
#define WARD_MAP		_IOWR(WARD_IOC, 0x11, struct ward_map)
#define WARD_CREATE_VCPU	_IOW(WARD_IOC, 0x12, struct ward_create_vcpu)
#define WARD_MSI		_IOW(WARD_IOC, 0x13, struct ward_msi)
/*
 * Counted. PAUSE returns when no vCPU runs guest code; WARD_RUN then waits.
 * RESUME without a pause is -EINVAL; PAUSE beyond 2^16 is -EOVERFLOW.
 */
#define WARD_PAUSE		_IO(WARD_IOC, 0x14)
#define WARD_RESUME		_IO(WARD_IOC, 0x15)
#define WARD_GET_CLOCK		_IOWR(WARD_IOC, 0x16, struct ward_clock)
#define WARD_SET_CLOCK		_IOW(WARD_IOC, 0x17, struct ward_clock)
#define WARD_GET_STATS		_IOWR(WARD_IOC, 0x18, struct ward_get_stats)
#define WARD_GET_CPUID		_IOWR(WARD_IOC, 0x19, struct ward_cpuid)
#define WARD_SET_CPUID		_IOW(WARD_IOC, 0x1a, struct ward_cpuid)

/* on a vCPU */
/*
 * Returns 0 with ward_run.exit set; -EBUSY another thread runs it; -EINTR a
 * signal, a kick or WARD_RUN_IMMEDIATE.
 */
#define WARD_RUN		_IO(WARD_IOC, 0x20)
/* From any thread: the current or else the next WARD_RUN returns -EINTR. */
#define WARD_KICK		_IO(WARD_IOC, 0x21)
#define WARD_GET_REGS		_IOWR(WARD_IOC, 0x22, struct ward_regs)
#define WARD_SET_REGS		_IOWR(WARD_IOC, 0x23, struct ward_regs)
#define WARD_GET_XSAVE		_IOWR(WARD_IOC, 0x24, struct ward_xsave)
#define WARD_SET_XSAVE		_IOW(WARD_IOC, 0x25, struct ward_xsave)
#define WARD_INJECT		_IOW(WARD_IOC, 0x26, struct ward_inject)
#define WARD_DUMP		_IOWR(WARD_IOC, 0x27, struct ward_dump)

#endif /* _UAPI_LINUX_WARD_H */
