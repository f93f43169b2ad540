#!/usr/bin/env bash
# Installs the tools of the gates outside the repository, once, and prints where they are as settings of a shell. Every file that is
# installed has a digest in this folder. Needs Python 3 with venv, and npm (for a package that carries the binary of cfn-guard).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tools=${KEXIN_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/kexin-tools}
mkdir -p "$tools"
guard_package=@cdklabs/cdk-validator-cfnguard@0.0.62
guard_sha512=4a0da4f34ebb07400827cd901522e11d3508ab13984ca001bd5ad31e2c9cea3d2b136347962d9d88862a7fec3e0e4b8328261880c20e81adcead830e1d4c3499

# python NAME REQUIREMENTS prints the folder of a virtual environment with exactly those packages. Checkov has one of its own: beside
# sam it would be resolved to a version of years ago.
python() {
	local dir
	dir=$tools/$1-$(sha256sum "$here/$2" | cut -c1-12)
	if [ ! -e "$dir/.complete" ]; then
		echo "installing $1" >&2
		rm -rf "$dir"
		python3 -m venv "$dir" >&2
		"$dir/bin/pip" -q --disable-pip-version-check install --require-hashes --no-deps -r "$here/$2" >&2
		touch "$dir/.complete"
	fi
	echo "$dir"
}

# guard prints the path of cfn-guard. Scripts of the package are not run; only the binary for this machine is taken out of it.
guard() {
	local dir machine
	dir=$tools/guard-${guard_sha512:0:12}
	machine=$(uname -m)
	if [ ! -e "$dir/.complete" ]; then
		echo "installing cfn-guard" >&2
		rm -rf "$dir"
		mkdir -p "$dir"
		(cd "$dir" && npm pack --silent --ignore-scripts "$guard_package" >&2)
		echo "$guard_sha512  $(echo "$dir"/*.tgz)" | sha512sum --check --quiet - >&2
		tar -xzf "$dir"/*.tgz -C "$dir" --strip-components=4 "package/bin/ubuntu/$machine/cfn-guard"
		rm "$dir"/*.tgz
		touch "$dir/.complete"
	fi
	echo "$dir/cfn-guard"
}

# One installation at a time; later ones find it done.
exec 9>"$tools/.lock-gates"
flock 9
gates=$(python gates requirements.txt)
checkov=$(python checkov requirements-checkov.txt)
cfn_guard=$(guard)
printf 'export GATES_VENV=%q CHECKOV_VENV=%q CFN_GUARD=%q\n' "$gates" "$checkov" "$cfn_guard"
