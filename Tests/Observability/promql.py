"""What a PromQL expression asks for: names, matchers, and which labels its result has."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import promql_parser as promql

SETS = {"and", "or", "unless"}
# Aggregations that keep the labels of the series they choose.
CHOOSING = {"topk", "bottomk", "limitk", "limit_ratio"}
WITHOUT_LABELS = {"scalar", "vector", "time", "pi"}


class Mistake(Exception):
    """An expression that cannot give what it is asked for."""


@dataclass(frozen=True)
class Selection:
    """One selector: a name and what is matched, as (label, operator, value)."""

    name: str
    matchers: tuple[tuple[str, str, str], ...]


def parse(expression: str) -> promql.Expr:
    try:
        return promql.parse(expression)
    except ValueError as error:
        raise Mistake(f"{error}: {expression}") from error


def selections(expression: str | promql.Expr) -> Iterator[Selection]:
    """Every selector of an expression, in order."""
    found: list[promql.VectorSelector] = []

    def visit(node: promql.Expr) -> bool:
        if isinstance(node, promql.VectorSelector):
            found.append(node)
        return True

    promql.walk(parse(expression) if isinstance(expression, str) else expression, visit)
    yield from map(selection, found)


def selection(node: promql.VectorSelector) -> Selection:
    matchers = [(match.name, _sign(match.op), match.value) for match in node.matchers.matchers]
    name = node.name or next((value for label, sign, value in matchers
                              if label == "__name__" and sign == "="), None)
    if name is None or node.matchers.or_matchers:
        raise Mistake(f"{node} names no metric")
    return Selection(name, tuple(match for match in matchers if match[0] != "__name__"))


def alternatives(value: str) -> list[str] | None:
    """The words that a matcher's regular expression lists; None where it is more than a list."""
    return value.split("|") if re.fullmatch(r"[\w.|-]*", value) else None


def labels(expression: str | promql.Expr, known: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """The labels that an expression's result may have.

    Raises Mistake where it selects a series or matches, groups by or joins on a label that does not exist.
    """
    return _Reader(known).read(parse(expression) if isinstance(expression, str) else expression)


class _Reader:
    def __init__(self, known: Mapping[str, frozenset[str]]):
        self.known = known

    def read(self, node: promql.Expr) -> frozenset[str]:
        match node:
            case promql.VectorSelector():
                return self.selector(node)
            case promql.MatrixSelector():
                return self.selector(node.vector_selector)
            case promql.ParenExpr() | promql.SubqueryExpr() | promql.UnaryExpr():
                return self.read(node.expr)
            case promql.AggregateExpr():
                return self.aggregate(node)
            case promql.BinaryExpr():
                return self.binary(node)
            case promql.Call():
                return self.call(node)
            case promql.NumberLiteral() | promql.StringLiteral():
                return frozenset()
        raise Mistake(f"{node} is not understood")

    def selector(self, node: promql.VectorSelector) -> frozenset[str]:
        chosen = selection(node)
        if chosen.name not in self.known:
            raise Mistake(f"no such series: {chosen.name}")
        has = self.known[chosen.name]
        self.expect({label for label, _, _ in chosen.matchers}, has, f"{chosen.name} is matched by")
        return has

    def aggregate(self, node: promql.AggregateExpr) -> frozenset[str]:
        inner = self.read(node.expr)
        if str(node.op) in CHOOSING:
            if node.modifier:
                self.expect(node.modifier.labels, inner, f"{node.op} groups by")
            return inner
        made = frozenset({node.param.val}) if str(node.op) == "count_values" else frozenset()
        if node.modifier is None:
            return made
        self.expect(node.modifier.labels, inner, f"{node.op} groups by")
        named = frozenset(node.modifier.labels)
        return made | (named if _is_list_of_kept(node.modifier.type) else inner - named)

    def binary(self, node: promql.BinaryExpr) -> frozenset[str]:
        left, right = self.read(node.lhs), self.read(node.rhs)
        modifier = node.modifier
        matching = modifier.matching if modifier else None
        for side in (left, right):
            if matching:
                self.expect(matching.labels, side, f"{node.op} joins on")
        if str(node.op) == "or":
            return left | right
        if str(node.op) in SETS or is_number(node.rhs):
            return left
        if is_number(node.lhs):
            return right
        group = frozenset(modifier.group_labels or ()) if modifier else frozenset()
        if modifier and modifier.card == promql.VectorMatchCardinality.ManyToOne:
            self.expect(group, right, "group_left takes")
            return left | group
        if modifier and modifier.card == promql.VectorMatchCardinality.OneToMany:
            self.expect(group, left, "group_right takes")
            return right | group
        if matching is None:
            if left != right:
                raise Mistake(f"{node.op} joins {sorted(left)} with {sorted(right)}")
            return left
        on = frozenset(matching.labels)
        return on if matching.type == promql.LabelModifierType.Include else left - on

    def call(self, node: promql.Call) -> frozenset[str]:
        name, arguments = node.func.name, node.args
        inner = [self.read(argument) for argument in arguments]
        if name in WITHOUT_LABELS or not inner:
            return frozenset()
        if name in ("absent", "absent_over_time"):
            return frozenset(label for chosen in selections(arguments[0])
                             for label, sign, _ in chosen.matchers if sign == "=")
        everything = frozenset().union(*inner)
        if name == "histogram_quantile":
            self.expect({"le"}, everything, "histogram_quantile needs")
            return everything - {"le"}
        if name in ("label_replace", "label_join"):
            sources = [arguments[3]] if name == "label_replace" else arguments[3:]
            self.expect({source.val for source in sources}, everything, f"{name} reads")
            return everything | {arguments[1].val}
        return everything

    def expect(self, wanted, has: frozenset[str], words: str) -> None:
        missing = set(wanted) - has
        if missing:
            raise Mistake(f"{words} {', '.join(sorted(missing))}, of {', '.join(sorted(has)) or 'none'}")


def _sign(operator: promql.MatchOp) -> str:
    signs = [(promql.MatchOp.Equal, "="), (promql.MatchOp.NotEqual, "!="), (promql.MatchOp.Re, "=~"),
             (promql.MatchOp.NotRe, "!~")]
    return next(sign for known, sign in signs if known == operator)


def _is_list_of_kept(kind) -> bool:
    return kind in (promql.AggModifierType.By, promql.LabelModifierType.Include)


def is_number(node: promql.Expr) -> bool:
    if isinstance(node, (promql.ParenExpr, promql.UnaryExpr)):
        return is_number(node.expr)
    if isinstance(node, promql.BinaryExpr):
        return is_number(node.lhs) and is_number(node.rhs)
    return isinstance(node, promql.NumberLiteral) or (
        isinstance(node, promql.Call) and node.func.name in ("time", "scalar", "pi"))
