"""The generated network: made once for each set of parameters and version of the generator, kept in the target folder."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path


@dataclass(frozen=True)
class Network:
    """What is generated."""

    dealers: int
    months: int
    seed: int
    until: date
    # Every table, not only those of the checks that move the most money.
    whole: bool = False
    # Ten times the orders of a usual dealer, and as many answers as half of them: a maker's largest history.
    large: bool = False

    @property
    def name(self) -> str:
        """The key of its folder."""
        return f"{self.dealers}x{self.months}-seed{self.seed}-until{self.until}{self.kind('-')}"

    def kind(self, dash: str) -> str:
        """What is special about it, for names."""
        return (f"{dash}whole" if self.whole else "") + (f"{dash}large" if self.large else "")

    @property
    def database(self) -> str:
        """The name of a database with its facts."""
        return f"facts_{self.dealers}x{self.months}{self.kind('_')}"

    @property
    def first_day(self) -> date:
        """The first day with orders, complaints and inspections, from which a tenant is judged."""
        # The first of the month that lies `months` before the one running after the last second of `until`.
        running = self.until + timedelta(days=1)
        month = running.year * 12 + running.month - 1 - self.months
        return date(month // 12, month % 12 + 1, 1)

    @property
    def now(self) -> str:
        """Its last moment."""
        return end_of(self.until)

    def days(self, count: int) -> list[date]:
        """The days after it."""
        return [self.until + timedelta(days=number) for number in range(1, count + 1)]


def end_of(day: date) -> str:
    """The last second of a local day."""
    return f"{day}T23:59:59+08:00"


class Data:
    """Where networks are kept, and how they are made."""

    def __init__(self, generator: Path, sources: Path, folder: Path) -> None:
        self.generator = generator
        self.folder = folder
        files = sorted(path for path in sources.rglob("*.rs") if path.is_file())
        self.version = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()

    def facts(self, network: Network) -> Path:
        """The folder of a network's import files."""
        return self.made(network, "facts", [])

    def day(self, network: Network, day: date) -> Path:
        """The folder of what one more day brings."""
        return self.made(network, f"days/{day}", ["--from", str(day), "--to", str(day)])

    def forget_other_versions(self, network: Network) -> None:
        """What another version of the generator made is another network."""
        made_by = self.folder / network.name / "made-by"
        if not made_by.exists() or made_by.read_text(encoding="ascii") != self.version:
            shutil.rmtree(made_by.parent, ignore_errors=True)
            made_by.parent.mkdir(parents=True)
            made_by.write_text(self.version, encoding="ascii")

    def made(self, network: Network, part: str, window: list[str]) -> Path:
        """The folder, made if it is not there; half-made ones have another name."""
        self.forget_other_versions(network)
        target = self.folder / network.name / part
        if target.is_dir():
            return target
        begun = target.with_name(f"{target.name}.{os.getpid()}.part")
        shutil.rmtree(begun, ignore_errors=True)
        begun.parent.mkdir(parents=True, exist_ok=True)
        command: list[str | Path] = [self.generator, "--out", begun, "--dealers", str(network.dealers)]
        command += ["--months", str(network.months), "--seed", str(network.seed), "--until", str(network.until), *window]
        command += ["--all"] if network.whole else []
        command += ["--orders-a-month", "417", "--answers", "0.104"] if network.large else []
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            shutil.rmtree(begun, ignore_errors=True)
            raise RuntimeError(f"the network cannot be made: {done.stderr.strip()}")
        stated = done.stdout.split(",", 1)[0].removeprefix("first day ")
        if stated != str(network.first_day):
            shutil.rmtree(begun, ignore_errors=True)
            raise RuntimeError(f"the generator's first day is {stated}, here it is {network.first_day}: mend network.py")
        begun.rename(target)
        return target


def size_of(folder: Path) -> tuple[int, float]:
    """Rows and MB of a folder's files."""
    rows = size = 0
    for path in folder.glob("*.csv"):
        with path.open("rb") as file:
            # Near enough where a text has a line break in it.
            rows += sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b"")) - 1
        size += path.stat().st_size
    return rows, size / 1e6
