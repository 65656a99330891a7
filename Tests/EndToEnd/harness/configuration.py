"""Builds a daemon's configuration. It is written as JSON, which is YAML too."""

import json
from pathlib import Path
from typing import Any

# Short enough that a test which meets one by mistake fails soon, long enough for a loaded machine.
TIMEOUTS = {"connect": "2s", "first_token": "10s", "idle": "10s", "total": "60s"}


def provider(
    name: str, upstream: Any, *, models: tuple[str, ...] = (), keys: int = 1,
    timeouts: dict[str, str] | None = None, **more: Any,
) -> dict[str, Any]:
    """An `openai-compatible` provider at an upstream or a URL, with `keys` keys and one model, NAME-model."""
    base_url = upstream if isinstance(upstream, str) else upstream.base_url
    return {
        "name": name, "kind": "openai-compatible", "base_url": base_url,
        "keys": [f"env:{key_variable(name, number)}" for number in range(keys)],
        "models": list(models or [model_of(name)]),
        "timeouts": TIMEOUTS | (timeouts or {}),
    } | more


def mock(name: str, **mock_settings: Any) -> dict[str, Any]:
    settings = {"mock": mock_settings} if mock_settings else {}
    return {"name": name, "kind": "mock", "models": ["mock-normal"]} | settings


def model_of(provider_name: str) -> str:
    return f"{provider_name}-model"


def key_variable(provider_name: str, number: int = 0) -> str:
    return f"{provider_name.upper().replace('-', '_')}_KEY{number}"


def key_value(provider_name: str, number: int = 0) -> str:
    return f"sk-secret-of-{provider_name}-{number}"


def configuration(
    *providers: dict[str, Any], server: dict[str, Any] | None = None, tenants: tuple[str, ...] = (),
    route: str = "chat", **more: Any,
) -> dict[str, Any]:
    """One route over all the providers in their order; each tenant's token is in the variable ID_TOKEN."""
    return {
        "server": {"listen": "127.0.0.1:0", "threads": 2, "drain_timeout": "5s"} | (server or {}),
        # Every scrape is rendered anew: tests compare one with the next.
        "admin": {"listen": "127.0.0.1:0", "scrape_freshness": "0s"},
        "logging": {"level": "info", "format": "json"},
        "providers": list(providers),
        "routes": [{"model": route, "strategy": "ordered", "targets": [each["name"] for each in providers]}],
        "data_dir": "./data",
        # Providers are asked for what a test asks them alone; tests of the checks turn them on.
        "key_checks": "off",
        # Who hangs up frees the provider at once; tests of what it counted until then say otherwise.
        "usage": {"drain": {"time": "0s"}},
    } | ({"tenants": [
        {"id": tenant, "keys": [f"env:{token_variable(tenant)}"]} for tenant in tenants
    ]} if tenants else {}) | more


def token_variable(tenant: str) -> str:
    return tenant.upper().replace("-", "_") + "_TOKEN"


def token_value(tenant: str) -> str:
    return f"token-secret-of-{tenant}"


def environment(settings: dict[str, Any]) -> dict[str, str]:
    """Every variable that the configuration refers to."""
    variables = {}
    for each in settings.get("providers", []):
        for number in range(len(each.get("keys", []))):
            variables[key_variable(each["name"], number)] = key_value(each["name"], number)
    for tenant in settings.get("tenants", []):
        variables[token_variable(tenant["id"])] = token_value(tenant["id"])
    return variables


def write(settings: dict[str, Any], directory: Path) -> Path:
    path = directory / "signalbox.yaml"
    path.write_text(json.dumps(settings, indent=2) + "\n")
    return path
