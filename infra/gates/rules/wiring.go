package main

import (
	"slices"
	"strings"

	"kexin/infra/template"
	"kexin/shared/telemetry"
)

// partitions finds ARNs that name a partition, which are wrong in the other one.
func partitions(s stack, found func(string, string, ...any)) {
	for id, r := range s.resources {
		for _, fixed := range []string{"arn:aws:", "arn:aws-cn:", ".amazonaws.com/", "amazonaws.com.cn"} {
			if text := encode(r.Properties); strings.Contains(text, fixed) {
				at := strings.Index(text, fixed)
				found(id, "names a partition: %s", text[at:min(len(text), at+60)])
			}
		}
	}
}

// transport finds buckets, queues and topics that take requests without TLS.
func transport(s stack, found func(string, string, ...any)) {
	closed := map[string]bool{}
	for _, st := range s.statements() {
		secure := template.At(st.body, "Condition", "Bool")["aws:SecureTransport"]
		if st.body["Effect"] != "Deny" || st.body["Principal"] != "*" || secure != "false" && secure != false {
			continue
		}
		for _, on := range template.List(st.body["Resource"]) {
			if id, _ := target(on); id != "" {
				closed[id] = true
			} else if m, ok := on.(template.Map); ok {
				closed[encode(m["Fn::Sub"])] = true
			}
		}
	}
	for id, r := range s.resources {
		switch r.Type {
		case "AWS::S3::Bucket":
			if !closed[id] || !closed[encode("${"+id+".Arn}/*")] {
				found(id, "takes requests without TLS")
			}
		case "AWS::SQS::Queue", "AWS::SNS::Topic":
			if !closed[id] {
				found(id, "takes requests without TLS")
			}
		}
	}
}

// deadEnds returns findings for queues that would try for ever: each passes on what cannot be handled, or is where that goes.
func deadEnds(s stack, found func(string, string, ...any)) {
	ends := s.deadLetters()
	for _, id := range s.of("AWS::SQS::Queue") {
		redrive, _ := s.resources[id].Properties["RedrivePolicy"].(template.Map)
		end, _ := target(redrive["deadLetterTargetArn"])
		if !slices.Contains(ends, id) && (end == "" || redrive["maxReceiveCount"] == nil) {
			found(id, "has no dead letters, and is not where dead letters go")
		}
	}
}

// deadLetters lists the queues that something is given up to.
func (s stack) deadLetters() []string {
	var ends []string
	add := func(value any) {
		if id, _ := target(value); id != "" && s.resources[id].Type == "AWS::SQS::Queue" && !slices.Contains(ends, id) {
			ends = append(ends, id)
		}
	}
	for _, r := range s.resources {
		add(template.At(r.Properties, "RedrivePolicy")["deadLetterTargetArn"])
		add(template.At(r.Properties, "DeadLetterConfig")["TargetArn"])
		add(template.At(r.Properties, "DestinationConfig", "OnFailure")["Destination"])
		add(template.At(r.Properties, "Target", "DeadLetterConfig")["Arn"])
	}
	slices.Sort(ends)
	return ends
}

// alarms finds functions and dead letters that nobody is told about.
func alarms(s stack, found func(string, string, ...any)) {
	watched := map[string]bool{}
	for _, id := range s.of("AWS::CloudWatch::Alarm") {
		p := s.resources[id].Properties
		if len(template.List(p["AlarmActions"])) == 0 {
			found(id, "tells nobody")
		}
		for _, dimension := range template.List(p["Dimensions"]) {
			d, _ := dimension.(template.Map)
			of, _ := target(d["Value"])
			watched[encode(p["MetricName"])+of] = true
		}
	}
	for _, id := range s.of("AWS::Lambda::Function") {
		for _, metric := range []string{"Errors", "Throttles"} {
			if !watched[encode(metric)+id] {
				found(id, "no alarm on its %s", metric)
			}
		}
	}
	for _, id := range s.deadLetters() {
		if !watched[encode("ApproximateNumberOfMessagesVisible")+id] {
			found(id, "no alarm on its depth")
		}
	}
}

// metrics finds alarms on metrics that nothing measures: they would stay silent for ever.
func metrics(s stack, found func(string, string, ...any)) {
	for _, id := range s.of("AWS::CloudWatch::Alarm") {
		p := s.resources[id].Properties
		check := func(metric template.Map) {
			if metric["Namespace"] == telemetry.Namespace && !measured(metric) {
				found(id, "nothing measures %s", encode(metric))
			}
		}
		check(p)
		for _, query := range template.List(p["Metrics"]) {
			q, _ := query.(template.Map)
			check(template.At(q, "MetricStat", "Metric"))
		}
	}
}

// measured reports whether the catalogue of metrics has a metric with those dimensions.
func measured(metric template.Map) bool {
	given := map[string]string{}
	for _, dimension := range template.List(metric["Dimensions"]) {
		d, _ := dimension.(template.Map)
		name, _ := d["Name"].(string)
		given[name], _ = d["Value"].(string)
	}
	return slices.ContainsFunc(telemetry.Catalogue(), func(m telemetry.Metric) bool {
		return m.Name == metric["MetricName"] && matches(m, given)
	})
}

// ownRoles finds functions that share a role, and roles that more than a service can take.
func ownRoles(s stack, found func(string, string, ...any)) {
	users := map[string]string{}
	for _, id := range s.of("AWS::Lambda::Function") {
		role, _ := target(s.resources[id].Properties["Role"])
		if users[role] != "" || s.resources[role].Type != "AWS::IAM::Role" {
			found(id, "no role of its own: %s, also of %s", role, users[role])
		}
		users[role] = id
	}
	for _, st := range s.statements() {
		principal, _ := st.body["Principal"].(template.Map)
		if st.where == "AssumeRolePolicyDocument" && (len(principal) != 1 || principal["Service"] == nil) {
			found(st.owner, "can be taken by %s", encode(st.body["Principal"]))
		}
	}
}

// ownLogs finds functions whose logs lie where no retention and no key of ours reaches them.
func ownLogs(s stack, found func(string, string, ...any)) {
	users := map[string]string{}
	for _, id := range s.of("AWS::Lambda::Function") {
		group, _ := target(template.At(s.resources[id].Properties, "LoggingConfig")["LogGroup"])
		if users[group] != "" || s.resources[group].Type != "AWS::Logs::LogGroup" {
			found(id, "no log group of its own")
		}
		users[group] = id
	}
}

// matches reports whether a metric exists with exactly those dimensions.
func matches(m telemetry.Metric, dimensions map[string]string) bool {
	from, label := dimensions[telemetry.FunctionDimension], dimensions[m.By]
	if m.From != nil && !slices.Contains(m.From, from) || from == "" {
		return false
	}
	if len(dimensions) == 1 {
		return true
	}
	return len(dimensions) == 2 && m.By != "" && label != "" && (m.Values == nil || slices.Contains(m.Values, label))
}

// traced finds roles that are left out where traces are sent: their functions would fail to send them, one by one.
func traced(s stack, found func(string, string, ...any)) {
	for _, id := range s.of("AWS::IAM::ManagedPolicy") {
		holders := encode(s.resources[id].Properties["Roles"])
		for _, function := range s.of("AWS::Lambda::Function") {
			role, _ := target(s.resources[function].Properties["Role"])
			if !strings.Contains(holders, encode(role)) {
				found(function, "its role is not in %s", id)
			}
		}
	}
}
