"""Cache the parts of a script's code as long as no source file has other bytes.

Parsing all modules that a script reaches takes a tenth of a second, reading all bytes a hundredth.
"""

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from runrecord.code import PACKAGE_ROOT, code_parts, parts_hash
from runrecord.files import write_text

CACHE = Path(".runrecord/code")
"""Folder of cached parts, one file a script, relative to the folder the workflow runs in."""


class CodeCache:
    """The code of the scripts in a folder, as it is when this is made."""

    def __init__(self, folder: Path, package_root: Path = PACKAGE_ROOT) -> None:
        self._package_root = package_root.resolve()
        self._sources = _sources_hash(folder.resolve(), self._package_root)

    def code_hash(self, script: str | Path) -> str:
        """Return the hash of a script's code. Raises RecordError as `runrecord.code.code_hash` does."""
        return parts_hash(self.code_parts(script))

    def code_parts(self, script: str | Path) -> dict[str, str]:
        """Return the parts of a script's code. Raises RecordError as `runrecord.code.code_parts` does."""
        entry = CACHE / f"{Path(script).name}.json"
        with suppress(OSError, ValueError):
            known = json.loads(entry.read_text(encoding="utf-8"))
            if isinstance(known, dict) and known.get("sources") == self._sources:
                return dict(known["parts"])
        parts = code_parts(script, self._package_root)
        with suppress(OSError):  # a read-only folder can be planned too
            write_text(entry, json.dumps({"sources": self._sources, "parts": parts}))
        return parts


def _sources_hash(folder: Path, package_root: Path) -> str:
    """Hash all that parts depend on: scripts, package, pins, the code that finds parts, and Python's version."""
    total = hashlib.sha256(f"{sys.version_info[:2]} {sorted(path.name for path in folder.iterdir())}\n".encode())
    pins = sorted((package_root.parents[1] / "envs").glob("*.*"))
    for path in [*_modules(folder), *_modules(package_root), *_modules(Path(__file__).resolve().parent), *pins]:
        content = path.read_bytes()
        total.update(f"{path} {len(content)}\n".encode())
        total.update(content)
    return total.hexdigest()


def _modules(folder: Path) -> Iterator[Path]:
    """Yield the Python files of a folder, also behind links, in a fixed order."""
    for place, _, names in sorted(os.walk(folder, followlinks=True)):
        yield from (Path(place, name) for name in sorted(names) if name.endswith(".py"))
