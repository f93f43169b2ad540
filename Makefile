# Kexin 客信. `make help` lists what there is.
.DEFAULT_GOAL := help
.PHONY: help run build test race vet bench emulated plan deploy destroy clean

KEXIN_DEMO ?= 1
export KEXIN_DEMO

help: ## list the targets
	@grep -hE '^[a-zA-Z_%-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F':.*## ' '{printf "  %-16s %s\n", $$1, $$2}'

run: build ## serve on 127.0.0.1:8080 (KEXIN_ADDR) with data in kexin-data/ (KEXIN_DATA); KEXIN_DEMO=0 for a product store
	@./bin/kexin-local

build: ## build the server and the command line into bin/
	@mkdir -p bin
	go build -trimpath -o bin/kexin-local ./infra/local
	go build -trimpath -o bin/kexin ./cmd/kexin

test: ## all tests that need nothing but Go
	go test ./...

race: ## the tests under the race detector
	go test -race ./...

vet: ## go vet and gofmt
	go vet ./...
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); exit 1; }

bench: build ## CPU, throughput, floors and AWS costs of the embedded server (BENCH='--customers 100000' for the full store)
	./bin/kexin bench $(BENCH)

emulated: ## deploy template.yaml onto an emulator on this machine and walk the main job there (Go, Python 3)
	infra/emulated/run.sh

plan: ## what a deployment on AWS would change (settings in deploy.env, or DEPLOY=file); changes nothing
	@infra/deploy/plan.sh

deploy: ## deploy on AWS as deploy.env says, or update (docs/operations/deploy.md)
	@infra/deploy/deploy.sh

destroy: ## take a deployment away (CONFIRM=stack); refuses while data lives in it
	@CONFIRM=$(CONFIRM) infra/deploy/destroy.sh

clean: ## remove what was built (not the data)
	rm -rf bin .aws-sam

-include infra/build.mk
