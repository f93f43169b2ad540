// Command d is the floor of functions with clients of DynamoDB: a handler with these clients and nothing else.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

func main() {
	config := aws.Config{Region: os.Getenv("AWS_REGION"), Credentials: environment{}}
	db := dynamodb.NewFromConfig(config)
	lambda.Start(func(ctx context.Context) error {
		_, err := db.GetItem(ctx, &dynamodb.GetItemInput{})
		_, err = db.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{})
		_, err = db.Query(ctx, &dynamodb.QueryInput{})
		_, err = db.PutItem(ctx, &dynamodb.PutItemInput{})
		_, err = db.DeleteItem(ctx, &dynamodb.DeleteItemInput{})
		_, err = db.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{})
		return err
	})
}

// environment takes the credentials that Lambda sets.
type environment struct{}

// Retrieve implements aws.CredentialsProvider.
func (environment) Retrieve(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken: os.Getenv("AWS_SESSION_TOKEN")}, nil
}
