package privileges

import (
	"encoding/json"
	"fmt"
	"os"

	"kexin/infra/iam"
)

// Reason says why a right stays that no recorded call needs. Function, Action, Resource and Value may hold * and ? as in policies.
type Reason struct {
	Function string `json:"function"`
	Action   string `json:"action"`
	Resource string `json:"resource"`
	Value    string `json:"value"`
	// Why is the reason, and who shows that it is needed.
	Why string `json:"why"`
}

// Covers reports whether the reason is about r.
func (r Reason) Covers(right Right) bool {
	return iam.Like(r.Function, right.Function) && iam.Like(r.Action, right.Action) && iam.Like(r.Resource, right.Resource) && iam.Like(r.Value, right.Value)
}

// LoadReasons reads the reasons of rights that are left over.
func LoadReasons(path string) ([]Reason, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read reasons: %w", err)
	}
	var reasons []Reason
	if err := json.Unmarshal(data, &reasons); err != nil {
		return nil, fmt.Errorf("read reasons: %w", err)
	}
	return reasons, nil
}
