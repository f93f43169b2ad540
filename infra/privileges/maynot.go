package privileges

import (
	"slices"
	"strings"
)

// Rule is one thing that design §7, or another section that is named, forbids to some functions. It is written down here on its own: a
// right that is too much in shared/grants and in the template alike is found by it.
type Rule struct {
	// Says is the rule in words.
	Says string
	// Functions are those to whom it is forbidden; Except, when Functions is empty, those to whom it is not.
	Functions, Except []string
	// Meant reports whether a call is what the rule speaks of.
	Meant func(Call) bool
}

// Binds reports whether the rule speaks of function.
func (r Rule) Binds(function string) bool {
	if len(r.Functions) > 0 {
		return slices.Contains(r.Functions, function)
	}
	return !slices.Contains(r.Except, function)
}

var (
	reads   = []string{"GetItem", "BatchGetItem", "Query", "Scan", "PartiQLSelect", "GetRecords"}
	opens   = []string{"Decrypt", "ReEncryptFrom"}
	writing = []string{"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "PartiQLInsert", "PartiQLUpdate", "PartiQLDelete"}
)

func does(c Call, service string, verbs []string) bool {
	return strings.HasPrefix(c.Action, service+":") && slices.Contains(verbs, c.verb())
}

func reading(c Call) bool  { return does(c, "dynamodb", reads) }
func changing(c Call) bool { return does(c, "dynamodb", writing) }
func opening(c Call) bool  { return does(c, "kms", opens) }

func with(c Call, purpose string) bool {
	return slices.Equal(c.Context["kms:EncryptionContext:kexin:purpose"], []string{purpose})
}

// sections are where customers' content lies.
func sections(c Call) bool { return c.of() == "RecordsTable" || c.of() == "RestrictedTable" }

// MayNot is the column "may not" of design §7, and what §4 to §6 add to it.
var MayNot = []Rule{
	{"submit-form: nothing but the inbox, receipts and public keys", []string{"SubmitForm"}, nil, func(c Call) bool {
		id := c.of()
		return id != "InboxTable" && id != "SubmitFormLogs" && !(id == "ReceiptsKeyPair" && c.verb() == "Sign") && c.verb() != "GetPublicKey" && id != "EventsDeadLetters"
	}},
	{"submit-form: no list of the inbox, no deletion in it", []string{"SubmitForm"}, nil, func(c Call) bool {
		return c.of() == "InboxTable" && (does(c, "dynamodb", []string{"Query", "Scan", "BatchGetItem", "DeleteItem", "UpdateItem", "BatchWriteItem"}) || does(c, "dynamodb", tableVerbs))
	}},
	{"submit-form: no old values back from what it writes", []string{"SubmitForm"}, nil, func(c Call) bool { return c.Context["dynamodb:ReturnValues"] != nil }},
	{"accept-submissions: opens no live record", []string{"AcceptSubmissions"}, nil, func(c Call) bool {
		return sections(c) && reading(c) || opening(c) && (c.of() == "RestrictedKey" || !with(c, "inbox") && !with(c, "index")) || c.keysLike("BRANCH#L") && reading(c)
	}},
	{"serve-console: no L3", []string{"ServeConsole"}, nil, func(c Call) bool {
		return c.of() == "RestrictedTable" && reading(c) || c.of() == "RestrictedKey" && opening(c)
	}},
	{"serve-console: no approvals, no staff register", []string{"ServeConsole"}, nil, func(c Call) bool {
		return changing(c) && c.keysLike("APPROVAL", "STAFF", "SUBJECT#")
	}},
	{"serve-console: no archives and none of their keys", []string{"ServeConsole"}, nil, func(c Call) bool {
		return c.of() == "ArchivesBucket" || c.keysLike("ARCHIVE#") && (reading(c) || c.verb() == "PutItem") || opening(c) && with(c, "archive")
	}},
	{"approve: opens nothing", []string{"Approve"}, nil, func(c Call) bool {
		return strings.HasPrefix(c.Action, "kms:") || strings.HasPrefix(c.Action, "s3:") || slices.Contains([]string{"InboxTable", "KeysTable", "RecordsTable", "RestrictedTable"}, c.of())
	}},
	{"open-restricted: nothing in bulk", []string{"OpenRestricted"}, nil, func(c Call) bool {
		return does(c, "dynamodb", []string{"Query", "Scan", "PartiQLSelect", "ExportTableToPointInTime", "GetRecords"}) || strings.HasPrefix(c.Action, "s3:")
	}},
	{"build-export: changes no record", []string{"BuildExport"}, nil, func(c Call) bool {
		return changing(c) && (sections(c) || c.of() == "KeysTable" && !c.keysLike("ARCHIVE#") || c.of() == "InboxTable")
	}},
	{"build-export: no L3", []string{"BuildExport"}, nil, func(c Call) bool { return c.of() == "RestrictedTable" || c.of() == "RestrictedKey" }},
	{"release-archive: opens no record", []string{"ReleaseArchive"}, nil, func(c Call) bool {
		return sections(c) || c.of() == "InboxTable" || opening(c) && !with(c, "archive") || c.of() == "KeysTable" && reading(c) && c.keysLike("CUS#", "INTAKE#", "BRANCH#", "INDEX#")
	}},
	{"purge-expired: neither decrypts nor signs", []string{"PurgeExpired"}, nil, func(c Call) bool {
		return strings.HasPrefix(c.Action, "kms:")
	}},
	{"purge-expired: no branch, intake or index key", []string{"PurgeExpired"}, nil, func(c Call) bool { return c.keysLike("BRANCH#", "INTAKE#", "INDEX#") }},
	{"seal-audit: no records, no keys", []string{"SealAudit"}, nil, func(c Call) bool {
		return sections(c) || slices.Contains([]string{"KeysTable", "InboxTable", "WorkTable", "DataKey", "RestrictedKey", "ArchivesBucket"}, c.of())
	}},
	{"watch-audit: no records, no keys", []string{"WatchAudit"}, nil, func(c Call) bool {
		return sections(c) || strings.HasPrefix(c.Action, "kms:") || slices.Contains([]string{"KeysTable", "InboxTable", "WorkTable"}, c.of())
	}},
	{"rotate-keys: opens no record", []string{"RotateKeys"}, nil, func(c Call) bool { return sections(c) || opening(c) || c.of() == "RestrictedKey" }},
	{"only approve writes approvals (§7)", nil, []string{"Approve"}, func(c Call) bool {
		return c.of() == "WorkTable" && changing(c) && c.keysLike("APPROVAL")
	}},
	{"only approve writes the staff register, once found-register has begun it (§7)", nil, []string{"Approve", "FoundRegister"}, func(c Call) bool {
		return c.of() == "WorkTable" && changing(c) && c.keysLike("STAFF", "SUBJECT#")
	}},
	{"found-register: begins the register, and reads, opens and removes nothing", []string{"FoundRegister"}, nil, func(c Call) bool {
		return strings.HasPrefix(c.Action, "kms:") || strings.HasPrefix(c.Action, "s3:") || c.verb() == "DeleteItem" ||
			slices.Contains([]string{"InboxTable", "KeysTable", "RecordsTable", "RestrictedTable"}, c.of()) || c.of() == "WorkTable" && c.keysLike("APPROVAL", "REQUEST", "EXPORT", "DUE#")
	}},
	{"serve-pages: nothing at all but its own log", []string{"ServePages"}, nil, func(c Call) bool { return c.of() != "ServePagesLogs" && c.of() != "EventsDeadLetters" }},
	{"only open-restricted opens what L3 is wrapped with (§4)", nil, []string{"OpenRestricted"}, func(c Call) bool { return c.of() == "RestrictedKey" && opening(c) }},
	{"only release-archive opens the keys of archives (§6)", nil, []string{"ReleaseArchive"}, func(c Call) bool { return opening(c) && with(c, "archive") }},
	{"only accept-submissions opens the inbox (§4)", nil, []string{"AcceptSubmissions"}, func(c Call) bool {
		return opening(c) && with(c, "inbox")
	}},
	{"every signing key has one signer (§6)", nil, nil, func(c Call) bool {
		signer := map[string]string{"ManifestKeyPair": "RotateKeys", "ArchivesKeyPair": "BuildExport", "CheckpointsKeyPair": "SealAudit", "ReceiptsKeyPair": "SubmitForm"}[c.of()]
		return c.verb() == "Sign" && signer != "" && c.Function != signer
	}},
	{"nobody signs but digests by the algorithm of §6", nil, nil, func(c Call) bool {
		return c.verb() == "Sign" && (c.Context["kms:MessageType"][0] != "DIGEST" || c.Context["kms:SigningAlgorithm"][0] != "ECDSA_SHA_256")
	}},
	{"nobody wraps or opens for another deployment, without one, or without a purpose (§4)", nil, nil, func(c Call) bool {
		return does(c, "kms", []string{"Encrypt", "Decrypt"}) && (!slices.Equal(c.Context["kms:EncryptionContext:kexin:deployment"], []string{"<Deployment>"}) || c.Context["kms:EncryptionContext:kexin:purpose"] == nil)
	}},
	{"nobody scans, copies, exports or deletes a table (§4)", nil, nil, func(c Call) bool { return does(c, "dynamodb", tableVerbs) && c.verb() != "DescribeTable" }},
	{"nobody uses PartiQL or UpdateItem, which no prefix confines as tested", nil, nil, func(c Call) bool {
		return strings.HasPrefix(c.verb(), "PartiQL") || c.verb() == "UpdateItem" || c.verb() == "BatchWriteItem"
	}},
	{"nobody changes a key, a bucket, a role, a queue or a function", nil, nil, func(c Call) bool {
		return does(c, "kms", []string{"CreateGrant", "DisableKey", "ScheduleKeyDeletion", "PutKeyPolicy", "EnableKey", "DisableKeyRotation", "ReplicateKey", "ImportKeyMaterial", "RevokeGrant"}) ||
			does(c, "s3", bucketVerbs) || strings.HasPrefix(c.Action, "iam:") || strings.HasPrefix(c.Action, "sts:") || does(c, "sqs", []string{"PurgeQueue", "DeleteQueue", "SetQueueAttributes", "AddPermission"}) ||
			strings.HasPrefix(c.Action, "lambda:") && c.verb() != "InvokeFunction"
	}},
	{"nobody removes or unlocks evidence (§6)", nil, nil, func(c Call) bool {
		return c.of() == "EvidenceBucket" && does(c, "s3", []string{"DeleteObject", "DeleteObjectVersion", "BypassGovernanceRetention", "PutObjectRetention", "PutObjectLegalHold", "PutObjectAcl"})
	}},
	{"nobody reads technical logs", nil, nil, func(c Call) bool {
		return does(c, "logs", []string{"GetLogEvents", "FilterLogEvents", "DeleteLogGroup", "PutRetentionPolicy"})
	}},
	{"nobody writes the log or the lanes of another kind: sealed entries only by seal-audit (§6)", nil, []string{"SealAudit"}, func(c Call) bool {
		return c.of() == "AuditTable" && changing(c) && c.keysLike("SEALED#", "CURSOR#", "LOG#", "ENDED#")
	}},
}
