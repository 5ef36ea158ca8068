"""The pages under load: wrk against `farsight serve`, signed in as somebody with a region; queries and sizes counted.

No script in wrk: the session's cookie is a header. The server and the database share the machine with wrk.
"""

from __future__ import annotations

import gzip
import os
import re
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path

# What is asked of a page.
LEAST_REQUESTS = 150
MOST_P99_MS = 150
MOST_QUERIES = 12
MOST_KB = 100
MOST_OF_SQL = 3

EMAIL, FINANCE, PASSWORD = "bench.region@bench.example", "bench.finance@bench.example", "far beyond the hills"


class PageFailed(Exception):
    """A page that cannot be measured."""


@dataclass(frozen=True)
class Load:
    """What wrk saw."""

    requests: float
    p99_ms: float
    faults: int


class Served:
    """`farsight serve` over a database, and one who is signed in."""

    def __init__(self, command: list[str], port: int, log: Path) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.log = log
        with log.open("wb") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
        self.cookie = ""

    def __enter__(self) -> Served:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.address}/healthz", timeout=5):
                    return self
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise PageFailed(f"the server does not answer: {self.log.read_text(errors='replace')[-2000:]}")

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def sign_in(self, tenant: str, email: str = EMAIL) -> None:
        """Signs in, and keeps the session's cookie."""

        class Stay(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *_: object) -> None:
                return None

        form = urllib.parse.urlencode({"tenant": tenant, "email": email, "password": PASSWORD}).encode()
        self.cookie = ""
        try:
            urllib.request.build_opener(Stay).open(f"{self.address}/sign-in", form, timeout=30)
        except urllib.error.HTTPError as answer:
            cookies = [line.split(";")[0] for line in answer.headers.get_all("Set-Cookie") or []]
            self.cookie = "; ".join(cookie for cookie in cookies if not cookie.endswith("="))
        if not self.cookie:
            raise PageFailed("nobody can sign in")

    def page(self, path: str) -> bytes:
        """A page as it is answered, unpacked."""
        request = urllib.request.Request(f"{self.address}{path}", headers={"Cookie": self.cookie, "Accept": "text/html"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read()

    def packed_kb(self, path: str) -> float:
        """How many KB travel for a page."""
        headers = {"Cookie": self.cookie, "Accept": "text/html", "Accept-Encoding": "gzip"}
        with urllib.request.urlopen(urllib.request.Request(f"{self.address}{path}", headers=headers), timeout=30) as answer:
            body = answer.read()
            if answer.headers.get("Content-Encoding") != "gzip":
                body = gzip.compress(body, 1)
        return len(body) / 1024

    def seconds(self, path: str, times: int = 30) -> float:
        """The median time of a page, asked one after another."""
        taken = []
        for _ in range(times):
            began = time.perf_counter()
            self.page(path)
            taken.append(time.perf_counter() - began)
        return sorted(taken)[times // 2]

    def load(self, path: str, seconds: int) -> Load:
        """A page under load: as many connections as a busy morning has."""
        command = ["wrk", "-t", "1", "-c", "8", "-d", f"{seconds}s", "--latency", "-H", f"Cookie: {self.cookie}"]
        command += ["-H", "Accept: text/html", "-H", "Accept-Encoding: gzip", f"{self.address}{path}"]
        said = subprocess.run(command, capture_output=True, text=True, check=True, env=dict(os.environ, LC_ALL="C")).stdout
        return read(said)


def read(said: str) -> Load:
    """What wrk printed."""
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    slow = re.search(r"\s99%\s+([\d.]+)(us|ms|s)\b", said)
    if rate is None or slow is None:
        raise PageFailed(f"wrk said: {said}")
    unit = {"us": 0.001, "ms": 1.0, "s": 1000.0}[slow.group(2)]
    faults = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    broken = re.search(r"Socket errors: .*", said)
    return Load(float(rate.group(1)), float(slow.group(1)) * unit, int(faults.group(1)) if faults else int(bool(broken)))


# What opens, scopes and ends a transaction is no query of the page.
NO_QUERY = re.compile(r"^\s*(BEGIN|COMMIT|ROLLBACK|SET|SAVEPOINT|RELEASE|DISCARD|SHOW)\b", re.IGNORECASE)
TOLD = re.compile(rb"duration: ([\d.]+) ms(?:\s+(parse|bind|execute) [^:]*:|\s+statement:)?([^\n]*)")


def told(log: Path, since: int) -> tuple[int, float]:
    """The queries that a server's log tells of from a place on, and the time of all that it did meanwhile."""
    with log.open("rb") as file:
        file.seek(since)
        text = file.read()
    queries, spent = 0, 0.0
    for duration, step, statement in TOLD.findall(text):
        words = statement.decode(errors="replace").strip()
        spent += float(duration)
        queries += step in (b"", b"execute") and bool(words) and not NO_QUERY.match(words)
    return queries, spent


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
