// Package grants says what each function may do (design §7), as data. The embedded server limits every function's store, root keys and
// objects by it; template.yaml states the same as IAM policies, and a test compares the two.
package grants

import (
	"kexin/shared/keys"
	"kexin/shared/objects"
	"kexin/shared/rows"
	"kexin/shared/store"
)

// Function is the name of a function: its folder, and in Pascal case its logical id.
type Function string

// The functions.
const (
	ServePages        Function = "serve-pages" // nothing: what it answers is public and the same for everybody
	SubmitForm        Function = "submit-form"
	AcceptSubmissions Function = "accept-submissions"
	ServeConsole      Function = "serve-console"
	Approve           Function = "approve"
	OpenRestricted    Function = "open-restricted"
	BuildExport       Function = "build-export"
	ReleaseArchive    Function = "release-archive"
	PurgeExpired      Function = "purge-expired"
	SealAudit         Function = "seal-audit"
	WatchAudit        Function = "watch-audit"
	RotateKeys        Function = "rotate-keys"
	FoundRegister     Function = "found-register"
)

// Functions returns every function in a fixed order.
func Functions() []Function {
	return []Function{ServePages, SubmitForm, AcceptSubmissions, ServeConsole, Approve, OpenRestricted, BuildExport, ReleaseArchive, PurgeExpired,
		SealAudit, WatchAudit, RotateKeys, FoundRegister}
}

// Set is what one function may do. The zero Set allows nothing.
type Set struct {
	Store   []store.Grant
	Keys    keys.Grant
	Objects []objects.Grant
}

const (
	get    = store.MayGet
	query  = store.MayQuery
	put    = store.MayPut
	remove = store.MayDelete
	check  = store.MayCheck
)

// lanes is what every writer of audit entries needs.
func lanes() []store.Grant {
	return []store.Grant{{Table: store.Audit, Prefix: "LANE#", Access: get | put}, {Table: store.Audit, Prefix: "LANES#", Access: put}}
}

// login is what every function for staff needs to know who asks.
func login() []store.Grant {
	return []store.Grant{{Table: store.Work, Prefix: rows.PrefixStaff, Access: get}, {Table: store.Work, Prefix: rows.PrefixSubject, Access: get}}
}

func join(lists ...[]store.Grant) []store.Grant {
	var all []store.Grant
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}

// Of returns what function may do.
func Of(function Function) Set {
	return table[function]
}

var table = map[Function]Set{
	SubmitForm: {
		Store: []store.Grant{
			{Table: store.Inbox, Prefix: rows.PrefixManifest, Access: get},
			{Table: store.Inbox, Prefix: rows.PrefixSubmission, Access: get | put},
			{Table: store.Inbox, Prefix: rows.PrefixIntake, Access: put},
		},
		Keys: keys.Grant{Sign: []keys.Signer{keys.SignReceipts}},
	},
	AcceptSubmissions: {
		Store: join(lanes(), []store.Grant{
			{Table: store.Inbox, Prefix: rows.PrefixManifest, Access: get},
			{Table: store.Inbox, Prefix: rows.PrefixIntake, Access: get},
			{Table: store.Inbox, Prefix: rows.PrefixSubmission, Access: get | query | put | remove},
			{Table: store.Keys, Prefix: rows.PrefixCustomer, Access: get | put},
			{Table: store.Keys, Prefix: rows.PrefixIdentifier, Access: put},
			{Table: store.Keys, Prefix: rows.PrefixToken, Access: put},
			{Table: store.Keys, Prefix: rows.PrefixIntake, Access: put},
			{Table: store.Keys, Prefix: rows.PrefixBranch + "inbox", Access: get},
			{Table: store.Keys, Prefix: rows.PrefixIndexKey, Access: get},
			{Table: store.Records, Prefix: rows.PrefixCustomer, Access: put},
			{Table: store.Restricted, Prefix: rows.PrefixCustomer, Access: put},
			{Table: store.Work, Prefix: rows.PrefixDue, Access: put},
			{Table: store.Work, Prefix: rows.PrefixPending, Access: put},
		}),
		Keys: keys.Grant{Unwrap: []keys.Purpose{keys.ForInbox, keys.ForIndex}, Wrap: []keys.Purpose{keys.ForRecord}},
	},
	ServeConsole: {
		Store: join(lanes(), login(), []store.Grant{
			{Table: store.Inbox, Prefix: rows.PrefixManifest, Access: get},
			{Table: store.Keys, Prefix: rows.PrefixCustomer, Access: get | put | check},
			{Table: store.Keys, Prefix: rows.PrefixIdentifier, Access: get | put | remove},
			{Table: store.Keys, Prefix: rows.PrefixToken, Access: query | put | remove},
			{Table: store.Keys, Prefix: rows.PrefixIntake, Access: get | put},
			{Table: store.Keys, Prefix: rows.PrefixBranch + "L", Access: get},
			{Table: store.Keys, Prefix: rows.PrefixIndexKey, Access: get},
			{Table: store.Keys, Prefix: rows.PrefixArchiveKey, Access: remove},
			{Table: store.Records, Prefix: rows.PrefixCustomer, Access: get | put},
			{Table: store.Records, Prefix: "index:" + string(store.ByDepartment), Access: query},
			{Table: store.Restricted, Prefix: rows.PrefixCustomer, Access: put},
			{Table: store.Audit, Prefix: rows.PrefixMention, Access: query | put},
			{Table: store.Audit, Prefix: "index:" + string(store.ByCustomer), Access: query},
			{Table: store.Audit, Prefix: "SEALED#", Access: query | get},
			{Table: store.Audit, Prefix: "LOG#", Access: get},
			{Table: store.Work, Prefix: rows.PrefixDue, Access: put | remove},
			{Table: store.Work, Prefix: rows.PrefixHeld, Access: remove},
			{Table: store.Work, Prefix: rows.PrefixPending, Access: query | put | remove},
			{Table: store.Work, Prefix: rows.PrefixRoster, Access: query},
			{Table: store.Work, Prefix: rows.PrefixRequest, Access: get | put},
			{Table: store.Work, Prefix: rows.PrefixApproval, Access: get},
			{Table: store.Work, Prefix: rows.PrefixExport, Access: get | query | put},
			{Table: store.Work, Prefix: rows.PrefixReads, Access: get | put},
		}),
		Keys:    keys.Grant{Unwrap: []keys.Purpose{keys.ForBranch, keys.ForIndex}, Wrap: []keys.Purpose{keys.ForRecord}},
		Objects: []objects.Grant{{Bucket: objects.Evidence, Prefix: "log/", Access: objects.MayGet}},
	},
	Approve: {
		Store: join(lanes(), []store.Grant{
			{Table: store.Work, Prefix: rows.PrefixStaff, Access: get | query | put},
			{Table: store.Work, Prefix: rows.PrefixSubject, Access: get | put | remove},
			{Table: store.Work, Prefix: rows.PrefixRequest, Access: get | query | put},
			{Table: store.Work, Prefix: rows.PrefixApproval, Access: get | put},
		}),
	},
	OpenRestricted: {
		Store: join(lanes(), login(), []store.Grant{
			{Table: store.Keys, Prefix: rows.PrefixCustomer, Access: get | check},
			{Table: store.Restricted, Prefix: rows.PrefixCustomer, Access: get | put},
			{Table: store.Work, Prefix: rows.PrefixRequest, Access: get},
			{Table: store.Work, Prefix: rows.PrefixApproval, Access: get},
			{Table: store.Work, Prefix: rows.PrefixReads, Access: get | put},
		}),
		Keys: keys.Grant{Unwrap: []keys.Purpose{keys.ForRecord}, Wrap: []keys.Purpose{keys.ForRecord}},
	},
	BuildExport: {
		Store: join(lanes(), login(), []store.Grant{
			{Table: store.Keys, Prefix: rows.PrefixCustomer, Access: get},
			{Table: store.Keys, Prefix: rows.PrefixIntake, Access: get},
			{Table: store.Keys, Prefix: rows.PrefixBranch + "L", Access: get},
			{Table: store.Keys, Prefix: rows.PrefixArchiveKey, Access: put | remove},
			{Table: store.Records, Prefix: rows.PrefixCustomer, Access: get},
			{Table: store.Records, Prefix: "index:" + string(store.ByDepartment), Access: query},
			{Table: store.Work, Prefix: rows.PrefixRoster, Access: put},
			{Table: store.Work, Prefix: rows.PrefixExport, Access: get | query | put},
			{Table: store.Work, Prefix: rows.PrefixRequest, Access: get},
			{Table: store.Work, Prefix: rows.PrefixApproval, Access: get},
		}),
		Keys:    keys.Grant{Unwrap: []keys.Purpose{keys.ForBranch}, Wrap: []keys.Purpose{keys.ForArchive}, Sign: []keys.Signer{keys.SignArchives}},
		Objects: []objects.Grant{{Bucket: objects.Archives, Prefix: "exports/", Access: objects.MayPut | objects.MayDelete}},
	},
	ReleaseArchive: {
		Store: join(lanes(), login(), []store.Grant{
			{Table: store.Keys, Prefix: rows.PrefixArchiveKey, Access: get | remove},
			{Table: store.Work, Prefix: rows.PrefixExport, Access: get | put},
		}),
		Keys:    keys.Grant{Unwrap: []keys.Purpose{keys.ForArchive}},
		Objects: []objects.Grant{{Bucket: objects.Archives, Prefix: "exports/", Access: objects.MayLink}},
	},
	PurgeExpired: {
		Store: join(lanes(), []store.Grant{
			{Table: store.Keys, Prefix: rows.PrefixCustomer, Access: get | put | remove | check},
			{Table: store.Keys, Prefix: rows.PrefixIdentifier, Access: remove},
			{Table: store.Keys, Prefix: rows.PrefixToken, Access: remove},
			{Table: store.Keys, Prefix: rows.PrefixArchiveKey, Access: remove},
			{Table: store.Records, Prefix: rows.PrefixCustomer, Access: get | query | put | remove},
			{Table: store.Records, Prefix: "index:" + string(store.ByDepartment), Access: query},
			{Table: store.Restricted, Prefix: rows.PrefixCustomer, Access: query | remove},
			{Table: store.Work, Prefix: rows.PrefixDue, Access: query | put | remove},
			{Table: store.Work, Prefix: rows.PrefixHeld, Access: put},
			{Table: store.Work, Prefix: rows.PrefixPending, Access: remove},
			{Table: store.Work, Prefix: rows.PrefixRoster, Access: query | remove},
			{Table: store.Work, Prefix: rows.PrefixExport, Access: get | put},
			{Table: store.Work, Prefix: rows.PrefixRequest, Access: get | put},
			{Table: store.Work, Prefix: rows.PrefixApproval, Access: get},
			{Table: store.Work, Prefix: rows.PrefixJob, Access: get | put},
		}),
		Objects: []objects.Grant{{Bucket: objects.Archives, Prefix: "exports/", Access: objects.MayDelete}},
	},
	SealAudit: {
		Store: []store.Grant{
			{Table: store.Audit, Prefix: "LANE#", Access: get | query | put},
			{Table: store.Audit, Prefix: "LANES#", Access: get | query | put | remove},
			{Table: store.Audit, Prefix: "ENDED#", Access: get | query | put},
			{Table: store.Audit, Prefix: "CURSOR#", Access: get | query | put},
			{Table: store.Audit, Prefix: "SEALED#", Access: get | query | put},
			{Table: store.Audit, Prefix: "LOG#", Access: get | put},
		},
		Keys:    keys.Grant{Sign: []keys.Signer{keys.SignCheckpoints}},
		Objects: []objects.Grant{{Bucket: objects.Evidence, Prefix: "log/", Access: objects.MayPut | objects.MayGet}},
	},
	WatchAudit: {
		Store: join(lanes(), []store.Grant{{Table: store.Audit, Prefix: "ENDED#", Access: get}}),
	},
	FoundRegister: {
		Store: join(lanes(), []store.Grant{
			{Table: store.Work, Prefix: rows.PrefixStaff, Access: query | put},
			{Table: store.Work, Prefix: rows.PrefixSubject, Access: put},
			{Table: store.Work, Prefix: rows.PrefixJob + string(FoundRegister), Access: put},
		}),
	},
	RotateKeys: {
		Store: join(lanes(), []store.Grant{
			{Table: store.Inbox, Prefix: rows.PrefixManifest, Access: get | put},
			{Table: store.Keys, Prefix: rows.PrefixBranch, Access: get | put},
			{Table: store.Keys, Prefix: rows.PrefixIndexKey, Access: get | put},
		}),
		Keys: keys.Grant{Wrap: []keys.Purpose{keys.ForInbox, keys.ForBranch, keys.ForIndex}, Sign: []keys.Signer{keys.SignManifest}},
	},
}
