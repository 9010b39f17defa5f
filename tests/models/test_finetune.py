"""Training of a tiny LLaMA: it learns, it repeats, it resumes, it merges."""

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch
from forked import python
from tiny_llama import fine_tuning, write_tiny_llama
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from markner.errors import MarknerError
from markner.files import read_json
from markner.models.causal import finetune as room
from markner.models.causal import preemption
from markner.models.causal.finetune import finetune
from markner.models.causal.progress import Progress, peak_flops
from markner.models.weights import load_causal, load_tokenizer
from markner.study.schema.systems import Training

pytestmark = pytest.mark.usefixtures("one_thread")

BASE = Training(
    epochs=3, learning_rate=5e-3, batch_size=4, device_batch_size=2, precision="fp32", batching="prefix", warmup=0.0
)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_llama(tmp_path_factory.mktemp("tiny"))


def tune(weights: Path, folder: Path, training: Training = BASE, seed: int = 1, processes: int = 1) -> Path:
    finetune(fine_tuning(weights, folder, training, seed), processes)
    return folder / "model"


def losses(output: Path) -> list[float]:
    return [entry["loss"] for entry in read_json(output.parent / "training.json")["history"]]


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(weights: Path, tmp_path: Path) -> None:
    first, again = tune(weights, tmp_path / "a"), tune(weights, tmp_path / "b")
    other = tune(weights, tmp_path / "c", seed=2)
    names = {path.name for path in first.iterdir()}
    assert {"model.safetensors", "config.json", "tokenizer.json"} <= names
    for name in [*names, "../training.json"]:
        assert (first / name).read_bytes() == (again / name).read_bytes(), name
    assert (first / "model.safetensors").read_bytes() != (other / "model.safetensors").read_bytes()


def test_a_training_learns_logs_and_leaves_a_plain_model(weights: Path, tmp_path: Path) -> None:
    output = tune(weights, tmp_path, BASE.model_copy(update={"epochs": 10.0, "precision": "bf16"}))
    record = read_json(output.parent / "training.json")
    assert record["examples"] == 7 and record["excluded_too_long"] == 0
    assert record["steps"] == len(record["history"]) == 20
    assert losses(output)[-1] < losses(output)[0] - 1
    assert record["history"][1]["tokens"] * 10 == record["history"][-1]["tokens"]
    assert len((tmp_path / "log.txt").read_text().splitlines()) == 20
    assert not (tmp_path / "checkpoints").exists()
    assert load_tokenizer(output).eos_token == "<|end|>"
    assert {parameter.dtype for parameter in load_causal(output, torch.float32).parameters()} == {torch.float32}


def test_a_bf16_training_saves_half_the_bytes_and_answers_as_one_saved_in_float32(
    weights: Path, tmp_path: Path
) -> None:
    """Decoding in bfloat16 rounds float32 weights as saving does."""
    training = BASE.model_copy(update={"precision": "bf16"})
    half = tune(weights, tmp_path / "half", training)
    whole = tune(weights, tmp_path / "whole", training.model_copy(update={"save_precision": "fp32"}))
    sizes = [(folder / "model.safetensors").stat().st_size for folder in (half, whole)]
    assert sizes[0] < 0.6 * sizes[1]
    rounded = load_causal(whole, torch.float32).state_dict()
    assert any(not torch.equal(weight, weight.bfloat16().float()) for weight in rounded.values())
    loaded = [load_causal(folder, torch.bfloat16).state_dict() for folder in (half, whole)]
    assert all(torch.equal(weight, loaded[1][name]) for name, weight in loaded[0].items())
    assert Training().saved_precision == "bf16" and BASE.saved_precision == "fp32"


def test_accumulation_and_batching_do_not_change_the_result(weights: Path, tmp_path: Path) -> None:
    """The loss of a step is the mean over its tokens, however it is cut into device batches."""
    whole = BASE.model_copy(update={"device_batch_size": 4, "batching": "padded"})
    reference = losses(tune(weights, tmp_path / "whole", whole))
    for number, change in enumerate([{"batching": "padded"}, {"batching": "prefix"}, {"device_batch_size": 1}]):
        assert losses(tune(weights, tmp_path / str(number), BASE.model_copy(update=change))) == pytest.approx(
            reference, rel=1e-3
        )


class InterruptedTrainingError(Exception):
    """Stands for a job that is killed."""


class Killer(TrainerCallback):
    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object) -> None:
        if state.global_step == 4:
            raise InterruptedTrainingError


def test_an_interrupted_training_goes_on_to_the_same_weights(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preemption, "SECONDS_BETWEEN_STATES", 0)
    expected = tune(weights, tmp_path / "straight")
    original = room._OrderedTrainer.__init__

    def with_killer(self: room._OrderedTrainer, **options: object) -> None:
        original(self, **options)  # type: ignore[arg-type]
        self.add_callback(Killer)

    with monkeypatch.context() as patch:
        patch.setattr(room._OrderedTrainer, "__init__", with_killer)
        with pytest.raises(InterruptedTrainingError):
            tune(weights, tmp_path / "broken")
    checkpoints = tmp_path / "broken" / "checkpoints"
    assert not (tmp_path / "broken" / "model").exists()
    assert [path.name for path in checkpoints.glob("checkpoint-*")] == ["checkpoint-3"]  # in the middle of an epoch
    # A state that was being written when the job died has no trainer_state.json.
    shutil.copytree(checkpoints / "checkpoint-3", checkpoints / "checkpoint-5")
    (checkpoints / "checkpoint-5" / "trainer_state.json").unlink()
    resumed = tune(weights, tmp_path / "broken")
    assert read_json(tmp_path / "broken" / "costs.json")["first_step"] == 3
    for name in ("model.safetensors", "../training.json"):
        assert (resumed / name).read_bytes() == (expected / name).read_bytes()


def test_states_are_saved_by_time_not_by_steps(weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps of eight minutes: a state after twenty minutes, one at a time, and none after the last step."""
    clock, saved = [0.0], []
    original = room._OrderedTrainer.__init__

    class Clock(TrainerCallback):
        def on_step_end(self, *_: object, **__: object) -> None:
            clock[0] += 8 * 60

        def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object) -> None:
            saved.append([path.name for path in (tmp_path / "checkpoints").glob("checkpoint-*")])

    def with_clock(self: room._OrderedTrainer, **options: Any) -> None:
        original(self, **options | {"callbacks": [Clock(), *options["callbacks"]]})

    monkeypatch.setattr(preemption, "monotonic", lambda: clock[0])
    monkeypatch.setattr(room._OrderedTrainer, "__init__", with_clock)
    tune(weights, tmp_path, BASE.model_copy(update={"epochs": 4.5}))
    assert read_json(tmp_path / "training.json")["steps"] == 9
    assert saved == [["checkpoint-3"], ["checkpoint-6"]]


def test_the_time_between_states_is_twenty_minutes_or_from_the_environment() -> None:
    code = "from markner.models.causal.preemption import SECONDS_BETWEEN_STATES; print(SECONDS_BETWEEN_STATES)"
    for value, expected in ((None, "1200"), ("0", "0.0")):
        environment = {key: text for key, text in os.environ.items() if key != "MARKNER_SECONDS_BETWEEN_STATES"}
        environment |= {"MARKNER_SECONDS_BETWEEN_STATES": value} if value else {}
        done = subprocess.run([python(), "-c", code], capture_output=True, text=True, check=True, env=environment)
        assert float(done.stdout) == float(expected)


def test_the_peak_of_a_gpu_depends_on_its_board() -> None:
    names = [
        "NVIDIA H100 80GB HBM3",
        "NVIDIA H100 PCIe",
        "NVIDIA H100 NVL",
        "NVIDIA H200",
        "NVIDIA H200 NVL",
        "Tesla T4",
    ]
    assert [peak_flops(name) for name in names] == [989e12, 756e12, 835.5e12, 989e12, 835.5e12, None]


@pytest.mark.parametrize("processes", [1, 4])
def test_mfu_is_a_part_of_the_peak_of_all_gpus(processes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("markner.models.causal.progress.world_size", lambda: processes)
    monkeypatch.setattr("markner.models.causal.progress.device_name", lambda: "NVIDIA H100 80GB HBM3")
    clock = iter([0.0, 10.0])
    monkeypatch.setattr("markner.models.causal.progress.time.perf_counter", lambda: next(clock))
    progress = Progress(lambda epoch: [1000, 2000], flops_per_token=989e9, log=tmp_path / "steps.log")
    state, control = TrainerState(is_world_process_zero=False), TrainerControl()
    arguments = TrainingArguments(str(tmp_path), use_cpu=True)
    progress.on_train_begin(arguments, state, control)
    state.global_step = 2
    progress.on_log(arguments, state, control, {"loss": 1.0})
    costs = progress.costs(mean_length=100)
    assert (costs["tokens_per_second"], costs["mfu"]) == (200, 0.2 / processes)


def test_states_of_other_settings_are_not_taken_over(weights: Path, tmp_path: Path) -> None:
    checkpoints = tmp_path / "checkpoints"
    (checkpoints / "checkpoint-4").mkdir(parents=True)
    (checkpoints / "fingerprint.sha256").write_text("of another training")
    tune(weights, tmp_path)
    assert read_json(tmp_path / "costs.json")["first_step"] == 0


def test_adapters_are_merged_into_a_plain_model(weights: Path, tmp_path: Path) -> None:
    output = tune(weights, tmp_path, BASE.model_copy(update={"method": "lora", "lora_rank": 4, "epochs": 10.0}))
    record = read_json(output.parent / "training.json")
    assert 0 < record["trained_parameters"] < record["parameters"]
    assert losses(output)[-1] < losses(output)[0]
    assert not list(output.glob("adapter*"))
    before, after = load_causal(weights, torch.float32), load_causal(output, torch.float32)
    changed = [
        name
        for (name, a), b in zip(before.named_parameters(), after.parameters(), strict=True)
        if not torch.equal(a, b)
    ]
    assert changed and all("_proj" in name for name in changed)


def test_the_merged_model_answers_as_the_adapters_do(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model in memory, adapters and all, against the plain folder that is loaded again."""
    probe = torch.arange(5, 45).view(2, 20)
    in_memory: list[torch.Tensor] = []
    original = room.save_plain

    def compared(model: Any, *rest: Any) -> None:
        with torch.no_grad():
            in_memory.append(model.eval()(input_ids=probe).logits)
        original(model, *rest)

    monkeypatch.setattr(room, "save_plain", compared)
    # Not `prefix`: a model with that attention takes batches of that kind alone.
    lora = {"method": "lora", "lora_rank": 4, "epochs": 10.0, "batching": "padded"}
    output = tune(weights, tmp_path, BASE.model_copy(update=lora))
    with torch.no_grad():
        reloaded = load_causal(output, torch.float32)(input_ids=probe).logits
        untuned = load_causal(weights, torch.float32)(input_ids=probe).logits
    torch.testing.assert_close(reloaded, in_memory[0], rtol=1e-4, atol=1e-5)
    assert (reloaded - untuned).abs().max() > 0.1


def test_costs_say_what_is_trained_and_what_it_took(weights: Path, tmp_path: Path) -> None:
    tune(weights, tmp_path / "full")
    tune(weights, tmp_path / "lora", BASE.model_copy(update={"method": "lora", "lora_rank": 4}))
    full, lora = read_json(tmp_path / "full" / "costs.json"), read_json(tmp_path / "lora" / "costs.json")
    # Two layers: queries and outputs 48 x 48, keys and values 48 x 24, three of the feed-forward part 48 x 96.
    adapters = 2 * 4 * (2 * (48 + 48) + 2 * (48 + 24) + 3 * (48 + 96))
    assert full["trained_parameters"] == full["parameters"]
    assert (lora["trained_parameters"], lora["parameters"]) == (adapters, full["parameters"] + adapters)
    for costs in (full, lora):
        assert costs["steps"] == 6
        assert costs["seconds"] > 0
        assert costs["examples_per_second"] == pytest.approx(21 / costs["seconds"], rel=0.01)
        assert costs["memory_bytes"] > 50_000_000


def test_gradient_checkpointing_changes_nothing(weights: Path, tmp_path: Path) -> None:
    plain = tune(weights, tmp_path / "a")
    recomputed = tune(weights, tmp_path / "b", BASE.model_copy(update={"gradient_checkpointing": True}))
    assert losses(recomputed) == pytest.approx(losses(plain), rel=1e-5)


def test_an_exploded_loss_is_an_error(weights: Path, tmp_path: Path) -> None:
    broken = load_causal(weights, torch.float32)
    with torch.no_grad():
        next(iter(broken.parameters())).fill_(float("nan"))
    broken.save_pretrained(tmp_path / "broken")
    load_tokenizer(weights).save_pretrained(tmp_path / "broken")
    with pytest.raises(MarknerError, match="the loss is nan"):
        tune(tmp_path / "broken", tmp_path)
    assert not (tmp_path / "model").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="about machines without a GPU")
def test_qlora_needs_a_gpu(weights: Path, tmp_path: Path) -> None:
    with pytest.raises(MarknerError, match="needs a GPU"):
        tune(weights, tmp_path, BASE.model_copy(update={"method": "qlora"}))


def test_processes_must_divide_the_batch(weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "3")
    with pytest.raises(MarknerError, match="times 3 processes"):
        tune(weights, tmp_path, processes=3)


def test_a_signal_saves_a_state_and_the_next_run_goes_on(weights: Path, tmp_path: Path) -> None:
    expected = tune(weights, tmp_path / "straight")

    class Signal(TrainerCallback):
        def on_step_end(
            self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object
        ) -> None:
            if state.global_step == 2:
                os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    original = room._OrderedTrainer.__init__

    def with_signal(self: room._OrderedTrainer, **options: Any) -> None:
        original(self, **options | {"callbacks": [Signal(), *options["callbacks"]]})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room._OrderedTrainer, "__init__", with_signal)
        with pytest.raises(SystemExit) as left:
            tune(weights, tmp_path / "left")
    assert left.value.code == 143
    assert signal.getsignal(signal.SIGTERM) == before
    assert not (tmp_path / "left" / "model").exists()
    resumed = tune(weights, tmp_path / "left")
    assert read_json(tmp_path / "left" / "costs.json")["first_step"] == 2
    for name in ("model.safetensors", "../training.json"):
        assert (resumed / name).read_bytes() == (expected / name).read_bytes()
