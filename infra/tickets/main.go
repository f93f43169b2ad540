// Command tickets turns what govulncheck finds into tickets with a deadline (INC-06): it reads govulncheck's JSON from standard input,
// adds a ticket for every vulnerability that the code can reach and that has none yet to a file, closes tickets of those that are gone,
// and exits with 1 while a ticket is open. CI runs it on every change and on a schedule; the file is what the security officer works off.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, time.Now)) }

// Ticket is a vulnerability and until when it is to be repaired.
type Ticket struct {
	ID     string `json:"id"`     // of the Go vulnerability database
	Module string `json:"module"` // that has it
	Fixed  string `json:"fixed,omitempty"`
	Via    string `json:"via"` // the first function of ours, or the vulnerable one
	Opened string `json:"opened"`
	Due    string `json:"due"`              // Days after Opened
	Closed string `json:"closed,omitempty"` // day on which it was not found any more
}

// Days is how long a repair may take.
const Days = 14

// message is a line of govulncheck's JSON stream.
type message struct {
	Finding *struct {
		OSV   string  `json:"osv"`
		Fixed string  `json:"fixed_version"`
		Trace []frame `json:"trace"`
	} `json:"finding"`
}

type frame struct {
	Module   string `json:"module"`
	Package  string `json:"package"`
	Function string `json:"function"`
}

func run(args []string, in io.Reader, out, complaints io.Writer, now func() time.Time) int {
	flags := flag.NewFlagSet("tickets", flag.ContinueOnError)
	flags.SetOutput(complaints)
	path := flags.String("file", "", "file of the tickets, made when it is missing")
	if flags.Parse(args) != nil || *path == "" || flags.NArg() > 0 {
		return 2
	}
	open, err := work(*path, in, now().UTC())
	if err != nil {
		fmt.Fprintln(complaints, "tickets:", err)
		return 1
	}
	for _, t := range open {
		fmt.Fprintf(out, "%s in %s, fixed in %s, due %s, via %s\n", t.ID, t.Module, orNone(t.Fixed), t.Due, t.Via)
	}
	if len(open) > 0 {
		return 1
	}
	fmt.Fprintln(out, "no open ticket")
	return 0
}

func orNone(version string) string {
	if version == "" {
		return "no version yet"
	}
	return version
}

// work brings the file up to what in says, and returns the open tickets.
func work(path string, in io.Reader, now time.Time) ([]Ticket, error) {
	tickets, err := read(path)
	if err != nil {
		return nil, err
	}
	found, err := findings(in)
	if err != nil {
		return nil, err
	}
	tickets = merge(tickets, found, now)
	data, err := json.MarshalIndent(tickets, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode tickets: %w", err)
	}
	if err := os.WriteFile(path, append(data, '\n'), 0o644); err != nil {
		return nil, fmt.Errorf("write tickets: %w", err)
	}
	return slices.DeleteFunc(tickets, func(t Ticket) bool { return t.Closed != "" }), nil
}

func read(path string) ([]Ticket, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return []Ticket{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read tickets: %w", err)
	}
	var tickets []Ticket
	if err := json.Unmarshal(data, &tickets); err != nil {
		return nil, fmt.Errorf("read tickets: not a list of tickets: %w", err)
	}
	return tickets, nil
}

// findings returns what the code can reach: findings whose trace ends in a function that is called. A stream that says nothing at all is
// an error, so that a check that did not run is not taken for a clean one.
func findings(in io.Reader) (map[string]Ticket, error) {
	decoder, said, found := json.NewDecoder(in), false, map[string]Ticket{}
	for {
		var m message
		err := decoder.Decode(&m)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read findings: %w", err)
		}
		said = true
		if m.Finding == nil || len(m.Finding.Trace) == 0 || m.Finding.Trace[0].Function == "" {
			continue
		}
		vulnerable, ours := m.Finding.Trace[0], m.Finding.Trace[len(m.Finding.Trace)-1]
		found[m.Finding.OSV] = Ticket{ID: m.Finding.OSV, Module: vulnerable.Module, Fixed: m.Finding.Fixed, Via: ours.Package + "." + ours.Function}
	}
	if !said {
		return nil, errors.New("read findings: nothing was said: did the check run?")
	}
	return found, nil
}

// merge opens tickets for what is new, and closes those of what is gone. A vulnerability that comes back gets a ticket of its own.
func merge(tickets []Ticket, found map[string]Ticket, now time.Time) []Ticket {
	today := now.Format(time.DateOnly)
	for i, t := range tickets {
		if _, still := found[t.ID]; t.Closed == "" && !still {
			tickets[i].Closed = today
		} else if t.Closed == "" {
			delete(found, t.ID)
		}
	}
	fresh := make([]Ticket, 0, len(found))
	for _, t := range found {
		t.Opened, t.Due = today, now.AddDate(0, 0, Days).Format(time.DateOnly)
		fresh = append(fresh, t)
	}
	slices.SortFunc(fresh, func(a, b Ticket) int { return strings.Compare(a.ID, b.ID) })
	return append(tickets, fresh...)
}
