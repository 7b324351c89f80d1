// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does to the lab's host what the lab must never take for a pass. Loading the
 * module with how=NAME does it; tests/lab/selftest is its only user.
 */
#include <linux/completion.h>
#include <linux/debug_locks.h>
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/irqflags.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <asm/desc.h>

static char *how = "";
module_param(how, charp, 0);

static void provoke_panic(void)
{
	panic("provoked");
}

static void provoke_oops(void)
{
	*(volatile int *)8 = 0;
}

static void provoke_warn(void)
{
	WARN(1, "provoked");
}

static void provoke_bug(void)
{
	BUG();
}

static void provoke_hang(void)
{
	local_irq_disable();
	for (;;)
		cpu_relax();
}

/* With its interrupts off a halted CPU never goes on. */
static void provoke_halt(void)
{
	local_irq_disable();
	for (;;)
		halt();
}

static int hang_thread(void *unused)
{
	provoke_hang();
	return 0;
}

/* The last CPU hangs, the others go on. */
static void provoke_hang_one(void)
{
	kthread_run_on_cpu(hang_thread, NULL, cpumask_last(cpu_online_mask), "provoke/%u");
}

/* Interrupts are on, but nothing else gets this CPU: soft lockup, RCU stall. */
static void provoke_lockup(void)
{
	preempt_disable();
	for (;;)
		cpu_relax();
}

/* The chipset's reset register: the firmware starts anew. */
static void provoke_reset(void)
{
	outb(0x02, 0xcf9);
	outb(0x06, 0xcf9);
	provoke_hang();
}

static void provoke_triple_fault(void)
{
	struct desc_ptr none = { };

	local_irq_disable();
	load_idt(&none);
	asm volatile("int3");
}

/* Says it and lives on: the lab must notice without the host's help. */
static void provoke_report(void)
{
	pr_info("INFO: task provoke:1 blocked for more than 60 seconds.\n");
}

/* What follows is for kernels with the checkers on. */

static void provoke_leak(void)
{
	/* Several: what lies on the stack by chance looks like a reference. */
	for (int i = 0; i < 8; i++)
		memset(kmalloc(1000, GFP_KERNEL), 'l', 1000);
}

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);

static void provoke_inversion(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);

	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
}

static void provoke_lockdep_off(void)
{
#ifdef CONFIG_LOCKDEP
	debug_locks_off();
#endif
}

static void provoke_sleep(void)
{
	preempt_disable();
	might_sleep();
	preempt_enable();
}

static int zero;	/* hides from the compiler what it would warn about */
module_param(zero, int, 0);

static void provoke_out_of_bounds(void)
{
	volatile char *bytes = kmalloc(13, GFP_KERNEL);

	bytes[13 + zero] = 1;
	kfree((void *)bytes);
}

static void provoke_use_after_free(void)
{
	volatile char *bytes = kmalloc(13, GFP_KERNEL);

	kfree((void *)bytes);
	pr_info("%d\n", bytes[zero]);
}

static volatile int numbers[4];

static void provoke_bounds(void)
{
	pr_info("%d\n", numbers[4 + zero]);
}

static void provoke_shift(void)
{
	pr_info("%d\n", 1 << (40 + zero));
}

static const struct {
	const char *name;
	void (*act)(void);
} provocations[] = {
	{ "panic", provoke_panic },
	{ "oops", provoke_oops },
	{ "warn", provoke_warn },
	{ "bug", provoke_bug },
	{ "hang", provoke_hang },
	{ "halt", provoke_halt },
	{ "hang-one", provoke_hang_one },
	{ "lockup", provoke_lockup },
	{ "reset", provoke_reset },
	{ "triple-fault", provoke_triple_fault },
	{ "report", provoke_report },
	{ "leak", provoke_leak },
	{ "inversion", provoke_inversion },
	{ "lockdep-off", provoke_lockdep_off },
	{ "sleep", provoke_sleep },
	{ "out-of-bounds", provoke_out_of_bounds },
	{ "use-after-free", provoke_use_after_free },
	{ "bounds", provoke_bounds },
	{ "shift", provoke_shift },
};

static int __init provoke_init(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(provocations); i++) {
		if (strcmp(how, provocations[i].name))
			continue;
		provocations[i].act();
		return 0;
	}
	return -EINVAL;
}

static void __exit provoke_exit(void)
{
}

module_init(provoke_init);
module_exit(provoke_exit);
MODULE_DESCRIPTION("Provokes what the lab must notice");
MODULE_LICENSE("GPL");
MODULE_INFO(test, "Y");
