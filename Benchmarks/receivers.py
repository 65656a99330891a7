"""Receivers of webhooks: nginx for speed, and one of asyncio that knows how old each record is."""

import asyncio
import json
import os
import shutil
import time
from datetime import datetime
from pathlib import Path

from gateways import LOAD_CORE
from processes import Running, accepts


def nginx_receiver(directory: Path, port: int) -> Running:
    """Reads every delivery and answers 204."""
    program = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if not program:
        raise SystemExit("not installed: nginx")
    home = directory / "receiver"
    home.mkdir(exist_ok=True)
    temporary = "\n".join(
        f"{kind}_temp_path {home}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "user root;" if os.geteuid() == 0 else ""
    (home / "nginx.conf").write_text(f"""
{user}
daemon off; worker_processes 1; pid {home}/nginx.pid; error_log {home}/errors.log;
events {{ worker_connections 4096; }}
http {{
  {temporary}
  access_log off; keepalive_requests 100000000; client_max_body_size 64m;
  server {{ listen 127.0.0.1:{port}; location / {{ return 204; }} }}
}}
""")
    command = [program, "-e", f"{home}/errors.log", "-p", str(home), "-c", "nginx.conf"]
    running = Running(command, LOAD_CORE, home, "nginx.log")
    running.wait_for(lambda: accepts(port))
    return running


class AgeReceiver:
    """Notes for each record the time from its end of attempt to its arrival, by the path that it came to."""

    def __init__(self):
        self.ages: list[float] = []
        self.port, self.hanging_port = 0, 0
        self.hanging = 0

    async def start(self) -> None:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=2048)
        deaf = await asyncio.start_server(self._hang, "127.0.0.1", 0, backlog=2048)
        self.port, self.hanging_port = (each.sockets[0].getsockname()[1] for each in (server, deaf))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
                body = await reader.readexactly(length)
                arrived = time.time()
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
                self.ages += [arrived - moment(line) for line in body.splitlines()]
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # The daemon has ended, or the measurement.
        finally:
            writer.close()

    async def _hang(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Takes what comes, for ever, and says nothing."""
        self.hanging += 1
        try:
            while await reader.read(65536):
                pass
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


def moment(line: bytes) -> float:
    return datetime.fromisoformat(json.loads(line)["timestamp"].replace("Z", "+00:00")).timestamp()
