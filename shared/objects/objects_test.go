package objects_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"kexin/shared/objects"
	"pgregory.net/rapid"
)

// rule states the rule of paths a second time, in another way.
var rule = regexp.MustCompile(`^[a-zA-Z0-9._-]+(/[a-zA-Z0-9._-]+)*$`)

func allowed(path string) bool {
	if len(path) > 512 || !rule.MatchString(path) || strings.Contains(path, "\n") {
		return false
	}
	for _, segment := range strings.Split(path, "/") {
		if segment == "." || segment == ".." || len(segment) > 200 {
			return false
		}
	}
	return true
}

func FuzzCheckPath(f *testing.F) {
	for _, path := range []string{
		"", "a", "/", "a/", "/a", "a//b", ".", "..", "...", "a/../b", "a/./b", "a/..", "..a", "a\x00b", "客", "a b", "a=b", "a\n", "a\\b",
		strings.Repeat("a", 200), strings.Repeat("a", 201), strings.Repeat("a/", 255) + "ab", strings.Repeat("a/", 256) + "a",
	} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		err := objects.CheckPath(path)
		if allowed(path) != (err == nil) || err != nil && !errors.Is(err, objects.ErrName) {
			t.Fatalf("CheckPath(%q) = %v", path, err)
		}
		if err == nil && (!filepath.IsLocal(path) || filepath.Clean(path) != path) {
			t.Fatalf("CheckPath lets %q leave its folder", path)
		}
	})
}

// TestPaths draws paths that are nearly right, which a fuzzer's bytes seldom are.
func TestPaths(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		segment := rapid.OneOf(rapid.SampledFrom([]string{"", ".", "..", "a", "客", "a=b"}), rapid.StringMatching(`[a-z._-]{1,4}`))
		path := strings.Join(rapid.SliceOfN(segment, 1, 4).Draw(t, "segments"), "/")
		if err := objects.CheckPath(path); allowed(path) != (err == nil) {
			t.Fatalf("CheckPath(%q) = %v", path, err)
		}
	})
}

func TestDigest(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdef"), (2*objects.PartSize+32)/16)
	sum := func(parts ...[]byte) []byte {
		var all []byte
		for _, part := range parts {
			digest := sha256.Sum256(part)
			all = append(all, digest[:]...)
		}
		if len(parts) == 1 {
			return all
		}
		digest := sha256.Sum256(all)
		return digest[:]
	}
	const part = objects.PartSize
	for size, want := range map[int][]byte{
		0:             sum(nil),
		1:             sum(content[:1]),
		part:          sum(content[:part]),
		part + 1:      sum(content[:part], content[part:part+1]),
		2 * part:      sum(content[:part], content[part:2*part]),
		2*part + 1:    sum(content[:part], content[part:2*part], content[2*part:2*part+1]),
		3*part/2 + 17: sum(content[:part], content[part:3*part/2+17]),
	} {
		for _, piece := range []int{size, 1 << 20, 999_983} {
			digest := objects.NewDigest()
			for rest := content[:size]; len(rest) > 0; {
				n := min(max(piece, 1), len(rest))
				_, _ = digest.Write(rest[:n])
				rest = rest[n:]
			}
			if got := digest.Sum(); !bytes.Equal(got[:], want) || digest.Size() != int64(size) {
				t.Errorf("digest of %d bytes in pieces of %d is wrong", size, piece)
			}
		}
	}
}

func TestChecked(t *testing.T) {
	info := objects.Info{Size: 10, SHA256: sha256.Sum256([]byte("0123456789"))}
	for content, good := range map[string]bool{
		"0123456789": true, "0123456788": false, "012345678": false, "01234567890": false, "": false,
	} {
		_, err := io.ReadAll(objects.Checked(strings.NewReader(content), info))
		if (err == nil) != good || err != nil && !errors.Is(err, objects.ErrCorrupt) {
			t.Errorf("reading %q: %v", content, err)
		}
	}
}

func TestRangeIn(t *testing.T) {
	for _, test := range []struct {
		r              objects.Range
		size           int64
		offset, length int64
		err            error
	}{
		{objects.Range{}, 0, 0, 0, nil},
		{objects.Range{}, 10, 0, 10, nil},
		{objects.Range{Offset: 3}, 10, 3, 7, nil},
		{objects.Range{Offset: 3, Length: 7}, 10, 3, 7, nil},
		{objects.Range{Offset: 3, Length: 1 << 62}, 10, 3, 7, nil},
		{objects.Range{Offset: 10}, 10, 0, 0, objects.ErrRange},
		{objects.Range{Length: 1}, 0, 0, 0, objects.ErrRange},
		{objects.Range{Offset: -1}, 10, 0, 0, objects.ErrRange},
		{objects.Range{Length: -1}, 10, 0, 0, objects.ErrRange},
	} {
		offset, length, err := test.r.In(test.size)
		if offset != test.offset || length != test.length || !errors.Is(err, test.err) {
			t.Errorf("%+v.In(%d) = %d, %d, %v", test.r, test.size, offset, length, err)
		}
	}
}

func TestNormal(t *testing.T) {
	now := time.Date(2026, 11, 22, 8, 0, 0, 500, time.UTC)
	for until, want := range map[time.Time]time.Time{
		{}:                                 {},
		now:                                {},
		now.Add(-time.Hour):                {},
		now.Add(1):                         now.Truncate(time.Second).Add(time.Second),
		now.Truncate(time.Second).Add(1e9): now.Truncate(time.Second).Add(time.Second),
	} {
		if got := (objects.PutOptions{LockUntil: until}).Normal(now); !got.LockUntil.Equal(want) || got.ContentType != objects.DefaultType {
			t.Errorf("Normal of %v = %+v, want %v", until, got, want)
		}
	}
}

// reached is an implementation that only notes that it was reached.
type reached struct{ verb string }

func (r *reached) Put(context.Context, objects.Name, io.Reader, objects.PutOptions) (objects.Info, error) {
	r.verb = "put"
	return objects.Info{}, nil
}

func (r *reached) Get(context.Context, objects.Name, objects.Range) (io.ReadCloser, objects.Info, error) {
	r.verb = "get"
	return nil, objects.Info{}, nil
}

func (r *reached) Delete(context.Context, objects.Name) error {
	r.verb = "delete"
	return nil
}

func (r *reached) Link(context.Context, objects.Name, time.Duration) (string, error) {
	r.verb = "link"
	return "", nil
}

func (r *reached) List(context.Context, objects.Bucket, string, string) ([]string, error) {
	r.verb = "list"
	return nil, nil
}

// verbs names what Restrict grants and how it is asked for.
var verbs = map[string]struct {
	access objects.Access
	ask    func(ctx context.Context, o objects.Objects, name objects.Name) error
}{
	"put": {objects.MayPut, func(ctx context.Context, o objects.Objects, name objects.Name) error {
		_, err := o.Put(ctx, name, nil, objects.PutOptions{})
		return err
	}},
	"get": {objects.MayGet, func(ctx context.Context, o objects.Objects, name objects.Name) error {
		_, _, err := o.Get(ctx, name, objects.Range{})
		return err
	}},
	"delete": {objects.MayDelete, func(ctx context.Context, o objects.Objects, name objects.Name) error {
		return o.Delete(ctx, name)
	}},
	"link": {objects.MayLink, func(ctx context.Context, o objects.Objects, name objects.Name) error {
		_, err := o.Link(ctx, name, time.Minute)
		return err
	}},
	"list": {objects.MayList, func(ctx context.Context, o objects.Objects, name objects.Name) error {
		_, err := o.List(ctx, name.Bucket, name.Path, "")
		return err
	}},
}

func TestRestrict(t *testing.T) {
	for granted, grant := range verbs {
		inner := &reached{}
		o := objects.Restrict(inner, objects.Grant{Bucket: objects.Evidence, Prefix: "tile/", Access: grant.access})
		for asked, verb := range verbs {
			for name, within := range map[objects.Name]bool{
				{Bucket: objects.Evidence, Path: "tile/0/001"}: true,
				{Bucket: objects.Evidence, Path: "tile/"}:      true,
				{Bucket: objects.Evidence, Path: "tile"}:       false,
				{Bucket: objects.Evidence, Path: ""}:           false,
				{Bucket: objects.Evidence, Path: "a/tile/"}:    false,
				{Bucket: objects.Archives, Path: "tile/0/001"}: false,
			} {
				inner.verb = ""
				err := verb.ask(t.Context(), o, name)
				if may := within && asked == granted; may != (err == nil) || may != (inner.verb == asked) || !may && !errors.Is(err, objects.ErrNotGranted) {
					t.Errorf("%s of %+v with a grant of %s: %v, reached %q", asked, name, granted, err, inner.verb)
				}
			}
		}
	}
	if err := objects.Restrict(&reached{}).Delete(t.Context(), objects.Name{Bucket: objects.Archives, Path: "a"}); !errors.Is(err, objects.ErrNotGranted) {
		t.Errorf("Delete without any grant: %v", err)
	}
}
