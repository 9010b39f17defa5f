"""Several types in one pass with typed marks against a pass for each type, on the same sentences in turns.

python bench/typed.py MODEL SENTENCES [TYPES] [NUMBER] [REPEATS]

MODEL is a folder of a run trained with typed marks (`results/STUDY/models/RUN/seed1`); TYPES are parted by commas. The
model tags the sentences through `markner.load`, once asked for all types and once for each alone, with decoding as in
its study. Seconds are those of the processor.
"""

import statistics
import sys
import time

import torch
from answering import sampled_texts
from report import REPEATS, spread, write

from markner import load


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
    seconds: dict[str, list[float]] = {label: [] for label in taggers}
    mentions: dict[str, int] = {}
    for group in taggers.values():
        list(group[0].tag(texts[:2]))  # the first touch of memory is not measured
    for _ in range(int(repeats)):
        for label, group in taggers.items():
            begun = time.process_time()
            tagged = [found for tagger in group for found in tagger.tag(texts)]
            seconds[label].append(time.process_time() - begun)
            mentions[label] = sum(map(len, tagged))
    each = statistics.median(seconds[peer])
    write(
        name,
        "Several types in one pass and in a pass for each",
        [
            {
                "types": label,
                "mentions": mentions[label],
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
