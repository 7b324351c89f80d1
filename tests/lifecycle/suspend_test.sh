#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# suspend_test.sh - the machine goes to sleep and wakes while VMs are alive: VMX
# operation is left for it on every CPU and entered again, and guests go on.

. "$(dirname "$0")/../selftests/tap.sh"
here=$(dirname "$0")/../selftests
ko=${WARD_KO:-/ward/ward.ko}

[ -e /dev/ward ] || skip_all "the module is not loaded"
[ -w /sys/power/state ] || skip_all "this kernel or this user cannot suspend"
grep -q deep /sys/power/mem_sleep || skip_all "this machine has no suspend to RAM"

# Bochs wakes at once; other machines in three seconds.
suspend() {
	echo 0 >/sys/class/rtc/rtc0/wakealarm 2>/dev/null
	echo +3 >/sys/class/rtc/rtc0/wakealarm 2>/dev/null
	before=$(cat /sys/power/suspend_stats/success)
	echo deep >/sys/power/mem_sleep && echo mem >/sys/power/state &&
		[ "$(cat /sys/power/suspend_stats/success)" = $((before + 1)) ]
}

many() {
	times=0
	while [ $times -lt "$1" ]; do
		suspend && everywhere "$2" || return 1
		times=$((times + 1))
	done
}

# VMX has this owner on all CPUs.
everywhere() {
	for cpu in $(seq 0 $(($(nproc) - 1))); do
		taskset "$(printf %x $((1 << cpu)))" ward probe | grep '^VMX held by' | grep -q "$1" || {
			echo "# not so on CPU $cpu: held by $1"
			return 1
		}
	done
}

with_hold() {
	rmmod ward && insmod "$ko" hold_vmx=1 && everywhere Ward
}

rounds=3
[ -z "$WARD_LONG" ] || rounds=20
plan 11
check "sleeps and wakes without a VM" suspend
check "and nobody has VMX" everywhere nobody
check "a guest with a vCPU for each CPU runs" hold_start "$(nproc)"
check "sleeps and wakes $rounds times with it, and has VMX on all CPUs then" many $rounds Ward
check "the guest goes on" hold_end
check "nobody has VMX when it has ended" everywhere nobody
check "VMX is held from load on" with_hold
check "sleeps and wakes, and holds it on all CPUs" many 1 Ward
check "a new guest runs" hold_start "$(nproc)"
check "and ends" hold_end
rmmod ward && insmod "$ko"
check "the module gives it back" everywhere nobody
finish
