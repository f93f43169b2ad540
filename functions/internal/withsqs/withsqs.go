// Package withsqs lets a function tell another one by a queue. It is apart from boot so that only functions that do link SQS.
package withsqs

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"kexin/functions/internal/boot"
	"kexin/shared/record"
)

// WakeBuilder returns what tells build-export that an export is queued.
func WakeBuilder(b *boot.Boot) func(context.Context, record.ExportID) error {
	client := sqs.NewFromConfig(b.Platform.Config(), func(o *sqs.Options) { o.BaseEndpoint = b.Platform.Endpoint("SQS") })
	queue := b.Settings.Queues.Exports
	return func(ctx context.Context, id record.ExportID) error {
		body, err := json.Marshal(boot.ExportMessage{Export: id})
		if err != nil {
			return fmt.Errorf("encode message: %w", err)
		}
		text := string(body)
		if _, err := client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &queue, MessageBody: &text}); err != nil {
			return fmt.Errorf("send message: %w", err)
		}
		return nil
	}
}
