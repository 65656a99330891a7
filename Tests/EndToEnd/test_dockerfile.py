"""The Dockerfile is right by reading, since no test can build it: linted, and held to what it must say."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "Dockerfile"


def hadolint() -> str | None:
    beside_python = Path(sys.executable).parent / "hadolint"
    return str(beside_python) if beside_python.exists() else shutil.which("hadolint")


def final_stage() -> str:
    return DOCKERFILE.read_text().rpartition("\nFROM ")[2]


@pytest.mark.skipif(hadolint() is None, reason="no hadolint here")
def test_hadolint_finds_nothing():
    result = subprocess.run(
        [hadolint(), "--no-color", str(DOCKERFILE)], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_image_runs_as_a_numbered_user_who_is_not_root():
    users = re.findall(r"^USER (\S+)$", final_stage(), re.MULTILINE)
    assert users and re.fullmatch(r"[1-9]\d*(:[1-9]\d*)?", users[-1])


def test_the_image_has_a_health_check_and_a_stop_signal():
    assert re.search(r"^HEALTHCHECK ", final_stage(), re.MULTILINE)
    assert re.search(r"^STOPSIGNAL SIGTERM$", final_stage(), re.MULTILINE)


def test_what_is_copied_into_the_build_is_not_ignored():
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(\S+) ", DOCKERFILE.read_text(), re.MULTILINE)
    for source in copied:
        assert any(Path(name).match(source) for name in kept), f"{source} is ignored"
    for name in kept - {"Package.resolved"}:
        assert (ROOT / name).exists(), f"{name} is gone"
