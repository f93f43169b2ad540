package founding_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"kexin/packs"
	"kexin/shared/audit"
	"kexin/shared/founding"
	"kexin/shared/grants"
	"kexin/shared/policy"
	"kexin/shared/record"
	"kexin/shared/staff"
	"kexin/shared/store"
	"kexin/shared/vaulttest"
)

// when the tests happen: before the dates of the sample event.
var when = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func founder(t *testing.T, s store.Store) *founding.Founder {
	t.Helper()
	pack, err := policy.Load(packs.FS, "P06")
	if err != nil {
		t.Fatal(err)
	}
	deployment, err := record.NewID(rand.Reader, record.PrefixDeployment)
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return when }
	limited := store.Restrict(s, grants.Of(grants.FoundRegister).Store...)
	log, err := audit.New(audit.Config{Store: limited, Deployment: record.DeploymentID(deployment), Function: string(grants.FoundRegister), Lanes: 1, Now: now, Random: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	return &founding.Founder{Store: limited, Log: log, Pack: pack, Issuer: "https://id.example", Now: now, Random: rand.Reader}
}

func sample(t *testing.T) []founding.Member {
	t.Helper()
	data, err := os.ReadFile("../../events/found-register.first.json")
	if err != nil {
		t.Fatal(err)
	}
	members, err := founding.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	return members
}

// The register is written once, with an entry, within the rights of the function; those who are in it can sign in.
func TestFoundsOnce(t *testing.T) {
	s := vaulttest.NewMemory()
	f := founder(t, s)
	if report, err := f.Found(t.Context(), sample(t)); err != nil || report.Members != 2 {
		t.Fatal(report, err)
	}
	member, err := staff.Register{Store: s}.ByLogin(t.Context(), "https://id.example", sample(t)[0].Subject)
	if err != nil || member.Role != "R10" || !member.Active {
		t.Errorf("%+v %v", member, err)
	}
	if entries := lanes(t, s); !strings.Contains(entries, `"code":"founded"`) || strings.Contains(entries, "林知微") {
		t.Errorf("entry: %s", entries)
	}
	if _, err := f.Found(t.Context(), sample(t)); !errors.Is(err, founding.ErrRegister) {
		t.Errorf("a second time: %v", err)
	}
}

// lanes returns the bodies of all audit rows.
func lanes(t *testing.T, s *vaulttest.Memory) string {
	t.Helper()
	var all strings.Builder
	for _, item := range s.Items(store.Audit) {
		all.Write(item.Body)
	}
	return all.String()
}

// Of sixteen at once one founds the register.
func TestFoundsOnceAtOnce(t *testing.T) {
	s := vaulttest.NewMemory()
	members := sample(t)
	var group sync.WaitGroup
	var mu sync.Mutex
	founded := 0
	for range 16 {
		f := founder(t, s)
		group.Go(func() {
			if _, err := f.Found(context.Background(), members); err == nil {
				mu.Lock()
				founded++
				mu.Unlock()
			}
		})
	}
	group.Wait()
	if present, err := (staff.Register{Store: s}).List(t.Context()); err != nil || founded != 1 || len(present) != len(members) {
		t.Errorf("%d founded, %d members, %v", founded, len(present), err)
	}
}

// A list that leaves nobody to change the register, or a member who could never act, is refused before anything is written.
func TestRefusedLists(t *testing.T) {
	for name, spoil := range map[string]func([]founding.Member) []founding.Member{
		"nobody asks":     func(m []founding.Member) []founding.Member { return m[1:] },
		"nobody approves": func(m []founding.Member) []founding.Member { return m[:1] },
		"role":            func(m []founding.Member) []founding.Member { m[0].Role = "R99"; return m },
		"department":      func(m []founding.Member) []founding.Member { m[0].Department = "moon"; return m },
		"no subject":      func(m []founding.Member) []founding.Member { m[0].Subject = ""; return m },
		"subject twice":   func(m []founding.Member) []founding.Member { m[0].Subject = m[1].Subject; return m },
		"no name":         func(m []founding.Member) []founding.Member { m[0].Name = ""; return m },
		"past":            func(m []founding.Member) []founding.Member { m[1].NDA = "2020-01-01"; return m },
		"no date":         func(m []founding.Member) []founding.Member { m[1].Training = "tomorrow"; return m },
		"too many": func(m []founding.Member) []founding.Member {
			for i := range founding.MaxMembers {
				more := m[0]
				more.Subject = fmt.Sprint(i)
				m = append(m, more)
			}
			return m
		},
	} {
		s := vaulttest.NewMemory()
		if _, err := founder(t, s).Found(t.Context(), spoil(sample(t))); !errors.Is(err, founding.ErrRegister) {
			t.Errorf("%s: %v", name, err)
		}
		if len(s.Items(store.Work)) > 0 {
			t.Errorf("%s: something was written", name)
		}
	}
}

func TestRead(t *testing.T) {
	good, err := json.Marshal(sample(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"misspelt": strings.Replace(string(good), "vetting", "veting", 1), "object": "{}", "two": string(good) + string(good), "": ""} {
		if _, err := founding.Read([]byte(text)); !errors.Is(err, founding.ErrRegister) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
