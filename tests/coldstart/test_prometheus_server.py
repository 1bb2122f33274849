"""A real Prometheus scrapes the exported file, and every query of the Grafana dashboard finds something there."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from explorer.coldstart import prometheus
from explorer.resources import resource
from tests.coldstart.samples import sample

pytestmark = pytest.mark.slow
FAST = [0.40 + i / 1000 for i in range(20)]
SLOW = [0.80 + i / 1000 for i in range(20)]
DASHBOARD = resource("grafana", "cold-starts.json")
_PATIENCE = 60.0


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The exported file behind a small HTTP endpoint: its address, and a folder."""
    folder = tmp_path_factory.mktemp("prometheus")
    path = folder / "coldstart.prom"
    prometheus.write_textfile(sample(SLOW, FAST, floor=[0.01] * 20), path)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = path.read_bytes()
            self.send_response(200)
            self.send_header("Content-Type", prometheus.CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """No log on the terminal."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"127.0.0.1:{server.server_port}", folder
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def server(exported: tuple[str, Path]) -> Iterator[str]:
    """The URL of a Prometheus that has scraped the file."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("no Prometheus (Debian: apt-get install prometheus)")
    address, folder = exported
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s}\n"
        "scrape_configs:\n"
        f"  - {{job_name: coldstart, static_configs: [{{targets: ['{address}']}}]}}\n"
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [
        program, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address=127.0.0.1:{port}", "--log.level=error",
    ]  # fmt: skip
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + _PATIENCE
        while not _query(url, "coldstart_info"):
            assert child.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.2)
        yield url
    finally:
        child.terminate()
        child.wait(20)


def _query(url: str, expression: str) -> list[dict[str, Any]]:
    with suppress(urllib.error.URLError):
        target = f"{url}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
        with urllib.request.urlopen(target, timeout=5) as answer:
            document = json.load(answer)
        assert document["status"] == "success"
        return list(document["data"]["result"])
    return []


def test_that_the_server_read_the_whole_file_without_a_complaint(server: str) -> None:
    (up,) = _query(server, 'up{job="coldstart"}')
    assert up["value"][1] == "1"
    (scraped,) = _query(server, "scrape_samples_scraped")
    lines = prometheus.exposition(sample(SLOW, FAST, floor=[0.01] * 20)).decode().splitlines()
    assert int(scraped["value"][1]) == sum(not line.startswith("#") for line in lines)


def test_that_the_server_has_the_figures_of_the_measurement(server: str) -> None:
    found = _query(
        server, 'coldstart_duration_seconds{phase="app",stat="median",image="service:after"}'
    )
    assert [float(item["value"][1]) for item in found] == [pytest.approx(0.4095)]
    (shift,) = _query(server, 'coldstart_shift_seconds{stat="shift"}')
    assert float(shift["value"][1]) == pytest.approx(-0.4)


def test_that_every_query_of_the_dashboard_finds_something(server: str) -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert len(expressions) >= 9
    for expression in expressions:
        assert _query(server, expression.replace("$image", ".*")), expression
    (variable,) = [item for item in dashboard["templating"]["list"] if item["type"] == "query"]
    metric, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["definition"]).groups()  # type: ignore[union-attr]
    assert {item["metric"][label] for item in _query(server, metric)} == {
        "service:before",
        "service:after",
        "floor",
    }


def test_that_the_dashboard_imports_into_any_grafana() -> None:
    """The classic model: no fixed identity, a data source that is asked for, panels that do not overlap."""
    dashboard = json.loads(DASHBOARD.read_text())
    assert (dashboard["id"], dashboard["uid"]) == (None, None)
    assert dashboard["schemaVersion"] >= 36
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells: set[tuple[int, int]] = set()
    for panel in panels:
        grid = panel["gridPos"]
        assert grid["x"] + grid["w"] <= 24
        own = {(x, y) for x in range(grid["x"], grid["x"] + grid["w"]) for y in range(grid["y"], grid["y"] + grid["h"])}  # fmt: skip
        assert not cells & own
        cells |= own
        assert panel["datasource"]["uid"] == "${datasource}"
        assert panel["description"]
        seconds = any("_seconds" in target["expr"] for target in panel["targets"])
        assert (panel["fieldConfig"]["defaults"]["unit"] == "s") == seconds
