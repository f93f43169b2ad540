package boot

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"kexin/shared/dynamostore"
	"kexin/shared/store"
)

// rowTimeout bounds one request for rows.
const rowTimeout = 3 * time.Second

func (b *Boot) rowClient() *dynamodb.Client {
	return dynamodb.NewFromConfig(b.Platform.Config(), func(o *dynamodb.Options) {
		o.BaseEndpoint, o.HTTPClient = b.Platform.Endpoint("DYNAMODB"), b.Platform.Within(rowTimeout)
	})
}

// Rows returns the store over the tables whose names are set: those of the function's grants.
func (b *Boot) Rows() *dynamostore.Store {
	client := b.rowClient()
	tables := b.Settings.Tables
	names := map[store.Table]string{store.Inbox: tables.Inbox, store.Keys: tables.Keys, store.Records: tables.Records,
		store.Restricted: tables.Restricted, store.Audit: tables.Audit, store.Work: tables.Work}
	for table, name := range names {
		if name == "" {
			delete(names, table)
		}
	}
	return dynamostore.New(client, dynamostore.Config{Names: names, Retries: b.Platform.Retries})
}
