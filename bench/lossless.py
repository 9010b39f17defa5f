"""Whether copy-draft decoding answers as Hugging Face's greedy search does, on many sentences.

python bench/lossless.py MODEL INSTRUCTIONS SENTENCES [NUMBER] [PRECISION]

As bench/decoding.py, but for each sentence once and for the answers' sake: greedy search in batches of 8, copy-draft in
batches of 8, and in bfloat16, where rounding decides near ties, also greedy search in batches of 16 for comparison.
"""

import sys
from contextlib import nullcontext

from answering import Answering, Passes, linear_of_torch, same, sampled_texts
from report import write

from markner.study.schema.systems import Decoding


def main(model_folder: str, instructions: str, sentences: str, number: str = "1000", precision: str = "fp32") -> None:
    """Measure and write docs/measured/bench/lossless-PRECISION.*"""
    asked, texts = Answering(model_folder, instructions, precision), sampled_texts(sentences, number)
    systems = {"greedy search, batch 8": ("greedy", 8), "copy-draft, batch 8": ("copy-draft", 8)}
    if precision != "fp32":
        systems["greedy search, batch 16"] = ("greedy", 16)
    answers: dict[str, list[str]] = {}
    table = []
    for name, (method, batch) in systems.items():
        decoding = Decoding(method=method, batch_size=batch)
        layers = linear_of_torch(asked.model) if method == "greedy" else nullcontext()
        with layers, Passes(asked.model) as passes:
            answers[name] = asked.answers(texts, decoding)
        tokens = asked.tokens(answers[name])
        table.append(
            {
                "method": name,
                "sentences": len(texts),
                "same answers": same(answers[name], answers["greedy search, batch 8"]),
                "tokens": tokens,
                "tokens/pass": round(tokens / len(passes), 2),
            }
        )
    write(f"lossless-{precision}", "Answers of copy-draft decoding and of greedy search", table, precision=precision)


if __name__ == "__main__":
    main(*sys.argv[1:])
