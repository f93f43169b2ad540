package exports

import (
	"context"
	"errors"
	"fmt"
	"time"

	"kexin/shared/audit"
	"kexin/shared/decision"
	"kexin/shared/keys"
	"kexin/shared/objects"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/store"
	"kexin/shared/vault"
)

// Clerk hands out archives: the part of exports that release-archive holds. It opens no records.
type Clerk struct {
	Vault   *vault.Vault
	Store   store.Store
	Keys    keys.Keys
	Objects objects.Objects
	Now     func() time.Time
}

// Released is an archive's key and a short link to its ciphertext.
type Released struct {
	Key     [32]byte
	Link    string
	Expires time.Time // of the link
}

// LinkLife is how long a link to a ciphertext works. It may be used many times meanwhile: it opens nothing.
const LinkLife = 5 * time.Minute

// Release hands out the key of an archive once: the transaction that notes it deletes the stored key. Only the requester gets it, and only
// while the archive is neither revoked, void nor expired. Who loses the answer asks for a new export.
func (c *Clerk) Release(ctx context.Context, actor vault.Actor, id record.ExportID) (Released, error) {
	e, err := c.own(ctx, actor, id)
	if err != nil {
		return Released{}, err
	}
	if e.State != rows.ExportReady || c.Now().Unix() >= e.Expires {
		return Released{}, ErrState
	}
	if err := c.allow(ctx, actor, e); err != nil {
		return Released{}, err
	}
	key, err := c.key(ctx, id)
	if err != nil {
		return Released{}, err
	}
	released, err := c.link(ctx, e)
	if err != nil {
		return Released{}, err
	}
	err = change(ctx, c.Vault, actor, decision.ActRelease, &e, rows.ExportReleased, store.DeleteIf(rows.ArchiveKey(id), store.IfPresent()))
	if err != nil {
		return Released{}, err
	}
	released.Key = key
	return released, nil
}

// File returns a short link to the ciphertext of an archive that the actor asked for, until the archive expires. Every link is recorded.
func (c *Clerk) File(ctx context.Context, actor vault.Actor, id record.ExportID) (Released, error) {
	e, err := c.own(ctx, actor, id)
	if err != nil {
		return Released{}, err
	}
	if e.State != rows.ExportReady && e.State != rows.ExportReleased || c.Now().Unix() >= e.Expires {
		return Released{}, ErrState
	}
	if err := c.allow(ctx, actor, e); err != nil {
		return Released{}, err
	}
	released, err := c.link(ctx, e)
	if err != nil {
		return Released{}, err
	}
	_, err = c.Vault.RecordAct(ctx, actor, decision.ActRelease, func(entry *audit.Entry) {
		entry.Export, entry.Purpose, entry.Reason, entry.Code = e.ID, e.Purpose, e.Reason, "link"
	})
	if err != nil {
		return Released{}, err
	}
	return released, nil
}

func (c *Clerk) allow(ctx context.Context, actor vault.Actor, e Export) error {
	return c.Vault.Allow(ctx, actor, decision.ActRelease, decision.Resource{Owner: e.By, Department: e.Filter}, func(*decision.Request) {})
}

func (c *Clerk) own(ctx context.Context, actor vault.Actor, id record.ExportID) (Export, error) {
	e, err := load(ctx, c.Store, id)
	if err == nil && e.By != actor.Staff {
		// Somebody else's archive: recorded as a refusal, answered as not found.
		return Export{}, errors.Join(ErrNotFound, c.Vault.RecordRefusal(ctx, actor, decision.ActRelease, "not-the-requester", id))
	}
	return e, err
}

func (c *Clerk) key(ctx context.Context, id record.ExportID) (key [32]byte, err error) {
	item, err := c.Store.Get(ctx, rows.ArchiveKey(id))
	if errors.Is(err, store.ErrNotFound) {
		return key, ErrState
	}
	if err != nil {
		return key, fmt.Errorf("read archive key: %w", err)
	}
	plain, err := c.Keys.Unwrap(ctx, keys.ForArchive, item.Body)
	if err != nil || len(plain) != len(key) {
		return key, fmt.Errorf("unwrap archive key: %w", errors.Join(err, keys.ErrRefused))
	}
	copy(key[:], plain)
	clear(plain)
	return key, nil
}

func (c *Clerk) link(ctx context.Context, e Export) (Released, error) {
	link, err := c.Objects.Link(ctx, objects.Name{Bucket: objects.Archives, Path: e.Object}, LinkLife)
	if err != nil {
		return Released{}, fmt.Errorf("link archive: %w", err)
	}
	return Released{Link: link, Expires: c.Now().Add(LinkLife)}, nil
}
