"""`signalbox-fakes` as a process: fake vendors over HTTP, and what they were asked."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from . import configuration
from .daemon import bare_environment
from .raw_client import fetch

# Every kind of provider; a kind whose fake is missing is skipped, loudly.
KINDS = (
    "openai", "anthropic", "gemini", "groq", "cerebras", "mistral", "deepseek", "xai", "openrouter",
    "together", "gigachat", "yandexgpt", "ollama", "openai-compatible", "mock",
)
# Models by what the fakes do when asked for them; the mock has names of its own.
MODELS = ("ok", "tools", "reasoning")
MOCK_MODELS = {"ok": "mock-normal", "fail-429": "mock-ratelimit"}
# At a provider of its own: a key that is limited rests, and the other tests' must not.
LIMITED = "fail-429"
MOCK_TEXT = "This is a mock answer: no model was asked."


def binary() -> str:
    """Beside the daemon's, unless SIGNALBOX_FAKES_BINARY names another."""
    beside = Path(os.environ["SIGNALBOX_BINARY"]).resolve(strict=True).with_name("signalbox-fakes")
    debug = Path(__file__).resolve().parents[3] / ".build/debug/signalbox-fakes"
    named = os.environ.get("SIGNALBOX_FAKES_BINARY")
    path = Path(named) if named else beside if beside.exists() else debug
    assert path.exists(), f"{path} does not exist: `swift build --product signalbox-fakes` makes it"
    return str(path)


class Fakes:
    """The running fakes. They end when this process does, however it ends."""

    def __init__(self):
        self.process = subprocess.Popen(
            [binary(), "--until-input-ends"], env=bare_environment(),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line, f"signalbox-fakes ended before it listened: {self.process.wait(10)}"
        greeting = json.loads(line)
        self.url = "http://" + greeting["address"]
        self.base_urls: dict[str, str] = greeting["base_urls"]

    def __enter__(self) -> "Fakes":
        return self

    def __exit__(self, *_) -> None:
        self.process.stdin.close()
        try:
            assert self.process.wait(10) == 0, f"signalbox-fakes ended with {self.process.returncode}"
        finally:
            self.process.kill()
            self.process.stdout.close()

    def origin(self, kind: str) -> str:
        """Where the vendor's own client thinks the vendor's host is."""
        return f"{self.url}/{kind}"

    def requests(self, kind: str) -> list[dict[str, Any]]:
        """What the vendor was asked since the last `forget`, the oldest first."""
        answer = json.loads(fetch(f"{self.url}/__requests").body)
        assert answer["dropped"] == 0, "more requests than are remembered"
        return [request for request in answer["requests"] if request["kind"] == kind]

    def forget(self) -> None:
        assert fetch(f"{self.url}/__requests", method="DELETE").status == 204


def settings_of(kind: str, fakes: Fakes) -> dict[str, Any]:
    """What a provider of that kind must be configured with besides."""
    match kind:
        case "gigachat":
            return {"auth_url": f"{fakes.origin(kind)}/api/v2/oauth", "scope": "PERS"}
        case "yandexgpt":
            return {"folder": "b1gfakefolder0000000"}
        case _:
            return {}


def providers(kind: str, fakes: Fakes) -> list[dict[str, Any]]:
    """Two of that kind at its fake: one named as its kind, and one that is always rate limited."""
    models = {kind: MODELS, limited(kind): (LIMITED,)}
    if kind == "mock":
        mocks = {name: [MOCK_MODELS.get(model) for model in found] for name, found in models.items()}
        return [
            {"name": name, "kind": kind, "models": list(filter(None, found))}
            for name, found in mocks.items()
        ]
    return [
        configuration.provider(
            name, fakes.base_urls[kind], kind=kind, models=found, **settings_of(kind, fakes))
        for name, found in models.items()
    ]


def limited(kind: str) -> str:
    return f"{kind}-limited"


def route(kind: str, model: str = "ok") -> str:
    """What a client asks for to have that model of that provider."""
    name = limited(kind) if model == LIMITED else kind
    return f"{name}/{MOCK_MODELS[model] if kind == 'mock' else model}"


def answer(kind: str, text: str) -> str:
    """What the vendor says to that text."""
    return MOCK_TEXT if kind == "mock" else f"Echo: {text}"
