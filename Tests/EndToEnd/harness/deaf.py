"""Addresses at which nobody answers, so that no request arrives that could be recorded."""

import socket
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Callable, ContextManager, Iterator


@dataclass(frozen=True)
class Deaf:
    """A provider's place in a script; the context gives its base URL."""

    name: str
    address: Callable[[], ContextManager[str]]


@contextmanager
def closed_port() -> Iterator[str]:
    """Bound, so that nobody else gets it, and refusing: nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}/v1"


@contextmanager
def full_backlog() -> Iterator[str]:
    """Listens, but its queue is full and nobody is ever fetched from it: a connection does not come about."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        waiting = []
        try:
            while True:
                caller = socket.socket()
                waiting.append(caller)
                caller.settimeout(0.25)
                try:
                    caller.connect(address)
                except TimeoutError:
                    break
                assert len(waiting) < 16, "the queue does not fill up"
            yield f"http://127.0.0.1:{address[1]}/v1"
        finally:
            for caller in waiting:
                caller.close()


@contextmanager
def mute_listener() -> Iterator[str]:
    """The system accepts, and that is all: the TLS handshake never begins."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        yield f"https://127.0.0.1:{listener.getsockname()[1]}/v1"


REFUSES = Deaf("refuses the connection", closed_port)
NEVER_CONNECTS = Deaf("lets nobody in", full_backlog)
NEVER_SHAKES_HANDS = Deaf("accepts, but begins no TLS", mute_listener)
