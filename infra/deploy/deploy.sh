#!/usr/bin/env bash
# Deploys template.yaml as the settings say, and goes on where an earlier call ended: builds, deploys, pins the manifest's key in a second
# step, makes the first manifest, writes the first staff register, and lets kexin doctor look at the result.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need aws sam go base32
open_settings
aws sts get-caller-identity --query Arn --output text || fail "no credentials: sign in to AWS first"
cd "$root"

if [ -z "$(setting Deployment)" ]; then
	! exists || fail "$settings: Deployment is empty, but the stack is there; write its parameter Deployment back before anything else"
	remember Deployment "dep_$(head -c 16 /dev/urandom | base32 | tr -d '=\n' | tr '[:upper:]' '[:lower:]')"
fi

apply() {
	local overrides
	mapfile -t overrides < <(parameters)
	sam deploy --stack-name "$stack" --region "$region" --resolve-s3 --capabilities CAPABILITY_NAMED_IAM CAPABILITY_AUTO_EXPAND \
		--no-confirm-changeset --no-fail-on-empty-changeset --parameter-overrides "${overrides[@]}"
}

comply
build
apply

if [ -z "$(setting ManifestKey)" ]; then
	echo "second step: the public half of the manifest's key becomes a parameter"
	remember ManifestKey "$(aws kms get-public-key --key-id "$(output ManifestKeyId)" --query PublicKey --output text)"
	apply
fi

# invoke LOGICAL_ID FILE: calls a function and fails when it does.
invoke() {
	local answer failed
	answer=$(mktemp)
	failed=$(aws lambda invoke --function-name "$(physical "$1")" --cli-binary-format raw-in-base64-out --payload "file://$2" \
		--query FunctionError --output text "$answer")
	cat "$answer"
	echo
	rm -f "$answer"
	[ "$failed" = None ] || [ -z "$failed" ] || return 1
}

echo "manifest:"
invoke RotateKeys events/rotate-keys.daily.json || fail "rotate-keys failed: no function can seal yet; see its log"

staff=$(setting FirstStaff)
if [ -n "$staff" ]; then
	echo "first staff register:"
	invoke FoundRegister "$staff" || fail "found-register refused (see above)"
	remember FirstStaff ""
fi

listed=$(mktemp)
trap 'rm -f "$listed"' EXIT
aws lambda list-functions --output json >"$listed"
go run ./cmd/kexin doctor --functions "$listed" --url "$(output Address)"
echo "deployed: $(output Address)"
