"""From candidates to an instruction set that runs train on, with the verdict on each candidate and their counts."""

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markner.data.documents import Sentence, read_sentences
from markner.data.instructions import Instance
from markner.data.synthetic.candidates import candidate_row, draw_seed, read_candidates
from markner.data.synthetic.filters import REASONS, Verdict, judge
from markner.errors import MarknerError
from markner.files import atomic, write_json, write_jsonl, write_text
from markner.markup import mark
from markner.study.schema.self_instruct import Filters

_DIGITS = 6


def build_set(
    candidates: Path,
    sentences: Path,
    tests: Sequence[Path],
    *,
    name: str,
    corpus: str,
    instruction: str,
    seed_sentences: int,
    seed: int,
    filters: Filters,
    instructions: Path,
    index: Path,
    verdicts: Path,
    report: Path,
    markdown: Path,
) -> None:
    """Filter candidates and write the seed sentences and those kept as an instruction set.

    Args:
        candidates: JSON lines of `Candidate`.
        sentences: The training split that the seed sentences are drawn from.
        tests: Test sentences of every corpus of the study.
        name: Name of the set in the study.
        corpus: Name of the seed's corpus.
        instruction: The instruction of all its instances.
        seed_sentences: Size of the seed.
        seed: Seed of the draw.
        filters: What a candidate must be.
        instructions: File to write: a JSON list of objects with exactly `instruction`, `input`, `output`; the seed
            sentences first.
        index: CSV to write, as a mixture has: the corpus and the sentence behind each instance; for a candidate the set's
            name and the candidate's number.
        verdicts: JSON lines to write, one for each candidate: its provenance and raw text, its text and spans if its
            marks can be read, whether it was kept, the reason if not, and what the filter saw.
        report: JSON file to write: counts by reason, and how new what was kept is.
        markdown: The same to read.

    Raises:
        MarknerError: A candidate was shown a sentence that is not in the seed.
    """
    drawn = draw_seed(sentences, seed_sentences, seed)
    rows = list(read_candidates(candidates))
    known = {sentence.id for sentence in drawn}
    for row in rows:
        if strangers := [shown for shown in row.shown if shown not in known]:
            raise MarknerError(
                f"{candidates}: candidate {row.number} was shown {strangers[0]}, which is not in the seed",
                "write the candidates again",
            )
    held = [sentence for path in tests for sentence in read_sentences(path)]
    judged = list(judge(rows, drawn, held, filters))
    kept = [verdict for verdict in judged if verdict.reason is None]
    demonstrations = [Instance(instruction, row.text, mark(row.text, row.spans)) for row in drawn]
    demonstrations += [Instance(instruction, row.text or "", mark(row.text or "", row.spans)) for row in kept]
    origin = [(corpus, row.id) for row in drawn]
    origin += [(name, f"candidate {row.candidate.number}") for row in kept]
    write_json(
        instructions,
        [{"instruction": row.instruction, "input": row.input, "output": row.output} for row in demonstrations],
    )
    with atomic(index) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["instance", "corpus", "sentence"])
        writer.writerows((number, *place) for number, place in enumerate(origin))
    write_jsonl(verdicts, map(verdict_row, judged))
    counts = figures(judged, drawn, len(held))
    write_json(report, {"set": name, "corpus": corpus, "seed": seed, **counts})
    write_text(markdown, _markdown(name, corpus, counts))


def verdict_row(verdict: Verdict) -> dict[str, Any]:
    """A verdict as the object of its line."""
    return {
        **candidate_row(verdict.candidate),
        "text": verdict.text,
        "spans": [list(span) for span in verdict.spans],
        "kept": verdict.reason is None,
        "reason": verdict.reason,
        "detail": verdict.detail,
    }


def figures(judged: Sequence[Verdict], drawn: Sequence[Sentence], tests: int) -> dict[str, Any]:
    """Counts of what was written, refused and kept, and how new the kept mentions are."""
    reasons = Counter(verdict.reason for verdict in judged)
    kept = [verdict for verdict in judged if verdict.reason is None]
    mentions = [(row.text or "")[slice(*span)].casefold() for row in kept for span in row.spans]
    seeded = {sentence.text[slice(*span)].casefold() for sentence in drawn for span in sentence.spans}
    return {
        "seed_sentences": len(drawn),
        "seed_mentions": sum(len(sentence.spans) for sentence in drawn),
        "test_sentences_held_against": tests,
        "candidates": len(judged),
        "kept": len(kept),
        "kept_share": round(len(kept) / len(judged), _DIGITS) if judged else 0.0,
        "refused": {reason: reasons[reason] for reason in REASONS},
        "kept_mentions": len(mentions),
        "kept_mentions_different": len(set(mentions)),
        "kept_mentions_not_in_seed": len(set(mentions) - seeded),
        "instances": len(drawn) + len(kept),
    }


def _markdown(name: str, corpus: str, counts: dict[str, Any]) -> str:
    lines = [
        f"**Self-instruct set {name}**, from {counts['seed_sentences']} annotated sentences of {corpus}"
        f" ({counts['seed_mentions']} mentions)",
        "",
        "| what became of the candidates | number |",
        "|---|--:|",
        f"| written | {counts['candidates']} |",
        *(f"| refused: {reason.replace('_', ' ')} | {number} |" for reason, number in counts["refused"].items()),
        f"| kept | {counts['kept']} |",
        f"| mentions in those kept | {counts['kept_mentions']} |",
        f"| of these different from each other | {counts['kept_mentions_different']} |",
        f"| of these not in the seed | {counts['kept_mentions_not_in_seed']} |",
        f"| instances of the set, seed included | {counts['instances']} |",
        "",
        f"Each candidate was held against {counts['test_sentences_held_against']} test sentences of the study. Nobody"
        " has judged whether what is marked is right: see docs/self-instruct.md.",
    ]
    return "\n".join(lines) + "\n"
