package policy

import "slices"

// Base is the id of the pack that every other one extends.
const Base = "core"

// The closed lists of words that packs may use. Packages validate, mask, blind and decision own what the words mean; tests hold these
// lists against theirs.
var (
	typesOfInput = []string{"str", "text", "enum", "date", "int", "money", "bool"}
	typesKept    = []string{"record", "ref", "list", "doc", "ts", "table", "num", "group", "geo", "period", "pct"}
	checks       = []string{"person_name", "company_name", "phone", "email", "cn_id", "uscc", "date", "date_any", "birth_date"}
	masks        = []string{
		"person_name", "company_name", "phone", "email", "cn_id", "bank_card", "address", "uscc", "date", "text", "all",
		"none",
	}
	searches    = []string{SearchExact, SearchLast4, SearchTwo, SearchInitials}
	identifiers = []string{"phone", "email", "id_number", "uscc"}
	uses        = []string{
		string(UseCollect), string(UseEvent), string(UseDocument), string(UseCase), string(UseRegister), string(UseStaff),
		string(UseMeasure), string(UseMeta), string(UseForbidden),
	}
	bases    = []string{string(BasisConsent), string(BasisContract), string(BasisLaw)}
	triggers = []string{TriggerRecord, TriggerContact, TriggerContract, TriggerCase}
	origins  = []string{"source", "law", "ours"}

	// categories are the content categories of CLS-07.
	categories = []string{
		"basic", "demand", "transaction", "service", "feedback", "financial", "internal_eval", "psychographic", "behaviour",
		"statistics", "company_input", "other",
	}
	actions = []string{
		"list", "search", "read", "reveal", "history", "create", "update", "merge", "withdraw", "hold", "destroy", "export",
		"approve", "release", "revoke", "audit_read", "certificate", "staff_write", "decide",
	}
)

// Events that start a retention period (Retention.Trigger). Withdrawal of consent is none of them: it ends a purpose at once.
const (
	TriggerRecord   = "record_date"  // the record was made
	TriggerContact  = "last_contact" // the last contact with the customer
	TriggerContract = "contract_end" // the contract ended
	TriggerCase     = "case_closed"  // the case was closed
)

// Actions returns the verbs that Cedar policies may name, in a fixed order; package decision declares what they mean.
func Actions() []string { return slices.Clone(actions) }

// Checks returns the names of validators that fields may name.
func Checks() []string { return slices.Clone(checks) }

// Masks returns the names of masking rules that fields may name.
func Masks() []string { return slices.Clone(masks) }
