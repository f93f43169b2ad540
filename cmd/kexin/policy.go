package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"kexin/packs"
	"kexin/shared/decision"
	"kexin/shared/policy"
	"kexin/shared/record"
)

type policyGrammar struct {
	Check policyCheckGrammar `cmd:"" help:"${policy_check}"`
	Show  policyShowGrammar  `cmd:"" help:"${policy_show}"`
}

type policyCheckGrammar struct {
	Dir  string `arg:"" optional:"" help:"${policy_dir}"`
	Pack string `arg:"" optional:"" help:"${policy_pack}"`
}

type policyShowGrammar struct {
	Pack string `arg:"" help:"${policy_pack_show}"`
	Dir  string `placeholder:"DIR" help:"${policy_dir}"`
}

func policyCommand() command {
	return command{
		name: "policy", grammar: &policyGrammar{},
		help: record.Text{ZH: "检查或查看制度包。", EN: "Check or show policy packs."},
		texts: map[string]record.Text{
			"policy_check":     {ZH: "编译制度包，列出每个问题的文件和行号。", EN: "Compile policy packs and list every problem with file and line."},
			"policy_show":      {ZH: "列出制度包的密级、目的、字段和分区。", EN: "Show levels, purposes, fields and sections of a pack."},
			"policy_dir":       {ZH: "放置各制度包文件夹的目录；不给则用程序自带的。", EN: "Folder that holds the packs' folders; else those built into the program."},
			"policy_pack":      {ZH: "只检查这一个；不给则检查全部。", EN: "Check this one only; else all."},
			"policy_pack_show": {ZH: "制度包的编号，如 P06。", EN: "Id of the pack, such as P06."},
		},
	}
}

// packsIn returns the packs of a folder, or those of the program.
func packsIn(dir string) (fs.FS, error) {
	if dir == "" {
		return packs.FS, nil
	}
	info, err := os.Stat(dir)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%w: %s is no folder", errUsage, dir)
	}
	return os.DirFS(dir), nil
}

// Run compiles one pack or all and fails when one of them has a problem.
func (c *policyCheckGrammar) Run(_ context.Context, env *environment) error {
	from, err := packsIn(c.Dir)
	if err != nil {
		return err
	}
	ids, err := packIDs(from, c.Pack)
	if err != nil {
		return err
	}
	var failed error
	for _, id := range ids {
		if !c.check(env, from, id) {
			failed = errReported
		}
	}
	return failed
}

// packIDs returns the packs to check: the one asked for, or every folder that has a pack.yaml.
func packIDs(from fs.FS, asked string) ([]string, error) {
	if asked != "" {
		return []string{asked}, nil
	}
	files, err := fs.Glob(from, "*/pack.yaml")
	if err != nil {
		return nil, fmt.Errorf("list packs: %w", err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%w: no folder in it holds a pack.yaml; give the folder above the packs' own", errUsage)
	}
	for i, file := range files {
		files[i] = strings.TrimSuffix(file, "/pack.yaml")
	}
	return files, nil
}

// check says what is wrong with a pack and reports whether it compiles.
func (c *policyCheckGrammar) check(env *environment, from fs.FS, id string) bool {
	pack, err := policy.Load(from, id)
	if err == nil && id != policy.Base { // the base has no purposes of its own to decide about
		_, err = decision.New(pack)
	}
	var problems *policy.Problems
	switch {
	case errors.As(err, &problems):
		for _, p := range problems.List {
			fmt.Fprintln(env.stderr, c.place(p))
		}
		env.complain(record.Text{ZH: "制度包 %s：%d 个问题", EN: "pack %s: %d problems"}, id, len(problems.List))
		return false
	case err != nil:
		env.complain(record.Text{ZH: "制度包 %s：%s", EN: "pack %s: %s"}, id, explain(env.language, err))
		return false
	}
	for _, p := range pack.Warnings {
		fmt.Fprintln(env.stderr, record.Text{ZH: "提醒", EN: "warning"}.In(env.language)+": "+c.place(p))
	}
	env.say(record.Text{
		ZH: "制度包 %s：正确，版本 %s，字段 %d，目的 %d，分区 %d，策略 %d，提醒 %d",
		EN: "pack %s: good, version %s, fields: %d, purposes: %d, sections: %d, policies: %d, warnings: %d",
	}, id, pack.Version, len(pack.Fields), len(pack.Purposes), len(pack.Sections), policies(pack), len(pack.Warnings))
	return true
}

func policies(pack *policy.Pack) int {
	n := 0
	for _, file := range pack.Cedar {
		n += len(file.Policies)
	}
	return n
}

// place is a problem with the path that an editor can open.
func (c *policyCheckGrammar) place(p policy.Problem) string {
	p.File = filepath.Join(c.Dir, filepath.FromSlash(p.File))
	return p.String()
}

// Run prints what a pack says.
func (s *policyShowGrammar) Run(_ context.Context, env *environment) error {
	from, err := packsIn(s.Dir)
	if err != nil {
		return err
	}
	pack, err := policy.Load(from, s.Pack)
	if err != nil {
		return err
	}
	env.say(record.Text{ZH: "%s %s，版本 %s", EN: "%s %s, version %s"}, pack.ID, pack.Title.In(env.language), pack.Version)
	v := packView{env, pack}
	v.levels()
	v.purposes()
	v.fields()
	v.sections()
	return nil
}

// packView prints the parts of a pack.
type packView struct {
	*environment
	pack *policy.Pack
}

// print prints a table under a heading. Heads are bilingual cells separated by "|".
func (v packView) print(heading, head record.Text, t table) {
	fmt.Fprintf(v.stdout, "\n%s\n", heading.In(v.language))
	t.rows = append([][]string{strings.Split(head.In(v.language), "|")}, t.rows...)
	t.print(v.stdout)
}

// yes marks what holds.
func yes(holds bool) string {
	if holds {
		return "+"
	}
	return "-"
}

func (v packView) levels() {
	var t table
	for _, level := range []record.Level{record.L0, record.L1, record.L2, record.L3} {
		p := v.pack.Levels[level]
		t.row(level.String(), p.Label.In(v.language), yes(p.RevealReason), fmt.Sprint(p.RevealSeconds), yes(p.Approval), yes(p.NDA),
			yes(p.Training), yes(p.Vetting), fmt.Sprint(p.ExportApprovers))
	}
	v.print(record.Text{ZH: "密级", EN: "levels"}, record.Text{
		ZH: "密级|本制度的称呼|查看须理由|显示秒数|查看须审批|保密协议|培训|背景审查|导出审批人数",
		EN: "level|label|reason|seconds|approval|NDA|training|vetting|export approvers"}, t)
}

func (v packView) purposes() {
	var t table
	for _, id := range sortedKeys(v.pack.Purposes) {
		p := v.pack.Purposes[id]
		t.row(string(id), p.Title.In(v.language), string(p.Basis), periodText(p.Retention.Period), p.Retention.Trigger, yes(p.Marketing), yes(p.Operational))
	}
	v.print(record.Text{ZH: "目的", EN: "purposes"}, record.Text{ZH: "编号|名称|依据|保存期限|起算|推广|仅内部",
		EN: "id|title|basis|kept for|from|marketing|internal"}, t)
}

func (v packView) fields() {
	var t table
	for _, name := range sortedKeys(v.pack.Fields) {
		f := v.pack.Fields[name]
		if f.Use != policy.UseCollect {
			continue
		}
		t.row(string(name), f.Title.In(v.language), f.Level.String(), string(f.Category), yes(f.Required), yes(f.SeparateConsent), dash(f.Mask),
			dash(f.Unique), dash(strings.Join(f.Search, ",")), yes(f.Export), joined(f.Purposes))
	}
	v.print(record.Text{ZH: "收集的字段", EN: "collected fields"}, record.Text{ZH: "字段|名称|密级|类别|必填|单独同意|掩码|唯一|检索|可导出|目的",
		EN: "field|title|level|category|required|separate consent|mask|unique|search|export|purposes"}, t)
}

func (v packView) sections() {
	var t table
	for _, s := range v.pack.Sections {
		t.row(string(s.ID), s.Level.String(), string(s.Category), dash(string(s.Consent)), joined(s.Fields), joined(s.Purposes))
	}
	v.print(record.Text{ZH: "分区：一起加密、打开和销毁的字段", EN: "sections: what is sealed, opened and destroyed together"},
		record.Text{ZH: "编号|密级|类别|单独同意|字段|目的", EN: "id|level|category|separate consent|fields|purposes"}, t)
}

func dash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

func joined[T ~string](list []T) string {
	parts := make([]string, len(list))
	for i, part := range list {
		parts[i] = string(part)
	}
	return dash(strings.Join(parts, ","))
}

func sortedKeys[K ~string, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// periodText is a period in ISO 8601, as packs write it.
func periodText(p policy.Period) string {
	text := "P"
	for _, part := range []struct {
		n    int
		unit string
	}{{p.Years, "Y"}, {p.Months, "M"}, {p.Days, "D"}} {
		if part.n != 0 {
			text += fmt.Sprint(part.n) + part.unit
		}
	}
	if hours := int(p.Clock.Hours()); hours != 0 || text == "P" {
		text += fmt.Sprintf("T%dH", hours)
	}
	return text
}
