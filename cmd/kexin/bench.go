package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"kexin/shared/bench"
	"kexin/shared/record"
)

type benchGrammar struct {
	Customers int    `default:"2000" help:"${bench_customers}"`
	Ops       int    `default:"400" help:"${bench_ops}"`
	Clients   []int  `default:"1,8,32" help:"${bench_clients}"`
	Data      string `placeholder:"DIR" help:"${bench_data}"`
	Loopback  bool   `help:"${bench_loopback}"`
	JSON      bool   `help:"${bench_json}"`
}

func benchCommand() command {
	return command{
		name: "bench", grammar: &benchGrammar{},
		help: record.Text{
			ZH: "在新建的嵌入式演示库上测量：每个操作的 CPU、吞吐量、底线，以及在 AWS 上的调用次数和费用。",
			EN: "Measure an embedded demonstration store: CPU and throughput of each act, floors, and calls and costs on AWS.",
		},
		texts: map[string]record.Text{
			"bench_customers": {ZH: "先填充到多少位客户。", EN: "Fill the store up to so many customers first."},
			"bench_ops":       {ZH: "每项测量做多少次，至多 900。", EN: "Acts of each figure, at most 900."},
			"bench_clients":   {ZH: "并发客户端数，递增。", EN: "Numbers of clients at once, ascending."},
			"bench_data":      {ZH: "保留在此目录，可再次使用；不给则用临时目录。只接受演示库。", EN: "Keep the store in this folder for further runs; else a temporary one. Demonstration stores only."},
			"bench_loopback":  {ZH: "经由本机 TCP 连接。", EN: "Go through TCP on loopback."},
			"bench_json":      {ZH: "输出 JSON。", EN: "Print JSON."},
		},
	}
}

// Run measures and prints the report. What was measured before an interrupt is not printed: it is not comparable.
func (b *benchGrammar) Run(ctx context.Context, env *environment) error {
	if b.Customers < 1 || b.Ops < 1 || b.Ops > bench.MaxOps || !ascending(b.Clients) {
		return fmt.Errorf("%w: --customers from 1, --ops from 1 to %d, --clients ascending from 1 to 256", errUsage, bench.MaxOps)
	}
	data := b.Data
	if data == "" {
		temporary, err := os.MkdirTemp("", "kexin-bench-")
		if err != nil {
			return fmt.Errorf("make temporary folder: %w", err)
		}
		defer os.RemoveAll(temporary)
		data = temporary
	}
	debug.SetGCPercent(400) // as the server that is measured
	bar := newProgress(env.stderr, time.Now)
	report, err := bench.Run(ctx, bench.Options{Data: data, Customers: b.Customers, Ops: b.Ops, Clients: b.Clients, Loopback: b.Loopback,
		Now: time.Now, Random: env.random, Progress: bar.tell})
	bar.end()
	if err != nil {
		return err
	}
	if !b.JSON {
		return report.Print(env.stdout, env.language)
	}
	encoder := json.NewEncoder(env.stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(report)
}

func ascending(clients []int) bool {
	last := 0
	for _, n := range clients {
		if n <= last || n > 256 {
			return false
		}
		last = n
	}
	return last > 0
}
