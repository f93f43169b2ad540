package walk

import "testing"

// The judge that stands in for IAM must be able to say no.
func TestRolesAreJudged(t *testing.T) {
	r := role{
		{[]string{"dynamodb:GetItem"}, []string{"<T.Arn>"}, map[string]map[string][]string{"ForAllValues:StringLike": {"k": {"SUB#*", "MANIFEST"}}}},
		{[]string{"kms:Decrypt"}, []string{"<K.Arn>"}, map[string]map[string][]string{"StringEquals": {"purpose": {"inbox", "index"}}}},
		{[]string{"s3:GetObject"}, []string{"<B.Arn>/log/*"}, nil},
		{[]string{"x:Put"}, []string{"<T.Arn>"}, map[string]map[string][]string{"StringEqualsIfExists": {"values": {"NONE"}}}},
		{[]string{"x:Odd"}, []string{"<T.Arn>"}, map[string]map[string][]string{"NumericEquals": {"n": {"1"}}}},
	}
	with := func(key string, values ...string) map[string][]string { return map[string][]string{key: values} }
	for _, c := range []struct {
		call call
		want bool
	}{
		{call{"dynamodb:GetItem", "<T.Arn>", with("k", "SUB#0a")}, true}, {call{"dynamodb:GetItem", "<T.Arn>", with("k", "MANIFEST")}, true},
		{call{"dynamodb:GetItem", "<T.Arn>", with("k", "MANIFEST2")}, false}, {call{"dynamodb:GetItem", "<T.Arn>", with("k", "SUB#1", "CUS#1")}, false},
		{call{"dynamodb:Query", "<T.Arn>", with("k", "SUB#1")}, false}, {call{"dynamodb:GetItem", "<U.Arn>", with("k", "SUB#1")}, false},
		{call{"kms:Decrypt", "<K.Arn>", with("purpose", "index")}, true}, {call{"kms:Decrypt", "<K.Arn>", with("purpose", "branch")}, false},
		{call{"kms:Decrypt", "<K.Arn>", nil}, false}, {call{"s3:GetObject", "<B.Arn>/log/tile/0/x", nil}, true},
		{call{"s3:GetObject", "<B.Arn>/exports/x", nil}, false}, {call{"x:Put", "<T.Arn>", nil}, true},
		{call{"x:Put", "<T.Arn>", with("values", "ALL_OLD")}, false}, {call{"x:Odd", "<T.Arn>", with("n", "1")}, false},
	} {
		if r.allows(c.call) != c.want {
			t.Errorf("%v: want %t", c.call, c.want)
		}
	}
}
