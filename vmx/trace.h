/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * trace.h - tracepoints of the inner loop: entry, exit, injection.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ward

#if !defined(WARD_VMX_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define WARD_VMX_TRACE_H

#include <linux/tracepoint.h>
#include <asm/vmx.h>

TRACE_EVENT(ward_entry,
	TP_PROTO(u32 vcpu, u64 rip),
	TP_ARGS(vcpu, rip),
	TP_STRUCT__entry(
		__field(u32, vcpu)
		__field(u64, rip)
	),
	TP_fast_assign(
		__entry->vcpu = vcpu;
		__entry->rip = rip;
	),
	TP_printk("vcpu %u rip %#llx", __entry->vcpu, __entry->rip)
);

TRACE_EVENT(ward_exit,
	TP_PROTO(u32 vcpu, u32 reason, u64 rip, u64 qualification),
	TP_ARGS(vcpu, reason, rip, qualification),
	TP_STRUCT__entry(
		__field(u32, vcpu)
		__field(u32, reason)
		__field(u64, rip)
		__field(u64, qualification)
	),
	TP_fast_assign(
		__entry->vcpu = vcpu;
		__entry->reason = reason;
		__entry->rip = rip;
		__entry->qualification = qualification;
	),
	TP_printk("vcpu %u %s%s rip %#llx qualification %#llx", __entry->vcpu,
		  __print_symbolic(__entry->reason & 0xffff, VMX_EXIT_REASONS),
		  __entry->reason >> 31 ? " (failed entry)" : "",
		  __entry->rip, __entry->qualification)
);

TRACE_EVENT(ward_inject,
	TP_PROTO(u32 vcpu, u32 info, u32 error),
	TP_ARGS(vcpu, info, error),
	TP_STRUCT__entry(
		__field(u32, vcpu)
		__field(u32, info)
		__field(u32, error)
	),
	TP_fast_assign(
		__entry->vcpu = vcpu;
		__entry->info = info;
		__entry->error = error;
	),
	TP_printk("vcpu %u vector %u type %u error %#x", __entry->vcpu,
		  __entry->info & 0xff, __entry->info >> 8 & 7,
		  __entry->info & 0x800 ? __entry->error : 0)
);

#endif /* WARD_VMX_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH vmx
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
