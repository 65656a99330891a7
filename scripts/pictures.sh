#!/usr/bin/env bash
# Asks a Prometheus everything that the dashboards ask, says what came back empty, and draws the dashboards
# into docs/images. Arguments go to the renderer: --help lists them.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/environment.sh
python=$PWD/.venv/bin/python
images=$PWD/docs/images
cd Tests/Observability
exec "$python" -m render --out "$images" "$@"
