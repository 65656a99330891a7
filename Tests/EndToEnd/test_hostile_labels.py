"""Label values that no configuration admits, as an embedder could have them: every parser reads them back."""

import shutil
import subprocess
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from harness.daemon import binary

PRINTER = "signalbox-microbench-telemetry"
VALUES = [
    'a "quoted" value', "back\\slash", "\\", '\\"', "\\n", "two\nlines", "\n", "\r\n\t", "",
    '{le="+Inf"} 1', "# EOF", "\n# EOF\n", "llm_tokens_total 1\n",
    "日本語 🚂", "e\u0301", "\u2028", "\x01\x1b\x7f",
]
LONG = "é" * 5_000
LABEL_BYTES_MAX = 256
# The last label of a stateset names a case of a closed list: nobody gives it a value.
CLOSED = {"llm_key_state state"}
NOT_UTF8 = b"good \xff\xfe bad"


def exposition(form: str, *values: str | bytes) -> bytes:
    program = Path(binary()).with_name(PRINTER)
    if not program.exists():
        pytest.skip(f"no {PRINTER} beside the daemon")
    return subprocess.run(
        [program, "--exposition", form, *values], stdout=subprocess.PIPE, check=True, timeout=30).stdout


READERS = {"text": read_text, "openmetrics": read_openmetrics}


def label_values(form: str, *values: str | bytes) -> dict[str, set[str]]:
    """By metric and label, but for buckets and the names of metrics."""
    found: dict[str, set[str]] = {}
    for family in READERS[form](exposition(form, *values).decode()):
        if family.name.startswith(("signalbox_series_dropped", "signalbox_series_removed")):
            continue
        for sample in family.samples:
            for label, value in sample.labels.items():
                if label != "le" and f"{family.name} {label}" not in CLOSED:
                    found.setdefault(f"{family.name} {label}", set()).add(value)
    return found


@pytest.mark.parametrize("form", READERS)
def test_every_label_of_every_metric_reads_back(form):
    found = label_values(form, *VALUES)
    assert len(found) >= 40
    for place, values in found.items():
        assert values == set(VALUES), place


@pytest.mark.parametrize("form", READERS)
def test_a_value_of_ten_kilobytes_is_cut_and_says_so(form):
    for place, values in label_values(form, LONG).items():
        (value,) = values
        assert value.endswith("…") and value.rstrip("…") == LONG[:len(value) - 1], place
        assert LABEL_BYTES_MAX - 4 < len(value.encode()) <= LABEL_BYTES_MAX


@pytest.mark.parametrize("form", READERS)
def test_what_is_not_utf_8_is_made_so(form):
    for place, values in label_values(form, NOT_UTF8).items():
        assert values == {"good \ufffd\ufffd bad"}, place


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
def test_promtool_finds_nothing_to_complain_about():
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=exposition("text", *VALUES, LONG, NOT_UTF8),
        capture_output=True, timeout=30)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")
