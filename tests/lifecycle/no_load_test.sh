#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
#	no_load_test.sh WORDS PROBE_WORDS
#
# On a CPU that lacks something: insmod refuses with one line in the log, which
# has WORDS in it, and leaves nothing; the next one does the same; `ward probe`
# says PROBE_WORDS. To be run with the module not loaded; the lab's --cpu-model
# has such CPUs, see the script "incapable".

. "$(dirname "$0")/../selftests/tap.sh"
words=$1
probe_words=$2

[ -n "$probe_words" ] || { echo "usage: no_load_test.sh WORDS PROBE_WORDS" >&2; exit 2; }
[ "$(id -u)" = 0 ] || skip_all "needs root"

# Ward's own: the kernel's two about a module from outside bear its name as well.
lines() {
	dmesg | sed -n 's/^\[[^]]*\] ward: //p' | grep -v taint
}

refused() {
	dmesg -c >/dev/null
	error=$("$(dirname "$0")/load_once")
	lines | sed "s/^/# $error: /"
	[ "$error" = ENODEV ] && [ "$(lines | wc -l)" = 1 ] && lines | grep -qF "$words"
}

nothing_left() {
	[ ! -e /dev/ward ] && [ ! -e /sys/module/ward ] && [ ! -e /sys/kernel/debug/ward ] &&
		! grep -q '^ward ' /proc/modules && ! grep -q ward /proc/misc &&
		! grep -q '\[ward\]' /proc/kallsyms
}

probe() {
	modprobe msr 2>/dev/null
	ward probe >/tmp/probe
	status=$?
	grep 'Ward c' /tmp/probe | sed 's/^/# /'
	[ $status = 1 ] && grep -qF "$probe_words" /tmp/probe
}

plan 5
check "does not load, and says why" refused
check "leaves nothing" nothing_left
check "does not load a second time, and says the same" refused
check "leaves nothing that time either" nothing_left
check "ward probe says so too" probe
finish
