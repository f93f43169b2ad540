# Targets that `sam build` calls for the functions of template.yaml (BuildMethod: makefile), one for each logical id. ARTIFACTS_DIR is
# where the bootstrap goes. GOARCH=amd64 builds for another architecture than the template's.
# codec.notfastpath leaves out 6 MB of generated code of the row encoding.
GOARCH ?= arm64
lambda_build = CGO_ENABLED=0 GOOS=linux GOARCH=$(GOARCH) go build -trimpath -buildvcs=false -tags lambda.norpc,codec.notfastpath -ldflags "-s -w" -o "$(ARTIFACTS_DIR)/bootstrap"

.PHONY: build-ServePages build-SubmitForm build-AcceptSubmissions build-ServeConsole build-Approve build-OpenRestricted build-BuildExport \
	build-ReleaseArchive build-PurgeExpired build-SealAudit build-WatchAudit build-RotateKeys build-FoundRegister

build-ServePages:
	$(lambda_build) ./functions/serve-pages
build-SubmitForm:
	$(lambda_build) ./functions/submit-form
build-AcceptSubmissions:
	$(lambda_build) ./functions/accept-submissions
build-ServeConsole:
	$(lambda_build) ./functions/serve-console
build-Approve:
	$(lambda_build) ./functions/approve
build-OpenRestricted:
	$(lambda_build) ./functions/open-restricted
build-BuildExport:
	$(lambda_build) ./functions/build-export
build-ReleaseArchive:
	$(lambda_build) ./functions/release-archive
build-PurgeExpired:
	$(lambda_build) ./functions/purge-expired
build-SealAudit:
	$(lambda_build) ./functions/seal-audit
build-WatchAudit:
	$(lambda_build) ./functions/watch-audit
build-RotateKeys:
	$(lambda_build) ./functions/rotate-keys
build-FoundRegister:
	$(lambda_build) ./functions/found-register
