#!/usr/bin/env bash
# Proves the roles of the template as SAM translates it: what was recorded is allowed, what is forbidden is denied, two evaluators agree, and
# the report is up to date. Installs iam-simulate and the translator once, outside the repository (KEXIN_TOOLS, default ~/.cache/kexin-tools).
# Needs Go, Node with npm, and Python 3 with venv.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.."
tools=${KEXIN_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/kexin-tools}
mkdir -p "$tools"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# fill DIR COMMAND...: runs the command that fills DIR, unless it is complete.
fill() {
	local dir=$1
	shift
	[ -e "$dir/.complete" ] && return
	rm -rf "$dir"
	mkdir -p "$dir"
	"$@" >"$work/install.log" 2>&1 || { tail -n 40 "$work/install.log"; return 1; }
	touch "$dir/.complete"
}

install_simulator() {
	cp "$here/tools/package.json" "$here/tools/package-lock.json" "$simulator"
	(cd "$simulator" && npm ci --ignore-scripts --no-audit --no-fund)
}

install_translator() {
	python3 -m venv "$translator"
	"$translator/bin/pip" -q install -r "$here/../gates/requirements.txt"
}

simulator=$tools/simulator-$(sha256sum "$here/tools/package-lock.json" | cut -c1-12)
translator=$tools/gates-$(sha256sum "$here/../gates/requirements.txt" | cut -c1-12)
(
	flock 9
	fill "$simulator" install_simulator
	fill "$translator" install_translator
) 9>"$tools/.lock"

AWS_DEFAULT_REGION=eu-central-1 "$translator/bin/python" infra/gates/translate.py template.yaml "$work/translated.json"
log=$work/test.log
KEXIN_TEST_TRANSLATED=$work/translated.json KEXIN_TEST_SIMULATOR=$simulator KEXIN_TEST_LINKED=1 \
	go test -v -count=1 -timeout 20m ./infra/privileges "$@" >"$log" 2>&1 || { grep -E -B 2 -A 30 '_test.go:|^--- FAIL|^FAIL|^panic' "$log" | tail -n 120; exit 1; }
if grep -n 'not configured' "$log"; then
	echo "a part of the proof did not run"
	exit 1
fi
grep -E '^ +[a-z_]+_test.go:|^ok' "$log"
