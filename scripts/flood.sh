#!/usr/bin/env bash
# A million requests, each for a model that nobody ever heard of, at the release binary: what `make test` does
# with 50,000 at the debug build. Prints what it took and by how much memory grew.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

scripts/environment.sh
scripts/build.sh
SIGNALBOX_BINARY=$PWD/.build/release/signalbox SIGNALBOX_FLOOD_REQUESTS=${1:-1000000} \
    .venv/bin/python -m pytest Tests/EndToEnd/test_floods.py -k series_and_memory -rP --quiet
