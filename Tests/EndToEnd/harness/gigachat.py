"""A GigaChat: an endpoint that gives out tokens by key and scope, and an API that takes nothing else."""

import asyncio
import json
import time

from . import chat
from .connection import Exchange

SCOPES = ("GIGACHAT_API_PERS", "GIGACHAT_API_B2B", "GIGACHAT_API_CORP")


class GigaChat:
    """A behaviour for an upstream. `lifetime` is that of its tokens, in seconds."""

    def __init__(self, scope: str = SCOPES[0], lifetime: float = 1800, refuses: bool = False):
        self.scope = scope
        self.lifetime = lifetime
        self.refuses = refuses
        self.delay = 0.1
        """The scopes that tokens were asked for, when, and with which request ids."""
        self.asked: list[str] = []
        self.asked_at: list[float] = []
        self.request_ids: list[str | None] = []
        """The number of the token that each chat carried, and whether it was let in."""
        self.chats: list[tuple[int, bool]] = []
        self._valid_until: dict[str, float] = {}

    def revoke(self) -> None:
        """Every token that was given out becomes worthless, before its time."""
        self._valid_until.clear()

    async def __call__(self, exchange: Exchange) -> None:
        if exchange.request.path == "/api/v2/oauth":
            await self._token(exchange)
        else:
            await self._chat(exchange)

    async def _token(self, exchange: Exchange) -> None:
        request = exchange.request
        scope = request.body.decode().removeprefix("scope=")
        self.asked.append(scope)
        self.asked_at.append(time.monotonic())
        self.request_ids.append(request.header("RqUID"))
        # Long enough for others to ask meanwhile.
        await asyncio.sleep(self.delay)
        if self.refuses or not (request.header("Authorization") or "").startswith("Basic "):
            await exchange.respond(401, b'{"code":6,"message":"credentials doesn\'t match db data"}')
        elif scope != self.scope:
            await exchange.respond(
                400, b'{"code":7,"message":"scope from db not fully includes consumed scope"}')
        else:
            token = f"token-of-gigachat-{len(self.asked)}"
            self._valid_until[token] = time.time() + self.lifetime
            await exchange.respond(200, json.dumps({
                "access_token": token, "expires_at": int((time.time() + self.lifetime) * 1000)}).encode())

    async def _chat(self, exchange: Exchange) -> None:
        token = (exchange.request.header("Authorization") or "").removeprefix("Bearer ")
        valid = self._valid_until.get(token, 0) > time.time()
        self.chats.append((int(token.rpartition("-")[2] or 0), valid))
        if valid:
            await exchange.respond(200, chat.completion(exchange.request.model))
        else:
            await exchange.respond(401, b'{"status":401,"message":"Token has expired"}')
