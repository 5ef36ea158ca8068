#!/usr/bin/env python3
"""Times DuckDB on the charges and findings of rulebook 4.1-4.5: the peer of `farsight check`.

    duckdb_charges.py FACTS --as-of 2026-01-01T00:00:00+08:00 [--policy example-2026|changan-2014]
        [--from 2014-09-01] [--threads 2] [--runs 1] [--verify EXPECTED.csv] [--verify-findings EXPECTED.csv]
        [--charges-out FILE] [--findings-out FILE]

FACTS is a folder of import files (CSV, also gzip'd). They are loaded into typed tables in memory first, which is reported apart
and is no part of the comparison; then charges.sql is run, `charges` (what puts money on a party) timed apart from `findings`
(what the checks must look at besides). Of several runs the quickest of each is reported.

Prints JSON. With --verify or --verify-findings, every row that is missing or too much is printed on standard error, and the exit
status is 1 when there is any. Rows are compared as sets with counts; columns the expected file lacks are not compared.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from collections import Counter
from pathlib import Path

import duckdb

SQL = Path(__file__).with_name("charges.sql")

# Column types: how a cell of the import files becomes a value. `{}` is the cell's text, NULL when empty.
CASTS = {
    "text": "{}",
    "date": "CAST({} AS DATE)",
    # Read in the session's zone when the cell has no offset; kept as local time of that zone.
    "instant": "CAST(CAST({} AS TIMESTAMPTZ) AS TIMESTAMP)",
    "month": "CAST({} || '-01' AS DATE)",
    "int": "CAST({} AS BIGINT)",
    "money": "CAST(CAST({} AS DECIMAL(18, 2)) * 100 AS BIGINT)",
    "bool": "CASE WHEN {0} IN ('true', '1', '是') THEN true WHEN {0} IN ('false', '0', '否') THEN false END",
}

# The facts that 4.1-4.5 look at; a column without a type is text.
TABLES: dict[str, str] = {
    "posts": "person_code role scope_code from:date to:date",
    "dealers": "dealer_code region_code opened_on:date closed_on:date",
    "dealer_regions": "dealer_code from:date region_code",
    "bays": "dealer_code effective_on:date bays:int",
    "customer_base": "dealer_code month:month base_customers:int visits:int",
    "inspections": "inspection_id item_code dealer_code inspected_at:instant result kind",
    "complaints": "complaint_id dealer_code received_at:instant dispatched_at:instant severity category vin",
    "complaint_events": "complaint_id at:instant kind actor_role satisfied:bool",
    "employments": "person_code dealer_code position from:date to:date leave_reason",
    "certificates": "certificate_id person_code kind level issued_on:date expires_on:date revoked_on:date",
    "work_orders": "work_order_id dealer_code vin fault_code created_at:instant completed_at:instant fixed:bool "
    "advisor_code technician_code level nev:bool",
    "support_requests": "request_id dealer_code vin fault_code requested_at:instant",
    "rulings": "ruling_id kind subject family decided_at:instant amount:money",
}

# What an absent or empty cell stands for.
DEFAULTS = {("inspections", "kind"): "draw"}

CHARGE_COLUMNS = ("party_kind", "party_code", "dealer_code", "clause", "subject", "occurred_on", "amount")
FINDING_COLUMNS = ("clause", "subject", "dealer_code", "occurred_on")
Row = tuple[str, ...]


def connect(threads: int, zone: str) -> duckdb.DuckDBPyConnection:
    """An in-memory database that reads local instants in `zone`."""
    connection = duckdb.connect(":memory:", config={"threads": threads})
    connection.execute(f"SET TimeZone = '{zone}'")
    connection.execute("SET preserve_insertion_order = false")
    return connection


def load_table(connection: duckdb.DuckDBPyConnection, folder: Path, table: str) -> int:
    """Loads one import file into a typed table, empty when there is no file; returns its rows."""
    columns = [name.partition(":")[::2] for name in TABLES[table].split()]
    path = next((p for p in (folder / f"{table}.csv", folder / f"{table}.csv.gz") if p.exists()), None)
    if path is None:
        source, present = "(SELECT 1) WHERE false", set()
    else:
        # The path goes into the statement, as CREATE TABLE takes no parameters.
        source = "read_csv('{}', header = true, all_varchar = true, delim = ',', quote = '\"', escape = '\"')".format(
            str(path).replace("'", "''")
        )
        present = {row[0] for row in connection.execute(f"DESCRIBE FROM {source}").fetchall()}
    chosen = []
    for name, kind in columns:
        cell = f"nullif(\"{name}\", '')" if name in present else "CAST(NULL AS VARCHAR)"
        value = CASTS[kind or "text"].format(cell)
        if (table, name) in DEFAULTS:
            value = f"coalesce({value}, '{DEFAULTS[table, name]}')"
        chosen.append(f'{value} AS "{name}"')
    voided = f" WHERE coalesce({CASTS['bool'].format('voided')}, false) = false" if "voided" in present else ""
    connection.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT {', '.join(chosen)} FROM {source}{voided}")
    return connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]


def sections(text: str) -> dict[str, str]:
    """The parts of charges.sql by name, in order."""
    parts = text.split("-- @section ")[1:]
    return {name.strip(): body for name, _, body in (part.partition("\n") for part in parts)}


def timed(connection: duckdb.DuckDBPyConnection, sql: str) -> float:
    """Seconds that the statements take."""
    start = time.perf_counter()
    connection.execute(sql)
    return time.perf_counter() - start


def rows_of(connection: duckdb.DuckDBPyConnection, table: str, columns: tuple[str, ...]) -> list[Row]:
    """The rows of a result table as the export writes them."""
    # Whole fen to two decimals without floating point.
    money = "printf('%s%d.%02d', CASE WHEN amount < 0 THEN '-' ELSE '' END, abs(amount) // 100, abs(amount) % 100) AS amount"
    chosen = ", ".join(money if c == "amount" else f"CAST({c} AS VARCHAR) AS {c}" for c in columns)
    return connection.execute(f"SELECT {chosen} FROM {table} ORDER BY ALL").fetchall()


def write_csv(path: Path, columns: tuple[str, ...], rows: list[Row]) -> None:
    """Writes rows with a header."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def differences(expected: Path, columns: tuple[str, ...], rows: list[Row], clauses: str) -> list[str]:
    """Lines `- row` for each expected row that is missing and `+ row` for each that is too much.

    Only clauses with one of the comma-separated prefixes in `clauses` are compared."""
    prefixes = tuple(clauses.split(","))
    clause = columns.index("clause")
    with expected.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        shared = [c for c in columns if c in (reader.fieldnames or ())]
        wanted = Counter(tuple(row[c] for c in shared) for row in reader if row["clause"].startswith(prefixes))
    picked = [columns.index(c) for c in shared]
    found = Counter(tuple(row[i] for i in picked) for row in rows if row[clause].startswith(prefixes))
    missing = [f"- {','.join(row)}" for row in (wanted - found).elements()]
    return missing + [f"+ {','.join(row)}" for row in (found - wanted).elements()]


def main() -> int:
    """Loads, runs, times, verifies."""
    parser = argparse.ArgumentParser(description="times DuckDB on the charges and findings of rulebook 4.1-4.5")
    parser.add_argument("facts", type=Path, help="folder of import files")
    parser.add_argument("--as-of", required=True, help="instant, RFC 3339, or local in the zone")
    parser.add_argument("--policy", choices=("example-2026", "changan-2014"), default="example-2026")
    parser.add_argument("--from", dest="judged_from", default="2014-09-01", help="first judged day")
    parser.add_argument("--zone", default="Asia/Shanghai", help="the tenant's time zone; one without daylight saving")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=1, help="times the SQL is run; the quickest counts")
    parser.add_argument("--verify", type=Path, metavar="CSV", help="expected charges")
    parser.add_argument("--verify-findings", type=Path, metavar="CSV", help="expected findings")
    parser.add_argument(
        "--clauses",
        default="spot-check.,complaint.,certification.,bay-turnover.,repeat-repair.",
        help="prefixes of the clauses that are compared (default: those of 4.1-4.5)",
    )
    parser.add_argument("--charges-out", type=Path, metavar="CSV")
    parser.add_argument("--findings-out", type=Path, metavar="CSV")
    options = parser.parse_args()
    if not options.facts.is_dir():
        parser.error(f"{options.facts} is not a folder of import files")

    connection = connect(options.threads, options.zone)
    start = time.perf_counter()
    loaded = {table: load_table(connection, options.facts, table) for table in TABLES}
    load_seconds = time.perf_counter() - start

    connection.execute("SET VARIABLE as_of = CAST(CAST($1 AS TIMESTAMPTZ) AS TIMESTAMP)", [options.as_of])
    connection.execute("SET VARIABLE judged_from = CAST($1 AS DATE)", [options.judged_from])
    connection.execute("SET VARIABLE ours = CAST($1 AS BOOLEAN)", [options.policy == "example-2026"])
    parts = sections(SQL.read_text(encoding="utf-8"))
    # Both parts in turn, each run anew: findings build on what charges left.
    runs = [{name: timed(connection, sql) for name, sql in parts.items()} for _ in range(options.runs)]
    seconds = {name: min(run[name] for run in runs) for name in parts}

    charges = rows_of(connection, "charges", CHARGE_COLUMNS)
    findings = rows_of(connection, "findings", FINDING_COLUMNS)
    total = connection.execute("SELECT coalesce(sum(amount), 0)::VARCHAR FROM charges").fetchall()[0][0]
    clause_counts = dict(sorted(Counter(row[0] for row in findings).items()))
    if options.charges_out:
        write_csv(options.charges_out, CHARGE_COLUMNS, charges)
    if options.findings_out:
        write_csv(options.findings_out, FINDING_COLUMNS, findings)

    checks = (
        ("charges", options.verify, CHARGE_COLUMNS, charges),
        ("findings", options.verify_findings, FINDING_COLUMNS, findings),
    )
    verified: dict[str, int] = {}
    for name, expected, columns, rows in checks:
        if expected is None:
            continue
        lines = differences(expected, columns, rows, options.clauses)
        verified[name] = len(lines)
        for line in lines:
            print(f"{name} {line}", file=sys.stderr)

    report = {
        "peer": f"duckdb {duckdb.__version__}",
        "threads": options.threads,
        "policy": options.policy,
        "as_of": options.as_of,
        "load_seconds": round(load_seconds, 3),
        "charges_seconds": round(seconds["charges"], 4),
        "findings_seconds": round(seconds["findings"], 4),
        "both_seconds": round(min(sum(run.values()) for run in runs), 4),
        "facts": loaded,
        "facts_total": sum(loaded.values()),
        "charges": len(charges),
        "charges_amount_minor": int(total),
        "findings": len(findings),
        "findings_by_clause": clause_counts,
    }
    if verified:
        report["differences"] = verified
    print(json.dumps(report, indent=2, ensure_ascii=False))
    return 1 if any(verified.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
