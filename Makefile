# `make` alone lists what there is to make.

.DEFAULT_GOAL := help
.PHONY: help run build observe test alerts dashboards pictures flood crowd chaos sanitize bench bench-memory bench-usage bench-metrics bench-micro bench-store simulate fuzz format lint clean

release := swift build --configuration release --static-swift-stdlib -Xswiftc -enforce-exclusivity=unchecked
swift_places := $(wildcard Sources Tests Benchmarks Package.swift)
seconds ?= 60
seed ?= $(shell date +%s)
target ?= all
jobs ?= $(shell nproc)
prometheus ?= http://127.0.0.1:9090
options ?=

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

run: ## build a release and serve the demo: three mock providers, no key needed
	@scripts/run.sh

build: ## build the release binary, .build/release/signalbox
	@scripts/build.sh

observe: ## the demo's day under Debian's prometheus and alertmanager, with our alerts; options="--day 3m"
	@scripts/observe.sh $(options)

test: ## unit tests, tidy tests and end-to-end tests
	@scripts/test.sh

alerts: ## alerts and runbooks: each fires, each is silent, nothing is asked for that is not exported
	@scripts/alerts.sh $(options)

dashboards: ## write dashboards/*.json from dashboards/source
	@cd dashboards && python3 -m source

pictures: ## draw the dashboards with what a Prometheus has: prometheus=http://127.0.0.1:9090 options="--last 600"
	@scripts/pictures.sh --prometheus $(prometheus) $(options)

flood: ## a million requests for random models at the release binary: series and memory stay flat
	@scripts/flood.sh

crowd: ## 5,000 requests wait for 16 places at the release binary: order, waits, memory
	@scripts/crowd.sh

chaos: ## kill -9, full disks, wrong clocks, bad receivers: is every answer billed once? seconds=180 seed=1
	@scripts/chaos.sh --seconds $(if $(filter file,$(origin seconds)),180,$(seconds)) --seed $(seed) $(options)

sanitize: ## unit tests under the address and thread sanitizers
	@scripts/sanitize.sh

bench: ## direct, nginx, signalbox and envoy on one core, one table; options="--rounds 5"
	@scripts/bench.sh $(options)

bench-memory: ## 500 concurrent 150 KB bodies: peak memory, and what is given back
	@scripts/bench.sh --memory $(options)

bench-usage: ## what usage records cost, and how fast they are delivered; options="--only durability"
	@scripts/bench.sh --usage $(options)

bench-metrics: ## ns per operation and ms per scrape, beside client_golang and prometheus_client
	@scripts/bench-metrics.sh

bench-micro: ## time the inner loops
	@$(release) --product signalbox-microbench
	@$(release) --product signalbox-microbench-telemetry
	@.build/release/signalbox-microbench
	@.build/release/signalbox-microbench-telemetry

bench-store: ## how fast usage records become durable, by how many wait at once
	@$(release) --product signalbox-bench-store
	@.build/release/signalbox-bench-store $(options)

simulate: ## hours of traffic for every routing strategy; options="2 9 1": hours, requests/s, seed
	@$(release) --product signalbox-simulate
	@.build/release/signalbox-simulate $(options)

fuzz: ## feed every decoder noise, a minute each: target=yaml|streams|streams:groq seconds=60 seed=1 jobs=2
	@scripts/fuzz.sh $(if $(options),$(options),$(target) $(seconds) $(seed) $(jobs))

format: ## lay out every Swift file, wrap comments that are too wide
	@find $(swift_places) scripts -name '*.swift' -o -name '*.sh' | xargs python3 scripts/wrap_comments.py
	@swift format --in-place --parallel --recursive $(swift_places)

lint: ## layout and the rules of STYLE
	@swift format lint --strict --parallel --recursive $(swift_places)
	@swift test --filter TidyTests --disable-xctest --quiet

clean: ## remove what was built, the Python environment too
	@rm -rf .build .venv
