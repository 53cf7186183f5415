"""What runs while a page is walked: servers without systemd, and the phone."""

import json
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tools.newcomer.clean_root import ROOT, NewcomerError

#: seconds after which something is taken for hung
PATIENCE = 120.0


@contextmanager
def service(words: Sequence[str], ready: str, env: dict[str, str] | None = None) -> Iterator[None]:
    """Run a server until the end, once this page answers with status 200."""
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(  # noqa: S603 - commands of our own
            words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env, cwd=ROOT
        )
        try:
            _wait(process, ready)
            yield
        except NewcomerError:
            log.seek(0)
            print(log.read()[-3000:])  # noqa: T201 - why it failed
            raise
        finally:
            process.terminate()
            process.wait()


def _wait(process: subprocess.Popen[bytes], ready: str) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(ready, timeout=5):  # noqa: S310 - of this machine
                return
        except OSError:
            time.sleep(0.1)
    raise NewcomerError(f"{ready} does not answer")


@contextmanager
def gateway() -> Iterator[tuple[str, str]]:
    """Run the simulated gateway over HTTPS; yields its address and a token."""
    words = [sys.executable, "-u", "-m", "exporter", "simulate", "--listen-address=127.0.0.1:10056"]
    process = subprocess.Popen(  # noqa: S603 - as above
        words, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None
    try:
        found: dict[str, str] = {}
        while "ENPHASE_TOKEN" not in found:
            line = process.stdout.readline()
            if not line:
                raise NewcomerError("the simulated gateway does not start")
            name, equals, value = line.strip().partition("=")
            if equals:
                found[name] = value
        yield found["ENPHASE_HOST"], found["ENPHASE_TOKEN"]
    finally:
        process.terminate()
        process.wait()


class Phone:
    """A listener in the manner of ntfy: what is posted to it has arrived."""

    def __init__(self) -> None:
        self._arrived = threading.Event()
        self.message: Any = None
        phone = self

        class PhoneHandler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                phone.message = json.loads(self.rfile.read(length))
                phone._arrived.set()
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Keep the terminal for the journey."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), PhoneHandler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "Phone":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait(self) -> str:
        """Return the summary of the first alert that arrives."""
        if not self._arrived.wait(PATIENCE):
            raise NewcomerError("no message arrived")
        return str(self.message["alerts"][0]["annotations"]["summary"])
