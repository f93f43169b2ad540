// Package embedded puts all functions into one process over files: bbolt, a key file and a folder. Every function gets its own limited
// store, root keys and objects, exactly as on AWS; what one process cannot give is that they are also separated from each other by the
// machine (docs/threats.md).
package embedded

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"kexin/packs"
	"kexin/shared/boltstore"
	"kexin/shared/decision"
	"kexin/shared/dirobjects"
	"kexin/shared/filekeys"
	"kexin/shared/identity"
	"kexin/shared/keys"
	"kexin/shared/policy"
	"kexin/shared/record"
	"kexin/shared/system"
	"kexin/shared/system/ruled"
)

// Options say how to open an installation.
type Options struct {
	Data       string // folder
	Pack       string
	Demo       bool // create a demonstration when the folder is empty; one that exists is opened as what it is
	Passphrase []byte
	BaseURL    string
	Addr       string // for the check of the Host header
	Issuer     string // of staff's tokens; empty on a demonstration
	Audience   string
	Client     string   // what the console's pages are at the issuer; empty: Audience
	Scopes     []string // what the pages ask the issuer for
	Connect    []string // further origins that the console's pages may call
	Forms      []string // origins of other sites that may hold the public form
	FormRate   int      // submissions of the public form in a second, twice as many at one moment; 0: no limit
	Log        *slog.Logger
	Random     io.Reader
	Instrument func(*ruled.Backend) // may wrap what every function works on, such as a store that counts; nil: nothing
}

// Server is an open installation.
type Server struct {
	Options
	Keys     *filekeys.File
	Store    *boltstore.Store
	Objects  *dirobjects.Dir
	Pack     *policy.Pack
	Verifier identity.Verifier
	Issuing  *identity.DemoIssuer // nil on a product store
	Clock    *Clock
	Created  bool // the folder was empty

	backend ruled.Backend
	parts   *parts
	sealing sync.Mutex // one run of seal-audit at a time
}

// Sentinels of the package.
var (
	// ErrSetup: a setting that a product store needs is missing; the message says which and how to give it.
	ErrSetup = errors.New("installation is not set up")
)

// Open opens the installation in o.Data, or creates it when the folder has no key file.
func Open(ctx context.Context, o Options) (*Server, error) {
	s := &Server{Options: o}
	if s.Random == nil {
		s.Random = rand.Reader
	}
	if err := s.openParts(); err != nil {
		return nil, errors.Join(err, s.closeStore())
	}
	if err := s.openIdentity(); err != nil {
		return nil, errors.Join(err, s.closeStore())
	}
	if err := s.compose(ctx); err != nil {
		return nil, errors.Join(err, s.closeStore())
	}
	return s, nil
}

func (s *Server) openParts() error {
	if err := os.MkdirAll(s.Data, 0o700); err != nil {
		return fmt.Errorf("create data folder: %w", err)
	}
	if err := s.openKeys(); err != nil {
		return err
	}
	var err error
	if s.Clock, err = OpenClock(filepath.Join(s.Data, "clock"), s.Keys.Demonstration()); err != nil {
		return err
	}
	if s.Pack, err = policy.Load(packs.FS, s.Options.Pack); err != nil {
		return err
	}
	s.Store, err = boltstore.Open(filepath.Join(s.Data, "store"), boltstore.Options{FileKeys: s.Keys, Now: s.Clock.Now})
	if err != nil {
		return fmt.Errorf("open store: %w", err)
	}
	link := make([]byte, 32)
	if _, err := io.ReadFull(s.Random, link); err != nil {
		return fmt.Errorf("draw link key: %w", err)
	}
	s.Objects, err = dirobjects.Open(filepath.Join(s.Data, "objects"), dirobjects.Options{LinkKey: link, Now: time.Now, BaseURL: s.BaseURL + "/objects"})
	return err
}

// openKeys opens the key file, or creates it: of a demonstration without a passphrase, of a product store only with one.
func (s *Server) openKeys() error {
	path := filepath.Join(s.Data, "kexin.key")
	_, err := os.Stat(path)
	if err == nil {
		s.Keys, err = filekeys.Open(path, s.Passphrase, s.Random)
		if errors.Is(err, filekeys.ErrPassphrase) {
			return fmt.Errorf("%w: the key file needs its passphrase: set KEXIN_PASSPHRASE_FILE to the file that holds it", ErrSetup)
		}
		return err
	}
	if !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("look for key file: %w", err)
	}
	if err := s.checkSetup(); err != nil {
		return err
	}
	deployment, err := record.NewID(s.Random, record.PrefixDeployment)
	if err != nil {
		return err
	}
	s.Created = true
	s.Keys, err = filekeys.Create(path, filekeys.CreateOptions{Deployment: record.DeploymentID(deployment), Passphrase: s.Passphrase,
		Demonstration: s.Options.Demo, Random: s.Random, Now: time.Now})
	return err
}

// checkSetup says what a new product store needs.
func (s *Server) checkSetup() error {
	if s.Options.Demo {
		return nil
	}
	if len(s.Passphrase) == 0 {
		return fmt.Errorf("%w: a product store needs a passphrase for its key file. Write one of at least 12 characters into a file that only this user can read and set KEXIN_PASSPHRASE_FILE to its path", ErrSetup)
	}
	return s.checkIssuer()
}

func (s *Server) checkIssuer() error {
	if s.Issuer == "" {
		return fmt.Errorf("%w: a product store needs to know whose tokens it takes. Set KEXIN_OIDC_ISSUER to the address of your identity provider and KEXIN_OIDC_AUDIENCE to the client id of the console", ErrSetup)
	}
	return nil
}

// openIdentity chooses whose tokens are taken: the demonstration's own issuer exists only on a store that was created as one.
func (s *Server) openIdentity() error {
	if s.Keys.Demonstration() {
		return s.openDemoIssuer()
	}
	if err := s.checkIssuer(); err != nil {
		return err
	}
	oidc, err := identity.NewOIDC(identity.OIDCConfig{Issuer: s.Issuer, Audience: s.Audience, Now: time.Now, Client: &http.Client{Timeout: 10 * time.Second}})
	s.Verifier = oidc
	return err
}

func (s *Server) openDemoIssuer() error {
	path := filepath.Join(s.Data, "demo-issuer.key")
	raw, err := os.ReadFile(path)
	if err == nil {
		s.Issuing, err = identity.OpenDemoIssuer(raw, time.Now)
		s.Verifier = s.Issuing
		return err
	}
	s.Issuing, err = identity.NewDemoIssuer(s.Random, time.Now)
	if err != nil {
		return err
	}
	s.Verifier = s.Issuing
	return writeWhole(path, s.Issuing.Bytes())
}

// writeWhole writes a small file so that a crash leaves all of it or nothing.
func writeWhole(path string, data []byte) error {
	fresh := path + ".new"
	if err := os.WriteFile(fresh, data, 0o600); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	if err := os.Rename(fresh, path); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return nil
}

// compose builds the backend that all functions are limited parts of.
func (s *Server) compose(ctx context.Context) error {
	engine, err := decision.New(s.Pack)
	if err != nil {
		return err
	}
	manifest, err := s.Keys.Public(ctx, keys.SignManifest)
	if err != nil {
		return err
	}
	s.backend = ruled.Backend{Pack: s.Pack, Engine: engine, Backend: system.Backend{Deployment: s.Keys.Deployment(), Store: s.Store, Keys: s.Keys,
		Objects: s.Objects, ManifestKey: manifest, Now: s.Clock.Now, Random: s.Random, Lanes: lanes}}
	if s.Instrument != nil {
		s.Instrument(&s.backend)
	}
	s.parts, err = s.newParts(ctx)
	return err
}

// lanes is how many audit entries each function may have under way at once.
const lanes = 32

func (s *Server) closeStore() error {
	if s.Store == nil {
		return nil
	}
	return s.Store.Close()
}

// Close ends the installation.
func (s *Server) Close() error { return s.closeStore() }
