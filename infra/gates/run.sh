#!/usr/bin/env bash
# Judges template.yaml by tools that this project did not write and by rules of its own. What each gate is: docs/operations/gates.md.
# Usage: infra/gates/run.sh [GATE...]      sam-validate sam-translate cfn-lint checkov guard rules parliament; all of them without a name
# Installs the tools once, outside the repository. A gate whose tool cannot run fails. Needs Go, Python 3 with venv, npm.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
tools=$(infra/gates/tools.sh)
eval "$tools"
export SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=eu-central-1 PYTHONDONTWRITEBYTECODE=1 PYTHONWARNINGS=ignore PYTHONPATH=infra/gates
exec "$GATES_VENV/bin/python" infra/gates/judge.py "$@"
