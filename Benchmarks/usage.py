#!/usr/bin/env python3
"""What usage records cost and how fast they are delivered. See README.md for how to read the tables."""

import argparse
import os
import resource
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

import hanging
from gateways import Upstream
from metered import Metered, tenant
from processes import free_port
from receivers import nginx_receiver
from run import (
    WARM_UP_SECONDS, Load, Sample, check, measure, median, print_machine, request_body, warn_of_company)

CONNECTIONS = (32, 128, 256)
DURABILITIES = ("none", "async", "commit")
DELIVERED = 50_000
PENDING = 1_000_000
DRAIN_SECONDS = 300
SETTLE_SECONDS = 5
FLAT_MIB = 20
SYNCS = 200


def body_file(directory: Path) -> Path:
    path = directory / "body.json"
    path.write_bytes(request_body(streams=False))
    return path


def sync_micros(directory: Path) -> float:
    """What this disk takes to keep 4 KiB: the least that a commit can take."""
    taken = []
    with open(directory / "sync", "wb", buffering=0) as file:
        for _ in range(SYNCS):
            file.write(b"x" * 4096)
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1e6


def durability(arguments: argparse.Namespace, directory: Path) -> None:
    """All three run side by side, and rounds go through all of them."""
    upstream, body = Upstream(directory), body_file(directory)
    daemons = {
        name: Metered(upstream, directory / name, {"durability": name}, []) for name in DURABILITIES}
    rows: dict[tuple[int, str], list[Sample]] = {}
    try:
        for connections in CONNECTIONS:
            load = Load(f"plain, {connections} connections", connections, False)
            for name, daemon in daemons.items():
                check(daemon, load)
                measure(daemon, load, WARM_UP_SECONDS, body)
            for _ in range(arguments.rounds):
                for name, daemon in daemons.items():
                    print(f"  {load.title}: {name}", file=sys.stderr)
                    sample = measure(daemon, load, arguments.seconds, body)
                    rows.setdefault((connections, name), []).append(sample)
        records = daemons["commit"].metric("signalbox_usage_commit_records_sum")
        commits = daemons["commit"].metric("signalbox_usage_commit_records_count")
    finally:
        for daemon in daemons.values():
            daemon.running.stop()
        upstream.running.stop()
    print_machine(arguments, arguments.only)
    print(f"fdatasync of 4 KiB: {sync_micros(directory):,.0f} µs; "
          f"records in a commit: {records / max(commits, 1):,.1f}\n")
    print("| connections | durability | requests/s | p50 µs | p99 µs | CPU µs | RSS MiB | errors |")
    print("|---:|---|---:|---:|---:|---:|---:|---:|")
    for (connections, name), runs in rows.items():
        fields = ("requests_per_second", "p50", "p99")
        rate, p50, p99 = (median(runs, field) for field in fields)
        cpu, mib = median(runs, "cpu_micros"), median(runs, "memory_mib")
        print(f"| {connections} | {name} | {rate:,.0f} | {p50:,.0f} | {p99:,.0f} | {cpu:,.1f} | {mib:,.1f} | "
              f"{sum(run.errors for run in runs)} |")


def delivery(arguments: argparse.Namespace, directory: Path) -> None:
    """Records pile up while nobody listens; then a receiver does."""
    upstream, body = Upstream(directory), body_file(directory)
    print(f"\n{DELIVERED:,} records wait; a receiver (nginx, 204) comes up\n")
    print("| encoding | deliveries at a time | records | s | records/s | deliveries | MB | CPU µs/record |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    try:
        for encoding, at_once in (("gzip", 1), ("gzip", 8), ("identity", 1)):
            port = free_port()
            customers = [tenant(
                url=f"http://127.0.0.1:{port}/usage", encoding=encoding, concurrency=at_once)]
            home = directory / f"delivery-{encoding}-{at_once}"
            with Metered(upstream, home, {"durability": "commit"}, customers) as daemon:
                waiting = daemon.fill(DELIVERED, body)
                cpu = daemon.running.cpu_seconds()
                receiver = nginx_receiver(home, port)
                try:
                    took = daemon.drain(DRAIN_SECONDS)
                finally:
                    receiver.stop()
                cpu = (daemon.running.cpu_seconds() - cpu) * 1e6 / waiting
                sent = daemon.metric("llm_webhook_bytes_total") / 1e6
                deliveries = daemon.metric('llm_webhook_delivery_seconds_count')
                print(f"| {encoding} | {at_once} | {waiting:,} | {took:.1f} | {waiting / took:,.0f} | "
                      f"{deliveries:,.0f} | {sent:,.1f} | {cpu:,.1f} |", flush=True)
    finally:
        upstream.running.stop()


def pending(arguments: argparse.Namespace, directory: Path) -> None:
    """A daemon that starts with nothing, and one that starts with a million records that wait."""
    upstream, body = Upstream(directory), body_file(directory)
    customers = [tenant(url=f"http://127.0.0.1:{free_port()}/usage")]
    print("\nResident memory with records that nobody takes\n")
    print("| daemon | records | RSS MiB | peak MiB |\n|---|---:|---:|---:|")
    found: dict[str, float] = {}

    def row(title: str, daemon: Metered) -> None:
        time.sleep(SETTLE_SECONDS)
        found[title] = daemon.running.memory_mib()
        print(f"| {title} | {daemon.metric('llm_usage_outbox_pending'):,.0f} | {found[title]:,.1f} | "
              f"{daemon.running.memory_mib('VmHWM'):,.1f} |", flush=True)

    usage, home = {"durability": "commit"}, directory / "pending"
    try:
        with Metered(upstream, home, usage, customers) as daemon:
            row("just started", daemon)
            daemon.fill(arguments.pending // 100, body)
            row("after a hundredth of the load", daemon)
            daemon.fill(arguments.pending, body)
            row("after all of it", daemon)
        with Metered(upstream, home, usage, customers) as daemon:
            row("started again", daemon)
        size = sum(path.stat().st_size for path in (home / "data").iterdir()) / 2**20
    finally:
        upstream.running.stop()
    grown = found["after all of it"] - found["after a hundredth of the load"]
    restarted = found["started again"] - found["just started"]
    verdict = "flat" if max(grown, restarted) <= FLAT_MIB else f"NOT within {FLAT_MIB} MiB"
    print(f"\n{size:,.0f} MiB of ledger; memory {grown:+.1f} MiB while filling, {restarted:+.1f} MiB at the "
          f"start: {verdict}")


def endpoints(arguments: argparse.Namespace, directory: Path) -> None:
    hanging.report(directory, hanging.plain_body(), arguments.endpoint_seconds)


PARTS = {"durability": durability, "delivery": delivery, "pending": pending, "endpoints": endpoints}


def arguments_given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=5, help="of each measurement (default 5)")
    parser.add_argument("--rounds", type=int, default=3, help="through all settings (default 3)")
    parser.add_argument("--pending", type=int, default=PENDING, help=f"records (default {PENDING:,})")
    parser.add_argument("--endpoint-seconds", type=float, default=30, help="of load (default 30)")
    parser.add_argument(
        "--only", default=",".join(PARTS), help=f"some of {','.join(PARTS)}, comma-separated (default all)")
    arguments = parser.parse_args()
    arguments.only = arguments.only.split(",")
    if unknown := set(arguments.only) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
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
        for name in arguments.only:
            PARTS[name](arguments, Path(path))
    return 0


if __name__ == "__main__":
    sys.exit(main())
