#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# badimage_test.sh - "ward run" with options and images that are no good: the
# exit status says what kind of trouble it is, stderr says which, and no VM is
# left behind.

. "$(dirname "$0")/tap.sh"

command -v ward >/dev/null || skip_all "the ward command is not there"
[ -e /dev/ward ] || skip_all "the module is not loaded"

dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1

# ends STATUS WORD ARGUMENT...: "ward run ARGUMENT..." ends with it, says WORD.
ends() {
	status=$1
	word=$2
	shift 2
	timeout 60 ward run "$@" >out 2>err </dev/null
	got=$?
	if [ $got != "$status" ]; then
		echo "# ward run $*: status $got, should be $status"
		sed 's/^/# /' err
		return 1
	fi
	if [ ! -s err ]; then
		echo "# ward run $*: it does not say why"
		return 1
	fi
	if ! grep -qi -e "$word" err; then
		echo "# ward run $*: stderr does not say \"$word\":"
		sed 's/^/# /' err
		return 1
	fi
}

none_left() {
	list=$(ward list) && [ -z "$(echo "$list" | grep -v -i '^name')" ]
}

head -c 65536 /dev/zero >zeros
head -c 65536 /dev/urandom >random
: >empty
echo "This is no kernel." >text
mkdir folder

# A bzImage's boot sector with the signatures, and nothing behind it.
head -c 497 /dev/zero >setup
{
	cat setup
	printf '\004\000\000\000\020\000\000\000\000\000\000\000\000\125\252'	# 0x1f1 to 0x1ff
	printf '\353\152HdrS\017\002'						# jump, magic, 2.15
	head -c 512 /dev/zero
} >truncated
head -c 600 truncated >shorter
head -c 515 truncated >shortest

# Multiboot: a header with a wrong sum, and one with nothing behind it.
printf '\002\260\255\033\000\000\000\000\000\000\000\000' >wrong_sum
printf '\002\260\255\033\000\000\000\000\376\117\122\344' >header_only
# An ELF header that promises program headers beyond its end.
{
	printf '\177ELF\001\001\001\000\000\000\000\000\000\000\000\000\002\000\003\000\001\000\000\000'
	printf '\000\000\020\000\377\377\377\177\000\000\000\000\000\000\000\000\064\000\040\000'
	printf '\377\377\000\000\000\000\000\000'
	printf '\002\260\255\033\000\000\000\000\376\117\122\344'
} >elf_lies

plan 32
check "no image" ends 2 . --memory 64
check "two images" ends 2 . --kernel zeros --multiboot zeros
check "an unknown flag" ends 2 no-such-flag --no-such-flag --kernel zeros
check "an unknown short flag" ends 2 . -Q --kernel zeros
check "a flag without its value" ends 2 memory --kernel zeros --memory
check "a stray argument" ends 2 . --kernel zeros stray
check "memory that is no number" ends 2 memory --kernel zeros --memory lots
check "memory of 0" ends 2 memory --kernel zeros --memory 0
check "memory below 0" ends 2 memory --kernel zeros --memory -5
check "memory beyond reason" ends 2 memory --kernel zeros --memory 99999999999999
check "a timeout that is no number" ends 2 timeout --kernel zeros --timeout soon
check "an initial RAM disk with a Multiboot image" ends 2 . --multiboot zeros --initrd text
check "a module with a kernel" ends 2 . --kernel zeros --module text
check "a kernel that is not there" ends 4 missing --kernel missing
check "a Multiboot image that is not there" ends 4 missing --multiboot missing
check "an empty kernel" ends 4 empty --kernel empty
check "a kernel of zeros" ends 4 zeros --kernel zeros
check "a kernel of random bytes" ends 4 random --kernel random
check "a text as kernel" ends 4 text --kernel text
check "a folder as kernel" ends 4 folder --kernel folder
check "a truncated kernel" ends 4 truncated --kernel truncated
check "a kernel that ends in its header" ends 4 shorter --kernel shorter
check "a kernel that ends in its magic" ends 4 shortest --kernel shortest
check "an empty Multiboot image" ends 4 empty --multiboot empty
check "a Multiboot image of random bytes" ends 4 random --multiboot random
check "a Multiboot header with a wrong sum" ends 4 wrong_sum --multiboot wrong_sum
check "a Multiboot header and nothing else" ends 4 header_only --multiboot header_only
check "an ELF image that promises too much" ends 4 elf_lies --multiboot elf_lies
check "a name that no VM may have" ends 4 name --kernel truncated --name 'a b'
check "a serial port of an unknown kind" ends 2 serial --kernel truncated --serial carrier-pigeon
check "a serial port in a folder that is not there" ends 4 no/where --kernel truncated --serial file:no/where
check "no VM is left" none_left
finish
