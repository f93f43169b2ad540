package deployed

import (
	"fmt"
	"strings"

	"kexin/infra/template"
)

// naming says of a type which property names the resource, and how its ARN is made of that name.
type naming struct {
	property string
	service  string
	arn      string // %s is the name
	global   bool   // no region in the ARN
	bare     bool   // neither region nor account
}

var namings = map[string]naming{
	"AWS::DynamoDB::Table":            {property: "TableName", service: "dynamodb", arn: "table/%s"},
	"AWS::KMS::Key":                   {service: "kms", arn: "key/%s"},
	"AWS::S3::Bucket":                 {property: "BucketName", service: "s3", arn: "%s", bare: true},
	"AWS::SQS::Queue":                 {property: "QueueName", service: "sqs", arn: "%s"},
	"AWS::SNS::Topic":                 {property: "TopicName", service: "sns", arn: "%s"},
	"AWS::Lambda::Function":           {property: "FunctionName", service: "lambda", arn: "function:%s"},
	"AWS::Serverless::Function":       {property: "FunctionName", service: "lambda", arn: "function:%s"},
	"AWS::Logs::LogGroup":             {property: "LogGroupName", service: "logs", arn: "log-group:%s:*"},
	"AWS::IAM::Role":                  {property: "RoleName", service: "iam", arn: "role/%s", global: true},
	"AWS::CloudWatch::Alarm":          {property: "AlarmName", service: "cloudwatch", arn: "alarm:%s"},
	"AWS::Events::Rule":               {property: "Name", service: "events", arn: "rule/%s"},
	"AWS::Scheduler::Schedule":        {property: "Name", service: "scheduler", arn: "schedule/default/%s"},
	"AWS::Scheduler::ScheduleGroup":   {property: "Name", service: "scheduler", arn: "schedule-group/%s"},
	"AWS::ApiGateway::RestApi":        {service: "apigateway", arn: "/restapis/%s"},
	"AWS::WAFv2::WebACL":              {property: "Name", service: "wafv2", arn: "regional/webacl/%s/0"},
	"AWS::Lambda::EventSourceMapping": {service: "lambda", arn: "event-source-mapping:%s"},
	"AWS::ApiGatewayV2::Api":          {service: "apigateway", arn: "/apis/%s"},
	"AWS::Serverless::HttpApi":        {service: "apigateway", arn: "/apis/%s"},
	"AWS::Serverless::Api":            {service: "apigateway", arn: "/restapis/%s"},
	"AWS::CloudWatch::CompositeAlarm": {property: "AlarmName", service: "cloudwatch", arn: "alarm:%s"},
	"AWS::CloudWatch::Dashboard":      {property: "DashboardName", service: "cloudwatch", arn: "dashboard/%s"},
}

// physical is the name of a resource: as the template says, or the one that is invented for it.
func (d *Deployment) physical(id string) (string, error) {
	r, ok := d.resources[id]
	if !ok {
		return "", fmt.Errorf("%w: nothing is called %s", ErrTemplate, id)
	}
	if property := namings[r.kind].property; property != "" && r.properties[property] != nil {
		value, err := d.resolve(r.properties[property])
		return fmt.Sprint(value), err
	}
	switch r.kind {
	case "AWS::KMS::Key":
		return number(id), nil
	case "AWS::S3::Bucket":
		return stack + "-" + strings.ToLower(id), nil
	}
	return stack + "-" + id, nil
}

// name is what Ref gives of a resource.
func (d *Deployment) name(id string) (any, error) {
	name, err := d.physical(id)
	if err != nil {
		return nil, err
	}
	switch d.resources[id].kind {
	case "AWS::SQS::Queue":
		return "https://sqs." + d.Region + "." + d.Suffix() + "/" + d.Account + "/" + name, nil
	case "AWS::SNS::Topic":
		return d.attribute(id, "Arn")
	}
	return name, nil
}

// attribute is what GetAtt gives.
func (d *Deployment) attribute(id, attribute string) (string, error) {
	name, err := d.physical(id)
	if err != nil {
		return "", err
	}
	n, known := namings[d.resources[id].kind]
	arn := strings.Join([]string{"arn", d.Partition, n.service, n.region(d.Place), n.account(d.Place), fmt.Sprintf(n.arn, name)}, ":")
	switch {
	case !known && attribute == "Arn":
		return "", fmt.Errorf("%w: ARN of %s, a %s", ErrTemplate, id, d.resources[id].kind)
	case attribute == "Arn", attribute == "TopicArn":
		return arn, nil
	case attribute == "StreamArn":
		return arn + "/stream/2026-01-01T00:00:00.000", nil
	case strings.HasSuffix(attribute, "Name"), strings.HasSuffix(attribute, "Id"):
		return name, nil
	}
	return name + "." + attribute, nil // addresses and the like, which no policy is about
}

func (n naming) region(p Place) string {
	if n.global || n.bare {
		return ""
	}
	return p.Region
}

func (n naming) account(p Place) string {
	if n.bare {
		return ""
	}
	return p.Account
}

// Symbol writes the ARN of a resource as the recordings do: <KeysTable.Arn>.
func Symbol(id string) string { return "<" + id + ".Arn>" }

// KeyOf returns the logical id of the key under which a table, bucket, queue, topic or log group is encrypted at rest; "" when it is one
// of AWS's own.
func (d *Deployment) KeyOf(id string) (string, error) {
	p, err := d.Properties(id)
	if err != nil {
		return "", err
	}
	named := []any{template.At(p, "SSESpecification")["KMSMasterKeyId"], p["KmsMasterKeyId"], p["KmsKeyId"]}
	rules, _ := template.At(p, "BucketEncryption")["ServerSideEncryptionConfiguration"].([]any)
	for _, rule := range rules {
		m, _ := rule.(template.Map)
		named = append(named, template.At(m, "ServerSideEncryptionByDefault")["KMSMasterKeyID"])
	}
	for _, name := range named {
		for _, key := range d.Of("AWS::KMS::Key") {
			arn, err := d.attribute(key, "Arn")
			if err != nil {
				return "", err
			}
			if name == arn || name == number(key) {
				return key, nil
			}
		}
	}
	return "", nil
}

// SymbolOf writes an ARN as recordings do, with what follows the ARN of a resource; other texts as they are.
func (d *Deployment) SymbolOf(arn string) string {
	best := arn
	for id := range d.resources {
		own, err := d.attribute(id, "Arn")
		if err != nil {
			continue
		}
		if rest, ok := strings.CutPrefix(arn, own); ok && (rest == "" || rest[0] == '/') && len(rest) < len(arn) {
			best = Symbol(id) + rest
		}
	}
	return best
}

// Unsymbol is the inverse of SymbolOf.
func (d *Deployment) Unsymbol(symbol string) string {
	if arn, err := d.ARN(symbol); err == nil {
		return arn
	}
	return symbol
}
