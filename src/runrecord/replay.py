"""Make a result anew from its recorded inputs, in a scratch folder, and compare the bytes."""

import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runrecord.audit import Audit
from runrecord.effects import job_seconds
from runrecord.errors import RecordError
from runrecord.hashing import CACHED_SIZE, hash_files, hash_path
from runrecord.record import IN_CHECKOUT, OUTSIDE, located

_LAST_LINES = 25


@dataclass(frozen=True, slots=True)
class Replay:
    """One recorded job, ready to run again."""

    root: Path
    path: str
    record: dict[str, Any]
    snakefile: Path
    configfile: Path | None
    notes: tuple[str, ...]
    """What may make a difference, or cannot be checked."""
    config: tuple[str, ...] = ()
    """Values that replace those of the study file, as `name=value`: for example a folder that the job uses in place."""

    @property
    def inputs(self) -> list[str]:
        """Recorded inputs below the root, each once: what the scratch folder has to hold."""
        paths = (entry["path"] for entry in self.record["inputs"])
        return [path for path in dict.fromkeys(paths) if not path.startswith((IN_CHECKOUT, OUTSIDE))]

    @property
    def seconds(self) -> float:
        """How long the job took when it last ran."""
        return job_seconds(self.record)

    @property
    def outputs(self) -> list[str]:
        """All outputs of the job; one that is marked as temporary may be gone."""
        return [path for path in self.record["outputs"] if not path.startswith((IN_CHECKOUT, OUTSIDE))]

    def arguments(self, folder: str) -> list[str]:
        """Return Snakemake's arguments: this rule and this file only, in `folder`, with the recorded threads."""
        config = ["--configfile", str(self.configfile)] if self.configfile else []
        config += ["--config", *self.config] if self.config else []
        return [
            *("--snakefile", str(self.snakefile), "--directory", folder, *config),
            *("--cores", str(self.record["threads"]), "--allowed-rules", self.record["rule"], "--", self.path),
        ]

    def commands(self, folder: Path | None) -> str:
        """Return shell commands that fill a scratch folder, make the file there and compare it."""
        scratch = '"$scratch"'
        arguments = [scratch if item == "@" else shlex.quote(item) for item in self.arguments("@")]
        compare = "diff -r -x .snakemake_timestamp" if (self.root / self.path).is_dir() else "cmp"
        here = shlex.quote(self.path)
        return "\n".join(
            [
                f"cd {shlex.quote(str(self.root))}",
                f"scratch={shlex.quote(str(folder)) if folder else '$(mktemp -d)'}",
                *([f"cp -r --parents {shlex.join(self.inputs)} {scratch}"] if self.inputs else []),
                f"snakemake {' '.join(arguments)}",
                f'{compare} {here} "$scratch"/{here}',
            ]
        )

    def run(self, folder: Path) -> list[str]:
        """Run the job in an empty folder; returns what differs, nothing if every output has the same bytes.

        Raises:
            RecordError: the folder holds something, the job fails, or it changes its inputs.
        """
        if folder.exists() and any(folder.iterdir()):
            raise RecordError(f"{folder} is not empty", "give an empty or a new folder")
        for path in self.inputs:
            _place(self.root / path, folder / path)
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "snakemake", *self.arguments(str(folder))]
        done = subprocess.run(
            command, cwd=self.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        if done.returncode:
            last = "\n".join(done.stdout.splitlines()[-_LAST_LINES:])
            raise RecordError(f"the job failed in {folder}:\n{last}", "a job may read only its recorded inputs")
        for entry in self.record["inputs"]:
            if entry["path"] in self.inputs and hash_path(folder / entry["path"], folder) != entry["after"]:
                raise RecordError(f"the job changed its input {entry['path']}", "look at the rule's script")
        return [line for path in self.outputs for line in self._differences(path, folder)]

    def _differences(self, path: str, folder: Path) -> list[str]:
        old, new = self.root / path, folder / path
        if not old.exists():
            same = path != self.path or hash_path(new, folder) == self.record["sha256"]
            return [] if same else [f"{path}: not the bytes of the record"]
        if old.is_dir() and new.is_dir():
            then, now = hash_files(old, self.root), hash_files(new, folder)
            return [
                line
                for name in sorted(then.keys() | now.keys())
                if then.get(name) != now.get(name)
                for line in _difference(old / name, new / name, f"{path}/{name}")
            ]
        return _difference(old, new, path)


def plan_replay(audit: Audit, path: str, configfile: Path | None, config: Sequence[str] = ()) -> Replay:
    """Prepare the job that made a result.

    Args:
        audit: an audit of the folder the workflow ran in; with settings, if those of the study are to be checked.
        path: the result, relative to the root.
        configfile: the study file for Snakemake.
        config: values that replace those of the study file, as `name=value`.

    Raises:
        RecordError: there is no record, an input is gone or not the recorded one, the settings are others now, or
            there is no Snakefile above the job's script.
    """
    node = audit.result(path)
    if node.record is None:
        reasons = "; ".join(finding.text for finding in node.findings)
        raise RecordError(f"{path}: {reasons}", "only a result with its record can be made anew")
    record = node.record
    for entry in record["inputs"]:
        if not entry["path"].startswith(OUTSIDE):
            _check_input(audit.root, path, entry)
    settings = [f"{item.subject}: {item.text}" for item in node.findings if item.kind == "settings"]
    if settings:
        raise RecordError(
            f"{path} was made with other settings than {configfile} has:\n  " + "\n  ".join(settings),
            f"give the study file as it was{_commit(record)}",
        )
    notes = [
        f"code {item.subject} {item.text}: the replay runs it as it is now"
        for item in node.findings
        if item.kind == "code"
    ]
    notes += [item.text for item in node.findings if item.kind == "output"]
    notes += node.notes
    return Replay(
        audit.root, node.path, record, _snakefile(audit.root, record), configfile, tuple(notes), tuple(config)
    )


def run_replay(plan: Replay, folder: Path | None) -> tuple[list[str], Path | None]:
    """Run a replay in `folder`, or in a temporary folder that stays only if something differs or fails.

    Returns what differs, and the folder if it is still there.
    """
    scratch = folder or Path(tempfile.mkdtemp(prefix="replay-"))
    differences = plan.run(scratch)
    if folder is None and not differences:
        shutil.rmtree(scratch)
        return differences, None
    return differences, scratch


def _check_input(root: Path, path: str, entry: dict[str, Any]) -> None:
    now = hash_path(located(entry["path"], root), root)
    if now is None:
        raise RecordError(
            f"{path} was made from {entry['path']}, which is not there any more", "make or fetch it again, then replay"
        )
    if now != entry["after"]:
        raise RecordError(
            f"{path} was made from {entry['path']} with bytes {entry['after'][:12]}; it has {now[:12]} now",
            "put the recorded file back, or make the result again",
        )


def _commit(record: dict[str, Any]) -> str:
    git = record["environment"]["git"]
    return f", as in `git show {git['commit'][:12]}:FILE`" if git else ""


def _snakefile(root: Path, record: dict[str, Any]) -> Path:
    script = located(record["code"]["script"], root)
    for folder in script.parents:
        for name in ("Snakefile", "workflow/Snakefile"):
            if (folder / name).is_file():
                return folder / name
    raise RecordError(f"there is no Snakefile above {script}", "replay in the checkout that holds the workflow")


def _place(source: Path, target: Path) -> None:
    """Copy a file or folder; big files are linked where that is possible."""
    if source.is_dir():
        for path in sorted(source.rglob("*")):
            if path.is_file():
                _place(path, target / path.relative_to(source))
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.stat().st_size >= CACHED_SIZE:
        try:
            target.hardlink_to(source.resolve())
            return
        except OSError:
            pass
    shutil.copyfile(source, target)


def _difference(old: Path, new: Path, name: str) -> list[str]:
    """Return where two files first differ; an empty list if they are equal."""
    if not old.is_file() or not new.is_file():
        return [f"{name}: only {'in the replay' if new.is_file() else 'in the results'}"]
    left, right = old.read_bytes(), new.read_bytes()
    if left == right:
        return []
    place = next((at for at, (x, y) in enumerate(zip(left, right, strict=False)) if x != y), min(len(left), len(right)))
    line = left[:place].count(b"\n") + 1
    return [f"{name}: {len(left)} and {len(right)} bytes, which differ from byte {place} on (line {line})"]
