#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# library_test.sh - the library as others get it: what the shared one exports, and
# that a program builds against an installed one by what pkg-config says.
#
#	STAGE=<folder> library_test.sh		which `make install DESTDIR=<folder>` filled

stage=${STAGE:?}
here=$(dirname "$0")/..
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cc=${CC:-cc}
count=0
failed=0

# ok NAME COMMAND...: the test passes if COMMAND does; what it says is shown if not.
ok() {
	name=$1
	shift
	count=$((count + 1))
	if "$@" >"$work/said" 2>&1; then
		echo "ok $count - $name"
	else
		echo "not ok $count - $name"
		sed 's/^/# /' "$work/said"
		failed=1
	fi
}

lib=$(dirname "$(find "$stage" -name libward.a)")
so=$(find "$lib" -name 'libward.so.*')
include=$(dirname "$(find "$stage" -name libward.h)")

# Each function that the header declares is exported once, with the version that
# it has in the map, and nothing else is.
exports() {
	$cc -I"$include" -fsyntax-only -aux-info "$work/declared" -x c "$include/libward.h" &&
		sed -n 's|^/\* [^ ]*libward\.h:.*[ *]\([a-z0-9_]*\) (.*|\1|p' "$work/declared" |
		sort >"$work/functions" &&
		awk '/^LIBWARD/ { version = $1 } /^\tward_/ { sub(/;/, ""); print $1 "@@" version }' \
			"$here/libward.map" | sort >"$work/map" &&
		nm -D --defined-only --with-symbol-versions "$so" |
		awk '$2 != "A" { print $3 }' | sort >"$work/exported" || return 1
	[ -s "$work/functions" ] || return 1
	sed 's/@@.*//' "$work/exported" | diff "$work/functions" - &&
		diff "$work/map" "$work/exported"
}

named() {
	readelf -d "$so" | grep "SONAME.*\[${so##*/}\]" && [ "$(readlink "$lib/libward.so")" = "${so##*/}" ]
}

# The paths that it gives are below the stage, and only those.
pkg() {
	PKG_CONFIG_PATH=$lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$stage pkg-config "$@" libward
}

# It starts with all that it needs, and comes as far as this machine lets it.
starts() {
	LD_LIBRARY_PATH=$lib "$1" >"$work/hello" 2>&1
	cat "$work/hello"
	grep -q '^open /dev/ward: \|^40 + 2 = 42' "$work/hello"
}

builds_shared() {
	# shellcheck disable=SC2046
	$cc -o "$work/shared" "$here/examples/hello16.c" $(pkg --cflags --libs) || return 1
	readelf -d "$work/shared" | grep "NEEDED.*\[${so##*/}\]" && starts "$work/shared"
}

# Of what the library needs in turn, there need not be static ones.
builds_static() {
	# shellcheck disable=SC2046
	$cc -o "$work/static" "$here/examples/hello16.c" \
		$(pkg --static --cflags --libs | sed 's/-lward\b/-l:libward.a/') || return 1
	! readelf -d "$work/static" | grep "NEEDED.*libward" && starts "$work/static"
}

version() {
	printf '#include <libward.h>\n#include <stdio.h>\nint main(void) { puts(ward_version()); }\n' \
		>"$work/version.c"
	# shellcheck disable=SC2046
	$cc -o "$work/version" "$work/version.c" $(pkg --cflags --libs) || return 1
	echo "the library says $(LD_LIBRARY_PATH=$lib "$work/version"), pkg-config $(pkg --modversion)"
	[ "$(LD_LIBRARY_PATH=$lib "$work/version")" = "$(pkg --modversion)" ]
}

ok "the shared library exports what the header declares" exports
ok "the shared library is found by its name" named
ok "a program builds with the shared library" builds_shared
ok "a program builds with the static library" builds_static
ok "pkg-config knows the version" version
echo "1..$count"
[ $failed = 0 ]
