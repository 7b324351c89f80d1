// SPDX-License-Identifier: GPL-2.0-only
/*
 * fault.c - from a missing guest-physical page to an EPT leaf.
 *
 * Pages are ordinary user memory: got as any access from user space would get
 * them, and held by no reference once they are in the EPT. That is safe because
 * the region's notifier takes them out before the host gives them away.
 *
 * Invariant: a leaf is written under the root's lock, after looking under it
 * that neither the map was updated nor the host changed the range since the
 * page was got. Both kinds of change take the lock after they announced
 * themselves, so they are seen here, or see the leaf.
 */
#include <linux/cpu.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <asm/cpufeature.h>
#include "ward.h"
#include "ept/root.h"
#include "module/compat.h"
#include "module/fault.h"
#include "module/memory.h"
#include "module/region.h"
#include "module/trace.h"
#include "module/vcpu.h"
#include "module/vm.h"

/* IA32_VMX_EPT_VPID_CAP */
#define CAP_2M_LEAF	(1ull << 16)

static bool use_2m __ro_after_init;
/*
 * The CPU may hang when it fetches instructions through a large page that is
 * being split (iTLB multihit). A guest could do that on purpose, so large
 * leaves are not executable there, and the first fetch makes a small one.
 */
static bool no_2m_exec __ro_after_init;

void __init ward_fault_init(u64 ept_vpid_cap)
{
	use_2m = ept_vpid_cap & CAP_2M_LEAF;
	no_2m_exec = boot_cpu_has_bug(X86_BUG_ITLB_MULTIHIT) && !cpu_mitigations_off();
}

bool ward_fault_huge(void)
{
	return use_2m;
}

/* ------------------------------------------------------ what the host has there */

/* How the host maps an address at this moment. */
struct host_leaf {
	bool huge;		/* by a page-directory entry or above */
	bool writable;
};

/* Bits that make a host entry one that user space can use now. */
#define HOST_USABLE	(_PAGE_PRESENT | _PAGE_USER)

static bool is_usable(unsigned long entry)
{
	return (entry & HOST_USABLE) == HOST_USABLE;
}

/*
 * Walk @mm's page tables for @pfn at @address. With interrupts off no table
 * is freed under the walk: the kernel waits for all CPUs, or for RCU. That the
 * entry stays as it is found is up to the caller, who holds the root's lock and
 * knows that no invalidation is under way: permissions that go, go with one.
 */
static struct host_leaf host_walk(struct mm_struct *mm, unsigned long address, unsigned long pfn)
{
	struct host_leaf leaf = { };
	unsigned long entry, span, flags;
	pgd_t *pgd;
	p4d_t *p4d;
	pud_t *pud, pud_now;
	pmd_t *pmd, pmd_now;

	local_irq_save(flags);
	pgd = pgd_offset(mm, address);
	if (pgd_none(READ_ONCE(*pgd)))
		goto out;
	p4d = p4d_offset(pgd, address);
	if (p4d_none(READ_ONCE(*p4d)))
		goto out;
	pud = pud_offset(p4d, address);
	pud_now = READ_ONCE(*pud);
	entry = pud_val(pud_now);
	span = PUD_SIZE;
	if (!is_usable(entry) || entry & _PAGE_PSE)
		goto found;
	pmd = pmd_offset(&pud_now, address);
	pmd_now = READ_ONCE(*pmd);
	entry = pmd_val(pmd_now);
	span = PMD_SIZE;
	if (!is_usable(entry) || entry & _PAGE_PSE)
		goto found;
	entry = pte_val(READ_ONCE(*pte_offset_kernel(&pmd_now, address)));
	span = PAGE_SIZE;
found:
	if (is_usable(entry) &&
	    ((entry & PTE_PFN_MASK & ~(span - 1)) | (address & (span - 1) & PAGE_MASK)) ==
	    PFN_PHYS(pfn)) {
		leaf.huge = span >= PMD_SIZE;
		leaf.writable = entry & _PAGE_RW;
	}
out:
	local_irq_restore(flags);
	return leaf;
}

/* Like an access by the thread itself, or by ptrace() from another process. */
static int get_host_page(struct mm_struct *mm, unsigned long address, bool write,
			 struct page **page)
{
	unsigned int flags = write ? FOLL_WRITE : 0;
	int locked = 1;
	long got;

	if (mm == current->mm && get_user_page_fast_only(address, flags, page))
		return 0;
	if (mmap_read_lock_killable(mm))
		return -EINTR;
	got = compat_gup_remote(mm, address, flags | FOLL_HWPOISON | WARD_FOLL_INTERRUPTIBLE,
				page, &locked);
	if (locked)
		mmap_read_unlock(mm);
	if (got == 1)
		return 0;
	if (signal_pending(current) && got != -EHWPOISON)
		return -EINTR;
	return got == -ENOMEM || got == -EHWPOISON ? got : -EFAULT;
}

/* -------------------------------------------------------------------- the leaf */

/* One fault on its way. */
struct fault {
	struct ward_vm *vm;
	struct ept_root *root;
	struct ward_region *region;
	unsigned long sequence;		/* of the map */
	u64 gpa;			/* page-aligned */
	unsigned long address;
	u32 access;
	u32 prot;			/* of the region */
};

static bool fits_2m(const struct fault *fault)
{
	const struct ward_region *region = fault->region;
	u64 start = fault->gpa & ~(EPT_SPAN(EPT_2M) - 1);

	return use_2m && region->huge && start >= region->gpa &&
	       start + EPT_SPAN(EPT_2M) <= region->gpa + region->bytes;
}

static int choose_level(const struct fault *fault, u64 *perm)
{
	struct ept_leaf now;

	if (!no_2m_exec || !(*perm & EPT_X))
		return EPT_2M;
	/* Small leaves are there because of a fetch: do not go back and forth. */
	ept_lookup(&fault->root->table, fault->gpa, &now);
	if (fault->access & WARD_PROT_EXEC || now.level == EPT_4K)
		return EPT_4K;
	*perm &= ~EPT_X;
	return EPT_2M;
}

static int install(const struct fault *fault, struct ept_cache *cache, struct page *page,
		   struct ept_change *change, int *level)
{
	struct host_leaf host = host_walk(fault->region->mm, fault->address, page_to_pfn(page));
	u64 hpa = PFN_PHYS(page_to_pfn(page));
	u64 gpa = fault->gpa;
	u64 perm = fault->prot;

	lockdep_assert_held(&fault->root->lock);

	/*
	 * A page that was got for writing is writable; one got for reading may
	 * be, and then a later write need not fault again. Whatever is
	 * write-protected (zero page, copy on write, KSM, a clean page of a
	 * file, userfaultfd) is found read-only and faults.
	 */
	if (!(fault->access & WARD_PROT_WRITE) && !host.writable)
		perm &= ~EPT_W;

	*level = EPT_4K;
	if (host.huge && fits_2m(fault) && (host.writable || !(perm & EPT_W)))
		*level = choose_level(fault, &perm);
	hpa &= ~(EPT_SPAN(*level) - 1);
	gpa &= ~(EPT_SPAN(*level) - 1);

	/*
	 * The guest's writes leave no mark in the host's page table. So the
	 * page counts as dirty from now on: who cleans it (writeback,
	 * MADV_FREE) write-protects or unmaps it first, and so comes through
	 * the notifier. For the same reason it cannot be truncated under us.
	 */
	if (perm & EPT_W && !folio_test_dirty(page_folio(page)))
		folio_mark_dirty(page_folio(page));

	return ept_map(&fault->root->table, cache, gpa, hpa, *level, perm, change);
}

/* Another vCPU may have had the same fault a moment ago. */
static bool is_allowed(const struct fault *fault)
{
	struct ept_leaf leaf;

	return ept_lookup(&fault->root->table, fault->gpa, &leaf) &&
	       !(fault->access & ~leaf.perm);
}

static int resolve(struct fault *fault, struct ward_vcpu *vcpu, int *level)
{
	struct ward_region *region = fault->region;
	struct ept_root *root = fault->root;
	struct ept_change change = { };
	unsigned long host_sequence;
	struct page *page;
	int ret;

	scoped_guard(spinlock, &root->lock)
		if (is_allowed(fault))
			return 0;

	if (!mmget_not_zero(region->mm))
		return -ESRCH;
	ret = ept_cache_fill(&vcpu->cache, &ept_page_ops);
	if (ret)
		goto out_put_mm;
	/* Before the page is got, so that whatever happens to it later is seen. */
	host_sequence = mmu_interval_read_begin(&region->notifier);
	ret = get_host_page(region->mm, fault->address, fault->access & WARD_PROT_WRITE, &page);
	if (ret)
		goto out_put_mm;

	spin_lock(&root->lock);
	if (ward_memory_retry(&fault->vm->memory, fault->sequence) ||
	    mmu_interval_read_retry(&region->notifier, host_sequence))
		ret = -EAGAIN;
	else
		ret = install(fault, &vcpu->cache, page, &change, level);
	ept_root_changed(root, &change);
	spin_unlock(&root->lock);

	/* From here on the notifier keeps the page in place of the reference. */
	put_page(page);
	atomic64_add(ept_root_finish(root, &change), &fault->vm->invalidations);
out_put_mm:
	/* May tear the address space down, and so call the notifier: no locks. */
	mmput(region->mm);
	return ret;
}

static int try_fault(struct ward_vcpu *vcpu, struct fault *fault, int *level)
{
	struct ward_memory *memory = &fault->vm->memory;
	int ret;

	fault->sequence = ward_memory_begin(memory);
	fault->region = ward_memory_find(memory, fault->gpa, &fault->prot);
	if (!fault->region || (fault->access & ~fault->prot & WARD_PROT_WRITE)) {
		ret = -ENOENT;
	} else if (fault->access & ~fault->prot) {
		ret = -EACCES;
	} else {
		fault->address = fault->region->address + (fault->gpa - fault->region->gpa);
		ret = resolve(fault, vcpu, level);
	}
	if (fault->region)
		ward_region_put(fault->region);
	/* An answer that stems from a map that is no more is none. */
	return ret && ward_memory_retry(memory, fault->sequence) ? -EAGAIN : ret;
}

int ward_memory_fault(struct ward_vcpu *vcpu, struct ept_root *root, u64 gpa, u32 access,
		      unsigned long *sequence)
{
	struct fault fault = {
		.vm = vcpu->vm,
		.root = root,
		.gpa = gpa & PAGE_MASK,
		.access = access,
	};
	int level = 0, ret;

	for (;;) {
		ret = try_fault(vcpu, &fault, &level);
		if (ret != -EAGAIN)
			break;
		if (signal_pending(current)) {
			ret = -EINTR;
			break;
		}
		cond_resched();
	}

	*sequence = fault.sequence;
	if (!ret && level == EPT_2M)
		WRITE_ONCE(vcpu->faults_2m, vcpu->faults_2m + 1);
	else if (!ret && level == EPT_4K)
		WRITE_ONCE(vcpu->faults_4k, vcpu->faults_4k + 1);
	trace_ward_ept_fault(vcpu->vm->id, vcpu->id, gpa, access, level, ret);
	return ret;
}
