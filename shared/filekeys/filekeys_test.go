package filekeys

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"kexin/shared/keys"
	"kexin/shared/keystest"
	"kexin/shared/record"
)

var (
	passphrase = []byte("correct horse battery staple")
	created    = time.Date(2026, 3, 1, 8, 30, 0, 123, time.FixedZone("", 8*3600))
	cheap      = cost{passes: 1, memory: 64, lanes: 1}
)

func deployment(n byte) record.DeploymentID {
	return record.DeploymentID(record.IDFromBytes(record.PrefixDeployment, [16]byte{n}))
}

func deploymentNamed(name string) record.DeploymentID { return record.DeploymentID(name) }

func options() CreateOptions {
	return CreateOptions{Deployment: deployment(1), Passphrase: passphrase, Random: rand.Reader,
		Now: func() time.Time { return created }, cost: cheap}
}

func demonstration() CreateOptions {
	o := options()
	o.Passphrase, o.Demonstration = nil, true
	return o
}

func mustCreate(t testing.TB, o CreateOptions) *File {
	t.Helper()
	f, err := Create(filepath.Join(t.TempDir(), "keys"), o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func mustOpen(t testing.TB, path string, pass []byte) *File {
	t.Helper()
	f, err := Open(path, pass, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// setting gives the contract a sealed file, the same root keys in another deployment, and another file of the same deployment.
func setting(t *testing.T) keystest.Setting {
	f, other := mustCreate(t, options()), mustCreate(t, options())
	moved := f.current().content.clone()
	moved.Deployment = deployment(2)
	state, err := moved.ready()
	if err != nil {
		t.Fatal(err)
	}
	return keystest.Setting{Keys: f, OtherRootKey: other, OtherDeployment: &File{state: state, random: f.random}, Rotate: f.Rotate}
}

func TestContract(t *testing.T) {
	asked := []keystest.Question{}
	for _, q := range keystest.AllQuestions() {
		if q != keystest.Disabled { // a key in a file has no such state
			asked = append(asked, q)
		}
	}
	keystest.Run(t, setting, keystest.Questions(asked...))
}

func TestContractOfReopenedFile(t *testing.T) {
	keystest.Run(t, func(t *testing.T) keystest.Setting {
		s := setting(t)
		f := mustOpen(t, s.Keys.(*File).path, passphrase)
		s.Keys, s.Rotate = f, func(ctx context.Context) error {
			if err := f.Rotate(ctx); err != nil {
				return err
			}
			again, err := Open(f.path, passphrase, rand.Reader)
			if err == nil {
				f.state = again.state
			}
			return err
		}
		return s
	}, keystest.Questions(keystest.RoundTrip, keystest.OtherDeployment, keystest.OtherRootKey, keystest.Rotation, keystest.Signature))
}

func TestCreateThenOpen(t *testing.T) {
	for _, o := range []CreateOptions{options(), demonstration()} {
		f := mustCreate(t, o)
		wrapped, err := f.Wrap(t.Context(), keys.ForIndex, []byte("secret"))
		if err != nil {
			t.Fatal(err)
		}
		again := mustOpen(t, f.path, o.Passphrase)
		if again.Deployment() != o.Deployment || again.Demonstration() != o.Demonstration ||
			!again.Created().Equal(created.Truncate(time.Second)) {
			t.Errorf("opened file says %s, %t, %s", again.Deployment(), again.Demonstration(), again.Created())
		}
		if got, err := again.Unwrap(t.Context(), keys.ForIndex, wrapped); err != nil || string(got) != "secret" {
			t.Errorf("unwrap after reopening: %q, %v", got, err)
		}
		one, _ := f.Public(t.Context(), keys.SignManifest)
		if two, err := again.Public(t.Context(), keys.SignManifest); err != nil || !one.Equal(two) {
			t.Errorf("public key after reopening: %v", err)
		}
	}
}

func TestDefaultCostIsRFC9106(t *testing.T) {
	o := options()
	o.cost = cost{}
	f := mustCreate(t, o)
	image := read(t, f.path)
	if !strings.HasPrefix(string(image), "kexin key file 1 sealed argon2id 3 65536 4 ") {
		t.Errorf("header %q", image[:64])
	}
	mustOpen(t, f.path, passphrase)
}

func TestCreateRefuses(t *testing.T) {
	short, noDeployment, noRandom, noTime, sealedDemo := options(), options(), options(), options(), demonstration()
	short.Passphrase = passphrase[:MinPassphrase-1]
	noDeployment.Deployment = "dep_1"
	noRandom.Random = nil
	noTime.Now = nil
	sealedDemo.Passphrase = passphrase
	for _, c := range []struct {
		name string
		o    CreateOptions
		want error
	}{
		{"short passphrase", short, ErrPassphrase}, {"deployment", noDeployment, record.ErrID}, {"random", noRandom, ErrOptions},
		{"time", noTime, ErrOptions}, {"sealed demonstration", sealedDemo, ErrOptions},
	} {
		path := filepath.Join(t.TempDir(), "keys")
		if _, err := Create(path, c.o); !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", c.name, err, c.want)
		}
		noFiles(t, filepath.Dir(path))
	}
}

func noFiles(t *testing.T, directory string, but ...string) {
	t.Helper()
	entries, err := os.ReadDir(directory)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != len(but) {
		t.Errorf("files left behind: %v", entries)
	}
}

func TestCreateNeverReplaces(t *testing.T) {
	f := mustCreate(t, options())
	before := read(t, f.path)
	if _, err := Create(f.path, options()); !errors.Is(err, ErrExists) {
		t.Errorf("error %v, want ErrExists", err)
	}
	if !bytes.Equal(before, read(t, f.path)) {
		t.Error("the file changed")
	}
	noFiles(t, filepath.Dir(f.path), "keys")
}

func TestCreateWithFailingRandomness(t *testing.T) {
	for n := range 5 {
		o := options()
		o.Random = iotest.TimeoutReader(iotest.OneByteReader(io.LimitReader(rand.Reader, int64(40*n))))
		path := filepath.Join(t.TempDir(), "keys")
		if _, err := Create(path, o); err == nil {
			t.Error("created with failing randomness")
		}
		noFiles(t, filepath.Dir(path))
	}
	o := options()
	o.Random = zeros{}
	if _, err := Create(filepath.Join(t.TempDir(), "keys"), o); err == nil {
		t.Error("created with a source that gives only zeros")
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func read(t testing.TB, path string) []byte {
	t.Helper()
	image, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func TestOpenRefuses(t *testing.T) {
	sealed, demo := mustCreate(t, options()), mustCreate(t, demonstration())
	private := filepath.Join(t.TempDir(), "private")
	if err := os.Mkdir(private, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, path string
		pass       []byte
		want       error
	}{
		{"wrong passphrase", sealed.path, []byte("correct horse battery stapler"), ErrPassphrase},
		{"no passphrase", sealed.path, nil, ErrPassphrase},
		{"passphrase for a demonstration", demo.path, passphrase, ErrUnsealed},
		{"no file", sealed.path + "x", passphrase, fs.ErrNotExist},
		{"directory", private, passphrase, ErrMode},
	} {
		if _, err := Open(c.path, c.pass, rand.Reader); !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", c.name, err, c.want)
		}
	}
	if _, err := Open(sealed.path, passphrase, nil); !errors.Is(err, ErrOptions) {
		t.Errorf("no randomness: error %v, want ErrOptions", err)
	}
}

func TestOpenRefusesModes(t *testing.T) {
	f := mustCreate(t, options())
	for _, bit := range []fs.FileMode{0o040, 0o020, 0o010, 0o004, 0o002, 0o001} {
		if err := os.Chmod(f.path, 0o600|bit); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(f.path, passphrase, rand.Reader); !errors.Is(err, ErrMode) {
			t.Errorf("mode %o: error %v, want ErrMode", 0o600|bit, err)
		}
		if _, _, err := f.AddFileKey(); !errors.Is(err, ErrMode) {
			t.Errorf("change at mode %o: error %v, want ErrMode", 0o600|bit, err)
		}
	}
}

func TestModeIs0600AfterEveryWrite(t *testing.T) {
	f := mustCreate(t, options())
	for _, change := range []func() error{func() error { return nil }, func() error { return f.Rotate(t.Context()) }} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(f.path)
		if err != nil || info.Mode() != 0o600 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
	}
}

// A sealed file holds nothing in clear; a demonstration's file does and says so in its first line.
func TestSealHidesAndDemonstrationSays(t *testing.T) {
	sealed, demo := mustCreate(t, options()), mustCreate(t, demonstration())
	image := read(t, sealed.path)
	for _, secret := range secrets(sealed) {
		if bytes.Contains(image, secret) {
			t.Error("the sealed file shows a key")
		}
	}
	if bytes.Contains(image, []byte(sealed.Deployment())) {
		t.Error("the sealed file shows its content")
	}
	if line, _, _ := strings.Cut(string(read(t, demo.path)), "\n"); !strings.Contains(line, "DEMONSTRATION-NOT-SEALED") {
		t.Errorf("first line of a demonstration: %q", line)
	}
}

// secrets returns every key of f, raw and in base64.
func secrets(f *File) (all [][]byte) {
	c := f.current().content
	for _, list := range [][]secretKey{c.Data, c.Restricted, c.Files} {
		for _, k := range list {
			all = append(all, k.Key)
		}
	}
	for _, der := range c.Signers {
		all = append(all, der)
	}
	for _, raw := range all {
		all = append(all, []byte(base64.StdEncoding.EncodeToString(raw)))
	}
	return all
}

func TestNothingPrintsKeys(t *testing.T) {
	f := mustCreate(t, options())
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if got := fmt.Sprintf(verb, f); got != f.String() {
			t.Errorf("%s prints %s", verb, got)
		}
	}
	slog.New(slog.NewJSONHandler(&out, nil)).Info("keys", "file", f)
	slog.New(slog.NewTextHandler(&out, nil)).Info("keys", "file", f)
	if err := json.NewEncoder(&out).Encode(f); err != nil {
		t.Fatal(err)
	}
	key := f.current().content.Data[0].Key
	for _, form := range append(secrets(f), fmt.Appendf(nil, "%x", key), fmt.Append(nil, key)[1:20], passphrase) {
		if bytes.Contains(out.Bytes(), form) {
			t.Fatal("a key is printed")
		}
	}
}
