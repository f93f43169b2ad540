package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"kexin/shared/bench"
	"kexin/shared/cost"
	"kexin/shared/record"
)

type costGrammar struct {
	Company      string `placeholder:"FILE" help:"${cost_company}"`
	Prices       string `placeholder:"FILE" help:"${cost_prices}"`
	PrintCompany bool   `help:"${cost_print_company}"`
	PrintPrices  bool   `help:"${cost_print_prices}"`
	JSON         bool   `help:"${cost_json}"`
}

func costCommand() command {
	return command{
		name: "cost", grammar: &costGrammar{},
		help: record.Text{
			ZH: "计算在 AWS 上的标价：每百万次操作多少钱，所描述的公司每月多少钱。",
			EN: "List prices on AWS: a million of each act, and a month of a described company.",
		},
		texts: map[string]record.Text{
			"cost_company":       {ZH: "描述公司的 YAML 文件；不给则用自带的例子。", EN: "YAML file that describes the company; else a built-in example."},
			"cost_prices":        {ZH: "价目 YAML 文件；不给则用自带的 us-east-1 价目。", EN: "YAML file of prices; else the built-in ones of us-east-1."},
			"cost_print_company": {ZH: "打印自带的公司描述，供修改。", EN: "Print the built-in company, to be changed."},
			"cost_print_prices":  {ZH: "打印自带的价目，供修改。", EN: "Print the built-in prices, to be changed."},
			"cost_json":          {ZH: "输出 JSON。", EN: "Print JSON."},
		},
	}
}

// costCustomers is how many customers the counted store holds: counts do not depend on it.
const costCustomers = 30

// Run counts the acts on a small temporary store and prices them.
func (c *costGrammar) Run(ctx context.Context, env *environment) error {
	prices, company := cost.Defaults()
	switch {
	case c.PrintCompany:
		return emit(env, company)
	case c.PrintPrices:
		return emit(env, prices)
	}
	list, err := priceList(c.Prices, prices)
	if err != nil {
		return err
	}
	who, err := describedCompany(c.Company, company)
	if err != nil {
		return err
	}
	uses, err := countActs(ctx, env)
	if err != nil {
		return err
	}
	report := cost.New(list, who, uses, bench.Reference)
	if !c.JSON {
		return report.Print(env.stdout, env.language)
	}
	encoder := json.NewEncoder(env.stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(report)
}

func emit(env *environment, data []byte) error {
	_, err := env.stdout.Write(data)
	return err
}

func priceList(path string, builtIn []byte) (cost.Prices, error) {
	data, err := readOr(path, builtIn)
	if err != nil {
		return cost.Prices{}, err
	}
	list, err := cost.ReadPrices(data)
	return list, inFile(path, err)
}

func describedCompany(path string, builtIn []byte) (cost.Company, error) {
	data, err := readOr(path, builtIn)
	if err != nil {
		return cost.Company{}, err
	}
	company, err := cost.ReadCompany(data)
	return company, inFile(path, err)
}

func readOr(path string, builtIn []byte) ([]byte, error) {
	if path == "" {
		return builtIn, nil
	}
	return os.ReadFile(path)
}

func inFile(path string, err error) error {
	if err == nil || path == "" {
		return err
	}
	return fmt.Errorf("%s: %w", path, err)
}

// countActs counts on a temporary demonstration store.
func countActs(ctx context.Context, env *environment) (map[cost.Act]cost.Use, error) {
	data, err := os.MkdirTemp("", "kexin-cost-")
	if err != nil {
		return nil, fmt.Errorf("make temporary folder: %w", err)
	}
	defer os.RemoveAll(data)
	bar := newProgress(env.stderr, time.Now)
	defer bar.end()
	return bench.Count(ctx, bench.Options{Data: data, Customers: costCustomers, Ops: 1, Clients: []int{1}, Now: time.Now, Random: env.random, Progress: bar.tell})
}
