#!/usr/bin/env bash
# Usage: infra/emulated/run.sh [DIR]
# Deploys template.yaml onto an emulator on this machine and walks the main job over its HTTP API, with what goes wrong on AWS going wrong:
# docs/operations/emulated.md. Everything listens on loopback and ends with the test. Logs stay in DIR (default: a new temporary folder,
# which is removed when all went well). Needs Go and Python 3 with venv; the tools are installed once, outside the repository.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.."
limit=${KEXIN_EMULATED_LIMIT:-600} # seconds
if [ $# -ge 1 ]; then
	mkdir -p "$1"
	work=$(cd "$1" && pwd)
else
	work=$(mktemp -d)
fi

ministack=$(infra/foreign/install.sh ministack)
s3=$(infra/foreign/install.sh s3)
settings=$(infra/gates/tools.sh)
eval "$settings"

echo "MiniStack $("$ministack/bin/pip" list --format=freeze | sed -n 's/^ministack==//p'), aws-sam-translator $("$GATES_VENV/bin/pip" list --format=freeze | sed -n 's/^aws-sam-translator==//p'), boto3 $("$ministack/bin/pip" list --format=freeze | sed -n 's/^boto3==//p'), versitygw $(sed -n 's|.*versity/versitygw \(v[0-9.]*\).*|\1|p' infra/foreign/s3server/go.mod)"
"$ministack/bin/python" -B -m unittest discover -q -s infra/emulated
AWS_DEFAULT_REGION=eu-central-1 "$GATES_VENV/bin/python" infra/gates/translate.py template.yaml "$work/translated.json"
if ! KEXIN_TEST_EMULATED_MINISTACK=$ministack KEXIN_TEST_EMULATED_S3=$s3 KEXIN_TEST_EMULATED_TEMPLATE=$work/translated.json KEXIN_TEST_EMULATED_WORK=$work \
	timeout "$limit" go test -count=1 -timeout "$((limit - 5))s" -run '^TestEmulatedDeployment$' -v ./e2e/walk >"$work/test.log" 2>&1; then
	grep -vE '^\s+(commands|testscript)' "$work/test.log" | tail -n 150
	echo "logs: $work" >&2
	exit 1
fi
grep -q '^--- PASS: TestEmulatedDeployment' "$work/test.log" || { echo "the test did not run" >&2; exit 1; }
if grep -q 'nobody asked' "$work/test.log"; then
	echo "the test found no servers" >&2
	exit 1
fi
grep -E '^ +--- PASS: TestEmulatedDeployment/[^/ ]+ |cold starts:|^ok' "$work/test.log"
[ $# -ge 1 ] || rm -rf "$work"
