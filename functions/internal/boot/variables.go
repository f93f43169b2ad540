package boot

import (
	"slices"

	"kexin/shared/env"
	"kexin/shared/grants"
	"kexin/shared/keys"
	"kexin/shared/objects"
	"kexin/shared/rows"
	"kexin/shared/store"
)

var tableVariables = map[store.Table]env.Variable{store.Inbox: env.TableInbox, store.Keys: env.TableKeys, store.Records: env.TableRecords,
	store.Restricted: env.TableRestricted, store.Audit: env.TableAudit, store.Work: env.TableWork}

var signerVariables = map[keys.Signer]env.Variable{keys.SignManifest: env.KMSManifest, keys.SignArchives: env.KMSArchives,
	keys.SignCheckpoints: env.KMSCheckpoints, keys.SignReceipts: env.KMSReceipts}

var bucketVariables = map[objects.Bucket]env.Variable{objects.Archives: env.BucketArchives, objects.Evidence: env.BucketEvidence}

// Variables returns the settings that function needs, in a fixed order: what follows from its grants, and what its own code asks for.
// template.yaml gives each function exactly these.
func Variables(function grants.Function) []env.Variable {
	set := grants.Of(function)
	need := map[env.Variable]bool{env.Deployment: len(set.Store) > 0}
	for _, grant := range set.Store {
		need[tableVariables[grant.Table]] = true
		if grant.Prefix == rows.PrefixManifest {
			need[env.ManifestKey] = true
		}
	}
	for _, purpose := range append(slices.Clone(set.Keys.Wrap), set.Keys.Unwrap...) {
		need[env.KMSData] = need[env.KMSData] || purpose != keys.ForRecord
		need[env.KMSRestricted] = need[env.KMSRestricted] || purpose == keys.ForRecord
	}
	for _, signer := range set.Keys.Sign {
		need[signerVariables[signer]] = true
	}
	for _, grant := range set.Objects {
		need[bucketVariables[grant.Bucket]], need[env.KMSStorage] = true, true
	}
	for _, variable := range others(function) {
		need[variable] = true
	}
	return slices.DeleteFunc(env.Known(), func(v env.Variable) bool { return !need[v] })
}

// Required returns the Variables of function that must have a value; the others may be left empty.
func Required(function grants.Function) []env.Variable {
	optional := []env.Variable{env.OIDCClient, env.OIDCScopes, env.FormOrigins}
	return slices.DeleteFunc(Variables(function), func(v env.Variable) bool { return slices.Contains(optional, v) })
}

// others returns what no grant speaks of.
func others(function grants.Function) []env.Variable {
	switch function {
	case grants.ServePages:
		return []env.Variable{env.Pack, env.OIDCIssuer, env.OIDCAudience, env.OIDCClient, env.OIDCScopes, env.BaseURL, env.ConnectOrigins}
	case grants.SubmitForm: // it hands out the public halves of all signing keys
		return []env.Variable{env.Pack, env.KMSManifest, env.KMSArchives, env.KMSCheckpoints, env.KMSReceipts, env.FormOrigins}
	case grants.ServeConsole:
		return []env.Variable{env.Pack, env.OIDCIssuer, env.OIDCAudience, env.OpenRestricted, env.QueueExports}
	case grants.Approve, grants.OpenRestricted, grants.ReleaseArchive, grants.FoundRegister:
		return []env.Variable{env.Pack, env.OIDCIssuer, env.OIDCAudience}
	case grants.AcceptSubmissions, grants.BuildExport, grants.PurgeExpired:
		return []env.Variable{env.Pack}
	}
	return nil
}
