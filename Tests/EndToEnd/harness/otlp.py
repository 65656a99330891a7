"""An OTLP/HTTP receiver that fails on command. It reads with the official protobufs, and nothing of ours."""

import gzip
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any, Callable

from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as traces

from . import contract
from .connection import Connection, Exchange, PeerLeft, Request
from .upstream import Behaviour, Upstream

PROTOBUF = "application/x-protobuf"
REQUESTS = {
    "/v1/metrics": metrics.ExportMetricsServiceRequest,
    "/v1/traces": traces.ExportTraceServiceRequest,
    "/v1/logs": logs.ExportLogsServiceRequest,
}
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Delivery:
    """One request that arrived whole, and what became of it."""

    signal: str
    fate: str
    request: Request
    """As it was sent."""
    body: bytes
    """Unpacked."""
    message: Message
    wait: float = 0
    """Seconds that the answer asked the sender to wait."""


class Fate:
    """A way to treat a request. `retried` is what the specification lets a sender do after it."""

    def __init__(self, name: str, retried: bool, answer: Callable[["Receiver", Exchange, str], Any],
                 wait: Callable[[], float] = lambda: 0.0, accepts: bool = False):
        self.name, self.retried, self.answer, self.wait, self.accepts = name, retried, answer, wait, accepts


def status_message(text: str) -> bytes:
    """A `google.rpc.Status` with a code and a message, by hand: two fields are not worth its package."""
    data = text.encode()
    return b"\x08\x03\x12" + bytes([len(data)]) + data


def respond(status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> Callable:
    async def answer(receiver: "Receiver", exchange: Exchange, signal: str) -> None:
        made = {name: value() if callable(value) else value for name, value in (headers or {}).items()}
        await exchange.respond(status, body or status_message(f"status {status}"), made, PROTOBUF)
    return answer


async def _accept(receiver: "Receiver", exchange: Exchange, signal: str) -> None:
    await exchange.respond(200, b"", kind=PROTOBUF)


async def _accept_in_part(receiver: "Receiver", exchange: Exchange, signal: str) -> None:
    await exchange.respond(200, partial_success(signal, 1, "one of them is not to our taste"), kind=PROTOBUF)


async def _leave(receiver: "Receiver", exchange: Exchange, signal: str) -> None:
    exchange.reset()
    raise PeerLeft


async def _cut(receiver: "Receiver", exchange: Exchange, signal: str) -> None:
    await exchange.send_head(200, {"Content-Length": "100"}, PROTOBUF)
    await exchange.send(b"\x0a")
    exchange.reset()
    raise PeerLeft


async def _say_too_much(receiver: "Receiver", exchange: Exchange, signal: str) -> None:
    await exchange.respond(503, b"\0" * (4 * MEBIBYTE + 1), kind=PROTOBUF)


def partial_success(signal: str, rejected: int, message: str) -> bytes:
    if signal == "metrics":
        reply = metrics.ExportMetricsServiceResponse()
        reply.partial_success.rejected_data_points = rejected
    elif signal == "traces":
        reply = traces.ExportTraceServiceResponse()
        reply.partial_success.rejected_spans = rejected
    else:
        reply = logs.ExportLogsServiceResponse()
        reply.partial_success.rejected_log_records = rejected
    reply.partial_success.error_message = message
    return reply.SerializeToString()


def in_two_seconds() -> str:
    return format_datetime(datetime.now(timezone.utc) + timedelta(seconds=2), usegmt=True)


ACCEPT = Fate("accept", False, _accept, accepts=True)
PARTIAL = Fate("partial", False, _accept_in_part, accepts=True)
THROTTLE = Fate("429 in seconds", True, respond(429, {"Retry-After": "1"}), wait=lambda: 1.0)
# A date has whole seconds: the sender may be asked to wait anything above one.
DATED = Fate("503 until a date", True, respond(503, {"Retry-After": in_two_seconds}), wait=lambda: 0.99)
BAD_GATEWAY = Fate("502", True, respond(502))
GATEWAY_TIMEOUT = Fate("504", True, respond(504))
LOST_UNREAD = Fate("lost before reading", True, _leave)
LOST_READ = Fate("lost after reading", True, _leave)
CUT = Fate("lost within the answer", True, _cut)
REFUSE = Fate("400", False, respond(400))
BROKEN = Fate("500", False, respond(500))
BLOATED = Fate("an answer too large", False, _say_too_much)

FAILURES = (
    THROTTLE, DATED, BAD_GATEWAY, GATEWAY_TIMEOUT, LOST_UNREAD, LOST_READ, CUT, PARTIAL, REFUSE, BROKEN,
    BLOATED,
)


def attributes(pairs) -> dict:
    return {
        pair.key: getattr(pair.value, pair.value.WhichOneof("value") or "string_value") for pair in pairs}


def records(message):
    return [record for resource in message.resource_logs for scope in resource.scope_logs
            for record in scope.log_records]


def spans(message):
    return [span for resource in message.resource_spans for scope in resource.scope_spans
            for span in scope.spans]


def points(message):
    """(metric, kind, data point)"""
    return [(metric, metric.WhichOneof("data"), point) for resource in message.resource_metrics
            for scope in resource.scope_metrics for metric in scope.metrics
            for point in getattr(metric, metric.WhichOneof("data")).data_points]


def request_ids(message) -> set[str]:
    """Those of the records that end a request's story: others may speak of it, too."""
    return {
        attributes(record.attributes).get("request_id") for record in records(message)
        if record.event_name in contract.LAST_LINES} - {None}


class Receiver(Upstream):
    """Treats each signal's requests as its plan says; once that is used up, everything is accepted."""

    def __init__(self, plans: dict[str, list[Fate]] | None = None, **settings: Any):
        super().__init__(**settings)
        self.plans = {signal: list(plan) for signal, plan in (plans or {}).items()}
        self.deliveries: list[Delivery] = []
        self.request_ids: set[str] = set()
        self.unread = 0
        self.complaints: list[str] = []

    @property
    def url(self) -> str:
        return self.base_url.removesuffix("/v1")

    def of(self, signal: str) -> list[Delivery]:
        return [each for each in list(self.deliveries) if each.signal == signal]

    def accepted(self, signal: str) -> list[Message]:
        return [each.message for each in self.of(signal) if each.fate in (ACCEPT.name, PARTIAL.name)]

    def wait_for_request_id(self, request_id: str, timeout: float = 30) -> None:
        """Returns once a log record of that request has arrived, whatever became of it."""
        self.watched.wait_until(
            lambda: request_id in self.request_ids, timeout, f"log record of {request_id}")

    def begin(self, exchange: Exchange) -> Behaviour:
        signal = exchange.request.path.removeprefix("/v1/")
        plan = self.plans.get(signal, [])
        fate = plan.pop(0) if plan else ACCEPT
        if delivery := self._read(exchange.request, signal, fate):
            with self.watched.changing():
                self.deliveries.append(delivery)
                if signal == "logs":
                    self.request_ids |= request_ids(delivery.message)

        async def behave(exchange: Exchange) -> None:
            await fate.answer(self, exchange, signal)
        return behave

    def leaves_unread(self, head: bytes) -> bool:
        """Whether the request that begins so is to be lost before it is read."""
        signal = head.split(b" ")[1].decode().removeprefix("/v1/") if head.count(b" ") > 1 else ""
        plan = self.plans.get(signal, [])
        if not plan or plan[0] is not LOST_UNREAD:
            return False
        with self.watched.changing():
            plan.pop(0)
            self.unread += 1
        return True

    def _read(self, request: Request, signal: str, fate: Fate) -> Delivery | None:
        """Complains of all that a receiver would not take; a test looks at the complaints in the end."""
        message = REQUESTS[request.path]()
        if request.method != "POST" or request.header("content-type") != PROTOBUF:
            self.complaints.append(f"{request.method} {request.header('content-type')}")
        coding = request.header("content-encoding")
        body = gzip.decompress(request.body) if coding == "gzip" else request.body
        message.ParseFromString(body)
        # The same content by the official encoder: nothing unknown, nothing lost, and no empty envelope.
        again = REQUESTS[request.path].FromString(message.SerializeToString())
        if again != message or not message.ByteSize():
            self.complaints.append(f"not the same when written again: {signal}")
        message_known = REQUESTS[request.path]()
        message_known.CopyFrom(message)
        message_known.DiscardUnknownFields()
        if message_known.SerializeToString() != message.SerializeToString():
            self.complaints.append(f"unknown fields: {signal}")
        return Delivery(signal, fate.name, request, body, message, fate.wait())

    def _connection(self) -> Connection:
        connection = _Connection(self)
        self.connections.append(connection)
        return connection


class _Connection(Connection):
    async def _read_request(self) -> Request:
        while not self._buffer:
            await self._more()
        if self.upstream.leaves_unread(bytes(self._buffer[:200])):
            self.reset()
            raise PeerLeft
        return await super()._read_request()
