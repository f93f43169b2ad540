// Package faults turns what is wrong with a submission into a problem for the client: paths and codes with texts in both languages,
// never a value.
package faults

import (
	"errors"
	"strings"

	"kexin/shared/collect"
	"kexin/shared/problem"
	"kexin/shared/record"
	"kexin/shared/validate"
)

var texts = map[string]record.Text{
	collect.CodeRequired:        {ZH: "此项必填", EN: "This field is required."},
	collect.CodeUnknownField:    {ZH: "表单没有此项", EN: "The form does not have this field."},
	collect.CodeUnknownPurpose:  {ZH: "表单没有此目的", EN: "The form does not have this purpose."},
	collect.CodeUnknownChannel:  {ZH: "未登记的渠道", EN: "This channel is not registered."},
	collect.CodeUnknownKind:     {ZH: "未知的客户类型", EN: "Unknown kind of customer."},
	collect.CodeUnknownLanguage: {ZH: "未知的语言", EN: "Unknown language."},
	collect.CodeNotice:          {ZH: "不是当前的告知版本,请重新阅读", EN: "This is not the current notice. Please read it again."},
	collect.CodeWrongKind:       {ZH: "此项不适用于该类客户", EN: "This field is not for this kind of customer."},
	collect.CodeConsent:         {ZH: "没有此项同意,无法提供服务", EN: "The service is not possible without this consent."},
	collect.CodeNotSensitive:    {ZH: "此项不需要单独同意", EN: "This field needs no consent of its own."},
	collect.CodeChild:           {ZH: "不满十四周岁,不予登记", EN: "Persons under 14 are not registered."},
	collect.CodeContact:         {ZH: "请至少填写电话或邮箱", EN: "Please give a phone number or an e-mail address."},
	collect.CodeStaffOnly:       {ZH: "此渠道由员工填写", EN: "Only staff use this channel."},
	collect.CodePublicOnly:      {ZH: "此渠道由客户自行填写", EN: "Only customers use this channel."},
	collect.CodeEvidence:        {ZH: "须注明向客户宣读的告知文本", EN: "State which text was read to the customer."},
	collect.CodeSeparate:        {ZH: "缺少单独同意", EN: "The separate consent is missing."},
}

// Problem returns the problem of an error of package collect: 422 naming every member at fault, or 404 for a form that there is not.
// Other errors come back as they are.
func Problem(err error) error {
	var list collect.Faults
	if !errors.As(err, &list) {
		if errors.Is(err, collect.ErrForm) {
			return problem.Of(problem.NotFound)
		}
		return err
	}
	fields := make([]problem.Field, 0, len(list))
	for _, f := range list {
		fields = append(fields, problem.WithText("body."+safePath(f), problem.Code(f.Code), Text(f.Code)))
	}
	return problem.Invalid(fields...)
}

// safePath returns the path of a fault; a name that the client made up is not said back unless it looks like one of a program.
func safePath(f collect.Fault) string {
	group, name, found := strings.Cut(f.Field, ".")
	if !found || f.Code != collect.CodeUnknownField && f.Code != collect.CodeUnknownPurpose {
		return f.Field
	}
	return group + "." + problem.SafeName(name)
}

// Text returns the text of a code.
func Text(code string) record.Text {
	if text, ok := texts[code]; ok {
		return text
	}
	return record.Text{ZH: validate.Message(validate.Code(code), record.Chinese), EN: validate.Message(validate.Code(code), record.English)}
}
