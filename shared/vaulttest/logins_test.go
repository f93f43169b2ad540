package vaulttest

import (
	"errors"
	"testing"

	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/staff"
	"kexin/shared/store"
)

// A remembered login follows the register at once: a change of role, of login or of being there at all counts from the next request.
func TestRememberedLoginIsNoAuthority(t *testing.T) {
	k := New(t, Options{})
	k.Register("R3", "R5")
	counted := store.Counted(k.Store)
	register := staff.Register{Store: counted, Logins: staff.NewLogins()}
	ask := func(subject string, want record.Role) int {
		t.Helper()
		counted.Reset()
		member, err := register.ByLogin(t.Context(), "test", subject)
		if want == "" && !errors.Is(err, staff.ErrUnknown) || want != "" && (err != nil || member.Role != want) {
			t.Errorf("%s leads to %q: %v", subject, member.Role, err)
		}
		return int(counted.Total().Gets)
	}
	change := func(id record.StaffID, edit func(*rows.StaffBody)) {
		t.Helper()
		member, err := staff.Register{Store: k.Store}.Get(t.Context(), id)
		k.must(err)
		body := member.StaffBody
		edit(&body)
		ops, err := staff.PutOps(id, body, member.Version, member.Subject)
		k.must(err)
		k.must(k.Base.Transact(t.Context(), "", ops...))
	}
	if first, again := ask("R3", "R3"), ask("R3", "R3"); first != 2 || again != 1 {
		t.Errorf("%d reads, then %d", first, again)
	}
	change(StaffOf("R3"), func(b *rows.StaffBody) { b.Role = "R4" })
	ask("R3", "R4")
	change(StaffOf("R3"), func(b *rows.StaffBody) { b.Subject = rows.SubjectHash("test", "moved") })
	ask("R3", "")
	ask("moved", "R4")
	change(StaffOf("R5"), func(b *rows.StaffBody) { b.Subject = rows.SubjectHash("test", "R3") })
	ask("R3", "R5")
	change(StaffOf("R5"), func(b *rows.StaffBody) { b.Active = false })
	ask("R3", "")
	ask("R3", "")
}
