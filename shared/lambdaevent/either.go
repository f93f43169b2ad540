package lambdaevent

import (
	"context"
	"encoding/json"
	"fmt"
)

// Either returns the function that takes both the records of a stream or queue and the ticks of a schedule: an event with a member
// Records goes to batch, every other one to tick.
func Either(batch, tick Function) Function {
	return func(ctx context.Context, event []byte) ([]byte, error) {
		var shape struct {
			Records json.RawMessage
		}
		if err := json.Unmarshal(event, &shape); err != nil {
			return nil, fmt.Errorf("read event: %w", ErrEvent)
		}
		if shape.Records != nil {
			return batch(ctx, event)
		}
		return tick(ctx, event)
	}
}
