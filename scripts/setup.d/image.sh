# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What a node boots: the shared read-only root file system, and a kernel with its initrd.

# shellcheck disable=SC2153 # ROOT is set by lib/common.sh
NODE_LIST=$ROOT/tests/image/packages
NODE_CUSTOMIZE=$ROOT/tests/image/customize
INITRD_INIT=$ROOT/tests/image/initrd/init
GUEST=$ROOT/tests/cluster/guest

# Modules that the initrd needs before the root file system is there; loaded in this order.
INITRD_MODULES=(virtio_blk ext4 overlay virtio_net)

node_root_key() { key "node root 1" "$SUITE" "@$NODE_LIST"; }
root_image_key() { key "root image 1" "$(node_root_key)" "@$RESOLVED" "@$NODE_CUSTOMIZE"; }
initrd_key() {
	local file
	key "initrd 1" "$1" "$2" "@$INITRD_INIT"
	find "$GUEST" -type f | sort | while read -r file; do
		printf '%s %s ' "$file" "$(stat -c %a "$file")"
		key "@$file"
	done | sha256sum
}

# make_node_root: the userland as a folder, kept so that a new kernel or another configuration of
# the node does not fetch it again.
make_node_root() {
	local new=$BUILD/node-root.new
	remove "$new"
	make_root "$new" --variant=essential --include="$(packages "$NODE_LIST" | paste -sd,)" \
		--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/info/*'
	replace "$new" "$BUILD/node-root"
}

# make_root_image: node-root, the kernel's modules (uncompressed: unpacking them is slow in an
# emulated guest) and tests/image/customize, as a read-only ext4 file system.
make_root_image() {
	local new=$BUILD/image.new lower=$BUILD/node-root blocks
	remove "$new"
	mkdir -p "$new/root" "$IMAGE"
	cp -a --reflink=auto "$lower/." "$new/root/"
	install_modules "$new/root/usr/lib/modules/$KREL"
	"$IN_TREE" depmod -b "$new/root/usr" "$KREL"
	"$NODE_CUSTOMIZE" "$new/root"
	blocks=$(du -s --apparent-size -B1M "$new/root" | cut -f1)
	"$IN_TREE" mke2fs -q -t ext4 -O ^has_journal -m 0 -L mosix-root -U 6d6f7369-782e-4b6f-8000-000000000001 \
		-E hash_seed=6d6f7369-782e-4b6f-8000-000000000002 -d "$new/root" "$new/root.img" "$((blocks * 5 / 4 + 64))M"
	"$IN_TREE" resize2fs -M "$new/root.img"
	"$IN_TREE" e2fsck -fn "$new/root.img"
	collect_modules "$new/initrd-modules" "$new/root"
	replace "$new/initrd-modules" "$IMAGE/initrd-modules"
	mv "$new/root.img" "$IMAGE/root.img"
	remove "$new"
}

# install_modules TARGET: what a virtual machine can use of the kernel's modules.
install_modules() {
	local from=$DIST/modules to=$1 dir
	mkdir -p "$to/kernel/drivers/net"
	cp "$from"/modules.* "$to/"
	for dir in arch block crypto fs kernel lib mm net security drivers/{block,char,virtio,md,net/wireguard}; do
		[[ ! -d $from/kernel/$dir ]] || cp -a "$from/kernel/$dir" "$(dirname "$to/kernel/$dir")/"
	done
	cp "$from"/kernel/drivers/net/*.ko* "$to/kernel/drivers/net/"
	rm -rf "$to"/kernel/net/{wireless,bluetooth,mac80211}
	find "$to" -name '*.ko.xz' -print0 | "$IN_TREE" xargs -0 -r -n 64 -P 2 xz -d
}

# collect_modules TARGET ROOT: INITRD_MODULES with what they need, and the order to load them in.
collect_modules() {
	local target=$1 root=$2 verb path name _
	mkdir -p "$target"
	while read -r verb path _; do
		name=${path##*/}
		[[ $verb == insmod && ! -e $target/$name ]] || continue
		cp "$path" "$target/$name"
		printf '%s\n' "$name" >>"$target/order"
	done < <("$IN_TREE" modprobe -d "$root/usr" -S "$KREL" --show-depends -a "${INITRD_MODULES[@]}")
	[[ -s $target/order ]] ||
		die "modprobe found none of ${INITRD_MODULES[*]} in kernel $KREL" "see build/logs/root-image.log"
}

# make_initrd KIND VMLINUZ MODULES: image/KIND/{vmlinuz,initrd}. A kernel that has everything
# built in gets the same initrd without modules (MODULES empty).
make_initrd() {
	local new=$IMAGE/$1.new vmlinuz=$2 modules=$3 work=$IMAGE/$1.new/work
	[[ -x $GUEST/init ]] || die "${GUEST#"$ROOT"/}/init is missing or not executable" "check the clone: git status"
	remove "$new"
	mkdir -p "$work"/{bin,dev,proc,sys,new,disk,modules,guest}
	cp "$BUILD/node-root/usr/bin/busybox" "$work/bin/"
	install -m 755 "$INITRD_INIT" "$work/init"
	cp -a "$GUEST/." "$work/guest/"
	if [[ -n $modules ]]; then cp "$modules"/* "$work/modules/"; fi
	"$IN_TREE" -C "$work" sh -c 'find . | LC_ALL=C sort | cpio --quiet -R 0:0 --reproducible -o -H newc' >"$new/initrd"
	cp "$vmlinuz" "$new/vmlinuz"
	rm -rf "$work"
	replace "$new" "$IMAGE/$1"
}
