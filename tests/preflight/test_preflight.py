"""Preflight: what will run is counted, and what could never start or fit is named with its fix."""

import re
import shutil
from pathlib import Path

import pytest
from conftest import ROOT

from markner.cli.main import main
from markner.data.documents import Sentence, write_sentences
from markner.preflight.chat_cost import chat_cost
from markner.preflight.disk import disk, training_gb
from markner.preflight.hours import prediction_hours, sentences, training_hours
from markner.preflight.profile import profile_of
from markner.preflight.report import preflight
from markner.preflight.requests import requests
from markner.study.loading import load_study_file
from markner.study.schema.chat_runs import ApiModel, ChatRun
from markner.study.schema.study import Study
from markner.study.schema.systems import GenerativeRun, Hardware

PAPER = load_study_file(ROOT / "config" / "config.yaml")
PROFILE = profile_of(ROOT / "profiles" / "slurm" / "config.yaml")


def test_the_papers_requests_are_those_of_its_models() -> None:
    found = {f"{request.part}, rule {request.rule}": request for request in requests(PAPER, PROFILE)}
    train = found["runs.bioner-llama1, rule train"]
    assert (train.partition, train.nodes[:3], train.minutes) == ("gpu", (1, 4, 110000), 240)
    assert found["runs.bioner-llama1, rule predict"].nodes.gpus == 1
    encoder = found["runs.pubmedbert-bc2gm, rule train_encoder"]
    assert (encoder.nodes.gpus, encoder.minutes) == (1, 20)
    # 4-bit weights are not sharded, so QLoRA has one process whatever its model has.
    assert found["runs.llama2-qlora, rule train"].nodes.gpus == 1


def test_a_job_of_several_grid_points_asks_for_the_time_of_all() -> None:
    run = PAPER.runs["pubmedbert-bc2gm"].model_copy(update={"grid_batching": ["learning_rate"]})
    study = PAPER.model_copy(update={"runs": {"shared": run}, "self_instruct": {}})
    (request,) = requests(study, PROFILE)
    assert (request.minutes, request.jobs) == (6 * 20, 3 * len(run.seeds))


def test_what_the_profile_sets_stands_over_what_the_models_ask_for() -> None:
    profile = {"set-resources": {"train": {"slurm_partition": "big", "gpu": 8, "runtime": 5000, "mem_mb": "2 GB"}}}
    by_rule = {(request.part, request.rule): request for request in requests(PAPER, profile)}
    train = by_rule["runs.bioner-llama1", "train"]
    assert (train.partition, train.nodes[1:3], train.minutes) == ("big", (8, 110000), 5000)


def test_annotations_and_candidates_are_among_the_requests() -> None:
    demo = load_study_file(ROOT / "config" / "demo.yaml")
    requested = {(request.part, request.rule): request for request in requests(demo, {})}
    (annotation,) = demo.annotations
    tag = requested[f"annotations.{annotation}", "annotate"]
    assert (tag.jobs, tag.nodes.memory_mb, tag.minutes) == (1, 8000, 240), "three small models, and the least memory"
    sharded = {annotation: demo.annotations[annotation].model_copy(update={"shards": 7})}
    requested = {
        (request.part, request.rule): request
        for request in requests(demo.model_copy(update={"annotations": sharded}), {})
    }
    assert requested[f"annotations.{annotation}", "annotate"].jobs == 7
    (name, settings), *_ = demo.self_instruct.items()
    write = requested[f"self_instruct.{name}", "write_candidates"]
    model = demo.models[settings.model]
    assert not isinstance(model, ApiModel)
    assert (write.nodes.gpus, write.minutes) == (model.hardware.gpus, model.hardware.predict_minutes)


def test_the_papers_study_fits_on_half_a_terabyte_and_leaves_less_than_a_third_of_it() -> None:
    needed = disk(PAPER, PROFILE["resources"]["training_gb"])
    assert needed.peak <= 500 and needed.final <= 150
    # Two states of 12 bytes a parameter and a model of 2.
    assert training_gb(PAPER, "pmc-llama") == 13 * 26 <= PROFILE["resources"]["training_gb"]
    assert 2 * training_gb(PAPER, "bioner-llama1") <= PROFILE["resources"]["training_gb"]
    everything = disk(PAPER.model_copy(update={"keep_models": None}), None)
    assert everything.peak > 3000 and everything.final > 500, "what it would be with all models and all trainings"
    assert everything.weights == pytest.approx(2 * (6.7 + 6.7 + 8 + 8 + 0.11) + 52)


def test_a_training_that_needs_more_than_the_limit_counts_whole() -> None:
    assert disk(PAPER, 1).passing == training_gb(PAPER, "pmc-llama")


def test_weights_that_are_here_need_no_disk_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert disk(PAPER, 350).here == 0
    name = next(name for name, model in PAPER.models.items() if not isinstance(model, ApiModel))
    file = tmp_path / "results" / "paper" / "weights" / name / "model.safetensors"
    file.parent.mkdir(parents=True)
    with file.open("wb") as stream:
        stream.truncate(1_000_000_000)
    assert disk(PAPER, 350).here == 1


def test_the_free_disk_is_that_of_the_results(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "checkout").mkdir()
    monkeypatch.chdir(tmp_path / "checkout")
    Path("results").symlink_to(tmp_path / "disk")
    measured = []
    usage = shutil.disk_usage
    monkeypatch.setattr(shutil, "disk_usage", lambda path: measured.append(Path(path).resolve()) or usage(path))
    preflight(PAPER, None, 80)
    assert measured == [tmp_path / "disk"]


def test_expected_hours_are_those_of_the_stated_rates() -> None:
    # 6 operations for 6.7 billion parameters and 22,484 examples of 172 tokens, three times; 5 minutes on each GPU.
    computed = 6 * 6.7e9 * 3 * 22_484 * 172 / (0.22 * 989e12) / 3600
    assert training_hours(PAPER, "bioner-llama1") == pytest.approx(computed + 4 * 5 / 60)
    half = training_hours(PAPER, "bioner-llama1-50pct")
    assert half == pytest.approx(computed / 2 + 4 * 5 / 60)
    # The same test files tokenized have no counts of the paper's: those of the raw ones count.
    texts = sum(sentences(PAPER, corpus, "test") or 0 for corpus in PAPER.runs["bioner-llama1"].evaluate)
    assert texts == 940 + 4797 + 5000 + 4797 + 2 * 10_916 + 2 * 1128
    hours = prediction_hours(PAPER, "bioner-llama1")
    assert hours == pytest.approx(texts / 16 * 100 * 13.4e9 / (3.35e12 / 4) / 3600 + 8 * 2 / 60)
    unknown = PAPER.models["llama1-7b"].model_copy(update={"hardware": Hardware()})
    study = PAPER.model_copy(update={"models": PAPER.models | {"llama1-7b": unknown}})
    assert training_hours(study, "bioner-llama1") is None and prediction_hours(study, "bioner-llama1") is None


def preflight_text(study: Study, monkeypatch: pytest.MonkeyPatch, folder: Path, gpu_gb: float = 80) -> str:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return preflight(study, None, gpu_gb).text()


def test_the_papers_trainings_fit_the_papers_gpus_and_not_smaller_ones(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = preflight_text(PAPER, monkeypatch, tmp_path)
    trainings = sum(len(run.seeds) for run in PAPER.runs.values() if isinstance(run, GenerativeRun) and run.mixture)
    assert re.search(rf" {trainings} train   about \d+ GPU-hours, at most \d+ GPU-hours by their time limits\n", text)
    assert re.search(r" 243 train_encoder   about 20 GPU-hours, at most 81 GPU-hours by their time limits\n", text)
    assert (
        "bioner-llama1, training, estimated: 6.70 billion parameters over 4: 26.8 GB, with activations at most" in text
    )
    assert "do not fit" not in text
    smaller = preflight_text(PAPER, monkeypatch, tmp_path, 48)
    # A problem of many runs is there once.
    end = r"training: 5\d GB do not fit on a GPU of 48 GB\n +fix: set"
    (runs,) = re.findall(rf"\. (runs.bioner-llama1, .*): {end} `device", smaller)
    assert {"runs.bioner-llama2", "runs.llama2-gene-self", "runs.bioner-llama1-10pct"} < set(runs.split(", "))
    assert re.search(rf"\. runs.pmc-llama: {end} the model's", smaller)


@pytest.mark.parametrize(
    "batch, checkpointing, gpu_gb, fix",
    [
        (16, True, 80, None),
        (16, False, 80, "set `device_batch_size: 1`"),
        (4, False, 64, "set `gradient_checkpointing: true`"),
        (4, True, 40, "set the model's `hardware.processes: 8`"),
        (4, True, 2, "take a smaller model, or GPUs with more memory"),
    ],
)
def test_the_first_change_that_makes_a_training_fit_is_named(
    batch: int, checkpointing: bool, gpu_gb: float, fix: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run = PAPER.runs["pmc-llama"]
    assert isinstance(run, GenerativeRun)
    training = run.training.model_copy(update={"device_batch_size": batch, "gradient_checkpointing": checkpointing})
    runs = {"pmc-llama": run.model_copy(update={"training": training})}
    study = PAPER.model_copy(update={"runs": runs, "keep_models": None})
    text = preflight_text(study, monkeypatch, tmp_path, gpu_gb)
    problem = re.search(r"training: \d+ GB do not fit.*\n +fix: (.*)", text)
    assert (problem[1] if problem else None) == fix


def test_missing_keys_files_and_weights_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    text = preflight_text(PAPER, monkeypatch, tmp_path)
    asking = [name for name, run in PAPER.live_runs().items() if isinstance(run, ChatRun)]
    assert len(asking) > 5
    assert text.count("OPENAI_API_KEY") == 2, "once in the problem, once in its fix"
    assert f"OPENAI_API_KEY, for {', '.join(asking)}\n" in text
    assert "to accept: Llama 2 community licence" in text
    demo = load_study_file(ROOT / "config" / "demo.yaml")
    assert "resources/sample/iob/disease/train.tsv is not there" in preflight_text(demo, monkeypatch, tmp_path)


def test_a_split_may_be_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "brat").mkdir()
    source = {"format": "brat", "test": "brat", "dev": "gone"}
    study = Study.model_validate(
        {"study": "x", "corpora": {"notes": {"entity": "disease", "variant": "raw", "raw": source}}}
    )
    text = preflight_text(study, monkeypatch, tmp_path)
    assert "gone is not there" in text
    assert "brat is not there" not in text


def test_the_cost_of_chat_runs_is_estimated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    line = next(line for line in preflight_text(PAPER, monkeypatch, tmp_path).splitlines() if "gpt-4.1-5shot:" in line)
    run = PAPER.runs["gpt-4.1-5shot"]
    assert isinstance(run, ChatRun)
    number = len(run.seeds) * sum(PAPER.corpora[name].paper["test"].instances for name in run.evaluate)
    assert f"{number:,} requests" in line
    assert "by the paper's number of sentences" in line
    dollars = float(line.split("about ")[2].split(" ")[0].replace(",", ""))
    model = PAPER.models[run.model]
    assert isinstance(model, ApiModel)
    cost = chat_cost(PAPER, run, model)
    assert model.price_input is not None and model.price_output is not None
    by_hand = (cost.prompt_tokens * model.price_input + cost.answer_tokens * model.price_output) / 1e6
    assert dollars == pytest.approx(by_hand * (1 - model.batch_discount * run.batch_api), abs=0.01)
    # Six sentences of 38 tokens, each in its frame of about 100, five of them with their answers.
    assert 900 < cost.prompt_tokens / cost.requests < 1200


def test_sentences_that_are_here_are_counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    run, model = PAPER.runs["gpt-4.1-0shot"], PAPER.models["gpt-4.1"]
    assert isinstance(run, ChatRun) and isinstance(model, ApiModel)
    alone = run.model_copy(update={"evaluate": ["ncbi_disease"]})
    texts = [Sentence(f"s{number}", "d", "x" * 40, (), ()) for number in range(3)]
    write_sentences(tmp_path / "results/paper/corpora/ncbi_disease/tokenized/test.jsonl", texts)
    cost = chat_cost(PAPER, alone, model)
    assert (cost.requests, cost.answer_tokens, cost.guessed) == (3, 3 * (10 + 12), ())


def test_the_command_ends_with_a_code(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert main(["preflight", "--configfile", "config/demo.yaml", "--no-cluster"]) == 0
    assert "Nothing stands in the way" in capsys.readouterr().out
    assert main(["preflight", "--configfile", "config/config.yaml", "--no-cluster", "--gpu-memory", "20"]) == 1
    assert "fix: set the model's `hardware.processes: 32`, `device_batch_size: 1`" in capsys.readouterr().out


@pytest.mark.parametrize("memory", ["0", "-5", "nan", "inf", "much"])
def test_a_gpu_has_some_memory(memory: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["preflight", "--configfile", "config/demo.yaml", "--gpu-memory", memory])
    assert "--gpu-memory" in capsys.readouterr().err


def test_preflight_counts_the_processes_that_the_rule_asks_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = preflight_text(PAPER, monkeypatch, tmp_path)
    assert "llama2-lora, training, estimated: 6.70 billion parameters over 4:" in text
    assert "llama2-qlora, training, estimated: 6.70 billion parameters over 1:" in text


def test_a_corpus_whose_native_files_are_there_counts_as_fetched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert "  bc2gm: to be fetched" in preflight_text(PAPER, monkeypatch, tmp_path)
    (tmp_path / "results/paper/corpora/bc2gm/native").mkdir(parents=True)
    assert "  bc2gm: fetched" in preflight_text(PAPER, monkeypatch, tmp_path)
