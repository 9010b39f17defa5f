"""Cached parts of code are the parts that the sources have now, after any change."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from runrecord.code import code_parts
from runrecord.code_cache import CACHE, CodeCache

FILES = {
    "src/pkg/__init__.py": "",
    "src/pkg/near.py": "import numpy\n\ndef work():\n    return numpy.e + 1\n",
    "scripts/run.py": "from pkg.near import work\nfrom sibling import size\nprint(work(), size)\n",
    "scripts/sibling.py": "size = 3\n",
    "envs/base.yaml": "dependencies:\n  - numpy==2.4.6\n",
}


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "scripts/run.py"


def cached(script: Path) -> dict[str, str]:
    return CodeCache(script.parent, Path("src/pkg")).code_parts(script)


def replace(file: str, old: str, new: str) -> None:
    """Change a file, and give it the times that it had."""
    before = Path(file).stat()
    text = Path(file).read_text()
    assert old in text
    Path(file).write_text(text.replace(old, new))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


CHANGES: dict[str, Callable[[], object]] = {
    "a module, of the same size and time": lambda: replace("src/pkg/near.py", "+ 1", "+ 2"),
    "a sibling": lambda: replace("scripts/sibling.py", "3", "4"),
    "the script": lambda: replace("scripts/run.py", "size)", "-size)"),
    "a pin": lambda: replace("envs/base.yaml", "2.4.6", "2.4.7"),
    "a package before a module of its name": lambda: (
        Path("src/pkg/near").mkdir(),
        Path("src/pkg/near/__init__.py").write_text("def work():\n    return 7\n"),
    ),
    "a module that is gone": lambda: Path("src/pkg/near.py").unlink(),
    "a folder beside the script, of a package's name": lambda: Path("scripts/numpy").mkdir(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_cached_parts_follow_each_change(script: Path, change: Callable[[], object]) -> None:
    before = cached(script)
    assert before == code_parts(script, Path("src/pkg").resolve())
    change()
    now = cached(script)
    assert now == code_parts(script, Path("src/pkg").resolve()) != before


def test_parts_of_unchanged_sources_are_read(script: Path) -> None:
    parts = cached(script)
    entry = CACHE / "run.py.json"
    known = json.loads(entry.read_text())
    entry.write_text(json.dumps(known | {"parts": {"run.py": "0"}}))
    assert parts != cached(script) == {"run.py": "0"}


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"sources": 1}', '{"parts": {}}'])
def test_a_damaged_entry_is_made_again(script: Path, text: str) -> None:
    parts = cached(script)
    (CACHE / "run.py.json").write_text(text)
    assert cached(script) == parts
    assert json.loads((CACHE / "run.py.json").read_text())["parts"] == parts


def test_where_nothing_can_be_written_parts_are_computed(script: Path) -> None:
    Path(".runrecord").write_text("in the way")
    assert cached(script) == code_parts(script, Path("src/pkg").resolve())
