"""Fixtures: upstreams and daemons that end with the test, and the official client pointed at a daemon.

Run with SIGNALBOX_BINARY naming the executable:  pytest -n 2 Tests/EndToEnd
"""

from contextlib import ExitStack
from pathlib import Path
from typing import Any, Callable, Iterator

import openai
import pytest

pytest.register_assert_rewrite("harness")

from harness import configuration, failure_table
from harness.certificates import Authority, make_authority
from harness.daemon import Daemon
from harness.failure_case import Case
from harness.fakes import KINDS, Fakes, providers
from harness.otlp import Receiver
from harness.scene import Observation, Scene
from harness.upstream import Upstream

StartDaemon = Callable[..., Daemon]


def pytest_configure(config: pytest.Config) -> None:
    failure_table.register(config)


@pytest.fixture
def start_upstream() -> Iterator[Callable[..., Upstream]]:
    """Starts an upstream; what it is given goes to `Upstream`."""
    with ExitStack() as stack:
        yield lambda *arguments, **settings: stack.enter_context(Upstream(*arguments, **settings))


@pytest.fixture
def start_receiver() -> Iterator[Callable[..., Receiver]]:
    """Starts an OTLP receiver, which must have had nothing to complain of in the end."""
    started: list[Receiver] = []
    with ExitStack() as stack:
        def start(*arguments, **settings) -> Receiver:
            started.append(stack.enter_context(Receiver(*arguments, **settings)))
            return started[-1]
        yield start
    assert [complaint for receiver in started for complaint in receiver.complaints] == []


@pytest.fixture
def alpha(start_upstream) -> Upstream:
    """The first provider's upstream."""
    return start_upstream()


@pytest.fixture
def beta(start_upstream) -> Upstream:
    """The second provider's upstream, for when the first one fails."""
    return start_upstream()


def daemon_starter(directory: Path, daemons: list[Daemon]) -> StartDaemon:
    def start(
        settings: dict[str, Any], listeners: int = 2, more_environment: dict[str, str] | None = None,
    ) -> Daemon:
        home = directory / f"daemon-{len(daemons)}"
        home.mkdir()
        variables = configuration.environment(settings) | (more_environment or {})
        path = configuration.write(settings, home)
        daemon = Daemon(
            ("serve", "--config", str(path)), home, variables,
            secrets=tuple(configuration.environment(settings).values()))
        daemons.append(daemon)
        return daemon.wait_until_listening(listeners)
    return start


def end(daemons: list[Daemon]) -> None:
    """Every daemon must still be alive (unless its test ended it), and must stop well."""
    try:
        for daemon in daemons:
            print(daemon.transcript())
            daemon.stop()
    finally:
        for daemon in daemons:
            daemon.kill()


@pytest.fixture
def start_daemon(tmp_path: Path) -> Iterator[StartDaemon]:
    """Starts a daemon with a configuration and waits until it listens."""
    daemons: list[Daemon] = []
    yield daemon_starter(tmp_path, daemons)
    end(daemons)


@pytest.fixture(scope="module")
def start_shared_daemon(tmp_path_factory) -> Iterator[StartDaemon]:
    """As `start_daemon`, for a daemon that all of a module's tests use."""
    daemons: list[Daemon] = []
    yield daemon_starter(tmp_path_factory.mktemp("shared"), daemons)
    end(daemons)


@pytest.fixture
def connect() -> Iterator[Callable[..., openai.OpenAI]]:
    """The official client, unmodified, with no retries of its own that would hide what the daemon does."""
    with ExitStack() as stack:
        def make(daemon: Daemon, **settings: Any) -> openai.OpenAI:
            chosen = {"api_key": "any", "max_retries": 0, "timeout": 20} | settings
            return stack.enter_context(openai.OpenAI(base_url=daemon.base_url, **chosen))
        yield make


@pytest.fixture(scope="session")
def authority(tmp_path_factory) -> Authority:
    """A certificate authority that nobody but these tests trusts."""
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def fakes() -> Iterator[Fakes]:
    """The fake vendors, which remember what they were asked."""
    with Fakes() as running:
        yield running


@pytest.fixture(params=KINDS)
def kind(request, fakes: Fakes) -> str:
    """Each kind of provider that has a fake, all that came before forgotten."""
    if request.param not in fakes.base_urls:
        pytest.skip(f"{request.param} HAS NO FAKE: nothing of it is tested")
    fakes.forget()
    return request.param


@pytest.fixture(scope="module")
def vendors(start_shared_daemon: StartDaemon, fakes: Fakes) -> Daemon:
    """A daemon with every kind of provider in front of its fake; models are asked for as KIND/MODEL."""
    settings = configuration.configuration(
        *(each for kind in fakes.base_urls for each in providers(kind, fakes)))
    del settings["routes"]
    return start_shared_daemon(settings)


@pytest.fixture(scope="module")
def scenes(request, start_shared_daemon: StartDaemon) -> Iterator[Callable[[str], Scene]]:
    """For a mode: all of the module's CASES in that mode, before one daemon."""
    made: dict[str, Scene] = {}
    with ExitStack() as stack:
        def scene(mode: str) -> Scene:
            if mode not in made:
                cases = [each for each in request.module.CASES if mode in each.modes]
                made[mode] = stack.enter_context(Scene(cases, mode, start_shared_daemon))
            return made[mode]
        yield scene


@pytest.fixture
def record_row_of(record_property) -> Callable[..., None]:
    """Puts a row into the table of failures: its place among the module's, and the columns."""
    return lambda place, *columns: record_property(
        failure_table.PROPERTY, failure_table.row_of(place, *columns))


@pytest.fixture
def record_row(request, record_row_of) -> Callable[..., None]:
    """Puts what became of a case into the table."""
    def record(mode: str, case: Case, found: Observation) -> None:
        record_row_of(request.module.CASES.index(case), *failure_table.columns(mode, case, found))
    return record


@pytest.fixture
def play(scenes, record_row) -> Callable[[str, Case], None]:
    """Plays one case and judges it."""
    def play(mode: str, case: Case) -> None:
        scene = scenes(mode)
        found = scene.run(case)
        record_row(mode, case, found)
        failure_table.judge(scene, case, found)
    return play
