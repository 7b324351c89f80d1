#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# second_kernel.sh - with a VM of two running vCPUs alive, the machine goes over
# to a second kernel, which must find all CPUs out of VMX operation: a CPU in it
# ignores INIT and would not come up again.
#
#	second_kernel.sh now	by kexec
#	second_kernel.sh crash	by a panic, with a crash kernel loaded
#
# The kernel is /second/vmlinuz. The second kernel's first process is the lab's
# again; its COMMAND is this script with "then" and the number of CPUs.

. "$(dirname "$0")/../selftests/tap.sh"
here=$(dirname "$0")/../selftests
self=/ward/tests/lifecycle/second_kernel.sh

# Of the root of this host, what is needed, and another COMMAND. It is kept small:
# each byte of it goes through a hash before the second kernel starts.
make_initramfs() {
	mkdir -p /second/root/ward/tests/selftests /second/root/ward/tests/lifecycle || return 1
	for folder in lab dev proc sys tmp run root; do
		mkdir /second/root/$folder
	done
	cp -r /init /bin /sbin /usr /etc /second/root/ &&
		cp /ward/ward.ko /second/root/ward/ &&
		cp "$here/guest_hold" "$here/tap.sh" /second/root/ward/tests/selftests/ &&
		cp "$self" /second/root/ward/tests/lifecycle/ || return 1
	mknod /second/root/dev/console c 5 1
	: >/second/root/lab/conf
	: >/second/root/lab/get
	: >/second/root/lab/env
	printf '%s\0' sh "$self" "then" "$1" >/second/root/lab/argv
	(cd /second/root && find . | cpio -o -H newc 2>/dev/null) >/second/initrd &&
		rm -rf /second/root
}

all_cpus() {
	[ "$(nproc)" = "$1" ] && [ "$(cat /sys/devices/system/cpu/online)" = "0-$(($1 - 1))" ]
}

guest_runs() {
	hold_start "$1" && sleep 1 && hold_end
}

if [ "$1" = "then" ]; then
	tap_number=3
	tap_planned=7
	check "the second kernel has all CPUs" all_cpus "$2"
	check "it loads the module" insmod /ward/ward.ko
	check "a guest with a vCPU for each CPU runs" guest_runs "$2"
	check "it unloads the module" rmmod ward
	finish
fi

cpus=$(nproc)
plan 7
check "makes the second kernel's RAM disk" make_initramfs "$cpus"
check "a guest runs on all CPUs" hold_start "$cpus"
line=$(sed 's/crashkernel=[^ ]*//' /proc/cmdline)
case $1 in
now)
	check "goes over" true
	sync
	exec "$(dirname "$0")/kexec_into" now /second/vmlinuz /second/initrd "$line"
	;;
crash)
	check "takes a crash kernel" "$(dirname "$0")/kexec_into" crash /second/vmlinuz /second/initrd "$line"
	# Another CPU than the first could not start the first again.
	exec taskset 1 sh -c 'sleep 1; echo c >/proc/sysrq-trigger'
	;;
esac
