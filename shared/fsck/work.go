package fsck

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"kexin/shared/objects"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/store"
)

// workTable checks what is scheduled, asked and administered. Rows of other packages, such as registers, are not its business.
func (k *check) workTable(ctx context.Context) error {
	return k.scan(ctx, store.Work, func(item store.Item) error {
		pk := item.Key.PK
		switch {
		case strings.HasPrefix(pk, rows.PrefixDue):
			return k.dueRow(ctx, item)
		case strings.HasPrefix(pk, rows.PrefixHeld):
			return k.heldRow(ctx, item)
		case strings.HasPrefix(pk, rows.PrefixPending):
			return k.pendingRow(ctx, item)
		case strings.HasPrefix(pk, rows.PrefixRoster):
			return k.rosterRow(ctx, item)
		case strings.HasPrefix(pk, rows.PrefixSubject):
			return k.subjectRow(ctx, item)
		}
		switch pk {
		case rows.PrefixExport:
			return k.exportRow(ctx, item)
		case rows.PrefixStaff:
			return k.staffRow(ctx, item)
		case rows.PrefixApproval:
			return k.approvalRow(ctx, item)
		}
		return nil
	})
}

// headOf returns the head of a customer, nil when there is none. A head that does not decode is a finding of its own; here it counts as
// unknown and known is false.
func (k *check) headOf(ctx context.Context, id record.CustomerID) (head *rows.Head, known bool, err error) {
	item, err := k.get(ctx, rows.HeadKey(id))
	if err != nil || item == nil {
		return nil, err == nil, err
	}
	head, decodeErr := rows.DecodeHead(*item)
	return head, decodeErr == nil, nil
}

func (k *check) dueRow(ctx context.Context, item store.Item) error {
	id := record.CustomerID(item.Key.SK)
	var body rows.DueBody
	if rows.Decode(item.Body, &body) != nil || body.Format != rows.Format || body.State != item.Str(store.AttrState) ||
		body.At != item.Int(store.AttrDeadline) || record.CheckID(record.PrefixCustomer, string(id)) != nil {
		k.found(DueFormat, item.Key, "")
		return nil
	}
	head, known, err := k.headOf(ctx, id)
	if err != nil || !known {
		return err
	}
	switch {
	case body.State == rows.DueResidue && head == nil:
		k.residue[id] = body
		k.report.Residues++
	case body.State == rows.DueResidue:
		return k.stray(ctx, ResidueHead, item, "")
	case body.State != rows.DueWaiting:
		k.found(DueFormat, item.Key, "state")
	case head == nil:
		return k.stray(ctx, DueStray, item, "no head")
	case rows.Due(rows.At(head.Due), id) != item.Key:
		return k.stray(ctx, DueStray, item, "place")
	case head.Due != body.At:
		return k.stray(ctx, DueStray, item, "moment")
	}
	return nil
}

func (k *check) heldRow(ctx context.Context, item store.Item) error {
	head, known, err := k.headOf(ctx, record.CustomerID(item.Key.SK))
	if err != nil || !known || head != nil && head.Holds > 0 {
		return err
	}
	return k.stray(ctx, DueHeld, item, "no hold")
}

func (k *check) pendingRow(ctx context.Context, item store.Item) error {
	head, known, err := k.headOf(ctx, record.CustomerID(item.Key.SK))
	if err != nil || !known || head != nil && head.State == rows.StatePending && head.EndedBy == "" {
		return err
	}
	return k.stray(ctx, PendingStray, item, "")
}

func (k *check) rosterRow(ctx context.Context, item store.Item) error {
	export, err := k.get(ctx, rows.ExportKey(record.ExportID(item.Key.SK)))
	if err != nil || export != nil {
		return err
	}
	return k.stray(ctx, RosterStray, item, "")
}

func exportStates() []string {
	return []string{rows.ExportRequested, rows.ExportQueued, rows.ExportBuilding, rows.ExportReady, rows.ExportReleased, rows.ExportRefused,
		rows.ExportRevoked, rows.ExportVoid, rows.ExportExpired, rows.ExportFailed}
}

// exportRow checks that an archive has its key and object as long as it is ready, and no key in any other state.
func (k *check) exportRow(ctx context.Context, item store.Item) error {
	k.report.Exports++
	var body rows.ExportBody
	if rows.Decode(item.Body, &body) != nil || body.State != item.Str(store.AttrState) || body.Version != item.Int(store.AttrVersion) ||
		!slices.Contains(exportStates(), body.State) {
		k.found(ExportFormat, item.Key, "")
		return nil
	}
	key, err := k.get(ctx, rows.ArchiveKey(record.ExportID(item.Key.SK)))
	if err != nil {
		return err
	}
	if (key != nil) != (body.State == rows.ExportReady) {
		if err := k.stray(ctx, ArchiveKey, item, body.State); err != nil {
			return err
		}
	}
	if body.State == rows.ExportReady && k.Objects != nil {
		return k.archiveObject(ctx, item.Key, body)
	}
	return nil
}

// archiveObject checks that a ready archive's ciphertext is there with the size and digest that its row names. It reads the whole object.
func (k *check) archiveObject(ctx context.Context, key store.Key, body rows.ExportBody) error {
	reader, info, err := k.Objects.Get(ctx, objects.Name{Bucket: objects.Archives, Path: body.Object}, objects.Range{})
	if errors.Is(err, objects.ErrNotFound) || errors.Is(err, objects.ErrName) {
		k.found(ArchiveObject, key, "missing")
		return nil
	}
	if err != nil {
		return fmt.Errorf("read archive: %w", err)
	}
	_, err = io.Copy(io.Discard, reader)
	err = errors.Join(err, reader.Close())
	switch {
	case errors.Is(err, objects.ErrCorrupt):
		k.found(ArchiveObject, key, "corrupt")
	case err != nil:
		return fmt.Errorf("read archive: %w", err)
	case info.Size != body.Size || string(info.SHA256[:]) != string(body.SHA256):
		k.found(ArchiveObject, key, "other")
	}
	return nil
}

// archiveKey checks that the archive of a key exists; its state is checked from the export's side.
func (k *check) archiveKey(ctx context.Context, item store.Item) error {
	id := record.ExportID(strings.TrimPrefix(item.Key.PK, rows.PrefixArchiveKey))
	export, err := k.get(ctx, rows.ExportKey(id))
	if err != nil || export != nil {
		return err
	}
	return k.stray(ctx, ArchiveKey, item, "no export")
}

// staffRow checks that the login of a member of staff leads back to him.
func (k *check) staffRow(ctx context.Context, item store.Item) error {
	var body rows.StaffBody
	if rows.Decode(item.Body, &body) != nil || body.Version != item.Int(store.AttrVersion) {
		k.found(StaffFormat, item.Key, "")
		return nil
	}
	if body.Subject == "" {
		return nil
	}
	subject, err := k.get(ctx, rows.Subject(body.Subject))
	if err != nil || subject != nil && string(subject.Body) == item.Key.SK {
		return err
	}
	return k.stray(ctx, StaffSubject, item, "")
}

func (k *check) subjectRow(ctx context.Context, item store.Item) error {
	member, err := k.get(ctx, rows.Staff(record.StaffID(item.Body)))
	if err != nil {
		return err
	}
	var body rows.StaffBody
	if member != nil && rows.Decode(member.Body, &body) == nil && rows.Subject(body.Subject) == item.Key {
		return nil
	}
	return k.stray(ctx, StaffSubject, item, "")
}

// approvalRow checks that an answer is to a request that exists, to exactly it, and not the requester's own.
func (k *check) approvalRow(ctx context.Context, item store.Item) error {
	id, _, _ := strings.Cut(item.Key.SK, "#")
	request, err := k.get(ctx, rows.RequestKey(record.ApprovalID(id)))
	if err != nil {
		return err
	}
	var answer rows.ApprovalBody
	var asked rows.RequestBody
	switch {
	case rows.Decode(item.Body, &answer) != nil:
		k.found(ApprovalStray, item.Key, "format")
	case request == nil:
		return k.stray(ctx, ApprovalStray, item, "no request")
	case rows.Digest(request.Body) != answer.Request:
		k.found(ApprovalStray, item.Key, "other request")
	case rows.Decode(request.Body, &asked) != nil || asked.By != "" && asked.By == answer.By:
		k.found(ApprovalStray, item.Key, "own")
	}
	return nil
}

// inboxTable checks submissions, the public form's intake keys and the manifest.
func (k *check) inboxTable(ctx context.Context) error {
	return k.scan(ctx, store.Inbox, func(item store.Item) error {
		switch {
		case strings.HasPrefix(item.Key.PK, rows.PrefixSubmission):
			k.submission(item)
		case strings.HasPrefix(item.Key.PK, rows.PrefixIntake):
			k.intake(item)
		case item.Key == rows.ManifestKey():
			return k.manifest(ctx, item)
		default:
			k.found(RowUnknown, item.Key, "")
		}
		return nil
	})
}

// submission checks that a submission holds an envelope exactly while it waits.
func (k *check) submission(item store.Item) {
	k.report.Submissions++
	var body rows.SubmissionBody
	state := item.Str(store.AttrState)
	id := record.SubmissionID(item.Key.SK)
	known := slices.Contains([]string{rows.SubmissionSealed, rows.SubmissionAccepted, rows.SubmissionRefused}, state)
	switch {
	case rows.Decode(item.Body, &body) != nil || body.Format < 1 || body.Format > rows.SubmissionFormat || !known || rows.Submission(id) != item.Key:
		k.found(Submission, item.Key, "format")
	case (state == rows.SubmissionSealed) != (len(body.Envelope) > 0):
		k.found(Submission, item.Key, state)
	}
}
