package indexes_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"kexin/shared/blind"
	"kexin/shared/indexes"
	"kexin/shared/keys"
	"kexin/shared/record"
	"kexin/shared/store"
	"kexin/shared/vault"
	"kexin/shared/vaulttest"
)

var _ vault.Indexer = (*indexes.Indexes)(nil)

const dep record.DeploymentID = "dep_aaaaaaaaaaaaaaaaaaaaaaaaaa"

func secret(b byte) []byte { return slices.Repeat([]byte{b}, blind.SecretSize) }

func made(t *testing.T, b byte, deployment record.DeploymentID) *indexes.Indexes {
	t.Helper()
	x, err := indexes.New(secret(b), deployment)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// TestRowNames: kind#mac, the same for the same value under the same key, and found again by a query.
func TestRowNames(t *testing.T) {
	x := made(t, 1, dep)
	name, phone := record.NewValue("林知微"), record.NewValue("+8613800000001")
	id := x.Identifier("phone", phone)
	if !strings.HasPrefix(id, "phone#") || len(id) != len("phone#")+26 || id != made(t, 1, dep).Identifier("phone", phone) {
		t.Errorf("identifier %q", id)
	}
	stored := x.Tokens("name", []string{"two", "initials"}, name)
	for _, query := range [][2]string{{"two", "知微"}, {"initials", "lzw"}} {
		asked := x.Query("name", query[0], query[1])
		if len(asked) == 0 || !slices.Contains(stored, asked[0]) {
			t.Errorf("%s by %s asks for %v of %v", query[1], query[0], asked, stored)
		}
	}
	if asked := x.Query("name", "two", "x"); len(asked) != 0 {
		t.Errorf("what is too short asks for %v", asked)
	}
	for what, other := range map[string]*indexes.Indexes{"secret": made(t, 2, dep), "deployment": made(t, 1, "dep_b")} {
		if other.Identifier("phone", phone) == id || other.MAC("a", nil) == x.MAC("a", nil) {
			t.Errorf("the same under another %s", what)
		}
	}
}

// TestMACIsSeparated by label, by data, and from what the indexes compute.
func TestMACIsSeparated(t *testing.T) {
	x := made(t, 1, dep)
	seen := map[[16]byte]string{}
	for _, in := range [][2]string{{"a", "b"}, {"ab", ""}, {"", "ab"}, {"a", "c"}, {"b", "b"}, {"a\x00", "b"}, {"a", "\x00b"}} {
		mac := x.MAC(in[0], []byte(in[1]))
		if other, ok := seen[mac]; ok {
			t.Errorf("%q has the hash of %s", in, other)
		}
		seen[mac] = fmt.Sprintf("%q", in)
	}
	if x.MAC("a", []byte("b")) != made(t, 1, dep).MAC("a", []byte("b")) {
		t.Error("not the same twice")
	}
}

func TestLoad(t *testing.T) {
	k := vaulttest.New(t, vaulttest.Options{})
	k.KeyUse.Reset()
	x, err := indexes.Load(t.Context(), k.Store, k.Keys, k.Deployment)
	if err != nil || k.KeyUse.Total() != 1 || k.KeyUse.Unwraps(keys.ForIndex) != 1 {
		t.Fatalf("%v, %d calls", err, k.KeyUse.Total())
	}
	if x.MAC("a", nil) != k.Index.MAC("a", nil) {
		t.Error("another key")
	}
	if _, err := indexes.Load(t.Context(), vaulttest.NewMemory(), k.Keys, k.Deployment); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("without a key: %v", err)
	}
	if _, err := indexes.New([]byte("short"), dep); !errors.Is(err, blind.ErrSecret) {
		t.Errorf("short secret: %v", err)
	}
}

func TestPrintsRedacted(t *testing.T) {
	x := made(t, 1, dep)
	for _, text := range []string{fmt.Sprint(x), fmt.Sprintf("%v %+v %#v %x %s", x, x, x, x, x), x.LogValue().String(), x.GoString()} {
		if strings.Contains(strings.ReplaceAll(text, "[redacted]", ""), "\x01") || !strings.Contains(text, "[redacted]") {
			t.Errorf("prints %q", text)
		}
	}
}
