#!/usr/bin/env bash
# Usage: infra/foreign/start.sh DIR [dynamodb] [moto] [ministack] [s3]      then: . DIR/env
# Starts AWS-compatible servers that this project did not write, on free loopback ports, waits until each answers, and writes DIR/env
# (addresses and invented credentials for the tests) and DIR/pids. Without names all four are started. Run again with the same DIR it
# keeps the servers that still answer. infra/foreign/stop.sh DIR ends them.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ $# -ge 1 ] || { sed -n '2s/^# //p' "${BASH_SOURCE[0]}" >&2; exit 2; }
mkdir -p "$1"
run=$(cd "$1" && pwd)
shift
[ $# -gt 0 ] || set -- dynamodb moto ministack s3
touch "$run/pids"

export S3SERVER_ACCESS=kexintest S3SERVER_SECRET=kexintestsecret

free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# answers PORT: whether an HTTP server answers there, with whatever status.
answers() {
	python3 - "$1" <<'PY'
import http.client, sys
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=2)
try:
    connection.request("GET", "/healthz")
    connection.getresponse().read()
except OSError:
    sys.exit(1)
PY
}

# launch NAME PORT COMMAND...: in a session of its own, so that it outlives this script, with a clean environment, since MiniStack hands
# its own to the functions that it runs.
launch() {
	local name=$1 port=$2
	shift 2
	mkdir -p "$run/$name/tmp"
	(cd "$run/$name" && exec setsid env -i PATH="$PATH" HOME="$run/$name" TMPDIR="$run/$name/tmp" \
		AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=eu-central-1 \
		"$@" >"$run/$name/log" 2>&1 </dev/null) &
	echo "$name $! $port" >>"$run/pids"
}

start_dynamodb() {
	launch dynamodb "$2" java -Djava.library.path="$1/lib" -cp "$1:$1/lib/*" LoopbackDynamoDB \
		-port "$2" -inMemory -sharedDb -disableTelemetry
}

start_moto() {
	launch moto "$2" "$1/bin/moto_server" -H 127.0.0.1 -p "$2"
}

start_ministack() {
	launch ministack "$2" env GATEWAY_PORT="$2" BIND_HOST=127.0.0.1 MINISTACK_HOST=localhost SFTP_ENABLED=0 IOT_MTLS_ENABLED=0 \
		AWS_ENDPOINT_URL="http://127.0.0.1:$2" "$1/bin/ministack"
}

start_s3() {
	launch s3 "$2" env S3SERVER_ACCESS="$S3SERVER_ACCESS" S3SERVER_SECRET="$S3SERVER_SECRET" \
		"$1/s3server" -listen "127.0.0.1:$2" -dir "$run/s3"
}

# recorded NAME FIELD: a field (2 pid, 3 port) of the last start of NAME.
recorded() {
	awk -v name="$1" -v field="$2" '$1 == name { value = $field } END { print value }' "$run/pids"
}

running() {
	local pid port
	pid=$(recorded "$1" 2) port=$(recorded "$1" 3)
	[ -n "$pid" ] && kill -0 "$pid" 2>/dev/null && answers "$port"
}

wait_for() {
	for _ in $(seq 1 150); do
		if answers "$(recorded "$1" 3)"; then return 0; fi
		if ! kill -0 "$(recorded "$1" 2)" 2>/dev/null; then break; fi
		sleep 0.2
	done
	echo "start.sh: $1 does not answer; its log:" >&2
	tail -n 20 "$run/$1/log" >&2
	return 1
}

write_env() {
	{
		port=$(recorded dynamodb 3) && [ -z "$port" ] || echo "export KEXIN_TEST_DYNAMODB=http://127.0.0.1:$port"
		port=$(recorded moto 3) && [ -z "$port" ] || echo "export KEXIN_TEST_KMS_MOTO=http://127.0.0.1:$port"
		port=$(recorded ministack 3) && [ -z "$port" ] || echo "export KEXIN_TEST_KMS_MINISTACK=http://127.0.0.1:$port"
		port=$(recorded s3 3) && [ -z "$port" ] || {
			echo "export KEXIN_TEST_S3=http://127.0.0.1:$port"
			echo "export KEXIN_TEST_S3_ACCESS=$S3SERVER_ACCESS"
			echo "export KEXIN_TEST_S3_SECRET=$S3SERVER_SECRET"
		}
	} >"$run/env"
}

for name in "$@"; do
	if running "$name"; then continue; fi
	tool=$("$here/install.sh" "$name")
	"start_$name" "$tool" "$(free_port)"
done
for name in "$@"; do
	wait_for "$name"
done
write_env
