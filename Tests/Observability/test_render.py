"""What the pictures are made of: queries filled in, numbers as Grafana shows them, rows that merge."""

import math
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from render.answers import Answer, Series, legend
from render.prometheus import Prometheus, Refused
from render.questions import (
    Choice, Question, Window, choices, fill, load, panels, pattern, questions, variables)
from render.spans import broken, on_grid, spans
from render.tables import table
from render.values import color_of, formatted, mapped, ticks

HOUR = Window(start=0, end=3600, scrape_interval=15)
ALL = {"name": "job", "allValue": ".+"}


def answer(series: list[tuple[dict[str, str], float]], ref: str = "A") -> Answer:
    question = Question("signalbox-overview", 1, "A title", ref, "up", True, 15)
    return Answer(question, "vector", [Series(labels, [(0.0, value)]) for labels, value in series])


# Questions.


def test_all_is_the_variables_own_pattern():
    assert pattern(ALL, None) == ".+" and pattern(ALL, []) == ".+"


def test_what_is_chosen_is_matched_to_the_letter():
    assert pattern(ALL, ["a"]) == "a"
    assert pattern(ALL, ["a.b", "c"]) == r"(a\\.b|c)"


def test_variables_are_filled_in():
    filled = fill('a{job=~"$job", x="${job}"}[$__rate_interval] / $__range_s', {"job": ".+"}, HOUR, 15)
    assert filled == 'a{job=~".+", x=".+"}[60s] / 3600'


def test_a_variable_that_nobody_defines_is_a_mistake():
    with pytest.raises(KeyError):
        fill("$tenant", {"job": ".+"}, HOUR, 15)


@pytest.mark.parametrize(("seconds", "scrapes", "columns", "step", "rate"), [
    (3600, 15, 24, 15, 60), (86400, 15, 12, 109, 124), (300, 1, 8, 1, 4), (604800, 60, 8, 1145, 1205),
])
def test_steps_and_rates_are_grafanas(seconds, scrapes, columns, step, rate):
    window = Window(0, seconds, scrapes)
    assert window.step(columns) == step and window.rate_interval(step) == rate


def test_every_query_of_every_dashboard_is_asked():
    for dashboard in load():
        asked = list(questions(dashboard, HOUR, Choice({"job": ["signalbox"]})))
        assert len(asked) == sum(len(panel["targets"]) for panel in panels(dashboard)) + 1
        assert all("$" not in question.expression for question in asked)
        assert all('job=~"signalbox"' in question.expression for question in asked)
        assert variables(dashboard, Choice())["job"] == ".+"


# Answers.


def test_nothing_that_can_be_drawn_is_empty():
    assert answer([]).is_empty and answer([({}, math.nan)]).is_empty and not answer([({}, 0)]).is_empty


def test_no_data_is_news_unless_the_panel_says_so():
    told = [question for dashboard in load() for question in questions(dashboard, HOUR)]
    quiet = {question.title for question in told if question.may_be_empty}
    assert "Alerts that fire" in quiet and "Outcomes" not in quiet
    for question in told:
        assert Answer(question, question.type, []).is_empty_unexpectedly != question.may_be_empty


def test_an_answer_of_another_type_or_with_twins_is_a_mistake():
    assert answer([({"a": "b"}, 1)]).mistake is None
    assert "twice" in answer([({"a": "b"}, 1), ({"a": "b"}, 2)]).mistake
    assert "a matrix, not a vector" in Answer(answer([]).question, "matrix", []).mistake


def test_a_legend_names_labels():
    assert legend("{{a}} {{ b }}: x", {"a": "1", "b": "2"}) == "1 2: x"
    assert legend("{{a}} {{missing}}", {"a": "1"}) == "1"
    assert legend("__auto", {"a": "1"}) == "1" and legend("__auto", {"a": "1", "b": "2"}) == '{a="1", b="2"}'


@pytest.fixture
def stub() -> Iterator[str]:
    """Answers a query with its own path and parameters, as a matrix; refuses `no`."""
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            refused = "query=no" in self.path
            self.send_response(400 if refused else 200)
            self.end_headers()
            self.wfile.write(b'{"error":"because"}' if refused else
                             b'{"data":{"resultType":"matrix","result":[{"metric":{"path":"%s"},'
                             b'"values":[[1,"NaN"],[2,"0.5"]]}]}}' % self.path.encode())

        def log_message(self, *_) -> None:
            pass  # of no interest

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def asked(expression: str) -> Question:
    return Question("signalbox-overview", 1, "A title", "A", expression, False, 60)


def test_prometheus_is_asked_from_a_multiple_of_the_step(stub):
    found = Prometheus(stub + "/").ask(asked("up"), Window(90, 3690))
    assert (found.type, found.is_empty, found.mistake) == ("matrix", False, None)
    assert found.series[0].labels["path"] == "/api/v1/query_range?query=up&start=60.000&end=3690.000&step=60"
    assert found.series[0].numbers == [(2.0, 0.5)]


def test_a_variables_values_are_asked_of_its_selector(stub):
    (overview, *_) = load()
    asked = choices(overview, HOUR, Choice({"job": ["a"]}))
    assert asked["job"] == "label_values(signalbox_build_info, job)"
    assert asked["instance"] == 'label_values(signalbox_build_info{job=~"a"}, instance)'
    said = Prometheus(stub).values(asked["job"], HOUR)
    path = said["result"][0]["metric"]["path"]
    assert path == "/api/v1/label/job/values?start=0.000&end=3600.000&match%5B%5D=signalbox_build_info"
    with pytest.raises(ValueError, match="query_result"):
        Prometheus(stub).values("query_result(up)", HOUR)


def test_what_prometheus_refuses_is_told_in_its_words(stub):
    with pytest.raises(Refused, match="because"):
        Prometheus(stub).ask(asked("no"), HOUR)


# Values.


@pytest.mark.parametrize(("value", "unit", "decimals", "text"), [
    (0, "short", None, "0"), (999, "short", None, "999"), (12345, "short", None, "12.3 K"),
    (2.5e6, "short", None, "2.5 Mil"), (0.12345, "percentunit", None, "12.3%"),
    (0.5, "percentunit", 0, "50%"), (0, "s", None, "0 s"), (0.00042, "s", None, "420 µs"),
    (0.25, "s", None, "250 ms"), (90, "s", None, "1.5 min"), (5400, "s", None, "1.5 hours"),
    (432000, "s", None, "5 days"), (-7200, "s", None, "-2 hours"), (1536, "bytes", None, "1.5 KiB"),
    (1500, "Bps", None, "1.5 kB/s"), (12.345, "reqps", None, "12.3 req/s"), (3, "ops", None, "3 ops/s"),
    (7, "none", None, "7"), (math.nan, "s", None, "–"), (0.001, "ops", 1, "0 ops/s"),
])
def test_a_number_in_its_unit(value, unit, decimals, text):
    assert formatted(value, unit, decimals) == text


def test_an_unknown_unit_is_a_mistake():
    with pytest.raises(ValueError, match="furlong"):
        formatted(1, "furlong")


def test_every_unit_of_every_panel_is_known():
    for dashboard in load():
        for panel in panels(dashboard):
            assert formatted(1.5, panel["fieldConfig"]["defaults"]["unit"])


def test_thresholds_and_mappings_colour():
    steps = {"steps": [{"color": "green", "value": None}, {"color": "red", "value": 2}]}
    assert [color_of(value, steps) for value in (-1, 1.9, 2, 3)] == ["green", "green", "red", "red"]
    mappings = [{"type": "value", "options": {"0.5": {"text": "degraded", "color": "yellow", "index": 0}}}]
    assert mapped(0.5, mappings) == ("degraded", "yellow") and mapped(1, mappings) is None


@pytest.mark.parametrize(("low", "high", "unit", "expected"), [
    (0, 1, "none", [0, 0.5, 1]), (0, 20, "short", [0, 5, 10, 15, 20]), (0, 300, "s", [0, 120, 240]),
    (0, 60 * 2 ** 20, "bytes", [0, 2 ** 24, 2 ** 25, 3 * 2 ** 24]),
    (0, 0.02, "s", [0, 0.005, 0.01, 0.015, 0.02]), (5, 5, "short", [5]),
])
def test_ticks_are_round(low, high, unit, expected):
    assert ticks(low, high, unit) == pytest.approx(expected)


# Tables and states.


def test_queries_become_one_table():
    panel = {"transformations": [
        {"id": "merge", "options": {}},
        {"id": "organize", "options": {
            "excludeByName": {"Time": True, "Value #C": True},
            "indexByName": {"key": 0, "Value #B": 1, "Value #A": 2},
            "renameByName": {"key": "Key", "Value #A": "First", "Value #B": "Second"}}}]}
    merged = table(panel, [
        answer([({"key": "b"}, 1), ({"key": "a"}, 2)], "A"), answer([({"key": "b"}, 3)], "B"),
        answer([({"key": "c", "state": "odd"}, 1)], "C")])
    assert merged.columns == ["Key", "Second", "First", "state"]
    assert merged.rows == [["a", None, 2, None], ["b", 3, 1, None], ["c", None, None, "odd"]]


def test_rows_that_contradict_each_other_stay_two():
    panel = {"transformations": [{"id": "merge", "options": {}}]}
    merged = table(panel, [answer([({"key": "a", "of": "x"}, 1), ({"key": "a", "of": "y"}, 2)], "A"),
                           answer([({"key": "a"}, 3)], "B")])
    assert merged.rows == [["a", "x", 1, 3], ["a", "y", 2, None]]


def test_an_unknown_transformation_is_a_mistake():
    with pytest.raises(ValueError, match="limit"):
        table({"transformations": [{"id": "limit", "options": {}}]}, [answer([({}, 1)])])


def test_equal_values_are_one_span_and_a_gap_ends_it():
    series = Series({}, [(0, 1), (10, 1), (20, 2), (40, 2), (50, math.nan)])
    assert spans(series, 10) == [(0, 20, 1), (20, 30, 2), (40, 50, 2)]


def test_a_line_breaks_where_samples_are_missing():
    times, values = broken(Series({}, [(0, 1), (10, 2), (40, 3)]), 10)
    assert times == [0, 10, 30, 40] and values[:2] == [1, 2] and math.isnan(values[2]) and values[3] == 3


def test_areas_are_stacked_on_a_common_grid():
    times, values = on_grid([Series({}, [(0, 1), (10, 2)]), Series({}, [(10, 5)])], 10)
    assert (times, values) == ([-10, 0, 10, 20], [[0, 1, 2, 0], [0, 0, 5, 0]])
