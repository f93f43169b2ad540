#!/usr/bin/env bash
# Plants faults in copies of template.yaml, one at a time, and fails unless each turns its gate red: infra/gates/faults.yaml.
# Usage: infra/gates/faults.sh [--update]      --update writes the table of docs/operations/gates.md
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
tools=$(infra/gates/tools.sh)
eval "$tools"
export SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=eu-central-1 PYTHONDONTWRITEBYTECODE=1 PYTHONWARNINGS=ignore PYTHONPATH=infra/gates
exec "$GATES_VENV/bin/python" infra/gates/faults.py "$@"
