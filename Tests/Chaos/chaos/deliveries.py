"""What a receiver was sent, kept as it came, and read again by the judge."""

import base64
import gzip
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Iterator

SCHEMA = "signalbox.usage.v1"


@dataclass(frozen=True)
class Delivery:
    """One request to a receiver. `verdict` is what the receiver did with it, `accepted` whether a 2xx left
    whole."""

    tenant: str
    at: float
    headers: dict[str, str]
    raw: bytes = field(repr=False)
    verdict: str
    accepted: bool

    @property
    def id(self) -> str:
        return self.headers.get("webhook-id", "")

    @property
    def is_packed(self) -> bool:
        return self.headers.get("content-encoding", "identity") == "gzip"

    @property
    def text(self) -> bytes:
        return unpacked(self.raw, self.headers)

    @property
    def records(self) -> list[dict[str, Any]]:
        return records_in(self.text)


def unpacked(raw: bytes, headers: dict[str, str]) -> bytes:
    return gzip.decompress(raw) if headers.get("content-encoding") == "gzip" else raw


def records_in(text: bytes) -> list[dict[str, Any]]:
    """Usage records wherever the format puts them: bare, in a list, in an envelope, one a line."""
    try:
        found = list(_records(json.loads(text)))
    except ValueError:
        found = [record for line in text.splitlines() for record in _records(json.loads(line))]
    if not found:
        raise ValueError(f"no usage record in {text[:200]!r}")
    return found


def _records(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if value.get("schema") == SCHEMA:
            yield value
        else:
            for member in value.values():
                yield from _records(member)
    elif isinstance(value, list):
        for member in value:
            yield from _records(member)


class Store:
    """A file of lines, one a delivery."""

    def __init__(self, path: Path):
        self._file = open(path, "a", buffering=1)

    def add(self, delivery: Delivery) -> None:
        self._file.write(json.dumps(vars(delivery) | {"raw": base64.b64encode(delivery.raw).decode()}) + "\n")


def read(path: Path) -> list[Delivery]:
    with open(path) as lines:
        rows = [json.loads(line) for line in lines]
    return [Delivery(**row | {"raw": base64.b64decode(row["raw"])}) for row in rows]
