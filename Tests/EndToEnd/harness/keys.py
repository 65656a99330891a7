"""Checks of keys: providers that are checked often, what is believed of a key, and waiting until it is."""

import json

from . import behaviours, chat, contract
from .configuration import configuration, provider
from .connection import Exchange
from .daemon import Daemon
from .metrics import Metrics
from .raw_client import Response, fetch
from .waiting import scraped_until

CHAT = "/v1/chat/completions"
# Each key is checked every second, and sooner where something is to be made sure of.
OFTEN = {"interval": "1s", "jitter": 0, "timeout": "1s", "retry": "100ms", "requests_per_minute": 6000}
# Checked once, at the start; from then on when something happens.
ONCE = OFTEN | {"interval": "7d"}
BAD_KEY = behaviours.status(401, "invalid_api_key", message="Incorrect API key provided.")
STATES = (
    "valid", "invalid", "expired", "disabled", "missing_scope", "wrong_region_or_folder", "no_credit",
    "spend_limit", "rate_limited", "provider_down", "unknown",
)
TAUGHT_NOTHING = ("rate_limited", "provider_down", "unknown")


async def list_models(exchange: Exchange) -> None:
    await exchange.respond(200, chat.models("alpha-model"), {"x-request-id": "req-good"})


def openai(name: str, upstream, **more) -> dict:
    """A kind of which one request tells whether the key is known."""
    return provider(name, upstream, kind="openai", **more)


def checked(*providers: dict, key_checks=None, **more) -> dict:
    return configuration(*providers, key_checks=OFTEN if key_checks is None else key_checks, **more)


def ask(daemon: Daemon) -> Response:
    body = {"model": "chat", "messages": [{"role": "user", "content": contract.PROMPT}]}
    return fetch(daemon.url + CHAT, "POST", json.dumps(body).encode())


def key_of(response: Response, daemon: Daemon) -> str:
    """Which key the answer's one attempt was made with."""
    assert response.status == 200, response.body
    [attempt] = daemon.request_log(response.headers["x-request-id"])["attempts"]
    return attempt["key"]


def state(metrics: Metrics, key: str) -> str | None:
    """What is believed of a key; None while the states and the validity do not tell the same yet.

    A scrape may come between the one and the other.
    """
    owner = key.rpartition("-")[0]
    here = [sample for sample in metrics.labels("llm_key_state") if sample["key"] == key]
    if not here:
        return None
    assert {sample["state"] for sample in here} == set(STATES)
    values = {each: metrics.value("llm_key_state", provider=owner, key=key, state=each) for each in STATES}
    believed = [each for each, value in values.items() if value == 1]
    valid = [
        each.value for each in metrics.samples if each.name == "llm_key_valid" and each.labels["key"] == key]
    expected = [] if believed == ["unknown"] else [1.0 if believed == ["valid"] else 0.0]
    return believed[0] if len(believed) == 1 and valid == expected else None


def wait_for_state(daemon: Daemon, key: str, wanted: str) -> Metrics:
    return scraped_until(
        daemon.metrics, lambda metrics: state(metrics, key) == wanted, f"the state {wanted} of {key}")


def listed(daemon: Daemon) -> dict[str, dict]:
    return {key["key"]: key for key in daemon.admin("/admin/keys").json["keys"]}


def between_checks(daemon: Daemon, key: str) -> dict:
    """What is listed of a key while no check of it is under way: a running one has no next."""
    return scraped_until(
        lambda: listed(daemon)[key], lambda known: "next_check" in known, f"an end to the check of {key}")


def check_now(daemon: Daemon, key: str) -> Response:
    return fetch(f"{daemon.admin_url}/admin/keys/{key}/check", "POST", b"")


def told(daemon: Daemon, key: str) -> list[tuple[str, str]]:
    """What the log's lines at warning and info have said of a key, in their order.

    Not of checks that taught nothing: on a busy machine one may come too late.
    """
    return [
        (line["level"], line["state"]) for line in daemon.logged("key_check")
        if line["key"] == key and line["level"] != "debug" and line["state"] not in TAUGHT_NOTHING]


def wait_for_word(daemon: Daemon, word: str, key: str, seen: int = 0) -> dict:
    return daemon.wait_for_later_log(seen, lambda line: line["message"] == word and line.get("key") == key)
