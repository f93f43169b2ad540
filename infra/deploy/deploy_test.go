package deploy_test

import (
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The scripts run as they are, in the real tree, against commands aws, sam and go that keep what they are asked and answer like an account
// in a known state: that the account is right is for the emulated deployment to show.
func TestScripts(t *testing.T) {
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{Dir: "testdata", Setup: func(e *testscript.Env) error {
		e.Setenv("PLAN", filepath.Join(here, "plan.sh"))
		e.Setenv("DEPLOY_SH", filepath.Join(here, "deploy.sh"))
		e.Setenv("DESTROY", filepath.Join(here, "destroy.sh"))
		e.Setenv("STATE", e.WorkDir)
		e.Setenv("DEPLOY", filepath.Join(e.WorkDir, "deploy.env"))
		e.Setenv("PATH", filepath.Join(e.WorkDir, "bin")+":"+e.Getenv("PATH"))
		return nil
	}})
}
