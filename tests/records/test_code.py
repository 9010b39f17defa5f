"""The code hash changes with what a script can run, and with nothing else."""

import ast
from pathlib import Path

import pytest

from runrecord.code import code_hash, code_parts
from runrecord.errors import RecordError
from runrecord.syntax import parse

FILES = {
    "pkg/__init__.py": '__version__ = "1"\n',
    "pkg/far.py": '''
"""Far away."""
LIMIT = 3
UNUSED = 4
def deep(x):
    """Doc."""
    # comment
    return x + LIMIT
def lonely(x):
    return x
''',
    "pkg/near.py": '''
import math
from pkg.far import deep
from pkg import late, registry
from . import sub
class Tool:
    size: int = 1
    """Doc of an attribute."""
    def use(self, x: "Shape") -> float:
        return math.floor(deep(x))
class Shape:
    sides = 4
def work(x):
    from pkg.inner import secret
    return Tool().use(x) + secret(x) + sub.leaf.value(x)
def other(x):
    from pkg.never import nothing
    return nothing(x) + late.f()
''',
    "pkg/inner.py": "def secret(x):\n    return x\n",
    "pkg/never.py": "def nothing(x):\n    return x\n",
    "pkg/late.py": "def f():\n    return 1\n",
    "pkg/registry.py": """
KNOWN = {}
def register(f):
    KNOWN[f.__name__] = f
    return f
@register
def registered():
    return 1
""",
    "pkg/sub/__init__.py": "from pkg.sub import leaf\n",
    "pkg/sub/leaf.py": "def value(x):\n    return x\ndef idle(x):\n    return x\n",
    "pkg/worker.py": 'def serve():\n    return 1\nif __name__ == "__main__":\n    serve()\n',
    "scripts/run.py": """
import subprocess
from pkg.near import work
from runrecord.job import job
from sibling import help_out
with job(snakemake):
    work(help_out(1))
    subprocess.run(["python", "-m", "pkg.worker"])
""",
    "scripts/sibling.py": "def help_out(x):\n    return x\n",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def hash_of(tree: Path) -> str:
    return code_hash(tree / "scripts/run.py", tree / "pkg")


def edit(tree: Path, file: str, old: str, new: str) -> None:
    text = (tree / file).read_text()
    assert old in text
    (tree / file).write_text(text.replace(old, new, 1))


MEANING = [
    ("scripts/run.py", "help_out(1)", "help_out(2)", "run.py"),
    ("scripts/sibling.py", "return x", "return -x", "sibling.help_out"),
    ("pkg/near.py", "Tool().use(x) +", "Tool().use(x) -", "pkg.near.work"),
    ("pkg/near.py", "size: int = 1", "size: int = 2", "pkg.near.Tool"),
    ("pkg/near.py", "sides = 4", "sides = 5", "pkg.near.Shape"),
    ("pkg/near.py", "import math", "import cmath as math", "pkg.near.Tool"),
    ("pkg/near.py", "import math", "import math\nimport readline", "pkg.near (module body)"),
    ("pkg/near.py", "import math", "import math\nmath.pi = 3", "pkg.near (module body)"),
    ("pkg/far.py", "x + LIMIT", "LIMIT + x", "pkg.far.deep"),
    ("pkg/far.py", "LIMIT = 3", "LIMIT = 3.0", "pkg.far.LIMIT"),
    ("pkg/inner.py", "return x", "return +x", "pkg.inner.secret"),
    ("pkg/sub/leaf.py", "return x", "return -x", "pkg.sub.leaf.value"),
    ("pkg/sub/__init__.py", "", "import os\nos.environ['A'] = '1'\n", "pkg.sub (module body)"),
    ("pkg/registry.py", "return 1", "return 2", "pkg.registry.registered"),
    ("pkg/registry.py", "= f\n", "= None\n", "pkg.registry.register"),
    ("pkg/worker.py", "return 1", "return 2", "pkg.worker.serve"),
    ("pkg/worker.py", "    serve()", "    print(serve())", "pkg.worker (main)"),
]


@pytest.mark.parametrize(("file", "old", "new", "part"), MEANING)
def test_a_change_of_meaning_changes_the_hash_and_is_named(
    tree: Path, file: str, old: str, new: str, part: str
) -> None:
    before, parts = hash_of(tree), code_parts(tree / "scripts/run.py", tree / "pkg")
    edit(tree, file, old, new)
    now = code_parts(tree / "scripts/run.py", tree / "pkg")
    assert hash_of(tree) != before
    assert part in {name for name in parts | now if parts.get(name) != now.get(name)}


NO_MEANING = [
    ("scripts/run.py", "work(help_out(1))", "work(  # comment\n        help_out(1)\n    )"),
    ("pkg/far.py", '"""Far away."""', ""),
    ("pkg/far.py", '    """Doc."""\n', ""),
    ("pkg/far.py", "# comment", "# another comment"),
    ("pkg/far.py", "x + LIMIT", "(x\n        + LIMIT)"),
    ("pkg/far.py", "LIMIT = 3\nUNUSED = 4\n", "UNUSED = 4\nLIMIT = 3\n"),
    ("pkg/near.py", '    """Doc of an attribute."""\n', ""),
    ("pkg/far.py", "def lonely(x):\n    return x", "def lonely(x):\n    return x + 1"),
    ("pkg/far.py", "UNUSED = 4", "UNUSED = 5"),
    ("pkg/far.py", "UNUSED = 4", "from pkg.never import nothing\ndef added(x):\n    return nothing(x)"),
    ("pkg/near.py", "late.f()", "late.f() + 1"),
    ("pkg/never.py", "return x", "return -x"),
    ("pkg/late.py", "return 1", "return 2"),
    ("pkg/sub/leaf.py", "def idle(x):\n    return x", "def idle(x):\n    return -x"),
    ("pkg/__init__.py", '"1"', '"2"'),
]


@pytest.mark.parametrize(("file", "old", "new"), NO_MEANING)
def test_a_change_without_meaning_for_the_script_does_not(tree: Path, file: str, old: str, new: str) -> None:
    before = hash_of(tree)
    edit(tree, file, old, new)
    assert hash_of(tree) == before


@pytest.mark.parametrize(
    "use",
    [
        "import pkg.late\nprint(pkg.late.f())",
        "import pkg.late as p\nprint(p.f())",
        "from pkg import late as p\nprint(getattr(p, 'f')())",
        "from pkg.late import *\nprint(f())",
        "from pkg.late import f as g\nprint(g())",
        "def main():\n    from pkg import late\n    late.f()\nmain()",
        "import pkg.near\nprint(pkg.near.late.f())",
        "try:\n    from pkg.late import f\nexcept ImportError:\n    f = None\nprint(f)",
    ],
)
def test_every_way_to_reach_a_function_counts(tree: Path, use: str) -> None:
    (tree / "scripts/run.py").write_text(use)
    before = hash_of(tree)
    edit(tree, "pkg/late.py", "return 1", "return 2")
    assert hash_of(tree) != before


def test_type_checking_imports_do_not_count(tree: Path) -> None:
    (tree / "scripts/run.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from pkg.late import f\ndef g(x: 'f'):\n    pass\n"
    )
    before = hash_of(tree)
    edit(tree, "pkg/late.py", "return 1", "return 2")
    assert hash_of(tree) == before


def test_the_place_of_the_checkout_does_not_count(tree: Path, tmp_path: Path) -> None:
    moved = tree.rename(tmp_path.with_name(tmp_path.name + "-moved"))
    for name, text in FILES.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)
    assert hash_of(moved) == hash_of(tree)


def test_the_version_of_python_does_not_count(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = []
    for own in ((), ("type_params",)):  # since Python 3.12
        for kind in (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef):
            fields = tuple(name for name in kind._fields if name != "type_params")
            monkeypatch.setattr(kind, "_fields", (*fields, *own))
        parse.cache_clear()
        parts.append(code_parts(tree / "scripts" / "run.py", tree / "pkg"))
    assert parts[0] == parts[1]


def test_a_missing_script_and_broken_python_are_told(tree: Path) -> None:
    with pytest.raises(RecordError, match="no such script"):
        code_hash(tree / "scripts/absent.py")
    edit(tree, "pkg/far.py", "LIMIT = 3", "LIMIT = = 3")
    with pytest.raises(RecordError, match=r"far\.py, line 3: not valid Python"):
        hash_of(tree)


def test_what_only_plans_does_not_count(tmp_path: Path) -> None:
    package, script = tmp_path / "src" / "pkg", tmp_path / "script.py"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    script.write_text("from pkg.params import Score\nScore().load()\n")
    text = (
        "from runrecord.planned import planning_only\n\n\nclass Score:\n    @classmethod\n    @planning_only\n"
        "    def of(cls, study):\n        return helper(study)\n\n    def load(self):\n        return 1\n\n\n"
        "def helper(study):\n    return study\n"
    )
    hashes = []
    for old, new in (
        ("", ""),
        ("helper(study)\n\n    def load", "helper(study, 2)\n\n    def load"),
        ("return 1", "return 2"),
    ):
        (package / "params.py").write_text(text.replace(old, new) if old else text)
        hashes.append(code_hash(script, package))
    assert hashes[0] == hashes[1] != hashes[2]
    assert "pkg.params.helper" not in code_parts(script, package)
