"""examples/observability is right by reading: no test machine has a container engine or Grafana."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from render.questions import ROOT

EXAMPLE = ROOT / "examples" / "observability"
COMPOSE = yaml.safe_load((EXAMPLE / "docker-compose.yaml").read_text())


def mounts() -> list[tuple[str, str, str]]:
    """Service, place on this side, place on that side, of what is no named volume."""
    found = []
    for name, service in COMPOSE["services"].items():
        for volume in service.get("volumes", []):
            source, target = volume.split(":")[:2]
            if source.startswith("."):
                found.append((name, source, target))
    return found


@pytest.mark.parametrize(("service", "source", "target"), mounts())
def test_what_is_mounted_is_there(service: str, source: str, target: str) -> None:
    assert (EXAMPLE / source).exists()


def test_every_volume_is_declared_and_used() -> None:
    used = {
        volume.split(":")[0] for service in COMPOSE["services"].values()
        for volume in service.get("volumes", []) if not volume.startswith(".")}
    assert used == COMPOSE["volumes"].keys()


def test_nothing_is_published_beyond_this_machine() -> None:
    published = [port for service in COMPOSE["services"].values() for port in service.get("ports", [])]
    assert len(published) == 4 and all(port.startswith("127.0.0.1:") for port in published)


def test_the_daemon_is_built_from_here_and_plays_the_day() -> None:
    daemon = COMPOSE["services"]["signalbox"]
    assert (EXAMPLE / daemon["build"] / "Dockerfile").exists()
    assert daemon["command"][:3] == ["serve", "--demo", "--traffic"]
    volume = daemon["volumes"][0].split(":")[1]
    assert daemon["working_dir"] == volume, "the demonstration writes to ./demo-data"
    assert f'VOLUME ["{volume}"]' in (ROOT / "Dockerfile").read_text()


def test_each_file_asks_for_services_that_there_are() -> None:
    """`name:port`, as the containers call each other."""
    ports = {"signalbox": "9464", "prometheus": "9090", "alertmanager": "9093"}
    asked = set()
    for path in ("prometheus.yaml", "grafana/provisioning/datasources/prometheus.yaml"):
        asked |= set(re.findall(r"(?:http://|\")(\w+):(\d+)", (EXAMPLE / path).read_text()))
    assert asked == set(ports.items())
    assert asked <= {(name, port) for name in COMPOSE["services"] for port in ports.values()}


def test_prometheus_takes_its_configuration(tmp_path: Path) -> None:
    text = (EXAMPLE / "prometheus.yaml").read_text()
    assert "/etc/prometheus/rules/*.yaml" in text
    path = tmp_path / "prometheus.yaml"
    path.write_text(text.replace("/etc/prometheus/rules", str(ROOT / "alerts")))
    checked = subprocess.run(
        ["promtool", "check", "config", str(path)], capture_output=True, text=True, timeout=60)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "6 rule files found" in checked.stdout


@pytest.mark.skipif(shutil.which("amtool") is None, reason="no amtool here")
def test_alertmanager_takes_its_configuration() -> None:
    checked = subprocess.run(
        ["amtool", "check-config", str(EXAMPLE / "alertmanager.yaml")], capture_output=True, text=True,
        timeout=60)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_grafana_finds_our_dashboards_and_their_data_source() -> None:
    provisioning = EXAMPLE / "grafana" / "provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources/prometheus.yaml").read_text())["datasources"]
    assert source["type"] == "prometheus" and source["isDefault"] is True
    (provider,) = yaml.safe_load((provisioning / "dashboards/signalbox.yaml").read_text())["providers"]
    mounted = {target: EXAMPLE / origin for _, origin, target in mounts()}
    folder = mounted[provider["options"]["path"]]
    assert len(list(folder.glob("*.json"))) == 5
    home = Path(COMPOSE["services"]["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert (folder / home.name).exists()
