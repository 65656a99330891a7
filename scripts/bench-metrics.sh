#!/usr/bin/env bash
# Builds the three programs of Benchmarks/Metrics, then runs them in turn and prints one table.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

need_swift
need_packages $libraries golang-go golang-github-prometheus-client-golang-dev
scripts/environment.sh

swift build --configuration release --static-swift-stdlib -Xswiftc -enforce-exclusivity=unchecked \
    --product signalbox-microbench-telemetry >&2
# Debian's Go libraries are a GOPATH, without modules.
mkdir -p .build/bench-metrics
GO111MODULE=off GOFLAGS='' GOPATH=/usr/share/gocode GOCACHE=$PWD/.build/bench-metrics/cache \
    go build -o .build/bench-metrics/client_golang Benchmarks/Metrics/client_golang.go
exec .venv/bin/python Benchmarks/Metrics/compare.py \
    .build/release/signalbox-microbench-telemetry .build/bench-metrics/client_golang "$PWD/.venv/bin/python"
