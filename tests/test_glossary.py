"""The words that docs/glossary.md rules out stand nowhere in the code, the config and the documents."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT

GLOSSARY = ROOT / "docs" / "glossary.md"
FOLDERS = ("src", "workflow", "tests", "bench", "config", "envs", "profiles", ".github", ".ci")
PROSE = (*(f"{folder}/**/*" for folder in FOLDERS), "docs/*.md", "*.md", "Makefile", "Snakefile", "mkdocs.yml")
SKIPPED = {
    "glossary.md",  # names the words
    "CHANGELOG.md",  # says which keys were renamed
    "CODE_OF_CONDUCT.md",  # the text of the Contributor Covenant
    "test_glossary.py",
}
CODE = [path for folder in ("src", "workflow") for path in sorted((ROOT / folder).rglob("*.py"))]
RULES = sorted((ROOT / "workflow").rglob("*.smk"))


def words(where: str) -> list[str]:
    """The words that are not used in a place, from the glossary's last table."""
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \| ([^|]+) \|$", GLOSSARY.read_text(encoding="utf-8"), re.MULTILINE)
    return [word for names, place in rows if place == where for word in names.split(", ")]


def parts(name: str) -> str:
    """A name as words: `JobsBy` and `jobs_by` are `jobs by`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_", " ", name).lower()


def names(path: Path) -> Iterator[str]:
    """The names that a Python file gives, its own included."""
    yield path.stem
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name


def rule_names(path: Path) -> Iterator[str]:
    """The names that a file of rules gives: functions, rules, variables, loops, arguments, its own."""
    yield path.stem
    text = re.sub(r"#.*", "", path.read_text(encoding="utf-8"))
    yield from re.findall(r"\b(?:def|rule|for) (\w+)", text)
    yield from re.findall(r"\b(\w+) ?=(?!=)", text)


def test_the_glossary_has_words_of_both_kinds() -> None:
    assert {"apart", "told", "mix"} <= set(words("everywhere"))
    assert {"found", "leaves"} <= set(words("as a name"))
    assert parts("leftBehind_now") == "left behind now"


@pytest.mark.parametrize("path", [*CODE, *RULES], ids=lambda path: str(path.relative_to(ROOT)))
def test_no_name_is_one_of_these_words(path: Path) -> None:
    unwanted = re.compile(rf"\b({'|'.join(words('as a name') + words('everywhere'))})\b")
    given = rule_names(path) if path.suffix == ".smk" else names(path)
    assert {name for name in given if unwanted.search(parts(name))} == set()


def test_no_sentence_has_one_of_these_words() -> None:
    unwanted = re.compile(rf"(?<![A-Za-z_-])({'|'.join(words('everywhere'))})(?![A-Za-z_-])", re.IGNORECASE)
    files = {path for pattern in PROSE for path in ROOT.glob(pattern) if path.is_file() and path.suffix != ".pyc"}
    places = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in sorted(files)
        if path.name not in SKIPPED
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if unwanted.search(line)
    ]
    assert places == []
