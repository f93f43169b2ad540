// Command dksq is the floor of functions with clients of DynamoDB, KMS, S3 and SQS: a handler with these clients and nothing else.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

func main() {
	config := aws.Config{Region: os.Getenv("AWS_REGION"), Credentials: environment{}}
	db := dynamodb.NewFromConfig(config)
	keys := kms.NewFromConfig(config)
	objects := s3.NewFromConfig(config)
	links := s3.NewPresignClient(objects)
	queue := sqs.NewFromConfig(config)
	lambda.Start(func(ctx context.Context) error {
		_, err := db.GetItem(ctx, &dynamodb.GetItemInput{})
		_, err = db.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{})
		_, err = db.Query(ctx, &dynamodb.QueryInput{})
		_, err = db.PutItem(ctx, &dynamodb.PutItemInput{})
		_, err = db.DeleteItem(ctx, &dynamodb.DeleteItemInput{})
		_, err = db.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{})
		_, err = keys.Encrypt(ctx, &kms.EncryptInput{})
		_, err = keys.Decrypt(ctx, &kms.DecryptInput{})
		_, err = keys.Sign(ctx, &kms.SignInput{})
		_, err = keys.GetPublicKey(ctx, &kms.GetPublicKeyInput{})
		_, err = objects.PutObject(ctx, &s3.PutObjectInput{})
		_, err = objects.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{})
		_, err = objects.UploadPart(ctx, &s3.UploadPartInput{})
		_, err = objects.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{})
		_, err = objects.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{})
		_, err = objects.GetObject(ctx, &s3.GetObjectInput{})
		_, err = objects.HeadObject(ctx, &s3.HeadObjectInput{})
		_, err = objects.DeleteObject(ctx, &s3.DeleteObjectInput{})
		_, err = objects.ListObjectsV2(ctx, &s3.ListObjectsV2Input{})
		_, err = objects.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{})
		_, err = links.PresignGetObject(ctx, &s3.GetObjectInput{})
		_, err = queue.SendMessage(ctx, &sqs.SendMessageInput{})
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
