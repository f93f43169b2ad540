package privileges_test

import (
	"slices"
	"testing"

	"kexin/infra/iam"
	"kexin/infra/privileges"
)

func reasons(t *testing.T) []privileges.Reason {
	t.Helper()
	all, err := privileges.LoadReasons("unused.json")
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Allowed − used: each right is taken away by itself. Where no recorded call would be refused then, the right has a written reason; a reason
// that no right needs any more is an error too.
func TestWhatIsNotUsedHasAReason(t *testing.T) {
	j, calls, explained := here(t), recording(t), reasons(t)
	needed := make([]bool, len(explained))
	used, left := 0, 0
	for _, function := range j.Functions() {
		uses, err := j.Uses(function, calls)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range uses {
			if u.Count > 0 {
				used++
				continue
			}
			left++
			at := slices.IndexFunc(explained, func(r privileges.Reason) bool { return r.Covers(u.Right) })
			if at < 0 {
				t.Errorf("no recorded call needs %v, and unused.json does not say why it stays", u.Right)
				continue
			}
			needed[at] = true
		}
	}
	for i, r := range explained {
		if !needed[i] || r.Why == "" {
			t.Errorf("a reason for what is used, or not there, or without words: %+v", r)
		}
	}
	t.Logf("%d rights are used, %d are left over and explained", used, left)
}

// A role with one right too many is found, whichever it is: each forbidden sample, added to the role as a right of its own, becomes allowed,
// unless the resource's own policy or the key's stands against it.
func TestOneRightTooManyIsFound(t *testing.T) {
	j := here(t)
	flipped, stopped := 0, 0
	for _, function := range j.Functions() {
		role := j.Deployment.Roles[j.Deployment.Functions[function]]
		for i, s := range forbidden(t, j, function) {
			if i%3 != 0 {
				continue
			}
			r, err := j.Request(s.Call)
			if err != nil {
				t.Fatal(err)
			}
			more, err := iam.Parse(map[string]any{"Statement": map[string]any{"Effect": "Allow", "Action": r.Action, "Resource": r.Resource}})
			if err != nil {
				t.Fatal(err)
			}
			policy := j.Deployment.PolicyOf(r.Resource)
			d, err := iam.Decide(r, append(slices.Clone(role.Policies), more), policy)
			switch {
			case err != nil:
				t.Fatal(err)
			case d.Verdict == iam.Allowed:
				flipped++
			case policy == nil:
				t.Errorf("%v stays %s with a right to it", s.Call, d.Verdict)
			default:
				stopped++
			}
		}
	}
	if flipped < 10000 {
		t.Errorf("only %d samples would be found", flipped)
	}
	t.Logf("%d added rights would be found; against %d the resource's own policy stands anyway", flipped, stopped)
}
