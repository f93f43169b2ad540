package httpapi_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"kexin/shared/httpapi"
	"kexin/shared/keys"
	"kexin/shared/objects"
	"kexin/shared/store"
)

// A service that is busy for a while is a 503 that says when to ask again, and no 500.
func TestPassingTroubleMayBeTriedAgain(t *testing.T) {
	api := httpapi.New(httpapi.Info{Title: "t", Version: "1"})
	for err, wait := range map[error]string{keys.ErrThrottled: "5", keys.ErrUnavailable: "2", store.ErrThrottled: "2", store.ErrUnavailable: "2",
		store.ErrUnknownOutcome: "2", objects.ErrUnavailable: "2"} {
		w := httptest.NewRecorder()
		api.Fail(w, httptest.NewRequest("GET", "/", nil), fmt.Errorf("open section: %w", err))
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != wait {
			t.Errorf("%v is %d, Retry-After %s", err, w.Code, w.Header().Get("Retry-After"))
		}
	}
}
