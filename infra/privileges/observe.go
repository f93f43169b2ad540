package privileges

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// ErrRequest: a request to a service is none of those that this package can read.
var ErrRequest = errors.New("request cannot be judged")

// Observer reads the requests of one function.
type Observer struct {
	Function string
	// Symbol returns how a recording writes a name, an address, a key or another value that differs between deployments; others as they
	// are. The symbol of a resource is that of its ARN.
	Symbol func(physical string) string
}

// Read returns what a request to a service ("DYNAMODB", "KMS", "S3", "SQS" or "LAMBDA") asks. A request may ask several things.
func (o Observer) Read(service string, r *http.Request, body []byte) ([]Call, error) {
	read := map[string]func(*http.Request, []byte) ([]Call, error){"DYNAMODB": o.dynamodb, "KMS": o.kms, "S3": o.s3, "SQS": o.sqs, "LAMBDA": o.lambda}[service]
	if read == nil {
		return nil, fmt.Errorf("%w: service %s", ErrRequest, service)
	}
	calls, err := read(r, body)
	if err == nil && len(calls) == 0 {
		err = ErrRequest
	}
	for i := range calls {
		calls[i].Function = o.Function
		for key, values := range calls[i].Context {
			if len(values) == 0 {
				delete(calls[i].Context, key)
			}
		}
	}
	return calls, err
}

// row is the names of an item's or key's attributes, and the text of its partition key.
type row map[string]struct{ S string }

// operation is one write or read of DynamoDB.
type operation struct {
	TableName, IndexName, ReturnValues, Select   string
	Key, Item                                    row
	KeyConditionExpression, ProjectionExpression string
	ConditionExpression, FilterExpression        string
	ExpressionAttributeNames                     map[string]string
	ExpressionAttributeValues                    row
}

func (o Observer) dynamodb(r *http.Request, body []byte) ([]Call, error) {
	action, err := target(r)
	if err != nil {
		return nil, err
	}
	var in struct {
		operation
		RequestItems  map[string]struct{ Keys []row }
		TransactItems []struct{ Put, Delete, ConditionCheck, Update *operation }
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	switch action {
	case "GetItem", "PutItem", "DeleteItem", "UpdateItem", "Query", "Scan":
		return []Call{o.one(action, in.operation)}, nil
	case "BatchGetItem": // one decision over all keys of a table
		var calls []Call
		for table, items := range in.RequestItems {
			all := o.one(action, operation{TableName: table})
			for _, key := range items.Keys {
				one := o.one(action, operation{TableName: table, Key: key})
				for name, values := range one.Context {
					all.Context[name] = append(all.Context[name], values...)
				}
			}
			calls = append(calls, all)
		}
		return calls, nil
	case "TransactWriteItems":
		var calls []Call
		for _, item := range in.TransactItems {
			for name, op := range map[string]*operation{"PutItem": item.Put, "DeleteItem": item.Delete, "ConditionCheckItem": item.ConditionCheck, "UpdateItem": item.Update} {
				if op != nil {
					calls = append(calls, enclosed(o.one(name, *op)))
				}
			}
		}
		return append(calls, together(calls)...), nil
	}
	return nil, fmt.Errorf("%w: dynamodb %s", ErrRequest, action)
}

func target(r *http.Request) (string, error) {
	_, action, ok := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if !ok {
		return "", fmt.Errorf("%w: no target", ErrRequest)
	}
	return action, nil
}

func enclosed(c Call) Call {
	if c.Action != "dynamodb:ConditionCheckItem" {
		c.Context["dynamodb:EnclosingOperation"] = []string{"TransactWriteItems"}
	}
	return c
}

// together returns, for each action on each table of a transaction, one call with all keys. AWS does not document whether it judges a
// transaction row by row or so; a role must be enough either way.
func together(calls []Call) []Call {
	grouped := map[string]Call{}
	for _, c := range calls {
		all, ok := grouped[c.Action+c.Resource]
		if !ok {
			all = Call{Action: c.Action, Resource: c.Resource, Context: map[string][]string{}}
		}
		for key, values := range c.Context {
			for _, value := range values {
				if !slices.Contains(all.Context[key], value) {
					all.Context[key] = append(slices.Clone(all.Context[key]), value)
				}
			}
		}
		grouped[c.Action+c.Resource] = all
	}
	return slices.Collect(maps.Values(grouped))
}

var firstTerm = regexp.MustCompile(`^\(?\s*(#?\w+)\s*=\s*(:\w+)`)

func (o Observer) one(action string, op operation) Call {
	c := Call{Action: "dynamodb:" + action, Resource: o.Symbol(op.TableName), Context: map[string][]string{}}
	set := func(key string, values ...string) {
		values = slices.DeleteFunc(values, func(v string) bool { return v == "" })
		if len(values) > 0 {
			c.Context["dynamodb:"+key] = values
		}
	}
	set("LeadingKeys", op.Key["pk"].S+op.Item["pk"].S)
	if action == "Query" {
		found := append(firstTerm.FindStringSubmatch(op.KeyConditionExpression), "", "", "")
		set("LeadingKeys", op.ExpressionAttributeValues[found[2]].S)
	}
	if op.IndexName != "" {
		c.Resource += "/index/" + op.IndexName
		set("LeadingKeys", indexKey) // the index's partition: a department, a customer
	}
	if action != "GetItem" && action != "BatchGetItem" {
		set("ReturnValues", op.ReturnValues)
	}
	set("Select", op.Select)
	set("Attributes", op.attributes()...)
	return c
}

// indexKey stands for the partition of an index, which is not confined and may be anything.
const indexKey = "index"

var named = regexp.MustCompile(`[#:]?[A-Za-z_]\w*`)

// attributes are the names of all attributes that an operation speaks of.
func (op operation) attributes() []string {
	found := map[string]bool{}
	for _, row := range []row{op.Key, op.Item} {
		for name := range row {
			found[name] = true
		}
	}
	words := []string{"and", "or", "not", "between", "in", "attribute_exists", "attribute_not_exists", "begins_with"}
	for _, expression := range []string{op.KeyConditionExpression, op.ConditionExpression, op.ProjectionExpression, op.FilterExpression} {
		for _, name := range named.FindAllString(expression, -1) {
			switch real, given := op.ExpressionAttributeNames[name]; {
			case given:
				found[real] = true
			case name[0] != ':' && name[0] != '#' && !slices.Contains(words, strings.ToLower(name)):
				found[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}
