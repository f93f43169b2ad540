package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"kexin/shared/env"
	"kexin/shared/record"
)

type doctorGrammar struct {
	Env       string `placeholder:"FILE" help:"${doctor_env}"`
	Functions string `placeholder:"FILE" help:"${doctor_functions}"`
	URL       string `name:"url" placeholder:"URL" help:"${doctor_url}"`
	JSON      bool   `help:"${doctor_json}"`
}

func doctorCommand() command {
	return command{
		name: "doctor", grammar: &doctorGrammar{},
		help: record.Text{
			ZH: "检查一套系统的设置，说明哪里不对、怎样改。不读取任何客户资料。",
			EN: "Examine the settings of an installation: what is wrong and what to do. Reads no customer.",
		},
		texts: map[string]record.Text{
			"doctor_env":       {ZH: "每行一个 NAME=value 的文件，如 systemd 的 EnvironmentFile；不给则用当前环境变量。", EN: "File of NAME=value lines, such as an EnvironmentFile of systemd; else the environment."},
			"doctor_functions": {ZH: "aws lambda list-functions 的输出：检查每个函数的环境变量是否完整、一致。", EN: "Output of aws lambda list-functions: are the functions' variables good and in agreement?"},
			"doctor_url":       {ZH: "正在运行的系统的地址：检查它怎样答复。", EN: "Address of a running installation: does it answer as it must?"},
			"doctor_json":      {ZH: "输出 JSON。", EN: "Print JSON."},
		},
	}
}

// verdict of a finding.
type verdict string

const (
	good verdict = "ok"
	warn verdict = "warning"
	bad  verdict = "wrong"
)

var verdictNames = map[verdict]record.Text{
	good: {ZH: "正常", EN: "ok"}, warn: {ZH: "提醒", EN: "warning"}, bad: {ZH: "有误", EN: "wrong"},
}

// finding is one thing looked at. Remedy is empty when it is good.
type finding struct {
	Verdict verdict     `json:"verdict"`
	What    record.Text `json:"what"`
	Detail  string      `json:"detail,omitempty"` // technical, without values of settings
	Remedy  record.Text `json:"remedy,omitzero"`
}

// findings collects what was looked at.
type findings []finding

func (f *findings) ok(what record.Text) { *f = append(*f, finding{Verdict: good, What: what}) }

func (f *findings) warn(what record.Text, detail string, remedy record.Text) {
	*f = append(*f, finding{warn, what, detail, remedy})
}

func (f *findings) wrong(what record.Text, detail string, remedy record.Text) {
	*f = append(*f, finding{bad, what, detail, remedy})
}

// check records what as good when err is nil, else as wrong.
func (f *findings) check(err error, what, remedy record.Text) bool {
	if err == nil {
		f.ok(what)
		return true
	}
	f.wrong(what, err.Error(), remedy)
	return false
}

// doctorTimeout bounds one question over the network.
const doctorTimeout = 10 * time.Second

// Run examines what was asked for and fails when something is wrong.
func (d *doctorGrammar) Run(ctx context.Context, e *environment) error {
	var found findings
	client := &http.Client{Timeout: doctorTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if d.Functions != "" {
		if err := examineFunctions(d.Functions, &found); err != nil {
			return err
		}
	}
	if d.URL != "" {
		examineURL(ctx, client, strings.TrimSuffix(d.URL, "/"), &found)
	}
	if d.Env != "" || d.Functions == "" && d.URL == "" {
		environ, err := environOf(d.Env, e.environ)
		if err != nil {
			return err
		}
		examineMachine(ctx, client, environ, e, &found)
	}
	return found.tell(e, d.JSON)
}

// tell prints the findings and returns errReported when one is wrong.
func (f findings) tell(e *environment, asJSON bool) error {
	wrong := 0
	for _, one := range f {
		if one.Verdict == bad {
			wrong++
		}
	}
	if asJSON {
		encoder := json.NewEncoder(e.stdout)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(f); err != nil {
			return err
		}
	} else {
		f.print(e)
		e.say(record.Text{ZH: "查了 %d 项，%d 项有误", EN: "%d things looked at, %d wrong"}, len(f), wrong)
	}
	if wrong > 0 {
		return errReported
	}
	return nil
}

func (f findings) print(e *environment) {
	for _, one := range f {
		line := verdictNames[one.Verdict].In(e.language) + "\t" + one.What.In(e.language)
		if one.Detail != "" {
			line += ": " + strings.ReplaceAll(one.Detail, "\n", "; ")
		}
		fmt.Fprintln(e.stdout, line)
		if one.Remedy != (record.Text{}) {
			fmt.Fprintln(e.stdout, "\t→ "+one.Remedy.In(e.language))
		}
	}
}

// environOf returns own, the environment of the process, or the settings of a file: NAME=value lines, # comments, quotes around values allowed.
func environOf(path string, own []string) ([]string, error) {
	if path == "" {
		return own, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var environ []string
	for n, line := range strings.Split(string(data), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		name, value, ok := strings.Cut(strings.TrimPrefix(line, "export "), "=")
		if !ok {
			return nil, fmt.Errorf("%w: %s, line %d: not NAME=value", errUsage, path, n+1)
		}
		environ = append(environ, strings.TrimSpace(name)+"="+strings.Trim(strings.TrimSpace(value), `"'`))
	}
	return environ, nil
}

var (
	whatVariables   = record.Text{ZH: "环境变量", EN: "environment variables"}
	remedyVariables = record.Text{
		ZH: "按 docs/operations/embedded.md 的表改正所列变量；KEXIN_ 开头的未知变量一律视为写错",
		EN: "correct the variables named, see the table in docs/operations/embedded.md; an unknown one beginning with KEXIN_ counts as misspelt",
	}
)

// loaded loads the settings and reports every problem apart.
func loaded(environ []string, found *findings) (env.Settings, bool) {
	settings, err := env.Load(environ)
	if err == nil {
		found.ok(whatVariables)
		return settings, true
	}
	for _, one := range flatten(err) {
		found.wrong(whatVariables, one.Error(), remedyVariables)
	}
	return settings, false
}

// flatten returns the errors that err joins.
func flatten(err error) []error {
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		return []error{err}
	}
	var all []error
	for _, one := range joined.Unwrap() {
		if _, many := one.(interface{ Unwrap() []error }); many && !isWrapped(one) {
			all = append(all, flatten(one)...)
			continue
		}
		all = append(all, one)
	}
	return all
}

// isWrapped reports whether err is a message around sentinels rather than a list of errors.
func isWrapped(err error) bool { return !strings.Contains(err.Error(), "\n") }
