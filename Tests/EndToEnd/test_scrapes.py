"""The admin listener under scrapers: shared renderings, places, timeouts, proof, TLS."""

import base64
import gzip
import ssl
import urllib.request

import pytest

from harness.certificates import make_authority
from harness.configuration import configuration, environment, mock, provider, write
from harness.daemon import Daemon, run
from harness.metrics import Metrics
from harness.raw_client import RawClient, fetch, request
from harness.waiting import scraped_until

# So many, with names so long, that the metrics are larger than what the kernel's buffers hold (4 MiB).
ROUTES = 300
LARGE = 5_000_000
TIMEOUT = "X-Prometheus-Scrape-Timeout-Seconds"


def settings_of(**admin) -> dict:
    settings = configuration(provider("alpha", "http://127.0.0.1:9/v1"))
    settings["admin"] |= admin
    return settings


def with_many_routes(settings: dict) -> dict:
    names = [f"{number}-{'of-a-long-list-' * 12}" for number in range(ROUTES)]
    settings["routes"] += [{"model": name, "targets": ["alpha"]} for name in names]
    return settings


def packed(daemon: Daemon) -> Metrics:
    """Another edition than the plain one, so that it shares nothing with that."""
    response = daemon.admin("/metrics", {"Accept-Encoding": "gzip"})
    assert response.status == 200
    return Metrics(gzip.decompress(response.body).decode())


def scrapes(metrics: Metrics) -> dict[str, float]:
    name = "signalbox_scrapes_total"
    return {labels["result"]: metrics.value(name, **labels) for labels in metrics.labels(name)}


def test_scrapes_of_one_edition_share_a_rendering_while_it_is_fresh(start_daemon):
    daemon = start_daemon(settings_of(scrape_freshness="10s"))
    first, second = daemon.admin("/metrics"), daemon.admin("/metrics")
    assert first.body == second.body
    counted = scrapes(packed(daemon))
    assert (counted["rendered"], counted["shared"]) == (1, 1)


def test_scrapes_add_no_series(start_daemon):
    daemon = start_daemon(settings_of())
    first = daemon.metrics()
    packed(daemon)
    last = daemon.metrics()
    assert [(each.name, each.labels) for each in first.samples] == [
        (each.name, each.labels) for each in last.samples]
    assert last.value("signalbox_exposition_bytes_total", encoding="gzip") > 1_000
    # A scrape is counted before its answer is sent, and so in the next: the first two are.
    assert scrapes(last)["rendered"] == 2
    assert last.value("signalbox_scrape_duration_seconds_count") == 2


def test_a_scraper_that_does_not_read_keeps_its_place(start_daemon):
    daemon = start_daemon(with_many_routes(settings_of(scrapes_max=1)))
    address = daemon.addresses("admin")[0]
    with RawClient(address, receive_buffer=4096) as slow:
        slow.send(request("GET", "/metrics"))
        head = slow.head()
        assert head.status == 200 and int(head.headers["content-length"]) > LARGE
        refused = daemon.admin("/metrics")
        assert refused.status == 503
        assert refused.headers["retry-after"] == "1"
        assert daemon.admin("/healthz").status == 200
        body = slow._body(head.headers)
        assert body.endswith(b"\n")
    answered = scraped_until(lambda: daemon.admin("/metrics"), lambda answer: answer.status == 200, "a place")
    assert scrapes(Metrics(answered.body.decode()))["too_many"] >= 1


def test_a_scraper_that_leaves_gives_its_place_back(start_daemon):
    daemon = start_daemon(with_many_routes(settings_of(scrapes_max=1)))
    with RawClient(daemon.addresses("admin")[0], receive_buffer=4096) as slow:
        slow.send(request("GET", "/metrics"))
        assert slow.head().status == 200
        assert daemon.admin("/metrics").status == 503
        slow.reset()
    scraped_until(lambda: daemon.admin("/metrics").status, lambda status: status == 200, "a place")


def test_a_scrape_that_would_come_late_is_refused_in_time(start_daemon):
    daemon = start_daemon(with_many_routes(settings_of()))
    late = daemon.admin("/metrics", {TIMEOUT: "0.000001"})
    assert late.status == 503 and late.headers["retry-after"] == "1"
    for timeout in ("10", "soon", "-1"):
        assert daemon.admin("/metrics", {TIMEOUT: timeout}).status == 200
    assert scrapes(daemon.metrics())["timeout"] == 1


# Proof and TLS.

TOKEN, PASSWORD = "token-secret-of-admin", "token-secret-of-scraper"


def basic(username: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()}


@pytest.fixture
def start_guarded(tmp_path):
    """Starts a daemon whose admin listener wants proof."""
    daemons = []

    def start(**admin) -> Daemon:
        settings = settings_of(metrics_auth=True, **admin)
        variables = environment(settings) | {"ADMIN_TOKEN": TOKEN, "SCRAPER_PASSWORD": PASSWORD}
        path = write(settings, tmp_path)
        daemons.append(Daemon(
            ("serve", "--config", str(path)), tmp_path, variables, secrets=tuple(variables.values())))
        return daemons[-1].wait_until_listening()

    yield start
    try:
        for daemon in daemons:
            daemon.stop()
    finally:
        for daemon in daemons:
            daemon.kill()


BASIC = {"username": "prometheus", "password": "env:SCRAPER_PASSWORD"}


def test_metrics_are_for_those_who_prove_themselves(start_guarded):
    daemon = start_guarded(token="env:ADMIN_TOKEN", basic_auth=BASIC)
    for headers in (
        {}, {"Authorization": "Bearer"}, {"Authorization": "Bearer " + PASSWORD},
        {"Authorization": "Basic " + TOKEN}, basic("prometheus", TOKEN), basic("root", PASSWORD),
        basic("", ""), {"Authorization": "x" * 10_000},
    ):
        refused = daemon.admin("/metrics", headers)
        assert refused.status == 401, headers
        assert refused.headers["www-authenticate"].startswith(("Bearer ", "Basic "))
        assert b"llm_" not in refused.body
    assert fetch(daemon.admin_url + "/metrics", "POST").status == 405
    for headers in ({"Authorization": "Bearer " + TOKEN}, basic("prometheus", PASSWORD)):
        assert daemon.admin("/metrics", headers).status == 200
    for path in ("/healthz", "/readyz"):
        assert daemon.admin(path).status == 200, "health is open"
    metrics = Metrics(daemon.admin("/metrics", basic("prometheus", PASSWORD)).body.decode())
    assert scrapes(metrics)["unauthorized"] == 8


def over_tls(daemon: Daemon, authority, path: str, version: ssl.TLSVersion | None = None) -> bytes:
    context = ssl.create_default_context(cafile=str(authority.ca_file))
    if version:
        context.minimum_version = context.maximum_version = version
    url = f"https://{daemon.addresses('admin')[0]}{path}"
    with urllib.request.urlopen(url, context=context, timeout=10) as response:
        return response.read()


def tls_of(authority) -> dict[str, str]:
    return {"certificate": str(authority.certificate_file), "key": str(authority.key_file)}


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_metrics_are_served_over_tls(start_daemon, authority, version):
    daemon = start_daemon(with_many_routes(settings_of(tls=tls_of(authority))))
    body = over_tls(daemon, authority, "/metrics", version)
    assert len(body) > LARGE and Metrics(body.decode()).value("signalbox_build_info") == 1
    assert over_tls(daemon, authority, "/healthz") == b"ok\n"
    with RawClient(daemon.addresses("admin")[0]) as plain:
        plain.send(request("GET", "/metrics"))
        assert plain.closes(5), "plain HTTP is not spoken there"


def test_a_client_that_stalls_in_its_handshake_is_closed(start_daemon, authority):
    settings = settings_of(tls=tls_of(authority))
    settings["server"]["header_timeout"] = "500ms"
    daemon = start_daemon(settings)
    with RawClient(daemon.addresses("admin")[0]) as mute, RawClient(daemon.addresses("admin")[0]) as stalled:
        stalled.send(b"\x16\x03\x01\x02\x00\x01\x00")
        assert over_tls(daemon, authority, "/healthz") == b"ok\n"
        assert mute.closes(5) and stalled.closes(5)


def test_a_key_of_another_certificate_is_refused_at_the_start(authority, tmp_path):
    other = make_authority(tmp_path / "other")
    tls = {"certificate": str(authority.certificate_file), "key": str(other.key_file)}
    settings = configuration(mock("stand-in"))
    settings["admin"]["tls"] = tls
    result = run("serve", "--config", str(write(settings, tmp_path)), directory=tmp_path)
    assert result.returncode == 1
    assert "certificate" in result.stderr and "PRIVATE" not in result.stderr
