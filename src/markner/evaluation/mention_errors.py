"""Find the errors of a system (paper 4.1): each strict error with its kind and sub-kind."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from markner.data.abbreviations import compact, is_short_form, long_form_start, longest_window
from markner.data.documents import Sentence, Span, overlaps

Kind = Literal["missing", "wrong", "boundary"]
"""Gold without a prediction, a prediction without gold, a prediction that overlaps its gold and is not equal to it."""

SubKind = Literal["abbreviation", "longer", "shorter", "shifted", "split", "merged", "other"]
"""`longer`, `shorter`, `shifted`: how a prediction lies to its gold. `split`: one gold mention under several
predictions; `merged`: several under one; all rows of such a case bear it. `abbreviation`: of missing and wrong ones."""

KINDS: tuple[Kind, ...] = get_args(Kind)
SUB_KINDS: tuple[SubKind, ...] = get_args(SubKind)


@dataclass(frozen=True, slots=True)
class Error:
    """One error of a system in one sentence; at least one of `gold` and `predicted` is there."""

    sentence: str
    gold: Span | None
    predicted: Span | None
    kind: Kind
    sub_kind: SubKind

    @property
    def id(self) -> str:
        """Sentence and offsets: the same error has the same name in every run and seed."""
        spans = [f"{name}{span.start}-{span.end}" for name, span in (("g", self.gold), ("p", self.predicted)) if span]
        return " ".join([self.sentence, *spans])


def sentence_errors(sentence: Sentence, predicted: Sequence[Span]) -> list[Error]:
    """Return the errors of one sentence in the order of the text.

    Gold and predictions are paired one to one. There are as many overlapping pairs as possible, as in the partial
    score; of all such pairings the one with most characters in common is taken. Each gold mention and each prediction
    is in one pair or in none. So over a corpus, with the strict, the partial and SemEval-2013's counts:

        boundary = partial tp - strict tp = PAR,   missing = partial fn = MIS,   wrong = partial fp = SPU,
        missing + boundary = strict fn,   wrong + boundary = strict fp,   errors = strict fp + strict fn - boundary.

    If several predictions overlap one gold mention, the paired one is a boundary error and the others are wrong; the
    sub-kind of all is `split`. If several gold mentions overlap one prediction, the others are missing; the sub-kind of
    all is `merged`.

    Spans of either kind are sorted and do not overlap.
    """
    gold, text = sentence.spans, sentence.text
    pairs = pair(gold, predicted)
    lefts, rights = {left for left, _ in pairs}, {right for _, right in pairs}
    missing = [span for place, span in enumerate(gold) if place not in lefts]
    wrong = [span for place, span in enumerate(predicted) if place not in rights]
    errors = [
        Error(sentence.id, span, None, "missing", _sub_kind_alone(text, span, predicted, "merged")) for span in missing
    ]
    errors += [Error(sentence.id, None, span, "wrong", _sub_kind_alone(text, span, gold, "split")) for span in wrong]
    for left, right in pairs:
        mention, answer = gold[left], predicted[right]
        if mention != answer:
            # Never both: the two left over would then make one pair more.
            split, merged = overlaps(mention, wrong), overlaps(answer, missing)
            sub_kind: SubKind = "split" if split else "merged" if merged else _shape(mention, answer)
            errors.append(Error(sentence.id, mention, answer, "boundary", sub_kind))
    return sorted(errors, key=lambda error: (error.gold or error.predicted, error.kind))


def pair(gold: Sequence[Span], predicted: Sequence[Span]) -> list[tuple[int, int]]:
    """Return which gold and predicted spans are paired: as many pairs as possible, then as many common characters.

    As no list, sorted as it is, overlaps itself, pairs of overlapping spans never cross, and the best pairing is an
    alignment of the two lists. Of equally good ones the leftmost is taken.
    """
    # One more pair outweighs all common characters, which are at most as many as the text has.
    weight = 1 + max((span.end for span in (*gold, *predicted)), default=0)
    best = [[0] * (len(predicted) + 1) for _ in range(len(gold) + 1)]
    for left in reversed(range(len(gold))):
        for right in reversed(range(len(predicted))):
            common = _overlap(gold[left], predicted[right])
            both = weight + common + best[left + 1][right + 1] if common else 0
            best[left][right] = max(both, best[left + 1][right], best[left][right + 1])
    pairs, left, right = [], 0, 0
    while left < len(gold) and right < len(predicted):
        common = _overlap(gold[left], predicted[right])
        if common and best[left][right] == weight + common + best[left + 1][right + 1]:
            pairs.append((left, right))
            left, right = left + 1, right + 1
        elif best[left][right] == best[left + 1][right]:
            left += 1
        else:
            right += 1
    return pairs


def surface(text: str, span: Span) -> str:
    """Return the text of a mention, letters composed, without white space beside punctuation.

    It is the same for tokenized and raw text.
    """
    return compact(unicodedata.normalize("NFC", text[slice(*span)]))


def is_abbreviation(text: str, span: Span) -> bool:
    """Return whether a mention is an abbreviation, symbol or formula, by its form or its definition in the sentence.

    By Schwartz and Hearst (2003) a short form has 2 to 10 characters, at most two words, a letter, and begins with a
    letter or a digit. It counts if it looks like one (two capitals, or letter and digit in its first word, a capital or
    a digit in its second), or if it stands in brackets after words that hold its letters in order, as they define it.
    """
    short = surface(text, span)
    if not is_short_form(short):
        return False
    words = short.split()
    first = words[0]
    mixed = any(sign.isdigit() for sign in first) and any(sign.isalpha() for sign in first)
    capitals = sum(sign.isupper() for sign in first) > 1 and not text.isupper()
    if (mixed or capitals) and all(any(sign.isupper() or sign.isdigit() for sign in word) for word in words):
        return True
    before = re.search(r"(.*\S)\s*[(\[]\s*$", text[: span.start], re.DOTALL)
    if before is None or not re.match(r"\s*[)\],;]", text[span.end :]):
        return False
    window = before[1].split()[-longest_window(short) :]
    return long_form_start(" ".join(window), short) is not None


def _overlap(left: Span, right: Span) -> int:
    """Return the number of common characters."""
    return max(0, min(left.end, right.end) - max(left.start, right.start))


def _shape(gold: Span, predicted: Span) -> SubKind:
    """Return how the bounds of a prediction differ from the gold that it overlaps."""
    if predicted.start <= gold.start and gold.end <= predicted.end:
        return "longer"
    return "shorter" if gold.start <= predicted.start and predicted.end <= gold.end else "shifted"


def _sub_kind_alone(text: str, span: Span, others: Sequence[Span], overlapping: SubKind) -> SubKind:
    """Return the sub-kind of a span without a partner; a span that it overlaps has another partner."""
    if overlaps(span, others):
        return overlapping
    return "abbreviation" if is_abbreviation(text, span) else "other"
