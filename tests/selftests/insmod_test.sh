#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# insmod_test.sh - the module is loaded and unloaded a hundred times (fewer on a
# kernel that is known to be slow), with and without VMs in between, and is not
# unloaded while there is one.
#
# WARD_KO in the environment says where the module is.

. "$(dirname "$0")/tap.sh"

ko=${WARD_KO:-/ward/ward.ko}
[ -f "$ko" ] || ko=$(modinfo -n ward 2>/dev/null)
[ -f "$ko" ] || skip_all "there is no ward.ko to load; say where with WARD_KO="
[ "$(id -u)" = 0 ] || skip_all "needs root"

loaded() {
	grep -q '^ward ' /proc/modules && [ -c /dev/ward ]
}

gone() {
	! grep -q '^ward ' /proc/modules && [ ! -e /dev/ward ] && [ ! -e /sys/module/ward ] &&
		[ ! -e /sys/kernel/debug/ward ]
}

# A VM comes and goes.
use() {
	hold_start 1 && hold_end
}

load_and_unload() {
	round=0
	while [ $round -lt "$1" ]; do
		insmod "$ko" && loaded || return 1
		if [ -n "$2" ]; then
			"$2" || return 1
		fi
		rmmod ward && gone || return 1
		round=$((round + 1))
	done
}

refused() {
	! rmmod ward 2>/dev/null && loaded
}

twice() {
	! insmod "$ko" 2>/dev/null && loaded
}

bad_parameter() {
	! insmod "$ko" max_vms_per_user=many 2>/dev/null && gone
}

with_parameters() {
	insmod "$ko" max_vms_per_user=3 hold_vmx=1 &&
		[ "$(cat /sys/module/ward/parameters/max_vms_per_user)" = 3 ] && use
}

# Of the loads without a VM; a load takes seconds with the checkers on.
times=$((95 / ${WARD_TEST_SLOWNESS:-1}))

started=0
loaded && started=1

plan 11
[ $started = 0 ] && insmod "$ko"
check "unloads" rmmod ward
check "leaves nothing behind" gone
check "loads and unloads $times times" load_and_unload $times
check "loads and unloads 5 times with a VM each" load_and_unload 5 use
check "refuses a bad parameter and is not there then" bad_parameter
check "takes its parameters, with VMX held from the start" with_parameters
rmmod ward
check "loads" insmod "$ko"
check "is not loaded twice" twice
hold_start 2
check "is not unloaded while a VM runs" refused
check "the guest did not notice" hold_end
check "unloads once the VM is gone" rmmod ward
[ $started = 0 ] || insmod "$ko"
finish
