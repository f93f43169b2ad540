package main

import (
	"slices"
	"strings"

	"kexin/infra/template"
)

// statement is one statement of any policy of the stack.
type statement struct {
	owner string // logical id
	kind  string // type of the owner
	where string // property that holds the policy
	body  template.Map
}

func (s statement) name() string { return s.where + " " + encode(s.body["Sid"]) }

func (s statement) actions() []string {
	var actions []string
	for _, action := range template.List(s.body["Action"]) {
		text, _ := action.(string)
		actions = append(actions, text)
	}
	return actions
}

// statements lists every statement of every policy: of roles, keys, tables, buckets, queues, topics.
func (s stack) statements() []statement {
	var all []statement
	for id, r := range s.resources {
		add := func(where string, document any) {
			m, _ := document.(template.Map)
			for _, value := range template.List(m["Statement"]) {
				body, _ := value.(template.Map)
				if branches, ok := body["Fn::If"].([]any); ok && len(branches) == 3 {
					body, _ = branches[1].(template.Map)
				}
				all = append(all, statement{id, r.Type, where, body})
			}
		}
		for _, where := range []string{"AssumeRolePolicyDocument", "KeyPolicy", "PolicyDocument"} {
			add(where, r.Properties[where])
		}
		for _, policy := range template.List(r.Properties["Policies"]) {
			m, _ := policy.(template.Map)
			add("Policies", m["PolicyDocument"])
		}
		add("ResourcePolicy", template.At(r.Properties, "ResourcePolicy")["PolicyDocument"])
	}
	slices.SortFunc(all, func(a, b statement) int { return strings.Compare(a.owner+a.name(), b.owner+b.name()) })
	return all
}

// conditionKeys finds condition keys and operators that do not exist, or do not belong to the actions of their statement: a misspelt key
// makes a statement that never applies, or a Deny that never denies.
func conditionKeys(s stack, found func(string, string, ...any)) {
	for _, st := range s.statements() {
		condition, _ := st.body["Condition"].(template.Map)
		for operator, terms := range condition {
			if !slices.Contains(operators, operator) {
				found(st.owner, "%s: no operator %s", st.name(), operator)
			}
			keys, _ := terms.(template.Map)
			for key := range keys {
				if !knownKey(key, st) {
					found(st.owner, "%s: no condition key %s for %s", st.name(), key, st.actions())
				}
			}
		}
	}
}

// knownKey reports whether key exists and whether the actions of a statement know it.
func knownKey(key string, st statement) bool {
	if slices.Contains(globalKeys, key) {
		return true
	}
	service, _, _ := strings.Cut(key, ":")
	for _, action := range st.actions() {
		if of, _, _ := strings.Cut(action, ":"); of != service {
			return false
		}
	}
	return slices.ContainsFunc(serviceKeys, func(known string) bool {
		prefix, open := strings.CutSuffix(known, "*")
		return key == known || open && strings.HasPrefix(key, prefix) && len(key) > len(prefix)
	})
}

// actionsFit finds actions that are no actions of the resource beside them, and actions that nobody has thought about yet (fits).
func actionsFit(s stack, found func(string, string, ...any)) {
	for _, st := range s.statements() {
		if st.where == "AssumeRolePolicyDocument" || st.where == "KeyPolicy" {
			continue // a key's policy names no other resource
		}
		for _, action := range st.actions() {
			for _, on := range template.List(st.body["Resource"]) {
				kinds, known := fits[action]
				if kind := s.kindOf(on); !known || !slices.Contains(kinds, kind) {
					found(st.owner, "%s: %s does not act on %s %s", st.name(), action, kind, encode(on))
				}
			}
		}
	}
}

// kindOf says what a resource of a statement is: a type of template, "stream", "index", "object", "*", or "" for what is not understood.
func (s stack) kindOf(on any) string {
	if on == "*" {
		return "*"
	}
	if id, attribute := target(on); id != "" {
		if attribute == "StreamArn" {
			return "stream"
		}
		return kinds[s.resources[id].Type]
	}
	m, _ := on.(template.Map)
	text, _ := m["Fn::Sub"].(string)
	for prefix, kind := range map[string]string{"arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${AWS::StackName}-": "table"} {
		if rest, ok := strings.CutPrefix(text, prefix); ok && !strings.ContainsAny(rest, "/*") {
			return kind
		}
	}
	id, rest, _ := strings.Cut(strings.TrimPrefix(text, "${"), ".Arn}")
	switch kind := kinds[s.resources[id].Type]; {
	case kind == "table" && strings.HasPrefix(rest, "/index/") && !strings.Contains(rest, "*"):
		return "index"
	case kind == "bucket" && strings.HasPrefix(rest, "/"):
		return "object"
	}
	return ""
}

// wideAllows finds what allows more than it names: wildcards in actions, everything but, anybody without a condition.
func wideAllows(s stack, found func(string, string, ...any)) {
	for _, st := range s.statements() {
		if st.body["NotAction"] != nil || st.body["NotResource"] != nil || st.body["NotPrincipal"] != nil {
			found(st.owner, "%s: says what it does not mean", st.name())
		}
		if st.body["Effect"] != "Allow" {
			continue
		}
		for _, action := range st.actions() {
			if strings.ContainsAny(action, "*?") {
				found(st.owner, "%s: allows %s", st.name(), action)
			}
		}
		if strings.Contains(encode(st.body["Principal"]), `"*"`) && st.body["Condition"] == nil {
			found(st.owner, "%s: allows anybody", st.name())
		}
		if st.kind == "AWS::IAM::Role" && slices.Contains(template.List(st.body["Resource"]), any("*")) {
			found(st.owner, "%s: allows on any resource", st.name())
		}
	}
}

// keyAdministration finds keys that nobody could ever manage again, and keys whose use is not denied to those who manage them.
func keyAdministration(s stack, found func(string, string, ...any)) {
	for _, id := range s.of("AWS::KMS::Key") {
		managed, denied := false, false
		for _, st := range s.statements() {
			if st.owner != id {
				continue
			}
			root := strings.Contains(encode(st.body["Principal"]), ":root")
			managed = managed || st.body["Effect"] == "Allow" && root && st.body["Condition"] == nil && slices.Contains(st.actions(), "kms:PutKeyPolicy")
			denied = denied || st.body["Effect"] == "Deny" && (slices.Contains(st.actions(), "kms:Decrypt") || slices.Contains(st.actions(), "kms:Sign"))
		}
		if !managed {
			found(id, "locks everybody out: nobody may change its policy")
		}
		if !denied && !slices.Contains(keysOfServices, id) {
			found(id, "its use is not denied to those who manage it")
		}
	}
}
