"""Two lineages side by side: what differs, and the values that depend on it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from small_study import BAD, GOOD, TABLE, snakemake

from markner.cli.main import main
from runrecord.record import write_record

pytest_plugins = ["small_study"]

Facts = set[tuple[str, str, str, str]]


def diff(capsys: pytest.CaptureFixture[str], a: Path, b: Path) -> tuple[int, dict[str, Any]]:
    code = main(["audit", "--diff", str(a), str(b), "--json"])
    return code, json.loads(capsys.readouterr().out)


def facts(value: Mapping[str, Any]) -> Facts:
    return {(fact["kind"], fact["name"], fact["a"], fact["b"]) for fact in value["facts"]}


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_a_moved_copy_has_the_same_lineage(made: Path, study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, value = diff(capsys, made / TABLE, study / TABLE)
    assert (code, value["facts"]) == (0, [])
    assert main(["audit", "--diff", str(made / TABLE), str(study / TABLE)]) == 0
    assert "the same lineage" in capsys.readouterr().out


def test_two_runs_differ_in_their_predictions(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, value = diff(capsys, made / GOOD, made / BAD)
    assert code == 1
    assert value["values"]["strict f1"] == {"a": 0.888889, "b": 0.0, "difference": -0.888889}
    kinds = {(fact["kind"], fact["name"].split(" | ")[0]) for fact in value["facts"]}
    assert kinds == {("wildcard", "score: run"), ("input", "results/s/predictions/good/seed1/genes.jsonl")}


def test_a_setting_is_found_in_another_checkout_with_the_values_on_it(
    made: Path, study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(study / "Snakefile", '"resamples": 100', '"resamples": 200')
    edit(study / "results/s/predictions/good/seed2/genes.jsonl", "[[4, 8]]", "[]")
    snakemake(study)
    code, value = diff(capsys, made / TABLE, study / TABLE)
    assert code == 1
    predictions = "results/s/predictions/good/seed2/genes.jsonl"
    found = facts(value)
    assert ("setting", "score: scoring.resamples", "100", "200") in found
    assert {(kind, name) for kind, name, _, _ in found} == {
        ("setting", "score: scoring.resamples"),
        ("input", predictions),
    }
    beside = {fact["kind"]: fact["values"] for fact in value["facts"]}
    assert len(beside["setting"]) == 4, "every score file rests on the setting"
    assert list(beside["input"]) == ["results/s/scores/good/seed2/genes.json"]
    assert beside["input"]["results/s/scores/good/seed2/genes.json"]["strict f1"]["difference"] < 0
    assert value["values"]["Good, tuned, genes, strict f1"]["difference"] < 0
    assert value["values"]["Bad, genes, strict f1"]["difference"] == 0


def test_code_packages_and_machine_are_compared(
    made: Path, study: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(study)
    record = json.loads(Path(f"{GOOD}.prov.json").read_text())
    record["code"]["parts"]["markner.evaluation.matching.ratios"] = "0" * 32
    record["environment"]["packages"]["numpy"] = "1.0"
    record["environment"]["host"] = "elsewhere"
    write_record(GOOD, {name: record[name] for name in record if name not in ("sha256", "history", "seal")})
    code, value = diff(capsys, made / GOOD, study / GOOD)
    assert code == 1
    assert {(kind, name) for kind, name, _, _ in facts(value)} == {
        ("code", "markner.evaluation.matching.ratios"),
        ("package", "numpy"),
        ("machine", "host"),
    }


def test_bytes_that_nothing_recorded_explains_are_a_fact(
    made: Path, study: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(study)
    record = json.loads(Path(f"{GOOD}.prov.json").read_text())
    edit(Path(GOOD), "0.888889", "0.888888")
    write_record(GOOD, {name: record[name] for name in record if name not in ("sha256", "history", "seal")})
    code, value = diff(capsys, made / GOOD, study / GOOD)
    assert (code, {(kind, name) for kind, name, _, _ in facts(value)}) == (1, {("bytes", GOOD)})
    assert main(["audit", "--diff", str(made / GOOD), str(study / GOOD)]) == 1
    assert "strict f1 -1e-06" in capsys.readouterr().out


def test_a_table_and_a_score_have_nothing_in_common_but_are_told_apart(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, value = diff(capsys, made / TABLE, made / GOOD)
    assert code == 1
    assert ("rule", "", "table", "score") in facts(value)


def test_use_is_checked(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit"]) == 64
    assert main(["audit", str(made), "--diff", str(made / GOOD), str(made / BAD)]) == 64
    assert main(["audit", "--diff", str(made / GOOD), str(made / "results/s/nothing.json")]) == 64
    assert capsys.readouterr().err.count("error: ") == 3
