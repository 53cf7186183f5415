"""Real Prometheus and Alertmanager, and a phone: a listener for webhooks."""

import json
import os
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from exporter.clock import SystemClock
from exporter.exposition import Exposition
from exporter.pager import Pager
from tools.stack.ports import free_port_numbers

#: seconds after which a program is taken for hung; no test waits that long to succeed
PATIENCE = 60.0
RULES = """\
groups:
  - name: test
    interval: 1s
    rules:
      - alert: EnphaseWatchdog
        expr: vector(1)
        labels: {severity: none}
        annotations: {summary: Alerts are evaluated.}
"""


@dataclass
class WebhookReceiver:
    """A webhook that answers with `status` and keeps what it receives."""

    url: str
    status: int = 200
    received: list[dict[str, Any]] = field(default_factory=list)

    def alerts(self) -> set[str]:
        """Return the names of the alerts that arrived."""
        return {alert["labels"]["alertname"] for each in self.received for alert in each["alerts"]}


@dataclass
class Pipeline:
    """The addresses of the running programs."""

    prometheus: str
    alertmanager: str
    phone: WebhookReceiver


@contextmanager
def phone() -> Iterator[WebhookReceiver]:
    """Serve a phone."""
    device = WebhookReceiver("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            device.received.append(json.loads(body))
            self.send_response(device.status)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        device.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield device
        finally:
            server.shutdown()
            thread.join()


def program(*names: str) -> str:
    """Return the path of a program; without it the test is skipped, except under CI."""
    for name in names:
        if path := shutil.which(name):
            return path
    if os.environ.get("CI") == "true":
        pytest.fail(f"{names[0]} is not installed", pytrace=False)
    pytest.skip(f"{names[0]} is not installed")


@contextmanager
def running(*command: str) -> Iterator[None]:
    """Run a program."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with process:
        try:
            yield
        finally:
            process.kill()


def until_ready(url: str) -> None:
    """Return once the program answers."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        with suppress(OSError), urllib.request.urlopen(url):  # noqa: S310 - on this machine
            return
        time.sleep(0.05)
    pytest.fail(f"{url} does not answer")


@contextmanager
def alertmanager(folder: Path, config: Path) -> Iterator[str]:
    """Run Alertmanager; yields its address."""
    address = f"127.0.0.1:{free_port_numbers(1)[0]}"
    with running(
        program("prometheus-alertmanager", "alertmanager"),
        f"--config.file={config}",
        f"--storage.path={folder / 'alertmanager-data'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
    ):
        until_ready(f"http://{address}/-/ready")
        yield f"http://{address}"


@contextmanager
def exporter(state: Path) -> Iterator[str]:
    """Serve what an exporter with this state directory says of itself; yields its address."""
    pager = Pager(SystemClock(), state)
    exposition = Exposition(SystemClock(), pager)

    class ExporterHandler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            pager.read_receiver()
            body, _ = exposition.render("", "")[:2]
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), ExporterHandler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def prometheus(
    folder: Path, alertmanager_url: str | None, rules: str = RULES, scraped: str | None = None
) -> Iterator[str]:
    """Run Prometheus with these rules, which scrapes an exporter; yields its address."""
    address = f"127.0.0.1:{free_port_numbers(1)[0]}"
    (folder / "rules.yml").write_text(rules)
    alerting = ""
    if alertmanager_url:
        target = alertmanager_url.removeprefix("http://")
        alerting = (
            f"alerting:\n  alertmanagers:\n    - static_configs: [{{targets: ['{target}']}}]\n"
        )
    if scraped:
        target = scraped.removeprefix("http://")
        alerting += (
            "scrape_configs:\n"
            f"  - {{job_name: enphase, static_configs: [{{targets: ['{target}']}}]}}\n"
        )
    config = folder / "prometheus.yml"
    config.write_text(
        "global: {evaluation_interval: 1s, scrape_interval: 1s}\n"
        f"rule_files: ['{folder / 'rules.yml'}']\n{alerting}"
    )
    with running(
        program("prometheus"),
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'prometheus-data'}",
        # what fires before Alertmanager is discovered would otherwise come a minute late
        "--rules.alert.resend-delay=1s",
        f"--web.listen-address={address}",
    ):
        until_ready(f"http://{address}/-/ready")
        yield f"http://{address}"
