package boot

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"kexin/shared/env"
	"kexin/shared/grants"
	"kexin/shared/lambdaevent"
	"kexin/shared/record"
	"kexin/shared/retry"
)

func environ(more ...string) []string {
	return append([]string{"AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=secret", "AWS_SESSION_TOKEN=session",
		"KEXIN_DEPLOYMENT=" + record.IDFromBytes(record.PrefixDeployment, [16]byte{1}), "KEXIN_PACK=P06", "KEXIN_TABLE_AUDIT=a", "KEXIN_TABLE_WORK=w",
		"KEXIN_OIDC_ISSUER=https://login.example", "KEXIN_OIDC_AUDIENCE=kexin"}, more...)
}

func TestStartNeedsWhatTheFunctionReads(t *testing.T) {
	if _, err := Start(grants.Approve, environ()); err != nil {
		t.Fatal(err)
	}
	for _, variable := range Variables(grants.Approve) {
		without := slices.DeleteFunc(environ(), func(entry string) bool { return strings.HasPrefix(entry, string(variable)+"=") })
		if _, err := Start(grants.Approve, without); err == nil || !strings.Contains(err.Error(), "KEXIN_") {
			t.Errorf("without %s: %v", variable, err)
		}
	}
	for _, name := range []string{"AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
		without := slices.DeleteFunc(environ(), func(entry string) bool { return strings.HasPrefix(entry, name+"=") })
		if _, err := Start(grants.Approve, without); !errors.Is(err, env.ErrMissing) {
			t.Errorf("without %s: %v", name, err)
		}
	}
	if _, err := Start(grants.Approve, environ("KEXIN_TABEL_KEYS=k")); !errors.Is(err, env.ErrUnknown) {
		t.Errorf("a misspelt variable: %v", err)
	}
}

func TestSystemIsOfTheFunction(t *testing.T) {
	b, err := Start(grants.Approve, environ())
	if err != nil {
		t.Fatal(err)
	}
	if sys, err := b.System(); err != nil || sys.Function != grants.Approve {
		t.Errorf("system %+v, %v", sys, err)
	}
	if b, err = Start(grants.Approve, environ()[:5]); err == nil { // no pack's name
		t.Errorf("started without settings: %+v", b)
	}
}

func TestWhatFailsIsBuiltAgain(t *testing.T) {
	turns := 0
	function := (&Boot{out: io.Discard}).Handler(func(context.Context) (lambdaevent.Function, error) {
		if turns++; turns == 1 {
			return nil, io.ErrUnexpectedEOF
		}
		return func(_ context.Context, event []byte) ([]byte, error) { return event, nil }, nil
	})
	if _, err := function(t.Context(), []byte("1")); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("first: %v", err)
	}
	for range 2 {
		if answer, err := function(t.Context(), []byte("2")); err != nil || string(answer) != "2" {
			t.Errorf("later: %s, %v", answer, err)
		}
	}
	if turns != 2 {
		t.Errorf("built %d times", turns)
	}
}

func TestInvokeIsSignedAndSaysNothingOfFailures(t *testing.T) {
	status, failed := http.StatusOK, ""
	var got *http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		if failed != "" {
			w.Header().Set("X-Amz-Function-Error", failed)
		}
		w.WriteHeader(status)
		_, _ = io.Copy(w, r.Body)
	}))
	defer server.Close()
	b, err := Start(grants.Approve, environ("AWS_ENDPOINT_URL_LAMBDA="+server.URL))
	if err != nil {
		t.Fatal(err)
	}
	invoke := b.Invoke("open-restricted")
	if answer, err := invoke(t.Context(), []byte(`{"a":1}`)); err != nil || string(answer) != `{"a":1}` {
		t.Errorf("%s, %v", answer, err)
	}
	signed := got.Header.Get("Authorization")
	if got.URL.Path != "/2015-03-31/functions/open-restricted/invocations" || got.Header.Get("X-Amz-Security-Token") != "session" ||
		!strings.Contains(signed, "AKIDEXAMPLE/") || !strings.Contains(signed, "/eu-central-1/lambda/aws4_request") {
		t.Errorf("%s %s", got.URL.Path, signed)
	}
	failed = "Unhandled"
	if answer, err := invoke(t.Context(), []byte("marker")); err == nil || strings.Contains(err.Error(), "marker") || answer != nil {
		t.Errorf("failed function: %s, %v", answer, err)
	}
	failed, status = "", http.StatusTooManyRequests
	_, err = invoke(t.Context(), []byte("marker"))
	if _, passes := retry.After(err); !passes || strings.Contains(err.Error(), "marker") {
		t.Errorf("throttled: %v", err)
	}
	server.Close()
	if _, err := invoke(t.Context(), nil); err == nil {
		t.Error("an answer from nobody")
	}
}

func TestDomainsOfPartitions(t *testing.T) {
	if domain("cn-north-1") != "amazonaws.com.cn" || domain("eu-central-1") != "amazonaws.com" {
		t.Error("wrong domain of a partition")
	}
}
