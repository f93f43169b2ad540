package deployed

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"kexin/infra/iam"
	"kexin/infra/template"
)

// bearers are the types that hold statements, and who reads those.
var bearers = map[string]func(*Deployment, string, template.Map) error{
	"AWS::IAM::Role":            (*Deployment).role,
	"AWS::KMS::Key":             (*Deployment).key,
	"AWS::DynamoDB::Table":      (*Deployment).table,
	"AWS::S3::BucketPolicy":     (*Deployment).bucketPolicy,
	"AWS::SQS::QueuePolicy":     (*Deployment).queuePolicy,
	"AWS::SNS::TopicPolicy":     (*Deployment).topicPolicy,
	"AWS::Lambda::Permission":   (*Deployment).permission,
	"AWS::Lambda::Function":     (*Deployment).lambda,
	"AWS::Serverless::Function": (*Deployment).lambda,
}

// collect reads every policy of the template.
func (d *Deployment) collect() error {
	var failed error
	for id, r := range d.resources {
		read, known := bearers[r.kind]
		if !known {
			if text, err := json.Marshal(r.properties); err != nil || holdsStatements(r.properties) {
				failed = errors.Join(failed, fmt.Errorf("%w: policy in %s, a %s: %s, %w", ErrTemplate, id, r.kind, text, err))
			}
			continue
		}
		properties, err := d.Properties(id)
		if err == nil {
			err = read(d, id, properties)
		}
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", id, err))
		}
	}
	return failed
}

func holdsStatements(value any) bool {
	switch v := value.(type) {
	case template.Map:
		for key, member := range v {
			if key == "Statement" && member != nil || holdsStatements(member) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, holdsStatements)
	case string:
		return strings.Contains(v, `"Statement"`)
	}
	return false
}

func (d *Deployment) role(id string, p template.Map) error {
	if p["ManagedPolicyArns"] != nil || p["PermissionsBoundary"] != nil {
		return fmt.Errorf("%w: policies that are not written out", ErrTemplate)
	}
	arn, err := d.attribute(id, "Arn")
	if err != nil {
		return err
	}
	r := Role{ARN: arn}
	if r.Trust, err = iam.Parse(p["AssumeRolePolicyDocument"]); err != nil {
		return fmt.Errorf("trust: %w", err)
	}
	policies, _ := p["Policies"].([]any)
	for _, policy := range policies {
		body := policy.(template.Map)["PolicyDocument"]
		document, err := iam.Parse(body)
		if err != nil {
			return err
		}
		text, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("size of policy: %w", err)
		}
		r.Policies, r.Size = append(r.Policies, document), r.Size+len(text)
	}
	d.Roles[id], d.Guarded[arn] = r, r.Trust
	return nil
}

func listed(value any) []any {
	if values, ok := value.([]any); ok {
		return values
	}
	return []any{value}
}

func (d *Deployment) guard(arn string, body any) error {
	document, err := iam.Parse(body)
	if err != nil {
		return err
	}
	if already, ok := d.Guarded[arn]; ok {
		all := slices.Concat(listed(already.Source["Statement"]), listed(document.Source["Statement"]))
		document = iam.Document{Statements: slices.Concat(already.Statements, document.Statements),
			Source: template.Map{"Version": "2012-10-17", "Statement": all}}
	}
	d.Guarded[arn] = document
	return nil
}

func (d *Deployment) key(id string, p template.Map) error {
	arn, err := d.attribute(id, "Arn")
	if err != nil {
		return err
	}
	return d.guard(arn, p["KeyPolicy"])
}

func (d *Deployment) table(id string, p template.Map) error {
	arn, err := d.attribute(id, "Arn")
	if err != nil {
		return err
	}
	if policy := template.At(p, "ResourcePolicy"); policy != nil {
		err = d.guard(arn, policy["PolicyDocument"])
	}
	if policy := template.At(p, "StreamSpecification", "ResourcePolicy"); policy != nil && err == nil {
		err = d.guard(arn+"/stream/2026-01-01T00:00:00.000", policy["PolicyDocument"])
	}
	return err
}

// owners returns the ids of the resources whose names (as Ref gives them) are listed.
func (d *Deployment) owners(kind string, names any) ([]string, error) {
	var ids []string
	for _, wanted := range listed(names) {
		found := ""
		for _, id := range d.Of(kind) {
			if name, err := d.name(id); err == nil && name == wanted {
				found = id
			}
		}
		if found == "" {
			return nil, fmt.Errorf("%w: no %s is called %v", ErrTemplate, kind, wanted)
		}
		ids = append(ids, found)
	}
	return ids, nil
}

func (d *Deployment) guardAll(kind string, names, body any) error {
	ids, err := d.owners(kind, names)
	for _, id := range ids {
		arn, arnErr := d.attribute(id, "Arn")
		err = errors.Join(err, arnErr)
		if err == nil {
			err = d.guard(arn, body)
		}
	}
	return err
}

func (d *Deployment) bucketPolicy(_ string, p template.Map) error {
	return d.guardAll("AWS::S3::Bucket", p["Bucket"], p["PolicyDocument"])
}

func (d *Deployment) queuePolicy(_ string, p template.Map) error {
	return d.guardAll("AWS::SQS::Queue", p["Queues"], p["PolicyDocument"])
}

func (d *Deployment) topicPolicy(_ string, p template.Map) error {
	return d.guardAll("AWS::SNS::Topic", p["Topics"], p["PolicyDocument"])
}

// permission is a statement of a function's own policy in other words.
func (d *Deployment) permission(_ string, p template.Map) error {
	id, err := d.functionOf(fmt.Sprint(p["FunctionName"]))
	if err != nil {
		return err
	}
	arn, err := d.attribute(id, "Arn")
	if err != nil {
		return err
	}
	statement := template.Map{"Effect": "Allow", "Action": p["Action"], "Resource": arn, "Principal": template.Map{"Service": p["Principal"]}}
	if source := p["SourceArn"]; source != nil {
		statement["Condition"] = template.Map{"ArnLike": template.Map{"aws:SourceArn": source}}
	}
	return d.guard(arn, template.Map{"Version": "2012-10-17", "Statement": []any{statement}})
}

func (d *Deployment) functionOf(name string) (string, error) {
	for _, id := range slices.Concat(d.Of("AWS::Lambda::Function"), d.Of("AWS::Serverless::Function")) {
		arn, err := d.attribute(id, "Arn")
		if physical, _ := d.physical(id); err == nil && (name == arn || name == physical) {
			return id, nil
		}
	}
	return "", fmt.Errorf("%w: no function is called %s", ErrTemplate, name)
}

// lambda notes under which role a function runs.
func (d *Deployment) lambda(id string, p template.Map) error {
	if p["Policies"] != nil {
		return fmt.Errorf("%w: policies beside the role", ErrTemplate)
	}
	for _, role := range d.Of("AWS::IAM::Role") {
		if arn, err := d.attribute(role, "Arn"); err == nil && arn == p["Role"] {
			d.Functions[id] = role
			return nil
		}
	}
	return fmt.Errorf("%w: no role of its own", ErrTemplate)
}
