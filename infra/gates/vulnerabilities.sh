#!/usr/bin/env bash
# vulnerabilities.sh DIR TICKETS [GOVULNCHECK-FLAG…]: looks for known vulnerabilities in what the module in DIR calls, and keeps a ticket
# with a deadline for each in TICKETS. Exits with 1 while one is open. CI calls it on every change and should call it every night.
set -euo pipefail
dir=$1 tickets=$2
shift 2
checker=${KEXIN_TEST_WORK:-}/bin/govulncheck
[ -x "$checker" ] || checker=govulncheck
findings=$(mktemp)
trap 'rm -f "$findings"' EXIT
(cd "$dir" && "$checker" -format json "$@" ./...) >"$findings"
go run ./infra/tickets -file "$tickets" <"$findings"
