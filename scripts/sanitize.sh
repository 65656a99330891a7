#!/usr/bin/env bash
# Runs the unit tests under each sanitizer that Swift has on Linux: address (with leaks) and thread. There is
# no undefined-behaviour sanitizer for Swift here; its own checks (overflow, bounds, exclusivity) are on in
# every build. TidyTests reads files and runs no code of ours, so it stays out.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

need_swift
need_packages $libraries

known=$PWD/scripts/sanitizers
export ASAN_OPTIONS="detect_leaks=1:${ASAN_OPTIONS:-}"
export LSAN_OPTIONS="suppressions=$known/leak.txt:print_suppressions=0:${LSAN_OPTIONS:-}"
export TSAN_OPTIONS="suppressions=$known/thread.txt:print_suppressions=0:${TSAN_OPTIONS:-}"

verdict=()
failed=0
for sanitizer in ${SANITIZERS:-address thread}; do
    scratch=.build/sanitize/$sanitizer
    log=$scratch.log
    mkdir -p .build/sanitize
    echo "== $sanitizer"
    # A report fails the run even where the process ends well.
    # One test at a time: slowed down tenfold, tests that wait for a loop would keep each other from the
    # threads that they wait for.
    if swift test --sanitize="$sanitizer" --scratch-path "$scratch" --disable-xctest --no-parallel \
        --skip TidyTests >"$log" 2>&1 &&
        ! grep -qE '(Address|Leak|Thread)Sanitizer' "$log"; then
        tail -n 1 "$log"
        verdict+=("clean   $sanitizer")
    else
        cat "$log"
        verdict+=("FAILED  $sanitizer, output in $log")
        failed=1
    fi
done

echo
printf '%s\n' "${verdict[@]}"
exit "$failed"
