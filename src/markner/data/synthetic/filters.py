"""Filters of candidates: first of their form, then of copies; the first filter that refuses gives the reason."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from markner.data.documents import Sentence, Span
from markner.data.synthetic.candidates import Candidate
from markner.data.synthetic.similarity import Neighbours, Runs, words
from markner.errors import MarknerError
from markner.graphemes import whole_clusters
from markner.markup import mark, unmark
from markner.study.schema.self_instruct import Filters

Reason = Literal[
    "unfinished",
    "marks",
    "markup",
    "mark_inside_word",
    "no_mention",
    "length",
    "mention_length",
    "repetitive",
    "copy_of_test",
    "copy_of_seed",
    "copy_of_kept",
]
"""Reasons for refusing a candidate, in the order of the filters.

`unfinished`: the limit came before the end of the line. `marks`: unbalanced, nested or empty marks, or marks that do
not round-trip. `markup`: other tags, or traces of the prompt. `mark_inside_word`: a mark that cuts a word or a
letter from its accent, or holds white space at its ends. `no_mention`: nothing is marked, and it is not known whether a
mention was missed. `length`, `mention_length`, `repetitive`: implausible sentences. `copy_of_*`: a copy of a test
sentence, of a seed sentence, or of a candidate kept before."""

REASONS: tuple[Reason, ...] = get_args(Reason)

_MARKUP = re.compile(r"</?[A-Za-z][^<>]*>|<\||\|>|###|https?://")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision about a candidate.

    `text` and `spans` are set if the marks of the candidate could be read. `reason` is None if the candidate is kept.
    `detail` is the similarity to the nearest seed sentence if it is kept, else the finding of the filter.
    """

    candidate: Candidate
    text: str | None
    spans: tuple[Span, ...]
    reason: Reason | None
    detail: str


def judge(
    candidates: Iterable[Candidate], seed_sentences: Sequence[Sentence], tests: Iterable[Sentence], filters: Filters
) -> Iterator[Verdict]:
    """Judge candidates in their order; later ones must differ from each one that is kept.

    `seed_sentences` are all, also without a mention; `tests` the test sentences of every corpus of the study.
    """
    named_tests = [(sentence.id, sentence.text) for sentence in tests]
    test, runs = Neighbours(named_tests), Runs(filters.test_run, named_tests)
    seeds = Neighbours((sentence.id, sentence.text) for sentence in seed_sentences)
    kept = Neighbours()
    for candidate in candidates:
        verdict = form(candidate, filters)
        if verdict.reason is None and (text := verdict.text) is not None:
            reason, detail = _copy(text, test, runs, seeds, kept, filters)
            verdict = replace(verdict, reason=reason, detail=detail)
            if reason is None:
                kept.add(f"candidate {candidate.number}", text)
        yield verdict


def form(candidate: Candidate, filters: Filters) -> Verdict:
    """Judge a candidate by its form: its marks, its length, its words."""
    raw = candidate.raw.strip()

    def refused(reason: Reason, detail: str, text: str | None = None, spans: tuple[Span, ...] = ()) -> Verdict:
        return Verdict(candidate, text, spans, reason, detail)

    if not candidate.finished:
        return refused("unfinished", "")
    try:
        text, spans = unmark(raw)
    except MarknerError as error:
        return refused("marks", error.message.partition(":")[0])
    if mark(text, spans) != raw:
        return refused("marks", "does not come back from text and spans")
    if match := _MARKUP.search(text):
        return refused("markup", match.group())
    if cut := next((span for span in spans if not _whole_words(text, span)), None):
        return refused("mark_inside_word", text[slice(*cut)], text, spans)
    if not spans:
        return refused("no_mention", "", text)
    size = len(words(text))
    if not filters.min_words <= size <= filters.max_words:
        return refused("length", f"{size} words", text, spans)
    surfaces = (text[slice(*span)] for span in spans)
    if wrong := next((each for each in surfaces if not 1 <= len(words(each)) <= filters.max_mention_words), None):
        return refused("mention_length", wrong, text, spans)
    distinct = len(set(words(text))) / size
    if distinct < filters.min_distinct:
        return refused("repetitive", f"{distinct:.2f} of the words are different", text, spans)
    return Verdict(candidate, text, spans, None, "")


def _copy(
    text: str, test: Neighbours, runs: Runs, seeds: Neighbours, kept: Neighbours, filters: Filters
) -> tuple[Reason | None, str]:
    """Return reason and detail of the verdict on a well-formed candidate, by the sentences that it must not repeat."""
    if (name := runs.shared(text)) is not None:
        return "copy_of_test", f"{filters.test_run} words in a row of {name}"
    limits: tuple[tuple[Reason, Neighbours, float], ...] = (
        ("copy_of_test", test, filters.test_similarity),
        ("copy_of_seed", seeds, filters.similarity),
        ("copy_of_kept", kept, filters.similarity),
    )
    for reason, neighbours, least in limits:
        if (near := neighbours.nearest(text, least)) is not None:
            return reason, f"ROUGE-L {near[1]:.2f} with {near[0]}"
    nearest = seeds.nearest(text)
    return None, f"nearest seed sentence: ROUGE-L {nearest[1]:.2f} with {nearest[0]}" if nearest else ""


def _whole_words(text: str, span: Span) -> bool:
    """Return whether a span begins and ends at borders of words and grapheme clusters, without white space there."""
    surface = text[slice(*span)]
    if surface != surface.strip() or whole_clusters(text, [span]) != (span,):
        return False
    cuts_start = span.start > 0 and text[span.start - 1].isalnum() and surface[0].isalnum()
    cuts_end = span.end < len(text) and text[span.end].isalnum() and surface[-1].isalnum()
    return not (cuts_start or cuts_end)
