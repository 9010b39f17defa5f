"""Error analysis (paper 4.1, Figure 3): each error of a system with its kind, for a person to judge."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from markner.corpora.model import Sentence, Span, read_sentences
from markner.errors import MarknerError
from markner.files import atomic, write_json
from markner.instructions import subset
from markner.predictions import read_predictions
from markner.scoring.pairing import check_answer, paired

Kind = Literal["missing", "wrong", "boundary"]
"""Gold without a prediction, a prediction without gold, a prediction that overlaps its gold and is not equal to it."""

SubKind = Literal["abbreviation", "longer", "shorter", "shifted", "split", "merged", "other"]
"""`longer`, `shorter`, `shifted`: how a prediction lies to its gold. `split`: one gold mention under several
predictions; `merged`: several under one; all rows of such a case bear it. `abbreviation`: of missing and wrong ones."""

KINDS: tuple[Kind, ...] = get_args(Kind)
SUB_KINDS: tuple[SubKind, ...] = get_args(SubKind)
NO_ERROR = "none"
"""What a person writes for an error of the gold, or for one that is told in another row already."""

COLUMNS = (
    *("error", "corpus", "run", "seed", "sentence", "text", "gold", "predicted"),
    *("kind", "sub_kind", "sampled", "adjudicated_kind", "comment"),
)
"""Columns of the file of errors. A person fills in the last two."""

_DIGITS = 6
_SHOWN = 5
_ABBREVIATION_LENGTH = range(2, 11)


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


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a person wrote beside an error; `kind` is a `Kind`, `NO_ERROR`, or empty where nothing is judged."""

    kind: str
    comment: str


def analyse(
    sentences: Path,
    predictions: Path,
    *,
    run: str,
    seed: int,
    corpus: str,
    sample: int,
    sample_seed: int,
    adjudicated: Path | None,
    errors_csv: Path,
    summary: Path,
) -> None:
    """Find the errors of one run, seed and corpus; write them for a person to judge, and their counts.

    Args:
        sentences: Gold, JSON lines of `Sentence`.
        predictions: JSON lines of `Prediction`, one for each sentence, in any order.
        run: Name of the run.
        seed: Seed of the run.
        corpus: Name of the corpus.
        sample: Errors drawn at random for a person (the paper: 100); all where there are fewer.
        sample_seed: Seed of the draw.
        adjudicated: An earlier `errors_csv` in which a person has filled in `adjudicated_kind`, or None. Where every
            error of the sample is judged, the judged kinds are what is counted there, and so for all errors.
        errors_csv: File to write, one row an error, with the columns `COLUMNS`. In its text every gold mention stands
            in <gold>, every prediction in <pred>, those of the row itself in <GOLD> and <PRED>.
        summary: JSON file to write: counts and shares by kind, for all errors and for the sample.

    Raises:
        MarknerError: Sentences and predictions do not fit each other, or the judged file is not one of these errors.
    """
    gold = list(read_sentences(sentences))
    answers = paired(gold, sentences, list(read_predictions(predictions)), predictions)
    found: list[tuple[Error, Sentence, Sequence[Span]]] = []
    for sentence, answer in zip(gold, answers, strict=True):
        check_answer(sentence, sentence.spans, sentences)
        check_answer(sentence, answer.spans, predictions)
        found += [(error, sentence, answer.spans) for error in sentence_errors(sentence, answer.spans)]
    errors = [error for error, _, _ in found]
    sampled = [errors[place] for place in subset(len(errors), limit=sample, seed=sample_seed)]
    names = {error.id for error in sampled}
    place = {"corpus": corpus, "run": run, "seed": str(seed)}
    judged = read_judgements(adjudicated, place, errors) if adjudicated is not None else {}
    if adjudicated is not None and (open_ := [error.id for error in sampled if not _kind_of(judged, error)]):
        raise MarknerError(
            f"{adjudicated}: {len(open_)} of the {len(sampled)} errors of the sample have no `adjudicated_kind`:"
            f" {_listed(open_)}",
            "judge them all, or take the file out of `adjudicated` until then",
        )
    with atomic(errors_csv) as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for error, sentence, predicted in found:
            judgement = judged.get(error.id, Judgement("", ""))
            writer.writerow(
                {
                    **place,
                    "error": error.id,
                    "sentence": sentence.id,
                    "text": marked_text(sentence, predicted, error),
                    "gold": sentence.text[slice(*error.gold)] if error.gold else "",
                    "predicted": sentence.text[slice(*error.predicted)] if error.predicted else "",
                    "kind": error.kind,
                    "sub_kind": error.sub_kind,
                    "sampled": "yes" if error.id in names else "no",
                    "adjudicated_kind": judgement.kind,
                    "comment": judgement.comment,
                }
            )
    write_json(
        summary,
        {
            "run": run,
            "seed": seed,
            "corpus": corpus,
            "sentences": len(gold),
            "gold_mentions": sum(len(sentence.spans) for sentence in gold),
            "predicted_mentions": sum(len(answer.spans) for answer in answers),
            "sample": {"size": sample, "seed": sample_seed},
            "adjudicated": None if adjudicated is None else str(adjudicated),
            "all": figures(errors, judged),
            "sampled": figures(sampled, judged),
        },
    )


def sentence_errors(sentence: Sentence, predicted: Sequence[Span]) -> list[Error]:
    """Errors of one sentence in the order of the text.

    Gold and predictions are paired one to one: as many overlapping pairs as possible, which are the pairs of the
    partial score, and among such pairings the one with most characters in common. Each gold mention and each prediction
    is in one pair or alone, so that over a corpus, in terms of the strict and the partial counts and of SemEval-2013's,

        boundary = partial tp - strict tp = PAR,   missing = partial fn = MIS,   wrong = partial fp = SPU,
        missing + boundary = strict fn,   wrong + boundary = strict fp,   errors = strict fp + strict fn - boundary.

    Where one gold mention lies under several predictions, the one paired with it is a boundary error and the others are
    wrong, all of them `split`; where several lie under one prediction, the others are missing, all of them `merged`.

    Args:
        sentence: The sentence with its gold spans; sorted, not overlapping.
        predicted: Predicted spans; sorted, not overlapping.
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
            split, merged = _any_overlap(mention, wrong), _any_overlap(answer, missing)
            sub_kind: SubKind = "split" if split else "merged" if merged else _shape(mention, answer)
            errors.append(Error(sentence.id, mention, answer, "boundary", sub_kind))
    return sorted(errors, key=lambda error: (error.gold or error.predicted, error.kind))


def pair(gold: Sequence[Span], predicted: Sequence[Span]) -> list[tuple[int, int]]:
    """Places of gold and predicted spans that are paired: most pairs first, then most common characters.

    As no list overlaps itself, pairs of overlapping spans never cross, and the best pairing is an alignment of the two
    lists. Of equally good ones the leftmost is taken.

    Args:
        gold: Sorted, not overlapping.
        predicted: Sorted, not overlapping.
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


def is_abbreviation(text: str, span: Span) -> bool:
    """Whether a mention is an abbreviation, symbol or formula, by its form or by its definition in the sentence.

    By Schwartz and Hearst (2003) a short form has 2 to 10 characters, at most two words, a letter, and begins with a
    letter or a digit. It counts if it looks like one (two capitals, or letter and digit in its first word, a capital or
    a digit in its second), or if it stands in brackets after words that hold its letters in order, as they define it.
    """
    short = re.sub(r"\s*([^\w\s])\s*", r"\1", text[slice(*span)])
    words = short.split()
    if len(short) not in _ABBREVIATION_LENGTH or len(words) > 2 or not short[0].isalnum():
        return False
    if not any(sign.isalpha() for sign in short):
        return False
    first = words[0]
    mixed = any(sign.isdigit() for sign in first) and any(sign.isalpha() for sign in first)
    capitals = sum(sign.isupper() for sign in first) > 1 and not text.isupper()
    if (mixed or capitals) and all(any(sign.isupper() or sign.isdigit() for sign in word) for word in words):
        return True
    before = re.search(r"(.*\S)\s*[(\[]\s*$", text[: span.start], re.DOTALL)
    if before is None or not re.match(r"\s*[)\],;]", text[span.end :]):
        return False
    window = before[1].split()[-min(len(short) + 5, 2 * len(short)) :]
    return _defines(" ".join(window), short)


def marked_text(sentence: Sentence, predicted: Sequence[Span], error: Error) -> str:
    """The sentence with all gold and predicted spans in <gold> and <pred>, the error's own in <GOLD> and <PRED>."""
    tags: list[tuple[int, int, int, int, str]] = []
    for rank, (name, spans, own) in enumerate(
        (("gold", sentence.spans, error.gold), ("pred", predicted, error.predicted))
    ):
        for span in spans:
            tag = name.upper() if span == own else name
            # At one place marks end before others begin; the outer one, gold of equal ones, begins first and ends last.
            tags.append((span.start, 1, -span.end, rank, f"<{tag}>"))
            tags.append((span.end, 0, -span.start, -rank, f"</{tag}>"))
    pieces, position = [], 0
    for place, _, _, _, tag in sorted(tags):
        pieces += [sentence.text[position:place], tag]
        position = place
    return "".join([*pieces, sentence.text[position:]])


def read_judgements(path: Path, place: Mapping[str, str], errors: Iterable[Error]) -> dict[str, Judgement]:
    """Read what a person wrote beside the errors of one run, seed and corpus; rows may be left out.

    Args:
        path: CSV with the columns error, corpus, run, seed, adjudicated_kind, comment, and any others.
        place: What the columns corpus, run and seed must say.
        errors: The errors that there are.

    Returns:
        By the error's identifier.

    Raises:
        MarknerError: A column is missing, a row is of another run, seed or corpus, names an error that is not there or
            stands twice, or has a kind that is not allowed; the message names file, line and column.
    """
    known = {error.id: error for error in errors}
    judged: dict[str, Judgement] = {}
    strangers: list[str] = []
    for line, row in _rows(path):
        for column, value in place.items():
            if row[column] != value:
                raise MarknerError(
                    f"{path}, line {line}, column `{column}`: {row[column]!r} where {value!r} is analysed",
                    "give each run, seed and corpus its own file",
                )
        name, kind = row["error"], row["adjudicated_kind"].lower()
        if name in judged:
            raise MarknerError(f"{path}, line {line}, column `error`: {name!r} a second time", "keep one of the rows")
        if name not in known:
            strangers.append(f"{name!r} (line {line})")
            continue
        lacks = {"missing": known[name].gold is None, "wrong": known[name].predicted is None}
        if kind not in {"", *KINDS, NO_ERROR} or lacks.get(kind, False):
            allowed = [other for other in (*KINDS, NO_ERROR) if not lacks.get(other, False)]
            raise MarknerError(
                f"{path}, line {line}, column `adjudicated_kind`: {row['adjudicated_kind']!r} is no kind of this error",
                f"write one of {', '.join(allowed)}; `{NO_ERROR}` for what is no error, or told in another row",
            )
        judged[name] = Judgement(kind, row["comment"])
    if strangers:
        raise MarknerError(
            f"{path}, column `error`: {_listed(strangers)} not among the errors of {', '.join(place.values())}",
            "the predictions have changed since; judge the new file of errors",
        )
    return judged


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Line and cells of each row of a judged file, as spreadsheets save it: with or without a byte order mark."""
    needed = ("error", "corpus", "run", "seed", "adjudicated_kind", "comment")
    try:
        with open(path, encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            header = next(reader, [])
            if absent := [name for name in needed if name not in header]:
                raise MarknerError(
                    f"{path}, line 1: no column {', '.join(f'`{name}`' for name in absent)}",
                    "save the file of errors as CSV with commas and its own first line",
                )
            line = reader.line_num + 1
            for cells in reader:
                if cells and len(cells) != len(header):
                    raise MarknerError(f"{path}, line {line}: {len(cells)} cells under {len(header)} columns")
                if cells:
                    yield line, {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
                line = reader.line_num + 1
    except UnicodeDecodeError as error:
        raise MarknerError(f"{path}: not UTF-8: {error.reason}", "save it as CSV in UTF-8") from error
    except csv.Error as error:
        raise MarknerError(f"{path}, line {reader.line_num}: not valid CSV: {error}") from error


def figures(errors: Sequence[Error], judged: Mapping[str, Judgement]) -> dict[str, Any]:
    """Counts and shares by kind: a person's where every error is judged, the rule's otherwise."""
    pairs = [(error, _kind_of(judged, error)) for error in errors]
    by_person = bool(errors) and all(kind for _, kind in pairs)
    rule = Counter(error.kind for error in errors)
    kinds = Counter(kind for _, kind in pairs) if by_person else Counter[str](rule)
    counts = {kind: kinds[kind] for kind in KINDS}
    total = sum(counts.values())
    sub_kinds = Counter((error.kind, error.sub_kind) for error in errors)
    table = Counter((error.kind, kind) for error, kind in pairs)
    return {
        "errors": total,
        "judged_by": "person" if by_person else "rule",
        "counts": counts,
        "shares": {kind: round(count / total, _DIGITS) if total else 0.0 for kind, count in counts.items()},
        "sub_kinds": {kind: {sub: n for sub in SUB_KINDS if (n := sub_kinds[kind, sub])} for kind in KINDS},
        "agreement": {
            "judged": len(errors),
            "agree": sum(error.kind == kind for error, kind in pairs),
            "no_error": kinds[NO_ERROR],
            "rule_counts": {kind: rule[kind] for kind in KINDS},
            "rule_by_person": {kind: {other: table[kind, other] for other in (*KINDS, NO_ERROR)} for kind in KINDS},
        }
        if by_person
        else None,
    }


def _kind_of(judged: Mapping[str, Judgement], error: Error) -> str:
    return judged[error.id].kind if error.id in judged else ""


def _overlap(left: Span, right: Span) -> int:
    """Characters in common."""
    return max(0, min(left.end, right.end) - max(left.start, right.start))


def _any_overlap(span: Span, others: Iterable[Span]) -> bool:
    return any(_overlap(span, other) for other in others)


def _shape(gold: Span, predicted: Span) -> SubKind:
    """How a prediction lies to the gold that it overlaps."""
    if predicted.start <= gold.start and gold.end <= predicted.end:
        return "longer"
    return "shorter" if gold.start <= predicted.start and predicted.end <= gold.end else "shifted"


def _sub_kind_alone(text: str, span: Span, others: Iterable[Span], overlapping: SubKind) -> SubKind:
    """Sub-kind of a span without a partner; what it overlaps has another one."""
    if _any_overlap(span, others):
        return overlapping
    return "abbreviation" if is_abbreviation(text, span) else "other"


def _defines(long: str, short: str) -> bool:
    """Whether words hold the letters and digits of a short form in order, the first at a word's start (ibid.)."""
    place = len(long)
    for number in reversed(range(len(short))):
        if not short[number].isalnum():
            continue
        place -= 1
        while place >= 0 and (
            long[place].lower() != short[number].lower() or (number == 0 and place > 0 and long[place - 1].isalnum())
        ):
            place -= 1
        if place < 0:
            return False
    return True


def _listed(names: Sequence[str]) -> str:
    """The first few, and how many more there are."""
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
