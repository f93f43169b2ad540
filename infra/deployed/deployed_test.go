package deployed_test

import (
	"encoding/json"
	"errors"
	"testing"

	"kexin/infra/deployed"
	"kexin/infra/template"
)

const small = `{
 "Parameters": {"Name": {"Type": "String", "Default": ""}, "Word": {"Type": "String"}},
 "Conditions": {"Named": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Name"}, ""]}]}, "China": {"Fn::Equals": [{"Ref": "AWS::Partition"}, "aws-cn"]},
  "Both": {"Fn::And": [{"Condition": "Named"}, {"Condition": "China"}]}, "Either": {"Fn::Or": [{"Condition": "Named"}, {"Condition": "China"}]}},
 "Mappings": {"M": {"a": {"b": "mapped"}}},
 "Resources": {
  "T": {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": {"Fn::Sub": "${AWS::StackName}-t"}, "SSESpecification": {"KMSMasterKeyId": {"Fn::GetAtt": ["K", "Arn"]}},
   "A": {"Fn::If": ["Named", {"Ref": "Name"}, {"Ref": "AWS::NoValue"}]}, "B": [{"Fn::If": ["Either", "yes", "no"]}, {"Fn::If": ["Both", "x", {"Ref": "AWS::NoValue"}]}],
   "C": {"Fn::Join": ["/", ["a", {"Fn::Select": [1, {"Fn::Split": [",", "x,y"]}]}, {"Fn::FindInMap": ["M", "a", "b"]}]]},
   "D": {"Fn::Sub": ["${x}-${K.Arn}-${!kept}", {"x": {"Ref": "Word"}}]},
   "ResourcePolicy": {"PolicyDocument": {"Statement": {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}}}}},
  "K": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}}}},
  "Left": {"Type": "AWS::SQS::Queue", "Condition": "Named", "Properties": {}}}}`

func read(t *testing.T, text string) template.Map {
	t.Helper()
	var root template.Map
	if err := json.Unmarshal([]byte(text), &root); err != nil {
		t.Fatal(err)
	}
	return root
}

func TestReferencesAreResolved(t *testing.T) {
	d, err := deployed.New(read(t, small), deployed.China, map[string]string{"Word": "w"})
	if err != nil {
		t.Fatal(err)
	}
	p, err := d.Properties("T")
	if err != nil {
		t.Fatal(err)
	}
	key, err := d.ARN("<K.Arn>")
	if err != nil {
		t.Fatal(err)
	}
	delete(p, "SSESpecification")
	delete(p, "ResourcePolicy")
	got, err := json.Marshal(p)
	if want := `{"B":["yes"],"C":"a/y/mapped","D":"w-` + key + `-${kept}","TableName":"kexin-t"}`; err != nil || string(got) != want {
		t.Errorf("%s, want %s, %v", got, want, err)
	}
	arn, err := d.ARN("<T.Arn>/index/x")
	if want := "arn:aws-cn:dynamodb:cn-north-1:123456789012:table/kexin-t/index/x"; err != nil || arn != want || d.SymbolOf(arn) != "<T.Arn>/index/x" || d.Unsymbol("<T.Arn>/index/x") != arn {
		t.Errorf("%s, %s, %v", arn, d.SymbolOf(arn), err)
	}
	if d.PolicyOf(arn) == nil || d.PolicyOf("arn:aws-cn:dynamodb:cn-north-1:123456789012:table/kexin-t2") != nil || d.PolicyOf("arn:aws-cn:dynamodb:cn-north-1:123456789012:table/kexin-t/stream/x") != nil {
		t.Error("policy of another resource, or none of its own")
	}
	if id, err := d.KeyOf("T"); err != nil || id != "K" {
		t.Errorf("key %q, %v", id, err)
	}
	if ids := d.Of("AWS::SQS::Queue"); len(ids) != 0 {
		t.Errorf("%v is there without its condition", ids)
	}
}

func TestWhatIsUnknownIsAnError(t *testing.T) {
	for name, text := range map[string]string{
		"function":              `{"Resources": {"R": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Fn::Base64": "x"}}}}}`,
		"reference":             `{"Resources": {"R": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Ref": "Nothing"}}}}}`,
		"parameter":             `{"Parameters": {"P": {"Type": "String"}}, "Resources": {}}`,
		"condition":             `{"Resources": {"R": {"Type": "AWS::KMS::Key", "Condition": "None", "Properties": {}}}}`,
		"policy of a stranger":  `{"Resources": {"R": {"Type": "AWS::Glacier::Vault", "Properties": {"AccessPolicy": {"Statement": []}}}}}`,
		"policy as text":        `{"Resources": {"R": {"Type": "AWS::Glacier::Vault", "Properties": {"AccessPolicy": "{\"Statement\": []}"}}}}`,
		"managed policy":        `{"Resources": {"R": {"Type": "AWS::IAM::Role", "Properties": {"ManagedPolicyArns": ["x"]}}}}`,
		"function without role": `{"Resources": {"R": {"Type": "AWS::Lambda::Function", "Properties": {}}}}`,
	} {
		if _, err := deployed.New(read(t, text), deployed.Europe, nil); !errors.Is(err, deployed.ErrTemplate) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
