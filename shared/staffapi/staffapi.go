// Package staffapi holds what the functions for staff share over HTTP: who asks, which problem an error becomes, and how acts are shown.
package staffapi

import (
	"context"
	"errors"
	"net/http"

	"kexin/shared/approvals"
	"kexin/shared/audit"
	"kexin/shared/audit/entry"
	"kexin/shared/httpapi"
	"kexin/shared/identity"
	"kexin/shared/problem"
	"kexin/shared/record"
	"kexin/shared/staff"
	"kexin/shared/store"
	"kexin/shared/telemetry"
	"kexin/shared/vault"
)

// Actor returns the member of staff whom the verified token of ctx leads to. Who is not in the register, or has left, is refused, and
// the refusal recorded.
func Actor(ctx context.Context, register staff.Register, log *audit.Log) (vault.Actor, staff.Member, error) {
	principal, ok := identity.FromContext(ctx)
	if !ok {
		return vault.Actor{}, staff.Member{}, problem.Of(problem.Unauthorized)
	}
	member, err := register.ByLogin(ctx, principal.Issuer, principal.Subject)
	request := requestID(ctx)
	if errors.Is(err, staff.ErrUnknown) {
		e := audit.Entry{Action: "sign_in", Verdict: audit.Deny, Code: "not-in-register", Actor: audit.Actor{Kind: audit.Public}, Request: request}
		if _, err := log.Record(ctx, e); err != nil {
			return vault.Actor{}, staff.Member{}, err
		}
		return vault.Actor{}, staff.Member{}, problem.Of(problem.Forbidden, problem.WithText("header.Authorization", "not-in-register",
			record.Text{ZH: "此账号不在员工名册中", EN: "This account is not in the staff register."}))
	}
	if err != nil {
		return vault.Actor{}, staff.Member{}, err
	}
	return vault.Actor{Actor: member.Actor(), Request: request}, member, nil
}

// requestID returns the request id of ctx when it is of a form that the audit log takes. One of another form ties nothing together, but
// must not stop anybody from working.
func requestID(ctx context.Context) string {
	if id := telemetry.RequestID(ctx); entry.IsRequestID(id) {
		return id
	}
	return ""
}

// Rules are the problems of the domain's errors; those of exports are in exportrules, for the functions that have to do with them.
func Rules() []httpapi.Rule {
	return []httpapi.Rule{
		{Err: vault.ErrNotFound, Problem: problem.Of(problem.NotFound)},
		{Err: vault.ErrExpired, Problem: problem.New(http.StatusGone, "retention-ended", record.Text{ZH: "保存期限已过,信息不再提供", EN: "The retention period has ended; the data is no longer available."})},
		{Err: vault.ErrStale, Problem: problem.Of(problem.PreconditionFailed)},
		{Err: vault.ErrTaken, Problem: problem.New(http.StatusConflict, "identifier-known", record.Text{ZH: "该号码或邮箱已属于另一客户", EN: "Another customer has this identifier."})},
		{Err: vault.ErrConflict, Problem: problem.Of(problem.Conflict)},
		{Err: vault.ErrReplayed, Problem: problem.Of(problem.IdempotencyReused)},
		{Err: vault.ErrHeld, Problem: problem.New(http.StatusConflict, "legal-hold", record.Text{ZH: "该客户处于依法保留状态", EN: "A legal hold stands on this customer."})},
		{Err: vault.ErrMismatch, Problem: problem.New(http.StatusInternalServerError, "integrity", record.Text{ZH: "存储内容与登记不符,已记录", EN: "Stored data does not match its register entry; this has been recorded."})},
		{Err: approvals.ErrNone, Problem: problem.New(http.StatusForbidden, "not-approved", record.Text{ZH: "尚未获得批准", EN: "This has not been approved."})},
		{Err: approvals.ErrOther, Problem: problem.New(http.StatusForbidden, "not-approved", record.Text{ZH: "批准与此请求不符", EN: "The approval is of another request."})},
		{Err: approvals.ErrOwn, Problem: problem.New(http.StatusForbidden, "own-request", record.Text{ZH: "不能批准自己的请求", EN: "Nobody approves their own request."})},
		{Err: approvals.ErrTwice, Problem: problem.New(http.StatusConflict, "already-answered", record.Text{ZH: "您已答复过", EN: "You have answered already."})},
		{Err: audit.ErrUnresolved, Problem: problem.Of(problem.Unavailable)},
		{Err: audit.ErrNotHappened, Problem: problem.Of(problem.Unavailable)},
		{Err: store.ErrCursor, Problem: problem.Invalid(problem.At("query.cursor", problem.CodeCursor))},
		{Err: store.ErrConflict, Problem: problem.Of(problem.Conflict)},
	}
}

// Fail returns err as a problem where it carries details of its own: an input refused by name, a refusal with its code.
func Fail(err error) error {
	var input *vault.Problem
	if errors.As(err, &input) {
		return problem.Invalid(problem.WithText("body."+input.Field, problem.Code(input.Code), inputText(input.Code)))
	}
	var denied *vault.Denied
	if errors.As(err, &denied) {
		return problem.Of(problem.Forbidden, problem.WithText("decision", problem.Code(denied.Verdict.Code), deniedText(denied.Verdict.Code)))
	}
	return err
}

var inputs = map[string]record.Text{
	"unknown_field":          {ZH: "没有此项", EN: "There is no such field."},
	"not_for_this_kind":      {ZH: "此项不适用于该类客户", EN: "This field is not for this kind of customer."},
	"required":               {ZH: "此项必填", EN: "This is required."},
	"no_separate_consent":    {ZH: "缺少单独同意", EN: "The separate consent is missing."},
	"not_held":               {ZH: "该客户没有此项", EN: "The customer has no such value."},
	"nothing_to_change":      {ZH: "没有更改", EN: "Nothing is changed."},
	"nothing_to_store":       {ZH: "没有可以保存的信息", EN: "There is nothing that may be stored."},
	"no_live_purpose":        {ZH: "没有仍有效的目的", EN: "No purpose of it lives."},
	"no_consent_to_withdraw": {ZH: "没有可撤回的同意", EN: "There is no consent to withdraw."},
	"not_searchable":         {ZH: "此项不能这样检索", EN: "This field cannot be searched like that."},
	"not_exportable":         {ZH: "此项不得导出", EN: "This field is in no export."},
	"unknown_purpose":        {ZH: "没有此目的", EN: "There is no such purpose."},
	"unknown_reason":         {ZH: "没有此理由", EN: "There is no such reason."},
	"unknown_department":     {ZH: "没有此部门", EN: "There is no such department."},
	"no_hold":                {ZH: "没有依法保留", EN: "There is no hold."},
	"restricted_fields_must_be_given_together": {ZH: "最高级信息须整体填写", EN: "Restricted fields must be given together."},
}

func inputText(code string) record.Text {
	if text, ok := inputs[code]; ok {
		return text
	}
	return record.Text{ZH: "内容不正确", EN: "This is not right."}
}

var denials = map[string]record.Text{
	"no-permit":        {ZH: "没有规则允许此操作", EN: "No rule permits this."},
	"no-consent":       {ZH: "客户没有同意此目的,或同意已撤回、已到期", EN: "The customer's consent to this purpose is missing, withdrawn or ended."},
	"wrong-purpose":    {ZH: "此信息不用于该目的", EN: "This data does not serve that purpose."},
	"needs-reason":     {ZH: "须选择理由", EN: "A reason is needed."},
	"needs-approval":   {ZH: "须经第二人批准", EN: "A second person must approve."},
	"no-nda":           {ZH: "没有有效的保密协议", EN: "There is no valid confidentiality agreement."},
	"no-training":      {ZH: "没有有效的培训", EN: "Training is not in date."},
	"no-vetting":       {ZH: "没有有效的审查", EN: "Vetting is not in date."},
	"quota":            {ZH: "今天查看客户的次数已用完,明天再试", EN: "You have used up today's reads of customers. Please try again tomorrow."},
	"too-many-results": {ZH: "找到的客户太多,请写得更具体", EN: "Too many customers match. Please be more specific."},
	"too-many-rows":    {ZH: "导出的客户超过上限", EN: "The export has more customers than the limit."},
	"policy-error":     {ZH: "规则无法判断,因此拒绝", EN: "A rule could not be evaluated, so the answer is no."},
}

func deniedText(code string) record.Text {
	if text, ok := denials[code]; ok {
		return text
	}
	return record.Text{ZH: "规则不允许此操作", EN: "The rules do not allow this."}
}
