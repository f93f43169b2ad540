package main

import (
	"slices"
	"strings"
	"testing"
)

// sound is a small stack without a fault.
const sound = `{"Resources": {
"Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Body": {
  "paths": {"/v1/forms": {"get": {}}, "/v1/me": {"get": {"security": [{"Staff": []}]}}},
  "components": {"securitySchemes": {"Staff": {"x-amazon-apigateway-authorizer": {"type": "jwt", "jwtConfiguration": {"issuer": {"Ref": "I"}, "audience": ["a"]}}}}}}}},
"F": {"Type": "AWS::Lambda::Function", "Properties": {"Role": {"Fn::GetAtt": ["R", "Arn"]}, "LoggingConfig": {"LogGroup": {"Ref": "L"}},
  "DeadLetterConfig": {"TargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}}}},
"L": {"Type": "AWS::Logs::LogGroup", "Properties": {}},
"R": {"Type": "AWS::IAM::Role", "Properties": {
  "AssumeRolePolicyDocument": {"Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]},
  "Policies": [{"PolicyDocument": {"Statement": [
    {"Sid": "Get", "Effect": "Allow", "Action": ["dynamodb:GetItem"], "Resource": {"Fn::GetAtt": ["T", "Arn"]}, "Condition": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["A#*"]}}},
    {"Sid": "Index", "Effect": "Allow", "Action": "dynamodb:Query", "Resource": {"Fn::Sub": "${T.Arn}/index/by-x"}},
    {"Sid": "Object", "Effect": "Allow", "Action": "s3:GetObject", "Resource": {"Fn::Sub": "${B.Arn}/x/*"}}]}}]}},
"M": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"Roles": [{"Ref": "R"}]}},
"T": {"Type": "AWS::DynamoDB::Table", "Properties": {}},
"B": {"Type": "AWS::S3::Bucket", "Properties": {}},
"BP": {"Type": "AWS::S3::BucketPolicy", "Properties": {"PolicyDocument": {"Statement": [{"Sid": "TLS", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
  "Resource": [{"Fn::GetAtt": ["B", "Arn"]}, {"Fn::Sub": "${B.Arn}/*"}], "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}}},
"K": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Statement": [
  {"Sid": "Administer", "Effect": "Allow", "Principal": {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}}, "Action": ["kms:PutKeyPolicy"], "Resource": "*"},
  {"Fn::If": ["Named", {"Sid": "Others", "Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "kms:Decrypt", "Resource": "*", "Condition": {"ArnNotEquals": {"aws:PrincipalArn": "x"}}}, {"Ref": "AWS::NoValue"}]}]}}},
"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}, "maxReceiveCount": 5}}},
"Dead": {"Type": "AWS::SQS::Queue", "Properties": {}},
"QP": {"Type": "AWS::SQS::QueuePolicy", "Properties": {"PolicyDocument": {"Statement": [{"Sid": "TLS", "Effect": "Deny", "Principal": "*", "Action": "sqs:*",
  "Resource": [{"Fn::GetAtt": ["Queue", "Arn"]}, {"Fn::GetAtt": ["Dead", "Arn"]}], "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}}},
"S": {"Type": "AWS::Scheduler::Schedule", "Properties": {"ScheduleExpression": "rate(1 minute)"}},
"A1": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"AlarmActions": [1], "MetricName": "Errors", "Dimensions": [{"Name": "FunctionName", "Value": {"Ref": "F"}}]}},
"A2": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"AlarmActions": [1], "MetricName": "Throttles", "Dimensions": [{"Name": "FunctionName", "Value": {"Ref": "F"}}]}},
"A3": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"AlarmActions": [1], "MetricName": "ApproximateNumberOfMessagesVisible", "Dimensions": [{"Name": "QueueName", "Value": {"Fn::GetAtt": ["Dead", "QueueName"]}}]}},
"A4": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"AlarmActions": [1], "Namespace": "Kexin", "MetricName": "purge-stopped",
  "Dimensions": [{"Name": "function", "Value": "purge-expired"}, {"Name": "reason", "Value": "clock"}]}}
}}`

func TestASoundStackHasNoFindings(t *testing.T) {
	if findings, err := judge([]byte(sound)); err != nil || len(findings) > 0 {
		t.Errorf("%+v, %v", findings, err)
	}
	for _, text := range []string{"", "{}", `{"Resources": 1}`} {
		if _, err := judge([]byte(text)); err == nil {
			t.Errorf("%q is judged", text)
		}
	}
}

func TestEachFaultIsFoundByItsRule(t *testing.T) {
	for _, fault := range []struct{ from, to, check, at string }{
		{`{"security": [{"Staff": []}]}`, `{}`, "ROUTE_WANTS_TOKEN", "Api"},
		{`{"security": [{"Staff": []}]}`, `{"security": [{"NONE": []}]}`, "ROUTE_WANTS_TOKEN", "Api"},
		{`"audience": ["a"]`, `"audience": []`, "ROUTE_WANTS_TOKEN", "Api"},
		{`"rate(1 minute)"`, `"rate(1 minutes)"`, "SCHEDULE_PARSES", "S"},
		{`dynamodb:LeadingKeys`, `dynamodb:LeadingKey`, "CONDITION_KEY_KNOWN", "R"},
		{`dynamodb:LeadingKeys`, `kms:EncryptionContext:a`, "CONDITION_KEY_KNOWN", "R"},
		{`ForAllValues:StringLike`, `ForAllValue:StringLike`, "CONDITION_KEY_KNOWN", "R"},
		{`aws:PrincipalArn`, `aws:PrincipleArn`, "CONDITION_KEY_KNOWN", "K"},
		{`"s3:GetObject"`, `"s3:ListBucket"`, "ACTION_FITS_RESOURCE", "R"},
		{`"dynamodb:Query"`, `"dynamodb:PutItem"`, "ACTION_FITS_RESOURCE", "R"},
		{`/index/by-x`, `/index/*`, "ACTION_FITS_RESOURCE", "R"},
		{`"s3:GetObject"`, `"s3:GetBucketAcl"`, "ACTION_FITS_RESOURCE", "R"},
		{`["dynamodb:GetItem"]`, `["dynamodb:*"]`, "NO_WIDE_ALLOW", "R"},
		{`{"Fn::GetAtt": ["T", "Arn"]}, "Condition"`, `"*", "Condition"`, "NO_WIDE_ALLOW", "R"},
		{`"Action": "s3:GetObject"`, `"NotAction": "s3:PutObject"`, "NO_WIDE_ALLOW", "R"},
		{`"Effect": "Deny", "Principal": "*", "Action": "s3:*"`, `"Effect": "Allow", "Principal": "*", "Action": "s3:*"`, "NO_WIDE_ALLOW", "BP"},
		{`kms:PutKeyPolicy`, `kms:GetKeyPolicy`, "KEY_HAS_ADMINISTRATOR", "K"},
		{`"kms:Decrypt"`, `"kms:TagResource"`, "KEY_HAS_ADMINISTRATOR", "K"},
		{`arn:${AWS::Partition}:iam`, `arn:aws:iam`, "NO_FIXED_PARTITION", "K"},
		{`{"Bool": {"aws:SecureTransport": "false"}}}]}}},` + "\n" + `"K"`, `{"Bool": {"aws:SecureTransport": "true"}}}]}}},` + "\n" + `"K"`, "TLS_ONLY", "B"},
		{`[{"Fn::GetAtt": ["B", "Arn"]}, {"Fn::Sub": "${B.Arn}/*"}]`, `[{"Fn::GetAtt": ["B", "Arn"]}]`, "TLS_ONLY", "B"},
		{`[{"Fn::GetAtt": ["Queue", "Arn"]}, `, `[`, "TLS_ONLY", "Queue"},
		{`"maxReceiveCount": 5`, `"x": 5`, "QUEUE_HAS_DEAD_END", "Queue"},
		{`"MetricName": "Errors"`, `"MetricName": "Error"`, "ALARM_FOR_EACH", "F"},
		{`{"Fn::GetAtt": ["Dead", "QueueName"]}`, `{"Fn::GetAtt": ["Queue", "QueueName"]}`, "ALARM_FOR_EACH", "Dead"},
		{`{"AlarmActions": [1], "MetricName": "Errors"`, `{"MetricName": "Errors"`, "ALARM_FOR_EACH", "A1"},
		{`"Value": "clock"`, `"Value": "clocks"`, "METRIC_KNOWN", "A4"},
		{`"Value": "purge-expired"`, `"Value": "seal-audit"`, "METRIC_KNOWN", "A4"},
		{`"lambda.amazonaws.com"}`, `"lambda.amazonaws.com", "AWS": "*"}`, "ROLE_OF_ITS_OWN", "R"},
		{`{"Roles": [{"Ref": "R"}]}`, `{"Roles": []}`, "TRACED_IF_ANY_IS", "F"},
		{`{"LogGroup": {"Ref": "L"}}`, `{}`, "LOG_GROUP_OF_ITS_OWN", "F"},
	} {
		if strings.Count(sound, fault.from) == 0 {
			t.Errorf("%s is not there to be replaced", fault.from)
			continue
		}
		findings, err := judge([]byte(strings.Replace(sound, fault.from, fault.to, 1)))
		if err != nil || !slices.ContainsFunc(findings, func(f Finding) bool { return f.Check == fault.check && f.Resource == fault.at }) {
			t.Errorf("%s instead of %s: %+v, %v", fault.to, fault.from, findings, err)
		}
	}
}

func TestSchedulesThatEventBridgeReads(t *testing.T) {
	for text, want := range map[string]bool{
		"rate(1 minute)": true, "rate(5 minutes)": true, "rate(1 day)": true, "rate(2 hours)": true,
		"rate(1 minutes)": false, "rate(5 minute)": false, "rate(0 minutes)": false, "rate(1 week)": false, "rate(1)": false, "rate 1 minute": false, "": false,
		"cron(30 3 * * ? *)": true, "cron(0/15 8-18 ? * MON-FRI *)": true, "cron(0 0 L * ? *)": true, "cron(0 0 ? * 2,4 2030)": true, "cron(*/5 * * * ? *)": true,
		"cron(30 3 * * *)": false, "cron(60 3 * * ? *)": false, "cron(0 24 * * ? *)": false, "cron(0 0 * * * *)": false, "cron(0 0 ? * ? *)": false,
		"cron(0 0 * FEBR ? *)": false, "cron(0/0 0 * * ? *)": false,
	} {
		if readable(text) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}
