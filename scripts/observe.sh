#!/usr/bin/env bash
# The demonstration's day under Prometheus and Alertmanager, with our alerts: everything is installed, built
# and started here, and ended with Ctrl-C.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

need_packages python3 $observers
scripts/build.sh
exec python3 scripts/observe.py "$@"
