package deployed

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"kexin/infra/template"
)

// absent is the value of AWS::NoValue: whatever holds it is not there.
type absent struct{}

// resolve returns value with every function of CloudFormation replaced by its result.
func (d *Deployment) resolve(value any) (any, error) {
	switch v := value.(type) {
	case template.Map:
		if len(v) == 1 {
			for name, argument := range v {
				if name == "Ref" || name == "Condition" && isText(argument) || strings.HasPrefix(name, "Fn::") {
					return d.function(name, argument)
				}
			}
		}
		return d.mapping(v)
	case []any:
		return d.list(v)
	}
	return value, nil
}

func isText(value any) bool { _, ok := value.(string); return ok }

func (d *Deployment) mapping(m template.Map) (any, error) {
	resolved := template.Map{}
	var failed error
	for key, member := range m {
		value, err := d.resolve(member)
		failed = errors.Join(failed, err)
		if value != (absent{}) {
			resolved[key] = value
		}
	}
	return resolved, failed
}

func (d *Deployment) list(values []any) (any, error) {
	resolved := []any{}
	var failed error
	for _, member := range values {
		value, err := d.resolve(member)
		failed = errors.Join(failed, err)
		if value != (absent{}) {
			resolved = append(resolved, value)
		}
	}
	return resolved, failed
}

func (d *Deployment) function(name string, argument any) (any, error) {
	switch name {
	case "Ref":
		return d.reference(fmt.Sprint(argument))
	case "Fn::GetAtt":
		if text, ok := argument.(string); ok {
			id, attribute, _ := strings.Cut(text, ".")
			return d.attribute(id, attribute)
		}
		pair, ok := argument.([]any)
		if !ok || len(pair) != 2 {
			return nil, fmt.Errorf("%w: %s %v", ErrTemplate, name, argument)
		}
		return d.attribute(fmt.Sprint(pair[0]), fmt.Sprint(pair[1]))
	case "Fn::Sub":
		return d.sub(argument)
	case "Fn::If", "Fn::Join", "Fn::Select", "Fn::Split", "Fn::FindInMap":
		return d.listed(name, argument)
	case "Condition", "Fn::Equals", "Fn::Not", "Fn::And", "Fn::Or":
		return d.condition(template.Map{name: argument})
	}
	return nil, fmt.Errorf("%w: function %s", ErrTemplate, name)
}

// listed is the functions whose argument is a list.
func (d *Deployment) listed(name string, argument any) (any, error) {
	raw, ok := argument.([]any)
	if !ok || len(raw) < 2 {
		return nil, fmt.Errorf("%w: %s %v", ErrTemplate, name, argument)
	}
	if name == "Fn::If" && len(raw) == 3 { // only the branch that is taken is resolved
		holds, err := d.condition(template.Map{"Condition": raw[0]})
		if err != nil {
			return nil, err
		}
		if holds {
			return d.resolve(raw[1])
		}
		return d.resolve(raw[2])
	}
	value, err := d.list(raw)
	if err != nil {
		return nil, err
	}
	return d.compute(name, value.([]any))
}

func (d *Deployment) compute(name string, a []any) (any, error) {
	switch name {
	case "Fn::Join":
		if parts, ok := a[1].([]any); ok {
			var texts []string
			for _, part := range parts {
				texts = append(texts, fmt.Sprint(part))
			}
			return strings.Join(texts, fmt.Sprint(a[0])), nil
		}
	case "Fn::Split":
		var parts []any
		for part := range strings.SplitSeq(fmt.Sprint(a[1]), fmt.Sprint(a[0])) {
			parts = append(parts, part)
		}
		return parts, nil
	case "Fn::Select":
		at, err := strconv.Atoi(fmt.Sprint(a[0]))
		if parts, ok := a[1].([]any); ok && err == nil && at >= 0 && at < len(parts) {
			return parts[at], nil
		}
	case "Fn::FindInMap":
		if len(a) == 3 {
			if value, ok := template.At(d.mappings, fmt.Sprint(a[0]), fmt.Sprint(a[1]))[fmt.Sprint(a[2])]; ok {
				return value, nil
			}
		}
	}
	return nil, fmt.Errorf("%w: %s of %v", ErrTemplate, name, a)
}

var placeholder = regexp.MustCompile(`\$\{([^}]*)\}`)

func (d *Deployment) sub(argument any) (any, error) {
	text, own := fmt.Sprint(argument), template.Map{}
	if pair, ok := argument.([]any); ok && len(pair) == 2 {
		text, _ = pair[0].(string)
		own, _ = pair[1].(template.Map)
	}
	var failed error
	resolved := placeholder.ReplaceAllStringFunc(text, func(match string) string {
		name := match[2 : len(match)-1]
		if strings.HasPrefix(name, "!") {
			return "${" + name[1:] + "}"
		}
		var value any
		var err error
		if given, ok := own[name]; ok {
			value, err = d.resolve(given)
		} else if id, attribute, dotted := strings.Cut(name, "."); dotted {
			value, err = d.attribute(id, attribute)
		} else {
			value, err = d.reference(name)
		}
		failed = errors.Join(failed, err)
		return fmt.Sprint(value)
	})
	return resolved, failed
}

// condition evaluates a named condition or one that is written in place.
func (d *Deployment) condition(m template.Map) (bool, error) {
	for name, argument := range m {
		if name == "Condition" {
			body, ok := d.conditions[fmt.Sprint(argument)].(template.Map)
			if !ok {
				return false, fmt.Errorf("%w: no condition %v", ErrTemplate, argument)
			}
			return d.condition(body)
		}
		value, err := d.resolve(argument)
		terms, ok := value.([]any)
		if err != nil || !ok || len(terms) == 0 {
			return false, fmt.Errorf("%w: %s %v: %w", ErrTemplate, name, argument, err)
		}
		return logic(name, terms)
	}
	return false, fmt.Errorf("%w: empty condition", ErrTemplate)
}

func logic(name string, terms []any) (bool, error) {
	holding := 0
	for _, term := range terms {
		if term == true {
			holding++
		}
	}
	switch name {
	case "Fn::Equals":
		return len(terms) == 2 && fmt.Sprint(terms[0]) == fmt.Sprint(terms[1]), nil
	case "Fn::Not":
		return holding == 0, nil
	case "Fn::And":
		return holding == len(terms), nil
	case "Fn::Or":
		return holding > 0, nil
	}
	return false, fmt.Errorf("%w: condition %s", ErrTemplate, name)
}

// Suffix is the domain of AWS's services.
func (d *Deployment) Suffix() string {
	if d.Partition == "aws-cn" {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}

const stack = "kexin"

// reference is what Ref gives.
func (d *Deployment) reference(id string) (any, error) {
	switch id {
	case "AWS::Partition":
		return d.Partition, nil
	case "AWS::Region":
		return d.Region, nil
	case "AWS::AccountId":
		return d.Account, nil
	case "AWS::URLSuffix":
		return d.Suffix(), nil
	case "AWS::StackName":
		return stack, nil
	case "AWS::StackId":
		return d.arn("cloudformation", "stack/"+stack+"/"+number(stack)), nil
	case "AWS::NoValue":
		return absent{}, nil
	}
	if value, ok := d.parameters[id]; ok {
		return value, nil
	}
	return d.name(id)
}

func (d *Deployment) arn(service, rest string) string {
	return strings.Join([]string{"arn", d.Partition, service, d.Region, d.Account, rest}, ":")
}

// number is an invented id in the form that AWS uses, always the same for one name.
func number(name string) string {
	sum := sha256.Sum256([]byte(name))
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}
