package template_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"kexin/infra/template"
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "template.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestShortFormsBecomeLongOnes(t *testing.T) {
	parsed, err := template.Read(write(t, `
Parameters:
  Name: {Type: String, Default: "a"}
Conditions:
  Named: !And [!Not [!Equals [!Ref Name, ""]], !Condition Other]
Resources:
  One:
    Type: X
    Properties:
      A: !Ref Name
      B: !GetAtt Two.Arn
      C: !Sub "${Two.Arn}/x-${Name}"
      D: [1, true, "1"]
      E: !If [Named, !GetAtt Two.Arn, !Ref AWS::NoValue]
  Two: {Type: Y}
`))
	if err != nil {
		t.Fatal(err)
	}
	one := parsed.Of("X")["One"]
	lookup := func(id, attribute string) (string, error) { return "<" + id + "|" + attribute + ">", nil }
	for key, want := range map[string]string{"A": "<Name|>", "B": "<Two|Arn>", "C": "<Two|Arn>/x-<Name|>"} {
		if got, err := template.Resolve(one[key], lookup); err != nil || got != want {
			t.Errorf("%s: %q, %v", key, got, err)
		}
	}
	for got, want := range map[string]any{
		`{"Fn::And":[{"Fn::Not":[{"Fn::Equals":[{"Ref":"Name"},""]}]},{"Condition":"Other"}]}`: parsed.Conditions["Named"],
		`{"Fn::If":["Named",{"Fn::GetAtt":["Two","Arn"]},{"Ref":"AWS::NoValue"}]}`:             one["E"],
	} {
		if text, err := json.Marshal(want); err != nil || string(text) != got {
			t.Errorf("%s, want %s, %v", text, got, err)
		}
	}
	if list, _ := one["D"].([]any); len(list) != 3 || list[0] != int64(1) || list[1] != true || list[2] != "1" {
		t.Errorf("list: %#v", one["D"])
	}
	if _, err := template.Resolve(one["D"], lookup); !errors.Is(err, template.ErrFormat) {
		t.Errorf("a list as text: %v", err)
	}
}

func TestUnreadableTemplates(t *testing.T) {
	for name, text := range map[string]string{
		"no resources": "Parameters: {}", "unknown tag": "Resources: {A: !Base64 [a, [b]]}", "twice": "Resources:\n  A: {Type: X}\n  A: {Type: X}\n", "no YAML": "{",
	} {
		if _, err := template.Read(write(t, text)); !errors.Is(err, template.ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
