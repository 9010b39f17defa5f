"""Every command of the documents is typed as it stands there, in a checkout where the demo's study has been run."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, mirror
from documented import lines
from forked import install, run_command
from tiny_study import copy, environment, finished

pytestmark = [pytest.mark.models, pytest.mark.slow]

SCORES = "results/demo/scores/smollm2-{tuned,constrained}/seed1/sample_disease.json"
# What stands for a name of the reader's own, and what that name is here.
NAMES = {
    r"results/<study>/": "results/demo/",
    r"--cell ROW,COLUMN": '--cell "MiniLM (BIO tags),sample_gene"',
    r"--diff A B": f"--diff {SCORES}",
    r"replay PATH( \[--run\])?$": "replay results/demo/scores/minilm-gene/seed1/sample_gene.json",
    r"RUN_A RUN_B --corpus C --configfile FILE": (
        "smollm2-tuned minilm-disease --corpus sample_disease --configfile config/demo.yaml"
    ),
    r"study\.yaml": "config/demo.yaml",
    r"PYTHON=\S+": f"PYTHON={sys.executable}",
    r" MIRROR=DIR": "",
    r"convert INPUT OUTPUT": "convert resources/sample/pubtator/test.PubTator converted.jsonl",
}
# Exit code 1 is an answer: two results differ; weights and keys are missing before the paper's study can run.
ANSWERS = r"markner (audit --diff|preflight)"
# Names of commands in a text, which are not typed as they stand.
NAMED_ONLY = {"markner audit", "markner replay", "markner preflight"}
# What other tests run for real: tests/slurm on a real SLURM, the rehearsal there, tests/annotate the server; CI has
# `make test` and `make lint` themselves.
ELSEWHERE = (
    r"(\.venv/bin/)?markner serve |scancel |make (test|lint|setup|rehearsal|replay-real)|pre-commit |pip install"
)
# Days of computing, or a network: planned, to the last job.
PLANNED = r"snakemake (--profile slurm|-c2 downloads|-c2 --configfile config/config.yaml)"


def typed(line: str) -> str | None:
    """What is typed here for a documented line; None if it runs elsewhere."""
    if line in NAMED_ONLY or re.match(ELSEWHERE, line):
        return None
    for name, here in NAMES.items():
        line = re.sub(name, lambda _, here=here: here, line)  # type: ignore[misc]
    if line.startswith("make "):
        return f"{line} --assume-old=.venv/installed --assume-old=.venv/installed-dev"
    return " && ".join(
        part.replace("snakemake ", "snakemake -n ", 1) if re.search(PLANNED, part) and "--unlock" not in part else part
        for part in line.split(" && ")
    )


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished study as the demo of a checkout, with what `make` needs and a folder of abstracts."""
    made, _ = finished(tmp_path_factory.getbasetemp())
    folder = copy(made, tmp_path_factory.mktemp("documented") / "checkout")
    for name in ("Makefile", "pyproject.toml", "mkdocs.yml", "README.md"):
        shutil.copy(ROOT / name, folder / name)
    for name in ("bench", "docs", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "slurm").symlink_to("profiles/slurm")
    install(folder)
    (folder / "abstracts").mkdir()
    shutil.copy(ROOT / "resources/sample/pubtator/test.PubTator", folder / "abstracts")
    return folder


@pytest.mark.parametrize("command", sorted({command for _, line in lines() if (command := typed(line))}))
def test_the_command_runs(command: str, checkout: Path) -> None:
    variables = environment(checkout) | {"PATH": f"{checkout / '.venv' / 'bin'}:{os.environ['PATH']}"}
    variables["BENCH_REPEATS"] = "1"
    done = run_command(["bash", "-o", "pipefail", "-c", command], checkout, variables)
    assert done.returncode in ({0, 1} if re.search(ANSWERS, command) else {0}), f"{command}\n{done.stdout[-4000:]}"
    assert "Traceback" not in done.stdout


@pytest.mark.corpora
def test_the_real_corpora_are_made_from_a_mirror(checkout: Path) -> None:
    (line,) = [line for page, line in lines() if page == "README.md" and line.endswith("-- corpora")]
    command = line.replace(" -- ", f" --config mirror={mirror()} -- ")
    assert subprocess.run(["bash", "-c", command], cwd=checkout, env=environment(checkout), check=False).returncode == 0
    assert (checkout / "results" / "paper" / "corpora.md").exists()
