"""A provider that misbehaves on command: real sockets, a thread of its own, one behaviour per request.

    with Upstream() as upstream:
        upstream.play(status(500), reply())      # the first request fails, all later ones are answered
        ...
        exchange = upstream.wait_for_exchange(1)
        exchange.wait_until_peer_left(within=1)
"""

import asyncio
import ssl
import threading
from typing import Awaitable, Callable

from . import chat
from .connection import Connection, Exchange
from .waiting import DEFAULT_TIMEOUT_SECONDS, Watched

Behaviour = Callable[[Exchange], Awaitable[None]]


class Gate:
    """Holds a behaviour until the test opens it."""

    def __init__(self, loop: asyncio.AbstractEventLoop):
        self._loop = loop
        self._opened = asyncio.Event()

    def open(self) -> None:
        self._loop.call_soon_threadsafe(self._opened.set)

    async def wait(self) -> None:
        await self._opened.wait()


class Upstream:
    """The server. Chat requests meet the played behaviours in order, the last of which repeats for ever.

    What is asked by GET are checks of keys: they meet behaviours of their own.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"):
        self.watched = Watched()
        self.exchanges: list[Exchange] = []
        self.checks: list[Exchange] = []
        self.connections: list[Connection] = []
        self._tls = tls
        self._host = host
        self._behaviours: list[Behaviour] = []
        self._check: Behaviour = _list_models
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(self._remember_exception)
        self.exceptions: list[dict] = []
        self._started = threading.Event()
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="upstream", daemon=True)
        self.port = 0

    def __enter__(self) -> "Upstream":
        self._thread.start()
        assert self._started.wait(DEFAULT_TIMEOUT_SECONDS), "the upstream did not start"
        return self

    def __exit__(self, *_) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(DEFAULT_TIMEOUT_SECONDS)
        assert not self._thread.is_alive(), "the upstream did not stop"
        assert not self.exceptions, f"the upstream itself failed: {self.exceptions}"

    @property
    def base_url(self) -> str:
        scheme = "https" if self._tls else "http"
        return f"{scheme}://{self._host}:{self.port}/v1"

    def play(self, *behaviours: Behaviour) -> None:
        """Sets the behaviours of the chat requests from now on."""
        with self.watched.changing():
            self._behaviours = list(behaviours)

    def play_checks(self, behaviour: Behaviour | None = None) -> None:
        """How checks are answered from now on; without a behaviour they are told the models."""
        with self.watched.changing():
            self._check = behaviour or _list_models

    def wait_for_check(self, number: int = 1, timeout: float = DEFAULT_TIMEOUT_SECONDS) -> Exchange:
        """The `number`th request of a check to arrive, counted from 1."""
        return self.watched.wait_until(
            lambda: self.checks[number - 1] if len(self.checks) >= number else None,
            timeout, f"check {number} at the upstream")

    def gate(self) -> Gate:
        return Gate(self._loop)

    @property
    def request_count(self) -> int:
        return len(self.exchanges)

    def wait_for_exchange(self, number: int = 1, timeout: float = DEFAULT_TIMEOUT_SECONDS) -> Exchange:
        """The `number`th chat request to arrive, counted from 1."""
        return self.watched.wait_until(
            lambda: self.exchanges[number - 1] if len(self.exchanges) >= number else None,
            timeout, f"request {number} at the upstream")

    # Below: the upstream's own thread.

    def begin(self, exchange: Exchange) -> Behaviour:
        """Records a request that has arrived whole, and says how to answer it."""
        with self.watched.changing():
            if exchange.request.method != "POST":
                self.checks.append(exchange)
                return self._check
            self.exchanges.append(exchange)
            if not self._behaviours:
                return _answer
            return self._behaviours.pop(0) if len(self._behaviours) > 1 else self._behaviours[0]

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        server = await self._loop.create_server(
            self._connection, self._host, 0, ssl=self._tls, backlog=1024)
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        await self._stopping.wait()
        server.close()
        tasks = [connection.abandon() for connection in self.connections]
        await asyncio.gather(*tasks, return_exceptions=True)

    def _connection(self) -> Connection:
        connection = Connection(self)
        self.connections.append(connection)
        return connection

    def _remember_exception(self, _loop: asyncio.AbstractEventLoop, context: dict) -> None:
        # A peer that refuses our certificate, or leaves in mid-handshake, is what some tests want.
        if not isinstance(context.get("exception"), (ssl.SSLError, ConnectionError)):
            self.exceptions.append(context)


async def _answer(exchange: Exchange) -> None:
    await exchange.respond(200, chat.completion(exchange.request.model))


async def _list_models(exchange: Exchange) -> None:
    await exchange.respond(200, chat.models("upstream-model"))
