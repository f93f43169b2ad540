package boot

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"kexin/packs"
	"kexin/shared/decision"
	"kexin/shared/dynamostore"
	"kexin/shared/policy"
	"kexin/shared/store"
)

// newStore returns the store over the tables whose names are set: those of the function's grants.
func (b *Boot) newStore() *dynamostore.Store {
	client := dynamodb.NewFromConfig(b.Platform.Config(), func(o *dynamodb.Options) { o.BaseEndpoint = b.Platform.Endpoint("DYNAMODB") })
	tables := b.Settings.Tables
	names := map[store.Table]string{store.Inbox: tables.Inbox, store.Keys: tables.Keys, store.Records: tables.Records,
		store.Restricted: tables.Restricted, store.Audit: tables.Audit, store.Work: tables.Work}
	for table, name := range names {
		if name == "" {
			delete(names, table)
		}
	}
	return dynamostore.New(client, dynamostore.Config{Names: names})
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
