package main

import (
	"slices"
	"strings"

	"kexin/infra/template"
)

// checks look at a template, one for each control of controls.yaml.
var checks = map[string]func(*look){
	"at-rest": atRest, "in-transit": inTransit, "authenticated": authenticated, "least-privilege": leastPrivilege, "closed-to-public": closedToPublic,
	"throttled": throttled, "key-management": keyManagement, "recoverable": recoverable, "destruction-holds": destructionHolds,
	"evidence-immutable": evidenceImmutable, "logs-bounded": logsBounded, "watched": watched, "nothing-lost": nothingLost, "located": located,
}

func atRest(l *look) {
	l.each("AWS::DynamoDB::Table", func(id string, p template.Map) {
		sse := template.At(p, "SSESpecification")
		l.expect(sse["SSEEnabled"] == true && sse["SSEType"] == "KMS" && sse["KMSMasterKeyId"] != nil, id, "encrypted under a key of ours")
	})
	l.each("AWS::S3::Bucket", func(id string, p template.Map) {
		kept := text(p["BucketEncryption"])
		l.expect(strings.Contains(kept, "aws:kms") || strings.Contains(kept, "AES256"), id, "encrypted")
	})
	l.each("AWS::SQS::Queue", func(id string, p template.Map) {
		l.expect(p["SqsManagedSseEnabled"] == true || p["KmsMasterKeyId"] != nil, id, "encrypted")
	})
	l.each("AWS::SNS::Topic", func(id string, p template.Map) {
		l.expect(p["KmsMasterKeyId"] != nil, id, "encrypted under a key of ours")
	})
	l.each("AWS::Logs::LogGroup", func(id string, p template.Map) { l.expect(p["KmsKeyId"] != nil, id, "encrypted under a key of ours") })
}

func inTransit(l *look) {
	covered := func(kind, member string) string {
		all := ""
		for _, policy := range l.t.Of(kind) {
			if document := text(policy["PolicyDocument"]); strings.Contains(document, "aws:SecureTransport=false") && strings.Contains(document, "Effect=Deny") {
				all += text(policy[member])
			}
		}
		return all
	}
	for _, pair := range [][3]string{{"AWS::S3::Bucket", "AWS::S3::BucketPolicy", "Bucket"}, {"AWS::SQS::Queue", "AWS::SQS::QueuePolicy", "Queues"},
		{"AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "Topics"}} {
		named := covered(pair[1], pair[2])
		l.each(pair[0], func(id string, _ template.Map) {
			l.expect(strings.Contains(named, "Ref="+id+";"), id, "reached by TLS only")
		})
	}
	l.each("AWS::Serverless::HttpApi", func(id string, p template.Map) {
		l.expect(p["Domain"] == nil, id, "answers by TLS only (API Gateway has no other way)")
	})
}

// open are the routes that need no token, and why.
var open = map[string]string{
	"/v1/forms": "public form", "/v1/forms/{form}": "public form", "/v1/forms/{form}/submissions": "public form", "/v1/keys": "public keys", "": "pages",
}

func authenticated(l *look) {
	l.each("AWS::Serverless::HttpApi", func(id string, p template.Map) {
		l.expect(template.At(p, "Auth")["DefaultAuthorizer"] != nil && len(template.At(p, "Auth", "Authorizers")) > 0, id, "asking for a token by default")
	})
	l.each("AWS::Serverless::Function", func(id string, p template.Map) {
		for name, event := range template.At(p, "Events") {
			event, _ := event.(template.Map)
			if event["Type"] != "HttpApi" {
				continue
			}
			properties := template.At(event, "Properties")
			path, _ := properties["Path"].(string)
			if template.At(properties, "Auth")["Authorizer"] != "NONE" {
				l.expect(true, id+"."+name, "asking for a token")
				continue
			}
			l.expect(open[path] != "", id+"."+name, "open on purpose ("+open[path]+")")
		}
	})
}

func leastPrivilege(l *look) {
	roles := map[string]string{}
	l.each("AWS::Serverless::Function", func(id string, p template.Map) {
		role := text(p["Role"])
		l.expect(p["Role"] != nil && roles[role] == "", id, "under a role of its own")
		roles[role] = id
	})
	l.each("AWS::IAM::Role", func(id string, p template.Map) {
		wild := len(template.List(p["ManagedPolicyArns"])) > 0 && strings.Contains(text(p["ManagedPolicyArns"]), "Administrator")
		for _, policy := range template.List(p["Policies"]) {
			policy, _ := policy.(template.Map)
			for _, statement := range template.List(template.At(policy, "PolicyDocument")["Statement"]) {
				statement, _ := statement.(template.Map)
				wild = wild || statement["Effect"] == "Allow" && (wildcard(statement["Action"]) || statement["Resource"] == "*" && statement["Condition"] == nil)
			}
		}
		l.expect(!wild, id, "without wildcards")
	})
}

func wildcard(actions any) bool {
	return slices.ContainsFunc(template.List(actions), func(a any) bool { return strings.Contains(text(a), "*") })
}

func closedToPublic(l *look) {
	l.each("AWS::S3::Bucket", func(id string, p template.Map) {
		l.expect(strings.Count(text(p["PublicAccessBlockConfiguration"]), "=true") == 4, id, "closed to the public")
	})
	l.each("AWS::Serverless::Function", func(id string, p template.Map) { l.expect(p["FunctionUrlConfig"] == nil, id, "without a function URL") })
}

func throttled(l *look) {
	l.each("AWS::Serverless::HttpApi", func(id string, p template.Map) {
		settings := template.At(p, "DefaultRouteSettings")
		l.expect(settings["ThrottlingBurstLimit"] != nil && settings["ThrottlingRateLimit"] != nil, id, "throttled")
		form := template.At(p, "RouteSettings", "POST /v1/forms/{form}/submissions")
		l.expect(form["ThrottlingRateLimit"] != nil, id+": public form", "throttled further")
	})
}

func keyManagement(l *look) {
	l.each("AWS::KMS::Key", func(id string, p template.Map) {
		if spec, _ := p["KeySpec"].(string); spec == "" || spec == "SYMMETRIC_DEFAULT" {
			l.expect(p["EnableKeyRotation"] == true, id, "rotated every year")
		}
		policy := text(p["KeyPolicy"])
		l.expect(strings.Contains(policy, "Effect=Deny") || strings.Contains(policy, "kms:ViaService"), id, "closed to all but those its policy names")
	})
}

func recoverable(l *look) {
	l.each("AWS::DynamoDB::Table", func(id string, p template.Map) {
		l.expect(template.At(p, "PointInTimeRecoverySpecification")["PointInTimeRecoveryEnabled"] == true, id, "recoverable to a moment")
		l.expect(p["DeletionProtectionEnabled"] == true, id, "protected from deletion")
		resource, _ := l.t.Resources[id].(template.Map)
		l.expect(resource["DeletionPolicy"] == "Retain" && resource["UpdateReplacePolicy"] == "Retain", id, "kept when the stack goes")
	})
}

func destructionHolds(l *look) {
	for _, id := range []string{"KeysTable", "InboxTable"} {
		p := l.t.Of("AWS::DynamoDB::Table")[id]
		l.expect(strings.Contains(text(template.At(p, "PointInTimeRecoverySpecification")["RecoveryPeriodInDays"]), "RecoveryDays"), id, "recoverable for RecoveryDays only")
		policy := text(p["ResourcePolicy"])
		l.expect(strings.Contains(policy, "dynamodb:CreateBackup") && strings.Contains(policy, "dynamodb:ExportTableToPointInTime") && strings.Contains(policy, "Effect=Deny"),
			id, "closed to backups and exports")
	}
}

func evidenceImmutable(l *look) {
	p := l.t.Of("AWS::S3::Bucket")["EvidenceBucket"]
	rule := text(p["ObjectLockConfiguration"])
	l.expect(p["ObjectLockEnabled"] == true && strings.Contains(rule, "Mode=COMPLIANCE"), "EvidenceBucket", "locked in compliance mode")
	l.expect(template.At(p, "VersioningConfiguration")["Status"] == "Enabled", "EvidenceBucket", "versioned")
}

func logsBounded(l *look) {
	l.each("AWS::Logs::LogGroup", func(id string, p template.Map) { l.expect(p["RetentionInDays"] != nil, id, "kept for a bounded time") })
}

func watched(l *look) {
	alarms := ""
	for _, p := range l.t.Of("AWS::CloudWatch::Alarm") {
		if len(template.List(p["AlarmActions"])) > 0 {
			alarms += text(p)
		}
	}
	for what, sign := range map[string]string{"errors of functions": "Errors", "dead letters": "ApproximateNumberOfMessagesVisible", "overdue destruction": "purge-lag",
		"unsealed log": "seal-lag", "export spike": "export-rows", "KMS refusals": "kms-errors", "changed audit rows": "audit-rows-changed"} {
		l.expect(strings.Contains(alarms, sign), "alarm", "watching "+what)
	}
}

func nothingLost(l *look) {
	l.each("AWS::Scheduler::Schedule", func(id string, p template.Map) {
		l.expect(strings.Contains(text(p["Target"]), "DeadLetterConfig"), id, "delivering to dead letters")
	})
	l.each("AWS::Serverless::Function", func(id string, p template.Map) {
		for name, event := range template.At(p, "Events") {
			event, _ := event.(template.Map)
			properties := text(event["Properties"])
			switch event["Type"] {
			case "DynamoDB":
				l.expect(strings.Contains(properties, "ReportBatchItemFailures") && strings.Contains(properties, "OnFailure"), id+"."+name, "telling which records failed, the rest to dead letters")
			case "SQS":
				l.expect(strings.Contains(properties, "ReportBatchItemFailures"), id+"."+name, "telling which messages failed")
			}
		}
	})
}

func located(l *look) {
	registered := map[string]bool{}
	for _, set := range l.sets {
		registered[set.ID] = true
	}
	for _, kind := range []string{"AWS::DynamoDB::Table", "AWS::S3::Bucket"} {
		l.each(kind, func(id string, p template.Map) {
			l.expect(registered[id], id, "in the register of data sets")
			l.expect(p["Replicas"] == nil && p["ReplicationConfiguration"] == nil, id, "kept in one region")
		})
	}
	if len(l.place.Allowed) > 0 {
		l.expect(slices.Contains(l.place.Allowed, l.place.Region), "region "+l.place.Region, "one that the company allows")
	}
}
