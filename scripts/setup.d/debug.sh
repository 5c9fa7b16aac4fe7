# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The debug kernel: the stock kernel's source with every checker on (scripts/debug.config).

DEBUG_CONFIG=$ROOT/scripts/debug.config

kernel_debug_key() { key "kernel debug 1" "$ROOT" "@$TREE_MARK" "@$RESOLVED" "@$DEBUG_CONFIG"; }

# build_debug: aside, but at its final path (see prepare_stock). This takes so long that an
# interrupted build of the very same inputs is continued; make knows what is finished.
build_debug() {
	local final=$BUILD/kernel-debug new=$BUILD/kernel-debug.new key
	key=$(kernel_debug_key)
	[[ -f $new/.inputs && $(<"$new/.inputs") == "$key" ]] || remove "$new"
	mkdir -p "$new" "$final"
	if [[ ! -f $new/.inputs ]]; then
		configure_debug "$new" "$final"
		printf '%s\n' "$key" >"$new/.inputs"
	fi
	make_debug "$new" "$final" bzImage modules
	# Objects of the kernel proper are of no use to a module's build; they are most of the size.
	find "$new" \( -path "$new/scripts" -o -path "$new/tools" -o -path "$new/rust" \) -prune -o \
		\( -name '*.o' -o -name '*.a' -o -name '.*.cmd' -o -name 'vmlinux.unstripped' \) -type f -exec rm -f {} +
	replace "$new" "$final"
}

# make_debug NEW FINAL TARGET...: the kernel's make in the O= folder NEW, seen at FINAL.
make_debug() {
	local new=$1 final=$2
	shift 2
	# shellcheck disable=SC2016 # expanded inside
	"$IN_TREE" bash -ec 'mount --bind "$1" "$2"; final=$2 source=$3; shift 3
		exec nice make -C "$source" LLVM=1 O="$final" -s -j"$(nproc)" "$@"' make_debug "$new" "$final" "$BUILD/linux-$KVER" "$@"
}

configure_debug() {
	local line lost=()
	make_debug "$1" "$2" tinyconfig
	cat "$DEBUG_CONFIG" >>"$1/.config"
	make_debug "$1" "$2" olddefconfig
	while read -r line; do
		grep -qxF -e "$line" "$1/.config" || lost+=("$line")
	done < <(grep -E '^(CONFIG_|# CONFIG_.* is not set)' "$DEBUG_CONFIG")
	[[ ${#lost[@]} -eq 0 ]] ||
		die "kernel $KVER does not take these settings: ${lost[*]}" "correct scripts/debug.config (renamed symbols, missing dependencies)"
}
