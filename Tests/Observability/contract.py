"""Holds a query to the catalogue: each function says what is wrong, and nothing where all is well."""

from collections.abc import Callable, Iterator, Mapping

import promql_parser

import catalogue
import promql

COUNTING = {"rate", "increase", "irate", "resets"}
# These read a gauge; of a counter they would tell how old the process is.
GAUGING = {"avg_over_time", "min_over_time", "max_over_time", "delta", "idelta", "deriv", "predict_linear"}
# Amounts in different units, or money in different currencies, are never one sum.
UNITS = {"currency": None, "kind": ("llm_budget_limit", "llm_budget_spent", "llm_budget_reserved")}


def mistakes(expression: str, known: Mapping[str, frozenset[str]]) -> list[str]:
    """Everything wrong with a query: names, labels, values, units, zeros."""
    try:
        promql.labels(expression, known)
        node = promql.parse(expression)
    except promql.Mistake as mistake:
        return [str(mistake)]
    checks: list[Callable[..., Iterator[str]]] = [
        wrong_values, wrong_types, divisions_by_zero, lambda node: mixed_units(node, known)]
    return [words for check in checks for words in check(node)]


def wrong_values(node: promql_parser.Expr) -> Iterator[str]:
    """Label values that are on no closed list, and bounds that no bucket has."""
    for chosen in promql.selections(node):
        for label, sign, value in chosen.matchers:
            allowed = catalogue.values().get((chosen.name, label))
            if label == "le":
                allowed = catalogue.bounds().get(chosen.name)
            asked = [value] if sign in ("=", "!=") else promql.alternatives(value)
            if allowed and asked is not None:
                for word in asked:
                    if word and word not in allowed:
                        yield f"{chosen.name} never has {label}={word!r}"


def wrong_types(node: promql_parser.Expr) -> Iterator[str]:
    """Rates of gauges, and counters that are read like gauges."""
    for call in _nodes(node, promql_parser.Call):
        reads_range = call.args and isinstance(call.args[0], promql_parser.MatrixSelector)
        if call.func.name not in COUNTING | GAUGING or not reads_range:
            continue
        name = promql.selection(call.args[0].vector_selector).name
        if _counts(name) is not None and _counts(name) != (call.func.name in COUNTING):
            yield f"{call.func.name} of {name}, which is {'a counter' if _counts(name) else 'a gauge'}"


def divisions_by_zero(node: promql_parser.Expr) -> Iterator[str]:
    """Divisors that are not compared with 0: the result may be NaN or infinite."""
    for division in _nodes(node, promql_parser.BinaryExpr):
        divisor = division.rhs
        while isinstance(divisor, promql_parser.ParenExpr):
            divisor = divisor.expr
        if str(division.op) != "/" or promql.is_number(divisor):
            continue
        if not (isinstance(divisor, promql_parser.BinaryExpr) and str(divisor.op) == ">"):
            yield f"the divisor may be 0: {divisor}"


def mixed_units(node: promql_parser.Expr, known: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """Sums over currencies, or of tokens and money."""
    for sum_ in _nodes(node, promql_parser.AggregateExpr):
        if str(sum_.op) in {"count", "group"} | promql.CHOOSING:
            continue
        kept, inner = promql.labels(sum_, known), promql.labels(sum_.expr, known)
        names = {chosen.name for chosen in promql.selections(sum_)}
        for label, only in UNITS.items():
            if label in inner - kept and (only is None or names & set(only)):
                yield f"{sum_.op} over {label}: amounts in different units"


def _counts(name: str) -> bool | None:
    """Whether a series only grows; None for what is not ours."""
    for metric in catalogue.metrics().values():
        if name in metric.series():
            return metric.type in ("counter", "histogram")
    return None


def _nodes(node: promql_parser.Expr, kind: type) -> list[promql_parser.Expr]:
    found: list[promql_parser.Expr] = []
    promql_parser.walk(node, lambda each: found.append(each) if isinstance(each, kind) else None)
    return found
