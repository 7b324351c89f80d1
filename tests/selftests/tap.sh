# SPDX-License-Identifier: GPL-2.0-only
#
# tap.sh - TAP for the tests that are shell scripts; to be sourced.
#
#	plan N		first of all
#	check "what" command...		one test: the command's status
#	finish		last of all; ends the script
#	hold_start N, hold_end		a guest with N vCPUs, see guest_hold.c
#	image FILE CODE		a Multiboot image: 32-bit code, as printf writes it, for 0x100020

here=$(dirname "$0")
tap_number=0
tap_failed=0

plan() {
	tap_planned=$1
	echo "TAP version 13"
	echo "1..$1"
}

skip_all() {
	echo "TAP version 13"
	echo "1..0 # SKIP $*"
	exit 4
}

check() {
	tap_what=$1
	shift
	tap_number=$((tap_number + 1))
	if "$@"; then
		echo "ok $tap_number $tap_what"
	else
		echo "not ok $tap_number $tap_what"
		tap_failed=$((tap_failed + 1))
	fi
}

finish() {
	if [ "$tap_number" != "$tap_planned" ]; then
		echo "# $tap_number tests ran, $tap_planned were planned"
		exit 1
	fi
	echo "# $((tap_number - tap_failed)) passed, $tap_failed failed, 0 skipped"
	[ "$tap_failed" = 0 ]
	exit
}

hold_start() {
	hold=$(mktemp -d) && mkfifo "$hold/in" "$hold/out" || return 1
	timeout 120 "$here/guest_hold" "$1" <"$hold/in" >"$hold/out" &
	hold_pid=$!
	exec 8>"$hold/in" 9<"$hold/out"
	read -r line <&9 && [ "$line" = running ]
}

hold_end() {
	exec 8>&-
	cat <&9
	exec 9<&-
	wait "$hold_pid"
	hold_status=$?
	rm -rf "$hold"
	return "$hold_status"
}

image() {
	# Magic, flags (the header has addresses), sum; of the header and what is to be loaded, ends
	# (the file's), the entry.
	printf '\002\260\255\033\000\000\001\000\376\117\121\344' >"$1" &&
		printf '\000\000\020\000\000\000\020\000\000\000\000\000\000\000\000\000' >>"$1" &&
		printf '\040\000\020\000' >>"$1" &&
		printf "$2" >>"$1"
}
