// Package exportrules says which problems the errors of exports become. It is apart from staffapi so that functions without exports do not
// link archives.
package exportrules

import (
	"net/http"

	"kexin/shared/exports"
	"kexin/shared/httpapi"
	"kexin/shared/problem"
	"kexin/shared/record"
	"kexin/shared/staffapi"
)

// Rules are the rules of staffapi and those of exports.
func Rules() []httpapi.Rule {
	return append(staffapi.Rules(), []httpapi.Rule{
		{Err: exports.ErrNotFound, Problem: problem.Of(problem.NotFound)},
		{Err: exports.ErrState, Problem: problem.New(http.StatusConflict, "export-state", record.Text{ZH: "导出当前状态不允许此操作", EN: "The export is not in a state that allows this."})},
	}...)
}
