#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# rules_test.sh - what is installed for the device node: that udev's rule is for
# the node that the module makes, gives it the group that sysusers makes and the
# mode that the life-cycle tests give it; that systemd takes both, where it is.

cd "$(dirname "$0")/.." || exit 1
number=0
failed=0

ok() {
	number=$((number + 1))
	if [ -z "$2" ]; then
		echo "ok $number - $1"
	else
		echo "# $2"
		echo "not ok $number - $1"
		failed=1
	fi
}

skip() {
	number=$((number + 1))
	echo "ok $number - $1 # SKIP $2"
}

# is WHAT VALUE EXPECTED
is() {
	if [ -n "$2" ] && [ "$2" = "$3" ]; then
		ok "$1"
	else
		ok "$1" "$2, should be $3"
	fi
}

rule=$(sed '/^#/d' 60-ward.rules)
name=$(sed -n 's/^\t\.name = "\(.*\)",$/\1/p' ../module/device.c)
mode=$(sed -n 's/^\t\.mode = \(.*\),$/\1/p' ../module/device.c)
path=$(sed -n 's/^#define WARD_DEVICE_PATH[[:space:]]*"\(.*\)"$/\1/p' ../ioctl_uapi/ward.h)
group=$(sed -n 's/^g \(.*\) -$/\1/p' ward.sysusers.conf)
tested=$(sed -n 's/.*chmod(WARD_DEVICE_PATH, \(.*\)), 0);$/\1/p' ../tests/lifecycle/users_test.c)

echo "1..6"
is "the rule is for the module's node, with its mode and sysusers' group" \
	"$rule" "KERNEL==\"$name\", GROUP=\"$group\", MODE=\"$mode\""
is "that node is the one that programs open" "$path" "/dev/$name"
is "the tests with users have that mode" "$tested" "$mode"
is "sysusers makes one group, and nothing else" "$(grep -vc '^#' ward.sysusers.conf)" 1
if command -v systemd-sysusers >/dev/null; then
	root=$(mktemp -d) && mkdir "$root/etc" || exit 1
	said=$(systemd-sysusers --root="$root" "$PWD/ward.sysusers.conf" 2>&1)
	is "systemd makes the group" "$(sed -n 's/^\([^:]*\):x:[0-9]*:$/\1/p' "$root/etc/group")${said##Creating*}" "$group"
	rm -rf "$root"
else
	skip "systemd makes the group" "no systemd-sysusers here"
fi
if udevadm verify --help >/dev/null 2>&1; then
	said=$(udevadm verify "$PWD/60-ward.rules" 2>&1) && said=
	ok "udev takes the rule" "$said"
else
	skip "udev takes the rule" "no udevadm verify here"
fi
exit $failed
