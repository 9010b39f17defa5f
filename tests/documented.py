"""Commands that the documents show, as they stand there."""

import re

from conftest import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
GENERATED = {"command-reference.md"}
PROGRAMS = ("markner", "snakemake", "make", "echo", "scancel", "squeue", "export", "git", "pip", "python")
SHELL = {"", "sh", "bash", "console"}
_INLINE = re.compile(r"`((?:\.venv/bin/)?(?:markner|snakemake|make) [^`\n]+)`")


def lines() -> list[tuple[str, str]]:
    """Shell lines with the page they stand on: those of blocks of code, and whole commands within a text."""
    found = []
    for page in PAGES:
        if page.name in GENERATED:
            continue
        for line in _shown(page.read_text(encoding="utf-8").replace("\\\n", " ")):
            # The comment of a line stands behind it, after some spaces.
            command = re.split(r"\s{2,}", line.split(" #")[0].strip())[0]
            if command.removeprefix(".venv/bin/").startswith(tuple(f"{name} " for name in PROGRAMS)):
                found.append((page.name, command))
    return sorted(set(found))


def _shown(text: str) -> list[str]:
    shown: list[str] = []
    language: str | None = None
    block: list[str] = []
    for line in text.splitlines():
        if line.strip().startswith("```"):
            if language is None:
                language, block = line.strip().removeprefix("```"), []
            else:
                if language in SHELL:
                    typed = [row.removeprefix("$ ") for row in block if row.startswith("$ ")]
                    shown += typed or block
                language = None
        elif language is None:
            shown += _INLINE.findall(line)
        else:
            block.append(line.strip())
    return shown


def commands(program: str) -> list[tuple[str, str]]:
    """Commands of one program, without those they are piped to or joined with."""
    found = []
    for page, line in lines():
        for part in re.split(r"[|&;]+", line):
            words = part.strip().removeprefix(".venv/bin/")
            if words.startswith(f"{program} "):
                found.append((page, words))
    return sorted(set(found))
