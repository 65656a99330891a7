#!/usr/bin/env python3
"""Compares gateways on one core, on one machine, in one run. See README.md for how to read the table."""

import argparse
import json
import os
import platform
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import memory
from gateways import GATEWAY_CORE, LOAD_CORE, STARTERS, Gateway, Upstream

HERE = Path(__file__).resolve().parent
REQUEST_BYTES = 414
PLAIN_REPLY_BYTES = 735
WARM_UP_SECONDS = 1
COMPANY_LOAD = 0.5


@dataclass
class Load:
    title: str
    connections: int
    streams: bool


LOADS = [
    Load("plain, 32 connections", 32, False),
    Load("plain, 1 connection", 1, False),
    Load("100 chunks streamed, 32 connections", 32, True),
]


@dataclass
class Sample:
    requests_per_second: float
    p50: float
    p99: float
    cpu_micros: float | None
    memory_mib: float | None
    errors: int


def request_body(streams: bool) -> bytes:
    """A chat request of exactly REQUEST_BYTES (a streamed one is longer by its extra field)."""
    fields = {"model": "chat", "temperature": 0.7, "max_tokens": 256, "messages": [
        {"role": "system", "content": "You set points and watch signals."}, {"role": "user", "content": ""}]}
    filling = REQUEST_BYTES - len(json.dumps(fields, separators=(",", ":")))
    fields["messages"][1]["content"] = ("Which line is free? " * 40)[:filling]
    if streams:
        fields["stream"] = True
    return json.dumps(fields, separators=(",", ":")).encode()


def check(gateway: Gateway, load: Load) -> None:
    """A gateway that answers wrongly is not worth timing."""
    request = urllib.request.Request(
        gateway.url, request_body(load.streams), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as reply:
        body = reply.read()
    good = body.count(b"data: {") == 100 and body.rstrip().endswith(b"data: [DONE]") if load.streams else \
        len(body) == PLAIN_REPLY_BYTES
    if not good:
        raise SystemExit(f"{gateway.name} changed the answer: {body[:300]!r}")


def measure(gateway: Gateway, load: Load, seconds: int, body: Path) -> Sample:
    running = gateway.running
    cpu_before = running.cpu_seconds() if running else 0
    command = [
        "taskset", "-c", str(LOAD_CORE), "wrk", "--threads", "1", "--connections", str(load.connections),
        "--duration", f"{seconds}s", "--timeout", "10s", "--script", str(HERE / "post.lua"), gateway.url,
        "--", str(body)]
    output = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60)
    result = re.search(r"^RESULT (\d+) (\d+) (\d+) (\d+) (\d+)$", output.stdout, re.MULTILINE)
    if not result:
        raise SystemExit(f"wrk said:\n{output.stdout}{output.stderr}")
    requests, micros, p50, p99, errors = map(int, result.groups())
    cpu = (running.cpu_seconds() - cpu_before) * 1e6 / max(requests, 1) if running else None
    return Sample(requests * 1e6 / micros, p50, p99, cpu, running.memory_mib() if running else None, errors)


def measure_all(gateways: list[Gateway], directory: Path, seconds: int, rounds: int) -> dict:
    """Rounds go through all gateways, so that a slow minute of the machine falls on all of them."""
    samples: dict[str, dict[str, list[Sample]]] = {}
    for load in LOADS:
        body = directory / f"body-{load.streams}.json"
        body.write_bytes(request_body(load.streams))
        rows = samples[load.title] = {gateway.name: [] for gateway in gateways}
        for gateway in gateways:
            check(gateway, load)
            measure(gateway, load, WARM_UP_SECONDS, body)
        for round_number in range(rounds):
            for gateway in gateways:
                print(f"  {load.title}: {gateway.name}, round {round_number + 1}", file=sys.stderr)
                rows[gateway.name].append(measure(gateway, load, seconds, body))
    return samples


def median(samples: list[Sample], field: str) -> float | None:
    values = [getattr(sample, field) for sample in samples]
    return None if None in values else statistics.median(values)


def print_table(samples: dict) -> None:
    print("| load | gateway | requests/s | p50 µs | p99 µs | CPU µs/request | RSS MiB | errors |")
    print("|---|---|---:|---:|---:|---:|---:|---:|")
    for title, rows in samples.items():
        for name, runs in rows.items():
            fields = ("requests_per_second", "p50", "p99", "cpu_micros", "memory_mib")
            rate, p50, p99, cpu, memory_mib = (median(runs, field) for field in fields)
            measured = f"{rate:,.0f} | {p50:,.0f} | {p99:,.0f}"
            spent = " | " if cpu is None else f"{cpu:,.1f} | {memory_mib:,.1f}"
            print(f"| {title} | {name} | {measured} | {spent} | {sum(run.errors for run in runs)} |")


def print_machine(arguments: argparse.Namespace, started: list[str]) -> None:
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    print(
        f"{model.group(1) if model else platform.machine()}, {os.cpu_count()} cores, "
        f"Linux {platform.release()}; {arguments.rounds} rounds of {arguments.seconds} s, medians; "
        f"gateway on core {GATEWAY_CORE}, load and upstream on core {LOAD_CORE}")
    for name in arguments.only:
        if name not in started:
            print(f"{name}: no such program here, no row")
    print()


def warn_of_company() -> None:
    """Only the CPU column is of use while others keep the cores busy."""
    busy, _, _ = os.getloadavg()
    if busy > COMPANY_LOAD:
        advice = "others run here, so requests/s and latencies mean little"
        print(f"Load average {busy:.1f}: {advice}.", file=sys.stderr)


def compare(arguments: argparse.Namespace, directory: Path) -> int:
    upstream = Upstream(directory)
    gateways: list[Gateway] = []
    try:
        for name in arguments.only:
            gateway = STARTERS[name](upstream, directory)
            if gateway:
                gateways.append(gateway)
        samples = measure_all(gateways, directory, arguments.seconds, arguments.rounds)
    finally:
        for gateway in gateways:
            if gateway.running:
                gateway.running.stop()
        upstream.running.stop()
    print_machine(arguments, [gateway.name for gateway in gateways])
    print_table(samples)
    return 1 if any(run.errors for rows in samples.values() for runs in rows.values() for run in runs) else 0


def arguments_given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=5, help="of each measurement (default 5)")
    parser.add_argument("--rounds", type=int, default=3, help="through all gateways (default 3)")
    parser.add_argument(
        "--only", default="", help=f"some of {','.join(STARTERS)}, comma-separated (default all)")
    parser.add_argument("--memory", action="store_true", help="500 large bodies at once instead")
    arguments = parser.parse_args()
    names = arguments.only or ("signalbox" if arguments.memory else ",".join(STARTERS))
    arguments.only = names.split(",")
    unknown = set(arguments.only) - set(STARTERS)
    if unknown:
        parser.error(f"no such gateway: {', '.join(sorted(unknown))}")
    return arguments


def main() -> int:
    arguments = arguments_given()
    missing = [tool for tool in ("taskset", "cc", "wrk") if not shutil.which(tool)]
    if missing:
        raise SystemExit(f"not installed: {', '.join(missing)}")
    if len(os.sched_getaffinity(0)) < 2:
        raise SystemExit("needs two cores: one for the gateway, one for the load")
    warn_of_company()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory(prefix="signalbox-bench-") as path:
        directory = Path(path)
        if arguments.memory:
            return memory.report(arguments.only, directory)
        return compare(arguments, directory)


if __name__ == "__main__":
    sys.exit(main())
