#!/usr/bin/env bash
# scripts/fuzz.sh [TARGET [SECONDS [SEED [JOBS]]]]: every decoder that reads foreign bytes, fed noise, a
# minute each by default. By libFuzzer where the toolchain has it, else input by input. TARGET is `all`, one
# of `signalbox-fuzz list`, or what stands before its colon. FUZZ_ENGINE=loop does without libFuzzer.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

wanted=${1:-all}
duration=${2:-60}
seed=${3:-$(date +%s)}
jobs=${4:-$(nproc)}
# One input that takes as long, or a process that grows as large, is a failure.
slowest_seconds=10
largest_mebibytes=2048

need_swift
need_packages $libraries

kept=.build/fuzz-runs
program() { echo ".build/fuzz-$1/release/signalbox-fuzz"; }

# libFuzzer's driver without its main, for our own to call. The flag goes to the frontend alone: the driver
# would link libFuzzer's main beside ours.
build() {
    local options=(--build-path ".build/fuzz-$1" --configuration release --product signalbox-fuzz)
    if [ "$1" = libfuzzer ]; then
        options+=(-Xswiftc -Xfrontend -Xswiftc -sanitize=fuzzer -Xcc -fsanitize=fuzzer-no-link
            -Xlinker -u -Xlinker LLVMFuzzerRunDriver -Xlinker "$library" -Xlinker -lstdc++)
    fi
    swift build "${options[@]}"
}

library=$(swiftc -print-target-info | sed -n 's/.*"runtimeResourcePath": "\(.*\)".*/\1/p')
library=$(ls "$library"/clang/lib/*/libclang_rt.fuzzer_no_main-"$(uname -m)".a 2>/dev/null || true)
engine=${FUZZ_ENGINE:-}
[ -n "$engine" ] || engine=$([ -n "$library" ] && echo libfuzzer || echo loop)
build "$engine"
fuzzer=$PWD/$(program "$engine")

known=$("$fuzzer" list)
targets=$known
[ "$wanted" = all ] || targets=$(grep -E "^$wanted(:|$)" <<<"$known") || {
    echo "no target $wanted; there are:" $known >&2
    exit 2
}
runs=$kept/results
rm -rf "$runs"
mkdir -p "$runs" "$kept/failures"

# Leaves one line behind: verdict, target, inputs, inputs a second, corpus.
run() {
    local target=$1 name=${1//:/-} log status=0 corpus=- found=
    log=$PWD/$runs/$name.log
    if [ "$engine" = libfuzzer ]; then
        corpus=$PWD/$kept/corpus/$name
        rm -f "$kept/failures/$name"-*
        "$fuzzer" samples "$target" "$corpus"
        # Swift's own handler of crashes would leave libFuzzer none, and the input unkept.
        SWIFT_BACKTRACE=enable=no "$fuzzer" guided "$target" \
            -max_total_time="$duration" -seed="$((seed % 4294967296))" \
            -timeout="$slowest_seconds" -rss_limit_mb="$largest_mebibytes" -dict="$corpus.words" \
            -artifact_prefix="$PWD/$kept/failures/$name-" -print_final_stats=1 "$corpus" \
            >"$log" 2>&1 || status=$?
        found=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
    else
        SIGNALBOX_FUZZ_SEED=$runs/$name.seed timeout "$((duration + slowest_seconds))" \
            "$fuzzer" loop "$target" "$duration" "$seed" >"$log" 2>&1 || status=$?
        if [ "$status" -ne 0 ]; then
            found=$PWD/$kept/failures/$name-$(sed 's/^0*//' "$runs/$name.seed")
            "$fuzzer" input "$target" "$(sed 's/^0*\(.\)/\1/' "$runs/$name.seed")" >"$found"
        fi
    fi
    local count speed
    count=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    speed=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")
    [ "$corpus" = - ] || corpus=$(ls "$corpus" | wc -l)
    local verdict=kept
    [ "$status" -eq 0 ] || verdict=BROKEN
    printf '%-6s %-28s %12s inputs %8s/s  seed %s  corpus %s\n' "$verdict" "$target" "${count:-?}" \
        "${speed:-?}" "$seed" "$corpus" | tee "$runs/$name.line"
    [ "$status" -ne 0 ] || return 0
    {
        grep -a -m 1 -E 'broken promise|ERROR: libFuzzer|Fatal error' "$log" || tail -n 3 "$log"
        echo "    try it again: $(program "$engine") replay $target ${found#"$PWD"/}"
    } | tee -a "$runs/$name.line"
}

begin=$(date +%s)
echo "$(wc -w <<<"$targets") targets, $duration s each, $jobs at a time, by $engine"
for target in $targets; do
    while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n || true; done
    run "$target" &
done
wait

echo
cat $(for target in $targets; do echo "$runs/${target//:/-}.line"; done)
broken=$(cat "$runs"/*.line | grep -c '^BROKEN' || true)
echo
echo "$(wc -w <<<"$targets") targets, $broken with a broken promise, $(($(date +%s) - begin)) s"
[ "$broken" -eq 0 ]
