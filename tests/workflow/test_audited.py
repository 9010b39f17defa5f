"""A whole study under audit: every changed byte is found, nothing else is; results made anew have the same bytes."""

import random
import shutil
from pathlib import Path

import pytest
from tiny_study import CONFIG, RESULTS, command, copy, finished

from runrecord.audit import Audit, Verdict
from runrecord.record import SUFFIX, record_path

pytestmark = [pytest.mark.models, pytest.mark.slow]

ROUNDS, CHANGES = 10, 20
UNRECORDED = {"logs", "slurm_logs", "benchmarks", "checkpoints"}
KINDS = {
    "dataset card": f"{RESULTS}/corpora.md",
    "sentences": f"{RESULTS}/corpora/raw_gene/raw/test.jsonl",
    "instructions": f"{RESULTS}/instructions/disease.json",
    "predictions": f"{RESULTS}/predictions/smollm2-tuned/seed1/sample_disease.jsonl",
    "predictions of an encoder": f"{RESULTS}/predictions/minilm-gene/seed1/sample_gene.jsonl",
    "scores": f"{RESULTS}/scores/minilm-gene/seed1/sample_gene.json",
    "official scores": f"{RESULTS}/official/minilm-gene/seed1/raw_gene.json",
    "significance": f"{RESULTS}/significance/sample_disease.csv",
    "scores by stratum": f"{RESULTS}/strata/sample_disease.csv",
    "tests by stratum": f"{RESULTS}/strata/sample_disease.tests.csv",
    "errors": f"{RESULTS}/errors/smollm2-tuned/seed1/sample_disease.csv",
    "table": f"{RESULTS}/tables/table1.csv",
    "figure": f"{RESULTS}/figures/scores.pdf",
    "figure of errors": f"{RESULTS}/figures/errors.svg",
    "table of strata": f"{RESULTS}/tables/strata.csv",
    "figure of strata": f"{RESULTS}/figures/generalisation.svg",
    "figure of training sizes": f"{RESULTS}/figures/sizes.png",
    "picture of the workflow": f"{RESULTS}/figures/workflow.svg",
    "report": f"{RESULTS}/report/index.html",
}


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished checkout, moved: copied to another folder."""
    made, _ = finished(tmp_path_factory.getbasetemp())
    return copy(made, tmp_path_factory.mktemp("moved") / "checkout")


def results(folder: Path) -> list[Path]:
    """All files that an audit answers for: outputs, also inside folders, and records."""
    base = folder / RESULTS
    return sorted(
        path
        for path in base.rglob("*")
        if path.is_file()
        and path.stat().st_size
        and not path.name.startswith(".")
        and UNRECORDED.isdisjoint(path.relative_to(base).parts)
    )


def test_there_is_no_false_alarm_after_a_move(moved: Path) -> None:
    done = command(moved, "-m", "markner.cli.main", "audit", "results", "--configfile", CONFIG)
    assert done.stdout.startswith("FRESH")
    shutil.rmtree(moved / ".snakemake")
    assert command(moved, "-m", "markner.cli.main", "audit", "results").stdout.startswith("FRESH")


def owner(path: Path) -> Path:
    """The result that a file is, is a part of, or is the record of."""
    if path.name.endswith(SUFFIX):
        return path.with_name(path.name.removesuffix(SUFFIX))
    return next(place for place in (path, *path.parents) if record_path(place).is_file())


def change_a_byte(path: Path, draw: random.Random) -> None:
    whole = bytearray(path.read_bytes())
    whole[draw.randrange(len(whole))] ^= draw.randrange(1, 256)
    path.write_bytes(whole)


def test_every_changed_byte_is_found_and_its_file_named(moved: Path) -> None:
    draw = random.Random(7)
    files = results(moved)
    assert len(files) > 150
    for _ in range(ROUNDS):
        # One file of a result at a time: of a result whose record was changed nothing more is said.
        chosen = list({owner(path): path for path in draw.sample(files, len(files))}.values())[:CHANGES]
        kept = {path: path.read_bytes() for path in chosen}
        for path in chosen:
            change_a_byte(path, draw)
        findings = [item for node in Audit(moved).folder("results") for item in node.findings]
        for path, content in kept.items():
            path.write_bytes(content)
        tampered = {item.subject for item in findings if item.verdict is Verdict.TAMPERED}
        assert tampered == {path.relative_to(moved).as_posix() for path in chosen}
    assert all(node.verdict is Verdict.FRESH for node in Audit(moved).folder("results"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_result_of_each_kind_is_made_anew_byte_for_byte(kind: str, moved: Path) -> None:
    path = KINDS[kind]
    assert (moved / f"{path}{SUFFIX}").is_file()
    done = command(moved, "-m", "markner.cli.main", "replay", path, "--configfile", CONFIG, "--run")
    assert f"identical: {path}" in done.stdout


def test_a_training_made_anew_differs_in_nothing_but_what_it_measured(moved: Path) -> None:
    path = f"{RESULTS}/models/smollm2-tuned/seed1"
    done = command(moved, "-m", "markner.cli.main", "replay", path, "--configfile", CONFIG, "--run", code=1)
    different = [line for line in done.stdout.splitlines() if line.startswith(RESULTS)]
    assert [line.partition(":")[0] for line in different] == [f"{RESULTS}/costs/smollm2-tuned/seed1.json"]
