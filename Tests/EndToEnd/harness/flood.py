"""Many small requests, faster than a client library makes them: pipelined on a few connections."""

import random
import threading
from typing import Callable

from .raw_client import RawClient

BATCH = 200
CONNECTIONS = 2
CHAT = "/v1/chat/completions"


def unknown_model(source: random.Random) -> bytes:
    """A request for a model that nobody ever heard of, and nobody will ask for again."""
    body = b'{"model":"model-%x"}' % source.getrandbits(128)
    return b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s" % (CHAT.encode(), len(body), body)


def flood(address: str, count: int, status: int = 404, seed: int = 1) -> None:
    """Sends `count` requests for unknown models; each must be answered with `status`."""
    failures: list[BaseException] = []

    def run(part: int) -> None:
        try:
            _send(address, count // CONNECTIONS, status, random.Random(f"{seed}-{part}"))
        except BaseException as failure:  # for the thread that waits
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(part,)) for part in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def _send(address: str, count: int, status: int, source: random.Random) -> None:
    with RawClient(address) as client:
        for begin in range(0, count, BATCH):
            size = min(BATCH, count - begin)
            client.socket.sendall(b"".join(unknown_model(source) for _ in range(size)))
            _receive(client.socket.recv, size, b"HTTP/1.1 %d " % status)


def _receive(receive: Callable[[int], bytes], count: int, head: bytes) -> None:
    """Reads until `count` whole answers have come, of which every one begins with `head`."""
    received = b""
    while received.count(b"HTTP/1.1 ") < count or not received.endswith(b"}"):
        piece = receive(1 << 20)
        assert piece, "the daemon closed the connection"
        received += piece
    assert received.count(head) == count, received[:500]
