#!/usr/bin/env bash
# Says what a deployment would change, and changes nothing: a change set is made, printed and deleted. Resources that would be replaced
# or removed are named last, because a replaced table is an empty one.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need aws sam go
open_settings
comply
build
cd "$root"
[ -n "$(setting Deployment)" ] || echo "Deployment: drawn by make deploy"
mapfile -t overrides < <(parameters)
said=$(mktemp)
trap 'rm -f "$said"' EXIT
sam deploy --stack-name "$stack" --region "$region" --resolve-s3 --capabilities CAPABILITY_NAMED_IAM CAPABILITY_AUTO_EXPAND \
	--no-execute-changeset --no-fail-on-empty-changeset --parameter-overrides "${overrides[@]}" | tee "$said"
set_arn=$(grep -oE 'arn:aws[a-z-]*:cloudformation:[^ ]*:changeSet/[^ ]+' "$said" | tail -n 1 || true)
if [ -z "$set_arn" ]; then
	echo "nothing would change"
	exit 0
fi
lost=$(aws cloudformation describe-change-set --change-set-name "$set_arn" --output text \
	--query "Changes[?ResourceChange.Action=='Remove' || ResourceChange.Replacement=='True'].ResourceChange.[Action,LogicalResourceId,ResourceType]")
if exists && [ "$(aws cloudformation describe-stacks --stack-name "$stack" --query 'Stacks[0].StackStatus' --output text)" = REVIEW_IN_PROGRESS ]; then
	aws cloudformation delete-stack --stack-name "$stack" # a stack of nothing but this plan
else
	aws cloudformation delete-change-set --change-set-name "$set_arn"
fi
if [ -z "$lost" ] || [ "$lost" = None ]; then
	echo "nothing is replaced or removed"
	exit 0
fi
printf 'would be replaced or removed:\n%s\n' "$lost"
if grep -qE 'AWS::(DynamoDB::Table|KMS::Key|S3::Bucket)' <<<"$lost"; then
	fail "a table, key or bucket is among them: what it holds would be out of reach. Do not deploy this"
fi
