package bench

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"kexin/shared/record"
)

// Texts of the report.
var (
	textMachine = record.Text{ZH: "机器：%s，%d 个处理器，%s/%s，%s\n", EN: "machine: %s, %d processors, %s/%s, %s\n"}
	textStore   = record.Text{ZH: "存储：%d 位客户，%.1f MB，落盘后才答复；经由 %s\n", EN: "store: %d customers, %.1f MB, durable before each answer; through %s\n"}
	textRecord  = record.Text{ZH: "参考记录：%s\n", EN: "reference record: %s\n"}
	textFigures = record.Text{
		ZH: "\n每次操作的 CPU 含客户端自身的开销。底线＝同样的行直接写入裸存储，录入、提交和读取另加各自的基本运算。\n",
		EN: "\nCPU per act includes the client's own work. Floor: the same rows sent straight to the bare store; for create, submission and read also their primitives.\n",
	}
	textCarry = record.Text{
		ZH: "各项 CPU 已按所写日志分摊检查点（日志并入 B+ 树）的开销：录入每位客户 %s。\n",
		EN: "Every CPU includes its share, by bytes of log, of the checkpoints that carry the log into the trees: %s for a created customer.\n",
	}
	textHead = record.Text{
		ZH: "操作\t客户端\t次数\tCPU\t目标\t底线\t倍数\t等待\t每秒\t",
		EN: "act\tclients\tacts\tCPU\tgoal\tfloor\tx\twait\tper second\t",
	}
	textRatios = record.Text{ZH: "\n无 I/O，单处理器\tCPU\t基本运算之和\t倍数\t目标\t\n", EN: "\nwithout I/O, one processor\tCPU\tsum of primitives\tx\tgoal\t\n"}
	textCosts  = record.Text{
		ZH: "\n在 AWS 上\t调用\t写单位\t索引写单位\t读单位\tKMS\t美元/百万次\t\n",
		EN: "\non AWS\tcalls\twrite units\tindex units\tread units\tKMS\tUSD a million\t\n",
	}
)

// Texts returns the texts of the report, for a test that both languages are there.
func Texts() []record.Text {
	return []record.Text{textMachine, textStore, textRecord, textFigures, textCarry, textHead, textRatios, textCosts}
}

// Print writes the report as text in language.
func (r *Report) Print(out io.Writer, language record.Language) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	m := r.Machine
	fmt.Fprintf(out, textMachine.In(language), m.CPU, m.Processors, m.OS, m.Arch, m.Go)
	fmt.Fprintf(out, textStore.In(language), r.Customers, float64(r.StoreSize)/1e6, r.Path)
	fmt.Fprintf(out, textRecord.In(language), r.Record)
	fmt.Fprint(out, textFigures.In(language))
	fmt.Fprintf(out, textCarry.In(language), micros(r.Checkpoint))
	fmt.Fprintln(w, textHead.In(language))
	if r.Fill.Ops > 0 {
		r.Fill.print(w)
	}
	for _, f := range r.Figures {
		f.print(w)
	}
	fmt.Fprint(w, textRatios.In(language))
	for _, ratio := range r.Ratios {
		fmt.Fprintf(w, "%s\t%s\t%s\t%.2f\t%.2f\t\n", ratio.Part, micros(ratio.CPU), micros(ratio.Floor), ratio.Of(), ratio.Goal)
	}
	fmt.Fprint(w, textCosts.In(language))
	for _, c := range r.Costs {
		fmt.Fprintf(w, "%s\t%.1f\t%.1f\t%.1f\t%.1f\t%.2f\t%.2f\t\n", c.Act, c.Calls, c.WriteUnits, c.IndexUnits, c.ReadUnits, c.KMS, c.Million)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	_, err := fmt.Fprintf(out, "\n%s\n", r.Prices)
	return err
}

func (f Figure) print(w io.Writer) {
	goal, floor, times := "", "", ""
	if f.Goal > 0 {
		goal = micros(f.Goal)
	}
	if f.Floor > 0 {
		floor, times = micros(f.Floor), fmt.Sprintf("%.2f", float64(f.CPU)/float64(f.Floor))
	}
	fmt.Fprintf(w, "%s\t%d\t%d\t%s\t%s\t%s\t%s\t%s\t%.0f\t\n", f.Act, f.Clients, f.Ops, micros(f.CPU), goal, floor, times, micros(f.Wall), f.PerSecond)
}

func micros(d time.Duration) string { return fmt.Sprintf("%.1f µs", float64(d)/1e3) }
