"""Facts by the machines' door: batches against `farsight import` of the same rows, and single facts under load by wrk.

The server and the database share the machine with whoever sends.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from web import Load, read

# What is asked of it.
LEAST_OF_IMPORT = 0.5
LEAST_FACTS = 400
MOST_P99_MS = 50
MOST_ABOVE_REST_MB = 64

DEALERS = 1_000
BATCH = 10_000

# Each thread of wrk numbers its own orders; no two requests are alike.
SCRIPT = """
local threads = 0
function setup(thread) thread:set("number", threads); threads = threads + 1 end
local sent = 0
function request()
  sent = sent + 1
  local id = string.format("%s-%d-%d", os.getenv("BENCH_RUN"), number, sent)
  local body = string.format('{"work_order_id":"%s","dealer_code":"D%04d","vin":"V%d","created_at":"2025-03-05T09:00:00+08:00"}', id, sent % 1000, sent)
  return wrk.format("POST", nil, {["Content-Type"] = "application/json", ["Idempotency-Key"] = id, ["Authorization"] = "Bearer " .. os.getenv("BENCH_TOKEN")}, body)
end
"""


class ApiFailed(Exception):
    """Facts that were not taken."""


@dataclass(frozen=True)
class Memory:
    """A process's resident set, in MB."""

    pid: int

    def _of(self, name: str) -> float:
        for line in Path(f"/proc/{self.pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) / 1024
        raise ApiFailed(f"the server {self.pid} is gone")

    def now(self) -> float:
        """What it takes now."""
        return self._of("VmRSS")

    def peak(self) -> float:
        """The most it took since it was forgotten."""
        return self._of("VmHWM")

    def forget_peak(self) -> None:
        """Counts the peak anew."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5", encoding="ascii")


def write_facts(folder: Path, rows: int) -> None:
    """A network, and as many work orders as asked for, as files."""
    folder.mkdir(exist_ok=True)
    (folder / "regions.csv").write_text("region_code,name\nR1,North\n", encoding="utf-8")
    with (folder / "dealers.csv").open("w", encoding="utf-8") as file:
        file.write("dealer_code,name,region_code,opened_on\n")
        file.writelines(f"D{number:04},Centre {number},R1,2020-01-01\n" for number in range(DEALERS))
    orders = folder.parent / f"{folder.name}-orders"
    orders.mkdir(exist_ok=True)
    with (orders / "work_orders.ndjson").open("w", encoding="utf-8") as file:
        for number in range(rows):
            day, minute = number % 28 + 1, number % 1440
            at = f"2025-{number % 12 + 1:02}-{day:02}T{minute // 60:02}:{minute % 60:02}:00+08:00"
            file.write(f'{{"work_order_id":"W{number}","dealer_code":"D{number % DEALERS:04}","vin":"LSV{number % 300_000:014}","created_at":"{at}"}}\n')


def orders(folder: Path) -> Path:
    """The file of the work orders."""
    return folder.parent / f"{folder.name}-orders" / "work_orders.ndjson"


def pieces(path: Path, rows: int) -> Iterator[bytes]:
    """A file's lines, so many at a time."""
    with path.open("rb") as file:
        while lines := [line for _, line in zip(range(rows), file)]:
            yield b"".join(lines)


class Door:
    """A machine with a token, on one connection."""

    def __init__(self, address: str, token: str) -> None:
        self.host = address.removeprefix("http://")
        self.token = token
        self.line = http.client.HTTPConnection(self.host, timeout=1800)

    def send(self, body: object, length: int, key: str) -> dict[str, int]:
        """Sends work orders."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/x-ndjson", "Idempotency-Key": key, "Content-Length": str(length)}
        self.line.request("POST", "/api/v1/facts/work_orders", body, headers)
        answer = self.line.getresponse()
        told = answer.read()
        if answer.status != 200:
            raise ApiFailed(f"{answer.status}: {told[:500]!r}")
        return json.loads(told)

    def batches(self, path: Path, rows: int = BATCH) -> tuple[float, int]:
        """Sends a file in batches one after the other; gives the seconds and how many were new."""
        began, new = time.perf_counter(), 0
        for number, body in enumerate(pieces(path, rows)):
            new += self.send(body, len(body), f"batch-{number}")["new"]
        return time.perf_counter() - began, new

    def whole(self, path: Path) -> tuple[float, int]:
        """Sends a file as one request."""
        began = time.perf_counter()
        with path.open("rb") as file:
            new = self.send(file, path.stat().st_size, "whole")["new"]
        return time.perf_counter() - began, new

    def singles(self, script: Path, connections: int, seconds: int) -> Load:
        """One fact a request, over so many connections."""
        script.write_text(SCRIPT, encoding="ascii")
        command = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--latency", "-s", str(script), f"http://{self.host}/api/v1/facts/work_orders"]
        environment = dict(os.environ, LC_ALL="C", BENCH_TOKEN=self.token, BENCH_RUN=f"S{connections}-{time.time_ns()}")
        said = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
        load = read(said)
        if load.faults:
            raise ApiFailed(f"{load.faults} of the single facts were not taken: {said}")
        return load
