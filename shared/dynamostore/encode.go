package dynamostore

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"kexin/shared/store"
)

// Names of the attributes of every item; store.Size counts them.
const (
	attrPK   = "pk"
	attrSK   = "sk"
	attrBody = "b"
)

type values = map[string]types.AttributeValue

func encodeKey(key store.Key) values {
	return values{attrPK: text(key.PK), attrSK: text(key.SK)}
}

func encodeItem(item store.Item) values {
	out := encodeKey(item.Key)
	if len(item.Body) > 0 {
		out[attrBody] = &types.AttributeValueMemberB{Value: item.Body}
	}
	for name, attr := range item.Attrs {
		out[name] = encodeAttr(attr)
	}
	return out
}

func encodeAttr(attr store.Attr) types.AttributeValue {
	if attr.IsInt {
		return &types.AttributeValueMemberN{Value: strconv.FormatInt(attr.Int, 10)}
	}
	return text(attr.Str)
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

// decodeItem returns the item that table holds as row.
func decodeItem(table store.Table, row values) (store.Item, error) {
	item := store.Item{Key: store.Key{Table: table}}
	for name, value := range row {
		if err := decodeAttr(&item, name, value); err != nil {
			return store.Item{}, err
		}
	}
	if item.Key.PK == "" || item.Key.SK == "" {
		return store.Item{}, fmt.Errorf("decode item of %s: no key", table)
	}
	return item, nil
}

// decodeAttr sets what one attribute of a row says.
func decodeAttr(item *store.Item, name string, value types.AttributeValue) error {
	switch v := value.(type) {
	case *types.AttributeValueMemberS:
		switch name {
		case attrPK:
			item.Key.PK = v.Value
		case attrSK:
			item.Key.SK = v.Value
		default:
			setAttr(item, name, store.S(v.Value))
		}
		return nil
	case *types.AttributeValueMemberN:
		n, err := strconv.ParseInt(v.Value, 10, 64)
		if err != nil {
			return fmt.Errorf("decode item of %s: attribute %s is no integer", item.Key.Table, name)
		}
		setAttr(item, name, store.N(n))
		return nil
	case *types.AttributeValueMemberB:
		if name == attrBody {
			item.Body = v.Value
			return nil
		}
	}
	return fmt.Errorf("decode item of %s: attribute %s has an unknown type", item.Key.Table, name)
}

func setAttr(item *store.Item, name string, attr store.Attr) {
	if item.Attrs == nil {
		item.Attrs = make(map[string]store.Attr, 4)
	}
	item.Attrs[name] = attr
}

// expression builds an expression of DynamoDB with placeholders for all names and values, since some names are reserved words.
type expression struct {
	terms  []string
	names  map[string]string
	values values
}

func newExpression() *expression { return &expression{names: map[string]string{}, values: values{}} }

// name returns the placeholder of an attribute.
func (e *expression) name(attr string) string {
	e.names["#"+attr] = attr
	return "#" + attr
}

// value returns a placeholder of v.
func (e *expression) value(v types.AttributeValue) string {
	placeholder := ":" + strconv.Itoa(len(e.values))
	e.values[placeholder] = v
	return placeholder
}

func (e *expression) add(term string) { e.terms = append(e.terms, term) }

// text returns the expression, nil when it has no terms.
func (e *expression) text() *string {
	if len(e.terms) == 0 {
		return nil
	}
	all := strings.Join(e.terms, " AND ")
	return &all
}

// named returns the names, nil when there are none, as DynamoDB demands.
func (e *expression) named() map[string]string {
	if len(e.names) == 0 {
		return nil
	}
	return e.names
}

// bound returns the values, nil when there are none, as DynamoDB demands.
func (e *expression) bound() values {
	if len(e.values) == 0 {
		return nil
	}
	return e.values
}

// encodeCondition returns cond as a condition expression. A comparison of DynamoDB is false when the attribute is missing or of the
// other type, as in store.Condition.Holds.
func encodeCondition(cond store.Condition) *expression {
	e := newExpression()
	for _, term := range cond.Terms {
		e.add(e.term(term))
	}
	return e
}

func (e *expression) term(term store.Term) string {
	switch term.Test {
	case store.Absent:
		return "attribute_not_exists(" + e.name(attrPK) + ")"
	case store.Present:
		return "attribute_exists(" + e.name(attrPK) + ")"
	case store.AtMost:
		return e.name(term.Name) + " <= " + e.value(encodeAttr(store.N(term.Operand.Int)))
	case store.AbsentOrAttr:
		return "(attribute_not_exists(" + e.name(attrPK) + ") OR " + e.name(term.Name) + " = " + e.value(encodeAttr(term.Operand)) + ")"
	}
	return e.name(term.Name) + " = " + e.value(encodeAttr(term.Operand))
}
