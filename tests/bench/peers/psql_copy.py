#!/usr/bin/env python3
r"""Times psql's \copy of import files into PostgreSQL: the peer of `farsight import`.

    psql_copy.py FACTS DDL.sql DATABASE_URL [--jobs 1] [--runs 1] [--zone Asia/Shanghai] [--map NAME=NAME …]

FACTS is a folder of import files (CSV, also gzip'd). DDL.sql makes the tables, with the keys and indexes that are to be compared,
in the empty database (or schema) of the URL; what the files lack comes from column defaults. It may end in what the copies need,
such as the tenant's row or a SET ROLE for the database. A table has the name of its file and a column the name of the
file's, unless --map says otherwise: `--map posts=post --map posts.from=since`. Files without a table are left out and named.

Each file is one \copy and one transaction, in the order of `ORDER`; with --jobs the files are dealt out to that many psql
sessions, the largest first, which needs a DDL without foreign keys between them. With --runs the tables are emptied and loaded
again, and the quickest run counts. Not timed: the DDL, starting psql, emptying, a checkpoint before each run.

Prints JSON: `seconds` of the whole (wall clock from the first \copy to the last), rows and seconds of each table. Exit status 1
when a statement fails, with psql's message on standard error.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

# What others refer to comes first; files that are not named follow by name.
ORDER = (
    "regions people dealers dealer_regions bays posts cameras employments certificates vehicles complaints complaint_events "
    "work_orders work_order_delays callbacks support_requests inspections"
).split()

# Left out where the role may not.
CHECKPOINT = "\n\\set ON_ERROR_STOP off\nCHECKPOINT;\n"

COPIED = re.compile(r"^COPY (\d+)$", re.MULTILINE)
TIMED = re.compile(r"^Time: ([0-9.]+) ms", re.MULTILINE)


@dataclass(frozen=True)
class Load:
    """One file and where it goes."""

    file: str
    path: Path
    table: str
    columns: tuple[str, ...]

    def statement(self) -> str:
        r"""The \copy, on one line as psql wants it."""
        quoted = ", ".join(f'"{column}"' for column in self.columns)
        path = str(self.path).replace("'", "''")
        source = f"program 'gzip -dc \"{path}\"'" if self.path.suffix == ".gz" else f"'{path}'"
        return f"\\copy {self.table} ({quoted}) from {source} with (format csv, header true, encoding 'UTF8')"


def psql(url: str, zone: str, *arguments: str, script: str | None = None) -> str:
    """Runs psql, which stops at the first error; returns its output, or ends the program with its message."""
    command = ["psql", url, "--no-psqlrc", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1", *arguments]
    # Local instants are read in the tenant's zone.
    environment = os.environ | {"PGTZ": zone, "PGOPTIONS": "-c client_min_messages=warning", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, input=script, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        print(done.stderr.strip(), file=sys.stderr)
        raise SystemExit(1)
    return done.stdout


def open_text(path: Path) -> TextIO:
    """A CSV file for reading, gzip'd or not, with or without BOM."""
    if path.suffix == ".gz":
        return io.TextIOWrapper(gzip.open(path, "rb"), encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def column_types(url: str, zone: str, table: str) -> dict[str, str]:
    """The table's columns and their types; empty when there is no such table."""
    query = (
        "SELECT a.attname, format_type(a.atttypid, NULL) FROM pg_attribute a "
        "WHERE a.attrelid = to_regclass(:'t') AND a.attnum > 0 AND NOT a.attisdropped;"
    )
    lines = psql(url, zone, "--set", f"t={table}", "--field-separator=\t", script=query).splitlines()
    return dict(line.split("\t", 1) for line in lines)


def plain(path: Path, header: list[str], months: set[str], scratch: Path) -> Path:
    """The file as \\copy can take it: PostgreSQL reads no `2026-03` as a date, so such a column gets the month's first day."""
    if not months:
        return path
    target = scratch / path.name.removesuffix(".gz")
    with open_text(path) as source, target.open("w", encoding="utf-8", newline="") as sink:
        rows = csv.DictReader(source)
        writer = csv.DictWriter(sink, header, lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow(row | {name: row[name] and f"{row[name]}-01" for name in months})
    return target


def plan(facts: Path, url: str, zone: str, names: dict[str, str], scratch: Path) -> tuple[list[Load], list[str]]:
    """The files that have a table, in order, and the names of those without."""
    loads, left_out = [], []
    for path in (*facts.glob("*.csv"), *facts.glob("*.csv.gz")):
        file = path.name.removesuffix(".gz").removesuffix(".csv")
        table = names.get(file, file)
        types = column_types(url, zone, table)
        if not types:
            left_out.append(path.name)
            continue
        with open_text(path) as opened:
            header = next(csv.reader(opened))
        columns = {name: names.get(f"{file}.{name}", name) for name in header}
        months = {name for name, column in columns.items() if name == "month" and types.get(column) == "date"}
        loads.append(Load(file, plain(path, header, months, scratch), table, tuple(columns.values())))
    place = {file: index for index, file in enumerate(ORDER)}
    return sorted(loads, key=lambda load: (place.get(load.file, len(ORDER)), load.file)), sorted(left_out)


def deal(loads: list[Load], jobs: int) -> list[list[Load]]:
    """The files of each session: in order for one, else the largest first to whoever has least."""
    if jobs == 1:
        return [loads]
    hands: list[list[Load]] = [[] for _ in range(jobs)]
    for load in sorted(loads, key=lambda load: load.path.stat().st_size, reverse=True):
        min(hands, key=lambda hand: sum(one.path.stat().st_size for one in hand)).append(load)
    return [hand for hand in hands if hand]


def session(url: str, zone: str, hand: list[Load]) -> dict[str, dict[str, float | int]]:
    """Copies the files in one psql session; rows and seconds by file, as psql measures them."""
    script = "\\timing on\n" + "".join(load.statement() + "\n" for load in hand)
    output = psql(url, zone, script=script)
    rows, seconds = COPIED.findall(output), TIMED.findall(output)
    if not len(rows) == len(seconds) == len(hand):
        print(f"cannot read psql's output:\n{output}", file=sys.stderr)
        raise SystemExit(1)
    return {
        load.file: {"rows": int(count), "seconds": round(float(ms) / 1000, 4)}
        for load, count, ms in zip(hand, rows, seconds, strict=True)
    }


def run(url: str, zone: str, hands: list[list[Load]]) -> dict[str, object]:
    """One timed load of everything."""
    start = time.perf_counter()
    with ThreadPoolExecutor(len(hands)) as pool:
        results = list(pool.map(lambda hand: session(url, zone, hand), hands))
    wall = time.perf_counter() - start
    tables = {file: result for part in results for file, result in part.items()}
    # One session: its own statements, without psql's start. Several run beside each other, so only the wall clock tells.
    seconds = sum(float(result["seconds"]) for result in tables.values()) if len(hands) == 1 else wall
    return {"seconds": round(seconds, 4), "wall_seconds": round(wall, 4), "tables": tables}


def main() -> int:
    """Makes the tables, loads, reports."""
    parser = argparse.ArgumentParser(description=r"times psql's \copy of import files into PostgreSQL")
    parser.add_argument("facts", type=Path, help="folder of import files")
    parser.add_argument("ddl", type=Path, help="SQL that makes the tables")
    parser.add_argument("url", help="postgres://… or a libpq connection string")
    parser.add_argument("--jobs", type=int, default=1, help="psql sessions at once")
    parser.add_argument("--runs", type=int, default=1, help="loads, of which the quickest counts")
    parser.add_argument("--zone", default="Asia/Shanghai", help="time zone of local instants")
    parser.add_argument("--map", action="append", default=[], metavar="NAME=NAME", help="FILE=TABLE or FILE.COLUMN=COLUMN")
    options = parser.parse_args()
    if not options.facts.is_dir():
        parser.error(f"{options.facts} is not a folder of import files")
    names = dict(pair.split("=", 1) for pair in options.map)

    psql(options.url, options.zone, "--quiet", "--file", str(options.ddl))
    with tempfile.TemporaryDirectory() as scratch:
        loads, left_out = plan(options.facts, options.url, options.zone, names, Path(scratch))
        if not loads:
            print(f"no file of {options.facts} has a table in {options.ddl}", file=sys.stderr)
            return 1
        hands = deal(loads, options.jobs)
        empty = f"TRUNCATE {', '.join(load.table for load in loads)};"
        runs = []
        for number in range(options.runs):
            # The first run empties nothing: the DDL may have put rows there that others refer to.
            psql(options.url, options.zone, "--quiet", script=(empty if number else "") + CHECKPOINT)
            runs.append(run(options.url, options.zone, hands))
    best = min(runs, key=lambda one: one["seconds"])
    rows = sum(table["rows"] for table in best["tables"].values())
    server = psql(options.url, options.zone, "--command", "SHOW server_version").strip()
    report = {
        "peer": f"psql \\copy, PostgreSQL {server}",
        "jobs": options.jobs,
        "rows": rows,
        "rows_per_second": round(rows / best["seconds"]),
        **best,
        "without_table": left_out,
    }
    print(json.dumps(report, indent=2, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
