package privileges

import (
	"slices"
	"strings"

	"kexin/infra/deployed"
)

// Kind is what a sample is about, for counting.
type Kind string

// The kinds of samples.
const (
	Rows     Kind = "rows of tables"
	Tables   Kind = "tables as a whole"
	Keys     Kind = "keys and what they open"
	Signing  Kind = "signatures"
	KeyRules Kind = "keys as a whole"
	Objects  Kind = "objects"
	Buckets  Kind = "buckets as a whole"
	Queues   Kind = "queues"
	Others   Kind = "other functions, logs and roles"
)

// Sample is a call that somebody could try, without a function yet.
type Sample struct {
	Kind Kind
	Call
}

// partitions are forms of partition keys that exist, and neighbours of them that could slip through a careless pattern.
var partitions = []string{"SUB#0", "INTAKE#xxxx", "MANIFEST", "CUS#xxxx", "IDX#phone#xxxx", "TOK#two#xxxx", "BRANCH#inbox#0", "BRANCH#L1#0", "BRANCH#L2#0",
	"INDEX#0", "ARCHIVE#xxxx", "DUE#20260101#0", "HELD#20260101", "PENDING#0", "STAFF", "SUBJECT#xxxx", "REQUEST", "APPROVAL", "EXPORT", "ROSTER#xxxx",
	"JOB#purge-expired", "MENTION#xxxx", "LANE#xxxx#0", "LANES#0", "ENDED#xxxx", "CURSOR#xxxx", "SEALED#xxxx", "LOG#0",
	"", "MANIFEST2", "manifest", "STAFF2", "APPROVALS", "SUB", "XSUB#0", "CUS", "cus#xxxx", "BRANCH#", "ARCHIVES#x"}

var rowVerbs = []string{"GetItem", "BatchGetItem", "Query", "PutItem", "DeleteItem", "ConditionCheckItem", "UpdateItem", "BatchWriteItem",
	"PartiQLSelect", "PartiQLInsert", "PartiQLUpdate", "PartiQLDelete"}

var tableVerbs = []string{"Scan", "DeleteTable", "UpdateTable", "DescribeTable", "CreateBackup", "ExportTableToPointInTime", "RestoreTableToPointInTime",
	"UpdateContinuousBackups", "UpdateTimeToLive", "PutResourcePolicy", "DeleteResourcePolicy", "GetResourcePolicy", "CreateTableReplica", "TagResource",
	"StartAwsBackupJob", "UpdateKinesisStreamingDestination", "EnableKinesisStreamingDestination", "UpdateContributorInsights"}

var purposes = []string{"inbox", "record", "archive", "branch", "index", "other"}

var keyVerbs = []string{"CreateGrant", "DisableKey", "ScheduleKeyDeletion", "PutKeyPolicy", "GetKeyPolicy", "DescribeKey", "EnableKey", "DisableKeyRotation",
	"ReplicateKey", "ImportKeyMaterial", "RevokeGrant", "UpdateKeyDescription", "GetPublicKey", "TagResource"}

var bucketVerbs = []string{"DeleteBucket", "PutBucketPolicy", "DeleteBucketPolicy", "PutBucketVersioning", "PutBucketObjectLockConfiguration",
	"PutLifecycleConfiguration", "PutEncryptionConfiguration", "PutBucketPublicAccessBlock", "PutBucketAcl", "PutReplicationConfiguration", "GetBucketPolicy"}

var objectVerbs = []string{"GetObject", "GetObjectVersion", "PutObject", "DeleteObject", "DeleteObjectVersion", "PutObjectAcl", "PutObjectRetention",
	"PutObjectLegalHold", "BypassGovernanceRetention", "AbortMultipartUpload", "RestoreObject", "GetObjectRetention", "PutObjectTagging"}

var folders = []string{"exports/xxxx/1.kxa", "log/tile/0/000", "log/checkpoint/0", "other/x", "x", "exportsx", "log"}

var queueVerbs = []string{"SendMessage", "ReceiveMessage", "DeleteMessage", "GetQueueAttributes", "PurgeQueue", "DeleteQueue", "SetQueueAttributes", "ChangeMessageVisibility", "AddPermission"}

// Universe returns every sample over the resources of a deployment: every verb on every table, key, bucket, queue, function and role.
func Universe(d *deployed.Deployment) []Sample {
	var all []Sample
	for _, id := range d.Of("AWS::DynamoDB::Table") {
		all = append(all, rowSamples(id)...)
		all = append(all, each(Tables, "dynamodb:", tableVerbs, deployed.Symbol(id))...)
		all = append(all, each(Tables, "dynamodb:", []string{"GetRecords", "GetShardIterator", "DescribeStream"}, deployed.Symbol(id)+"/stream/2026-01-01T00:00:00.000")...)
	}
	for _, id := range d.Of("AWS::KMS::Key") {
		all = append(all, keySamples(id)...)
	}
	for _, id := range d.Of("AWS::S3::Bucket") {
		all = append(all, objectSamples(id)...)
	}
	for _, id := range d.Of("AWS::SQS::Queue") {
		all = append(all, each(Queues, "sqs:", queueVerbs, deployed.Symbol(id))...)
	}
	for _, id := range d.Of("AWS::Logs::LogGroup") {
		all = append(all, each(Others, "logs:", []string{"CreateLogStream", "PutLogEvents", "GetLogEvents", "FilterLogEvents", "DeleteLogGroup", "PutRetentionPolicy"}, deployed.Symbol(id))...)
	}
	for _, id := range append(d.Of("AWS::Lambda::Function"), d.Of("AWS::Serverless::Function")...) {
		all = append(all, each(Others, "lambda:", []string{"InvokeFunction", "UpdateFunctionCode", "UpdateFunctionConfiguration", "GetFunction", "AddPermission", "DeleteFunction"}, deployed.Symbol(id))...)
	}
	for _, id := range d.Of("AWS::IAM::Role") {
		all = append(all, each(Others, "iam:", []string{"PassRole", "PutRolePolicy", "AttachRolePolicy", "UpdateAssumeRolePolicy", "DeleteRolePolicy", "CreateRole"}, deployed.Symbol(id))...)
		all = append(all, each(Others, "sts:", []string{"AssumeRole"}, deployed.Symbol(id))...)
	}
	return all
}

func each(kind Kind, service string, verbs []string, resource string) []Sample {
	var all []Sample
	for _, verb := range verbs {
		all = append(all, Sample{kind, Call{Action: service + verb, Resource: resource}})
	}
	return all
}

func rowSamples(table string) []Sample {
	var all []Sample
	add := func(verb, resource string, keys ...string) {
		c := Call{Action: "dynamodb:" + verb, Resource: resource, Context: map[string][]string{"dynamodb:LeadingKeys": keys}}
		all = append(all, Sample{Rows, c})
		if verb == "PutItem" || verb == "DeleteItem" { // old values are content too
			c.Context = map[string][]string{"dynamodb:LeadingKeys": keys, "dynamodb:ReturnValues": {"ALL_OLD"}}
			all = append(all, Sample{Rows, c})
		}
	}
	for _, verb := range rowVerbs {
		for i, key := range partitions {
			add(verb, deployed.Symbol(table), key)
			if verb == "BatchGetItem" { // an allowed key does not cover the one beside it
				add(verb, deployed.Symbol(table), key, partitions[(i+1)%len(partitions)])
			}
		}
	}
	for _, index := range []string{"by-department", "by-customer", "other"} {
		add("Query", deployed.Symbol(table)+"/index/"+index, indexKey)
	}
	return all
}

func keySamples(key string) []Sample {
	all := each(KeyRules, "kms:", keyVerbs, deployed.Symbol(key))
	add := func(kind Kind, verb string, context map[string][]string) {
		all = append(all, Sample{kind, Call{Action: "kms:" + verb, Resource: deployed.Symbol(key), Context: context}})
	}
	for _, verb := range []string{"Encrypt", "Decrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo"} {
		add(Keys, verb, nil)
		for _, purpose := range purposes {
			full := func(deployment string, more ...string) map[string][]string {
				context := map[string][]string{"kms:EncryptionContext:kexin:purpose": {purpose}, "kms:EncryptionContextKeys": append([]string{"kexin:purpose"}, more...)}
				if deployment != "" {
					context["kms:EncryptionContext:kexin:deployment"] = []string{deployment}
					context["kms:EncryptionContextKeys"] = append(context["kms:EncryptionContextKeys"], "kexin:deployment")
				}
				return context
			}
			add(Keys, verb, full("<Deployment>"))
			add(Keys, verb, full("dep_bbbbbbbbbbbbbbbbbbbbbbbbbb"))
			add(Keys, verb, full(""))
			add(Keys, verb, full("<Deployment>", "more"))
		}
	}
	for _, verb := range []string{"Sign", "Verify"} {
		for _, algorithm := range []string{"ECDSA_SHA_256", "ECDSA_SHA_512"} {
			for _, message := range []string{"DIGEST", "RAW"} {
				add(Signing, verb, map[string][]string{"kms:SigningAlgorithm": {algorithm}, "kms:MessageType": {message}})
			}
		}
	}
	return all
}

func objectSamples(bucket string) []Sample {
	all := each(Buckets, "s3:", bucketVerbs, deployed.Symbol(bucket))
	for _, folder := range folders {
		all = append(all, each(Objects, "s3:", objectVerbs, deployed.Symbol(bucket)+"/"+folder)...)
		for _, verb := range []string{"ListBucket", "ListBucketVersions"} {
			all = append(all, Sample{Objects, Call{Action: "s3:" + verb, Resource: deployed.Symbol(bucket), Context: map[string][]string{"s3:prefix": {folder}}}})
		}
	}
	return append(all, each(Objects, "s3:", []string{"ListBucket", "ListBucketVersions", "ListBucketMultipartUploads"}, deployed.Symbol(bucket))...)
}

// table returns the logical id of what c is about, without what follows the ARN.
func (c Call) of() string {
	id, _, _ := strings.Cut(strings.TrimPrefix(c.Resource, "<"), ".")
	return id
}

// verb is the action without the service.
func (c Call) verb() string {
	_, verb, _ := strings.Cut(c.Action, ":")
	return verb
}

func (c Call) keysLike(prefixes ...string) bool {
	return slices.ContainsFunc(c.Context["dynamodb:LeadingKeys"], func(key string) bool {
		return slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(key, prefix) })
	})
}
