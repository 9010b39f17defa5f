"""Places for the boxes of a layered graph: few crossings, lines that pass between the boxes of other rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

Edge = tuple[str, str]
_SWEEPS = 12
_BEND = 0.12
"""Width of the place where a line passes through a row."""


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Places of a graph: the middle of each box, and the points of each line in the rows that it passes."""

    boxes: dict[str, float]
    lines: dict[Edge, tuple[tuple[int, float], ...]]
    """By edge: row and place of its start, of each row between, and of its end."""


def direct(edges: set[Edge]) -> set[Edge]:
    """Return the edges that no longer path replaces (transitive reduction of a graph without cycles)."""
    after = {start: {end for first, end in edges if first == start} for start, _ in edges}

    def reached(name: str) -> set[str]:
        return {name}.union(*map(reached, after.get(name, set())))

    return {(start, end) for start, end in edges if not any(end in reached(other) for other in after[start] - {end})}


def arrange(rows: Sequence[Sequence[str]], edges: set[Edge], widths: Mapping[str, float], gap: float) -> Arrangement:
    """Arrange the boxes of each row beside each other.

    Args:
        rows: Names of the boxes by row. The order inside a row is free.
        edges: Pairs of names; each leads to a later row.
        widths: Width of each box.
        gap: The least distance of neighbours.
    """
    row_of = {name: number for number, row in enumerate(rows) for name in row}
    order = [list(row) for row in rows]
    sizes, paths = dict(widths), {}
    for start, end in sorted(edges):
        bends = [f"{start} > {end} > {number}" for number in range(row_of[start] + 1, row_of[end])]
        for number, bend in enumerate(bends, start=row_of[start] + 1):
            order[number].append(bend)
            sizes[bend] = _BEND
        paths[start, end] = [start, *bends, end]
    steps = [pair for path in paths.values() for pair in pairwise(path)]
    order = _order(order, steps)
    places = _places(order, steps, sizes, gap)
    lines = {
        edge: tuple((row_of[edge[0]] + number, places[name]) for number, name in enumerate(path))
        for edge, path in paths.items()
    }
    return Arrangement({name: places[name] for name in row_of}, lines)


def _neighbours(steps: Sequence[Edge]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    above: dict[str, list[str]] = {}
    below: dict[str, list[str]] = {}
    for start, end in steps:
        above.setdefault(end, []).append(start)
        below.setdefault(start, []).append(end)
    return above, below


def _order(order: list[list[str]], steps: Sequence[Edge]) -> list[list[str]]:
    """Order each row by the mean place of its neighbours, and keep the order with the fewest crossings."""
    above, below = _neighbours(steps)
    best, fewest = order, _crossings(order, steps)
    for sweep in range(_SWEEPS):
        neighbours = below if sweep % 2 else above
        place = {name: number / len(row) for row in order for number, name in enumerate(row)}
        rows = []
        for row in reversed(order) if sweep % 2 else order:
            means = {name: fmean(place[other] for other in neighbours.get(name, [name])) for name in row}
            rows.append(sorted(row, key=lambda name: (means[name], name)))
            place |= {name: number / len(row) for number, name in enumerate(rows[-1])}
        order = rows[::-1] if sweep % 2 else rows
        crossings = _crossings(order, steps)
        if crossings < fewest:
            best, fewest = order, crossings
    return best


def _crossings(order: Sequence[Sequence[str]], steps: Sequence[Edge]) -> int:
    place = {name: (row, number) for row, names in enumerate(order) for number, name in enumerate(names)}
    pairs = [(place[start], place[end]) for start, end in steps]
    return sum(
        a[0] == c[0] and (a[1] - c[1]) * (b[1] - d[1]) < 0
        for number, (a, b) in enumerate(pairs)
        for c, d in pairs[:number]
    )


def _places(
    order: Sequence[Sequence[str]], steps: Sequence[Edge], widths: Mapping[str, float], gap: float
) -> dict[str, float]:
    """Move each box towards its neighbours, as far as those beside it allow."""
    above, below = _neighbours(steps)
    place: dict[str, float] = {}
    for row in order:
        at = -sum(widths[name] + gap for name in row) / 2
        for name in row:
            place[name] = at + (widths[name] + gap) / 2
            at += widths[name] + gap
    for _ in range(4 * _SWEEPS):
        for row in order:
            wish = [fmean(place[other] for other in [*above.get(name, []), *below.get(name, []), name]) for name in row]
            distances = [(widths[a] + widths[b]) / 2 + gap for a, b in pairwise(row)]
            right, left = wish[:1], wish[-1:]
            for number in range(1, len(row)):
                right.append(max(wish[number], right[-1] + distances[number - 1]))
                left.insert(0, min(wish[-1 - number], left[0] - distances[-number]))
            place |= {name: (a + b) / 2 for name, a, b in zip(row, right, left, strict=True)}
    return place
