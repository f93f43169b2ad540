package walk

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"kexin/infra/template"
	"kexin/shared/record"
)

// servers are the addresses of servers that this project did not write. DynamoDB Local keeps the tables, because it is right about
// conditions, transactions and streams; versitygw the objects, because it verifies signatures of requests and links; MiniStack the root
// keys, because its signatures verify offline (that it opens tampered ciphertexts does not matter here), and the queue.
type servers struct{ dynamodb, kms, s3, access, secret string }

func configured() (servers, bool) {
	s := servers{os.Getenv("KEXIN_TEST_DYNAMODB"), os.Getenv("KEXIN_TEST_KMS_MINISTACK"), os.Getenv("KEXIN_TEST_S3"),
		os.Getenv("KEXIN_TEST_S3_ACCESS"), os.Getenv("KEXIN_TEST_S3_SECRET")}
	return s, s.dynamodb != "" && s.kms != "" && s.s3 != ""
}

const region = "eu-central-1"

// stack is the deployment that template.yaml describes, stood up on servers.
type stack struct {
	servers
	template  template.Template
	names     map[string]string // physical names and addresses by "LogicalId" and "LogicalId.Attribute", parameters among them
	suffix    string
	dynamo    *dynamodb.Client
	streams   *dynamodbstreams.Client
	kms       *kms.Client
	s3        *s3.Client
	sqs       *sqs.Client
	functions map[string]template.Map
	guards    *guards
}

func newStack(t *testing.T, s servers, issuer string) *stack {
	t.Helper()
	parsed, err := template.Find()
	if err != nil {
		t.Fatal(err)
	}
	k := clients(s)
	k.template, k.suffix, k.functions = parsed, fmt.Sprint(time.Now().UnixNano()), parsed.Of("AWS::Serverless::Function")
	k.guards = newGuards(t, parsed)
	k.parameters(issuer)
	for _, create := range []func(context.Context) error{k.createTables, k.createKeys, k.createBuckets, k.createQueues} {
		if err := create(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(k.remove)
	return k
}

// clients returns a stack of nothing yet, with clients of the servers.
func clients(s servers) *stack {
	key := credentials.NewStaticCredentialsProvider(s.access, s.secret, "")
	return &stack{servers: s, names: map[string]string{},
		dynamo:  dynamodb.New(dynamodb.Options{Region: region, BaseEndpoint: &s.dynamodb, Credentials: key}),
		streams: dynamodbstreams.New(dynamodbstreams.Options{Region: region, BaseEndpoint: &s.dynamodb, Credentials: key}),
		kms:     kms.New(kms.Options{Region: region, BaseEndpoint: &s.kms, Credentials: key}),
		s3:      s3.New(s3.Options{Region: region, BaseEndpoint: &s.s3, Credentials: key, UsePathStyle: true}),
		sqs:     sqs.New(sqs.Options{Region: region, BaseEndpoint: &s.kms, Credentials: key})}
}

func (k *stack) parameters(issuer string) {
	for name, parameter := range k.template.Parameters {
		if value, ok := parameter.(template.Map)["Default"]; ok {
			k.names[name] = fmt.Sprint(value)
		}
	}
	k.names["Deployment"] = record.IDFromBytes(record.PrefixDeployment, [16]byte([]byte(k.suffix)[:16]))
	k.names["OidcIssuer"], k.names["OidcAudience"], k.names["ConsoleOrigin"] = issuer, "kexin", "https://console.example"
	for id := range k.functions {
		k.names[id] = id
	}
}

// lookup resolves a reference of the template.
func (k *stack) lookup(id, attribute string) (string, error) {
	key := strings.TrimSuffix(id+"."+attribute, ".")
	value, ok := k.names[key]
	if !ok {
		return "", fmt.Errorf("nothing was created for %s", key)
	}
	return value, nil
}

// environment is exactly what the template gives a function, what Lambda gives every one, and where the services are.
func (k *stack) environment(id string, services []string) ([]string, error) {
	environ := append([]string{"AWS_REGION=" + region, "AWS_ACCESS_KEY_ID=" + k.access, "AWS_SECRET_ACCESS_KEY=" + k.secret}, services...)
	for name, value := range template.At(k.functions[id], "Environment", "Variables") {
		text, err := template.Resolve(value, k.lookup)
		if err != nil {
			return nil, err
		}
		environ = append(environ, name+"="+text)
	}
	return environ, nil
}

func (k *stack) createTables(ctx context.Context) error {
	for id, table := range k.template.Of("AWS::DynamoDB::Table") {
		name := strings.ToLower(id) + "-" + k.suffix
		input := &dynamodb.CreateTableInput{TableName: &name, BillingMode: dbtypes.BillingModePayPerRequest, KeySchema: keySchema(table["KeySchema"])}
		for _, attribute := range table["AttributeDefinitions"].([]any) {
			a := attribute.(template.Map)
			input.AttributeDefinitions = append(input.AttributeDefinitions, dbtypes.AttributeDefinition{
				AttributeName: aws.String(a["AttributeName"].(string)), AttributeType: dbtypes.ScalarAttributeType(a["AttributeType"].(string))})
		}
		indexes, _ := table["GlobalSecondaryIndexes"].([]any)
		for _, index := range indexes {
			i := index.(template.Map)
			input.GlobalSecondaryIndexes = append(input.GlobalSecondaryIndexes, dbtypes.GlobalSecondaryIndex{
				IndexName: aws.String(i["IndexName"].(string)), KeySchema: keySchema(i["KeySchema"]),
				Projection: &dbtypes.Projection{ProjectionType: dbtypes.ProjectionType(template.At(i, "Projection")["ProjectionType"].(string))}})
		}
		if stream := template.At(table, "StreamSpecification"); stream != nil {
			input.StreamSpecification = &dbtypes.StreamSpecification{StreamEnabled: aws.Bool(true),
				StreamViewType: dbtypes.StreamViewType(stream["StreamViewType"].(string))}
		}
		out, err := k.dynamo.CreateTable(ctx, input)
		if err != nil {
			return fmt.Errorf("create %s: %w", id, err)
		}
		k.names[id] = name
		k.names[id+".StreamArn"] = aws.ToString(out.TableDescription.LatestStreamArn)
	}
	return nil
}

func keySchema(value any) []dbtypes.KeySchemaElement {
	var schema []dbtypes.KeySchemaElement
	for _, element := range value.([]any) {
		e := element.(template.Map)
		schema = append(schema, dbtypes.KeySchemaElement{AttributeName: aws.String(e["AttributeName"].(string)), KeyType: dbtypes.KeyType(e["KeyType"].(string))})
	}
	return schema
}

func (k *stack) createKeys(ctx context.Context) error {
	for id, key := range k.template.Of("AWS::KMS::Key") {
		input := &kms.CreateKeyInput{}
		if spec, ok := key["KeySpec"].(string); ok {
			input.KeySpec, input.KeyUsage = kmstypes.KeySpec(spec), kmstypes.KeyUsageType(key["KeyUsage"].(string))
		}
		out, err := k.kms.CreateKey(ctx, input)
		if err != nil {
			return fmt.Errorf("create %s: %w", id, err)
		}
		k.names[id+".Arn"] = *out.KeyMetadata.Arn
	}
	public, err := k.kms.GetPublicKey(ctx, &kms.GetPublicKeyInput{KeyId: aws.String(k.names["ManifestKeyPair.Arn"])})
	if err != nil {
		return fmt.Errorf("public half of the manifest's key: %w", err)
	}
	k.names["ManifestKey"] = base64.StdEncoding.EncodeToString(public.PublicKey)
	return nil
}

func (k *stack) createBuckets(ctx context.Context) error {
	for id, bucket := range k.template.Of("AWS::S3::Bucket") {
		name := strings.ToLower(id) + "-" + k.suffix
		locked := bucket["ObjectLockEnabled"] == true
		if _, err := k.s3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &name, ObjectLockEnabledForBucket: &locked}); err != nil {
			return fmt.Errorf("create %s: %w", id, err)
		}
		_, err := k.s3.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: &name,
			VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled}})
		if err != nil {
			return fmt.Errorf("create %s: %w", id, err)
		}
		k.names[id], k.names[id+".RegionalDomainName"] = name, name+".s3.example"
	}
	return nil
}

func (k *stack) createQueues(ctx context.Context) error {
	for id := range k.template.Of("AWS::SQS::Queue") {
		name := id + "-" + k.suffix
		out, err := k.sqs.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name})
		if err != nil {
			return fmt.Errorf("create %s: %w", id, err)
		}
		k.names[id] = *out.QueueUrl
	}
	return nil
}

// remove takes the tables away, whose memory another test may want; the rest goes with its server.
func (k *stack) remove() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var failed error
	for id := range k.template.Of("AWS::DynamoDB::Table") {
		_, err := k.dynamo.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: aws.String(k.names[id])})
		failed = errors.Join(failed, err)
	}
	if failed != nil {
		fmt.Fprintln(os.Stderr, "remove tables:", failed)
	}
}
