package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/alecthomas/kong"

	"kexin/shared/record"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// environment is what commands have of the world beside the file system.
type environment struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	language       record.Language
	environ        []string // as os.Environ returns it
	random         io.Reader
}

// say writes a line of text, which is a format, to stdout.
func (e *environment) say(text record.Text, args ...any) {
	fmt.Fprintf(e.stdout, text.In(e.language)+"\n", args...)
}

// complain writes a line of text, which is a format, to stderr.
func (e *environment) complain(text record.Text, args ...any) {
	fmt.Fprintf(e.stderr, "kexin: "+text.In(e.language)+"\n", args...)
}

// command is one command of the program.
type command struct {
	name    string
	help    record.Text
	grammar any // pointer to a struct for kong with a method Run(context.Context, *environment) error
	// texts are the help texts of the grammar's flags and arguments, which its tags name as help:"${key}".
	texts map[string]record.Text
}

// commands returns every command, fresh for one run.
func commands() []command {
	return []command{
		benchCommand(),
		costCommand(),
		doctorCommand(),
		fsckCommand(),
		openCommand(),
		policyCommand(),
		verifyCommand(),
		versionCommand(),
	}
}

var (
	textProgram = record.Text{
		ZH: "客信命令行：打开并验证客信发出的文件，检查制度包和系统，测量性能，估算费用。",
		EN: "Kexin at the command line: opens and verifies what Kexin hands out, checks policy packs and installations, measures, prices.",
	}
	textUsage = record.Text{
		ZH: "用法不对：%v（kexin --help 查看用法）",
		EN: "wrong usage: %v (see kexin --help)",
	}
	textFailed = record.Text{ZH: "失败：%s", EN: "failed: %s"}
)

// errUsage marks errors of commands that were called wrongly in a way that their grammar cannot express.
var errUsage = errors.New("wrong usage")

// errReported marks failures that the command has told in its own words.
var errReported = errors.New("reported")

// run parses args, runs the command and returns the exit code.
func run(ctx context.Context, args []string, env *environment) int {
	left, code := false, exitDone
	parser, err := newParser(ctx, env, func(c int) { left, code = true, c })
	if err != nil {
		env.complain(textFailed, err)
		return exitFailed
	}
	parsed, err := parser.Parse(args)
	if left { // help was asked for and printed
		return code
	}
	if err != nil {
		env.complain(textUsage, err)
		return exitUsage
	}
	return finish(env, parsed.Run())
}

func newParser(ctx context.Context, env *environment, exit func(int)) (*kong.Kong, error) {
	vars := kong.Vars{}
	options := []kong.Option{
		kong.Name("kexin"), kong.Description(textProgram.In(env.language)), kong.Writers(env.stdout, env.stderr), kong.Exit(exit),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}), kong.Bind(env), kong.BindTo(ctx, (*context.Context)(nil)), vars,
	}
	for _, c := range commands() {
		for key, text := range c.texts {
			vars[key] = text.In(env.language)
		}
		options = append(options, kong.DynamicCommand(c.name, c.help.In(env.language), "", c.grammar))
	}
	return kong.New(&struct{}{}, options...)
}

// finish tells what went wrong and returns the exit code.
func finish(env *environment, err error) int {
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errUsage):
		env.complain(textUsage, err)
		return exitUsage
	case !errors.Is(err, errReported):
		env.complain(textFailed, explain(env.language, err))
	}
	return exitFailed
}
