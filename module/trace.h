/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * trace.h - tracepoints of module/: what happens to guest memory.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ward

#if !defined(WARD_MODULE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define WARD_MODULE_TRACE_H

#include <linux/tracepoint.h>

TRACE_EVENT(ward_ept_fault,
	TP_PROTO(u64 vm, u32 vcpu, u64 gpa, u32 access, int level, int result),
	TP_ARGS(vm, vcpu, gpa, access, level, result),
	TP_STRUCT__entry(
		__field(u64, vm)
		__field(u64, gpa)
		__field(u32, vcpu)
		__field(u32, access)
		__field(int, level)
		__field(int, result)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->gpa = gpa;
		__entry->vcpu = vcpu;
		__entry->access = access;
		__entry->level = level;
		__entry->result = result;
	),
	TP_printk("vm %llu vcpu %u gpa 0x%llx %s%s%s level %d result %d",
		  __entry->vm, __entry->vcpu, __entry->gpa,
		  __entry->access & 1 ? "r" : "-", __entry->access & 2 ? "w" : "-",
		  __entry->access & 4 ? "x" : "-", __entry->level, __entry->result)
);

TRACE_EVENT(ward_map,
	TP_PROTO(u64 vm, u64 generation, u32 ops, u32 regions, u64 bytes),
	TP_ARGS(vm, generation, ops, regions, bytes),
	TP_STRUCT__entry(
		__field(u64, vm)
		__field(u64, generation)
		__field(u64, bytes)
		__field(u32, ops)
		__field(u32, regions)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->generation = generation;
		__entry->bytes = bytes;
		__entry->ops = ops;
		__entry->regions = regions;
	),
	TP_printk("vm %llu generation %llu: %u operations, %u regions, %llu bytes",
		  __entry->vm, __entry->generation, __entry->ops, __entry->regions,
		  __entry->bytes)
);

#endif /* WARD_MODULE_TRACE_H */

#undef TRACE_INCLUDE_PATH
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_PATH module
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
