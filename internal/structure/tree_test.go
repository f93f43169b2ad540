package structure

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// root is the top of the project, seen from this package.
const root = "../.."

const module = "kexin/"

// source is one parsed file.
type source struct {
	path string // from the top of the project, with slashes
	file *ast.File
	set  *token.FileSet
	test bool
}

// pkg is the folder of the file.
func (s source) pkg() string { return filepath.ToSlash(filepath.Dir(s.path)) }

// imports returns the paths of what the file imports.
func (s source) imports() []string {
	var list []string
	for _, spec := range s.file.Imports {
		list = append(list, strings.Trim(spec.Path.Value, `"`))
	}
	return list
}

// line returns where a node is, for messages.
func (s source) line(n ast.Node) string {
	position := s.set.Position(n.Pos())
	return s.path + ":" + itoa(position.Line)
}

func itoa(n int) string {
	text, _ := json.Marshal(n)
	return string(text)
}

var sources = sync.OnceValues(func() ([]source, error) {
	var list []source
	set := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && path != root && (name == "testdata" || name == "node_modules" || strings.HasPrefix(name, ".")) {
			return filepath.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		short, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		parsed, err := parser.ParseFile(set, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		list = append(list, source{filepath.ToSlash(short), parsed, set, strings.HasSuffix(name, "_test.go")})
		return err
	})
	return list, err
})

// all returns every Go file of the project; product leaves out tests, tools that are modules of their own, and generators.
func all(t *testing.T) []source {
	t.Helper()
	list, err := sources()
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 100 {
		t.Fatalf("only %d files found: these tests look at the wrong folder", len(list))
	}
	return list
}

func product(t *testing.T) []source {
	return slices.DeleteFunc(slices.Clone(all(t)), func(s source) bool {
		return s.test || strings.HasPrefix(s.path, "infra/foreign/") || ignored(s.file)
	})
}

// ignored reports whether a file says that no build uses it.
func ignored(file *ast.File) bool {
	for _, group := range file.Comments {
		for _, c := range group.List {
			if c.Pos() < file.Package && strings.HasPrefix(c.Text, "//go:build ignore") {
				return true
			}
		}
	}
	return false
}

// listed is what the go command says of a package.
type listed struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

var packages = sync.OnceValues(func() (map[string]listed, error) {
	list := exec.Command("go", "list", "-e", "-json=ImportPath,Imports,Deps", "./...")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		return nil, err
	}
	found := map[string]listed{}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var one listed
		if err := decoder.Decode(&one); errors.Is(err, io.EOF) {
			return found, nil
		} else if err != nil {
			return nil, err
		}
		found[strings.TrimPrefix(one.ImportPath, module)] = one
	}
})

func built(t *testing.T) map[string]listed {
	t.Helper()
	found, err := packages()
	if err != nil {
		t.Fatal(err)
	}
	return found
}
