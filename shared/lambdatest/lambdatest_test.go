package lambdatest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"kexin/shared/lambdatest"
)

var folder string

func TestMain(m *testing.M) {
	var err error
	if folder, err = os.MkdirTemp("", "lambdatest"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(folder)
		os.Exit(code)
	}))
}

var build = sync.OnceValues(func() (string, error) {
	return lambdatest.Build(context.Background(), "./testdata/echo", folder)
})

func start(t *testing.T, options lambdatest.Options) *lambdatest.Runtime {
	t.Helper()
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	options.Binary = binary
	runtime, err := lambdatest.Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(runtime.Close)
	return runtime
}

func TestInvocations(t *testing.T) {
	runtime := start(t, lambdatest.Options{Env: []string{"KEXIN_TEST_WORD=客信"}})
	if runtime.Startup() <= 0 {
		t.Error("no startup time")
	}
	for i := range 20 {
		event := fmt.Sprintf(`{"n":%d,"text":"客信"}`, i)
		if result, err := runtime.Invoke(t.Context(), []byte(event)); err != nil || result.Failed || string(result.Payload) != event {
			t.Fatalf("%d: %s, %v", i, result.Payload, err)
		}
	}
	if result, err := runtime.Invoke(t.Context(), []byte(`"env"`)); err != nil || string(result.Payload) != "客信" {
		t.Errorf("environment: %s, %v", result.Payload, err)
	}
	for event, want := range map[string]string{`"fail"`: "refused on request", `"panic"`: "panic of type string"} {
		result, err := runtime.Invoke(t.Context(), []byte(event))
		if err != nil || !result.Failed || !strings.Contains(string(result.Payload), want) || strings.Contains(string(result.Payload), "marker") {
			t.Errorf("%s: %s, %v", event, result.Payload, err)
		}
	}
	if result, err := runtime.Invoke(t.Context(), []byte(`1`)); err != nil || string(result.Payload) != "1" {
		t.Errorf("after errors: %s, %v", result.Payload, err)
	}
	if strings.Contains(runtime.Output(), "marker") {
		t.Errorf("output holds the panic's text: %s", runtime.Output())
	}
}

func TestProcessThatEnds(t *testing.T) {
	runtime := start(t, lambdatest.Options{})
	if _, err := runtime.Invoke(t.Context(), []byte(`"exit"`)); !errors.Is(err, lambdatest.ErrExited) {
		t.Errorf("error %v", err)
	}
	if _, err := runtime.Invoke(t.Context(), []byte(`1`)); !errors.Is(err, lambdatest.ErrExited) {
		t.Errorf("second error %v", err)
	}
	killed := start(t, lambdatest.Options{})
	killed.Kill()
	if _, err := killed.Invoke(t.Context(), []byte(`1`)); !errors.Is(err, lambdatest.ErrExited) {
		t.Errorf("after a kill: %v", err)
	}
}

func TestProcessThatHangs(t *testing.T) {
	runtime := start(t, lambdatest.Options{Timeout: 100 * time.Millisecond})
	if _, err := runtime.Invoke(t.Context(), []byte(`"hang"`)); !errors.Is(err, lambdatest.ErrTimeout) {
		t.Errorf("error %v", err)
	}
}

func TestLateResultIsNotTakenForTheNext(t *testing.T) {
	runtime := start(t, lambdatest.Options{Timeout: 300 * time.Millisecond})
	if _, err := runtime.Invoke(t.Context(), []byte(`"late"`)); !errors.Is(err, lambdatest.ErrTimeout) {
		t.Errorf("error %v", err)
	}
	for range 100 { // the process is still at the late one at first
		if result, err := runtime.Invoke(t.Context(), []byte(`"next"`)); err == nil {
			if string(result.Payload) != `"next"` {
				t.Errorf("took %s", result.Payload)
			}
			return
		}
	}
	t.Error("the process did not come back")
}

func TestProcessThatDoesNotStart(t *testing.T) {
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	_, err = lambdatest.Start(t.Context(), lambdatest.Options{Binary: binary, Env: []string{"KEXIN_TEST_EXIT=1"}})
	if !errors.Is(err, lambdatest.ErrExited) || !strings.Contains(err.Error(), "cannot start") {
		t.Errorf("error %v", err)
	}
	if _, err = lambdatest.Start(t.Context(), lambdatest.Options{Binary: "/nonexistent"}); err == nil {
		t.Error("started nothing")
	}
	if _, err := lambdatest.Build(t.Context(), "./testdata/nothing", t.TempDir()); err == nil {
		t.Error("built nothing")
	}
}
