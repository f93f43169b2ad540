package lambdahttp_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"testing"

	"kexin/shared/lambdahttp"
)

// restEvent returns an event of a REST API's proxy integration after change.
func restEvent(t *testing.T, change func(map[string]any)) []byte {
	t.Helper()
	e := map[string]any{
		"resource": "/v1/{proxy+}", "path": "/v1/customers/search", "httpMethod": "POST", "isBase64Encoded": false, "body": `{"q":"王"}`,
		"headers":                         map[string]any{"Accept": "b", "X-Forged": "1"},
		"multiValueHeaders":               map[string]any{"Accept": []string{"a", "b"}, "Host": []string{"evil"}, "Authorization": []string{"Bearer t"}, "cookie": []string{"c=1"}},
		"queryStringParameters":           map[string]any{"a": "2"},
		"multiValueQueryStringParameters": map[string]any{"a": []string{"1 &", "2"}},
		"requestContext": map[string]any{"requestId": "r1", "stage": "live", "domainName": "d.example", "path": "/live/v1/customers/search",
			"identity": map[string]any{"sourceIp": "203.0.113.7"}},
	}
	if change != nil {
		change(e)
	}
	encoded, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

func TestEventsOfRESTAPIs(t *testing.T) {
	var got *http.Request
	var body []byte
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusCreated)
	})
	answer, err := lambdahttp.Handler(handler).Invoke(t.Context(), restEvent(t, nil))
	var members map[string]any
	if err != nil || json.Unmarshal(answer, &members) != nil || members["statusCode"] != 201.0 {
		t.Fatalf("%s, %v", answer, err)
	}
	if _, ok := members["cookies"]; ok { // a REST API takes no answer with a member that it does not know
		t.Errorf("answer %s", answer)
	}
	if got.Method != "POST" || got.URL.Path != "/v1/customers/search" || got.Host != "d.example" || lambdahttp.SourceIP(got.Context()) != "203.0.113.7" {
		t.Errorf("%s %s of %s from %s", got.Method, got.URL, got.Host, lambdahttp.SourceIP(got.Context()))
	}
	if query := got.URL.Query()["a"]; len(query) != 2 || query[0] != "1 &" || query[1] != "2" || string(body) != `{"q":"王"}` {
		t.Errorf("query %q, body %s", query, body)
	}
	if got.Header.Get("Accept") != "a,b" || got.Header.Get("Authorization") != "Bearer t" || got.Header.Get("X-Forged") != "" || got.Header.Get("Cookie") != "c=1" {
		t.Errorf("header %v", got.Header)
	}
}

func TestRefusesOtherEventsOfRESTAPIs(t *testing.T) {
	for name, change := range map[string]func(map[string]any){
		"no method":     func(e map[string]any) { delete(e, "httpMethod") },
		"no address":    func(e map[string]any) { delete(e["requestContext"].(map[string]any), "identity") },
		"no request id": func(e map[string]any) { delete(e["requestContext"].(map[string]any), "requestId") },
		"relative path": func(e map[string]any) { e["path"] = "x" },
		"headers":       func(e map[string]any) { e["multiValueHeaders"] = 1 },
	} {
		if answer, err := lambdahttp.Handler(http.NotFoundHandler()).Invoke(t.Context(), restEvent(t, change)); !errors.Is(err, lambdahttp.ErrEvent) || answer != nil {
			t.Errorf("%s: %s, %v", name, answer, err)
		}
	}
}
