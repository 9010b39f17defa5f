"""The record beside each result: from what, by which code and settings, where and when it was made.

A record is sealed: its last line is the hash of all bytes before it, so that none of them changes unnoticed. It names
the seals of its inputs' records and of its own predecessors: a chain and a history.
"""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runrecord.errors import RecordError
from runrecord.files import write_text
from runrecord.hashing import hash_files, hash_path, tree_hash
from runrecord.machine import CHECKOUT

SCHEMA = 1
SUFFIX = ".prov.json"
IN_CHECKOUT = "(checkout)/"
"""Stands for the checkout of the code where that is not the working folder."""
OUTSIDE = "(outside)/"
"""Stands for the folders of a file that lies neither below the working folder nor in the checkout."""
_SECRET = re.compile(r"(^|_)(key|token|secret|password|credential)s?$", re.IGNORECASE)
_SEALED = re.compile(rb'(.*),\n "seal": "([0-9a-f]{64})"\n\}\n', re.DOTALL)
_HISTORY = ("seal", "sha256", "settings", "started", "ended")


def record_path(path: str | os.PathLike[str]) -> Path:
    """Return the path of a result's record: `<name>.prov.json` beside the file or folder."""
    target = Path(path)
    return target.with_name(target.name + SUFFIX)


def read_record(path: str | os.PathLike[str]) -> dict[str, Any] | None:
    """Return the record of a result, None if it has none. A record that was changed by hand is a RecordError."""
    place = record_path(path)
    try:
        text = place.read_bytes()
    except FileNotFoundError:
        return None
    try:
        sealed = _SEALED.fullmatch(text)
        if sealed is None or sealed[2].decode() != hashlib.sha256(sealed[1]).hexdigest():
            raise ValueError("its seal does not fit its content")
        record: dict[str, Any] = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{place}: not the record that a job wrote: {error}", "make the result again") from error
    if record["schema"] != SCHEMA:
        raise RecordError(f"{place}: schema {record['schema']}, this version reads {SCHEMA}", "make the result again")
    return record


def write_record(output: str | os.PathLike[str], facts: Mapping[str, Any]) -> None:
    """Write the record of one output: its hash, the facts of the job, and what earlier records said."""
    path = Path(output)
    files = hash_files(path) if path.is_dir() else None
    record: dict[str, Any] = {
        "schema": SCHEMA,
        "path": portable(output),
        "sha256": tree_hash(files) if files is not None else hash_path(path),
        **({"files": files} if files is not None else {}),
        **facts,
        "history": _history(path),
    }
    content = json.dumps(record, ensure_ascii=False, indent=1).removesuffix("\n}")
    seal = hashlib.sha256(content.encode()).hexdigest()
    write_text(record_path(path), f'{content},\n "seal": "{seal}"\n}}\n')


def seal_of(path: str | os.PathLike[str]) -> str | None:
    """Return the seal of a result's record; None if there is no record, or it was changed."""
    try:
        record = read_record(path)
    except RecordError:
        return None
    return str(record["seal"]) if record else None


def absolute(path: str | os.PathLike[str]) -> Path:
    """Return an absolute path without `.` and `..`, in which a link keeps its name: `results` may be one."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - `resolve` follows links


def portable(path: str | os.PathLike[str]) -> str:
    """Return a path without folders of this machine: relative to working folder or checkout, else the name."""
    place = absolute(path)
    for base, prefix in ((Path.cwd(), ""), (CHECKOUT, IN_CHECKOUT)):
        if place.is_relative_to(base):
            return prefix + place.relative_to(base).as_posix()
    return OUTSIDE + place.name


def asked(params: Any) -> dict[str, Any]:
    """Return what a record holds of a job's params: its `settings`, and all others except the code."""
    values = dict(params.items())
    settings = values.pop("settings", {})
    return {
        "settings": clean(settings),
        "params": clean({name: value for name, value in values.items() if name != "code"}),
    }


def named_files(files: Any) -> list[tuple[str, str]]:
    """Return the name (empty if it has none) and the path of each file of a rule's input, in order."""
    names: dict[str, str] = {}
    for name, value in files.items():
        for path in [value] if isinstance(value, str) else value:
            names.setdefault(str(path), name)
    return [(names.get(str(path), ""), str(path)) for path in files]


def located(path: str, root: Path) -> Path:
    """Return the path of a recorded file, for results below `root`."""
    return CHECKOUT / path.removeprefix(IN_CHECKOUT) if path.startswith(IN_CHECKOUT) else root / path


def clean(value: Any, key: str = "") -> Any:
    """Return a setting as a record may hold it: secrets masked, the home folder as `~`, other kinds as text."""
    if isinstance(value, Mapping):
        return {str(name): clean(item, str(name)) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = [clean(item, key) for item in value]
        return sorted(items, key=str) if isinstance(value, set | frozenset) else items
    if value is None or isinstance(value, bool | int | float):
        return value
    if _SECRET.search(key):
        return "(masked)"
    text = str(value)
    home = str(Path.home())
    return "~" + text[len(home) :] if len(home) > 1 and (text == home or text.startswith(home + "/")) else text


def _history(path: Path) -> list[dict[str, Any]]:
    try:
        before = read_record(path)
    except RecordError:
        before = None
    if before is None:
        return []
    entry = {name: before[name] for name in _HISTORY}
    inputs = {item["path"]: item["after"] for item in before["inputs"]}
    return [*before["history"], {**entry, "code": before["code"]["hash"], "inputs": inputs}]
