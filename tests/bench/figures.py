"""The figures: what was measured against its bar, as a table and as JSON."""

from __future__ import annotations

import math
import unicodedata
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Figure:
    """One line of the table. A figure without a bar is told for information."""

    name: str
    ours: str
    peer: str = ""
    # What the bar is about: a ratio, a rate, an exponent, an amount of memory.
    value: float | None = None
    at_most: float | None = None
    at_least: float | None = None
    unit: str = "×"
    note: str = ""

    @property
    def held(self) -> bool | None:
        """Whether the bar is held; None when there is none."""
        if self.value is None or (self.at_most is None and self.at_least is None):
            return None
        return (self.at_most is None or self.value <= self.at_most) and (self.at_least is None or self.value >= self.at_least)

    @property
    def verdict(self) -> str:
        """In a word."""
        return {None: "", True: "held", False: "MISSED"}[self.held]

    @property
    def bar(self) -> str:
        """The bar, as it is shown."""
        if self.at_most is not None:
            return f"≤ {number(self.at_most)} {self.unit}"
        return f"≥ {number(self.at_least)} {self.unit}" if self.at_least is not None else ""

    @property
    def shown(self) -> str:
        """The value, as it is shown."""
        return "" if self.value is None else f"{number(self.value)} {self.unit}"

    def report(self) -> dict[str, object]:
        """For JSON."""
        return asdict(self) | {"held": self.held}


def number(value: float) -> str:
    """Three digits or so."""
    if value == 0 or abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}".rstrip("0").rstrip(".")


def width(text: str) -> int:
    """Columns on a terminal."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def table(figures: list[Figure]) -> str:
    """The figures with aligned columns."""
    rows = [("figure", "bar", "ours", "peer", "value", "", "")]
    rows += [(one.name, one.bar, one.ours, one.peer, one.shown, one.verdict, one.note) for one in figures]
    widths = [max(width(row[index]) for row in rows) for index in range(len(rows[0]))]
    lines = ["  ".join(cell + " " * (widths[i] - width(cell)) for i, cell in enumerate(row)).rstrip() for row in rows]
    return "\n".join([lines[0], "-" * max(map(width, lines)), *lines[1:]])


def exponent(points: list[tuple[float, float]]) -> float:
    """The slope of the least-squares line through the points' logarithms."""
    xs, ys = [math.log(x) for x, _ in points], [math.log(y) for _, y in points]
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((x - mean_x) ** 2 for x in xs)
    return sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)) / spread
