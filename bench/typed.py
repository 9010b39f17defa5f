"""Several types in one pass with typed marks against a pass for each type, on the same sentences in turns.

python bench/typed.py MODEL SENTENCES [TYPES] [NUMBER] [REPEATS]

MODEL is a folder of a run trained with typed marks (`results/STUDY/models/RUN/seed1`); TYPES are parted by commas. The
model tags the sentences through `markner.load`, once asked for all types and once for each alone, with decoding as in
its study. Seconds are those of the processor.
"""

import statistics
import sys
import time
from collections.abc import Sequence
from functools import partial

import torch
from answering import sampled_texts
from report import REPEATS, interleaved, spread, write

from markner import load
from markner.annotate.text_tagger import TextTagger


def main(
    folder: str,
    sentences: str,
    types: str = "disease,chemical,gene",
    number: str = "48",
    repeats: str = str(REPEATS),
    name: str = "typed",
) -> None:
    """Measure and write docs/measured/bench/NAME.*"""
    texts = sampled_texts(sentences, number)
    peer = "a pass for each"
    taggers = {"all in one pass": [load(folder)], peer: [load(folder, entities=[each]) for each in types.split(",")]}

    def mentions(group: Sequence[TextTagger]) -> int:
        return sum(len(of_text) for tagger in group for of_text in tagger.tag(texts))

    counts = {label: mentions(group) for label, group in taggers.items()}  # the first touch of memory is not measured
    calls = {label: partial(mentions, group) for label, group in taggers.items()}
    seconds = interleaved(calls, int(repeats), time.process_time)
    each = statistics.median(seconds[peer])
    write(
        name,
        "Several types in one pass and in a pass for each",
        [
            {
                "types": label,
                "mentions": counts[label],
                **spread(times),
                f"x {peer}": round(each / statistics.median(times), 2),
            }
            for label, times in seconds.items()
        ],
        sentences=len(texts),
        threads=torch.get_num_threads(),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
