package storetest

import (
	"errors"
	"fmt"
	"slices"

	"kexin/shared/store"
)

var conditionTests = map[string]func(*suite){
	"ConditionsMeanWhatHoldsSays": conditionsHold,
	"FailedOpsAreNamed":           failedOps,
	"ChecksChangeNothing":         checksChangeNothing,
	"SeveralTermsMustAllHold":     severalTerms,
}

// conditionsHold tries every kind of condition on every kind of item in both files and compares with Condition.Holds.
func conditionsHold(s *suite) {
	conditions := []store.Condition{
		store.IfAbsent(), store.IfPresent(), store.IfVersion(3), store.IfVersion(-3), store.IfEqual(store.AttrState, store.S("live")),
		store.IfEqual(store.AttrState, store.N(3)), store.IfEqual(store.AttrVersion, store.S("3")), store.AtMostInt(store.AttrDeadline, 100),
		store.AtMostInt(store.AttrDeadline, -100), store.AtMostInt(store.AttrState, 100),
		{Terms: []store.Term{{Test: store.AbsentOrAttr, Name: store.AttrState, Operand: store.S("live")}}},
		{Terms: []store.Term{{Test: store.AbsentOrAttr, Name: store.AttrVersion, Operand: store.N(3)}}},
	}
	states := []map[string]store.Attr{
		nil, {}, {store.AttrVersion: store.N(3)}, {store.AttrVersion: store.N(-3), store.AttrState: store.S("")},
		{store.AttrVersion: store.S("3"), store.AttrState: store.N(3)}, {store.AttrState: store.S("live"), store.AttrDeadline: store.N(100)},
		{store.AttrDeadline: store.N(101)}, {store.AttrDeadline: store.N(-100)}, {store.AttrDeadline: store.S("1")},
	}
	for i, attrs := range states {
		for j, cond := range conditions {
			for _, table := range []store.Table{store.Keys, store.Restricted} {
				s.conditionHolds(item(key(table, fmt.Sprint("P", i), fmt.Sprint("S", j)), "x", attrs), attrs != nil, cond)
			}
		}
	}
}

// conditionHolds checks cond in a Check and in a Put, alone and with a bystander, on current when it is present.
func (s *suite) conditionHolds(current store.Item, present bool, cond store.Condition) {
	s.Helper()
	holds := cond.Holds(nil)
	if present {
		holds = cond.Holds(&current)
		s.write(store.PutIf(current, store.IfAbsent()))
	}
	bystander := store.PutIf(item(key(store.Work, current.Key.PK, current.Key.SK+string(current.Key.Table)), "y", nil), store.IfAbsent())
	for _, ops := range [][]store.Op{
		{bystander, store.CheckIf(current.Key, cond)},
		{store.PutIf(item(current.Key, "new", nil), cond)},
	} {
		err := s.store.Transact(s.ctx, "", ops...)
		if holds && err != nil || !holds && !errors.Is(err, store.ErrCondition) {
			s.Errorf("%v on %v (present %t): got %v, holds %t", cond.Terms, current.Attrs, present, err, holds)
		}
	}
	if holds {
		s.has(item(current.Key, "new", nil))
	} else if present {
		s.has(current)
	} else {
		s.lacks(current.Key)
	}
}

func failedOps(s *suite) {
	var ops []store.Op
	for i := range 6 {
		k := key(store.Tables()[i], "P", "S")
		cond := store.IfAbsent()
		if i == 1 || i == 4 {
			cond = store.IfPresent()
		}
		ops = append(ops, store.PutIf(item(k, "x", nil), cond))
	}
	err := s.refuse(store.ErrCondition, ops...)
	var failed *store.ConditionError
	if !errors.As(err, &failed) || len(failed.Failed) == 0 || !slices.IsSorted(failed.Failed) {
		s.Fatalf("got %v", err)
	}
	for _, i := range failed.Failed {
		if i != 1 && i != 4 {
			s.Errorf("op %d did not fail", i)
		}
	}
	if failed.Failed[0] != 1 {
		s.Errorf("first failed op is %d", failed.Failed[0])
	}
	single := s.refuse(store.ErrCondition, ops[1])
	if !store.FailedOp(single, 0) {
		s.Errorf("single op: %v", single)
	}
}

func checksChangeNothing(s *suite) {
	k := key(store.Keys, "P", "S")
	s.write(store.CheckIf(k, store.IfAbsent()))
	s.refuse(store.ErrCondition, store.CheckIf(k, store.IfPresent()))
	s.lacks(k)
	s.write(store.PutIf(versioned(k, 1, "x"), store.IfAbsent()))
	if err := s.store.Transact(s.ctx, s.token("a"), store.CheckIf(k, store.IfVersion(1))); err != nil {
		s.Error(err)
	}
	s.has(versioned(k, 1, "x"))
}

// severalTerms is the condition of a destruction: version unchanged, deadline past, no hold.
func severalTerms(s *suite) {
	destroyable := store.IfVersion(4).And(store.AtMostInt(store.AttrDeadline, 1000), store.IfEqual(store.AttrHolds, store.N(0)))
	head := func(version, deadline, holds int64) store.Item {
		return item(key(store.Keys, "CUS#a", store.Only), "head", map[string]store.Attr{
			store.AttrVersion: store.N(version), store.AttrDeadline: store.N(deadline), store.AttrHolds: store.N(holds)})
	}
	s.write(store.PutIf(head(4, 1000, 1), store.IfAbsent()))
	for _, next := range []store.Item{head(4, 1001, 0), head(5, 1000, 0), head(4, 1000, 0)} {
		s.refuse(store.ErrCondition, store.DeleteIf(next.Key, destroyable))
		s.write(store.PutIf(next, store.IfPresent()))
	}
	s.write(store.DeleteIf(head(0, 0, 0).Key, destroyable))
	s.lacks(head(0, 0, 0).Key)
}
