// Package cost turns counted calls and units into list prices: for a million of each act, and for a month of a described company. Prices,
// the company and what is assumed rather than counted are data: two YAML files, built in as defaults and replaced by a company's own.
package cost

import (
	_ "embed"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/goccy/go-yaml"

	"kexin/shared/record"
)

// ErrFile: a file of prices or of a company that cannot be used.
var ErrFile = errors.New("unusable file")

// Act names what is priced; company files use these names.
type Act string

// The acts.
const (
	Submit     Act = "submit"      // a public submission up to its live record
	Create     Act = "create"      // a customer entered by staff
	Read       Act = "read"        // a customer opened
	Search     Act = "search"      // a customer looked for by phone
	List       Act = "list"        // a page of cards
	Update     Act = "update"      // a field changed
	Destroy    Act = "destroy"     // a customer destroyed
	ExportRows Act = "export_rows" // a row of an archive
	LogEntry   Act = "log_entry"   // an audit entry sealed into the log
)

// Acts returns every act in the order of reports.
func Acts() []Act {
	return []Act{Submit, Create, Read, Search, List, Update, Destroy, ExportRows, LogEntry}
}

// Use is what one act asks of tables and root keys: calls, and units by DynamoDB's published rule from encoded sizes.
type Use struct {
	Calls      float64 `json:"calls"`       // of the store
	WriteUnits float64 `json:"write_units"` // of the tables
	IndexUnits float64 `json:"index_units"` // of their indexes
	ReadUnits  float64 `json:"read_units"`
	Wraps      float64 `json:"kms_symmetric"`
	Signs      float64 `json:"kms_signatures"`
}

// Prices are the list prices of a region.
type Prices struct {
	Region   string  `yaml:"region" json:"region"`
	Currency string  `yaml:"currency" json:"currency"`
	Checked  string  `yaml:"checked" json:"checked"` // day of the last look at the source, ISO 8601
	Source   string  `yaml:"source" json:"source"`
	Million  Million `yaml:"per_million" json:"per_million"`
	Compute  float64 `yaml:"compute_gb_second" json:"compute_gb_second"`
	Transfer float64 `yaml:"transfer_gb" json:"transfer_gb"`
	Log      float64 `yaml:"log_gb" json:"log_gb"`
	Month    Month   `yaml:"per_month" json:"per_month"`
}

// Million are prices of a million requests or units.
type Million struct {
	WriteUnits   float64 `yaml:"write_units" json:"write_units"`
	ReadUnits    float64 `yaml:"read_units" json:"read_units"`
	KMS          float64 `yaml:"kms" json:"kms"`
	Signatures   float64 `yaml:"signatures" json:"signatures"`
	Invocations  float64 `yaml:"invocations" json:"invocations"`
	HTTP         float64 `yaml:"http" json:"http"`
	ObjectWrites float64 `yaml:"object_writes" json:"object_writes"`
	ObjectReads  float64 `yaml:"object_reads" json:"object_reads"`
	Messages     float64 `yaml:"messages" json:"messages"`
}

// Month are prices of keeping something for a month.
type Month struct {
	TableGB    float64 `yaml:"table_gb" json:"table_gb"`
	RecoveryGB float64 `yaml:"recovery_gb" json:"recovery_gb"`
	ObjectGB   float64 `yaml:"object_gb" json:"object_gb"`
	Key        float64 `yaml:"kms_key" json:"kms_key"`
	Alarm      float64 `yaml:"alarm" json:"alarm"`
	Dashboard  float64 `yaml:"dashboard" json:"dashboard"`
}

// Around is what an act asks of everything that is not counted.
type Around struct {
	Invocations  float64 `yaml:"invocations" json:"invocations"`
	Milliseconds float64 `yaml:"milliseconds" json:"milliseconds"` // of each invocation
	MemoryMB     float64 `yaml:"memory_mb" json:"memory_mb"`
	HTTP         float64 `yaml:"http" json:"http"`
	Messages     float64 `yaml:"messages" json:"messages"`
	ObjectWrites float64 `yaml:"object_writes" json:"object_writes"`
	AnswerKB     float64 `yaml:"answer_kb" json:"answer_kb"`
	LogKB        float64 `yaml:"log_kb" json:"log_kb"`
}

// Background is what runs without anybody asking.
type Background struct {
	Invocations  float64 `yaml:"invocations_a_day" json:"invocations_a_day"`
	Milliseconds float64 `yaml:"milliseconds" json:"milliseconds"`
	MemoryMB     float64 `yaml:"memory_mb" json:"memory_mb"`
	ReadUnits    float64 `yaml:"read_units_a_day" json:"read_units_a_day"`
	WriteUnits   float64 `yaml:"write_units_a_day" json:"write_units_a_day"`
}

// Company is who pays.
type Company struct {
	Name       record.Text     `yaml:"name" json:"name"`
	Customers  float64         `yaml:"customers" json:"customers"`
	Daily      map[Act]float64 `yaml:"acts_a_day" json:"acts_a_day"`
	CustomerKB float64         `yaml:"customer_kb" json:"customer_kb"`
	ObjectGB   float64         `yaml:"object_gb" json:"object_gb"`
	Keys       float64         `yaml:"kms_keys" json:"kms_keys"`
	Alarms     float64         `yaml:"alarms" json:"alarms"`
	Background Background      `yaml:"background" json:"background"`
	Acts       map[Act]Around  `yaml:"acts" json:"acts"`
}

//go:embed us-east-1.yaml
var defaultPrices []byte

//go:embed company.yaml
var defaultCompany []byte

// Defaults returns the built-in prices and company.
func Defaults() (prices, company []byte) {
	return slices.Clone(defaultPrices), slices.Clone(defaultCompany)
}

// ReadPrices reads a file of prices. Unknown and misspelt members, a missing currency and negative numbers are errors with their line.
func ReadPrices(data []byte) (Prices, error) {
	var p Prices
	if err := read(data, &p); err != nil {
		return Prices{}, err
	}
	if p.Currency == "" || p.Region == "" {
		return Prices{}, fmt.Errorf("%w: region and currency are required", ErrFile)
	}
	return p, negative(p.Compute, p.Transfer, p.Log, p.Million.WriteUnits, p.Million.ReadUnits, p.Million.KMS, p.Million.Signatures,
		p.Million.Invocations, p.Million.HTTP, p.Million.ObjectWrites, p.Million.ObjectReads, p.Million.Messages, p.Month.TableGB,
		p.Month.RecoveryGB, p.Month.ObjectGB, p.Month.Key, p.Month.Alarm, p.Month.Dashboard)
}

// ReadCompany reads a file that describes a company. An act that is no act is an error.
func ReadCompany(data []byte) (Company, error) {
	var c Company
	if err := read(data, &c); err != nil {
		return Company{}, err
	}
	for act := range c.Acts {
		if !slices.Contains(Acts(), act) {
			return Company{}, fmt.Errorf("%w: acts: no act is called %.20q", ErrFile, act)
		}
	}
	numbers := []float64{c.Customers, c.CustomerKB, c.ObjectGB, c.Keys, c.Alarms, c.Background.Invocations, c.Background.Milliseconds,
		c.Background.MemoryMB, c.Background.ReadUnits, c.Background.WriteUnits}
	for act, n := range c.Daily {
		if !slices.Contains(Acts(), act) {
			return Company{}, fmt.Errorf("%w: acts_a_day: no act is called %.20q", ErrFile, act)
		}
		numbers = append(numbers, n)
	}
	for _, a := range c.Acts {
		numbers = append(numbers, a.Invocations, a.Milliseconds, a.MemoryMB, a.HTTP, a.Messages, a.ObjectWrites, a.AnswerKB, a.LogKB)
	}
	return c, negative(numbers...)
}

func read(data []byte, into any) error {
	if err := yaml.UnmarshalWithOptions(data, into, yaml.Strict()); err != nil {
		return fmt.Errorf("%w: %s", ErrFile, yaml.FormatError(err, false, true))
	}
	return nil
}

func negative(numbers ...float64) error {
	for _, n := range numbers {
		if n < 0 || math.IsNaN(n) || math.IsInf(n, 0) {
			return fmt.Errorf("%w: a number is negative or no number", ErrFile)
		}
	}
	return nil
}

// Counted returns the price of a million acts that ask for use, tables and root keys only.
func (p Prices) Counted(use Use) float64 {
	m := p.Million
	return (use.WriteUnits+use.IndexUnits)*m.WriteUnits + use.ReadUnits*m.ReadUnits + use.Wraps*m.KMS + use.Signs*m.Signatures
}

// About returns the price of a million of what is around an act.
func (p Prices) About(a Around) float64 {
	m := p.Million
	requests := a.Invocations*m.Invocations + a.HTTP*m.HTTP + a.Messages*m.Messages + a.ObjectWrites*m.ObjectWrites
	return requests + 1e6*(a.Invocations*p.compute(a.Milliseconds, a.MemoryMB)+a.AnswerKB/1e6*p.Transfer+a.LogKB/1e6*p.Log)
}

// compute returns the price of one invocation's time.
func (p Prices) compute(milliseconds, memoryMB float64) float64 {
	return milliseconds / 1000 * memoryMB / 1024 * p.Compute
}
