// Package staff reads and writes the staff register: who a login belongs to, which role and department the person has, and until when
// confidentiality agreement, training and vetting hold. Role and clearance come from here, never from a token, and a change counts
// from the next request.
package staff

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"kexin/shared/decision"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/store"
)

// ErrUnknown: the login belongs to nobody in the register, or to somebody who has left.
var ErrUnknown = errors.New("not in the staff register")

// Member is an entry of the register with its id.
type Member struct {
	ID record.StaffID
	rows.StaffBody
}

// Actor returns the member as decisions see him.
func (m Member) Actor() decision.Actor {
	return decision.Actor{Staff: m.ID, Role: m.Role, Department: m.Department, Active: m.Active,
		Clearance: decision.Clearance{NDA: until(m.NDA), Training: until(m.Training), Vetting: until(m.Vetting)}}
}

func until(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return rows.At(seconds)
}

// Register reads the staff register.
type Register struct {
	Store  store.Store
	Logins *Logins // nil: the row of a login is read each time
}

// Logins remembers to whom logins led, so that only the entry of the person is read again. It is no authority: the entry, which is read
// strongly at every request, names its login, and one that names another sends the reader back to the row of the login. It is safe for
// concurrent use.
type Logins struct {
	mu    sync.RWMutex
	known map[string]record.StaffID // by SubjectHash
}

// maxLogins bounds what is remembered; when it is reached all is forgotten.
const maxLogins = 10_000

// NewLogins returns an empty memory.
func NewLogins() *Logins { return &Logins{known: map[string]record.StaffID{}} }

func (l *Logins) get(hash string) (record.StaffID, bool) {
	if l == nil {
		return "", false
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	id, ok := l.known[hash]
	return id, ok
}

func (l *Logins) put(hash string, id record.StaffID) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.known) >= maxLogins {
		clear(l.known)
	}
	l.known[hash] = id
}

// ByLogin returns the active member that a verified token's issuer and subject lead to, or ErrUnknown. The entry is read strongly, and
// so is the row of the login unless it is remembered where it leads.
func (r Register) ByLogin(ctx context.Context, issuer, subject string) (Member, error) {
	hash := rows.SubjectHash(issuer, subject)
	if id, ok := r.Logins.get(hash); ok {
		if member, err := r.Get(ctx, id); err == nil && member.Active && member.Subject == hash {
			return member, nil
		}
	}
	item, err := r.Store.Get(ctx, rows.Subject(hash))
	if errors.Is(err, store.ErrNotFound) {
		return Member{}, ErrUnknown
	}
	if err != nil {
		return Member{}, fmt.Errorf("look up login: %w", err)
	}
	member, err := r.Get(ctx, record.StaffID(item.Body))
	if err != nil {
		return Member{}, err
	}
	if !member.Active || member.Subject != hash {
		return Member{}, ErrUnknown
	}
	r.Logins.put(hash, member.ID)
	return member, nil
}

// Get returns a member, also one who has left, or ErrUnknown.
func (r Register) Get(ctx context.Context, id record.StaffID) (Member, error) {
	item, err := r.Store.Get(ctx, rows.Staff(id))
	if errors.Is(err, store.ErrNotFound) {
		return Member{}, ErrUnknown
	}
	if err != nil {
		return Member{}, fmt.Errorf("read staff register: %w", err)
	}
	member := Member{ID: id}
	return member, rows.Decode(item.Body, &member.StaffBody)
}

// List returns all members in order of their ids.
func (r Register) List(ctx context.Context) ([]Member, error) {
	var members []Member
	err := store.All(ctx, r.Store, store.Query{Table: store.Work, PK: rows.PrefixStaff}, func(item store.Item) error {
		member := Member{ID: record.StaffID(item.Key.SK)}
		members = append(members, member)
		return rows.Decode(item.Body, &members[len(members)-1].StaffBody)
	})
	return members, err
}

// PutOps returns the operations that store a member. before is the member's present version, zero for a new one.
func PutOps(id record.StaffID, body rows.StaffBody, before int64, oldSubject string) ([]store.Op, error) {
	body.Format, body.Version = rows.Format, before+1
	encoded, err := rows.Encode(body)
	if err != nil {
		return nil, err
	}
	cond := store.IfAbsent()
	if before > 0 {
		cond = store.IfVersion(before)
	}
	item := store.Item{Key: rows.Staff(id), Body: encoded, Attrs: map[string]store.Attr{store.AttrVersion: store.N(body.Version)}}
	ops := []store.Op{store.PutIf(item, cond)}
	if body.Subject != oldSubject {
		ops = append(ops, store.PutIf(store.Item{Key: rows.Subject(body.Subject), Body: []byte(id)}, store.IfAbsent()))
		if oldSubject != "" {
			ops = append(ops, store.DeleteIf(rows.Subject(oldSubject), store.IfPresent()))
		}
	}
	return ops, nil
}

// EndOf returns the end of the last day (ISO 8601) on which a clearance holds, in Unix seconds as the register keeps it; zero for no date.
func EndOf(date string) int64 {
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return 0
	}
	return day.AddDate(0, 0, 1).Unix()
}
