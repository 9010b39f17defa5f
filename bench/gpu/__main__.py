"""Measure training, decoding and a small study on one GPU within ten minutes: `make gpu`.

python -m gpu [--minutes 10] [--mirror FOLDER] [--output FOLDER] [--only PART ...] [--toy]   (with bench/ on PYTHONPATH)

1. Training at the shape of LLaMA-2-7B with random weights, with as many layers as fit: Alpaca's recipe, padded batches
   and a shared prefix, with the peak memory beside the memory model's prediction.
2. SmolLM2-135M tuned on three corpora for the time that is left, scored on their test sets; the grid of an encoder.
3. Decoding with the tuned model in the shape of 7B (`grown.py`), against Hugging Face's greedy search and prompt
   lookup; the answers are compared in float32.

Without a GPU the same runs at toy size, and proves only that it works. With `--mirror` the corpora are the real ones,
without it the sample corpus.
"""

import argparse
import time
from dataclasses import replace
from functools import cache
from pathlib import Path

import torch
from answering import Answering, sampled_texts
from decoding import compared
from plot import Panel, draw_bars
from report import write

from gpu.grown import grown
from gpu.shapes import LLAMA_7B, TOY, Size, slightly_larger
from gpu.study import GpuStudy
from gpu.training import examples_per_second, measure, row
from markner.data.instructions import read_instances
from markner.models.causal.examples import Example, build_examples
from markner.models.weights import load_tokenizer
from markner.study.schema.corpora import Prompt
from markner.study.schema.systems import Training

_WAYS = {"alpaca": "Alpaca recipe", "padded": "padded, answers' columns only", "prefix": "shared prefix"}
_SMOLLM2 = Size("SmolLM2-135M", 30, 576, 1536, 9, 49_152)
_PARTS = ("training", "study", "decoding")
_DECODING_MINUTES = 3.5
"""Kept for the encoder's grid and for decoding."""
_PANELS = (
    Panel("training", "way", "examples/s", "Training at the width of 7B: examples a second"),
    Panel("decoding-bf16", "method", "sentences/s", "Decoding at the shape of 7B, bf16: sentences a second"),
    Panel("decoding-fp32", "method", "sentences/s", "The same in float32"),
)


class Session:
    """The settings of one measurement and its clock."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.toy: bool = arguments.toy or not torch.cuda.is_available()
        self.output = Path(arguments.output or (".markner/gpu-toy" if self.toy else "docs/measured/gpu"))
        self.mirror: str | None = arguments.mirror
        self.parts: list[str] = arguments.only or list(_PARTS)
        self._end: float = time.monotonic() + 60 * arguments.minutes

    def seconds_left(self) -> float:
        """Return the seconds until the time is up; negative afterwards."""
        return self._end - time.monotonic()

    def start(self, part: str) -> None:
        """Say which part starts, and how much time is left."""
        print(f"\n== {part}; {self.seconds_left() / 60:.1f} minutes left", flush=True)


def main() -> None:
    """Measure everything and write tables and a picture."""
    parser = argparse.ArgumentParser(prog="make gpu", description=str(__doc__).splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10, help="time for everything (10)")
    parser.add_argument("--mirror", help="folder with the real corpora, as for the studies")
    parser.add_argument("--output", help="folder of the tables (docs/measured/gpu; .markner/gpu-toy without a GPU)")
    parser.add_argument("--only", nargs="+", choices=_PARTS, help="parts to measure; decoding needs an earlier study")
    parser.add_argument("--toy", action="store_true", help="toy size, also on a GPU")
    session = Session(parser.parse_args())
    if session.toy:
        print("Toy size: this proves that the measurement works; its figures mean nothing.")
    config = "config/real-cpu.yaml" if session.mirror else "config/demo.yaml"
    study = GpuStudy(Path(config), session.mirror, session.toy)
    session.start("corpora and pretrained weights")
    study.make(study.instructions, study.weights)
    if "training" in session.parts:
        _measure_training(session, study)
    if "study" in session.parts:
        _tune(session, study)
    if "decoding" in session.parts:
        _measure_decoding(session, study)
    draw_bars(session.output, _PANELS, "%.3g", session.output / "gpu.png")
    print(f"\nTables and picture: {session.output}")


def _measure_training(session: Session, study: GpuStudy) -> None:
    """Write the training table."""
    session.start("training at the shape of 7B")
    training, size, examples, steps = _material(session, study)
    if not session.toy:
        size = size.that_fits(_longest(training, examples), 0.92 * torch.cuda.mem_get_info()[0])
    measured = {way: measure(size, examples, training, way, steps) for way in _WAYS}
    alpaca = measured["alpaca"].examples / sum(measured["alpaca"].seconds)
    write(
        "training",
        f"Training at the width of {size.name}, {size.layers} layers, random weights, bf16 under autocast",
        [row(label, measured[way], alpaca) for way, label in _WAYS.items()],
        folder=session.output,
        layers=size.layers,
        parameters=size.shape().parameters,
        batch=training.batch_size,
        steps=steps,
        tokens_per_example=round(measured["alpaca"].tokens / measured["alpaca"].examples, 1),
    )


@cache  # two parts use it, and tokenizing takes seconds of a GPU's time
def _material(session: Session, study: GpuStudy) -> tuple[Training, Size, list[Example], int]:
    """Return settings, the model's sizes, examples, and how many steps are timed."""
    batch, steps, size = (4, 2, TOY) if session.toy else (32, 12, LLAMA_7B)
    training = Training(batch_size=batch, device_batch_size=batch, max_length=512, too_long="exclude")
    tokenizer = load_tokenizer(study.weights)
    examples, _ = build_examples(read_instances(str(study.instructions)), Prompt().template, tokenizer, training)
    # The tokens are SmolLM2's, so the vocabulary is too.
    return training, replace(size, vocabulary=len(tokenizer)), examples, steps


def _longest(training: Training, examples: list[Example]) -> Training:
    """Return the settings with the length of the longest example, for which memory is reserved."""
    return training.model_copy(update={"max_length": max(map(len, examples))})


def _tune(session: Session, study: GpuStudy) -> None:
    """Tune SmolLM2 for the time that is left, train the encoder's grid, and write their scores."""
    training, size, examples, steps = _material(session, study)
    probe = replace(TOY if session.toy else _SMOLLM2, vocabulary=size.vocabulary)
    rate = examples_per_second(probe, examples, training, steps)
    instances = len(examples)
    # Half of the time that decoding leaves is for training, the rest for starting, predicting and the grid.
    seconds = max(0.0, session.seconds_left() - 60 * _DECODING_MINUTES) / 2
    fraction = min(1.0, round(rate * seconds / instances, 2))
    if session.toy:
        fraction = 1.0
    if fraction <= 0:
        print("no time is left to tune SmolLM2")
        return
    session.start(f"SmolLM2-135M on {fraction:.0%} of {instances} instructions ({rate:.0f} examples a second)")
    study.set_fraction(fraction)
    study.make(*study.scores("smollm2", study.corpora))
    session.start("an encoder's grid")
    study.make(*study.scores("minilm", study.corpora[:1]))
    costs = study.costs()
    write(
        "study",
        f"SmolLM2-135M tuned on {fraction:.0%} of three corpora, and an encoder",
        study.rows(),
        folder=session.output,
        training=costs,
        encoder_points_an_hour=round(study.encoder_points_an_hour()),
    )


def _measure_decoding(session: Session, study: GpuStudy) -> None:
    """Write the decoding tables: speed in bf16, and whether the answers are the same in float32."""
    if not study.tuned.is_dir():
        print("decoding is not measured: no model was tuned")
        return
    study.make(study.sentences())
    session.start("decoding at the shape of 7B")
    number, batches = ("3", (2,)) if session.toy else ("16", (1, 8, 16))
    texts = sampled_texts(str(study.sentences()), number)
    for precision in ("bf16", "fp32"):
        if session.seconds_left() < 0 and not session.toy:
            print(f"no time is left for decoding in {precision}")
            return
        dtype = torch.bfloat16 if precision == "bf16" else torch.float32
        answering = Answering(str(study.tuned), str(study.instructions))
        size = slightly_larger(answering.model.config) if session.toy else LLAMA_7B
        answering.model = grown(answering.model, size, dtype)
        rows = compared(answering, texts, batches, repeats=1)
        write(
            f"decoding-{precision}",
            f"Decoding at the shape of {size.name} in {precision}, answers compared with HF greedy at batch 1",
            rows,
            folder=session.output,
            sentences=int(number),
            parameters=answering.model.num_parameters(),
        )


if __name__ == "__main__":
    main()
