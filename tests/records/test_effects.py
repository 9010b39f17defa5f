"""What a change does: jobs to run again, results that rest on it, and their time."""

import json
from pathlib import Path

import pytest
from small_study import BAD, CELL, GOOD, TABLE

from markner.cli.main import main
from runrecord.audit import Audit
from runrecord.effects import duration, effects, renewal

pytest_plugins = ["small_study"]


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_a_fresh_result_has_nothing_to_renew(made: Path) -> None:
    audit = Audit(made)
    assert renewal(audit.result(TABLE)).jobs == {}
    assert effects(audit, audit.result(TABLE)) == []


def test_a_changed_script_affects_all_that_it_made_and_all_after(study: Path) -> None:
    edit(study / "scripts/score.py", "snakemake.wildcards.run,", '"other",')
    audit = Audit(study)
    score = audit.result(GOOD)
    assert renewal(score).jobs == {"score": 1}
    assert renewal(audit.result(TABLE)).jobs == {"score": 4, "table": 1}
    (effect,) = effects(audit, score)
    assert effect.causes == ("code score.py",)
    assert effect.jobs == {"score": 4, "table": 1}
    assert {GOOD, BAD, TABLE} < set(effect.results)
    assert len(effect.results) == 7
    assert effect.seconds > 0


def test_a_changed_file_affects_only_what_rests_on_it(study: Path) -> None:
    edit(study / "results/s/predictions/good/seed1/genes.jsonl", "[[4, 8]]", "[]")
    edit(study / "paper.json", "0.5", "0.6")
    audit = Audit(study)
    found = {effect.causes: effect.jobs for effect in effects(audit, audit.result(TABLE))}
    assert found == {
        ("input results/s/predictions/good/seed1/genes.jsonl",): {"score": 1, "table": 1},
        ("input paper.json",): {"table": 1},
    }


def test_a_setting_is_a_change_of_its_own_job(study: Path) -> None:
    def now(rule: str, at: object) -> dict[str, object]:
        return {"scoring": {"resamples": 100 if "bad" in str(at) else 7, "confidence": 0.95, "seed": 1}}

    audit = Audit(study, now)
    assert [effect.jobs for effect in effects(audit, audit.result(GOOD))] == [{"score": 1, "table": 1}]


def test_changes_that_reach_the_same_results_are_told_together(study: Path) -> None:
    audit = Audit(study, lambda rule, at: {"scoring": {"resamples": 7, "confidence": 0.9, "seed": 1}})
    (effect,) = [found for found in effects(audit, audit.result(GOOD)) if "table" in found.jobs]
    assert effect.causes == (f"settings scoring.confidence of {GOOD}", f"settings scoring.resamples of {GOOD}")


def test_json_and_text_tell_them(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(study / "scripts/score.py", "snakemake.wildcards.run,", '"other",')
    assert main(["audit", str(study / TABLE), "--cell", CELL, "--json", "--explain"]) == 1
    value = json.loads(capsys.readouterr().out)
    assert value["renewal"]["jobs"] == {"table": 1, "score": 2}
    assert value["effects"][0]["jobs"] == {"score": 4, "table": 1}
    assert main(["audit", str(study / TABLE), "--explain"]) == 1
    text = capsys.readouterr().out
    assert "to renew this result 5 jobs (1 table, 4 score), which took " in text
    assert "affected by code score.py: 7 results of 5 jobs" in text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (119.9, "119.9 s"), (180, "3 min"), (7500, "2 h 5 min")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
