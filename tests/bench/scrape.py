#!/usr/bin/env python3
"""Scrapes a `farsight serve --with-worker` under load by a real Prometheus: `./run bench scrape` calls it.

    ./run bench scrape [--minutes 10] [--tenants 3] [--dealers 60] [--months 6] [--json FILE]

Several tenants with their facts, their jobs called again and again, and requests for paths that are not there; all the while
Prometheus scrapes every 5 seconds with the alert rules that ship. At the end every series on the boards has to have data, no
tenant may have more series than at the beginning, no scrape may have failed, and no rule may be wrong. The exit status tells
whether that was so."""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from cluster import Cluster, ClusterFailed
from figures import Figure, number, table
from measure import CommandFailed, run
from network import Data, Network

ROOT = Path(__file__).resolve().parents[2]
BOARDS = ROOT / "dashboards" / "grafana"
RULES = ROOT / "dashboards" / "prometheus" / "rules.yml"
INTERVAL_SECONDS = 5
# What a scrape may take, and how late a slot may begin, with the machine busy.
SCRAPE_SECONDS = 2.0
READY_SECONDS = 60
# Jobs whose slots are called in turn: every check, alone and all at once.
CALLED = ("import-watch", "complaint-deadlines", "repeat-repair", "spot-check", "certification", "bay-turnover", "reconcile")


def free_address() -> str:
    """An address nobody listens on just now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{found.getsockname()[1]}"


def get(address: str, path: str) -> tuple[int, str]:
    """Status and body; 0 where nobody answers."""
    try:
        with urllib.request.urlopen(f"http://{address}{path}", timeout=20) as answer:
            return answer.status, answer.read().decode("utf-8")
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode("utf-8")
    except OSError:
        return 0, ""


@contextmanager
def program(name: str, command: list[str], log: Path, ready: tuple[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A program, from when it is ready until the end."""
    with log.open("wb") as said:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True)
    try:
        deadline = time.monotonic() + READY_SECONDS
        while get(*ready)[0] != 200:
            if child.poll() is not None or time.monotonic() > deadline:
                raise CommandFailed(f"{name} does not start:\n{log.read_text(encoding='utf-8', errors='replace')[-2000:]}")
            time.sleep(0.1)
        yield child
    finally:
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(60)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


class Load:
    """Tenants at work."""

    def __init__(self, options: argparse.Namespace, cluster: Cluster) -> None:
        self.cluster = cluster
        self.options = options
        self.binary = Path(shutil.copy2(options.target / "release" / "farsight", cluster.folder))
        self.tenants = [f"t{index}" for index in range(options.tenants)]
        self.calls = 0

    def farsight(self, *words: str) -> list[str]:
        """A command of ours."""
        common = ["--database", self.cluster.url("scrape"), "--data", str(self.cluster.folder / "files")]
        return [str(self.binary), *common, *words]

    def make(self) -> None:
        """The tenants with their facts, judged by nobody yet."""
        generator = self.options.target / "release" / "examples" / "generate"
        data = Data(generator, ROOT / "crates" / "network", self.options.target / "bench-data")
        network = Network(self.options.dealers, self.options.months, 1, date.today())
        self.cluster.create("scrape")
        for tenant in self.tenants:
            self.run("tenant", "add", tenant, "--name", tenant, "--policy", "example-2026", "--from", str(network.first_day))
            self.run("--tenant", tenant, "import", str(data.facts(network)))

    def run(self, *words: str) -> None:
        """A command that has to succeed."""
        run(self.farsight(*words), self.cluster.server, cwd=self.cluster.folder)

    def go_on(self, address: str, until: float) -> None:
        """Calls jobs and asks for what is not there, until the time is over."""
        while time.monotonic() < until:
            tenant = self.tenants[self.calls % len(self.tenants)]
            self.run("--tenant", tenant, "jobs", "run", CALLED[self.calls // len(self.tenants) % len(CALLED)])
            for path in (f"/dealers/D{self.calls}?q={self.calls}", "/readyz", "/healthz", "/metrics"):
                get(address, path)
            self.calls += 1
            time.sleep(0.2)


def asked() -> list[tuple[str, str]]:
    """Everything the boards ask for, with its place."""
    found = []
    for path in sorted(BOARDS.glob("*.json")):
        for panel in json.loads(path.read_text(encoding="utf-8"))["panels"]:
            found += [(f"{path.stem}: {panel['title']}", target["expr"]) for target in panel.get("targets", [])]
    return found


def query(address: str, expression: str) -> list[dict[str, object]]:
    """The series of an expression now."""
    expression = expression.replace("$__rate_interval", f"{4 * INTERVAL_SECONDS}s").replace("$tenant", ".*")
    status, body = get(address, "/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
    if status != 200:
        raise CommandFailed(f"Prometheus refuses {expression}: {body}")
    return json.loads(body)["data"]["result"]


def one(address: str, expression: str) -> float:
    """The one value of an expression."""
    result = query(address, expression)
    return float(result[0]["value"][1]) if result else float("nan")  # type: ignore[index]


def series(metrics: str) -> Counter[str]:
    """How many series each tenant has, and how many are nobody's."""
    lines = [line for line in metrics.splitlines() if line and not line.startswith("#")]
    return Counter(match.group(1) if (match := re.search(r'[{,]tenant="([^"]*)"', line)) else "" for line in lines)


def memory_mb(pid: int) -> float:
    """The resident memory of a process."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
    return int(found.group(1)) / 1024 if found else 0.0


def measure(options: argparse.Namespace, cluster: Cluster) -> list[Figure]:
    """Runs it all, and says what came of it."""
    load = Load(options, cluster)
    load.make()
    ours, theirs = free_address(), free_address()
    config = cluster.folder / "prometheus.yml"
    config.write_text(
        f"global: {{ scrape_interval: {INTERVAL_SECONDS}s, evaluation_interval: {INTERVAL_SECONDS}s }}\n"
        f"rule_files: ['{RULES}']\n"
        f"scrape_configs: [{{ job_name: farsight, static_configs: [{{ targets: ['{ours}'] }}] }}]\n",
        encoding="utf-8",
    )
    serve = load.farsight("serve", "--with-worker", "--listen", ours)
    prometheus = ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={cluster.folder / 'tsdb'}"]
    prometheus += [f"--web.listen-address={theirs}", "--log.level=warn"]
    with (
        program("farsight", serve, cluster.folder / "farsight.log", (ours, "/readyz")) as served,
        program("prometheus", prometheus, cluster.folder / "prometheus.log", (theirs, "/-/ready")),
    ):
        begun, whole = time.monotonic(), options.minutes * 60
        # From here on every tenant has been judged once, and every series there can be should be there.
        load.go_on(ours, begun + min(60.0, whole / 4))
        first, memory = series(get(ours, "/metrics")[1]), memory_mb(served.pid)
        load.go_on(ours, begun + whole)
        last, grown = series(get(ours, "/metrics")[1]), memory_mb(served.pid) - memory
        return figures(theirs, load, first, last, memory, grown, whole)


def figures(
    prometheus: str, load: Load, first: Counter[str], last: Counter[str], memory: float, grown: float, whole: float
) -> list[Figure]:
    """What Prometheus saw, against the bars."""
    window = f"{whole:.0f}s"
    empty = [f"{place}: {expression}" for place, expression in asked() if not query(prometheus, expression)]
    rules = [rule for group in json.loads(get(prometheus, "/api/v1/rules")[1])["data"]["groups"] for rule in group["rules"]]
    wrong = [rule["name"] for rule in rules if rule["health"] != "ok"]
    firing = sorted({rule["name"] for rule in rules if rule["state"] == "firing"})
    growth = max(last[tenant] - first[tenant] for tenant in {*first, *last})
    scrapes = one(prometheus, f'count_over_time(up{{job="farsight"}}[{window}])')
    slowest = one(prometheus, f'max_over_time(scrape_duration_seconds{{job="farsight"}}[{window}])')
    usual = one(prometheus, f'avg_over_time(scrape_duration_seconds{{job="farsight"}}[{window}])')
    failed = scrapes - one(prometheus, f'sum_over_time(up{{job="farsight"}}[{window}])')
    delay = one(prometheus, f"histogram_quantile(0.95, sum by (le) (increase(farsight_slot_delay_seconds_bucket[{window}])))")
    looks = one(prometheus, f"sum(increase(farsight_collect_failures_total[{window}]))")
    ended = one(prometheus, "sum(farsight_job_endings_total)")
    of_tenants = [last[tenant] for tenant in load.tenants]
    return [
        Figure("expressions on the boards without data", f"{len(empty)} of {len(asked())}", value=len(empty), at_most=0, unit="", note="; ".join(empty)),
        Figure("failed scrapes", f"{failed:.0f} of {scrapes:.0f}", value=failed, at_most=0, unit=""),
        Figure("slowest scrape", f"{number(slowest)} s", value=slowest, at_most=SCRAPE_SECONDS, unit="s", note=f"{number(usual)} s on average"),
        Figure("failed looks at the database", f"{looks:.0f}", value=looks, at_most=0, unit=""),
        Figure("series of a tenant more than at the beginning", f"{growth}", value=growth, at_most=0, unit="", note=f"{min(of_tenants)} to {max(of_tenants)} a tenant, {last['']} of none"),
        Figure("rules that are wrong", f"{len(wrong)} of {len(rules)}", value=len(wrong), at_most=0, unit="", note="; ".join(wrong)),
        Figure("alerts that fire", f"{len(firing)}", note=", ".join(firing)),
        Figure("slot delay, 95th percentile", f"{number(delay)} s"),
        Figure("slots carried out", f"{ended:.0f}", note=f"{load.calls} called"),
        Figure("memory", f"{memory:.0f} MB", note=f"{grown:+.0f} MB at the end"),
    ]  # fmt: skip


def given() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="./run bench scrape", description="a real Prometheus scrapes Farsight under load")
    parser.add_argument("--minutes", type=float, default=10, help="how long (default 10)")
    parser.add_argument("--tenants", type=int, default=3, help="manufacturers (default 3)")
    parser.add_argument("--dealers", type=int, default=60, help="dealers of each (default 60)")
    parser.add_argument("--months", type=int, default=6, help="months of facts (default 6)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything measured to this file")
    parser.add_argument("--target", type=Path, default=ROOT / "target", help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.target = options.target.resolve()
    return options


def main() -> int:
    """Measures, prints, writes."""
    options = given()
    # Ends like Ctrl-C, so that what was started is stopped.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    for name in [name for name in os.environ if name.startswith(("FARSIGHT_", "PG"))]:
        del os.environ[name]
    try:
        with Cluster(ROOT) as cluster:
            measured = measure(options, cluster)
    except (ClusterFailed, CommandFailed, RuntimeError, ValueError, OSError) as failed:
        print(f"bench: {failed}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: stopped", file=sys.stderr)
        return 130
    print(f"{options.tenants} tenants of {options.dealers} dealers × {options.months} months, {number(options.minutes)} minutes, {os.cpu_count()} cores\n")
    print(table(measured))
    missed = [one.name for one in measured if one.held is False]
    print(f"\n{len(missed)} bars MISSED" + (f": {'; '.join(missed)}" if missed else ""))
    if options.json:
        report = {"minutes": options.minutes, "tenants": options.tenants, "figures": [one.report() for one in measured]}
        options.json.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
