package dynamostore

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"kexin/shared/store"
)

// TableAPI is the part of the client that CreateTables uses.
type TableAPI interface {
	CreateTable(context.Context, *dynamodb.CreateTableInput, ...func(*dynamodb.Options)) (*dynamodb.CreateTableOutput, error)
	DescribeTable(context.Context, *dynamodb.DescribeTableInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error)
}

// tableWait is how long CreateTables waits for each table.
const tableWait = time.Minute

// CreateTables makes the tables that names lists, as template.yaml does, and waits until they are active. It is for tests and for
// servers that are not AWS: deployments make their tables from the template, with encryption, recovery and protection.
func CreateTables(ctx context.Context, client TableAPI, names map[store.Table]string) error {
	for table, name := range names {
		if _, err := client.CreateTable(ctx, tableInput(table, name)); err != nil {
			return fmt.Errorf("create table %s: %w", table, err)
		}
	}
	waiter := dynamodb.NewTableExistsWaiter(client, func(o *dynamodb.TableExistsWaiterOptions) {
		o.MinDelay, o.MaxDelay = 50*time.Millisecond, time.Second
	})
	for table, name := range names {
		if err := waiter.Wait(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(name)}, tableWait); err != nil {
			return fmt.Errorf("wait for table %s: %w", table, err)
		}
	}
	return nil
}

func tableInput(table store.Table, name string) *dynamodb.CreateTableInput {
	input := &dynamodb.CreateTableInput{TableName: aws.String(name), BillingMode: types.BillingModePayPerRequest,
		KeySchema:            keySchema(attrPK, attrSK),
		AttributeDefinitions: []types.AttributeDefinition{attrDefinition(attrPK, false), attrDefinition(attrSK, false)}}
	for _, index := range []store.Index{store.ByDepartment, store.ByCustomer} {
		covered, partition, order := store.IndexAttrs(index)
		if covered != table {
			continue
		}
		input.AttributeDefinitions = append(input.AttributeDefinitions, attrDefinition(partition, false),
			attrDefinition(order, store.IndexOrderIsInt(index)))
		input.GlobalSecondaryIndexes = append(input.GlobalSecondaryIndexes, types.GlobalSecondaryIndex{IndexName: aws.String(string(index)),
			KeySchema: keySchema(partition, order), Projection: &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly}})
	}
	if table == store.Inbox {
		input.StreamSpecification = &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeKeysOnly}
	}
	return input
}

func keySchema(partition, order string) []types.KeySchemaElement {
	return []types.KeySchemaElement{{AttributeName: aws.String(partition), KeyType: types.KeyTypeHash},
		{AttributeName: aws.String(order), KeyType: types.KeyTypeRange}}
}

func attrDefinition(name string, isInt bool) types.AttributeDefinition {
	kind := types.ScalarAttributeTypeS
	if isInt {
		kind = types.ScalarAttributeTypeN
	}
	return types.AttributeDefinition{AttributeName: aws.String(name), AttributeType: kind}
}
