package structure

import (
	"go/ast"
	"strings"
	"testing"
)

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	said := map[string]bool{}
	for _, s := range product(t) {
		said[s.pkg()] = said[s.pkg()] || s.file.Doc != nil && len(s.file.Doc.Text()) > 20
	}
	for pkg, ok := range said {
		if !ok {
			t.Errorf("%s has no package comment", pkg)
		}
	}
}

// Every exported name has a comment that says what it promises. A group of constants or variables may share one.
func TestEveryExportedNameIsExplained(t *testing.T) {
	for _, s := range product(t) {
		if s.file.Name.Name == "main" {
			continue
		}
		for _, decl := range s.file.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && exportedReceiver(d) && d.Doc == nil {
					t.Errorf("%s: %s has no comment", s.line(d), d.Name.Name)
				}
			case *ast.GenDecl:
				checkSpecs(t, s, d)
			}
		}
	}
}

func exportedReceiver(f *ast.FuncDecl) bool {
	if f.Recv == nil {
		return true
	}
	kind := f.Recv.List[0].Type
	for {
		switch k := kind.(type) {
		case *ast.StarExpr:
			kind = k.X
		case *ast.IndexExpr:
			kind = k.X
		case *ast.Ident:
			return k.IsExported()
		default:
			return false
		}
	}
}

func checkSpecs(t *testing.T, s source, d *ast.GenDecl) {
	t.Helper()
	for _, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			if spec.Name.IsExported() && d.Doc == nil && spec.Doc == nil {
				t.Errorf("%s: type %s has no comment", s.line(spec), spec.Name.Name)
			}
			checkMethods(t, s, spec)
		case *ast.ValueSpec:
			for _, name := range spec.Names {
				if name.IsExported() && d.Doc == nil && spec.Doc == nil && spec.Comment == nil {
					t.Errorf("%s: %s %s has no comment", s.line(spec), d.Tok, name.Name)
				}
			}
		}
	}
}

// checkMethods wants a comment on every method of an exported interface: interfaces are contracts.
func checkMethods(t *testing.T, s source, spec *ast.TypeSpec) {
	t.Helper()
	contract, ok := spec.Type.(*ast.InterfaceType)
	if !ok || !spec.Name.IsExported() {
		return
	}
	for _, method := range contract.Methods.List {
		if len(method.Names) > 0 && method.Doc == nil && method.Comment == nil && !mirrorsSDK(spec.Name.Name) {
			t.Errorf("%s: method %s.%s has no comment", s.line(method), spec.Name.Name, method.Names[0].Name)
		}
	}
}

// mirrorsSDK reports whether an interface only names methods of an SDK's client, which documents them.
func mirrorsSDK(name string) bool {
	return strings.HasSuffix(name, "API") || name == "Presigner" || name == "Creator"
}
