"""One private PostgreSQL for both sides of a measurement, with the settings of Farsight's own cluster.

The settings are read from Farsight's source, so that they cannot differ. As root the server runs as `postgres`, else `nobody`."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

from measure import Server

SETTINGS = Path("crates/store/src/cluster/settings.rs")
OWNER = "farsight"
MIN_MAJOR = 15
SHM_NEEDED_BYTES = 512 << 20
START_SECONDS = 60


class ClusterFailed(Exception):
    """The server cannot be had."""


def programs() -> Path:
    """The folder of the newest server there is."""
    found = shutil.which("postgres")
    folders = [Path(found).resolve().parent] if found else []
    if config := shutil.which("pg_config"):
        folders.append(Path(subprocess.run([config, "--bindir"], capture_output=True, text=True, check=True).stdout.strip()))
    folders += Path("/usr/lib/postgresql").glob("*/bin")
    newest: tuple[int, Path] | None = None
    for folder in folders:
        if (folder / "postgres").exists() and (folder / "initdb").exists():
            version = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
            major = int(re.search(r"(\d+)", version).group(1))  # type: ignore[union-attr]
            if newest is None or major > newest[0]:
                newest = (major, folder)
    if newest is None or newest[0] < MIN_MAJOR:
        raise ClusterFailed(f"no PostgreSQL server of version {MIN_MAJOR} or later is installed")
    return newest[1]


def settings(root: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Farsight's settings: those it always sets, and those it sets where the server knows lz4."""
    text = (root / SETTINGS).read_text(encoding="utf-8")
    always = re.search(r"const SETTINGS: .*?= &\[(.*?)\n\];", text, re.DOTALL)
    lz4 = re.search(r"const LZ4: .*?= &\[(.*?)\];", text, re.DOTALL)
    pairs = re.compile(r'\("([a-z0-9_]+)", "([^"]*)"\)')
    found = dict(pairs.findall(always.group(1))) if always else {}
    if len(found) < 10 or "shared_buffers" not in found or lz4 is None:
        raise ClusterFailed(f"cannot read the server's settings from {root / SETTINGS}: has it another form now?")
    return found, dict(pairs.findall(lz4.group(1)))


def as_user() -> dict[str, object]:
    """How the server's processes are started: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise ClusterFailed("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody")


class Cluster:
    """A cluster in a temporary folder, running from enter to exit."""

    def __init__(self, root: Path) -> None:
        self.bin = programs()
        self.root = root
        self.user = as_user()
        # Short, whatever the project's own path: a socket's address has ~107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="farsight-bench-"))
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Cluster:
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self) -> None:
        """Makes the cluster and waits until it takes connections."""
        data = self.folder / "data"
        data.mkdir(mode=0o700)
        if self.user:
            self.folder.chmod(0o755)
            os.chown(data, self.user["user"], self.user["group"])  # type: ignore[arg-type]
        log = (self.folder / "log").open("wb")
        common = {"cwd": data, "stdin": subprocess.DEVNULL, "stdout": log, "stderr": subprocess.STDOUT, **self.user}
        initdb = [self.bin / "initdb", "-D", data, "--encoding=UTF8", "--locale=C", "--auth-local=trust"]
        initdb += ["--auth-host=reject", "--username", OWNER, "--no-sync", "--no-instructions"]
        if subprocess.run(initdb, check=False, **common).returncode:  # type: ignore[call-overload]
            raise ClusterFailed(f"initdb failed:\n{self.said()}")
        always, lz4 = settings(self.root)
        chosen = always | {"port": "5432"}
        trial = [self.bin / "postgres", "-D", data, *arguments(lz4), "-C", "wal_compression"]
        if subprocess.run(trial, check=False, **common).returncode == 0:  # type: ignore[call-overload]
            chosen |= lz4
        shm = os.statvfs("/dev/shm") if Path("/dev/shm").is_dir() else None
        if shm is None or shm.f_blocks * shm.f_frsize < SHM_NEEDED_BYTES:
            chosen["dynamic_shared_memory_type"] = "sysv"
        command = [self.bin / "postgres", "-D", data, *arguments(chosen)]
        # A group of its own: Ctrl-C ends the driver, which stops the server in turn.
        self.process = subprocess.Popen(command, start_new_session=True, **common)  # type: ignore[call-overload]
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Waits for the first connection."""
        deadline = time.monotonic() + START_SECONDS
        ready = [self.bin / "pg_isready", "--quiet", "--host", self.folder / "data"]
        while subprocess.run(ready, check=False).returncode:
            if self.process is None or self.process.poll() is not None or time.monotonic() > deadline:
                raise ClusterFailed(f"the server does not start:\n{self.said()}")
            time.sleep(0.05)

    def said(self) -> str:
        """The end of the server's log."""
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")[-4000:]

    def __exit__(self, *_: object) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(2)  # fast shutdown
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def server(self) -> Server:
        """The server's processes, to be measured."""
        return Server(self.process.pid if self.process else None)

    def url(self, database: str) -> str:
        """The address of a database, for libpq."""
        return f"postgresql:///{database}?host={quote(str(self.folder / 'data'), safe='')}&port=5432&user={OWNER}"

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Runs a statement; returns what it gives."""
        command = ["psql", self.url(database), "--no-psqlrc", "--quiet", "--no-align", "--tuples-only"]
        done = subprocess.run(
            [*command, "--set=ON_ERROR_STOP=1", "--command", statement], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise ClusterFailed(f"{statement}: {done.stderr.strip()}")
        return done.stdout.strip()

    def create(self, database: str, template: str | None = None) -> None:
        """Makes a database anew, empty or as a copy."""
        self.drop(database)
        copy = f" TEMPLATE {template} STRATEGY FILE_COPY" if template else ""
        self.sql(f"CREATE DATABASE {database}{copy}")

    def drop(self, database: str) -> None:
        """Drops a database if it is there."""
        self.sql(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")


def arguments(chosen: dict[str, str]) -> list[str]:
    """Settings as the server's arguments."""
    return [word for name, value in chosen.items() for word in ("-c", f"{name}={value}")]
