"""docs/add-a-rule.md is true: its code, added to a copy of the workflow, gives a rule with record, re-run and audit."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import ROOT

pytestmark = pytest.mark.slow

BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "add-a-rule.md").read_text(encoding="utf-8"), re.DOTALL)
RESULT = "results/mine/lengths/genes.json"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the workflow with the page's rule, and a small study."""
    folder = tmp_path_factory.mktemp("added")
    for name in ("workflow", "src", "envs", "resources"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    shutil.copy(ROOT / "Snakefile", folder)
    params, registry, script, rule, include = BLOCKS
    with (folder / "src/markner/evaluation/params.py").open("a", encoding="utf-8") as stream:
        stream.write(f"\n\n{params}")
    with (folder / "src/markner/rules.py").open("a", encoding="utf-8") as stream:
        stream.write(f"\n\nfrom markner.evaluation.params import LengthsParams\n\n{registry}")
    (folder / "workflow/scripts/lengths.py").write_text(script, encoding="utf-8")
    (folder / "workflow/rules/lengths.smk").write_text(rule, encoding="utf-8")
    snakefile = folder / "workflow/Snakefile"
    text = snakefile.read_text(encoding="utf-8")
    assert text.count("complete_rules()") == 1
    snakefile.write_text(text.replace("complete_rules()", f"{include}\n\ncomplete_rules()"), encoding="utf-8")
    write_study(folder, resamples=100)
    return folder


def write_study(folder: Path, resamples: int) -> None:
    files = {"format": "iob", "test": "resources/sample/iob/gene/test.tsv"}
    corpus = {"entity": "gene", "variant": "tokenized", "tokenized": files, "sample": {"test": 20}}
    study = {"study": "mine", "corpora": {"genes": corpus}, "scoring": {"resamples": resamples}}
    (folder / "study.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")


def run(folder: Path, *command: str) -> str:
    environment = os.environ | {"PYTHONPATH": str(folder / "src")}
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def snakemake(folder: Path, *arguments: str) -> str:
    return run(folder, "snakemake", "-c1", "--configfile", "study.yaml", *arguments, "--", RESULT)


def test_the_rule_has_record_rerun_and_audit(checkout: Path) -> None:
    snakemake(checkout)
    assert (checkout / RESULT).is_file()
    assert (checkout / f"{RESULT}.prov.json").is_file()
    assert "Nothing to be done" in snakemake(checkout, "-n")
    audit = ("markner.cli.main", "audit", RESULT, "--configfile", "study.yaml")
    assert run(checkout, *audit).startswith("FRESH")
    write_study(checkout, resamples=200)
    plan = snakemake(checkout, "-n")
    assert "settings.resamples: 100 -> 200" in plan
    assert re.search(r"^lengths +1$", plan, re.MULTILINE)
    assert not re.search(r"^sentences +1$", plan, re.MULTILINE)
