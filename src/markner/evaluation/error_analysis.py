"""Error analysis (paper 4.1, Figure 3): write the errors for a person to judge, and count them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from markner.data.documents import Sentence, Span
from markner.data.sampling import subset
from markner.evaluation.adjudication import NO_ERROR, UNJUDGED, Judgement, check_complete, read_judgements
from markner.evaluation.mention_errors import KINDS, SUB_KINDS, Error, sentence_errors
from markner.evaluation.pairing import read_answers, read_gold
from markner.evaluation.params import ErrorsParams
from markner.evaluation.rounding import rounded
from markner.files import write_csv_rows, write_json
from markner.markup import Marks, TypedMarks, enclose

COLUMNS = (
    *("error", "corpus", "run", "seed", "sentence", "text", "gold", "predicted"),
    *("kind", "sub_kind", "sampled", "adjudicated_kind", "adjudicated_sub_kind", "comment"),
)
"""Columns of the file of errors. A person fills in the last three."""
_NAMES = ("gold", "GOLD", "pred", "PRED")
_ERROR_MARKS = TypedMarks(_NAMES, tuple(Marks(f"<{name}>", f"</{name}>") for name in _NAMES))


def analyse(
    sentences: Path,
    predictions: Path,
    params: ErrorsParams,
    *,
    run: str,
    seed: int,
    corpus: str,
    errors_csv: Path,
    summary: Path,
) -> None:
    """Write the errors of one run, seed and corpus for a person to judge, and their counts.

    If every error of the sample has an `adjudicated_kind` in the file `adjudicated`, an earlier `errors_csv`, the
    judged kinds are counted there; the same holds for all errors. A judged file of suspects of the corpus counts where
    that file does not judge an error.

    Args:
        sentences: The gold.
        predictions: The predictions of this run and seed.
        params: The size of the sample that is drawn at random (the paper: 100), and the judged files.
        run: Name of the run.
        seed: Seed of the run.
        corpus: Name of the corpus.
        errors_csv: File to write, one row an error, with the columns `COLUMNS`. In its text every gold mention stands
            in <gold>, every prediction in <pred>; the row's own mentions are in <GOLD> and <PRED>.
        summary: JSON file to write: counts and shares by kind, for all errors and for the sample.

    Raises:
        MarknerError: The judged file is not one of these errors.
    """
    gold = read_gold(sentences)
    answers = read_answers(gold, sentences, predictions)
    listed: list[tuple[Error, Sentence, Sequence[Span]]] = []
    for sentence, answer in zip(gold, answers, strict=True):
        listed += [(error, sentence, answer.spans) for error in sentence_errors(sentence, answer.spans)]
    errors = [error for error, _, _ in listed]
    sampled = [errors[place] for place in subset(len(errors), limit=params.sample, seed=params.seed)]
    names = {error.id for error in sampled}
    place = {"corpus": corpus, "run": run, "seed": str(seed)}
    judged = read_judgements(Path(params.suspects), {"corpus": corpus}, errors) if params.suspects else {}
    if params.adjudicated:
        adjudicated = Path(params.adjudicated)
        own = read_judgements(adjudicated, place, errors)
        judged |= {name: judgement for name, judgement in own.items() if judgement.kind or name not in judged}
        check_complete(adjudicated, judged, sampled)
    rows = []
    for error, sentence, predicted in listed:
        judgement = judged.get(error.id, UNJUDGED)
        rows.append(
            [
                *(error.id, *place.values(), sentence.id, marked_text(sentence, predicted, error)),
                *(sentence.text[slice(*span)] if span else "" for span in (error.gold, error.predicted)),
                *(error.kind, error.sub_kind, "yes" if error.id in names else "no"),
                *(judgement.kind, judgement.sub_kind, judgement.comment),
            ]
        )
    write_csv_rows(errors_csv, COLUMNS, rows)
    write_json(
        summary,
        {
            "run": run,
            "seed": seed,
            "corpus": corpus,
            "sentences": len(gold),
            "gold_mentions": sum(len(sentence.spans) for sentence in gold),
            "predicted_mentions": sum(len(answer.spans) for answer in answers),
            "sample": {"size": params.sample, "seed": params.seed},
            "adjudicated": ", ".join(filter(None, [params.adjudicated, params.suspects])) or None,
            "all": error_counts(errors, judged),
            "sampled": error_counts(sampled, judged),
        },
    )


def marked_text(sentence: Sentence, predicted: Sequence[Span], error: Error) -> str:
    """Return the sentence with its spans in <gold> and <pred>, the error's own spans in <GOLD> and <PRED>."""
    spans: dict[str, list[Span]] = {name: [] for name in _ERROR_MARKS.types}
    for name, listed, own in (("gold", sentence.spans, error.gold), ("pred", predicted, error.predicted)):
        for span in listed:
            spans[name.upper() if span == own else name].append(span)
    return enclose(sentence.text, spans, _ERROR_MARKS)


def error_counts(errors: Sequence[Error], judged: Mapping[str, Judgement]) -> dict[str, Any]:
    """Count kinds and sub-kinds: by a person's judgements if every error is judged, else by the rule.

    A sub-kind that a person left empty is the rule's, as long as the kind is; else it is `other`.
    """
    pairs = [(error, judged.get(error.id, UNJUDGED)) for error in errors]
    by_person = bool(errors) and all(judgement.kind for _, judgement in pairs)
    rule = Counter(error.kind for error in errors)
    kinds = Counter(judgement.kind for _, judgement in pairs) if by_person else Counter[str](rule)
    counts = {kind: kinds[kind] for kind in KINDS}
    total = sum(counts.values())
    sub_kinds = Counter(_both(error, judgement if by_person else UNJUDGED) for error, judgement in pairs)
    table = Counter((error.kind, judgement.kind) for error, judgement in pairs)
    return {
        "errors": total,
        "judged_by": "person" if by_person else "rule",
        "counts": counts,
        "shares": {kind: rounded(count / total) if total else 0.0 for kind, count in counts.items()},
        "sub_kinds": {kind: {sub: n for sub in SUB_KINDS if (n := sub_kinds[kind, sub])} for kind in KINDS},
        "agreement": {
            "judged": len(errors),
            "agree": sum(error.kind == judgement.kind for error, judgement in pairs),
            "no_error": kinds[NO_ERROR],
            "rule_counts": {kind: rule[kind] for kind in KINDS},
            "rule_by_person": {kind: {other: table[kind, other] for other in (*KINDS, NO_ERROR)} for kind in KINDS},
        }
        if by_person
        else None,
    }


def _both(error: Error, judgement: Judgement) -> tuple[str, str]:
    """Return kind and sub-kind of an error; a person's judgement takes precedence."""
    if judgement.kind in ("", error.kind):
        return error.kind, judgement.sub_kind or error.sub_kind
    return judgement.kind, judgement.sub_kind or "other"
