# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the host must be and have, checked before anything is downloaded, and the mirror to use.

# Debian 13: the release whose kernel and toolchain are used.
SUITE=trixie

# Disk that a cold run takes at its peak, in MiB (measured; README repeats it).
# shellcheck disable=SC2034 # used by scripts/setup
NEED_TREE=3000 NEED_KERNEL=3000 NEED_IMAGE=2000 NEED_DEBUG=1500 NEED_PROGRAMS=5000

check_machine() {
	[[ $(uname -s) == Linux && $(uname -m) == x86_64 ]] ||
		die "this machine is $(uname -s) $(uname -m); mosix builds and runs on x86-64 Linux only" \
			"use an x86-64 machine with Debian 12 or 13"
	command -v dpkg apt-get | wc -l | grep -qx 2 ||
		die "this system has no dpkg and apt-get" "use Debian 12 or 13"
	[[ $(dpkg --print-architecture) == amd64 ]] ||
		die "Debian's architecture here is $(dpkg --print-architecture), not amd64" \
			"use an amd64 installation of Debian 12 or 13"
}

# check_disk MIB: refuses to begin what the disk cannot hold.
check_disk() {
	local free
	free=$(df --output=avail -BM "$BUILD" | tail -n 1 | tr -dc 0-9)
	[[ $free -ge $1 ]] ||
		die "too little disk: $1 MiB are needed below ${BUILD#"$ROOT"/}, $free MiB are free" \
			"free some space, or clone onto a larger disk"
}

# install_host_packages: mmdebstrap and the few tools that a minimal Debian may lack.
install_host_packages() {
	local package tool missing=()
	for package in mmdebstrap:mmdebstrap util-linux:unshare coreutils:sha256sum tar:tar; do
		tool=${package#*:}
		command -v "$tool" >/dev/null || missing+=("${package%:*}")
	done
	[[ -e /usr/share/keyrings/debian-archive-keyring.gpg ]] || missing+=(debian-archive-keyring)
	[[ ${#missing[@]} -gt 0 ]] || return 0
	say "installing on this host: ${missing[*]}"
	apt-get update ||
		die "apt-get update failed on this host" "check the network and the host's apt sources (log: build/logs)"
	DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}" ||
		die "apt-get could not install ${missing[*]}" "install them by hand, then run this again"
}

host_tools_present() {
	local tool
	for tool in mmdebstrap unshare sha256sum tar; do
		command -v "$tool" >/dev/null || return 1
	done
	[[ -e /usr/share/keyrings/debian-archive-keyring.gpg ]]
}

# find_mirrors: sets MIRROR and SECURITY from MOSIX_MIRROR and MOSIX_SECURITY_MIRROR, else from the
# host's own apt set-up, whose lists may have to be fetched first; both stay empty where that names
# none, and mmdebstrap's default is used.
find_mirrors() {
	MIRROR=${MOSIX_MIRROR-} SECURITY=${MOSIX_SECURITY_MIRROR-}
	read_host_mirrors
	if [[ -z $MIRROR ]]; then
		say "fetching the host's own package lists, to learn its mirror"
		apt-get update >"$LOGS/host-lists.log" 2>&1 || true
		read_host_mirrors
	fi
}

read_host_mirrors() {
	local uri suite origin
	# shellcheck disable=SC2016 # apt's own variables
	while read -r origin suite uri; do
		[[ $origin == Debian ]] || continue
		case $suite in
		*-security) SECURITY=${SECURITY:-${uri%/}} ;;
		*-updates | *-backports) ;;
		*) MIRROR=${MIRROR:-${uri%/}} ;;
		esac
	done < <(apt-get indextargets --format '$(ORIGIN) $(CODENAME) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null | sort -u)
}

# check_network: one small download over the way that all others will take.
check_network() {
	local probe=$BUILD/.probe
	[[ -n $MIRROR ]] || return 0
	rm -f "$probe"
	/usr/lib/apt/apt-helper -o Acquire::Retries=1 -o Acquire::http::Timeout=15 \
		download-file "$MIRROR/dists/$SUITE/InRelease" "$probe" >/dev/null 2>&1 ||
		die "no network, or the mirror of this host's apt set-up ($MIRROR) does not carry $SUITE" \
			"check the network and proxy (http_proxy), or name a full mirror: MOSIX_MIRROR=http://... $PROGRAM"
	rm -f "$probe"
}

# apt_options: the apt settings of the host that a tree must inherit to reach the mirror.
apt_options() {
	local name value
	for name in Acquire::http::Proxy Acquire::https::Proxy Acquire::https::CaInfo; do
		value=
		eval "$(apt-config shell value "$name")"
		[[ -z $value ]] || printf '%s\n' "--aptopt=$name \"$value\""
	done
}

# make_root TARGET OPTION...: a Debian root made with mmdebstrap.
make_root() {
	local target=$1 lines=()
	shift
	if [[ -n $MIRROR ]]; then
		lines+=("deb $MIRROR $SUITE main" "deb $MIRROR $SUITE-updates main" "deb $MIRROR $SUITE-backports main")
		[[ -z $SECURITY ]] || lines+=("deb $SECURITY $SUITE-security main")
	fi
	local options=()
	mapfile -t options < <(apt_options)
	# Without this program's own descriptors: mmdebstrap names its own to dash, which knows one digit.
	mmdebstrap --mode=root --format=directory --architectures=amd64 --skip=output/dev \
		"${options[@]}" "$@" "$SUITE" "$target" "${lines[@]}" 3>&- 4>&- 9>&-
}
