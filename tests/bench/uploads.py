#!/usr/bin/env python3
"""Measures evidence sent to a running tower, against `cp` and `sha256sum` of the same files in the same run.

    python3 tests/bench/uploads.py --url http://127.0.0.1:8080 --pid PID --tenant demo --email dealer@demo.example \\
        --password '…' --dealer D00001 --subject dealer:D00001@2026-10 [--files 100] [--at-once 3]

The files are pictures of noise, some 5 MB each, every one another. Bars: at least 0.6 of the speed of `cp` + `sha256sum`, and a peak of
memory at most 64 MB above rest. Taken means: stored whole under its hash and written down; that each picture was looked at (decoded,
compared with those before) comes after the answer and is told apart. The exit status tells whether it could be measured.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import json
import os
import struct
import subprocess
import sys
import tempfile
import time
import urllib.parse
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

WIDTH, HEIGHT = 1280, 1340


def picture() -> bytes:
    """A PNG of noise, which no compression makes smaller."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    lines = b"".join(b"\0" + os.urandom(WIDTH * 3) for _ in range(HEIGHT))
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines, 0)) + chunk(b"IEND", b"")


class Sender:
    """A browser that is signed in; each file goes over a connection of its own thread."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.host = urllib.parse.urlsplit(options.url).netloc
        self.cookie = ""
        form = urllib.parse.urlencode({"tenant": options.tenant, "email": options.email, "password": options.password})
        answer = self.ask(http.client.HTTPConnection(self.host), "POST", "/sign-in", form.encode(), {"Content-Type": "application/x-www-form-urlencoded"})
        self.cookie = (answer.getheader("Set-Cookie") or "").split(";")[0]
        if answer.status != 303 or not self.cookie:
            sys.exit(f"cannot sign in: {answer.status}")

    def ask(self, line: http.client.HTTPConnection, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> http.client.HTTPResponse:
        line.request(method, path, body, {"Cookie": self.cookie, "Tus-Resumable": "1.0.0", **headers})
        answer = line.getresponse()
        answer.text = answer.read()
        return answer

    def send(self, file: Path) -> str:
        line, content = http.client.HTTPConnection(self.host), file.read_bytes()
        pairs = {"filename": file.name, "subject": self.options.subject, "dealer": self.options.dealer}
        metadata = ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in pairs.items())
        begun = self.ask(line, "POST", "/uploads", b"", {"Upload-Length": str(len(content)), "Upload-Metadata": metadata})
        if begun.status != 201:
            raise RuntimeError(f"{begun.status}: {begun.text!r}")
        where = begun.getheader("Location") or ""
        sent = self.ask(line, "PATCH", where, content, {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"})
        if sent.status != 204 or sent.getheader("Upload-Offset") != str(len(content)):
            raise RuntimeError(f"{sent.status}: {sent.text!r}")
        return where

    def state(self, where: str) -> str:
        return json.loads(self.ask(http.client.HTTPConnection(self.host), "GET", where, None, {}).text)["state"]


def memory(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    return 0


def peer(files: list[Path], folder: Path) -> float:
    """Seconds that `cp` and `sha256sum` take."""
    (folder / "copy").mkdir()
    began = time.monotonic()
    subprocess.run(["cp", *map(str, files), str(folder / "copy")], check=True)
    subprocess.run(["sha256sum", *(str(folder / "copy" / file.name) for file in files)], check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="measures evidence sent to a running tower, against cp and sha256sum")
    for name in ("url", "tenant", "email", "password", "dealer", "subject"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--pid", type=int, required=True, help="of the tower, whose memory is watched")
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--at-once", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="what was measured, for a program to read")
    return parser.parse_args()


def main() -> int:
    options = given()
    sender = Sender(options)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = [folder / f"{number:03}.png" for number in range(options.files)]
        for file in files:
            file.write_bytes(picture())
        total = sum(file.stat().st_size for file in files)
        reference = peer(files, folder)
        rest = memory(options.pid, "VmRSS")
        Path(f"/proc/{options.pid}/clear_refs").write_text("5")  # the peak is counted anew
        began = time.monotonic()
        with ThreadPoolExecutor(options.at_once) as pool:
            sent = list(pool.map(sender.send, files))
        taken = time.monotonic() - began
        while any(sender.state(where) == "stored" for where in sent):
            time.sleep(0.5)
        looked = time.monotonic() - began
        peak = memory(options.pid, "VmHWM")
    mb = 1 << 20
    if options.json:
        print(json.dumps({"mb": total / mb, "peer_seconds": reference, "seconds": taken, "looked_seconds": looked, "above_rest_mb": (peak - rest) / mb}))
        return 0
    print(f"{options.files} files, {total / mb:.0f} MB: cp + sha256sum {total / mb / reference:.0f} MB/s, sent {total / mb / taken:.0f} MB/s, ratio {reference / taken:.2f} (bar 0.6)")
    print(f"looked at after {looked:.1f} s; memory at rest {rest / mb:.0f} MB, at most {(peak - rest) / mb:.0f} MB above (bar 64)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
