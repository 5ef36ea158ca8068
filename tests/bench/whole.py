"""What is measured over every table: drafts that are replayed, and a day's facts that are checked."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from network import Network, end_of

# In seconds, on two cores.
MOST_FIRST_DRAFT = 6
MOST_FURTHER_DRAFT = 1
MOST_NIGHTLY = 5

DRAFTS = 10


def twelve_months(network: Network) -> Network:
    """The same network over twelve months, with every table."""
    return replace(network, months=min(network.months, 12), whole=True)


def days_later(network: Network) -> str:
    """When the network's last month is over for every check."""
    return end_of(network.until + timedelta(days=2))


def drafts(policy: Path, folder: Path) -> tuple[list[str], list[str]]:
    """One draft, and many: each with another name, another charge for a first failure, and other days until a vehicle is away."""
    text = policy.read_text(encoding="utf-8")
    files = []
    for number in range(1, DRAFTS + 1):
        draft = replaced(text, r'(?m)^name = ".*"$', f'name = "draft-{number}"')
        draft = replaced(draft, r'(\[spot-check\.first\][^\[]*penalty = )"[0-9.]+"', rf'\g<1>"{500 + 100 * number}.00"')
        draft = replaced(draft, r"(\[retention\.away_days\]\nvalue = )\d+", rf"\g<1>{80 + number}")
        files.append(str(folder / f"draft-{number}.toml"))
        Path(files[-1]).write_text(draft, encoding="utf-8")
    return files[:1], files


def replaced(text: str, pattern: str, by: str) -> str:
    """The text with the first place that fits replaced; there has to be one."""
    text, count = re.subn(pattern, by, text, count=1)
    if not count:
        raise ValueError(f"the policy has nothing like {pattern}: it has another form now")
    return text
