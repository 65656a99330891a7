"""What prometheus_client takes for the operations that compare.py compares. One line of JSON for each."""

import gzip
import json
import math
import statistics
import threading
import time

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300)


def report(operation: str, value: float, **more) -> None:
    print(json.dumps({"operation": operation, "value": value} | more), flush=True)


def operations(threads: int, rounds: int, work) -> float:
    """Nanoseconds that one round took on each of so many threads at once."""
    work(rounds // 20)
    barrier, took = threading.Barrier(threads), []

    def run() -> None:
        barrier.wait()
        begin = time.perf_counter_ns()
        work(rounds)
        took.append(time.perf_counter_ns() - begin)

    running = [threading.Thread(target=run) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return sum(took) / (rounds * threads)


def unpredictable() -> list[float]:
    """The same list of values in all three programs."""
    state, values = 88172645463325252, []
    for _ in range(4096):
        state ^= state << 13 & 0xFFFFFFFFFFFFFFFF
        state ^= state >> 7
        state ^= state << 17 & 0xFFFFFFFFFFFFFFFF
        values.append(math.exp(state % 12000 / 1000 - 6))
    return values


def measure_operations() -> None:
    registry = CollectorRegistry()
    counter = Counter(
        "llm_requests", "help", ["provider", "model", "status"], registry=registry,
    ).labels("groq", "llama", "success")
    histogram = Histogram(
        "llm_request_latency_seconds", "help", ["provider", "model"], registry=registry, buckets=BUCKETS,
    ).labels("groq", "llama")
    values = unpredictable()

    def increment(rounds: int) -> None:
        for _ in range(rounds):
            counter.inc()

    def observe(rounds: int) -> None:
        for index in range(rounds):
            histogram.observe(values[index & 4095])

    for threads in (1, 2):
        report("counter", operations(threads, 500_000, increment), threads=threads)
        report("histogram", operations(threads, 200_000, observe), threads=threads)


def measure_scrapes(series: int) -> None:
    registry = CollectorRegistry()
    counters = Counter(
        "llm_requests", "Attempts at providers, by how they ended.", ["provider", "model", "status"],
        registry=registry)
    for index in range(series):
        counters.labels(f"provider-{index % 10}", f"model-{index // 10}", "success").inc(index)
    # The library's own ways: both are what its WSGI application sends.
    for encoding, render in (
        ("plain", lambda: generate_latest(registry)),
        ("gzip", lambda: gzip.compress(generate_latest(registry))),
    ):
        took, begin = [], time.monotonic()
        while len(took) < 3 or time.monotonic() - begin < 0.7:
            start = time.perf_counter_ns()
            text = render()
            took.append((time.perf_counter_ns() - start) / 1e6)
        report("scrape", statistics.median(took), series=series, encoding=encoding, bytes=len(text))


if __name__ == "__main__":
    measure_operations()
    for series in (1_000, 10_000, 100_000):
        measure_scrapes(series)
