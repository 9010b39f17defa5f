"""Constrained decoding with drafts against the same constraint in Hugging Face `generate`, a token a pass, in one run.

python bench/constrained.py MODEL INSTRUCTIONS SENTENCES [NUMBER] [BATCH] [REPEATS]

As bench/decoding.py. The peer's `prefix_allowed_tokens_fn` has the allowed tokens of the same automaton; it gets the
longest sentences first, as ours does. Seconds of the processor stand beside those of the clock.
"""

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial

import torch
from answering import Answering, Passes, same, sampled_texts
from decoding import hf_answers
from report import REPEATS, spread, write

from markner.models.decoding.constrained import Constraint, Vocabulary
from markner.models.decoding.generate import end_tokens
from markner.models.decoding.query import Query
from markner.study.schema.systems import Decoding


def hf_constrained(asked: Answering, vocabulary: Vocabulary, texts: Sequence[str], batch: int) -> list[str]:
    """Answer with `generate`, each token among the allowed ones."""
    ends = end_tokens(asked.model, asked.tokenizer)
    order = sorted(range(len(texts)), key=lambda index: -len(texts[index]))
    answers: dict[int, str] = {}
    for start in range(0, len(order), batch):
        part = order[start : start + batch]
        constraints = [Constraint(vocabulary, asked.tokenizer, Query([], texts[index], 0), ends) for index in part]
        states = [constraint.start for constraint in constraints]
        lengths: list[int] = []

        def allowed(
            row: int,
            ids: torch.Tensor,
            constraints: list[Constraint] = constraints,
            states: list = states,  # type: ignore[type-arg]
            lengths: list[int] = lengths,
        ) -> list[int]:
            lengths.append(len(ids))
            if len(ids) > lengths[0]:
                states[row] = constraints[row].after(states[row], int(ids[-1]))
            return constraints[row].allowed(states[row])

        written = hf_answers(asked, [texts[index] for index in part], batch, prefix_allowed_tokens_fn=allowed)
        answers.update(zip(part, written, strict=True))
    return [answers[index] for index in range(len(texts))]


def main(
    model_folder: str,
    instructions: str,
    sentences: str,
    number: str = "32",
    batch: str = "16",
    repeats: str = str(REPEATS),
    name: str = "constrained",
) -> None:
    """Measure and write docs/measured/bench/NAME.*"""
    asked, texts, size = Answering(model_folder, instructions), sampled_texts(sentences, number), int(batch)
    decoding = Decoding(method="constrained", batch_size=size, precision="fp32")
    peer, own = f"HF, the same constraint, batch {size}", f"constrained with drafts, batch {size}"
    systems: dict[str, Callable[[], list[str]]] = {
        peer: partial(hf_constrained, asked, Vocabulary(asked.tokenizer), texts, size),
        own: partial(asked.answers, texts, decoding),
    }
    asked.answers(texts[:2], decoding)  # the first touch of memory is not measured
    seconds: dict[str, list[float]] = {system: [] for system in systems}
    processor: dict[str, list[float]] = {system: [] for system in systems}
    answers: dict[str, list[str]] = {}
    passes: dict[str, int] = {}
    with Passes(asked.model) as count:
        for _ in range(int(repeats)):
            for system, call in systems.items():
                count.clear()
                begun, busy = time.perf_counter(), time.process_time()
                answers[system] = call()
                seconds[system].append(time.perf_counter() - begun)
                processor[system].append(time.process_time() - busy)
                passes[system] = len(count)
    write(
        name,
        "Constrained decoding of the same sentences, with drafts and a token a pass",
        [
            {
                "method": system,
                "x HF, constrained": round(min(seconds[peer]) / min(times), 2),
                "x HF, processor time": round(min(processor[peer]) / min(processor[system]), 2),
                "passes": passes[system],
                "same answers": same(answers[system], answers[peer]),
                "processor seconds": round(statistics.median(processor[system]), 2),
                **spread(times),
            }
            for system, times in seconds.items()
        ],
        sentences=len(texts),
        tokens=asked.tokens(answers[peer]),
        threads=torch.get_num_threads(),
        repeats=int(repeats),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
