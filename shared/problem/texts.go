package problem

import (
	"net/http"

	"kexin/shared/record"
)

// Kinds that the edge itself uses. Domains define more in the table of errors that they hand to httpapi.
const (
	InvalidField         Kind = "invalid-field"
	MalformedBody        Kind = "malformed-body"
	MissingBody          Kind = "missing-body"
	UnexpectedBody       Kind = "unexpected-body"
	MalformedQuery       Kind = "malformed-query"
	BodyTooLarge         Kind = "body-too-large"
	UnsupportedType      Kind = "unsupported-media-type"
	MissingHeader        Kind = "missing-header"
	MalformedHeader      Kind = "malformed-header"
	PreconditionRequired Kind = "precondition-required"
	PreconditionFailed   Kind = "precondition-failed"
	IdempotencyReused    Kind = "idempotency-key-reused"
	InFlight             Kind = "request-in-flight"
	Conflict             Kind = "conflict"
	Unauthorized         Kind = "unauthorized"
	Forbidden            Kind = "forbidden"
	NotFound             Kind = "not-found"
	Gone                 Kind = "gone"
	MethodNotAllowed     Kind = "method-not-allowed"
	TooManyRequests      Kind = "too-many-requests"
	Timeout              Kind = "timeout"
	Unavailable          Kind = "unavailable"
	Internal             Kind = "internal"
)

// Codes that the edge itself uses.
const (
	CodeRequired           Code = "required"
	CodeType               Code = "type"
	CodeNull               Code = "null"
	CodeUnknownMember      Code = "unknown-member"
	CodeWrongCase          Code = "wrong-case"
	CodeDuplicateMember    Code = "duplicate-member"
	CodeUnknownParameter   Code = "unknown-parameter"
	CodeDuplicateParameter Code = "duplicate-parameter"
	CodeTooShort           Code = "too-short"
	CodeTooLong            Code = "too-long"
	CodeTooSmall           Code = "too-small"
	CodeTooLarge           Code = "too-large"
	CodeTooFew             Code = "too-few"
	CodeTooMany            Code = "too-many"
	CodeNotUnique          Code = "not-unique"
	CodePattern            Code = "pattern"
	CodeFormat             Code = "format"
	CodeEnum               Code = "enum"
	CodeNoMatch            Code = "no-match"
	CodeSyntax             Code = "syntax"
	CodeEncoding           Code = "encoding"
	CodeTooDeep            Code = "too-deep"
	CodeTrailing           Code = "trailing-data"
	CodeCursor             Code = "cursor"
	CodeInvalid            Code = "invalid"
)

type known struct {
	status int
	title  record.Text
}

var kinds = map[Kind]known{
	InvalidField:         {http.StatusUnprocessableEntity, record.Text{ZH: "请求中有不符合要求的字段", EN: "Fields of the request are not valid"}},
	MalformedBody:        {http.StatusBadRequest, record.Text{ZH: "请求正文不是规范的 JSON", EN: "The request body is not well-formed JSON"}},
	MissingBody:          {http.StatusBadRequest, record.Text{ZH: "缺少请求正文", EN: "The request body is missing"}},
	UnexpectedBody:       {http.StatusBadRequest, record.Text{ZH: "此操作不接受请求正文", EN: "This operation takes no request body"}},
	MalformedQuery:       {http.StatusBadRequest, record.Text{ZH: "查询字符串格式错误", EN: "The query string is malformed"}},
	BodyTooLarge:         {http.StatusRequestEntityTooLarge, record.Text{ZH: "请求正文过大", EN: "The request body is too large"}},
	UnsupportedType:      {http.StatusUnsupportedMediaType, record.Text{ZH: "不支持此内容类型", EN: "The content type is not supported"}},
	MissingHeader:        {http.StatusBadRequest, record.Text{ZH: "缺少必需的请求头", EN: "A required header is missing"}},
	MalformedHeader:      {http.StatusBadRequest, record.Text{ZH: "请求头格式错误", EN: "A header is malformed"}},
	PreconditionRequired: {http.StatusPreconditionRequired, record.Text{ZH: "此操作需要 If-Match 请求头", EN: "This operation needs an If-Match header"}},
	PreconditionFailed:   {http.StatusPreconditionFailed, record.Text{ZH: "内容已被更改，请重新读取", EN: "The resource has changed; read it again"}},
	IdempotencyReused:    {http.StatusUnprocessableEntity, record.Text{ZH: "幂等键已用于其他内容", EN: "The idempotency key was used with another request"}},
	InFlight:             {http.StatusConflict, record.Text{ZH: "相同的请求正在处理中", EN: "The same request is being processed"}},
	Conflict:             {http.StatusConflict, record.Text{ZH: "与当前状态冲突", EN: "The request conflicts with the current state"}},
	Unauthorized:         {http.StatusUnauthorized, record.Text{ZH: "需要有效的登录凭证", EN: "A valid token is needed"}},
	Forbidden:            {http.StatusForbidden, record.Text{ZH: "不允许此操作", EN: "This is not allowed"}},
	NotFound:             {http.StatusNotFound, record.Text{ZH: "未找到", EN: "Not found"}},
	Gone:                 {http.StatusGone, record.Text{ZH: "已不存在", EN: "No longer available"}},
	MethodNotAllowed:     {http.StatusMethodNotAllowed, record.Text{ZH: "此地址不支持该方法", EN: "The method is not supported here"}},
	TooManyRequests:      {http.StatusTooManyRequests, record.Text{ZH: "请求过于频繁", EN: "Too many requests"}},
	Timeout:              {http.StatusServiceUnavailable, record.Text{ZH: "处理超时，请重试", EN: "The request took too long; try again"}},
	Unavailable:          {http.StatusServiceUnavailable, record.Text{ZH: "服务暂时不可用，请重试", EN: "Temporarily unavailable; try again"}},
	Internal:             {http.StatusInternalServerError, record.Text{ZH: "内部错误", EN: "Internal error"}},
}

var codes = map[Code]record.Text{
	CodeRequired:           {ZH: "必填", EN: "is required"},
	CodeType:               {ZH: "类型错误", EN: "has the wrong type"},
	CodeNull:               {ZH: "不能为 null", EN: "must not be null"},
	CodeUnknownMember:      {ZH: "未知的成员", EN: "is not a known member"},
	CodeWrongCase:          {ZH: "成员名大小写错误", EN: "is written in the wrong case"},
	CodeDuplicateMember:    {ZH: "成员重复", EN: "occurs more than once"},
	CodeUnknownParameter:   {ZH: "未知的参数", EN: "is not a known parameter"},
	CodeDuplicateParameter: {ZH: "参数重复", EN: "occurs more than once"},
	CodeTooShort:           {ZH: "太短", EN: "is too short"},
	CodeTooLong:            {ZH: "太长", EN: "is too long"},
	CodeTooSmall:           {ZH: "太小", EN: "is too small"},
	CodeTooLarge:           {ZH: "太大", EN: "is too large"},
	CodeTooFew:             {ZH: "项数太少", EN: "has too few entries"},
	CodeTooMany:            {ZH: "项数太多", EN: "has too many entries"},
	CodeNotUnique:          {ZH: "有重复项", EN: "has repeated entries"},
	CodePattern:            {ZH: "格式不符", EN: "does not have the expected form"},
	CodeFormat:             {ZH: "格式错误", EN: "does not have the expected format"},
	CodeEnum:               {ZH: "不是允许的取值", EN: "is not one of the allowed values"},
	CodeNoMatch:            {ZH: "与要求的结构不符", EN: "does not have one of the expected structures"},
	CodeSyntax:             {ZH: "语法错误", EN: "has a syntax error"},
	CodeEncoding:           {ZH: "字符编码错误", EN: "has broken characters"},
	CodeTooDeep:            {ZH: "嵌套过深", EN: "is nested too deeply"},
	CodeTrailing:           {ZH: "正文后有多余内容", EN: "is followed by more data"},
	CodeCursor:             {ZH: "分页游标无效", EN: "is not a cursor of this list"},
	CodeInvalid:            {ZH: "无效", EN: "is not valid"},
}

// OfStatus returns the kind that stands for an HTTP status when nothing more is known.
func OfStatus(status int) Kind {
	switch status {
	case http.StatusConflict:
		return Conflict
	case http.StatusServiceUnavailable:
		return Unavailable
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return InvalidField
	}
	for kind, k := range kinds {
		if k.status == status {
			return kind
		}
	}
	if status >= 400 && status < 500 {
		return InvalidField
	}
	return Internal
}

func statusOf(kind Kind) int {
	if k, ok := kinds[kind]; ok {
		return k.status
	}
	return http.StatusInternalServerError
}

func titleOf(kind Kind, status int) record.Text {
	if k, ok := kinds[kind]; ok {
		return k.title
	}
	return kinds[OfStatus(status)].title
}

func codeText(code Code) record.Text {
	if text, ok := codes[code]; ok {
		return text
	}
	return codes[CodeInvalid]
}
