"""Runs a command and takes its time, processor time and peak memory, and the server's; says what else kept the machine busy."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")

# Starts the command for us: what a process takes counts from its start, and with it what its parent had in memory then. So
# that is a small one. Writes what wait4 says to the descriptor named first.
LAUNCHER = """
import json, os, sys, time
report = int(sys.argv[1])
start = time.perf_counter()
try:
    child = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ, file_actions=[(os.POSIX_SPAWN_CLOSE, report)])
except OSError as error:
    sys.exit(f"{sys.argv[2]}: {error.strerror}")
_, status, usage = os.wait4(child, 0)
seconds = time.perf_counter() - start
taken = [seconds, os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]
os.write(report, json.dumps(taken).encode())
"""

# How often the server's memory is looked at; a look costs a few milliseconds.
LOOK_SECONDS = 0.5

# Cores that others may use while a measurement waits for quiet.
QUIET_CORES = 0.25


class CommandFailed(Exception):
    """A measured command ended with another status than 0."""


@dataclass(frozen=True)
class Taken:
    """What one run of a command took."""

    seconds: float
    # The command's own processor time and highest resident set, as wait4 tells them.
    cpu_seconds: float
    peak_mb: float
    # Of all server processes together: processor time, and the highest proportional set seen.
    server_cpu_seconds: float
    server_peak_mb: float
    # Cores kept busy meanwhile by processes that are none of ours.
    others_cores: float
    output: str

    @property
    def cpu(self) -> str:
        """Processor time in words: where the machine was busy, it says more than the clock."""
        return f"cpu {self.cpu_seconds:.1f} + server {self.server_cpu_seconds:.1f} s"

    def report(self) -> dict[str, float]:
        """The numbers, for JSON."""
        return {name: round(value, 4) for name, value in asdict(self).items() if name != "output"}


def median(runs: list[Taken]) -> Taken:
    """The run of the median time (of an even number the slower of the middle two)."""
    return sorted(runs, key=lambda run: run.seconds)[len(runs) // 2]


def busy_seconds() -> float:
    """Processor time that the whole machine has spent."""
    with open("/proc/stat", encoding="ascii") as stat:
        user, nice, system, _idle, _wait, irq, softirq, steal = map(int, stat.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / TICKS


def cpu_times(pid: int) -> tuple[float, float]:
    """Processor time of a process, and of its children that are gone."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    user, system, child_user, child_system = map(int, fields[11:15])
    return (user + system) / TICKS, (child_user + child_system) / TICKS


class Server:
    """A running server, looked at from outside by the pid of its first process; with pid None there is none."""

    def __init__(self, pid: int | None) -> None:
        self.pid = pid

    def processes(self) -> list[int]:
        """The first process and its children."""
        if self.pid is None:
            return []
        try:
            children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii").split()
        except OSError:
            children = []
        return [self.pid, *map(int, children)]

    def cpu_seconds(self) -> float:
        """Processor time of all its processes, gone ones included."""
        total = 0.0
        for pid in self.processes():
            try:
                own, gone = cpu_times(pid)
            except (OSError, ValueError):
                continue
            total += own + (gone if pid == self.pid else 0.0)
        return total

    def memory_mb(self) -> float:
        """Proportional set of all its processes: memory that they share counts once."""
        total = 0
        for pid in self.processes():
            try:
                lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
            except OSError:
                continue
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        return total / 1024


def own_cpu_seconds() -> float:
    """Processor time of this program."""
    times = os.times()
    return times.user + times.system


class Watch:
    """Looks at the server's memory now and then, and keeps the highest."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.peak_mb = 0.0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.look, daemon=True)

    def look(self) -> None:
        """Until it is over."""
        while True:
            self.peak_mb = max(self.peak_mb, self.server.memory_mb())
            if self.over.wait(LOOK_SECONDS):
                return

    def __enter__(self) -> Watch:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()


def run(command: list[str], server: Server, environment: dict[str, str] | None = None, cwd: Path | None = None) -> Taken:
    """Runs a command to its end."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors, Watch(server) as watch:
        busy, own, served = busy_seconds(), own_cpu_seconds(), server.cpu_seconds()
        start = time.perf_counter()
        reading, writing = os.pipe()
        launcher = [sys.executable, "-I", "-S", "-c", LAUNCHER, str(writing)]
        files = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": errors}
        child = subprocess.Popen(
            [*launcher, *command], env=environment, cwd=cwd, pass_fds=[writing], start_new_session=True, **files
        )
        os.close(writing)
        try:
            child.wait()
        except BaseException:
            # Interrupted: nothing goes on behind our back.
            os.killpg(child.pid, signal.SIGTERM)
            child.wait()
            raise
        finally:
            with os.fdopen(reading, "rb") as report:
                told = report.read()
        elapsed = time.perf_counter() - start
        seconds, status, cpu, peak_mb = json.loads(told) if told else (elapsed, 1, 0.0, 0.0)
        served = server.cpu_seconds() - served
        others = busy_seconds() - busy - (own_cpu_seconds() - own) - served - cpu
        output.seek(0)
        errors.seek(0)
        if status != 0:
            said = errors.read().decode("utf-8", "replace").strip() or output.read().decode("utf-8", "replace").strip()
            raise CommandFailed(f"{' '.join(command)}\nended with {status}: {said}")
        text = output.read().decode("utf-8")
    return Taken(
        seconds=seconds,
        cpu_seconds=cpu,
        peak_mb=peak_mb,
        server_cpu_seconds=served,
        server_peak_mb=watch.peak_mb,
        others_cores=max(0.0, others / elapsed),
        output=text,
    )


def wait_for_quiet(patience: float, server: Server) -> None:
    """Waits until nobody else, and not the server either, keeps the machine busy; not for longer than `patience` seconds."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        busy, own = busy_seconds(), own_cpu_seconds()
        start = time.perf_counter()
        time.sleep(1)
        if (busy_seconds() - busy - (own_cpu_seconds() - own)) / (time.perf_counter() - start) < QUIET_CORES:
            return
