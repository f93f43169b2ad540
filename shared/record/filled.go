package record

// Filled is what a filled form says, checked and in canonical form: fields without consent are already taken out. Package collect makes
// it from what a customer or a member of staff sent; the vault stores it.
type Filled struct {
	Form     FormID
	Schema   PackVersion
	Kind     Kind
	Channel  Channel
	Notice   NoticeVersion
	Language Language
	Given    int64 // Unix seconds of the consent
	// Consents holds the answer for every purpose of the form whose basis is consent.
	Consents map[PurposeID]bool
	// Separate holds the answer for every field of the form with a separate consent that was asked for.
	Separate map[FieldName]bool
	Fields   Fields
	Evidence Evidence
}

// Evidence says how a consent was given when staff filled the form.
type Evidence struct {
	Staff  StaffID `json:"staff,omitempty"`
	Script string  `json:"script,omitempty"` // id of the text that was read to the customer
}
