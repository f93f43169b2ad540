package cost

import (
	"fmt"
	"io"
	"text/tabwriter"

	"kexin/shared/record"
)

// Line is one act with its prices.
type Line struct {
	Act     Act     `json:"act"`
	Use     Use     `json:"use"`
	Counted float64 `json:"counted_per_million"` // tables and root keys
	Around  float64 `json:"assumed_per_million"` // Lambda, gateway, queues, objects, logs, answers
	Month   float64 `json:"month"`               // of the company
}

// Million returns the whole price of a million acts.
func (l Line) Million() float64 { return l.Counted + l.Around }

// Item is a part of the month that belongs to no act.
type Item struct {
	Name  record.Text `json:"name"`
	Month float64     `json:"month"`
}

// Report is what the company pays.
type Report struct {
	Prices  Prices  `json:"prices"`
	Company Company `json:"company"`
	Record  string  `json:"record"` // what was counted
	Lines   []Line  `json:"lines"`
	Items   []Item  `json:"items"`
	Month   float64 `json:"month"`
}

// days is the length of a month in price lists: 730 hours.
const days = 730.0 / 24

// New prices uses, one for each act of Acts, for a company.
func New(prices Prices, company Company, counted map[Act]Use, reference string) *Report {
	r := &Report{Prices: prices, Company: company, Record: reference}
	for _, act := range Acts() {
		line := Line{Act: act, Use: counted[act], Counted: prices.Counted(counted[act]), Around: prices.About(company.Acts[act])}
		line.Month = line.Million() * company.Daily[act] * days / 1e6
		r.Lines, r.Month = append(r.Lines, line), r.Month+line.Month
	}
	r.Items = standing(prices, company)
	for _, item := range r.Items {
		r.Month += item.Month
	}
	return r
}

// standing returns what is paid without any act.
func standing(p Prices, c Company) []Item {
	tables := c.Customers * c.CustomerKB / 1e6
	b := c.Background
	background := b.Invocations*(p.Million.Invocations/1e6+p.compute(b.Milliseconds, b.MemoryMB)) +
		(b.ReadUnits*p.Million.ReadUnits+b.WriteUnits*p.Million.WriteUnits)/1e6
	return []Item{
		{record.Text{ZH: "数据表存储", EN: "tables kept"}, tables * p.Month.TableGB},
		{record.Text{ZH: "数据表连续备份", EN: "continuous backup of tables"}, tables * p.Month.RecoveryGB},
		{record.Text{ZH: "对象存储", EN: "objects kept"}, c.ObjectGB * p.Month.ObjectGB},
		{record.Text{ZH: "KMS 密钥", EN: "KMS keys"}, c.Keys * p.Month.Key},
		{record.Text{ZH: "定时任务、数据流和队列", EN: "schedules, streams and queues"}, background * days},
		{record.Text{ZH: "告警和仪表板", EN: "alarms and dashboard"}, c.Alarms*p.Month.Alarm + p.Month.Dashboard},
	}
}

var actNames = map[Act]record.Text{
	Submit: {ZH: "提交表单并建档", EN: "submission to live record"}, Create: {ZH: "员工录入", EN: "create by staff"}, Read: {ZH: "查看客户", EN: "read"},
	Search: {ZH: "按电话查找", EN: "search by phone"}, List: {ZH: "客户列表一页", EN: "page of the list"}, Update: {ZH: "更新", EN: "update"},
	Destroy: {ZH: "销毁", EN: "destroy"}, ExportRows: {ZH: "导出一行", EN: "exported row"}, LogEntry: {ZH: "封存一条审计记录", EN: "audit entry sealed"},
}

var (
	textRegion = record.Text{ZH: "价目：%s，%s，核对日期 %s；按需付费，不计免费额度和折扣\n", EN: "prices: %s, %s, checked %s; on demand, without free tiers and discounts\n"}
	textRecord = record.Text{ZH: "计数对象：%s\n\n", EN: "counted on: %s\n\n"}
	textHead   = record.Text{
		ZH: "操作\t写单位\t索引写单位\t读单位\tKMS\t签名\t计数所得/百万次\t假定所得/百万次\t合计/百万次\t每天\t每月\t",
		EN: "act\twrite units\tindex units\tread units\tKMS\tsignatures\tcounted/million\tassumed/million\tsum/million\ta day\ta month\t",
	}
	textCompany = record.Text{ZH: "\n%s：%.0f 位客户\n", EN: "\n%s: %.0f customers\n"}
	textSum     = record.Text{ZH: "每月合计", EN: "sum of a month"}
	textNote    = record.Text{
		ZH: "\n调用次数和读写单位由真实处理程序计数得出；Lambda 时长、日志量等是假定值，写在公司描述文件中，可以更换（kexin cost --print-company、--print-prices）。\n",
		EN: "\nCalls and units are counted from the real handlers; Lambda's time, log volume and the like are assumptions in the company's file, which you can replace (kexin cost --print-company, --print-prices).\n",
	}
)

// Texts returns the texts of the report, for a test that both languages are there.
func Texts() []record.Text {
	texts := []record.Text{textRegion, textRecord, textHead, textCompany, textSum, textNote}
	for _, act := range Acts() {
		texts = append(texts, actNames[act])
	}
	for _, item := range standing(Prices{}, Company{}) {
		texts = append(texts, item.Name)
	}
	return texts
}

// Print writes the report as text in language.
func (r *Report) Print(out io.Writer, language record.Language) error {
	fmt.Fprintf(out, textRegion.In(language), r.Prices.Region, r.Prices.Currency, r.Prices.Checked)
	fmt.Fprintf(out, textRecord.In(language), r.Record)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, textHead.In(language))
	for _, l := range r.Lines {
		fmt.Fprintf(w, "%s\t%.1f\t%.1f\t%.1f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.0f\t%.2f\t\n", actNames[l.Act].In(language), l.Use.WriteUnits,
			l.Use.IndexUnits, l.Use.ReadUnits, l.Use.Wraps, l.Use.Signs, l.Counted, l.Around, l.Million(), r.Company.Daily[l.Act], l.Month)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	fmt.Fprintf(out, textCompany.In(language), r.Company.Name.In(language), r.Company.Customers)
	for _, item := range r.Items {
		fmt.Fprintf(w, "%s\t%.2f\t\n", item.Name.In(language), item.Month)
	}
	fmt.Fprintf(w, "%s\t%.2f %s\t\n", textSum.In(language), r.Month, r.Prices.Currency)
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	_, err := fmt.Fprint(out, textNote.In(language))
	return err
}
