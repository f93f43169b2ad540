package privileges

import (
	"slices"
	"strings"

	"kexin/infra/deployed"
	"kexin/infra/template"
	"kexin/shared/grants"
	"kexin/shared/keys"
	"kexin/shared/objects"
	"kexin/shared/rows"
	"kexin/shared/store"
)

// What the resources of the grants are called in the template.
var (
	tableIDs = map[string]store.Table{"InboxTable": store.Inbox, "KeysTable": store.Keys, "RecordsTable": store.Records,
		"RestrictedTable": store.Restricted, "AuditTable": store.Audit, "WorkTable": store.Work}
	bucketIDs = map[string]objects.Bucket{"ArchivesBucket": objects.Archives, "EvidenceBucket": objects.Evidence}
	signerIDs = map[string]keys.Signer{"ManifestKeyPair": keys.SignManifest, "ArchivesKeyPair": keys.SignArchives,
		"CheckpointsKeyPair": keys.SignCheckpoints, "ReceiptsKeyPair": keys.SignReceipts}
)

// whole are the partitions that are one key; the others are prefixes.
var whole = []string{rows.PrefixManifest, rows.PrefixStaff, rows.PrefixRequest, rows.PrefixApproval, rows.PrefixExport}

// Granted reports what shared/grants and the platform let a function do, sample by sample.
type Granted struct {
	function string
	set      grants.Set
	platform []Call
}

// GrantedTo returns what a function, by its logical id, is granted in a deployment.
func GrantedTo(d *deployed.Deployment, function string) (Granted, error) {
	g := Granted{function: function}
	for _, f := range grants.Functions() {
		if LogicalID(f) == function {
			g.set = grants.Of(f)
		}
	}
	var err error
	g.platform, err = platform(d, function)
	return g, err
}

// LogicalID returns the logical id of a function: its folder's name in Pascal case.
func LogicalID(f grants.Function) string {
	id := ""
	for word := range strings.SplitSeq(string(f), "-") {
		id += strings.ToUpper(word[:1]) + word[1:]
	}
	return id
}

// Covers reports whether c is granted.
func (g Granted) Covers(c Call) bool {
	if slices.ContainsFunc(g.platform, func(p Call) bool { return p.Action == c.Action && p.Resource == c.Resource }) {
		return true
	}
	service, _, _ := strings.Cut(c.Action, ":")
	switch service {
	case "dynamodb":
		return g.row(c)
	case "kms":
		return g.key(c)
	case "s3":
		return g.object(c)
	}
	return false
}

var accesses = map[string]store.Access{"GetItem": store.MayGet, "BatchGetItem": store.MayGet, "Query": store.MayQuery, "PutItem": store.MayPut,
	"DeleteItem": store.MayDelete, "ConditionCheckItem": store.MayCheck}

// oneAtATime are the functions whose programs read a row at a time.
var oneAtATime = []string{"ServePages", "SubmitForm", "AcceptSubmissions", "ReleaseArchive", "RotateKeys", "WatchAudit", "FoundRegister"}

func (g Granted) row(c Call) bool {
	table, access := tableIDs[c.of()], accesses[c.verb()]
	if index, ok := strings.CutPrefix(c.Resource, deployed.Symbol(c.of())+"/index/"); ok {
		return slices.ContainsFunc(g.set.Store, func(s store.Grant) bool {
			return s.Table == table && s.Prefix == "index:"+index && c.verb() == "Query"
		})
	}
	leading := c.Context["dynamodb:LeadingKeys"]
	public := g.function == "SubmitForm" && c.Context["dynamodb:ReturnValues"] != nil
	if c.verb() == "BatchGetItem" && slices.Contains(oneAtATime, g.function) {
		return false
	}
	if access == 0 || len(leading) == 0 || public || c.Resource != deployed.Symbol(c.of()) {
		return false
	}
	for _, key := range leading {
		if !slices.ContainsFunc(g.set.Store, func(s store.Grant) bool {
			return s.Table == table && s.Access&access != 0 && (key == s.Prefix || !slices.Contains(whole, s.Prefix) && strings.HasPrefix(key, s.Prefix))
		}) {
			return false
		}
	}
	return true
}

func (g Granted) key(c Call) bool {
	if signer, ok := signerIDs[c.of()]; ok {
		return c.verb() == "Sign" && slices.Contains(g.set.Keys.Sign, signer) && c.Context["kms:MessageType"][0] == "DIGEST" &&
			c.Context["kms:SigningAlgorithm"][0] == "ECDSA_SHA_256"
	}
	granted := map[string][]keys.Purpose{"Encrypt": g.set.Keys.Wrap, "Decrypt": g.set.Keys.Unwrap}[c.verb()]
	return slices.ContainsFunc(granted, func(purpose keys.Purpose) bool {
		home := map[bool]string{true: "RestrictedKey", false: "DataKey"}[purpose == keys.ForRecord]
		return home == c.of() && with(c, string(purpose)) && slices.Equal(c.Context["kms:EncryptionContext:kexin:deployment"], []string{"<Deployment>"}) &&
			len(c.Context["kms:EncryptionContextKeys"]) == 2
	})
}

func (g Granted) object(c Call) bool {
	var access objects.Access
	switch c.verb() {
	case "GetObject":
		access = objects.MayGet | objects.MayLink
	case "PutObject", "AbortMultipartUpload":
		access = objects.MayPut
	case "DeleteObjectVersion", "ListBucketVersions":
		access = objects.MayDelete
	case "ListBucket":
		access = objects.MayList
	}
	key := strings.TrimPrefix(c.Resource, deployed.Symbol(c.of())+"/")
	if strings.HasPrefix(c.verb(), "ListBucket") {
		key = append(c.Context["s3:prefix"], "")[0]
	}
	return slices.ContainsFunc(g.set.Objects, func(o objects.Grant) bool {
		return o.Bucket == bucketIDs[c.of()] && o.Access&access != 0 && strings.HasPrefix(key, o.Prefix)
	})
}

// platform is what a function needs to be run, told and heard at all.
func platform(d *deployed.Deployment, function string) ([]Call, error) {
	var calls []Call
	add := func(resource string, actions ...string) {
		for _, action := range actions {
			calls = append(calls, Call{Function: function, Action: action, Resource: resource})
		}
	}
	add("<"+function+"Logs.Arn>", "logs:CreateLogStream", "logs:PutLogEvents")
	stream := []string{"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"}
	switch function {
	case "SubmitForm":
		for key := range signerIDs {
			add(deployed.Symbol(key), "kms:GetPublicKey")
		}
	case "SealAudit":
		add("<CheckpointsKeyPair.Arn>", "kms:GetPublicKey")
	case "AcceptSubmissions":
		add("<InboxTable.Arn>/stream/2026-01-01T00:00:00.000", stream...)
	case "WatchAudit":
		add("<AuditTable.Arn>/stream/2026-01-01T00:00:00.000", stream...)
		add("<WatchAuditDeadLetters.Arn>", "sqs:SendMessage")
	case "ServeConsole":
		add("<ExportsQueue.Arn>", "sqs:SendMessage")
		add("<OpenRestricted.Arn>", "lambda:InvokeFunction")
	case "BuildExport":
		add("<ExportsQueue.Arn>", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
		add("<ArchivesKeyPair.Arn>", "kms:GetPublicKey")
	}
	p, err := d.Properties(function)
	if err != nil {
		return nil, err
	}
	for _, member := range []string{"DeadLetterConfig", "DeadLetterQueue"} { // where events go that no attempt could handle
		if arn, ok := template.At(p, member)["TargetArn"].(string); ok {
			add(d.SymbolOf(arn), "sqs:SendMessage")
		}
	}
	return calls, nil
}
