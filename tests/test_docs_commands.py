"""Every command that the documents show is one: options and targets that exist."""

import re
import shlex

import pytest
from conftest import ROOT
from documented import commands

from markner.cli.main import parser


@pytest.mark.parametrize(("page", "command"), commands("markner"), ids=str)
def test_a_markner_command_has_options_that_exist(page: str, command: str) -> None:
    words = shlex.split(re.sub(r"\b[A-Z_]{2,}\b|\.\.\.|<[^>]+>", "x", command))[1:]
    known = {name: part.format_help() for name, part in parser()[1].items()}
    if words[0].startswith("-"):
        return
    assert words[0] in known
    for option in (word for word in words if word.startswith("--")):
        assert re.search(rf"{re.escape(option.split('=')[0])}\b", known[words[0]]), f"{page}: {option}"


@pytest.mark.parametrize(("page", "command"), commands("make"), ids=str)
def test_a_make_target_exists(page: str, command: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = [word for word in command.split()[1:] if "=" not in word]
    assert all(re.search(rf"^{re.escape(target)}:", makefile, re.MULTILINE) for target in targets), page


@pytest.mark.parametrize(("page", "command"), commands("snakemake"), ids=str)
def test_a_target_of_the_workflow_exists(page: str, command: str) -> None:
    rules = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "workflow" / "rules").glob("*.smk"))
    _, separator, targets = command.partition(" -- ")
    for target in targets.split() if separator else ():
        if re.fullmatch(r"[a-z_]+", target):
            assert re.search(rf"^rule {target}:", rules, re.MULTILINE), f"{page}: {target}"
    for name in re.findall(r"--configfile (\S+)", command):
        assert (ROOT / name).exists() or not name.startswith("config/"), f"{page}: {name}"
