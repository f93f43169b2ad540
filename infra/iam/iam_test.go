package iam_test

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"kexin/infra/iam"
)

type m = map[string]any

func parse(t *testing.T, statements ...any) iam.Document {
	t.Helper()
	d, err := iam.Parse(m{"Version": "2012-10-17", "Statement": statements})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func allow(action, resource any, condition m) m {
	s := m{"Effect": "Allow", "Action": action, "Resource": resource}
	if condition != nil {
		s["Condition"] = condition
	}
	return s
}

const (
	home  = "123456789012"
	table = "arn:aws:dynamodb:eu-central-1:123456789012:table/keys"
	key   = "arn:aws:kms:eu-central-1:123456789012:key/1"
	role  = "arn:aws:iam::123456789012:role/r"
)

var caller = iam.Caller{ARN: role, Account: home}

func request(action, resource string, context map[string][]string) iam.Request {
	return iam.Request{Caller: caller, Action: action, Resource: resource, Account: home, Context: context}
}

func TestConditions(t *testing.T) {
	for _, c := range []struct {
		operator string
		values   any
		given    []string
		want     bool
	}{
		{"StringEquals", "a", []string{"a"}, true}, {"StringEquals", "a", []string{"A"}, false}, {"StringEquals", []any{"a", "b"}, []string{"b"}, true},
		{"StringEquals", "a", nil, false}, {"StringEqualsIfExists", "a", nil, true}, {"StringEqualsIfExists", "a", []string{"b"}, false},
		{"StringNotEquals", "a", nil, true}, {"StringNotEquals", "a", []string{"a"}, false}, {"StringNotEquals", []any{"a", "b"}, []string{"c"}, true},
		{"StringLike", "CUS#*", []string{"CUS#1/2"}, true}, {"StringLike", "CUS#?", []string{"CUS#12"}, false}, {"StringLike", "[a]*", []string{"a"}, false},
		{"StringNotLike", "a*", []string{"b"}, true}, {"StringNotLike", "a*", []string{"ab"}, false}, {"StringEqualsIgnoreCase", "a", []string{"A"}, true},
		{"ForAllValues:StringLike", []any{"a*", "b"}, []string{"a1", "b"}, true}, {"ForAllValues:StringLike", "a*", []string{"a", "b"}, false},
		{"ForAllValues:StringLike", "a*", nil, true}, {"ForAnyValue:StringLike", "a*", []string{"b", "a"}, true}, {"ForAnyValue:StringLike", "a*", nil, false},
		{"ForAnyValue:StringNotLike", "a*", []string{"a", "b"}, true}, {"ForAllValues:StringNotLike", "a*", []string{"a", "b"}, false},
		{"Null", "true", nil, true}, {"Null", "true", []string{"x"}, false}, {"Null", false, []string{"x"}, true},
		{"Bool", "false", []string{"false"}, true}, {"Bool", false, []string{"true"}, false}, {"BoolIfExists", "false", nil, true},
		{"NumericLessThan", "10", []string{"9.5"}, true}, {"NumericGreaterThanEquals", "10", []string{"9"}, false}, {"NumericEquals", "10", []string{"x"}, false},
		{"DateLessThan", "2026-01-01T00:00:00Z", []string{"2025-01-01T00:00:00Z"}, true}, {"DateGreaterThan", "2026-01-01T00:00:00Z", []string{"2025-01-01T00:00:00Z"}, false},
		{"IpAddress", "10.0.0.0/8", []string{"10.2.3.4"}, true}, {"NotIpAddress", "10.0.0.0/8", []string{"10.2.3.4"}, false},
		{"ArnLike", "arn:aws:iam::*:role/x*", []string{"arn:aws:iam::1:role/xy"}, true}, {"ArnLike", "arn:aws:iam::*/x", []string{"arn:aws:iam::1:role/x"}, false},
		{"ArnNotEquals", "arn:aws:iam::1:role/x", []string{"arn:aws:iam::1:role/y"}, true},
	} {
		d := parse(t, allow("x:Y", "*", m{c.operator: m{"k:Key": c.values}}))
		got, err := iam.Decide(request("x:Y", table, map[string][]string{"K:key": c.given}), []iam.Document{d}, nil)
		if err != nil || (got.Verdict == iam.Allowed) != c.want {
			t.Errorf("%s %v of %v: %v, %v", c.operator, c.values, c.given, got, err)
		}
	}
}

func TestActionsAndResources(t *testing.T) {
	deny := m{"Effect": "Deny", "NotAction": []any{"dynamodb:Get*"}, "NotResource": table + "/index/*"}
	for _, c := range []struct {
		statements []any
		action, on string
		want       iam.Verdict
	}{
		{[]any{allow("dynamodb:getitem", table, nil)}, "dynamodb:GetItem", table, iam.Allowed},
		{[]any{allow("dynamodb:*", table, nil)}, "dynamodb:GetItem", table + "2", iam.ImplicitlyDenied},
		{[]any{allow("dynamodb:Get*", "*", nil), deny}, "dynamodb:GetItem", table, iam.Allowed},
		{[]any{allow("*", "*", nil), deny}, "dynamodb:PutItem", table, iam.ExplicitlyDenied},
		{[]any{allow("*", "*", nil), deny}, "dynamodb:PutItem", table + "/index/x", iam.Allowed},
		{[]any{m{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}}, "dynamodb:PutItem", table, iam.Allowed},
	} {
		got, err := iam.Decide(request(c.action, c.on, nil), []iam.Document{parse(t, c.statements...)}, nil)
		if err != nil || got.Verdict != c.want {
			t.Errorf("%v %s on %s: %v, %v", c.statements, c.action, c.on, got, err)
		}
	}
}

func TestPoliciesOfResources(t *testing.T) {
	own := []iam.Document{parse(t, allow("*", "*", nil))}
	to := func(effect string, principal any) *iam.Document {
		d := parse(t, m{"Effect": effect, "Principal": principal, "Action": "*", "Resource": "*"})
		return &d
	}
	account := m{"AWS": "arn:aws:iam::123456789012:root"}
	stranger := iam.Caller{ARN: "arn:aws:iam::999999999999:role/r", Account: "999999999999"}
	for name, c := range map[string]struct {
		caller   iam.Caller
		action   string
		own      []iam.Document
		resource *iam.Document
		want     iam.Verdict
	}{
		"role alone":                        {caller, "dynamodb:GetItem", own, nil, iam.Allowed},
		"resource alone":                    {caller, "dynamodb:GetItem", nil, to("Allow", m{"AWS": role}), iam.Allowed},
		"account is not the role":           {caller, "dynamodb:GetItem", nil, to("Allow", account), iam.ImplicitlyDenied},
		"resource denies":                   {caller, "dynamodb:GetItem", own, to("Deny", "*"), iam.ExplicitlyDenied},
		"resource denies the account":       {caller, "dynamodb:GetItem", own, to("Deny", account), iam.ExplicitlyDenied},
		"key without policy":                {caller, "kms:Decrypt", own, nil, iam.ImplicitlyDenied},
		"key that leaves it to the account": {caller, "kms:Decrypt", own, to("Allow", account), iam.Allowed},
		"key that leaves it, role has none": {caller, "kms:Decrypt", nil, to("Allow", account), iam.ImplicitlyDenied},
		"key that names another role":       {caller, "kms:Decrypt", own, to("Allow", m{"AWS": role + "2"}), iam.ImplicitlyDenied},
		"stranger without policy":           {stranger, "dynamodb:GetItem", own, nil, iam.ImplicitlyDenied},
		"stranger whom the resource allows": {stranger, "dynamodb:GetItem", own, to("Allow", "*"), iam.Allowed},
		"stranger without own right":        {stranger, "dynamodb:GetItem", nil, to("Allow", "*"), iam.ImplicitlyDenied},
		"nobody":                            {iam.Caller{}, "s3:GetObject", nil, nil, iam.ImplicitlyDenied},
		"nobody, public":                    {iam.Caller{}, "s3:GetObject", nil, to("Allow", "*"), iam.Allowed},
		"service":                           {iam.Caller{Service: "x.amazonaws.com"}, "sts:AssumeRole", nil, to("Allow", m{"Service": "x.amazonaws.com"}), iam.Allowed},
		"another service":                   {iam.Caller{Service: "y.amazonaws.com"}, "sts:AssumeRole", nil, to("Allow", m{"Service": "x.amazonaws.com"}), iam.ImplicitlyDenied},
		"all but":                           {caller, "dynamodb:GetItem", own, notTo(t), iam.ExplicitlyDenied},
	} {
		got, err := iam.Decide(iam.Request{Caller: c.caller, Action: c.action, Resource: key, Account: home}, c.own, c.resource)
		if err != nil || got.Verdict != c.want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func notTo(t *testing.T) *iam.Document {
	t.Helper()
	d := parse(t, m{"Effect": "Deny", "NotPrincipal": m{"AWS": role + "2"}, "Action": "*", "Resource": "*"})
	return &d
}

func TestUnknownIsAnError(t *testing.T) {
	for name, policy := range map[string]any{
		"no mapping": "x", "version": m{"Version": "2008-10-17", "Statement": allow("a:B", "*", nil)}, "no statement": m{"Version": "2012-10-17"},
		"member":    m{"Statement": []any{allow("a:B", "*", nil)}, "Extra": 1},
		"effect":    m{"Statement": m{"Effect": "Maybe", "Action": "a:B", "Resource": "*"}},
		"no action": m{"Statement": m{"Effect": "Allow", "Resource": "*"}},
		"both":      m{"Statement": m{"Effect": "Allow", "Action": "a:B", "NotAction": "a:C", "Resource": "*"}},
		"operator":  m{"Statement": allow("a:B", "*", m{"StringAlmost": m{"k": "v"}})},
		"set":       m{"Statement": allow("a:B", "*", m{"ForSome:StringEquals": m{"k": "v"}})},
		"variable":  m{"Statement": allow("a:B", "arn:x:${aws:username}", nil)},
		"principal": m{"Statement": m{"Effect": "Allow", "Action": "a:B", "Resource": "*", "Principal": m{"Somebody": "x"}}},
		"reference": m{"Statement": allow("a:B", m{"Ref": "x"}, nil)},
	} {
		if _, err := iam.Parse(policy); !errors.Is(err, iam.ErrPolicy) {
			t.Errorf("%s: %v", name, err)
		}
	}
	variable := parse(t, allow("a:B", "*", m{"StringEquals": m{"k": "${aws:username}"}}))
	if _, err := iam.Decide(request("a:B", table, map[string][]string{"k": {"x"}}), []iam.Document{variable}, nil); !errors.Is(err, iam.ErrPolicy) {
		t.Errorf("variable in a value: %v", err)
	}
	trusting := parse(t, m{"Effect": "Allow", "Principal": "*", "Action": "a:B", "Resource": "*"})
	if _, err := iam.Decide(request("a:B", table, nil), []iam.Document{trusting}, nil); !errors.Is(err, iam.ErrPolicy) {
		t.Errorf("principal in a role's policy: %v", err)
	}
}

// A wildcard pattern matches exactly what the pattern's plain reading says: computed here by trying every split.
func TestLikeIsThePlainReading(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab*?/]{0,6}`).Draw(t, "pattern")
		text := rapid.StringMatching(`[ab/]{0,6}`).Draw(t, "text")
		if got, want := iam.Like(pattern, text), slow(pattern, text); got != want {
			t.Fatalf("%q %q: %t", pattern, text, got)
		}
	})
}

func slow(pattern, text string) bool {
	if pattern == "" {
		return text == ""
	}
	if pattern[0] == '*' {
		for i := range len(text) + 1 {
			if slow(pattern[1:], text[i:]) {
				return true
			}
		}
		return false
	}
	return text != "" && (pattern[0] == '?' || pattern[0] == text[0]) && slow(pattern[1:], text[1:])
}

// Adding an Allow never takes a right away, adding a Deny never gives one.
func TestStatementsOnlyAddUp(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		one := func(label string) m {
			return m{"Effect": rapid.SampledFrom([]string{"Allow", "Deny"}).Draw(rt, label+" effect"), "Action": rapid.SampledFrom([]string{"a:B", "a:*", "c:D"}).Draw(rt, label+" action"),
				"Resource": "*", "Condition": m{rapid.SampledFrom([]string{"StringEquals", "ForAllValues:StringLike", "StringNotLike"}).Draw(rt, label+" operator"): m{"k": "v*"}}}
		}
		first, second := one("first"), one("second")
		r := request("a:B", table, map[string][]string{"k": rapid.SliceOfN(rapid.SampledFrom([]string{"v*", "vv", "w"}), 0, 2).Draw(rt, "given")})
		before, err := iam.Decide(r, []iam.Document{parse(t, first)}, nil)
		after, err2 := iam.Decide(r, []iam.Document{parse(t, first, second)}, nil)
		if err != nil || err2 != nil {
			rt.Fatal(err, err2)
		}
		if second["Effect"] == "Allow" && before.Verdict == iam.Allowed && after.Verdict != iam.Allowed || second["Effect"] == "Deny" && before.Verdict != iam.Allowed && after.Verdict == iam.Allowed {
			rt.Fatalf("%v then %v: %v then %v", first, second, before, after)
		}
	})
}
