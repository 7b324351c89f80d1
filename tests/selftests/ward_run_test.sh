#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# ward_run_test.sh - "ward run" with guests that end in all ways: the exit status
# and --stats say which. badimage_test has those that do not start.

. "$(dirname "$0")/tap.sh"

command -v ward >/dev/null || skip_all "the ward command is not there"
[ -e /dev/ward ] || skip_all "the module is not loaded"

patience=$((60 * ${WARD_TEST_SLOWNESS:-1}))
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1

# Interrupts are on: the lab's CPU keeps the host's out while the guest's are off.
# sti; jmp .
image loop '\373\353\376'

# lidt 0x100029; ud2; six bytes for it
image triple '\017\001\035\051\000\020\000\017\013\000\000\000\000\000\000'

# Says U; waits for a byte and resets the machine if it is an r, else powers off.
{
	code='\146\272\370\003\260\125\356'		# mov $0x3f8, %dx; mov $'U', %al; out %al, %dx
	code=$code'\146\272\375\003\354'		# 1: mov $0x3fd, %dx; in %dx, %al
	code=$code'\250\001\164\367'			# test $1, %al; jz 1b
	code=$code'\146\272\370\003\354'		# mov $0x3f8, %dx; in %dx, %al
	code=$code'\074\162\165\007'			# cmp $'r', %al; jne 2f
	code=$code'\146\272\371\014\260\006\356'	# mov $0xcf9, %dx; mov $6, %al; out %al, %dx
	code=$code'\146\272\004\006\146\270\000\064'	# 2: mov $0x604, %dx; mov $0x3400, %ax
	code=$code'\146\357\364'			# out %ax, %dx; hlt
	image reset "$code"
}

# Says each module's content and string; ends with their number.
{
	code='\213\113\024\213\153\030'			# mov 20(%ebx), %ecx; mov 24(%ebx), %ebp
	code=$code'\146\272\370\003\213\165\000'	# mov $0x3f8, %dx; 1: mov (%ebp), %esi
	code=$code'\073\165\004\163\003\156\353\370'	# 2: cmp 4(%ebp), %esi; jae 3f; outsb; jmp 2b
	code=$code'\213\165\010\254\356'		# 3: mov 8(%ebp), %esi; 4: lodsb; out %al, %dx
	code=$code'\204\300\165\372'			# test %al, %al; jnz 4b
	code=$code'\203\305\020\342\347'		# add $16, %ebp; loop 1b
	code=$code'\213\103\024\347\364'		# mov 20(%ebx), %eax; out %eax, $0xf4
	image modules "$code"
}

# ends STATUS WORDS OPTION...: "ward run OPTION..." ends with it, and says WORDS.
ends() {
	status=$1
	words=$2
	shift 2
	timeout "$patience" ward run --memory 32 "$@" --stats stats >out 2>err </dev/null
	got=$?
	# No words: it says nothing.
	[ $got = "$status" ] && if [ -n "$words" ]; then grep -q -e "$words" err; else [ ! -s err ]; fi && return
	echo "# status $got, should be $status; stderr, which should say \"$words\", and stdout:"
	sed 's/^/# /' err out
	return 1
}

counted() {
	grep -q "\"end\":\"$1\"" stats && grep -q "\"resets\":$2," stats && return
	echo "# not \"$1\" after $2 resets:"
	sed 's/^/# /' stats
	return 1
}

# Not before its time, either.
times_out() {
	begin=$(date +%s)
	ends 124 "did not end within 2 seconds" --multiboot loop --timeout 2 || return 1
	[ $(($(date +%s) - begin)) -ge 1 ]
}

# said U...: the guest has started so many times.
said() {
	tries=$((5 * patience))
	while [ "$(cat out)" != "$1" ]; do
		[ $((tries -= 1)) -gt 0 ] || return 1
		sleep 0.2
	done
}

restarts() {
	mkfifo in || return 1
	timeout "$patience" ward run --multiboot reset --memory 32 --stats stats <in >out 2>err &
	pid=$!
	exec 7>in
	said U && printf r >&7 && said UU && printf r >&7 && said UUU && printf p >&7
	wait $pid
	got=$?
	exec 7>&-
	[ $got = 0 ] && [ "$(cat out)" = UUU ] && return
	echo "# status $got, stdout \"$(cat out)\", stderr:"
	sed 's/^/# /' err
	return 1
}

printf first >one
printf 'the second' >two
: >three

modules() {
	ends 7 "" --testdev --multiboot modules --module one --module two --module three || return 1
	[ "$(tr '\0' '|' <out)" = "firstone|the secondtwo|three|" ] && return
	echo "# it says \"$(tr '\0' '|' <out)\""
	return 1
}

# Its tests of the machine's devices and of the emulator speak TAP themselves.
guest() {
	ends 33 "" --testdev --multiboot "$1" --append "the whole line" && grep -q '^1\.\.[1-9]' out &&
		! grep -q '^not ok' out
}

plan 10
check "a guest that does not end is ended, with 124" times_out
check "and counted as that" counted timeout 0
check "a triple fault is 126, with the reason and the place" \
	ends 126 "triple fault at 0x100027" --multiboot triple
check "and counted as that" counted died 0
check "a write to 0xcf9 starts the guest anew, the next power-off is 0" restarts
check "and counted as that" counted power-off 2
check "the image gets its modules, in order, with their names" modules
check "and may end the run" counted testdev 0
elf=$(command -v guest.elf)
if [ -n "$elf" ]; then
	check "the guest of the machine's own tests passes" guest "$elf"
else
	check "the guest of the machine's own tests passes # SKIP guest.elf is not on the PATH" true
fi
check "no VM is left" [ "$(ward list | wc -l)" = 1 ]
finish
