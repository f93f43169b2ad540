package privileges

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"kexin/infra/deployed"
	"kexin/infra/iam"
)

// Judge decides calls as AWS would in one deployment.
type Judge struct{ Deployment *deployed.Deployment }

// Request returns a call as the request that AWS judges: of the function's role, over TLS, with the keys that AWS adds.
func (j Judge) Request(c Call) (iam.Request, error) {
	role, err := j.role(c.Function)
	if err != nil {
		return iam.Request{}, err
	}
	return j.By(iam.Caller{ARN: role.ARN, Account: j.Deployment.Account}, c)
}

func (j Judge) role(function string) (deployed.Role, error) {
	id, ok := j.Deployment.Functions[function]
	if !ok {
		return deployed.Role{}, fmt.Errorf("%w: function %q", deployed.ErrTemplate, function)
	}
	return j.Deployment.Roles[id], nil
}

// By returns c as a request of any caller.
func (j Judge) By(caller iam.Caller, c Call) (iam.Request, error) {
	arn, err := j.Deployment.ARN(c.Resource)
	if err != nil {
		return iam.Request{}, err
	}
	r := iam.Request{Caller: caller, Action: c.Action, Resource: arn, Account: j.Deployment.Account, Context: map[string][]string{"aws:SecureTransport": {"true"}}}
	if strings.HasPrefix(c.Action, "kms:") && caller.Account != "" {
		r.Context["kms:CallerAccount"] = []string{caller.Account}
	}
	for key, values := range c.Context {
		r.Context[key] = nil
		for _, value := range values {
			if value, err = j.value(value); err != nil {
				return r, err
			}
			r.Context[key] = append(r.Context[key], value)
		}
	}
	return r, nil
}

// value resolves a symbol: of a resource's ARN, or of a parameter, as <Deployment>. {region} and {suffix} are the place's.
func (j Judge) value(text string) (string, error) {
	if !strings.HasPrefix(text, "<") {
		return strings.NewReplacer("{region}", j.Deployment.Region, "{suffix}", j.Deployment.Suffix()).Replace(text), nil
	}
	if name, ok := strings.CutSuffix(text[1:], ">"); ok && !strings.Contains(name, ".") {
		return j.Deployment.Parameter(name), nil
	}
	return j.Deployment.ARN(text)
}

// Decide judges a call of a function.
func (j Judge) Decide(c Call) (iam.Decision, error) {
	role, err := j.role(c.Function)
	if err != nil {
		return iam.Decision{}, err
	}
	r, err := j.Request(c)
	if err != nil {
		return iam.Decision{}, err
	}
	return iam.Decide(r, role.Policies, j.Deployment.PolicyOf(r.Resource))
}

// Implied returns what services ask for in the name of the caller of c, which needs the right to it too: the key under which the table or
// bucket is encrypted.
func (j Judge) Implied(c Call) ([]Call, error) {
	id, _, _ := strings.Cut(strings.TrimPrefix(c.Resource, "<"), ".")
	service, _, _ := strings.Cut(c.Action, ":")
	key, err := j.Deployment.KeyOf(id)
	if err != nil || key == "" || c.Implied != "" {
		return nil, err
	}
	var actions []string
	switch {
	case c.Action == "s3:PutObject":
		actions = []string{"kms:GenerateDataKey", "kms:Decrypt"} // a multipart upload needs both
	case c.Action == "s3:GetObject", service == "dynamodb":
		actions = []string{"kms:Decrypt"}
	case service == "sqs":
		actions = []string{"kms:GenerateDataKey", "kms:Decrypt"}
	}
	var calls []Call
	for _, action := range actions {
		calls = append(calls, Call{Function: c.Function, Action: action, Resource: deployed.Symbol(key), Implied: c.Action, Count: c.Count, By: c.By,
			Context: map[string][]string{"kms:ViaService": {service + ".{region}.{suffix}"}}})
	}
	return calls, nil
}

// Functions returns the logical ids of the functions, in order.
func (j Judge) Functions() []string { return slices.Sorted(maps.Keys(j.Deployment.Functions)) }
