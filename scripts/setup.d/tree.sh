# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The build tree: Debian 13 with the very toolchain that the distribution's kernel is built with.

TREE_LIST=$ROOT/scripts/setup.d/tree.packages

TREE_MARK=$TREE/etc/mosix-build-tree

tree_key() { key "tree 1" "$SUITE" "@$TREE_LIST"; }

make_tree() {
	refuse_if_tree_used "the build tree has to be made anew, but cannot be"
	remove "$TREE.new"
	make_root "$TREE.new" --variant=minbase --include="$(packages "$TREE_LIST" | paste -sd,)" \
		--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright'
	# The kernel is in backports; mmdebstrap's default mirror comes without.
	if ! grep -q -- "$SUITE-backports" "$TREE.new/etc/apt/sources.list"; then
		sed -n "s/^\(deb .*\) $SUITE main\$/\1 $SUITE-backports main/p" "$TREE.new/etc/apt/sources.list" \
			>"$TREE.new/etc/apt/sources.list.d/backports.list"
	fi
	# Mount points of scripts/in-tree, and the mark by which it knows that it is inside. It names
	# the compilers: what they made is made anew when they change.
	: >>"$TREE.new/etc/resolv.conf"
	: >>"$TREE.new/etc/hosts"
	chroot "$TREE.new" sh -c 'rustc --version; bindgen --version; gcc-14 --version | head -n 1; clang --version | head -n 1' \
		>"$TREE.new/etc/mosix-build-tree"
	replace "$TREE.new" "$TREE"
}

# rustc_number: the tree's rustc as the kernel's configuration writes it (1.85.1 is 108501).
rustc_number() {
	local major minor patch
	IFS=. read -r major minor patch < <(sed -nE 's/^rustc ([0-9.]+).*/\1/p' "$TREE_MARK")
	printf '%d%03d%02d' "$major" "$minor" "$patch"
}
