"""docs/architecture.md is true: imports run one way, torch stays under models/, the Snakefile stays short."""

import ast
import importlib.metadata
import itertools
import re
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest
from conftest import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from markner.rules import PARAMS

PACKAGE = ROOT / "src" / "markner"
# From the ground up; a module may import its own floor and those before it. `runrecord` is below all of them.
FLOORS = [
    {"errors", "files", "stub_import"},
    {"study", "data", "markup", "tags", "graphemes", "predictions"},
    {"models"},
    {"evaluation", "annotate"},
    {"reporting", "preflight"},
    {"rules"},
    {"cli"},
]
LEVEL = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or path.stem != "__init__")


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    return imported_by(ast.parse(path.read_text(encoding="utf-8")))


def imported_by(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def rooms_imported(path: Path) -> set[str]:
    parts = [name.split(".") for name in imports(path)]
    return {name[1] for name in parts if name[0] == "markner" and len(name) > 1} - {"__version__"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_down_the_floors(path: Path) -> None:
    room, imported = room_of(path), rooms_imported(path)
    assert {other for other in imported if LEVEL[other] > LEVEL[room]} == set()
    if room in {"evaluation", "reporting"}:
        assert "models" not in imported


@pytest.mark.parametrize("path", sorted((ROOT / "src" / "runrecord").rglob("*.py")), ids=lambda path: path.name)
def test_runrecord_knows_nothing_of_markner(path: Path) -> None:
    assert not {name for name in imports(path) if name.split(".")[0] == "markner"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_torch_stays_under_models(path: Path) -> None:
    if room_of(path) != "models":
        tops = {name.split(".")[0] for name in imports(path)}
        assert not tops & {"torch", "transformers", "accelerate", "peft", "safetensors", "gguf"}


def test_the_snakefile_tells_the_story_in_60_lines() -> None:
    lines = (ROOT / "workflow" / "Snakefile").read_text(encoding="utf-8").splitlines()
    assert len(lines) < 60


@pytest.mark.parametrize(
    "path", [ROOT / "Snakefile", *sorted((ROOT / "workflow").rglob("*.smk"))], ids=lambda p: p.name
)
def test_rules_hold_no_lambda(path: Path) -> None:
    assert "lambda" not in path.read_text(encoding="utf-8")


def pins(name: str) -> set[str]:
    lines = (ROOT / "envs" / name).read_text(encoding="utf-8").splitlines()
    return {line.strip(" -") for line in lines if "==" in line and not line.startswith("#")}


def test_pins_of_environments_agree() -> None:
    base, torch, gpu = pins("requirements.txt"), pins("requirements-torch.txt"), pins("requirements-gpu.txt")
    assert pins("base.yaml") == base
    assert pins("torch.yaml") == base | torch | gpu | {"torch==2.13.0"}


def split_pin(line: str) -> tuple[str, str]:
    name, _, version = line.partition(";")[0].partition("==")
    return name.strip(), version.strip()


def test_extras_hold_what_is_pinned() -> None:
    """Each pinned version satisfies the range of `pyproject.toml`; the `dev` extra has all tools of tests and style."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    ranges = [Requirement(text) for text in [*project["dependencies"], *itertools.chain(*extras.values())]]
    files = ("requirements.txt", "requirements-torch.txt", "requirements-gpu.txt", "requirements-dev.txt")
    pinned = {canonicalize_name(name): version for file in files for name, version in map(split_pin, pins(file))}
    for each in ranges:
        name = canonicalize_name(each.name)
        assert name not in pinned or each.specifier.contains(pinned[name]), each
    tools = {canonicalize_name(split_pin(line)[0]) for line in pins("requirements-dev.txt")}
    assert tools <= {canonicalize_name(Requirement(text).name) for text in extras["dev"]}


def rules() -> list[tuple[str, str]]:
    """Name and text of every rule that runs something."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "workflow" / "rules").glob("*.smk")))
    blocks = re.split(r"^rule ", text, flags=re.MULTILINE)[1:]
    return [(block.partition(":")[0], block) for block in blocks if "script:" in block]


@pytest.mark.parametrize(("name", "block"), rules(), ids=[name for name, _ in rules()])
def test_every_rule_is_complete(name: str, block: str) -> None:
    assert re.match(r'\w+:\n    """[A-Z][^"\n]+\."""\n', block), "the rule has no docstring"
    for key in ("log:", "benchmark:", "resources:", "conda:", "mem_mb=", "runtime="):
        assert key in block, key
    assert f"settings=settings({PARAMS[name].__name__})" in block
    assert f"scripts/{name}.py" in block
    environment = re.search(r'"\.\./\.\./envs/(\w+\.yaml)"', block)
    assert environment is not None
    assert (ROOT / "envs" / environment[1]).is_file()


def imported_at_once(script: Path) -> set[str]:
    """The modules that are imported before a script's job begins, by the script and by what it imports."""
    names, queue = set[str](), [script]
    for path in queue:
        body = ast.Module(
            [node for node in ast.parse(path.read_text(encoding="utf-8")).body if not isinstance(node, ast.If)], []
        )
        new = imported_by(body) - names
        names |= new
        queue += [place for name in new if (place := ROOT / "src" / f"{name.replace('.', '/')}.py").is_file()]
    return names


def with_requirements(names: Iterable[str]) -> set[str]:
    """Packages and those that are installed with them."""
    queue = list(map(canonicalize_name, names))
    for name in queue:
        needed = map(Requirement, importlib.metadata.requires(name) or [])
        here = [
            canonicalize_name(each.name) for each in needed if not each.marker or each.marker.evaluate({"extra": ""})
        ]
        queue += [each for each in dict.fromkeys(here) if each not in queue]
    return set(queue)


@pytest.mark.parametrize("name", [name for name, block in rules() if "envs/base.yaml" in block])
def test_the_environment_without_torch_has_what_its_rules_import(name: str) -> None:
    script = ROOT / "workflow" / "scripts" / f"{name}.py"
    tops = {module.split(".")[0] for module in imported_at_once(script)} - sys.stdlib_module_names
    installed = with_requirements(split_pin(line)[0] for line in pins("base.yaml"))
    distributions = importlib.metadata.packages_distributions()
    lacks = {top for top in tops if installed.isdisjoint(map(canonicalize_name, distributions.get(top, [])))}
    assert lacks <= {"markner", "runrecord"}


@pytest.mark.parametrize("path", sorted((ROOT / "workflow" / "scripts").glob("*.py")), ids=lambda path: path.name)
def test_scripts_are_thin(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 40
    assert "with job(snakemake):" in text
    assert "snakemake.config" not in text
