# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The stock kernel: which one, its packages, and a build tree with the Rust metadata that the
# distribution's headers package leaves out.

KERNEL_SERIES=7.2
KERNEL_FLAVOUR=deb13-amd64
KERNEL_CC=x86_64-linux-gnu-gcc-14
RESOLVED=$BUILD/resolved
DIST=$BUILD/kernel-dist # of the packages: config, Module.symvers, vmlinuz, modules/

kernel_packages_key() { key "kernel packages 2" "$SUITE" "$KERNEL_SERIES" "$KERNEL_FLAVOUR"; }
kernel_stock_key() { key "kernel stock 1" "$ROOT" "@$TREE_MARK" "@$RESOLVED"; }

# resolve_kernel: sets KVER, KREL and DEBVER to the newest kernel of the series of which the archive
# has every part in one and the same version.
resolve_kernel() {
	local release version
	while read -r release; do
		version=$("$IN_TREE" apt-cache madison "linux-headers-$release" | awk '{ print $3; exit }')
		[[ -n $version ]] || continue
		if "$IN_TREE" apt-cache madison "linux-source-$KERNEL_SERIES" | awk '{ print $3 }' | grep -qxF "$version"; then
			KREL=$release KVER=${release%%+*} DEBVER=$version
			return
		fi
	done < <("$IN_TREE" apt-cache pkgnames linux-headers- | sed 's/^linux-headers-//' |
		grep -E "^${KERNEL_SERIES//./\\.}(\.[0-9]+)?\+${KERNEL_FLAVOUR}\$" | sort -rV)
	die "the archive has no complete kernel $KERNEL_SERIES.x+$KERNEL_FLAVOUR (headers, image and source of one version)" \
		"it may have moved on: set KERNEL_SERIES in scripts/setup.d/kernel.sh to one that $SUITE-backports carries"
}

# fetch_kernel: resolves, downloads and unpacks; build/resolved is written last.
fetch_kernel() {
	local new=$BUILD/kernel-packages.new package source
	"$IN_TREE" apt-get -o APT::Sandbox::User=root update ||
		die "the package lists cannot be fetched" "check the network and proxy, then run this again"
	resolve_kernel
	say "               newest $KERNEL_SERIES.x in the archive: $KREL ($DEBVER)"
	remove "$new"
	mkdir -p "$new/debs" "$new/root" "$new/dist/modules"
	for package in "linux-base-$KREL" "linux-headers-$KREL" "linux-binary-$KREL" "linux-modules-$KREL" "linux-source-$KERNEL_SERIES"; do
		"$IN_TREE" -C "$new/debs" apt-get -o APT::Sandbox::User=root download "$package=$DEBVER" ||
			die "$package $DEBVER cannot be downloaded" \
				"check the network; if the archive has just moved on, run this again: it resolves anew"
		"$IN_TREE" dpkg-deb -x "$new/debs/${package}_"*.deb "$new/root"
		rm -f "$new/debs/${package}_"*.deb
	done
	cp "$new/root/usr/src/linux-headers-$KREL/.config" "$new/dist/config"
	cp "$new/root/usr/src/linux-headers-$KREL/Module.symvers" "$new/dist/"
	cp "$new/root/usr/lib/modules/$KREL/vmlinuz" "$new/dist/"
	mv -T "$new/root/usr/lib/modules/$KREL/kernel" "$new/dist/modules/kernel"
	cp "$new/root/usr/lib/modules/$KREL/modules."{builtin,builtin.modinfo,order} "$new/dist/modules/"
	source=$new/linux
	mkdir "$source"
	"$IN_TREE" tar -xf "$new/root/usr/src/linux-source-$KERNEL_SERIES.tar.xz" -C "$source" --strip-components=1
	# Other architectures, manuals and the register lists of one GPU are a third of it; the
	# configuration still has to find every Kconfig.
	find "$source"/arch/*/ "$source"/Documentation "$source"/drivers/gpu/drm/amd/include "$source"/tools/testing \
		-type f ! -path "$source/arch/x86/*" ! -name 'Kconfig*' ! -name 'Makefile*' ! -name Kbuild -delete
	rm -f "$RESOLVED"
	replace "$new/dist" "$DIST"
	rm -rf "$BUILD"/linux-[0-9]*
	mv -T "$source" "$BUILD/linux-$KVER"
	rm -rf "$new" "$TREE"/var/lib/apt/lists/* "$TREE"/var/cache/apt/*.bin
	printf 'KVER=%s\nKREL=%s\nDEBVER=%s\n' "$KVER" "$KREL" "$DEBVER" >"$RESOLVED.new"
	mv "$RESOLVED.new" "$RESOLVED"
}

# check_toolchain CONFIG: Rust metadata is only readable by the compiler that made it, and the
# kernel's symbols carry its hashes.
check_toolchain() {
	local have want
	have=$(rustc_number)
	want=$(sed -n 's/^CONFIG_RUSTC_VERSION=//p' "$1")
	[[ -n $want ]] ||
		die "kernel $KREL was built without Rust (no CONFIG_RUSTC_VERSION)" "use a kernel with CONFIG_RUST=y"
	[[ $have == "$want" ]] ||
		die "the build tree's rustc is $have, but kernel $KREL was built with $want" \
			"the archive's compiler or kernel moved: wait until both match again, or pin the kernel in scripts/setup.d/kernel.sh"
}

# prepare_stock: the kernel's O= tree with rust/*.rmeta. It is built aside but at its final path
# (a private bind mount), since kbuild writes that path into what it makes.
prepare_stock() {
	local final=$BUILD/kernel-stock new=$BUILD/kernel-stock.new
	check_toolchain "$DIST/config"
	remove "$new"
	mkdir -p "$new" "$final"
	cp "$DIST/config" "$new/.config"
	cp "$DIST/Module.symvers" "$new/"
	# shellcheck disable=SC2016 # expanded inside
	"$IN_TREE" bash -ec 'mount --bind "$1" "$2"; shift; exec make -C "$2" O="$1" CC="$3" KERNELRELEASE="$4" \
		-j"$(nproc)" olddefconfig modules_prepare' prepare "$new" "$final" "$BUILD/linux-$KVER" "$KERNEL_CC" "$KREL"
	[[ -f $new/rust/libkernel.rmeta ]] ||
		die "the kernel's build made no rust/libkernel.rmeta" "see build/logs/kernel-stock.log for what rust_is_available said"
	replace "$new" "$final"
}
