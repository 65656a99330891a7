#!/usr/bin/env python3
"""Compares metrics clients on one machine, in one run. See ../README.md for how to read the table.

    compare.py SIGNALBOX_PROGRAM GOLANG_PROGRAM PYTHON
"""

import importlib.metadata
import json
import os
import platform
import re
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
COMPANY_LOAD = 0.5
ROUNDS = 3
OURS, GOLANG, PYTHON = "signalbox", "client_golang", "prometheus_client"

Key = tuple[str, int, int, str]


def measure(command: list[str]) -> dict[Key, tuple[float, int]]:
    output = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout
    lines = [json.loads(line) for line in output.splitlines()]
    return {
        (line["operation"], line.get("threads", 0), line.get("series", 0), line.get("encoding", "")):
            (line["value"], line.get("bytes", 0))
        for line in lines
    }


def title(key: Key) -> str:
    operation, threads, series, encoding = key
    if operation == "scrape":
        return f"scrape of {series:,} series, {encoding}: ms"
    name = {"counter": "counter increment", "histogram": "histogram observation"}.get(operation, operation)
    return f"{name}, {threads} thread{'s' if threads > 1 else ''}: ns"


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.1f}" if value >= 10 else f"{value:.2f}"


def cell(ours: float, theirs: list[float]) -> str:
    if not theirs:
        return " | "
    value = statistics.median(theirs)
    return f"{number(value)} | {number(value / ours)}"


def print_table(samples: dict[str, list[dict]]) -> None:
    print(f"| operation | {OURS} | {GOLANG} | ratio | {PYTHON} | ratio |")
    print("|---|---:|---:|---:|---:|---:|")
    for key in samples[OURS][0]:
        values = {
            name: [run[key][0] for run in runs if key in run] for name, runs in samples.items()
        }
        ours = statistics.median(values[OURS])
        others = " | ".join(cell(ours, values[name]) for name in (GOLANG, PYTHON))
        print(f"| {title(key)} | {number(ours)} | {others} |")
    largest = max((key for key in samples[OURS][0] if key[0] == "scrape"), key=lambda key: key[2])
    sizes = ", ".join(
        f"{name} {runs[0][largest[:3] + ('plain',)][1] / 1e6:.1f} MB plain and "
        f"{runs[0][largest[:3] + ('gzip',)][1] / 1e3:,.0f} kB packed" for name, runs in samples.items())
    print(f"\n{largest[2]:,} series are: {sizes}.")


def main() -> int:
    signalbox, golang, python = sys.argv[1:]
    programs = {
        OURS: [signalbox, "--compare"], GOLANG: [golang],
        PYTHON: [python, str(HERE / "prometheus_client_python.py")],
    }
    busy, _, _ = os.getloadavg()
    if busy > COMPANY_LOAD:
        print(f"Load average {busy:.1f}: others run here, so the figures mean little.", file=sys.stderr)
    samples: dict[str, list[dict]] = {name: [] for name in programs}
    # Rounds go through all programs, so that a slow minute of the machine falls on all of them.
    for round_number in range(ROUNDS):
        for name, command in programs.items():
            print(f"  {name}, round {round_number + 1}", file=sys.stderr)
            samples[name].append(measure(command))
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    package = "golang-github-prometheus-client-golang-dev"
    version = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True).stdout
    print(
        f"{model.group(1) if model else platform.machine()}, {os.cpu_count()} cores, "
        f"Linux {platform.release()}; client_golang {version or 'of unknown version'}, "
        f"prometheus_client {importlib.metadata.version('prometheus_client')}; "
        f"medians of {ROUNDS} rounds; a ratio is theirs over ours\n")
    print_table(samples)
    return 0


if __name__ == "__main__":
    sys.exit(main())
