# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What every script here shares: where things lie, messages, and atomic cached steps.
# Sourced by scripts that have set -euo pipefail.

# shellcheck disable=SC2034 # used by the scripts that source this file
{
	ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
	BUILD=$ROOT/build
	TREE=$BUILD/tree
	IMAGE=$BUILD/image
	STAMPS=$BUILD/stamps
	LOGS=$BUILD/logs
	IN_TREE=$ROOT/scripts/in-tree
}
PROGRAM=$(basename "$0")

# say TEXT: one line for the user, also while a step's output goes to its log.
exec 3>&1 4>&2
say() { printf '%s: %s\n' "$PROGRAM" "$*" >&3; }

# die CAUSE CURE [STATUS]: ends the program with the reason and the way out.
die() {
	printf '%s: error: %s\n' "$PROGRAM" "$1" >&4
	printf '  cure: %s\n' "$2" >&4
	DIED=1
	exit "${3:-1}"
}

# become_root ARG...: goes on as root, through sudo where need be. ARG... are the script's own.
become_root() {
	[[ $EUID -ne 0 ]] || return 0
	command -v sudo >/dev/null ||
		die "this needs root (it makes chroots and mounts), and there is no sudo" \
			"run it as root, or install sudo and allow it for $(id -un)"
	local name vars=()
	for name in $(compgen -e | grep -E -x 'MOSIX_[A-Z0-9_]+|(https?|ftp|no)_proxy|SSL_CERT_FILE|CI|TERM' || true); do
		vars+=("$name=${!name}")
	done
	exec sudo env "${vars[@]}" "$(readlink -f "$0")" "$@"
}

# key TEXT...: one hash of texts, and of the contents of those that name files (@FILE).
key() {
	local arg
	for arg in "$@"; do
		if [[ $arg == @* ]]; then cat "${arg#@}"; else printf '%s\n' "$arg"; fi
	done | sha256sum | cut -d' ' -f1
}

# is_done STEP KEY: whether the step was completed from these very inputs.
is_done() { [[ -f $STAMPS/$1 && $(<"$STAMPS/$1") == "$2" ]]; }

# step STEP KEY TITLE COMMAND...: runs COMMAND unless the stamp says that it was done from the
# same inputs. COMMAND builds aside and renames; the stamp is written last, so an interrupted
# step is simply done again. Its output goes to build/logs/STEP.log.
step() {
	local name=$1 key=$2 title=$3 begin=$EPOCHREALTIME
	shift 3
	if is_done "$name" "$key"; then
		say "$(printf '%-14s cached' "$name")"
		return
	fi
	say "$(printf '%-14s %s ...' "$name" "$title")"
	mkdir -p "$STAMPS" "$LOGS"
	rm -f "$STAMPS/$name"
	STEP=$name
	"$@" >"$LOGS/$name.log" 2>&1
	STEP=
	printf '%s\n' "$key" >"$STAMPS/$name.new"
	mv "$STAMPS/$name.new" "$STAMPS/$name"
	say "$(printf '%-14s done in %s s' "$name" "$(seconds_since "$begin")")"
}

# seconds_since EPOCHREALTIME: elapsed seconds with one decimal.
seconds_since() {
	local us=$((${EPOCHREALTIME/[.,]/} - ${1/[.,]/}))
	printf '%d.%d' $((us / 1000000)) $((us / 100000 % 10))
}

# report_failure: EXIT trap; a step that failed without a die() of its own shows its log's end.
report_failure() {
	local status=$?
	[[ $status -ne 0 && -n ${STEP-} && -z ${DIED-} ]] || return 0
	if [[ $status -ge 128 ]]; then
		say "$STEP interrupted; run it again, it starts this step afresh"
		return 0
	fi
	printf '%s: error: step %s failed (status %s); the end of its log:\n' "$PROGRAM" "$STEP" "$status" >&4
	tail -n 15 "$LOGS/$STEP.log" | sed 's/^/  | /' >&4
	printf '  cure: see %s; run it again, finished steps are kept\n' "${LOGS#"$ROOT"/}/$STEP.log" >&4
}
STEP=
trap report_failure EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# remove PATH...: and nothing that may still be mounted below, as a killed run may leave it.
remove() { rm -rf --one-file-system "$@"; }

# replace NEW OLD: puts the folder or file NEW in OLD's place.
replace() {
	remove "$2.old"
	if [[ -e $2 ]]; then mv -T "$2" "$2.old"; fi
	mv -T "$1" "$2"
	remove "$2.old"
}

# packages FILE: the words of a list that has # comments.
packages() { sed 's/#.*//' "$1" | tr -s ' \t\n' '\n' | sed '/^$/d'; }

# tree_users: the pids that run inside the build tree (a cluster's QEMU processes, a build).
tree_users() {
	local proc
	[[ -d $TREE ]] || return 0
	for proc in /proc/[0-9]*; do
		if [[ $proc/root -ef $TREE ]]; then printf '%s\n' "${proc#/proc/}"; fi
	done
}

# refuse_if_tree_used WHAT: the tree may not go away below a running cluster.
refuse_if_tree_used() {
	local users
	users=$(tree_users | head -n 5 | tr '\n' ' ')
	[[ -z $users ]] ||
		die "$1 while programs run in the build tree (pids $users...)" \
			"end builds, and stop clusters with 'scripts/cluster down --all'"
}
