"""A Prometheus, asked over its HTTP API."""

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from .answers import Answer, Series
from .questions import Question, Window

TIMEOUT = 60


class Refused(Exception):
    """What Prometheus says of a question that it does not answer."""


class Prometheus:
    def __init__(self, url: str):
        self.url = url.rstrip("/")

    def ask(self, question: Question, window: Window) -> Answer:
        if question.instant:
            data = self.get("query", query=question.expression, time=f"{window.end:.3f}")
        else:
            # Grafana begins at a multiple of the step as well.
            start = window.start // question.step * question.step
            data = self.get("query_range", query=question.expression, start=f"{start:.3f}",
                            end=f"{window.end:.3f}", step=str(question.step))
        return Answer(question, data["resultType"], [_series(each) for each in _results(data)])

    def values(self, query: str, window: Window) -> list[str]:
        """What a variable can be in that time: of `label_values(selector, label)`."""
        asked = re.fullmatch(r"label_values\((?:(.*), )?(\w+)\)", query)
        if not asked:
            raise ValueError(f"not a question for values: {query}")
        selector = {"match[]": asked[1]} if asked[1] else {}
        return self.get(f"label/{asked[2]}/values", start=f"{window.start:.3f}", end=f"{window.end:.3f}",
                        **selector)

    def get(self, path: str, **parameters: str) -> Any:
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=TIMEOUT) as response:
                return json.load(response)["data"]
        except urllib.error.HTTPError as error:
            said = error.read().decode("utf-8", "replace")
            raise Refused(f"{error.code} {said}: {parameters}") from error


def _results(data: Any) -> list[Any]:
    """A scalar is one series without labels."""
    if data["resultType"] == "scalar":
        return [{"metric": {}, "value": data["result"]}]
    return data["result"]


def _series(result: Any) -> Series:
    samples = result["values"] if "values" in result else [result["value"]]
    return Series(result["metric"], [(float(at), float(value)) for at, value in samples])
