package boltstore

import "errors"

// disk carries out what changes files, so that tests can watch each step, fail at it, or copy the directory as it is at that moment.
type disk struct {
	watch func(step string) error // nil in use; called before and after each step, at times by two goroutines
}

func (d *disk) do(step string, act func() error) error {
	if d.watch == nil {
		return act()
	}
	if err := d.watch("before " + step); err != nil {
		return err
	}
	err := act()
	return errors.Join(err, d.watch("after "+step))
}
