"""`signalbox usage reconcile`: our sums beside a provider's own file."""

import json

import pytest

from harness.ledger import lines, usage
from test_usage_ledger import ASKED, NANO, ask, daemon, settings  # noqa: F401: fixtures

HEADER = (
    "usage_date_utc,model_version,usage_input_tokens_no_cache,usage_input_tokens_cache_read,"
    "usage_output_tokens")


@pytest.fixture
def ours(daemon):  # noqa: F811
    """The sum of what the first provider answered."""
    return lines(usage(
        daemon.directory, "sum", "--provider", "alpha", "--outcome", "success", "--by", "day,model"))


def reconcile(daemon, *arguments: str):  # noqa: F811
    return usage(daemon.directory, "reconcile", "theirs.csv", "--provider", "alpha", *arguments)


def test_counts_that_agree_end_with_0(daemon, ours):  # noqa: F811
    rows = [
        f"{each['day']},{each['model']},{each['prompt_tokens'] - 7},7,{each['completion_tokens']}"
        for each in ours]
    (daemon.directory / "theirs.csv").write_text("\ufeff" + "\r\n".join([HEADER, *rows]) + "\r\n")
    result = reconcile(daemon, "--format", "json")
    assert result.returncode == 0, result.stderr
    assert "input_tokens from usage_input_tokens_no_cache + usage_input_tokens_cache_read" in result.stderr
    assert all(line["is_within"] and line["difference"] == 0 for line in lines(result))


def test_what_differs_is_shown_and_ends_with_1_beyond_the_tolerance(daemon, ours):  # noqa: F811
    each = ours[0]
    (daemon.directory / "theirs.csv").write_text(
        "day;model;prompt tokens;completion tokens;cost\n"
        f"{each['day']};their-name;{each['prompt_tokens'] * 2};{each['completion_tokens']};"
        f"{str(each['cost']).replace('.', ',')}\n")
    result = reconcile(daemon, "--format", "table", "--alias", f"their-name={each['model']}")
    assert result.returncode == 1 and "1 of 3 counts lie more than 0 % apart" in result.stderr
    differing = [line.split() for line in result.stdout.splitlines() if "differs" in line]
    assert differing[0][2:4] == ["input_tokens", "differs"] and differing[0][-1] == "-50.0"
    assert reconcile(daemon, "--alias", f"their-name={each['model']}", "--tolerance", "50").returncode == 0


def test_an_unknown_header_is_explained_and_can_be_mapped(daemon, ours):  # noqa: F811
    each = ours[0]
    (daemon.directory / "theirs.csv").write_text(
        f"Tag,Betrag\n{each['day']},{NANO * each['records'] / 1e9}\n")
    refused = reconcile(daemon)
    assert refused.returncode == 2
    assert "the file has 'Tag', 'Betrag'" in refused.stderr and "--map 'Tag=date'" in refused.stderr
    mapped = reconcile(daemon, "--map", "Tag=date", "--map", "Betrag=cost")
    assert mapped.returncode == 0, mapped.stderr


@pytest.mark.parametrize("content", [
    b"", b"\xff\xfe\x00d\x00a", b"date,cost\n\"2026", b"date,cost\n2026-11-21,\x00",
    b"date,cost\n1/2/2026,5\n", b"date,cost\n2026-11-21,much\n", b"x" * 2_000_000,
], ids=["empty", "utf-16", "open quote", "zero byte", "ambiguous day", "no amount", "endless line"])
def test_a_hostile_file_is_refused_with_its_line(daemon, content):  # noqa: F811
    (daemon.directory / "theirs.csv").write_bytes(content)
    result = reconcile(daemon)
    assert result.returncode == 2 and result.stdout == "", result.stderr
    assert result.stderr.startswith("signalbox: theirs.csv: ")


def test_a_file_that_is_not_there_is_named(daemon):  # noqa: F811
    result = reconcile(daemon)
    assert result.returncode == 2 and "theirs.csv cannot be read" in result.stderr
