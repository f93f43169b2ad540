package boot

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"kexin/packs"
	"kexin/shared/decision"
	"kexin/shared/dynamostore"
	"kexin/shared/policy"
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

// Pack adds the compiled policy pack. Compiling takes longer than all else that a process does before its first event, so it waits for
// that.
func Pack(b *Boot) error {
	b.later = func() error { return b.compile() }
	return nil
}

// Policy adds the compiled policy pack and the engine that decides by it, like Pack.
func Policy(b *Boot) error {
	b.later = func() error {
		if err := b.compile(); err != nil {
			return err
		}
		var err error
		b.Backend.Engine, err = decision.New(b.Backend.Pack)
		return err
	}
	return nil
}

func (b *Boot) compile() error {
	var err error
	b.Backend.Pack, err = policy.Load(packs.FS, b.Settings.Pack)
	return err
}
