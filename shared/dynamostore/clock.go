package dynamostore

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"kexin/shared/store"
)

// ErrNoTime: DynamoDB's answer did not say when it was given.
var ErrNoTime = errors.New("answer of the store has no date")

// Time returns the time of DynamoDB's own clock, to the second, from the Date header of a read of probe. Whether there is an item at
// probe does not matter; the caller must be allowed to read it.
func (s *Store) Time(ctx context.Context, probe store.Key) (time.Time, error) {
	name, err := s.name(probe.Table)
	if err != nil {
		return time.Time{}, err
	}
	out, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: name, Key: encodeKey(probe), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return time.Time{}, fmt.Errorf("ask store for its time: %w", readError(err))
	}
	response, ok := awsmiddleware.GetRawResponse(out.ResultMetadata).(*smithyhttp.Response)
	if !ok {
		return time.Time{}, ErrNoTime
	}
	at, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		return time.Time{}, ErrNoTime
	}
	return at, nil
}
