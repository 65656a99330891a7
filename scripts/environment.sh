#!/usr/bin/env bash
# Makes .venv hold what the requirement files name. Does nothing when it already does.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

requirements=(Tests/EndToEnd/requirements.txt scripts/requirements.txt)
if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    need_packages python3 python3-venv
fi

# The stamp names what was asked for and by which Python: either one changing makes a new environment.
wanted=$({ cat "${requirements[@]}"; python3 --version; pwd; } | sha256sum | cut -c1-32)
stamp=.venv/installed
if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
    exit 0
fi
echo "Making .venv for: ${requirements[*]}"
rm -rf .venv
python3 -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check \
    $(printf -- '--requirement %s ' "${requirements[@]}")
echo "$wanted" > "$stamp"
