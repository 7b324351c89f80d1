# SPDX-License-Identifier: GPL-2.0-only
# `make help` says what there is. Everything that is built goes below build/.

TOP := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
BUILD := $(TOP)/build

# The kernel to build for: the running one, else the first whose headers are
# installed.
KDIR ?= $(firstword $(wildcard /lib/modules/$(shell uname -r)/build) \
	$(patsubst %/Module.symvers,%,$(wildcard /usr/src/linux-headers-*/Module.symvers)))
# What uname -r says there. Debian's kernel.release says something else.
RELEASE ?= $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' \
	$(KDIR)/include/generated/utsrelease.h 2>/dev/null)

KERNEL ?= stock-6.1
KERNELS := stock-6.1 stock-6.12
HOSTS := $(KERNELS) rt-6.1 rt-6.12
# Built by the lab, with checkers on; the module then has its own on as well.
OWN_KERNELS := debug-6.1 debug-6.12 cover-6.1

PREFIX ?= /usr/local
DESTDIR ?=

# What of the tree the module is made of.
MODULE_DIRS := ept ioctl_uapi module vmcs vmx

Q := $(if $(V),,@)
MAKEFLAGS += --no-print-directory

.PHONY: all module modules user tests lab lab-files check check-quick check-long check-mutants run \
	install style clean help $(HOSTS:%=module-%) $(OWN_KERNELS:%=module-%)

all: module user

# ---------------------------------------------------------------- the module

# Object files must not land among the sources, and two kernels may be built at
# once: each build gets its own tree of real folders with links to the sources.
# Links whose source is gone are dropped, or an #include could still find them.
module:
	$(Q)if [ -z "$(KDIR)" ] || [ -z "$(RELEASE)" ]; then \
		echo "make: no kernel headers found; say which with KDIR=" >&2; exit 1; fi
	$(Q)mkdir -p $(BUILD)/$(RELEASE)/src
	$(Q)cd $(BUILD)/$(RELEASE)/src && \
		for dir in $(MODULE_DIRS); do \
			mkdir -p $$dir && \
			for file in $(TOP)/$$dir/*.[chS]; do \
				[ -e "$$file" ] || continue; \
				[ -e "$$dir/$${file##*/}" ] || ln -sf "$$file" $$dir/; \
			done; \
		done && ln -sf $(TOP)/Kbuild Kbuild && find . -xtype l -delete
	$(Q)$(MAKE) -C $(KDIR) M=$(BUILD)/$(RELEASE)/src CONFIG_DEBUG_INFO_BTF_MODULES= \
		$(if $(V),V=$(V),-s) $(KBUILD_ARGS) modules
	$(Q)cmp -s $(BUILD)/$(RELEASE)/src/ward.ko $(BUILD)/$(RELEASE)/ward.ko || \
		cp $(BUILD)/$(RELEASE)/src/ward.ko $(BUILD)/$(RELEASE)/ward.ko

modules: $(KERNELS:%=module-%)

$(HOSTS:%=module-%): module-%:
	$(Q)kdir=$$($(TOP)/tests/lab/kernel-dir $*) && $(MAKE) -f $(TOP)/Makefile module KDIR="$$kdir"

$(OWN_KERNELS:%=module-%): module-%:
	$(Q)kdir=$$($(TOP)/tests/lab/kernel-dir $*) && $(MAKE) -f $(TOP)/Makefile module KDIR="$$kdir" WARD_DEBUG=y

# --------------------------------------------------------- user space, tests

user:
	$(Q)$(MAKE) -C $(TOP)/userlib O=$(BUILD)/user

tests:
	$(Q)if [ -f $(TOP)/tests/Makefile ]; then $(MAKE) -C $(TOP)/tests O=$(BUILD)/tests; fi

lab:
	$(Q)$(TOP)/tests/packages
	$(Q)$(TOP)/tests/lab/prepare

# What tests/lab/run asks for before it boots KERNEL.
lab-files: module-$(KERNEL) user tests

check check-quick check-long: check%:
	$(Q)$(TOP)/tests/check $(patsubst -%,%,$*) $(ARGS)

check-mutants:
	$(Q)$(TOP)/tests/mutants/run $(ARGS)

run:
	$(Q)$(TOP)/tests/run-guest $(ARGS)

# ------------------------------------------------------------------- the rest

install: module
	$(Q)install -D -m 644 $(BUILD)/$(RELEASE)/ward.ko \
		$(DESTDIR)/lib/modules/$(RELEASE)/updates/ward.ko
	$(Q)install -D -m 644 $(TOP)/ioctl_uapi/ward.h $(DESTDIR)$(PREFIX)/include/ward.h
	$(Q)$(MAKE) -C $(TOP)/userlib O=$(BUILD)/user PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) install
	$(Q)[ -n "$(DESTDIR)" ] || depmod $(RELEASE)

style:
	$(Q)$(TOP)/tests/static checkpatch

clean:
	$(Q)rm -rf $(BUILD)

help:
	@echo "make             the module for the running kernel, and user space"
	@echo "make module      the module alone; KDIR=<headers> for another kernel"
	@echo "                 WARD_DEBUG=y: with checks and coverage, for a debug kernel"
	@echo "make modules     the module for each of the lab's kernels: $(KERNELS)"
	@echo "make user        libward and the ward command, in build/user"
	@echo "make lab         fetch and build what the lab needs (tests/lab)"
	@echo "make lab-files   all that a run in the lab needs; KERNEL=$(KERNEL)"
	@echo "make check       the tests; check-quick for every edit, check-long for a release"
	@echo "make check-mutants  plant bugs and see that the tests find them; ARGS= names some"
	@echo "make run         boot a guest; ARGS= are handed to tests/run-guest"
	@echo "make install     module, header, library, command; DESTDIR= PREFIX="
	@echo "make style       checkpatch"
	@echo "make clean       remove build/"
	@echo "V=1 shows the commands."
