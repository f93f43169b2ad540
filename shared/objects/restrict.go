package objects

import (
	"context"
	"io"
	"strings"
	"time"
)

// Access is a set of verbs on objects.
type Access uint8

// The kinds of access. None implies another: who may hand out a link need not be able to read.
const (
	MayPut Access = 1 << iota
	MayGet
	MayDelete
	MayLink
	MayList
)

// Grant allows access to the objects of Bucket whose paths start with Prefix.
type Grant struct {
	Bucket Bucket
	Prefix string
	Access Access
}

// Restrict returns o limited to grants: any other call fails with ErrNotGranted before it reaches o. A listing is granted when its prefix
// starts with that of a grant. The same grants are what template.yaml states as IAM policies.
func Restrict(o Objects, grants ...Grant) Objects {
	return &restricted{o, append([]Grant(nil), grants...)}
}

type restricted struct {
	objects Objects
	grants  []Grant
}

func (r *restricted) may(access Access, name Name) error {
	for _, g := range r.grants {
		if g.Bucket == name.Bucket && g.Access&access != 0 && strings.HasPrefix(name.Path, g.Prefix) {
			return nil
		}
	}
	return ErrNotGranted
}

func (r *restricted) Put(ctx context.Context, name Name, content io.Reader, options PutOptions) (Info, error) {
	if err := r.may(MayPut, name); err != nil {
		return Info{}, err
	}
	return r.objects.Put(ctx, name, content, options)
}

func (r *restricted) Get(ctx context.Context, name Name, part Range) (io.ReadCloser, Info, error) {
	if err := r.may(MayGet, name); err != nil {
		return nil, Info{}, err
	}
	return r.objects.Get(ctx, name, part)
}

func (r *restricted) Delete(ctx context.Context, name Name) error {
	if err := r.may(MayDelete, name); err != nil {
		return err
	}
	return r.objects.Delete(ctx, name)
}

func (r *restricted) Link(ctx context.Context, name Name, ttl time.Duration) (string, error) {
	if err := r.may(MayLink, name); err != nil {
		return "", err
	}
	return r.objects.Link(ctx, name, ttl)
}

func (r *restricted) List(ctx context.Context, bucket Bucket, prefix, after string) ([]string, error) {
	if err := r.may(MayList, Name{bucket, prefix}); err != nil {
		return nil, err
	}
	return r.objects.List(ctx, bucket, prefix, after)
}
