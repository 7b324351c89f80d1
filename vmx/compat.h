/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compat.h - what differs between the kernels that vmx/ builds against.
 *
 * Names that moved or changed are mapped to those that 6.1 has. As in
 * module/compat.h, Kbuild asks the headers; macros tell by being defined.
 */
#ifndef WARD_VMX_COMPAT_H
#define WARD_VMX_COMPAT_H

#include <linux/thread_info.h>
#include <asm/msr.h>
#include <asm/processor.h>
#ifdef WARD_HAVE_CPUID_API
#include <asm/cpuid/api.h>
#endif
#ifdef WARD_HAVE_GSSEG_H
#include <asm/gsseg.h>
#endif
#ifdef WARD_HAVE_VIRT_H
#include <asm/virt.h>

/* Named for its new place, and for KVM alone; see Kbuild. */
#define cpu_emergency_register_virt_callback	x86_virt_register_emergency_callback
#define cpu_emergency_unregister_virt_callback	x86_virt_unregister_emergency_callback
#endif

#ifdef rdmsrq
#define rdmsrl		rdmsrq
#define rdmsrl_safe	rdmsrq_safe
#define wrmsrl		wrmsrq
#endif

/* Newer kernels have a second way to ask for the CPU. */
#ifdef _TIF_NEED_RESCHED_LAZY
#define COMPAT_TIF_WANT_CPU	(_TIF_NEED_RESCHED | _TIF_NEED_RESCHED_LAZY)
#else
#define COMPAT_TIF_WANT_CPU	_TIF_NEED_RESCHED
#endif

#endif /* WARD_VMX_COMPAT_H */
