"""docs/usage.md: its commands run as they stand there, and its tables are those of the program."""

import re
from pathlib import Path

import pytest

from harness.configuration import environment
from harness.daemon import Daemon, run
from harness.ledger import lines, usage
from test_usage_ledger import WEBHOOK_SECRET, failed, serve_again, settings  # noqa: F401: fixtures

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "usage.md").read_text()


def commands() -> list[tuple[list[str], str]]:
    """Each command of the page, and the head of the table that stands below it."""
    block = PAGE.partition("```console\n")[2].partition("```")[0]
    parts = block.split("$ signalbox ")[1:]
    return [(part.splitlines()[0].split(), "".join(part.splitlines()[1:])) for part in parts]


def test_every_command_of_the_page_does_what_it_shows(failed, settings):  # noqa: F811
    sums = lines(usage(failed.directory, "sum", "--provider", "alpha", "--by", "day,model"))
    used = [each for each in sums if each["prompt_tokens"]]
    rows = [f"{each['day']},{each['model']},{each['prompt_tokens']}" for each in used]
    (failed.directory / "openai.csv").write_text("\n".join(["date,model,input_tokens", *rows]))
    again: Daemon = serve_again(failed, settings)
    try:
        shown = {}
        for arguments, head in commands():
            table = ["--format", "table"] if head else []
            there = [argument.replace("openai", "alpha") if argument == "openai" else argument
                     for argument in arguments]
            result = run(
                *there, *table, directory=failed.directory,
                environment=environment(settings) | WEBHOOK_SECRET)
            assert result.returncode == 0, (arguments, result.stderr)
            shown[arguments[1]] = result.stdout
            if head:
                assert result.stdout.split("\n")[0].split() == head.split(), arguments
        assert set(shown) == {
            "list", "sum", "export", "reconcile", "endpoints", "dead-letters", "replay", "enable"}
        assert "msg_1" in shown["dead-letters"] and shown["replay"].startswith("2 deliveries of 4 records")
        assert (failed.directory / "november.csv").exists()
    finally:
        again.stop()


def fields() -> list[str]:
    return re.findall(r"^\| `(\w+)` \|", PAGE.partition("## A record")[2].partition("## Commands")[0], re.M)


def test_the_page_lists_the_columns_in_their_order(failed):  # noqa: F811
    head = usage(failed.directory, "export", "--format", "csv").stdout.splitlines()[0]
    assert head.split(",") == fields()


def test_a_record_has_no_field_that_the_page_does_not_know(failed):  # noqa: F811
    for record in lines(usage(failed.directory, "list", "--format", "json")):
        assert set(record) <= set(fields())


@pytest.mark.parametrize("command", [
    "list", "sum", "export", "reconcile", "endpoints", "dead-letters", "replay", "enable"])
def test_each_command_has_its_help_and_its_row(tmp_path, command):
    result = run("usage", command, "--help", directory=tmp_path)
    assert result.returncode == 0 and "OVERVIEW" in result.stdout
    assert f"| `{command}` |" in PAGE
