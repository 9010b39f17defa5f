"""Compare two results: what differs in their lineages, and by how much their values differ."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runrecord.audit import Audit, Node, with_parents
from runrecord.differences import ABSENT, flat_settings, unequal

ReadValues = Callable[[Path], Mapping[str, float]]
"""Returns the values in a file by name, such as F1 scores; none for other files."""
_PARTS = re.compile(r"[/.]")
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
    """Where a fact was found, and the values that depend on it."""

    pairs: list[str] = field(default_factory=list)
    measured: dict[str, dict[str, tuple[float, float]]] = field(default_factory=dict)
    """The values of both results by name, by the files that contain them."""


@dataclass(slots=True)
class Comparison:
    """Two results, the differences of their lineages, and the values that both have."""

    a: Node
    b: Node
    values: dict[str, tuple[float, float]]
    facts: dict[Fact, Evidence] = field(default_factory=dict)


def compare(first: Audit, a: Node, second: Audit, b: Node, values_of: ReadValues) -> Comparison:
    """Compare the recorded lineages of two results, pair by pair from the results down.

    Inputs of the same name are paired if their paths are equal. The others are paired if their paths differ only where
    the paths and wildcards of the two results differ. Inputs without a partner are a fact. If one job made both files,
    the walk stops there. If the bytes differ and no recorded fact explains it, the bytes are a fact of their own.

    `first` is the audit that `a` comes from, `second` that of `b`, which may be of another checkout.
    """
    walk = _Walk(first, second, values_of)
    walk.pair(a, b)
    return Comparison(a, b, walk.measured(a, b), walk.facts)


class _Walk:
    """Walks down both lineages at once."""

    def __init__(self, first: Audit, second: Audit, values_of: ReadValues) -> None:
        self.first, self.second, self.values_of = first, second, values_of
        self.facts: dict[Fact, Evidence] = {}
        self.known: dict[tuple[str, str], tuple[bool, list[Fact]]] = {}

    def measured(self, a: Node, b: Node) -> dict[str, tuple[float, float]]:
        """Return the values that both files have."""
        places = self.first.root / a.path, self.second.root / b.path
        if not all(place.is_file() for place in places):
            return {}
        left, right = (self.values_of(place) for place in places)
        return {name: (left[name], right[name]) for name in left if name in right}

    def pair(self, a: Node, b: Node) -> tuple[bool, list[Fact]]:
        """Compare two files and what they were made from.

        Returns whether their lineages differ, and the facts of this file and its inputs that have no values yet.
        """
        if (a.path, b.path) not in self.known:
            self.known[a.path, b.path] = self._pair(a, b)
        return self.known[a.path, b.path]

    def _pair(self, a: Node, b: Node) -> tuple[bool, list[Fact]]:
        if _same_making(a, b):
            return False, []
        name = _both(a.path, b.path)
        own = list(_own(a, b))
        open_facts: list[Fact] = []
        differs = bool(own)
        for left, right in _paired(a, b) if a.record and b.record else ():
            if len(left) == len(right) == 1:
                below, more = self.pair(left[0], right[0])
                differs = differs or below
                open_facts += more
            else:
                own.append(Fact("input", name, _listed(left), _listed(right)))
        if a.record and b.record and not own and not differs and a.record["sha256"] != b.record["sha256"]:
            own.append(Fact("bytes", name, a.record["sha256"][:12], b.record["sha256"][:12]))
        for fact in own:
            self.facts.setdefault(fact, Evidence()).pairs.append(name)
        open_facts = list(dict.fromkeys([*own, *open_facts]))
        measured = self.measured(a, b)
        for fact in open_facts if measured else ():
            self.facts[fact].measured[name] = measured
        return differs or bool(own), [] if measured else open_facts


def _same_making(a: Node, b: Node) -> bool:
    if a.record and b.record:
        return bool(a.record["seal"] == b.record["seal"])
    return a.record is b.record and a.sha256 == b.sha256


def _listed(nodes: Sequence[Node]) -> str:
    return ", ".join(node.path for node in nodes) or ABSENT


def _both(a: str, b: str) -> str:
    return a if a == b else f"{a} | {b}"


def _own(a: Node, b: Node) -> Iterator[Fact]:
    """Yield the differences of two files themselves."""
    if a.record is None or b.record is None:
        names = [
            f"made by rule {node.record['rule']}" if node.record else f"source {(node.sha256 or 'gone')[:12]}"
            for node in (a, b)
        ]
        yield Fact("input", _both(a.path, b.path), *names)
        return
    left, right = a.record, b.record
    rule = _both(left["rule"], right["rule"])
    if left["rule"] != right["rule"]:
        yield Fact("rule", "", left["rule"], right["rule"])
    for kind, one, other in (
        ("wildcard", left["wildcards"], right["wildcards"]),
        ("setting", flat_settings(left["settings"]), flat_settings(right["settings"])),
        ("param", left["params"], right["params"]),
    ):
        for name, x, y in unequal(one, other):
            if kind != "param" or left["rule"] == right["rule"]:
                yield Fact(kind, f"{rule}: {name}" if name else rule, x, y)
    if left["rule"] == right["rule"]:
        for name, x, y in unequal(left["code"]["parts"], right["code"]["parts"]):
            yield Fact("code", name, x.strip("'")[:12], y.strip("'")[:12])
    yield from _environment(left, right)


def _environment(left: Mapping[str, Any], right: Mapping[str, Any]) -> Iterator[Fact]:
    one, other = left["environment"], right["environment"]
    for name, x, y in unequal(one["packages"], other["packages"]):
        # Another job imports other packages; only versions can differ then.
        if ABSENT not in (x, y) or (left["rule"], left["wildcards"]) == (right["rule"], right["wildcards"]):
            yield Fact("package", name, x.strip("'"), y.strip("'"))
    machines = [{**{key: environment[key] for key in _MACHINE}, **environment["slurm"]} for environment in (one, other)]
    for name, x, y in unequal(*machines):
        yield Fact("machine", name, x, y)
    if left["threads"] != right["threads"] and left["rule"] == right["rule"]:
        yield Fact("machine", f"{left['rule']}: threads", str(left["threads"]), str(right["threads"]))


def _paired(a: Node, b: Node) -> Iterator[tuple[list[Node], list[Node]]]:
    """Yield inputs that belong together, one of each file, then the inputs without a partner on both sides."""
    left, right = _inputs(a), _inputs(b)
    others = _substitutions(a, b)
    for name in dict.fromkeys([*left, *right]):
        ones, twos = list(left.get(name, ())), list(right.get(name, ()))
        for allowed in (set[tuple[str, str]](), others):
            for one in list(ones):
                pair = next((two for two in twos if _differing_parts(one.path, two.path) <= allowed), None)
                if pair is not None:
                    ones.remove(one)
                    twos.remove(pair)
                    yield [one], [pair]
        if ones or twos:
            yield ones, twos


_NEVER = {("", "")}


def _differing_parts(one: str, two: str) -> set[tuple[str, str]]:
    """Return the parts of two paths that differ, pair by pair; `_NEVER` for paths of different depth."""
    left, right = _PARTS.split(one), _PARTS.split(two)
    if len(left) != len(right):
        return _NEVER
    return {(x, y) for x, y in zip(left, right, strict=True) if x != y}


def _substitutions(a: Node, b: Node) -> set[tuple[str, str]]:
    """Return what differs in the paths and wildcards of two files. The paths of their inputs may differ in it too."""
    differing = _differing_parts(a.path, b.path) - _NEVER
    one, two = ((node.record or {})["wildcards"] for node in (a, b))
    for name in one.keys() & two.keys():
        differing |= _differing_parts(one[name].strip("/"), two[name].strip("/")) - _NEVER
    return differing


def _inputs(node: Node) -> dict[str, list[Node]]:
    """Return the inputs by their names in the rule, in order. A file in a folder with a record is that folder."""
    by_name: dict[str, list[Node]] = {}
    children = {child.path: child for child in node.inputs}
    for entry in node.record["inputs"] if node.record else ():
        owner = next((path for path in with_parents(entry["path"]) if path in children), None)
        if owner is not None:
            by_name.setdefault(entry["name"], []).append(children[owner])
    return by_name
