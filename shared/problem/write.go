package problem

import (
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"strings"

	"kexin/shared/record"
	"kexin/shared/telemetry"
)

// Write answers r with p in the language that r asks for and with its request id.
func Write(w http.ResponseWriter, r *http.Request, p *Problem) {
	maps.Copy(w.Header(), p.headers)
	w.Header().Set("Content-Type", p.ContentType(""))
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Del("Content-Length")
	w.WriteHeader(p.Status)
	localized := p.Localized(Language(r.Header.Get("Accept-Language")), telemetry.RequestID(r.Context()))
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(localized) // the client is gone: nobody is left to tell
}

// Language returns what an Accept-Language header asks for: the language with the highest weight of those that Kexin speaks, Chinese
// when it names none.
func Language(accept string) record.Language {
	best, bestWeight := record.Chinese, 0.0
	for part := range strings.SplitSeq(accept, ",") {
		tag, parameters, _ := strings.Cut(part, ";")
		language, ok := languageOf(strings.ToLower(strings.TrimSpace(tag)))
		if weight := weightOf(parameters); ok && weight > bestWeight {
			best, bestWeight = language, weight
		}
	}
	return best
}

func languageOf(tag string) (record.Language, bool) {
	primary, _, _ := strings.Cut(tag, "-")
	switch primary {
	case "zh":
		return record.Chinese, true
	case "en":
		return record.English, true
	}
	return "", false
}

func weightOf(parameters string) float64 {
	value, ok := strings.CutPrefix(strings.TrimSpace(parameters), "q=")
	if !ok {
		return 1
	}
	weight, err := strconv.ParseFloat(value, 64)
	if err != nil || weight < 0 || weight > 1 {
		return 0
	}
	return weight
}
