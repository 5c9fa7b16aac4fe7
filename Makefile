# SPDX-License-Identifier: GPL-2.0
#
# For people; the kernel's build system reads Kbuild instead. Everything is made below build/,
# inside a Debian 13 tree of its own, so that the host needs no compiler.

SHELL := /bin/bash
.DEFAULT_GOAL := all
MAKEFLAGS += --no-print-directory

IN_TREE := scripts/in-tree
TIMED := scripts/timed
CARGO := $(IN_TREE) cargo
FUZZ_SECONDS ?= 60
DESTDIR ?=
# V=1 shows the compilers' command lines.
KBUILD_ARGS := $(if $(V),V=$(V))

.PHONY: all help setup setup-base setup-debug module module-debug tools demo test test-debug test-long check \
	host-test fuzz bench bench-links bench-mfs doc fmt clippy install clean distclean

all: module tools ## the module for the stock kernel, and the tools (default)

help: ## this list
	@sed -nE 's/^([a-z-]+):.* ## (.*)/  \1\t\2/p' Makefile | expand -t 16

setup: ## the build tree, the kernel's source and the nodes' image (once)
	@scripts/setup image

setup-base:
	@scripts/setup base

setup-debug: ## the debug kernel, too (10 to 20 minutes, once)
	@scripts/setup debug

ifdef KDIR
module: ## build/module-stock/mosix.ko; with KDIR=... build/module-custom for a tree of one's own
	@$(TIMED) module scripts/build-module custom $(KDIR) modules $(KBUILD_ARGS)
else
module: setup-base
	@$(TIMED) module scripts/build-module stock modules $(KBUILD_ARGS)
endif

module-debug: setup-debug ## build/module-debug/mosix.ko for the debug kernel
	@$(TIMED) module-debug scripts/build-module debug modules $(KBUILD_ARGS)

tools: setup-base ## the mosix command, its manual, and the cluster harness
	@$(TIMED) tools scripts/build-tools

demo: setup module tools ## two nodes that join, share files, and lose one another
	@$(TIMED) demo $(IN_TREE) scripts/demo

test: setup ## everything that has to pass: check, host tests, fuzz, cluster tests
	@$(TIMED) test scripts/test stock

test-debug: setup-debug ## the cluster tests on the debug kernel
	@$(TIMED) test-debug scripts/test debug

test-long: setup ## the cluster tests with more and larger work: large trees and directories, long random runs
	@$(TIMED) test-long scripts/test long

check: setup-base ## formatting, lints, and the project's own rules
	@$(TIMED) check scripts/check

host-test: setup-base ## tests of the pure code and the tools, without a cluster
	@$(TIMED) host-test scripts/test host

fuzz: setup-base ## each decoder's fuzz target for FUZZ_SECONDS (60)
	@$(TIMED) fuzz scripts/test fuzz $(FUZZ_SECONDS)

bench: bench-links bench-mfs ## all measurements; the results go to docs/bench

bench-links: setup module tools ## what links cost in each integrity mode, next to bare TCP
	@$(TIMED) bench-links scripts/bench-links

bench-mfs: setup module tools ## MFS next to local ext4 and NFSv4.2: PostMark, streams, rates
	@$(TIMED) bench-mfs scripts/bench-mfs

doc: setup-base ## the module's and the host crates' rustdoc below build/doc
	@$(TIMED) doc scripts/doc

fmt: setup-base ## formats every Rust file
	@scripts/check --fix rustfmt

clippy: setup-base ## lints of module and host crates
	@$(TIMED) clippy scripts/check clippy

install: module tools ## module, command, manual and completions, below DESTDIR
	@$(TIMED) install scripts/install "$(DESTDIR)" "$(KDIR)"

clean: ## removes what was built from this project; the build tree and image stay
	@scripts/clean clean

distclean: ## removes build/
	@scripts/clean distclean
