#!/usr/bin/env bash
# Checks alerts, runbooks and dashboards, and what they ask of the catalogue: all of it that needs no daemon.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

need_packages $judges
scripts/environment.sh
exec .venv/bin/python -m pytest Tests/Observability -n "${PYTEST_WORKERS:-2}" --quiet \
    --ignore Tests/Observability/test_observed_day.py "$@"
