#!/usr/bin/env bash
# Builds the release binary (SIGNALBOX_BINARY names another), then kills it, fills its disk, turns its clock
# and damages its files, and judges what it delivered all the same. Arguments go to Tests/Chaos/run.py.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

need_packages gcc libc6-dev
scripts/environment.sh
if [ -z "${SIGNALBOX_BINARY:-}" ]; then
    scripts/build.sh
fi
export SIGNALBOX_BINARY="${SIGNALBOX_BINARY:-$PWD/.build/release/signalbox}"
.venv/bin/python -m pytest Tests/Chaos --quiet
exec .venv/bin/python Tests/Chaos/run.py "$@"
