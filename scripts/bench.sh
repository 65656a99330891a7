#!/usr/bin/env bash
# Builds what is compared, then hands over to Benchmarks/run.py with all arguments; with --usage as the first
# one, to Benchmarks/usage.py with the others.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

for tool in nginx wrk gcc python3; do
    command -v "$tool" >/dev/null || [ -x "/usr/sbin/$tool" ] || need_packages "$tool"
done
scripts/build.sh
program=Benchmarks/run.py
if [ "${1:-}" = --usage ]; then
    program=Benchmarks/usage.py
    shift
fi
exec python3 "$program" "$@"
