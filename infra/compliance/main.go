// Command compliance holds template.yaml against a list of controls and says of each whether it passes, with what was looked at; and prints
// the register of data sets with format, key and region (STO-06, STO-07). It exits with 1 when a control fails, or when the region is not
// one that the company allows. What is deployed is held against the template elsewhere (docs/operations/emulated.md).
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"kexin/infra/template"
	"kexin/shared/record"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, out, complaints io.Writer) int {
	flags := flag.NewFlagSet("compliance", flag.ContinueOnError)
	flags.SetOutput(complaints)
	asJSON := flags.Bool("json", false, "print JSON")
	chinese := flags.Bool("zh", false, "print in Chinese")
	region := flags.String("region", "", "region that the deployment goes to")
	allowed := flags.String("allowed", "", "regions that the company allows, separated by commas")
	path := flags.String("template", "template.yaml", "template to look at")
	if flags.Parse(args) != nil || flags.NArg() > 0 {
		return 2
	}
	t, err := template.Read(*path)
	if err != nil {
		fmt.Fprintln(complaints, "compliance:", err)
		return 1
	}
	place := Place{Region: *region}
	if *allowed != "" {
		place.Allowed = strings.Split(*allowed, ",")
	}
	report, err := examine(t, place)
	if err == nil {
		err = print(report, out, *asJSON, *chinese)
	}
	if err != nil {
		fmt.Fprintln(complaints, "compliance:", err)
		return 1
	}
	if report.Failed() > 0 {
		return 1
	}
	return 0
}

func print(report Report, out io.Writer, asJSON, chinese bool) error {
	if asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(report)
	}
	language := record.English
	if chinese {
		language = record.Chinese
	}
	return report.write(out, language)
}

var (
	textTitle = record.Text{ZH: "合规检查：部署模板与控制清单的比对", EN: "Compliance: the deployment template held against the list of controls"}
	textHead  = record.Text{ZH: "| 控制 | 标准 | 要求 | 结果 | 依据 |", EN: "| control | standard | asks | result | evidence |"}
	textPass  = record.Text{ZH: "通过", EN: "pass"}
	textFail  = record.Text{ZH: "不通过", EN: "fail"}
	textSeen  = record.Text{ZH: "查了 %d 处", EN: "%d things looked at"}
	textSets  = record.Text{ZH: "资料集登记", EN: "Register of data sets"}
	textCols  = record.Text{ZH: "| 资料集 | 内容 | 格式 | 密钥 | 区域 |", EN: "| data set | holds | format | key | region |"}
)

// write writes the report as a page of Markdown.
func (r Report) write(out io.Writer, language record.Language) error {
	page := &strings.Builder{}
	fmt.Fprintf(page, "# %s\n\n%s\n|---|---|---|---|---|\n", textTitle.In(language), textHead.In(language))
	for _, one := range r.Results {
		verdict, evidence := textPass, fmt.Sprintf(textSeen.In(language), len(one.Evidence))
		if !one.Pass {
			verdict, evidence = textFail, strings.Join(one.Faults, "; ")
		}
		fmt.Fprintf(page, "| %s | %s | %s | %s | %s |\n", one.ID, one.Standard, one.Asks.In(language), verdict.In(language), evidence)
	}
	fmt.Fprintf(page, "\n## %s\n\n%s\n|---|---|---|---|---|\n", textSets.In(language), textCols.In(language))
	for _, set := range r.DataSets {
		fmt.Fprintf(page, "| %s | %s | %s | %s | %s |\n", set.ID, set.Holds.In(language), set.Format.In(language), set.Key, set.Region)
	}
	_, err := io.WriteString(out, page.String())
	return err
}
