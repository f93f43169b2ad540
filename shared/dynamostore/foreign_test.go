package dynamostore

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"os"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"kexin/shared/store"
	"kexin/shared/storetest"
)

// foreignClient returns a client of the DynamoDB that the environment names, nil when it names none. .ci/run names DynamoDB Local and
// asserts that these tests ran.
func foreignClient(t *testing.T, transport http.RoundTripper) *dynamodb.Client {
	address := os.Getenv("KEXIN_TEST_DYNAMODB")
	if address == "" {
		t.Log("not configured: KEXIN_TEST_DYNAMODB is empty")
		return nil
	}
	return dynamodb.New(dynamodb.Options{Region: "eu-central-1", BaseEndpoint: aws.String(address),
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""), HTTPClient: &http.Client{Transport: transport}})
}

// foreignStore returns a store over fresh tables with names of their own.
func foreignStore(t *testing.T, client *dynamodb.Client, transport http.RoundTripper) *Store {
	t.Helper()
	random := make([]byte, 6)
	if _, err := rand.Read(random); err != nil {
		t.Fatal(err)
	}
	names := map[store.Table]string{}
	for _, table := range store.Tables() {
		names[table] = "kexin-" + hex.EncodeToString(random) + "-" + string(table)
	}
	if err := CreateTables(t.Context(), client, names); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, name := range names {
			if _, err := client.DeleteTable(context.Background(), &dynamodb.DeleteTableInput{TableName: &name}); err != nil {
				t.Error(err)
			}
		}
	})
	return New(foreignClient(t, transport), Config{Names: names})
}

// TestForeignContract is answered by DynamoDB Local, which is right in conditions, transactions, paging, order and limits.
func TestForeignContract(t *testing.T) {
	client := foreignClient(t, http.DefaultTransport)
	if client == nil {
		return
	}
	storetest.Run(t, func(t *testing.T) store.Store { return foreignStore(t, client, http.DefaultTransport) })
}

// lossy delivers every request and loses some answers.
type lossy struct {
	http.RoundTripper
	every int64 // each answer whose number is a multiple is lost; 0 loses none
	calls atomic.Int64
}

var errLost = errors.New("connection reset after the request was sent")

func (l *lossy) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := l.RoundTripper.RoundTrip(request)
	if n := l.calls.Add(1); err == nil && l.every > 0 && n%l.every == 0 {
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		return nil, errLost
	}
	return response, err
}

// TestForeignLostAnswers: with every third answer lost, a counter is raised exactly as often as its writers were told.
func TestForeignLostAnswers(t *testing.T) {
	client := foreignClient(t, http.DefaultTransport)
	if client == nil {
		return
	}
	for _, token := range []bool{false, true} {
		transport := &lossy{RoundTripper: http.DefaultTransport, every: 3}
		s := foreignStore(t, client, transport)
		k := store.Key{Table: store.Keys, PK: "COUNTER", SK: store.Only}
		told := 0
		for i := range 40 {
			item := store.Item{Key: k, Attrs: map[string]store.Attr{store.AttrVersion: store.N(int64(i + 1))}}
			cond := store.IfVersion(int64(i))
			if i == 0 {
				cond = store.IfAbsent()
			}
			name := store.Token("")
			if token {
				name = store.Token(rand.Text())
			}
			if err := s.Transact(t.Context(), name, store.PutIf(item, cond)); err != nil {
				t.Errorf("raise to %d: %v", i+1, err)
			}
			told++
		}
		item, err := s.Get(t.Context(), k)
		if err != nil || item.Int(store.AttrVersion) != int64(told) {
			t.Errorf("counter is %d after %d, %v", item.Int(store.AttrVersion), told, err)
		}
	}
}
