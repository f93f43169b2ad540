package staffapi

import (
	"time"

	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/staff"
)

// Member is an entry of the staff register as colleagues see it.
type Member struct {
	Staff      record.StaffID    `json:"staff"`
	Name       string            `json:"name"`
	Role       record.Role       `json:"role"`
	Title      record.Text       `json:"title"`
	Department record.Department `json:"department"`
	NDA        *time.Time        `json:"nda" doc:"Until when the confidentiality agreement holds"`
	Training   *time.Time        `json:"training" doc:"Until when training is in date"`
	Vetting    *time.Time        `json:"vetting" doc:"Until when vetting is in date"`
	Active     bool              `json:"active"`
}

// MemberOf returns a member as it is shown.
func MemberOf(m staff.Member) Member {
	return Member{m.ID, m.Name, m.Role, m.Title, m.Department, moment(m.NDA), moment(m.Training), moment(m.Vetting), m.Active}
}

func moment(seconds int64) *time.Time {
	if seconds == 0 {
		return nil
	}
	at := rows.At(seconds)
	return &at
}
