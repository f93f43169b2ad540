package structure

import (
	"go/ast"
	"testing"

	"kexin/shared/policy"
)

// A limit of packs is read by the package that is said to keep it, as ….Limits.Member.
func TestLimitsAreRead(t *testing.T) {
	read := map[string]map[string]bool{}
	for _, s := range product(t) {
		ast.Inspect(s.file, func(n ast.Node) bool {
			member, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if of, ok := member.X.(*ast.SelectorExpr); ok && of.Sel.Name == "Limits" {
				if read[s.pkg()] == nil {
					read[s.pkg()] = map[string]bool{}
				}
				read[s.pkg()][member.Sel.Name] = true
			}
			return true
		})
	}
	for _, limit := range policy.AllLimits() {
		if !read[limit.Package][limit.Member] {
			t.Errorf("limit %s: %s does not read Limits.%s", limit.Name, limit.Package, limit.Member)
		}
	}
}
