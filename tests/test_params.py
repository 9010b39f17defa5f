"""Each rule gets the settings that it uses, and no others."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import ROOT
from pydantic import ValidationError

from markner.errors import MarknerError
from markner.rules import PARAMS, current_settings, params_of
from markner.study.environment import environment
from markner.study.loading import load_study_file
from markner.study.schema.chat_runs import SPENDING_VARIABLE, AccessSettings, ChatRun, PacingSettings
from markner.study.schema.study import Study
from runrecord.code import code_parts

DEMO = load_study_file(ROOT / "config" / "demo.yaml")
PAPER = load_study_file(ROOT / "config" / "config.yaml")
AT = {
    "fetch": {"corpus": "sample_disease"},
    "sentences": {"corpus": "sample_disease", "variant": "tokenized", "split": "train"},
    "card": {},
    "mixture": {"mixture": "all"},
    "write_candidates": {"set": "gene_self"},
    "self_instruct": {"set": "gene_self"},
    "weights": {"model": "smollm2-135m"},
    "train": {"run": "smollm2-tuned", "seed": "1"},
    "predict": {"run": "smollm2-tuned", "seed": "1", "corpus": "sample_disease"},
    "train_encoder": {"run": "minilm-gene", "seed": "1", "part": "lr0.0005_len128_bs16_drop0.1"},
    "predict_encoder": {"run": "minilm-gene", "seed": "1", "corpus": "sample_gene"},
    "select_encoder": {"run": "minilm-gene", "seed": "1"},
    "score": {"run": "minilm-gene", "seed": "1", "corpus": "sample_gene"},
    "significance": {"corpus": "sample_gene"},
    "strata": {"corpus": "sample_gene"},
    "official": {"run": "minilm-gene", "seed": "1", "corpus": "raw_gene"},
    "errors": {"run": "minilm-gene", "seed": "1", "corpus": "sample_gene"},
    "error_figure": {"error_figure": "errors"},
    "size_figure": {"size_figure": "sizes"},
    "strata_table": {"strata_table": "strata"},
    "strata_figure": {"strata_figure": "generalisation"},
    "calibration": {"calibration": "confidence"},
    "suspects": {"suspects": "diseases"},
    "table": {"table": "table1"},
    "figure": {"figure": "scores"},
    "annotate": {"annotation": "sample"},
    "report": {},
    "workflow_figure": {},
    "few_shot": {"run": "smollm2-5shot", "seed": "1", "corpus": "few_disease"},
    "chat_served": {"run": "smollm2-5shot", "seed": "1", "corpus": "few_disease"},
    "costs": {},
    "repair_predictions": {"run": "smollm2-tuned-repaired", "seed": "1", "corpus": "raw_disease"},
}  # fmt: skip


def changed(jobs: dict[str, dict[str, str]] = AT, **values: Any) -> set[str]:
    """Rules whose settings differ when the demo study is changed; `a__b=v` sets the key b of the section a."""
    content = DEMO.model_dump()
    for path, value in values.items():
        place = content
        *sections, key = path.split("__")
        for section in sections:
            place = place[
                section.replace("_tuned", "-tuned").replace("smollm2_", "smollm2-").replace("minilm_", "minilm-")
            ]
        place[key] = value
    study = Study.model_validate(content)
    return {rule for rule, at in jobs.items() if current_settings(study, rule, at) != current_settings(DEMO, rule, at)}


def test_every_rule_has_params() -> None:
    assert all(current_settings(DEMO, rule, at) for rule, at in AT.items())


@pytest.mark.parametrize("package", ["carried_weights", "carried_weights.small"])
def test_weights_have_the_version_of_a_package_that_is_installed_under_another_name(
    package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "weights_of_others-1.2.dist-info").mkdir()
    (tmp_path / "weights_of_others-1.2.dist-info" / "METADATA").write_text("Name: weights-of-others\nVersion: 1.2\n")
    (tmp_path / "weights_of_others-1.2.dist-info" / "top_level.txt").write_text("carried_weights\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    content = DEMO.model_dump()
    content["models"]["smollm2-135m"]["package"] = package
    assert (current_settings(Study.model_validate(content), "weights", AT["weights"]) or {})["version"] == "1.2"


def test_cards_tell_the_settings_of_what_they_describe() -> None:
    card = current_settings(DEMO, "model_card", {"run": "smollm2-tuned", "seed": "1"}) or {}
    assert card["training"] == DEMO.runs["smollm2-tuned"].training.model_dump()
    assert card["corpora"]["sample_disease"]["licences"] == ["CC0-1.0"]
    assert (current_settings(DEMO, "dataset", {"mixture": "gene_self"}) or {})["written_by"] == "smollm2-135m"
    assert current_settings(DEMO, "model_card", {"run": "smollm2-untuned", "seed": "1"}) is None


def test_a_job_of_a_split_or_table_that_is_no_longer_in_the_study_has_no_settings() -> None:
    content = DEMO.model_dump()
    content["tables"] = {}
    content["corpora"]["few_gene"]["tokenized"] |= {"train": None}
    study = Study.model_validate(content)
    for rule in ("significance", "strata"):
        assert current_settings(study, rule, {"family": "table1/", "corpus": "sample_gene"}) is None
    sentences = {"corpus": "few_gene", "variant": "tokenized", "split": "train"}
    assert current_settings(DEMO, "sentences", sentences) is not None
    assert current_settings(study, "sentences", sentences) is None


def test_a_setting_reaches_the_rules_that_use_it_and_no_other() -> None:
    assert changed(mirror="somewhere") == set()
    assert changed(question="Why?") == {"report"}
    assert changed(models__smollm2_135m__hardware={"processes": 4, "memory_gb": 99}) == set()
    assert changed(scoring__resamples=200) == {"score", "significance", "strata", "official"}
    assert changed(significance__permutations=2000) == {"significance", "strata"}
    assert changed(errors__sample=5) == {"errors"}
    assert changed(error_figures__errors__width=6.9) == {"error_figure"}
    assert changed(figures__scores__height=4.0) == {"figure"}
    assert changed(size_figures__sizes__width=5.0) == {"size_figure"}
    assert changed(strata_figures__generalisation__width=5.0) == {"strata_figure"}
    assert changed(calibrations__confidence__bins=5) == {"calibration"}
    assert changed(suspects__diseases__places=1) == {"suspects"}
    assert changed(calibrations__confidence__title="Sure?") == {"calibration", "report"}
    assert changed(strata_tables__strata__title="Strata") == {"strata_table", "report"}
    titled = changed(corpora__sample_disease__title="Diseases")
    assert titled == {"error_figure", "size_figure", "strata_table", "table"}
    assert changed(tables__table1__title="Another") == {"table", "figure", "error_figure", "report"}
    assert changed(mixtures__all__seed=2) == {"mixture"}
    assert changed(self_instruct__gene_self__seed=2) == {"write_candidates", "self_instruct"}
    assert changed(self_instruct__gene_self__writing__candidates=8) == {"write_candidates"}
    assert changed(self_instruct__gene_self__filters__similarity=0.8) == {"self_instruct"}
    assert changed(runs__smollm2_tuned__training__learning_rate=1e-4) == {"train"}
    assert changed(runs__smollm2_tuned__decoding__batch_size=4) == {"predict"}
    assert changed(runs__minilm_gene__epochs=2) == {"train_encoder"}
    assert changed(corpora__sample_disease__sample__train=10) == {"sentences"}
    assert changed(corpora__sample_disease__sample__test=10) == set()
    assert changed(corpora__raw_gene__raw__tokenize=True) == {"card"}
    assert changed(corpora__sample_disease__tokenized__train="elsewhere.tsv") == {"fetch", "sentences", "card"}


def test_a_prompt_reaches_what_is_asked_with_it() -> None:
    disease = {"run": "smollm2-disease", "seed": "1", "corpus": "sample_disease", "mixture": "disease"}
    jobs = AT | dict.fromkeys(("mixture", "train", "predict", "strata"), disease)

    def changed_by(**generic: Any) -> set[str]:
        return changed(jobs, prompts={**DEMO.model_dump()["prompts"], "generic": generic})

    same = {"instruction": DEMO.prompts["generic"].instruction}
    assert changed_by(instruction="Mark {entity}.") == {"mixture", "predict", "chat_served", "self_instruct"}
    assert changed_by(**same, enhancements={"disease": "More."}) == {"mixture", "predict", "chat_served"}
    assert changed_by(**same, enhancements={"plant": "More."}) == set()
    assert changed_by(**same, marks=["[", "]"]) == {"mixture", "predict", "chat_served", "self_instruct", "strata"}
    assert changed_by(**same, marks=["<mark>", "</mark>"]) == set()
    assert "marks" not in str(current_settings(DEMO, "predict", jobs["predict"]))
    assert changed_by(**same, template="{instruction} {input} ") == {"train", "predict", "chat_served"}


def test_one_split_is_the_same_setting_in_a_list_and_alone() -> None:
    assert (current_settings(DEMO, "mixture", AT["mixture"]) or {})["mixture"]["split"] == "train"
    assert changed(mixtures__all__split=["train"]) == set()
    assert changed(mixtures__all__split=["train", "dev"]) == {"mixture"}


def test_what_changes_no_answer_of_a_chat_model_is_no_setting() -> None:
    assert changed(runs__smollm2_5shot__temperature=None) == {"chat_served"}
    assert changed(runs__smollm2_5shot__max_new_tokens_margin=9) == {"chat_served"}
    assert changed(models__smollm2_chat__limit_field="max_completion_tokens") == {"chat_served"}
    assert changed(runs__smollm2_5shot__shots=4) == {"few_shot"}
    for key, value in SPENDING.items():
        section = "runs__smollm2_5shot" if key in ChatRun.model_fields else "models__smollm2_chat"
        assert changed(**{f"{section}__{key}": value}) == set(), key
    assert set(SPENDING) == AccessSettings.model_fields.keys() | PacingSettings.model_fields.keys()
    assert changed(answers="/elsewhere") == set()


SPENDING = {
    "concurrency": 2, "retries": 0, "timeout": 5.0, "budget_requests": 9, "budget_dollars": 1.0, "batch_api": True,
    "key_env": "OTHER_KEY", "price_input": 1.0, "price_output": 1.0, "batch_discount": 0.1,
}  # fmt: skip


def test_what_changes_no_answer_reaches_the_jobs_all_the_same() -> None:
    content = PAPER.model_dump()
    content["models"]["gpt-4.1"]["price_input"] = 7.0
    content["runs"]["gpt-4.1-0shot"]["timeout"] = 33.0
    spending = json.loads(environment(Study.model_validate(content), ".")[SPENDING_VARIABLE])
    assert spending["gpt-4.1-0shot"]["model"]["price_input"] == 7.0
    assert spending["gpt-4.1-0shot"]["run"]["timeout"] == 33.0
    assert spending["gpt-4.1-0shot"]["account"] == "paper/gpt-4.1-0shot"
    assert not [name for name in spending if name.startswith(("gpt-4-", "gpt-3.5"))]


def test_a_run_of_a_retired_model_has_no_jobs_and_no_cells() -> None:
    at = {"run": "gpt-4-5shot", "seed": "1", "corpus": "bc2gm"}
    assert current_settings(PAPER, "chat", at) is None
    assert current_settings(PAPER, "chat", at | {"run": "gpt-4.1-5shot"}) is not None
    table = current_settings(PAPER, "table", {"table": "table1"}) or {}
    assert "gpt-4-5shot" not in {run for _, run, _ in table["cells"]}
    assert set(table["retired"]) == {"gpt-3.5-0shot", "gpt-3.5-5shot", "gpt-4-0shot", "gpt-4-5shot"}
    assert "gpt-4-0314" in table["retired"]["gpt-4-0shot"]
    runs = (current_settings(PAPER, "significance", {"corpus": "bc2gm"}) or {})["runs"]
    assert "gpt-4.1-5shot" in runs
    assert "gpt-4-5shot" not in runs


def test_expected_bytes_are_among_the_settings_of_fetching() -> None:
    hashes = (current_settings(PAPER, "fetch", {"corpus": "nlm_gene"}) or {})["sha256"]
    assert set(hashes) == {
        "nlm-gene/Corpus/Pmidlist.Train.txt",
        "nlm-gene/Corpus/Pmidlist.Test.txt",
        "nlm-gene/Corpus/FINAL/{id}.BioC.XML",
    }


def test_what_is_not_in_the_study_has_no_settings() -> None:
    assert current_settings(DEMO, "train", {"run": "gone", "seed": "1"}) is None
    assert current_settings(DEMO, "released_marks", {"corpus": "sample_gene", "split": "test"}) == {}


def test_the_tests_behind_a_table_are_of_its_own_runs() -> None:
    study = DEMO.model_copy(update={"runs": {**DEMO.runs, "another": DEMO.runs["smollm2-tuned"]}})
    for family, more in (("", {"another"}), ("table1/", set())):
        at = {"family": family, "corpus": "sample_disease"}
        before, after = (current_settings(one, "significance", at) for one in (DEMO, study))
        assert before is not None
        assert after is not None
        assert set(after["runs"]) - set(before["runs"]) == more
    assert set(
        (current_settings(DEMO, "significance", {"family": "table4/", "corpus": "sample_disease"}) or {})["runs"]
    ) == {
        "smollm2-disease",
        "smollm2-disease-enhanced",
    }


def test_seen_mentions_are_those_of_what_a_run_was_trained_on() -> None:
    at = {"family": "", "corpus": "sample_disease"}
    sources = (current_settings(DEMO, "strata", at) or {})["training"]
    shown = {run: (each["instructions"], each["corpus"], each["fraction"]) for run, each in sources.items()}
    assert shown["smollm2-tuned"] == ("all", None, 1.0)
    assert shown["smollm2-disease"] == shown["smollm2-constrained"] == ("disease", None, 1.0)
    assert shown["minilm-disease-third"] == (None, "sample_disease", 0.33)
    assert shown["smollm2-untuned"] == (None, "sample_disease", 1.0)
    lent = {run for run, each in sources.items() if each["origin"] == "corpus"}
    assert lent == {"smollm2-untuned", "list-of-terms"}


def test_a_run_without_training_has_seen_nothing_of_a_corpus_without_a_training_split() -> None:
    content = DEMO.model_dump()
    content["runs"]["smollm2-untuned"]["evaluate"] = ["sample_disease", "raw_disease"]
    settings = current_settings(Study.model_validate(content), "strata", {"corpus": "raw_disease"}) or {}
    assert set(settings["runs"]) - set(settings["training"]) == {"smollm2-untuned"}


def test_points_of_training_sizes_take_their_fraction_from_what_the_run_is_trained_on() -> None:
    assert [tuple(point) for point in (current_settings(DEMO, "size_figure", AT["size_figure"]) or {})["points"]] == [
        ("SmolLM2-135M tuned", "sample_disease", 0.165, "smollm2-disease-half"),
        ("SmolLM2-135M tuned", "sample_disease", 0.33, "smollm2-disease"),
        ("MiniLM (BIO tags)", "sample_disease", 0.33, "minilm-disease-third"),
        ("MiniLM (BIO tags)", "sample_disease", 1.0, "minilm-disease"),
    ]


def test_a_rule_that_is_not_registered_is_an_error() -> None:
    with pytest.raises(MarknerError, match="rule scores has no params class"):
        current_settings(DEMO, "scores", {"run": "minilm-gene"})


def test_a_job_that_the_study_no_longer_has_is_not_an_error() -> None:
    assert current_settings(DEMO, "predict", {"run": "gone", "seed": "1", "corpus": "sample_gene"}) is None
    assert current_settings(DEMO, "model_card", {"run": "smollm2-untuned", "seed": "1"}) is None
    assert current_settings(DEMO, "train_encoder", {"run": "minilm-gene", "seed": "1", "part": "lr1.0"}) is None


def test_a_job_that_the_study_has_and_that_cannot_run_is_an_error() -> None:
    annotation = {"files": ["a.txt"], "runs": [{"run": "smollm2-untuned"}]}
    study = Study.model_validate(DEMO.model_dump() | {"annotations": {"mine": annotation}})
    with pytest.raises(MarknerError, match="smollm2-untuned is not tuned, so it knows no entity type"):
        current_settings(study, "annotate", {"annotation": "mine"})


def test_a_wildcard_that_is_missing_is_an_error() -> None:
    with pytest.raises(KeyError):
        current_settings(DEMO, "predict", {"run": "smollm2-tuned", "seed": "1"})


@pytest.mark.parametrize("rule", sorted(AT))
def test_settings_are_loaded_as_they_were_written(rule: str) -> None:
    settings = json.loads(json.dumps(current_settings(DEMO, rule, AT[rule])))
    params = params_of(rule).load(SimpleNamespace(settings=settings))
    assert json.loads(json.dumps(params.settings())) == settings


def test_an_unknown_setting_is_refused_by_the_script() -> None:
    settings = current_settings(DEMO, "score", AT["score"]) or {}
    with pytest.raises(ValidationError):
        PARAMS["score"].load(SimpleNamespace(settings=settings | {"typo": 1}))


SCRIPTS = sorted((ROOT / "workflow" / "scripts").glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_the_study_is_no_part_of_a_jobs_code(script: Path) -> None:
    """A params class whose `of` lacks `planning_only` would run its rule again after any change of the schema."""
    assert "markner.study.schema.study.Study" not in code_parts(script)
