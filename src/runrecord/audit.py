"""Check where a result comes from and whether it is still valid. All hashes are computed anew.

A verdict covers the whole lineage: the verdict of a result is the worst among the result and everything it was made
from.
"""

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from runrecord.code import PACKAGE, PACKAGE_ROOT, code_parts
from runrecord.differences import differences, flat_settings, unequal
from runrecord.errors import RecordError
from runrecord.hashing import hash_files, hash_path, tree_hash
from runrecord.record import OUTSIDE, SUFFIX, absolute, clean, located, read_record, record_path

CurrentSettings = Callable[[str, Mapping[str, str]], Mapping[str, Any] | None]
"""The settings a rule would get now, by rule and wildcards; None if the study has no such job any more."""


class Verdict(Enum):
    """The state of a result, with the exit code of the audit command."""

    FRESH = 0
    """Made from exactly the present inputs, code and settings."""
    STALE = 1
    """Honest, but made from other inputs, code or settings than the present ones."""
    TAMPERED = 2
    """Bytes of a result or of a record are not those that a job wrote."""
    UNKNOWN = 3
    """A record or a file is missing, so that nothing can be said."""


_UNRECORDED = {"logs", "slurm_logs", "benchmarks", "checkpoints"}
"""Folders whose files are no results."""
_SEVERITY = (Verdict.FRESH, Verdict.UNKNOWN, Verdict.STALE, Verdict.TAMPERED)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst of some verdicts: TAMPERED, then STALE, UNKNOWN, FRESH."""
    return max(verdicts, key=_SEVERITY.index, default=Verdict.FRESH)


@dataclass(frozen=True, slots=True)
class Finding:
    """A reason why a result is not FRESH."""

    verdict: Verdict
    kind: str
    """`output`, `record`, `input`, `code` or `settings`."""
    subject: str
    """File, qualified name of a definition, or dotted name of a setting."""
    text: str


@dataclass(slots=True)
class Node:
    """One file or folder in the lineage of a result."""

    path: str
    sha256: str | None
    """Hash of its present bytes; None if it does not exist."""
    record: dict[str, Any] | None
    """Its record; None for a source, which is a file that no job made."""
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    inputs: list["Node"] = field(default_factory=list)

    def add(self, verdict: Verdict, kind: str, subject: str, text: str) -> None:
        """Add a finding."""
        self.findings.append(Finding(verdict, kind, subject, text))

    @property
    def own(self) -> Verdict:
        """Return the verdict on this file alone."""
        return worst(finding.verdict for finding in self.findings)

    def lineage(self) -> Iterator["Node"]:
        """Yield this file and everything it was made from, each once, nearest first."""
        seen: dict[str, Node] = {self.path: self}
        queue = [self]
        for node in queue:
            yield node
            for child in node.inputs:
                if child.path not in seen:
                    seen[child.path] = child
                    queue.append(child)

    @property
    def verdict(self) -> Verdict:
        """Return the verdict on this file and everything it was made from."""
        return worst(node.own for node in self.lineage())


def lineages(results: Iterable[Node]) -> dict[str, Node]:
    """Return the results and everything that they were made from by path, each file once."""
    return {node.path: node for result in results for node in result.lineage()}


class Audit:
    """Audits the results of one folder. Each file is checked once.

    Args:
        root: the folder the workflow ran in; paths in records are relative to it.
        current: returns the present settings of a job; without it settings are not compared.
        compared: the folder of the results that `current` is about, relative to the root. The settings of results in
            other folders are not compared. By default all are.
    """

    def __init__(self, root: Path, current: CurrentSettings | None = None, compared: str = "") -> None:
        self.root, self.current, self.compared = root, current, compared
        self._nodes: dict[str, Node] = {}
        self._code: dict[str, dict[str, str] | None] = {}

    def result(self, path: str) -> Node:
        """Audit one result by its path relative to the root; a file that no job recorded is UNKNOWN."""
        node = self.node(path)
        if node.record is None and not node.findings:
            why = "no job left a record of it" if node.sha256 else "there is no such file and no record of it"
            node.add(Verdict.UNKNOWN, "record", node.path, why)
        elif node.sha256 is None and not node.findings:
            node.add(Verdict.UNKNOWN, "output", node.path, "was made, and is not there any more")
        return node

    def compares(self, path: str) -> bool:
        """Return whether the settings of a result, by its path relative to the root, are compared."""
        return self.current is not None and path.startswith(f"{self.compared}/" if self.compared else "")

    def part(self, path: str, name: str, made_from: Collection[str]) -> Node:
        """Return a part of a result that depends on some of its inputs only, such as one cell of a table.

        `made_from` has the paths of these inputs; findings about the others are left out.
        """
        whole = self.result(path)
        others = {entry["path"] for entry in (whole.record or {}).get("inputs", ())} - set(made_from)
        findings = [item for item in whole.findings if item.subject.removesuffix(SUFFIX) not in others]
        inputs = [child for child in whole.inputs if child.path in made_from]
        return Node(f"{path} [{name}]", whole.sha256, whole.record, findings, list(whole.notes), inputs)

    def folder(self, path: str) -> list[Node]:
        """Audit everything below a folder: each recorded result, and each file that no record covers.

        Hidden files, README.md and the folders of logs, benchmarks and checkpoints are left out. A recorded file that
        is gone counts only if nothing was made from it: Snakemake removes what is marked as temporary.
        """
        base = self.root / path
        records = [place for place in sorted(base.rglob(f"*{SUFFIX}")) if place.is_file()]
        results = [self.node(self._name(place).removesuffix(SUFFIX)) for place in records]
        used = {child.path for node in results for child in node.inputs}
        covered = {node.path for node in results}
        for node in results:
            if node.path not in used:
                self.result(node.path)
        for place in sorted(base.rglob("*")):
            name = self._name(place)
            if not place.is_file() or name.endswith((SUFFIX, "README.md")) or place.name.startswith("."):
                continue
            if not _UNRECORDED.isdisjoint(place.relative_to(self.root).parts):
                continue
            if not any(owner in covered for owner in with_parents(name)):
                results.append(self.result(name))
        return results

    def node(self, path: str) -> Node:
        """Return a file or folder with its lineage."""
        owner = next((name for name in with_parents(path) if record_path(self.root / name).is_file()), path)
        if owner not in self._nodes:
            self._nodes[owner] = Node(owner, None, None)
            self._examine(self._nodes[owner])
        return self._nodes[owner]

    def _examine(self, node: Node) -> None:
        place = located(node.path, self.root)
        try:
            node.record = read_record(place)
        except RecordError as error:
            node.sha256 = hash_path(place, self.root)
            text = error.message.partition(": ")[2]
            node.add(Verdict.TAMPERED, "record", node.path + SUFFIX, text)
            return
        if node.record is None:
            node.sha256 = hash_path(place, self.root)
            return
        self._output(node, node.record, place)
        self._changed_code(node, node.record)
        self._changed_settings(node, node.record)
        self._changed_inputs(node, node.record)

    def _output(self, node: Node, record: dict[str, Any], place: Path) -> None:
        if record["path"] != node.path:
            text = f"is the record of {record['path']}"
            node.add(Verdict.UNKNOWN, "record", node.path + SUFFIX, text)
        files = hash_files(place, self.root) if place.is_dir() else None
        node.sha256 = hash_path(place, self.root) if files is None else tree_hash(files)
        if node.sha256 in (None, record["sha256"]):
            return
        then = record.get("files")
        if files is None or then is None:
            node.add(Verdict.TAMPERED, "output", node.path, "was changed after the job wrote it")
            return
        for name, how in differences(then, files):
            node.add(Verdict.TAMPERED, "output", f"{node.path}/{name}", f"was {how} after the job wrote it")

    def _changed_code(self, node: Node, record: dict[str, Any]) -> None:
        script, then = record["code"]["script"], record["code"]["parts"]
        now = self._parts(script)
        if now is None and not located(script, self.root).parent.is_dir():  # results that were copied by themselves
            node.add(Verdict.UNKNOWN, "code", script, "the workflow is not in this folder, so code cannot be compared")
            return
        if now is None:
            node.add(Verdict.STALE, "code", script, "the script is not there any more")
            return
        versions = {name: f"{old} -> {new}" for name, old, new in unequal(then, now) if name.startswith(PACKAGE)}
        for name, how in differences(then, now):
            text = versions.get(name, f"was {how} since")
            node.add(Verdict.STALE, "code", name, text)
        for name in record["code"]["changed_meanwhile"]:
            node.add(Verdict.STALE, "code", name, "was changed while the job ran")

    def _parts(self, script: str) -> dict[str, str] | None:
        if script not in self._code:
            place = located(script, self.root)
            own = self.root / "src" / PACKAGE_ROOT.name
            root = own if own.is_dir() else None  # the audited checkout's own code, not that of whoever audits it
            self._code[script] = code_parts(place, root) if place.is_file() else None
        return self._code[script]

    def _changed_settings(self, node: Node, record: dict[str, Any]) -> None:
        if self.current is None:
            return
        if not self.compares(node.path):
            node.notes.append(f"settings not compared: not a result of {self.compared}")
            return
        now = self.current(record["rule"], record["wildcards"])
        if now is None:
            text = "the study does not ask for it any more"
            node.add(Verdict.STALE, "settings", f"rule {record['rule']}", text)
            return
        for name, old, new in unequal(flat_settings(record["settings"]), flat_settings(clean(now))):
            node.add(Verdict.STALE, "settings", name, f"{old} -> {new}")

    def _changed_inputs(self, node: Node, record: dict[str, Any]) -> None:
        for entry in record["inputs"]:
            path = entry["path"]
            if entry["before"] != entry["after"]:
                node.add(Verdict.STALE, "input", path, "was changed while the job ran")
            if path.startswith(OUTSIDE):
                node.notes.append(f"{path} lies outside the working folder: not compared")
                continue
            child = self.node(path)
            node.inputs.append(child)
            if finding := self._input(entry, child):
                node.findings.append(finding)

    def _input(self, entry: dict[str, Any], child: Node) -> Finding | None:
        path = entry["path"]
        if child.path == path:
            now = child.sha256 or (child.record or {}).get("sha256")
        else:
            now = hash_path(self.root / path, self.root)
        if now is None:
            return Finding(Verdict.UNKNOWN, "input", path, "is not there any more")
        if now != entry["after"]:
            return None if child.own is Verdict.TAMPERED else Finding(Verdict.STALE, "input", path, "is another now")
        if entry["record"] is None or child.own is Verdict.TAMPERED:
            return None
        if child.record is None:
            return Finding(Verdict.UNKNOWN, "record", path + SUFFIX, "is lost; the bytes of the file are those used")
        if entry["record"] not in {child.record["seal"], *(item["seal"] for item in child.record["history"])}:
            text = "is not the record, nor of the history, that this was made from"
            return Finding(Verdict.UNKNOWN, "record", path + SUFFIX, text)
        return None

    def _name(self, place: Path) -> str:
        return place.relative_to(self.root).as_posix()


def with_parents(path: str) -> list[str]:
    """Return a path and the folders above it, any of which may have its record: `a/b/c`, `a/b`, `a`."""
    parts = path.split("/")
    return ["/".join(parts[:end]) for end in range(len(parts), 0, -1)]


def find_root(path: Path) -> Path:
    """Return the folder that the workflow ran in: the place of a result without the path in its record.

    Raises RecordError if no record lies at, below, beside or above `path`, and it is not below the present folder.
    """
    target = absolute(path)
    above = [
        place for base in (target, *target.parents[:-1]) for place in (record_path(base), *base.glob(f"*{SUFFIX}"))
    ]
    for place in itertools.chain(above, target.rglob(f"*{SUFFIX}")):
        output = place.with_name(place.name.removesuffix(SUFFIX))
        try:
            record = read_record(output)
        except RecordError:
            continue
        if record and output.as_posix().endswith("/" + record["path"]):
            return Path(output.as_posix().removesuffix("/" + record["path"]) or "/")
    if target.is_relative_to(Path.cwd()):
        return Path.cwd()
    raise RecordError(f"{path}: no record there tells in which folder it was made", "run this in the workflow's folder")
