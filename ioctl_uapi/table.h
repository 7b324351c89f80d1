/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * table.h - every ioctl, one row each: what the dispatcher (module/ioctl.c)
 * does around the handler.
 *
 * A row: CALL(NAME, argument, lock, flags, options, array, handler)
 *   NAME      WARD_NAME of ward.h
 *   argument  member of union ward_ioctl_args that holds the structure; `none`
 *   lock      taken around the handler:
 *               NONE  nothing, the handler sees to it
 *               VM    ward_vm.lock: the set of vCPUs and the VM's settings
 *               MAP   ward_memory.lock: one map update at a time
 *               VCPU  the vCPU's state; -EBUSY while a thread runs it
 *   flags     known bits of the structure's `flags`; others are -EINVAL
 *   options   ALIVE         -EIO on a dead VM
 *             OUT_ON_ERROR  the structure is copied out on error too, and
 *                           has to be writable before anything is done
 *   array     what the structure points to, copied by the dispatcher:
 *             ARRAY(direction, argument, address field, count field, element
 *             type, limit). IN and INOUT: a count above the limit is -EINVAL;
 *             OUT: the limit caps what is written at most. NO_ARRAY
 *   handler   long handler(struct ward_call *)
 */
#ifndef WARD_IOCTL_TABLE_H
#define WARD_IOCTL_TABLE_H

/* Numbers 0x00 to 0x0f, on /dev/ward */
#define WARD_DEVICE_CALLS(CALL)								\
	CALL(PROBE,	  probe,	NONE, 0, 0, NO_ARRAY, ward_call_probe)		\
	CALL(CREATE_VM,	  create_vm,	NONE, WARD_VM_LAPIC | WARD_VM_HYPERCALLS, 0,	\
	     NO_ARRAY, ward_call_create_vm)						\
	CALL(OPEN_VM,	  open_vm,	NONE, 0, 0, NO_ARRAY, ward_call_open_vm)	\
	CALL(LIST,	  list,		NONE, 0, 0,					\
	     ARRAY(OUT, list, entries, capacity, struct ward_vm_info, 4096),		\
	     ward_call_list)

/* Numbers 0x10 to 0x1f, on a VM */
#define WARD_VM_CALLS(CALL)								\
	CALL(GET_INFO,	  get_info,	NONE, 0, 0, NO_ARRAY, ward_call_get_info)	\
	CALL(MAP,	  map,		MAP,  0, ALIVE | OUT_ON_ERROR,			\
	     ARRAY(IN, map, ops, count, struct ward_map_op, WARD_MAX_MAP_OPS),		\
	     ward_call_map)								\
	CALL(CREATE_VCPU, create_vcpu,	VM,   0, ALIVE, NO_ARRAY, ward_call_create_vcpu) \
	CALL(MSI,	  msi,		NONE, 0, ALIVE, NO_ARRAY, ward_call_msi)	\
	CALL(PAUSE,	  none,		NONE, 0, 0, NO_ARRAY, ward_call_pause)		\
	CALL(RESUME,	  none,		NONE, 0, 0, NO_ARRAY, ward_call_resume)		\
	CALL(GET_CLOCK,	  clock,	VM,   0, 0, NO_ARRAY, ward_call_get_clock)	\
	CALL(SET_CLOCK,	  clock,	VM,   0, ALIVE, NO_ARRAY, ward_call_set_clock)	\
	CALL(GET_STATS,	  get_stats,	VM,   0, 0,					\
	     ARRAY(OUT, get_stats, values, capacity, __u64, WARD_STAT_COUNT),		\
	     ward_call_get_stats)							\
	CALL(GET_CPUID,	  cpuid,	VM,   0, 0,					\
	     ARRAY(OUT, cpuid, entries, count, struct ward_cpuid_entry, WARD_MAX_CPUID), \
	     ward_call_get_cpuid)							\
	CALL(SET_CPUID,	  cpuid,	VM,   0, ALIVE,					\
	     ARRAY(IN, cpuid, entries, count, struct ward_cpuid_entry, WARD_MAX_CPUID),	\
	     ward_call_set_cpuid)

/* Numbers 0x20 to 0x2f, on a vCPU */
#define WARD_VCPU_CALLS(CALL)								\
	CALL(RUN,	  none,		NONE, 0, 0, NO_ARRAY, ward_call_run)		\
	CALL(KICK,	  none,		NONE, 0, 0, NO_ARRAY, ward_call_kick)		\
	CALL(GET_REGS,	  regs,		VCPU, 0, OUT_ON_ERROR,				\
	     ARRAY(INOUT, regs, regs, count, struct ward_reg, WARD_MAX_REGS),		\
	     ward_call_get_regs)							\
	CALL(SET_REGS,	  regs,		VCPU, 0, ALIVE | OUT_ON_ERROR,			\
	     ARRAY(IN, regs, regs, count, struct ward_reg, WARD_MAX_REGS),		\
	     ward_call_set_regs)							\
	CALL(GET_XSAVE,	  xsave,	VCPU, 0, OUT_ON_ERROR,				\
	     ARRAY(OUT, xsave, area, bytes, __u8, 65536), ward_call_get_xsave)		\
	CALL(SET_XSAVE,	  xsave,	VCPU, 0, ALIVE,					\
	     ARRAY(IN, xsave, area, bytes, __u8, 65536), ward_call_set_xsave)		\
	CALL(INJECT,	  inject,	VCPU, 0, ALIVE, NO_ARRAY, ward_call_inject)	\
	CALL(DUMP,	  dump,		VCPU, 0, 0,					\
	     ARRAY(OUT, dump, text, bytes, char, 65536), ward_call_dump)

#endif /* WARD_IOCTL_TABLE_H */
