#!/usr/bin/env bash
# Installs the foreign servers that are named (dynamodb moto ministack s3) outside the repository, once, and prints the folder of the
# tools. A tool's folder is named after a digest of what it is made from, and marked as complete last, so that an interrupted
# installation is done again.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tools=${KEXIN_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/kexin-tools}
mkdir -p "$tools"

# place NAME SOURCE... prints the folder that belongs to the tool NAME made from the files SOURCE.
place() {
	local name=$1
	shift
	printf '%s/%s-%s\n' "$tools" "$name" "$(cat "$@" | sha256sum | cut -c1-12)"
}

fill_dynamodb() {
	mvn -B -q -f "$here/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
		-DincludeScope=runtime -DoutputDirectory="$1/lib"
	javac -cp "$1/lib/*" -d "$1" "$here/LoopbackDynamoDB.java"
}

fill_python() {
	python3 -m venv "$1"
	"$1/bin/pip" -q install -r "$2"
}

fill_s3() {
	(cd "$here/s3server" && go build -o "$1/s3server" .)
}

# install NAME: does nothing when the tool is in place.
install() {
	local name=$1 dir
	case $name in
	dynamodb) dir=$(place dynamodb "$here/pom.xml" "$here/LoopbackDynamoDB.java") ;;
	moto | ministack) dir=$(place "$name" "$here/requirements-$name.txt") ;;
	s3) dir=$(place s3server "$here/s3server/main.go" "$here/s3server/go.mod" "$here/s3server/go.sum") ;;
	*) echo "install.sh: no server called $name" >&2 && return 2 ;;
	esac
	if [ ! -e "$dir/.complete" ]; then
		echo "installing $name" >&2
		rm -rf "$dir"
		mkdir -p "$dir"
		case $name in
		dynamodb) fill_dynamodb "$dir" ;;
		moto | ministack) fill_python "$dir" "$here/requirements-$name.txt" ;;
		s3) fill_s3 "$dir" ;;
		esac >&2
		touch "$dir/.complete"
	fi
	echo "$dir"
}

# One installation at a time; later ones find it done.
exec 9>"$tools/.lock"
flock 9
for name in "$@"; do
	install "$name"
done
