package storetest

import (
	"errors"
	"fmt"
	"sync"

	"kexin/shared/store"
)

// increment adds one to the version of each key in one transaction, reading again after each lost race.
func (s *suite) increment(keys ...store.Key) error {
	for range 10000 {
		var ops []store.Op
		for _, k := range keys {
			current, err := s.store.Get(s.ctx, k)
			if err != nil {
				return err
			}
			version := current.Int(store.AttrVersion)
			ops = append(ops, store.PutIf(versioned(k, version+1, "counter"), store.IfVersion(version)))
		}
		err := s.store.Transact(s.ctx, "", ops...)
		if err == nil || !errors.Is(err, store.ErrCondition) && !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
	return errors.New("lost every race")
}

// parallel runs work in n goroutines and reports their errors.
func (s *suite) parallel(n int, work func(i int) error) {
	s.Helper()
	errs := make([]error, n)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { errs[i] = work(i) })
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		s.Error(err)
	}
}

func sixteenWriters(s *suite) {
	for _, table := range []store.Table{store.Keys, store.Records} {
		k := key(table, "COUNTER", store.Only)
		s.write(store.PutIf(versioned(k, 0, "counter"), store.IfAbsent()))
		s.parallel(16, func(int) error {
			for range 5 {
				if err := s.increment(k); err != nil {
					return err
				}
			}
			return nil
		})
		s.has(versioned(k, 80, "counter"))
	}
}

func twoCounters(s *suite) {
	keys := []store.Key{key(store.Keys, "COUNTER", store.Only), key(store.Audit, "COUNTER", store.Only)}
	for _, k := range keys {
		s.write(store.PutIf(versioned(k, 0, "counter"), store.IfAbsent()))
	}
	s.parallel(8, func(int) error {
		for range 3 {
			if err := s.increment(keys...); err != nil {
				return err
			}
		}
		return nil
	})
	for _, k := range keys {
		s.has(versioned(k, 24, "counter"))
	}
}

func createOnce(s *suite) {
	won := make([]bool, 16)
	k := key(store.Keys, "IDX#phone#mac", store.Only)
	s.parallel(16, func(i int) error {
		mine := key(store.Records, fmt.Sprint("CUS#", i), "CARD")
		for {
			err := s.store.Transact(s.ctx, "", store.PutIf(versioned(k, int64(i), "x"), store.IfAbsent()), store.PutIf(versioned(mine, 1, "x"), store.IfAbsent()))
			if errors.Is(err, store.ErrConflict) {
				continue
			}
			won[i] = err == nil
			if err != nil && !store.FailedOp(err, 0) {
				return err
			}
			return nil
		}
	})
	winners := 0
	for i, has := range won {
		if has {
			winners++
			s.has(versioned(k, int64(i), "x"))
			s.has(versioned(key(store.Records, fmt.Sprint("CUS#", i), "CARD"), 1, "x"))
		} else {
			s.lacks(key(store.Records, fmt.Sprint("CUS#", i), "CARD"))
		}
	}
	if winners != 1 {
		s.Errorf("%d winners", winners)
	}
}
