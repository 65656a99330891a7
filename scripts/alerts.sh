#!/usr/bin/env bash
# Checks the alerts, their tests, their runbooks and what they ask of the catalogue, without a daemon.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

need_packages $judges
scripts/environment.sh
exec .venv/bin/python -m pytest Tests/Observability -n "${PYTEST_WORKERS:-2}" --quiet "$@"
