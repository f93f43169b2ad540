package walk

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"kexin/shared/grants"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/store"
)

// throttledWalk runs the script once more while every 40th call of each service is refused. Calls between functions are left out: they are
// not repeated, because the function behind them may have acted (throttledInvocation).
func (e *emulator) throttledWalk(t *testing.T, bin string) {
	e.set("often", func(a attempt) verdict {
		if a.service != "LAMBDA" && !a.link && a.number%40 == 0 {
			return throttle
		}
		return passes
	})
	t.Run("script", func(t *testing.T) { e.walk(t, bin) }) // which ends when the script has ended
	struck := e.lift("often")
	t.Logf("%d calls were throttled", struck)
	if struck < 15 {
		t.Errorf("only %d calls were throttled", struck)
	}
}

// throttledInvocation refuses serve-console's call of open-restricted: an answer that says so, and no damage.
func (e *emulator) throttledInvocation(t *testing.T) {
	e.submit(t, "13911110001")
	customer := e.customer(t, "13911110001", patience)
	reveal := func(more string) request {
		return request{account: "admin", method: "POST", path: "/v1/customers/" + customer + "/reveals",
			body: `{"field":"home_address","purpose":"contract_service","reason":"verify_identity"` + more + `}`}
	}
	approval := e.ask(t, reveal(""), http.StatusAccepted, "approval")
	e.ask(t, request{account: "auditor", method: "POST", path: "/v1/approvals/" + approval, body: `{"allow":true}`}, http.StatusOK, "")
	approved := reveal(`,"approval":"` + approval + `"`)
	e.set("between", func(a attempt) verdict {
		if a.service == "LAMBDA" {
			return throttle
		}
		return passes
	})
	status, body, err := e.walker.send(approved)
	if struck := e.lift("between"); err != nil || struck == 0 || status != http.StatusServiceUnavailable {
		t.Errorf("status %d after %d refused calls, %v: %.300s", status, struck, err, body)
	}
	if status, body, err := e.walker.send(approved); err != nil || status != http.StatusOK {
		t.Errorf("afterwards: status %d, %v: %.300s", status, err, body)
	}
}

// order asks for an export that needs nobody's approval and returns its id.
func (e *emulator) order(t *testing.T) string {
	t.Helper()
	return e.ask(t, request{account: "manager", key: rand.Text(), method: "POST", path: "/v1/exports",
		body: `{"purpose":"contract_service","reason":"report","fields":["name","phone"],"department":"service","format":"ndjson","language":"en"}`}, http.StatusAccepted, "export")
}

// messages lets one batch bring a message that is done, one that fails for a while, and one that fails until it is dead; then the first
// message comes once more. The queue's 90 minutes of invisibility become one second for it.
func (e *emulator) messages(t *testing.T) {
	queue := e.names["ExportsQueue"]
	visibility := e.attribute(t, queue, sqstypes.QueueAttributeNameVisibilityTimeout)
	e.setAttribute(t, queue, sqstypes.QueueAttributeNameVisibilityTimeout, "1")
	e.mapping(t, "BuildExportQueued", false)
	good, later, dead := e.order(t), e.order(t), e.order(t)
	for _, id := range []string{later, dead} {
		e.set(id, func(a attempt) verdict {
			if a.service == "DYNAMODB" && a.mentions(id) && !a.mentions("QUERY") && strings.HasPrefix(a.operation, "Get") {
				return throttle
			}
			return passes
		})
	}
	e.mapping(t, "BuildExportQueued", true)
	e.ready(t, good)
	if state := e.stateOf(t, later); state == rows.ExportReady {
		t.Errorf("an export whose row could not be read is %s", state)
	}
	if e.lift(later) == 0 {
		t.Error("the message that fails for a while never failed")
	}
	e.ready(t, later) // its message comes again
	letters := e.names["ExportsDeadLetters"]
	err := again(t.Context(), func() (bool, error) {
		count := e.attribute(t, letters, sqstypes.QueueAttributeNameApproximateNumberOfMessages)
		return count == "1", fmt.Errorf("%s dead letters", count)
	})
	if err != nil {
		t.Error(err)
	}
	e.lift(dead)
	before := e.exportRow(t, good)
	_, err = e.stack.sqs.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &queue, MessageBody: ptr(`{"export":"` + good + `"}`)})
	if err != nil {
		t.Fatal(err)
	}
	err = again(t.Context(), func() (bool, error) {
		waiting := e.attribute(t, queue, sqstypes.QueueAttributeNameApproximateNumberOfMessages)
		taken := e.attribute(t, queue, sqstypes.QueueAttributeNameApproximateNumberOfMessagesNotVisible)
		return waiting == "0" && taken == "0", fmt.Errorf("%s messages wait, %s are taken", waiting, taken)
	})
	if after := e.exportRow(t, good); err != nil || after.Version != before.Version || after.Attempt != before.Attempt {
		t.Errorf("a message that came again: %v; version %d became %d", err, before.Version, after.Version)
	}
	if _, err := e.job(t.Context(), string(grants.BuildExport)); err != nil { // the sweep takes what died in the queue
		t.Error(err)
	}
	e.ready(t, dead)
	_, err = e.stack.sqs.PurgeQueue(t.Context(), &sqs.PurgeQueueInput{QueueUrl: &letters})
	if err != nil {
		t.Error(err)
	}
	e.setAttribute(t, queue, sqstypes.QueueAttributeNameVisibilityTimeout, visibility)
}

func ptr(text string) *string { return &text }

// ready waits until an export is built. It reads the row, because a rule may stand in the way of HTTP.
func (e *emulator) ready(t *testing.T, id string) {
	t.Helper()
	err := again(t.Context(), func() (bool, error) {
		state := e.stateOf(t, id)
		return state == rows.ExportReady, fmt.Errorf("export %s is %s", id, state)
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, e.tail("ministack"))
	}
}

func (e *emulator) stateOf(t *testing.T, id string) string { return e.exportRow(t, id).State }

// exportRow reads an export's row.
func (e *emulator) exportRow(t *testing.T, id string) rows.ExportBody {
	t.Helper()
	item, err := e.store().Get(t.Context(), rows.ExportKey(record.ExportID(id)))
	var body rows.ExportBody
	if err := errors.Join(err, rows.Decode(item.Body, &body)); err != nil {
		t.Fatal(err)
	}
	return body
}

func (e *emulator) attribute(t *testing.T, queue string, name sqstypes.QueueAttributeName) string {
	t.Helper()
	out, err := e.stack.sqs.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &queue, AttributeNames: []sqstypes.QueueAttributeName{name}})
	if err != nil {
		t.Fatal(err)
	}
	return out.Attributes[string(name)]
}

func (e *emulator) setAttribute(t *testing.T, queue string, name sqstypes.QueueAttributeName, value string) {
	t.Helper()
	if _, err := e.stack.sqs.SetQueueAttributes(t.Context(), &sqs.SetQueueAttributesInput{QueueUrl: &queue, Attributes: map[string]string{string(name): value}}); err != nil {
		t.Fatal(err)
	}
}

// mapping switches an event source mapping.
func (e *emulator) mapping(t *testing.T, id string, on bool) {
	t.Helper()
	if _, _, err := e.call(t.Context(), "lambda", http.MethodPut, "/2015-03-31/event-source-mappings/"+e.names[id], "", map[string]bool{"Enabled": on}); err != nil {
		t.Fatal(err)
	}
}

// duplicates brings one change of the inbox's stream three times more, in one batch and alone, and wakes the purge three times at once.
func (e *emulator) duplicates(t *testing.T) {
	const phone = "13911110002"
	submission := e.submit(t, phone)
	customer := e.customer(t, phone, patience)
	change := map[string]any{"eventID": "1", "eventName": "INSERT", "eventSource": "aws:dynamodb", "dynamodb": map[string]any{"SequenceNumber": "1", "StreamViewType": "KEYS_ONLY",
		"Keys": map[string]any{"pk": map[string]string{"S": rows.PrefixSubmission + "00"}, "sk": map[string]string{"S": submission}}}}
	for _, batch := range [][]any{{change, change}, {change}} {
		event, err := json.Marshal(map[string]any{"Records": batch})
		if err != nil {
			t.Fatal(err)
		}
		if answer, err := e.invoke(t.Context(), grants.AcceptSubmissions, event); err != nil || string(answer) != `{"batchItemFailures":[]}` {
			t.Errorf("a change that came again: %s, %v", answer, err)
		}
	}
	if status, body, err := e.walker.send(search(phone)); err != nil || status != http.StatusOK || strings.Count(string(body), `"customer":`) != 1 || !strings.Contains(string(body), customer) {
		t.Errorf("status %d, %v: %s", status, err, body)
	}
	var turns sync.WaitGroup
	results := make(chan int, 3)
	for range 3 {
		turns.Go(func() {
			_, status, _ := e.call(t.Context(), "lambda", http.MethodPost, "/2015-03-31/functions/"+e.names[logical(grants.PurgeExpired)]+"/invocations", "", json.RawMessage(tickEvent()))
			results <- status
		})
	}
	turns.Wait()
	close(results)
	counts := map[int]int{}
	for status := range results {
		counts[status]++
	}
	if counts[http.StatusOK] == 0 || counts[http.StatusOK]+counts[http.StatusTooManyRequests] != 3 {
		t.Errorf("three turns at once: %v", counts)
	}
}

// interrupted kills a destruction and a build in the middle, at once since each needs waiting.
func (e *emulator) interrupted(t *testing.T) {
	e.submit(t, "13911110003")
	doomed := e.customer(t, "13911110003", patience)
	t.Run("together", func(t *testing.T) {
		t.Run("destruction", func(t *testing.T) { t.Parallel(); e.killedDestruction(t, doomed) })
		t.Run("build", func(t *testing.T) { t.Parallel(); e.killedBuild(t) })
	})
}

// killedDestruction lets the purge's time run out while it deletes bodies, after the head with its shred keys is gone.
func (e *emulator) killedDestruction(t *testing.T, customer string) {
	version := e.ask(t, request{account: "clerk", method: "GET", path: "/v1/customers/" + customer + "?purpose=contract_service"}, http.StatusOK, "version")
	e.ask(t, request{account: "admin", match: version, method: "POST", path: "/v1/customers/" + customer + "/destructions", body: `{"reason":"legal_duty"}`}, http.StatusAccepted, "")
	restore := e.configure(t, grants.PurgeExpired, 24) // 20 s of it are kept for ending well
	head := rows.HeadKey(record.CustomerID(customer))
	e.set("bodies", func(a attempt) verdict {
		if a.service == "DYNAMODB" && a.mentions(customer) && a.mentions(e.names["RecordsTable"]) && a.mentions("Delete") && !a.mentions(e.names["KeysTable"]) {
			return stall
		}
		return passes
	})
	report, err := e.job(t.Context(), string(grants.PurgeExpired))
	if struck := e.lift("bodies"); struck == 0 || err == nil {
		t.Errorf("the purge was not killed in the middle: %d calls hung, %s, %v", struck, report, err)
	}
	if _, err := e.store().Get(t.Context(), head); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the head is still there: %v", err)
	}
	e.ask(t, request{account: "clerk", method: "GET", path: "/v1/customers/" + customer + "?purpose=contract_service"}, http.StatusNotFound, "")
	restore()
	err = again(t.Context(), func() (bool, error) {
		report, err := e.job(t.Context(), string(grants.PurgeExpired))
		return err == nil && strings.Contains(string(report), `"complete":true`), fmt.Errorf("%s, %w", report, err)
	})
	if err != nil {
		t.Errorf("the next turn does not end it: %v", err)
	}
	err = again(t.Context(), func() (bool, error) {
		_, err := e.job(t.Context(), string(grants.SealAudit))
		status, body, _ := e.walker.send(request{account: "admin", method: "GET", path: "/v1/customers/" + customer + "/certificate"})
		return status == http.StatusOK, fmt.Errorf("certificate: %d %.200s, %w", status, body, err)
	})
	if err != nil {
		t.Error(err)
	}
}

// killedBuild lets build-export's time run out while it writes an archive: it lets go of the export before it is cut off, and the next turn
// takes it over at once.
func (e *emulator) killedBuild(t *testing.T) {
	restore := e.configure(t, grants.BuildExport, 24) // 20 s of it are kept for ending well
	e.set("archive", func(a attempt) verdict {
		if a.service == "S3" && a.mentions(e.names["ArchivesBucket"]) && !strings.HasPrefix(a.operation, "GET") {
			return stall
		}
		return passes
	})
	id := e.order(t)
	err := again(t.Context(), func() (bool, error) {
		row := e.exportRow(t, id)
		return e.strikes("archive") > 0 && row.Attempt > 0 && row.Lease <= time.Now().Unix(), errors.New("the build did not let go")
	})
	if err != nil {
		t.Errorf("%v: %d calls hung\n%s", err, e.strikes("archive"), e.tail("ministack"))
	}
	if state := e.stateOf(t, id); state != rows.ExportBuilding {
		t.Errorf("after the time was over the export is %s", state)
	}
	e.lift("archive")
	restore()
	if _, err := e.job(t.Context(), string(grants.BuildExport)); err != nil {
		t.Error(err)
	}
	e.ready(t, id)
	if attempt := e.exportRow(t, id).Attempt; attempt < 2 {
		t.Errorf("built in attempt %d", attempt)
	}
}

// lost is the phone of whom the stream loses.
const lost = "13911110004"

// lostChange lets every acceptance fail while the stream brings a submission. The emulator drops what a function reports as failed, as AWS
// does after a day.
func (e *emulator) lostChange(t *testing.T) {
	e.set("acceptance", func(a attempt) verdict {
		if a.service == "DYNAMODB" && a.operation == "TransactWriteItems" && a.mentions(e.names["InboxTable"]) && a.mentions(e.names["RecordsTable"]) {
			return throttle
		}
		return passes
	})
	began := time.Now()
	e.submit(t, lost)
	err := again(t.Context(), func() (bool, error) {
		said, err := e.said(t, e.names[logical(grants.AcceptSubmissions)], began)
		return e.strikes("acceptance") > 0 && strings.Contains(said, "failed"), fmt.Errorf("the stream brought nothing: %s, %w", said, err)
	})
	if err != nil {
		t.Error(err)
	}
	t.Logf("%d refusals", e.lift("acceptance"))
}

// foundChange waits for the sweep, whose schedule of a minute nobody has touched.
func (e *emulator) foundChange(t *testing.T) {
	began := time.Now()
	e.customer(t, lost, 75*time.Second)
	t.Logf("found after %v more", time.Since(began).Round(time.Second))
}
