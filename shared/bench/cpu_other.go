//go:build !unix

package bench

import "time"

// cpuTime is not known on this system: figures show zero.
func cpuTime() time.Duration { return 0 }
