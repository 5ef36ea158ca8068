"""The peer's tables: Farsight's fact tables as its migrations make them, with their keys and indexes.

What `\\copy` of an import file cannot know (tenant, import, line, time of recording) comes from defaults; row security, roles
and triggers are left out, in the peer's favour."""

from __future__ import annotations

import re
from pathlib import Path

# What an import adds to each row by itself.
DEFAULTS = {"tenant_id": "1", "recorded_at": "now()", "import_id": "1", "line": "1"}

# Amounts, scores and prices are decimals in the files and whole minor units in Farsight; the peer may keep them as they come.
DECIMALS = {("rulings", "amount"), ("surveys", "score"), ("exams", "score"), ("part_prices", "price")}
DECIMALS |= {("mystery_visits", name) for name in ("response", "attitude", "professionalism", "transparency")}

TABLE = re.compile(r"^CREATE TABLE (\w+) \(\n(.*?)\n\);", re.DOTALL | re.MULTILINE)
INDEX = re.compile(r"^CREATE (?:UNIQUE )?INDEX \w+ ON (\w+) .*?;", re.DOTALL | re.MULTILINE)


def ddl(migrations: Path) -> str:
    """SQL that makes the fact tables of all migrations."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(migrations.glob("*/up.sql")))
    parts, facts = [], set()
    for table, body in TABLE.findall(text):
        # Facts, and nothing else, know until when they hold.
        if "superseded_at" not in body:
            continue
        facts.add(table)
        parts.append(f"CREATE TABLE {table} (\n{with_defaults(table, body)}\n);")
    parts += [match.group(0) for match in INDEX.finditer(text) if match.group(1) in facts]
    if "work_orders" not in facts:
        raise ValueError(f"no fact tables in {migrations}: have the migrations another form now?")
    return "\n".join(parts) + "\n"


def with_defaults(table: str, body: str) -> str:
    """The columns, with what the peer needs."""
    lines = []
    for line in body.splitlines():
        name = line.strip().split(" ", 1)[0].strip('"')
        if name in DEFAULTS and "DEFAULT" not in line:
            line = line.rstrip(",") + f" DEFAULT {DEFAULTS[name]}" + ("," if line.endswith(",") else "")
        if (table, name) in DECIMALS:
            line = line.replace("bigint", "numeric(18, 2)")
        lines.append(line)
    return "\n".join(lines)
