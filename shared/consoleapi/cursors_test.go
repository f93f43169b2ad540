package consoleapi

import (
	"crypto/rand"
	"strings"
	"testing"

	"kexin/shared/indexes"
	"kexin/shared/record"
	"kexin/shared/vault"
)

// TestCursors: a position opens in its own list for who asked, in every process of the deployment, and nowhere else; nothing of it shows.
func TestCursors(t *testing.T) {
	const position = "service/stf_aaaqeayeaudaocajbifqydiob4#2026"
	deployment := record.DeploymentID(record.IDFromBytes(record.PrefixDeployment, [16]byte{1}))
	cursors := func(deployment record.DeploymentID) func(list, cursor string) (string, error) {
		index, err := indexes.New(make([]byte, 32), deployment)
		if err != nil {
			t.Fatal(err)
		}
		c, err := NewCursors(index, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return c.Open
	}
	index, err := indexes.New(make([]byte, 32), deployment)
	if err != nil {
		t.Fatal(err)
	}
	sealing, err := NewCursors(index, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	actor, other := vault.Actor{}, vault.Actor{}
	actor.Staff, other.Staff = "stf_a", "stf_b"
	list := scope("list-customers", actor, "service", "")
	cursor, err := sealing.Seal(list, position)
	if err != nil || strings.Contains(cursor, "stf_") {
		t.Fatalf("cursor %s, %v", cursor, err)
	}
	open := cursors(deployment) // another process
	if got, err := open(list, cursor); err != nil || got != position {
		t.Errorf("own list: %q, %v", got, err)
	}
	for name, foreign := range map[string]string{
		"another operation": scope("list-pending", actor, "service", ""), "another person": scope("list-customers", other, "service", ""),
		"another filter": scope("list-customers", actor, "", "service"), "no filter": scope("list-customers", actor),
	} {
		if _, err := open(foreign, cursor); err == nil {
			t.Errorf("%s opens it", name)
		}
	}
	flipped := []byte(cursor)
	flipped[len(flipped)/2] ^= 1
	if _, err := open(list, string(flipped)); err == nil {
		t.Error("an altered cursor opens")
	}
	if _, err := cursors(record.DeploymentID(record.IDFromBytes(record.PrefixDeployment, [16]byte{2})))(list, cursor); err == nil {
		t.Error("another deployment opens it")
	}
}
