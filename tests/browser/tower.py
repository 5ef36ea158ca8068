"""A demonstration of Farsight to browse: started in a folder of its own, stopped at the end."""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

PASSWORD = "see far ahead"
ROLES = ["region", "dealer", "finance", "hq", "callcentre", "operator"]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Tower:
    """`farsight demo`, serving until the end."""

    def __init__(self, program, dealers=16, months=4):
        # Short, for the socket of the private cluster lies below; open, for as root that runs as another user.
        self.folder = Path(tempfile.mkdtemp(prefix="fs-", dir="/tmp"))
        os.chmod(self.folder, 0o755)
        self.program, self.port = str(program), free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.log = (self.folder / "log").open("w+")
        command = [self.program, "--data", str(self.folder / "data"), "demo", "--port", str(self.port)]
        command += ["--dealers", str(dealers), "--months", str(months)]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=subprocess.STDOUT, start_new_session=True)
        self.wait()

    def wait(self):
        ends = time.monotonic() + 300
        while time.monotonic() < ends:
            if self.process.poll() is not None:
                raise SystemExit(f"the demonstration ended:\n{self.said()}")
            try:
                with urllib.request.urlopen(f"{self.address}/sign-in", timeout=5) as answer:
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        raise SystemExit(f"the demonstration does not answer:\n{self.said()}")

    def said(self, most=4000):
        return (self.folder / "log").read_text()[-most:]

    def run(self, *arguments):
        """A command beside it, on the same data."""
        command = [self.program, "--data", str(self.folder / "data"), "--tenant", "demo", *arguments]
        return subprocess.run(command, capture_output=True, check=True).stdout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def plain(path):
    """A path as a route: codes, numbers and dates put aside, so that pages of one kind are visited once."""
    path = re.sub(r"\?.*", "", path)
    return "/".join("*" if re.search(r"[0-9A-Z@%]", part) else part for part in path.split("/"))
