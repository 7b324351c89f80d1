# SPDX-License-Identifier: GPL-2.0-only
"""The tests of tests/check, in the order in which they run."""

import collections

TIERS = ("quick", "check", "long")

# `at_once`: False: alone; True: beside another one (a lab keeps one CPU busy).
# `silent`: any output, as a compiler's warning, is a failure.
Step = collections.namedtuple("Step", "name tier at_once minutes command silent", defaults=(False,))

# By how a step's name begins; the longest that fits counts.
KINDS = {
    "": "other", "user": "builds", "module": "builds", "generic": "builds", "lab-files": "builds",
    "matrix": "builds", "unit": "unit tests", "kunit": "KUnit", "hello": "selftests", "selftests": "selftests",
    "kselftest": "selftests", "images": "bare-metal images", "guest": "Linux guests", "host": "Linux guests",
    "all": "Linux guests", "lab": "the lab itself", "static": "static checks", "fuzz": "fuzzing",
    "inject": "fault injection", "life": "life cycle", "mutants": "mutants", "coverage": "coverage",
}


def module(kernel):
    """A build of its own from nothing, so that no warning is missed."""
    release = "check-" + kernel
    return (f"rm -rf build/{release} && make -s -j2 module RELEASE={release} "
            f"KDIR=\"$(tests/lab/kernel-dir {kernel})\" KBUILD_ARGS=W=1 && rm -rf build/{release}")


STEPS = (
    # name                 tier     at once  min.  command
    Step("user",           "quick", False,   5,  "make -s user"),
    Step("unit-user",      "quick", False,   5,  "make -s -C userlib check O=\"$PWD/build/user\""),
    Step("unit-module",    "quick", False,   5,  "make -s -C tests/kunit/user check KHEADERS=\"$("
                                                 "tests/lab/kernel-dir stock-6.1 | sed s/-cloud-amd64$/-common/)\""),
    Step("unit-ktap",      "quick", False,   1,  "tests/kunit/ktap_test"),
    Step("unit-verify",    "quick", False,   1,  "tests/guest/verify_test"),
    Step("module-6.1",     "quick", False,  10,  module("stock-6.1"), True),
    Step("module-6.12",    "check", False,  10,  module("stock-6.12"), True),
    Step("generic",        "check", False,  10,  "tests/kernels stock-6.1:generic stock-6.12:generic"),
    Step("lab-files",      "quick", False,  10,  "make -s lab-files KERNEL=stock-6.1"),
    Step("lab-files-6.12", "check", False,  10,  "make -s lab-files KERNEL=stock-6.12"),
    # The first time it builds the kernel; both of the machine's CPUs are at it.
    Step("lab-files-debug-6.1", "long",  False, 40, "make -s lab-files KERNEL=debug-6.1"),
    Step("lab-files-debug-6.12", "long", False, 40, "make -s lab-files KERNEL=debug-6.12"),
    Step("lab-files-cover-6.1", "long",  False, 40, "make -s lab-files KERNEL=cover-6.1"),
    # The first time it builds the kernel too.
    Step("kunit",          "check", False,  60,  "tests/kunit/run"),
    Step("hello",          "quick", True,    5,  "tests/lab/run -- sh -c 'ward probe && hello16'"),
    Step("images",         "quick", True,   10,  "tests/lab/run -- run-images"),
    Step("selftests",      "check", True,   20,  "tests/lab/run -- ward-selftests"),
    Step("guest",          "check", True,   15,  "tests/run-guest --where lab --check"),
    Step("guest-6.12",     "check", True,   15,  "tests/run-guest --where lab --check --guest stock-6.12"),
    Step("host-6.12",      "check", True,   15,  "tests/run-guest --where lab --check --host stock-6.12"),
    Step("lab",            "check", True,   20,  "tests/lab/selftest status exact-arguments put-and-get warn "
                                                 "panic oops hang reset timeout two-at-once no-place"),
    Step("fuzz",           "check", True,   15,  "tests/fuzz/run --seed 1 --seconds 15"),
    Step("life",           "check", True,   10,  "tests/lab/run -- "
                                                 "ward-lifecycle load vms unload_race users host_debug"),
    Step("life-2",         "check", True,   10,  "tests/lab/run --cpus 2 -- ward-lifecycle hotplug nmi suspend"),
    Step("life-kvm",       "check", True,   10,  "tests/lab/run -- ward-lifecycle kvm"),
    Step("life-kvm-6.12",  "check", True,   20,  "tests/lab/run --kernel stock-6.12 --cpus 2 -- ward-lifecycle kvm"),
    Step("life-incapable", "check", True,   10,  "tests/lifecycle/incapable"),
    Step("mutants-some",   "check", True,   10,  "tests/mutants/run --at-once 1 ept-split-offset "
                                                 "event-error-code-lost explain-rule-dropped layout-overlap"),
    Step("selftests-6.12", "long",  True,   15,  "tests/lab/run --kernel stock-6.12 -- ward-selftests"),
    Step("selftests-rt",   "long",  True,   30,  "tests/lab/run --kernel rt-6.1 -- ward-selftests"),
    Step("selftests-rt-6.12", "long", True, 30,  "tests/lab/run --kernel rt-6.12 -- ward-selftests"),
    Step("guest-2",        "long",  True,   20,  "tests/run-guest --where lab --check --cpus 2"),
    Step("selftests-2",    "long",  True,   20,  "tests/lab/run --cpus 2 -- ward-selftests"),
    Step("matrix",         "long",  False,  45,  "tests/kernels"),
    Step("static",         "long",  False,  30,  "tests/static sparse checkpatch shell python"),
    Step("kselftest",      "long",  True,   30,  "tests/kselftest"),
    Step("static-long",    "long",  False,  60,  "tests/static coccinelle"),
    Step("images-6.12",    "long",  True,   15,  "tests/lab/run --kernel stock-6.12 -- run-images"),
    Step("images-haswell", "long",  True,   15,  "tests/lab/run --cpu-model corei7_haswell_4770 -- run-images"),
    Step("guest-haswell",  "long",  True,   20,  "tests/run-guest --where lab --check --cpu-model corei7_haswell_4770"),
    Step("all-6.12",       "long",  True,   30,  "tests/run-guest --where lab --check "
                                                 "--host stock-6.12 --guest stock-6.12"),
    Step("guest-others",   "long",  True,   40,  "tests/guest/others"),
    Step("selftests-debug", "long",  True,  120,  "tests/lab/run --kernel debug-6.1 --coverage build/coverage "
                                                 "-- ward-selftests"),
    Step("guest-debug",    "long",  True,   60,  "tests/run-guest --where lab --check --host debug-6.1"),
    Step("guest-debug-2",  "long",  True,   90,  "tests/run-guest --where lab --check --host debug-6.1 --cpus 2"),
    Step("selftests-debug-2", "long", True, 180,  "tests/lab/run --kernel debug-6.1 --cpus 2 --coverage build/coverage "
                                                 "-- ward-selftests"),
    Step("selftests-debug-6.12", "long", True, 120, "tests/lab/run --kernel debug-6.12 --coverage build/coverage "
                                                 "-- ward-selftests"),
    Step("selftests-debug-6.12-2", "long", True, 180, "tests/lab/run --kernel debug-6.12 --cpus 2 "
                                                 "--coverage build/coverage -- ward-selftests"),
    Step("images-debug",   "long",  True,   60,  "tests/lab/run --kernel debug-6.1 --coverage build/coverage "
                                                 "-- run-images"),
    Step("guest-debug-6.12", "long", True,  60,  "tests/run-guest --where lab --check --host debug-6.12"),
    Step("guest-debug-6.12-2", "long", True, 90, "tests/run-guest --where lab --check --host debug-6.12 --cpus 2"),
    Step("lab-debug",      "long",  True,   60,  "tests/lab/selftest --kernel debug-6.1 $(tests/lab/selftest --list "
                                                 "| grep ^debug-)"),
    Step("life-long",      "long",  True,  120,  "tests/lab/run --env WARD_LONG=1 --timeout 7000 -- "
                                                 "ward-lifecycle load vms unload_race users host_debug"),
    Step("life-2-long",    "long",  True,   60,  "tests/lab/run --env WARD_LONG=1 --timeout 3500 --cpus 2 -- "
                                                 "ward-lifecycle hotplug nmi suspend unload_race"),
    Step("life-2-6.12",    "long",  True,   30,  "tests/lab/run --kernel stock-6.12 --cpus 2 -- "
                                                 "ward-lifecycle hotplug nmi suspend sleep_clock users"),
    Step("life-kvm-2",     "long",  True,   15,  "tests/lab/run --cpus 2 -- ward-lifecycle kvm"),
    Step("life-consoles",  "long",  True,   20,  "tests/lifecycle/consoles"),
    Step("life-ends",      "long",  True,   20,  "tests/lifecycle/ends"),
    Step("life-terminal",  "long",  True,   20,  "tests/lifecycle/terminal"),
    Step("life-incapable-all", "long", True, 20, "tests/lifecycle/incapable all"),
    Step("life-no-adjust", "long",  True,   10,  "tests/lab/run --cpu-model corei7_skylake_x,"
                                                 "exclude_features=tsc_adjust -- ward-lifecycle sleep_clock"),
    Step("kunit-6.12",     "long",  False,  60,  "tests/kunit/run --kernel debug-6.12 --timeout 900"),
    Step("fuzz-long",      "long",  True,   90,  "tests/fuzz/run --seconds 600 --timeout 2400"),
    Step("fuzz-6.12",      "long",  True,   60,  "tests/fuzz/run --seconds 300 --kernel stock-6.12 --timeout 1500"),
    Step("fuzz-coverage",  "long",  True,   20,  "rm -rf build/fuzz-coverage && tests/fuzz/run ioctl --seed 1 "
                                                 "--seconds 20 --kernel cover-6.1 --coverage build/fuzz-coverage"),
    Step("inject",         "long",  True,   30,  "tests/lab/run --kernel cover-6.1 --append page_owner=on "
                                                 "--timeout 1700 -- ward-inject"),
    Step("lab-long",       "long",  True,   60,  "tests/lab/selftest"),
    Step("mutants",        "long",  False, 120,  "tests/mutants/run"),
)


def kind(step):
    return KINDS[max((begin for begin in KINDS if step.name.startswith(begin)), key=len)]
