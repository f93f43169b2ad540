package env

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"net"
	"net/url"
	"strconv"
	"strings"

	"kexin/shared/record"
)

// The variables.
const (
	Pack            Variable = "KEXIN_PACK"
	Deployment      Variable = "KEXIN_DEPLOYMENT"
	TableInbox      Variable = "KEXIN_TABLE_INBOX"
	TableKeys       Variable = "KEXIN_TABLE_KEYS"
	TableRecords    Variable = "KEXIN_TABLE_RECORDS"
	TableRestricted Variable = "KEXIN_TABLE_RESTRICTED"
	TableAudit      Variable = "KEXIN_TABLE_AUDIT"
	TableWork       Variable = "KEXIN_TABLE_WORK"
	KMSData         Variable = "KEXIN_KMS_DATA"
	KMSRestricted   Variable = "KEXIN_KMS_RESTRICTED"
	KMSStorage      Variable = "KEXIN_KMS_STORAGE"
	KMSManifest     Variable = "KEXIN_KMS_MANIFEST"
	KMSArchives     Variable = "KEXIN_KMS_ARCHIVES"
	KMSCheckpoints  Variable = "KEXIN_KMS_CHECKPOINTS"
	KMSReceipts     Variable = "KEXIN_KMS_RECEIPTS"
	ManifestKey     Variable = "KEXIN_MANIFEST_KEY"
	BucketArchives  Variable = "KEXIN_BUCKET_ARCHIVES"
	BucketEvidence  Variable = "KEXIN_BUCKET_EVIDENCE"
	QueueExports    Variable = "KEXIN_QUEUE_EXPORTS"
	OIDCIssuer      Variable = "KEXIN_OIDC_ISSUER"
	OIDCAudience    Variable = "KEXIN_OIDC_AUDIENCE"
	OIDCClient      Variable = "KEXIN_OIDC_CLIENT"
	OIDCScopes      Variable = "KEXIN_OIDC_SCOPES"
	ConnectOrigins  Variable = "KEXIN_CONNECT_ORIGINS"
	FormOrigins     Variable = "KEXIN_FORM_ORIGINS"
	OpenRestricted  Variable = "KEXIN_OPEN_RESTRICTED"
	Addr            Variable = "KEXIN_ADDR"
	Data            Variable = "KEXIN_DATA"
	Demo            Variable = "KEXIN_DEMO"
	PassphraseFile  Variable = "KEXIN_PASSPHRASE_FILE"
	BaseURL         Variable = "KEXIN_BASE_URL"
	FormRate        Variable = "KEXIN_FORM_RATE"
)

type side uint8

const (
	anywhere side = iota
	onAWS
	onOneMachine
)

// variable is a row of the table of all variables: where it belongs, what a good value is, and where it goes. set reports whether the
// value is good.
type variable struct {
	name Variable
	side side
	want string
	set  func(*Settings, string) bool
}

const (
	wantName = "a name of letters, digits and - _ . : /"
	wantURL  = "an https URL, or http on loopback"
	wantList = "origins separated by spaces, each https://host, or http on loopback, without a path"
)

var variables = []variable{
	{Pack, anywhere, wantName, name(func(s *Settings) *string { return &s.Pack })},
	{Deployment, anywhere, "an identifier that begins with dep_", setDeployment},
	{TableInbox, onAWS, wantName, name(func(s *Settings) *string { return &s.Tables.Inbox })},
	{TableKeys, onAWS, wantName, name(func(s *Settings) *string { return &s.Tables.Keys })},
	{TableRecords, onAWS, wantName, name(func(s *Settings) *string { return &s.Tables.Records })},
	{TableRestricted, onAWS, wantName, name(func(s *Settings) *string { return &s.Tables.Restricted })},
	{TableAudit, onAWS, wantName, name(func(s *Settings) *string { return &s.Tables.Audit })},
	{TableWork, onAWS, wantName, name(func(s *Settings) *string { return &s.Tables.Work })},
	{KMSData, onAWS, wantName, name(func(s *Settings) *string { return &s.KMS.Data })},
	{KMSRestricted, onAWS, wantName, name(func(s *Settings) *string { return &s.KMS.Restricted })},
	{KMSStorage, onAWS, wantName, name(func(s *Settings) *string { return &s.KMS.Storage })},
	{KMSManifest, onAWS, wantName, name(func(s *Settings) *string { return &s.KMS.Manifest })},
	{KMSArchives, onAWS, wantName, name(func(s *Settings) *string { return &s.KMS.Archives })},
	{KMSCheckpoints, onAWS, wantName, name(func(s *Settings) *string { return &s.KMS.Checkpoints })},
	{KMSReceipts, onAWS, wantName, name(func(s *Settings) *string { return &s.KMS.Receipts })},
	{ManifestKey, anywhere, "a P-256 public key, SubjectPublicKeyInfo in base64", setManifestKey},
	{BucketArchives, onAWS, wantName, name(func(s *Settings) *string { return &s.Buckets.Archives })},
	{BucketEvidence, onAWS, wantName, name(func(s *Settings) *string { return &s.Buckets.Evidence })},
	{QueueExports, onAWS, wantURL, address(func(s *Settings) *string { return &s.Queues.Exports })},
	{OIDCIssuer, anywhere, wantURL, address(func(s *Settings) *string { return &s.OIDC.Issuer })},
	{OIDCAudience, anywhere, wantName, name(func(s *Settings) *string { return &s.OIDC.Audience })},
	{OIDCClient, anywhere, wantName, name(func(s *Settings) *string { return &s.OIDC.Client })},
	{OIDCScopes, anywhere, "names separated by spaces", setScopes},
	{ConnectOrigins, anywhere, wantList, origins(func(s *Settings) *[]string { return &s.Pages.Connect })},
	{FormOrigins, anywhere, wantList, origins(func(s *Settings) *[]string { return &s.Pages.Forms })},
	{OpenRestricted, onAWS, wantName, name(func(s *Settings) *string { return &s.Functions.OpenRestricted })},
	{Addr, onOneMachine, "host:port", setAddr},
	{Data, onOneMachine, "a folder", path(func(s *Settings) *string { return &s.Embedded.Data })},
	{Demo, onOneMachine, "0 or 1", setDemo},
	{PassphraseFile, onOneMachine, "a file", path(func(s *Settings) *string { return &s.Embedded.PassphraseFile })},
	{FormRate, onOneMachine, "submissions a second, 1 to 1000000", setFormRate},
	{BaseURL, anywhere, wantURL, address(func(s *Settings) *string { return &s.Pages.BaseURL })},
}

// Known returns the names of all variables in a fixed order, for documentation and for the test of the template.
func Known() []Variable {
	names := make([]Variable, len(variables))
	for i, v := range variables {
		names[i] = v.name
	}
	return names
}

// isName reports whether text is 1 to 255 letters, digits and - _ . : /, the first a letter or digit. Written out: the regular expression
// for it takes a process a tenth of its start to compile.
func isName(text string) bool {
	for i := range len(text) {
		c := text[i]
		alphanumeric := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !alphanumeric && (i == 0 || !strings.ContainsRune("-_.:/", rune(c))) {
			return false
		}
	}
	return text != "" && len(text) <= 255
}

func setFormRate(s *Settings, value string) bool {
	rate, err := strconv.Atoi(value)
	s.Embedded.FormRate = rate
	return err == nil && rate >= 1 && rate <= 1_000_000
}

func name(at func(*Settings) *string) func(*Settings, string) bool {
	return func(s *Settings, value string) bool {
		*at(s) = value
		return isName(value)
	}
}

func path(at func(*Settings) *string) func(*Settings, string) bool {
	return func(s *Settings, value string) bool {
		*at(s) = value
		return !strings.ContainsAny(value, "\x00\n")
	}
}

func address(at func(*Settings) *string) func(*Settings, string) bool {
	return func(s *Settings, value string) bool {
		*at(s) = value
		parsed, err := url.Parse(value)
		if err != nil || parsed.Host == "" || parsed.User != nil || parsed.RawQuery != "" || parsed.Fragment != "" {
			return false
		}
		return parsed.Scheme == "https" || parsed.Scheme == "http" && loopbackHost(parsed.Hostname())
	}
}

// origins reads a list of origins, each as a browser states it: no path, no star.
func origins(at func(*Settings) *[]string) func(*Settings, string) bool {
	return func(s *Settings, value string) bool {
		*at(s) = strings.Fields(value)
		for _, origin := range *at(s) {
			var one Settings
			if !address(func(s *Settings) *string { return &s.Pages.BaseURL })(&one, origin) || !isOrigin(origin) {
				return false
			}
		}
		return true
	}
}

// isOrigin reports whether a URL is scheme and host only, in the form that browsers send.
func isOrigin(text string) bool {
	parsed, err := url.Parse(text)
	return err == nil && text == parsed.Scheme+"://"+parsed.Host && text == strings.ToLower(text) && !strings.ContainsAny(text, "*,;'\"")
}

func setScopes(s *Settings, value string) bool {
	s.OIDC.Scopes = strings.Fields(value)
	for _, scope := range s.OIDC.Scopes {
		if !isName(scope) {
			return false
		}
	}
	return true
}

func setDeployment(s *Settings, value string) bool {
	s.Deployment = record.DeploymentID(value)
	return record.CheckID(record.PrefixDeployment, value) == nil
}

func setManifestKey(s *Settings, value string) bool {
	der, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		return false
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return false
	}
	key, ok := parsed.(*ecdsa.PublicKey)
	s.KMS.ManifestKey = key
	return ok && key.Curve == elliptic.P256()
}

func setAddr(s *Settings, value string) bool {
	s.Embedded.Addr = value
	_, port, err := net.SplitHostPort(value)
	return err == nil && port != ""
}

func setDemo(s *Settings, value string) bool {
	s.Embedded.Demo = value == "1"
	return value == "1" || value == "0"
}

// loopback reports whether addr (host:port) can be reached only from this machine.
func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	return err == nil && loopbackHost(host)
}

func loopbackHost(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
