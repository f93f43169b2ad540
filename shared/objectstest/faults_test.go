package objectstest_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"kexin/shared/dirobjects"
	"kexin/shared/objects"
	"kexin/shared/objectstest"
)

// TestFaults says for each kind whether the failed call took effect and whether the next one works.
func TestFaults(t *testing.T) {
	for _, kind := range objectstest.Kinds() {
		dir, err := dirobjects.Open(t.TempDir(), dirobjects.Options{LinkKey: bytes.Repeat([]byte{1}, 32), Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		o := objectstest.NewFaults(dir, 2, kind)
		put := func(path string) error {
			_, err := o.Put(t.Context(), objects.Name{Bucket: objects.Archives, Path: path}, strings.NewReader("x"), objects.PutOptions{})
			return err
		}
		crash := kind == objectstest.CrashBefore || kind == objectstest.CrashAfter
		if err := put("1"); err != nil {
			t.Errorf("kind %d: first call: %v", kind, err)
		}
		if err := put("2"); errors.Is(err, objectstest.ErrCrash) != crash || errors.Is(err, objectstest.ErrFault) == crash {
			t.Errorf("kind %d: second call: %v", kind, err)
		}
		if err := put("3"); (err != nil) != crash {
			t.Errorf("kind %d: third call: %v", kind, err)
		}
		paths, err := dir.List(t.Context(), objects.Archives, "2", "")
		if took := kind == objectstest.After || kind == objectstest.CrashAfter; err != nil || (len(paths) == 1) != took {
			t.Errorf("kind %d: effect %v, %v", kind, paths, err)
		}
		if o.Calls() != 3 {
			t.Errorf("kind %d: %d calls counted", kind, o.Calls())
		}
	}
}
