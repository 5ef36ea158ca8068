#!/usr/bin/env python3
"""Measures Farsight on a generated network, each time against a peer in the same run: `./run bench` calls it.

    ./run bench [--quick] [--large] [--only PART,…] [--dealers 2000] [--months 24] [--runs 3] [--json FILE] …

Parts: `import` (against psql's \\copy), `check` (first against DuckDB; again; after one more day), `evaluate` (the rulebook alone),
`scale` (cost against dealers), `memory` (of the other commands), `jobs` (empty jobs through the whole path),
`web` (pages under load by wrk, their queries and sizes; meant for `--dealers 5000 --months 24`), `uploads` (evidence, against `cp` and
`sha256sum`), `api` (facts by the machines' door, against `farsight import`), `replay` (drafts over twelve months) and `nightly` (one
day's facts), both over every table. Both sides share one PostgreSQL, made for the purpose with
Farsight's own settings and gone afterwards. Short measurements are repeated and their median counts; of the peers the quickest
counts. The exit status tells whether it could be measured, not whether the bars are held.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import hashlib
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

from cluster import Cluster, ClusterFailed
from figures import Figure, exponent, number, table
from measure import CommandFailed, Taken, median, run, wait_for_quiet
from network import Data, Network, end_of, size_of
from peer_tables import ddl
import api
import web
import whole

ROOT = Path(__file__).resolve().parents[2]
PEERS = Path(__file__).resolve().parent / "peers"
PARTS = ("import", "check", "evaluate", "scale", "memory", "jobs", "web", "uploads", "api", "replay", "nightly")
POLICY = "example-2026"

# Nothing that takes longer is repeated.
REPEATED_SECONDS = 20
PEAK_MB = 400


class Bench:
    """The measurements of one call."""

    def __init__(self, options: argparse.Namespace, cluster: Cluster) -> None:
        self.options = options
        self.cluster = cluster
        # A copy: a build meanwhile must not change what is measured.
        self.binary = Path(shutil.copy2(options.target / "release" / "farsight", cluster.folder))
        self.python = str(options.target / "bench-venv" / "bin" / "python")
        generator = options.target / "release" / "examples" / "generate"
        self.data = Data(generator, ROOT / "crates" / "network", options.target / "bench-data")
        self.network = Network(options.dealers, options.months, options.seed, options.until)
        self.figures: list[Figure] = []
        self.runs: dict[str, list[dict[str, float]]] = {}
        self.peaks: dict[str, float] = {}
        # First checks and imports by network, for the exponent.
        self.imports: dict[Network, Taken] = {}
        self.firsts: dict[Network, Taken] = {}
        self.peer_reports: dict[str, object] = {}
        # What a server takes at rest, in MB.
        self.rest = 0.0
        # As of when the kept books are.
        self.books_as_of = self.network.now

    # -------------------------------------------------------------------------------------------------- measuring

    def farsight(self, database: str, *arguments: str) -> list[str]:
        """A command of ours on a database of the cluster."""
        common = ["--json", "--database", self.cluster.url(database), "--data", str(self.cluster.folder / "files")]
        return [str(self.binary), *common, *arguments]

    def take(self, label: str, command: list[str], *, peer: bool = False) -> Taken:
        """Measures a command once and remembers it under its label."""
        wait_for_quiet(self.options.patience, self.cluster.server)
        # Not the user's own settings, nor those of a folder.
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("FARSIGHT_", "PG"))}
        taken = run(command, self.cluster.server, environment, self.cluster.folder)
        self.runs.setdefault(label, []).append(taken.report())
        if not peer:
            self.peaks[label] = max(self.peaks.get(label, 0.0), taken.peak_mb)
        load = f", others kept {taken.others_cores:.2f} cores busy" if taken.others_cores >= 0.1 else ""
        say(f"  {label}: {taken.seconds:.2f} s, peak {taken.peak_mb:.0f} MB, server {taken.server_peak_mb:.0f} MB{load}")
        return taken

    def repeat(self, once: Callable[[int], Taken]) -> Taken:
        """The median of some runs, of one where it takes long."""
        taken = [once(0)]
        while len(taken) < self.options.runs and taken[0].seconds < REPEATED_SECONDS:
            taken.append(once(len(taken)))
        return median(taken)

    # ------------------------------------------------------------------------------------------------------ steps

    def new_tenant(self, database: str, network: Network) -> None:
        """An empty database with a tenant that judges from the network's first day."""
        self.cluster.create(database)
        words = ["tenant", "add", "bench", "--name", "Bench", "--policy", POLICY, "--from", str(network.first_day), "--simulated"]
        run(self.farsight(database, *words), self.cluster.server, cwd=self.cluster.folder)

    def import_once(self, database: str, network: Network, label: str = "import") -> Taken:
        """All facts into a new database."""
        facts = self.data.facts(network)
        self.new_tenant(database, network)
        taken = self.take(label, self.farsight(database, "import", str(facts), "--now", network.now))
        refused = [one for one in json.loads(taken.output)["files"] if one["errors"]]
        if refused:
            raise CommandFailed(f"import refused {refused}")
        return taken

    def imported(self, network: Network) -> str:
        """A database with the network's facts that nothing was judged of; made if there is none."""
        database = network.database
        if network not in self.imports:
            self.imports[network] = self.import_once(database, network)
        return database

    def check(self, database: str, as_of: str, label: str, *words: str) -> Taken:
        """All checks."""
        return self.take(label, self.farsight(database, "check", "--as-of", as_of, "--now", as_of, *words))

    def first_check(self, network: Network, keep: str) -> Taken:
        """The first full check, on a copy of the facts that is kept as `keep`."""
        facts = self.imported(network)

        def once(_: int) -> Taken:
            self.cluster.create(keep, template=facts)
            return self.check(keep, network.now, "check, first")

        self.firsts[network] = self.repeat(once)
        return self.firsts[network]

    # ------------------------------------------------------------------------------------------------------ parts

    def part_import(self) -> None:
        """Import against \\copy, in turn."""
        facts = self.data.facts(self.network)
        rows, megabytes = size_of(facts)
        say(f"import: {rows:,} rows, {megabytes:.0f} MB")
        tables = self.cluster.folder / "peer.sql"
        tables.write_text(ddl(ROOT / "migrations"), encoding="utf-8")
        peers: list[tuple[dict[str, float], Taken]] = []

        def once(_: int) -> Taken:
            ours = self.import_once(self.network.database, self.network)
            self.cluster.create("peer")
            script = str(PEERS / "psql_copy.py")
            peer = self.take("psql \\copy", [sys.executable, script, str(facts), str(tables), self.cluster.url("peer")], peer=True)
            peers.append((json.loads(peer.output), peer))
            self.cluster.drop("peer")
            return ours

        ours = self.repeat(once)
        self.imports[self.network] = ours
        best, peer_taken = min(peers, key=lambda one: one[0]["seconds"])
        self.peer_reports["psql_copy"] = best
        self.figures.append(
            Figure(
                "import", seconds(ours.seconds), seconds(best["seconds"]), ours.seconds / best["seconds"], at_most=1.5,
                note=f"{rows / ours.seconds / 1000:.0f}k rows/s; peer: psql \\copy, {best['rows_per_second'] / 1000:.0f}k rows/s; {ours.cpu}; peer's {peer_taken.cpu}",
            )
        )  # fmt: skip

    def part_check(self) -> None:
        """The first check against DuckDB, then what follows it."""
        network = self.network
        say("check")
        first = self.first_check(network, "books")
        script, out = str(PEERS / "duckdb_charges.py"), self.cluster.folder / "charges.csv"
        words = ["--as-of", network.now, "--from", str(network.first_day), "--policy", POLICY, "--threads", "2"]
        words += ["--runs", str(self.options.runs), "--charges-out", str(out)]
        peer = self.take("duckdb", [self.python, script, str(self.data.facts(network)), *words], peer=True)
        duckdb = json.loads(peer.output)
        self.peer_reports["duckdb"] = duckdb
        outcome = json.loads(first.output)
        said = "; ".join(
            f"{name}: {outcome[ours]:,}" if outcome[ours] == duckdb[theirs] else f"{name}: {outcome[ours]:,}, DuckDB {duckdb[theirs]:,}!"
            for name, ours, theirs in (("charges", "posted", "charges"), ("findings", "findings", "findings"))
        )
        self.figures += [
            Figure(
                "check, first and full", seconds(first.seconds), seconds(duckdb["charges_seconds"]),
                first.seconds / duckdb["charges_seconds"], at_most=4, note=f"peer: DuckDB's charges; {said}; {first.cpu}",
            ),
            Figure(
                "  against charges and findings", seconds(first.seconds), seconds(duckdb["both_seconds"]),
                first.seconds / duckdb["both_seconds"], note="as the run above finds both",
            ),
            self.same_books(out),
        ]  # fmt: skip

        def again(_: int) -> Taken:
            taken = self.check("books", network.now, "check, nothing new")
            if json.loads(taken.output)["posted"]:
                raise CommandFailed("a second check posted entries")
            return taken

        nothing = self.repeat(again)
        self.figures.append(Figure("check, nothing new", seconds(nothing.seconds), seconds(first.seconds), nothing.seconds / first.seconds, at_most=0.02, note="peer: the first check"))  # fmt: skip
        self.days(first)

    def days(self, first: Taken) -> None:
        """One day after the other: its facts, then a check at its end."""
        imports, checks = [], []
        days = self.network.days(self.options.days)
        for day in days:
            facts = str(self.data.day(self.network, day))
            imports.append(self.take("import, one day", self.farsight("books", "import", facts, "--now", end_of(day))))
            checks.append(self.check("books", end_of(day), "check, one day"))
            self.books_as_of = end_of(day)
        middle, worst = median(checks), max(checks, key=lambda taken: taken.seconds)
        each = ", ".join(f"{day:%m-%d} {taken.seconds:.2f}" for day, taken in zip(days, checks, strict=True))
        rows = [size_of(self.data.day(self.network, day))[0] for day in days]
        self.figures += [
            Figure("check, one more day", seconds(middle.seconds), seconds(first.seconds), middle.seconds / first.seconds, at_most=0.05, note=f"median; {each}; {middle.cpu}"),
            Figure("  the worst of the days", seconds(worst.seconds), seconds(first.seconds), worst.seconds / first.seconds, note="a month's end is among them" if any(day.day == 1 for day in days) else ""),
            Figure("  import of such a day", seconds(median(imports).seconds), note=f"{min(rows):,} to {max(rows):,} rows"),
        ]  # fmt: skip
        # The days one by one, and everything anew, must leave the same books.
        whole = self.check("books", end_of(days[-1]), "check --full", "--full")
        outcome = json.loads(whole.output)
        changed = outcome["posted"] + outcome["reversed"]
        self.figures.append(Figure("check --full after the days", seconds(whole.seconds), note=f"{changed:,} entries changed" + ("!" if changed else ": the same books")))  # fmt: skip

    def same_books(self, expected: Path) -> Figure:
        """Whether DuckDB's charges are the entries posted."""
        out = self.cluster.folder / "entries.csv"
        self.take("export entries, csv", self.farsight("books", "export", "entries", "--out", str(out)))
        columns = ("party_kind", "party_code", "dealer_code", "clause", "subject", "occurred_on", "amount")
        ours, theirs = (Counter(rows(path, columns)) for path in (out, expected))
        missing, extra = sum((theirs - ours).values()), sum((ours - theirs).values())
        example = next(iter((theirs - ours) or (ours - theirs)), "")
        note = "every charge equal to DuckDB's" if not (missing or extra) else f"{missing:,} missing, {extra:,} too many, such as {example}"
        return Figure("  the same books", f"{sum(ours.values()):,}", f"{sum(theirs.values()):,}", note=note)

    def part_evaluate(self) -> None:
        """The rulebook alone."""
        say("evaluate")
        program = str(self.options.target / "release" / "examples" / "evaluate_speed")
        words = ["--as-of", self.network.now, "--from", str(self.network.first_day), "--policy", POLICY, "--runs", str(2 * self.options.runs - 1)]
        taken = self.take("evaluate", [program, str(self.data.facts(self.network)), *words], peer=True)
        report = json.loads(taken.output)
        self.peer_reports["evaluate"] = report
        parts = ", ".join(f"{name} {spent * 1000:.0f} ms" for name, spent in report["check_seconds"].items())
        self.figures.append(Figure("evaluation alone, one core", seconds(report["core_seconds"]), value=report["facts_a_second"] / 1e6, at_least=5, unit="M facts/s", note=parts))  # fmt: skip

    def part_scale(self) -> None:
        """The first check and the import on smaller and larger networks."""
        sizes = [size for size in self.options.sizes if size != 8000 or self.options.large]
        say(f"scale: {', '.join(map(str, sizes))} dealers")
        points = []
        for size in sizes:
            network = Network(size, self.options.months, self.options.seed, self.options.until)
            if network not in self.firsts:
                self.first_check(network, "scaled")
                self.cluster.drop("scaled")
            else:
                self.imported(network)
            points.append((size, self.imports[network], self.firsts[network]))
            if network != self.network:
                self.cluster.drop(network.database)
        if len(points) < 2:
            return
        for name, index, bar in (("check, first", 2, 1.1), ("import", 1, None)):
            taken = [(size, pair[index - 1]) for size, *pair in points]
            slope = exponent([(size, one.seconds) for size, one in taken])
            work = exponent([(size, one.cpu_seconds + one.server_cpu_seconds) for size, one in taken])
            each = ", ".join(f"{size} dealers {one.seconds:.2f} s" for size, one in taken)
            self.figures.append(Figure(f"growth with dealers: {name}", f"{sizes[0]} to {sizes[-1]}", value=slope, at_most=bar, unit="exponent", note=f"{each}; by processor time {number(work)}"))  # fmt: skip

    def part_memory(self) -> None:
        """The other commands, for their memory and their time."""
        say("memory")
        if self.network not in self.firsts:
            self.first_check(self.network, "books")
        month = f"{self.network.until:%Y-%m}"
        run(self.farsight("books", "user", "add", "hq@example.com", "--role", "hq"), self.cluster.server)
        for words in (
            ["settle", month, "--as-of", self.books_as_of, "--now", self.books_as_of, "--by", "hq@example.com"],
            ["export", "entries", "--format", "csv", "--out", str(self.cluster.folder / "entries.csv")],
            ["export", "entries", "--format", "xlsx", "--out", str(self.cluster.folder / "entries.xlsx")],
            ["export", "findings", "--format", "csv", "--out", str(self.cluster.folder / "findings.csv")],
            ["export", "settlement", "--format", "csv", "--out", str(self.cluster.folder / "settlement.csv")],
            ["export", "alerts", "--format", "csv", "--out", str(self.cluster.folder / "alerts.csv")],
            ["audit", "verify"],
        ):
            label = " ".join(words[:2]) + (f", {words[3]}" if words[0] == "export" else "") if words[0] != "settle" else "settle"
            try:
                taken = self.take(label, self.farsight("books", *words))
                self.figures.append(Figure(label, seconds(taken.seconds), note=f"server {taken.server_peak_mb:.0f} MB"))
            except CommandFailed as failed:
                self.figures.append(Figure(label, "failed", note=str(failed).splitlines()[-1][:120]))

    def part_jobs(self) -> None:
        """Empty jobs of three tenants through the whole path, and how late slots begin at rest."""
        say("jobs")
        self.cluster.create("jobs")
        for tenant in ("a", "b", "c"):
            run(self.farsight("jobs", "tenant", "add", tenant, "--name", tenant), self.cluster.server)
        program = str(self.options.target / "release" / "examples" / "empty_jobs")
        taken = run([program, self.cluster.url("jobs"), "10000"], self.cluster.server)
        report = json.loads(taken.output)
        rest = report["delay_at_rest_seconds"]
        self.figures.append(Figure("10 000 empty jobs due at once", seconds(report["seconds"]), value=report["jobs_a_second"], at_least=500, unit="jobs/s", note=f"made into slots in {seconds(report['made_seconds'])}"))  # fmt: skip
        self.figures.append(Figure("a slot's start after it is due, at rest", f"median {seconds(rest['median'])}", value=rest["worst"], at_most=2, unit="s", note=f"the worst of {rest['slots']}"))  # fmt: skip
        self.cluster.drop("jobs")

    def memory(self) -> None:
        """Peak memory of every command of ours that ran."""
        for label, peak in self.peaks.items():
            servers = max(one["server_peak_mb"] for one in self.runs[label])
            self.figures.append(Figure(f"peak memory: {label}", f"{peak:.0f} MB", value=peak, at_most=PEAK_MB, unit="MB", note=f"server besides: {servers:.0f} MB"))  # fmt: skip

    def part_web(self) -> None:
        """The pages that are opened every morning, signed in as somebody with a region, against their bars."""
        say("web")
        # Up to yesterday: the figures are those of the last twelve months, and the sign-in has the real clock.
        network = Network(self.options.dealers, self.options.months, self.options.seed, date.today() - timedelta(days=1))
        self.first_check(network, "web")
        self.take("figures, from nothing", self.farsight("web", "figures", "--from-nothing"))
        self.take("figures, nothing new", self.farsight("web", "figures"))
        region = self.cluster.sql("SELECT region_code FROM standings GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1", "web")
        dealer = self.cluster.sql(f"SELECT min(dealer_code) FROM standings WHERE region_code = '{region}' AND complaints_open > 0", "web")
        common = {"cwd": self.cluster.folder, "check": True, "capture_output": True, "text": True}
        for email, scope in ((web.EMAIL, ("regional-manager", "--region", region)), (web.FINANCE, ("finance",))):
            subprocess.run(self.farsight("web", "user", "add", email, "--role", *scope), **common)
            subprocess.run(self.farsight("web", "user", "password", email), input=web.PASSWORD + "\n", **common)
        settled = (network.until.replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
        subprocess.run(self.farsight("web", "settle", settled, "--as-of", network.now, "--by", web.FINANCE), **common)
        self.cluster.sql("VACUUM ANALYZE", "web")
        port = web.free_port()
        command = self.farsight("web", "serve", "--listen", f"127.0.0.1:{port}")
        with web.Served(command, port, self.cluster.folder / "serve.log") as served:
            served.sign_in("bench")
            for name, path in (("board", "/board"), ("dealer list", "/dealers?sort=-alerts"), ("dealer page", f"/dealers/{dealer}"), ("statements", "/statements")):
                self.page(served, name, path)
            # Who watches a region sees its statements; the settlement itself is finance's.
            served.sign_in("bench", web.FINANCE)
            self.page(served, "settlement", f"/settlements/{settled}")

    def part_uploads(self) -> None:
        """Evidence from a dealer, against `cp` and `sha256sum` of the same files."""
        say("uploads")
        network = Network(50, 2, self.options.seed, date.today() - timedelta(days=1))
        self.import_once("uploads", network, "import for uploads")
        dealer = self.cluster.sql("SELECT min(dealer_code) FROM dealers", "uploads")
        common = {"cwd": self.cluster.folder, "check": True, "capture_output": True, "text": True}
        subprocess.run(self.farsight("uploads", "user", "add", web.EMAIL, "--role", "dealer", "--dealer", dealer), **common)
        subprocess.run(self.farsight("uploads", "user", "password", web.EMAIL), input=web.PASSWORD + "\n", **common)
        port = web.free_port()
        command = self.farsight("uploads", "serve", "--listen", f"127.0.0.1:{port}")
        with web.Served(command, port, self.cluster.folder / "serve.log") as served:
            words = ["--url", served.address, "--pid", str(served.process.pid), "--tenant", "bench", "--email", web.EMAIL, "--password", web.PASSWORD]
            words += ["--dealer", dealer, "--subject", f"dealer:{dealer}@{network.until:%Y-%m}", "--json"]
            program = [sys.executable, str(Path(__file__).with_name("uploads.py")), *words]
            wait_for_quiet(self.options.patience, self.cluster.server)
            taken = json.loads(subprocess.run(program, **common).stdout)
        note = f"{taken['mb'] / taken['seconds']:.0f} MB/s; looked at after {seconds(taken['looked_seconds'])}; peer: cp + sha256sum"
        self.figures += [
            Figure("evidence, 100 × 5 MB", seconds(taken["seconds"]), seconds(taken["peer_seconds"]), taken["peer_seconds"] / taken["seconds"], at_least=0.6, note=note),
            Figure("evidence, memory above rest", f"{taken['above_rest_mb']:.0f} MB", "", taken["above_rest_mb"], at_most=64, unit="MB"),
        ]  # fmt: skip

    def part_api(self) -> None:
        """Facts by the machines' door: batches against `farsight import` of the same rows, then single ones."""
        rows = 100_000 if self.options.quick else 1_000_000
        say(f"api: {rows:,} work orders")
        folder = self.cluster.folder / "api"
        api.write_facts(folder, rows)
        path = api.orders(folder)

        def empty(database: str) -> str:
            self.new_tenant(database, self.network)
            run(self.farsight(database, "import", str(folder)), self.cluster.server)
            return database

        def ours(_: int) -> Taken:
            return self.take("import of work orders", self.farsight(empty("api"), "import", str(path)), peer=True)

        peer = self.repeat(ours)
        for name, send in (("in batches of 10 000", api.Door.batches), ("in one request", api.Door.whole)):
            with self.door(empty("api")) as (door, memory):
                spent, new = send(door, path)
                above = memory.peak() - self.rest
            if new != rows:
                raise CommandFailed(f"{new} of {rows} work orders were new")
            note = f"{rows / spent / 1000:.0f}k rows/s; peer: farsight import, {rows / peer.seconds / 1000:.0f}k rows/s; memory {above:.0f} MB above rest"
            self.figures.append(Figure(f"{rows:,} facts {name}", seconds(spent), seconds(peer.seconds), peer.seconds / spent, at_least=api.LEAST_OF_IMPORT, note=note))
            say(f"  {name}: {spent:.1f} s, peer {peer.seconds:.1f} s, {above:.0f} MB above rest")
        self.single_facts()

    def single_facts(self) -> None:
        """One fact a request, over few and many connections, into the tables that the batches filled."""
        with self.door("api") as (door, memory):
            for connections in (16, 32, 64):
                wait_for_quiet(self.options.patience, self.cluster.server)
                door.singles(self.cluster.folder / "single.lua", connections, 3)
                memory.forget_peak()
                load = door.singles(self.cluster.folder / "single.lua", connections, 15)
                say(f"  single facts, {connections} connections: {load.requests:.0f}/s, p99 {load.p99_ms:.0f} ms, memory {memory.now():.0f} MB")
                self.figures += [
                    Figure(f"single facts, {connections} connections", f"{load.requests:.0f}/s", "", load.requests, at_least=api.LEAST_FACTS, unit="/s"),
                    Figure("  p99", f"{load.p99_ms:.0f} ms", "", load.p99_ms, at_most=api.MOST_P99_MS, unit="ms"),
                ]  # fmt: skip
            above = memory.peak() - self.rest
            note = f"at rest {self.rest:.0f} MB, afterwards {memory.now():.0f} MB"
            self.figures.append(Figure("single facts, memory above rest", f"{above:.0f} MB", "", above, at_most=api.MOST_ABOVE_REST_MB, unit="MB", note=note))

    def part_replay(self) -> None:
        """Drafts over twelve months of every table."""
        say("replay")
        network = whole.twelve_months(self.network)
        self.first_check(network, "whole")
        one, many = whole.drafts(ROOT / "config" / "policies" / f"{POLICY}.toml", self.cluster.folder)
        months = ["--from", f"{network.first_day:%Y-%m}", "--to", f"{network.until:%Y-%m}", "--now", whole.days_later(network)]

        def replay(files: list[str]) -> Taken:
            return self.repeat(lambda _: self.take(f"replay, {len(files)} drafts", self.farsight("whole", "policy", "replay", *files, *months)))

        first, all_of_them = replay(one), replay(many)
        further = (all_of_them.seconds - first.seconds) / (len(many) - 1)
        self.figures += [
            Figure("replay, the first draft", seconds(first.seconds), value=first.seconds, at_most=whole.MOST_FIRST_DRAFT, unit="s", note=f"{network.dealers} dealers x 12 months, every table; {first.cpu}"),
            Figure("  each further one", seconds(further), value=further, at_most=whole.MOST_FURTHER_DRAFT, unit="s", note=f"{len(many)} drafts at once: {seconds(all_of_them.seconds)}"),
        ]  # fmt: skip

    def part_nightly(self) -> None:
        """One day's facts of every table, checked at its end; with --large over 20 M orders and 10 M answers."""
        say("nightly")
        network = replace(self.network, whole=True, large=self.options.large)
        # No copy is kept of what nothing was judged of: a large history would not fit twice.
        self.import_once("nightly", network, "import, every table")
        self.check("nightly", network.now, "check, first, every table")
        counts = {table: int(self.cluster.sql(f"SELECT count(*) FROM {table}", "nightly")) for table in ("surveys", "work_orders")}
        self.cluster.sql("VACUUM ANALYZE", "nightly")
        checks = []
        for day in network.days(self.options.days):
            facts = str(self.data.day(network, day))
            self.take("import, one day of every table", self.farsight("nightly", "import", facts, "--now", end_of(day)))
            checks.append(self.check("nightly", end_of(day), "check, one day of every table"))
        middle = median(checks)
        each = ", ".join(f"{taken.seconds:.2f}" for taken in checks)
        note = f"{counts['surveys']:,} answers, {counts['work_orders']:,} orders; each day {each}; {middle.cpu}"
        self.figures.append(Figure("nightly check", seconds(middle.seconds), value=middle.seconds, at_most=whole.MOST_NIGHTLY, unit="s", note=note))

    @contextlib.contextmanager
    def door(self, database: str) -> Iterator[tuple[api.Door, api.Memory]]:
        """A served database and a machine that may send; what the server takes at rest is kept as `rest`."""
        name = f"m{time.time_ns()}"
        words = ["token", "add", name, "--role", "hq", "--table", "work_orders", "--rate", "1000000"]
        told = json.loads(run(self.farsight(database, *words), self.cluster.server).output)
        port = web.free_port()
        with web.Served(self.farsight(database, "serve", "--listen", f"127.0.0.1:{port}"), port, self.cluster.folder / "serve.log") as served:
            memory = api.Memory(served.process.pid)
            self.rest = memory.now()
            memory.forget_peak()
            yield api.Door(served.address, told["token"]), memory

    def page(self, served: web.Served, name: str, path: str) -> None:
        """One page: alone with every statement told, then under load."""
        served.page(path)
        log = self.cluster.folder / "log"
        self.cluster.sql("ALTER SYSTEM SET log_min_duration_statement = 0")
        self.cluster.sql("SELECT pg_reload_conf()")
        time.sleep(0.5)
        size = log.stat().st_size
        served.page(path)
        time.sleep(0.2)
        queries, sql_ms = web.told(log, size)
        self.cluster.sql("ALTER SYSTEM RESET log_min_duration_statement")
        self.cluster.sql("SELECT pg_reload_conf()")
        time.sleep(0.5)
        alone, kb = served.seconds(path), served.packed_kb(path)
        wait_for_quiet(self.options.patience, self.cluster.server)
        served.load(path, 3)
        load = served.load(path, 10)
        say(f"  {name}: {load.requests:.0f}/s, p99 {load.p99_ms:.0f} ms, {queries} queries in {sql_ms:.1f} ms, alone {alone * 1000:.1f} ms, {kb:.0f} KB")
        note = f"{load.faults} faults" if load.faults else ""
        self.figures += [
            Figure(f"{name}, requests", f"{load.requests:.0f}/s", "", load.requests, at_least=web.LEAST_REQUESTS, unit="/s", note=note),
            Figure(f"{name}, p99", f"{load.p99_ms:.0f} ms", "", load.p99_ms, at_most=web.MOST_P99_MS, unit="ms"),
            Figure(f"{name}, queries", str(queries), "", queries, at_most=web.MOST_QUERIES, unit=""),
            Figure(f"{name}, compressed", f"{kb:.0f} KB", "", kb, at_most=web.MOST_KB, unit="KB"),
            Figure(f"{name}, alone", f"{alone * 1000:.1f} ms", f"{sql_ms:.1f} ms", alone * 1000 / max(sql_ms, 0.001), at_most=web.MOST_OF_SQL, note="peer: its own SQL"),
        ]  # fmt: skip

    def measure(self) -> None:
        """The parts asked for."""
        for part in PARTS:
            if part in self.options.only:
                getattr(self, f"part_{part}")()
        self.memory()


def seconds(value: float) -> str:
    """Seconds to three digits."""
    return f"{number(value)} s"


def rows(path: Path, columns: tuple[str, ...]) -> list[tuple[str, ...]]:
    """A file's rows, some columns of them; without reversals."""
    with path.open(newline="", encoding="utf-8") as file:
        return [tuple(row[name] for name in columns) for row in csv.DictReader(file) if row.get("kind", "charge") == "charge"]


def say(text: str) -> None:
    """On standard error, which leaves standard output to the table."""
    print(text, file=sys.stderr, flush=True)


def machine() -> dict[str, object]:
    """What it was measured on."""
    model = next(
        (line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")),
        platform.machine(),
    )
    return {"cores": os.cpu_count(), "processor": model, "load": list(os.getloadavg()), "system": platform.platform()}


def given() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="./run bench", description="measures Farsight on a generated network, against peers in the same run")
    parser.add_argument("--quick", action="store_true", help="200 dealers and 6 months, for trying: the bars are meant for the full size")
    parser.add_argument("--large", action="store_true", help="8 000 dealers too in the part 'scale'; in 'nightly' 20 M orders and 10 M answers, which takes an hour and 45 GB")
    parser.add_argument("--only", default=",".join(PARTS), metavar="PART,…", help=f"parts to measure: {', '.join(PARTS)} (default: all)")
    parser.add_argument("--dealers", type=int, help="dealers of the network (default 2000)")
    parser.add_argument("--months", type=int, help="months of the network (default 24)")
    parser.add_argument("--seed", type=int, default=1, help="another seed is another network")
    parser.add_argument("--until", type=date.fromisoformat, default=date(2025, 12, 31), help="the network's last day")
    parser.add_argument("--runs", type=int, default=3, help=f"runs of what takes less than {REPEATED_SECONDS} s (default 3)")
    parser.add_argument("--days", type=int, default=5, help="days that come one after the other in the part 'check' (default 5)")
    parser.add_argument("--sizes", help="dealers of the part 'scale' (default 500,1000,2000,8000; the last only with --large)")
    parser.add_argument("--patience", type=float, default=0, metavar="SECONDS", help="how long to wait for a quiet machine before each run")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything measured to this file")
    parser.add_argument("--target", type=Path, default=ROOT / "target", help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.only = options.only.split(",")
    if unknown := [part for part in options.only if part not in PARTS]:
        parser.error(f"no part '{unknown[0]}': there is {', '.join(PARTS)}")
    options.dealers = options.dealers or (200 if options.quick else 2000)
    options.months = options.months or (6 if options.quick else 24)
    sizes = options.sizes or ("50,100,200" if options.quick else "500,1000,2000,8000")
    options.sizes = sorted(int(size) for size in sizes.split(","))
    options.target = options.target.resolve()
    return options


def program(binary: Path) -> dict[str, str]:
    """Which program is measured. The tree beside it may be of another time than it."""
    built = datetime.fromtimestamp(binary.stat().st_mtime).astimezone().isoformat(timespec="seconds")
    return {"sha256": hashlib.sha256(binary.read_bytes()).hexdigest(), "built": built}


def commit() -> str:
    """The source tree, as the version control names it; empty outside of one."""
    try:
        done = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip()


def main() -> int:
    """Measures, prints, writes."""
    options = given()
    # Ends like Ctrl-C, so that the server is stopped.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    before, start, tree = machine(), time.monotonic(), commit()
    try:
        with Cluster(ROOT) as cluster:
            bench = Bench(options, cluster)
            built = program(bench.binary)
            bench.measure()
            server = cluster.sql("SHOW server_version")
    except (ClusterFailed, CommandFailed, RuntimeError, ValueError, OSError) as failed:
        say(f"bench: {failed}")
        return 1
    except KeyboardInterrupt:
        say("bench: stopped")
        return 130
    network = bench.network
    others = max((one["others_cores"] for taken in bench.runs.values() for one in taken), default=0.0)
    print(f"{network.dealers} dealers × {network.months} months (seed {network.seed}, until {network.until}), policy {POLICY}")
    print(f"{before['cores']} cores, {before['processor']}; PostgreSQL {server}; took {time.monotonic() - start:.0f} s")
    print(f"program {built['sha256'][:12]}, built {built['built']}; source tree at the start: {tree or 'unknown'}")
    print(f"load before {before['load'][0]:.2f}; other processes kept up to {others:.2f} cores busy during a run\n")  # type: ignore[index]
    print(table(bench.figures))
    missed = [one.name for one in bench.figures if one.held is False]
    held = sum(one.held is True for one in bench.figures)
    print(f"\n{held} bars held, {len(missed)} MISSED" + (f": {'; '.join(missed)}" if missed else ""))
    if options.json:
        report = {
            "network": {"dealers": network.dealers, "months": network.months, "seed": network.seed, "until": str(network.until)},
            "machine": before | {"others_cores": others, "postgresql": server},
            "program": built,
            "source_tree_at_start": tree,
            "figures": [one.report() for one in bench.figures],
            "runs": bench.runs,
            "peers": bench.peer_reports,
        }
        options.json.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
