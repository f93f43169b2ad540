#!/usr/bin/env bash
# Judges template.yaml by tools that this project did not write: SAM's own validation, and cfn-lint on the template before and after SAM
# has translated it. Installs them once, outside the repository (KEXIN_TOOLS, default ~/.cache/kexin-tools). Needs Python 3 with venv.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.."
tools=${KEXIN_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/kexin-tools}
region=eu-central-1
venv=$tools/gates-$(sha256sum "$here/requirements.txt" | cut -c1-12)
if [ ! -e "$venv/.complete" ]; then
	mkdir -p "$tools"
	rm -rf "$venv"
	python3 -m venv "$venv"
	"$venv/bin/pip" -q install -r "$here/requirements.txt"
	touch "$venv/.complete"
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=$region PATH=$venv/bin:$PATH

sam validate
sam validate --lint
python "$here/translate.py" template.yaml "$work/translated.json"
cfn-lint -t "$work/translated.json" -r "$region"
echo "template.yaml: valid, and so is what SAM makes of it"
