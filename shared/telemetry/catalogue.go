package telemetry

// Unit is a unit of CloudWatch.
type Unit string

// The units in use.
const (
	Count        Unit = "Count"
	Milliseconds Unit = "Milliseconds"
	Seconds      Unit = "Seconds"
)

// Namespace is the CloudWatch namespace of all metrics, and FunctionDimension the dimension that each has: the kebab-case name of the
// function that measured.
const (
	Namespace         = "Kexin"
	FunctionDimension = "function"
)

// Metric is one kind of measurement. It exists once per function, and once more per function and By when it has that dimension. Values
// of By are a few words of the code, never an identifier.
type Metric struct {
	Name string
	Unit Unit
	By   string // second dimension; "" for none
	// Values are all that By can be, in a word of the code's; nil when they are the names of actions.
	Values []string
	// Statistic is what an alarm looks at: Sum, Maximum or p99.
	Statistic string
	// From names the functions that measure it; nil for all.
	From []string
	// About says what is measured, in one sentence for docs/operations/metrics.md.
	About string
}

// Functions of the catalogue, by what they answer.
var (
	ofHTTP  = []string{"submit-form", "serve-console", "approve", "release-archive"}
	ofKeys  = []string{"submit-form", "accept-submissions", "serve-console", "open-restricted", "build-export", "release-archive", "seal-audit", "rotate-keys"}
	ofBatch = []string{"accept-submissions", "build-export"}
)

// The metrics.
var (
	Acts = Metric{Name: "acts", Unit: Count, By: "outcome", Values: []string{"allow", "deny", "outcome", "terminate", "failed", "unknown"}, Statistic: "Sum",
		About: "Entries of the audit log by verdict. `failed`: nothing happened because the entry or the act could not be committed; `unknown`: it may have happened."}
	Refusals = Metric{Name: "refusals", Unit: Count, By: "action", Statistic: "Sum",
		About: "Acts that were refused and recorded as such, by action. A rise is somebody trying."}
	Requests = Metric{Name: "requests", Unit: Count, By: "status", Values: []string{"1xx", "2xx", "3xx", "4xx", "5xx"}, Statistic: "Sum", From: ofHTTP,
		About: "Answers to HTTP requests by class of status."}
	Latency = Metric{Name: "latency", Unit: Milliseconds, Statistic: "p99", From: ofHTTP,
		About: "Time from the request to its answer, inside the function. The log has the route of each."}
	PurgeLag = Metric{Name: "purge-lag", Unit: Seconds, Statistic: "Maximum", From: []string{"purge-expired"},
		About: "How long the oldest overdue deadline has been waiting when a run of the purge ends, to the day where time ran out; 0 when nothing due is left."}
	PurgeStopped = Metric{Name: "purge-stopped", Unit: Count, By: "reason", Values: []string{"clock", "too-many", "time", "error"}, Statistic: "Sum", From: []string{"purge-expired"},
		About: "Runs of the purge that did not finish. `clock` and `too-many` wait for a person; `time` goes on with the next run."}
	Destroyed = Metric{Name: "destroyed", Unit: Count, Statistic: "Sum", From: []string{"purge-expired"},
		About: "Customers and sections whose keys a run of the purge destroyed."}
	SealLag = Metric{Name: "seal-lag", Unit: Seconds, Statistic: "Maximum", From: []string{"seal-audit"},
		About: "How long the oldest entry that a run sealed had been waiting; 0 when there was none."}
	SealAlarms = Metric{Name: "seal-alarms", Unit: Count, By: "kind", Values: []string{"gap", "fork", "malformed", "after_terminator", "altered"}, Statistic: "Sum", From: []string{"seal-audit"},
		About: "Lanes of the audit log that cannot be sealed. None can come from a crash: rows were removed, replaced or forged."}
	AuditRowsChanged = Metric{Name: "audit-rows-changed", Unit: Count, Statistic: "Sum", From: []string{"watch-audit"},
		About: "Rows of the audit log that were replaced or removed although nothing of ours does that, each time the stream tells of one. One is one too many."}
	ExportRows = Metric{Name: "export-rows", Unit: Count, Statistic: "Sum", From: []string{"build-export"},
		About: "Customers written into archives that became ready."}
	KMSCalls = Metric{Name: "kms-calls", Unit: Count, By: "act", Values: []string{"wrap", "unwrap", "sign", "public-key"}, Statistic: "Sum", From: ofKeys,
		About: "Requests sent to KMS, each attempt counted."}
	KMSErrors = Metric{Name: "kms-errors", Unit: Count, By: "kind", Values: []string{"throttled", "unavailable", "refused", "disabled", "not-granted", "other"}, Statistic: "Sum", From: ofKeys,
		About: "Requests to KMS without the answer asked for, each attempt counted. `refused` is a ciphertext that KMS does not open, `not-granted` a right that is missing."}
	KMSCircuit = Metric{Name: "kms-circuit", Unit: Count, By: "event", Values: []string{"opened", "refused", "closed"}, Statistic: "Sum", From: ofKeys,
		About: "The circuit before KMS: `opened` after throttling, calls `refused` without being sent, `closed` by a probe that was answered."}
	StoreRetries = Metric{Name: "store-retries", Unit: Count, By: "cause", Values: []string{"throttled", "conflict", "unreached", "open", "unprocessed"}, Statistic: "Sum",
		About: "Calls of DynamoDB that were sent again, by cause. `open`: the outcome of the attempt was not known."}
	RetriesSpent = Metric{Name: "retries-spent", Unit: Count, By: "service", Values: []string{"dynamodb", "kms", "sdk"}, Statistic: "Sum",
		About: "Calls that failed because the process had used up its budget of retries, by who asked for one (`sdk`: reads, objects and messages, which the SDK repeats): a service is in trouble, and asking more would not help it."}
	BatchFailures = Metric{Name: "batch-failures", Unit: Count, Statistic: "Sum", From: ofBatch,
		About: "Records of a stream or queue that failed and come again."}
	EventAge = Metric{Name: "event-age", Unit: Seconds, Statistic: "Maximum", From: ofBatch,
		About: "Age of the oldest record of a batch when it was handled: since the change, or since the message was sent. The age of the dead letters themselves is ApproximateAgeOfOldestMessage of AWS/SQS."}
	Redelivered = Metric{Name: "redelivered", Unit: Count, Statistic: "Sum", From: []string{"build-export"},
		About: "Messages that were handed over before. After the queue's maxReceiveCount a message becomes a dead letter."}
)

// Catalogue returns all metrics in the order of the documentation.
func Catalogue() []Metric {
	return []Metric{Acts, Refusals, Requests, Latency, PurgeLag, PurgeStopped, Destroyed, SealLag, SealAlarms, AuditRowsChanged, ExportRows, KMSCalls,
		KMSErrors, KMSCircuit, StoreRetries, RetriesSpent, BatchFailures, EventAge, Redelivered}
}
