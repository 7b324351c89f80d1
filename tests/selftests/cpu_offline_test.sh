#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# cpu_offline_test.sh - CPUs go offline and come back while guests run, and
# before and after VMs are made.

. "$(dirname "$0")/tap.sh"

online=/sys/devices/system/cpu/cpu1/online

[ -e /dev/ward ] || skip_all "the module is not loaded"
[ -e $online ] || skip_all "needs a second CPU that can go offline"
[ -w $online ] || skip_all "needs root"

set_cpu1() {
	echo "$1" >$online && [ "$(cat $online)" = "$1" ]
}

to_and_fro() {
	times=0
	while [ $times -lt "$1" ]; do
		set_cpu1 0 && sleep 1 && set_cpu1 1 && sleep 1 || return 1
		times=$((times + 1))
	done
}

on_cpu1() {
	hold_start 1 && taskset -p 2 $$ >/dev/null && hold_end
}

plan 11
check "goes and comes without a VM" to_and_fro 1
hold_start 2
check "goes and comes five times while a guest of two vCPUs runs" to_and_fro 5
check "the guest did not notice" hold_end
check "goes" set_cpu1 0
hold_start 2
check "comes back while a VM is there that was made without it" set_cpu1 1
sleep 2
check "and the guest may run on it" hold_end
check "a guest runs on it alone" taskset 2 sh -c '. "$0"; here=$1; hold_start 1 && sleep 2 && hold_end' \
	"$here/tap.sh" "$here"
hold_start 2
check "goes once more" set_cpu1 0
check "guests end while it is away" hold_end
check "comes back when no VM is left" set_cpu1 1
hold_start 2
sleep 2
check "and a new guest runs" hold_end
finish
