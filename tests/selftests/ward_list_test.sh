#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# ward_list_test.sh - what "ward list" and "ward probe" say while VMs run, as
# text and as JSON.

. "$(dirname "$0")/tap.sh"

command -v ward >/dev/null || skip_all "the ward command is not there"
[ -e /dev/ward ] || skip_all "the module is not loaded"

dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

# is VALUE EXPECTED
is() {
	[ "$1" = "$2" ] && return
	echo "# \"$1\", should be \"$2\""
	return 1
}

# JSON without the spaces between, on one line
plain() {
	sed 's/^ *//; s/": */":/' | tr -d '\n'
}

# row NAME FIELDS: these fields of its row, by awk
row() {
	ward list | awk -v name="$1" "\$1 == name { print $2 }"
}

# member NAME MEMBER: of its object
member() {
	ward list --json | plain | sed -n "s/.*{\"name\":\"$1\",\([^}]*\)}.*/,\1,/p" |
		sed -n "s/.*,\"$2\":\([^,]*\),.*/\1/p"
}

members() {
	is "$(ward list --json | plain | grep -o '"[a-z_]*":' | sort -u | tr -d '\n')" \
		'"id":"memory_bytes":"name":"pauses":"pid":"uid":"uptime_ns":"vcpus":'
}

comes() {
	tries=$((300 * ${WARD_TEST_SLOWNESS:-1}))
	until [ -n "$(row "$1" '$1')" ]; do
		[ $((tries -= 1)) -gt 0 ] || return 1
		sleep 0.2
	done
}

# Both forms have the time since it was made, and it goes on.
uptime_grows() {
	before=$(member web uptime_ns)
	sleep 1
	row web '$NF' | grep -qx '[0-9]*:[0-5][0-9]:[0-5][0-9]' || return 1
	after=$(member web uptime_ns)
	[ "$before" -gt 0 ] && [ "$after" -ge $((before + 900000000)) ] && [ "$after" -lt 3600000000000 ] && return
	echo "# $before ns, a second later $after ns"
	return 1
}

probe() {
	ward probe --json | plain
}

# has TEXT...: the probe's JSON has it.
has() {
	for text; do
		probe | grep -qF "$text" && continue
		echo "# there is no $text in $(probe)"
		return 1
	done
}

# The lines of the text are the members of the JSON, with the same answers.
capabilities_agree() {
	lines=$(ward probe | sed -n 's/^  [* ] \([a-z_0-9]*\) *\(yes\|no\|unknown\)$/"\1":\2/p' |
		sed 's/yes$/true/; s/no$/false/; s/unknown$/null/')
	[ "$(echo "$lines" | wc -l)" -gt 20 ] && is "$(probe | sed 's/.*"capabilities":{\([^}]*\)}.*/\1/' | tr ',' '\n')" "$lines"
}

needed_are_there() {
	ward probe | grep -q '^  \* [a-z_0-9]* *yes$' && ! ward probe | grep '^  \* ' | grep -v 'yes$'
}

no_vm() {
	is "$(ward list | wc -l)" 1 && is "$(ward list --json | plain)" "[]"
}

held_by() {
	ward probe | grep -qx "VMX held by: $1" && has "\"vmx_owner\":\"$2\""
}

image "$dir/loop" '\373\353\376'	# sti; jmp .

plan 22
check "no VM: a heading, an empty array" no_vm
check "VMX is nobody's" held_by nobody free
ward run --multiboot "$dir/loop" --name web --memory 32 >"$dir/out" 2>&1 </dev/null &
pid=$!
check "a VM is listed" comes web
check "with its process" is "$(row web '$2')" $pid
check "its vCPUs" is "$(row web '$3')" 1
check "its memory" is "$(row web '$4, $5')" "32 MiB"
check "the JSON has the same process" is "$(member web pid)" $pid
check "the same vCPUs" is "$(member web vcpus)" 1
# The hole between 640 and 768 KiB is not memory.
check "the memory to the byte" is "$(member web memory_bytes)" $(((32 << 20) - (128 << 10)))
check "the user" is "$(member web uid)" "$(id -u)"
check "no pause" is "$(member web pauses)" 0
check "and these members only" members
check "it has a time" uptime_grows
check "VMX is Ward's" held_by Ward ward
hold_start 2
check "a second one has two vCPUs, and is another's" \
	is "$(ward list | awk -v pid=$pid 'NR > 1 && $2 != pid { print $3 }')" 2
check "both are listed" is "$(ward list | wc -l) $(ward list --json | grep -c '"name":')" "3 2"
check "the second ends" hold_end
kill $pid
wait $pid 2>/dev/null
check "an ended one is not listed" no_vm
check "VMX is nobody's again" held_by nobody free
check "the probe has what is needed" needed_are_there
check "and says so" has '"can_run":true' '"vmx":true' '"missing":[]' \
	'"source":"the module"' '"lapic":true' '"loaded_rival":null'
check "its capabilities are the same in both forms" capabilities_agree
finish
