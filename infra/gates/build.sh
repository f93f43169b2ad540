#!/usr/bin/env bash
# Builds every function as a deployment does, in a clean copy of the repository's files, and fails unless each gave a program for the
# template's machine.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
tools=$(infra/gates/tools.sh)
eval "$tools"
export SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=eu-central-1 PATH=$GATES_VENV/bin:$PATH
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$copy"
cd "$copy"
sam build --parallel >"$copy/sam.log" 2>&1 || { tail -n 60 "$copy/sam.log"; exit 1; }
mapfile -t functions < <(sed -n 's/^build-\(.*\):$/\1/p' infra/build.mk)
[ ${#functions[@]} -ge 10 ] || { echo "only ${#functions[@]} functions to build"; exit 1; }
for function in "${functions[@]}"; do
	# 02 00 3e 00 would be amd64; b7 is arm64
	machine=$(od -An -tx1 -j18 -N2 ".aws-sam/build/$function/bootstrap" | tr -d ' ')
	[ "$machine" = b700 ] || { echo "$function: no program for arm64 ($machine)"; exit 1; }
	[ "$(find ".aws-sam/build/$function" -type f | wc -l)" = 1 ] || { echo "$function: more than its program is deployed"; exit 1; }
done
echo "${#functions[@]} functions built"
