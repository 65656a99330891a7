"""A well-behaved provider that speaks HTTP/2 over TLS."""

import asyncio
import ssl
import threading

import h2.config
import h2.connection
import h2.events

from . import chat
from .waiting import DEFAULT_TIMEOUT_SECONDS

FRAME_BYTES = 16 * 1024


class Http2Upstream:
    """Answers each chat request, as a stream where asked. `protocols`: what each connection agreed on."""

    def __init__(self, tls: ssl.SSLContext):
        self.protocols: list[str | None] = []
        self.bodies: list[bytes] = []
        self._tls = tls
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="http2-upstream", daemon=True)
        self.port = 0

    def __enter__(self) -> "Http2Upstream":
        self._thread.start()
        assert self._started.wait(DEFAULT_TIMEOUT_SECONDS), "the upstream did not start"
        return self

    def __exit__(self, *_) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(DEFAULT_TIMEOUT_SECONDS)

    @property
    def base_url(self) -> str:
        return f"https://127.0.0.1:{self.port}/v1"

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        self._transports: list[asyncio.Transport] = []
        server = await self._loop.create_server(
            lambda: _Connection(self), "127.0.0.1", 0, ssl=self._tls)
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        await self._stopping.wait()
        server.close()
        for transport in self._transports:
            transport.abort()
        await asyncio.sleep(0)


class _Connection(asyncio.Protocol):
    def __init__(self, upstream: Http2Upstream):
        self.upstream = upstream
        self.bodies: dict[int, bytearray] = {}
        self.machine = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))

    def connection_made(self, transport) -> None:
        self.transport = transport
        self.upstream._transports.append(transport)
        self.upstream.protocols.append(transport.get_extra_info("ssl_object").selected_alpn_protocol())
        self.machine.initiate_connection()
        self._flush()

    def data_received(self, data: bytes) -> None:
        for event in self.machine.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                self.bodies[event.stream_id] = bytearray()
            elif isinstance(event, h2.events.DataReceived):
                self.bodies[event.stream_id] += event.data
                self.machine.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            if getattr(event, "stream_ended", None) is not None:
                self._answer(event.stream_id)
        self._flush()

    def _answer(self, stream: int) -> None:
        body = bytes(self.bodies.pop(stream))
        self.upstream.bodies.append(body)
        if b'"stream":true' in body:
            events = [chat.role_event("m"), *(chat.delta_event("m", f"word{number} ") for number in range(5))]
            kind, answer = "text/event-stream", b"".join([*events, chat.finish_event("m"), chat.DONE_EVENT])
        else:
            kind, answer = "application/json", chat.completion("m")
        assert len(answer) < FRAME_BYTES
        self.machine.send_headers(stream, [(":status", "200"), ("content-type", kind)])
        self.machine.send_data(stream, answer, end_stream=True)

    def _flush(self) -> None:
        self.transport.write(self.machine.data_to_send())
