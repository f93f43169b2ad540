package validate

import (
	"errors"

	"kexin/shared/record"
)

// Code names what is wrong with a value. Codes are stable: clients, tests and translations rely on them.
type Code string

// The codes.
const (
	Empty         Code = "empty"
	BadEncoding   Code = "bad_encoding"    // not UTF-8
	BadCharacter  Code = "bad_character"   // control or invisible characters, or characters that such a value cannot have
	TooLong       Code = "too_long"        // more characters than the rule, the type or the check allows
	BadName       Code = "bad_name"        // no letter in a name
	BadPhone      Code = "bad_phone"       // no such number can exist
	BadEmail      Code = "bad_email"       // not one plain e-mail address
	BadLength     Code = "bad_length"      // number or code of the wrong length
	BadRegion     Code = "bad_region"      // region digits that no province has
	BadCheckDigit Code = "bad_check_digit" // check character does not fit the others
	BadDate       Code = "bad_date"        // no such day, or not YYYY-MM-DD
	FutureDate    Code = "future_date"     // after today
	TooOld        Code = "too_old"         // before anybody alive was born
	BadNumber     Code = "bad_number"      // not a whole number, or beyond ±10¹⁵
	BadMoney      Code = "bad_money"       // not an amount with at most two decimal places
	BadBool       Code = "bad_bool"        // neither true nor false
	NotAnOption   Code = "not_an_option"   // not one of the values of the enum
)

// Problem says what is wrong with a value, without the value.
type Problem struct{ Code Code }

// Error returns a constant text with the code.
func (p *Problem) Error() string { return "value refused: " + string(p.Code) }

func problem(code Code) error { return &Problem{Code: code} }

// CodeOf returns the code of a *Problem, and otherwise for any other error.
func CodeOf(err error, otherwise Code) Code {
	var p *Problem
	if errors.As(err, &p) {
		return p.Code
	}
	return otherwise
}

// Codes returns every code in a fixed order.
func Codes() []Code {
	return []Code{Empty, BadEncoding, BadCharacter, TooLong, BadName, BadPhone, BadEmail, BadLength, BadRegion, BadCheckDigit, BadDate,
		FutureDate, TooOld, BadNumber, BadMoney, BadBool, NotAnOption}
}

var messages = map[Code]record.Text{
	Empty:         {ZH: "请填写此项", EN: "Please fill in this field."},
	BadEncoding:   {ZH: "文字编码有误,须为 UTF-8", EN: "The text is not valid UTF-8."},
	BadCharacter:  {ZH: "含有不允许的字符", EN: "The text contains a character that is not allowed here."},
	TooLong:       {ZH: "内容过长", EN: "The text is too long."},
	BadName:       {ZH: "名称中须有文字", EN: "A name needs at least one letter."},
	BadPhone:      {ZH: "电话号码无效;境外号码请以 + 和国家代码开头", EN: "No such phone number exists. Start foreign numbers with + and the country code."},
	BadEmail:      {ZH: "邮箱地址无效", EN: "This is not an e-mail address."},
	BadLength:     {ZH: "号码位数不对", EN: "The number has the wrong length."},
	BadRegion:     {ZH: "号码中的地区代码无效", EN: "The region digits of the number are not valid."},
	BadCheckDigit: {ZH: "校验码不符,请核对号码", EN: "The check digit does not fit. Please compare the number."},
	BadDate:       {ZH: "日期无效,格式为 年-月-日(如 2024-05-31)", EN: "No such date. Write it as YYYY-MM-DD."},
	FutureDate:    {ZH: "日期不能晚于今天", EN: "The date is in the future."},
	TooOld:        {ZH: "日期过早", EN: "The date is too long ago."},
	BadNumber:     {ZH: "须为整数", EN: "This needs a whole number."},
	BadMoney:      {ZH: "金额无效,最多两位小数", EN: "This needs an amount with at most two decimal places."},
	BadBool:       {ZH: "须为“是”或“否”", EN: "This needs yes or no."},
	NotAnOption:   {ZH: "不在可选项之中", EN: "This is not one of the choices."},
}

// Message returns the text of code in language, Chinese unless English is asked for. A code that does not exist has a general text.
func Message(code Code, language record.Language) string {
	if text, ok := messages[code]; ok {
		return text.In(language)
	}
	return record.Text{ZH: "内容有误", EN: "The value is not valid."}.In(language)
}
