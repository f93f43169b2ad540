#!/usr/bin/env bash
# Takes a deployment away, when no data lives in it any more. Tables, keys and buckets are kept by the template (Retain): their names are
# printed. Objects under Object Lock stay until their day. CONFIRM must be the name of the stack.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need aws
open_settings
exists || fail "there is no stack $stack in $region"

living=
# Rows of records can be counted now; those of inbox, keys and restricted are closed to everybody but the functions, and AWS counts them
# for us every six hours.
records=$(aws dynamodb scan --table-name "$(physical RecordsTable)" --select COUNT --limit 1 --no-paginate --query Count --output text)
[ "$records" = 0 ] || living+=" records"
for table in InboxTable KeysTable RestrictedTable; do
	items=$(aws dynamodb describe-table --table-name "$(physical $table)" --query Table.ItemCount --output text)
	# A deployment without customers has branches, index key and manifest, and no more.
	[ "$items" -le 16 ] || living+=" $table($items, counted up to six hours ago)"
done
archives=$(aws s3api list-objects-v2 --bucket "$(physical ArchivesBucket)" --max-items 1 --query 'length(Contents || `[]`)' --output text | head -n 1)
[ "${archives:-0}" = 0 ] || living+=" archives"
[ -z "$living" ] || fail "data lives in$living: destroy the customers first (console, or let the retention run out and wait for the purge). Nothing was changed"

[ "${CONFIRM:-}" = "$stack" ] || fail "no data found. To take the stack away: make destroy CONFIRM=$stack"
echo "kept by the template:"
aws cloudformation list-stack-resources --stack-name "$stack" --output text \
	--query "StackResourceSummaries[?ResourceType=='AWS::DynamoDB::Table' || ResourceType=='AWS::KMS::Key' || ResourceType=='AWS::S3::Bucket'].[ResourceType,PhysicalResourceId]"
aws cloudformation update-termination-protection --stack-name "$stack" --no-enable-termination-protection >/dev/null
aws cloudformation delete-stack --stack-name "$stack"
aws cloudformation wait stack-delete-complete --stack-name "$stack"
echo "the stack is gone. Schedule the deletion of its KMS keys yourself: after that nothing of it opens any more"
