package main

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/goccy/go-yaml"

	"kexin/infra/template"
	"kexin/shared/record"
)

// Control is one demand of the list.
type Control struct {
	ID       string      `yaml:"id" json:"id"`
	Standard string      `yaml:"standard" json:"standard"`
	Asks     record.Text `yaml:"asks" json:"asks"`
}

// Result is what was found of a control. Evidence names what was looked at; Faults what does not hold. It passes without faults, and only
// with evidence: a check that found nothing to look at has not passed.
type Result struct {
	Control
	Pass     bool     `json:"pass"`
	Evidence []string `json:"evidence"`
	Faults   []string `json:"faults,omitempty"`
}

// DataSet is a table or bucket of the register.
type DataSet struct {
	ID     string      `yaml:"id" json:"id"`
	Holds  record.Text `yaml:"holds" json:"holds"`
	Format record.Text `yaml:"format" json:"format"`
	Key    string      `yaml:"-" json:"key"`    // logical id of the KMS key, or the service's own
	Region string      `yaml:"-" json:"region"` // where the stack is deployed; the register of a template says "the stack's"
}

// Place says where a deployment is to go. Allowed may be empty: then the place is not judged.
type Place struct {
	Region  string
	Allowed []string
}

// Report is a deployment held against the list.
type Report struct {
	Results  []Result  `json:"controls"`
	DataSets []DataSet `json:"data_sets"`
}

// Failed returns how many controls do not pass.
func (r Report) Failed() int {
	n := 0
	for _, one := range r.Results {
		if !one.Pass {
			n++
		}
	}
	return n
}

//go:embed controls.yaml
var controlsFile []byte

//go:embed datasets.yaml
var dataSetsFile []byte

var errList = errors.New("list of controls or data sets cannot be used")

// examine holds t against every control.
func examine(t template.Template, place Place) (Report, error) {
	var controls []Control
	var sets []DataSet
	if err := errors.Join(yaml.UnmarshalWithOptions(controlsFile, &controls, yaml.Strict()), yaml.UnmarshalWithOptions(dataSetsFile, &sets, yaml.Strict())); err != nil {
		return Report{}, fmt.Errorf("%w: %w", errList, err)
	}
	l := &look{t: t, place: place, sets: sets}
	report := Report{}
	for _, c := range controls {
		check, ok := checks[c.ID]
		if !ok {
			return Report{}, fmt.Errorf("%w: no check is called %s", errList, c.ID)
		}
		l.evidence, l.faults = nil, nil
		check(l)
		sort.Strings(l.evidence)
		sort.Strings(l.faults)
		report.Results = append(report.Results, Result{c, len(l.faults) == 0 && len(l.evidence) > 0, l.evidence, l.faults})
	}
	report.DataSets = l.register()
	return report, nil
}

// look is a template being looked at.
type look struct {
	t                template.Template
	place            Place
	sets             []DataSet
	evidence, faults []string
}

// expect records what as evidence when ok, else as a fault.
func (l *look) expect(ok bool, id, what string) {
	if ok {
		l.evidence = append(l.evidence, id+": "+what)
		return
	}
	l.faults = append(l.faults, id+": not "+what)
}

// each looks at every resource of a type and complains when there is none.
func (l *look) each(kind string, check func(id string, p template.Map)) {
	found := l.t.Of(kind)
	if len(found) == 0 {
		l.faults = append(l.faults, kind+": none")
	}
	for id, properties := range found {
		check(id, properties)
	}
}

// text returns value in one line, to look for parts of it.
func text(value any) string {
	switch v := value.(type) {
	case template.Map:
		keys := make([]string, 0, len(v))
		for key := range v {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		var all strings.Builder
		for _, key := range keys {
			fmt.Fprintf(&all, "%s=%s;", key, text(v[key]))
		}
		return "{" + all.String() + "}"
	case []any:
		parts := make([]string, len(v))
		for i, one := range v {
			parts[i] = text(one)
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
	return fmt.Sprint(value)
}

// register returns the data sets with the key that the template gives each.
func (l *look) register() []DataSet {
	sets := slices.Clone(l.sets)
	for i, set := range sets {
		sets[i].Region = l.place.Region
		if sets[i].Region == "" {
			sets[i].Region = "the stack's"
		}
		sets[i].Key = keyOf(l.t, set.ID)
	}
	return sets
}

// keyOf returns the logical id of the key that a table or bucket is encrypted under.
func keyOf(t template.Template, id string) string {
	key := any(nil)
	if table, ok := t.Of("AWS::DynamoDB::Table")[id]; ok {
		key = template.At(table, "SSESpecification")["KMSMasterKeyId"]
	} else if bucket, ok := t.Of("AWS::S3::Bucket")[id]; ok {
		for _, rule := range template.List(template.At(bucket, "BucketEncryption")["ServerSideEncryptionConfiguration"]) {
			rule, _ := rule.(template.Map)
			key = template.At(rule, "ServerSideEncryptionByDefault")["KMSMasterKeyID"]
		}
	}
	if key == nil {
		return "S3 (AES256)"
	}
	name := text(key)
	for candidate := range t.Of("AWS::KMS::Key") {
		if strings.Contains(name, candidate) {
			return candidate
		}
	}
	return name
}
