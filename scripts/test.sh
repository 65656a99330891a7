#!/usr/bin/env bash
# Builds, then runs the unit tests and the end-to-end tests, both whatever the other says; one verdict ends
# it. SIGNALBOX_BINARY names another binary for the end-to-end tests; PYTEST_WORKERS says how many run at
# once.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

need_swift
need_packages $libraries $judges
scripts/environment.sh

logs=.build/test-logs
mkdir -p "$logs"
verdict=()
failed=0

# Runs one part and keeps its output; shows the last lines when it passed, all but the good news when it
# failed.
part() {
    local name=$1 lines=$2 started=$SECONDS log
    shift 2
    log="$logs/$name.log"
    echo "== $name: $*"
    if "$@" >"$log" 2>&1; then
        tail -n "$lines" "$log"
        verdict+=("passed  $name  $((SECONDS - started)) s")
    else
        grep -vE '^(◇|✔)' "$log" || true
        verdict+=("FAILED  $name  $((SECONDS - started)) s, output in $log")
        failed=1
    fi
}

part build 1 swift build --build-tests
if [ "$failed" -eq 0 ]; then
    part unit 1 swift test --skip-build --disable-xctest
    export SIGNALBOX_BINARY="${SIGNALBOX_BINARY:-$PWD/.build/debug/signalbox}"
    PATH="$PWD/.venv/bin:$PATH" part end-to-end 5 \
        .venv/bin/python -m pytest Tests/EndToEnd -n "${PYTEST_WORKERS:-2}" --quiet
    # The oracle and its helpers; `make chaos` plays them against the daemon.
    part chaos-parts 5 .venv/bin/python -m pytest Tests/Chaos -n "${PYTEST_WORKERS:-2}" --quiet
fi
# Needs no build: dashboards, alerts, and what they ask of the catalogue.
part observability 5 .venv/bin/python -m pytest Tests/Observability -n "${PYTEST_WORKERS:-2}" --quiet

echo
printf '%s\n' "${verdict[@]}"
if [ "$failed" -ne 0 ]; then
    echo "make test: FAILED"
    exit 1
fi
echo "make test: passed"
