"""Grafana's own types know every field of the dashboards, and lose none.

The SDK passes over keys that it does not know, so a misspelt field is one that does not come back. The JSON
is made without it: as a judge it is nobody's accomplice.
"""

import json
import re
import warnings
from typing import Any

import pytest

import dashboards

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.cog.plugins import register_default_plugins
    from grafana_foundation_sdk.models.dashboard import Dashboard

# What Grafana reads and the SDK does not write: null, and what only Prometheus' annotations have.
UNKNOWN_TO_SDK = {".id", ".annotations.list[].titleFormat", ".annotations.list[].textFormat"}
# What the SDK writes where nothing is said; each is what Grafana takes for granted as well.
DEFAULTS = {
    ".templating.list[].allowCustomValue": True, ".templating.list[].auto": False,
    ".templating.list[].auto_min": "10s", ".templating.list[].auto_count": 30,
    ".annotations.list[].builtIn": 0, ".panels[].transparent": False, ".panels[].repeatDirection": "h",
    ".panels[].options.wideLayout": True, ".panels[].options.showPercentChange": False,
    ".panels[].options.percentChangeColorMode": "standard", ".panels[].options.legend.calcs": [],
    ".panels[].options.perPage": 20, ".panels[].options.frameIndex": 0,
    ".panels[].options.showTypeIcons": False, ".panels[].fieldConfig.defaults.custom.inspect": False,
    ".panels[].fieldConfig.defaults.links[].type": "link", ".panels[].fieldConfig.defaults.links[].icon": "",
    ".panels[].fieldConfig.defaults.links[].tooltip": "", ".panels[].fieldConfig.defaults.links[].tags": [],
    ".panels[].fieldConfig.defaults.links[].asDropdown": False,
    ".panels[].fieldConfig.defaults.links[].includeVars": False,
    ".panels[].fieldConfig.defaults.links[].keepTime": False,
}


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """Every leaf of a JSON tree by its path."""
    if isinstance(value, dict) and value:
        return {key: leaf for name, each in value.items()
                for key, leaf in flat(each, f"{path}.{name}").items()}
    if isinstance(value, list) and value:
        return {key: leaf for index, each in enumerate(value)
                for key, leaf in flat(each, f"{path}[{index}]").items()}
    return {path: value}


def kind(path: str) -> str:
    return re.sub(r"\[\d+\]", "[]", path)


def there_and_back(dashboard: dict[str, Any]) -> dict[str, Any]:
    register_default_plugins()
    return json.loads(JSONEncoder().encode(Dashboard.from_json(dashboard)))


def differences(dashboard: dict[str, Any]) -> dict[str, Any]:
    """What came back otherwise: lost, made up or changed, by path."""
    before, after = flat(dashboard), flat(there_and_back(dashboard))
    lost = {path: "lost" for path in before.keys() - after.keys() if kind(path) not in UNKNOWN_TO_SDK}
    made = {path: after[path] for path in after.keys() - before.keys()
            if kind(path) not in DEFAULTS or DEFAULTS[kind(path)] != after[path]}
    changed = {path: after[path] for path in before.keys() & after.keys() if before[path] != after[path]}
    return lost | made | changed


@pytest.mark.parametrize("dashboard", dashboards.dashboards(), ids=lambda each: each["uid"])
def test_a_round_trip_loses_nothing_and_adds_nothing(dashboard):
    assert differences(dashboard) == {}


@pytest.mark.parametrize(("path", "name"), [
    ((), "uuid"), (("panels", 1), "titel"), (("panels", 1, "options"), "colourMode"),
    (("panels", 1, "fieldConfig", "defaults"), "units"), (("panels", 1, "targets", 0), "query"),
    (("templating", "list", 1), "allVal"),
])
def test_a_misspelt_field_is_lost(path, name):
    dashboard = json.loads(json.dumps(dashboards.dashboards()[0]))
    place = dashboard
    for step in path:
        place = place[step]
    place[name] = "something"
    assert list(differences(dashboard).values()) == ["lost"]


def test_no_default_and_no_gap_is_listed_that_does_not_occur():
    seen, lost = set(), set()
    for dashboard in dashboards.dashboards():
        before, after = flat(dashboard), flat(there_and_back(dashboard))
        seen |= {kind(path) for path in after.keys() - before.keys()}
        lost |= {kind(path) for path in before.keys() - after.keys()}
    assert (seen, lost) == (set(DEFAULTS), UNKNOWN_TO_SDK)
