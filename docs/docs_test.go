// Package docs tests what the documents say: commands are run as they stand, links lead somewhere, and tables that repeat the code are
// compared with it.
package docs

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"kexin/shared/env"
	"kexin/shared/grants"
	"kexin/shared/keys"
	"kexin/shared/objects"
	"kexin/shared/rows"
	"kexin/shared/store"
)

var update = flag.Bool("update", false, "write the tables that repeat the code")

// pages returns the documents by path from this folder.
func pages(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, pattern := range []string{"*.md", "*/*.md", "../README.md", "../CHANGELOG.md"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			found[path] = read(t, path)
		}
	}
	if len(found) < 10 {
		t.Fatalf("only %d documents", len(found))
	}
	return found
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

var link = regexp.MustCompile(`\]\(([^)#\s]*)(#[^)\s]*)?\)`)

func TestLinksLeadSomewhere(t *testing.T) {
	for path, text := range pages(t) {
		for _, match := range link.FindAllStringSubmatch(text, -1) {
			target, anchor := match[1], strings.TrimPrefix(match[2], "#")
			if strings.Contains(target, "://") {
				continue
			}
			file := path
			if target != "" {
				file = filepath.Join(filepath.Dir(path), target)
			}
			data, err := os.ReadFile(file)
			if err != nil {
				t.Errorf("%s: link to %s leads nowhere", path, target)
				continue
			}
			if anchor != "" && !anchors(string(data))[anchor] {
				t.Errorf("%s: %s has no heading %s", path, target, anchor)
			}
		}
	}
}

// anchors returns the names that headings have as targets of links.
func anchors(text string) map[string]bool {
	found := map[string]bool{}
	for _, line := range strings.Split(text, "\n") {
		if heading := strings.TrimLeft(line, "#"); heading != line {
			name := regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(strings.TrimSpace(heading)), "")
			found[strings.ReplaceAll(name, " ", "-")] = true
		}
	}
	return found
}

const (
	tableBegins = "<!-- grants: written by go test ./docs -update -->\n"
	tableEnds   = "<!-- end of grants -->"
)

// The design's table of functions is the grants that the code enforces.
func TestFunctionsAreTheGrants(t *testing.T) {
	text := read(t, "design.md")
	before, rest, ok := strings.Cut(text, tableBegins)
	have, after, ends := strings.Cut(rest, tableEnds)
	if !ok || !ends {
		t.Fatal("design.md has no place for the table of grants")
	}
	want := grantTable()
	if have == want {
		return
	}
	if !*update {
		t.Fatal("the table of functions in design.md is not what shared/grants says: run go test ./docs -update")
	}
	if err := os.WriteFile("design.md", []byte(before+tableBegins+want+tableEnds+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

func grantTable() string {
	var b strings.Builder
	b.WriteString("| function | rows | root keys | objects |\n|---|---|---|---|\n")
	for _, function := range grants.Functions() {
		set := grants.Of(function)
		b.WriteString("| `" + string(function) + "` | " + storeCell(set.Store) + " | " + keyCell(set.Keys) + " | " + objectCell(set.Objects) + " |\n")
	}
	return b.String()
}

func storeCell(list []store.Grant) string {
	var tables []string
	for _, table := range store.Tables() {
		var parts []string
		for _, g := range list {
			if g.Table == table {
				parts = append(parts, "`"+g.Prefix+"` "+access(g.Access))
			}
		}
		if len(parts) > 0 {
			tables = append(tables, "**"+string(table)+"** "+strings.Join(parts, ", "))
		}
	}
	return cell(tables)
}

func access(a store.Access) string {
	text := ""
	for i, letter := range "gqpdc" {
		if a&(store.MayGet<<i) != 0 {
			text += string(letter)
		}
	}
	return text
}

func keyCell(g keys.Grant) string {
	var parts []string
	add := func(verb string, names []string) {
		if len(names) > 0 {
			parts = append(parts, verb+" "+strings.Join(names, ", "))
		}
	}
	add("unwrap", texts(g.Unwrap))
	add("wrap", texts(g.Wrap))
	add("sign", texts(g.Sign))
	return cell(parts)
}

func texts[T ~string](list []T) []string {
	var names []string
	for _, one := range list {
		names = append(names, string(one))
	}
	return names
}

func objectCell(list []objects.Grant) string {
	verbs := []struct {
		access objects.Access
		name   string
	}{{objects.MayGet, "get"}, {objects.MayPut, "put"}, {objects.MayDelete, "delete"}, {objects.MayLink, "link"}, {objects.MayList, "list"}}
	var parts []string
	for _, g := range list {
		var names []string
		for _, v := range verbs {
			if g.Access&v.access != 0 {
				names = append(names, v.name)
			}
		}
		parts = append(parts, string(g.Bucket)+" `"+g.Prefix+"` "+strings.Join(names, ", "))
	}
	return cell(parts)
}

func cell(parts []string) string {
	if len(parts) == 0 {
		return "–"
	}
	return strings.Join(parts, "; ")
}

// Every kind of row is in the design's tables and none that does not exist.
func TestEveryRowIsInTheDesign(t *testing.T) {
	text := read(t, "design.md")
	for _, prefix := range []string{rows.PrefixSubmission, rows.PrefixIntake, rows.PrefixManifest, rows.PrefixCustomer, rows.PrefixIdentifier,
		rows.PrefixToken, rows.PrefixBranch, rows.PrefixIndexKey, rows.PrefixArchiveKey, rows.PrefixDue, rows.PrefixHeld, rows.PrefixPending,
		rows.PrefixStaff, rows.PrefixSubject, rows.PrefixRequest, rows.PrefixApproval, rows.PrefixExport, rows.PrefixRoster, rows.PrefixJob,
		rows.PrefixMention, rows.SortCard, rows.SortSection, rows.SortConsent, rows.SortNote} {
		if !strings.Contains(text, "`"+prefix) {
			t.Errorf("design.md does not say what %s rows are", prefix)
		}
	}
}

// Documents name only variables that exist, and the page about one machine names all that it reads.
func TestVariablesExist(t *testing.T) {
	known := map[string]bool{}
	for _, name := range env.Known() {
		known[string(name)] = true
	}
	name := regexp.MustCompile(`KEXIN_[A-Z_]*[A-Z]`)
	for path, text := range pages(t) {
		for _, variable := range name.FindAllString(text, -1) {
			if !known[variable] {
				t.Errorf("%s names %s, which nothing reads", path, variable)
			}
		}
	}
	embedded := read(t, "operations/embedded.md")
	for _, variable := range []env.Variable{env.Addr, env.Data, env.Demo, env.PassphraseFile, env.BaseURL, env.OIDCIssuer, env.OIDCAudience, env.Pack} {
		if !strings.Contains(embedded, string(variable)) {
			t.Errorf("operations/embedded.md does not explain %s", variable)
		}
	}
}
