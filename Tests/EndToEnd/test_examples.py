"""What the README and examples/ show works as shown."""

import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

import pytest

from harness import behaviours, chat
from harness.daemon import Daemon, bare_environment, run
from harness.raw_client import fetch

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
VARIABLES = {
    "OPENAI_API_KEY0": "sk-secret-of-the-example", "ANTHROPIC_API_KEY": "sk-ant-secret-of-the-example",
    "CALLER_TOKEN": "token-of-the-example",
    "TENANT_A_TOKEN": "token-of-tenant-a", "TENANT_B_TOKEN": "token-of-tenant-b",
    "BILLING_TOKEN": "Bearer billing-of-the-example", "TENANT_B_LAGO": "Bearer lago-of-the-example",
    "TENANT_A_WHSEC": "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u",
    "TENANT_B_WHSEC": "whsec_YTEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u",
}
MOCK_TEXT = "This is a mock answer: no model was asked."


@contextmanager
def serving(path: Path, directory: Path) -> Iterator[Daemon]:
    """The daemon with a configuration file, on free ports whatever the file says."""
    listeners = ("--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0")
    daemon = Daemon(
        ("serve", "--config", str(path), *listeners), directory, VARIABLES, tuple(VARIABLES.values()))
    try:
        yield daemon.wait_until_listening()
        daemon.stop()
    finally:
        daemon.kill()


def run_chat(daemon: Daemon, model: str = "chat") -> subprocess.CompletedProcess:
    """examples/chat.py as its reader runs it: a process of its own, told where to go by the environment."""
    environment = bare_environment({
        "SIGNALBOX_URL": daemon.base_url, "SIGNALBOX_MODEL": model,
        "CALLER_TOKEN": VARIABLES["CALLER_TOKEN"],
    })
    return subprocess.run(
        [sys.executable, str(EXAMPLES / "chat.py"), "Is the line clear?"], env=environment, text=True,
        capture_output=True, timeout=60)


@pytest.fixture(scope="module")
def faults(tmp_path_factory) -> Iterator[Daemon]:
    with serving(EXAMPLES / "faults.yaml", tmp_path_factory.mktemp("faults")) as daemon:
        yield daemon


def ask(daemon: Daemon, model: str, streaming: bool = False):
    body = f'{{"model":"{model}","stream":{"true" if streaming else "false"}}}'
    return fetch(daemon.base_url + "/chat/completions", "POST", body.encode())


def readme_configuration() -> str:
    return (ROOT / "README.md").read_text().partition("```yaml\n")[2].partition("```\n")[0]


def test_the_readme_shows_a_good_configuration_of_ten_lines(tmp_path):
    text = readme_configuration()
    assert len(text.splitlines()) <= 10
    (tmp_path / "signalbox.yaml").write_text(text)
    result = run("check", directory=tmp_path, environment=VARIABLES)
    assert result.returncode == 0, result.stderr


def recipes() -> list[str]:
    text = (ROOT / "docs" / "providers.md").read_text()
    return [part.partition("```\n")[0] for part in text.split("```yaml\n")[1:]]


@pytest.mark.parametrize("number", range(len(recipes())))
def test_every_recipe_for_a_provider_passes_the_check(number, tmp_path):
    text = recipes()[number]
    path = tmp_path / "signalbox.yaml"
    path.write_text(text)
    variables = {name: f"value-of-{name}" for name in re.findall(r"env:([A-Z0-9_]+)", text)}
    result = run("check", str(path), directory=tmp_path, environment=variables)
    assert result.returncode == 0, result.stderr


def test_the_recipes_are_for_azure_vllm_and_fireworks_too():
    text = "".join(recipes())
    for address in ("openai.azure.com/openai/v1", "127.0.0.1:8000/v1", "api.fireworks.ai/inference/v1"):
        assert address in text


def test_the_readme_names_only_targets_and_tests_that_exist():
    readme = (ROOT / "README.md").read_text()
    targets = set(re.findall(r"`make ([a-z-]+)", readme))
    assert targets <= set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    tests = "".join(path.read_text() for path in (ROOT / "Tests").glob("*/test_*.py"))
    for name in re.findall(r"-k (\w+)", readme):
        assert re.search(rf"def test_\w*{name}", tests), name
    for path in re.findall(r"Tests/EndToEnd/\w+\.py", readme):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.name)
def test_every_example_passes_the_check(path, tmp_path):
    command = ("prices", "check") if path.name.endswith("prices.yaml") else ("check",)
    # They name their files as somebody in the repository's directory would.
    result = run(*command, str(path), directory=ROOT, environment=VARIABLES)
    assert result.returncode == 0, result.stderr


def test_the_commented_example_chats_falls_back_and_wants_its_token(tmp_path, alpha, beta):
    text = (EXAMPLES / "signalbox.yaml").read_text()
    for address, upstream in (("https://api.openai.com/v1", alpha), ("http://127.0.0.1:11434/v1", beta)):
        assert address in text
        text = text.replace(address, upstream.base_url)
    path = tmp_path / "example.yaml"
    path.write_text(text)
    alpha.play(behaviours.status(401, "invalid_api_key"))
    beta.play(behaviours.reply(), behaviours.stream(3))
    with serving(path, tmp_path) as daemon:
        result = run_chat(daemon)
        assert fetch(daemon.base_url + "/models").status == 401
    assert result.returncode == 0, result.stderr
    plain, provider, attempts, streamed = result.stdout.splitlines()
    assert plain.endswith(chat.GREETING) and streamed.endswith(behaviours.streamed_text(3))
    assert provider.split() == ["from", "local", "llama3"]
    assert attempts.split() == ["after", "2", "attempts"]


def test_the_chat_example_talks_to_the_mocks(faults):
    result = run_chat(faults, "key-rejected")
    assert result.returncode == 0, result.stderr
    assert result.stdout.count(MOCK_TEXT) == 2
    assert "good mock-normal" in result.stdout


def test_the_chat_example_says_that_a_stream_broke_off(faults):
    result = run_chat(faults, "cut")
    assert result.returncode == 1
    assert "APIError" in result.stderr and "broke off" in result.stderr


@pytest.mark.parametrize("streaming", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("model", ["overloaded", "rate-limited", "key-rejected", "timeout", "malformed"])
def test_a_fault_before_the_first_delta_is_made_good(faults, model, streaming):
    response = ask(faults, model, streaming)
    assert response.status == 200
    assert response.headers["x-signalbox-provider"] == "good"


def test_a_provider_that_failed_often_is_left_alone(faults):
    first, second = [ask(faults, "breaker") for _ in range(2)]
    assert first.status == second.status == 200
    assert int(first.headers["x-signalbox-attempts"]) > 1
    assert second.headers["x-signalbox-attempts"] == "1"


@pytest.mark.parametrize("model", ["cut", "stall"])
def test_a_fault_after_the_first_delta_is_told(faults, model):
    text = ask(faults, model, streaming=True).body
    assert b"stream_interrupted" in text and b"[DONE]" not in text


@pytest.mark.parametrize(("model", "status"), [
    ("invalid", 400), ("all-rate-limited", 429), ("all-down", 503), ("no-such-model", 404),
])
def test_a_fault_that_nobody_mends_is_an_error(faults, model, status):
    response = ask(faults, model)
    assert response.status == status
    assert response.json["error"]["message"]


def test_a_malformed_chunk_is_left_out(faults):
    text = ask(faults, "malformed-chunk", streaming=True).body
    assert text.endswith(b"data: [DONE]\n\n")
