# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The build tree: Debian 13 with the very toolchain that the distribution's kernel is built with.

TREE_LIST=$ROOT/scripts/setup.d/tree.packages

tree_key() { key "tree 1" "$SUITE" "@$TREE_LIST"; }

make_tree() {
	refuse_if_tree_used "the build tree has to be made anew, but cannot be"
	rm -rf "$TREE.new"
	make_root "$TREE.new" --variant=minbase --include="$(packages "$TREE_LIST" | paste -sd,)" \
		--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright'
	# Mount points of scripts/in-tree, and the mark by which it knows that it is inside.
	: >>"$TREE.new/etc/resolv.conf"
	: >>"$TREE.new/etc/hosts"
	: >"$TREE.new/etc/mosix-build-tree"
	replace "$TREE.new" "$TREE"
}

# rustc_number: the tree's rustc as the kernel's configuration writes it (1.85.1 is 108501).
rustc_number() {
	local major minor patch
	IFS=. read -r major minor patch < <("$IN_TREE" rustc --version | sed -E 's/^rustc ([0-9.]+).*/\1/')
	printf '%d%02d%02d' "$major" "$minor" "$patch"
}
