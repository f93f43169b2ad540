#!/usr/bin/env bash
# Fires generated requests at every operation of a started embedded server, as three members of staff with different rights, and fails on
# any answer of 5xx or any answer that the OpenAPI document does not describe. The tool comes into a virtual environment outside the
# repository.
# Usage: infra/gates/schemathesis.sh [WORKDIR]      without WORKDIR: a new one that is removed at the end. Needs Go and Python 3 with venv.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

version=4.32.5
examples=${KEXIN_SCHEMATHESIS_EXAMPLES:-30}
unset KEXIN_SCHEMATHESIS_EXAMPLES # the server refuses settings that it does not know

made=""
work=${1:-}
[ -z "$work" ] || mkdir -p "$work"
[ -n "$work" ] || { work=$(mktemp -d) && made=$work; }
server=""
finish() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || true
	[ -z "$server" ] || wait "$server" 2>/dev/null || true
	[ -z "$made" ] || rm -rf "$made"
}
trap finish EXIT

venv=$work/schemathesis-$version
if [ ! -x "$venv/bin/st" ]; then
	python3 -m venv "$venv"
	"$venv/bin/pip" install -q --disable-pip-version-check "schemathesis==$version" >"$work/pip.log" 2>&1 || { tail -n 40 "$work/pip.log"; exit 1; }
fi

# The server, on a port that is free now, with a demonstration's data of its own.
go build -o "$work/kexin-local" ./infra/local
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
base=http://127.0.0.1:$port
rm -rf "$work/data"
env -i PATH="$PATH" HOME="$work" KEXIN_DEMO=1 KEXIN_FORM_RATE=1000000 KEXIN_DATA="$work/data" KEXIN_ADDR="127.0.0.1:$port" \
	"$work/kexin-local" >"$work/server.out" 2>"$work/server.log" &
server=$!
for _ in $(seq 1 150); do
	curl -s -f -m 2 -o "$work/openapi.json" "$base/openapi.json" && break
	kill -0 "$server" 2>/dev/null || break
	sleep 0.2
done
[ -s "$work/openapi.json" ] || { echo "the server did not start"; tail -n 20 "$work/server.out" "$work/server.log"; exit 1; }

failed=0
for subject in admin clerk manager; do
	token=$(curl -s -f -m 10 -H 'Content-Type: application/json' -d "{\"subject\": \"$subject\"}" "$base/dev/token" |
		python3 -c 'import json, sys; print(json.load(sys.stdin)["token"])')
	log=$work/schemathesis-$subject.log
	(cd "$work" && "$venv/bin/st" run "$work/openapi.json" --url "$base" --header "Authorization: Bearer $token" \
		--phases examples,coverage,fuzzing --max-examples "$examples" --generation-deterministic --workers 1 --no-color \
		--checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance \
		--request-timeout 20 --suppress-health-check all --warnings off) >"$log" 2>&1 || failed=1
	if [ "$failed" != 0 ]; then
		echo "as $subject:"
		sed "s/$token/TOKEN/g" "$log" | tail -n 150
		exit 1
	fi
	grep -E '^ *(Test cases|Operations|.* passed)' "$log" | sed "s/^/$subject: /" || true
done

# Whatever schemathesis made of it: the server's own log knows of no failure either.
if grep -E '"status":5[0-9][0-9]|"level":"ERROR"' "$work/server.log"; then
	echo "the server answered 5xx or logged an error"
	exit 1
fi
kill -0 "$server" || { echo "the server ended"; exit 1; }
