#!/usr/bin/env bash
# Usage: infra/foreign/stop.sh DIR
# Ends the servers that start.sh DIR started, by their recorded process ids, and removes DIR/pids and DIR/env.
set -euo pipefail
[ $# -eq 1 ] || { sed -n '2s/^# //p' "${BASH_SOURCE[0]}" >&2; exit 2; }
[ -e "$1/pids" ] || exit 0

# ours PID: whether the process still is one of those that start.sh started, and not a later one with the same id.
ours() {
	tr '\0' '\n' <"/proc/$1/environ" 2>/dev/null | grep -qx "HOME=$2"
}

run=$(cd "$1" && pwd)
while read -r name pid _; do
	if ours "$pid" "$run/$name"; then kill "$pid" 2>/dev/null || true; fi
done <"$run/pids"
rm -f "$run/pids" "$run/env"
