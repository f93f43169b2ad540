package docs

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"
	"time"

	"kexin/shared/approveapi"
	"kexin/shared/consoleapi"
	"kexin/shared/formapi"
	"kexin/shared/httpapi"
	"kexin/shared/releaseapi"
	"kexin/shared/siteapi"
)

// merged returns the document of all functions that answer HTTP, as they stand in the code.
func merged(t *testing.T) []byte {
	t.Helper()
	api := httpapi.New(httpapi.Info{Title: siteapi.Title, Version: siteapi.Version, Description: siteapi.Description, Now: time.Now})
	siteapi.Register(api, siteapi.Deps{})
	formapi.Register(api, formapi.Deps{})
	consoleapi.Register(api, consoleapi.Deps{})
	approveapi.Register(api, approveapi.Deps{})
	releaseapi.Register(api, releaseapi.Deps{})
	document, err := api.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := json.Indent(&text, document, "", " "); err != nil {
		t.Fatal(err)
	}
	text.WriteByte('\n')
	return text.Bytes()
}

// The document that /openapi.json answers, on AWS and on one machine, is of all functions together and up to date.
func TestDocumentIsOfTheCode(t *testing.T) {
	want := merged(t)
	if *update {
		if err := os.WriteFile("../shared/siteapi/openapi.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(siteapi.Document(), want) {
		t.Error("shared/siteapi/openapi.json is not what the code gives: run go test ./docs -update")
	}
}
