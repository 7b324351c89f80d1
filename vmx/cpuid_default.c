// SPDX-License-Identifier: GPL-2.0-only
/*
 * cpuid_default.c - which of the host's features a guest is told of.
 *
 * A feature is on a list here because it works in a guest without help (an
 * instruction that neither exits nor needs state beyond XCR0's components),
 * or because Ward virtualises it. What is not listed is hidden, features of
 * the future included. Bits that are hidden on purpose are named in the
 * comments, with the reason.
 *
 * SDM volume 2, "CPUID - CPU Identification".
 */
#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <asm/cpufeature.h>
#include <asm/processor.h>
#include <asm/tsc.h>
#include <asm/vmx.h>

#include "vmx/compat.h"
#include "vmx/cpuid_table.h"
#include "vmx/vcpu.h"

/*
 * Hidden: DTES64, DS-CPL (debug store records would need guest-linear
 * buffers), MONITOR (MWAIT would leave the CPU asleep in the guest), VMX and
 * SMX (not nested), EST, TM2 (power belongs to the host), CNXT-ID, SDBG,
 * xTPR (MSRs nobody virtualises), PDCM (no performance counters), DCA.
 */
#define LEAF1_ECX	(BIT(0)  /* SSE3 */	| BIT(1)  /* PCLMULQDQ */ |	\
			 BIT(9)  /* SSSE3 */	| BIT(12) /* FMA */ |		\
			 BIT(13) /* CX16 */	| BIT(17) /* PCID */ |		\
			 BIT(19) /* SSE4.1 */	| BIT(20) /* SSE4.2 */ |	\
			 BIT(22) /* MOVBE */	| BIT(23) /* POPCNT */ |	\
			 BIT(25) /* AES */	| BIT(26) /* XSAVE */ |		\
			 BIT(28) /* AVX */	| BIT(29) /* F16C */ |		\
			 BIT(30) /* RDRAND */)

/* Of these, the ones that work on AVX registers */
#define LEAF1_ECX_AVX	(BIT(12) | BIT(28) | BIT(29))

/*
 * Hidden: PSN, DS (see above), ACPI, TM (thermal MSRs), HTT (one logical
 * processor in a package, so that APIC ids need no structure), PBE.
 * MCE, MCA, MTRR, PAT: the MSRs are Ward's.
 */
#define LEAF1_EDX	(BIT(0)  /* FPU */	| BIT(1)  /* VME */ |		\
			 BIT(2)  /* DE */	| BIT(3)  /* PSE */ |		\
			 BIT(4)  /* TSC */	| BIT(5)  /* MSR */ |		\
			 BIT(6)  /* PAE */	| BIT(7)  /* MCE */ |		\
			 BIT(8)  /* CX8 */	| BIT(11) /* SEP */ |		\
			 BIT(12) /* MTRR */	| BIT(13) /* PGE */ |		\
			 BIT(14) /* MCA */	| BIT(15) /* CMOV */ |		\
			 BIT(16) /* PAT */	| BIT(17) /* PSE-36 */ |	\
			 BIT(19) /* CLFSH */	| BIT(23) /* MMX */ |		\
			 BIT(24) /* FXSR */	| BIT(25) /* SSE */ |		\
			 BIT(26) /* SSE2 */	| BIT(27) /* SS */)

/*
 * ARAT: the local APIC's timer does not stop in any sleep. Nothing else of
 * leaf 6 (turbo, HWP, APERF and MPERF, thermal): power belongs to the host.
 */
#define LEAF6_EAX	BIT(2)

/*
 * Hidden: SGX; HLE, RTM (what aborts under a hypervisor is no contract, and
 * TSX_CTRL is not virtualised); RDT-M, RDT-A, PQE (the host's caches); MPX
 * (gone from CPUs, and from XCR0 here); Intel PT (its buffers are physical).
 */
#define LEAF7_EBX	(BIT(0)  /* FSGSBASE */	| BIT(1)  /* TSC_ADJUST */ |	\
			 BIT(3)  /* BMI1 */	| BIT(5)  /* AVX2 */ |		\
			 BIT(6)  /* FDP_EXCPTN_ONLY */ | BIT(7) /* SMEP */ |	\
			 BIT(8)  /* BMI2 */	| BIT(9)  /* ERMS */ |		\
			 BIT(10) /* INVPCID */	| BIT(13) /* no FCS, FDS */ |	\
			 BIT(18) /* RDSEED */	| BIT(19) /* ADX */ |		\
			 BIT(20) /* SMAP */	| BIT(23) /* CLFLUSHOPT */ |	\
			 BIT(24) /* CLWB */	| BIT(29) /* SHA */ |		\
			 LEAF7_EBX_AVX512)
#define LEAF7_EBX_AVX	BIT(5)
#define LEAF7_EBX_AVX512 (BIT(16) /* F */	| BIT(17) /* DQ */ |		\
			 BIT(21) /* IFMA */	| BIT(26) /* PF */ |		\
			 BIT(27) /* ER */	| BIT(28) /* CD */ |		\
			 BIT(30) /* BW */	| BIT(31) /* VL */)

/*
 * Hidden: PKU, OSPKE, PKS (the kernel switches PKRU apart from the FPU, and
 * Ward does not); WAITPKG (a guest could make the CPU wait; its control is
 * off); CET (its MSRs are not switched); TME, key locker, SGX_LC; LA57 (five
 * levels are more than the EPT covers); bus-lock detection, ENQCMD (PASID
 * MSR).
 */
#define LEAF7_ECX	(BIT(0)  /* PREFETCHWT1 */ | BIT(2) /* UMIP */ |	\
			 BIT(8)  /* GFNI */	| BIT(22) /* RDPID */ |		\
			 BIT(25) /* CLDEMOTE */	| BIT(27) /* MOVDIRI */ |	\
			 BIT(28) /* MOVDIR64B */ | LEAF7_ECX_AVX | LEAF7_ECX_AVX512)
#define LEAF7_ECX_AVX	(BIT(9)  /* VAES */	| BIT(10) /* VPCLMULQDQ */)
#define LEAF7_ECX_AVX512 (BIT(1) /* VBMI */	| BIT(6)  /* VBMI2 */ |		\
			 BIT(11) /* VNNI */	| BIT(12) /* BITALG */ |	\
			 BIT(14) /* VPOPCNTDQ */)

/*
 * MD_CLEAR: VERW clears buffers in a guest as it does outside, so the guest
 * should know. Hidden: the speculation controls (SPEC_CTRL, STIBP, SSBD,
 * L1D_FLUSH, ARCH_CAPABILITIES, CORE_CAPABILITIES) as their MSRs are not
 * virtualised yet; UINTR, AMX, CET_IBT, PCONFIG (state not switched); HYBRID
 * (the guest's CPUs move); architectural LBR, TSX bits as RTM.
 */
#define LEAF7_EDX	(BIT(4)  /* FSRM */	| BIT(10) /* MD_CLEAR */ |	\
			 BIT(14) /* SERIALIZE */ | LEAF7_EDX_AVX512)
#define LEAF7_EDX_AVX512 (BIT(2) /* 4VNNIW */	| BIT(3)  /* 4FMAPS */ |	\
			 BIT(8)  /* VP2INTERSECT */ | BIT(23) /* FP16 */)

/*
 * Hidden: LAM (changes what an address is, everywhere), FRED and LKGS (event
 * delivery that Ward does not inject for), WRMSRNS, MSRLIST (exits of their
 * own), HRESET, AMX, AVX10 (leaf 0x24).
 */
#define LEAF71_EAX	(BIT(3)  /* RAO-INT */	| BIT(7)  /* CMPCCXADD */ |	\
			 BIT(10) /* FZRM */	| BIT(11) /* FSRS */ |		\
			 BIT(12) /* FSRC */	| LEAF71_EAX_AVX | LEAF71_EAX_AVX512)
#define LEAF71_EAX_AVX	(BIT(0)  /* SHA512 */	| BIT(1)  /* SM3 */ |		\
			 BIT(2)  /* SM4 */	| BIT(4)  /* AVX-VNNI */ |	\
			 BIT(23) /* AVX-IFMA */)
#define LEAF71_EAX_AVX512 BIT(5)  /* BF16 */
#define LEAF71_EDX	(BIT(14) /* PREFETCHI */ | LEAF71_EDX_AVX)
#define LEAF71_EDX_AVX	(BIT(4)  /* VNNI-INT8 */ | BIT(5) /* NE-CONVERT */ |	\
			 BIT(10) /* VNNI-INT16 */)

/*
 * Hidden: XFD (needs its MSRs). XSAVES: with IA32_XSS of 0, no supervisor
 * component is offered.
 */
#define LEAFD1_EAX	(BIT(0)  /* XSAVEOPT */	| BIT(1)  /* XSAVEC */ |	\
			 BIT(2)  /* XGETBV1 */	| BIT(3)  /* XSAVES */)
/* XFD support of a component (bit 2), supervisor (bit 0) */
#define LEAFDN_ECX	BIT(1)   /* aligned when compacted */

#define LEAF81_ECX	(BIT(0)  /* LAHF64 */	| BIT(5)  /* LZCNT */ |		\
			 BIT(8)  /* PREFETCHW */)
#define LEAF81_EDX	(BIT(11) /* SYSCALL */	| BIT(20) /* NX */ |		\
			 BIT(26) /* 1 GiB pages */ | BIT(27) /* RDTSCP */ |	\
			 BIT(29) /* long mode */)

/*
 * The guest's TSC is the host's and an offset: invariant if the host's is.
 * To claim it on a host that lacks it would be a lie that costs clocks.
 */
#define LEAF87_EDX	BIT(8)

/*
 * What four levels of EPT can reach; no less than the host's width otherwise,
 * as the CPU checks reserved bits of guest page tables against that.
 */
#define MAX_PHYS_BITS	48u
#define MAX_LINEAR_BITS	48u

#define XCR0_AVX	BIT(2)
#define XCR0_AVX512	(7u << 5)

/* The host's answer, zero where it has none */
static void host_leaf(u32 leaf, u32 subleaf, u32 regs[LEAF_REGS])
{
	memset(regs, 0, sizeof(u32) * LEAF_REGS);
	if (leaf <= cpuid_eax(leaf & LEAF_EXTENDED))
		cpuid_count(leaf, subleaf, &regs[LEAF_EAX], &regs[LEAF_EBX],
			    &regs[LEAF_ECX], &regs[LEAF_EDX]);
}

static bool has_control(u32 bit)
{
	return vmx_default_controls.proc2 & bit;
}

/* Leaf 1: signature and features */
static void fill_features1(u32 regs[LEAF_REGS], u32 flags)
{
	host_leaf(1, 0, regs);
	/*
	 * Brand index and CLFLUSH size are the host's; one logical processor;
	 * the APIC id is filled in later.
	 */
	regs[LEAF_EBX] = (regs[LEAF_EBX] & 0xffff) | 1 << 16;
	regs[LEAF_ECX] &= LEAF1_ECX;
	regs[LEAF_EDX] &= LEAF1_EDX;
	/* XCR0 is switched only where the kernel itself uses XSAVE. */
	if (!boot_cpu_has(X86_FEATURE_XSAVE))
		regs[LEAF_ECX] &= ~LEAF1_ECX_XSAVE;

	/* A hypervisor is there, whatever sits below this host. */
	regs[LEAF_ECX] |= LEAF1_ECX_HYPERVISOR;
	/* The local APIC is Ward's own; it has all modes on any host. */
	if (flags & WARD_VM_LAPIC) {
		regs[LEAF_ECX] |= LEAF1_ECX_X2APIC | LEAF1_ECX_DEADLINE;
		regs[LEAF_EDX] |= LEAF1_EDX_APIC;
	}
}

/* Leaf 4: each cache belongs to one core, each core to one package. */
static void fill_caches(struct vmx_cpuid_table *table)
{
	u32 *regs, i;

	for (i = 0; i < CACHE_SUBLEAVES; i++) {
		regs = table->slots[vmx_cpuid_slot(LEAF_CACHES, i)];
		host_leaf(LEAF_CACHES, i, regs);
		if (!(regs[LEAF_EAX] & 0x1f)) {
			memset(regs, 0, sizeof(table->slots[0]));
			break;
		}
		regs[LEAF_EAX] &= 0x3fff;
	}
}

/* Leaf 7 */
static void fill_features7(struct vmx_cpuid_table *table)
{
	u32 *first = table->slots[vmx_cpuid_slot(LEAF_FEATURES7, 0)];
	u32 *second = table->slots[vmx_cpuid_slot(LEAF_FEATURES7, 1)];

	host_leaf(LEAF_FEATURES7, 0, first);
	first[LEAF_EBX] &= LEAF7_EBX;
	first[LEAF_ECX] &= LEAF7_ECX;
	first[LEAF_EDX] &= LEAF7_EDX;

	if (first[LEAF_EAX]) {
		host_leaf(LEAF_FEATURES7, 1, second);
		second[LEAF_EAX] &= LEAF71_EAX;
		second[LEAF_EBX] = 0;
		second[LEAF_ECX] = 0;
		second[LEAF_EDX] &= LEAF71_EDX;
		first[LEAF_EAX] = FEATURE7_SUBLEAVES - 1;
	}

	if (!has_control(SECONDARY_EXEC_ENABLE_INVPCID))
		first[LEAF_EBX] &= ~BIT(10);
	if (!has_control(SECONDARY_EXEC_ENABLE_RDTSCP))
		first[LEAF_ECX] &= ~BIT(22);
}

/* Leaf 0xb: one thread in a core, one core in a package */
static void fill_topology(struct vmx_cpuid_table *table)
{
	u32 *thread = table->slots[vmx_cpuid_slot(LEAF_TOPOLOGY, 0)];
	u32 *core = table->slots[vmx_cpuid_slot(LEAF_TOPOLOGY, 1)];

	thread[LEAF_EBX] = 1;
	thread[LEAF_ECX] = 1 << 8 | 0;
	core[LEAF_EBX] = 1;
	core[LEAF_ECX] = 2 << 8 | 1;
}

/* Leaf 0xd; what depends on the mask of components is derived later. */
static void fill_xsave(struct vmx_cpuid_table *table)
{
	u32 *first = table->slots[vmx_cpuid_slot(LEAF_XSAVE, 0)];
	u32 *second = table->slots[vmx_cpuid_slot(LEAF_XSAVE, 1)];
	u32 *regs, i;

	first[LEAF_EAX] = vmx_guest_xcr0_supported();

	host_leaf(LEAF_XSAVE, 1, second);
	second[LEAF_EAX] &= LEAFD1_EAX;
	if (!has_control(VMCS_CONTROL_BIT(XSAVES)))
		second[LEAF_EAX] &= ~LEAFD1_EAX_XSAVES;
	second[LEAF_EBX] = 0;
	second[LEAF_ECX] = 0;
	second[LEAF_EDX] = 0;

	for (i = 2; i < XSAVE_SUBLEAVES; i++) {
		regs = table->slots[vmx_cpuid_slot(LEAF_XSAVE, i)];
		host_leaf(LEAF_XSAVE, i, regs);
		regs[LEAF_ECX] &= LEAFDN_ECX;
		regs[LEAF_EDX] = 0;
	}
}

/* The host's kernel may have been told to do without some vector state. */
static void drop_stateless(struct vmx_cpuid_table *table)
{
	u32 *leaf1 = table->slots[SLOT_LEAF(1)];
	u32 *leaf7 = table->slots[vmx_cpuid_slot(LEAF_FEATURES7, 0)];
	u32 *leaf71 = table->slots[vmx_cpuid_slot(LEAF_FEATURES7, 1)];
	u32 xcr0 = table->slots[vmx_cpuid_slot(LEAF_XSAVE, 0)][LEAF_EAX];

	if (!(leaf1[LEAF_ECX] & LEAF1_ECX_XSAVE))
		xcr0 = 0;
	if (!(xcr0 & XCR0_AVX)) {
		xcr0 = 0;
		leaf1[LEAF_ECX] &= ~LEAF1_ECX_AVX;
		leaf7[LEAF_EBX] &= ~LEAF7_EBX_AVX;
		leaf7[LEAF_ECX] &= ~LEAF7_ECX_AVX;
		leaf71[LEAF_EAX] &= ~LEAF71_EAX_AVX;
		leaf71[LEAF_EDX] &= ~LEAF71_EDX_AVX;
	}
	if ((xcr0 & XCR0_AVX512) != XCR0_AVX512) {
		leaf7[LEAF_EBX] &= ~LEAF7_EBX_AVX512;
		leaf7[LEAF_ECX] &= ~LEAF7_ECX_AVX512;
		leaf7[LEAF_EDX] &= ~LEAF7_EDX_AVX512;
		leaf71[LEAF_EAX] &= ~LEAF71_EAX_AVX512;
	}
}

/*
 * Leaves 0x15 and 0x16: the guest need not calibrate. The crystal, which is
 * also the local APIC timer's clock, is said to have half the TSC's frequency.
 */
static void fill_frequencies(struct vmx_cpuid_table *table)
{
	u32 *crystal = table->slots[SLOT_LEAF(0x15)];
	u32 *mhz = table->slots[SLOT_LEAF(0x16)];

	crystal[LEAF_EAX] = 1;
	crystal[LEAF_EBX] = 2;
	crystal[LEAF_ECX] = tsc_khz * 500;
	mhz[LEAF_EAX] = tsc_khz / 1000;
	mhz[LEAF_EBX] = tsc_khz / 1000;
	mhz[LEAF_ECX] = 100;
}

static void fill_hypervisor(struct vmx_cpuid_table *table)
{
	u32 *regs = table->slots[SLOT_HYPERVISOR];

	regs[LEAF_EAX] = LEAF_HYPERVISOR + HYPERVISOR_LEAVES - 1;
	memcpy(&regs[LEAF_EBX], "WardWardWard", 3 * sizeof(u32));
	/* 0x40000001, paravirtual features: none */
}

static void fill_extended(struct vmx_cpuid_table *table)
{
	u32 *regs, leaf;

	/* Brand (2 to 4) and level-2 cache (6) are the host's. */
	for (leaf = LEAF_EXTENDED; leaf < LEAF_EXTENDED + EXTENDED_LEAVES; leaf++)
		host_leaf(leaf, 0, table->slots[SLOT_EXT(leaf)]);

	regs = table->slots[SLOT_EXT(0x80000000)];
	regs[LEAF_EAX] = LEAF_EXTENDED + EXTENDED_LEAVES - 1;

	regs = table->slots[SLOT_EXT(0x80000001)];
	regs[LEAF_EBX] = 0;
	regs[LEAF_ECX] &= LEAF81_ECX;
	regs[LEAF_EDX] &= LEAF81_EDX;
	if (!has_control(SECONDARY_EXEC_ENABLE_RDTSCP))
		regs[LEAF_EDX] &= ~BIT(27);

	regs = table->slots[SLOT_EXT(0x80000005)];
	memset(regs, 0, sizeof(table->slots[0]));

	regs = table->slots[SLOT_EXT(0x80000007)];
	regs[LEAF_EAX] = 0;
	regs[LEAF_EBX] = 0;
	regs[LEAF_ECX] = 0;
	regs[LEAF_EDX] &= LEAF87_EDX;

	/* WBNOINVD (EBX) would need an exit of its own. */
	regs = table->slots[SLOT_EXT(0x80000008)];
	regs[LEAF_EAX] = min(regs[LEAF_EAX] & 0xff, MAX_PHYS_BITS) |
			  min(regs[LEAF_EAX] >> 8 & 0xff, MAX_LINEAR_BITS) << 8;
	regs[LEAF_EBX] = 0;
	regs[LEAF_ECX] = 0;
	regs[LEAF_EDX] = 0;
}

/*
 * Zero for the reason given: 3 (serial number), 5 (MONITOR), 9 (DCA), 0xa (no
 * performance counters), 0xf and 0x10 (RDT), 0x12 (SGX), 0x14 (PT).
 * The maximum is 0x16 on every host: of the leaves above, 0x1f says no more
 * than 0xb, 0x18 (TLBs) is the host's affair, and the others go with features
 * that are hidden.
 */
static void fill_default(struct vmx_cpuid_table *table, u32 flags)
{
	host_leaf(0, 0, table->slots[SLOT_LEAF(0)]);
	table->slots[SLOT_LEAF(0)][LEAF_EAX] = BASIC_LEAVES - 1;
	fill_features1(table->slots[SLOT_LEAF(1)], flags);
	host_leaf(2, 0, table->slots[SLOT_LEAF(2)]);
	fill_caches(table);
	table->slots[SLOT_LEAF(6)][LEAF_EAX] = LEAF6_EAX;
	fill_features7(table);
	fill_topology(table);
	fill_xsave(table);
	drop_stateless(table);
	fill_frequencies(table);
	fill_hypervisor(table);
	fill_extended(table);
}

/* ------------------------------------------------------------------ life */

struct vmx_cpuid *vmx_cpuid_create(u32 flags)
{
	struct vmx_cpuid *cpuid = kzalloc(sizeof(*cpuid), GFP_KERNEL_ACCOUNT);

	if (!cpuid)
		return NULL;
	fill_default(&cpuid->now, flags);
	vmx_cpuid_derive(cpuid);
	cpuid->most = cpuid->now;
	return cpuid;
}

void vmx_cpuid_destroy(struct vmx_cpuid *cpuid)
{
	kfree(cpuid);
}
