"""Two results side by side: what differs in all that they were made from, and by how much their figures differ."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markner.provenance.audit import Audit, Node, leaves

Figures = Callable[[Path], Mapping[str, float]]
"""The figures in a file, by name; none if it is no file of figures."""
ABSENT = "(absent)"
_MACHINE = ("python", "platform", "host", "cpu", "cores", "gpu")


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is not the same in two lineages."""

    kind: str
    """`rule`, `wildcard`, `setting`, `param`, `code`, `input`, `package`, `machine` or `bytes`."""
    name: str
    a: str
    b: str


@dataclass(slots=True)
class Evidence:
    """Where a fact was met, and the figures that rest on it."""

    pairs: list[str] = field(default_factory=list)
    measured: dict[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(slots=True)
class Comparison:
    """Two results, the differences of their lineages, and their figures where both have any."""

    a: Node
    b: Node
    figures: dict[str, tuple[float, float]]
    facts: dict[Fact, Evidence] = field(default_factory=dict)


def compare(first: Audit, a: Node, second: Audit, b: Node, figures: Figures) -> Comparison:
    """Compare the recorded lineages of two results, pair by pair from the results down.

    Files are paired by the name of the input, then by equal path, then by the path that differs in wildcards alone,
    then by order. Two files of one and the same making are not gone into. A difference in bytes that nothing recorded
    explains is a fact of its own.

    Args:
        first: the audit that `a` comes from.
        a: a result.
        second: the audit that `b` comes from.
        b: another, of the same checkout or of another one.
        figures: reads the figures of a file.
    """
    walk = _Walk(first, second, figures)
    walk.pair(a, b, {})
    return Comparison(a, b, walk.measured(a, b), walk.facts)


class _Walk:
    """The way down both lineages at once."""

    def __init__(self, first: Audit, second: Audit, figures: Figures) -> None:
        self.first, self.second, self.figures = first, second, figures
        self.facts: dict[Fact, Evidence] = {}
        self.differing: dict[tuple[str, str], list[Fact]] = {}

    def measured(self, a: Node, b: Node) -> dict[str, tuple[float, float]]:
        """Figures that both files have."""
        places = self.first.root / a.path, self.second.root / b.path
        if not all(place.is_file() for place in places):
            return {}
        left, right = (self.figures(place) for place in places)
        return {name: (left[name], right[name]) for name in left if name in right}

    def pair(self, a: Node, b: Node, above: Mapping[str, tuple[float, float]]) -> list[Fact]:
        """Compare two files and what they were made from; returns the facts met at them and below."""
        if (a.record and b.record and a.record["seal"] == b.record["seal"]) or (
            not a.record and not b.record and a.sha256 == b.sha256
        ):
            return []
        near = self.measured(a, b) or above
        if (a.path, b.path) in self.differing:
            facts = self.differing[a.path, b.path]
            for fact in facts:
                self.facts[fact].measured |= _named(a, b, near)
            return facts
        name = a.path if a.path == b.path else f"{a.path} | {b.path}"
        facts = list(_own(a, b))
        below: list[Fact] = []
        for left, right in _paired(a, b):
            if left is None or right is None:
                facts.append(Fact("input", "", left.path if left else ABSENT, right.path if right else ABSENT))
            else:
                below += self.pair(left, right, near)
        if a.record and b.record and not facts and not below and a.record["sha256"] != b.record["sha256"]:
            facts.append(Fact("bytes", name, a.record["sha256"][:12], b.record["sha256"][:12]))
        for fact in facts:
            self.facts.setdefault(fact, Evidence()).pairs.append(name)
        facts = list(dict.fromkeys([*facts, *below]))
        for fact in facts:
            self.facts[fact].measured |= _named(a, b, near)
        self.differing[a.path, b.path] = facts
        return facts


def _named(a: Node, b: Node, figures: Mapping[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    return dict(figures)


def _own(a: Node, b: Node) -> Iterator[Fact]:
    """Differences of two files themselves."""
    if a.record is None or b.record is None:
        names = [f"made by rule {node.record['rule']}" if node.record else f"source {node.sha256}" for node in (a, b)]
        yield Fact("input", a.path if a.path == b.path else f"{a.path} | {b.path}", *names)
        return
    left, right = a.record, b.record
    rule = left["rule"] if left["rule"] == right["rule"] else f"{left['rule']} | {right['rule']}"
    if left["rule"] != right["rule"]:
        yield Fact("rule", "", left["rule"], right["rule"])
    for kind, one, other in (
        ("wildcard", left["wildcards"], right["wildcards"]),
        ("setting", leaves(left["settings"]), leaves(right["settings"])),
        ("param", left["params"], right["params"]),
    ):
        for name, x, y in _unequal(one, other):
            if kind != "param" or left["rule"] == right["rule"]:
                yield Fact(kind, f"{rule}: {name}" if name else rule, x, y)
    if left["rule"] == right["rule"]:
        for name, x, y in _unequal(left["code"]["parts"], right["code"]["parts"]):
            yield Fact("code", name, x.strip("'")[:12], y.strip("'")[:12])
    yield from _environment(left, right)


def _environment(left: Mapping[str, Any], right: Mapping[str, Any]) -> Iterator[Fact]:
    one, other = left["environment"], right["environment"]
    for name, x, y in _unequal(one["packages"], other["packages"]):
        # A job of another rule imports other packages; only versions can differ then.
        if left["rule"] == right["rule"] or ABSENT not in (x, y):
            yield Fact("package", name, x.strip("'"), y.strip("'"))
    machines = [{**{key: found[key] for key in _MACHINE}, **found["slurm"]} for found in (one, other)]
    for name, x, y in _unequal(*machines):
        yield Fact("machine", name, x, y)
    if left["threads"] != right["threads"] and left["rule"] == right["rule"]:
        yield Fact("machine", f"{left['rule']}: threads", str(left["threads"]), str(right["threads"]))


def _unequal(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for name in dict.fromkeys([*one, *other]):
        if name not in one or name not in other or one[name] != other[name]:
            yield name, repr(one[name]) if name in one else ABSENT, repr(other[name]) if name in other else ABSENT


def _paired(a: Node, b: Node) -> Iterator[tuple[Node | None, Node | None]]:
    """Inputs of two files, each with its counterpart."""
    left, right = _inputs(a), _inputs(b)
    for name in dict.fromkeys([*left, *right]):
        ones, others = list(left.get(name, ())), list(right.get(name, ()))
        for same in (lambda x, y: x.path == y.path, lambda x, y: _shape(a, x) == _shape(b, y), lambda x, y: True):
            for one in list(ones):
                found = next((other for other in others if same(one, other)), None)
                if found is not None:
                    ones.remove(one)
                    others.remove(found)
                    yield one, found
        yield from ((one, None) for one in ones)
        yield from ((None, other) for other in others)


def _inputs(node: Node) -> dict[str, list[Node]]:
    """Inputs by their names in the rule, in order; one that lies in another's folder stands for it."""
    found: dict[str, list[Node]] = {}
    children = {child.path: child for child in node.inputs}
    for entry in node.record["inputs"] if node.record else ():
        owner = next((path for path in _upwards(entry["path"]) if path in children), None)
        if owner is not None:
            found.setdefault(entry["name"], []).append(children[owner])
    return found


def _upwards(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition("/")[0]


def _shape(owner: Node, node: Node) -> tuple[str, ...]:
    """A path with the wildcards of the job that read it taken out."""
    wildcards = {value: name for name, value in (owner.record or {})["wildcards"].items() if value}
    return tuple(f"{{{wildcards[part]}}}" if part in wildcards else part for part in node.path.split("/"))
