"""Self-instruct sets: the kept candidates as an instruction set, with the verdict on each candidate and counts."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from markner.data.documents import Sentence, read_sentences
from markner.data.instructions import Instance, write_instances
from markner.data.synthetic.candidates import Candidate, draw_seed
from markner.data.synthetic.filters import REASONS, Verdict, judge
from markner.data.synthetic.params import SelfInstructParams
from markner.errors import MarknerError
from markner.files import read_records, record_row, write_json, write_jsonl, write_text
from markner.markup import escape_marks, mark

_DIGITS = 6


def build_set(
    name: str,
    params: SelfInstructParams,
    candidates: Path,
    sentences: Path,
    tests: Sequence[Path],
    *,
    instructions: Path,
    index: Path,
    verdicts: Path,
    report: Path,
    markdown: Path,
) -> None:
    """Filter candidates and write the seed sentences and the kept candidates as an instruction set.

    Args:
        name: Name of the set in the study.
        params: Settings of the set.
        candidates: JSON lines of `Candidate`.
        sentences: The training split that the seed sentences are drawn from.
        tests: Test sentences of every corpus of the study.
        instructions: A JSON list of objects with exactly `instruction`, `input`, `output`; the seed sentences first.
        index: CSV as a mixture has: the corpus and the sentence behind each instance; for a candidate the name of the
            set and the number of the candidate.
        verdicts: JSON lines, one for each candidate: its provenance and raw text, its text and spans if its marks can
            be read, whether it is kept, the reason if not, and the detail of the filter.
        report: JSON: counts by reason, and how new the kept candidates are.
        markdown: The report as a page.

    Raises:
        MarknerError: A candidate was written after a sentence that is not in the seed.
    """
    seed_sentences = draw_seed(sentences, params.seed_sentences, params.seed)
    written = list(read_records(candidates, Candidate))
    _check_shown(candidates, written, seed_sentences)
    test_sentences = [sentence for path in tests for sentence in read_sentences(path)]
    judged = list(judge(written, seed_sentences, test_sentences, params.filters))
    kept = [verdict for verdict in judged if verdict.reason is None]
    origin = [(params.corpus, row.id) for row in seed_sentences]
    origin += [(name, f"candidate {row.candidate.number}") for row in kept]
    texts = [(row.text, row.spans) for row in seed_sentences] + [(row.text or "", row.spans) for row in kept]
    instances = [Instance(params.instruction, escape_marks(text), mark(text, spans)) for text, spans in texts]
    write_instances(instances, origin, instructions, index)
    write_jsonl(verdicts, map(verdict_row, judged))
    counts = set_counts(judged, seed_sentences, len(test_sentences))
    write_json(report, {"set": name, "corpus": params.corpus, "seed": params.seed, **counts})
    write_text(markdown, _markdown(name, params.corpus, counts))


def _check_shown(path: Path, candidates: Iterable[Candidate], seed_sentences: Iterable[Sentence]) -> None:
    known = {sentence.id for sentence in seed_sentences}
    for candidate in candidates:
        if unknown := [shown for shown in candidate.shown if shown not in known]:
            raise MarknerError(
                f"{path}: candidate {candidate.number} was shown {unknown[0]}, which is not in the seed",
                "write the candidates again",
            )


def verdict_row(verdict: Verdict) -> dict[str, Any]:
    """Return the row of a verdict."""
    return {
        **record_row(verdict.candidate),
        "text": verdict.text,
        "spans": [list(span) for span in verdict.spans],
        "kept": verdict.reason is None,
        "reason": verdict.reason,
        "detail": verdict.detail,
    }


def set_counts(verdicts: Sequence[Verdict], seed_sentences: Sequence[Sentence], tests: int) -> dict[str, Any]:
    """Return counts of candidates written, refused and kept, and how new the kept mentions are."""
    reasons = Counter(verdict.reason for verdict in verdicts)
    kept = [verdict for verdict in verdicts if verdict.reason is None]
    mentions = [(row.text or "")[slice(*span)].casefold() for row in kept for span in row.spans]
    in_seed = {sentence.text[slice(*span)].casefold() for sentence in seed_sentences for span in sentence.spans}
    return {
        "seed_sentences": len(seed_sentences),
        "seed_mentions": sum(len(sentence.spans) for sentence in seed_sentences),
        "test_sentences_held_against": tests,
        "candidates": len(verdicts),
        "kept": len(kept),
        "kept_share": round(len(kept) / len(verdicts), _DIGITS) if verdicts else 0.0,
        "refused": {reason: reasons[reason] for reason in REASONS},
        "kept_mentions": len(mentions),
        "kept_mentions_different": len(set(mentions)),
        "kept_mentions_not_in_seed": len(set(mentions) - in_seed),
        "instances": len(seed_sentences) + len(kept),
    }


def _markdown(name: str, corpus: str, counts: dict[str, Any]) -> str:
    lines = [
        f"**Self-instruct set {name}**, from {counts['seed_sentences']} annotated sentences of {corpus}"
        f" ({counts['seed_mentions']} mentions)",
        "",
        "| candidates | number |",
        "|---|--:|",
        f"| written | {counts['candidates']} |",
        *(f"| refused: {reason.replace('_', ' ')} | {number} |" for reason, number in counts["refused"].items()),
        f"| kept | {counts['kept']} |",
        f"| mentions in the kept candidates | {counts['kept_mentions']} |",
        f"| of these different from each other | {counts['kept_mentions_different']} |",
        f"| of these not in the seed | {counts['kept_mentions_not_in_seed']} |",
        f"| instances of the set, seed included | {counts['instances']} |",
        "",
        f"Each candidate was compared with {counts['test_sentences_held_against']} test sentences of the study. Nobody"
        " has checked whether the marked mentions are right: see docs/self-instruct.md.",
    ]
    return "\n".join(lines) + "\n"
