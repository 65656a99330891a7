#!/usr/bin/env bash
# 5,000 requests of all priorities at once for 16 places, at the release binary: what `make test` does with
# 1,500 at the debug build. Prints how long each class waited, and the memory.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

scripts/environment.sh
scripts/build.sh
SIGNALBOX_BINARY=$PWD/.build/release/signalbox SIGNALBOX_QUEUE_REQUESTS=${1:-5000} \
    .venv/bin/python -m pytest Tests/EndToEnd/test_queue.py -k served_by_priority -rP --quiet
