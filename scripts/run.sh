#!/usr/bin/env bash
# From a fresh checkout to a demo that answers.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

need_swift
need_packages $libraries
scripts/build.sh

# On a terminal the daemon says it itself, with the addresses it really has.
[ -t 2 ] || cat <<'HOWTO'

The demo has three mock providers and needs no key. Once it listens, ask it from another terminal:

  curl -s http://127.0.0.1:8080/v1/chat/completions -H 'content-type: application/json' \
    -d '{"model": "chat", "messages": [{"role": "user", "content": "Hello"}]}'

Its metrics: curl -s http://127.0.0.1:9464/metrics      To stop it: Ctrl-C

HOWTO
exec .build/release/signalbox serve --demo "$@"
