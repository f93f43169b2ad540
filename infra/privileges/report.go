package privileges

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"kexin/shared/grants"
)

// Facts are what a report is written from.
type Facts struct {
	// Uses are the rights of every function, by logical id, with what used them.
	Uses map[string][]Use
	// Reasons are why rights stay that nothing used.
	Reasons []Reason
	// Denied counts the forbidden samples by kind, Rules by what a rule says.
	Denied map[Kind]int
	Rules  map[string]int
	// Tools are names and versions.
	Tools []string
}

const head = `# What each function may do, and what it does

Written by a test (` + "`go test ./infra/privileges -update`" + `), from template.yaml, the committed recording of the walk
(` + "`infra/privileges/recorded.json`" + `) and ` + "`infra/privileges/unused.json`" + `. Each function runs under a role of its own; this page is the proof
that the role is what the function needs:

- **used ⊆ allowed**: a guard in the walk (` + "`e2e/walk`" + `) reads every request that the functions' real programs send, as IAM would judge it, and
  refuses what the role does not allow. What services ask in the function's name (the key of a table or bucket) is judged too.
- **allowed − used**: each right is taken away by itself; where no recorded call would be refused, the table *Left over* says why it stays.
- **allowed ∩ forbidden = ∅**: every verb on every resource, with every kind of row, purpose and folder, is tried against every role and the
  policies of the resource and its key. What ` + "`shared/grants`" + ` does not say is denied, and so is what the design forbids, whatever the grants say.
- **can = may**: the operations of the SDK that the linker left in a function's program are those that its role has.
- Two evaluators that do not know of each other judge the template as SAM translates it, and must agree on every recorded request, on a
  sample of the forbidden ones and on requests put together by chance.

`

// Report writes the facts as Markdown.
func Report(f Facts) string {
	var text strings.Builder
	text.WriteString(head)
	fmt.Fprintf(&text, "Tools: %s.\n", strings.Join(f.Tools, ", "))
	for _, function := range grants.Functions() {
		fmt.Fprintf(&text, "\n## %s\n\n", function)
		writeUses(&text, f.Uses[LogicalID(function)])
	}
	writeLeftOver(&text, f)
	writeDenied(&text, f)
	return text.String()
}

// line is one row of a function's table: what may be done on a resource, confined to one value and by the same other conditions.
type line struct{ resource, value, other string }

func writeUses(text *strings.Builder, uses []Use) {
	actions, by := map[line][]string{}, map[line][]string{}
	for _, u := range uses {
		l := line{plain(u.Resource), u.Value, u.Other}
		_, verb, _ := strings.Cut(u.Action, ":")
		actions[l] = append(actions[l], fmt.Sprintf("%s %d", verb, u.Count))
		by[l] = append(by[l], u.By...)
	}
	text.WriteString("| on | only | may, and calls in the walk | needed by |\n|---|---|---|---|\n")
	for _, l := range slices.SortedFunc(maps.Keys(actions), func(a, b line) int {
		return cmp.Or(cmp.Compare(a.resource, b.resource), cmp.Compare(a.value, b.value), cmp.Compare(a.other, b.other))
	}) {
		only := strings.Trim(l.value+", "+l.other, ", ")
		fmt.Fprintf(text, "| %s | %s | %s | %s |\n", l.resource, cell(only), strings.Join(actions[l], ", "), cell(events(by[l])))
	}
}

// events lists events, the routes shortened to their number where they are many.
func events(by []string) string {
	slices.Sort(by)
	by = slices.Compact(by)
	if len(by) > 4 {
		return fmt.Sprintf("%s, %s and %d more", by[0], by[1], len(by)-2)
	}
	return strings.Join(by, ", ")
}

// plain writes a symbol without its brackets.
func plain(symbol string) string {
	symbol = strings.NewReplacer("<", "", ".Arn>", "", "/stream/2026-01-01T00:00:00.000", " (stream)").Replace(symbol)
	return cell(symbol)
}

func cell(text string) string {
	if text == "" {
		return ""
	}
	return strings.NewReplacer("|", "\\|", "*", "\\*", "<", "&lt;", "kms:EncryptionContext:", "", "kms:EncryptionContextKeys = kexin:deployment or kexin:purpose, ", "").Replace(text)
}

func writeLeftOver(text *strings.Builder, f Facts) {
	text.WriteString("\n## Left over\n\nRights that no call of the walk needed.\n\n| why they stay | rights |\n|---|---|\n")
	rights, order := map[string][]string{}, []string{}
	for _, function := range grants.Functions() {
		for _, u := range f.Uses[LogicalID(function)] {
			first := slices.IndexFunc(f.Reasons, func(r Reason) bool { return r.Covers(u.Right) })
			if u.Count > 0 || first < 0 {
				continue
			}
			why := f.Reasons[first].Why
			if rights[why] == nil {
				order = append(order, why)
			}
			rights[why] = append(rights[why], strings.TrimSpace(fmt.Sprintf("%s: %s %s %s", function, u.verb(), plain(u.Resource), cell(u.Value))))
		}
	}
	for _, why := range order {
		fmt.Fprintf(text, "| %s | %s |\n", why, strings.Join(rights[why], "; "))
	}
}

func (r Right) verb() string {
	_, verb, _ := strings.Cut(r.Action, ":")
	return verb
}

func writeDenied(text *strings.Builder, f Facts) {
	text.WriteString("\n## Forbidden\n\nRequests beyond the grants that were tried, all denied, over all functions:\n\n| about | requests |\n|---|---|\n")
	total := 0
	for _, kind := range slices.Sorted(maps.Keys(f.Denied)) {
		fmt.Fprintf(text, "| %s | %d |\n", kind, f.Denied[kind])
		total += f.Denied[kind]
	}
	fmt.Fprintf(text, "| together | %d |\n\nWhat the design forbids, on its own, with the requests that were tried for it, all denied:\n\n| rule | requests |\n|---|---|\n", total)
	for _, rule := range MayNot {
		fmt.Fprintf(text, "| %s | %d |\n", rule.Says, f.Rules[rule.Says])
	}
}
