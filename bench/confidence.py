"""What confidences cost copy-draft decoding: the same sentences with and without them, taking turns.

python bench/confidence.py MODEL INSTRUCTIONS SENTENCES [NUMBER] [PRECISION] [REPEATS]

As bench/decoding.py. Seconds are those of the processor. Without confidences, the most probable tokens are taken
without their probabilities, and no mark is looked for in the answers.
"""

import statistics
import sys
import time
from unittest.mock import patch

import torch
from answering import Answering, sampled_texts
from report import spread, write

from markner.models.decoding import copy_draft, generate
from markner.study.schema.systems import Decoding


def _no_probabilities(logits: torch.Tensor, _: object) -> tuple[torch.Tensor, torch.Tensor]:
    best = logits.argmax(dim=-1)
    return best, best


def main(
    model_folder: str,
    instructions: str,
    sentences: str,
    number: str = "16",
    precision: str = "fp32",
    repeats: str = "5",
) -> None:
    """Measure and write docs/measured/bench/confidence.*"""
    asked, texts = Answering(model_folder, instructions, precision), sampled_texts(sentences, number)
    decoding = Decoding(method="copy-draft", batch_size=8)
    seconds: dict[str, list[float]] = {"without": [], "with": []}
    answers: dict[str, list[str]] = {}
    asked.answers(texts[:2], decoding)  # the first touch of memory is not measured
    for turn in range(int(repeats)):
        for name in ("without", "with") if turn % 2 else ("with", "without"):
            begun = time.process_time()
            if name == "with":
                answers[name] = asked.answers(texts, decoding)
            else:
                with (
                    patch.object(copy_draft, "best_tokens", _no_probabilities),
                    patch.object(generate, "mark_confidences", lambda *_: ()),
                ):
                    answers[name] = asked.answers(texts, decoding)
            seconds[name].append(time.process_time() - begun)
    assert answers["with"] == answers["without"]
    ratio = statistics.median(a / b for a, b in zip(seconds["with"], seconds["without"], strict=True))
    write(
        "confidence",
        "Copy-draft decoding with and without confidences",
        [{"confidences": name, **spread(times)} for name, times in seconds.items()],
        sentences=len(texts),
        marks=sum(answer.count("<mark>") for answer in answers["with"]),
        precision=precision,
        threads=torch.get_num_threads(),
        median_ratio=round(ratio, 4),
    )
    print(f"median ratio {ratio:.4f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
