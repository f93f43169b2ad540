// Package env is the only place that reads settings from environment variables. All begin with KEXIN_; one that is not known here is
// an error, so that a misspelt setting is found at the start and not in the field. Errors name variables and never their values.
package env

import (
	"crypto/ecdsa"
	"errors"
	"fmt"
	"slices"
	"strings"

	"kexin/shared/record"
)

// Settings is everything that can be set, by concern. A function uses only the members that its template sets; see Require.
type Settings struct {
	// Pack is the policy pack that the deployment runs. KEXIN_PACK, default P06.
	Pack string
	// Deployment names the installation; every ciphertext is bound to it. KEXIN_DEPLOYMENT; the embedded server draws one at its first
	// start and keeps it with its data.
	Deployment record.DeploymentID
	Tables     Tables
	KMS        KMS
	Buckets    Buckets
	Queues     Queues
	OIDC       OIDC
	Functions  Functions
	Pages      Pages
	Embedded   Embedded

	given map[Variable]bool
}

// Tables are the names of the DynamoDB tables. KEXIN_TABLE_INBOX, _KEYS, _RECORDS, _RESTRICTED, _AUDIT and _WORK.
type Tables struct {
	Inbox, Keys, Records, Restricted, Audit, Work string
}

// KMS are the ids or ARNs of the KMS keys.
type KMS struct {
	// Data wraps branch, index and archive keys. KEXIN_KMS_DATA.
	Data string
	// Restricted wraps the item keys of L3. KEXIN_KMS_RESTRICTED; never the same as Data.
	Restricted string
	// Storage encrypts objects at rest (SSE-KMS) and wraps nothing of ours. KEXIN_KMS_STORAGE.
	Storage string
	// Manifest, Archives, Checkpoints and Receipts sign, one purpose each. KEXIN_KMS_MANIFEST, _ARCHIVES, _CHECKPOINTS and _RECEIPTS.
	Manifest, Archives, Checkpoints, Receipts string
	// ManifestKey is the pinned public half of Manifest: whoever can write the manifest's row still cannot make functions seal to a key
	// of his own. KEXIN_MANIFEST_KEY, SubjectPublicKeyInfo of a P-256 key in base64.
	ManifestKey *ecdsa.PublicKey
}

// Buckets are the names of the S3 buckets. KEXIN_BUCKET_ARCHIVES and KEXIN_BUCKET_EVIDENCE.
type Buckets struct {
	Archives, Evidence string
}

// Queues are the URLs of the SQS queues. KEXIN_QUEUE_EXPORTS.
type Queues struct {
	Exports string
}

// OIDC says whose tokens are taken, and how the console's pages get them.
type OIDC struct {
	// Issuer and Audience: KEXIN_OIDC_ISSUER, an https URL (http on loopback), and KEXIN_OIDC_AUDIENCE; both or neither.
	Issuer, Audience string
	// Client is the public client that the console's pages are at the issuer. KEXIN_OIDC_CLIENT, default the audience.
	Client string
	// Scopes are what the pages ask the issuer for, openid among them. KEXIN_OIDC_SCOPES, separated by spaces, default openid.
	Scopes []string
}

// Pages are the settings of the pages that people see.
type Pages struct {
	// BaseURL is how clients reach the deployment: https, or http on loopback. KEXIN_BASE_URL; the embedded server takes http:// and Addr
	// when it is not set.
	BaseURL string
	// Connect are origins beside their own and the issuer's that the console's pages may call: the issuer's other addresses, the bucket
	// of archives. KEXIN_CONNECT_ORIGINS, separated by spaces.
	Connect []string
	// Forms are origins of other sites whose pages may hold the public form. KEXIN_FORM_ORIGINS, separated by spaces; default none.
	Forms []string
}

// Functions are the names of functions that other functions invoke. KEXIN_OPEN_RESTRICTED.
type Functions struct {
	OpenRestricted string
}

// Embedded are the settings of the one-process server, which uses no AWS.
type Embedded struct {
	// Addr is where the server listens. KEXIN_ADDR, default 127.0.0.1:8080.
	Addr string
	// Data is the folder of the store. KEXIN_DATA, default kexin-data.
	Data string
	// Demo makes the store that is created a demonstration, with tokens without passwords and a movable clock. KEXIN_DEMO, 1 or 0,
	// default 0; only on loopback and without a passphrase.
	Demo bool
	// FormRate is how many submissions of the public form are taken in a second; twice as many at one moment. KEXIN_FORM_RATE, default 20,
	// as the parameter FormRate of template.yaml.
	FormRate int
	// PassphraseFile is the file whose first line opens the key file. KEXIN_PASSPHRASE_FILE.
	PassphraseFile string
}

// Sentinels.
var (
	// ErrUnknown: a variable that begins with KEXIN_ and that nobody reads.
	ErrUnknown = errors.New("unknown environment variable")
	// ErrValue: a variable whose value cannot be used.
	ErrValue = errors.New("unusable value of environment variable")
	// ErrContradiction: two variables that cannot both be set as they are.
	ErrContradiction = errors.New("contradictory environment variables")
	// ErrMissing: a variable that the process cannot do without.
	ErrMissing = errors.New("missing environment variable")
)

// Variable is the name of an environment variable.
type Variable string

// Prefix begins the name of every variable of Kexin.
const Prefix = "KEXIN_"

// testOnly are variables of the test suite, which no process reads through this package.
func testOnly(name string) bool {
	return strings.HasPrefix(name, "KEXIN_TEST_") || name == "KEXIN_FULL" || name == "KEXIN_TOOLS"
}

// Load reads environ, a list of NAME=value as os.Environ returns it. All errors are reported at once, joined. A variable that is set
// to "" counts as not set.
func Load(environ []string) (Settings, error) {
	settings := Settings{Pack: "P06", given: map[Variable]bool{}}
	settings.Embedded = Embedded{Addr: "127.0.0.1:8080", Data: "kexin-data", FormRate: 20}
	var problems []error
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, Prefix) || testOnly(name) || value == "" {
			continue
		}
		if err := settings.set(Variable(name), value); err != nil {
			problems = append(problems, err)
		}
	}
	problems = append(problems, settings.contradictions()...)
	if len(problems) > 0 {
		return Settings{}, errors.Join(problems...)
	}
	settings.complete()
	return settings, nil
}

// complete fills in what follows from other settings.
func (s *Settings) complete() {
	if s.Pages.BaseURL == "" {
		s.Pages.BaseURL = "http://" + s.Embedded.Addr
	}
	if s.OIDC.Client == "" {
		s.OIDC.Client = s.OIDC.Audience
	}
	if s.OIDC.Issuer != "" && !slices.Contains(s.OIDC.Scopes, "openid") {
		s.OIDC.Scopes = append([]string{"openid"}, s.OIDC.Scopes...)
	}
}

func (s *Settings) set(name Variable, value string) error {
	i := slices.IndexFunc(variables, func(v variable) bool { return v.name == name })
	switch {
	case i < 0:
		return fmt.Errorf("%w %s", ErrUnknown, cleanName(string(name)))
	case s.given[name]:
		return fmt.Errorf("%w: %s is set twice", ErrContradiction, name)
	}
	s.given[name] = true
	if !variables[i].set(s, value) {
		return fmt.Errorf("%w %s: want %s", ErrValue, name, variables[i].want)
	}
	return nil
}

// cleanName keeps a misspelt name printable.
func cleanName(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '?'
	}, name[:min(len(name), 64)])
}

// Require returns ErrMissing naming every one of names that is not set.
func (s Settings) Require(names ...Variable) error {
	var problems []error
	for _, name := range names {
		if !s.given[name] {
			problems = append(problems, fmt.Errorf("%w %s", ErrMissing, name))
		}
	}
	return errors.Join(problems...)
}

// contradictions returns an error for every pair of settings that cannot both hold.
func (s *Settings) contradictions() []error {
	var problems []error
	contradict := func(bad bool, text string) {
		if bad {
			problems = append(problems, fmt.Errorf("%w: %s", ErrContradiction, text))
		}
	}
	contradict(s.given[OIDCIssuer] != s.given[OIDCAudience], "KEXIN_OIDC_ISSUER and KEXIN_OIDC_AUDIENCE go together")
	contradict(s.given[OIDCClient] && !s.given[OIDCIssuer], "KEXIN_OIDC_CLIENT needs KEXIN_OIDC_ISSUER")
	contradict(s.given[OIDCScopes] && !s.given[OIDCIssuer], "KEXIN_OIDC_SCOPES needs KEXIN_OIDC_ISSUER")
	contradict(s.KMS.Data != "" && s.KMS.Data == s.KMS.Restricted, "KEXIN_KMS_DATA and KEXIN_KMS_RESTRICTED must be different keys")
	contradict(s.Embedded.Demo && !loopback(s.Embedded.Addr), "KEXIN_DEMO needs KEXIN_ADDR on loopback")
	contradict(s.Embedded.Demo && s.given[PassphraseFile], "KEXIN_DEMO leaves the key file open, KEXIN_PASSPHRASE_FILE seals it")
	contradict(s.given[KMSManifest] && !s.given[ManifestKey], "KEXIN_KMS_MANIFEST needs KEXIN_MANIFEST_KEY, its pinned public half")
	if aws, embedded := s.first(true), s.first(false); aws != "" && embedded != "" {
		contradict(true, fmt.Sprintf("%s is of AWS, %s of the embedded server", aws, embedded))
	}
	signing := map[string]Variable{}
	for _, key := range []struct{ id, name string }{
		{s.KMS.Manifest, string(KMSManifest)}, {s.KMS.Archives, string(KMSArchives)},
		{s.KMS.Checkpoints, string(KMSCheckpoints)}, {s.KMS.Receipts, string(KMSReceipts)},
	} {
		if key.id == "" {
			continue
		}
		contradict(signing[key.id] != "", fmt.Sprintf("%s and %s must be different keys", signing[key.id], key.name))
		signing[key.id] = Variable(key.name)
	}
	return problems
}

// first returns the first variable given that is of AWS, or of the embedded server.
func (s *Settings) first(aws bool) Variable {
	for _, v := range variables {
		if s.given[v.name] && (aws && v.side == onAWS || !aws && v.side == onOneMachine) {
			return v.name
		}
	}
	return ""
}
