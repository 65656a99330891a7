#!/usr/bin/env bash
# Builds what is compared, then hands over to Benchmarks/run.py with all arguments.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

for tool in nginx wrk gcc python3; do
    command -v "$tool" >/dev/null || [ -x "/usr/sbin/$tool" ] || need_packages "$tool"
done
scripts/build.sh
exec python3 Benchmarks/run.py "$@"
