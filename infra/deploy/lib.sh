# shellcheck shell=bash
# Shared by plan.sh, deploy.sh and destroy.sh.
#
# The settings of a deployment are a file of NAME=value lines, named by DEPLOY (default deploy.env in the root). STACK and REGION say where;
# every other name is a parameter of template.yaml. FirstStaff may name a JSON file with the first staff register. Nothing in it is secret.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
settings=${DEPLOY:-$root/deploy.env}

# fail MESSAGE: ends with 1.
fail() {
	echo "kexin: $*" >&2
	exit 1
}

# need TOOL…: ends unless every tool is there.
need() {
	local tool
	for tool in "$@"; do
		command -v "$tool" >/dev/null || fail "$tool is not installed (see docs/operations/deploy.md)"
	done
}

# setting NAME: its value, empty when it is not set. The file is read as text and never run.
setting() {
	sed -n "s/^$1=//p" "$settings" | tail -n 1 | sed -e 's/^"\(.*\)"$/\1/' -e "s/^'\(.*\)'\$/\1/"
}

# remember NAME VALUE: writes a setting back, so that the next deployment uses the same.
remember() {
	sed -i.old "/^$1=/d" "$settings"
	rm -f "$settings.old"
	printf '%s=%s\n' "$1" "$2" >>"$settings"
}

# open_settings: reads STACK and REGION, and makes the example when there is no file.
open_settings() {
	if [ ! -e "$settings" ]; then
		cp "$root/infra/deploy/example.env" "$settings"
		fail "wrote $settings: fill it in and call again"
	fi
	local unknown
	unknown=$(grep -vE '^[[:space:]]*(#|$)|^(STACK|REGION|AllowedRegions|FirstStaff)=' "$settings" | cut -d= -f1 | while read -r name; do
		known_parameters | grep -qx "$name" || echo "$name"
	done)
	[ -z "$unknown" ] || fail "$settings: no parameter of template.yaml is called $(echo "$unknown" | tr '\n' ' ')"
	stack=$(setting STACK)
	region=$(setting REGION)
	[ -n "$stack" ] && [ -n "$region" ] || fail "$settings: STACK and REGION are required"
	[ -n "$(setting OidcIssuer)" ] && [ -n "$(setting OidcAudience)" ] && [ -n "$(setting ConsoleOrigin)" ] ||
		fail "$settings: OidcIssuer, OidcAudience and ConsoleOrigin are required"
	allowed=$(setting AllowedRegions)
	[ -n "$allowed" ] || fail "$settings: AllowedRegions is required: where the company lets its data be, separated by commas"
	[[ ",$allowed," == *",$region,"* ]] || fail "$settings: REGION $region is not among AllowedRegions"
	export AWS_DEFAULT_REGION=$region AWS_REGION=$region SAM_CLI_TELEMETRY=0 AWS_PAGER=
}

# known_parameters: the names of the template's parameters.
known_parameters() {
	sed -n '/^Parameters:/,/^[A-Z][A-Za-z]*:$/p' "$root/template.yaml" | sed -n 's/^  \([A-Z][A-Za-z]*\):$/\1/p'
}

# parameters: Name=value for every parameter that is set, one a line.
parameters() {
	local name value
	for name in $(known_parameters); do
		value=$(setting "$name")
		[ -z "$value" ] || printf '%s=%s\n' "$name" "$value"
	done
}

# output NAME: an output of the stack.
output() {
	aws cloudformation describe-stacks --stack-name "$stack" --query "Stacks[0].Outputs[?OutputKey=='$1'].OutputValue | [0]" --output text
}

# physical LOGICAL_ID: the name that AWS gave to a resource of the stack.
physical() {
	aws cloudformation describe-stack-resource --stack-name "$stack" --logical-resource-id "$1" \
		--query StackResourceDetail.PhysicalResourceId --output text
}

# comply: holds the template and the region against the list of controls.
comply() {
	(cd "$root" && go run ./infra/compliance -region "$region" -allowed "$allowed") >/dev/null ||
		fail "a control fails: go run ./infra/compliance -region $region -allowed $allowed"
}

# exists: whether the stack is there at all.
exists() { aws cloudformation describe-stacks --stack-name "$stack" >/dev/null 2>&1; }

# build: the bootstraps, in .aws-sam.
build() { (cd "$root" && sam build --parallel); }
