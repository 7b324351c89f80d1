#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# kvm_test.sh - Ward and KVM on one machine: VMX has one owner at a time, each
# gives a clear answer while the other has it, and neither hurts the other's VMs.
#
# KVM has VMX while it has a VM; since Linux 6.12 while it is loaded, unless
# loaded with enable_virt_at_load=0. Both ways are tried where there are two.

. "$(dirname "$0")/../selftests/tap.sh"
one=$(dirname "$0")/kvm_one
here=$(dirname "$0")/../selftests
ko=${WARD_KO:-/ward/ward.ko}

[ -e /dev/ward ] || skip_all "the module is not loaded"
[ "$(id -u)" = 0 ] || skip_all "needs root"

kvm_load() {
	modprobe kvm $kvm_options && modprobe kvm-intel enable_apicv=0
}

kvm_unload() {
	rmmod kvm_intel && rmmod kvm
}

# A VM of KVM's that lives on between kvm_hold and kvm_end.
kvm_hold() {
	kvm_pipe=$(mktemp -d) && mkfifo "$kvm_pipe/in" "$kvm_pipe/out" || return 1
	timeout 120 "$one" hold <"$kvm_pipe/in" >"$kvm_pipe/out" &
	kvm_pid=$!
	exec 6>"$kvm_pipe/in" 7<"$kvm_pipe/out"
	read -r line <&7 && [ "$line" = running ]
}

kvm_end() {
	exec 6>&- 7<&-
	wait "$kvm_pid"
	kvm_status=$?
	rm -rf "$kvm_pipe"
	return "$kvm_status"
}

kvm_runs() {
	"$one"
}

# KVM's answer to KVM_CREATE_VM: EBUSY, since Linux 6.12 EIO.
kvm_refuses() {
	says=$("$one")
	[ $? = 3 ] && case $says in EBUSY | EIO) ;; *) false ;; esac || { echo "# KVM says: $says"; return 1; }
}

ward_runs() {
	hold_start 1 && hold_end
}

# ward_refused: no VM, EBUSY with a line in the log that says of whom.
ward_refused() {
	dmesg -c >/dev/null
	hold_start 1 2>/dev/null
	refusal=$line
	hold_end >/dev/null 2>&1
	case $refusal in
	*EBUSY*) ;;
	*) echo "# not EBUSY: $refusal"; return 1 ;;
	esac
	dmesg | grep -q 'ward: another hypervisor owns VMX: kvm_intel' || { dmesg | sed 's/^/# /'; return 1; }
}

held_by() {
	ward probe | grep '^VMX held by' | grep -q "$1" || { ward probe | sed 's/^/# /'; return 1; }
}

probe_says_no() {
	probe=$(ward probe)
	[ $? = 1 ] && echo "$probe" | grep -q 'cannot run now: kvm_intel holds VMX'
}

ward_hold_refused() {
	rmmod ward && dmesg -c >/dev/null || return 1
	! insmod "$ko" hold_vmx=1 2>/dev/null && [ ! -e /sys/module/ward ] &&
		dmesg | grep -q 'ward: another hypervisor owns VMX: kvm_intel' && insmod "$ko"
}

ward_held() {
	rmmod ward && insmod "$ko" hold_vmx=1 && held_by Ward
}

ward_plain() {
	rmmod ward && insmod "$ko"
}

# Ward's VM goes on while its CPU's other user comes and goes.
in_turn() {
	for turn in 1 2 3 4 5; do
		kvm_runs && ward_runs || return 1
	done
}

# Loaded without a VM: KVM does not have VMX.
idle_tests() {
	check "[$1] KVM loads" kvm_load
	check "[$1] nobody has VMX" held_by nobody
	check "[$1] KVM and Ward run in turn" in_turn
	check "[$1] KVM has a VM" kvm_hold
	check "[$1] the probe names KVM" held_by kvm_intel
	check "[$1] the probe says what to do" probe_says_no
	check "[$1] Ward refuses a VM and says why" ward_refused
	check "[$1] Ward does not load with hold_vmx" ward_hold_refused
	check "[$1] KVM's VM is unharmed" kvm_end
	check "[$1] Ward has a VM" hold_start 1
	check "[$1] KVM refuses one" kvm_refuses
	check "[$1] KVM refuses one again" kvm_refuses
	check "[$1] KVM unloads beside it" kvm_unload
	check "[$1] and loads" kvm_load
	check "[$1] Ward's VM is unharmed" hold_end
	check "[$1] KVM runs" kvm_runs
	check "[$1] Ward holds VMX from load on" ward_held
	check "[$1] KVM refuses a VM" kvm_refuses
	check "[$1] Ward gives VMX back" ward_plain
	check "[$1] KVM runs after that" kvm_runs
	check "[$1] KVM unloads" kvm_unload
	check "[$1] Ward runs" ward_runs
}

refuses_to_load() {
	! kvm_load 2>/dev/null && [ ! -e /dev/kvm ] && { rmmod kvm 2>/dev/null; true; }
}

# Loaded is holding.
eager_tests() {
	check "[$1] KVM loads" kvm_load
	check "[$1] the probe names KVM" held_by kvm_intel
	check "[$1] the probe says what to do" probe_says_no
	check "[$1] Ward refuses a VM and says why" ward_refused
	check "[$1] Ward does not load with hold_vmx" ward_hold_refused
	check "[$1] KVM runs" kvm_runs
	check "[$1] KVM unloads" kvm_unload
	check "[$1] nobody has VMX" held_by nobody
	check "[$1] Ward has a VM" hold_start 1
	check "[$1] KVM does not load" refuses_to_load
	check "[$1] Ward's VM is unharmed" hold_end
	check "[$1] KVM loads after that" kvm_load
	check "[$1] KVM runs after that" kvm_runs
	check "[$1] KVM unloads after that" kvm_unload
	check "[$1] Ward runs" ward_runs
}

kvm_options=
modprobe kvm 2>/dev/null || skip_all "there is no KVM"
at_load=no
[ ! -e /sys/module/kvm/parameters/enable_virt_at_load ] || at_load=yes
rmmod kvm
if [ $at_load = yes ]; then
	plan 37
	eager_tests "at load"
	kvm_options="enable_virt_at_load=0"
	idle_tests "enable_virt_at_load=0"
else
	plan 22
	idle_tests "loaded"
fi
finish
