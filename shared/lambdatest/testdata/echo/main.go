// Command echo is the function that the test of lambdatest runs: it answers with its event, or does what the event says.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"kexin/shared/lambdaevent"
)

func main() {
	if os.Getenv("KEXIN_TEST_EXIT") != "" {
		fmt.Fprintln(os.Stderr, "cannot start")
		os.Exit(3)
	}
	lambda.Start(lambdaevent.Function(func(ctx context.Context, event []byte) ([]byte, error) {
		switch string(event) {
		case `"fail"`:
			return nil, errors.New("refused on request")
		case `"panic"`:
			panic("marker")
		case `"exit"`:
			os.Exit(4)
		case `"hang"`:
			<-ctx.Done()
			time.Sleep(time.Hour)
		case `"late"`:
			<-ctx.Done()
			time.Sleep(200 * time.Millisecond)
		case `"env"`:
			return []byte(os.Getenv("KEXIN_TEST_WORD")), nil
		}
		return event, nil
	}))
}
