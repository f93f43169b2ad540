package main

// operators are the condition operators in use.
var operators = []string{"StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIfExists", "ArnEquals", "ArnLike",
	"ArnNotEquals", "ArnNotLike", "Bool", "Null", "ForAllValues:StringEquals", "ForAllValues:StringLike"}

// globalKeys are the condition keys of every service that are in use.
var globalKeys = []string{"aws:PrincipalArn", "aws:SecureTransport", "aws:SourceAccount", "aws:SourceArn"}

// serviceKeys are the condition keys of services (Service Authorization Reference); one that ends with * goes on with a name.
var serviceKeys = []string{"dynamodb:LeadingKeys", "dynamodb:Attributes", "dynamodb:ReturnValues", "dynamodb:Select", "kms:EncryptionContext:*",
	"kms:EncryptionContextKeys", "kms:SigningAlgorithm", "kms:MessageType", "kms:CallerAccount", "kms:ViaService", "kms:GrantIsForAWSResource",
	"s3:prefix", "s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id"}

// kinds are short names of types that policies name.
var kinds = map[string]string{"AWS::DynamoDB::Table": "table", "AWS::S3::Bucket": "bucket", "AWS::SQS::Queue": "queue", "AWS::KMS::Key": "key",
	"AWS::Lambda::Function": "function", "AWS::Logs::LogGroup": "log group", "AWS::SNS::Topic": "topic"}

// keysOfServices are keys that services use for whoever may use the service.
var keysOfServices = []string{"StorageKey", "TelemetryKey"}

// fits says on what an action acts (Service Authorization Reference). An action that is not here is refused, so that each new one is
// thought about once.
var fits = fitting(map[string][]string{
	"table": {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:UpdateItem", "dynamodb:BatchWriteItem",
		"dynamodb:ConditionCheckItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:PartiQLSelect", "dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate",
		"dynamodb:PartiQLDelete", "dynamodb:CreateBackup", "dynamodb:StartAwsBackupJob", "dynamodb:ExportTableToPointInTime",
		"dynamodb:CreateTableReplica", "dynamodb:EnableKinesisStreamingDestination"},
	"index":  {"dynamodb:Query", "dynamodb:Scan"},
	"stream": {"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"},
	"key":    {"kms:Encrypt", "kms:Decrypt", "kms:Sign", "kms:GetPublicKey", "kms:Verify", "kms:DescribeKey"},
	"object": {"s3:GetObject", "s3:PutObject", "s3:PutObjectAcl", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:AbortMultipartUpload",
		"s3:PutObjectRetention", "s3:PutObjectLegalHold", "s3:GetObjectVersion", "s3:*"},
	"bucket":    {"s3:ListBucket", "s3:ListBucketVersions", "s3:*"},
	"queue":     {"sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes", "sqs:*"},
	"topic":     {"sns:Publish"},
	"function":  {"lambda:InvokeFunction"},
	"log group": {"logs:CreateLogStream", "logs:PutLogEvents"},
	"*":         {"xray:PutTraceSegments", "xray:PutTelemetryRecords"},
})

// fitting turns actions by kind into kinds by action.
func fitting(by map[string][]string) map[string][]string {
	turned := map[string][]string{}
	for kind, actions := range by {
		for _, action := range actions {
			turned[action] = append(turned[action], kind)
		}
	}
	return turned
}
