"""The reader of docs/metrics.md, and of PromQL, which dashboards and alerts are judged with."""

import pytest

import catalogue
import promql

KNOWN = {"llm_a_total": frozenset({"job", "instance", "route"}), "up": frozenset({"job", "instance"}),
         "llm_b_seconds_bucket": frozenset({"job", "instance", "route", "le"})}


def test_a_row_becomes_a_metric():
    page = "| metric | type | labels | is |\n|---|---|---|---|\n" \
        "| `llm_b_seconds` | histogram, own times | route, tenant | How long. |\n"
    (metric,) = catalogue.read_metrics(page).values()
    assert (metric.name, metric.type, metric.help) == ("llm_b_seconds", "histogram", "How long.")
    assert metric.series() == {
        "llm_b_seconds_bucket": {"route", "tenant", "le"}, "llm_b_seconds_sum": {"route", "tenant"},
        "llm_b_seconds_count": {"route", "tenant"}}


def test_the_page_has_what_everybody_knows():
    known = catalogue.series()
    assert known["llm_client_requests_total"] == {"job", "instance", "route", "tenant", "outcome"}
    assert known["signalbox_connections"] == {"job", "instance"}
    assert "le" in known["llm_overhead_seconds_bucket"] and "llm_overhead_seconds" not in known
    assert {"valid", "disabled", "no_credit"} < catalogue.values()["llm_key_state", "state"]
    assert "30.0" in catalogue.bounds()["llm_client_request_duration_seconds_bucket"]
    assert "1048576.0" in catalogue.bounds()["gen_ai_client_token_usage_bucket"]
    assert "exhausted" in catalogue.values()["llm_client_request_duration_seconds_count", "outcome"]


@pytest.mark.parametrize(("expression", "labels"), [
    ("llm_a_total", {"job", "instance", "route"}),
    ("sum(llm_a_total)", set()),
    ("sum by (job) (rate(llm_a_total[5m]))", {"job"}),
    ("sum without (route) (rate(llm_a_total[5m]))", {"job", "instance"}),
    ("topk(3, llm_a_total)", {"job", "instance", "route"}),
    ("histogram_quantile(0.9, sum by (le, route) (rate(llm_b_seconds_bucket[5m])))", {"route"}),
    ("llm_a_total * on (job) group_left () max by (job) (up)", {"job", "instance", "route"}),
    ("sum by (job) (llm_a_total) / on (job) (sum by (job) (up) > 0)", {"job"}),
    ("llm_a_total unless on (instance) up", {"job", "instance", "route"}),
    ("absent(up{job=\"a\"})", {"job"}),
    ("time() - max by (job) (up)", {"job"}),
    ("max_over_time(up[5m:1m]) > 0", {"job", "instance"}),
])
def test_labels_of_an_expression(expression, labels):
    assert promql.labels(expression, KNOWN) == labels


@pytest.mark.parametrize("expression", [
    "llm_c_total", "llm_a_total{tenant=\"a\"}", "sum by (tenant) (llm_a_total)", "up{",
    "sum without (tenant) (llm_a_total)", "llm_a_total / on (route) up", "llm_a_total / up",
    "histogram_quantile(0.9, sum by (route) (rate(llm_b_seconds_bucket[5m])))",
    "up * on (job) group_left (tenant) max by (job) (llm_a_total)", "rate(llm_a_total{tenant=\"a\"}[5m])",
    "sum by (job) (sum by (route) (llm_a_total))",
])
def test_a_mistake_is_found(expression):
    with pytest.raises(promql.Mistake):
        promql.labels(expression, KNOWN)


def test_selections_are_listed_once_each():
    found = list(promql.selections("rate(llm_a_total{route=~\"a|b\"}[5m]) / on (job) llm_a_total"))
    assert found == [promql.Selection("llm_a_total", (("route", "=~", "a|b"),)),
                     promql.Selection("llm_a_total", ())]
    assert promql.alternatives("a|b_c") == ["a", "b_c"] and promql.alternatives("a.*") is None
