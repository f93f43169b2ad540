// Command rules judges translated templates by what no linter and no guard rule can say, because it needs more than one resource at a
// time, or a grammar: see rules. It prints findings as JSON, a list for each file named, and fails only when it cannot read a file.
//
//	go run ./infra/gates/rules TRANSLATED.json...
package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"

	"kexin/infra/template"
)

// Finding is one thing that is wrong, at one resource.
type Finding struct {
	Check    string `json:"check"`
	Resource string `json:"resource"`
	Message  string `json:"message"`
}

// stackRules are all rules by name. Each reports what it finds through found, which takes a logical id and a message.
var stackRules = map[string]func(s stack, found func(resource, format string, values ...any)){
	"ROUTE_WANTS_TOKEN":     routes,
	"SCHEDULE_PARSES":       schedules,
	"CONDITION_KEY_KNOWN":   conditionKeys,
	"ACTION_FITS_RESOURCE":  actionsFit,
	"NO_WIDE_ALLOW":         wideAllows,
	"KEY_HAS_ADMINISTRATOR": keyAdministration,
	"NO_FIXED_PARTITION":    partitions,
	"TLS_ONLY":              transport,
	"QUEUE_HAS_DEAD_END":    deadEnds,
	"ALARM_FOR_EACH":        alarms,
	"METRIC_KNOWN":          metrics,
	"ROLE_OF_ITS_OWN":       ownRoles,
	"LOG_GROUP_OF_ITS_OWN":  ownLogs,
	"TRACED_IF_ANY_IS":      traced,
}

// stack is a translated template.
type stack struct{ resources map[string]resource }

// resource is one entry of a template's Resources.
type resource struct {
	Type           string
	DeletionPolicy string
	Properties     template.Map
}

func main() {
	all := map[string][]Finding{}
	for _, path := range os.Args[1:] {
		data, err := os.ReadFile(path)
		if err == nil {
			all[path], err = judge(data)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, path+":", err)
			os.Exit(1)
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(all); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// judge returns what is wrong with a translated template, in a fixed order.
func judge(data []byte) ([]Finding, error) {
	var parsed struct{ Resources map[string]resource }
	if err := json.Unmarshal(data, &parsed); err != nil {
		return nil, fmt.Errorf("read template: %w", err)
	}
	if len(parsed.Resources) == 0 {
		return nil, fmt.Errorf("read template: %w: no resources", template.ErrFormat)
	}
	findings := []Finding{}
	for _, check := range slices.Sorted(maps.Keys(stackRules)) {
		stackRules[check](stack{parsed.Resources}, func(id, format string, values ...any) {
			findings = append(findings, Finding{check, id, fmt.Sprintf(format, values...)})
		})
	}
	return findings, nil
}

// of lists the logical ids of resources of a type, sorted.
func (s stack) of(kind string) []string {
	var ids []string
	for id, r := range s.resources {
		if r.Type == kind {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// target returns the logical id that a Ref or Fn::GetAtt names, and the attribute.
func target(value any) (id, attribute string) {
	m, _ := value.(template.Map)
	if id, ok := m["Ref"].(string); ok {
		return id, ""
	}
	if pair, ok := m["Fn::GetAtt"].([]any); ok && len(pair) == 2 {
		return fmt.Sprint(pair[0]), fmt.Sprint(pair[1])
	}
	return "", ""
}

// encode returns value as JSON, for looking into it and for messages.
func encode(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
