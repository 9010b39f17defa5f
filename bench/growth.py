"""How decoding, tagging, alignment and training grow with 1, 2, 4 and 8 times the work, in one run.

python bench/growth.py MODEL ENCODER INSTRUCTIONS SENTENCES [NUMBER]

MODEL and ENCODER are folders of tuned models. NUMBER sentences is the whole work; its first eighth is 1. The slope is
that of the least squares line through the logarithms of work and time: 1 is linear. (bench/scoring.py has scores.)
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from answering import Answering
from report import REPEATS, interleaved, write

from markner.data.documents import read_sentences
from markner.markup import align, mark
from markner.models.encoder.batches import encode
from markner.models.encoder.train import load_trained, tag_rows
from markner.models.weights import load_tokenizer
from markner.study.schema.systems import Decoding

EIGHTHS = (1, 2, 4, 8)


def main(model_folder: str, encoder_folder: str, instructions: str, sentences: str, number: str = "128") -> None:
    """Measure and write docs/measured/bench/growth.*"""
    asked = Answering(model_folder, instructions)
    tagger, pieces = load_trained(Path(encoder_folder), 128), load_tokenizer(Path(encoder_folder))
    base = list(read_sentences(sentences))
    rows = [replace(base[index % len(base)], id=str(index)) for index in range(16 * int(number))]

    def decode(count: int) -> None:
        asked.answers([row.text for row in rows[:count]], Decoding(method="copy-draft", batch_size=8))

    def tag(count: int) -> None:
        tag_rows(tagger, pieces, encode(rows[:count], pieces, 128))

    def aligned(count: int) -> None:
        for row in rows[:count]:
            # Lower case, as untuned models answer: the slow way, over common blocks of characters.
            align(row.text, mark(row.text, row.spans).lower())

    calls: dict[str, tuple[Callable[[int], None], int]] = {
        "copy-draft decoding": (decode, int(number)),
        "tagging with an encoder": (tag, 8 * int(number)),
        "alignment of answers that are not their input": (aligned, 16 * int(number)),
    }
    table = []
    for name, (call, most) in calls.items():
        call(8)
        works = [most * eighths // 8 for eighths in EIGHTHS]
        seconds = interleaved({str(work): partial(call, work) for work in works}, REPEATS)
        least = [min(seconds[str(work)]) for work in works]
        slope = float(np.polyfit(np.log(works), np.log(least), 1)[0])
        table.append(
            {
                "what": name,
                "sentences, all": most,
                **{
                    f"time x{work // works[0]}": round(each / least[0], 2)
                    for work, each in zip(works, least, strict=True)
                },
                "slope": round(slope, 3),
            }
        )
    write("growth", "How time grows with 1, 2, 4 and 8 times the sentences", table, repeats=REPEATS)


if __name__ == "__main__":
    main(*sys.argv[1:])
