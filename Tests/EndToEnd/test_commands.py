"""The command line: what it prints, for whom, and the exit codes that scripts rely on."""

import json
import re
import socket

import pytest

from harness import contract
from harness.configuration import configuration, environment, mock, provider, write
from harness.daemon import Daemon, run
from harness.raw_client import fetch

GOOD = """\
server:   {listen: 127.0.0.1:0, threads: auto, body_max: 32MiB, request_timeout: 120s}
admin:    {listen: 127.0.0.1:0}
logging:  {level: info, format: json}
providers:
  - name: alpha                # the label in metrics, logs and bills
    kind: openai-compatible
    base_url: http://127.0.0.1:9/v1
    keys: env:ALPHA_KEY*
    models: [large, small]
    timeouts: {connect: 2s, first_token: 10s, idle: 10s, total: 60s}
  - {name: stand-in, kind: mock, models: [mock-normal]}
routes:
  - model: chat
    strategy: ordered
    targets: [alpha, stand-in/mock-normal, {provider: alpha}]
tenants:
  - id: tenant-123
    keys: [env:TENANT_TOKEN]
    budgets: [{tokens: 1000000, per: month}]
    webhook: {url: https://billing.example.com/usage, secret: env:TENANT_WHSEC}
data_dir: ./data
usage: {durability: commit, retention: 90d}
webhooks: {allow: [10.0.0.0/8]}
"""
VARIABLES = {"ALPHA_KEY0": "sk-zero", "ALPHA_KEY1": "sk-one", "TENANT_TOKEN": "a-token",
    "TENANT_WHSEC": "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u"}

# Each mistake by the line (from 1) that it replaces, what it puts there, and what the complaint must mention.
MISTAKES = {
    1: ("server:   {listen: 127.0.0.1:0, threads: many, body_max: 32MiB, request_timeout: 120s}", "threads"),
    3: ("logging:  {level: info, format: xml}", "format"),
    6: ("    kind: no-such-kind", "kind"),
    8: ("    keys: [sk-literal-secret]", "keys"),
    10: ("    timeouts: {connect: fast, first_token: 10s}", "connect"),
    15: ("    targets: [nobody]", "nobody"),
    18: ("    kees: [env:TENANT_TOKEN]", "kees"),
    19: ("    budgets: [{tokens: 1000000, per: week}]", "per"),
    20: ("    webhook: {url: http://billing.example.com/usage, secret: env:TENANT_WHSEC}", "url"),
    22: ("usage: {durability: fsync, retention: 90d}", "durability"),
    23: ("webhooks: {allow: [10.0.0.1/8]}", "allow"),
}


def check(tmp_path, text: str, variables: dict[str, str] = VARIABLES):
    path = tmp_path / "trial.yaml"
    path.write_text(text)
    result = run("check", str(path), directory=tmp_path, environment=variables)
    return result, result.stdout + result.stderr


def with_mistakes(*lines: int) -> str:
    text = GOOD.splitlines()
    for line in lines:
        text[line - 1] = MISTAKES[line][0]
    return "\n".join(text) + "\n"


def test_a_good_file_passes_the_check(tmp_path):
    result, _ = check(tmp_path, GOOD)
    assert result.returncode == 0, result
    assert result.stderr == ""


@pytest.mark.parametrize("line", MISTAKES)
def test_a_mistake_is_shown_with_its_file_line_and_key(tmp_path, line: int):
    result, output = check(tmp_path, with_mistakes(line))
    assert result.returncode == contract.EXIT_WRONG_CONFIGURATION
    complaint = next((each for each in output.splitlines() if f"trial.yaml:{line}:" in each), None)
    assert complaint and MISTAKES[line][1] in complaint, output
    assert "sk-literal-secret" not in output


def test_all_mistakes_are_shown_at_once(tmp_path):
    result, output = check(tmp_path, with_mistakes(*MISTAKES))
    assert result.returncode == contract.EXIT_WRONG_CONFIGURATION
    assert set(MISTAKES) <= {int(line) for line in re.findall(r"trial\.yaml:(\d+):", output)}, output


def test_a_missing_variable_is_a_mistake(tmp_path):
    result, output = check(tmp_path, GOOD, {"ALPHA_KEY0": "sk-zero"})
    assert result.returncode == contract.EXIT_WRONG_CONFIGURATION
    assert "TENANT_TOKEN" in output and "trial.yaml:18:" in output


@pytest.mark.parametrize("text", [
    "", "just words", "- a\n- list\n", "server: {listen: [\n", "a: &a [*a]\n", "\x00\x01",
    "server: !!python/x {}\n",
], ids=["empty", "words", "list", "torn", "alias of itself", "binary", "tagged"])
def test_what_is_no_configuration_is_refused_with_words(tmp_path, text: str):
    result, output = check(tmp_path, text)
    assert result.returncode == contract.EXIT_WRONG_CONFIGURATION, result
    assert "trial.yaml" in output


def test_a_missing_file_is_named(tmp_path):
    for command in (("check", "absent.yaml"), ("serve", "--config", "absent.yaml")):
        result = run(*command, directory=tmp_path)
        assert result.returncode == contract.EXIT_WRONG_CONFIGURATION
        assert "absent.yaml" in result.stdout + result.stderr


def test_serve_refuses_a_wrong_file_as_check_does(tmp_path):
    (tmp_path / "trial.yaml").write_text(with_mistakes(6))
    result = run("serve", "--config", "trial.yaml", directory=tmp_path, environment=VARIABLES)
    assert result.returncode == contract.EXIT_WRONG_CONFIGURATION
    assert "trial.yaml:6:" in result.stdout + result.stderr


def test_listening_beyond_loopback_without_tenants_needs_permission(tmp_path):
    settings = configuration(mock("stand-in"), server={"listen": "0.0.0.0:0"})
    result = run("check", str(write(settings, tmp_path)), directory=tmp_path)
    assert result.returncode == contract.EXIT_WRONG_CONFIGURATION
    assert "allow_anonymous" in result.stdout + result.stderr


def test_help_and_version_answer(tmp_path):
    help_text = run("--help", directory=tmp_path)
    assert help_text.returncode == 0
    for command in ("serve", "check"):
        assert command in help_text.stdout
    version = run("--version", directory=tmp_path)
    assert version.returncode == 0 and re.search(r"\d+\.\d+", version.stdout)


def test_an_unknown_command_is_refused(tmp_path):
    result = run("sing", directory=tmp_path)
    assert result.returncode != 0 and result.stderr


def test_an_occupied_port_is_named(tmp_path):
    with socket.socket() as occupant:
        occupant.bind(("127.0.0.1", 0))
        occupant.listen()
        address = f"127.0.0.1:{occupant.getsockname()[1]}"
        settings = configuration(mock("stand-in"), server={"listen": address})
        result = run("serve", "--config", str(write(settings, tmp_path)), directory=tmp_path)
    assert result.returncode == contract.EXIT_FAILED
    output = result.stdout + result.stderr
    assert address in output and "in use" in output


def test_a_data_directory_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "occupied").write_text("a file, not a directory")
    settings = configuration(mock("stand-in"), data_dir="./occupied")
    result = run("serve", "--config", str(write(settings, tmp_path)), directory=tmp_path)
    assert result.returncode in (contract.EXIT_FAILED, contract.EXIT_WRONG_CONFIGURATION)
    assert "occupied" in result.stdout + result.stderr


def test_a_file_in_the_working_directory_is_found(tmp_path, alpha):
    settings = configuration(provider("alpha", alpha))
    write(settings, tmp_path)
    daemon = Daemon(("serve",), tmp_path, environment(settings))
    try:
        daemon.wait_until_listening()
        assert fetch(daemon.base_url + "/models").status == 200
        daemon.stop()
    finally:
        daemon.kill()


def test_the_demo_answers_with_nothing_but_itself(tmp_path):
    daemon = Daemon(contract.DEMO_ARGUMENTS, tmp_path)
    try:
        daemon.wait_until_listening()
        models = [model["id"] for model in fetch(daemon.base_url + "/models").json["data"]]
        body = json.dumps({"model": models[0], "messages": [{"role": "user", "content": "hello"}]}).encode()
        answer = fetch(daemon.base_url + "/chat/completions", "POST", body)
        assert answer.status == 200
        assert answer.json["choices"][0]["message"]["content"]
        daemon.stop()
    finally:
        daemon.kill()
