package dynamostore

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"kexin/shared/store"
)

func TestTimeIsThatOfTheAnswer(t *testing.T) {
	date := "Mon, 02 Mar 2026 09:00:00 GMT"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", date)
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = w.Write([]byte("{}"))
	}))
	defer server.Close()
	client := dynamodb.New(dynamodb.Options{Region: "cn-north-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1, HTTPClient: server.Client(),
		Credentials: aws.NewCredentialsCache(credentials.NewStaticCredentialsProvider("a", "b", ""))})
	s := New(client, Config{Names: map[store.Table]string{store.Work: "work"}})
	probe := store.Key{Table: store.Work, PK: "JOB#x", SK: "y"}
	at, err := s.Time(t.Context(), probe)
	if want := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC); err != nil || !at.Equal(want) {
		t.Errorf("time %v, %v", at, err)
	}
	date = "yesterday"
	if _, err := s.Time(t.Context(), probe); !errors.Is(err, ErrNoTime) {
		t.Errorf("unreadable date: %v", err)
	}
	if _, err := s.Time(t.Context(), store.Key{Table: store.Keys, PK: "x", SK: "y"}); !errors.Is(err, store.ErrNotGranted) {
		t.Errorf("table without a name: %v", err)
	}
	server.Close()
	if _, err := s.Time(t.Context(), probe); err == nil {
		t.Error("a time from nobody")
	}
}
