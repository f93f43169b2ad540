// Package start measures what a function costs before its first event: its binary and the time from the start of its process until it asks
// for an event, beside a handler with the same clients of AWS and nothing else.
package start
