"""Compare the memory that trainings and predictions need with that of a GPU, and name a setting that makes them fit."""

from collections.abc import Iterator
from pathlib import Path

from markner.preflight.cluster import Problem
from markner.study.paths import results_of
from markner.study.queries import hardware_of, training_processes
from markner.study.schema.study import Study
from markner.study.schema.systems import GenerativeRun, Training

# Headroom of a GPU: the largest gathered layer, buffers of the communication, fragmentation.
_USABLE = 0.9
# Prompt and answer of a long sentence in tokens; the longest of the paper's test sets have fewer.
_LONG_ROW = 1024


def fetched_weights(study: Study, model: str) -> Path | None:
    """Return the folder with the weights of a model, None if they are not here yet."""
    folder = results_of(study.study) / "weights" / model
    return folder if (folder / "config.json").is_file() else None


def memory_lines(study: Study, gpu_gb: float) -> Iterator[tuple[str, Problem | None]]:
    """Yield a line for each training and prediction on GPUs, with the problem if it does not fit on one of `gpu_gb`.

    Before a model's weights are here, its sizes are estimated from `hardware.billions`.
    """
    for name, run in study.live_runs().items():
        if isinstance(run, GenerativeRun) and hardware_of(study, name).device != "cpu":
            yield from _run_lines(study, name, run, gpu_gb)


def _run_lines(study: Study, name: str, run: GenerativeRun, gpu_gb: float) -> Iterator[tuple[str, Problem | None]]:
    from markner.models.causal.memory import (
        Shape,
        activation_bytes,
        prediction_bytes,
        read_shape,
        step_bytes,
        training_bytes,
    )

    folder, billions = fetched_weights(study, run.model), hardware_of(study, name).billions
    if folder is not None:
        shape, known = read_shape(folder), ""
    elif billions is not None:
        shape, known = Shape.of_parameters(1e9 * billions), ", estimated"
    else:
        yield f"  {name}: unknown before its weights are here; set `hardware.billions`", None
        return
    room = _USABLE * gpu_gb

    def needed(training: Training, processes: int) -> float:
        return step_bytes(shape, training, processes, activation_bytes(shape, training, processes)) / 1e9

    if run.mixture:
        processes = training_processes(study, name)
        total = needed(run.training, processes)
        held = training_bytes(shape.parameters, run.training, processes) / 1e9
        line = (
            f"  {name}, training{known}: {shape.parameters / 1e9:.2f} billion parameters over {processes}:"
            f" {held:.1f} GB, with activations at most {total:.1f} GB"
        )
        problem = f"training: {total:.0f} GB do not fit on a GPU of {gpu_gb:g} GB"
        changes = _changes(run.training, processes)
        fixes = (text for text, training, count in changes if needed(training, count) <= room)
        fix = next(fixes, "take a smaller model, or GPUs with more memory")
        yield line, (f"runs.{name}", problem, fix) if total > room else None
    total = prediction_bytes(shape, run.decoding, _LONG_ROW) / 1e9
    many = run.decoding.batch_size
    line = f"  {name}, prediction{known}: {total:.1f} GB with keys and values of {many} long sentences"
    problem, fix = f"prediction: {total:.0f} GB do not fit on a GPU of {gpu_gb:g} GB", "lower `decoding.batch_size`"
    yield line, (f"runs.{name}", problem, f"{fix} ({many})") if total > room else None


def _changes(training: Training, processes: int) -> Iterator[tuple[str, Training, int]]:
    """Yield trainings that need less memory as text, settings and processes, in the order in which they cost least."""

    def changed(**values: object) -> Training:
        return training.model_copy(update=values)

    size = training.device_batch_size
    while size > 1:
        size //= 2
        yield f"set `device_batch_size: {size}`", changed(device_batch_size=size), processes
    yield "set `gradient_checkpointing: true`", changed(gradient_checkpointing=True), processes
    least: dict[str, object] = {"device_batch_size": 1, "gradient_checkpointing": True}
    texts = "`device_batch_size: 1` and `gradient_checkpointing: true`"
    yield f"set {texts}", changed(**least), processes
    if training.method != "qlora":
        for count in (2 * processes, 4 * processes, 8 * processes):
            yield f"set the model's `hardware.processes: {count}`", training, count
        yield f"set the model's `hardware.processes: {8 * processes}`, {texts}", changed(**least), 8 * processes
    if training.method == "full":
        yield "use `method: lora`", changed(method="lora"), processes
    if training.method != "qlora":
        yield f"use `method: qlora`, {texts}", changed(method="qlora", **least), 1
