package formapi

import (
	"slices"
	"sort"
	"time"

	"kexin/shared/evidence"
	"kexin/shared/policy"
	"kexin/shared/record"
)

// Summary is a form in a list.
type Summary struct {
	ID       record.FormID    `json:"id"`
	Title    record.Text      `json:"title"`
	Kinds    []record.Kind    `json:"kinds"`
	Channels []record.Channel `json:"channels"`
}

// Form is everything that a page needs to show a form: the notice first, then purposes and fields.
type Form struct {
	ID        record.FormID      `json:"id"`
	Version   int                `json:"version"`
	Schema    record.PackVersion `json:"schema"`
	Title     record.Text        `json:"title"`
	Intro     record.Text        `json:"intro"`
	Processor Processor          `json:"processor"`
	Notice    Notice             `json:"notice"`
	Purposes  []Purpose          `json:"purposes"`
	Fields    []Field            `json:"fields"`
	Kinds     []record.Kind      `json:"kinds"`
	Channels  []Channel          `json:"channels"`
}

// Processor is the company that answers for the processing.
type Processor struct {
	Name     record.Text `json:"name"`
	Address  record.Text `json:"address"`
	Contact  string      `json:"contact"`
	InCharge record.Text `json:"in_charge"`
}

// Notice is a notice with its parts in order.
type Notice struct {
	Version record.NoticeVersion `json:"version"`
	Title   record.Text          `json:"title"`
	Parts   []Part               `json:"parts"`
	Script  string               `json:"script" doc:"Text that staff read to the customer"`
}

// Part is one part of a notice.
type Part struct {
	Part string      `json:"part"`
	Text record.Text `json:"text"`
}

// Purpose is a purpose that a form offers.
type Purpose struct {
	ID        record.PurposeID `json:"id"`
	Title     record.Text      `json:"title"`
	Necessity record.Text      `json:"necessity"`
	Basis     policy.Basis     `json:"basis"`
	Asks      bool             `json:"asks" doc:"The customer is asked for consent"`
	Mandatory bool             `json:"mandatory"`
	Retention string           `json:"retention" doc:"ISO 8601 period after the purpose's event"`
}

// Field is a field that a form shows.
type Field struct {
	Name            record.FieldName   `json:"name"`
	Title           record.Text        `json:"title"`
	Type            string             `json:"type"`
	Check           string             `json:"check"`
	Required        bool               `json:"required"`
	Necessity       record.Text        `json:"necessity"`
	Effect          record.Text        `json:"effect"`
	Level           record.Level       `json:"level"`
	Label           record.Text        `json:"label"`
	Sensitive       bool               `json:"sensitive"`
	SeparateConsent bool               `json:"separate_consent"`
	Kinds           []record.Kind      `json:"kinds"`
	Options         []Option           `json:"options"`
	MaxLength       int                `json:"max_length"`
	Search          []string           `json:"search"`
	Unique          bool               `json:"unique"`
	Export          bool               `json:"export"`
	OnCard          bool               `json:"on_card"`
	Purposes        []record.PurposeID `json:"purposes"`
}

// Option is one value of an enum field.
type Option struct {
	Value string      `json:"value"`
	Title record.Text `json:"title"`
}

// Channel is a channel of a form.
type Channel struct {
	ID     record.Channel `json:"id"`
	Title  record.Text    `json:"title"`
	Public bool           `json:"public"`
}

// PublicChannels returns the channels of a form that customers fill themselves.
func PublicChannels(pack *policy.Pack, form *policy.Form) []record.Channel {
	var public []record.Channel
	for _, id := range form.Channels {
		if channel := pack.Channels[id]; channel != nil && channel.Public {
			public = append(public, id)
		}
	}
	return public
}

func summary(pack *policy.Pack, form *policy.Form) Summary {
	return Summary{form.ID, form.Title, form.Kinds, PublicChannels(pack, form)}
}

// View returns a form as it is shown.
func View(pack *policy.Pack, form *policy.Form) Form {
	view := Form{ID: form.ID, Version: form.Version, Schema: pack.Version, Title: form.Title, Intro: form.Intro, Kinds: form.Kinds,
		Processor: Processor{pack.Processor.Name, pack.Processor.Address, pack.Processor.Contact, pack.Processor.InCharge},
		Notice:    noticeView(pack.Notices[form.Notice])}
	for _, id := range form.Purposes {
		view.Purposes = append(view.Purposes, PurposeView(pack.Purposes[id], slices.Contains(form.Mandatory, id)))
	}
	for _, name := range form.Fields {
		view.Fields = append(view.Fields, FieldView(pack, pack.Fields[name]))
	}
	for _, id := range form.Channels {
		if channel := pack.Channels[id]; channel != nil {
			view.Channels = append(view.Channels, Channel{channel.ID, channel.Title, channel.Public})
		}
	}
	return view
}

func noticeView(notice *policy.Notice) Notice {
	view := Notice{Version: notice.Version, Title: notice.Title, Script: notice.Script}
	for _, part := range policy.NoticeParts() {
		if text, ok := notice.Parts[part]; ok {
			view.Parts = append(view.Parts, Part{part, text})
		}
	}
	return view
}

// PurposeView returns a purpose as it is shown.
func PurposeView(purpose *policy.Purpose, mandatory bool) Purpose {
	return Purpose{purpose.ID, purpose.Title, purpose.Necessity, purpose.Basis, purpose.Basis == policy.BasisConsent, mandatory,
		purpose.Retention.Period.String()}
}

// FieldView returns a field as it is shown.
func FieldView(pack *policy.Pack, field *policy.Field) Field {
	view := Field{Name: field.Name, Title: field.Title, Type: field.Type, Check: field.Check, Required: field.Required,
		Necessity: field.Necessity, Effect: field.Effect, Level: field.Level, Sensitive: field.Sensitive, SeparateConsent: field.SeparateConsent,
		Kinds: field.Kinds, MaxLength: field.MaxLength, Options: []Option{}, Search: append([]string{}, field.Search...),
		Unique: field.Unique != "", Export: field.Export, OnCard: field.OnCard, Purposes: field.Purposes}
	if profile := pack.Levels[field.Level]; profile != nil {
		view.Label = profile.Label
	}
	for _, option := range field.Options {
		view.Options = append(view.Options, Option{option.Value, option.Title})
	}
	return view
}

// Receipt returns the consent receipt of a submission (ISO/IEC TS 27560): what was asked and answered, no value.
func Receipt(deployment record.DeploymentID, pack *policy.Pack, id record.SubmissionID, filled *record.Filled) evidence.Receipt {
	r := evidence.Receipt{Deployment: deployment, ID: string(id), Subject: id, Jurisdiction: "CN", Channel: filled.Channel, Form: filled.Form,
		Controller: evidence.Controller{Name: pack.Processor.Name, Address: pack.Processor.Address, Contact: pack.Processor.Contact},
		Notice:     evidence.Notice{Version: filled.Notice, Language: filled.Language, SHA256: pack.Notices[filled.Notice].SHA256[filled.Language]},
		Withdrawal: withdrawal(pack), Pack: pack.Version, Time: time.Unix(filled.Given, 0).UTC()}
	for _, purpose := range pack.Forms[filled.Form].Purposes {
		r.Purposes = append(r.Purposes, receiptPurpose(pack, pack.Purposes[purpose], filled))
	}
	for name, given := range filled.Separate {
		r.Separate = append(r.Separate, evidence.SeparateConsent{Field: name, Purposes: pack.Fields[name].Purposes, Status: status(given)})
	}
	sort.Slice(r.Separate, func(i, j int) bool { return r.Separate[i].Field < r.Separate[j].Field })
	return r
}

func withdrawal(pack *policy.Pack) record.Text {
	return record.Text{ZH: "联系 " + pack.Processor.Contact + "，或在提供同意的同一渠道撤回", EN: "Contact " + pack.Processor.Contact + ", or withdraw through the channel where consent was given"}
}

func status(given bool) evidence.Status {
	if given {
		return evidence.Given
	}
	return evidence.Refused
}

func receiptPurpose(pack *policy.Pack, purpose *policy.Purpose, filled *record.Filled) evidence.ReceiptPurpose {
	r := evidence.ReceiptPurpose{ID: purpose.ID, Title: purpose.Title, Basis: string(purpose.Basis), ConsentType: "none", Status: evidence.Given,
		Retention: evidence.Retention{Period: purpose.Retention.Period.String(), Trigger: purpose.Retention.Trigger}, Fields: []record.FieldName{}}
	if purpose.Basis == policy.BasisConsent {
		r.ConsentType, r.Status = "explicit", status(filled.Consents[purpose.ID])
	}
	for name := range filled.Fields {
		if slices.Contains(pack.Fields[name].Purposes, purpose.ID) && r.Status == evidence.Given {
			r.Fields = append(r.Fields, name)
		}
	}
	slices.Sort(r.Fields)
	return r
}
