"""Writes the dashboards' JSON beside this directory. `--check` writes nothing and fails where it differs."""

import argparse
import json
import sys
from pathlib import Path

from . import keys, overview, providers, runtime, usage
from .layout import Dashboard

DASHBOARDS: list[Dashboard] = [module.DASHBOARD for module in (overview, providers, keys, usage, runtime)]
TARGET = Path(__file__).resolve().parents[1]


def text(dashboard: Dashboard) -> str:
    return json.dumps(dashboard.json(), indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m source", description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = []
    for dashboard in DASHBOARDS:
        path = TARGET / f"{dashboard.name}.json"
        if path.exists() and path.read_text() == text(dashboard):
            continue
        stale.append(path.name)
        if not check:
            path.write_text(text(dashboard))
    if stale:
        print(("Not current, `make dashboards` writes them: " if check else "Wrote ") + ", ".join(stale))
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
